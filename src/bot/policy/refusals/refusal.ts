// Everything the bot may answer "no" to in conversation, as values, and the one place that puts each into
// words with the next step.
import type { Trust } from '../../ports.ts';
import { refusalAdvice } from '../../../../cards/messages/advice.ts';
import { frozenSentence } from '../../../../cards/messages/outage.ts';
import { rightSentence } from '../../../../cards/messages/rights.ts';
import { changeWords } from '../../../../cards/results.ts';
import { duration, stamp } from '../../../../cards/clip.ts';
import type { Command } from '../../../liveResponse/commands.ts';
import type { ContentDrift } from '../../../liveResponse/request/content.ts';
import type { ErrorAnswer } from '../../../liveResponse/request/errorAnswer.ts';
import type { Asker, PersonRef } from '../../../liveResponse/request/vote.ts';
import type { LeftOut } from '../../../liveResponse/device/records.ts';
import type { State } from '../../../liveResponse/request/request.ts';
import type { NotAgain } from '../../../liveResponse/request/retry.ts';
import { ambiguousSentence, candidateList, unfitSentence } from '../devices/candidates.ts';
import type { Candidate } from '../devices/candidates.ts';
import { escapeInvisibleSentence } from './escapeInvisible.ts';
import { wrongSystemSentence } from '../recipes/recipeSystems.ts';
import type { WrongSystem } from '../recipes/recipeSystems.ts';

/** Why the policy keeps a device out. */
export type ScopeCause =
  | { readonly rule: 'never'; readonly by: 'group' | 'tag' | 'name'; readonly value: string }
  | { readonly rule: 'notAllowed'; readonly group?: string; readonly tags: readonly string[] };

/** What somebody wanted to do with a request, in a word. */
export type Operation =
  | 'request'
  | 'approve'
  | 'deny'
  | 'withdraw'
  | 'cancel'
  | 'resend'
  | 'drop'
  | 'see'
  | 'read results'
  | 'freeze'
  | 'unfreeze';

/** Where the word alone says too little. */
const operationWords: Partial<Readonly<Record<Operation, string>>> = {
  request: 'ask for this',
  resend: 'send it again',
  see: 'see requests',
};

