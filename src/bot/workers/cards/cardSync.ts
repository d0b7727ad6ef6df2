// Card sync: keeps the cards in step with the store; newest state only, one call in flight per card, ended
// requests first. No answer of a chat ends a card.
import { isOpen, surfaceKey } from '../../../liveResponse/request/request.ts';
import type { Request } from '../../../liveResponse/request/request.ts';
import type { Deps } from '../../deps.ts';
import type { ChatPort } from '../../ports.ts';
import { sessionsIn } from '../transition.ts';
import { cardPlacesOf } from '../reads/cardPlaces.ts';
import type { CardPlace } from '../../policy/places.ts';
import { beyondRevision } from './cardViews.ts';
import type { CardViews } from './cardViews.ts';
import { pendingNotification } from './announcements.ts';
import type { Notification } from './announcements.ts';
import { byUrgency, CardCalls, cardsIn, isLate, lateCards } from './cardCalls.ts';
import type { Done, Spot } from './cardCalls.ts';
import { memoryOf } from '../requestMemory.ts';
import { chatErrorCodeOf, createCardFailures, createClosedPlaces } from './closedPlaces.ts';
import type { CardFailures, ClosedPlace, ClosedPlaces } from './closedPlaces.ts';
import { OutageNotices } from './outageNotices.ts';
import type { Affected } from './outageNotices.ts';

/** A card that is held back by a chat's own pace is no news before this long. Milliseconds. */
const slow = 10_000;
/**
 * A card that waits so long for its turn among others is news. Shorter waits are those of a burst, in which new
 * cards, decisions and ends overtake: a message about each would only make it longer. Milliseconds.
 */
const longLine = 300_000;

/** One call that a card needs. */
interface Work {
  /** By which its failures are counted. */
  readonly key: string;
  /** Whether it shows the request as it is now; the others only follow it. */
  readonly draws: boolean;
  run(mayGo: () => boolean): Promise<Done>;
}

/** One card's place in one request. */
interface Slot {
  readonly id: string;
  readonly place: CardPlace;
}

/** A call under way. */
interface Flight extends Slot {
  readonly work: Work;
  /** Elapsed milliseconds. */
  readonly began: number;
  /** It asks a closed place whether it still is. */
  readonly probe: boolean;
}

/** What is known of a call under way. */
interface Flying extends Pick<Flight, 'began'> {
  readonly done: Promise<void>;
  readonly draws: boolean;
  /** Its chat has not yet taken it up. */
  waits: boolean;
  /** How it was marked when it began. */
  readonly mark: string;
}

/** What one pass comes across. */
interface Found {
  /** Milliseconds until something is to be looked at again. */
  readonly waits: number[];
  readonly undrawn: Pick<Affected, 'request' | 'place'>[];
  /** Where something is to be drawn or sent. */
  readonly wanted: Set<string>;
}

export class CardSync {
  readonly #deps: Deps;
  readonly #views: CardViews;
  readonly #again: () => void;
  readonly #chats: ReadonlyMap<string, ChatPort>;
  /**
   * Requests to look at, and since when (elapsed milliseconds); all of them once at start, which is how cards are
   * repaired after a restart.
   */
  readonly #touched: Map<string, number>;
  /** How often each request was marked: a card that was compared since it was last marked is as it should be. */
  readonly #marks: Map<string, number>;
  readonly #flights = new Map<string, Flying>();
  readonly #places: ClosedPlaces;
  readonly #troubles: CardFailures;
  /** Chats of which nothing was heard but failures, and since when. Elapsed milliseconds. */
  readonly #silent = new Map<string, number>();
  /** Cards of chats that forget: to be drawn once in this process whatever the journal says. By request and intent. */
  readonly #redraw: Set<string>;
  /**
   * What a waiting card shows of queue and freeze, so that it is drawn again when those change though the
   * request did not; and the mark under which that was last seen to be so.
   */
  readonly #shownPlace: Map<string, { readonly what: string; readonly mark: string | undefined }>;
  readonly #calls: CardCalls;
  readonly #tellings: OutageNotices;

