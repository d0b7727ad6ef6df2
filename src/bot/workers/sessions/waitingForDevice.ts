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
import type { CancelAsked, WaitingForDevice } from '../../../liveResponse/request/session.ts';
import type { RequestSession } from '../../../liveResponse/request/request.ts';
import { longestWait } from '../../../liveResponse/tenantLimits.ts';
import { cancelAtDefender } from './cancel.ts';
import type { Deps } from '../../deps.ts';
import type { Policy } from '../../policy/policy.ts';
import { limitsToday } from '../../policy/today.ts';
import type { Ages } from '../ages.ts';
import { queueOf } from '../sessionDeadlines.ts';
import { changeSession, isIn, sessionsIn } from '../transition.ts';
import { createNextWake, byHand } from '../worker.ts';
import type { NextWake, Turn } from '../worker.ts';

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

  async function look(running: RequestSession<'running'>, wakes: NextWake): Promise<void> {
    const { run } = running.session.stage;
    const known = run.waitingForDevice === undefined ? await mark(running) : running;
    if (known === undefined) {
      if (run.action.status === 'Pending') wakes.at(waitsSince(run) + parkedAfterMs + 1);
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
  function cancelIn(running: RequestSession<'running'>): number | undefined {
    const { id } = running.request;
    const { waitingForDevice: waiting, cancel } = running.session.stage.run;
    const cancelAt = cancelAtOf(running);
    if (waiting === undefined || cancelAt === undefined || waiting.wokeAt !== undefined) return undefined;
    const first = Math.min(
      cancelAt - clock.now(),
      cancelAt - waiting.since - ages.of(`${id} parked`, waiting.since),
    );
    if (cancel === undefined) return first;
    const again = parkedCancelPauseMs - ages.of(`${id} cancel`, cancel.at);
    if (cancel.tries === undefined)
      return cancel.answer === 'failed' || cancel.answer === 'noEffect' ? Math.max(first, again) : undefined;
    return cancel.tries < parkedCancelTries ? again : undefined;
  }

  /** What was written when it was parked; or what today's policy makes of it, where that is sooner. */
  function cancelAtOf({ request, session }: RequestSession<'running'>): number | undefined {
    const { waitingForDevice: waiting } = session.stage.run;
    const after = limitsToday(deps.policy, request).cancelParkedAfter;
    const known = [
      waiting?.cancelAt,
      waiting === undefined || after === undefined ? undefined : waiting.since + after,
    ].filter((at) => at !== undefined);
    return known.length === 0 ? undefined : Math.min(...known);
  }

  async function mark(running: RequestSession<'running'>): Promise<RequestSession<'running'> | undefined> {
    const marked = await changeSession(store, running, ['running'], (current, now) => {
      const { run } = current.session.stage;
      return run.waitingForDevice === undefined && isParked(run, now) && !hasBegun(run.action)
        ? { type: 'waitingForDevice', waiting: waitingFrom(deps.policy, current, longestWait(queueOf(deps))) }
        : undefined;
    });
    return isIn(marked, ['running']) ? marked : undefined;
  }

  /** Written down before it is sent; a line without its call, left by a crash, is one try of several. */
  async function cancel(running: RequestSession<'running'>): Promise<void> {
    const { request, session } = running;
    const { run } = session.stage;
    const fresh = await read(running);
    if (fresh === undefined) return;
    if (fresh.status !== 'Pending' || hasBegun(fresh)) {
      log.info('wokeBeforeCancel', { request: request.id, status: fresh.status });
      hurry();
      return;
    }
    let asked: CancelAsked | undefined;
    await changeSession(store, running, ['running'], (current, now) => {
      const due = cancelIn(current);
      if (due === undefined || due > 0) return undefined;
      const before = current.session.stage.run.cancel?.tries ?? 0;
      asked = { by: { policy: 'cancelParkedAfter' }, at: now, answer: 'sent', tries: before + 1 };
      return { type: 'cancelAsked', cancel: asked };
    });
    if (asked === undefined) return;
    const told = asked;
    const answered = await cancelAtDefender(
      deps,
      run.actionId,
      `lr:${request.id} cancelled by the policy: parked for ${duration(told.at - waitsSince(run))} (cancelParkedAfter)`,
    );
    await changeSession(store, running, ['running', 'finished'], () => ({
      type: 'cancelAsked',
      cancel: { ...told, ...answered },
    }));
    hurry();
  }

  /**
   * Undefined when Defender cannot be read or does not know it: then nothing is cancelled on an old reading.
   */
  async function read({ request, session }: RequestSession<'running'>): Promise<Action | undefined> {
    try {
      const [action] = await defender.actions([session.stage.run.actionId]);
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
      for (const running of sessionsIn(store.open(), ['running'])) {
        if (hasBegun(running.session.stage.run.action)) continue;
        if (!turn.goOn()) break;
        await look(running, wakes);
      }
      return wakes.wait();
    },
  };
}

function waitingFrom(
  policy: Policy,
  { request, session }: RequestSession<'running'>,
  longest: number,
): Pick<WaitingForDevice, 'since' | 'until' | 'cancelAt'> {
  const since = waitsSince(session.stage.run);
  const { cancelParkedAfter } = limitsToday(policy, request);
  return {
    since,
    until: since + longest,
    ...(cancelParkedAfter === undefined ? {} : { cancelAt: since + cancelParkedAfter }),
  };
}
