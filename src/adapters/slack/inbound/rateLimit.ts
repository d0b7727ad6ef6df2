// Lets no account in more often than a hand can press: every answer costs calls that approvals need.
import type { Clock } from '../../../liveResponse/ports.ts';
import { SlidingWindow } from '../../../liveResponse/pacing/slidingWindow.ts';
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
  const turns = new Map<string, { readonly window: SlidingWindow; saidAt: number }>();

  return {
    check(user) {
      const now = clock.elapsed();
      if (turns.size > most) for (const [id, { window }] of turns) if (window.isIdle(now)) turns.delete(id);
      const known = turns.get(user) ?? {
        window: new SlidingWindow([{ limit: turnsPerMinute, ms: minute }]),
        saidAt: -Infinity,
      };
      turns.set(user, known);
      if (known.window.take(now)) return 'go';
      if (known.saidAt > now - minute) return 'tooFastSaid';
      known.saidAt = now;
      return 'tooFast';
    },
  };
}
