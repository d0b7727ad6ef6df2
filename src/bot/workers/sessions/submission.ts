// From approved to running: claim a slot, write the intent down, POST once. What a definite "no" means is
// decided here; a lost answer goes to reconciliation and is never repeated by itself. What holds a session
// back is in `admission`, what must still be true in `preflight`.
import { clip, oneLine } from '../../../../cards/clip.ts';
import { earlierAttempt } from '../../../liveResponse/request/session.ts';
import type { Attempt, Session, WaitCause } from '../../../liveResponse/request/session.ts';
import type { RequestSession } from '../../../liveResponse/request/request.ts';
import type { Device } from '../../../liveResponse/device/records.ts';
import type { SessionTransition } from '../../../liveResponse/request/events.ts';
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
import {
  blockerFrom,
  busyPause,
  createAdmission,
  findBlocker,
  outageOf,
  sessionOfAction,
  throttledPause,
  unavailablePause,
} from './admission.ts';
import type { Deps } from '../../deps.ts';
import type { TenantLearning } from './following.ts';
import {
  changeSession,
  deadlineFrom,
  isIn,
  maxComment,
  queueOf,
  sessionAt,
  sessionsIn,
} from '../transition.ts';
import type { Ages } from '../transition.ts';
import { differing, findByTag } from './reconciliation.ts';
import { createNextWake, byHand } from '../worker.ts';
import type { Turn } from '../worker.ts';

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
    for (const queued of admission.waiting()) {
      if (!turn.goOn()) break;
      if (lapsesIn(queued) <= 0) {
        admission.forget(queued.request.id);
        await changeSession(store, queued, ['queued'], () => ({ type: 'lapsed' }));
        continue;
      }
      if (draining) continue;
      const hold = admission.of(queued);
      if (hold === undefined) {
        launch(queued);
        continue;
      }
      await admission.recordWait(queued, hold.cause, hold);
      wakes.after(Math.min(hold.wait, lapsesIn(queued)));
    }
    return wakes.wait();
  }

  /**
   * By the time on the card, and no later than it was meant: a clock that is set back must not keep an old
   * approval alive.
   */
  function lapsesIn({ request: { id }, session: { grant, stage } }: RequestSession<'queued'>): number {
    const { runBefore } = stage;
    return Math.min(runBefore - clock.now(), runBefore - grant.at - ages.of(`${id} approved`, grant.at));
  }

  /**
   * Told after the deferral is written: a crash while the list is asked must not make a definite no a lost
   * answer.
   */
  async function tellBlocker(deferred: RequestSession, blocker: Blocker): Promise<void> {
    await changeSession(store, deferred, ['queued'], ({ session }) => {
      const { waitsFor, error } = session.stage;
      return waitsFor === 'deviceBusy'
        ? { type: 'waiting', cause: waitsFor, blocker, ...(error === undefined ? {} : { error }) }
        : undefined;
    });
  }

  function launch(queued: RequestSession<'queued'>): void {
    const { request } = queued;
    reserved.add(request.id);
    const flight = submitOne(queued)
      .catch((error: unknown) => log.error('submissionFailed', { request: request.id, error }))
      .finally(() => {
        inFlight.delete(request.id);
        reserved.delete(request.id);
        done();
      });
    inFlight.set(request.id, flight);
  }

  async function submitOne(queued: RequestSession<'queued'>): Promise<void> {
    const reading = await read(queued);
    if (reading === undefined) return;
    const attempt = newAttempt(queued);
    const { id } = queued.request;
    const { number } = queued.session;
    const claimed = await store.change(id, (current) => {
      const no = whyNotClaimed(sessionAt(current, number));
      return no === undefined ? { event: { type: 'claimed', attempt }, session: number } : { no };
    });
    if (!('request' in claimed)) {
      log.warn('notClaimed', { request: id, why: claimed.no });
      return;
    }
    const submitting = sessionAt(claimed.request, number);
    if (!isIn(submitting, ['submitting'])) return;
    const objection = preflightFailure(deps, submitting, reading);
    if (objection !== undefined) {
      await settle(submitting, () => objection);
      return;
    }
    if ((await mayPost(submitting)) && (await mayToday(submitting, reading.device)))
      await post(submitting, attempt);
  }

  /**
   * The last question before the POST, whatever took its time before it: nothing is awaited between its
   * answer and the call.
   */
  async function mayToday(submitting: RequestSession<'submitting'>, device: Device): Promise<boolean> {
    const judged = judgePreflight(deps, submitting, device, await readPeople(deps, submitting));
    if (judged === undefined) return true;
    if ('no' in judged) await settle(submitting, () => refused(judged.no.code, judged.no.detail));
    else
      await settle(submitting, (now) => ({
        type: 'deferred',
        cause: 'directory',
        notBefore: now + unavailablePause,
      }));
    return false;
  }

  /**
   * The last look at what may have changed since the approval, inside the same change that writes the intent.
   */
  function whyNotClaimed(current: RequestSession | undefined): string | undefined {
    if (!isIn(current, ['queued'])) return `it is ${current?.session.stage.state ?? 'not approved'}`;
    if (store.freeze() !== undefined) return 'submissions are frozen';
    if (draining) return 'the bot is stopping';
    return lapsesIn(current) <= 0 ? 'the approval has lapsed' : undefined;
  }

  /** What the checks before the POST need; undefined when it cannot be had: then nothing is sent. */
  async function read(queued: RequestSession<'queued'>): Promise<Reading | undefined> {
    const { id } = queued.request;
    const reading = await readForPreflight(deps, queued);
    if ('ended' in reading) {
      await changeSession(store, queued, ['queued'], () => ({
        type: 'claimed',
        attempt: newAttempt(queued),
      }));
      await settle(queued, () => refusal(reading.ended));
      return undefined;
    }
    if ('again' in reading) {
      admission.pause(id, reading.again.detail.retryAfterMs ?? unavailablePause);
      await admission.recordWait(
        queued,
        reading.cause,
        reading.cause === 'slot' ? {} : { error: errorAnswer(reading.again) },
      );
      return undefined;
    }
    const judged = judgePreflight(deps, queued, reading.device, reading.people);
    if (judged === undefined) return reading;
    if ('no' in judged) {
      admission.forget(id);
      await changeSession(store, queued, ['queued'], () => refused(judged.no.code, judged.no.detail));
      return undefined;
    }
    log.warn('groupsNotRead', { request: id, groups: judged.unread });
    admission.pause(id, unavailablePause);
    await admission.recordWait(queued, 'directory');
    return undefined;
  }

  /**
   * Never before its approval, though the clock was set back in between: the record keeps the order in which
   * things happened.
   */
  function newAttempt({ request: { id }, session: { grant } }: RequestSession<'queued'>): Attempt {
    const nonce = deps.random.hex(8);
    return { nonce, tag: `lr:${id}:${nonce}`, at: Math.max(clock.now(), grant.at) };
  }

  /**
   * An attempt whose answer was lost may have turned up while the next one waited: what is there is followed,
   * not sent again.
   */
  async function mayPost(submitting: RequestSession<'submitting'>): Promise<boolean> {
    if (earlierAttempt(submitting.session) === undefined) return true;
    const { id } = submitting.request;
    try {
      const action = await findByTag(deps, submitting);
      if (action === undefined) return await stillAsApproved(submitting);
      log.info('earlierAttemptFound', { request: id, action: action.id });
      await started(submitting, action);
    } catch (error) {
      if (!(error instanceof DefenderError)) throw error;
      log.warn('lookFailed', { request: id, code: error.code, detail: error.message });
      await settle(submitting, (now) => ({
        type: 'deferred',
        cause: outageOf(error),
        notBefore: now + (error.detail.retryAfterMs ?? unavailablePause),
        error: errorAnswer(error),
      }));
    }
    return false;
  }

  /** The search may have taken a while, and the library was read before it. */
  async function stillAsApproved(submitting: RequestSession<'submitting'>): Promise<boolean> {
    const content = await readContent(deps, submitting);
    if (content !== undefined && 'again' in content) {
      await settle(submitting, (now) => ({
        type: 'deferred',
        cause: content.cause,
        notBefore: now + (content.again.detail.retryAfterMs ?? unavailablePause),
        error: errorAnswer(content.again),
      }));
      return false;
    }
    const objection = contentFailure(submitting.session, content);
    if (objection !== undefined) await settle(submitting, () => objection);
    return objection === undefined;
  }

  /**
   * Sessions of ours that count against the tenant's limit for certain: one that still waits for its device
   * may not, should that be offline.
   */
  function runningNow(): number {
    return sessionsIn(store.open(), ['running']).filter(({ session }) => hasBegun(session.stage.run.action))
      .length;
  }

  async function started(submitting: RequestSession<'submitting'>, action: Action): Promise<void> {
    const { request } = submitting;
    admission.forget(request.id);
    await settle(submitting, (now) => ({
      type: 'submitted',
      action,
      deadline: deadlineFrom(request, now, queueOf(deps)),
      ...differing(deps, request, action),
    }));
  }

  async function post(submitting: RequestSession<'submitting'>, attempt: Attempt): Promise<void> {
    const { request, session } = submitting;
    let action: Action;
    reserved.delete(request.id); // From here on the client has taken the slot itself.
    try {
      action = await defender.submit(
        session.device.id,
        request.subject.commands,
        commentOf(submitting, attempt),
      );
    } catch (error) {
      await handleFailure(submitting, error);
      return;
    }
    const known = sessionOfAction(store, action.id) !== undefined;
    if ((known && !isOurs(action, session)) || isForeign(action, session)) {
      // Defender sometimes answers with the action that already runs on the device (defender-api.md 1.5):
      // ours was not started.
      log.warn('foreignAction', { request: request.id, action: action.id });
      await settle(submitting, (now) => ({
        type: 'deferred',
        cause: 'deviceBusy',
        notBefore: now + busyPause,
      }));
      await tellBlocker(submitting, blockerFrom(store, action));
      return;
    }
    // Our tag on the action of another request: something of ours arrived, and nobody knows what.
    if (known || !isOurs(action, session)) {
      log.warn('answerProvesNothing', { request: request.id, action: action.id });
      await settle(submitting, () => ({ type: 'lost' }));
      return;
    }
    learning?.oneMore(runningNow(), 'accepted');
    await started(submitting, action);
  }

  /**
   * What the failed POST means. Only a definite answer that nothing ran leads back to the queue or to the
   * end.
   */
  async function handleFailure(submitting: RequestSession<'submitting'>, error: unknown): Promise<void> {
    const { id } = submitting.request;
    if (!(error instanceof DefenderError)) {
      log.error('submitBroke', { request: id, error });
      await settle(submitting, () => ({ type: 'lost' }));
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
    await settle(submitting, (now) => {
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
    if (code === 'busy') await tellBlocker(submitting, await findBlocker(deps, submitting));
  }

  /** Writes what became of a session whose intent to POST is written down. */
  async function settle(claimed: RequestSession, event: (now: number) => SessionTransition): Promise<void> {
    await changeSession(store, claimed, ['submitting'], (_current, now) => event(now));
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
      const position = admission.waiting().findIndex(({ request }) => request.id === id) + 1;
      return position === 0
        ? undefined
        : { position, expectedAt: clock.now() + budgets.expectedIn(position, clock.elapsed()) };
    },
  };
}

/** The tag of any of our attempts: Defender may answer with an earlier one that arrived after all. */
function isOurs(action: Action, { attempts }: Pick<Session, 'attempts'>): boolean {
  return attempts.some((attempt) => action.comment.includes(attempt.tag));
}

/**
 * Words that are not ours. No comment at all, or one cut inside our tag, may be our own action: sent again,
 * it would run twice.
 */
function isForeign(action: Action, session: Pick<Session, 'attempts'>): boolean {
  const comment = action.comment.trim();
  return !isOurs(action, session) && !session.attempts.some((attempt) => attempt.tag.startsWith(comment));
}

function refusal(error: DefenderError): SessionTransition {
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
export function commentOf(
  { request: { asked, subject }, session: { grant } }: RequestSession,
  attempt: Attempt,
): string {
  const approver = grant.votes[0].by.name;
  const reason = asked.reason === undefined ? '' : ` | reason: ${oneLine(asked.reason, maxComment)}`;
  return clip(
    `${attempt.tag} | requested by ${asked.requester.name} | approved by ${approver} | ${subject.fingerprint}${reason}`,
    maxComment,
  );
}
