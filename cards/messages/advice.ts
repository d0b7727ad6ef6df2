// Known causes of failure, each as what happened and the next step. What the bot does never depends on the text
// of a message; only the advice may be more exact because of it, and the text itself is always quoted as well.
import type { ErrorAnswer } from '../../src/liveResponse/request/errorAnswer.ts';
import { errorKinds } from '../../src/liveResponse/codes/winErrors.ts';
import type { ErrorKind } from '../../src/liveResponse/codes/winErrors.ts';
import { oneLine } from '../clip.ts';
import { recordAdvice } from './deviceContext.ts';
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

/**
 * Our own codes of a request that was stopped before the POST, and Defender's `error.code`
 * (learn.microsoft.com/defender-endpoint/api/common-errors).
 */
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
  otherSystem: {
    what: 'The recipe it was asked by is not for the operating system that the device runs now.',
    next: 'Ask again with a recipe for that system; “recipes” lists them.',
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

/**
 * "This script contains malicious content and has been blocked by your antivirus software", as Windows'
 * languages have it.
 */
export const malwareWords =
  /malicious|\bAMSI\b|anti-?(?:v[ií]r|malware)|\bvirus|\bmalware\b|schädlich|malintencionad|mal-intencionad|malveillant|ウイルス|惡意|恶意|악성|вредоносн/i;
export const controlWords =
  /app(?:lication)? ?control|\bWDAC\b|app ?locker|device guard|constrained ?language|language mode|software restriction|blocked by [\w ]{0,60}?(?:polic(?:y|ies)|administrator|organi[sz]ation)|cannot dot-?source/i;
export const signatureWords = /\b(?:un)?sign(?:ed|ing)\b|\bsignatures?\b/i;
export const policyWords = /execution ?policy|running scripts is disabled|\bcannot be loaded\b/i;

interface Hint {
  /** Codes it makes more exact; a code nobody knows is always one of them. */
  readonly codes: readonly string[];
  /** Texts of Defender are not documented and change, so any word that hints is taken. */
  readonly text: RegExp;
  /** Also taken where a code in the text says so. */
  readonly kinds?: readonly ErrorKind[];
  /** Also taken where the device's operating system says so. */
  readonly os?: RegExp;
  readonly advice: Advice;
}

/** More exact than the code, by Defender's text or the device. First match wins. */
export const refusalHints: Readonly<Record<string, Hint>> = {
  remediationLevel: {
    codes: ['DisallowedOperation', 'Forbidden', 'BadRequest', 'InvalidInput'],
    text: /remediation|(?:protection|automation) level|not protected/i,
    advice: {
      what: 'The device’s group has no remediation level, so Defender starts no session on it.',
      next: 'An administrator sets one in the portal: Settings, Endpoints, Permissions, Device groups. Then ask again.',
    },
  },
  notOnboarded: {
    codes: [
      'BadRequest',
      'InvalidInput',
      'DisallowedOperation',
      'Forbidden',
      'ResourceNotFound',
      'NotFound',
      'notFound',
    ],
    text: /onboard|off-?boarded|no (?:active )?sensor\b/i,
    advice: recordAdvice.deviceNotOnboarded,
  },
  scriptBlocked: {
    codes: ['BadRequest', 'DisallowedOperation'],
    text: malwareWords,
    kinds: ['malware'],
    advice: {
      what: 'An antivirus (AMSI) took the script for malicious and blocked it.',
      next: 'Look at the alert in the portal; change the script, or report it to Microsoft as a false positive.',
    },
  },
  applicationControl: {
    codes: ['BadRequest', 'DisallowedOperation'],
    text: controlWords,
    kinds: ['appControl'],
    advice: {
      what: 'Application control on the device (App Control, AppLocker or a group policy) does not let it run.',
      next: 'Sign the script with a certificate that this policy trusts, or let its owner allow it. Then ask again.',
    },
  },
  unsignedScripts: {
    codes: ['DisabledFeature', 'DisallowedOperation', 'BadRequest'],
    text: /unsigned|not (?:digitally )?signed|signature/i,
    kinds: ['notSigned'],
    advice: {
      what: 'Unsigned scripts are switched off in this tenant.',
      next: 'Sign the script and upload it again, or have an administrator allow unsigned scripts under Settings, Endpoints, Advanced features.',
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

/**
 * Advice for a refused submission. Of the general `refused`, Defender's own code is taken from the beginning
 * of `detail` ("DisabledFeature: …").
 */
export function failureAdvice({ code, detail, os = '', call, status }: Refused): Advice {
  const theirs = detail === undefined ? undefined : /^[A-Z][A-Za-z]{3,60}(?=:)/.exec(detail)?.[0];
  const which = refusalAdvice[code] === undefined && theirs !== undefined ? theirs : code;
  const known = refusalAdvice[which];
  const own = detail === undefined ? '' : detail.replace(/^[A-Z][A-Za-z]{3,60}:/, '');
  const kinds = new Set(errorKinds(own));
  const hint = Object.values(refusalHints).find(
    (one) =>
      (known === undefined || one.codes.includes(which)) &&
      (one.text.test(own) ||
        one.kinds?.some((kind) => kinds.has(kind)) === true ||
        (which === 'DisabledFeature' && one.os?.test(os) === true)),
  );
  if (hint !== undefined) return hint.advice;
  if (known !== undefined) return known;
  // Requests of older journals say neither call nor status.
  const right = missingRight({
    call: call ?? 'submit',
    code: which === 'Unauthorized' ? 'unauthorized' : code,
    apiCode: which,
    ...(detail === undefined ? {} : { message: own }),
    ...(which === 'Forbidden' ? { status: 403 } : status === undefined ? {} : { status }),
  });
  return right ?? unknownRefusal(code);
}

export function unknownRefusal(code: string): Advice {
  return {
    what: `It was refused (${oneLine(code, 60)}).`,
    next: 'Read the text below, fix what it names and ask again; Microsoft support wants the correlation id.',
  };
}
