// Known causes of failure, each as what happened and the next step. Branches on Defender's codes, never on its message texts.
import type { Command } from '../src/liveResponse/commands.ts';
import { oneLine } from './clip.ts';
import * as bound from './limits.ts';

export interface Advice {
  /** What happened, one sentence. */
  readonly what: string;
  /** What to do now, one sentence. */
  readonly next: string;
}

const busy: Advice = {
  what: 'Another live response session is using this device; sessions opened in the portal cannot be seen by the bot.',
  next: 'Close that session or wait for its end, then ask again.',
};
const throttled: Advice = {
  what: 'Defender is limiting the bot’s calls (429).',
  next: 'Ask again in a few minutes.',
};
const notFound: Advice = {
  what: 'Defender does not know this device.',
  next: 'Look for it in the portal: it may have been offboarded or have a new device id. Then ask again.',
};
const unauthorized: Advice = {
  what: 'Defender did not accept the bot’s credentials.',
  next: 'An administrator must check the app registration’s secret or certificate and its tenant.',
};
const forbidden: Advice = {
  what: 'The bot’s app registration may not do this.',
  next: 'An administrator must grant Machine.LiveResponse and Machine.ReadWrite.All with admin consent.',
};
const unreadable: Advice = {
  what: 'Defender did not accept the form of the request.',
  next: 'Check that every script and file name is in the live response library; else give the correlation id to Microsoft support.',
};
const unavailable: Advice = {
  what: 'Defender could not be reached, or had an error of its own.',
  next: 'Ask again in a few minutes; service health is in the Microsoft 365 admin center.',
};

/** By our own refusal code or Defender's `error.code` (learn.microsoft.com/defender-endpoint/api/common-errors). */
const known: ReadonlyMap<string, Advice> = new Map<string, Advice>([
  ['busy', busy],
  ['ActiveRequestAlreadyExists', busy],
  ['throttled', throttled],
  ['paced', throttled],
  ['TooManyRequests', throttled],
  ['notFound', notFound],
  ['ResourceNotFound', notFound],
  ['NotFound', notFound],
  ['unauthorized', unauthorized],
  ['Unauthorized', unauthorized],
  ['Forbidden', forbidden],
  [
    'DisabledFeature',
    {
      what: 'Live response is switched off in this tenant, or for this kind of device.',
      next: 'An administrator turns it on in the portal: Settings, Endpoints, Advanced features (servers and unsigned scripts have switches of their own).',
    },
  ],
  [
    'DisallowedOperation',
    {
      what: 'Defender does not allow this operation on this device.',
      next: 'Read Defender’s text, and check the live response switches under Settings, Endpoints, Advanced features.',
    },
  ],
  [
    'OsPlatformNotSupported',
    {
      what: 'Live response does not support this device’s operating system.',
      next: 'Collect it another way; asking again will not help.',
    },
  ],
  [
    'ClientVersionNotSupported',
    {
      what: 'The Defender sensor on this device is too old for live response.',
      next: 'Update the device’s Defender sensor, then ask again.',
    },
  ],
  ['InvalidRequestBody', unreadable],
  ['MissingRequiredParameter', unreadable],
  ['BadRequest', unreadable],
  ['InvalidInput', unreadable],
  ['unreadable', unreadable],
  ['unavailable', unavailable],
  ['InternalServerError', unavailable],
  [
    'deviceOutOfScope',
    {
      what: 'The policy does not allow this device: its group, tags or name changed, or the policy did.',
      next: 'Check the device’s group and tags in the portal and the bot’s policy with an administrator.',
    },
  ],
  [
    'frozen',
    {
      what: 'New sessions are frozen.',
      next: 'Ask again when they are released.',
    },
  ],
  [
    'otherTenant',
    {
      what: 'It was approved for another tenant than the one the bot works in now.',
      next: 'If it is needed here, ask again.',
    },
  ],
  [
    'scriptChanged',
    {
      what: 'A library script is no longer the one that was approved, so the approval is void.',
      next: 'Tell the security team: find out who changed it. Ask again once the change is known to be right.',
    },
  ],
  [
    'approverNotListed',
    {
      what: 'Whoever approved it is no longer somebody who may approve it by the policy.',
      next: 'Ask again and have another approver decide; the policy was changed after the approval.',
    },
  ],
  [
    'requesterNotListed',
    {
      what: 'Whoever asked for it is no longer listed in the policy.',
      next: 'If it is still needed, somebody who is listed asks again.',
    },
  ],
  [
    'recipeChanged',
    {
      what: 'The recipe it was asked by is no longer in the policy, or runs other commands now.',
      next: 'Look at the recipe as it is now, and ask again if it is still needed.',
    },
  ],
  [
    'digestMismatch',
    {
      what: 'What was about to run was not what had been approved, so it was stopped.',
      next: 'Tell an administrator at once and keep this request’s id; ask again only after that.',
    },
  ],
]);

/**
 * Advice for a refused submission. `code` is ours or Defender's; of the general `refused`, Defender's own code is taken from the
 * beginning of `detail` ("DisabledFeature: …") where it stands there.
 */
export function failureAdvice(code: string, detail?: string): Advice {
  const theirs = detail === undefined ? undefined : /^[A-Z][A-Za-z]{3,60}(?=:)/.exec(detail)?.[0];
  const found = known.get(code) ?? (theirs === undefined ? undefined : known.get(theirs));
  return (
    found ?? {
      what: `It was refused (${oneLine(code, 60)}).`,
      next: 'Read the text below, mend what it names and ask again; Microsoft support wants the correlation id.',
    }
  );
}

/** A failed row: Defender's own error text, and what usually helps for this kind of command. */
export function stepFailure(command: Command, errors: readonly string[], reported: boolean): string {
  if (!reported) return 'The session ended without an end of this command: it may have run. Check the device before running it again.';
  const text = oneLine(errors.join('; '), bound.view.errorText);
  const told = text === '' ? 'Defender gives no reason.' : `Defender says: “${text}”${/[.!?]$/.test(text) ? '' : '.'}`;
  return `${told} ${stepNext(command)}`;
}

function stepNext(command: Command): string {
  switch (command.type) {
    case 'GetFile':
      return 'Next: check the path; a file in use must first be copied by a script (3 GB at most).';
    case 'RunScript':
      return 'Next: check that the script is in the library, signed where the tenant wants it, and done within 10 min.';
    case 'PutFile':
      return 'Next: check that the file is in the library and not too large (300 MB on Windows, 10 MB elsewhere).';
  }
}

/** A script that ran and said that it failed, or wrote errors. `which` begins the sentence: "Command 1 (minidump.ps1)". */
export function exitAdvice(which: string, exitCode: number | undefined): string {
  return exitCode !== undefined && exitCode !== 0
    ? `${which} ran and ended with exit code ${exitCode}, its own word for failure. Read its output before relying on the result.`
    : `${which} ran and wrote errors. Read its output before relying on the result.`;
}
