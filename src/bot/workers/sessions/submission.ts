// From approved to running: claim a slot, write the intent down, POST once. What a definite "no" means is
// decided here; a lost answer goes to reconciliation and is never repeated by itself. What holds a request
// back is in `holds`, what must still be true in `beforeSending`.
import { clip, oneLine } from '../../../../cards/clip.ts';
import { earlierAttempt } from '../../../liveResponse/request/session.ts';
import type { Attempt, WaitCause } from '../../../liveResponse/request/session.ts';
import type { Device, Request } from '../../../liveResponse/request/request.ts';
import type { InState, Move } from '../../../liveResponse/request/events.ts';
import { stageOf, sessionOf } from '../../../liveResponse/request/request.ts';
import type { Action } from '../../../liveResponse/action.ts';
import { hasBegun } from '../../../liveResponse/action.ts';
import type { Blocker } from '../../../liveResponse/request/errorAnswer.ts';
import { DefenderError, errorAnswer } from '../../../liveResponse/ports.ts';
import {
  contentFailure,
  judgePreflight,
  preflightFailure,
  readForPreflight,
  readContent,
  readPeople,
  refused,
} from './preflight.ts';
import type { Reading } from './preflight.ts';
import { blockerFrom, findBlocker } from './blockers.ts';
import type { Deps } from '../../deps.ts';
import { busyPause, createAdmission, outageOf, throttledPause, unavailablePause } from './admission.ts';
import type { TenantLearning } from './tenantLearning.ts';
import { deadlineFrom, maxComment, queueOf } from '../sessionDeadlines.ts';
import type { Ages } from '../ages.ts';
import { isIn, moveFrom } from '../transition.ts';
import { differing, findByTag } from './reconciliation.ts';
import { createNextWake } from '../nextWake.ts';
import type { Turn } from '../worker.ts';
import { byHand } from '../worker.ts';

export interface Submission {
  /**
   * Lapses what is too old, claims what may be claimed and starts the POSTs. Answers after how many
   * milliseconds to come again.
   */
  pass(turn?: Turn): Promise<number | undefined>;
  /** True while this process waits for the answer to this request's POST. */
  isPosting(id: string): boolean;
  /** Claims nothing more; resolves when no POST is under way. */
  drain(): Promise<void>;
  /** Resolves when no POST is under way. */
  settled(): Promise<void>;
  /** Sessions of ours that are or may be live, those of offline devices left out, and how many may be. */
  sessions(): { readonly live: number; readonly cap: number };
  /**
   * Place among the waiting, 1 being next, and when its turn is expected; undefined for a request that does
   * not wait.
   */
  place(id: string): { readonly position: number; readonly expectedAt: number } | undefined;
}