export type Refusal =
  // Who
  | { readonly refused: 'unlisted'; readonly account: string }
  | { readonly refused: 'ambiguousPerson'; readonly account: string; readonly people: readonly string[] }
  | { readonly refused: 'notMember'; readonly trust: Exclude<Trust, 'member' | 'unknown'> }
  /** `undone` completes "so nothing was ...". */
  | {
      readonly refused: 'identityUnread';
      readonly platform: string;
      readonly undone?: string;
      readonly pressed?: boolean;
    }
  /** `all`: every one of them, not any. */
  | {
      readonly refused: 'missingRole';
      readonly deed: Operation;
      readonly need: readonly string[];
      readonly unread: readonly string[];
      readonly all?: true;
    }
  | { readonly refused: 'selfApproval'; readonly id: string; readonly deed: 'approve' | 'resend' }
  | { readonly refused: 'ownRequest'; readonly id: string }
  | {
      readonly refused: 'notYourRequest';
      readonly id: string;
      readonly deed: Operation;
      readonly requester: PersonRef;
      readonly role: string;
      readonly unread: readonly string[];
    }
  | { readonly refused: 'nobodyCanApprove'; readonly role: string }
  // Where and what
  | { readonly refused: 'placeNotAllowed'; readonly place: string; readonly direct: boolean }
  | { readonly refused: 'unknownRecipe'; readonly recipe: string }
  | { readonly refused: 'commandNotAllowed'; readonly command: Command['type'] }
  | { readonly refused: 'reasonRequired'; readonly tier: string }
  /**
   * `line` is the typed line with the nearest name; `recipe`: the policy's name, which the asker did not
   * type.
   */
  | {
      readonly refused: 'notInLibrary';
      readonly name: string;
      readonly suggestions: readonly string[];
      readonly line?: string;
      readonly recipe?: string;
    }
  // Which device
  | {
      readonly refused: 'unknownDevice';
      readonly name: string;
      readonly meant?: 'recipe' | 'command' | 'file' | 'request';
    }
  | { readonly refused: 'requestAsDevice'; readonly id: string; readonly device: string }
  | {
      readonly refused: 'ambiguousDevice';
      readonly name: string;
      readonly candidates: readonly Candidate[];
      readonly leftOut?: readonly LeftOut[];
    }
  /**
   * No record of that name can take a session. `into`: the record that the only one was merged into, where it
   * could be read.
   */
  | {
      readonly refused: 'unfitDevice';
      readonly name: string;
      readonly records: readonly Candidate[];
      readonly into?: Candidate;
    }
  /**
   * The list of devices could be read only in part: whether the name fits one device alone, or none, nobody
   * knows.
   */
  | {
      readonly refused: 'devicesPartlyRead';
      readonly name: string;
      readonly candidates: readonly Candidate[];
    }
  /** The recipe is for other systems. `fits`: recipes for this one. */
  | WrongSystem
  | { readonly refused: 'outOfScope'; readonly device: string; readonly cause: ScopeCause }
  // The state of things
  /** `unread`: groups that could not be read, and might have let them find it. */
  | { readonly refused: 'unknownRequest'; readonly id: string; readonly unread?: readonly string[] }
  /** There is one, and the asker may not know it: told in the same words. */
  | { readonly refused: 'notVisible'; readonly id: string; readonly unread?: readonly string[] }
  /**
   * Something else was typed as the id. `requests`: those that may be meant, such as the open ones on that
   * device.
   */
  | {
      readonly refused: 'noRequestId';
      readonly verb: string;
      readonly word: string;
      readonly meant: 'recipe' | 'command' | 'file' | 'list' | 'fingerprint' | 'action' | 'device';
      readonly requests: readonly { readonly id: string; readonly status: string }[];
    }
  /** `deed` and `state`: what was wanted instead, and where it stands since. */
  | {
      readonly refused: 'alreadyApproved';
      readonly id: string;
      readonly by: PersonRef;
      readonly at: number;
      readonly you: boolean;
      readonly deed?: 'approve' | 'deny';
      readonly state?: State;
    }
  /**
   * `retry`: it may be asked for again with one word. `lost`: that nobody knows whether it ran, since the
   * record was restored; then it may not.
   */
  | {
      readonly refused: 'alreadyOver';
      readonly id: string;
      readonly how: string;
      readonly at: number;
      readonly retry?: boolean;
      readonly lost?: string;
    }
  | { readonly refused: 'staleCard'; readonly id: string; readonly typed?: true }
  /** The 8 digits for eyes, typed, or on a card that an older version drew. */
  | { readonly refused: 'shortFingerprint'; readonly id: string; readonly typed?: true }
  | { readonly refused: 'wrongFingerprint'; readonly id: string }
  | { readonly refused: 'contentDeparted'; readonly id: string; readonly departure: ContentDrift }
  | { readonly refused: 'expired'; readonly id: string; readonly at: number; readonly lost?: string }
  /**
   * Today's policy is stricter than the one it was asked under, and ended it. `code` and `detail` as on its
   * card.
   */
  | {
      readonly refused: 'policyStricter';
      readonly id: string;
      readonly deed: 'approve' | 'resend';
      readonly code: string;
      readonly detail?: string;
      readonly ended: boolean;
    }
  /** Whether the people may still do it could not be asked. */
  | {
      readonly refused: 'groupsUnread';
      readonly id: string;
      readonly deed: 'approve' | 'resend';
      readonly groups: readonly string[];
    }
  | { readonly refused: 'tooLate'; readonly id: string; readonly deed: Operation; readonly state: State }
  | { readonly refused: 'tooEarly'; readonly id: string; readonly deed: Operation; readonly state: State }
  | { readonly refused: 'stillLooking'; readonly id: string; readonly looks: number; readonly of: number }
  | { readonly refused: 'alreadyCancelling'; readonly id: string; readonly by: Asker; readonly at: number }
  | {
      readonly refused: 'notAgain';
      readonly id: string;
      readonly why: NotAgain | 'noSuchIndex' | 'triedElsewhere';
      readonly state?: State;
    }
  /** The same is open already: `ago` in milliseconds, `line` asks for it all the same. */
  | {
      readonly refused: 'twin';
      readonly twin: string;
      readonly device: string;
      readonly status: string;
      readonly by: string;
      readonly ago: number;
      readonly places: readonly string[];
      readonly line: string;
    }
  /** `own`: ids of the asker's, oldest first; `others`: how many more there are on that device. */
  | {
      readonly refused: 'tooManyPending';
      readonly of: 'person' | 'device';
      readonly tier: string;
      readonly most: number;
      readonly own: readonly string[];
      readonly others: number;
      readonly device?: string;
    }
  | { readonly refused: 'goneOn'; readonly id: string; readonly as: string }
  /** A text given with a press, in UTF-16 units. `undone` completes "so nothing was ...". */
  | {
      readonly refused: 'textTooLong';
      readonly undone: string;
      readonly length: number;
      readonly max: number;
    }
  | { readonly refused: 'frozen'; readonly by: string; readonly why: string; readonly at: number }
  | { readonly refused: 'alreadyFrozen'; readonly by: string; readonly why: string; readonly at: number }
  | { readonly refused: 'notFrozen' }
  /** The release was asked for before the freeze that is in force. */
  | { readonly refused: 'frozenSince'; readonly by: string; readonly why: string; readonly at: number }
  // Results
  | {
      readonly refused: 'noResult';
      readonly id: string;
      readonly why:
        | 'notYet'
        | 'notSent'
        | 'notKnown'
        | 'neverRan'
        | 'noSuchIndex'
        | 'noFile'
        | 'noOutput'
        | 'failed'
        | 'forgotten'
        | 'notHandedOut'
        | 'elsewhere';
      readonly index?: number;
      readonly error?: ErrorAnswer;
    }
  | { readonly refused: 'noSuchPage'; readonly id: string; readonly pages: number }
  // The world
  | { readonly refused: 'storeUnavailable' }
  /** `since`: it has been so for a while, in epoch milliseconds. */
  | { readonly refused: 'defenderUnavailable'; readonly detail: string; readonly since?: number }
  | { readonly refused: 'noRight'; readonly error: ErrorAnswer };

