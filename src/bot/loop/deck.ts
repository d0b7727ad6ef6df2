// Keeps the cards in step with the store: newest state only, one request in flight per card, terminal states first, repaired on the next pass.
import type { CardView } from '../../../cards/view.ts';
import type { Card, Request } from '../../liveResponse/request.ts';
import { isOpen } from '../../liveResponse/request.ts';
import type { Deps } from '../deps.ts';
import { isIn } from './moving.ts';
import { placesOf } from '../rules/cardPlaces.ts';
import type { CardPlace } from '../rules/places.ts';
import { ChatError } from '../ports.ts';
import type { ChatPort } from '../ports.ts';
import type { Views } from './views.ts';
import { dueNote } from './notes.ts';

/** Pauses after failures of one card, in milliseconds; the last repeats. */
const retryPauses = [2_000, 5_000, 15_000, 60_000] as const;
/** A request that ended longer ago than this gets no new cards, only true ones where they stand. */
const lateCards = 3_600_000;

export interface Deck {
  /** Marks a request as changed. */
  touch(id: string): void;
  /** Something came from this place: what stands behind there is tried again now. */
  heard(surface: string, place: string): void;
  /** Starts what has to be drawn. Answers when to come again. */
  pass(): Promise<number | undefined>;
  settled(): Promise<void>;
  /** How many cards are behind, for /readyz and metrics. */
  behind(): number;
}

