// Submission, from approved to running: claim a slot, write the intent down, POST once. What a definite "no"
// means is in `submitAnswer`; a lost answer goes to reconciliation and is never repeated by itself. What
// holds a session back is in `admission`, what must still be true in `preflight`.
import type { Action } from '../../../liveResponse/action.ts';
import type { Device } from '../../../liveResponse/device/records.ts';
import { DefenderError, errorAnswer } from '../../../liveResponse/ports.ts';
import type { Blocker } from '../../../liveResponse/request/errorAnswer.ts';
import type { SessionTransition } from '../../../liveResponse/request/events.ts';
import type { RequestSession } from '../../../liveResponse/request/request.ts';
import { earlierAttempt } from '../../../liveResponse/request/session.ts';
import type { Attempt, WaitCause } from '../../../liveResponse/request/session.ts';
import type { Deps } from '../../deps.ts';
import {
  changeSession,
  deadlineFrom,
  isIn,
  queueOf,
  runningNow,
  sessionAt,
  sessionKey,
} from '../transition.ts';
import type { Ages, SessionRef } from '../transition.ts';
import { createNextWake, byHand } from '../worker.ts';
import type { Turn } from '../worker.ts';
import {
  blockerFrom,
  busyPause,
  createAdmission,
  findBlocker,
  outageOf,
  sessionOfAction,
  unavailablePause,
} from './admission.ts';
import type { Admission } from './admission.ts';
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
import { differing, findByTag } from './reconciliation.ts';
import { afterFailure, commentOf, refusal, whoseAction } from './submitAnswer.ts';
import type { TenantLearning } from './tenantLearning.ts';

export interface Submission {
  /**
   * Lapses what is too old, claims what may be claimed and starts the POSTs. Answers after how many
   * milliseconds to come again.
   */
  pass(turn?: Turn): Promise<number | undefined>;
  /** True while this process waits for the answer to this session's POST. */
  isPosting(session: SessionRef): boolean;
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

interface Parts {
  readonly ages: Ages;
  /** Called after every POST, so that the loop continues at once. */
  readonly done: () => void;
  readonly learning: Pick<TenantLearning, 'oneMore'> | undefined;
}

/** `done` is called after every POST, so that the loop continues at once. */
export function createSubmission(
  deps: Deps,
  ages: Ages,
  done: () => void,
  learning?: Pick<TenantLearning, 'oneMore'>,
): Submission {
  return new ApprovedSessions(deps, { ages, done, learning });
}

class ApprovedSessions implements Submission {
  readonly #deps: Deps;
  readonly #ages: Ages;
  readonly #done: () => void;
  readonly #learning: Parts['learning'];
  readonly #admission: Admission;
  /** What is being sent, by session. */
  readonly #inFlight = new Map<string, Promise<void>>();
  /** Of these, those that have not yet taken their slot. */
  readonly #reserved = new Set<string>();
  #draining = false;

