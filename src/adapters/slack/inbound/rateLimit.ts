// Rate limit per person in Slack, above what a hand can press: every answer costs calls that approvals need.
import type { Clock } from '../../../liveResponse/ports.ts';
import { turnsPerMinute } from '../limits.ts';

export type Turn = 'go' | 'tooFast' | 'tooFastSaid';

export interface RateLimit {
  /** `tooFast` is answered once a minute and account, then `tooFastSaid`. */
  check(user: string): Turn;
}

const minute = 60_000;
/** Swept when there are more than this many. */
const most = 5_000;

export function createRateLimit(clock: Pick<Clock, 'elapsed'>): RateLimit {
  const turns = new Map<string, { readonly times: readonly number[]; readonly saidAt: number }>();

  return {
    check(user) {
      const now = clock.elapsed();
      if (turns.size > most)
        for (const [id, { times }] of turns) if ((times.at(-1) ?? 0) <= now - minute) turns.delete(id);
      const before = turns.get(user) ?? { times: [], saidAt: -Infinity };
      const recent = before.times.filter((at) => at > now - minute);
      if (recent.length < turnsPerMinute) {
        turns.set(user, { ...before, times: [...recent, now] });
        return 'go';
      }
      if (before.saidAt > now - minute) return 'tooFastSaid';
      turns.set(user, { times: recent, saidAt: now });
      return 'tooFast';
    },
  };
}