/** `done` is called after every POST, so that the loop goes on at once. */
export function createSubmission(
  deps: Deps,
  ages: Ages,
  done: () => void,
  learning?: Pick<TenantLearning, 'oneMore'>,
): Submission {
  const { store, defender, clock, callRates: budgets, log } = deps;
  const inFlight = new Map<string, Promise<void>>();
  const reserved = new Set<string>();
  const admission = createAdmission(deps, { has: (id) => inFlight.has(id), reserved: () => reserved.size });
  let draining = false;

  async function pass(turn: Turn = byHand): Promise<number | undefined> {
    const wakes = createNextWake(clock);
    for (const request of admission.waiting()) {
      if (!turn.goOn()) break;
      if (lapsesIn(request) <= 0) {
        admission.forget(request.id);
        await moveFrom(store, request.id, ['queued'], () => ({ type: 'lapsed' }));
        continue;
      }
      if (draining) continue;
      const hold = admission.of(request);
      if (hold === undefined) {
        launch(request);
        continue;
      }
      await admission.recordWait(request.id, hold.cause, hold);
      wakes.after(Math.min(hold.wait, lapsesIn(request)));
    }
    return wakes.wait();
  }

  /**
   * By the time on the card, and no later than it was meant: a clock that is set back must not keep an old
   * approval alive.
   */
  function lapsesIn({ id, runBefore, approval }: InState<'queued'>): number {
    return Math.min(
      runBefore - clock.now(),
      runBefore - approval.at - ages.of(`${id} approved`, approval.at),
    );
  }

  /**
   * Told after the deferral is written: a crash while the list is asked must not make a definite no a lost
   * answer.
   */
  async function tellBlocker(id: string, blocker: Blocker): Promise<void> {
    await moveFrom(store, id, ['queued'], ({ waitsFor, error }) =>
      waitsFor === 'deviceBusy'
        ? { type: 'waiting', cause: waitsFor, blocker, ...(error === undefined ? {} : { error }) }
        : undefined,
    );
  }

  function launch(request: InState<'queued'>): void {
    reserved.add(request.id);
    const flight = submitOne(request)
      .catch((error: unknown) => log.error('submissionFailed', { request: request.id, error }))
      .finally(() => {
        inFlight.delete(request.id);
        reserved.delete(request.id);
        done();
      });
    inFlight.set(request.id, flight);
  }

  async function submitOne(request: InState<'queued'>): Promise<void> {
    const reading = await read(request);
    if (reading === undefined) return;
    const attempt = newAttempt(request);
    const claimed = await store.change(request.id, (current) => mayClaim(current, attempt));
    if (!('request' in claimed)) {
      log.warn('notClaimed', { request: request.id, why: claimed.no });
      return;
    }
    const submitting = claimed.request;
    if (!isIn(submitting, ['submitting'])) return;
    const objection = preflightFailure(deps, submitting, reading);
    if (objection !== undefined) {
      await move(request.id, () => objection);
      return;
    }
    if ((await mayPost(submitting)) && (await mayToday(submitting, reading.device)))
      await post(submitting, attempt);
  }

  /**
   * The last question before the POST, whatever took its time before it: nothing is awaited between its
   * answer and the call.
   */
  async function mayToday(request: InState<'submitting'>, device: Device): Promise<boolean> {
    const judged = judgePreflight(deps, request, device, await readPeople(deps, request));
    if (judged === undefined) return true;
    if ('no' in judged) await move(request.id, () => refused(judged.no.code, judged.no.detail));
    else
      await move(request.id, (now) => ({
        type: 'deferred',
        cause: 'directory',
        notBefore: now + unavailablePause,
      }));
    return false;
  }

  /**
   * The last look at what may have changed since the approval, inside the same change that writes the intent.
   */
  function mayClaim(current: Request, attempt: Attempt): { readonly event: Move } | { readonly no: string } {
    const stage = stageOf(current);
    if (stage.state !== 'queued') return { no: `it is ${stage.state}` };
    if (store.freeze() !== undefined) return { no: 'submissions are frozen' };
    if (draining) return { no: 'the bot is stopping' };
    if (!isIn(current, ['queued']) || lapsesIn(current) <= 0) return { no: 'the approval has lapsed' };
    return { event: { type: 'claimed', attempt } };
  }

  /** What the checks before the POST need; undefined when it cannot be had: then nothing is sent. */
  async function read(request: InState<'queued'>): Promise<Reading | undefined> {
    const reading = await readForPreflight(deps, request);
    if ('ended' in reading) {
      await moveFrom(store, request.id, ['queued'], () => ({
        type: 'claimed',
        attempt: newAttempt(request),
      }));
      await move(request.id, () => refusal(reading.ended));
      return undefined;
    }
    if ('again' in reading) {
      admission.pause(request.id, reading.again.detail.retryAfterMs ?? unavailablePause);
      await admission.recordWait(
        request.id,
        reading.cause,
        reading.cause === 'slot' ? {} : { error: errorAnswer(reading.again) },
      );
      return undefined;
    }
    const judged = judgePreflight(deps, request, reading.device, reading.people);
    if (judged === undefined) return reading;
    if ('no' in judged) {
      admission.forget(request.id);
      await moveFrom(store, request.id, ['queued'], () => refused(judged.no.code, judged.no.detail));
      return undefined;
    }
    log.warn('groupsNotRead', { request: request.id, groups: judged.unread });
    admission.pause(request.id, unavailablePause);
    await admission.recordWait(request.id, 'directory');
    return undefined;
  }

  /**
   * Never before its approval, though the clock was set back in between: it would be taken for an attempt
   * under an older one.
   */
  function newAttempt(request: InState<'queued'>): Attempt {
    const nonce = deps.random.hex(8);
    return {
      nonce,
      tag: `lr:${request.id}:${nonce}`,
      at: Math.max(clock.now(), sessionOf(request).grant.at),
    };
  }

  /**
   * An attempt whose answer was lost may have turned up while the next one waited: what is there is followed,
   * not sent again.
   */
  async function mayPost(request: InState<'submitting'>): Promise<boolean> {
    if (earlierAttempt(request) === undefined) return true;
    try {
      const action = await findByTag(deps, request);
      if (action === undefined) return await stillAsApproved(request);
      log.info('earlierAttemptFound', { request: request.id, action: action.id });
      await started(request, action);
    } catch (error) {
      if (!(error instanceof DefenderError)) throw error;
      log.warn('lookFailed', { request: request.id, code: error.code, detail: error.message });
      await move(request.id, (now) => ({
        type: 'deferred',
        cause: outageOf(error),
        notBefore: now + (error.detail.retryAfterMs ?? unavailablePause),
        error: errorAnswer(error),
      }));
    }
    return false;
  }

  /** The search may have taken a while, and the library was read before it. */
  async function stillAsApproved(request: InState<'submitting'>): Promise<boolean> {
    const content = await readContent(deps, request);
    if (content !== undefined && 'again' in content) {
      await move(request.id, (now) => ({
        type: 'deferred',
        cause: content.cause,
        notBefore: now + (content.again.detail.retryAfterMs ?? unavailablePause),
        error: errorAnswer(content.again),
      }));
      return false;
    }
    const objection = contentFailure(request, content);
    if (objection !== undefined) await move(request.id, () => objection);
    return objection === undefined;
  }

  /**
   * Sessions of ours that count against the tenant's limit for certain: one that still waits for its device
   * may not, should that be offline.
   */
  function runningNow(): number {
    return store
      .open()
      .filter((request) => isIn(request, ['running']) && hasBegun(stageOf(request).run.action)).length;
  }

  async function started(request: InState<'submitting'>, action: Action): Promise<void> {
    admission.forget(request.id);
    await move(request.id, (now) => ({
      type: 'submitted',
      action,
      deadline: deadlineFrom(request, now, queueOf(deps)),
      ...differing(deps, request, action),
    }));
  }

  async function post(request: InState<'submitting'>, attempt: Attempt): Promise<void> {
    let action: Action;
    reserved.delete(request.id); // From here on the client has taken the slot itself.
    try {
      action = await defender.submit(
        request.targets[0].device.id,
        request.subject.commands,
        commentOf(request, attempt),
      );
    } catch (error) {
      await handleFailure(request, error);
      return;
    }
    const known = store
      .all()
      .some(
        (other) =>
          'actionId' in other && stageOf(other).run.actionId.toLowerCase() === action.id.toLowerCase(),
      );
    if ((known && !isOurs(action, request)) || isForeign(action, request)) {
      // Defender sometimes answers with the action that already runs on the device (defender-api.md 1.5):
      // ours was not started.
      log.warn('foreignAction', { request: request.id, action: action.id });
      await move(request.id, (now) => ({
        type: 'deferred',
        cause: 'deviceBusy',
        notBefore: now + busyPause,
      }));
      await tellBlocker(request.id, blockerFrom(store, action));
      return;
    }
    // Our tag on the action of another request: something of ours arrived, and nobody knows what.
    if (known || !isOurs(action, request)) {
      log.warn('answerProvesNothing', { request: request.id, action: action.id });
      await move(request.id, () => ({ type: 'lost' }));
      return;
    }
    learning?.oneMore(runningNow(), 'accepted');
    await started(request, action);
  }

  /**
   * What the failed POST means. Only a definite answer that nothing ran leads back to the queue or to the
   * end.
   */
  async function handleFailure(request: InState<'submitting'>, error: unknown): Promise<void> {
    const { id } = request;
    if (!(error instanceof DefenderError)) {
      log.error('submitBroke', { request: id, error });
      await move(id, () => ({ type: 'lost' }));
      return;
    }
    const { code, detail } = error;
    log.warn('submitAnswered', {
      request: id,
      code,
      status: detail.status,
      apiCode: detail.apiCode,
      target: detail.target,
    });
    await move(id, (now) => {
      const deferred = (cause: WaitCause, pause: number) =>
        ({
          type: 'deferred',
          cause,
          notBefore: now + (detail.retryAfterMs ?? pause),
          ...(code === 'paced' ? {} : { error: errorAnswer(error) }),
        }) as const;
      switch (code) {
        case 'busy':
          return deferred('deviceBusy', busyPause);
        case 'throttled':
          learning?.oneMore(runningNow(), 'refused');
          return deferred(admission.recordThrottle(), throttledPause);
        case 'paced':
          return deferred('slot', 1_000);
        case 'unavailable':
        case 'unauthorized': // Our own credentials are broken: the approval need not be wasted on that.
          return deferred(outageOf(error), unavailablePause);
        case 'refused':
        case 'notFound':
          return refusal(error);
        default:
          return { type: 'lost', error: errorAnswer(error) };
      }
    });
    if (code === 'busy') await tellBlocker(id, await findBlocker(deps, request));
  }

  async function move(id: string, event: (now: number) => Move): Promise<void> {
    await moveFrom(store, id, ['submitting'], (_request, now) => event(now));
  }

  async function settled(): Promise<void> {
    while (inFlight.size > 0) await Promise.all(inFlight.values());
  }

  return {
    pass,
    settled,
    sessions: () => ({ live: admission.sessionsHeld(), cap: admission.cap() }),
    isPosting: (id) => inFlight.has(id),
    async drain() {
      draining = true;
      await settled();
    },
    place(id) {
      const position = admission.waiting().findIndex((request) => request.id === id) + 1;
      return position === 0
        ? undefined
        : { position, expectedAt: clock.now() + budgets.expectedIn(position, clock.elapsed()) };
    },
  };
}

