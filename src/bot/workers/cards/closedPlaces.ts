// Closed places and failing cards: which places take nothing for now and when they are asked again, what went
// wrong with each card, and which places outsiders read.
import { RecentMap } from '../../../liveResponse/pacing/sharedReadings.ts';
import { StoreError } from '../../../liveResponse/ports.ts';
import type { Clock, Log } from '../../../liveResponse/ports.ts';
import { splitSurfaceKey, surfaceKey } from '../../../liveResponse/request/request.ts';
import { placeKey } from '../../policy/places.ts';
import { ChatError } from '../../ports.ts';
import type { ChatErrorCode, ChatPort, Place } from '../../ports.ts';

export interface ClosedPlace {
  readonly surface: string;
  readonly place: string;
  /** Epoch milliseconds of the first refusal. */
  readonly since: number;
  readonly why: string;
}

interface Where {
  readonly surface: string;
  readonly place: string;
}

/**
 * `probe`: the place is closed, and this call may ask whether it still is. `wait`: milliseconds until it is
 * asked again.
 */
export type Gate = 'open' | 'probe' | { readonly wait: number };

export interface ClosedPlaces {
  gate(where: Where): Gate;
  /** The call that asks has begun, or ended. */
  asking(where: Where, now: boolean): void;
  /** `asked`: the call went there to ask. `lively`: somebody waits for what it would have shown. */
  refused(where: Where, why: string, asked: boolean, lively: boolean): void;
  /** Something of ours was taken there. */
  opened(where: Where): void;
  /** Whether something of ours was taken there at or after that moment of elapsed time. */
  tookSince(where: Where, moment: number): boolean;
  /**
   * Forgets all others: where nothing is to be drawn any more nobody asks, so that nothing would ever take it
   * back.
   */
  only(wanted: (where: Where) => boolean): void;
  /** Answers whether the place counted as closed. */
  heard(where: Where): boolean;
  /** A place that was refused again after the first refusal: people are notified, and `list` says it. */
  confirmed(where: Where): ClosedPlace | undefined;
  list(): readonly ClosedPlace[];
}

interface State extends ClosedPlace {
  readonly count: number;
  /** Elapsed milliseconds. */
  readonly next: number;
  readonly asked: number;
  readonly lively: boolean;
  readonly asking: boolean;
}

const livelyPauses = [2_000, 5_000, 15_000, 30_000, 60_000, 120_000, 300_000] as const;
/** Where only cards of requests that ended long ago are behind. */
const idlePauses = [...livelyPauses, 900_000, 3_600_000] as const;
/** Places, one-to-one chats among them, of which it is remembered what they took and who reads there; the oldest are forgotten. */
const mostPlaces = 5_000;
/** Least time between two calls to a closed place, however much is heard from it. Milliseconds. */
const least = 2_000;

export function createClosedPlaces(clock: Pick<Clock, 'now' | 'elapsed'>): ClosedPlaces {
  return new RefusingPlaces(clock);
}

class RefusingPlaces implements ClosedPlaces {
  readonly #clock: Pick<Clock, 'now' | 'elapsed'>;
  readonly #states = new Map<string, State>();
  /** When something of ours was taken there last. Elapsed milliseconds. */
  readonly #taken = new RecentMap<string, number>(mostPlaces);

  constructor(clock: Pick<Clock, 'now' | 'elapsed'>) {
    this.#clock = clock;
  }

  gate(where: Where): Gate {
    const state = this.#states.get(keyOf(where));
    if (state === undefined) return 'open';
    const wait = state.next - this.#clock.elapsed();
    // While one asks, the others come again when it has its answer.
    if (state.asking) return { wait: Math.max(wait, least) };
    return wait > 0 ? { wait } : 'probe';
  }

  asking(where: Where, now: boolean): void {
    const state = this.#states.get(keyOf(where));
    if (state === undefined) return;
    const elapsed = this.#clock.elapsed();
    // An answer that said nothing of the place, such as none at all: the next call keeps its distance too.
    const next =
      now || state.next > elapsed
        ? state.next
        : elapsed + nextPause(state.lively ? livelyPauses : idlePauses, state.count);
    this.#states.set(keyOf(where), { ...state, asking: now, next, asked: now ? elapsed : state.asked });
  }

