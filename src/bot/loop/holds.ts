// What keeps an approved request from being sent: the freeze, a pause, its device, a session, a slot. Reads and reckons; claims nothing.
import type { Blocker, ErrorAnswer } from '../../liveResponse/errorAnswer.ts';
import { afterThrottle, capAt, capFloor, isParked, looksBeforeAsking, sessionCap } from '../../liveResponse/pacing.ts';
import type { DefenderError } from '../../liveResponse/ports.ts';
import type { InState, Request, WaitCause } from '../../liveResponse/request.ts';
import { requestAsBlocker } from './blocking.ts';
import type { Deps } from '../deps.ts';
import { isIn, moveFrom } from './moving.ts';

/** What a busy device is given before the next try. */
export const busyPause = 30_000;
export const unavailablePause = 15_000;
/** Without a Retry-After; what other clients of this API wait (defender-api.md 7.4). */
export const throttledPause = 60_000;
/** How often a hold that ends with somebody else's request is looked at again; the end of that request nudges anyway. */
const holdPause = 5_000;
/** A slot that another flight has reserved is looked at again this soon. */
const slotPause = 250;

/** What is known of a cause: who holds the device, or how Defender refused. */
export interface Why {
  readonly blocker?: Blocker;
  readonly error?: ErrorAnswer;
}

export interface Hold extends Why {
  readonly cause?: WaitCause;
  readonly until: number;
}

/** What this process is sending. A `submitting` request that is not here was cut off by a crash. */
export interface Flights {
  has(id: string): boolean;
  /** Flights that have not yet taken their slot of the submit budget. */
  reserved(): number;
}

export interface Holds {
  /** Approved and not yet taken up, oldest approval first. */
  waiting(): readonly InState<'queued'>[];
  /** Why a request may not be sent now, and when to look again; undefined when it may. */
  of(request: InState<'queued'>, now: number): Hold | undefined;
  /** Puts what it waits for on the card, unless it stands there. */
  tell(id: string, cause: WaitCause | undefined, why?: Why): Promise<void>;
  /** Holds one request back because something it needs could not be read; kept in memory alone, a restart may try at once. */
  pause(id: string, until: number): void;
  /** A request that ended needs no pause any more. */
  forget(id: string): void;
  /** Sessions of ours that are or may be live, those of offline devices left out. */
  sessionsHeld(now: number): number;
  /** How many sessions there may be, as far as 429s have taught us. */
  cap(now: number): number;
  /** Rate and session limit answer the same 429; our own count of the rate was fine, so with many sessions it is those. */
  learn429(now: number): WaitCause;
}

/** Defender cannot be reached, or does not let the bot in: the second is for an administrator to mend. */
export function outageOf({ code, detail }: DefenderError): 'unavailable' | 'unauthorized' {
  return code === 'unauthorized' || detail.status === 403 ? 'unauthorized' : 'unavailable';
}

export function createHolds(deps: Deps, flights: Flights): Holds {
  const { store, budgets } = deps;
  const notBefore = new Map<string, number>();
  let cap = sessionCap(deps.settings.sessions);

  function waiting(): readonly InState<'queued'>[] {
    return store
      .open()
      .filter((request) => isIn(request, ['queued']))
      .filter((request) => !flights.has(request.id))
      .sort((a, b) => a.approval.at - b.approval.at);
  }

  function of(request: InState<'queued'>, now: number): Hold | undefined {
    if (store.trouble() !== undefined) return { until: now + unavailablePause };
    if (store.freeze() !== undefined) return { cause: 'frozen', until: now + throttledPause };
    const pause = Math.max(request.notBefore ?? 0, notBefore.get(request.id) ?? 0);
    if (pause > now) return { until: pause };
    const live = liveRequests();
    // An unknown request keeps its device until somebody decides, though no longer a session: what may run there must not meet a second script.
    const holder = [...live, ...store.open().filter((other) => isIn(other, ['unknown']))].find((other) => other.device.id === request.device.id);
    if (holder !== undefined) return { cause: 'deviceBusy', blocker: requestAsBlocker(holder), until: now + holdPause };
    if (sessionsHeld(now) >= capAt(cap, now)) return { cause: 'sessions', until: now + holdPause };
    const wait = budgets.waitFor('submit', now);
    const free = Math.min(...budgets.left('submit', now).map((rate) => rate.left)) - flights.reserved();
    return wait === 0 && free > 0 ? undefined : { cause: 'slot', until: now + Math.max(wait, slotPause) };
  }

  /** Those that hold a session at Defender, or may: an unknown one as long as it is looked for. After that it waits for a person, who must not hold up everybody else. */
  function liveRequests(): readonly Request[] {
    return store
      .open()
      .filter((request) => isIn(request, ['submitting', 'running']) || (isIn(request, ['unknown']) && request.looks < looksBeforeAsking) || flights.has(request.id));
  }

  /** Those that wait for an offline device are counted apart, or a few laptops in a drawer would stop everybody for days; should Defender count them, its 429 lowers the cap. */
  function sessionsHeld(now: number): number {
    return liveRequests().filter((request) => !(isIn(request, ['running']) && isParked(request.action, now))).length;
  }

  return {
    waiting,
    of,
    sessionsHeld,
    cap: (now) => capAt(cap, now),
    pause: (id, until) => void notBefore.set(id, until),
    forget: (id) => void notBefore.delete(id),
    async tell(id, cause, { blocker, error } = {}) {
      if (cause === undefined) return;
      await moveFrom(store, id, ['queued'], (request) => {
        // An answer that says the same with another correlation id is no news.
        const same = request.waitsFor === cause && (blocker === undefined || JSON.stringify(blocker) === JSON.stringify(request.blocker));
        return same ? undefined : { type: 'waiting', cause, ...(blocker === undefined ? {} : { blocker }), ...(error === undefined ? {} : { error }) };
      });
    },
    learn429(now) {
      const others = sessionsHeld(now) - 1;
      cap = afterThrottle(cap, others, now);
      return others < capFloor ? 'throttled' : 'sessions';
    },
  };
}
