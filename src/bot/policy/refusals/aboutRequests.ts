// Refusals because of the state of a request: not found, decided, over, too late, too early, tried again.
import type { Asker, PersonRef } from '../../../liveResponse/request/vote.ts';
import type { State } from '../../../liveResponse/request/request.ts';
import type { NotAgain } from '../../../liveResponse/request/retry.ts';
import { clock, unreadSentence } from './words.ts';
import type { Sentences } from './words.ts';

/** States from the moment on in which Defender is asked to run the request. */
type SentState = 'submitting' | 'running' | 'unknown' | 'finished';
type OpenState = Exclude<State, 'finished' | 'closed'>;

/** What was wanted, and the state that it comes too late for. */
type TooLate =
  | { readonly deed: 'withdraw' | 'cancel'; readonly state: SentState }
  | { readonly deed: 'resend' | 'drop'; readonly state: 'running' | 'finished' };

/** How a state reads after the request's id. */
const stateWords = {
  awaitingApproval: 'is waiting for approval',
  queued: 'is approved and waiting for its turn',
  submitting: 'is being sent to Defender',
  unknown: 'was sent, and it is not known yet whether it ran',
  // It may wait for its device there.
  running: 'is in progress at Defender',
  finished: 'is finished',
} as const satisfies Record<Exclude<State, 'closed'>, string>;

export type RequestRefusal =
  /** `unread`: groups that could not be read, and might have let them find it. */
  | { readonly refused: 'unknownRequest'; readonly id: string; readonly unread?: readonly string[] }
  /** There is one, and the asker may not know it: the sentence is the same. */
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
  /** `deed` and `state`: what was wanted instead, and the state since. */
  | {
      readonly refused: 'alreadyApproved';
      readonly id: string;
      readonly by: PersonRef;
      readonly at: number;
      readonly you: boolean;
      readonly deed?: 'approve' | 'deny';
      readonly state?: 'queued' | SentState;
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
  | { readonly refused: 'expired'; readonly id: string; readonly at: number; readonly lost?: string }
  | ({ readonly refused: 'tooLate'; readonly id: string } & TooLate)
  | {
      readonly refused: 'tooEarly';
      readonly id: string;
      readonly deed: 'cancel' | 'resend' | 'drop';
      readonly state: 'awaitingApproval' | 'queued' | 'submitting';
    }
  | { readonly refused: 'stillLooking'; readonly id: string; readonly looks: number; readonly of: number }
  | { readonly refused: 'alreadyCancelling'; readonly id: string; readonly by: Asker; readonly at: number }
  | {
      readonly refused: 'notAgain';
      readonly id: string;
      readonly why: NotAgain | 'noSuchIndex' | 'triedElsewhere';
      readonly state?: OpenState;
    }
  | { readonly refused: 'goneOn'; readonly id: string; readonly as: string };

export const requestSentences: Sentences<RequestRefusal> = {
  unknownRequest: noSuchRequest,
  notVisible: noSuchRequest,
  noRequestId: noRequestSentence,
  alreadyApproved: (refusal, command) =>
    `${refusal.id} was approved already by ${refusal.you ? 'you' : refusal.by.name} at ${clock(refusal.at)}${sinceApproval(refusal, command)}`,
  alreadyOver: (refusal, command) =>
    `${refusal.id} is over: ${refusal.how} at ${clock(refusal.at)}. ${onceMore(refusal, refusal.retry === true, command)}`,
  expired: (refusal, command) =>
    `${refusal.id} expired at ${clock(refusal.at)} and can no longer be approved. ${onceMore(refusal, true, command)}`,
  tooLate: (late, command) =>
    `It is too late to ${late.deed} ${late.id}: it ${stateWords[late.state]}. ${laterSentence(late, late.id, command)}`,
  tooEarly: ({ id, state, deed }, command) =>
    `${id} ${stateWords[state]}, so there is nothing to ${deed} yet. ${state === 'submitting' ? `Wait a moment for Defender’s answer; "${command} status ${id}" shows it.` : `"${command} cancel ${id}" takes it back.`}`,
  stillLooking: ({ id, looks, of }) =>
    `The bot is still looking for ${id} at Defender (${looks} of ${of} looks done), where lists may lag: sent again now it could run twice. Wait until the card says that it looked ${of} times.`,
  alreadyCancelling: ({ by, at, id }) =>
    `${'policy' in by ? 'The policy (cancelParkedAfter)' : by.name} asked Defender at ${clock(at)} to cancel ${id}. Its card shows what comes of it.`,
  notAgain: notAgainSentence,
  goneOn: ({ id, as }, command) =>
    `${id} was tried again already as ${as}, which reached Defender, or may have. Go on from there: "${command} status ${as}" shows its card.`,
};

function noSuchRequest(
  { id, unread = [] }: Extract<RequestRefusal, { refused: 'unknownRequest' | 'notVisible' }>,
  command: string,
): string {
  const no = `There is no request ${id}. "${command} list recent" shows the latest ones.`;
  const why = unreadSentence(unread);
  return why === undefined ? no : `${no} ${why}`;
}

function noRequestSentence(
  { verb, word, meant, requests }: Extract<RequestRefusal, { refused: 'noRequestId' }>,
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

function onceMore(
  { id, lost }: { readonly id: string; readonly lost?: string },
  retry: boolean,
  command: string,
): string {
  if (lost !== undefined) return `${lost} Then type what is still missing.`;
  return `If it is still needed, ${retry ? `"${command} retry ${id}" asks for it again` : 'type it again'}.`;
}

function laterSentence({ deed, state }: TooLate, id: string, command: string): string {
  switch (state) {
    case 'running':
      return `"${command} cancel ${id}" asks Defender to stop it.`;
    case 'submitting':
      return `Wait a moment for Defender’s answer, then cancel it. The line for it: "${command} cancel ${id}".`;
    case 'unknown':
      return 'Look for it again from its card: once it is found it can be cancelled. Else cancel it in the portal’s Action center.';
    case 'finished':
      return `${deed === 'cancel' || deed === 'withdraw' ? 'There is nothing left to stop. ' : ''}"${command} status ${id}" shows how it ended.`;
  }
}

/** What follows "was approved already by ... at ...". */
function sinceApproval(
  { id, deed, state }: Extract<RequestRefusal, { refused: 'alreadyApproved' }>,
  command: string,
): string {
  if (state === undefined) return '; there is nothing more to do.';
  const follow = `"${command} status ${id}" shows it.`;
  if (deed === 'deny')
    return ` and ${stateWords[state]}, so it can no longer be denied. ${state === 'queued' ? `"${command} cancel ${id}" takes it back before it is sent.` : laterSentence({ deed: 'cancel', state }, id, command)}`;
  return ` and ${stateWords[state]}; there is nothing more to approve. ${follow}`;
}

function notAgainSentence(
  { id, why, state }: Extract<RequestRefusal, { refused: 'notAgain' }>,
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

/** In the other states `cancel` would be refused: nobody knows yet what there is to stop. */
function stoppable(state: OpenState | undefined): boolean {
  return state !== 'unknown' && state !== 'submitting';
}
