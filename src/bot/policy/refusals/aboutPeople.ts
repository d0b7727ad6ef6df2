// Refusals because of who somebody is: not listed, not a member, without the role, or the requester.
import type { Trust } from '../../ports.ts';
import type { PersonRef } from '../../../liveResponse/request/vote.ts';
import { unreadSentence } from './words.ts';
import type { Sentences } from './words.ts';

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

type NotMember = Exclude<Trust, 'member' | 'unknown'>;

export type PeopleRefusal =
  | { readonly refused: 'unlisted'; readonly account: string }
  | { readonly refused: 'ambiguousPerson'; readonly account: string; readonly people: readonly string[] }
  | { readonly refused: 'notMember'; readonly trust: NotMember }
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
  | { readonly refused: 'nobodyCanApprove'; readonly role: string };

export const peopleSentences: Sentences<PeopleRefusal> = {
  unlisted: ({ account }, command) =>
    `Your account ${account} is not listed in the policy, so nothing was done. "${command} whoami" prints the line that an administrator pastes there.`,
  ambiguousPerson: ({ account, people }) =>
    `Your account ${account} is listed for several people (${people.join(', ')}), so nobody can tell who you are. An administrator must correct the policy.`,
  notMember: ({ trust }) => trustSentence(trust),
  identityUnread: ({ platform, undone, pressed }) =>
    `${platform} could not say who you are just now, so nothing was ${undone ?? 'done'}. ${pressed === true ? 'Press again' : 'Type it again'} in a minute.`,
  missingRole: ({ deed, all, need, unread }, command) =>
    `To ${operationWords[deed] ?? deed} you need the role ${all === true ? need.join(' and ') : either(need)}${all === true && need.length > 1 ? ' (the policy has changed since it was asked)' : ''}${unread.length === 0 ? ', which you do not have' : ''}. ${unreadSentence(unread) ?? `"${command} whoami" shows your roles; ask somebody who has it, or an administrator.`}`,
  selfApproval: ({ deed, id }) =>
    deed === 'approve'
      ? `${id} is your own request, and nobody approves their own, from no account. Ask another approver.`
      : `${id} is your own request, so somebody else must decide that it is sent again. Ask another approver.`,
  ownRequest: ({ id }, command) =>
    `${id} is your own request. Take it back with "${command} cancel ${id}" or the Withdraw button.`,
  notYourRequest: ({ requester, role, deed, id, unread }) =>
    `Only ${requester.name}, who asked, or somebody with the role ${role} may ${deed} ${id}. ${unreadSentence(unread) ?? 'Ask one of them.'}`,
  nobodyCanApprove: ({ role }) =>
    `Nobody but you has the role ${role}, so this could never be approved. An administrator must give that role to somebody else as well.`,
};

function trustSentence(trust: NotMember): string {
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

function either(names: readonly string[]): string {
  return names.length === 0 ? 'that nobody has' : names.join(' or ');
}
