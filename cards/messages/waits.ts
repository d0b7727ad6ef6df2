// Reasons why a session waits: for its turn before it is sent, and for an offline device once Defender has
// it; what is known of the limits of the tenant that make it wait, and what ran in an earlier attempt.
import { hasBegun } from '../../src/liveResponse/action.ts';
import { parkedCancelPauseMs, parkedCancelTries } from '../../src/liveResponse/pacing/callRates.ts';
import type { Blocker, ErrorAnswer } from '../../src/liveResponse/request/errorAnswer.ts';
import { sessionOf, stageOf } from '../../src/liveResponse/request/request.ts';
import type { Request, StageIn } from '../../src/liveResponse/request/request.ts';
import { earlierAttempt } from '../../src/liveResponse/request/session.ts';
import type { Attempt, CancelAsked, WaitCause } from '../../src/liveResponse/request/session.ts';
import type { Asker } from '../../src/liveResponse/request/vote.ts';
import type { OfflineQueue, SessionLimit } from '../../src/liveResponse/tenantLimits.ts';
import { duration, oneLine, stamp, timeOf } from '../clip.ts';
import type { Tone } from '../view.ts';
import { missingRight } from './rights.ts';

/** Why an approved request has not been sent, and what helps. */
export function waitSentence(
  cause: WaitCause,
  {
    frozen,
    blocker,
    error,
    since,
    at: asked = 0,
  }: {
    readonly frozen?: string;
    readonly blocker?: Blocker;
    readonly error?: ErrorAnswer;
    readonly since?: string;
    readonly at?: number;
  } = {},
): string {
  const right = error === undefined ? undefined : missingRight(error);
  const from = since === undefined ? '' : ` since ${since}`;
  switch (cause) {
    case 'slot':
      return 'It waits for its turn: Defender limits how many sessions may be started in a minute.';
    case 'sessions':
      return 'No live response session is free: a tenant may run only so many at once. It is sent when one ends; cancelling one that is not needed helps.';
    case 'deviceBusy':
      return blockerSentence(blocker, asked);
    case 'throttled':
      return `Defender ${since === undefined ? 'asked' : 'has asked'} the bot to slow down (429)${from}. It is sent as soon as Defender allows it; nothing to do.`;
    case 'frozen':
      // Known from the last reading of the freeze alone: it ended a moment ago, and the request is looked at
      // again.
      return frozen ?? 'Submissions were frozen when it was last looked at.';
    case 'library':
      return `The live response library cannot be read${since === undefined ? ' just now' : from}, so nobody can tell whether the scripts are still those that were approved; it is not sent unverified.${rightOf(error)}`;
    case 'directory':
      return 'A group that gives the role to ask or to approve cannot be read just now, so nobody can tell whether the people of this request still have it; it is not sent unchecked. The bot keeps trying. If this lasts, the requester and the approver can type “whoami” to see which group it is, and an administrator checks the bot’s right to read it.';
    case 'unavailable':
      return `Defender cannot be reached${from}. The bot keeps trying; if this lasts, see /readyz and the Microsoft 365 service health.`;
    case 'unauthorized':
      return right === undefined
        ? `Defender does not let the bot in${from}. The bot keeps trying; an administrator must check its app registration.`
        : `${right.what}${since === undefined ? '' : ` It has been so${from}.`} ${right.next} The bot keeps trying.`;
  }
}

/** Who holds a busy device, as far as can be known. `asked` is the time whose date the card shows. */
export function blockerSentence(blocker: Blocker | undefined, asked: number): string {
  const portal = 'sessions opened in the portal cannot be seen by the bot';
  switch (blocker?.by) {
    case undefined:
      return `Another live response session is using this device; ${portal}. If it is yours, close it.`;
    case 'request':
      return blocker.undecided
        ? `The request ${blocker.id} keeps this device: whether it still runs there is not known. Somebody must decide on its card.`
        : `The request ${blocker.id} of this bot is using this device. It is sent when that one ends.`;
    case 'action':
      return `${blocker.type === 'LiveResponse' ? 'A live response session' : `A ${oneLine(blocker.type, 40)} action`} ${blocker.app === '' ? '' : `of the application “${oneLine(blocker.app, 60)}” `}holds this device${blocker.since === undefined ? '' : ` since ${timeOf(blocker.since, asked)}`}. It is sent when that ends; if it is yours, cancel it.`;
    case 'unseen':
      return `Defender says that the device is busy, and the API shows nothing that holds it: ${portal}. If one is yours, close it.`;
    case 'notRead':
      return `Another live response session is using this device; which one could not be read, and ${portal}. If it is yours, close it.${rightOf(blocker.error)}`;
  }
}

