// Keeps the cards in step with the store: newest state only, one call in flight per card, ended requests
// first. No answer of a chat ends a card.
import { isOpen, surfaceKey } from '../../../liveResponse/request/request.ts';
import type { CardView } from '../../../../cards/view.ts';
import type { Request } from '../../../liveResponse/request/request.ts';
import type { Deps } from '../../deps.ts';
import { sessionsIn } from '../transition.ts';
import { cardPlacesOf } from '../reads/cardPlaces.ts';
import type { CardPlace } from '../../policy/places.ts';
import type { CardViews } from './cardViews.ts';
import { pendingNotification } from './announcements.ts';
import type { Notification } from './announcements.ts';
import { byUrgency, cardsIn, createCardCalls, isLate, lateCards } from './cardCalls.ts';
import type { Done, Spot } from './cardCalls.ts';
import { chatErrorCodeOf, createCardFailures, createClosedPlaces } from './closedPlaces.ts';
import type { ClosedPlace } from './closedPlaces.ts';
import { createOutageNotices } from './outageNotices.ts';
import type { Affected } from './outageNotices.ts';

/** A card that is held back by a chat's own pace is no news before this long. Milliseconds. */
const slow = 10_000;

export interface CardSync {
  /** Marks a request as changed. */
  markDirty(id: string): void;
  /** Marks its cards as to be drawn again though it did not change: an older version drew them. */
  redraw(id: string): void;
  /** Something came from this place: what stands behind there is tried again now. */
  heard(surface: string, place: string): void;
  /** Starts what has to be drawn. Answers when to come again. */
  pass(): Promise<number | undefined>;
  idle(): Promise<void>;
  /** How many cards are behind, for /readyz and metrics. */
  behind(): number;
  /** Places that take nothing of ours for now, since when (epoch milliseconds) and why. */
  closed(): readonly ClosedPlace[];
}

/** One call that a card needs. */
interface Work {
  /** By which its failures are counted. */
  readonly key: string;
  /** Whether it shows the request as it is now; the others only follow it. */
  readonly draws: boolean;
  run(mayGo: () => boolean): Promise<Done>;
}

