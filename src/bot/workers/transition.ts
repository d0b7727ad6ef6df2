// Writes of workers: one event is folded into a request or session that must still be in the expected state.
// How long ago something happened, which no jump of the clock stretches, and how long is waited.
import { hasBegun } from '../../liveResponse/action.ts';
import type { Action } from '../../liveResponse/action.ts';
import { RecentMap } from '../../liveResponse/pacing/sharedReadings.ts';
import type { Clock, RequestStore } from '../../liveResponse/ports.ts';
import type { RequestEvent, SessionEvent } from '../../liveResponse/request/events.ts';
import type { Request, RequestSession } from '../../liveResponse/request/request.ts';
import { isInState } from '../../liveResponse/request/session.ts';
import type { Session, SessionState } from '../../liveResponse/request/session.ts';
import { longestWait, offlineQueueOf } from '../../liveResponse/tenantLimits.ts';
import type { OfflineQueue } from '../../liveResponse/tenantLimits.ts';
import type { Deps } from '../deps.ts';

/** Which session of which request; a `RequestSession` names itself. */
export interface SessionRef {
  readonly request: Pick<Request, 'id'>;
  readonly session: Pick<Session, 'number'>;
}

/** What is kept in memory of a session, by this key: its request may have others. */
export function sessionKey({ request, session }: SessionRef): string {
  return `${request.id}/${session.number}`;
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

/**
 * Sessions of ours that count against the tenant's limit for certain: one that still waits for its device may
 * not, should that be offline.
 */
export function runningNow(store: Pick<RequestStore, 'open'>): number {
  return sessionsIn(store.open(), ['running']).filter(({ session }) => hasBegun(session.stage.run.action))
    .length;
}

/** Whether a session is in one of these states. */
export function isIn<S extends SessionState>(
  one: RequestSession | undefined,
  states: readonly S[],
): one is RequestSession<S> {
  return one !== undefined && isInState(one.session, states);
}

export interface Ages {
  /**
   * Milliseconds since `at` (epoch milliseconds), never negative. `key` names what happened; another `at`
   * under it is another event.
   */
  of(key: string, at: number): number;
}

/** More than all open requests have; the oldest is forgotten and measured by the wall clock again. */
const mostKept = 50_000;

export function createAges(clock: Pick<Clock, 'now' | 'elapsed'>): Ages {
  return new KnownAges(clock);
}

class KnownAges implements Ages {
  readonly #clock: Pick<Clock, 'now' | 'elapsed'>;
  readonly #known = new RecentMap<string, { readonly at: number; readonly began: number }>(mostKept);

  constructor(clock: Pick<Clock, 'now' | 'elapsed'>) {
    this.#clock = clock;
  }

  of(key: string, at: number): number {
    const before = this.#known.get(key);
    if (before?.at === at) return this.#clock.elapsed() - before.began;
    const age = Math.max(0, this.#clock.now() - at);
    this.#known.set(key, { at, began: this.#clock.elapsed() - age });
    return age;
  }
}

/**
 * RunScript is ended by Defender after 10 minutes
 * (learn.microsoft.com/defender-endpoint/api/run-live-response).
 */
const scriptLimit = 10 * 60_000;
/** Getting or putting a file: 30 minutes, as for the live response console's own commands. */
const fileLimit = 30 * 60_000;
/** What the service itself is given on top: waking the device, closing the session. */
const serviceMargin = 30 * 60_000;

/** Characters. Defender documents no limit for the Comment of an action, or of its cancel; this is ours. */
export const maxComment = 1000;

function workLimit({ subject }: Pick<Request, 'subject'>): number {
  return subject.commands.reduce(
    (sum, command) => sum + (command.type === 'RunScript' ? scriptLimit : fileLimit),
    serviceMargin,
  );
}

/** How long Defender keeps a session for an offline device in this tenant, as far as it is known now. */
export function queueOf({ store, settings }: Pick<Deps, 'store' | 'settings'>): OfflineQueue {
  return offlineQueueOf(settings.tenant, store.learned(), settings.offlineQueue);
}

/**
 * When a session started at `now` is given up at the latest: never before Defender may have given up waiting
 * for the device.
 */
export function deadlineFrom(request: Pick<Request, 'subject'>, now: number, queue: OfflineQueue): number {
  return now + longestWait(queue) + workLimit(request);
}

/**
 * When a running session becomes overdue: soon after its work began, much later while the device may still be
 * offline; later still where the tenant turns out to wait longer.
 */
export function deadlineAfter(
  { request, session: { stage } }: RequestSession<'running'>,
  action: Action,
  queue: OfflineQueue,
): number {
  const started = action.progress.flatMap((one) => (one.startedAt === undefined ? [] : [one.startedAt]));
  if (started.length === 0)
    return queue.known && queue.by === 'sessions'
      ? Math.max(stage.deadline, deadlineFrom(request, stage.run.startedAt, queue))
      : stage.deadline;
  return Math.min(stage.deadline, Math.min(...started) + workLimit(request));
}