export function isRefusal(value: unknown): value is Refusal {
  return typeof value === 'object' && value !== null && 'refused' in value;
}

/**
 * The sentence for a person, with the next step. Plain text: adapters escape it. @param command the chat
 * command's name
 */
export function explain(refusal: Refusal, command = '/lr'): string {
  // Names of devices, tags and groups come from elsewhere and can hold anything.
  return escapeInvisibleSentence(sentence(refusal, command));
}

function sentence(refusal: Refusal, command: string): string {
  switch (refusal.refused) {
    case 'unlisted':
      return `Your account ${refusal.account} is not listed in the policy, so nothing was done. "${command} whoami" prints the line that an administrator pastes there.`;
    case 'ambiguousPerson':
      return `Your account ${refusal.account} is listed for several people (${refusal.people.join(', ')}), so nobody can tell who you are. An administrator must correct the policy.`;
    case 'notMember':
      return trustSentence(refusal.trust);
    case 'identityUnread':
      return `${refusal.platform} could not say who you are just now, so nothing was ${refusal.undone ?? 'done'}. ${refusal.pressed === true ? 'Press again' : 'Type it again'} in a minute.`;
    case 'missingRole':
      return `To ${operationWords[refusal.deed] ?? refusal.deed} you need the role ${refusal.all === true ? refusal.need.join(' and ') : either(refusal.need)}${refusal.all === true && refusal.need.length > 1 ? ' (the policy has changed since it was asked)' : ''}${refusal.unread.length === 0 ? ', which you do not have' : ''}. ${unreadSentence(refusal.unread) ?? `"${command} whoami" shows your roles; ask somebody who has it, or an administrator.`}`;
    case 'selfApproval':
      return refusal.deed === 'approve'
        ? `${refusal.id} is your own request, and nobody approves their own, from no account. Ask another approver.`
        : `${refusal.id} is your own request, so somebody else must decide that it is sent again. Ask another approver.`;
    case 'ownRequest':
      return `${refusal.id} is your own request. Take it back with "${command} cancel ${refusal.id}" or the Withdraw button.`;
    case 'notYourRequest':
      return `Only ${refusal.requester.name}, who asked, or somebody with the role ${refusal.role} may ${refusal.deed} ${refusal.id}. ${unreadSentence(refusal.unread) ?? 'Ask one of them.'}`;
    case 'nobodyCanApprove':
      return `Nobody but you has the role ${refusal.role}, so this could never be approved. An administrator must give that role to somebody else as well.`;
    case 'placeNotAllowed':
      return refusal.direct
        ? 'No place for approval cards is set up, so nothing can be asked for here. An administrator adds one under "places" in the policy.'
        : `This place is not listed in the policy, so only help and whoami work here. Go to a listed channel, or let an administrator add ${refusal.place} under "places".`;
    case 'unknownRecipe':
      return `There is no recipe ${refusal.recipe} any more. "${command} recipes" lists them.`;
    case 'commandNotAllowed':
      return `${refusal.command} outside a recipe is not allowed by the policy. "${command} recipes" lists what is; an administrator can allow it under "commands".`;
    case 'reasonRequired':
      return `A request of tier ${refusal.tier} needs a reason. Add --reason "..." at the end of the line.`;
    case 'notInLibrary':
      return notInLibrarySentence(refusal, command);
    case 'unknownDevice':
      return `Defender knows no device called ${refusal.name}. ${notADevice(refusal, command)}`;
    case 'requestAsDevice':
      return `${refusal.id} is a request, on the device ${refusal.device}, and no device. "${command} status ${refusal.id}" shows it, "${command} host ${refusal.device}" the device.`;
    case 'ambiguousDevice':
      return ambiguousSentence(refusal);
    case 'unfitDevice':
      return unfitSentence(refusal);
    case 'devicesPartlyRead':
      return `Defender’s list of devices could be read only in part, so nobody can tell which device ${refusal.name} means, and nothing was done. Ask again in a minute, or with the device’s id${refusal.candidates.length === 0 ? ' from the portal.' : `: ${candidateList(refusal.candidates)}`}`;
    case 'wrongSystem':
      return wrongSystemSentence(refusal, command);
    case 'outOfScope':
      return `${refusal.device} is out of scope: ${scopeSentence(refusal.cause)} An administrator can change that under "devices" in the policy.`;
    case 'unknownRequest':
    case 'notVisible':
      return [
        `There is no request ${refusal.id}. "${command} list recent" shows the latest ones.`,
        unreadSentence(refusal.unread ?? []),
      ]
        .filter((part) => part !== undefined)
        .join(' ');
    case 'noRequestId':
      return noRequestSentence(refusal, command);
    case 'alreadyApproved':
      return `${refusal.id} was approved already by ${refusal.you ? 'you' : refusal.by.name} at ${clock(refusal.at)}${sinceApproval(refusal, command)}`;
    case 'alreadyOver':
      return `${refusal.id} is over: ${refusal.how} at ${clock(refusal.at)}. ${onceMore(refusal, refusal.retry === true, command)}`;
    case 'staleCard':
      if (refusal.typed === true)
        return `That line was made for an older state of ${refusal.id}, so nothing was approved. ${newLine(refusal.id, command)}`;
      return `That card showed an older state of ${refusal.id}, so the press was not taken. Look at the card as it is now and press again.`;
    case 'shortFingerprint':
      return refusal.typed === true
        ? `The 8 digits on the card of ${refusal.id} are for eyes only, so nothing was approved. ${newLine(refusal.id, command)}`
        : `That card of ${refusal.id} was drawn by an older version of the bot, so the press was not taken. It is drawn again now: look at it as it is then, and press again.`;
    case 'wrongFingerprint':
      return `The fingerprint is not that of ${refusal.id}, so nothing was approved. ${newLine(refusal.id, command)}`;
    case 'contentDeparted':
      return contentDriftSentence(refusal.departure);
    case 'expired':
      return `${refusal.id} expired at ${clock(refusal.at)} and can no longer be approved. ${onceMore(refusal, true, command)}`;
    case 'policyStricter':
      return `${refusal.deed === 'approve' ? 'Nothing was approved' : 'Nothing was sent again'}: today's policy does not let ${refusal.id} run. ${policyWords(refusal)}${refusal.ended ? ` ${refusal.id} has ended; its card says so too.` : ''}`;
    case 'groupsUnread':
      return `${refusal.deed === 'approve' ? 'Nothing was approved' : 'Nothing was sent again'} yet: the members of ${refusal.groups.join(' and ')} could not be read just now, so nobody can tell whether the people of ${refusal.id} still have their roles. Press again in a minute.`;
    case 'tooLate':
      return `It is too late to ${refusal.deed} ${refusal.id}: it ${stateWords[refusal.state]}. ${laterSentence(refusal.deed, refusal.state, refusal.id, command)}`;
    case 'tooEarly':
      return `${refusal.id} ${stateWords[refusal.state]}, so there is nothing to ${refusal.deed} yet. ${refusal.state === 'submitting' ? `Wait a moment for Defender’s answer; "${command} status ${refusal.id}" shows it.` : `"${command} cancel ${refusal.id}" takes it back.`}`;
    case 'stillLooking':
      return `The bot is still looking for ${refusal.id} at Defender (${refusal.looks} of ${refusal.of} looks done), where lists may lag: sent again now it could run twice. Wait until the card says that it looked ${refusal.of} times.`;
    case 'alreadyCancelling':
      return `${'policy' in refusal.by ? 'The policy (cancelParkedAfter)' : refusal.by.name} asked Defender at ${clock(refusal.at)} to cancel ${refusal.id}. Its card shows what comes of it.`;
    case 'twin':
      return twinSentence(refusal, command);
    case 'tooManyPending':
      return tooManySentence(refusal, command);
    case 'notAgain':
      return notAgainSentence(refusal, command);
    case 'goneOn':
      return `${refusal.id} was tried again already as ${refusal.as}, which reached Defender, or may have. Go on from there: "${command} status ${refusal.as}" shows its card.`;
    case 'textTooLong':
      return `A reason has at most ${refusal.max} characters, and this one has ${refusal.length}, so nothing was ${refusal.undone}. Shorten it and send it again.`;
    case 'frozen':
      return frozenSentence(refusal, command);
    case 'alreadyFrozen':
      return `Nothing was changed. ${frozenSentence(refusal, command)}`;
    case 'frozenSince':
      return `Nothing was released: this came in before the freeze that is in force now. ${frozenSentence(refusal, command)}`;
    case 'notFrozen':
      return `Nothing is frozen. "${command} freeze <why>" stops all submissions.`;
    case 'noResult':
      return noResultSentence(refusal, command);
    case 'noSuchPage':
      return `That output of ${refusal.id} has ${refusal.pages === 1 ? 'one page' : `${refusal.pages} pages`}; the first is 1.`;
    case 'storeUnavailable':
      return 'The journal cannot be written just now, so nothing was done and nothing will be sent. Tell the people who run this bot; /readyz on its admin port says why.';
    case 'defenderUnavailable':
      return `Defender could not be asked, so nothing was done: ${refusal.detail}.${refusal.since === undefined ? '' : ` It has been so since ${stamp(refusal.since)}.`} Try again in a minute.`;
    case 'noRight':
      return `${rightSentence(refusal.error) ?? 'Defender does not let the bot in.'}${correlation(refusal.error.target)}`;
  }
}

