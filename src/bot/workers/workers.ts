// The passes that keep everything going, each in a worker of its own: a slow chat must not stop the polling,
// nor a slow Defender the expiry.
import type { Clock, Keeper, RequestStore } from '../../liveResponse/ports.ts';
import type { Event } from '../../liveResponse/request/events.ts';
import { isOpen } from '../../liveResponse/request/request.ts';
import type { SessionState } from '../../liveResponse/request/session.ts';
import { CardSync } from './cards/cardSync.ts';
import type { Deps } from '../deps.ts';
import { createAges, sessionsIn } from './transition.ts';
import { Crew } from './crew.ts';
import { memoryOf } from './requestMemory.ts';
import type { RequestMemory } from './requestMemory.ts';
import { createClockWatch, createRecovery } from './worker.ts';
import type { ClockWatch, Pass, Turn, WorkerStatus } from './worker.ts';
import { Announcements } from './cards/announcements.ts';
import type { DefenderWatch } from './upkeep/defenderWatch.ts';
import { createExpiry, createJudging, createRetryLinks, createTwinIndex } from './requests/judging.ts';
import { createRedaction } from './requests/redaction.ts';
import type { Redaction } from './requests/redaction.ts';
import { createFollowing, createParked } from './sessions/following.ts';
import type { Following, ParkedWatch } from './sessions/following.ts';
import { DefenderProbe } from './upkeep/defenderProbe.ts';
import { createLateFinds, createReconciliation } from './sessions/reconciliation.ts';
import type { Reconciliation } from './sessions/reconciliation.ts';
import { createResults } from './sessions/results.ts';
import type { Results } from './sessions/results.ts';
import { createSubmission } from './sessions/submission.ts';
import type { Submission } from './sessions/submission.ts';
import { createTenantLearning } from './sessions/tenantLearning.ts';
import { createCardViews } from './cards/cardViews.ts';
import type { CardViews } from './cards/cardViews.ts';

export interface WorkersParts {
  /** What is tried again by itself while it is in trouble, in addition to the store. */
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

/**
 * Changes after which what is remembered of requests that the store no longer keeps is dropped: as often as the store
 * takes a snapshot and lets them go.
 */
const forgetEvery = 1_000;

/** Events that only say which cards there are, and what they show. */
const ofCards: ReadonlySet<Event['type']> = new Set([
  'cardPosting',
  'cardPosted',
  'cardShown',
  'cardGone',
  'notified',
  'sessionNotified',
]);

export type Subscribe = (listener: (requestId: string, event: Event['type']) => void) => void;

/** A worker: what it is called, what it is for, and its pass. */
type Row = readonly [name: string, purpose: string, pass: Pass];

export class Workers {
  readonly #deps: Deps & { readonly store: RequestStore; readonly watch: DefenderWatch };
  readonly #parts: WorkersParts;
  readonly #crew: Crew;
  readonly #memory: RequestMemory;
  #changes = 0;
  readonly #expiry;
  readonly #judging;
  readonly #learning;
  readonly #sequels;
  readonly #lateFinds;
  readonly #twins;
  readonly #recovery;
  readonly submission: Submission;
  readonly reconciliation: Reconciliation;
  readonly following: Following;
  readonly parked: ParkedWatch;
  readonly results: Results;
  readonly exposure: Redaction;
  readonly announcing: Announcements;
  readonly views: CardViews;
  readonly cardSync: CardSync;
  readonly outlook: DefenderProbe;
  readonly clockWatch: ClockWatch;

