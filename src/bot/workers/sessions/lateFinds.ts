// Looks on for what was given up while nobody knew whether it ran: an attempt whose answer was lost may turn
// up at Defender after its request was dropped, withdrawn or had lapsed. What is found is written on the
// request, so that its card is corrected.
import { isTerminal, sameReading } from '../../../liveResponse/action.ts';
import type { Action } from '../../../liveResponse/action.ts';
import { lateSearchSchedule, lateSearchMs } from '../../../liveResponse/pacing/schedules.ts';
import { DefenderError } from '../../../liveResponse/ports.ts';
import type { InState } from '../../../liveResponse/request/events.ts';
import { mayTurnUp } from '../../../liveResponse/request/session.ts';
import { stageOf } from '../../../liveResponse/request/request.ts';
import type { Ages } from '../ages.ts';
import type { Deps } from '../../deps.ts';
import { deadlineFrom, queueOf } from '../sessionDeadlines.ts';
import { moveFrom } from '../transition.ts';
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
  const watched = new Set(store.all().flatMap((request) => (mayTurnUp(request) ? [request.id] : [])));
  /** How long after its end it was last looked for; milliseconds. */
  const lookedAt = new Map<string, number>();
  const notBefore = new Map<string, number>();

  function forget(id: string): void {
    watched.delete(id);
    lookedAt.delete(id);
    notBefore.delete(id);
  }

  /** In how many milliseconds it is to be looked for next; undefined when it need not be any more. */
  function dueIn(request: InState<'over'>): number | undefined {
    const stage = stageOf(request);
    const age = ageOf(request);
    const held = Math.max(0, (notBefore.get(request.id) ?? 0) - clock.elapsed());
    const last = lookedAt.get(request.id);
    if (stage.found !== undefined) {
      if (
        isTerminal(stage.found.action.status) ||
        clock.now() > deadlineFrom(request, stage.found.at, queueOf(deps))
      )
        return undefined;
      return Math.max(last === undefined ? 0 : last + deps.settings.parkedGap - age, held);
    }
    // After a start it is looked for at once: nothing is known of the looks before it.
    if (last === undefined) return age > patience ? undefined : Math.max(lateSearchSchedule[0] - age, held);
    if (last >= lateSearchMs) return undefined;
    const step = lateSearchSchedule.find((one) => one > last);
    return step === undefined ? undefined : Math.max(step - age, held);
  }

  function ageOf(request: InState<'over'>): number {
    return ages.of(`ended ${request.id}`, stageOf(request).endedAt);
  }

  async function look(request: InState<'over'>): Promise<void> {
    const stage = stageOf(request);
    let action: Action | undefined;
    try {
      const id = stage.found?.action.id ?? stage.actionId;
      action = id === undefined ? await findByTag(deps, request) : (await defender.actions([id])).at(0);
    } catch (error) {
      if (!(error instanceof DefenderError)) throw error;
      log.warn('lookFailed', { request: request.id, code: error.code, detail: error.message });
      notBefore.set(request.id, clock.elapsed() + Math.max(retryPause, error.detail.retryAfterMs ?? 0));
      return;
    }
    lookedAt.set(request.id, ageOf(request));
    if (action === undefined) return;
    const found = action;
    await moveFrom(store, request.id, ['over'], (current) => {
      const stage = stageOf(current);
      return stage.found !== undefined && sameReading(stage.found.action, found)
        ? undefined
        : { type: 'foundLate', action: found, ...differing(deps, request, found) };
    });
  }

  return {
    touch(id) {
      const request = store.get(id);
      if (request !== undefined && mayTurnUp(request)) watched.add(id);
    },
    async pass() {
      const wakes: number[] = [];
      for (const id of [...watched]) {
        const request = store.get(id);
        const due = request !== undefined && mayTurnUp(request) ? dueIn(request) : undefined;
        if (request === undefined || !mayTurnUp(request) || due === undefined) {
          forget(id);
          continue;
        }
        if (due <= 0) await look(request);
        const after = store.get(id);
        const next = after !== undefined && mayTurnUp(after) ? dueIn(after) : undefined;
        if (next !== undefined) wakes.push(next);
      }
      return wakes.length === 0 ? undefined : Math.min(...wakes);
    },
  };
}