function onceMore(
  { id, lost }: { readonly id: string; readonly lost?: string },
  retry: boolean,
  command: string,
): string {
  if (lost !== undefined) return `${lost} Then type what is still missing.`;
  return `If it is still needed, ${retry ? `"${command} retry ${id}" asks for it again` : 'type it again'}.`;
}

function newLine(id: string, command: string): string {
  return `"${command} approve ${id}" shows you the whole request as it is and the line to type.`;
}

function notInLibrarySentence(
  { name, suggestions, line, recipe }: Extract<Refusal, { refused: 'notInLibrary' }>,
  command: string,
): string {
  const no = `The live response library holds no ${name}, so nothing was asked for.`;
  if (recipe !== undefined)
    return `${no} The recipe ${recipe} uses it: an administrator uploads it in the portal, or corrects the policy.`;
  if (suggestions.length === 0) return `${no} "${command} scripts" lists what is there.`;
  return `${no} Did you mean ${suggestions.join(' or ')}?${line === undefined || line.length > 400 ? ` "${command} scripts" lists what is there.` : ` Type "${command} ${line}".`}`;
}

function notADevice(
  { name, meant }: Extract<Refusal, { refused: 'unknownDevice' }>,
  command: string,
): string {
  switch (meant) {
    case 'recipe':
      return `${name} is a recipe: the device comes after it. "${command} help ${name}" shows the whole line.`;
    case 'command':
      return `${name} is a command: "${command} help ${name}" shows the whole line.`;
    case 'file':
      return `If ${name} is the script or file, the device comes before it: "${command} run <host> ${name}". "${command} help run" tells more.`;
    case 'request':
      return `If ${name} is a request, "${command} status ${name}" shows it.`;
    default:
      return /^_.*_$/.test(name)
        ? `If the underscores are formatting of the chat, type ${name.slice(1, -1)}.`
        : 'Check the spelling, or give the full name or the 40-digit device id.';
  }
}

