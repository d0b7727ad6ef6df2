// The passes that keep everything going, each in a worker of its own: a slow chat must not stop the polling, nor a slow Defender the expiry.
import type { RequestStore } from '../../liveResponse/ports.ts';
import type { Event } from '../../liveResponse/request.ts';
import { isOpen } from '../../liveResponse/request.ts';
import type { Deck } from './deck.ts';
import type { Deps } from '../deps.ts';
import { createAnnouncing } from './announcing.ts';
import type { Announcing } from './announcing.ts';
import { createDeck } from './deck.ts';
import type { DefenderWatch } from './defenderWatch.ts';
import { createExpiry } from './expiry.ts';
import { createFollowing } from './following.ts';
import type { Following } from './following.ts';
import { createLateFinds } from './lateFinds.ts';
import { createParked } from './parked.ts';
import type { ParkedWatch } from './parked.ts';
import { createReconciliation } from './reconciliation.ts';
import type { Reconciliation } from './reconciliation.ts';
import { createResults } from './results.ts';
import { createSequels } from './sequels.ts';
import type { Results } from './results.ts';
import { createSubmission } from './submission.ts';
import type { Submission } from './submission.ts';
import { createTwins } from './twins.ts';
import { createViews } from './views.ts';
import type { Views } from './views.ts';
import { startWorker } from './worker.ts';
import type { Worker } from './worker.ts';

export interface Loop {
  readonly submission: Submission;
  readonly reconciliation: Reconciliation;
  readonly following: Following;
  readonly parked: ParkedWatch;
  readonly results: Results;
  readonly deck: Deck;
  readonly views: Views;
  readonly announcing: Announcing;
  /** What can be read of Defender, and since when and why what cannot. */
  readonly watch: DefenderWatch;
  /** One pass of everything, and the end of all it started: for tests and for whoever wants to drive time by hand. */
  tick(): Promise<void>;
  /** Looks at all open cards anew: something changed that is not in any one request, such as a freeze. */
  redrawOpen(): void;
  /** Reads Defender now instead of at the next poll: somebody is looking. */
  hurry(): void;
  /** Starts the workers. */
  start(): void;
  /** Takes nothing new up, lets a POST under way end, shows the last state on the cards. */
  stop(): Promise<void>;
}

export type Subscribe = (listener: (requestId: string, event: Event['type']) => void) => void;

/** `subscribe` calls back after each durable change; it is what nudges the workers. */
export function createLoop(deps: Deps & { readonly store: RequestStore; readonly watch: DefenderWatch }, subscribe: Subscribe): Loop {
  const workers: Record<string, Worker> = {};
  const nudge = (...names: readonly string[]) => names.forEach((name) => workers[name]?.nudge());

  const expiry = createExpiry(deps);
  const submission = createSubmission(deps, () => nudge('submission'));
  const reconciliation = createReconciliation(deps, (id) => submission.isPosting(id));
  const following = createFollowing(deps);
  const parked = createParked(deps, () => nudge('following'));
  const sequels = createSequels(deps);
  const results = createResults(deps);
  const lateFinds = createLateFinds(deps);
  const announcing = createAnnouncing(deps);
  const twins = createTwins(deps);
  const views = createViews(deps, submission, twins);
  const deck = createDeck(deps, views, () => nudge('cards'));

  subscribe((requestId, event) => {
    deck.touch(requestId);
    results.touch(requestId);
    lateFinds.touch(requestId);
    twins.touch(requestId);
    // Their cards name this one and how it stands.
    const request = deps.store.get(requestId);
    if (request !== undefined) for (const twin of twins.of(request)) if (isOpen(twin)) deck.touch(twin.id);
    // A new session is read at once; every other reading keeps its distance from the last, so progress must not nudge its own reader.
    if (event === 'submitted' || event === 'adopted') nudge('following');
    if (event === 'asked') nudge('sequels');
    nudge('expiry', 'submission', 'reconciliation', 'lateFinds', 'parked', 'results', 'cards');
  });

  deps.watch.onChange(() => {
    // Cards that say whether they are followed, and those that wait for what cannot be had.
    for (const request of deps.store.open()) if (request.state === 'running' || request.state === 'unknown' || request.state === 'queued') deck.touch(request.id);
    nudge('cards');
  });

  const passes = { expiry, submission, reconciliation, lateFinds, following, parked, results, sequels, announcing, cards: deck } as const;

  return {
    submission,
    reconciliation,
    following,
    parked,
    results,
    deck,
    views,
    announcing,
    watch: deps.watch,
    async tick() {
      await expiry.pass();
      await reconciliation.pass();
      await lateFinds.pass();
      await submission.pass();
      await submission.settled();
      await following.pass();
      await parked.pass();
      await results.pass();
      await sequels.pass();
      await announcing.pass();
      await deck.pass();
      await deck.settled();
    },
    hurry: () => nudge('following', 'reconciliation', 'results'),
    redrawOpen() {
      for (const request of deps.store.open()) deck.touch(request.id);
      nudge('submission', 'announcing', 'cards');
    },
    start() {
      for (const [name, part] of Object.entries(passes)) workers[name] = startWorker(name, () => part.pass(), deps.clock, deps.log);
    },
    async stop() {
      await submission.drain();
      await Promise.all(Object.values(workers).map((worker) => worker.stop()));
      await deck.pass();
      await deck.settled();
    },
  };
}
