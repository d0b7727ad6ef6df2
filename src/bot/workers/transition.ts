// Folding one event into a request or one of its sessions, which must still be in the expected state: the only
// way the workers write.
import type { RequestStore } from '../../liveResponse/ports.ts';
import type { RequestEvent, SessionEvent } from '../../liveResponse/request/events.ts';
import type { Request, RequestSession } from '../../liveResponse/request/request.ts';
import type { Session, SessionState } from '../../liveResponse/request/session.ts';
import { isInState } from '../../liveResponse/request/session.ts';

/** Which session of which request; a `RequestSession` names itself. */
export interface SessionRef {
  readonly request: Pick<Request, 'id'>;
  readonly session: Pick<Session, 'number'>;
}

/**
 * Folds `event` if the session is in one of `states` at that very moment, and answers the session after it;
 * undefined when it has moved on, which is no error: somebody was faster. `event` may itself answer undefined
 * to leave things as they are.
 */
export async function changeSession<S extends SessionState>(
  store: RequestStore,
  { request: { id }, session: { number } }: SessionRef,
  states: readonly S[],
  event: (current: RequestSession<S>, now: number) => SessionEvent | undefined,
): Promise<RequestSession | undefined> {
  const changed = await store.change(id, (request, now) => {
    const session = request.sessions[number];
    if (!isInState(session, states)) return { no: 'movedOn' as const };
    const next = event({ request, session }, now);
    return next === undefined ? { no: 'nothingToDo' as const } : { event: next, session: number };
  });
  return 'request' in changed ? sessionAt(changed.request, number) : undefined;
}

/** The same for the request itself. `event` sees it whatever its stage is. */
export async function changeRequest(
  store: RequestStore,
  id: string,
  event: (request: Request, now: number) => RequestEvent | undefined,
): Promise<Request | undefined> {
  const changed = await store.change(id, (request, now) => {
    const next = event(request, now);
    return next === undefined ? { no: 'nothingToDo' as const } : { event: next };
  });
  return 'request' in changed ? changed.request : undefined;
}

/** A session of a request; undefined where it has no such session, as before its approval. */
export function sessionAt(request: Request, number: number): RequestSession | undefined {
  const session = request.sessions[number];
  return session === undefined ? undefined : { request, session };
}

/** Every session of these requests. */
export function sessionsOf(requests: readonly Request[]): readonly RequestSession[] {
  return requests.flatMap((request) => request.sessions.map((session) => ({ request, session })));
}

/** Those of them that are in one of `states`. */
export function sessionsIn<S extends SessionState>(
  requests: readonly Request[],
  states: readonly S[],
): readonly RequestSession<S>[] {
  return requests.flatMap((request) =>
    request.sessions.flatMap((session) => (isInState(session, states) ? [{ request, session }] : [])),
  );
}

/** Whether a session is in one of these states. */
export function isIn<S extends SessionState>(
  one: RequestSession | undefined,
  states: readonly S[],
): one is RequestSession<S> {
  return one !== undefined && isInState(one.session, states);
}
