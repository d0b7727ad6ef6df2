// Rates of calls to Defender: the documented rates of every kind of call and the pause that a 429 asks for,
// how many sessions may run at once, and when something is asked again.
import { createdAtOr } from '../action.ts';
import { SlidingWindow } from './slidingWindow.ts';
import type { Left, Rate } from './slidingWindow.ts';

/**
 * Microsoft counts each API by itself, per application and tenant; another tool with the same registration
 * eats the same budget.
 */
export type CallKind = 'submit' | 'list' | 'get' | 'link' | 'cancel' | 'machines' | 'library';
export const callKinds: readonly CallKind[] = [
  'submit',
  'list',
  'get',
  'link',
  'cancel',
  'machines',
  'library',
];
export type Rates = Readonly<Record<CallKind, readonly Rate[]>>;

const minute = 60_000;
const hour = 3_600_000;

/**
 * "API calls are limited to 10 per minute" (learn.microsoft.com/defender-endpoint/api/run-live-response,
 * Limitations 1).
 */
export const submitsPerMinute = 10;
/**
 * "100 calls per minute and 1500 calls per hour" (…/api/get-machineactions-collection,
 * get-live-response-result, cancel-machine-action, get-machines, list-library-files).
 */
export const callsPerMinute = 100;
export const callsPerHour = 1500;
/** Send times and the server's arrival times may differ by this much without our ever exceeding its limit. */
export const safetyMarginMs = 1000;
/** The longest penalty believed of a Retry-After. */
export const maxPenaltyMs = hour;

/** The rates of every kind of call; submissions have one of their own. */
export function ratesOf(limits: {
  readonly submitsPerMinute: number;
  readonly callsPerMinute: number;
  readonly callsPerHour: number;
}): Rates {
  const usual: readonly Rate[] = [
    { limit: limits.callsPerMinute, ms: minute },
    { limit: limits.callsPerHour, ms: hour },
  ];
  return {
    submit: [{ limit: limits.submitsPerMinute, ms: minute }],
    list: usual,
    get: usual,
    link: usual,
    cancel: usual,
    machines: usual,
    library: usual,
  };
}

export const defaultRates: Rates = ratesOf({ submitsPerMinute, callsPerMinute, callsPerHour });

/**
 * The rates of every kind of call, on elapsed time. Asking and taking are one step, so that two callers cannot
 * take the same slot.
 */
export class CallRates {
  readonly #windows: Readonly<Record<CallKind, SlidingWindow>>;
  readonly #until = new Map<CallKind, number>();
  readonly #onTake: (kind: CallKind) => void;

