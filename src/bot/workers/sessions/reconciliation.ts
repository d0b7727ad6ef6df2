// Reconciliation after a lost answer: our tag is looked for among the recent actions of the device, also
// after the request was given up, and what is found is written on the request.
import { memoryOf } from '../requestMemory.ts';
import { isTerminal, sameReading } from '../../../liveResponse/action.ts';
import type { Action } from '../../../liveResponse/action.ts';
import { sameCommands } from '../../../liveResponse/commands.ts';
import type { Command } from '../../../liveResponse/commands.ts';
import { lateSearchSchedule, searchSchedule } from '../../../liveResponse/pacing/callRates.ts';
import { DefenderError } from '../../../liveResponse/ports.ts';
import type { Request, RequestSession } from '../../../liveResponse/request/request.ts';
import { mayTurnUp } from '../../../liveResponse/request/session.ts';
import type { Deps } from '../../deps.ts';
import {
  changeSession,
  deadlineFrom,
  isIn,
  queueOf,
  sessionAt,
  sessionKey,
  sessionsOf,
} from '../transition.ts';
import type { Ages, SessionRef } from '../transition.ts';
import { byHand, createNextWake } from '../worker.ts';
import type { Turn } from '../worker.ts';

/** An action is searched from a little before our attempt: the clocks of two machines differ. */
const clockMargin = 10 * 60_000;
const retryPause = 5_000;
/** A cancel takes effect within seconds. Milliseconds. */
const cancelPause = 15_000;
const cancelWatch = 3 * 60_000;

/** `notEnded`: a session past our deadline that has not ended; only its end leads it back. */
export type Found = 'found' | 'notEnded' | 'notSeen' | 'notRead';

export interface Reconciliation {
  pass(turn?: Turn): Promise<number | undefined>;
  /** One search now; also what "Look again" does. */
  look(unknown: RequestSession<'unknown'>): Promise<Found>;
}

export function createReconciliation(
  deps: Deps,
  ages: Ages,
  isPosting: (session: SessionRef) => boolean,
): Reconciliation {
  return new LostSessions(deps, ages, isPosting);
}

class LostSessions implements Reconciliation {
  readonly #deps: Deps;
  readonly #ages: Ages;
  readonly #isPosting: (session: SessionRef) => boolean;
  /** When each session was last looked for, in elapsed time. */
  readonly #triedAt: Map<string, number>;

  constructor(deps: Deps, ages: Ages, isPosting: (session: SessionRef) => boolean) {
    this.#deps = deps;
    this.#ages = ages;
    this.#isPosting = isPosting;
    this.#triedAt = memoryOf(deps).map('lost sessions looked for');
  }

  async pass(turn: Turn = byHand): Promise<number | undefined> {
    const { store, clock } = this.#deps;
    const wakes = createNextWake(clock);
    for (const one of sessionsOf(store.open())) {
      const { request, session } = one;
      if (!turn.goOn()) break;
      if (session.stage.state === 'submitting' && !this.#isPosting(one)) {
        // The process died between the intent and the answer: it may have run. Read again inside the change,
        // since the answer may just have come.
        await changeSession(store, one, ['submitting'], () =>
          this.#isPosting(one) ? undefined : { type: 'lost' },
        );
        wakes.after(searchSchedule[0]);
      }
      if (!isIn(one, ['unknown'])) continue;
      const due = this.#dueIn(one);
      if (due === undefined) continue;
      if (due <= 0) await this.look(one);
      const after = store.get(request.id);
      const now = after === undefined ? undefined : sessionAt(after, session.number);
      const next = isIn(now, ['unknown']) ? this.#dueIn(now) : undefined;
      if (next !== undefined) wakes.after(next);
    }
    return wakes.wait();
  }

  /** Milliseconds until the next look; negative when it is late. */
  #dueIn(unknown: RequestSession<'unknown'>): number | undefined {
    const key = sessionKey(unknown);
    const { searches, since } = unknown.session.stage;
    const step = searchSchedule[searches];
    if (step === undefined) return this.#afterCancel(unknown);
    return Math.max(step - this.#ages.of(`${key} unknown`, since), retryPause - this.#sinceTry(key));
  }

