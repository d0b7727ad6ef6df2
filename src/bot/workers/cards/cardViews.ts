// Views of stored requests: what a card shows in one place. Gathers excerpts, live links and the queue place
// that the pure view needs.
import { cardView, titleOf } from '../../../../cards/cardView.ts';
import { statusText } from '../../../../cards/messages/status.ts';
import type { CardView, Twin, ViewContext } from '../../../../cards/view.ts';
import type { Blocker, Outage } from '../../../liveResponse/request/errorAnswer.ts';
import type { CallKind } from '../../../liveResponse/pacing/callRates.ts';
import { maxSearchAttempts } from '../../../liveResponse/pacing/callRates.ts';
import type { Request } from '../../../liveResponse/request/request.ts';
import { endedAt, isOpen, sessionOf, stageOf, resultsOf } from '../../../liveResponse/request/request.ts';
import type { SeenRun, SessionStage } from '../../../liveResponse/request/session.ts';
import type { DefenderWatch, Sight } from '../upkeep/defenderWatch.ts';
import type { TwinIndex } from '../requests/judging.ts';
import type { Deps } from '../../deps.ts';
import { mayBeNamedIn } from '../reads/cardPlaces.ts';
import { keptOutput } from '../reads/keptOutput.ts';
import type { CardPlace } from '../../policy/places.ts';
import { lostAt } from '../../policy/places.ts';
import { shownToday } from '../../policy/today.ts';
import { queueOf } from '../transition.ts';
import type { Submission } from '../sessions/submission.ts';
import { RecentMap } from '../../../liveResponse/pacing/sharedReadings.ts';

/** Where a card is seen, or by whom. */
type SeenWhere = Pick<CardPlace, 'results' | 'notify' | 'reason'> &
  ({ readonly mayName: (other: Request) => boolean } | Pick<CardPlace, 'surface' | 'place'>);

export interface CardViews {
  /**
   * On the card in a place, or for one person alone: then `mayName` says which other requests that one may
   * know of.
   */
  of(request: Request, place: SeenWhere): Promise<CardView>;
  /** Status and lead as its cards have them: for lists and answers. */
  words(request: Request): { readonly status: string; readonly lead: string };
  /** Its place among those that wait to be sent, 1 being next; 0 where it does not wait. */
  placeInQueue(request: Request): number;
}

/**
 * Outputs remembered whole, so that a card can count lines and show the end of a failed one; larger ones are
 * read from disk again.
 */
const textsKept = 50;
const keptCharacters = 200_000;

/** A blocker of which the reader may not know. */
const unseen: Blocker = { by: 'unseen' };

type ViewDeps = Deps & { readonly watch: Pick<DefenderWatch, 'outage'> };

export function createCardViews(
  deps: ViewDeps,
  submission: Pick<Submission, 'place'>,
  twins: Pick<TwinIndex, 'of'>,
): CardViews {
  return new StoredViews(deps, submission, twins);
}

class StoredViews implements CardViews {
  readonly #deps: ViewDeps;
  readonly #submission: Pick<Submission, 'place'>;
  readonly #twins: Pick<TwinIndex, 'of'>;
  /** Outputs by request, index and hash. */
  readonly #texts = new RecentMap<string, string>(textsKept);

  constructor(deps: ViewDeps, submission: Pick<Submission, 'place'>, twins: Pick<TwinIndex, 'of'>) {
    this.#deps = deps;
    this.#submission = submission;
    this.#twins = twins;
  }

