// Known causes of failure, each as what happened and the next step. What is done never hangs on a message's text; only the advice may be
// more exact for it, and the text itself is always quoted beside.
import type { Command } from '../src/liveResponse/commands.ts';
import type { ErrorAnswer } from '../src/liveResponse/errorAnswer.ts';
import { oneLine } from './clip.ts';
import * as bound from './limits.ts';
import { recordAdvice } from './records.ts';
import { missingRight } from './rights.ts';
import type { Advice } from './rights.ts';

const notFound: Advice = {
  what: 'Defender does not know this device.',
  next: 'Look for it in the portal: it may have been offboarded or have a new device id. Then ask again.',
};
const unreadable: Advice = {
  what: 'Defender did not accept the form of the request.',
  next: 'Check the names and paths on this card, then ask again; if it stays so, give the correlation id to Microsoft support.',
};

/** Our own codes of a request that was stopped before the POST, and Defender's `error.code` (learn.microsoft.com/defender-endpoint/api/common-errors). */
export const refusalAdvice: Readonly<Record<string, Advice>> = {
  deviceOutOfScope: {
    what: 'The policy does not allow this device: its group, tags or name changed, or the policy did.',
    next: 'Check the device’s group and tags in the portal and the bot’s policy with an administrator.',
  },
  otherTenant: {
    what: 'It was approved for another tenant than the one the bot works in now.',
    next: 'If it is needed here, ask again.',
  },
  scriptChanged: {
    what: 'A library script is no longer the one that was approved, so the approval is void.',
    next: 'Tell the security team: find out who changed it. Ask again once the change is known to be right.',
  },
  approverNotListed: {
    what: 'By today’s policy or groups, the person who approved it may no longer approve it.',
    next: 'If it is still needed, ask again and have another approver decide.',
  },
  requesterNotListed: {
    what: 'The person who asked for it is no longer listed in the policy, or not with the account it was asked from.',
    next: 'If it is still needed, somebody who is listed asks again.',
  },
  requesterRoleGone: {
    what: 'The person who asked for it no longer has the role that such a request needs.',
    next: 'If it is still needed, somebody who has that role asks again.',
  },
  samePerson: {
    what: 'By today’s policy the person who asked for it and the person who approved it are the same.',
    next: 'If it is still needed, ask again and have somebody else approve it.',
  },
  placeGone: {
    what: 'The place it was asked in is no longer in the policy.',
    next: 'If it is still needed, ask again in a place that is.',
  },
  tierGone: {
    what: 'The tier it was asked for in is no longer in the policy, so nobody can tell whether today’s tiers ask for more.',
    next: 'If it is still needed, ask again: it is then decided in one of today’s tiers.',
  },
  tierStricter: {
    what: 'The policy now puts these commands into a stricter tier than when they were asked for.',
    next: 'If it is still needed, ask again: it is then decided in the stricter tier.',
  },
  reasonMissing: {
    what: 'The policy asks for a reason now, and none was given.',
    next: 'If it is still needed, ask again with --reason "...".',
  },
  expireAfterShorter: {
    what: 'The policy gives less time for an approval now (expireAfter), and that time had passed.',
    next: 'If it is still needed, ask again and call an approver.',
  },
  runWithinShorter: {
    what: 'The policy lets an approval be used for less time now (runWithin), and that time had passed.',
    next: 'If it is still needed, ask again.',
  },
  recipeChanged: {
    what: 'The recipe it was asked by is no longer in the policy, or runs other commands now.',
    next: 'Look at the recipe as it is now, and ask again if it is still needed.',
  },
  commandNotAllowed: {
    what: 'The policy no longer allows such a command outside recipes.',
    next: 'Use a recipe that does it, or have an administrator look at “commands” in the policy.',
  },
  digestMismatch: {
    what: 'What was about to run was not what had been approved, so it was stopped.',
    next: 'Tell an administrator at once and keep this request’s id; ask again only after that.',
  },
  ...recordAdvice,
  notFound,
  ResourceNotFound: notFound,
  NotFound: notFound,
  ActiveRequestAlreadyExists: {
    what: 'Another live response session is using this device.',
    next: 'Close that session or wait for its end, then ask again.',
  },
  DisabledFeature: {
    what: 'Live response is switched off in this tenant.',
    next: 'An administrator turns it on in the portal: Settings, Endpoints, Advanced features. Then ask again.',
  },
  DisallowedOperation: {
    what: 'Defender does not allow live response on this device.',
    next: 'An administrator checks that its device group has a remediation level, and the live response switches under Settings, Endpoints, Advanced features.',
  },
  OsPlatformNotSupported: {
    what: 'Live response does not support this device’s operating system.',
    next: 'Collect it another way; asking again will not help.',
  },
  ClientVersionNotSupported: {
    what: 'The Defender sensor on this device is too old for live response.',
    next: 'Update the device’s Defender sensor, then ask again.',
  },
  BadRequest: unreadable,
  InvalidInput: unreadable,
  InvalidRequestBody: unreadable,
  MissingRequiredParameter: unreadable,
};

