// Status and lead of a card in each state: the status in two or three words, the lead below it with what
// happens now and what you can do.
import { isKnownStatus } from '../../src/liveResponse/action.ts';
import type { Outage } from '../../src/liveResponse/request/errorAnswer.ts';
import { maxSearchAttempts, searchSchedule } from '../../src/liveResponse/pacing/callRates.ts';
import { sessionOf, stageOf } from '../../src/liveResponse/request/request.ts';
import type { Request, Stage, StageIn } from '../../src/liveResponse/request/request.ts';
import { earlierAttempt } from '../../src/liveResponse/request/session.ts';
import type { CancelAsked } from '../../src/liveResponse/request/session.ts';
import { otherDevice, runOf } from '../../src/liveResponse/request/retry.ts';
import type { OfflineQueue } from '../../src/liveResponse/tenantLimits.ts';
import { endingWords } from './endings.ts';
import { oneLine, timeOf } from '../clip.ts';
import { frozenSentence, outageAdvice } from './outage.ts';
import * as bound from '../platformLimits.ts';
import { outcomeWords } from './outcomes.ts';
import { alikeWarning } from './deviceContext.ts';
import {
  afterRestore,
  askerName,
  parkedWords,
  policyCancelSentence,
  waitSentence,
  waitsFor,
  waitStatus,
} from './waits.ts';
import { missingRight } from './rights.ts';
import type { StatusText } from './waits.ts';
import { sessionReason, stepFacts } from '../steps.ts';
import { twinWarning } from '../facts.ts';
import type { ViewContext } from '../view.ts';

/** Status, tone and lead of a request as it is now. */
export function statusText(request: Request, context: ViewContext): StatusText {
  const stage = stageOf(request);
  const words = wordsOf(request, stage, context);
  const elsewhere = otherDevice(request);
  const otherCommands = runOf(stage)?.differs !== undefined;
  const wrong = otherCommands
    ? 'Defender’s action has this request’s tag but runs other commands than were approved; the rows show them.'
    : elsewhere === undefined
      ? undefined
      : `Defender’s action is on another device than was approved: the id it names ends in ${oneLine(elsewhere.slice(-8), 8)}.`;
  if (wrong === undefined) return words;
  // Before everything else: what runs is not what was approved.
  const stop = `${stage.state === 'finished' ? 'Tell' : 'Cancel it, and tell'} an administrator at once${otherCommands ? ': somebody else may use the bot’s credentials' : ''}.`;
  return {
    status: `${words.status}, not as approved`,
    tone: 'danger',
    lead: `${wrong} ${stop} ${words.lead}`,
  };
}

function wordsOf(request: Request, stage: Stage, context: ViewContext): StatusText {
  switch (stage.state) {
    case 'awaitingApproval':
      return awaiting(request, context);
    case 'queued':
      return queued(request, stage, context);
    case 'submitting':
      return {
        status: 'Sending to Defender',
        tone: 'neutral',
        lead: 'Approved, and being sent to Defender now; it can no longer be withdrawn. Nothing to do: this card follows it.',
      };
    case 'unknown':
      return unknown(request, stage, context);
    case 'running':
      return running(request, stage, context);
    case 'finished':
      return outcomeWords(request, stage);
    case 'closed':
      return endingWords(request, stage, context);
  }
}

/**
 * A time, with its date where that differs from the day the request was made (the card shows that one in
 * full).
 */
export function at(request: Request, ms: number): string {
  return timeOf(ms, request.asked.at);
}

export function person(name: string): string {
  return oneLine(name, bound.view.name);
}

/** Of what was not sent, as far as the record goes. */
function ranSoFar(request: Request, { restoredAt }: ViewContext): string {
  return restoredAt === undefined ? 'Nothing has run.' : afterRestore(request, restoredAt);
}

function awaiting(request: Request, context: ViewContext): StatusText {
  if (context.frozen !== undefined) {
    return {
      status: 'Waiting for approval, frozen',
      tone: 'warning',
      lead:
        `${ranSoFar(request, context)} ${frozenSentence(context.frozen, context.command, request.asked.at)} It can be denied or withdrawn meanwhile. ` +
        `Without a decision by ${at(request, request.asked.terms.expiresAt)} it is denied.${twinWarning(context.twins)}${alikeWarning(request.targets[0].context)}`,
    };
  }
  return {
    status: 'Waiting for approval',
    tone: 'attention',
    lead:
      `${ranSoFar(request, context)} Anyone with the role “${oneLine(request.asked.terms.approveRole, 60)}” except ${person(request.asked.requester.name)} can approve or deny. ` +
      `Without a decision by ${at(request, request.asked.terms.expiresAt)} it is denied.${twinWarning(context.twins)}${alikeWarning(request.targets[0].context)}`,
  };
}