  refused(where: Where, why: string, asked: boolean, lively: boolean): void {
    const key = keyOf(where);
    const before = this.#states.get(key);
    const elapsed = this.#clock.elapsed();
    // Calls that were under way together are one refusal, not many.
    if (before !== undefined && !asked) return;
    const count = (before?.count ?? 0) + 1;
    this.#states.set(key, {
      surface: where.surface,
      place: where.place,
      since: before?.since ?? this.#clock.now(),
      why,
      count,
      lively,
      asking: before?.asking ?? false,
      asked: elapsed,
      next: elapsed + nextPause(lively ? livelyPauses : idlePauses, count),
    });
  }

  opened(where: Where): void {
    this.#states.delete(keyOf(where));
    this.#taken.set(keyOf(where), this.#clock.elapsed());
  }

  tookSince(where: Where, moment: number): boolean {
    return (this.#taken.get(keyOf(where)) ?? -Infinity) >= moment;
  }

  only(wanted: (where: Where) => boolean): void {
    for (const [key, state] of this.#states) if (!state.asking && !wanted(state)) this.#states.delete(key);
  }

  heard(where: Where): boolean {
    const state = this.#states.get(keyOf(where));
    if (state === undefined) return false;
    const next = Math.max(this.#clock.elapsed(), state.asked + least);
    this.#states.set(keyOf(where), { ...state, next });
    return true;
  }

  confirmed(where: Where): ClosedPlace | undefined {
    const state = this.#states.get(keyOf(where));
    return state === undefined || state.count < 2 ? undefined : state;
  }

  list(): readonly ClosedPlace[] {
    return [...this.#states.values()]
      .filter((one) => one.count > 1)
      .map(({ surface, place, since, why }) => ({ surface, place, since, why }));
  }
}

function keyOf({ surface, place }: Where): string {
  return surfaceKey(surface, place);
}

export interface CardFailure {
  readonly surface: string;
  /** Failures in a row. */
  readonly count: number;
  /** Of them, how often the chat answered that it will not draw this card. */
  readonly refusals: number;
  /** Elapsed milliseconds. */
  readonly began: number;
  readonly until: number;
  /** Epoch milliseconds. */
  readonly since: number;
  /** `bare`: drawn, but not the whole of it. */
  readonly code: ChatErrorCode | StoreError['code'] | 'bug' | 'bare';
  readonly why: string;
  /** Of the request, when it was tried last: another content may fare better. */
  readonly revision: number;
}

interface TriedCard extends Pick<CardFailure, 'surface' | 'revision'> {
  readonly key: string;
}

export interface CardFailures {
  get(key: string): CardFailure | undefined;
  /** Milliseconds until the next try; 0 when it may be made. */
  wait(key: string, revision: number): number;
  /** `error`: what was thrown, or `bare`. `paused` is false where the place says when to try again. */
  failed(card: TriedCard, error: unknown, paused: boolean): CardFailure;
  cleared(key: string): void;
  /**
   * What waits is tried again now. `matches` sees keys and their troubles. Answers whether anything waited.
   */
  hurry(matches: (key: string, trouble: CardFailure) => boolean): boolean;
}

/** Pauses after failures of one card, in milliseconds; the last repeats. */
const pauses = [2_000, 5_000, 15_000, 30_000, 60_000] as const;
/** The same where the chat refuses the content: it will hardly change its mind soon. */
const refusedPauses = [2_000, 5_000, 15_000, 30_000, 60_000, 120_000, 300_000] as const;

const contentCodes: ReadonlySet<CardFailure['code']> = new Set(['rejected', 'bare']);

/** The pause after the `count`-th failure in a row. */
export function nextPause(list: readonly number[], count: number): number {
  return list[Math.min(Math.max(count, 1), list.length) - 1] ?? 0;
}

export function chatErrorCodeOf(error: unknown): CardFailure['code'] {
  if (error === 'bare') return error;
  return error instanceof ChatError || error instanceof StoreError ? error.code : 'bug';
}

export function isRefusal(code: CardFailure['code']): boolean {
  return code === 'closed' || code === 'rejected' || code === 'gone';
}

/** @param troubles where they are kept, by keys that begin with the request's id */
export function createCardFailures(
  clock: Pick<Clock, 'now' | 'elapsed'>,
  troubles = new Map<string, CardFailure>(),
): CardFailures {
  return new FailingCards(clock, troubles);
}

class FailingCards implements CardFailures {
  readonly #clock: Pick<Clock, 'now' | 'elapsed'>;
  readonly #troubles: Map<string, CardFailure>;

  constructor(clock: Pick<Clock, 'now' | 'elapsed'>, troubles: Map<string, CardFailure>) {
    this.#clock = clock;
    this.#troubles = troubles;
  }

  get(key: string): CardFailure | undefined {
    return this.#troubles.get(key);
  }

  wait(key: string, revision: number): number {
    const trouble = this.#troubles.get(key);
    if (trouble === undefined || (contentCodes.has(trouble.code) && revision > trouble.revision)) return 0;
    return Math.max(0, trouble.until - this.#clock.elapsed());
  }

  failed({ key, surface, revision }: TriedCard, error: unknown, paused: boolean): CardFailure {
    const before = this.#troubles.get(key);
    const count = (before?.count ?? 0) + 1;
    const code = chatErrorCodeOf(error);
    const elapsed = this.#clock.elapsed();
    const asked = error instanceof ChatError ? (error.retryAfterMs ?? 0) : 0;
    const until = paused
      ? elapsed + Math.max(nextPause(contentCodes.has(code) ? refusedPauses : pauses, count), asked)
      : elapsed;
    const trouble: CardFailure = {
      surface,
      count,
      refusals: (before?.refusals ?? 0) + (isRefusal(code) ? 1 : 0),
      began: before?.began ?? elapsed,
      since: before?.since ?? this.#clock.now(),
      until,
      code,
      revision,
      why:
        error instanceof ChatError || error instanceof StoreError
          ? error.message
          : 'the bot itself failed; its log says how',
    };
    this.#troubles.set(key, trouble);
    return trouble;
  }

  cleared(key: string): void {
    this.#troubles.delete(key);
  }

  hurry(matches: (key: string, trouble: CardFailure) => boolean): boolean {
    const elapsed = this.#clock.elapsed();
    const waiting = [...this.#troubles].filter(
      ([key, trouble]) => trouble.until > elapsed && matches(key, trouble),
    );
    for (const [key, trouble] of waiting) this.#troubles.set(key, { ...trouble, until: elapsed });
    return waiting.length > 0;
  }
}

export interface SharedPlaces {
  /** What was said last of a place (`surface:id`); undefined while nothing was. */
  known(key: string): 'yes' | 'no' | undefined;
  /** Asks its chat now. `unread` where that cannot tell. */
  ask(key: string): Promise<'yes' | 'no' | 'unread'>;
  /** The same without anybody who waits: one chat must not hold up another. */
  askSoon(key: string): void;
  /** Somebody speaks there, in a place that its chat takes for shared or not. */
  heard(place: Place): void;
  /** Calls back when a place turns out to be read by outsiders. */
  onShared(listener: () => void): void;
}

interface Parts {
  readonly chats: readonly ChatPort[];
  readonly log: Log;
}

export function createSharedPlaces(parts: Parts): SharedPlaces {
  return new AskedPlaces(parts);
}

class AskedPlaces implements SharedPlaces {
  readonly #chats: readonly ChatPort[];
  readonly #log: Log;
  readonly #told = new RecentMap<string, 'yes' | 'no'>(mostPlaces);
  readonly #asking = new Set<string>();
  readonly #listeners: (() => void)[] = [];

  constructor({ chats, log }: Parts) {
    this.#chats = chats;
    this.#log = log;
  }

  known(key: string): 'yes' | 'no' | undefined {
    return this.#told.get(key);
  }

  async ask(key: string): Promise<'yes' | 'no' | 'unread'> {
    const [surface, place] = splitSurfaceKey(key);
    const chat = this.#chats.find((one) => one.surface === surface);
    if (chat?.external === undefined) return this.#told.get(key) ?? 'no';
    try {
      const answer = (await chat.external(place)) ? 'yes' : 'no';
      this.#learn(key, answer);
      return answer;
    } catch (error) {
      if (!(error instanceof ChatError)) throw error;
      return 'unread';
    }
  }

  askSoon(key: string): void {
    if (this.#asking.has(key)) return;
    this.#asking.add(key);
    void this.ask(key)
      .catch((error: unknown) => this.#log.error('placeNotAsked', { place: key, error }))
      .finally(() => this.#asking.delete(key));
  }

  heard(place: Place): void {
    const key = placeKey(place);
    // Where the chat can be asked, what a message tells may only mean that it could not be read.
    if (this.#chats.some((chat) => chat.surface === place.surface && chat.external !== undefined))
      this.askSoon(key);
    else if (place.external) this.#learn(key, 'yes');
  }

  onShared(listener: () => void): void {
    this.#listeners.push(listener);
  }

  #learn(key: string, answer: 'yes' | 'no'): void {
    const news = this.#told.get(key) !== answer;
    this.#told.set(key, answer);
    if (news && answer === 'yes') for (const listener of this.#listeners) listener();
  }
}