interface Hint {
  /** Codes it makes more exact; a code nobody knows is always one of them. */
  readonly codes: readonly string[];
  /** Texts of Defender are not documented and change, so any word that hints is taken. */
  readonly text: RegExp;
  /** Also taken where the device's operating system says so. */
  readonly os?: RegExp;
  readonly advice: Advice;
}

/** More exact than the code, by Defender's text or the device. First match wins. */
export const refusalHints: Readonly<Record<string, Hint>> = {
  remediationLevel: {
    codes: ['DisallowedOperation', 'Forbidden', 'BadRequest'],
    text: /remediation|protection level|not protected/i,
    advice: {
      what: 'The device’s group has no remediation level, so Defender starts no session on it.',
      next: 'An administrator sets one in the portal: Settings, Endpoints, Permissions, Device groups. Then ask again.',
    },
  },
  unsignedScripts: {
    codes: ['DisabledFeature', 'DisallowedOperation', 'BadRequest'],
    text: /unsigned|not (?:digitally )?signed|signature/i,
    advice: {
      what: 'Unsigned scripts are switched off in this tenant.',
      next: 'Sign the script and upload it again, or an administrator allows unsigned scripts under Settings, Endpoints, Advanced features.',
    },
  },
  serversOff: {
    codes: ['DisabledFeature', 'DisallowedOperation'],
    text: /\bservers?\b/i,
    os: /server/i,
    advice: {
      what: 'Live response is switched off in this tenant, or for servers, which have a switch of their own.',
      next: 'An administrator turns both on in the portal: Settings, Endpoints, Advanced features, “Live response” and “Live response for servers”. Then ask again.',
    },
  },
  order: {
    codes: ['BadRequest', 'InvalidInput', 'InvalidRequestBody'],
    text: /\border\b|sequence/i,
    advice: {
      what: 'Defender takes commands only in the order PutFile, RunScript, GetFile.',
      next: 'Ask again in that order, or ask for them one after the other.',
    },
  },
};

/** What is known of a refusal. `code` is Defender's where it gave one, else ours. */
export interface Refused extends Pick<ErrorAnswer, 'call' | 'status'> {
  readonly code: string;
  readonly detail?: string;
  readonly os?: string;
}

/** Advice for a refused submission. Of the general `refused`, Defender's own code is taken from the beginning of `detail` ("DisabledFeature: …"). */
export function failureAdvice({ code, detail, os = '', call, status }: Refused): Advice {
  const theirs = detail === undefined ? undefined : /^[A-Z][A-Za-z]{3,60}(?=:)/.exec(detail)?.[0];
  const which = refusalAdvice[code] === undefined && theirs !== undefined ? theirs : code;
  const known = refusalAdvice[which];
  const own = detail === undefined ? '' : detail.replace(/^[A-Z][A-Za-z]{3,60}:/, '');
  const hint = Object.values(refusalHints).find((one) => (known === undefined || one.codes.includes(which)) && (one.text.test(own) || (which === 'DisabledFeature' && one.os?.test(os) === true)));
  if (hint !== undefined) return hint.advice;
  if (known !== undefined) return known;
  // Requests of older journals say neither call nor status.
  const right = missingRight({ call: call ?? 'submit', code: which === 'Unauthorized' ? 'unauthorized' : code, apiCode: which, ...(which === 'Forbidden' ? { status: 403 } : status === undefined ? {} : { status }) });
  return right ?? unknownRefusal(code);
}

