// A row of docs/outcomes.md: what the card of a request says, divided where its next step begins.
import { cardView } from '../../../cards/cardView.ts';
import { action, context, progress, request } from '../examples/exampleRequests.ts';
import { progressed } from '../examples/exampleSteps.ts';

export type Steps = Parameters<typeof request>[0];
/** Key, and the cells after it. */
export type Row = readonly [key: string, ...cells: readonly string[]];

/** What a card says, divided where its next step begins. */
export function seen(key: string, steps: Steps, next: string, more: Parameters<typeof context>[0] = {}): Row {
  const { status, lead } = cardView(request(steps), context(more));
  const at = lead.indexOf(next);
  if (at < 0) throw new Error(`${key}: the card does not say “${next}”, but: ${lead}`);
  return [key, status, lead.slice(0, at).trim(), lead.slice(at).trim()];
}

export const works = progressed(action('InProgress', [progress(0, 'Executing'), progress(1, 'Created')]));
