// Endings of a request without a finished session: why, whether anything ran, and the next step.
import { isTerminal, outcomeOf } from '../../src/liveResponse/action.ts';
import type { Action } from '../../src/liveResponse/action.ts';
import { lateSearchMs } from '../../src/liveResponse/pacing/callRates.ts';
import type { Blocker, ErrorAnswer } from '../../src/liveResponse/request/errorAnswer.ts';
import { sessionOf } from '../../src/liveResponse/request/request.ts';
import type { Request, StageIn } from '../../src/liveResponse/request/request.ts';
import { earlierAttempt } from '../../src/liveResponse/request/session.ts';
import type { FoundLate, WaitCause } from '../../src/liveResponse/request/session.ts';
import { foundLateOf } from '../../src/liveResponse/request/retry.ts';
import { failureAdvice } from './advice.ts';
import { oneLine, timeOf } from '../clip.ts';
import * as bound from '../platformLimits.ts';
import { afterRestore } from './waits.ts';
import type { StatusText } from './waits.ts';
import type { ViewContext } from '../view.ts';
import { missingRight } from './rights.ts';

/** Until when a lost attempt is looked for is said only while it is so. */
export function endingWords(
  request: Request,
  stage: StageIn<'closed'>,
  context: Pick<ViewContext, 'now' | 'command' | 'restoredAt'>,
): StatusText {
  const found = foundLateOf(stage);
  return found === undefined
    ? wordsOf(request, stage, context)
    : foundWords(request, stage, found, context.command);
}

/** Given up, and seen at Defender after all: what was said before is taken back. */
function foundWords(
  request: Request,
  { ending, endedAt }: StageIn<'closed'>,
  { at, action, differs }: FoundLate,
  command: string,
): StatusText {
  const given = {
    abandoned: 'Dropped',
    withdrawn: 'Withdrawn',
    lapsed: 'Approval lapsed',
    refused: 'Refused',
    denied: 'Denied',
    expired: 'Expired',
  }[ending.kind];
  const by = 'by' in ending ? ` by ${name(ending.by.name)}` : '';
  const reason = 'reason' in ending ? because(ending.reason) : '';
  const when = (ms: number): string => timeOf(ms, request.asked.at);
  const sent = sessionOf(request)?.attempts.find((attempt) => action.comment.includes(attempt.tag));
  const ended = isTerminal(action.status);
  const other =
    differs === undefined ? '' : ' It runs other commands than were approved: tell an administrator at once.';
  const next = ended
    ? `The rows show what each command did; type "${oneLine(command, 40)} link ${request.id}" or "${oneLine(command, 40)} output ${request.id}" for its results. Look at them before asking again.`
    : 'It goes on there, and this card follows it. To stop it, cancel the action in the portal’s Action center.';
  return {
    status: `${given}, but at Defender: ${atDefender(action)}`,
    tone: ended && outcomeOf[action.status] !== 'succeeded' ? 'warning' : 'danger',
    lead: `${given}${by} at ${when(endedAt)}${reason}, but Defender shows since ${when(at)} that the attempt${sent === undefined ? '' : ` of ${when(sent.at)}`} had arrived: ${atDefender(action)}.${other} ${next}`,
  };
}

function atDefender({ status }: Action): string {
  if (!isTerminal(status)) return status === 'Pending' ? 'it waits for the device' : 'it is running';
  return {
    succeeded: 'it ran and succeeded',
    failed: 'it failed',
    timedOut: 'it timed out',
    cancelled: 'it was cancelled',
  }[outcomeOf[status]];
}