function noRequestSentence(
  { verb, word, meant, requests }: Extract<Refusal, { refused: 'noRequestId' }>,
  command: string,
): string {
  const no = `"${word}" is not a request id; those look like lr-7f3k2q.`;
  const [first] = requests;
  switch (meant) {
    case 'recipe':
      return `${no} It is a recipe: "${command} help ${word}" shows how it is asked for, "${command} list" what waits for approval.`;
    case 'command':
      return `${no} It is a command: "${command} help ${word}" tells about it, "${command} list recent" shows the latest requests.`;
    case 'file':
      return `${no} "${command} scripts ${word}" tells about a file of the library, "${command} list recent" shows the latest requests.`;
    case 'list': {
      const named = ['mine', 'pending', 'running', 'recent'].find((one) => one === word.toLowerCase());
      return `${no} One request is named at a time: "${command} list ${named ?? (verb === 'approve' || verb === 'deny' ? 'pending' : 'recent')}" shows them with their ids.`;
    }
    case 'action':
      if (first === undefined)
        return `${no} It looks like Defender's id of an action, and no request here has it. "${command} list recent" shows the latest requests.`;
      return `"${word}" is Defender's id of the action of ${first.id} (${first.status}); type "${command} ${verb} ${first.id}".`;
    case 'fingerprint':
      if (first === undefined)
        return `${no} It looks like a fingerprint, and no request here has it. "${command} list recent" shows the latest requests.`;
      return `"${word}" is the fingerprint of ${first.id}, not its id. "${command} status ${first.id}" shows it.`;
    case 'device': {
      const device = `"${command} host ${word.toLowerCase()}" shows the device`;
      if (first === undefined) return `${no} ${device}, "${command} list recent" the latest requests.`;
      return `${no} ${device}. ${requests.length === 1 ? 'The request there' : 'The requests there'}: ${requests.map(({ id, status }) => `${id} (${status})`).join(', ')}; type "${command} ${verb} ${first.id}".`;
    }
  }
}