  /** @param again is called when a card may need drawing again after its flight */
  constructor(deps: Deps, views: CardViews, again: () => void) {
    this.#deps = deps;
    this.#views = views;
    this.#again = again;
    this.#chats = new Map(deps.chats.map((chat) => [chat.surface, chat]));
    const requests = deps.store.all();
    const memory = memoryOf(deps);
    this.#touched = memory.map('cards behind');
    this.#marks = memory.map('cards marked');
    for (const { id } of requests) this.#touched.set(id, deps.clock.elapsed());
    this.#shownPlace = memory.map('cards of open requests');
    this.#redraw = memory.set('cards to be drawn again');
    for (const { id, cards } of requests)
      for (const { surface, intent } of cards)
        if (this.#chats.get(surface)?.ephemeralMessages === true) this.#redraw.add(`${id} ${intent}`);
    this.#places = createClosedPlaces(deps.clock);
    this.#troubles = createCardFailures(deps.clock, memory.map('cards that failed'));
    this.#calls = new CardCalls(deps, views, (request, place, intent, view) => {
      this.#redraw.delete(`${request.id} ${intent}`);
      const key = keyOf(request.id, place);
      // What was marked while it was drawn is looked at once more.
      const mark = this.#flights.get(key)?.mark;
      if (isOpen(request)) this.#shownPlace.set(key, { what: beyondRevision(view), mark });
      else this.#shownPlace.delete(key);
    });
    this.#tellings = new OutageNotices(deps, again);
  }

  /** Marks a request as changed. */
  markDirty(id: string): void {
    this.#marks.set(id, (this.#marks.get(id) ?? 0) + 1);
    this.lookAt(id);
  }

  /** What is known of its cards changed, and not what is on them. */
  lookAt(id: string): void {
    this.#touch(id, this.#deps.clock.elapsed());
  }

  /** Marks its cards as to be drawn again though it did not change: an older version drew them. */
  redraw(id: string): void {
    for (const card of this.#deps.store.get(id)?.cards ?? []) this.#redraw.add(`${id} ${card.intent}`);
    this.markDirty(id);
    this.#again();
  }

  /** Something came from this place: what is behind there is tried again now. */
  heard(surface: string, place: string): void {
    const closed = this.#places.heard({ surface, place });
    const waiting = this.#troubles.hurry((key) => isOf(key, { surface, place }));
    if (closed || waiting) this.#again();
  }

  /** How many cards are behind, for /readyz and metrics. */
  behind(): number {
    return this.#touched.size;
  }

  /** For how long the oldest of them has been. Milliseconds; 0 where none is. */
  behindFor(): number {
    const now = this.#deps.clock.elapsed();
    let longest = 0;
    for (const since of this.#touched.values()) longest = Math.max(longest, now - since);
    return longest;
  }

  /** Places that take nothing of ours for now, since when (epoch milliseconds) and why. */
  closed(): readonly ClosedPlace[] {
    return this.#places.list();
  }

  async idle(): Promise<void> {
    do await Promise.all([...[...this.#flights.values()].map(({ done }) => done), this.#tellings.settled()]);
    while (this.#flights.size > 0);
  }

  /** Starts what has to be drawn. Answers after how many milliseconds to come again. */
  async pass(): Promise<number | undefined> {
    const { store, log } = this.#deps;
    const found: Found = { waits: [], undrawn: [], wanted: new Set() };
    const { waits, wanted } = found;
    const notLooked = new Set<string>();
    const queued = sessionsIn(store.open(), ['queued']).map(({ request }) => request.id);
    const known = [...new Set([...this.#touched.keys(), ...queued])].flatMap((id) => store.get(id) ?? []);
    for (const { id } of known.sort(byUrgency)) {
      // Forgotten before it is looked at: whatever changes while it is looked at touches it again.
      const since = this.#touched.get(id) ?? this.#deps.clock.elapsed();
      this.#touched.delete(id);
      const behind = await this.#isBehind(id, found).catch((error: unknown) => {
        notLooked.add(id);
        waits.push(slow);
        log.error('cardsNotLookedAt', { request: id, error });
        return true;
      });
      if (behind) this.#touch(id, since);
    }
    // Whatever is behind was looked at.
    if (notLooked.size === 0)
      this.#places.only(({ surface, place }) => wanted.has(surfaceKey(surface, place)));
    // Looked at together, so that what closed in the middle of the pass is said for all of its cards at once.
    const affected = found.undrawn.flatMap(({ request, place }) => {
      const trouble = this.#troubleOf({ id: request.id, place }, waits);
      return trouble === undefined ? [] : [{ request, place, ...trouble }];
    });
    const wait = this.#tellings.see(affected);
    if (wait !== undefined) waits.push(wait);
    return waits.length === 0 ? undefined : Math.min(...waits);
  }

  /** Starts what is to be drawn of a request as it is now, which may be later than when the pass began. */
  async #isBehind(id: string, { waits, undrawn, wanted }: Found): Promise<boolean> {
    const request = this.#deps.store.get(id);
    if (request === undefined) return false;
    let behind = false;
    for (const place of cardPlacesOf(this.#deps, request)) {
      const key = keyOf(id, place);
      const works = this.#flights.has(key) ? [] : await this.#worksFor({ id, place });
      const due = works
        .map((work) => ({ work, wait: this.#troubles.wait(work.key, request.revision) }))
        .sort((one, other) => one.wait - other.wait)[0];
      const wants = due !== undefined || this.#flights.has(key);
      behind ||= wants;
      if (wants) wanted.add(surfaceKey(place.surface, place.place));
      if (due !== undefined) {
        const wait = this.#start({ id, place }, due.work, due.wait);
        if (wait !== undefined) waits.push(wait);
      }
      if (
        !isLate(request, this.#deps.clock.now()) &&
        (this.#flights.get(key)?.draws === true || works.some((work) => work.draws))
      )
        undrawn.push({ request, place });
    }
    return behind;
  }

  /** Answers after how many milliseconds to come again where nothing may be started yet. */
  #start(slot: Slot, work: Work, wait: number): number | undefined {
    const gate = this.#places.gate(slot.place);
    const closedFor = typeof gate === 'object' ? gate.wait : 0;
    if (wait > 0 || closedFor > 0) return Math.max(wait, closedFor);
    this.#launch({ ...slot, work, began: this.#deps.clock.elapsed(), probe: gate === 'probe' });
    return undefined;
  }

  async #worksFor({ id, place }: Slot): Promise<readonly Work[]> {
    const chat = this.#chats.get(place.surface);
    const request = this.#deps.store.get(id);
    if (chat === undefined || request === undefined) return [];
    const spot: Spot = { chat, id, place };
    const key = keyOf(id, place);
    const mine = cardsIn(request, place);
    const card = mine.at(-1);
    if (card?.ref === undefined) {
      // Whether that card was posted is not known, or there is none.
      return card === undefined && isLate(request, this.#deps.clock.now())
        ? []
        : [{ key, draws: true, run: (mayGo) => this.#calls.post(spot, card, mayGo) }];
    }
    const { ref } = card;
    if (
      card.shown < request.revision ||
      this.#redraw.has(`${id} ${card.intent}`) ||
      (await this.#placeChanged(request, place))
    ) {
      return [
        {
          key,
          draws: true,
          run: (mayGo) => this.#calls.update(spot, card, this.#troubles.get(key)?.refusals ?? 0, mayGo),
        },
      ];
    }
    const older = mine
      .slice(0, -1)
      .flatMap((old) => (old.ref === undefined ? [] : [{ ...old, ref: old.ref }]))[0];
    const due = (current: Request): Notification | undefined => this.#noteDue(current, place);
    return [
      ...(older === undefined
        ? []
        : [
            {
              key: `${key} ${older.intent}`,
              draws: false,
              run: () =>
                this.#calls.supersede(
                  spot,
                  older,
                  ref,
                  this.#troubles.get(`${key} ${older.intent}`)?.refusals ?? 0,
                ),
            },
          ]),
      ...(due(request) === undefined && !this.#calls.unsent(spot)
        ? []
        : [{ key: `${key} note`, draws: false, run: () => this.#calls.note(spot, ref, due) }]),
    ];
  }

  /** @param since it is as old as what was seen of it first, however often it changes meanwhile */
  #touch(id: string, since: number): void {
    this.#touched.set(id, Math.min(since, this.#touched.get(id) ?? since));
  }

  async #placeChanged(request: Request, place: CardPlace): Promise<boolean> {
    if (!isOpen(request)) return false;
    const [key, mark] = [keyOf(request.id, place), this.#markOf(request)];
    if (this.#shownPlace.get(key)?.mark === mark) return false;
    const what = beyondRevision(await this.#views.of(request, place));
    // What it showed before this process is not known: it may speak of a freeze, a queue, an outage or a twin
    // that is no more.
    if (this.#shownPlace.get(key)?.what !== what) return true;
    this.#shownPlace.set(key, { what, mark });
    return false;
  }

  /** Nothing but its place in the queue moves on without a mark. */
  #markOf(request: Request): string {
    return `${this.#marks.get(request.id) ?? 0} ${this.#views.placeInQueue(request)}`;
  }

  #launch(flight: Flight): void {
    const { id, place, work, probe, began } = flight;
    const key = keyOf(id, place);
    const request = this.#deps.store.get(id);
    const mark = request === undefined ? '' : this.#markOf(request);
    const flying = { began, draws: work.draws, waits: work.draws, mark };
    const mayGo = (): boolean => {
      flying.waits = false;
      return probe || this.#places.gate(place) === 'open';
    };
    if (probe) this.#places.asking(place, true);
    const done = work
      .run(mayGo)
      .then((how) => {
        if (how !== 'skipped') this.#succeeded(flight, how);
      })
      .catch((error: unknown) => this.#failed(flight, error))
      .finally(() => {
        this.#flights.delete(key);
        if (probe) this.#places.asking(place, false);
        this.#again();
      });
    this.#flights.set(key, Object.assign(flying, { done }));
  }

  #succeeded({ id, place, work }: Flight, how: Done): void {
    const { surface } = place;
    this.#places.opened(place);
    if (how === 'bare') {
      const revision = this.#deps.store.get(id)?.revision ?? 0;
      this.#troubles.failed({ key: work.key, surface, revision }, how, true);
    } else this.#troubles.cleared(work.key);
    // A sign of life of the whole chat: what waits there because of it need not wait any longer.
    if (this.#silent.delete(surface))
      this.#troubles.hurry((_, trouble) => trouble.surface === surface && wide.has(trouble.code));
  }

  #failed({ id, place, work, began, probe }: Flight, error: unknown): void {
    const { store, clock, log } = this.#deps;
    const { surface } = place;
    const code = chatErrorCodeOf(error);
    const request = store.get(id);
    const since = this.#troubles.get(work.key)?.began ?? began;
    // Where other cards were drawn meanwhile, it is this one that is refused and not the place.
    const placeIsClosed =
      code === 'closed' &&
      (this.#places.gate(place) !== 'open' || (work.draws && !this.#places.tookSince(place, since)));
    const trouble = this.#troubles.failed(
      { key: work.key, surface, revision: request?.revision ?? 0 },
      error,
      !placeIsClosed,
    );
    if (placeIsClosed) {
      const lively = request !== undefined && !isLate(request, clock.now());
      this.#places.refused(place, trouble.why, probe, lively);
    }
    if (wide.has(code)) this.#silent.set(surface, this.#silent.get(surface) ?? began);
    log.warn('cardFailed', { card: work.key, code, count: trouble.count, error });
  }

  /** What keeps a card from being drawn, once it did so again after the first failure. */
  #troubleOf({ id, place }: Slot, waits: number[]): Pick<Affected, 'since' | 'why' | 'wide'> | undefined {
    const closed = this.#places.confirmed(place);
    if (closed !== undefined) return { since: closed.since, why: closed.why, wide: false };
    const key = keyOf(id, place);
    const trouble = this.#troubles.get(key);
    if (trouble === undefined) return this.#longInLine(key, waits);
    if (trouble.code === 'bare' || (trouble.count < 2 && trouble.code !== 'throttled')) return undefined;
    const young = slow - (this.#deps.clock.elapsed() - trouble.began);
    if (trouble.code === 'throttled' && young > 0) {
      waits.push(young);
      return undefined;
    }
    return {
      since: trouble.since,
      why: trouble.why,
      wide: wide.has(trouble.code) && (this.#silent.get(place.surface) ?? Infinity) <= trouble.began,
    };
  }

  /** A card that its chat has not taken up for long, because of all that is sent there before it. */
  #longInLine(key: string, waits: number[]): Pick<Affected, 'since' | 'why' | 'wide'> | undefined {
    const flying = this.#flights.get(key);
    if (flying?.waits !== true) return undefined;
    const { clock } = this.#deps;
    const waited = clock.elapsed() - flying.began;
    if (waited < longLine) {
      waits.push(longLine - waited);
      return undefined;
    }
    return { since: clock.now() - waited, why: 'it waits for its turn among other messages', wide: false };
  }

  #noteDue(request: Request, place: CardPlace): Notification | undefined {
    const full = surfaceKey(place.surface, place.place);
    return full === request.asked.place && this.#deps.clock.now() - request.changedAt < lateCards
      ? pendingNotification(this.#deps, request, full)
      : undefined;
  }
}

function keyOf(id: string, { surface, place }: Pick<CardPlace, 'surface' | 'place'>): string {
  return `${id} ${surfaceKey(surface, place)}`;
}

/** Whether a key, with or without more behind it, is of that place. */
function isOf(key: string, { surface, place }: Pick<CardPlace, 'surface' | 'place'>): boolean {
  return `${key.slice(key.indexOf(' '))} `.startsWith(` ${surfaceKey(surface, place)} `);
}

/** Failures that are hardly those of one card or place. */
const wide: ReadonlySet<string> = new Set(['unavailable', 'throttled', 'ambiguous']);