function wordsOf(
  request: Request,
  { ending, endedAt }: StageIn<'closed'>,
  { now, restoredAt }: Pick<ViewContext, 'now' | 'restoredAt'>,
): StatusText {
  const when = timeOf(endedAt, request.asked.at);
  const looked = stillLooked(request, endedAt, now);
  const ran = restoredAt === undefined ? nothingRan(request, looked) : afterRestore(request, restoredAt);
  switch (ending.kind) {
    case 'denied':
      return {
        status: 'Denied',
        tone: 'neutral',
        lead: `Denied by ${name(ending.by.name)} at ${when}${because(ending.reason)}. ${ran} If it is still needed, ask again with what was missing.`,
      };
    case 'withdrawn':
      return {
        status: 'Withdrawn',
        tone: 'neutral',
        lead: `Withdrawn by ${name(ending.by.name)} at ${when}${because(ending.reason)}. ${ran} If it is needed after all, ask again.`,
      };
    case 'expired':
      return {
        status: 'Expired',
        tone: 'neutral',
        lead: `${restoredAt === undefined ? 'Nobody' : 'As far as the record goes, nobody'} decided by ${timeOf(request.asked.terms.expiresAt, request.asked.at)}, which counts as denied. ${ran} If it is still needed, ask again and call an approver.`,
      };
    case 'lapsed':
      return {
        status: 'Approval lapsed',
        tone: 'warning',
        lead: `Approved, but ${restoredAt === undefined ? '' : 'as far as the record goes '}it could not be sent in time${ending.waitedFor === undefined ? '' : ` (${lapsedCause(ending.waitedFor, ending.blocker)})`}; an old approval is never used. ${ran} ${lapsedNext(ending.error)}If it is still needed, ask again.`,
      };
    case 'refused': {
      const advice = failureAdvice({ ...ending, os: request.targets[0].device.os });
      const told = ending.detail === undefined ? '' : oneLine(ending.detail, bound.view.errorText);
      const detail = ` Code ${oneLine(ending.code, 60)}${told === '' ? '' : `: “${told}”`}.`;
      return { status: 'Refused', tone: 'danger', lead: `${advice.what} ${ran} ${advice.next}${detail}` };
    }
    case 'abandoned':
      return {
        status: 'Dropped',
        tone: 'warning',
        lead: `Dropped by ${name(ending.by.name)} at ${when}${because(ending.reason)}. Whether it ran is not known${looked}: look in the portal’s Action center and on the device before asking again.`,
      };
  }
}

/** Never says that nothing ran when an older attempt's answer was lost. */
function nothingRan(request: Request, looked: string): string {
  const earlier = earlierAttempt(sessionOf(request));
  return earlier === undefined
    ? 'Nothing was run.'
    : `It was not sent again, but the attempt of ${timeOf(earlier.at, request.asked.at)} may have run${looked}.`;
}

/** The bot still searches for what is closed, and corrects the card. */
function stillLooked(request: Request, endedAt: number, now: number): string {
  const until = endedAt + lateSearchMs;
  return now > until
    ? ''
    : `; the bot looks for it until ${timeOf(until, request.asked.at)} and corrects this card if it turns up`;
}

function name(text: string): string {
  return oneLine(text, bound.view.name);
}

function because(reason: string | undefined): string {
  const said = reason === undefined ? '' : oneLine(reason, bound.view.reason);
  return said === '' ? '' : `: “${said}”`;
}

/** What must be repaired before anything else can be sent. */
function lapsedNext(error: ErrorAnswer | undefined): string {
  const right = error === undefined ? undefined : missingRight(error);
  return right === undefined ? '' : `${right.what} ${right.next} `;
}

export function lapsedCause(cause: WaitCause, blocker?: Blocker): string {
  switch (cause) {
    case 'slot':
      return 'too many sessions were being started';
    case 'sessions':
      return 'all sessions were in use';
    case 'deviceBusy':
      return blocker?.by === 'request'
        ? `${blocker.id} held the device`
        : blocker?.by === 'action'
          ? `an action of “${oneLine(blocker.app, 60)}” held the device`
          : 'another live response session was using the device';
    case 'throttled':
      return 'Defender was limiting the bot’s calls';
    case 'frozen':
      return 'new sessions were frozen';
    case 'library':
      return 'the live response library could not be read, so the scripts could not be verified';
    case 'directory':
      return 'a group that gives the role to ask or to approve could not be read';
    case 'unavailable':
      return 'Defender could not be reached';
    case 'unauthorized':
      return 'Defender did not let the bot in';
  }
}