function contentDriftSentence(departure: ContentDrift): string {
  switch (departure.why) {
    case 'changed':
      return `Nothing was approved, because the live response library is not what the card showed: ${departure.changes.map((change) => changeWords(change)).join('; ')}. Find out who changed it and why; the card now shows the content as it is.`;
    case 'nowRead':
      return 'Nothing was approved yet: the live response library could be read now, so the card shows the content of the scripts. Look at it and press again.';
    case 'noLongerRead':
      return 'Nothing was approved yet: the bot may no longer read the live response library (Library.Manage), so a changed script would not be noticed, and the card now says so. Look at it and press again.';
  }
}

function trustSentence(trust: Exclude<Trust, 'member' | 'unknown'>): string {
  const who = {
    guest: 'Guests',
    external: 'People of other organisations',
    bot: 'Bots',
    anonymous: 'Anonymous participants',
    foreignTenant: 'People of other tenants',
    deactivated: 'Deactivated accounts',
  } as const satisfies Record<typeof trust, string>;
  return `${who[trust]} can only read help here, whatever the policy lists. Use your own account of this organisation.`;
}

function policyWords({ code, detail }: Extract<Refusal, { refused: 'policyStricter' }>): string {
  const advice = refusalAdvice[code];
  return `${advice?.what ?? ''}${detail === undefined ? '' : ` (${detail})`} ${advice?.next ?? ''}`;
}

function unreadSentence(unread: readonly string[]): string | undefined {
  if (unread.length === 0) return undefined;
  return `The members of ${unread.join(' and ')} could not be read just now, so that group gave no role. Try again in a minute.`;
}