/** The right that is missing, after a sentence that does without it. */
function rightOf(error: ErrorAnswer | undefined): string {
  const right = error === undefined ? undefined : missingRight(error);
  return right === undefined ? '' : ` ${right.what} ${right.next}`;
}

/** The same causes in a few words, for the status. */
export function waitStatus(cause: WaitCause | undefined): string {
  switch (cause) {
    case undefined:
    case 'slot':
      return 'Approved, waiting its turn';
    case 'sessions':
      return 'Approved, waiting for a free session';
    case 'deviceBusy':
      return 'Approved, device busy';
    case 'throttled':
      return 'Approved, Defender is throttling';
    case 'frozen':
      return 'Approved, frozen';
    case 'library':
      return 'Approved, scripts not verified yet';
    case 'directory':
      return 'Approved, roles not checked yet';
    case 'unavailable':
      return 'Approved, Defender unavailable';
    case 'unauthorized':
      return 'Approved, bot not let in';
  }
}

/** Who asked, as it reads within a sentence, or at its beginning. */
export function askerName(by: Asker, article: 'the' | 'The' = 'the'): string {
  return 'policy' in by ? `${article} policy (${by.policy})` : oneLine(by.name, 120);
}

/**
 * Status and lead while nothing has started; undefined when the device is not known to be parked, or has
 * woken. @param followed the bot reads it: without that it cancels nothing, since it could not know what it
 * stops
 */
export function parkedWords(
  request: Request,
  { run: { action, cancel, waitingForDevice: waiting } }: StageIn<'running'>,
  followed: boolean,
  queue?: OfflineQueue,
): StatusText | undefined {
  if (waiting === undefined || waiting.wokeAt !== undefined || hasBegun(action)) return undefined;
  const at = (ms: number): string => timeOf(ms, request.asked.at);
  const status = 'Parked, the device does not answer';
  // Without what is known of the tenant, by what was when it was waiting.
  const kept = (device: 'it' | 'the device'): string =>
    queue === undefined
      ? `Defender waits for ${device} until about ${at(waiting.until)}`
      : keptUntil(queue, device, waiting.since, request.asked.at);
  const due = waiting.cancelAt === undefined || cancel !== undefined ? undefined : at(waiting.cancelAt);
  if (!followed) {
    const onceRead =
      due === undefined ? '' : ` The policy’s cancel, due at ${due}, is sent only once it can be read again.`;
    return {
      status,
      tone: 'warning',
      lead: `at Defender since ${at(waiting.since)}, and nothing had started. ${kept('the device')}; if it wakes, this runs without another approval.${onceRead}`,
    };
  }
  return {
    status,
    tone: 'warning',
    lead:
      `Defender has had it since ${at(waiting.since)} and nothing has started: the device is taken to be offline. ` +
      `${kept('it')}. If it wakes before that, this runs without another approval.${due === undefined ? '' : ` The policy cancels it at ${due}.`}`,
  };
}

function triesUsedUp(cancel: CancelAsked | undefined): boolean {
  return cancel?.tries !== undefined && cancel.tries >= parkedCancelTries;
}

/** What became of the policy's cancel while the session still runs; undefined of a person's. */
export function policyCancelSentence(
  request: Request,
  { run: { cancel, waitingForDevice: waiting } }: StageIn<'running'>,
  followed: boolean,
): string | undefined {
  if (cancel?.tries === undefined) return undefined;
  const at = (ms: number): string => timeOf(ms, request.asked.at);
  const answer = {
    sent: 'not confirmed by Defender',
    failed: 'not confirmed by Defender',
    accepted: 'accepted',
    alreadyOver: 'answered with “already over”',
    noEffect: 'accepted without effect',
  }[cancel.answer];
  if (waiting?.wokeAt !== undefined)
    return `The policy’s cancel of ${at(cancel.at)} was ${answer}, and the device has woken; press Cancel if it should stop.`;
  return triesUsedUp(cancel)
    ? `The policy’s cancel was ${answer}, ${parkedCancelTries} times: the bot stops trying. Press Cancel, or cancel the action in the portal.`
    : `The policy’s cancel of ${at(cancel.at)} was ${answer} (try ${cancel.tries} of ${parkedCancelTries}); the next ${followed ? `is at ${at(cancel.at + parkedCancelPauseMs)}` : 'is sent only once the session can be read again'}.`;
}

/**
 * Said at the end of a session that the policy wanted cancelled, or that was cancelled while it was waiting.
 * Empty when neither is so.
 */