function queued(request: Request, stage: StageIn<'queued'>, context: ViewContext): StatusText {
  // What it was last seen to wait for may be a freeze that is over.
  const cause =
    context.frozen !== undefined ? 'frozen' : stage.waitsFor === 'frozen' ? undefined : stage.waitsFor;
  const turn = cause === undefined || cause === 'slot' || cause === 'sessions' || cause === 'throttled';
  // Nobody knows when a session ends: then the card shows only the place.
  const expected =
    context.queue === undefined || cause === 'sessions'
      ? ''
      : `, expected to be sent about ${at(request, context.queue.expectedAt)}`;
  const place =
    context.queue !== undefined && turn
      ? ` Place ${context.queue.position} in the queue at ${at(request, context.now)}${expected}.`
      : '';
  const frozen =
    context.frozen === undefined
      ? undefined
      : frozenSentence(context.frozen, context.command, request.asked.at);
  const since =
    context.outage === undefined || cause === 'frozen' ? undefined : at(request, context.outage.since);
  const again =
    stage.notBefore !== undefined && cause !== 'frozen'
      ? ` Next try at ${at(request, stage.notBefore)}.`
      : '';
  const so =
    context.restoredAt === undefined && earlierAttempt(sessionOf(request)) !== undefined
      ? 'Not sent again yet; the earlier attempt may have run.'
      : ranSoFar(request, context);
  const { blocker, error } = stage;
  const why = {
    at: request.asked.at,
    ...(blocker === undefined ? {} : { blocker }),
    ...(error === undefined ? {} : { error }),
    ...(frozen === undefined ? {} : { frozen }),
    ...(since === undefined ? {} : { since }),
  };
  return {
    status: waitStatus(cause),
    tone: cause === undefined || cause === 'slot' ? 'neutral' : 'warning',
    lead: `${waitSentence(cause ?? 'slot', why)}${place}${again} ${so} If it cannot be sent by ${at(request, stage.runBefore)}, the approval lapses.`,
  };
}

const lastLook = Math.max(...searchSchedule);

function unknown(
  request: Request,
  stage: StageIn<'unknown'>,
  { frozen, outage, command }: ViewContext,
): StatusText {
  const happened = {
    lost: 'Defender’s answer was lost while sending, so the commands may or may not be running. The bot did not repeat it.',
    actionMissing: 'Defender no longer lists the session, so how it ended is not known.',
    overdue: 'The bot’s own deadline passed without an end of the session; it may still be running.',
  }[stage.cause];
  const looks =
    stage.searches === 0
      ? 'The bot has not looked for it yet.'
      : `The bot looked for it ${times(stage.searches)}${stage.searchedAt === undefined ? '' : `, last at ${at(request, stage.searchedAt)}`}, without finding out.`;
  const next =
    outage !== undefined
      ? `${unreadSentence(request, outage)} `
      : stage.searches < maxSearchAttempts
        ? `It goes on looking until ${at(request, stage.since + lastLook)}; after that somebody must decide. `
        : frozen !== undefined
          ? `Look again first. It cannot be sent again now. ${frozenSentence(frozen, command, request.asked.at)} `
          : `Look again first. Send again may run everything twice and needs an approver other than ${person(request.asked.requester.name)}. `;
  return {
    status: stage.cause === 'lost' ? 'Not known whether it ran' : 'Not known how it ended',
    tone: 'danger',
    lead: `${happened}${cancelledOutOfSight(request, stage.run?.cancel)} ${looks} ${next}Drop ends this request and stops nothing on the device.`,
  };
}

/** In place of every promise that it is followed or looked for. */
function unreadSentence(request: Request, outage: Outage, meanwhile = ''): string {
  const { what, next } = outageAdvice(outage);
  return `Nothing about it could be read from Defender since ${at(request, outage.since)}: ${what} ${next} The bot keeps trying${meanwhile}.`;
}

/** A cancel is not forgotten when its session is lost from sight. */
function cancelledOutOfSight(request: Request, cancel: CancelAsked | undefined): string {
  if (cancel === undefined) return '';
  const answer = {
    sent: 'Defender’s answer is not known',
    accepted: 'Defender accepted it',
    alreadyOver: 'Defender called it already over',
    failed: 'Defender did not confirm it',
    noEffect: 'it had no effect',
  }[cancel.answer];
  return ` ${askerName(cancel.by, 'The')} asked to cancel at ${at(request, cancel.at)}: ${answer}.`;
}

