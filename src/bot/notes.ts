// The one short public note at the end of a request: updating a card does not notify anybody, this does.
import { endWords } from '../../cards/words.ts';
import type { Request } from '../liveResponse/request.ts';

/** Undefined while there is nothing to tell: open requests, and those that their requester ended. */
export function noteOf(request: Request): string | undefined {
  if (request.state === 'finished') return endWords(request);
  if (request.state !== 'over') return undefined;
  const { ending } = request;
  if ('by' in ending && ending.by.id === request.requester.id) return undefined;
  return endWords(request);
}
