// Following of running sessions with one list call for all. Sessions that wait for an offline device are
// marked, and cancelled when the policy says so; what they show of the limits of the tenant is written down.
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
import { DefenderError, errorAnswer, StoreError } from '../../../liveResponse/ports.ts';
import type { RequestSession } from '../../../liveResponse/request/request.ts';
import type { CancelAsked, WaitingForDevice } from '../../../liveResponse/request/session.ts';
import {
  isNews,
  longestWait,
  queueShownBy,
  queueShownByWaiting,
  sessionsShow,
} from '../../../liveResponse/tenantLimits.ts';
import type { Learned } from '../../../liveResponse/tenantLimits.ts';
import type { Deps } from '../../deps.ts';
import type { Policy } from '../../policy/policy.ts';
import { limitsToday } from '../../policy/today.ts';
import { changeSession, deadlineAfter, isIn, queueOf, sessionKey, sessionsIn } from '../transition.ts';
import type { Ages } from '../transition.ts';
import type { DefenderWatch } from '../upkeep/defenderWatch.ts';
import { byHand, createNextWake } from '../worker.ts';
import type { NextWake, Turn } from '../worker.ts';
import { cancelAtDefender } from './cancel.ts';

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
  /** Why the last reading failed, in words; undefined while it works. */
  trouble(): string | undefined;
}

export function createFollowing(
  deps: Deps & { readonly watch: Pick<DefenderWatch, 'forget'> },
  ages: Ages,
  learning?: Pick<TenantLearning, 'shown'>,
): Following {
  const { store, defender, clock, log } = deps;
  /** By session: readings in a row that did not hold its action. */
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
    for (const key of misses.keys()) if (!running.some((one) => sessionKey(one) === key)) misses.delete(key);
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
      // Overdue sessions must be reported even while Defender is down.
      for (const one of running) await tellOverdue(one);
      return { retryAfter: Math.max(error.detail.retryAfterMs ?? 0, deps.settings.pollGap) };
    }
  }

  async function apply(running: RequestSession<'running'>, action: Action | undefined): Promise<void> {
    const { request } = running;
    if (action === undefined) {
      const missed = (misses.get(sessionKey(running)) ?? 0) + 1;
      misses.set(sessionKey(running), missed);
      if (missed >= missesBeforeLost)
        await changeSession(store, running, ['running'], () => ({ type: 'actionMissing' }));
      return;
    }
    misses.delete(sessionKey(running));
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
    await changeSession(store, running, ['running'], ({ session }) => {
      const { cancel } = session.stage.run;
      if (cancel === undefined) return undefined;
      const waited = ages.of(`${sessionKey(running)} cancel`, cancel.at);
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
   * that continues is left alone.
   */
  function cancelIn(running: RequestSession<'running'>): number | undefined {
    const key = sessionKey(running);
    const { waitingForDevice: waiting, cancel } = running.session.stage.run;
    const cancelAt = cancelAtOf(running);
    if (waiting === undefined || cancelAt === undefined || waiting.wokeAt !== undefined) return undefined;
    const first = Math.min(
      cancelAt - clock.now(),
      cancelAt - waiting.since - ages.of(`${key} parked`, waiting.since),
    );
    if (cancel === undefined) return first;
    const again = parkedCancelPauseMs - ages.of(`${key} cancel`, cancel.at);
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

/** After a journal that could not be written. Milliseconds. */
const retryPause = 30_000;

export interface TenantLearning {
  /** Defender has just shown this session of ours. */
  shown(running: RequestSession<'running'>, action: Action): void;
  /** One more session was accepted, or refused with 429, while so many of ours ran. */
  oneMore(running: number, how: 'accepted' | 'refused'): void;
  /** Marks a request as changed. */
  touch(id: string): void;
  /** Writes down what is news. Answers after how many milliseconds to come again. */
  pass(): Promise<number | undefined>;
}

/** @param news something is to be written down @param learned what the cards say has changed */
export function createTenantLearning(
  { store, clock, log, settings: { tenant } }: Deps,
  ages: Ages,
  news: () => void,
  learned: () => void,
): TenantLearning {
  // What ended under an earlier version, or while the process was down, counts as well.
  const ended = new Set(sessionsIn(store.all(), ['finished']).map(({ request }) => request.id));
  let found: readonly Learned[] = [];

  function find(one: Learned): void {
    if (
      !isNews(store.learned(), one) ||
      found.some((other) => other.what === one.what && !isNews([other], one))
    )
      return;
    found = [...found, one];
    news();
  }

  return {
    shown(running, action) {
      const { startedAt } = running.session.stage.run;
      // By the shortest of all measures: a clock that runs ahead must not make a wait longer than it was.
      const waited = Math.min(
        clock.now() - waitsSince({ action, startedAt }),
        ages.of(`${sessionKey(running)} at Defender`, startedAt),
      );
      const ms = queueShownByWaiting(action, waited);
      if (ms !== undefined) find({ what: 'offlineQueue', tenant, ms, how: 'stillWaiting', at: clock.now() });
    },
    oneMore(running, how) {
      if (sessionsShow(running, how)) find({ what: 'sessions', tenant, running, how, at: clock.now() });
    },
    touch: (id) => void ended.add(id),
    async pass() {
      // Oldest first: the newest counts.
      const requests = [...ended].flatMap((id) => store.get(id) ?? []);
      const sessions = sessionsIn(requests, ['finished']).filter(
        ({ request }) => request.asked.tenant === tenant,
      );
      ended.clear();
      sessions.sort((a, b) => a.session.stage.endedAt - b.session.stage.endedAt);
      for (const { request, session } of sessions) {
        const ms = queueShownBy(request);
        if (ms !== undefined)
          find({ what: 'offlineQueue', tenant, ms, how: 'timedOut', at: session.stage.endedAt });
      }
      while (found[0] !== undefined) {
        const [one] = found;
        try {
          if (isNews(store.learned(), one)) {
            await store.note({ type: 'tenantLearned', learned: one });
            log.info('tenantLearned', { ...one });
            learned();
          }
        } catch (error) {
          if (!(error instanceof StoreError)) throw error;
          log.warn('tenantNotLearned', { detail: error.message });
          return retryPause;
        }
        found = found.slice(1);
      }
      return undefined;
    },
  };
}
