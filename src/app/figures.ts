// Figures of the running bot for /metrics, read from its parts once for each question.
import type { BudgetFigures, ChatFigures, Figures, WorkerFigures } from '../adapters/http/figures.ts';
import { takesDeliveries } from '../adapters/http/server.ts';
import type { Store } from '../adapters/store/journal/requestStore.ts';
import type { Workers } from '../bot/workers/workers.ts';
import { callKinds } from '../liveResponse/pacing/callRates.ts';
import type { CallRates } from '../liveResponse/pacing/callRates.ts';
import type { Clock } from '../liveResponse/ports.ts';
import { requestTransitions, sessionTransitions } from '../liveResponse/request/events.ts';
import { stageOf } from '../liveResponse/request/request.ts';
import type { Request } from '../liveResponse/request/request.ts';
import type { Chats } from './chats.ts';
import type { Health } from './health.ts';

export interface FigureParts {
  readonly version: string;
  readonly store: Pick<Store, 'open' | 'freeze' | 'health'>;
  readonly loop: Workers;
  readonly health: Pick<Health, 'ready'>;
  readonly chats: Pick<Chats, 'states'>;
  readonly callRates: Pick<CallRates, 'left' | 'waitFor'>;
  readonly clock: Clock;
  /** The chats', in which their deliveries came in. */
  readonly chatClock: Pick<Clock, 'now'>;
  /** Size of the journal's files. */
  readonly journalBytes: () => number;
}

/** The states in which something may still happen: those that have a way out. */
const openStates: readonly string[] = Object.entries({ ...requestTransitions, ...sessionTransitions })
  .filter(([, ways]) => Object.keys(ways).length > 0)
  .map(([state]) => state);
/** What is left of the time for approval when it is said that nobody has voted. */
const lastPart = 1 / 4;

const seconds = (ms: number): number => Math.max(0, ms) / 1_000;

export function readFigures(parts: FigureParts): Figures {
  const { version, store, loop, health, clock } = parts;
  const open = store.open();
  const checks = health.ready();
  const record = store.health();
  return {
    version,
    checks,
    ready: takesDeliveries(checks),
    openRequests: byState(open),
    requestsKept: record.requests,
    remembered: loop.remembered(),
    ...waitingFor(open, clock.now()),
    frozen: store.freeze() !== undefined,
    stalenessSeconds: seconds(staleness(open, parts)),
    ...budgetsOf(parts),
    cardsBehind: loop.cardSync.behind(),
    cardsBehindSeconds: seconds(loop.cardSync.behindFor()),
    placesClosed: loop.cardSync.closed().length,
    chats: chatsOf(parts),
    workers: workersOf(loop),
    journal: journalOf(record, parts),
    clockJumps: loop.clockWatch.jumps(),
  };
}

function byState(open: readonly Request[]): ReadonlyMap<string, number> {
  const counts = new Map(openStates.map((state) => [state, 0]));
  for (const request of open) {
    const { state } = stageOf(request);
    counts.set(state, (counts.get(state) ?? 0) + 1);
  }
  return counts;
}

function waitingFor(
  open: readonly Request[],
  now: number,
): Pick<Figures, 'oldestWaitingSeconds' | 'nearExpiry'> {
  let [oldest, nearExpiry] = [0, 0];
  for (const { stage, asked, votes } of open) {
    if (stage.state !== 'awaitingApproval') continue;
    oldest = Math.max(oldest, now - asked.at);
    const { expiresAt } = asked.terms;
    if (votes.length === 0 && expiresAt - now <= (expiresAt - asked.at) * lastPart) nearExpiry += 1;
  }
  return { oldestWaitingSeconds: seconds(oldest), nearExpiry };
}

/** Before the first reading of this process: since the oldest of them began. Milliseconds. */
function staleness(open: readonly Request[], { loop, clock }: FigureParts): number {
  let oldest = Infinity;
  for (const { sessions } of open)
    for (const { stage } of sessions)
      if (stage.state === 'running') oldest = Math.min(oldest, stage.run.startedAt);
  if (oldest === Infinity) return 0;
  const freshAt = loop.following.freshAt();
  return freshAt === undefined ? clock.now() - oldest : clock.elapsed() - freshAt;
}

function budgetsOf({ callRates, clock }: FigureParts): Pick<Figures, 'budgets' | 'waits'> {
  const now = clock.elapsed();
  return {
    budgets: callKinds.flatMap((kind) =>
      callRates
        .left(kind, now)
        .map(({ ms, left, limit }): BudgetFigures => ({ kind, window: `${ms / 60_000}m`, left, limit })),
    ),
    waits: callKinds.map((kind) => ({ kind, seconds: seconds(callRates.waitFor(kind, now)) })),
  };
}

function chatsOf({ chats, chatClock }: FigureParts): readonly ChatFigures[] {
  return chats.states().map(({ chat, ok, unanswered: { count, since } }) => ({
    chat,
    ok,
    unanswered: count,
    oldestUnansweredSeconds: since === undefined ? 0 : seconds(chatClock.now() - since),
  }));
}

/** Each that will run, also before its start. */
function workersOf(loop: Workers): readonly WorkerFigures[] {
  const running = new Map(loop.workers().map((status) => [status.name, status]));
  return loop.names().map((name) => {
    const { stuck, lastError, lastRun = 0 } = running.get(name) ?? {};
    return { name, ok: stuck === undefined, failing: lastError !== undefined, lastRun: seconds(lastRun) };
  });
}

function journalOf(
  { seq, snapshotSeq, snapshotAt }: ReturnType<Store['health']>,
  { journalBytes }: Pick<FigureParts, 'journalBytes'>,
): Figures['journal'] {
  return {
    lines: seq,
    linesSinceSnapshot: seq - snapshotSeq,
    bytes: journalBytes(),
    snapshotAt: seconds(snapshotAt),
  };
}