  #sinceTry(key: string): number {
    return this.#deps.clock.elapsed() - (this.#triedAt.get(key) ?? -Infinity);
  }

  /**
   * Somebody cancelled a session that had been lost from sight: its end is looked for a while, so that nobody
   * has to press.
   */
  #afterCancel(unknown: RequestSession<'unknown'>): number | undefined {
    const cancel = unknown.session.stage.run?.cancel;
    if (cancel?.answer !== 'accepted') return undefined;
    const key = sessionKey(unknown);
    const age = this.#ages.of(`${key} cancel`, cancel.at);
    return age > cancelWatch ? undefined : cancelPause - Math.min(age, this.#sinceTry(key));
  }

  async look(unknown: RequestSession<'unknown'>): Promise<Found> {
    const { store, clock } = this.#deps;
    const { request, session } = unknown;
    this.#triedAt.set(sessionKey(unknown), clock.elapsed());
    const found = await this.#find(unknown);
    if (found === 'notRead') return 'notRead';
    // An overdue session whose action still runs is not followed again: it would be overdue again at once, and
    // change its state forever.
    const notEnded = found !== undefined && session.stage.cause === 'overdue' && !isTerminal(found.status);
    if (found === undefined || notEnded) {
      await changeSession(store, unknown, ['unknown'], () => ({ type: 'searched' }));
      return notEnded ? 'notEnded' : 'notSeen';
    }
    this.#triedAt.delete(sessionKey(unknown));
    await changeSession(store, unknown, ['unknown'], (_current, now) => ({
      type: 'found',
      action: found,
      deadline: deadlineFrom(request, now, queueOf(this.#deps)),
      ...differing(this.#deps, request, found),
    }));
    return 'found';
  }

  /** By id where we had one, else by the tag of any of our attempts. */
  async #find(unknown: RequestSession<'unknown'>): Promise<Action | undefined | 'notRead'> {
    const { defender, log } = this.#deps;
    const { run } = unknown.session.stage;
    try {
      return run === undefined
        ? await findByTag(this.#deps, unknown)
        : (await defender.actions([run.actionId])).at(0);
    } catch (error) {
      if (!(error instanceof DefenderError)) throw error;
      log.warn('lookFailed', { request: unknown.request.id, code: error.code, detail: error.message });
      return 'notRead';
    }
  }
}

/**
 * What an action found by our tag runs, where that is not what was approved: somebody else may have used our
 * tag, or our credentials.
 */
export function differing(
  { log }: Pick<Deps, 'log'>,
  request: Request,
  { id, commands }: Action,
): { readonly differs?: readonly Command[] } {
  if (commands === undefined || sameCommands(commands, request.subject.commands)) return {};
  log.error('commandsDiffer', { request: request.id, action: id });
  return { differs: commands };
}

/**
 * The newest of the device's recent actions that has the tag of any of our attempts, since each of them may
 * have arrived. @throws DefenderError, also where it is not among those that could be read and there are
 * others
 */
export async function findByTag(
  { defender, log }: Pick<Deps, 'defender' | 'log'>,
  { request, session: { attempts, device } }: RequestSession,
): Promise<Action | undefined> {
  const first = Math.min(...attempts.map((attempt) => attempt.at));
  const { actions: recent, whole } = await defender.recent(device.id, first - clockMargin);
  const ours = recent.filter((action) => attempts.some((attempt) => action.comment.includes(attempt.tag)));
  if (ours.length > 1)
    log.error('ranTwice', { request: request.id, actions: ours.map((action) => action.id) });
  // What was not read may hold it: to take it for never sent could run it twice.
  if (ours.length === 0 && !whole)
    throw new DefenderError(
      'unreadable',
      'the list of the device’s recent actions could be read only in part, and the session is not in that part',
      { call: 'list' },
    );
  return ours.at(0);
}

/** After a look that Defender did not answer. */
const pauseAfterFailure = 15_000;
/** Nothing was read for so long: the search is given up, and said so in the log. */
const patience = 24 * 3_600_000;

export interface LateFinds {
  /** Marks a request as changed. */
  touch(id: string): void;
  /** Answers after how many milliseconds to come again. */
  pass(): Promise<number | undefined>;
}

export function createLateFinds(deps: Deps, ages: Ages): LateFinds {
  return new GivenUpSessions(deps, ages);
}

class GivenUpSessions implements LateFinds {
  readonly #deps: Deps;
  readonly #ages: Ages;
  /** Requests with sessions that were given up, as long as these are looked for. */
  readonly #watched: Set<string>;
  /** By session: how long after its end it was last looked for; milliseconds. */
  readonly #lookedAt: Map<string, number>;
  /** Before when each session is not looked for again, in elapsed time. */
  readonly #notBefore: Map<string, number>;

  constructor(deps: Deps, ages: Ages) {
    this.#deps = deps;
    this.#ages = ages;
    const memory = memoryOf(deps);
    this.#lookedAt = memory.map('given up, looked for');
    this.#notBefore = memory.map('given up, to be looked for');
    this.#watched = memory.set('requests given up');
    for (const request of deps.store.all()) if (givenUp(request).length > 0) this.#watched.add(request.id);
  }

  touch(id: string): void {
    if (givenUp(this.#deps.store.get(id)).length > 0) this.#watched.add(id);
  }

  async pass(): Promise<number | undefined> {
    const { store } = this.#deps;
    const wakes: number[] = [];
    for (const id of [...this.#watched]) {
      const due = givenUp(store.get(id)).filter((closed) => this.#dueIn(closed) !== undefined);
      if (due.length === 0) {
        this.#forget(id);
        continue;
      }
      for (const closed of due) if ((this.#dueIn(closed) ?? 0) <= 0) await this.#look(closed);
      for (const closed of givenUp(store.get(id))) {
        const next = this.#dueIn(closed);
        if (next !== undefined) wakes.push(next);
      }
    }
    return wakes.length === 0 ? undefined : Math.min(...wakes);
  }

  #forget(id: string): void {
    this.#watched.delete(id);
    for (const one of sessionsOf([id].flatMap((known) => this.#deps.store.get(known) ?? []))) {
      this.#lookedAt.delete(sessionKey(one));
      this.#notBefore.delete(sessionKey(one));
    }
  }

  /** In how many milliseconds it is to be looked for next; undefined when it need not be any more. */
  #dueIn(closed: RequestSession<'closed'>): number | undefined {
    const { clock, settings } = this.#deps;
    const { request, session } = closed;
    const { found } = session.stage;
    const age = this.#ageOf(closed);
    const held = Math.max(0, (this.#notBefore.get(sessionKey(closed)) ?? 0) - clock.elapsed());
    const last = this.#lookedAt.get(sessionKey(closed));
    if (found !== undefined) {
      if (
        isTerminal(found.action.status) ||
        clock.now() > deadlineFrom(request, found.at, queueOf(this.#deps))
      )
        return undefined;
      return Math.max(last === undefined ? 0 : last + settings.parkedGap - age, held);
    }
    // After a start it is looked for at once: nothing is known of the looks before it.
    if (last === undefined) return age > patience ? undefined : Math.max(lateSearchSchedule[0] - age, held);
    const step = lateSearchSchedule.find((one) => one > last);
    return step === undefined ? undefined : Math.max(step - age, held);
  }

  #ageOf(closed: RequestSession<'closed'>): number {
    return this.#ages.of(`${sessionKey(closed)} closed`, closed.session.stage.endedAt);
  }

  async #look(closed: RequestSession<'closed'>): Promise<void> {
    const { store, defender, clock, log } = this.#deps;
    const { request, session } = closed;
    let action: Action | undefined;
    try {
      const id = session.stage.found?.action.id ?? session.stage.actionId;
      action = id === undefined ? await findByTag(this.#deps, closed) : (await defender.actions([id])).at(0);
    } catch (error) {
      if (!(error instanceof DefenderError)) throw error;
      log.warn('lookFailed', { request: request.id, code: error.code, detail: error.message });
      this.#notBefore.set(
        sessionKey(closed),
        clock.elapsed() + Math.max(pauseAfterFailure, error.detail.retryAfterMs ?? 0),
      );
      return;
    }
    this.#lookedAt.set(sessionKey(closed), this.#ageOf(closed));
    if (action === undefined) return;
    const found = action;
    await changeSession(store, closed, ['closed'], ({ session: { stage } }) =>
      stage.found !== undefined && sameReading(stage.found.action, found)
        ? undefined
        : { type: 'foundLate', action: found, ...differing(this.#deps, request, found) },
    );
  }
}

/** The sessions of a request that were closed without anybody knowing whether they ran. */
function givenUp(request: Request | undefined): readonly RequestSession<'closed'>[] {
  if (request === undefined) return [];
  return request.sessions.flatMap((session) => (mayTurnUp(session) ? [{ request, session }] : []));
}