export function times(count: number): string {
  return count === 1 ? 'once' : count === 2 ? 'twice' : `${count} times`;
}

/** A cancel that does not stop the session. */
function unheardCancel({ by, at: asked, answer, error }: CancelAsked, request: Request): string {
  const who = `${askerName(by, 'The')} asked to cancel at ${at(request, asked)}`;
  const right = error === undefined ? undefined : missingRight(error);
  if (right !== undefined && answer === 'failed')
    return `${who}. ${right.what} ${right.next} Until then, cancel the action in the portal.`;
  if (answer === 'failed')
    return `${who}, and Defender did not confirm it; press Cancel again if it should stop.`;
  if (answer === 'alreadyOver') return `${who}; Defender says that it is already over. How it ended follows.`;
  return `${who}, without effect: the session still goes on. Press Cancel again, or cancel the action in the portal.`;
}

function running(
  request: Request,
  stage: StageIn<'running'>,
  { outage, offlineQueue: queue }: ViewContext,
): StatusText {
  const until = outage === undefined ? ` The bot follows it until ${at(request, stage.deadline)}.` : '';
  const words = lastRead(request, stage, queue, until);
  if (outage === undefined) return words;
  return {
    status: `${words.status}, not read since ${at(request, outage.since)}`,
    tone: words.tone === 'danger' ? 'danger' : 'warning',
    lead: `${unreadSentence(request, outage, '; the portal’s Action center shows it meanwhile')} As last read: ${words.lead}`,
  };
}

function cancelRequested(request: Request, asked: CancelAsked, woken: boolean): StatusText {
  const answer =
    asked.answer === 'sent'
      ? 'Defender has not answered yet.'
      : 'Defender accepted it and has not finished cancelling.';
  const woke = woken && asked.tries !== undefined ? ' The device woke before it took effect.' : '';
  return {
    status: 'Cancel requested',
    tone: 'warning',
    lead: `${askerName(asked.by, 'The')} asked to cancel at ${at(request, asked.at)}. ${answer}${woke} A command that has started may still run to its end on the device.`,
  };
}

/** By the last reading there was. `until` is how long it is followed: empty while it is not. */
function lastRead(
  request: Request,
  stage: StageIn<'running'>,
  queue: OfflineQueue | undefined,
  until: string,
): StatusText {
  const { action, cancel: asked } = stage.run;
  const facts = stepFacts(request);
  if (asked?.answer === 'sent' || asked?.answer === 'accepted')
    return cancelRequested(request, asked, stage.run.waitingForDevice?.wokeAt !== undefined);
  const cancel =
    asked === undefined
      ? ''
      : ` ${policyCancelSentence(request, stage, until !== '') ?? unheardCancel(asked, request)}`;
  const reason = sessionReason(request);
  if (!isKnownStatus(action.status)) {
    return {
      status: `Running, status “${oneLine(action.status, 40)}”`,
      tone: 'warning',
      lead: `Defender reports a status this bot does not know${stage.strangeSince === undefined ? '' : ` since ${at(request, stage.strangeSince)}`}; it is treated as still running. See the portal’s Action center for what it means.${reason === undefined ? '' : ` ${reason}`}${until}${cancel}`,
    };
  }
  if (facts.failed !== undefined) {
    return {
      status: 'A command failed, session closing',
      tone: 'danger',
      lead: `Index ${facts.failed} failed. Defender is closing the session, usually within 40 s; then this card says how it ended.${cancel}`,
    };
  }
  if (facts.allDone) {
    return {
      status: 'Commands done, session closing',
      tone: 'neutral',
      lead: `All commands are done. Defender is closing the session, usually within 40 s.${request.subject.commands.some((one) => one.type === 'GetFile') ? ' Download links follow.' : ''}${cancel}`,
    };
  }
  const parked = parkedWords(request, stage, until !== '', queue);
  if (parked !== undefined) return { ...parked, lead: `${parked.lead}${cancel}` };
  if (action.status === 'Pending' && facts.started === 0) {
    return {
      status: 'Sent, waiting for the device',
      tone: 'neutral',
      lead: `Defender has it. An online Windows device usually starts within 2 to 3 min; an offline one is waited for${queue === undefined ? '' : waitsFor(queue)}.${until}${cancel}`,
    };
  }
  return {
    status: 'Running',
    tone: 'neutral',
    lead:
      facts.current === undefined
        ? `The session is open; ${facts.done} of ${request.subject.commands.length} commands done.${until}${cancel}`
        : `Index ${facts.current} is running on the device; ${facts.done} of ${request.subject.commands.length} commands done.${until}${cancel}`,
  };
}