export function parkedEnding({ outcome, run }: StageIn<'finished'>): string {
  const { action, cancel, waitingForDevice: waiting } = run;
  if (waiting === undefined) return '';
  const begun = hasBegun(action);
  if (cancel?.tries !== undefined) {
    if (outcome === 'cancelled' && !begun)
      return `It had been parked for ${duration(cancel.at - waiting.since)}. “Ask again” prepares the same request for a fresh approval.`;
    if (begun) return 'The device woke before the policy’s cancel took effect; the rows show what ran.';
    return cancel.answer === 'accepted' ? '' : 'Defender had not confirmed the policy’s cancel.';
  }
  return begun ? '' : '“Ask again” prepares the same request for a fresh approval.';
}

/** Goes on after "an offline one is waited for". */
export function waitsFor(queue: OfflineQueue): string {
  return queue.known ? ` about ${duration(queue.ms)}` : ' 2 hours to 3 days, depending on the tenant';
}

/**
 * Until when a parked session is kept, without a full stop. @param shownDay a time whose date the reader
 * already sees
 */
export function keptUntil(
  queue: OfflineQueue,
  device: 'it' | 'the device',
  since: number,
  shownDay: number,
): string {
  const at = (ms: number): string => timeOf(since + ms, shownDay);
  if (!queue.known)
    return `Defender waits for ${device} 2 hours to 3 days, depending on the tenant (not known yet for this one): until about ${at(queue.from)} or about ${at(queue.to)}`;
  const shown =
    queue.by === 'setting'
      ? ''
      : ` (${duration(queue.ms)}, as ${queue.how === 'timedOut' ? 'an earlier session showed' : 'a session shows that was kept over 2 hours'})`;
  return `Defender waits for ${device} until about ${at(queue.ms)}${shown}`;
}

/** At the end of a session that timed out without having begun. */
export function learnedFrom(ms: number | undefined): string {
  return ms === undefined ? '' : ` So this tenant keeps such a session about ${duration(ms)}.`;
}

/** For anyone who asks for the state of the bot. @param stated LR_OFFLINE_QUEUE is set */
export function offlineQueueWords(queue: OfflineQueue): string {
  if (!queue.known)
    return 'A session for an offline device is kept 2 hours to 3 days: 2 hours in newer tenants, 3 days in older ones. How long in this tenant is not known yet; the first session that times out shows it, and LR_OFFLINE_QUEUE=2h or 3d states it.';
  if (queue.by === 'setting')
    return `A session for an offline device is kept about ${duration(queue.ms)}, as LR_OFFLINE_QUEUE states.`;
  return queue.how === 'timedOut'
    ? `A session for an offline device is kept about ${duration(queue.ms)}, as one showed that timed out (learned at ${stamp(queue.at)}).`
    : `A session for an offline device is kept longer than 2 hours, so about ${duration(queue.ms)}, as one showed that still waited (learned at ${stamp(queue.at)}).`;
}

/** @param ours how many the bot itself runs at once: LR_SESSIONS */
export function sessionLimitWords(limit: SessionLimit, ours: number): string {
  const bot = `The bot runs ${ours} at once at most (LR_SESSIONS).`;
  if (!limit.known) {
    if (ours > limit.from)
      return `A tenant may run ${limit.from} or ${limit.to} sessions at once; LR_SESSIONS states more than ${limit.from}, and no session has shown it yet. ${bot}`;
    return `A tenant may run ${limit.from} or ${limit.to} sessions at once: ${limit.from} in older tenants, ${limit.to} in newer ones. Which holds here is not known. ${bot} LR_SESSIONS=${limit.to} states that it is ${limit.to}.`;
  }
  return limit.how === 'accepted'
    ? `This tenant may run ${limit.most} sessions at once: one more was accepted while ${limit.running} ran (learned at ${stamp(limit.at)}). ${bot}`
    : `This tenant seems to run ${limit.most} sessions at once: one more was refused while ${limit.running} ran (learned at ${stamp(limit.at)}). ${bot}`;
}

export interface StatusText {
  readonly status: string;
  readonly tone: Tone;
  readonly lead: string;
}

/**
 * The earlier attempt, where Defender's action has its tag: it was found when somebody had it sent again,
 * so nothing was sent under the present approval.
 */
export function ranEarlier(request: Request): Attempt | undefined {
  const stage = stageOf(request);
  const earlier = earlierAttempt(sessionOf(request));
  return earlier !== undefined &&
    (stage.state === 'running' || stage.state === 'finished') &&
    stage.run.action.comment.includes(earlier.tag)
    ? earlier
    : undefined;
}

/**
 * Of a request that was asked before the record was restored: an older copy does not show that nothing ran
 * since.
 */
export function afterRestore(request: Request, restoredAt: number): string {
  return `Whether it ran is not known: the record was restored at ${timeOf(restoredAt, request.asked.at)}, and what was written after that copy is lost. Look in the portal’s Action center and on the device first.`;
}