  constructor(deps: Deps, { ages, done, learning }: Parts) {
    this.#deps = deps;
    this.#ages = ages;
    this.#done = done;
    this.#learning = learning;
    this.#admission = createAdmission(deps, {
      has: (session) => this.isPosting(session),
      reserved: () => this.#reserved.size,
    });
  }

  async pass(turn: Turn = byHand): Promise<number | undefined> {
    const wakes = createNextWake(this.#deps.clock);
    for (const queued of this.#admission.waiting()) {
      if (!turn.goOn()) break;
      if (this.#lapsesIn(queued) <= 0) {
        this.#admission.forget(queued);
        await changeSession(this.#deps.store, queued, ['queued'], () => ({ type: 'lapsed' }));
        continue;
      }
      if (this.#draining) continue;
      const hold = this.#admission.of(queued);
      if (hold === undefined) {
        this.#launch(queued);
        continue;
      }
      await this.#admission.recordWait(queued, hold.cause, hold);
      wakes.after(Math.min(hold.wait, this.#lapsesIn(queued)));
    }
    return wakes.wait();
  }

  /**
   * By the time on the card, and no later than it was meant: a clock that is set back must not keep an old
   * approval alive.
   */
  #lapsesIn(approved: RequestSession<'queued' | 'submitting'>): number {
    const { clock } = this.#deps;
    const { grant, stage } = approved.session;
    const own = grant.at + approved.request.asked.terms.runWithin;
    const runBefore = 'runBefore' in stage ? stage.runBefore : own;
    return Math.min(
      runBefore - clock.now(),
      runBefore - grant.at - this.#ages.of(`${sessionKey(approved)} approved`, grant.at),
    );
  }

  /**
   * Told after the deferral is written: a crash while the list is asked must not make a definite no a lost
   * answer.
   */
  async #tellBlocker(deferred: RequestSession, blocker: Blocker): Promise<void> {
    await changeSession(this.#deps.store, deferred, ['queued'], ({ session }) => {
      const { waitsFor, error } = session.stage;
      return waitsFor === 'deviceBusy'
        ? { type: 'waiting', cause: waitsFor, blocker, ...(error === undefined ? {} : { error }) }
        : undefined;
    });
  }

  #launch(queued: RequestSession<'queued'>): void {
    const key = sessionKey(queued);
    this.#reserved.add(key);
    const flight = this.#submitOne(queued)
      .catch((error: unknown) =>
        this.#deps.log.error('submissionFailed', { request: queued.request.id, error }),
      )
      .finally(() => {
        this.#inFlight.delete(key);
        this.#reserved.delete(key);
        this.#done();
      });
    this.#inFlight.set(key, flight);
  }

  async #submitOne(queued: RequestSession<'queued'>): Promise<void> {
    const reading = await this.#read(queued);
    if (reading === undefined) return;
    const attempt = this.#newAttempt(queued);
    const { id } = queued.request;
    const { number } = queued.session;
    const claimed = await this.#deps.store.change(id, (current) => {
      const no = this.#whyNotClaimed(sessionAt(current, number));
      return no === undefined ? { event: { type: 'claimed', attempt }, session: number } : { no };
    });
    if (!('request' in claimed)) {
      this.#deps.log.warn('notClaimed', { request: id, why: claimed.no });
      return;
    }
    const submitting = sessionAt(claimed.request, number);
    if (!isIn(submitting, ['submitting'])) return;
    const objection = preflightFailure(this.#deps, submitting, reading);
    if (objection !== undefined) {
      await this.#settle(submitting, () => objection);
      return;
    }
    if ((await this.#mayPost(submitting)) && (await this.#mayToday(submitting, reading.device)))
      await this.#post(submitting, attempt);
  }

  /**
   * The last question before the POST, whatever took its time before it: nothing is awaited between its
   * answer and the call.
   */
  async #mayToday(submitting: RequestSession<'submitting'>, device: Device): Promise<boolean> {
    const judged = judgePreflight(this.#deps, submitting, device, await readPeople(this.#deps, submitting));
    const held = judged === undefined ? this.#heldSince(submitting) : 'directory';
    if (held === undefined) return true;
    if (judged !== undefined && 'no' in judged)
      await this.#settle(submitting, () => refused(judged.no.code, judged.no.detail));
    else
      await this.#settle(submitting, (now) => ({
        type: 'deferred',
        cause: held,
        notBefore: held === 'directory' ? now + unavailablePause : now,
      }));
    return false;
  }

  /** What holds it back that came after its intent was written: reading and searching may take minutes. */
  #heldSince(submitting: RequestSession<'submitting'>): WaitCause | undefined {
    if (this.#deps.store.freeze() !== undefined) return 'frozen';
    // Back in the queue it ends as every approval that was not used in time.
    return this.#lapsesIn(submitting) <= 0 ? 'slot' : undefined;
  }

  /**
   * The last look at what may have changed since the approval, inside the same change that writes the intent.
   */
  #whyNotClaimed(current: RequestSession | undefined): string | undefined {
    if (!isIn(current, ['queued'])) return `it is ${current?.session.stage.state ?? 'not approved'}`;
    if (this.#deps.store.freeze() !== undefined) return 'submissions are frozen';
    if (this.#draining) return 'the bot is stopping';
    return this.#lapsesIn(current) <= 0 ? 'the approval has lapsed' : undefined;
  }

  /** What the checks before the POST need; undefined when it cannot be had: then nothing is sent. */
  async #read(queued: RequestSession<'queued'>): Promise<Reading | undefined> {
    const { id } = queued.request;
    const reading = await readForPreflight(this.#deps, queued);
    if ('ended' in reading) {
      await changeSession(this.#deps.store, queued, ['queued'], () => ({
        type: 'claimed',
        attempt: this.#newAttempt(queued),
      }));
      await this.#settle(queued, () => refusal(reading.ended));
      return undefined;
    }
    if ('again' in reading) {
      this.#admission.pause(queued, reading.again.detail.retryAfterMs ?? unavailablePause);
      await this.#admission.recordWait(
        queued,
        reading.cause,
        reading.cause === 'slot' ? {} : { error: errorAnswer(reading.again) },
      );
      return undefined;
    }
    const judged = judgePreflight(this.#deps, queued, reading.device, reading.people);
    if (judged === undefined) return reading;
    if ('no' in judged) {
      this.#admission.forget(queued);
      await changeSession(this.#deps.store, queued, ['queued'], () =>
        refused(judged.no.code, judged.no.detail),
      );
      return undefined;
    }
    this.#deps.log.warn('groupsNotRead', { request: id, groups: judged.unread });
    this.#admission.pause(queued, unavailablePause);
    await this.#admission.recordWait(queued, 'directory');
    return undefined;
  }

  /**
   * Never before its approval, though the clock was set back in between: the record keeps the order in which
   * things happened.
   */
  #newAttempt({ request: { id }, session: { grant } }: RequestSession<'queued'>): Attempt {
    const nonce = this.#deps.random.hex(8);
    return { nonce, tag: `lr:${id}:${nonce}`, at: Math.max(this.#deps.clock.now(), grant.at) };
  }

  /**
   * An attempt whose answer was lost may have turned up while the next one waited: what is there is followed,
   * not sent again.
   */
  async #mayPost(submitting: RequestSession<'submitting'>): Promise<boolean> {
    if (earlierAttempt(submitting.session) === undefined) return true;
    const { id } = submitting.request;
    try {
      const action = await findByTag(this.#deps, submitting);
      if (action === undefined) return await this.#stillAsApproved(submitting);
      this.#deps.log.info('earlierAttemptFound', { request: id, action: action.id });
      await this.#started(submitting, action);
    } catch (error) {
      if (!(error instanceof DefenderError)) throw error;
      this.#deps.log.warn('lookFailed', { request: id, code: error.code, detail: error.message });
      await this.#settle(submitting, (now) => ({
        type: 'deferred',
        cause: outageOf(error),
        notBefore: now + (error.detail.retryAfterMs ?? unavailablePause),
        error: errorAnswer(error),
      }));
    }
    return false;
  }

  /** The search may have taken a while, and the library was read before it. */
  async #stillAsApproved(submitting: RequestSession<'submitting'>): Promise<boolean> {
    const content = await readContent(this.#deps, submitting);
    if (content !== undefined && 'again' in content) {
      await this.#settle(submitting, (now) => ({
        type: 'deferred',
        cause: content.cause,
        notBefore: now + (content.again.detail.retryAfterMs ?? unavailablePause),
        error: errorAnswer(content.again),
      }));
      return false;
    }
    const objection = contentFailure(submitting.session, content);
    if (objection !== undefined) await this.#settle(submitting, () => objection);
    return objection === undefined;
  }

  async #started(submitting: RequestSession<'submitting'>, action: Action): Promise<void> {
    const { request } = submitting;
    this.#admission.forget(submitting);
    await this.#settle(submitting, (now) => ({
      type: 'submitted',
      action,
      deadline: deadlineFrom(request, now, queueOf(this.#deps)),
      ...differing(this.#deps, request, action),
    }));
  }

  async #post(submitting: RequestSession<'submitting'>, attempt: Attempt): Promise<void> {
    const { store, defender, log } = this.#deps;
    const { request, session } = submitting;
    let action: Action;
    this.#reserved.delete(sessionKey(submitting)); // From here on the client has taken the slot itself.
    try {
      action = await defender.submit(
        session.device.id,
        request.subject.commands,
        commentOf(submitting, attempt),
      );
    } catch (error) {
      await this.#handleFailure(submitting, error);
      return;
    }
    switch (whoseAction(action, session, sessionOfAction(store, action.id) !== undefined)) {
      case 'foreign':
        log.warn('foreignAction', { request: request.id, action: action.id });
        await this.#settle(submitting, (now) => ({
          type: 'deferred',
          cause: 'deviceBusy',
          notBefore: now + busyPause,
        }));
        await this.#tellBlocker(submitting, blockerFrom(store, action));
        return;
      case 'unclear':
        log.warn('answerProvesNothing', { request: request.id, action: action.id });
        await this.#settle(submitting, () => ({ type: 'lost' }));
        return;
      case 'ours':
        this.#learning?.oneMore(runningNow(this.#deps.store), 'accepted');
        await this.#started(submitting, action);
    }
  }

  async #handleFailure(submitting: RequestSession<'submitting'>, error: unknown): Promise<void> {
    const { log } = this.#deps;
    const { id } = submitting.request;
    if (!(error instanceof DefenderError)) {
      log.error('submitBroke', { request: id, error });
      await this.#settle(submitting, () => ({ type: 'lost' }));
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
    await this.#settle(submitting, (now) =>
      afterFailure(error, now, () => {
        this.#learning?.oneMore(runningNow(this.#deps.store), 'refused');
        return this.#admission.recordThrottle();
      }),
    );
    if (code === 'busy') await this.#tellBlocker(submitting, await findBlocker(this.#deps, submitting));
  }

  /** Writes what became of a session whose intent to POST is written down. */
  async #settle(claimed: RequestSession, event: (now: number) => SessionTransition): Promise<void> {
    await changeSession(this.#deps.store, claimed, ['submitting'], (_current, now) => event(now));
  }

  async settled(): Promise<void> {
    while (this.#inFlight.size > 0) await Promise.all(this.#inFlight.values());
  }

  isPosting(session: SessionRef): boolean {
    return this.#inFlight.has(sessionKey(session));
  }

  sessions(): ReturnType<Submission['sessions']> {
    return { live: this.#admission.sessionsHeld(), cap: this.#admission.cap() };
  }

  async drain(): Promise<void> {
    this.#draining = true;
    await this.settled();
  }

  place(id: string): ReturnType<Submission['place']> {
    const { clock, callRates } = this.#deps;
    const position = this.#admission.waiting().findIndex(({ request }) => request.id === id) + 1;
    return position === 0
      ? undefined
      : { position, expectedAt: clock.now() + callRates.expectedIn(position, clock.elapsed()) };
  }
}
