// Following of running sessions with one list call for all. Sessions that wait for an offline device are
// marked, and cancelled when the policy says so.
import { duration } from '../../../../cards/clip.ts';
import { rightSentence } from '../../../../cards/messages/rights.ts';
import { hasBegun, isKnownStatus, isTerminal, outcomeOf, sameReading } from '../../../liveResponse/action.ts';
import type { Action } from '../../../liveResponse/action.ts';
import {
  isParked,
  parkedAfterMs,
  parkedCancelPauseMs,
  parkedCancelTries,
  pollGap,
  waitsSince,
} from '../../../liveResponse/pacing/callRates.ts';
import { DefenderError, errorAnswer } from '../../../liveResponse/ports.ts';
import type { RequestSession } from '../../../liveResponse/request/request.ts';
import type { CancelAsked, WaitingForDevice } from '../../../liveResponse/request/session.ts';
import { longestWait } from '../../../liveResponse/tenantLimits.ts';
import type { Deps } from '../../deps.ts';
import type { Policy } from '../../policy/policy.ts';
import { limitsToday } from '../../policy/today.ts';
import { changeSession, deadlineAfter, isIn, queueOf, sessionKey, sessionsIn } from '../transition.ts';
import type { Ages } from '../transition.ts';
import type { DefenderWatch } from '../upkeep/defenderWatch.ts';
import { byHand, createNextWake } from '../worker.ts';
import type { NextWake, Turn } from '../worker.ts';
import { cancelAtDefender } from './cancel.ts';
import type { TenantLearning } from './tenantLearning.ts';

/**
 * Readings in a row in which Defender no longer knew an action, before we say that we lost track of it. Lists
 * lag; five polls do not.
 */
const missesBeforeLost = 5;

/** No cancel call takes this long: one still without an answer went down with its process. Milliseconds. */
const cancelPatience = 2 * 60_000;
/**
 * A cancel takes effect within seconds. After this it has none, whatever Defender
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
  /** The same of the last reading that worked. */
  freshAt(): number | undefined;
  /** Why the last reading failed, in words; undefined while it works. */
  trouble(): string | undefined;
}

type FollowingDeps = Deps & { readonly watch: Pick<DefenderWatch, 'forget'> };

/** Unknown words for a status that are logged once each; what Defender sends must not fill the memory. */
const mostWarned = 100;

export function createFollowing(
  deps: FollowingDeps,
  ages: Ages,
  learning?: Pick<TenantLearning, 'shown'>,
): Following {
  return new RunningSessions(deps, ages, learning);
}

class RunningSessions implements Following {
  readonly #deps: FollowingDeps;
  readonly #ages: Ages;
  readonly #learning: Pick<TenantLearning, 'shown'> | undefined;
  /** By session: readings in a row that did not hold its action. */
  readonly #misses = new Map<string, number>();
  /** Unknown statuses that were logged already. */
  readonly #warned = new Set<string>();
  #trouble: string | undefined;
  #readAt: number | undefined;
  #freshAt: number | undefined;

  constructor(deps: FollowingDeps, ages: Ages, learning: Pick<TenantLearning, 'shown'> | undefined) {
    this.#deps = deps;
    this.#ages = ages;
    this.#learning = learning;
  }

  trouble(): string | undefined {
    return this.#trouble;
  }

  readAt(): number | undefined {
    return this.#readAt;
  }

  freshAt(): number | undefined {
    return this.#freshAt;
  }

  async pass(turn: Turn = byHand): Promise<number | undefined> {
    const { store, clock, settings, watch } = this.#deps;
    const running = sessionsIn(store.open(), ['running']);
    // Nobody asks Defender any more, so nobody would ever take this back.
    if (running.length === 0) this.#trouble = this.#readAt = this.#freshAt = undefined;
    if (running.length === 0 && sessionsIn(store.open(), ['unknown']).length === 0) watch.forget('follow');
    for (const one of running) if (turn.goOn()) await this.#giveUpCancel(one);
    for (const key of this.#misses.keys())
      if (!running.some((one) => sessionKey(one) === key)) this.#misses.delete(key);
    if (running.length === 0 || !turn.goOn()) return undefined;
    const asked = clock.elapsed();
    const read = await this.#readAll(running);
    this.#readAt = clock.elapsed();
    if ('retryAfter' in read) return read.retryAfter;
    this.#freshAt = this.#readAt;
    for (const one of running)
      if (turn.goOn()) await this.#apply(one, read.actions.get(one.session.stage.run.actionId));
    const still = sessionsIn(store.open(), ['running']);
    const parked = still.filter(({ session }) => isParked(session.stage.run, clock.now())).length;
    // A submission nudges the worker, so nothing is fresh here: it has just been read.
    const gap = pollGap(
      { active: still.length - parked, parked, fresh: false },
      { active: settings.pollGap, parked: settings.parkedGap },
    );
    return gap === undefined ? undefined : Math.max(0, asked + gap - clock.elapsed());
  }

  async #readAll(
    running: readonly RequestSession<'running'>[],
  ): Promise<{ readonly actions: ReadonlyMap<string, Action> } | { readonly retryAfter: number }> {
    const { defender, log, settings } = this.#deps;
    try {
      const actions = await defender.actions(running.map(({ session }) => session.stage.run.actionId));
      this.#trouble = undefined;
      return { actions: new Map(actions.map((action) => [action.id, action])) };
    } catch (error) {
      if (!(error instanceof DefenderError)) throw error;
      this.#trouble = rightSentence(errorAnswer(error)) ?? error.message;
      log.warn('pollFailed', {
        code: error.code,
        detail: error.message,
        why: this.#trouble,
        target: error.detail.target,
      });
      // Overdue sessions must be reported even while Defender is down.
      for (const one of running) await this.#tellOverdue(one);
      return { retryAfter: Math.max(error.detail.retryAfterMs ?? 0, settings.pollGap) };
    }
  }

