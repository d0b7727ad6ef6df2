// Nobody waits in the dark: while a card cannot be drawn its requester is told alone, and the request's other
// places below their cards; once for each outage, and again when it is over.
import { splitSurfaceKey, surfaceKey } from '../../../liveResponse/request/request.ts';
import type { CardRef, Request } from '../../../liveResponse/request/request.ts';
import type { Deps } from '../../deps.ts';
import { ChatError } from '../../ports.ts';
import { cardPlacesOf } from '../reads/cardPlaces.ts';
import type { CardPlace } from '../../policy/places.ts';
import { cardsIn, isLate } from './cardCalls.ts';
import { nextPause } from './closedPlaces.ts';
import { againText, elsewhereText, outageText, unseenText } from './outageWords.ts';
import type { Outage } from './outageWords.ts';

/** A card that cannot be drawn. */
export interface Affected {
  readonly request: Request;
  readonly place: CardPlace;
  /** Epoch milliseconds. */
  readonly since: number;
  readonly why: string;
  /** The whole chat fails, not this place alone. */
  readonly wide: boolean;
}

export interface OutageNotices {
  /**
   * Is handed all that cannot be drawn now; starts what has to be told. Answers after how many milliseconds
   * to come again.
   */
  see(affected: readonly Affected[]): number | undefined;
  settled(): Promise<void>;
}

/** One request's card in one place, since it could not be drawn and until that, too, is told. */
interface Entry {
  readonly id: string;
  readonly outage: Outage;
  readonly posted: boolean;
  /** `mending`: nothing stands in its way any more, but it is not drawn yet. */
  phase: 'broken' | 'mending' | 'over';
  /** Who was told, by person or place. */
  readonly told: Set<string>;
}

/** Somebody to tell: a person, or the people in a place. */
interface Listener {
  readonly key: string;
  readonly mine: Entry[];
  say(entries: readonly Entry[]): Promise<void>;
}

/** Pauses while nothing can be told either, in milliseconds; the last repeats. */
const pauses = [2_000, 5_000, 15_000, 30_000, 60_000, 120_000, 300_000] as const;
/** Least time between two messages to the same listener. Milliseconds. */
const gap = 5_000;
/** Below this many cards a note stands under each; more are told in one message. */
const notes = 2;