/** `again` is called when a card may need drawing anew after its flight. */
export function createDeck(deps: Deps, views: Views, again: () => void): Deck {
  const { store, clock, log } = deps;
  const chats = new Map(deps.chats.map((chat) => [chat.surface, chat]));
  /** Requests to look at; all of them once at start, which is how cards are repaired after a restart. */
  const touched = new Set(store.all().map((request) => request.id));
  const flights = new Map<string, Promise<void>>();
  const failures = new Map<string, { readonly count: number; readonly until: number }>();
  /** Cards of chats that forget: to be drawn once in this process whatever the journal says. */
  const redraw = new Set(store.all().flatMap((request) => request.cards.flatMap((card) => (chats.get(card.surface)?.volatile === true ? [card.intent] : []))));
  /** What a waiting card shows of queue and freeze, so that it is drawn again when those change though the request did not. */
  const shownPlace = new Map<string, string>();

  async function pass(): Promise<number | undefined> {
    const wakes: number[] = [];
    const requests = [...touched, ...store.open().flatMap((request) => (isIn(request, ['queued']) ? [request.id] : []))];
    const known = [...new Set(requests)].flatMap((id) => store.get(id) ?? []);
    for (const { id } of known.sort(byUrgency)) {
      // Forgotten before it is looked at: whatever changes while it is looked at touches it again.
      touched.delete(id);
      const behind = await isBehind(id, wakes).catch((error: unknown) => {
        failed(id, error);
        return true;
      });
      if (behind) touched.add(id);
    }
    return wakes.length === 0 ? undefined : Math.min(...wakes);
  }

  /** Starts what is to be drawn of a request as it is now, which may be later than when the pass began. */
  async function isBehind(id: string, wakes: number[]): Promise<boolean> {
    const request = store.get(id);
    if (request === undefined) return false;
    let behind = false;
    for (const place of placesOf(deps, request)) {
      const key = `${id} ${place.surface}:${place.place}`;
      const job = flights.has(key) ? undefined : await jobFor(id, place);
      const until = failures.get(key)?.until ?? 0;
      behind ||= job !== undefined || flights.has(key);
      if (job !== undefined && until > clock.now()) wakes.push(until);
      else if (job !== undefined) launch(key, job);
    }
    return behind;
  }

  type Job = () => Promise<void>;

  async function jobFor(id: string, place: CardPlace): Promise<Job | undefined> {
    const chat = chats.get(place.surface);
    const request = store.get(id);
    if (chat === undefined || request === undefined) return undefined;
    const mine = cardsIn(request, place);
    if (mine.some((card) => card.dead !== undefined)) return undefined;
    const card = mine.at(-1);
    if (card === undefined) {
      const late = !isOpen(request) && clock.now() - request.changedAt > lateCards;
      return late ? undefined : () => post(chat, id, place);
    }
    if (card.ref === undefined) return () => repost(chat, id, place, card);
    if (card.shown < request.revision || redraw.has(card.intent) || (await placeChanged(request, place))) return () => update(chat, id, place, card);
    return noteDue(request, place) !== undefined ? () => note(chat, id, place, card) : undefined;
  }

  async function placeChanged(request: Request, place: CardPlace): Promise<boolean> {
    if (!isOpen(request)) return false;
    const view = await views.of(request, place);
    const key = `${request.id} ${place.surface}:${place.place}`;
    // What it showed before this process is not known: it may speak of a freeze, a queue, an outage or a twin that is no more.
    return shownPlace.get(key) !== beyondRevision(view);
  }

  function launch(key: string, job: Job): void {
    const flight = job()
      .then(() => void failures.delete(key))
      .catch((error: unknown) => failed(key, error))
      .finally(() => {
        flights.delete(key);
        again();
      });
    flights.set(key, flight);
  }

  function failed(key: string, error: unknown): void {
    const count = (failures.get(key)?.count ?? 0) + 1;
    const pause = retryPauses[Math.min(count, retryPauses.length) - 1] ?? retryPauses[0];
    const asked = error instanceof ChatError ? (error.retryAfterMs ?? 0) : 0;
    failures.set(key, { count, until: clock.now() + Math.max(pause, asked) });
    log.warn('cardFailed', { card: key, code: error instanceof ChatError ? error.code : 'bug', error });
  }

  /** Shared with outsiders since the policy was written: no results there. */
  async function guarded(chat: ChatPort, place: CardPlace): Promise<CardPlace> {
    return (await chat.external?.(place.place)) === true ? { ...place, results: 'private' } : place;
  }

  async function post(chat: ChatPort, id: string, place: CardPlace, again = false): Promise<void> {
    await chat.turn?.('post', place.place, true);
    const shown = await guarded(chat, place);
    const intent = deps.random.hex(8);
    // Written before the post: a crash in between leaves a trace instead of a second silent card.
    const stored = await store.change(id, (current) => (cardsIn(current, place).length > 0 ? { no: 'stands' } : { event: { type: 'cardPosting', surface: place.surface, place: place.place, intent } }));
    if (!('request' in stored)) return;
    const request = stored.request;
    const view = await views.of(request, shown);
    try {
      const ref = await chat.post(place.place, view, intent, again);
      await store.change(id, () => ({ event: { type: 'cardPosted', intent, ref, shown: request.revision } }));
      remember(request, place, view);
    } catch (error) {
      await gone(id, intent, error);
      throw error;
    }
  }

  /** The process died, or the answer got lost, between the intent and the card: post anew; the newest card of a place is the one that counts. */
  async function repost(chat: ChatPort, id: string, place: CardPlace, card: Card): Promise<void> {
    await store.change(id, (current) =>
      current.cards.some((one) => one.intent === card.intent && one.ref === undefined)
        ? { event: { type: 'cardGone', intent: card.intent, why: 'whether it was posted is not known', dead: false } }
        : { no: 'known' },
    );
    await post(chat, id, place, true);
  }

  async function update(chat: ChatPort, id: string, place: CardPlace, card: Card): Promise<void> {
    const urgent = store.get(id);
    await chat.turn?.('update', place.place, urgent !== undefined && rank(urgent) < 2);
    const shown = await guarded(chat, place);
    const request = store.get(id);
    if (request === undefined || card.ref === undefined) return;
    const view = await views.of(request, shown);
    try {
      await chat.update(card.ref, view);
    } catch (error) {
      await gone(id, card.intent, error);
      throw error;
    }
    redraw.delete(card.intent);
    remember(request, place, view);
    if (card.shown < request.revision) {
      await store.change(id, () => ({ event: { type: 'cardShown', intent: card.intent, shown: request.revision } }));
    }
  }

  function remember(request: Request, place: CardPlace, view: CardView): void {
    const key = `${request.id} ${place.surface}:${place.place}`;
    if (isOpen(request)) shownPlace.set(key, beyondRevision(view));
    else shownPlace.delete(key);
  }

  /** A card that is no more is forgotten, so that the next pass posts anew; a place that cannot be written to is given up, and said so in the log. */
  async function gone(id: string, intent: string, error: unknown): Promise<void> {
    if (!(error instanceof ChatError)) return;
    // The card may stand: an intent without a place tells the next pass so, and an update may simply be repeated.
    if (error.code === 'ambiguous') return;
    if (error.code === 'throttled' || error.code === 'unavailable') {
      const card = store.get(id)?.cards.find((one) => one.intent === intent);
      // A post that failed is made anew; an update that failed leaves the card standing, and may be repeated whatever became of it.
      if (card?.ref !== undefined) return;
    }
    const dead = error.code === 'closed' || error.code === 'rejected';
    const changed = await store.change(id, () => ({ event: { type: 'cardGone', intent, why: error.message, dead } }));
    if (dead && 'request' in changed) await tellDeath(changed.request, intent, error.message);
  }

  /** Said below the other cards of the request, where approvers are: nobody there could know that one of them stands still. */
  async function tellDeath(request: Request, intent: string, why: string): Promise<void> {
    const lost = request.cards.find((card) => card.intent === intent);
    const approvals = new Set(deps.policy.places.flatMap((rule) => (rule.approvals ? [rule.place] : [])));
    for (const card of request.cards) {
      const chat = chats.get(card.surface);
      if (chat === undefined || card.ref === undefined || card.dead !== undefined || !approvals.has(`${card.surface}:${card.place}`)) continue;
      try {
        await chat.note(card.ref, `The card of ${request.id} in ${lost?.surface ?? ''}:${lost?.place ?? ''} can no longer be written to (${why}). This one goes on.`, []);
      } catch (error) {
        if (!(error instanceof ChatError)) throw error;
        log.warn('deathNotTold', { request: request.id, place: card.place, code: error.code });
      }
    }
  }

  function noteDue(request: Request, place: CardPlace): ReturnType<typeof dueNote> {
    const full = `${place.surface}:${place.place}`;
    return full === request.place && clock.now() - request.changedAt < lateCards ? dueNote(deps, request, full) : undefined;
  }

  async function note(chat: ChatPort, id: string, place: CardPlace, card: Card): Promise<void> {
    const request = store.get(id);
    const due = request === undefined ? undefined : noteDue(request, place);
    if (request === undefined || due === undefined || card.ref === undefined) return;
    const { what } = due;
    // Written first: a note that may have been sent is never sent twice.
    const first = await store.change(id, (current) =>
      noteDue(current, place)?.what === what ? { event: { type: 'noted', surface: place.surface, place: place.place, ...(what === 'end' ? {} : { what }) } } : { no: 'noted' },
    );
    if (!('request' in first)) return;
    const prefix = `${place.surface}:`;
    const accounts = deps.policy.people.find((person) => person.id === request.requester.id)?.accounts ?? [];
    const mention = accounts.flatMap((account) => (account.startsWith(prefix) ? [account.slice(prefix.length)] : []));
    await chat.note(card.ref, due.text, mention);
  }

  return {
    touch: (id) => void touched.add(id),
    heard(surface, place) {
      const waiting = [...failures.keys()].filter((key) => key.endsWith(` ${surface}:${place}`));
      for (const key of waiting) failures.delete(key);
      if (waiting.length > 0) again();
    },
    pass,
    behind: () => touched.size,
    async settled() {
      while (flights.size > 0) await Promise.all(flights.values());
    },
  };
}

/** What of a card may change though its request does not: by a freeze, the queue, an outage, a twin. */
function beyondRevision({ status, lead, facts, buttons }: CardView): string {
  return JSON.stringify([status, lead, facts, buttons.map(({ verb, confirm }) => [verb, confirm])]);
}

function cardsIn(request: Request, place: CardPlace): readonly Card[] {
  return request.cards.filter((card) => card.surface === place.surface && card.place === place.place);
}

/** Ended ones and those that wait for a person first; progress may be late. */
function byUrgency(a: Request, b: Request): number {
  return rank(a) - rank(b) || a.changedAt - b.changedAt;
}
function rank(request: Request): number {
  switch (request.state) {
    case 'finished':
    case 'over':
      return 0;
    case 'awaitingApproval':
    case 'unknown':
      return 1;
    default:
      return 2;
  }
}