  /** @param subscribe calls back after each durable change; it is what nudges the workers */
  constructor(
    deps: Deps & { readonly store: RequestStore; readonly watch: DefenderWatch },
    subscribe: Subscribe,
    parts: WorkersParts = {},
  ) {
    const { keepers = () => [], real = deps.clock } = parts;
    const crew = new Crew(deps.clock, real, deps.log);
    const ages = createAges(deps.clock);
    this.#deps = deps;
    this.#parts = parts;
    this.#crew = crew;
    this.#expiry = createExpiry(deps, ages);
    this.#learning = createTenantLearning(
      deps,
      ages,
      () => crew.nudge('parked'),
      () => this.#redrawRunning(),
    );
    this.submission = createSubmission(deps, ages, () => crew.nudge('submission'), this.#learning);
    this.#judging = createJudging(deps, ages, (id) => this.submission.isPosting(id));
    this.reconciliation = createReconciliation(deps, ages, (id) => this.submission.isPosting(id));
    this.following = createFollowing(deps, ages, this.#learning);
    this.parked = createParked(deps, ages, () => crew.nudge('following'));
    this.#sequels = createRetryLinks(deps);
    this.results = createResults(deps, ages);
    this.exposure = createRedaction(deps, ages, (id) => this.cardSync.redraw(id));
    this.#lateFinds = createLateFinds(deps, ages);
    this.announcing = new Announcements(deps, () => crew.nudge('announcing'));
    this.#twins = createTwinIndex(deps);
    this.views = createCardViews(deps, this.submission, this.#twins);
    this.cardSync = new CardSync(deps, this.views, () => crew.nudge('cards'));
    this.outlook = new DefenderProbe(deps, this.following);
    const journal: Keeper = {
      name: 'journal',
      trouble: () => deps.store.trouble(),
      recover: () => deps.store.recover(),
    };
    this.#recovery = createRecovery(
      () => [journal, ...keepers()],
      deps.log,
      () => {
        this.results.recovered();
        crew.nudgeAll();
      },
    );
    this.clockWatch = createClockWatch(real, deps.log, {
      // By a time of day everybody may be late now, whatever they sleep for.
      jumped: () => crew.nudgeAll(),
      stoodStill: () => crew.excuse(),
    });
    this.#memory = memoryOf(deps);
    subscribe((requestId, event) => this.#changed(requestId, event));
    deps.outsiders?.onShared(() => this.#shared());
    deps.watch.onChange(() => this.#outageChanged());
  }

  /** How each worker is; none before the start. */
  workers(): readonly WorkerStatus[] {
    return this.#crew.status();
  }

  /** The names of those that `start` starts. */
  names(): readonly string[] {
    const { libraryLook, policyLook } = this.#parts;
    return [
      ...this.#works().map(([name]) => name),
      ...(libraryLook === undefined ? [] : ['library']),
      ...(policyLook === undefined ? [] : ['policy']),
      'clock',
    ];
  }

  /** What is remembered of requests: how many entries, by name. */
  remembered(): ReadonlyMap<string, number> {
    return this.#memory.entries();
  }

  /** What can be read of Defender, and since when and why what cannot. */
  get watch(): DefenderWatch {
    return this.#deps.watch;
  }

  /**
   * One pass of everything, and the end of all it started: for tests and for anyone who drives time by
   * hand.
   */
  async tick(): Promise<void> {
    await this.#recovery.pass();
    await this.#expiry.pass();
    await this.#judging.pass();
    await this.reconciliation.pass();
    await this.#lateFinds.pass();
    await this.submission.pass();
    await this.submission.settled();
    await this.following.pass();
    await this.#learning.pass();
    await this.parked.pass();
    await this.results.pass();
    await this.exposure.pass();
    await this.#sequels.pass();
    await this.announcing.pass();
    await this.announcing.settled();
    await this.announcing.pass();
    await this.lastCards();
  }

  /** Looks at the policy's file now. */
  lookAtPolicy(): void {
    this.#crew.nudge('policy');
  }

  /** Looks at all open cards again: something changed that is not in any one request, such as a freeze. */
  refreshOpenCards(): void {
    this.#redrawOpen();
    this.#crew.nudge('submission', 'announcing', 'cards');
  }

  /** Another policy is in force: what waits is judged by it, and every open card drawn by it. */
  policyChanged(): void {
    this.exposure.recheck();
    this.#redrawOpen();
    this.#crew.nudge('judging', 'expiry', 'submission', 'parked', 'exposure', 'announcing', 'cards');
  }

  /** Reads Defender now instead of at the next poll: somebody is looking. */
  hurry(): void {
    this.#crew.nudge('following', 'reconciliation', 'results');
  }

  /** Starts the workers. */
  start(): void {
    const { libraryLook, policyLook } = this.#parts;
    for (const [name, purpose, pass] of this.#works()) this.#crew.start({ name, purpose, pass });
    if (libraryLook !== undefined)
      this.#crew.start({
        name: 'library',
        purpose: 'keeps the list of the script library at hand',
        pass: libraryLook,
      });
    if (policyLook !== undefined)
      this.#crew.startByMachine({
        name: 'policy',
        purpose: 'reads the policy again when its file has changed',
        pass: policyLook,
      });
    this.#crew.startByMachine({
      name: 'clock',
      purpose: 'sees when the machine’s clock jumps',
      pass: () => this.clockWatch.pass(),
    });
  }

