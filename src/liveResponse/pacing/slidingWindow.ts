// An exact sliding window over past calls: no span of time, wherever it begins, holds more calls than its limit.
// Fixed windows and token buckets let 19 to 20 calls through at "10 per minute"; a list of past times is exact
// and tiny.

/** At most `limit` calls in any span of `ms` milliseconds. */
export interface Rate {
  readonly limit: number;
  readonly ms: number;
}

/** What is left of one rate. */
export interface Left extends Rate {
  readonly left: number;
}

/**
 * Keeps the calls of one kind within several rates at once. Every time is `Clock.elapsed`, in milliseconds: a
 * wall clock that is set back would keep a window full for hours. Asking and taking are one step (`take`), so
 * that two callers cannot get the same slot.
 *
 * A call that is over at once is counted by `take`, `add` or `reserve`. One whose arrival is not known while it
 * is under way is counted from `begin` until a whole span after its `end`, because the other side saw it
 * somewhere in between.
 */
export class SlidingWindow {
  readonly rates: readonly Rate[];
  readonly #marginMs: number;
  readonly #longestMs: number;
  /** No rate ever looks further back than so many calls. */
  readonly #keep: number;
  /** Oldest first. */
  #times: number[] = [];
  #underWay = 0;

  /**
   * @param marginMs added to every span: how much later a call may arrive at the other side than it was sent
   * @throws RangeError when a limit is not a whole number of at least 1, or a span is not positive
   */
  constructor(rates: readonly Rate[], marginMs = 0) {
    for (const rate of rates) {
      if (!Number.isInteger(rate.limit) || rate.limit < 1 || !(rate.ms > 0)) {
        throw new RangeError(
          `a rate needs a whole limit of at least 1 and a positive span, not ${rate.limit} per ${rate.ms} ms`,
        );
      }
    }
    this.rates = rates;
    this.#marginMs = marginMs;
    this.#longestMs = Math.max(0, ...rates.map((rate) => rate.ms));
    this.#keep = Math.max(0, ...rates.map((rate) => rate.limit));
  }

  /** Milliseconds until one more call may be sent; 0 means now. */
  wait(now: number): number {
    return Math.max(0, this.#freeAt(this.#times, now) - now);
  }

  /** Counts a call sent now; false, with nothing counted, when `wait` is not 0. */
  take(now: number): boolean {
    if (this.wait(now) > 0) return false;
    this.add(now);
    return true;
  }

  /** Counts a call of this moment whether or not there was room for it. */
  add(now: number): void {
    this.#times.push(now);
    // Cut rarely, in bulk: shifting 1,500 entries on each call would cost more than keeping twice as many.
    if (this.#times.length > 2 * this.#keep) this.#times = this.#times.slice(-this.#keep);
  }

  /** Counts a call at the first moment that is free, at `notBefore` or later, and answers that moment. */
  reserve(notBefore: number): number {
    const at = this.#freeAt(this.#times, notBefore);
    this.add(at);
    return at;
  }

  /** Counts a call that is under way until `end`. */
  begin(): void {
    this.#underWay += 1;
  }

  /** A call that was counted by `begin` ended now. */
  end(now: number): void {
    this.#underWay -= 1;
    this.add(now);
  }

  /** Counts calls of the past, in any order. */
  seed(times: readonly number[]): void {
    this.#times = [...this.#times, ...times].sort((a, b) => a - b).slice(-this.#keep);
  }

  /** What is left of each rate, in the order in which they were given. */
  left(now: number): readonly Left[] {
    return this.rates.map((rate) => ({ ...rate, left: Math.max(0, rate.limit - this.#used(rate, now)) }));
  }

  /**
   * When the `position`-th (1 = next) coming call may be sent, if each is sent as early as allowed and none
   * before `notBefore`.
   */
  expectedAt(position: number, notBefore: number): number {
    const times = this.#times.slice(-this.#keep);
    let at = notBefore;
    for (let n = 1; n <= position; n += 1) {
      at = this.#freeAt(times, at);
      times.push(at);
    }
    return at;
  }

  /** Nothing is under way and no past call counts any more: the window may be forgotten. */
  isIdle(now: number): boolean {
    const last = this.#times.at(-1);
    return this.#underWay === 0 && (last === undefined || last + this.#longestMs + this.#marginMs <= now);
  }

  /** When one more call may follow `times`, at `at` or later. */
  #freeAt(times: readonly number[], at: number): number {
    let free = at;
    for (const rate of this.rates) {
      const room = rate.limit - this.#underWay;
      // While calls under way fill the limit, no moment is known to be free; a whole span is a safe guess.
      if (room <= 0) free = Math.max(free, at + rate.ms);
      // With `room` calls or more, the room-th last must have left the window before the next may enter it.
      // There is none where there were fewer calls, or where there is no room.
      const last = times[times.length - room];
      if (last !== undefined) free = Math.max(free, last + rate.ms + this.#marginMs);
    }
    return free;
  }

  /** Calls that still count against `rate`. */
  #used(rate: Rate, now: number): number {
    const from = now - rate.ms - this.#marginMs;
    let count = this.#underWay;
    for (let i = this.#times.length - 1; i >= 0 && (this.#times[i] ?? from) > from; i -= 1) count += 1;
    return count;
  }
}
