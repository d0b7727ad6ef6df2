// Lets nobody in more often than a hand can press, in any chat: every answer costs calls that approvals need.
import { SlidingWindow } from '../../liveResponse/pacing/slidingWindow.ts';
import type { Clock } from '../../liveResponse/ports.ts';
import type { Deliveries } from './deliveries.ts';

/**
 * What one account may press and type in a minute before it is told to wait: no hand needs more. Ours.
 */
export const turnsPerMinute = 40;

/** `tooFast` is said once a minute and account; then it is `tooFastSaid`. */
export type Turn = 'go' | 'tooFast' | 'tooFastSaid';

export interface PersonRate {
  /**
   * Whether a delivery is taken now. One that has come in before counts once; one that is not taken is
   * remembered, so that the platform's repeats of it are not taken either.
   */
  admit(delivery: string, account: string): Turn;
}

const minute = 60_000;
/** Swept when there are more than this many. */
const most = 5_000;

export function createPersonRate(
  deliveries: Pick<Deliveries, 'has' | 'ignore'>,
  clock: Pick<Clock, 'elapsed'>,
): PersonRate {
  const turns = new Map<string, { readonly window: SlidingWindow; saidAt: number }>();

  function check(account: string): Turn {
    const now = clock.elapsed();
    if (turns.size > most) for (const [id, { window }] of turns) if (window.isIdle(now)) turns.delete(id);
    const known = turns.get(account) ?? {
      window: new SlidingWindow([{ limit: turnsPerMinute, ms: minute }]),
      saidAt: -Infinity,
    };
    turns.set(account, known);
    if (known.window.take(now)) return 'go';
    if (known.saidAt > now - minute) return 'tooFastSaid';
    known.saidAt = now;
    return 'tooFast';
  }

  return {
    admit(delivery, account) {
      const turn = deliveries.has(delivery) ? 'go' : check(account);
      if (turn !== 'go') deliveries.ignore(delivery);
      return turn;
    },
  };
}
