// Admission of approved sessions: what delays sending one, such as the freeze, a pause, its device and who
// holds it, a session, a slot. Reads and computes; claims nothing.
import type { Action } from '../../../liveResponse/action.ts';
import {
  afterThrottle,
  capAt,
  isParked,
  maxPenaltyMs,
  maxSearchAttempts,
  minSessionsForCapLearning,
  sessionCap,
} from '../../../liveResponse/pacing/callRates.ts';
import type { SessionCap } from '../../../liveResponse/pacing/callRates.ts';
import { DefenderError, errorAnswer } from '../../../liveResponse/ports.ts';
import type { Blocker, ErrorAnswer } from '../../../liveResponse/request/errorAnswer.ts';
import type { RequestSession } from '../../../liveResponse/request/request.ts';
import { actionIdOf } from '../../../liveResponse/request/retry.ts';
import type { WaitCause } from '../../../liveResponse/request/session.ts';
import type { Deps } from '../../deps.ts';
import { memoryOf } from '../requestMemory.ts';
import { changeSession, isIn, sessionKey, sessionsIn, sessionsOf } from '../transition.ts';
import type { SessionRef } from '../transition.ts';

/** What a busy device is given before the next try. */
export const busyPause = 30_000;
export const unavailablePause = 15_000;
/** Without a Retry-After, as other clients wait. */
export const throttledPause = 60_000;
/**
 * How often a hold that ends with somebody else's request is looked at again; the end of that request nudges
 * anyway.
 */
const holdPause = 5_000;
/** A slot that another flight has reserved is looked at again this soon. */
const slotPause = 250;

/** What is known of a cause: who holds the device, or how Defender refused. */
export interface WaitReason {
  readonly blocker?: Blocker;
  readonly error?: ErrorAnswer;
}

export interface Wait extends WaitReason {
  readonly cause?: WaitCause;
  /** Milliseconds until it is looked at again. */
  readonly wait: number;
}

/** What this process is sending. A `submitting` session that is not here was cut off by a crash. */
export interface InFlight {
  has(session: SessionRef): boolean;
  /** Flights that have not yet taken their slot of the submit budget. */
  reserved(): number;
}

export interface Admission {
  /** Approved and not yet taken up, oldest approval first. */
  waiting(): readonly RequestSession<'queued'>[];
  /** Why a session may not be sent now, and when to look again; undefined when it may. */
  of(queued: RequestSession<'queued'>): Wait | undefined;
  /** Puts what it waits for on the card, unless it is there. */
  recordWait(queued: SessionRef, cause: WaitCause | undefined, why?: WaitReason): Promise<void>;
  /**
   * Holds one session back for `ms` because something it needs could not be read; kept in memory alone, a
   * restart may try at once.
   */
  pause(session: SessionRef, ms: number): void;
  /** A session that ended needs no pause any more. */
  forget(session: SessionRef): void;
  /** Sessions of ours that are or may be live, those of offline devices left out. */
  sessionsHeld(): number;
  /** How many sessions there may be, as far as 429s have taught us. */
  cap(): number;
  /**
   * Rate and session limit answer the same 429; our own count of the rate was fine, so with many sessions it
   * is those.
   */
  recordThrottle(): WaitCause;
}

/** Defender cannot be reached, or does not let the bot in: the second is for an administrator to fix. */
export function outageOf({ code, detail }: DefenderError): 'unavailable' | 'unauthorized' {
  return code === 'unauthorized' || detail.status === 403 ? 'unauthorized' : 'unavailable';
}

export function createAdmission(deps: Deps, inFlight: InFlight): Admission {
  return new WaitingSessions(deps, inFlight);
}

class WaitingSessions implements Admission {
  readonly #deps: Deps;
  readonly #inFlight: InFlight;
  /** In elapsed time. */
  readonly #pausedUntil: Map<string, number>;
  /** The pauses that the journal knows, from when they were first seen. */
  readonly #deferrals: Map<string, { readonly notBefore: number; readonly until: number }>;
  #cap: SessionCap;

  constructor(deps: Deps, inFlight: InFlight) {
    this.#deps = deps;
    this.#inFlight = inFlight;
    this.#pausedUntil = memoryOf(deps).map('sessions paused');
    this.#deferrals = memoryOf(deps).map('sessions deferred');
    this.#cap = sessionCap(deps.settings.sessions);
  }