  async #apply(running: RequestSession<'running'>, action: Action | undefined): Promise<void> {
    const { store, log } = this.#deps;
    const { request } = running;
    if (action === undefined) {
      const missed = (this.#misses.get(sessionKey(running)) ?? 0) + 1;
      this.#misses.set(sessionKey(running), missed);
      if (missed >= missesBeforeLost)
        await changeSession(store, running, ['running'], () => ({ type: 'actionMissing' }));
      return;
    }
    this.#misses.delete(sessionKey(running));
    this.#learning?.shown(running, action);
    if (!isKnownStatus(action.status) && !this.#warned.has(action.status) && this.#warned.size < mostWarned) {
      this.#warned.add(action.status);
      log.warn('unknownStatus', { request: request.id, status: action.status });
    }
    if (isTerminal(action.status)) {
      const outcome = outcomeOf[action.status];
      await changeSession(store, running, ['running'], () => ({ type: 'ended', action, outcome }));
      return;
    }
    await changeSession(store, running, ['running'], (current) => {
      const { stage } = current.session;
      const deadline = deadlineAfter(current, action, queueOf(this.#deps));
      return sameReading(stage.run.action, action) && deadline === stage.deadline
        ? undefined
        : { type: 'progressed', action, deadline };
    });
    await this.#tellOverdue(running);
  }

  async #tellOverdue(running: RequestSession<'running'>): Promise<void> {
    await changeSession(this.#deps.store, running, ['running'], ({ session }, now) =>
      session.stage.deadline <= now ? { type: 'overdue' } : undefined,
    );
  }

  /**
   * Whether it arrived is not known, or it did and changed nothing; Defender takes a second one, so people
   * may press again.
   */
  async #giveUpCancel(running: RequestSession<'running'>): Promise<void> {
    await changeSession(this.#deps.store, running, ['running'], ({ session }) => {
      const { cancel } = session.stage.run;
      if (cancel === undefined) return undefined;
      const waited = this.#ages.of(`${sessionKey(running)} cancel`, cancel.at);
      if (cancel.answer === 'sent' && waited > cancelPatience)
        return { type: 'cancelAsked', cancel: { ...cancel, answer: 'failed' } };
      const answered = cancel.answer === 'accepted' || cancel.answer === 'alreadyOver';
      return answered && waited > cancelEffect
        ? { type: 'cancelAsked', cancel: { ...cancel, answer: 'noEffect' } }
        : undefined;
    });
  }
}

export interface ParkedWatch {
  /**
   * Marks what has become parked and cancels what has been for too long. Answers after how many milliseconds
   * to come again.
   */
  pass(turn?: Turn): Promise<number | undefined>;
}

/** @param hurry reads Defender at once: a session turned out to be no longer what was last read */
export function createParked(deps: Deps, ages: Ages, hurry: () => void): ParkedWatch {
  return new ParkedSessions(deps, ages, hurry);
}

class ParkedSessions implements ParkedWatch {
  readonly #deps: Deps;
  readonly #ages: Ages;
  readonly #hurry: () => void;

  constructor(deps: Deps, ages: Ages, hurry: () => void) {
    this.#deps = deps;
    this.#ages = ages;
    this.#hurry = hurry;
  }

  async pass(turn: Turn = byHand): Promise<number | undefined> {
    const { store, clock } = this.#deps;
    const wakes = createNextWake(clock);
    for (const running of sessionsIn(store.open(), ['running'])) {
      if (hasBegun(running.session.stage.run.action)) continue;
      if (!turn.goOn()) break;
      await this.#look(running, wakes);
    }
    return wakes.wait();
  }