  /**
   * Takes nothing new up, lets the pass and the POST under way end. What is left is done after the next
   * start.
   */
  async stop(): Promise<void> {
    await Promise.all([this.submission.drain(), this.#crew.stop()]);
  }

  /** Shows the last state on the cards, after `stop`. */
  async lastCards(): Promise<void> {
    await this.cardSync.pass();
    await this.cardSync.idle();
  }

  /** In the order in which they are reported. */
  #works(): readonly Row[] {
    return [
      ['storage', 'tries again what could not be written', (turn) => this.#recovery.pass(turn)],
      ['expiry', 'ends what nobody approved in time', (turn) => this.#expiry.pass(turn)],
      ['judging', 'ends what today’s policy refuses', (turn) => this.#judging.pass(turn)],
      ...this.#worksOfSessions(),
      ['exposure', 'takes results off cards by time and place', (turn) => this.exposure.pass(turn)],
      ['sequels', 'marks what was tried again', () => this.#sequels.pass()],
      [
        'announcing',
        'says in approvals places that submissions are frozen or released, and what another policy changes',
        () => this.announcing.pass(),
      ],
      ['cards', 'draws cards', () => this.cardSync.pass()],
      ['outlook', 'looks whether Defender can be read while nothing runs', () => this.outlook.pass()],
    ];
  }

  #worksOfSessions(): readonly Row[] {
    return [
      ['submission', 'sends what is approved', (turn) => this.submission.pass(turn)],
      [
        'reconciliation',
        'looks for sessions whose answer was lost',
        (turn) => this.reconciliation.pass(turn),
      ],
      ['lateFinds', 'looks for what was given up and may have run', () => this.#lateFinds.pass()],
      ['following', 'follows running sessions', (turn) => this.following.pass(turn)],
      ['parked', 'cancels sessions that wait too long for an offline device', (turn) => this.#parked(turn)],
      ['results', 'reads results and links', (turn) => this.results.pass(turn)],
    ];
  }

  /** What is learned first: it is said on the cards of what waits. */
  async #parked(turn: Turn): Promise<number | undefined> {
    const [again, due] = [await this.#learning.pass(), await this.parked.pass(turn)];
    return again === undefined || due === undefined ? (again ?? due) : Math.min(again, due);
  }

  /** After each durable change. */
  #changed(requestId: string, event: Event['type']): void {
    this.#changes += 1;
    if (this.#changes % forgetEvery === 0)
      this.#memory.forget((id) => this.#deps.store.get(id) !== undefined);
    // They change neither what is on a card nor what anybody but the worker of the cards has to do.
    if (ofCards.has(event)) {
      this.cardSync.lookAt(requestId);
      this.#crew.nudge('cards');
      return;
    }
    this.cardSync.markDirty(requestId);
    this.results.touch(requestId);
    this.exposure.touch(requestId);
    this.#lateFinds.touch(requestId);
    this.#twins.touch(requestId);
    if (event === 'ended') this.#learning.touch(requestId);
    // Their cards name this one and its state.
    const request = this.#deps.store.get(requestId);
    if (request !== undefined)
      for (const twin of this.#twins.of(request)) if (isOpen(twin)) this.cardSync.markDirty(twin.id);
    // A new session is read at once; every other reading keeps its distance from the last, so progress must
    // not nudge its own reader.
    if (event === 'submitted' || event === 'found') this.#crew.nudge('following');
    if (event === 'asked') this.#crew.nudge('sequels');
    this.#crew.nudge(
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
  }

  /**
   * Outsiders read a place: what is on cards of requests with such a place leaves them, and those that are
   * drawn from now on show nothing.
   */
  #shared(): void {
    this.exposure.recheck();
    this.#redrawOpen();
    this.#crew.nudge('exposure', 'cards');
  }

  /** Cards that say whether they are followed, and those that wait for what cannot be had. */
  #outageChanged(): void {
    this.#redrawIn(['running', 'unknown', 'queued']);
    // It has what is failing looked at again.
    this.#crew.nudge('cards', 'outlook');
  }

  /** Their cards say how long Defender waits for a device. */
  #redrawRunning(): void {
    this.#redrawIn(['running']);
    this.#crew.nudge('cards');
  }

  #redrawOpen(): void {
    for (const request of this.#deps.store.open()) this.cardSync.markDirty(request.id);
  }

  #redrawIn(states: readonly SessionState[]): void {
    for (const { request } of sessionsIn(this.#deps.store.open(), states))
      this.cardSync.markDirty(request.id);
  }
}
