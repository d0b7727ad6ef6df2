// Rates of our calls to the connector, kept below the limits of Teams, so that a burst of cards waits here
// and not in a 429.
import { SlidingWindow } from '../../../liveResponse/pacing/slidingWindow.ts';
import type { Rate } from '../../../liveResponse/pacing/slidingWindow.ts';
import type { Clock } from '../../../liveResponse/ports.ts';

/**
 * One bot in one thread, sending (msteams-docs: bots/how-to/rate-limit.md). Updates are not listed there and
 * counted as sending.
 */
export const sendLimits: readonly Rate[] = [
  { limit: 7, ms: 1_000 },
  { limit: 8, ms: 2_000 },
  { limit: 60, ms: 30_000 },
  { limit: 1_800, ms: 3_600_000 },
];
/** One bot in one thread, asking for members (same page). */
export const memberLimits: readonly Rate[] = [
  { limit: 14, ms: 1_000 },
  { limit: 16, ms: 2_000 },
  { limit: 120, ms: 30_000 },
  { limit: 3_600, ms: 3_600_000 },
];
/** One app in one tenant: 50 a second today, 30 in older texts; the smaller is kept. */
export const globalLimits: readonly Rate[] = [{ limit: 30, ms: 1_000 }];

export type ConnectorCall = 'send' | 'members';

/**
 * Either how long to wait, in milliseconds, or a place in the windows, to be given back with `end` when the
 * call is over.
 */
export type ConnectorTurn = { readonly wait: number } | { readonly end: () => void };

export class ConnectorRates {
  readonly #clock: Clock;
  readonly #everything = new SlidingWindow(globalLimits);
  readonly #calls = new Map<string, SlidingWindow>();
  /** Set by a 429: nothing goes to that conversation before. */
  readonly #closed = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Milliseconds until `take` would give a place; 0 means now. */
  wait(kind: ConnectorCall, conversation: string): number {
    const now = this.#clock.elapsed();
    const key = `${kind} ${conversation}`;
    const calls = this.#calls.get(key)?.wait(now) ?? 0;
    return Math.ceil(Math.max(0, calls, this.#everything.wait(now), (this.#closed.get(key) ?? 0) - now));
  }

  take(kind: ConnectorCall, conversation: string): ConnectorTurn {
    const wait = this.wait(kind, conversation);
    if (wait > 0) return { wait };
    const now = this.#clock.elapsed();
    const key = `${kind} ${conversation}`;
    const calls = this.#calls.get(key) ?? new SlidingWindow(kind === 'send' ? sendLimits : memberLimits);
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
  close(kind: ConnectorCall, conversation: string, ms: number): void {
    const key = `${kind} ${conversation}`;
    this.#closed.set(key, Math.max(this.#closed.get(key) ?? 0, this.#clock.elapsed() + ms));
  }

  #forget(now: number): void {
    for (const [key, calls] of this.#calls) if (calls.isIdle(now)) this.#calls.delete(key);
    for (const [key, until] of this.#closed) if (until <= now) this.#closed.delete(key);
  }
}
