// The card of a request as the tests of its words read it.
import { cardView } from '../../../cards/cardView.ts';
import type { CardView } from '../../../cards/view.ts';
import type { Request } from '../../../src/liveResponse/request/request.ts';
import { context } from './exampleRequests.ts';

export function view(one: Request, more: Parameters<typeof context>[0] = {}): CardView {
  return cardView(one, context(more));
}
