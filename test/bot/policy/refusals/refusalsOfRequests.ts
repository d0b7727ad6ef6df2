// One example of every way to be refused for the state of a request, its results, or what is out of reach;
// their sentences are in refusalSentences.txt.
import type { Refusal } from '../../../../src/bot/policy/refusals/refusal.ts';
import type { Examples } from './refusalsOfPeople.ts';
import { askedAt, id } from './refusalsOfPeople.ts';

type OfNames = 'unknownRequest' | 'notVisible' | 'noRequestId';
type OfDecisions =
  | 'alreadyApproved'
  | 'alreadyOver'
  | 'staleCard'
  | 'shortFingerprint'
  | 'wrongFingerprint'
  | 'contentDeparted'
  | 'expired'
  | 'policyStricter'
  | 'groupsUnread'
  | 'textTooLong';
type OfStates =
  'tooLate' | 'tooEarly' | 'stillLooking' | 'alreadyCancelling' | 'notAgain' | 'goneOn' | 'twin';
type OfResults = 'noResult' | 'noSuchPage';
type OfTheWorld = 'storeUnavailable' | 'defenderUnavailable' | 'noRight';
type OfFreezes = 'frozen' | 'alreadyFrozen' | 'notFrozen' | 'frozenSince';

type Row<Kind extends Refusal['refused']> = Omit<Extract<Refusal, { refused: Kind }>, 'refused'>;

const avery = { id: 'approver1', name: 'Avery Approver' };
const running = { id, status: 'Running' };
const queued = { id: 'lr-8g4m3r', status: 'Queued' };
const earlyMorning = Date.UTC(2026, 10, 23, 4, 5);

function mistaken(
  meant: Row<'noRequestId'>['meant'],
  word: string,
  ...requests: Row<'noRequestId'>['requests']
): Row<'noRequestId'> {
  return { verb: 'cancel', word, meant, requests };
}

export const ofNames: Examples<OfNames> = {
  unknownRequest: {
    'no such request': { id },
    'and a group could not be read': { id, unread: ['entra:x'] },
  },
  notVisible: {
    'told in the words of one that there is not': { id },
    'and a group could not be read': { id, unread: ['entra:x'] },
  },
  noRequestId: {
    'a recipe': mistaken('recipe', 'dump'),
    'a command': mistaken('command', 'run'),
    'a file': mistaken('file', 'collect.ps1'),
    'a list': mistaken('list', 'all'),
    'a list by its name': mistaken('list', 'Mine'),
    'the list of what waits, to be approved': { ...mistaken('list', 'all'), verb: 'approve' },
    'the list of what waits, to be denied': { ...mistaken('list', 'all'), verb: 'deny' },
    'the list of what waits, by its name': mistaken('list', 'pending'),
    'the list of what runs, to be approved': { ...mistaken('list', 'running'), verb: 'approve' },
    'the latest, to be denied': { ...mistaken('list', 'recent'), verb: 'deny' },
    'an action of nobody here': mistaken('action', 'a1b2'),
    'an action': mistaken('action', 'a1b2', running),
    'a fingerprint of nothing here': mistaken('fingerprint', '1c9e04ab'),
    'a fingerprint': mistaken('fingerprint', '1c9e04ab', running),
    'a device without requests': mistaken('device', 'HostA'),
    'a device with one': mistaken('device', 'hosta', running),
    'a device with two': mistaken('device', 'hosta', running, queued),
  },
};

const approvedByAvery = { id, by: avery, at: askedAt, you: false };
const changed = { name: 'minidump.ps1', from: 'a'.repeat(64), to: 'b'.repeat(64), updatedAt: askedAt };
const gone = { name: 'tool.exe', from: 'c'.repeat(64) };

