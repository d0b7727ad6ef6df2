// Notices while cards cannot be drawn: the requester gets a private message, the other places a note below
// their cards; once for each outage, and again when it is over.
import { splitSurfaceKey, surfaceKey } from '../../../liveResponse/request/request.ts';
import type { Request } from '../../../liveResponse/request/request.ts';
import type { Deps } from '../../deps.ts';
import { cardPlacesOf } from '../reads/cardPlaces.ts';
import type { CardPlace } from '../../policy/places.ts';
import { cardsIn, isLate } from './cardCalls.ts';
import { chatErrorCodeOf, nextPause } from './closedPlaces.ts';
import { OutageTelling } from './outageTelling.ts';
import type { Missing } from './outageTelling.ts';

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

/** Since it could not be drawn and until that, too, is said. */
interface Entry extends Missing {
  /** `recovering`: nothing prevents it any more, but it is not drawn yet. */
  phase: 'broken' | 'recovering' | 'over';
  /** Who got a notice, by person or place. */
  readonly told: Set<string>;
}

/** Somebody to tell: a person, or the people in a place. */
interface Listener {
  readonly key: string;
  readonly mine: Entry[];
  say(entries: readonly Entry[]): Promise<void>;
}

/** Pauses while no notice can be sent either, in milliseconds; the last repeats. */
const pauses = [2_000, 5_000, 15_000, 30_000, 60_000, 120_000, 300_000] as const;
/** Least time between two messages to the same listener. Milliseconds. */
const gap = 5_000;

export class OutageNotices {
  readonly #deps: Deps;
  readonly #again: () => void;
  readonly #telling: OutageTelling;
  readonly #entries = new Map<string, Entry>();
  readonly #flights = new Map<string, Promise<void>>();
  /** By listener; elapsed milliseconds. */
  readonly #rests = new Map<string, { readonly failures: number; readonly until: number }>();

  /** @param again is called when somebody got a notice, or could not get it */
  constructor(deps: Deps, again: () => void) {
    this.#deps = deps;
    this.#again = again;
    this.#telling = new OutageTelling(deps);
  }

  /**
   * Is handed all that cannot be drawn now; starts the notices that are due. Answers after how many
   * milliseconds to come again.
   */
  see(affected: readonly Affected[]): number | undefined {
    this.#remember(affected);
    const waits: number[] = [];
    for (const listener of this.#listeners()) {
      const due = dueFor(listener);
      if (due.length === 0 || this.#flights.has(listener.key)) continue;
      const wait = (this.#rests.get(listener.key)?.until ?? 0) - this.#deps.clock.elapsed();
      if (wait > 0) waits.push(wait);
      else this.#launch(listener, due);
    }
    if (this.#entries.size === 0) this.#rests.clear();
    return waits.length === 0 ? undefined : Math.min(...waits);
  }

  async settled(): Promise<void> {
    while (this.#flights.size > 0) await Promise.all(this.#flights.values());
  }

  #remember(affected: readonly Affected[]): void {
    const now = new Set<string>();
    for (const { request, place, since, why, wide } of affected) {
      const full = surfaceKey(place.surface, place.place);
      const key = `${request.id} ${full}`;
      now.add(key);
      const before = this.#entries.get(key);
      const posted = cardsIn(request, place).some((card) => card.ref !== undefined);
      if (before === undefined)
        this.#entries.set(key, {
          id: request.id,
          outage: {
            place: full,
            surface: place.surface,
            chat: this.#nameOf(place.surface),
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
    for (const [key, entry] of this.#entries) {
      if (now.has(key)) continue;
      const request = this.#deps.store.get(entry.id);
      if (entry.told.size === 0 || request === undefined || isLate(request, this.#deps.clock.now()))
        this.#entries.delete(key);
      else if (entry.phase !== 'over') entry.phase = isDrawn(request, entry) ? 'over' : 'recovering';
    }
  }

  #nameOf(surface: string): string {
    return this.#deps.chats.find((chat) => chat.surface === surface)?.name ?? surface;
  }

  #listeners(): readonly Listener[] {
    const all = new Map<string, Listener>();
    const add = (key: string, entry: Entry, say: Listener['say']): void => {
      const known = all.get(key) ?? { key, mine: [], say };
      all.set(key, known);
      known.mine.push(entry);
    };
    for (const entry of this.#entries.values()) {
      const request = this.#deps.store.get(entry.id);
      if (request === undefined) continue;
      add(`person ${request.asked.requester.id}`, entry, (due) => this.#telling.person(request, due));
      for (const other of this.#othersOf(request, entry))
        add(`place ${surfaceKey(other.surface, other.place)}`, entry, (due) =>
          this.#telling.place(other, due),
        );
    }
    return [...all.values()];
  }

  /**
   * Where else its card is and is kept true. A chat of two is left out: its one reader is the
   * requester.
   */
  #othersOf(request: Request, entry: Entry): readonly CardPlace[] {
    return cardPlacesOf(this.#deps, request).filter((place) => {
      const full = surfaceKey(place.surface, place.place);
      const troubled = this.#entries.get(`${request.id} ${full}`);
      const alone = request.asked.placeIsPrivate && full === request.asked.place;
      return (
        full !== entry.outage.place &&
        !alone &&
        (troubled === undefined || troubled.phase === 'over') &&
        cardsIn(request, place).at(-1)?.ref !== undefined
      );
    });
  }

  #launch(listener: Listener, due: readonly Entry[]): void {
    const { key } = listener;
    // As they are said: they may change while the chat is asked.
    const said = due.map((entry) => ({ entry, over: entry.phase === 'over' }));
    const flight = listener
      .say(due)
      .then(() => {
        this.#rests.set(key, { failures: 0, until: this.#deps.clock.elapsed() + gap });
        for (const { entry, over } of said) {
          if (over) this.#ended(key, entry);
          else entry.told.add(key);
        }
      })
      .catch((error: unknown) => {
        const failures = (this.#rests.get(key)?.failures ?? 0) + 1;
        this.#rests.set(key, { failures, until: this.#deps.clock.elapsed() + nextPause(pauses, failures) });
        this.#deps.log.warn('outageNotTold', {
          to: key,
          code: chatErrorCodeOf(error),
          error,
        });
      })
      .finally(() => {
        this.#flights.delete(key);
        this.#again();
      });
    this.#flights.set(key, flight);
  }

  #ended(key: string, entry: Entry): void {
    entry.told.delete(key);
    if (entry.told.size === 0) this.#entries.delete(`${entry.id} ${entry.outage.place}`);
  }
}

function isDrawn(request: Request, { outage }: Entry): boolean {
  const [surface, place] = splitSurfaceKey(outage.place);
  const card = cardsIn(request, { surface, place }).at(-1);
  return card?.ref !== undefined && card.shown >= request.revision;
}

/** What is new to this listener. That a place draws again is said once all of it is there. */
function dueFor({ key, mine }: Listener): readonly Entry[] {
  const broken = new Set(mine.flatMap((entry) => (entry.phase === 'over' ? [] : [entry.outage.place])));
  return mine.filter((entry) => {
    if (entry.phase === 'over') return entry.told.has(key) && !broken.has(entry.outage.place);
    return entry.phase === 'broken' && !entry.told.has(key);
  });
}
