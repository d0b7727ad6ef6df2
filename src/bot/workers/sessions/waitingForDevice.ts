// Sessions that wait at Defender for an offline device: marked as parked, so that their cards say since when
// and until when, and cancelled when the policy's `cancelParkedAfter` has passed. What has woken is never
// cancelled on purpose: Defender is read right before.
import { duration } from '../../../../cards/time.ts';
import { hasBegun } from '../../../liveResponse/action.ts';
import type { Action } from '../../../liveResponse/action.ts';
import {
  isParked,
  parkedAfterMs,
  parkedCancelPauseMs,
  parkedCancelTries,
  waitsSince,
} from '../../../liveResponse/pacing/schedules.ts';
import { DefenderError } from '../../../liveResponse/ports.ts';
import type { InState } from '../../../liveResponse/request/events.ts';
import type { CancelAsked, WaitingForDevice } from '../../../liveResponse/request/session.ts';
import { stageOf } from '../../../liveResponse/request/request.ts';
import { longestWait } from '../../../liveResponse/tenantLimits.ts';
import { cancelAtDefender } from './cancel.ts';
import type { Deps } from '../../deps.ts';
import type { Policy } from '../../policy/policy.ts';
import { limitsToday } from '../../policy/today.ts';
import type { Ages } from '../ages.ts';
import { queueOf } from '../sessionDeadlines.ts';
import { isIn, moveFrom } from '../transition.ts';
import { createNextWake } from '../nextWake.ts';
import type { NextWake } from '../nextWake.ts';
import type { Turn } from '../worker.ts';
import { byHand } from '../worker.ts';

export interface ParkedWatch {
  /**
   * Marks what has become parked and cancels what has been for too long. Answers after how many milliseconds
   * to come again.
   */
  pass(turn?: Turn): Promise<number | undefined>;
}

/** @param hurry reads Defender at once: a session turned out to be no longer what was last read */
export function createParked(deps: Deps, ages: Ages, hurry: () => void): ParkedWatch {
  const { store, defender, clock, log } = deps;

  async function look(request: InState<'running'>, wakes: NextWake): Promise<void> {
    const stage = stageOf(request);
    const known = stage.run.waitingForDevice === undefined ? await mark(request) : request;
    if (known === undefined) {
      if (stage.run.action.status === 'Pending') wakes.at(waitsSince(request) + parkedAfterMs + 1);
      return;
    }
    const due = cancelIn(known);
    if (due === undefined) return;
    if (due > 0) {
      wakes.after(due);
      return;
    }
    await cancel(known);
    wakes.after(parkedCancelPauseMs);
  }

  /**
   * Milliseconds until the policy's cancel is to be sent (again); undefined when it is not. A person's cancel
   * that goes on is left alone.
   */
  function cancelIn(request: InState<'running'>): number | undefined {
    const { id, parked, cancel } = request;
    const cancelAt = cancelAtOf(request);
    if (parked === undefined || cancelAt === undefined || parked.wokeAt !== undefined) return undefined;
    const first = Math.min(
      cancelAt - clock.now(),
      cancelAt - parked.since - ages.of(`${id} parked`, parked.since),
    );
    if (cancel === undefined) return first;
    const again = parkedCancelPauseMs - ages.of(`${id} cancel`, cancel.at);
    if (cancel.tries === undefined)
      return cancel.answer === 'failed' || cancel.answer === 'noEffect' ? Math.max(first, again) : undefined;
    return cancel.tries < parkedCancelTries ? again : undefined;
  }

  /** What was written when it was parked; or what today's policy makes of it, where that is sooner. */
  function cancelAtOf(request: InState<'running'>): number | undefined {
    const stage = stageOf(request);
    const after = limitsToday(deps.policy, request).cancelParkedAfter;
    const known = [
      stage.run.waitingForDevice?.cancelAt,
      stage.run.waitingForDevice === undefined || after === undefined
        ? undefined
        : stage.run.waitingForDevice.since + after,
    ].filter((at) => at !== undefined);
    return known.length === 0 ? undefined : Math.min(...known);
  }

  async function mark(request: InState<'running'>): Promise<InState<'running'> | undefined> {
    const marked = await moveFrom(store, request.id, ['running'], (current, now) => {
      const stage = stageOf(current);
      return stage.run.waitingForDevice === undefined && isParked(current, now) && !hasBegun(stage.run.action)
        ? { type: 'waitingForDevice', parked: parkedFrom(deps.policy, current, longestWait(queueOf(deps))) }
        : undefined;
    });
    return marked !== undefined && isIn(marked, ['running']) ? marked : undefined;
  }

  /** Written down before it is sent; a line without its call, left by a crash, is one try of several. */
  async function cancel(request: InState<'running'>): Promise<void> {
    const fresh = await read(request);
    if (fresh === undefined) return;
    if (fresh.status !== 'Pending' || hasBegun(fresh)) {
      log.info('wokeBeforeCancel', { request: request.id, status: fresh.status });
      hurry();
      return;
    }
    let asked: CancelAsked | undefined;
    await moveFrom(store, request.id, ['running'], (current, now) => {
      const due = cancelIn(current);
      if (due === undefined || due > 0) return undefined;
      const before = stageOf(current).run.cancel?.tries ?? 0;
      asked = { by: { policy: 'cancelParkedAfter' }, at: now, answer: 'sent', tries: before + 1 };
      return { type: 'cancelAsked', cancel: asked };
    });
    if (asked === undefined) return;
    const told = asked;
    const answered = await cancelAtDefender(
      deps,
      stageOf(request).run.actionId,
      `lr:${request.id} cancelled by the policy: parked for ${duration(told.at - waitsSince(request))} (cancelParkedAfter)`,
    );
    await moveFrom(store, request.id, ['running', 'finished'], () => ({
      type: 'cancelAsked',
      cancel: { ...told, ...answered },
    }));
    hurry();
  }

  /**
   * Undefined when Defender cannot be read or does not know it: then nothing is cancelled on an old reading.
   */
  async function read(request: InState<'running'>): Promise<Action | undefined> {
    try {
      const [action] = await defender.actions([stageOf(request).run.actionId]);
      return action;
    } catch (error) {
      if (!(error instanceof DefenderError)) throw error;
      log.warn('parkedNotRead', { request: request.id, code: error.code, detail: error.message });
      return undefined;
    }
  }

  return {
    async pass(turn = byHand) {
      const wakes = createNextWake(clock);
      for (const request of store.open()) {
        if (!isIn(request, ['running']) || hasBegun(stageOf(request).run.action)) continue;
        if (!turn.goOn()) break;
        await look(request, wakes);
      }
      return wakes.wait();
    },
  };
}

function parkedFrom(
  policy: Policy,
  request: InState<'running'>,
  longest: number,
): Pick<WaitingForDevice, 'since' | 'until' | 'cancelAt'> {
  const since = waitsSince(request);
  const { cancelParkedAfter } = limitsToday(policy, request);
  return {
    since,
    until: since + longest,
    ...(cancelParkedAfter === undefined ? {} : { cancelAt: since + cancelParkedAfter }),
  };
}