  async #look(running: RequestSession<'running'>, wakes: NextWake): Promise<void> {
    const { run } = running.session.stage;
    const known = run.waitingForDevice === undefined ? await this.#mark(running) : running;
    if (known === undefined) {
      if (run.action.status === 'Pending') wakes.at(waitsSince(run) + parkedAfterMs + 1);
      return;
    }
    const due = this.#cancelIn(known);
    if (due === undefined) return;
    if (due > 0) {
      wakes.after(due);
      return;
    }
    await this.#cancel(known);
    wakes.after(parkedCancelPauseMs);
  }

  /**
   * Milliseconds until the policy's cancel is to be sent (again); undefined when it is not. A person's cancel
   * that continues is left alone.
   */
  #cancelIn(running: RequestSession<'running'>): number | undefined {
    const { clock } = this.#deps;
    const key = sessionKey(running);
    const { waitingForDevice: waiting, cancel } = running.session.stage.run;
    const cancelAt = this.#cancelAtOf(running);
    if (waiting === undefined || cancelAt === undefined || waiting.wokeAt !== undefined) return undefined;
    const first = Math.min(
      cancelAt - clock.now(),
      cancelAt - waiting.since - this.#ages.of(`${key} parked`, waiting.since),
    );
    if (cancel === undefined) return first;
    const again = parkedCancelPauseMs - this.#ages.of(`${key} cancel`, cancel.at);
    if (cancel.tries === undefined)
      return cancel.answer === 'failed' || cancel.answer === 'noEffect' ? Math.max(first, again) : undefined;
    return cancel.tries < parkedCancelTries ? again : undefined;
  }

  /** What was written when it was parked; or what today's policy makes of it, where that is sooner. */
  #cancelAtOf({ request, session }: RequestSession<'running'>): number | undefined {
    const { waitingForDevice: waiting } = session.stage.run;
    const after = limitsToday(this.#deps.policy, request).cancelParkedAfter;
    const known = [
      waiting?.cancelAt,
      waiting === undefined || after === undefined ? undefined : waiting.since + after,
    ].filter((at) => at !== undefined);
    return known.length === 0 ? undefined : Math.min(...known);
  }

  async #mark(running: RequestSession<'running'>): Promise<RequestSession<'running'> | undefined> {
    const marked = await changeSession(this.#deps.store, running, ['running'], (current, now) => {
      const { run } = current.session.stage;
      return run.waitingForDevice === undefined && isParked(run, now) && !hasBegun(run.action)
        ? {
            type: 'waitingForDevice',
            waiting: waitingFrom(this.#deps.policy, current, longestWait(queueOf(this.#deps))),
          }
        : undefined;
    });
    return isIn(marked, ['running']) ? marked : undefined;
  }

  /** Written down before it is sent; a line without its call, left by a crash, is one try of several. */
  async #cancel(running: RequestSession<'running'>): Promise<void> {
    const { store, log } = this.#deps;
    const { request, session } = running;
    const { run } = session.stage;
    const fresh = await this.#read(running);
    if (fresh === undefined) return;
    if (fresh.status !== 'Pending' || hasBegun(fresh)) {
      log.info('wokeBeforeCancel', { request: request.id, status: fresh.status });
      this.#hurry();
      return;
    }
    let asked: CancelAsked | undefined;
    await changeSession(store, running, ['running'], (current, now) => {
      const due = this.#cancelIn(current);
      if (due === undefined || due > 0) return undefined;
      const before = current.session.stage.run.cancel?.tries ?? 0;
      asked = { by: { policy: 'cancelParkedAfter' }, at: now, answer: 'sent', tries: before + 1 };
      return { type: 'cancelAsked', cancel: asked };
    });
    if (asked === undefined) return;
    const told = asked;
    const answered = await cancelAtDefender(
      this.#deps,
      run.actionId,
      `lr:${request.id} cancelled by the policy: parked for ${duration(told.at - waitsSince(run))} (cancelParkedAfter)`,
    );
    await changeSession(store, running, ['running', 'finished'], () => ({
      type: 'cancelAsked',
      cancel: { ...told, ...answered },
    }));
    this.#hurry();
  }

  /**
   * Undefined when Defender cannot be read or does not know it: then nothing is cancelled on an old reading.
   */
  async #read({ request, session }: RequestSession<'running'>): Promise<Action | undefined> {
    const { defender, log } = this.#deps;
    try {
      const [action] = await defender.actions([session.stage.run.actionId]);
      return action;
    } catch (error) {
      if (!(error instanceof DefenderError)) throw error;
      log.warn('parkedNotRead', { request: request.id, code: error.code, detail: error.message });
      return undefined;
    }
  }
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