  words(request: Request): { readonly status: string; readonly lead: string } {
    return statusText(shownToday(this.#deps.policy, request), this.#contextOf(request));
  }

  placeInQueue({ id, sessions }: Request): number {
    const waits = sessions.some(({ stage }) => stage.state === 'queued');
    return waits ? (this.#submission.place(id)?.position ?? 0) : 0;
  }

  async of(stored: Request, place: SeenWhere): Promise<CardView> {
    const whole = shownToday(this.#deps.policy, stored);
    const mayName =
      'mayName' in place ? place.mayName : (other: Request) => mayBeNamedIn(this.#deps, other, place);
    const request = this.#nameless(place.reason === 'private' ? withoutReasons(whole) : whole, mayName);
    const outputs = new Map<number, string>();
    if (place.results === 'card') {
      for (const excerpt of resultsOf(stageOf(request)).excerpts) {
        const text = await this.#textOf(request, excerpt.index, excerpt.sha256);
        if (text !== undefined) outputs.set(excerpt.index, text);
      }
    }
    const now = this.#deps.clock.now();
    return cardView(request, {
      ...this.#contextOf(request),
      results: place.results,
      ...(place.reason === undefined ? {} : { reasons: place.reason }),
      outputs,
      urls: place.results === 'card' ? this.#deps.links.of(request.id, now) : nothing,
      twins: isOpen(request)
        ? this.#twins
            .of(request)
            .filter(mayName)
            .map((twin) => this.#twinView(twin))
        : [],
      ...(place.notify === undefined ? {} : { notify: place.notify }),
    });
  }

  #twinView(twin: Request): Twin {
    const ended = endedAt(twin);
    return {
      id: twin.id,
      status: statusText(twin, this.#contextOf(twin)).status,
      open: isOpen(twin),
      askedBy: twin.asked.requester.name,
      askedAt: twin.asked.at,
      ...(ended === undefined ? {} : { endedAt: ended }),
    };
  }

  async #textOf(request: Request, index: number, sha256: string): Promise<string | undefined> {
    const key = `${request.id}:${index}:${sha256}`;
    const kept = this.#texts.get(key);
    if (kept !== undefined) return kept;
    const text = await keptOutput(this.#deps, request, index);
    if (text === undefined || text.length > keptCharacters) return text;
    this.#texts.set(key, text);
    return text;
  }

  /** What cannot be had from Defender and concerns this request in its state; never since before it did. */
  #outageFor(request: Request): Outage | undefined {
    const { watch } = this.#deps;
    const session = sessionOf(request);
    if (session === undefined) return undefined;
    const { stage, grant } = session;
    switch (stage.state) {
      case 'running':
        return since(watch.outage('follow'), stage.run.startedAt);
      case 'unknown':
        // After the last look nothing is read until somebody asks for it.
        return stage.searches >= maxSearchAttempts
          ? undefined
          : since(watch.outage(stage.run === undefined ? 'search' : 'follow'), stage.since);
      case 'queued': {
        const { waitsFor, error } = stage;
        const what =
          waitsFor === 'library' ? 'library' : error?.call === undefined ? undefined : sightOf[error.call];
        const waits =
          waitsFor === 'library' ||
          waitsFor === 'unavailable' ||
          waitsFor === 'unauthorized' ||
          waitsFor === 'throttled';
        return waits && what !== undefined ? since(watch.outage(what), grant.at) : undefined;
      }
      default:
        return undefined;
    }
  }

  /** Without other requests that the reader may not find. */
  #nameless(request: Request, mayName: (other: Request) => boolean): Request {
    const hidden = (id: string): boolean => {
      const other = this.#deps.store.get(id);
      return other !== undefined && !mayName(other);
    };
    const isHidden = (blocker: Blocker | undefined): boolean =>
      blocker?.by === 'request' && hidden(blocker.id);
    const bare = withStages(request, (stage) => {
      if (stage.state === 'queued' && isHidden(stage.blocker)) return { ...stage, blocker: unseen };
      if (stage.state === 'closed' && stage.ending.kind === 'lapsed' && isHidden(stage.ending.blocker))
        return { ...stage, ending: { ...stage.ending, blocker: unseen } };
      return stage;
    });
    if (bare.retriedAs === undefined || !hidden(bare.retriedAs.id)) return bare;
    const { retriedAs: _retriedAs, ...rest } = bare;
    return rest;
  }

  #contextOf(request: Request): ViewContext {
    const deps = this.#deps;
    const queue = this.#submission.place(request.id);
    const freeze = deps.store.freeze();
    const outage = this.#outageFor(request);
    const restoredAt = lostAt(request, deps.store);
    return {
      now: deps.clock.now(),
      results: 'private',
      simulated: deps.settings.simulated,
      outputs: nothing,
      urls: nothing,
      command: deps.settings.command,
      offlineQueue: queueOf(deps),
      ...(queue === undefined ? {} : { queue }),
      ...(freeze === undefined ? {} : { frozen: freeze }),
      ...(outage === undefined ? {} : { outage }),
      ...(restoredAt === undefined ? {} : { restoredAt }),
    };
  }
}

/** Without the reasons given on the way; that of the request itself is said to be private. */
function withoutReasons(request: Request): Request {
  const { stage } = request;
  return {
    ...withStages(request, withoutSessionReasons),
    stage:
      stage.state === 'closed' && 'reason' in stage.ending
        ? { ...stage, ending: withoutReason(stage.ending) }
        : stage,
    votes: request.votes.map((vote) => withoutReason(vote)),
  };
}

function withoutSessionReasons(stage: SessionStage): SessionStage {
  switch (stage.state) {
    case 'closed':
      return 'reason' in stage.ending ? { ...stage, ending: withoutReason(stage.ending) } : stage;
    case 'running':
    case 'finished':
      return { ...stage, run: withoutCancelReason(stage.run) };
    case 'unknown':
      return stage.run === undefined ? stage : { ...stage, run: withoutCancelReason(stage.run) };
    default:
      return stage;
  }
}

function withoutCancelReason<R extends SeenRun>(run: R): R {
  return run.cancel === undefined ? run : { ...run, cancel: withoutReason(run.cancel) };
}

function withoutReason<T extends { readonly reason?: string }>({
  reason: _reason,
  ...rest
}: T): Omit<T, 'reason'> {
  return rest;
}

function withStages(request: Request, change: (stage: SessionStage) => SessionStage): Request {
  return {
    ...request,
    sessions: request.sessions.map((session) => ({ ...session, stage: change(session.stage) })),
  };
}

const nothing: ReadonlyMap<number, string> = new Map();

const sightOf: Readonly<Record<CallKind, Sight>> = {
  submit: 'submit',
  list: 'search',
  get: 'follow',
  link: 'results',
  cancel: 'cancel',
  machines: 'machines',
  library: 'library',
};

function since(outage: Outage | undefined, from: number): Outage | undefined {
  return outage === undefined || outage.since >= from ? outage : { ...outage, since: from };
}

/** Title, status and lead of a request outside a card: for lists and notes. */
export function wordsOf(
  deps: Pick<Deps, 'clock' | 'settings'>,
  request: Request,
): { readonly title: string; readonly status: string; readonly lead: string } {
  const { status, lead } = statusText(request, {
    now: deps.clock.now(),
    results: 'private',
    simulated: false,
    outputs: nothing,
    urls: nothing,
    command: deps.settings.command,
  });
  return { title: titleOf(request), status, lead };
}

/** What of a card may change though its request does not: by a freeze, the queue, an outage, a twin. */
export function beyondRevision({ status, lead, facts, buttons }: CardView): string {
  // A time that moves on by itself, such as the one at which a place in the queue is expected to come up, is
  // no news: each would cost a call.
  return JSON.stringify([
    status,
    lead.replace(/\b\d{2}:\d{2}\b/g, ''),
    facts,
    buttons.map(({ verb, confirm }) => [verb, confirm]),
  ]);
}