/** The tag of any of our attempts: Defender may answer with an earlier one that arrived after all. */
function isOurs(action: Action, { attempts }: InState<'submitting'>): boolean {
  return attempts.some((attempt) => action.comment.includes(attempt.tag));
}

/**
 * Words that are not ours. No comment at all, or one cut inside our tag, may be our own action: sent again,
 * it would run twice.
 */
function isForeign(action: Action, request: InState<'submitting'>): boolean {
  const comment = action.comment.trim();
  return (
    !isOurs(action, request) &&
    !sessionOf(request).attempts.some((attempt) => attempt.tag.startsWith(comment))
  );
}

function refusal(error: DefenderError): Move {
  const { apiCode, apiMessage, target, call, status } = error.detail;
  return {
    type: 'refused',
    code: apiCode ?? error.code,
    ...(apiMessage === undefined ? {} : { detail: apiMessage }),
    ...(target === undefined ? {} : { target }),
    ...(call === undefined ? {} : { call }),
    ...(status === undefined ? {} : { status }),
  };
}

/**
 * The tag first, so that it survives any cut; then the people, since to Defender the requestor is only our
 * application.
 */
export function commentOf(request: Request, attempt: Attempt): string {
  const approver = 'approval' in request ? sessionOf(request).grant.by.name : 'nobody';
  const reason =
    request.asked.reason === undefined ? '' : ` | reason: ${oneLine(request.asked.reason, maxComment)}`;
  return clip(
    `${attempt.tag} | requested by ${request.asked.requester.name} | approved by ${approver} | ${request.subject.fingerprint}${reason}`,
    maxComment,
  );
}
