// What a card says of a request that ended without a finished session: why, whether anything ran, and the next step.
import type { InState, WaitCause } from '../src/liveResponse/request.ts';
import type { Blocker, ErrorAnswer } from '../src/liveResponse/errorAnswer.ts';
import { failureAdvice } from './advice.ts';
import { oneLine } from './clip.ts';
import * as bound from './limits.ts';
import type { Said } from './said.ts';
import { missingRight } from './rights.ts';
import { earlierAttempt } from './said.ts';
import { timeOf } from './time.ts';

export function endingWords(request: InState<'over'>): Said {
  const { ending } = request;
  const when = timeOf(request.endedAt, request.at);
  const ran = nothingRan(request);
  switch (ending.how) {
    case 'denied':
      return { status: 'Denied', tone: 'neutral', lead: `Denied by ${name(ending.by.name)} at ${when}${because(ending.reason)}. ${ran} If it is still needed, ask again with what was missing.` };
    case 'withdrawn':
      return { status: 'Withdrawn', tone: 'neutral', lead: `Withdrawn by ${name(ending.by.name)} at ${when}${because(ending.reason)}. ${ran} If it is needed after all, ask again.` };
    case 'expired':
      return { status: 'Expired', tone: 'neutral', lead: `Nobody decided by ${timeOf(request.terms.expiresAt, request.at)}, which counts as denied. ${ran} If it is still needed, ask again and call an approver.` };
    case 'lapsed':
      return {
        status: 'Approval lapsed',
        tone: 'warning',
        lead: `Approved, but it could not be sent in time${ending.waitedFor === undefined ? '' : ` (${lapsedCause(ending.waitedFor, ending.blocker)})`}; an old approval is never used. ${ran} ${lapsedNext(ending.error)}If it is still needed, ask again.`,
      };
    case 'refused': {
      const advice = failureAdvice({ ...ending, os: request.device.os });
      const told = ending.detail === undefined ? '' : oneLine(ending.detail, bound.view.errorText);
      const detail = ` Code ${oneLine(ending.code, 60)}${told === '' ? '' : `: “${told}”`}.`;
      return { status: 'Refused', tone: 'danger', lead: `${advice.what} ${ran} ${advice.next}${detail}` };
    }
    case 'dropped':
      return {
        status: 'Dropped',
        tone: 'warning',
        lead: `Dropped by ${name(ending.by.name)} at ${when}${because(ending.reason)}. Whether it ran is not known: look in the portal’s Action center and on the device before asking again.`,
      };
  }
}

/** Never says that nothing ran when an older attempt's answer was lost. */
function nothingRan(request: InState<'over'>): string {
  const earlier = earlierAttempt(request);
  return earlier === undefined ? 'Nothing was run.' : `It was not sent again, but the attempt of ${timeOf(earlier.at, request.at)} may have run.`;
}

function name(text: string): string {
  return oneLine(text, bound.view.name);
}

function because(reason: string | undefined): string {
  const said = reason === undefined ? '' : oneLine(reason, bound.view.reason);
  return said === '' ? '' : `: “${said}”`;
}

/** What must be mended before anything else can be sent. */
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
    case 'unavailable':
      return 'Defender could not be reached';
    case 'unauthorized':
      return 'Defender did not let the bot in';
  }
}
