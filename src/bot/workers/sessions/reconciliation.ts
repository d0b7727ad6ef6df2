// When it is not known whether a request runs at Defender: look for our tag among the device's recent
// actions, and adopt what is found.
import { isTerminal } from '../../../liveResponse/action.ts';
import type { Action } from '../../../liveResponse/action.ts';
import { sameCommands } from '../../../liveResponse/commands.ts';
import type { Command } from '../../../liveResponse/commands.ts';
import { searchSchedule } from '../../../liveResponse/pacing/schedules.ts';
import { DefenderError } from '../../../liveResponse/ports.ts';
import type { Request, RequestSession } from '../../../liveResponse/request/request.ts';
import type { Deps } from '../../deps.ts';
import { deadlineFrom, queueOf } from '../sessionDeadlines.ts';
import type { Ages } from '../ages.ts';
import { changeSession, isIn, sessionAt, sessionsOf } from '../transition.ts';
import { createNextWake, byHand } from '../worker.ts';
import type { Turn } from '../worker.ts';

/** An action is searched from a little before our attempt: the clocks of two machines differ. */
const clockMargin = 10 * 60_000;
const retryPause = 5_000;
/** A cancel takes effect within seconds (defender-api.md 3). Milliseconds. */
const cancelPause = 15_000;
const cancelWatch = 3 * 60_000;

/** `goesOn`: a session past our deadline that has not ended; only its end leads it back. */
export type Found = 'adopted' | 'goesOn' | 'notSeen' | 'notRead';

export interface Reconciliation {
  pass(turn?: Turn): Promise<number | undefined>;
  /** One search now; also what "Look again" does. */
  look(unknown: RequestSession<'unknown'>): Promise<Found>;
}

export function createReconciliation(
  deps: Deps,
  ages: Ages,
  isPosting: (id: string) => boolean,
): Reconciliation {
  const { store, defender, clock, log } = deps;
  /** In elapsed time. */
  const triedAt = new Map<string, number>();

  async function pass(turn: Turn = byHand): Promise<number | undefined> {
    const wakes = createNextWake(clock);
    for (const one of sessionsOf(store.open())) {
      const { request, session } = one;
      if (!turn.goOn()) break;
      if (session.stage.state === 'submitting' && !isPosting(request.id)) {
        // The process died between the intent and the answer: it may have run. Read again inside the change,
        // since the answer may just have come.
        await changeSession(store, one, ['submitting'], () =>
          isPosting(request.id) ? undefined : { type: 'lost' },
        );
        wakes.after(searchSchedule[0]);
      }
      if (!isIn(one, ['unknown'])) continue;
      const due = dueIn(one);
      if (due === undefined) continue;
      if (due <= 0) await look(one);
      const after = store.get(request.id);
      const now = after === undefined ? undefined : sessionAt(after, session.number);
      const next = isIn(now, ['unknown']) ? dueIn(now) : undefined;
      if (next !== undefined) wakes.after(next);
    }
    return wakes.wait();
  }

  /** Milliseconds until the next look; negative when it is late. */
  function dueIn(unknown: RequestSession<'unknown'>): number | undefined {
    const { id } = unknown.request;
    const { searches, since } = unknown.session.stage;
    const step = searchSchedule[searches];
    if (step === undefined) return afterCancel(unknown);
    return Math.max(step - ages.of(`${id} unknown`, since), retryPause - sinceTry(id));
  }

  function sinceTry(id: string): number {
    return clock.elapsed() - (triedAt.get(id) ?? -Infinity);
  }

  /**
   * Somebody cancelled a session that had been lost from sight: its end is looked for a while, so that nobody
   * has to press.
   */
  function afterCancel({ request: { id }, session }: RequestSession<'unknown'>): number | undefined {
    const cancel = session.stage.run?.cancel;
    if (cancel?.answer !== 'accepted') return undefined;
    const age = ages.of(`${id} cancel`, cancel.at);
    return age > cancelWatch ? undefined : cancelPause - Math.min(age, sinceTry(id));
  }

  async function look(unknown: RequestSession<'unknown'>): Promise<Found> {
    const { request, session } = unknown;
    triedAt.set(request.id, clock.elapsed());
    const found = await find(unknown);
    if (found === 'notRead') return 'notRead';
    // Taken up again while it goes on, an overdue session would be overdue at once, and so to and fro for
    // ever.
    const goesOn = found !== undefined && session.stage.cause === 'overdue' && !isTerminal(found.status);
    if (found === undefined || goesOn) {
      await changeSession(store, unknown, ['unknown'], () => ({ type: 'searched' }));
      return goesOn ? 'goesOn' : 'notSeen';
    }
    triedAt.delete(request.id);
    await changeSession(store, unknown, ['unknown'], (_current, now) => ({
      type: 'found',
      action: found,
      deadline: deadlineFrom(request, now, queueOf(deps)),
      ...differing(deps, request, found),
    }));
    return 'adopted';
  }

  /** By id where we had one, else by the tag of any of our attempts. */
  async function find(unknown: RequestSession<'unknown'>): Promise<Action | undefined | 'notRead'> {
    const { run } = unknown.session.stage;
    try {
      return run === undefined
        ? await findByTag(deps, unknown)
        : (await defender.actions([run.actionId])).at(0);
    } catch (error) {
      if (!(error instanceof DefenderError)) throw error;
      log.warn('lookFailed', { request: unknown.request.id, code: error.code, detail: error.message });
      return 'notRead';
    }
  }

  return { pass, look };
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
