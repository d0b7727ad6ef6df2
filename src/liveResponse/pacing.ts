// How fast we may ask Defender: exact sliding windows for each kind of call, a session cap that learns, and
// the gap between polls. Fixed windows and token buckets let 19 to 20 calls through at "10 per minute"; a log
// of past times is exact and tiny.
import { createdAtOr } from './action.ts';

/** At most `limit` calls in any span of `ms` milliseconds. */
export interface Rate {
  readonly limit: number;
  readonly ms: number;
}

/**
 * Microsoft counts each API by itself, per application and tenant; another tool with the same registration
 * eats the same budget.
 */
export type Kind = 'submit' | 'list' | 'get' | 'link' | 'cancel' | 'machines' | 'library';
export const kinds: readonly Kind[] = ['submit', 'list', 'get', 'link', 'cancel', 'machines', 'library'];
export type Rates = Readonly<Record<Kind, readonly Rate[]>>;

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
/**
 * Running sessions: 25 in the pages of 2021 to 2025, 50 in today's (…/api/run-live-response, Limitations 2).
 * The smaller one is safe in every tenant.
 */
export const sessionsAtOnce = 25;
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
 * The times of past calls of one kind, oldest first, as far as its rates still need them. All times are
 * `Clock.elapsed`, which nobody sets.
 */
class SlidingWindow {
  readonly rates: readonly Rate[];
  readonly #guard: number;
  readonly #keep: number;
  #times: number[] = [];

  constructor(rates: readonly Rate[], guard: number) {
    for (const rate of rates) {
      if (!Number.isInteger(rate.limit) || rate.limit < 1 || !(rate.ms > 0)) {
        throw new RangeError(
          `a rate needs a whole limit of at least 1 and a positive span, not ${rate.limit} per ${rate.ms} ms`,
        );
      }
    }
    this.rates = rates;
    this.#guard = guard;
    this.#keep = Math.max(0, ...rates.map((rate) => rate.limit));
  }

  /** Milliseconds until one more call may be sent. */
  wait(now: number): number {
    return Math.max(0, this.#free(this.#times, now) - now);
  }

  /** When one more call may follow `times`, at `at` or later. */
  #free(times: readonly number[], at: number): number {
    let free = at;
    for (const rate of this.rates) {
      // With `limit` calls or more, the limit-th last must have left the window before the next may enter it.
      const last = times.length < rate.limit ? undefined : times[times.length - rate.limit];
      if (last !== undefined) free = Math.max(free, last + rate.ms + this.#guard);
    }
    return free;
  }

  add(now: number): void {
    this.#times.push(now);
    // Cut rarely, in bulk: shifting 1,500 entries on each call would cost more than keeping twice as many.
    if (this.#times.length > 2 * this.#keep) this.#times = this.#times.slice(-this.#keep);
  }

  seed(times: readonly number[]): void {
    this.#times = [...this.#times, ...times].sort((a, b) => a - b).slice(-this.#keep);
  }

  /** Calls that still count against `rate`. */
  used(rate: Rate, now: number): number {
    const from = now - rate.ms - this.#guard;
    let count = 0;
    for (let i = this.#times.length - 1; i >= 0 && (this.#times[i] ?? from) > from; i -= 1) count += 1;
    return count;
  }

  /**
   * When the `position`-th coming call may be sent, if each is sent as early as allowed and none before
   * `notBefore`.
   */
  expected(position: number, now: number, notBefore: number): number {
    const times = this.#times.slice(-this.#keep);
    let at = Math.max(now, notBefore);
    for (let n = 1; n <= position; n += 1) {
      at = this.#free(times, at);
      times.push(at);
    }
    return at;
  }
}

/** What is left of one rate, for `/lr quota`. */
export interface Left {
  readonly limit: number;
  readonly ms: number;
  readonly left: number;
}

/**
 * The budgets of every kind of call, on elapsed time: a wall clock that is set back would otherwise keep them
 * full for hours. Asking and taking are one step, so that two callers cannot take the same slot.
 */
export class CallRates {
  readonly #logs: Readonly<Record<Kind, SlidingWindow>>;
  readonly #until = new Map<Kind, number>();

  /** @throws RangeError when a rate is not a positive number. */
  constructor(rates: Rates = defaultRates, guard: number = safetyMarginMs) {
    this.#logs = {
      submit: new SlidingWindow(rates.submit, guard),
      list: new SlidingWindow(rates.list, guard),
      get: new SlidingWindow(rates.get, guard),
      link: new SlidingWindow(rates.link, guard),
      cancel: new SlidingWindow(rates.cancel, guard),
      machines: new SlidingWindow(rates.machines, guard),
      library: new SlidingWindow(rates.library, guard),
    };
  }

  /** Milliseconds until a call of this kind may be sent; 0 means now. */
  waitFor(kind: Kind, now: number): number {
    return Math.max(this.#logs[kind].wait(now), this.#penalty(kind, now));
  }

  /** Takes a slot for a call sent now; false, with nothing taken, when `waitFor` is not 0. */
  take(kind: Kind, now: number): boolean {
    if (this.waitFor(kind, now) > 0) return false;
    this.#logs[kind].add(now);
    return true;
  }

  /**
   * After a 429: nothing more of this kind before `until`. Other kinds have budgets of their own and go on.
   */
  backOff(kind: Kind, until: number): void {
    this.#until.set(kind, Math.max(until, this.#until.get(kind) ?? 0));
  }

  /**
   * Counts calls of the past, in any order: after a restart they come from the journal, whose times of day
   * are told as ages first.
   */
  seed(kind: Kind, times: readonly number[]): void {
    this.#logs[kind].seed(times);
  }

  left(kind: Kind, now: number): readonly Left[] {
    const log = this.#logs[kind];
    return log.rates.map((rate) => ({ ...rate, left: Math.max(0, rate.limit - log.used(rate, now)) }));
  }

  /**
   * Milliseconds until the `position`-th (1 = next) coming submission may be sent. Sessions that are full are
   * not part of this.
   */
  expectedIn(position: number, now: number): number {
    return this.#logs.submit.expected(position, now, now + this.#penalty('submit', now)) - now;
  }

  #penalty(kind: Kind, now: number): number {
    return Math.min(maxPenaltyMs, Math.max(0, (this.#until.get(kind) ?? 0) - now));
  }
}

/**
 * How many sessions may run at once. Too many sessions and too many calls answer the same 429, so the cap is
 * learned: a 429 to a submission that our own count says was within the rate lowers it to the number then
 * running, and it comes back by one every `capRestoreMs`. With fewer than `minSessionsForCapLearning` running the 429 says
 * nothing about sessions (another tool used the rate up).
 */
export interface SessionCap {
  readonly ceiling: number;
  readonly cap: number;
  /** When `cap` was learned, in elapsed time. */
  readonly since: number;
}

export const capRestoreMs = 2 * minute;
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
 * Online devices start within 2 to 3 minutes (defender-api.md 9.1); still Pending after this, a device is
 * taken to be offline.
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