  /**
   * @param onTake called for each call that took a slot
   * @throws RangeError when a rate is not a positive number.
   */
  constructor(
    rates: Rates = defaultRates,
    marginMs: number = safetyMarginMs,
    onTake: (kind: CallKind) => void = () => undefined,
  ) {
    this.#onTake = onTake;
    this.#windows = {
      submit: new SlidingWindow(rates.submit, marginMs),
      list: new SlidingWindow(rates.list, marginMs),
      get: new SlidingWindow(rates.get, marginMs),
      link: new SlidingWindow(rates.link, marginMs),
      cancel: new SlidingWindow(rates.cancel, marginMs),
      machines: new SlidingWindow(rates.machines, marginMs),
      library: new SlidingWindow(rates.library, marginMs),
    };
  }

  /** Milliseconds until a call of this kind may be sent; 0 means now. */
  waitFor(kind: CallKind, now: number): number {
    return Math.max(this.#windows[kind].wait(now), this.#penalty(kind, now));
  }

  /** Takes a slot for a call sent now; false, with nothing taken, when `waitFor` is not 0. */
  take(kind: CallKind, now: number): boolean {
    const taken = this.#penalty(kind, now) === 0 && this.#windows[kind].take(now);
    if (taken) this.#onTake(kind);
    return taken;
  }

  /** After a 429: nothing more of this kind before `until`. Other kinds have rates of their own. */
  backOff(kind: CallKind, until: number): void {
    this.#until.set(kind, Math.max(until, this.#until.get(kind) ?? 0));
  }

  /**
   * Counts calls of the past, in any order. After a restart they come from the journal and from the counts
   * beside it; `elapsedOf` turns times of day into elapsed time.
   */
  seed(kind: CallKind, times: readonly number[]): void {
    this.#windows[kind].seed(times);
  }

  /** What is left of each rate of this kind, for `/lr quota`. */
  left(kind: CallKind, now: number): readonly Left[] {
    return this.#windows[kind].left(now);
  }

  /**
   * Milliseconds until the `position`-th (1 = next) coming submission may be sent. Sessions that are full are
   * not part of this.
   */
  expectedIn(position: number, now: number): number {
    return this.#windows.submit.expectedAt(position, now + this.#penalty('submit', now)) - now;
  }

  #penalty(kind: CallKind, now: number): number {
    return Math.min(maxPenaltyMs, Math.max(0, (this.#until.get(kind) ?? 0) - now));
  }
}

/**
 * The moments of elapsed time at which journaled calls were made; one that the wall clock puts into the
 * future was made just now.
 */
export function elapsedOf(
  times: readonly number[],
  clock: { now(): number; elapsed(): number },
): readonly number[] {
  return times.map((time) => clock.elapsed() - Math.max(0, clock.now() - time));
}

/**
 * Running sessions: 25 in the pages of 2021 to 2025, 50 in today's (…/api/run-live-response, Limitations 2).
 * The smaller one is safe in every tenant.
 */
export const sessionsAtOnce = 25;

/**
 * How many sessions may run at once. Too many sessions and too many calls answer the same 429, so the cap is
 * learned: a 429 to a submission that our own count says was within the rate lowers it to the number then
 * running, and it comes back by one every `capRestoreMs`. With fewer than `minSessionsForCapLearning` running
 * the 429 says nothing about sessions (another tool used the rate up).
 */
export interface SessionCap {
  readonly ceiling: number;
  readonly cap: number;
  /** When `cap` was learned, in elapsed time. */
  readonly since: number;
}

export const capRestoreMs = 2 * 60_000;
export const minSessionsForCapLearning = 5;

export function sessionCap(ceiling: number = sessionsAtOnce): SessionCap {
  return { ceiling, cap: ceiling, since: 0 };
}

/** Sessions allowed at `now`. */
export function capAt(state: SessionCap, now: number): number {
  const restored = Math.max(0, Math.floor((now - state.since) / capRestoreMs));
  return Math.min(state.ceiling, state.cap + restored);
}

/**
 * The cap after a 429 to a submission, `running` sessions of ours being known at that moment (the refused one
 * not counted).
 */
export function afterThrottle(state: SessionCap, running: number, now: number): SessionCap {
  if (running < minSessionsForCapLearning) return state;
  return { ...state, cap: Math.min(capAt(state, now), running), since: now };
}

/** 1,500 calls an hour are one every 2.4 s, for as long as anything runs. */
export const pollGapMs = hour / callsPerHour;
/**
 * While only devices that do not answer are waited for: 120 calls an hour in total, however many there are.
 */
export const parkedGapMs = 30_000;
/**
 * When an action is looked for, in milliseconds after its answer was lost. A list may lag behind what was
 * created.
 */
export const searchSchedule = [2_000, 5_000, 15_000, 60_000, 180_000, 300_000] as const;
/**
 * When an attempt is looked for whose request was given up, in milliseconds after that; a list that lags
 * shows it by then. Ours.
 */
export const lateSearchSchedule = [
  5_000,
  15_000,
  minute,
  3 * minute,
  6 * minute,
  15 * minute,
  30 * minute,
  hour,
  2 * hour,
  4 * hour,
  6 * hour,
] as const;
export const lateSearchMs = 6 * hour;
/** Searches after which a person is asked. */
export const maxSearchAttempts = searchSchedule.length;

/**
 * Online devices usually start within 2 to 3 minutes; one that is still Pending after this is taken to be
 * offline.
 */
export const parkedAfterMs = 10 * minute;

/** A cancel that the policy asks for and that does not end the session is asked for again this often ... */
export const parkedCancelPauseMs = 5 * minute;
/** ... and so many times in all; after that it is a person's turn. Both are ours. */
export const parkedCancelTries = 6;

/**
 * Milliseconds to leave between two polls; undefined when there is nothing to poll for. `fresh`: something
 * was submitted since the last poll.
 */
export function pollGap(
  sessions: { readonly active: number; readonly parked: number; readonly fresh: boolean },
  gaps: { readonly active: number; readonly parked: number } = { active: pollGapMs, parked: parkedGapMs },
): number | undefined {
  if (sessions.fresh) return 0;
  if (sessions.active > 0) return gaps.active;
  return sessions.parked > 0 ? gaps.parked : undefined;
}

/** Since when a session waits, in epoch milliseconds: by Defender's word, else since it was sent or found. */
export function waitsSince({
  action,
  startedAt,
}: {
  readonly action: { readonly createdAt?: number };
  readonly startedAt: number;
}): number {
  return createdAtOr(action, startedAt);
}

/** Whether a session waits for an offline device: Pending for long, with nothing started. */
export function isParked(
  session: {
    readonly action: { readonly status: string; readonly createdAt?: number };
    readonly startedAt: number;
  },
  now: number,
): boolean {
  return session.action.status === 'Pending' && now - waitsSince(session) > parkedAfterMs;
}
