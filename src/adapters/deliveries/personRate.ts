// The rate limit per person in every chat, above what a hand can press: every answer costs calls that
// approvals need.
import { SlidingWindow } from '../../liveResponse/pacing/slidingWindow.ts';
import type { Clock } from '../../liveResponse/ports.ts';
import type { Deliveries } from './deliveries.ts';

/**
 * Our own limit on what one account may press and type in a minute before it is told to wait: no hand needs
 * more.
 */
export const turnsPerMinute = 40;

/** `tooFast` is answered once a minute and account; after that it is `tooFastSaid`. */
export type Turn = 'go' | 'tooFast' | 'tooFastSaid';

const minute = 60_000;
/** Idle accounts are removed when there are more than this many. */
const most = 5_000;

export interface PersonRateOptions {
  readonly deliveries: Pick<Deliveries, 'has' | 'ignore'>;
  readonly clock: Pick<Clock, 'elapsed'>;
}

export class PersonRate {
  readonly #options: PersonRateOptions;
  readonly #accounts = new Map<string, { readonly window: SlidingWindow; saidAt: number }>();

  constructor(options: PersonRateOptions) {
    this.#options = options;
  }

  /**
   * Whether a delivery is accepted now. A repeated delivery counts once. A refused one is remembered, so that
   * the repeats that the platform sends are not accepted either.
   */
  admit(delivery: string, account: string): Turn {
    const { deliveries } = this.#options;
    const turn = deliveries.has(delivery) ? 'go' : this.#check(account);
    if (turn !== 'go') deliveries.ignore(delivery);
    return turn;
  }

  #check(account: string): Turn {
    const now = this.#options.clock.elapsed();
    if (this.#accounts.size > most)
      for (const [id, { window }] of this.#accounts) if (window.isIdle(now)) this.#accounts.delete(id);
    const known = this.#accounts.get(account) ?? {
      window: new SlidingWindow([{ limit: turnsPerMinute, ms: minute }]),
      saidAt: -Infinity,
    };
    this.#accounts.set(account, known);
    if (known.window.take(now)) return 'go';
    if (known.saidAt > now - minute) return 'tooFastSaid';
    known.saidAt = now;
    return 'tooFast';
  }
}
