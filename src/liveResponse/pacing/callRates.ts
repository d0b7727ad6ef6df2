// How often we may call Defender: the documented rates of every kind of call, kept by exact sliding windows,
// and the pause that a 429 asks for.
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

  /** @throws RangeError when a rate is not a positive number. */
  constructor(rates: Rates = defaultRates, marginMs: number = safetyMarginMs) {
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
    return this.#penalty(kind, now) === 0 && this.#windows[kind].take(now);
  }

  /** After a 429: nothing more of this kind before `until`. Other kinds have rates of their own. */
  backOff(kind: CallKind, until: number): void {
    this.#until.set(kind, Math.max(until, this.#until.get(kind) ?? 0));
  }

  /**
   * Counts calls of the past, in any order. After a restart they come from the journal; `elapsedOf` turns its
   * times of day into elapsed time.
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
