// What a card says of each state: the status in two or three words and the lead below it (what happens now, what you can do).
import { isKnownStatus } from '../src/liveResponse/action.ts';
import type { InState, Request, WaitCause } from '../src/liveResponse/request.ts';
import { endingWords } from './endings.ts';
import { oneLine } from './clip.ts';
import * as bound from './limits.ts';
import { outcomeWords } from './outcomes.ts';
import { alikeWarning } from './panel.ts';
import { askerName, parkedWords, policyCancelSentence } from './parked.ts';
import type { Said } from './said.ts';
import { earlierAttempt } from './said.ts';
import { stepFacts } from './steps.ts';
import { timeOf } from './time.ts';
import type { ViewContext } from './view.ts';

/** Status, tone and lead of a request as it stands. */
export function said(request: Request, context: ViewContext): Said {
  switch (request.state) {
    case 'awaitingApproval':
      return awaiting(request, context);
    case 'queued':
      return queued(request, context);
    case 'submitting':
      return {
        status: 'Sending to Defender',
        tone: 'neutral',
        lead: 'Approved, and being sent to Defender now; it can no longer be withdrawn. Nothing to do: this card follows it.',
      };
    case 'unknown':
      return unknown(request);
    case 'running':
      return running(request);
    case 'finished':
      return outcomeWords(request);
    case 'over':
      return endingWords(request);
  }
}

/** A time, with its date where that differs from the day the request was made (the card shows that one in full). */
export function at(request: Request, ms: number): string {
  return timeOf(ms, request.at);
}

export function person(name: string): string {
  return oneLine(name, bound.view.name);
}

function awaiting(request: InState<'awaitingApproval'>, context: ViewContext): Said {
  const frozen = context.frozen === undefined ? '' : ` ${frozenSentence(context.frozen)}`;
  return {
    status: 'Waiting for approval',
    tone: 'attention',
    lead:
      `Nothing has run. Anyone with the role “${oneLine(request.terms.approveRole, 60)}” except ${person(request.requester.name)} can approve or deny. ` +
      `Without a decision by ${at(request, request.terms.expiresAt)} it is denied.${alikeWarning(request.panel)}${frozen}`,
  };
}

export function frozenSentence(why: string): string {
  return `New sessions are frozen (${oneLine(why, 120)}): what is approved waits until they are released.`;
}

/** Why an approved request has not been sent, and what helps. */
export function waitSentence(cause: WaitCause, frozen?: string): string {
  switch (cause) {
    case 'slot':
      return 'It waits for its turn: Defender limits how many sessions may be started in a minute.';
    case 'sessions':
      return 'No live response session is free: a tenant may run only so many at once. It is sent when one ends; cancelling one that is not needed helps.';
    case 'deviceBusy':
      return 'Another live response session is using this device; sessions opened in the portal cannot be seen by the bot. If it is yours, close it.';
    case 'throttled':
      return 'Defender asked the bot to slow down (429). It is sent as soon as Defender allows it; nothing to do.';
    case 'frozen':
      return frozenSentence(frozen ?? 'no reason given');
    case 'library':
      return 'The live response library cannot be read just now, so nobody can tell whether the scripts are still those that were approved; it is not sent unverified.';
    case 'unavailable':
      return 'Defender cannot be reached, or does not let the bot in. The bot keeps trying; if this lasts, an administrator should read its log.';
  }
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
    case 'unavailable':
      return 'Approved, Defender unavailable';
  }
}

function queued(request: InState<'queued'>, context: ViewContext): Said {
  const cause = context.frozen === undefined ? request.waitsFor : 'frozen';
  const turn = cause === undefined || cause === 'slot' || cause === 'sessions' || cause === 'throttled';
  const place =
    context.queue !== undefined && turn
      ? ` Place ${context.queue.position} in the queue at ${at(request, context.now)}, expected to be sent about ${at(request, context.queue.expectedAt)}.`
      : '';
  const again = request.notBefore !== undefined && cause !== 'frozen' ? ` Next try at ${at(request, request.notBefore)}.` : '';
  const so = earlierAttempt(request) !== undefined ? 'Not sent again yet; the earlier attempt may have run.' : 'Nothing has run.';
  return {
    status: waitStatus(cause),
    tone: cause === undefined || cause === 'slot' ? 'neutral' : 'warning',
    lead: `${waitSentence(cause ?? 'slot', context.frozen)}${place}${again} ${so} If it cannot be sent by ${at(request, request.runBefore)}, the approval lapses.`,
  };
}

