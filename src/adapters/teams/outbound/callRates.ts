// Keeps our own calls below the limits of Teams, so that a burst of cards waits here and not in a 429.
import type { Clock } from '../../../liveResponse/ports.ts';

/** At most `count` calls in any `ms` milliseconds. */
export interface Window {
  readonly count: number;
  readonly ms: number;
}

/**
 * One bot in one thread, sending (msteams-docs: bots/how-to/rate-limit.md). Updates are not listed there and
 * counted as sending.
 */
export const sendLimits: readonly Window[] = [
  { count: 7, ms: 1_000 },
  { count: 8, ms: 2_000 },
  { count: 60, ms: 30_000 },
  { count: 1_800, ms: 3_600_000 },
];
/** One bot in one thread, asking for members (same page). */
export const memberLimits: readonly Window[] = [
  { count: 14, ms: 1_000 },
  { count: 16, ms: 2_000 },
  { count: 120, ms: 30_000 },
  { count: 3_600, ms: 3_600_000 },
];
/** One app in one tenant: 50 a second today, 30 in older texts; the smaller is kept. */
export const globalLimits: readonly Window[] = [{ count: 30, ms: 1_000 }];

/**
 * Exact sliding windows over the calls of one kind. A call counts from its start until a window after its
 * end: Teams saw it in between.
 */
class Calls {
  readonly #limits: readonly Window[];
  readonly #longest: number;
  #flying = 0;
  #ended: number[] = [];
  constructor(limits: readonly Window[]) {
    this.#limits = limits;
    this.#longest = Math.max(...limits.map((limit) => limit.ms));
  }
  /** Milliseconds until one more call may be within every window. */
  wait(now: number): number {
    return Math.max(
      0,
      ...this.#limits.map(({ count, ms }) =>
        this.#flying >= count ? ms : (this.#ended.at(this.#flying - count) ?? -Infinity) + ms - now,
      ),
    );
  }
  begin(): void {
    this.#flying += 1;
  }
  end(now: number): void {
    this.#flying -= 1;
    if ((this.#ended[0] ?? now) <= now - this.#longest)
      this.#ended = this.#ended.filter((time) => time > now - this.#longest);
    this.#ended.push(now);
  }
  idle(now: number): boolean {
    return this.#flying === 0 && (this.#ended.at(-1) ?? -Infinity) <= now - this.#longest;
  }
}

export type Kind = 'send' | 'members';

/**
 * Either how long to wait, in milliseconds, or a place in the windows, to be given back with `end` when the
 * call is over.
 */
export type Taken = { readonly wait: number } | { readonly end: () => void };

export class ConnectorRates {
  readonly #clock: Clock;
  readonly #everything = new Calls(globalLimits);
  readonly #calls = new Map<string, Calls>();
  /** Set by a 429: nothing goes to that conversation before. */
  readonly #closed = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  take(kind: Kind, conversation: string): Taken {
    const now = this.#clock.elapsed();
    const key = `${kind} ${conversation}`;
    const calls = this.#calls.get(key) ?? new Calls(kind === 'send' ? sendLimits : memberLimits);
    const wait = Math.max(calls.wait(now), this.#everything.wait(now), (this.#closed.get(key) ?? 0) - now);
    if (wait > 0) return { wait: Math.ceil(wait) };
    if (!this.#calls.has(key)) this.#forget(now);
    this.#calls.set(key, calls);
    for (const one of [calls, this.#everything]) one.begin();
    return {
      end: () => {
        for (const one of [calls, this.#everything]) one.end(this.#clock.elapsed());
      },
    };
  }

  /** Teams asked for a pause. */
  close(kind: Kind, conversation: string, ms: number): void {
    const key = `${kind} ${conversation}`;
    this.#closed.set(key, Math.max(this.#closed.get(key) ?? 0, this.#clock.elapsed() + ms));
  }

  #forget(now: number): void {
    for (const [key, calls] of this.#calls) if (calls.idle(now)) this.#calls.delete(key);
    for (const [key, until] of this.#closed) if (until <= now) this.#closed.delete(key);
  }
}
