// The calls that keep one card true: post, update, supersede, note. Each is journaled so that a crash leaves
// a trace instead of a second silent card.
import { isOpen, stageOf, surfaceKey } from '../../../liveResponse/request/request.ts';
import type { Card, CardRef, Request } from '../../../liveResponse/request/request.ts';
import type { CardView } from '../../../../cards/view.ts';
import type { Deps } from '../../deps.ts';
import { ChatError } from '../../ports.ts';
import type { ChatPort } from '../../ports.ts';
import { cardPlacesOf, mayHaveResults } from '../reads/cardPlaces.ts';
import type { CardPlace } from '../../policy/places.ts';
import { memoryOf } from '../requestMemory.ts';
import { isRefusal } from './closedPlaces.ts';
import type { Notification } from './announcements.ts';
import type { CardViews } from './cardViews.ts';

/**
 * A request that ended longer ago than this gets no new cards, only true ones where it has some.
 * Milliseconds.
 */
export const lateCards = 3_600_000;
/**
 * So often in a row an update of one card is refused before a new card is posted: the place may well be open
 * (docs/chat-failures.md).
 */
const enough = { gone: 2, closed: 3, rejected: 3 } as const;

/** One card's place in one request, and the chat it is in. */
export interface Spot {
  readonly chat: ChatPort;
  readonly id: string;
  readonly place: CardPlace;
}

/** `skipped`: the place closed while the call waited for its turn. `bare`: drawn, but not the whole of it. */
export type Done = 'done' | 'bare' | 'skipped';

interface RefusedUpdate {
  readonly spot: Spot;
  readonly card: Card;
  readonly request: Request;
  /** How often it was refused before. */
  readonly refusals: number;
}

/** `unread`: what would have to be known of the readers cannot be known now. */
interface Guarded {
  readonly place: CardPlace;
  readonly unread: boolean;
}

export class CardCalls {
  readonly #deps: Deps;
  readonly #views: CardViews;
  readonly #drawn: (request: Request, place: CardPlace, card: string, view: CardView) => void;
  /** Posted cards that could not be written down as such: the journal was not writable. By request and intent. */
  readonly #unwritten: Map<string, { readonly ref: CardRef; readonly shown: number }>;
  /** Notes that were surely not sent. By request and place. */
  readonly #refusedNotes: Map<string, string>;

  /** @param drawn called with what a card shows now */
  constructor(
    deps: Deps,
    views: CardViews,
    drawn: (request: Request, place: CardPlace, card: string, view: CardView) => void,
  ) {
    this.#deps = deps;
    this.#views = views;
    this.#drawn = drawn;
    this.#unwritten = memoryOf(deps).map('cards not written down');
    this.#refusedNotes = memoryOf(deps).map('notes refused');
  }

