// Folding one event into a request that must still be in the expected state: the only way the loop writes.
import type { RequestStore } from '../../liveResponse/ports.ts';
import type { Fact, InState, Move } from '../../liveResponse/request/events.ts';
import type { Request, State } from '../../liveResponse/request/request.ts';
import { stageOf } from '../../liveResponse/request/request.ts';

/**
 * Folds `event` if the request is in one of `states` at that very moment, and answers the request after it;
 * undefined when it has moved on, which is no error: somebody was faster. `event` may itself answer undefined
 * to leave things as they are.
 */
export async function moveFrom<S extends State>(
  store: RequestStore,
  id: string,
  states: readonly S[],
  event: (request: InState<S>, now: number) => Move | Fact | undefined,
): Promise<Request | undefined> {
  const changed = await store.change(id, (request, now) => {
    if (!isIn(request, states)) return { no: 'movedOn' as const };
    const next = event(request, now);
    return next === undefined ? { no: 'nothingToDo' as const } : { event: next };
  });
  return 'request' in changed ? changed.request : undefined;
}

export function isIn<S extends State>(request: Request, states: readonly S[]): request is InState<S> {
  return (states as readonly State[]).includes(stageOf(request).state);
}