export function createOutageNotices(deps: Deps, again: () => void): OutageNotices {
  const { store, clock, log } = deps;
  const chats = new Map(deps.chats.map((chat) => [chat.surface, chat]));
  const isApprovals = (key: string): boolean =>
    deps.policy.places.some((rule) => rule.approvals && rule.place === key);
  const entries = new Map<string, Entry>();
  const flights = new Map<string, Promise<void>>();
  const rests = new Map<string, { readonly failures: number; readonly until: number }>();

  function see(affected: readonly Affected[]): number | undefined {
    remember(affected);
    const waits: number[] = [];
    for (const listener of listeners()) {
      const due = dueFor(listener);
      if (due.length === 0 || flights.has(listener.key)) continue;
      const wait = (rests.get(listener.key)?.until ?? 0) - clock.elapsed();
      if (wait > 0) waits.push(wait);
      else launch(listener, due);
    }
    if (entries.size === 0) rests.clear();
    return waits.length === 0 ? undefined : Math.min(...waits);
  }

  function remember(affected: readonly Affected[]): void {
    const now = new Set<string>();
    for (const { request, place, since, why, wide } of affected) {
      const full = surfaceKey(place.surface, place.place);
      const key = `${request.id} ${full}`;
      now.add(key);
      const before = entries.get(key);
      const posted = cardsIn(request, place).some((card) => card.ref !== undefined);
      if (before === undefined)
        entries.set(key, {
          id: request.id,
          outage: {
            place: full,
            surface: place.surface,
            chat: chats.get(place.surface)?.name ?? place.surface,
            since,
            why,
            wide,
          },
          posted,
          phase: 'broken',
          told: new Set(),
        });
      else before.phase = 'broken';
    }
    for (const [key, entry] of entries) {
      if (now.has(key)) continue;
      const request = store.get(entry.id);
      if (entry.told.size === 0 || request === undefined || isLate(request, clock.now())) entries.delete(key);
      else if (entry.phase !== 'over') entry.phase = isDrawn(request, entry) ? 'over' : 'mending';
    }
  }

  function isDrawn(request: Request, { outage }: Entry): boolean {
    const [surface, place] = splitSurfaceKey(outage.place);
    const card = cardsIn(request, { surface, place }).at(-1);
    return card?.ref !== undefined && card.shown >= request.revision;
  }

  function listeners(): readonly Listener[] {
    const all = new Map<string, Listener>();
    const add = (key: string, entry: Entry, say: Listener['say']): void => {
      const known = all.get(key) ?? { key, mine: [], say };
      all.set(key, known);
      known.mine.push(entry);
    };
    for (const entry of entries.values()) {
      const request = store.get(entry.id);
      if (request === undefined) continue;
      add(`person ${request.asked.requester.id}`, entry, (due) => tellPerson(request, due));
      for (const other of othersOf(request, entry))
        add(`place ${surfaceKey(other.surface, other.place)}`, entry, (due) => tellPlace(other, due));
    }
    return [...all.values()];
  }

  /**
   * Where else its card stands and is kept true. What is said in a chat of two, its one reader is told alone.
   */
  function othersOf(request: Request, entry: Entry): readonly CardPlace[] {
    return cardPlacesOf(deps, request).filter((place) => {
      const full = surfaceKey(place.surface, place.place);
      const troubled = entries.get(`${request.id} ${full}`);
      const alone = request.asked.placeIsPrivate && full === request.asked.place;
      return (
        full !== entry.outage.place &&
        !alone &&
        (troubled === undefined || troubled.phase === 'over') &&
        cardsIn(request, place).at(-1)?.ref !== undefined
      );
    });
  }

  /** What is new to this listener. That a place draws again is told once all of it stands there. */
  function dueFor({ key, mine }: Listener): readonly Entry[] {
    const broken = new Set(mine.flatMap((entry) => (entry.phase === 'over' ? [] : [entry.outage.place])));
    return mine.filter((entry) => {
      if (entry.phase === 'over') return entry.told.has(key) && !broken.has(entry.outage.place);
      return entry.phase === 'broken' && !entry.told.has(key);
    });
  }

  function launch(listener: Listener, due: readonly Entry[]): void {
    const { key } = listener;
    // As they are said: they may change while the chat is asked.
    const said = due.map((entry) => ({ entry, over: entry.phase === 'over' }));
    const flight = listener
      .say(due)
      .then(() => {
        rests.set(key, { failures: 0, until: clock.elapsed() + gap });
        for (const { entry, over } of said) {
          if (over) ended(key, entry);
          else entry.told.add(key);
        }
      })
      .catch((error: unknown) => {
        const failures = (rests.get(key)?.failures ?? 0) + 1;
        rests.set(key, { failures, until: clock.elapsed() + nextPause(pauses, failures) });
        log.warn('outageNotTold', { to: key, code: error instanceof ChatError ? error.code : 'bug', error });
      })
      .finally(() => {
        flights.delete(key);
        again();
      });
    flights.set(key, flight);
  }

  function ended(key: string, entry: Entry): void {
    entry.told.delete(key);
    if (entry.told.size === 0) entries.delete(`${entry.id} ${entry.outage.place}`);
  }

  /**
   * In the chat where it was asked; where that fails, or is what fails, through another account of that
   * person.
   */
  async function tellPerson(request: Request, due: readonly Entry[]): Promise<void> {
    const text = personText(due);
    const broken = new Set(
      due.flatMap(({ phase, outage }) =>
        phase === 'over' ? [] : [outage.wide ? outage.surface : outage.place],
      ),
    );
    const [surface, place] = splitSurfaceKey(request.asked.place);
    const ways = [
      { surface, place, account: splitSurfaceKey(request.asked.account)[1] },
      ...otherAccounts(request, surface),
    ];
    const isBroken = (way: (typeof ways)[number]): boolean =>
      broken.has(way.surface) || broken.has(surfaceKey(way.surface, way.place));
    let last: unknown;
    for (const way of [...ways.filter((one) => !isBroken(one)), ...ways.filter(isBroken)]) {
      try {
        await chats.get(way.surface)?.replyPrivately(way.place, way.account, text);
        return;
      } catch (error) {
        if (!(error instanceof ChatError)) throw error;
        log.info('outageNotTold', { request: request.id, surface: way.surface, code: error.code });
        last = error;
      }
    }
    throw last;
  }

  function otherAccounts(
    request: Request,
    asked: string,
  ): readonly { readonly surface: string; readonly place: string; readonly account: string }[] {
    const accounts =
      deps.policy.people.find((person) => person.id === request.asked.requester.id)?.accounts ?? [];
    return accounts.flatMap((full) => {
      const [surface, account] = splitSurfaceKey(full);
      if (surface === asked || !chats.has(surface)) return [];
      const places = [
        ...request.cards.map((card) => surfaceKey(card.surface, card.place)),
        ...deps.policy.places.map((rule) => rule.place),
      ];
      const place = places.map(splitSurfaceKey).find(([one]) => one === surface)?.[1];
      return [{ surface, place: place ?? account, account }];
    });
  }

  function personText(due: readonly Entry[]): string {
    const now = clock.now();
    const broken = due.filter((entry) => entry.phase !== 'over');
    const unseen = broken.filter(({ id, outage }) => isApprovals(outage.place) && isUnseen(id));
    const others = broken.filter((entry) => !unseen.includes(entry));
    const over = due.filter((entry) => entry.phase === 'over');
    return [
      ...(unseen.length === 0 ? [] : [unseenText(distinct(unseen), idsOf(unseen), now)]),
      ...grouped(others).map(([outage, ids, posted]) => outageText(outage, ids, posted, now)),
      ...grouped(over).map(([outage, ids]) => againText(outage.place, ids)),
    ].join('\n');
  }

  /** Whether no approver can have seen that it waits. */
  function isUnseen(id: string): boolean {
    const request = store.get(id);
    return (
      request?.stage.state === 'awaitingApproval' &&
      !request.cards.some(
        (card) =>
          card.ref !== undefined &&
          chats.has(card.surface) &&
          isApprovals(surfaceKey(card.surface, card.place)),
      )
    );
  }

  async function tellPlace(place: CardPlace, due: readonly Entry[]): Promise<void> {
    const chat = chats.get(place.surface);
    const now = clock.now();
    const texts = (entries: readonly Entry[]): readonly string[] => [
      ...grouped(entries.filter((entry) => entry.phase !== 'over')).map(([outage, ids, posted]) =>
        elsewhereText(outage, ids, posted, now),
      ),
      ...grouped(entries.filter((entry) => entry.phase === 'over')).map(([outage, ids]) =>
        againText(outage.place, ids),
      ),
    ];
    if (due.length > notes) {
      await chat?.announce(place.place, texts(due).join('\n'));
      return;
    }
    for (const entry of due) {
      const ref = refIn(entry.id, place);
      if (ref !== undefined) await chat?.note(ref, texts([entry]).join('\n'), []);
    }
  }

  function refIn(id: string, place: CardPlace): CardRef | undefined {
    const request = store.get(id);
    return request === undefined ? undefined : cardsIn(request, place).at(-1)?.ref;
  }

  return {
    see,
    async settled() {
      while (flights.size > 0) await Promise.all(flights.values());
    },
  };
}

function idsOf(entries: readonly Entry[]): readonly string[] {
  return [...new Set(entries.map((entry) => entry.id))].sort();
}

function distinct(entries: readonly Entry[]): readonly Outage[] {
  return [...new Map(entries.map((entry) => [entry.outage.place, entry.outage])).values()];
}

/** By outage, and by whether a card stands there. */
function grouped(entries: readonly Entry[]): readonly (readonly [Outage, readonly string[], boolean])[] {
  const groups = new Map<string, Entry[]>();
  for (const entry of entries) {
    const key = `${entry.outage.place} ${String(entry.posted)}`;
    groups.set(key, [...(groups.get(key) ?? []), entry]);
  }
  return [...groups.values()].flatMap((group) =>
    group[0] === undefined ? [] : [[group[0].outage, idsOf(group), group[0].posted] as const],
  );
}
