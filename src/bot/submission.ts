// From approved to running: claim a slot, write the intent down, POST once. What a definite "no" means is decided here; a lost
// answer goes to reconciliation and is never repeated by itself.
import { earlierAttempt } from '../../cards/said.ts';
import type { Action } from '../liveResponse/action.ts';
import { digestText } from '../liveResponse/commands.ts';
import { afterThrottle, capAt, capFloor, isParked, sessionCap } from '../liveResponse/pacing.ts';
import { DefenderError } from '../liveResponse/ports.ts';
import type { Attempt, Device, InState, Move, Request, WaitCause } from '../liveResponse/request.ts';
import type { Deps } from './deps.ts';
import { deadlineFrom, looksBeforeAsking } from './limits.ts';
import { isIn, moveFrom } from './moving.ts';
import { findByTag } from './reconciliation.ts';
import { explain } from './refusal.ts';
import { inScope } from './scope.ts';

/** What a busy device is given before the next try. */
const busyPause = 30_000;
const unavailablePause = 15_000;
/** Without a Retry-After; what other clients of this API wait (defender-api.md 7.4). */
const throttledPause = 60_000;
/** How often a hold that ends with somebody else's request is looked at again; the end of that request nudges anyway. */
const holdPause = 5_000;
/** A slot that another flight has reserved is looked at again this soon. */
const slotPause = 250;
/** Defender documents no limit for a Comment; this is ours. */
const maxComment = 1000;

export interface Submission {
  /** Lapses what is too old, claims what may be claimed and starts the POSTs. Answers when to come again. */
  pass(): Promise<number | undefined>;
  /** True while this process waits for the answer to this request's POST. */
  isPosting(id: string): boolean;
  /** Claims nothing more; resolves when no POST is under way. */
  drain(): Promise<void>;
  /** Resolves when no POST is under way. */
  settled(): Promise<void>;
  /** Sessions of ours that are or may be live, those of offline devices left out, and how many may be. */
  sessions(): { readonly live: number; readonly cap: number };
  /** Place among the waiting, 1 being next, and when its turn is expected; undefined for a request that does not wait. */
  place(id: string): { readonly position: number; readonly expectedAt: number } | undefined;
}

interface Hold {
  readonly cause?: WaitCause;
  readonly until: number;
}

