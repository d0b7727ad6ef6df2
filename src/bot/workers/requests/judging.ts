// What waits, judged again by the policy as it is now: after every change of it, and when a time limit of
// today's has passed. By the lists alone, which are always at hand; groups are asked by those who decide and
// right before the POST.
import type { Deps } from '../../deps.ts';
import type { Request, RequestSession } from '../../../liveResponse/request/request.ts';
import { judgeToday, limitsToday } from '../../policy/today.ts';
import type { TodayNo } from '../../policy/today.ts';
import type { Ages } from '../ages.ts';
import { changeRequest, changeSession, sessionsIn } from '../transition.ts';
import { createNextWake, byHand } from '../worker.ts';
import type { Turn } from '../worker.ts';

/** @param isSent whether a request is being sent at this moment: it is judged there, on what was just read */
export function createJudging(
  { store, clock, policy }: Pick<Deps, 'store' | 'clock' | 'policy'>,
  ages: Ages,
  isSent: (id: string) => boolean,
): { pass(turn?: Turn): Promise<number | undefined> } {
  /** A clock that is set back gives no more time than was meant. */
  function nowOf({ request, session }: Waiting): number {
    const [what, since] =
      session === undefined ? ['asked', request.asked.at] : ['approved', session.grant.at];
    return Math.max(clock.now(), since + ages.of(`${request.id} ${what}`, since));
  }

  function objection(waiting: Waiting): TodayNo | undefined {
    const { request, session } = waiting;
    const judged = judgeToday(policy, request, nowOf(waiting), {}, session?.grant.votes[0]);
    if (judged === undefined || !('no' in judged)) return undefined;
    // What is approved is held against its device as it is read right before the POST.
    return session !== undefined && judged.no.code === 'deviceOutOfScope' ? undefined : judged.no;
  }

  /** Judged once more on what it is inside the change. */
  async function refuse(waiting: Waiting): Promise<void> {
    const refusal = (current: Waiting) => {
      const no = objection(current);
      return no === undefined ? undefined : { type: 'refused' as const, ...no };
    };
    if (waiting.session !== undefined) await changeSession(store, waiting, ['queued'], refusal);
    else
      await changeRequest(store, waiting.request.id, (request) =>
        request.stage.state === 'awaitingApproval' ? refusal({ request }) : undefined,
      );
  }

  return {
    async pass(turn = byHand) {
      const wakes = createNextWake(clock);
      for (const waiting of store.open().flatMap(waitingOf)) {
        const { request } = waiting;
        if (isSent(request.id)) continue;
        if (!turn.goOn()) break;
        if (objection(waiting) !== undefined) {
          await refuse(waiting);
          continue;
        }
        const { expiresAt, runBefore } = limitsToday(policy, request);
        const left = (runBefore ?? expiresAt) - nowOf(waiting);
        if (left > 0) wakes.after(left);
      }
      return wakes.wait();
    },
  };
}

/** A request that waits for approval, or a session of it that waits to be sent. */
type Waiting = { readonly request: Request; readonly session?: undefined } | RequestSession<'queued'>;

function waitingOf(request: Request): readonly Waiting[] {
  return request.stage.state === 'awaitingApproval' ? [{ request }] : sessionsIn([request], ['queued']);
}
