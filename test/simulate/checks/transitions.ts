// The transitions that the table of a run counts: all that a request and a session have, read from the product.
import { requestTransitions, sessionTransitions } from '../../../src/liveResponse/request/events.ts';

function namesIn(table: Readonly<Record<string, object>>): readonly string[] {
  return Object.values(table).flatMap((row) => Object.keys(row));
}

export const transitionNames: ReadonlySet<string> = new Set([
  'asked',
  ...namesIn(requestTransitions),
  ...namesIn(sessionTransitions),
  // Facts that only a search leaves.
  'foundLate',
  'cancelAsked',
  'waitingForDevice',
]);
