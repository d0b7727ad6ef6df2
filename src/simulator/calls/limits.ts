// Exact sliding windows: a call is refused when the window that ends with it already holds the allowed
// number. Fixed windows or token buckets would let 19 or 20 calls pass at "10 per minute", and a client's
// pacing would look right when it is not.
import type { Limit } from '../profile.ts';

export interface Throttled {
  readonly limit: Limit;
  readonly retryAfterSeconds: number;
}

export class Windows {
  readonly #calls: Map<string, number[]>;

  constructor(saved: Readonly<Record<string, readonly number[]>> = {}) {
    this.#calls = new Map(Object.entries(saved).map(([key, calls]) => [key, [...calls]]));
  }

  /**
   * Counts a call under `key` at `now`, or says which limit it would break. `countRefused` makes a refused
   * call count as well.
   */
  count(key: string, limits: readonly Limit[], now: number, countRefused: boolean): Throttled | undefined {
    const widest = Math.max(0, ...limits.map((limit) => limit.perMs));
    const known = this.#calls.get(key) ?? [];
    // A clock that ran fast before a restart leaves calls in the future; they must not block for as long as
    // it was ahead.
    const calls = (known.at(-1) ?? now) > now ? known.filter((at) => at <= now) : known;
    calls.splice(0, firstAfter(calls, now - widest));
    this.#calls.set(key, calls);
    const throttled = limits
      .map((limit) => throttledBy(limit, calls, now))
      .filter((found) => found !== undefined)
      .sort((one, other) => other.retryAfterSeconds - one.retryAfterSeconds)[0];
    if (throttled === undefined || countRefused) calls.push(now);
    return throttled;
  }

  saved(): Readonly<Record<string, readonly number[]>> {
    return Object.fromEntries(this.#calls);
  }
}

function throttledBy(limit: Limit, calls: readonly number[], now: number): Throttled | undefined {
  const within = calls.length - firstAfter(calls, now - limit.perMs);
  if (within < limit.max) return undefined;
  const leaving = calls[calls.length - limit.max] ?? now;
  return { limit, retryAfterSeconds: Math.max(1, Math.ceil((leaving + limit.perMs - now) / 1_000)) };
}

/** How many calls, which are in the order of their times, were made at `time` or before. */
function firstAfter(calls: readonly number[], time: number): number {
  let [from, to] = [0, calls.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((calls[middle] ?? Infinity) > time) to = middle;
    else from = middle + 1;
  }
  return from;
}
