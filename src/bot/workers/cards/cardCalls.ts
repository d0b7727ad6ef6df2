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
import { isRefusal } from './closedPlaces.ts';
import type { Notification } from './announcements.ts';
import type { CardViews } from './cardViews.ts';

/**
 * A request that ended longer ago than this gets no new cards, only true ones where they stand. Milliseconds.
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

export interface CardCalls {
  /**
   * `after` is the newest card there; with one of which it is not known whether it was posted, the new one
   * takes its place.
   */
  post(spot: Spot, after: Card | undefined, mayGo: () => boolean): Promise<Done>;
  /** `refusals`: how often it was refused before. */
  update(spot: Spot, card: Card, refusals: number, mayGo: () => boolean): Promise<Done>;
  /** `refusals`: how often it was refused before. */
  supersede(
    spot: Spot,
    old: Card & { readonly ref: CardRef },
    newest: CardRef,
    refusals: number,
  ): Promise<Done>;
  note(spot: Spot, ref: CardRef, due: (request: Request) => Notification | undefined): Promise<Done>;
  /** Whether a note there was refused, and is still to be sent. */
  unsent(spot: Spot): boolean;
}

/** `drawn` is told what a card shows now. */
export function createCardCalls(
  deps: Deps,
  views: CardViews,
  drawn: (request: Request, place: CardPlace, card: string, view: CardView) => void,
): CardCalls {
  const { store } = deps;
  /** Cards that stand, but could not be written down as such: the journal was not writable. By intent. */
  const unwritten = new Map<string, { readonly ref: CardRef; readonly shown: number }>();

  /** Notes that were surely not sent. By request and place. */
  const refusedNotes = new Map<string, string>();

  const noteKey = ({ id, place }: Spot): string => `${id} ${surfaceKey(place.surface, place.place)}`;

  /**
   * What may stand on the card, by what is known of all places of its request. `unread`: what would have to
   * be known cannot be told now.
   */
  async function guarded({
    id,
    place,
  }: Spot): Promise<{ readonly place: CardPlace; readonly unread: boolean }> {
    const here = surfaceKey(place.surface, place.place);
    const request = store.get(id);
    const { outsiders } = deps;
    if (request === undefined || outsiders === undefined) return { place, unread: false };
    const answer = await outsiders.ask(here);
    const asked = await askedIn(request, here, answer);
    const now =
      cardPlacesOf(deps, request).find((one) => one.surface === place.surface && one.place === place.place) ??
      place;
    const unread = answer === 'unread' || asked === 'unread';
    return { place: unread ? { ...now, results: 'private' } : now, unread };
  }

  /**
   * Where it was asked is waited for only while nothing is known of it: one chat must not hold up the cards
   * of another.
   */
  async function askedIn(
    request: Request,
    here: string,
    answer: 'yes' | 'no' | 'unread',
  ): Promise<'yes' | 'no' | 'unread'> {
    const { outsiders } = deps;
    if (outsiders === undefined || request.asked.place === here) return answer;
    if (request.asked.placeIsPrivate || !mayHaveResults(request)) return 'no';
    for (const rule of deps.policy.places)
      if (rule.approvals && rule.place !== here) outsiders.askSoon(rule.place);
    const known = outsiders.known(request.asked.place);
    if (known === undefined) return outsiders.ask(request.asked.place);
    outsiders.askSoon(request.asked.place);
    return known;
  }

  /**
   * What is drawn, and whether results are missing on it that may stand there once it can be told who reads
   * along.
   */
  async function viewFor(
    request: Request,
    { place }: Spot,
    shown: Awaited<ReturnType<typeof guarded>>,
  ): Promise<{ readonly view: CardView; readonly lacking: boolean }> {
    const view = await views.of(request, shown.place);
    return {
      view,
      lacking: shown.unread && JSON.stringify(await views.of(request, place)) !== JSON.stringify(view),
    };
  }

  async function post(spot: Spot, after: Card | undefined, mayGo: () => boolean): Promise<Done> {
    const { chat, id, place } = spot;
    const stands = after === undefined ? undefined : unwritten.get(after.intent);
    if (after !== undefined && stands !== undefined) return posted(id, place, after.intent, stands);
    await chat.acquireSlot?.('post', place.place, true);
    if (!mayGo()) return 'skipped';
    const shown = await guarded(spot);
    const intent = deps.random.hex(8);
    // Written before the post: a crash in between leaves a trace instead of a second silent card.
    const stored = await store.change(id, (current) =>
      cardsIn(current, place).at(-1)?.intent === after?.intent
        ? { event: { type: 'cardPosting', surface: place.surface, place: place.place, intent } }
        : { no: 'stands' },
    );
    if (!('request' in stored)) return 'skipped';
    const { request } = stored;
    const { view, lacking } = await viewFor(request, spot, shown);
    const ref = await chat
      .post(
        place.place,
        view,
        intent,
        cardsIn(request, place).some((card) => card.ref === undefined && card.intent !== intent),
      )
      .catch(async (error: unknown) => {
        // Surely not posted. After `ambiguous` it may stand: an intent without a ref tells the next pass so.
        if (error instanceof ChatError && error.code !== 'ambiguous') await forget(id, intent, error.message);
        throw error;
      });
    const bare = lacking || chat.showsLess?.(ref) === true;
    unwritten.set(intent, { ref, shown: bare ? request.revision - 1 : request.revision });
    drawn(request, place, intent, view);
    await posted(id, place, intent, { ref, shown: bare ? request.revision - 1 : request.revision });
    return bare ? 'bare' : 'done';
  }

  async function posted(
    id: string,
    place: CardPlace,
    intent: string,
    { ref, shown }: { readonly ref: CardRef; readonly shown: number },
  ): Promise<Done> {
    const changed = await store.change(id, () => ({ event: { type: 'cardPosted', intent, ref, shown } }));
    unwritten.delete(intent);
    if (!('request' in changed)) return 'done';
    // What may or may not have been posted before is done with: this is the card that counts.
    for (const card of cardsIn(changed.request, place))
      if (card.ref === undefined && card.intent !== intent)
        await forget(id, card.intent, 'whether it was posted is not known');
    return 'done';
  }

  async function update(spot: Spot, card: Card, refusals: number, mayGo: () => boolean): Promise<Done> {
    const { chat, id, place } = spot;
    const before = store.get(id);
    await chat.acquireSlot?.('update', place.place, before !== undefined && rank(before) < 2);
    if (!mayGo()) return 'skipped';
    const shown = await guarded(spot);
    const request = store.get(id);
    if (request === undefined || card.ref === undefined) return 'skipped';
    const { view, lacking } = await viewFor(request, spot, shown);
    try {
      await chat.update(card.ref, view);
    } catch (error) {
      return replaced(spot, card, request, refusals, error);
    }
    // Left behind in the journal too, so that the whole of it is tried again after a restart.
    if (lacking || chat.showsLess?.(card.ref) === true) return 'bare';
    drawn(request, place, card.intent, view);
    if (card.shown < request.revision)
      await store.change(id, () => ({
        event: { type: 'cardShown', intent: card.intent, shown: request.revision },
      }));
    return 'done';
  }

  /**
   * An update that is refused again and again: the place may take a new card all the same. @throws the error
   * where it is not yet, or not at all, time for that
   */
  async function replaced(
    spot: Spot,
    card: Card,
    request: Request,
    refusals: number,
    error: unknown,
  ): Promise<Done> {
    if (!(error instanceof ChatError) || !isRefusal(error.code)) throw error;
    if (refusals + 1 < enough[error.code as keyof typeof enough]) throw error;
    if (isLate(request, deps.clock.now())) {
      if (error.code !== 'gone') throw error;
      await forget(spot.id, card.intent, error.message);
      return 'done';
    }
    // Once the new one stands, the older is made to say that it is superseded.
    return post(spot, card, () => true);
  }

  async function supersede(
    { chat, id }: Spot,
    old: Card & { readonly ref: CardRef },
    newest: CardRef,
    refusals: number,
  ): Promise<Done> {
    try {
      await chat.supersede?.(old.ref, id, newest);
    } catch (error) {
      if (!(error instanceof ChatError) || !isRefusal(error.code)) throw error;
      const request = store.get(id);
      const final =
        (error.code === 'gone' && refusals + 1 >= enough.gone) ||
        request === undefined ||
        isLate(request, deps.clock.now());
      if (!final) throw error;
    }
    await forget(id, old.intent, 'a newer card took its place');
    return 'done';
  }

  async function note(
    spot: Spot,
    ref: CardRef,
    due: (request: Request) => Notification | undefined,
  ): Promise<Done> {
    const text = refusedNotes.get(noteKey(spot)) ?? (await noted(spot, due));
    const request = store.get(spot.id);
    if (text === undefined || request === undefined) return 'skipped';
    refusedNotes.delete(noteKey(spot));
    const prefix = surfaceKey(spot.place.surface, '');
    const accounts =
      deps.policy.people.find((person) => person.id === request.asked.requester.id)?.accounts ?? [];
    const mention = accounts.flatMap((account) =>
      account.startsWith(prefix) ? [account.slice(prefix.length)] : [],
    );
    try {
      await spot.chat.note(ref, text, mention);
    } catch (error) {
      if (error instanceof ChatError && error.code !== 'ambiguous' && !isLate(request, deps.clock.now()))
        refusedNotes.set(noteKey(spot), text);
      throw error;
    }
    return 'done';
  }

  /** Written first: a note that may have been sent is never sent twice. */
  async function noted(
    { id, place }: Spot,
    due: (request: Request) => Notification | undefined,
  ): Promise<string | undefined> {
    const request = store.get(id);
    const now = request === undefined ? undefined : due(request);
    if (now === undefined) return undefined;
    const where = { surface: place.surface, place: place.place };
    const stored = await store.change(id, (current) => {
      if (due(current)?.what !== now.what) return { no: 'noted' };
      return now.what === 'end'
        ? { event: { type: 'notified', ...where } }
        : { event: { type: 'sessionNotified', ...where, what: now.what }, session: now.session };
    });
    return 'request' in stored ? now.text : undefined;
  }

  async function forget(id: string, intent: string, why: string): Promise<void> {
    await store.change(id, () => ({ event: { type: 'cardGone', intent, why, dead: false } }));
  }

  return { post, update, supersede, note, unsent: (spot) => refusedNotes.has(noteKey(spot)) };
}

export function isLate(request: Request, now: number): boolean {
  return !isOpen(request) && now - request.changedAt > lateCards;
}

/**
 * Oldest first. Journals of older versions hold cards that could not be posted and were given up: of those
 * nothing stands.
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