function scopeSentence(cause: ScopeCause): string {
  if (cause.rule === 'never')
    return `its ${cause.by} ${cause.value} is on the list of devices that are never touched.`;
  const tags = cause.tags.length === 0 ? 'none' : cause.tags.join(', ');
  return `neither its group (${cause.group ?? 'none'}) nor its tags (${tags}) nor its name is allowed.`;
}

/** How a state reads after the request's id. */
export const stateWords = {
  awaitingApproval: 'is waiting for approval',
  queued: 'is approved and waiting for its turn',
  submitting: 'is being sent to Defender',
  unknown: 'was sent, and it is not known yet whether it ran',
  // It may wait for its device there.
  running: 'is in progress at Defender',
  finished: 'is finished',
  closed: 'is over',
} as const satisfies Record<State, string>;

function laterSentence(deed: Operation, state: State, id: string, command: string): string {
  const stops = deed === 'cancel' || deed === 'withdraw';
  switch (state) {
    case 'running':
      return `"${command} cancel ${id}" asks Defender to stop it.`;
    case 'submitting':
      return `Wait a moment for Defender’s answer, then cancel it. The line for it: "${command} cancel ${id}".`;
    case 'unknown':
      return stops
        ? 'Look for it again from its card: once it is found it can be cancelled. Else cancel it in the portal’s Action center.'
        : `"${command} status ${id}" shows its card, which tells what is being done to find out.`;
    case 'finished':
    case 'closed':
      return `${stops ? 'There is nothing left to stop. ' : ''}"${command} status ${id}" shows how it ended.`;
    case 'awaitingApproval':
    case 'queued':
      return `"${command} cancel ${id}" takes it back.`;
  }
}

/** Goes on after "was approved already by ... at ...". */
function sinceApproval(
  { id, deed, state }: Extract<Refusal, { refused: 'alreadyApproved' }>,
  command: string,
): string {
  if (state === undefined) return '; there is nothing more to do.';
  const follow = `"${command} status ${id}" shows it.`;
  if (deed === 'deny')
    return ` and ${stateWords[state]}, so it can no longer be denied. ${state === 'queued' ? `"${command} cancel ${id}" takes it back before it is sent.` : laterSentence('cancel', state, id, command)}`;
  return ` and ${stateWords[state]}; there is nothing more to approve. ${follow}`;
}

function noResultSentence(
  { id, why, index, error }: Extract<Refusal, { refused: 'noResult' }>,
  command: string,
): string {
  const which = index === undefined ? id : `command ${index} of ${id}`;
  const first = index === undefined ? id : capital(which);
  switch (why) {
    case 'notYet':
      return `There is no result of ${which} yet. Its card is kept up to date; try again when the command has completed.`;
    case 'notSent':
      return `${first} has not been sent to Defender yet, so it has no result. "${command} status ${id}" shows what it is waiting for.`;
    case 'notKnown':
      return `It is not known yet whether ${which} ran, so there is no result. "${command} status ${id}" shows what is being done to find out.`;
    case 'neverRan':
      return `${first} never ran, so it has no result.`;
    case 'noSuchIndex':
      return `${id} has no command ${index ?? ''}. The first is 0; "${command} status ${id}" lists them.`;
    case 'noFile':
      return `${first} collects no file. If it ran a script, "${command} output ${id}" shows what that printed.`;
    case 'noOutput':
      return `${first} prints nothing, because only a script does. "${command} link ${id}" gives a download link of a file that was collected.`;
    case 'failed':
      return `${first} failed, and Defender keeps no result of it. The card shows the error.`;
    case 'forgotten':
      return `The output of ${which} was kept for its retention time and is gone. "${command} link ${id}" may still fetch it from Defender.`;
    case 'elsewhere':
      return `Defender’s link to the result of ${which} leads outside the allowed download hosts${error?.message === undefined ? '' : ` (${error.message})`}, so nobody is given it. Get the result in the portal’s Action center. If that host is right for your tenant, an administrator adds it with LR_RESULT_HOSTS.`;
    case 'notHandedOut':
      return `Defender does not hand out the result of ${which} now${error?.message === undefined ? '' : ` (“${error.message}”)`}. Right after the end it may take a minute, so try again; if that lasts, get it in the portal’s Action center.${correlation(error?.target)}`;
  }
}

