// Looks on for what was given up while nobody knew whether it ran: an attempt whose answer was lost may turn
// up at Defender after its request was dropped, withdrawn or had lapsed. What is found is written on the
// request, so that its card is corrected.
import { isTerminal, sameReading } from '../../../liveResponse/action.ts';
import type { Action } from '../../../liveResponse/action.ts';
import { lateSearchSchedule, lateSearchMs } from '../../../liveResponse/pacing/schedules.ts';
import { DefenderError } from '../../../liveResponse/ports.ts';
import type { Request, RequestSession } from '../../../liveResponse/request/request.ts';
import { mayTurnUp } from '../../../liveResponse/request/session.ts';
import type { Ages } from '../ages.ts';
import type { Deps } from '../../deps.ts';
import { deadlineFrom, queueOf } from '../sessionDeadlines.ts';
import { changeSession } from '../transition.ts';
import { differing, findByTag } from './reconciliation.ts';

/** After a look that Defender did not answer. */
const retryPause = 15_000;
/** Nothing was read for so long: the search is given up, and said so in the log. */
const patience = 24 * 3_600_000;

export interface LateFinds {
  /** Marks a request as changed. */
  touch(id: string): void;
  /** Answers after how many milliseconds to come again. */
  pass(): Promise<number | undefined>;
}

export function createLateFinds(deps: Deps, ages: Ages): LateFinds {
  const { store, defender, clock, log } = deps;
  const watched = new Set(
    store.all().flatMap((request) => (givenUp(request).length > 0 ? [request.id] : [])),
  );
  /** How long after its end it was last looked for; milliseconds. */
  const lookedAt = new Map<string, number>();
  const notBefore = new Map<string, number>();

  function forget(id: string): void {
    watched.delete(id);
    lookedAt.delete(id);
    notBefore.delete(id);
  }

  /** In how many milliseconds it is to be looked for next; undefined when it need not be any more. */
  function dueIn(closed: RequestSession<'closed'>): number | undefined {
    const { request, session } = closed;
    const { found } = session.stage;
    const age = ageOf(closed);
    const held = Math.max(0, (notBefore.get(request.id) ?? 0) - clock.elapsed());
    const last = lookedAt.get(request.id);
    if (found !== undefined) {
      if (isTerminal(found.action.status) || clock.now() > deadlineFrom(request, found.at, queueOf(deps)))
        return undefined;
      return Math.max(last === undefined ? 0 : last + deps.settings.parkedGap - age, held);
    }
    // After a start it is looked for at once: nothing is known of the looks before it.
    if (last === undefined) return age > patience ? undefined : Math.max(lateSearchSchedule[0] - age, held);
    if (last >= lateSearchMs) return undefined;
    const step = lateSearchSchedule.find((one) => one > last);
    return step === undefined ? undefined : Math.max(step - age, held);
  }

  function ageOf({ request, session }: RequestSession<'closed'>): number {
    return ages.of(`ended ${request.id}`, session.stage.endedAt);
  }

  async function look(closed: RequestSession<'closed'>): Promise<void> {
    const { request, session } = closed;
    let action: Action | undefined;
    try {
      const id = session.stage.found?.action.id ?? session.stage.actionId;
      action = id === undefined ? await findByTag(deps, closed) : (await defender.actions([id])).at(0);
    } catch (error) {
      if (!(error instanceof DefenderError)) throw error;
      log.warn('lookFailed', { request: request.id, code: error.code, detail: error.message });
      notBefore.set(request.id, clock.elapsed() + Math.max(retryPause, error.detail.retryAfterMs ?? 0));
      return;
    }
    lookedAt.set(request.id, ageOf(closed));
    if (action === undefined) return;
    const found = action;
    await changeSession(store, closed, ['closed'], ({ session: { stage } }) =>
      stage.found !== undefined && sameReading(stage.found.action, found)
        ? undefined
        : { type: 'foundLate', action: found, ...differing(deps, request, found) },
    );
  }

  return {
    touch(id) {
      if (givenUp(store.get(id)).length > 0) watched.add(id);
    },
    async pass() {
      const wakes: number[] = [];
      for (const id of [...watched]) {
        const due = givenUp(store.get(id)).filter((closed) => dueIn(closed) !== undefined);
        if (due.length === 0) {
          forget(id);
          continue;
        }
        for (const closed of due) if ((dueIn(closed) ?? 0) <= 0) await look(closed);
        for (const closed of givenUp(store.get(id))) {
          const next = dueIn(closed);
          if (next !== undefined) wakes.push(next);
        }
      }
      return wakes.length === 0 ? undefined : Math.min(...wakes);
    },
  };
}

/** The sessions of a request that were closed without anybody knowing whether they ran. */
function givenUp(request: Request | undefined): readonly RequestSession<'closed'>[] {
  if (request === undefined) return [];
  return request.sessions.flatMap((session) => (mayTurnUp(session) ? [{ request, session }] : []));
}
