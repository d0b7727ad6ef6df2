// Checks of how often Defender is called: in no window that the server sees may there be more calls of ours than
// the limits that the bot was given allow.
import type { Arrival } from '../world/defenderSide.ts';
import type { Ledger } from './ledger.ts';

/**
 * Fewer than documented, so that the few people of a day come up against them: two that are approved together, and
 * sessions that are looked at every 2.4 s.
 */
export const allowed = { submitsPerMinute: 1, callsPerMinute: 20, callsPerHour: 1_500 } as const;

const limits: Readonly<Record<string, readonly (readonly [number, number])[]>> = {
  run: [[allowed.submitsPerMinute, 60_000]],
};
const usual = [
  [allowed.callsPerMinute, 60_000],
  [allowed.callsPerHour, 3_600_000],
] as const;

export class BudgetChecks {
  readonly #ledger: Ledger;
  readonly #times = new Map<string, number[]>();
  #seen = 0;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  /** Looks at what arrived since the last look. */
  look(arrivals: readonly Arrival[]): void {
    for (; this.#seen < arrivals.length; this.#seen += 1) {
      const arrival = arrivals[this.#seen];
      if (arrival === undefined || arrival.kind === 'blob') continue;
      const times = this.#times.get(arrival.kind) ?? [];
      times.push(arrival.at);
      this.#times.set(arrival.kind, times);
      for (const [most, ms] of limits[arrival.kind] ?? usual) {
        const first = times[times.length - 1 - most];
        if (first !== undefined && arrival.at - first < ms)
          this.#ledger.broken(
            'budget',
            `${most + 1} calls of ${arrival.kind} within ${arrival.at - first} ms, and ${most} are allowed in ${ms}`,
          );
      }
    }
  }
}
