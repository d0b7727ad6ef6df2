// Why an approved request has not been sent yet: in a sentence with what helps, and in a few words.
import type { Blocker, ErrorAnswer } from '../../src/liveResponse/request/errorAnswer.ts';
import type { WaitCause } from '../../src/liveResponse/request/session.ts';
import { oneLine } from '../clip.ts';
import { timeOf } from '../time.ts';
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
