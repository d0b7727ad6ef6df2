// The one short public note at the end of a request: updating a card does not notify anybody, this does.
import type { Request } from '../liveResponse/request.ts';
import type { Deps } from './deps.ts';
import { wordsOf } from './views.ts';

/** Undefined while there is nothing to tell: open requests, and those that their requester ended. */
export function noteOf(deps: Pick<Deps, 'clock' | 'settings'>, request: Request): string | undefined {
  if (request.state !== 'finished' && request.state !== 'over') return undefined;
  if (request.state === 'over' && 'by' in request.ending && request.ending.by.id === request.requester.id) return undefined;
  const { title, status } = wordsOf(deps, request);
  return `${request.id}, ${title}: ${status}.`;
}