function unknown(request: InState<'unknown'>): Said {
  const happened = {
    lost: 'Defender’s answer was lost while sending, so the commands may or may not be running. The bot did not repeat it.',
    lostTrack: 'Defender no longer lists the session, so how it ended is not known.',
    overdue: 'The bot’s own deadline passed without an end of the session; it may still be running.',
  }[request.cause];
  const looks =
    request.looks === 0
      ? 'The bot has not looked for it yet.'
      : `The bot looked for it ${times(request.looks)}${request.lookedAt === undefined ? '' : `, last at ${at(request, request.lookedAt)}`}, without finding out.`;
  return {
    status: request.cause === 'lost' ? 'Not known whether it ran' : 'Not known how it ended',
    tone: 'danger',
    lead:
      `${happened} ${looks} Look again first. Send again may run everything twice and needs an approver other than ${person(request.requester.name)}. ` +
      'Drop ends this request and stops nothing on the device.',
  };
}

export function times(count: number): string {
  return count === 1 ? 'once' : count === 2 ? 'twice' : `${count} times`;
}

function running(request: InState<'running'>): Said {
  const { action } = request;
  const facts = stepFacts(request);
  const until = `The bot follows it until ${at(request, request.deadline)}.`;
  if (request.cancel !== undefined && request.cancel.answer !== 'alreadyOver' && request.cancel.answer !== 'failed') {
    const answer = request.cancel.answer === 'sent' ? 'Defender has not answered yet.' : 'Defender accepted it and has not finished cancelling.';
    const woke = request.parked?.wokeAt !== undefined && request.cancel.tries !== undefined ? ' The device woke before it took effect.' : '';
    return {
      status: 'Cancel requested',
      tone: 'warning',
      lead: `${askerName(request.cancel.by, 'The')} asked to cancel at ${at(request, request.cancel.at)}. ${answer}${woke} A command that has started may still run to its end on the device.`,
    };
  }
  const cancel = cancelSuffix(request);
  if (!isKnownStatus(action.status)) {
    return {
      status: `Running, status “${oneLine(action.status, 40)}”`,
      tone: 'warning',
      lead: `Defender reports a status this bot does not know; it is treated as still running. ${until}${cancel}`,
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
      lead: `All commands are done. Defender is closing the session, usually within 40 s.${request.commands.some((one) => one.type === 'GetFile') ? ' Download links follow.' : ''}${cancel}`,
    };
  }
  const parked = parkedWords(request);
  if (parked !== undefined) return { ...parked, lead: `${parked.lead}${cancel}` };
  if (action.status === 'Pending' && facts.started === 0) {
    return {
      status: 'Sent, waiting for the device',
      tone: 'neutral',
      lead: `Defender has it. An online Windows device usually starts within 2 to 3 min; an offline one is waited for. ${until}${cancel}`,
    };
  }
  return {
    status: 'Running',
    tone: 'neutral',
    lead:
      facts.current === undefined
        ? `The session is open; ${facts.done} of ${request.commands.length} commands done. ${until}${cancel}`
        : `Index ${facts.current} is running on the device; ${facts.done} of ${request.commands.length} commands done. ${until}${cancel}`,
  };
}

/** What became of a cancel that did not end the session, with a space before it; empty when there was none. */
function cancelSuffix(request: InState<'running'>): string {
  const byPolicy = policyCancelSentence(request);
  if (byPolicy !== undefined) return ` ${byPolicy}`;
  const by = request.cancel === undefined ? '' : askerName(request.cancel.by);
  switch (request.cancel?.answer) {
    case 'failed':
      return ` The cancel asked for by ${by} was not confirmed by Defender; press Cancel again if it should stop.`;
    case 'alreadyOver':
      return ` Defender answered the cancel asked for by ${by} with “already over”.`;
    default:
      return '';
  }
}