export const ofDecisions: Examples<OfDecisions> = {
  alreadyApproved: {
    'by another': approvedByAvery,
    'by yourself, early in the morning': { ...approvedByAvery, at: earlyMorning, you: true },
    'to approve once more': { ...approvedByAvery, deed: 'approve', state: 'queued' },
    'to deny what waits for its turn': { ...approvedByAvery, deed: 'deny', state: 'queued' },
    'to deny what is being sent': { ...approvedByAvery, deed: 'deny', state: 'submitting' },
    'to deny what runs': { ...approvedByAvery, deed: 'deny', state: 'running' },
    'to deny what nobody knows of': { ...approvedByAvery, deed: 'deny', state: 'unknown' },
    'to deny what is finished': { ...approvedByAvery, deed: 'deny', state: 'finished' },
  },
  alreadyOver: {
    'for good': { id, how: 'denied by Avery Approver', at: askedAt },
    'and may be asked for again': { id, how: 'expired without an approval', at: askedAt, retry: true },
    'and nobody knows whether it ran': {
      id,
      how: 'expired without an approval',
      at: askedAt,
      retry: true,
      lost: 'The record was restored, so look at the device first.',
    },
  },
  staleCard: { 'a press': { id }, 'a line': { id, typed: true } },
  shortFingerprint: { 'a press': { id }, 'a line': { id, typed: true } },
  wrongFingerprint: { 'a line': { id } },
  contentDeparted: {
    'one file changed': { id, departure: { why: 'changed', changes: [changed] } },
    'one file changed and one is gone': { id, departure: { why: 'changed', changes: [changed, gone] } },
    'it can be read now': { id, departure: { why: 'nowRead' } },
    'it may no longer be read': { id, departure: { why: 'noLongerRead' } },
  },
  expired: {
    'an hour ago': { id, at: askedAt },
    'and nobody knows whether it ran': {
      id,
      at: askedAt,
      lost: 'The record was restored, so look at the device first.',
    },
  },
  policyStricter: {
    'to approve, and it has ended': {
      id,
      deed: 'approve',
      code: 'tierStricter',
      detail: 'tier high now, tier standard when it was asked for',
      ended: true,
    },
    'to send again, and it goes on': { id, deed: 'resend', code: 'samePerson', ended: false },
  },
  groupsUnread: {
    'to approve': { id, deed: 'approve', groups: ['entra:x', 'slack:S1'] },
    'to send again': { id, deed: 'resend', groups: ['entra:x'] },
  },
  textTooLong: { 'a reason': { undone: 'denied', length: 612, max: 500 } },
};

const twin: Row<'twin'> = {
  twin: 'lr-8g4m3r',
  device: 'hosta.corp.example',
  status: 'Running',
  by: 'you',
  ago: 60_000,
  places: ['console:incidents'],
  line: 'dump hosta x --reason "..." --separate',
};

export const ofStates: Examples<OfStates> = {
  tooLate: {
    'to withdraw what is being sent': { id, deed: 'withdraw', state: 'submitting' },
    'to withdraw what runs': { id, deed: 'withdraw', state: 'running' },
    'to withdraw what nobody knows of': { id, deed: 'withdraw', state: 'unknown' },
    'to withdraw what is finished': { id, deed: 'withdraw', state: 'finished' },
    'to cancel what nobody knows of': { id, deed: 'cancel', state: 'unknown' },
    'to cancel what is finished': { id, deed: 'cancel', state: 'finished' },
    'to resend what runs': { id, deed: 'resend', state: 'running' },
    'to drop what is finished': { id, deed: 'drop', state: 'finished' },
  },
  tooEarly: {
    'to cancel what waits for its turn': { id, deed: 'cancel', state: 'queued' },
    'to resend what is being sent': { id, deed: 'resend', state: 'submitting' },
  },
  stillLooking: { 'the first look is done': { id, looks: 1, of: 6 } },
  alreadyCancelling: {
    'by a person': { id, by: avery, at: askedAt },
    'by the policy': { id, by: { policy: 'cancelParkedAfter' }, at: askedAt },
  },
  notAgain: {
    'it waits for approval': { id, why: 'notEnded', state: 'awaitingApproval' },
    'it runs': { id, why: 'notEnded', state: 'running' },
    'it is being sent': { id, why: 'notEnded', state: 'submitting' },
    'nobody knows of it': { id, why: 'notEnded', state: 'unknown' },
    'it has not ended': { id, why: 'notEnded' },
    'all of it was done': { id, why: 'complete' },
    'a person was against it': { id, why: 'takenBack' },
    'nobody knows whether it ran': { id, why: 'mayHaveRun' },
    'it was found after all': { id, why: 'foundLate' },
    'it was not what was approved': { id, why: 'mustNot' },
    'the system is not supported': { id, why: 'hopeless' },
    'it was tried again where not everybody sees it': { id, why: 'triedElsewhere' },
    'it has fewer commands': { id, why: 'noSuchIndex' },
  },
  goneOn: { 'in another request': { id, as: 'lr-8g4m3r' } },
  twin: {
    'a minute ago': twin,
    'just now, by another, with cards in two places': {
      ...twin,
      by: 'Sam Second',
      ago: 59_999,
      places: ['console:incidents', 'slack:C0SOC'],
    },
  },
};

