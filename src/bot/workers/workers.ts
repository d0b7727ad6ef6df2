// The passes that keep everything going, each in a worker of its own: a slow chat must not stop the polling,
// nor a slow Defender the expiry.
import type { Clock, Keeper, RequestStore } from '../../liveResponse/ports.ts';
import type { Event } from '../../liveResponse/request/events.ts';
import { isOpen } from '../../liveResponse/request/request.ts';
import type { CardSync } from './cards/cardSync.ts';
import type { Deps } from '../deps.ts';
import { createAges, sessionsIn } from './transition.ts';
import { createClockWatch, createRecovery, startWorker } from './worker.ts';
import type { ClockWatch, Pass, Worker, WorkerStatus } from './worker.ts';
import { createAnnouncements } from './cards/announcements.ts';
import type { Announcements } from './cards/announcements.ts';
import { createCardSync } from './cards/cardSync.ts';
import type { DefenderWatch } from './upkeep/defenderWatch.ts';
import { createExpiry, createJudging, createRetryLinks, createTwinIndex } from './requests/judging.ts';
import { createRedaction } from './requests/redaction.ts';
import type { Redaction } from './requests/redaction.ts';
import { createFollowing, createParked, createTenantLearning } from './sessions/following.ts';
import type { Following, ParkedWatch } from './sessions/following.ts';
import { createDefenderProbe } from './upkeep/defenderProbe.ts';
import type { DefenderProbe } from './upkeep/defenderProbe.ts';
import { createLateFinds, createReconciliation } from './sessions/reconciliation.ts';
import type { Reconciliation } from './sessions/reconciliation.ts';
import { createResults } from './sessions/results.ts';
import type { Results } from './sessions/results.ts';
import { createSubmission } from './sessions/submission.ts';
import type { Submission } from './sessions/submission.ts';
import { createCardViews } from './cards/cardViews.ts';
import type { CardViews } from './cards/cardViews.ts';

export interface Workers {
  readonly submission: Submission;
  readonly reconciliation: Reconciliation;
  readonly following: Following;
  readonly parked: ParkedWatch;
  readonly results: Results;
  readonly exposure: Redaction;
  readonly cardSync: CardSync;
  readonly views: CardViews;
  readonly outlook: DefenderProbe;
  readonly clockWatch: ClockWatch;
  /** How each worker is; none before the start. */
  workers(): readonly WorkerStatus[];
  readonly announcing: Announcements;
  /** What can be read of Defender, and since when and why what cannot. */
  readonly watch: DefenderWatch;
  /**
   * One pass of everything, and the end of all it started: for tests and for whoever wants to drive time by
   * hand.
   */
  tick(): Promise<void>;
  /** Looks at the policy's file now. */
  lookAtPolicy(): void;
  /** Looks at all open cards again: something changed that is not in any one request, such as a freeze. */
  refreshOpenCards(): void;
  /** Another policy is in force: what waits is judged by it, and every open card drawn by it. */
  policyChanged(): void;
  /** Reads Defender now instead of at the next poll: somebody is looking. */
  hurry(): void;
  /** Starts the workers. */
  start(): void;
  /**
   * Takes nothing new up, lets the pass and the POST under way end. What is left is done after the next
   * start.
   */
  stop(): Promise<void>;
  /** Shows the last state on the cards, after `stop`. */
  lastCards(): Promise<void>;
}

export interface WorkersParts {
  /** What is tried again by itself while it is in trouble, beside the store. */
  readonly keepers?: () => readonly Keeper[];
  /**
   * The machine's own clock, where `clock` is that of a simulated tenant, which runs faster and never jumps.
   */
  readonly real?: Clock;
  /**
   * Looks whether the policy's file has changed; answers after how many milliseconds to look again. Absent:
   * it never does.
   */
  readonly policyLook?: () => Promise<number | undefined>;
  /** Keeps the list of the library at hand for those who ask. Absent: they read it themselves. */
  readonly libraryLook?: () => Promise<number | undefined>;
}

