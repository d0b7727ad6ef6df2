// What waits, judged again by the policy as it is now: after every change of it, and when a time limit of
// today's has passed. By the lists alone, which are always at hand; groups are asked by those who decide and
// right before the POST.
import type { Deps } from '../../deps.ts';
import type { InState } from '../../../liveResponse/request/events.ts';
import { stageOf, sessionOf } from '../../../liveResponse/request/request.ts';
import { judgeToday, limitsToday } from '../../policy/today.ts';
import type { TodayNo } from '../../policy/today.ts';
import type { Ages } from '../ages.ts';
import { isIn, moveFrom } from '../transition.ts';
import { createNextWake } from '../nextWake.ts';
import type { Turn } from '../worker.ts';
import { byHand } from '../worker.ts';

/** @param isSent whether a request is being sent at this moment: it is judged there, on what was just read */
export function createJudging(
  { store, clock, policy }: Pick<Deps, 'store' | 'clock' | 'policy'>,
  ages: Ages,
  isSent: (id: string) => boolean,
): { pass(turn?: Turn): Promise<number | undefined> } {
  /** A clock that is set back gives no more time than was meant. */
  function nowOf(request: Waiting): number {
    const [what, since] =
      stageOf(request).state === 'queued'
        ? ['approved', sessionOf(request).grant.at]
        : ['asked', request.asked.at];
    return Math.max(clock.now(), since + ages.of(`${request.id} ${what}`, since));
  }

  function objection(request: Waiting): TodayNo | undefined {
    const stage = stageOf(request);
    const judged = judgeToday(
      policy,
      request,
      nowOf(request),
      {},
      stage.state === 'queued' ? sessionOf(request).grant : undefined,
    );
    if (judged === undefined || !('no' in judged)) return undefined;
    // What is approved is held against its device as it is read right before the POST.
    return stage.state === 'queued' && judged.no.code === 'deviceOutOfScope' ? undefined : judged.no;
  }

  return {
    async pass(turn = byHand) {
      const wakes = createNextWake(clock);
      for (const request of store.open()) {
        if (!isIn(request, ['awaitingApproval', 'queued']) || isSent(request.id)) continue;
        if (!turn.goOn()) break;
        if (objection(request) !== undefined) {
          await moveFrom(store, request.id, ['awaitingApproval', 'queued'], (current) => {
            const no = objection(current);
            return no === undefined ? undefined : { type: 'refused', ...no };
          });
          continue;
        }
        const { expiresAt, runBefore } = limitsToday(policy, request);
        const left = (runBefore ?? expiresAt) - nowOf(request);
        if (left > 0) wakes.after(left);
      }
      return wakes.wait();
    },
  };
}

type Waiting = InState<'awaitingApproval' | 'queued'>;