function many(count: number): readonly string[] {
  return Array.from({ length: count }, (_one, at) => `lr-8g4m${at + 10}`);
}
const ofOne = { of: 'person', tier: 'high', most: 3, others: 0 } as const;
const ofHost = { of: 'device', tier: 'high', most: 3, device: 'hosta.corp.example' } as const;

export const ofPending: Examples<'tooManyPending'> = {
  tooManyPending: {
    'of you, one': { ...ofOne, most: 1, own: many(1) },
    'of you, three': { ...ofOne, own: many(3) },
    'of you, twenty': { ...ofOne, most: 20, own: many(20) },
    'of you, twenty-three': { ...ofOne, most: 23, own: many(23) },
    'on a device, one of another': { ...ofHost, most: 1, own: [], others: 1 },
    'on a device, one of yours': { ...ofHost, most: 1, own: many(1), others: 0 },
    'on a device, three of others': { ...ofHost, own: [], others: 3 },
    'on a device, one of yours among three': { ...ofHost, own: many(1), others: 2 },
    'on a device, two of yours among three': { ...ofHost, own: many(2), others: 1 },
    'on a device, all of yours': { ...ofHost, own: many(3), others: 0 },
    'on a device without a name': { of: 'device', tier: 'high', most: 3, own: many(3), others: 0 },
  },
};

const linkError = { call: 'link', code: 'refused', message: 'blob.example', target: 'a-b-c' } as const;

export const ofResults: Examples<OfResults> = {
  noResult: {
    'not yet': { id, why: 'notYet' },
    'not yet, of one command': { id, why: 'notYet', index: 1 },
    'not sent': { id, why: 'notSent' },
    'not sent, of one command': { id, why: 'notSent', index: 0 },
    'not known': { id, why: 'notKnown' },
    'never ran': { id, why: 'neverRan', index: 2 },
    'fewer commands': { id, why: 'noSuchIndex', index: 7 },
    'no file': { id, why: 'noFile' },
    'no output': { id, why: 'noOutput', index: 1 },
    failed: { id, why: 'failed', index: 1 },
    forgotten: { id, why: 'forgotten' },
    elsewhere: { id, why: 'elsewhere' },
    'elsewhere, at a host that is known': { id, why: 'elsewhere', error: linkError },
    'not handed out': { id, why: 'notHandedOut' },
    'not handed out, with a message': { id, why: 'notHandedOut', index: 1, error: linkError },
  },
  noSuchPage: {
    'of one page': { id, pages: 1 },
    'of three pages': { id, pages: 3 },
  },
};

export const ofTheWorld: Examples<OfTheWorld> = {
  storeUnavailable: { 'the journal': {} },
  defenderUnavailable: {
    'just now': { detail: 'HTTP 503' },
    'for a while': { detail: 'HTTP 503', since: askedAt },
  },
  noRight: {
    'a right is missing': { error: { call: 'machines', code: 'refused', status: 403, target: 'a-b-c' } },
    'the sign-in was not accepted': { error: { call: 'link', code: 'unauthorized', status: 401 } },
    'not about rights': { error: { code: 'refused', status: 500 } },
  },
};

const freeze = { by: 'Avery Approver', why: 'odd\napprovals', at: askedAt };

export const ofFreezes: Examples<OfFreezes> = {
  frozen: { 'by a person': freeze },
  alreadyFrozen: { 'by another person': freeze },
  notFrozen: { 'to unfreeze': {} },
  frozenSince: { 'the line came before': freeze },
};