export type Subscribe = (listener: (requestId: string, event: Event['type']) => void) => void;

/** `subscribe` calls back after each durable change; it is what nudges the workers. */
export function createWorkers(
  deps: Deps & { readonly store: RequestStore; readonly watch: DefenderWatch },
  subscribe: Subscribe,
  { keepers = () => [], real = deps.clock, policyLook, libraryLook }: WorkersParts = {},
): Workers {
  const workers: Record<string, Worker> = {};
  const nudge = (...names: readonly string[]) => names.forEach((name) => workers[name]?.nudge());
  const nudgeAll = (): void => nudge(...Object.keys(workers));
  const ages = createAges(deps.clock);

  const expiry = createExpiry(deps, ages);
  const learning = createTenantLearning(
    deps,
    ages,
    () => nudge('parked'),
    () => redrawRunning(),
  );
  const submission = createSubmission(deps, ages, () => nudge('submission'), learning);
  const judging = createJudging(deps, ages, (id) => submission.isPosting(id));
  const reconciliation = createReconciliation(deps, ages, (id) => submission.isPosting(id));
  const following = createFollowing(deps, ages, learning);
  const parked = createParked(deps, ages, () => nudge('following'));
  const sequels = createRetryLinks(deps);
  const results = createResults(deps, ages);
  const exposure = createRedaction(deps, ages, (id) => cardSync.redraw(id));
  const lateFinds = createLateFinds(deps, ages);
  const announcing = createAnnouncements(deps, () => nudge('announcing'));
  const twins = createTwinIndex(deps);
  const views = createCardViews(deps, submission, twins);
  const cardSync = createCardSync(deps, views, () => nudge('cards'));
  const outlook = createDefenderProbe(deps, following);
  const journal: Keeper = {
    name: 'journal',
    trouble: () => deps.store.trouble(),
    recover: () => deps.store.recover(),
  };
  const recovery = createRecovery(
    () => [journal, ...keepers()],
    deps.log,
    () => {
      results.recovered();
      nudgeAll();
    },
  );
  const clockWatch = createClockWatch(real, deps.log, {
    // By a time of day everybody may be late now, whatever they sleep for.
    jumped: nudgeAll,
    stoodStill: () => {
      for (const worker of Object.values(workers)) worker.excuse();
    },
  });

  subscribe((requestId, event) => {
    cardSync.markDirty(requestId);
    results.touch(requestId);
    exposure.touch(requestId);
    lateFinds.touch(requestId);
    twins.touch(requestId);
    if (event === 'ended') learning.touch(requestId);
    // Their cards name this one and how it stands.
    const request = deps.store.get(requestId);
    if (request !== undefined)
      for (const twin of twins.of(request)) if (isOpen(twin)) cardSync.markDirty(twin.id);
    // A new session is read at once; every other reading keeps its distance from the last, so progress must
    // not nudge its own reader.
    if (event === 'submitted' || event === 'found') nudge('following');
    if (event === 'asked') nudge('sequels');
    nudge(
      'expiry',
      'judging',
      'submission',
      'reconciliation',
      'lateFinds',
      'parked',
      'results',
      'exposure',
      'cards',
    );
  });

  // What stands on cards of requests with such a place leaves them, and those that are drawn from now on show
  // nothing.
  deps.outsiders?.onShared(() => {
    exposure.recheck();
    for (const request of deps.store.open()) cardSync.markDirty(request.id);
    nudge('exposure', 'cards');
  });

  deps.watch.onChange(() => {
    // Cards that say whether they are followed, and those that wait for what cannot be had.
    for (const { request } of sessionsIn(deps.store.open(), ['running', 'unknown', 'queued']))
      cardSync.markDirty(request.id);
    // It has what is failing looked at again.
    nudge('cards', 'outlook');
  });

  /** Their cards say how long Defender waits for a device. */
  function redrawRunning(): void {
    for (const { request } of sessionsIn(deps.store.open(), ['running'])) cardSync.markDirty(request.id);
    nudge('cards');
  }

  /** The deck answers a time of day. */
  const cards: Pass = async () => {
    const at = await cardSync.pass();
    return at === undefined ? undefined : at - deps.clock.now();
  };
  /** What is learned first: it is said on the cards of what waits. */
  const parkedPass: Pass = async (turn) => {
    const [again, due] = [await learning.pass(), await parked.pass(turn)];
    return again === undefined || due === undefined ? (again ?? due) : Math.min(again, due);
  };
  const works: readonly (readonly [name: string, purpose: string, pass: Pass])[] = [
    ['storage', 'tries again what could not be written', (turn) => recovery.pass(turn)],
    ['expiry', 'ends what nobody approved in time', (turn) => expiry.pass(turn)],
    ['judging', 'ends what today’s policy refuses', (turn) => judging.pass(turn)],
    ['submission', 'sends what is approved', (turn) => submission.pass(turn)],
    ['reconciliation', 'looks for sessions whose answer was lost', (turn) => reconciliation.pass(turn)],
    ['lateFinds', 'looks for what was given up and may have run', () => lateFinds.pass()],
    ['following', 'follows running sessions', (turn) => following.pass(turn)],
    ['parked', 'cancels sessions that wait too long for an offline device', parkedPass],
    ['results', 'reads results and links', (turn) => results.pass(turn)],
    ['exposure', 'takes results off cards by time and place', (turn) => exposure.pass(turn)],
    ['sequels', 'marks what was tried again', () => sequels.pass()],
    [
      'announcing',
      'says in approvals places that submissions are frozen or released, and what another policy changes',
      () => announcing.pass(),
    ],
    ['cards', 'draws cards', cards],
    ['outlook', 'looks whether Defender can be read while nothing runs', () => outlook.pass()],
  ];

  return {
    submission,
    reconciliation,
    following,
    parked,
    results,
    exposure,
    cardSync,
    views,
    outlook,
    clockWatch,
    workers: () => Object.values(workers).map((worker) => worker.status()),
    announcing,
    watch: deps.watch,
    async tick() {
      await recovery.pass();
      await expiry.pass();
      await judging.pass();
      await reconciliation.pass();
      await lateFinds.pass();
      await submission.pass();
      await submission.settled();
      await following.pass();
      await learning.pass();
      await parked.pass();
      await results.pass();
      await exposure.pass();
      await sequels.pass();
      await announcing.pass();
      await announcing.settled();
      await announcing.pass();
      await cardSync.pass();
      await cardSync.idle();
    },
    lookAtPolicy: () => nudge('policy'),
    hurry: () => nudge('following', 'reconciliation', 'results'),
    refreshOpenCards() {
      for (const request of deps.store.open()) cardSync.markDirty(request.id);
      nudge('submission', 'announcing', 'cards');
    },
    policyChanged() {
      exposure.recheck();
      for (const request of deps.store.open()) cardSync.markDirty(request.id);
      nudge('judging', 'expiry', 'submission', 'parked', 'exposure', 'announcing', 'cards');
    },
    start() {
      for (const [name, purpose, pass] of works)
        workers[name] = startWorker({ name, purpose, pass }, deps.clock, deps.log, real);
      if (libraryLook !== undefined)
        workers['library'] = startWorker(
          { name: 'library', purpose: 'keeps the list of the script library at hand', pass: libraryLook },
          deps.clock,
          deps.log,
          real,
        );
      if (policyLook !== undefined)
        workers['policy'] = startWorker(
          { name: 'policy', purpose: 'reads the policy again when its file has changed', pass: policyLook },
          real,
          deps.log,
        );
      workers['clock'] = startWorker(
        { name: 'clock', purpose: 'sees when the machine’s clock jumps', pass: () => clockWatch.pass() },
        real,
        deps.log,
      );
    },
    async stop() {
      await Promise.all([submission.drain(), ...Object.values(workers).map((worker) => worker.stop())]);
    },
    async lastCards() {
      await cardSync.pass();
      await cardSync.idle();
    },
  };
}
