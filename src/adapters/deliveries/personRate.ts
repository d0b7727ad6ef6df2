// Lets nobody in more often than a hand can press, in any chat: every answer costs calls that approvals need.
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
  const turns = new Map<string, { readonly times: readonly number[]; readonly saidAt: number }>();

  function check(account: string): Turn {
    const now = clock.elapsed();
    if (turns.size > most)
      for (const [id, { times }] of turns) if ((times.at(-1) ?? 0) <= now - minute) turns.delete(id);
    const before = turns.get(account) ?? { times: [], saidAt: -Infinity };
    const recent = before.times.filter((at) => at > now - minute);
    if (recent.length < turnsPerMinute) {
      turns.set(account, { ...before, times: [...recent, now] });
      return 'go';
    }
    if (before.saidAt > now - minute) return 'tooFastSaid';
    turns.set(account, { times: recent, saidAt: now });
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
