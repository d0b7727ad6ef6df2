// Follows every running session with one list call, and turns what Defender says into events.
import { rightSentence } from '../../../../cards/messages/rights.ts';
import { isKnownStatus, isTerminal, outcomeOf, sameReading } from '../../../liveResponse/action.ts';
import type { Action } from '../../../liveResponse/action.ts';
import { DefenderError, errorAnswer } from '../../../liveResponse/ports.ts';
import { isParked, pollGap } from '../../../liveResponse/pacing/schedules.ts';
import type { RequestSession } from '../../../liveResponse/request/request.ts';
import type { DefenderWatch } from '../upkeep/defenderWatch.ts';
import type { Deps } from '../../deps.ts';
import type { TenantLearning } from './tenantLearning.ts';
import { deadlineAfter, queueOf } from '../sessionDeadlines.ts';
import type { Ages } from '../ages.ts';
import { changeSession, sessionsIn } from '../transition.ts';
import type { Turn } from '../worker.ts';
import { byHand } from '../worker.ts';

/**
 * Readings in a row in which Defender no longer knew an action, before we say that we lost track of it. Lists
 * lag; five polls do not.
 */
const missesBeforeLost = 5;

/** No cancel call takes this long: one still without an answer went down with its process. Milliseconds. */
const cancelPatience = 2 * 60_000;
/**
 * A cancel takes effect within seconds (defender-api.md 3). After this it has none, whatever Defender
 * answered. Milliseconds.
 */
const cancelEffect = 5 * 60_000;

export interface Following {
  /**
   * One reading of everything that runs. Answers after how many milliseconds the next is wanted; undefined
   * while nothing runs.
   */
  pass(turn?: Turn): Promise<number | undefined>;
  /**
   * When the last reading ended, whatever came of it, in the clock's elapsed time; undefined before the first
   * and while nothing runs.
   */
  readAt(): number | undefined;
  /** Why the last reading failed, in words; undefined while it works. */
  trouble(): string | undefined;
}

export function createFollowing(
  deps: Deps & { readonly watch: Pick<DefenderWatch, 'forget'> },
  ages: Ages,
  learning?: Pick<TenantLearning, 'shown'>,
): Following {
  const { store, defender, clock, log } = deps;
  const misses = new Map<string, number>();
  const warned = new Set<string>();
  let trouble: string | undefined;
  let readAt: number | undefined;

  async function pass(turn: Turn = byHand): Promise<number | undefined> {
    const running = sessionsIn(store.open(), ['running']);
    // Nobody asks Defender any more, so nobody would ever take this back.
    if (running.length === 0) trouble = readAt = undefined;
    if (running.length === 0 && sessionsIn(store.open(), ['unknown']).length === 0)
      deps.watch.forget('follow');
    for (const one of running) if (turn.goOn()) await giveUpCancel(one);
    for (const id of misses.keys()) if (!running.some(({ request }) => request.id === id)) misses.delete(id);
    if (running.length === 0 || !turn.goOn()) return undefined;
    const asked = clock.elapsed();
    const read = await readAll(running);
    readAt = clock.elapsed();
    if ('retryAfter' in read) return read.retryAfter;
    for (const one of running)
      if (turn.goOn()) await apply(one, read.actions.get(one.session.stage.run.actionId));
    const still = sessionsIn(store.open(), ['running']);
    const parked = still.filter(({ session }) => isParked(session.stage.run, clock.now())).length;
    // A submission nudges the worker, so nothing is fresh here: it has just been read.
    const gap = pollGap(
      { active: still.length - parked, parked, fresh: false },
      { active: deps.settings.pollGap, parked: deps.settings.parkedGap },
    );
    return gap === undefined ? undefined : Math.max(0, asked + gap - clock.elapsed());
  }

  async function readAll(
    running: readonly RequestSession<'running'>[],
  ): Promise<{ readonly actions: ReadonlyMap<string, Action> } | { readonly retryAfter: number }> {
    try {
      const actions = await defender.actions(running.map(({ session }) => session.stage.run.actionId));
      trouble = undefined;
      return { actions: new Map(actions.map((action) => [action.id, action])) };
    } catch (error) {
      if (!(error instanceof DefenderError)) throw error;
      trouble = rightSentence(errorAnswer(error)) ?? error.message;
      log.warn('pollFailed', {
        code: error.code,
        detail: error.message,
        why: trouble,
        target: error.detail.target,
      });
      // Overdue sessions must be told even while Defender is down.
      for (const one of running) await tellOverdue(one);
      return { retryAfter: Math.max(error.detail.retryAfterMs ?? 0, deps.settings.pollGap) };
    }
  }

  async function apply(running: RequestSession<'running'>, action: Action | undefined): Promise<void> {
    const { request } = running;
    if (action === undefined) {
      const missed = (misses.get(request.id) ?? 0) + 1;
      misses.set(request.id, missed);
      if (missed >= missesBeforeLost)
        await changeSession(store, running, ['running'], () => ({ type: 'actionMissing' }));
      return;
    }
    misses.delete(request.id);
    learning?.shown(running, action);
    if (!isKnownStatus(action.status) && !warned.has(action.status)) {
      warned.add(action.status);
      log.warn('unknownStatus', { request: request.id, status: action.status });
    }
    if (isTerminal(action.status)) {
      const outcome = outcomeOf[action.status];
      await changeSession(store, running, ['running'], () => ({ type: 'ended', action, outcome }));
      return;
    }
    await changeSession(store, running, ['running'], (current) => {
      const { stage } = current.session;
      const deadline = deadlineAfter(current, action, queueOf(deps));
      return sameReading(stage.run.action, action) && deadline === stage.deadline
        ? undefined
        : { type: 'progressed', action, deadline };
    });
    await tellOverdue(running);
  }

  async function tellOverdue(running: RequestSession<'running'>): Promise<void> {
    await changeSession(store, running, ['running'], ({ session }, now) =>
      session.stage.deadline <= now ? { type: 'overdue' } : undefined,
    );
  }

  /**
   * Whether it arrived is not known, or it did and changed nothing; Defender takes a second one, so people
   * may press again.
   */
  async function giveUpCancel(running: RequestSession<'running'>): Promise<void> {
    await changeSession(store, running, ['running'], ({ request, session }) => {
      const { cancel } = session.stage.run;
      if (cancel === undefined) return undefined;
      const waited = ages.of(`${request.id} cancel`, cancel.at);
      if (cancel.answer === 'sent' && waited > cancelPatience)
        return { type: 'cancelAsked', cancel: { ...cancel, answer: 'failed' } };
      const answered = cancel.answer === 'accepted' || cancel.answer === 'alreadyOver';
      return answered && waited > cancelEffect
        ? { type: 'cancelAsked', cancel: { ...cancel, answer: 'noEffect' } }
        : undefined;
    });
  }

  return { pass, trouble: () => trouble, readAt: () => readAt };
}