/** So many ids are read; the rest is a number. */
const idsShown = 20;

function tooManySentence(
  { of, tier, most, own, others, device }: Extract<Refusal, { refused: 'tooManyPending' }>,
  command: string,
): string {
  const shown = own.slice(0, idsShown).join(', ');
  const more = own.length > idsShown ? ` and ${own.length - idsShown} more` : '';
  const yours = own.length === 0 ? '' : `${shown}${more}`;
  const there =
    of === 'person'
      ? `You have ${own.length === 1 ? 'a request that waits' : `${own.length} requests that wait`}: ${yours}.`
      : `${own.length + others === 1 ? 'A request' : `${own.length + others} requests`} for ${device ?? 'this device'} ${own.length + others === 1 ? 'waits' : 'wait'} already${own.length === 0 ? ', none of them yours' : `, of which ${others === 0 ? 'all are yours' : `${own.length} ${own.length === 1 ? 'is' : 'are'} yours`}: ${yours}`}.`;
  const next =
    own.length === 0
      ? 'Wait until one of them is decided or sent'
      : `Take one back ("${command} cancel ${own[0] ?? ''}"), or wait until one is decided or sent`;
  return `${there} The tier ${tier} of the policy lets ${of === 'person' ? 'one person' : 'one device'} have ${most} (pending), so nothing was asked for. ${next}.`;
}

function twinSentence(
  { twin, device, status, by, ago, places }: Extract<Refusal, { refused: 'twin' }>,
  command: string,
): string {
  const when = ago < 60_000 ? 'just now' : `${duration(ago)} ago`;
  return (
    `${twin} asks for the same on ${device} already (${status}; asked by ${by} ${when}), so nothing new was asked for. ` +
    `Its card is in ${places.join(', ')}; follow it with "${command} status ${twin}". To ask separately all the same, say why, as below.`
  );
}

/** What stands below the sentence, to be copied. */
export function blockOf(refusal: Refusal, command: string): string | undefined {
  return refusal.refused === 'twin' ? `${command} ${refusal.line}` : undefined;
}

/** `cancel` would be refused while nobody knows what there is to stop. */
function stoppable(state: State | undefined): boolean {
  return state !== 'unknown' && state !== 'submitting';
}

function notAgainSentence(
  { id, why, state }: Extract<Refusal, { refused: 'notAgain' }>,
  command: string,
): string {
  switch (why) {
    case 'notEnded':
      return `${id} has not ended${state === undefined ? '' : ` (it ${stateWords[state]})`}, so there is nothing to try again yet. "${command} status ${id}" shows it${stoppable(state) ? `, "${command} cancel ${id}" stops it` : ', and what can be done'}.`;
    case 'complete':
      return `Every command of ${id} completed, so there is nothing left of it to run. To run it once more, type it again.`;
    case 'takenBack':
      return `${id} was denied or withdrawn by a person, so it is not carried over. If it is needed after all, type it again with what was missing.`;
    case 'foundLate':
      return `${id} was given up, and an attempt of it turned up at Defender after all: its card shows how it went. Type what is still missing.`;
    case 'mayHaveRun':
      return `Nobody knows whether ${id} ran, so it is not repeated from its card. Look on the device and in the portal first; then type what is still missing.`;
    case 'mustNot':
      return `${id} was stopped because it was not what had been approved, or not for this tenant, so nothing of it is carried over. Type what is needed again.`;
    case 'hopeless':
      return `Live response does not support the operating system of that device, so asking for ${id} again will not help. Collect it another way.`;
    case 'triedElsewhere':
      return `${id} was tried again already, in a request that is not for everybody, so it is not repeated from here. Ask its requester or an approver; if it is still needed, type it again.`;
    case 'noSuchIndex':
      return `${id} has no such command. The first is 0; "${command} status ${id}" lists them.`;
  }
}

/** What Microsoft's support asks for. */
function correlation(target: string | undefined): string {
  return target === undefined ? '' : ` Correlation id: ${target}.`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function either(names: readonly string[]): string {
  return names.length === 0 ? 'that nobody has' : names.join(' or ');
}

/** `15:04 UTC`; the date is on the card. */
function clock(at: number): string {
  const minutes = Math.floor(at / 60_000) % 1440;
  return `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')} UTC`;
}