export function unknownRefusal(code: string): Advice {
  return {
    what: `It was refused (${oneLine(code, 60)}).`,
    next: 'Read the text below, fix what it names and ask again; Microsoft support wants the correlation id.',
  };
}

interface StepHint {
  readonly types: readonly Command['type'][];
  readonly text: RegExp;
  readonly next: string;
}

/** The next step for a failed command, by Defender's text in `errors`, which no page documents. First match wins. */
export const stepHints: Readonly<Record<string, StepHint>> = {
  cancelled: {
    types: ['PutFile', 'RunScript', 'GetFile'],
    text: /cancel/i,
    next: 'It was stopped with the session; on the device it may have run on.',
  },
  fileInUse: {
    types: ['GetFile'],
    text: /in use|being used|used by another|sharing violation|locked|0x80070020/i,
    next: 'Next: the file is in use. Let a script copy it to TEMP first, and get the copy.',
  },
  accessDenied: {
    types: ['GetFile', 'PutFile', 'RunScript'],
    text: /access (?:is |was )?denied|permission denied|unauthorized|0x80070005/i,
    next: 'Next: access was denied on the device. See what protects it; a file can first be copied to TEMP by a script.',
  },
  tooLarge: {
    types: ['GetFile', 'PutFile'],
    text: /too (?:large|big)|exceed|size limit|maximum size/i,
    next: 'Next: the file is too large (getting: 3 GB; putting: 300 MB on Windows, 10 MB elsewhere). Pack it or take a part of it.',
  },
  fileNotFound: {
    types: ['GetFile'],
    text: /not (?:be )?found|does not exist|doesn.t exist|cannot find|no such file|0x80070002|0x80070003/i,
    next: 'Next: there is no such file on the device. Check the path, and that whatever writes it has finished.',
  },
  scriptNotSigned: {
    types: ['RunScript'],
    text: /sign(?:ed|ature|ing)/i,
    next: 'Next: sign the script and upload it again, or an administrator allows unsigned scripts under Settings, Endpoints, Advanced features.',
  },
  scriptTimedOut: {
    types: ['RunScript'],
    text: /tim(?:ed|e) ?-?out|10 minutes/i,
    next: 'Next: Defender ends a script after 10 min. Check on the device what was done, and make the script shorter.',
  },
  notInLibrary: {
    types: ['PutFile', 'RunScript'],
    text: /not (?:be )?found|library|does not exist|doesn.t exist|no such/i,
    next: 'Next: upload it to the live response library under exactly this name, then ask again.',
  },
};

/** A failed row: Defender's own error text, and what usually helps for this kind of command. @param reason what it says of the session's failure, in sentences */
export function stepFailure(command: Command, errors: readonly string[], reported: boolean, reason?: string): string {
  if (!reported) return 'The session ended without an end of this command: it may have run. Check the device before running it again.';
  const text = oneLine(errors.join('; '), bound.view.errorText);
  const said = text === '' ? undefined : `Defender says: “${text}”${/[.!?]$/.test(text) ? '' : '.'}`;
  const told = said === undefined && reason === undefined ? 'Defender gives no reason.' : [said, reason].filter((part) => part !== undefined).join(' ');
  const hint = Object.values(stepHints).find((one) => one.types.includes(command.type) && [...errors, ...(reason === undefined ? [] : [reason])].some((error) => one.text.test(error)));
  return `${told} ${hint?.next ?? stepNext[command.type]}`;
}

/** Where Defender's text says nothing that is known. */
export const stepNext: Readonly<Record<Command['type'], string>> = {
  GetFile: 'Next: check the path; a file in use must first be copied to TEMP by a script (3 GB at most).',
  RunScript: 'Next: check that the script is in the library, signed where the tenant wants it, and done within 10 min.',
  PutFile: 'Next: check that the file is in the library and not too large (300 MB on Windows, 10 MB elsewhere).',
};

/** A script that ran and said that it failed, or wrote errors. `which` begins the sentence: "Command 1 (minidump.ps1)". */
export function exitAdvice(which: string, exitCode: number | undefined): string {
  return exitCode !== undefined && exitCode !== 0
    ? `${which} ran and ended with exit code ${exitCode}, its own word for failure. Read its output before relying on the result.`
    : `${which} ran and wrote errors. Read its output before relying on the result.`;
}
