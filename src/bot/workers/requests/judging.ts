// Passes over requests: those that wait are judged again by the policy as it is now, those nobody approved in time
// end, and ended ones say as what they were tried again. With them the index of twins by device.
import { isOpen } from '../../../liveResponse/request/request.ts';
import type { Request, RequestSession } from '../../../liveResponse/request/request.ts';
import { areTwins, sequelOrigin, twinMemory } from '../../../liveResponse/request/retry.ts';
import type { Deps } from '../../deps.ts';
import { judgeToday, limitsToday } from '../../policy/today.ts';
import type { TodayNo } from '../../policy/today.ts';
import { changeRequest, changeSession, sessionKey, sessionsIn } from '../transition.ts';
import type { Ages, SessionRef } from '../transition.ts';
import { memoryOf } from '../requestMemory.ts';
import type { Remembered } from '../requestMemory.ts';
import { byHand, createNextWake } from '../worker.ts';
import type { Turn } from '../worker.ts';

/** @param isSent whether a session is being sent at this moment: it is judged there, on what was just read */
export function createJudging(
  { store, clock, policy }: Pick<Deps, 'store' | 'clock' | 'policy'>,
  ages: Ages,
  isSent: (session: SessionRef) => boolean,
): { pass(turn?: Turn): Promise<number | undefined> } {
  /** A clock that is set back gives no more time than was meant. */
  function nowOf(waiting: Waiting): number {
    const [what, since] =
      waiting.session === undefined
        ? [`${waiting.request.id} asked`, waiting.request.asked.at]
        : [`${sessionKey(waiting)} approved`, waiting.session.grant.at];
    return Math.max(clock.now(), since + ages.of(what, since));
  }

  function objection(waiting: Waiting): TodayNo | undefined {
    const { request, session } = waiting;
    const judged = judgeToday(policy, request, nowOf(waiting), { approver: session?.grant.votes[0] });
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
        if (waiting.session !== undefined && isSent(waiting)) continue;
        if (!turn.goOn()) break;
        if (objection(waiting) !== undefined) {
          await refuse(waiting);
          continue;
        }
        const { expiresAt, runBefore } = limitsToday(policy, waiting.request);
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

export function createExpiry(
  { store, clock }: Pick<Deps, 'store' | 'clock'>,
  ages: Ages,
): { pass(turn?: Turn): Promise<number | undefined> } {
  return {
    async pass(turn = byHand) {
      const wakes = createNextWake(clock);
      for (const request of store.open()) {
        if (request.stage.state !== 'awaitingApproval') continue;
        if (!turn.goOn()) break;
        const { expiresAt } = request.asked.terms;
        // By the time on the card, and no later than it was meant: a clock that is set back must not keep an
        // old question open.
        const left = expiresAt - request.asked.at - ages.of(`${request.id} asked`, request.asked.at);
        if (expiresAt <= clock.now() || left <= 0) {
          await changeRequest(store, request.id, ({ stage }) =>
            stage.state === 'awaitingApproval' ? { type: 'expired' } : undefined,
          );
          continue;
        }
        wakes.at(expiresAt);
        wakes.after(left);
      }
      return wakes.wait();
    },
  };
}

export function originOfRetry(id: string): string {
  return `${sequelOrigin}${id}`;
}

export function createRetryLinks({ store }: Pick<Deps, 'store'>): { pass(): Promise<undefined> } {
  return {
    async pass() {
      const told = new Set<string>();
      // Newest first: where a request was tried several times, the newest attempt is the one to look at.
      for (const { id, origin, asked } of store.all()) {
        const { continues, requester } = asked;
        if (continues === undefined) continue;
        for (const earlier of new Set([continues.id, origin.slice(sequelOrigin.length)])) {
          if (told.has(earlier)) continue;
          told.add(earlier);
          if (store.get(earlier)?.retriedAs?.id === id) continue;
          const as = { id, by: requester, ...(earlier === continues.id ? { from: continues.from } : {}) };
          await changeRequest(store, earlier, (current) =>
            isOpen(current) ? undefined : { type: 'retried', as },
          );
        }
      }
      return undefined;
    },
  };
}

export interface TwinIndex {
  /** Takes a request in; again and again does no harm. */
  touch(id: string): void;
  /** Open ones, and those that ended within the hour, the newest first. */
  of(request: Request): readonly Request[];
}

export function createTwinIndex(deps: Pick<Deps, 'store' | 'clock' | 'memory'>): TwinIndex {
  return new TwinsByDevice(deps);
}

class TwinsByDevice implements TwinIndex, Remembered {
  readonly #deps: Pick<Deps, 'store' | 'clock'>;
  readonly #byDevice = new Map<string, Set<string>>();

  constructor(deps: Pick<Deps, 'store' | 'clock' | 'memory'>) {
    this.#deps = deps;
    memoryOf(deps).add('twins by device', this);
    for (const { id } of deps.store.all()) this.touch(id);
  }

  touch(id: string): void {
    const request = this.#deps.store.get(id);
    if (request === undefined) return;
    const device = request.targets[0].device.id;
    const known = this.#byDevice.get(device);
    if (known === undefined) this.#byDevice.set(device, new Set([id]));
    else known.add(id);
  }

  size(): number {
    return this.#byDevice.size;
  }

  forget(isKept: (id: string) => boolean): void {
    for (const [device, ids] of this.#byDevice) {
      for (const id of ids) if (!isKept(id)) ids.delete(id);
      if (ids.size === 0) this.#byDevice.delete(device);
    }
  }

  of(request: Request): readonly Request[] {
    const { store, clock } = this.#deps;
    const known = this.#byDevice.get(request.targets[0].device.id) ?? [];
    const twins: Request[] = [];
    for (const id of known) {
      const other = store.get(id);
      if (
        other !== undefined &&
        areTwins(other, request) &&
        (isOpen(other) || clock.now() - other.changedAt < twinMemory)
      )
        twins.push(other);
    }
    return twins.sort((a, b) => b.asked.at - a.asked.at);
  }
}