/** `again` is called when a card may need drawing again after its flight. */
export function createCardSync(deps: Deps, views: CardViews, again: () => void): CardSync {
  const { store, clock, log } = deps;
  const chats = new Map(deps.chats.map((chat) => [chat.surface, chat]));
  /** Requests to look at; all of them once at start, which is how cards are repaired after a restart. */
  const touched = new Set(store.all().map((request) => request.id));
  const flights = new Map<string, { readonly done: Promise<void>; readonly draws: boolean }>();
  const places = createClosedPlaces(clock);
  const troubles = createCardFailures(clock);
  /** Chats of which nothing was heard but failures, and since when. Elapsed milliseconds. */
  const silent = new Map<string, number>();
  /** Cards of chats that forget: to be drawn once in this process whatever the journal says. */
  const redraw = new Set(
    store
      .all()
      .flatMap((request) =>
        request.cards.flatMap((card) =>
          chats.get(card.surface)?.ephemeralMessages === true ? [card.intent] : [],
        ),
      ),
  );
  /**
   * What a waiting card shows of queue and freeze, so that it is drawn again when those change though the
   * request did not.
   */
  const shownPlace = new Map<string, string>();
  const calls = createCardCalls(deps, views, (request, place, intent, view) => {
    redraw.delete(intent);
    const key = keyOf(request.id, place);
    if (isOpen(request)) shownPlace.set(key, beyondRevision(view));
    else shownPlace.delete(key);
  });
  const tellings = createOutageNotices(deps, again);

  async function pass(): Promise<number | undefined> {
    const waits: number[] = [];
    const undrawn: Pick<Affected, 'request' | 'place'>[] = [];
    const wanted = new Set<string>();
    const notLooked = new Set<string>();
    const requests = [...touched, ...sessionsIn(store.open(), ['queued']).map(({ request }) => request.id)];
    const known = [...new Set(requests)].flatMap((id) => store.get(id) ?? []);
    for (const { id } of known.sort(byUrgency)) {
      // Forgotten before it is looked at: whatever changes while it is looked at touches it again.
      touched.delete(id);
      const behind = await isBehind(id, waits, undrawn, wanted).catch((error: unknown) => {
        notLooked.add(id);
        waits.push(slow);
        log.error('cardsNotLookedAt', { request: id, error });
        return true;
      });
      if (behind) touched.add(id);
    }
    // Whatever is behind was looked at.
    if (notLooked.size === 0) places.only(({ surface, place }) => wanted.has(surfaceKey(surface, place)));
    // Looked at together, so that what closed in the middle of the pass is told for all of its cards at once.
    const affected = undrawn.flatMap(({ request, place }) => {
      const trouble = troubleOf(keyOf(request.id, place), place, waits);
      return trouble === undefined ? [] : [{ request, place, ...trouble }];
    });
    const wait = tellings.see(affected);
    if (wait !== undefined) waits.push(wait);
    return waits.length === 0 ? undefined : clock.now() + Math.min(...waits);
  }

  /** Starts what is to be drawn of a request as it is now, which may be later than when the pass began. */
  async function isBehind(
    id: string,
    waits: number[],
    undrawn: Pick<Affected, 'request' | 'place'>[],
    wanted: Set<string>,
  ): Promise<boolean> {
    const request = store.get(id);
    if (request === undefined) return false;
    let behind = false;
    for (const place of cardPlacesOf(deps, request)) {
      const key = keyOf(id, place);
      const works = flights.has(key) ? [] : await worksFor(id, place);
      const due = works
        .map((work) => ({ work, wait: troubles.wait(work.key, request.revision) }))
        .sort((one, other) => one.wait - other.wait)[0];
      behind ||= due !== undefined || flights.has(key);
      if (due !== undefined || flights.has(key)) wanted.add(surfaceKey(place.surface, place.place));
      if (due !== undefined) start(key, id, place, due.work, due.wait, waits);
      if (
        !isLate(request, clock.now()) &&
        (flights.get(key)?.draws === true || works.some((work) => work.draws))
      )
        undrawn.push({ request, place });
    }
    return behind;
  }

  function start(key: string, id: string, place: CardPlace, work: Work, wait: number, waits: number[]): void {
    const gate = places.gate(place);
    const closedFor = typeof gate === 'object' ? gate.wait : 0;
    if (wait > 0 || closedFor > 0) waits.push(Math.max(wait, closedFor));
    else launch(key, id, place, work, gate === 'probe');
  }

  async function worksFor(id: string, place: CardPlace): Promise<readonly Work[]> {
    const chat = chats.get(place.surface);
    const request = store.get(id);
    if (chat === undefined || request === undefined) return [];
    const spot: Spot = { chat, id, place };
    const key = keyOf(id, place);
    const mine = cardsIn(request, place);
    const card = mine.at(-1);
    if (card?.ref === undefined) {
      // Whether that card was posted is not known, or there is none.
      return card === undefined && isLate(request, clock.now())
        ? []
        : [{ key, draws: true, run: (mayGo) => calls.post(spot, card, mayGo) }];
    }
    const { ref } = card;
    if (card.shown < request.revision || redraw.has(card.intent) || (await placeChanged(request, place))) {
      return [
        {
          key,
          draws: true,
          run: (mayGo) => calls.update(spot, card, troubles.get(key)?.refusals ?? 0, mayGo),
        },
      ];
    }
    const older = mine
      .slice(0, -1)
      .flatMap((old) => (old.ref === undefined ? [] : [{ ...old, ref: old.ref }]))[0];
    const due = (current: Request): Notification | undefined => noteDue(current, place);
    return [
      ...(older === undefined
        ? []
        : [
            {
              key: `${key} ${older.intent}`,
              draws: false,
              run: () =>
                calls.supersede(spot, older, ref, troubles.get(`${key} ${older.intent}`)?.refusals ?? 0),
            },
          ]),
      ...(due(request) === undefined && !calls.unsent(spot)
        ? []
        : [{ key: `${key} note`, draws: false, run: () => calls.note(spot, ref, due) }]),
    ];
  }

  async function placeChanged(request: Request, place: CardPlace): Promise<boolean> {
    if (!isOpen(request)) return false;
    const view = await views.of(request, place);
    // What it showed before this process is not known: it may speak of a freeze, a queue, an outage or a twin
    // that is no more.
    return shownPlace.get(keyOf(request.id, place)) !== beyondRevision(view);
  }

  function launch(key: string, id: string, place: CardPlace, work: Work, probe: boolean): void {
    const mayGo = (): boolean => probe || places.gate(place) === 'open';
    if (probe) places.asking(place, true);
    const began = clock.elapsed();
    const done = work
      .run(mayGo)
      .then((how) => {
        if (how !== 'skipped') succeeded(id, place, work, how);
      })
      .catch((error: unknown) => failed(id, place, work, error, began, probe))
      .finally(() => {
        flights.delete(key);
        if (probe) places.asking(place, false);
        again();
      });
    flights.set(key, { done, draws: work.draws });
  }

  function succeeded(id: string, place: CardPlace, work: Work, how: Done): void {
    const { surface } = place;
    places.opened(place);
    if (how === 'bare')
      troubles.failed({ key: work.key, surface, revision: store.get(id)?.revision ?? 0 }, how, true);
    else troubles.cleared(work.key);
    // A sign of life of the whole chat: what waits there because of it need not wait any longer.
    if (silent.delete(surface))
      troubles.hurry((_, trouble) => trouble.surface === surface && wide.has(trouble.code));
  }

  function failed(
    id: string,
    place: CardPlace,
    work: Work,
    error: unknown,
    began: number,
    probe: boolean,
  ): void {
    const { surface } = place;
    const code = chatErrorCodeOf(error);
    const request = store.get(id);
    const since = troubles.get(work.key)?.began ?? began;
    // Where other cards were drawn meanwhile, it is this one that is refused and not the place.
    const placeIsClosed =
      code === 'closed' && (places.gate(place) !== 'open' || (work.draws && !places.tookSince(place, since)));
    const trouble = troubles.failed(
      { key: work.key, surface, revision: request?.revision ?? 0 },
      error,
      !placeIsClosed,
    );
    if (placeIsClosed)
      places.refused(place, trouble.why, probe, request !== undefined && !isLate(request, clock.now()));
    if (wide.has(code)) silent.set(surface, silent.get(surface) ?? began);
    log.warn('cardFailed', { card: work.key, code, count: trouble.count, error });
  }

  /** What keeps a card from being drawn, once it did so again after the first failure. */
  function troubleOf(
    key: string,
    place: CardPlace,
    waits: number[],
  ): Pick<Affected, 'since' | 'why' | 'wide'> | undefined {
    const closed = places.confirmed(place);
    if (closed !== undefined) return { since: closed.since, why: closed.why, wide: false };
    const trouble = troubles.get(key);
    if (
      trouble === undefined ||
      trouble.code === 'bare' ||
      (trouble.count < 2 && trouble.code !== 'throttled')
    )
      return undefined;
    const young = slow - (clock.elapsed() - trouble.began);
    if (trouble.code === 'throttled' && young > 0) {
      waits.push(young);
      return undefined;
    }
    return {
      since: trouble.since,
      why: trouble.why,
      wide: wide.has(trouble.code) && (silent.get(place.surface) ?? Infinity) <= trouble.began,
    };
  }

  function noteDue(request: Request, place: CardPlace): Notification | undefined {
    const full = surfaceKey(place.surface, place.place);
    return full === request.asked.place && clock.now() - request.changedAt < lateCards
      ? pendingNotification(deps, request, full)
      : undefined;
  }

  return {
    markDirty: (id) => void touched.add(id),
    redraw(id) {
      for (const card of store.get(id)?.cards ?? []) redraw.add(card.intent);
      touched.add(id);
      again();
    },
    heard(surface, place) {
      const closed = places.heard({ surface, place });
      const waiting = troubles.hurry((key) => isOf(key, { surface, place }));
      if (closed || waiting) again();
    },
    pass,
    behind: () => touched.size,
    closed: () => places.list(),
    async idle() {
      do await Promise.all([...[...flights.values()].map(({ done }) => done), tellings.settled()]);
      while (flights.size > 0);
    },
  };
}

/** What of a card may change though its request does not: by a freeze, the queue, an outage, a twin. */
function beyondRevision({ status, lead, facts, buttons }: CardView): string {
  // A time that moves on by itself, such as the one at which a place in the queue is expected to come up, is
  // no news: each would cost a call.
  return JSON.stringify([
    status,
    lead.replace(/\b\d{2}:\d{2}\b/g, ''),
    facts,
    buttons.map(({ verb, confirm }) => [verb, confirm]),
  ]);
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