  /** What may be on the card, by what is known of all places of its request. */
  async #guarded({ id, place }: Spot): Promise<Guarded> {
    const here = surfaceKey(place.surface, place.place);
    const { store, outsiders } = this.#deps;
    const request = store.get(id);
    if (request === undefined || outsiders === undefined) return { place, unread: false };
    const answer = await outsiders.ask(here);
    const asked = await this.#askedIn(request, here, answer);
    const now =
      cardPlacesOf(this.#deps, request).find(
        (one) => one.surface === place.surface && one.place === place.place,
      ) ?? place;
    const unread = answer === 'unread' || asked === 'unread';
    return { place: unread ? { ...now, results: 'private' } : now, unread };
  }

  /**
   * Where it was asked is waited for only while nothing is known of it: one chat must not hold up the cards
   * of another.
   */
  async #askedIn(
    request: Request,
    here: string,
    answer: 'yes' | 'no' | 'unread',
  ): Promise<'yes' | 'no' | 'unread'> {
    const { policy, outsiders } = this.#deps;
    if (outsiders === undefined || request.asked.place === here) return answer;
    if (request.asked.placeIsPrivate || !mayHaveResults(request)) return 'no';
    for (const rule of policy.places)
      if (rule.approvals && rule.place !== here) outsiders.askSoon(rule.place);
    const known = outsiders.known(request.asked.place);
    if (known === undefined) return outsiders.ask(request.asked.place);
    outsiders.askSoon(request.asked.place);
    return known;
  }

  /**
   * What is drawn, and whether results are missing on it that may be there once it is known who reads
   * along.
   */
  async #viewFor(
    request: Request,
    { place }: Spot,
    shown: Guarded,
  ): Promise<{ readonly view: CardView; readonly lacking: boolean }> {
    const view = await this.#views.of(request, shown.place);
    return {
      view,
      lacking: shown.unread && JSON.stringify(await this.#views.of(request, place)) !== JSON.stringify(view),
    };
  }

  /**
   * `after` is the newest card there; with one of which it is not known whether it was posted, the new one
   * takes its place.
   */
  async post(spot: Spot, after: Card | undefined, mayGo: () => boolean): Promise<Done> {
    const { chat, id, place } = spot;
    const before = after === undefined ? undefined : this.#unwritten.get(`${id} ${after.intent}`);
    if (after !== undefined && before !== undefined) return this.#posted(id, place, after.intent, before);
    await chat.acquireSlot?.({ kind: 'post', place: place.place, requestId: id }, true);
    if (!mayGo()) return 'skipped';
    const shown = await this.#guarded(spot);
    const intent = this.#deps.random.hex(8);
    // Written before the post: a crash in between leaves a trace instead of a second silent card.
    const stored = await this.#deps.store.change(id, (current) =>
      cardsIn(current, place).at(-1)?.intent === after?.intent
        ? { event: { type: 'cardPosting', surface: place.surface, place: place.place, intent } }
        : { no: 'stands' },
    );
    if (!('request' in stored)) return 'skipped';
    const { request } = stored;
    const { view, lacking } = await this.#viewFor(request, spot, shown);
    const ref = await chat
      .post(
        place.place,
        view,
        intent,
        cardsIn(request, place).some((card) => card.ref === undefined && card.intent !== intent),
      )
      .catch(async (error: unknown) => {
        // Surely not posted. After `ambiguous` it may be: an intent without a ref tells the next pass so.
        if (error instanceof ChatError && error.code !== 'ambiguous')
          await this.#forget(id, intent, error.message);
        throw error;
      });
    const bare = lacking || chat.showsLess?.(ref) === true;
    const stands = { ref, shown: bare ? request.revision - 1 : request.revision };
    this.#unwritten.set(`${id} ${intent}`, stands);
    this.#drawn(request, place, intent, view);
    await this.#posted(id, place, intent, stands);
    return bare ? 'bare' : 'done';
  }

  async #posted(
    id: string,
    place: CardPlace,
    intent: string,
    { ref, shown }: { readonly ref: CardRef; readonly shown: number },
  ): Promise<Done> {
    const changed = await this.#deps.store.change(id, () => ({
      event: { type: 'cardPosted', intent, ref, shown },
    }));
    this.#unwritten.delete(`${id} ${intent}`);
    if (!('request' in changed)) return 'done';
    // What may or may not have been posted before is done with: this is the card that counts.
    for (const card of cardsIn(changed.request, place))
      if (card.ref === undefined && card.intent !== intent)
        await this.#forget(id, card.intent, 'whether it was posted is not known');
    return 'done';
  }

  /** `refusals`: how often it was refused before. */
  async update(spot: Spot, card: Card, refusals: number, mayGo: () => boolean): Promise<Done> {
    const { chat, id, place } = spot;
    if (card.ref === undefined) return 'skipped';
    // As it is at each turn: what ends while it waits must not stay behind the others.
    const isUrgent = (): boolean => {
      const now = this.#deps.store.get(id);
      return now !== undefined && rank(now) < 2;
    };
    await chat.acquireSlot?.({ kind: 'update', ref: card.ref }, isUrgent);
    if (!mayGo()) return 'skipped';
    const shown = await this.#guarded(spot);
    const request = this.#deps.store.get(id);
    if (request === undefined) return 'skipped';
    const { view, lacking } = await this.#viewFor(request, spot, shown);
    try {
      await chat.update(card.ref, view);
    } catch (error) {
      return this.#replaced({ spot, card, request, refusals }, error);
    }
    // Left behind in the journal too, so that the whole of it is tried again after a restart.
    if (lacking || chat.showsLess?.(card.ref) === true) return 'bare';
    this.#drawn(request, place, card.intent, view);
    if (card.shown < request.revision)
      await this.#deps.store.change(id, () => ({
        event: { type: 'cardShown', intent: card.intent, shown: request.revision },
      }));
    return 'done';
  }

  /**
   * An update that is refused again and again: the place may take a new card all the same. @throws the error
   * where it is not yet, or not at all, time for that
   */
  async #replaced({ spot, card, request, refusals }: RefusedUpdate, error: unknown): Promise<Done> {
    if (!(error instanceof ChatError) || !isRefusal(error.code)) throw error;
    if (refusals + 1 < enough[error.code as keyof typeof enough]) throw error;
    if (isLate(request, this.#deps.clock.now())) {
      if (error.code !== 'gone') throw error;
      await this.#forget(spot.id, card.intent, error.message);
      return 'done';
    }
    // Once the new one is posted, the older is made to say that it is superseded.
    return this.post(spot, card, () => true);
  }

  /** `refusals`: how often it was refused before. */
  async supersede(
    { chat, id }: Spot,
    old: Card & { readonly ref: CardRef },
    newest: CardRef,
    refusals: number,
  ): Promise<Done> {
    try {
      await chat.supersede?.(old.ref, id, newest);
    } catch (error) {
      if (!(error instanceof ChatError) || !isRefusal(error.code)) throw error;
      const request = this.#deps.store.get(id);
      const final =
        (error.code === 'gone' && refusals + 1 >= enough.gone) ||
        request === undefined ||
        isLate(request, this.#deps.clock.now());
      if (!final) throw error;
    }
    await this.#forget(id, old.intent, 'a newer card took its place');
    return 'done';
  }

  async note(spot: Spot, ref: CardRef, due: (request: Request) => Notification | undefined): Promise<Done> {
    const text = this.#refusedNotes.get(noteKey(spot)) ?? (await this.#noted(spot, due));
    const request = this.#deps.store.get(spot.id);
    if (text === undefined || request === undefined) return 'skipped';
    this.#refusedNotes.delete(noteKey(spot));
    const prefix = surfaceKey(spot.place.surface, '');
    const accounts =
      this.#deps.policy.people.find((person) => person.id === request.asked.requester.id)?.accounts ?? [];
    const mention = accounts.flatMap((account) =>
      account.startsWith(prefix) ? [account.slice(prefix.length)] : [],
    );
    try {
      await spot.chat.note(ref, text, mention);
    } catch (error) {
      if (
        error instanceof ChatError &&
        error.code !== 'ambiguous' &&
        !isLate(request, this.#deps.clock.now())
      )
        this.#refusedNotes.set(noteKey(spot), text);
      throw error;
    }
    return 'done';
  }

  /** Written first: a note that may have been sent is never sent twice. */
  async #noted(
    { id, place }: Spot,
    due: (request: Request) => Notification | undefined,
  ): Promise<string | undefined> {
    const request = this.#deps.store.get(id);
    const now = request === undefined ? undefined : due(request);
    if (now === undefined) return undefined;
    const where = { surface: place.surface, place: place.place };
    const stored = await this.#deps.store.change(id, (current) => {
      if (due(current)?.what !== now.what) return { no: 'noted' };
      return now.what === 'end'
        ? { event: { type: 'notified', ...where } }
        : { event: { type: 'sessionNotified', ...where, what: now.what }, session: now.session };
    });
    return 'request' in stored ? now.text : undefined;
  }

  async #forget(id: string, intent: string, why: string): Promise<void> {
    await this.#deps.store.change(id, () => ({ event: { type: 'cardGone', intent, why, dead: false } }));
  }

  /** Whether a note there was refused, and is still to be sent. */
  unsent(spot: Spot): boolean {
    return this.#refusedNotes.has(noteKey(spot));
  }
}

function noteKey({ id, place }: Spot): string {
  return `${id} ${surfaceKey(place.surface, place.place)}`;
}

export function isLate(request: Request, now: number): boolean {
  return !isOpen(request) && now - request.changedAt > lateCards;
}

/**
 * Oldest first. Journals of older versions hold cards that could not be posted and were given up: of those
 * nothing is there.
 */
export function cardsIn(
  request: Request,
  place: { readonly surface: string; readonly place: string },
): readonly Card[] {
  return request.cards.filter(
    (card) =>
      card.surface === place.surface &&
      card.place === place.place &&
      (card.ref !== undefined || card.dead === undefined),
  );
}

/** Ended ones and those that wait for a person first; progress may be late. */
export function byUrgency(a: Request, b: Request): number {
  return rank(a) - rank(b) || a.changedAt - b.changedAt;
}

function rank(request: Request): number {
  switch (stageOf(request).state) {
    case 'finished':
    case 'closed':
      return 0;
    case 'awaitingApproval':
    case 'unknown':
      return 1;
    default:
      return 2;
  }
}