  waiting(): readonly RequestSession<'queued'>[] {
    return sessionsIn(this.#deps.store.open(), ['queued'])
      .filter((queued) => !this.#inFlight.has(queued))
      .sort((a, b) => a.session.grant.at - b.session.grant.at);
  }

  of(queued: RequestSession<'queued'>): Wait | undefined {
    const { store, callRates: budgets, clock } = this.#deps;
    if (store.trouble() !== undefined) return { wait: unavailablePause };
    if (store.freeze() !== undefined) return { cause: 'frozen', wait: throttledPause };
    const now = clock.elapsed();
    const pause = Math.max(this.#deferredFor(queued), (this.#pausedUntil.get(sessionKey(queued)) ?? 0) - now);
    if (pause > 0) return { wait: pause };
    const live = this.#liveSessions();
    // An unknown session keeps its device until somebody decides, though no longer a session: what may run
    // there must not meet a second script.
    const holder = [...live, ...sessionsIn(store.open(), ['unknown'])].find(
      ({ session }) => session.device.id === queued.session.device.id,
    );
    if (holder !== undefined)
      return { cause: 'deviceBusy', blocker: requestAsBlocker(holder), wait: holdPause };
    if (this.sessionsHeld() >= capAt(this.#cap, now)) return { cause: 'sessions', wait: holdPause };
    const wait = budgets.waitFor('submit', now);
    const free =
      Math.min(...budgets.left('submit', now).map((rate) => rate.left)) - this.#inFlight.reserved();
    return wait === 0 && free > 0 ? undefined : { cause: 'slot', wait: Math.max(wait, slotPause) };
  }

  /**
   * What is left of the pause that a refusal asked for: as long as it was meant, whatever happens to the wall
   * clock in which it is journaled.
   */
  #deferredFor(queued: RequestSession<'queued'>): number {
    const { clock } = this.#deps;
    const { stage, attempts } = queued.session;
    const { notBefore } = stage;
    if (notBefore === undefined) return 0;
    const known = this.#deferrals.get(sessionKey(queued));
    if (known?.notBefore === notBefore) return known.until - clock.elapsed();
    const meant = notBefore - (attempts.at(-1)?.at ?? notBefore);
    const wait = Math.max(0, Math.min(notBefore - clock.now(), meant > 0 ? meant : maxPenaltyMs));
    this.#deferrals.set(sessionKey(queued), { notBefore, until: clock.elapsed() + wait });
    return wait;
  }

  async recordWait(
    queued: SessionRef,
    cause: WaitCause | undefined,
    { blocker, error }: WaitReason = {},
  ): Promise<void> {
    if (cause === undefined) return;
    await changeSession(this.#deps.store, queued, ['queued'], ({ session: { stage } }) => {
      // An answer that says the same with another correlation id is no news.
      const same =
        stage.waitsFor === cause &&
        (blocker === undefined || JSON.stringify(blocker) === JSON.stringify(stage.blocker));
      return same
        ? undefined
        : {
            type: 'waiting',
            cause,
            ...(blocker === undefined ? {} : { blocker }),
            ...(error === undefined ? {} : { error }),
          };
    });
  }

  pause(session: SessionRef, ms: number): void {
    this.#pausedUntil.set(sessionKey(session), this.#deps.clock.elapsed() + ms);
  }

  forget(session: SessionRef): void {
    this.#pausedUntil.delete(sessionKey(session));
    this.#deferrals.delete(sessionKey(session));
  }

  /**
   * Those that wait for an offline device are counted apart, or a few laptops in a drawer would stop
   * everybody for days; should Defender count them, its 429 lowers the cap.
   */
  sessionsHeld(): number {
    return this.#liveSessions().filter(
      (live) => !(isIn(live, ['running']) && isParked(live.session.stage.run, this.#deps.clock.now())),
    ).length;
  }

  /**
   * Those that hold a session at Defender, or may: an unknown one as long as it is looked for. After that it
   * waits for a person, who must not hold up everybody else.
   */
  #liveSessions(): readonly RequestSession[] {
    return sessionsOf(this.#deps.store.open()).filter((one) => {
      const { stage } = one.session;
      switch (stage.state) {
        case 'queued':
          return this.#inFlight.has(one);
        case 'unknown':
          return stage.searches < maxSearchAttempts || this.#inFlight.has(one);
        default:
          return stage.state === 'submitting' || stage.state === 'running';
      }
    });
  }

  cap(): number {
    return capAt(this.#cap, this.#deps.clock.elapsed());
  }

  recordThrottle(): WaitCause {
    const others = this.sessionsHeld() - 1;
    this.#cap = afterThrottle(this.#cap, others, this.#deps.clock.elapsed());
    return others < minSessionsForCapLearning ? 'throttled' : 'sessions';
  }
}

/** Asked with one list call after Defender has said that the device is busy. */
export async function findBlocker(
  { store, defender, log }: Pick<Deps, 'store' | 'defender' | 'log'>,
  { request, session }: RequestSession,
): Promise<Blocker> {
  try {
    const { actions: active, whole } = await defender.activeOn(session.device.id);
    // An action of another type is named where there is no session: that it blocks is not documented, but
    // somebody works there.
    const holder = active.find((action) => action.type === 'LiveResponse') ?? active.at(0);
    if (holder !== undefined) return blockerFrom(store, holder);
    // Of a list that was read in part, nobody can say that nothing is in it.
    return whole ? { by: 'unseen' } : { by: 'notRead' };
  } catch (error) {
    if (!(error instanceof DefenderError)) throw error;
    log.warn('blockerNotRead', {
      request: request.id,
      code: error.code,
      detail: error.message,
      target: error.detail.target,
    });
    return { by: 'notRead', error: errorAnswer(error) };
  }
}

/** An action that is in the way; where it is of a request of ours, that one. */
export function blockerFrom(store: Pick<Deps['store'], 'all'>, action: Action): Blocker {
  const ours = sessionOfAction(store, action.id);
  if (ours !== undefined) return requestAsBlocker(ours);
  return {
    by: 'action',
    id: action.id,
    type: action.type,
    app: action.requestor,
    ...(action.createdAt === undefined ? {} : { since: action.createdAt }),
    ...(action.comment === '' ? {} : { comment: action.comment }),
  };
}

/**
 * An unknown request keeps its device until a person decides: what may run there must not meet a second
 * script.
 */
export function requestAsBlocker({ request, session }: RequestSession): Blocker {
  return { by: 'request', id: request.id, undecided: session.stage.state === 'unknown' };
}

/** The session that we know to be this action at Defender; undefined where none is. */
export function sessionOfAction(
  store: Pick<Deps['store'], 'all'>,
  actionId: string,
): RequestSession | undefined {
  return sessionsOf(store.all()).find(
    ({ session }) => actionIdOf(session.stage)?.toLowerCase() === actionId.toLowerCase(),
  );
}