/** `done` is called after every POST, so that the loop goes on at once. */
export function createSubmission(deps: Deps, done: () => void): Submission {
  const { store, defender, clock, budgets, log } = deps;
  /** Claims and POSTs of this process. A `submitting` request that is not here was cut off by a crash. */
  const flights = new Map<string, Promise<void>>();
  /** Flights that have not yet taken their slot of the submit budget. */
  const reserved = new Set<string>();
  /** Requests whose device could not be read, and when to try again. */
  const notBefore = new Map<string, number>();
  let cap = sessionCap(deps.settings.sessions);
  let draining = false;

  async function pass(): Promise<number | undefined> {
    const now = clock.now();
    const wakes: number[] = [];
    for (const request of waiting()) {
      if (request.runBefore <= now) {
        notBefore.delete(request.id);
        await moveFrom(store, request.id, ['queued'], () => ({ type: 'lapsed' }));
        continue;
      }
      const hold = draining ? { until: request.runBefore } : holdOf(request, now);
      if (hold === undefined) {
        launch(request);
        continue;
      }
      await tellHold(request.id, hold.cause);
      wakes.push(Math.min(hold.until, request.runBefore));
    }
    return wakes.length === 0 ? undefined : Math.min(...wakes);
  }

  /** Approved and not yet taken up, oldest approval first. */
  function waiting(): readonly InState<'queued'>[] {
    return store
      .open()
      .filter((request) => isIn(request, ['queued']))
      .filter((request) => !flights.has(request.id))
      .sort((a, b) => a.approval.at - b.approval.at);
  }

  function holdOf(request: InState<'queued'>, now: number): Hold | undefined {
    if (store.trouble() !== undefined) return { until: now + unavailablePause };
    if (store.freeze() !== undefined) return { cause: 'frozen', until: now + throttledPause };
    const pause = Math.max(request.notBefore ?? 0, notBefore.get(request.id) ?? 0);
    if (pause > now) return { until: pause };
    const live = liveRequests();
    // An unknown request keeps its device until somebody decides, though no longer a session: what may run there must not meet a second script.
    const devices = [...live, ...store.open().filter((other) => isIn(other, ['unknown']))].map((other) => other.device.id);
    if (devices.includes(request.device.id)) return { cause: 'deviceBusy', until: now + holdPause };
    if (sessionsHeld(now) >= capAt(cap, now)) return { cause: 'sessions', until: now + holdPause };
    const wait = budgets.waitFor('submit', now);
    const free = Math.min(...budgets.left('submit', now).map((rate) => rate.left)) - reserved.size;
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

  async function tellHold(id: string, cause: WaitCause | undefined): Promise<void> {
    if (cause === undefined) return;
    await moveFrom(store, id, ['queued'], (request) => (request.waitsFor === cause ? undefined : { type: 'waiting', cause }));
  }

  function launch(request: InState<'queued'>): void {
    reserved.add(request.id);
    const flight = fly(request)
      .catch((error: unknown) => log.error('submissionFailed', { request: request.id, error }))
      .finally(() => {
        flights.delete(request.id);
        reserved.delete(request.id);
        done();
      });
    flights.set(request.id, flight);
  }

  async function fly(request: InState<'queued'>): Promise<void> {
    const device = await readDevice(request);
    if (device === undefined) return;
    const attempt = newAttempt(request);
    const claimed = await store.change(request.id, (current) => mayClaim(current, attempt));
    if (!('request' in claimed)) {
      log.warn('notClaimed', { request: request.id, why: claimed.no });
      return;
    }
    const submitting = claimed.request;
    if (!isIn(submitting, ['submitting'])) return;
    const objection = objectionTo(submitting, device);
    if (objection !== undefined) {
      await move(request.id, () => objection);
      return;
    }
    if (await mayPost(submitting)) await post(submitting, attempt);
  }

  /** What was approved is one thing in one tenant on one device in scope; a restart may have brought another tenant or another policy. */
  function objectionTo(request: InState<'submitting'>, device: Device): Move | undefined {
    if (request.tenant !== deps.settings.tenant) return { type: 'refused', code: 'otherTenant' };
    const digest = deps.hash.sha256(digestText(request.tenant, request.device.id, request.commands));
    if (digest !== request.digest || digest !== request.approval.digest) return { type: 'refused', code: 'digestMismatch' };
    const problem = inScope(deps.policy, device);
    return problem === undefined ? undefined : { type: 'refused', code: 'deviceOutOfScope', detail: explain(problem, deps.settings.command) };
  }

  /** The last look at what may have changed since the approval, inside the same change that writes the intent. */
  function mayClaim(current: Request, attempt: Attempt): { readonly event: Move } | { readonly no: string } {
    if (current.state !== 'queued') return { no: `it is ${current.state}` };
    if (store.freeze() !== undefined) return { no: 'submissions are frozen' };
    if (draining) return { no: 'the bot is stopping' };
    if (current.runBefore <= clock.now()) return { no: 'the approval has lapsed' };
    return { event: { type: 'claimed', attempt } };
  }

  /** The device as it is now. Undefined when it cannot be read: without its tags and group the scope cannot be checked, so nothing is sent. */
  async function readDevice(request: InState<'queued'>): Promise<Device | undefined> {
    try {
      return await defender.machine(request.device.id);
    } catch (error) {
      if (!(error instanceof DefenderError)) throw error;
      log.warn('deviceNotRead', { request: request.id, code: error.code, detail: error.message });
      if (error.code === 'notFound' || error.code === 'refused') {
        await moveFrom(store, request.id, ['queued'], () => ({ type: 'claimed', attempt: newAttempt(request) }));
        await move(request.id, () => refusal(error));
        return undefined;
      }
      notBefore.set(request.id, clock.now() + (error.detail.retryAfterMs ?? unavailablePause));
      await tellHold(request.id, error.code === 'paced' ? 'slot' : 'unavailable');
      return undefined;
    }
  }

  function newAttempt(request: Request): Attempt {
    const nonce = deps.random.hex(8);
    return { nonce, tag: `lr:${request.id}:${nonce}`, at: clock.now() };
  }

  /** An attempt whose answer was lost may have turned up while the next one waited: what is there is followed, not sent again. */
  async function mayPost(request: InState<'submitting'>): Promise<boolean> {
    if (earlierAttempt(request) === undefined) return true;
    try {
      const action = await findByTag(deps, request);
      if (action === undefined) return true;
      log.info('earlierAttemptFound', { request: request.id, action: action.id });
      await started(request, action);
    } catch (error) {
      if (!(error instanceof DefenderError)) throw error;
      log.warn('lookFailed', { request: request.id, code: error.code, detail: error.message });
      await move(request.id, (now) => ({ type: 'deferred', cause: 'unavailable', notBefore: now + (error.detail.retryAfterMs ?? unavailablePause) }));
    }
    return false;
  }

  async function started(request: InState<'submitting'>, action: Action): Promise<void> {
    await move(request.id, (now) => ({ type: 'submitted', action, deadline: deadlineFrom(request, now, deps.settings.offlineQueue) }));
  }

  async function post(request: InState<'submitting'>, attempt: Attempt): Promise<void> {
    let action: Action;
    reserved.delete(request.id); // From here on the client has taken the slot itself.
    try {
      action = await defender.submit(request.device.id, request.commands, commentOf(request, attempt));
    } catch (error) {
      await settle(request.id, error);
      return;
    }
    const known = store.all().some((other) => 'actionId' in other && other.actionId === action.id);
    if (known || isForeign(action, request)) {
      // Defender sometimes answers with the action that already runs on the device (defender-api.md 1.5): ours was not started.
      log.warn('foreignAction', { request: request.id, action: action.id });
      await move(request.id, (now) => ({ type: 'deferred', cause: 'deviceBusy', notBefore: now + busyPause }));
      return;
    }
    if (!isOurs(action, request)) {
      log.warn('answerProvesNothing', { request: request.id, action: action.id });
      await move(request.id, () => ({ type: 'lost' }));
      return;
    }
    await started(request, action);
  }

  /** What the failed POST means. Only a definite answer that nothing ran leads back to the queue or to the end. */
  async function settle(id: string, error: unknown): Promise<void> {
    if (!(error instanceof DefenderError)) {
      log.error('submitBroke', { request: id, error });
      await move(id, () => ({ type: 'lost' }));
      return;
    }
    const { code, detail } = error;
    log.warn('submitAnswered', { request: id, code, status: detail.status, apiCode: detail.apiCode, target: detail.target });
    await move(id, (now) => {
      const deferred = (cause: WaitCause, pause: number) => ({ type: 'deferred', cause, notBefore: now + (detail.retryAfterMs ?? pause) }) as const;
      switch (code) {
        case 'busy':
          return deferred('deviceBusy', busyPause);
        case 'throttled':
          return deferred(learn429(now), throttledPause);
        case 'paced':
          return deferred('slot', 1_000);
        case 'unavailable':
        case 'unauthorized': // Our own credentials are broken: the approval need not be wasted on that.
          return deferred('unavailable', unavailablePause);
        case 'refused':
        case 'notFound':
          return refusal(error);
        default:
          return { type: 'lost' };
      }
    });
  }

  /** Rate and session limit answer the same 429; our own count of the rate was fine, so with many sessions it is those. */
  function learn429(now: number): WaitCause {
    const others = sessionsHeld(now) - 1;
    cap = afterThrottle(cap, others, now);
    return others < capFloor ? 'throttled' : 'sessions';
  }

  async function move(id: string, event: (now: number) => Move): Promise<void> {
    await moveFrom(store, id, ['submitting'], (_request, now) => event(now));
  }

  async function settled(): Promise<void> {
    while (flights.size > 0) await Promise.all(flights.values());
  }

  return {
    pass,
    settled,
    sessions: () => ({ live: sessionsHeld(clock.now()), cap: capAt(cap, clock.now()) }),
    isPosting: (id) => flights.has(id),
    async drain() {
      draining = true;
      await settled();
    },
    place(id) {
      const position = waiting().findIndex((request) => request.id === id) + 1;
      return position === 0 ? undefined : { position, expectedAt: budgets.expectedAt(position, clock.now()) };
    },
  };
}

/** The tag of any of our attempts: Defender may answer with an earlier one that arrived after all. */
function isOurs(action: Action, { attempts }: InState<'submitting'>): boolean {
  return attempts.some((attempt) => action.comment.includes(attempt.tag));
}

/** Words that are not ours. No comment at all, or one cut inside our tag, may be our own action: sent again, it would run twice. */
function isForeign(action: Action, request: InState<'submitting'>): boolean {
  const comment = action.comment.trim();
  return !isOurs(action, request) && !request.attempts.some((attempt) => attempt.tag.startsWith(comment));
}

function refusal(error: DefenderError): Move {
  const { apiCode, apiMessage, target } = error.detail;
  return {
    type: 'refused',
    code: apiCode ?? error.code,
    ...(apiMessage === undefined ? {} : { detail: apiMessage }),
    ...(target === undefined ? {} : { target }),
  };
}

/** The tag first, so that it survives any cut; then the people, since to Defender the requestor is only our application. */
export function commentOf(request: Request, attempt: Attempt): string {
  const approver = 'approval' in request ? request.approval.by.name : 'nobody';
  const reason = request.reason === undefined ? '' : ` | reason: ${request.reason}`;
  return `${attempt.tag} | requested by ${request.requester.name} | approved by ${approver} | ${request.fingerprint}${reason}`.slice(0, maxComment);
}
