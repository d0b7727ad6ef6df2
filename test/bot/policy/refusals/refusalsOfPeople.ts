// One example of every way to be refused for who asks, where, what and which device; their sentences are in
// refusalSentences.txt.
import type { Candidate } from '../../../../src/bot/policy/devices/candidates.ts';
import type { Refusal } from '../../../../src/bot/policy/refusals/refusal.ts';

/** By kind and by what is special about it. */
export type Examples<Kinds extends Refusal['refused']> = {
  readonly [Kind in Kinds]: Readonly<Record<string, Omit<Extract<Refusal, { refused: Kind }>, 'refused'>>>;
};

type OfPeople =
  | 'unlisted'
  | 'ambiguousPerson'
  | 'notMember'
  | 'identityUnread'
  | 'missingRole'
  | 'selfApproval'
  | 'ownRequest'
  | 'notYourRequest'
  | 'nobodyCanApprove';
type OfCommands =
  'placeNotAllowed' | 'unknownRecipe' | 'commandNotAllowed' | 'reasonRequired' | 'notInLibrary';
type OfDevices =
  | 'unknownDevice'
  | 'requestAsDevice'
  | 'ambiguousDevice'
  | 'unfitDevice'
  | 'devicesPartlyRead'
  | 'wrongSystem'
  | 'outOfScope';

const id = 'lr-7f3k2q';
const askedAt = Date.UTC(2026, 10, 23, 22, 13);
const riley = { id: 'responder1', name: 'Riley Responder' };

export const ofPeople: Examples<OfPeople> = {
  unlisted: { 'an account that nobody has': { account: 'slack:U0' } },
  ambiguousPerson: { 'an account of two': { account: 'slack:U0', people: ['avery', 'riley'] } },
  notMember: {
    'a guest': { trust: 'guest' },
    'another organisation': { trust: 'external' },
    'a bot': { trust: 'bot' },
    'without an account': { trust: 'anonymous' },
    'another tenant': { trust: 'foreignTenant' },
    'an account that was deactivated': { trust: 'deactivated' },
  },
  identityUnread: {
    'a line': { platform: 'Slack' },
    'a press': { platform: 'Teams', undone: 'approved', pressed: true },
  },
  missingRole: {
    'to ask, one role': { deed: 'request', need: ['responder'], unread: [] },
    'to send again, any of two': { deed: 'resend', need: ['approver', 'lead'], unread: [] },
    'to see, any of three': { deed: 'see', need: ['responder', 'approver', 'lead'], unread: [] },
    'to unfreeze, and the policy names no role': { deed: 'unfreeze', need: [], unread: [] },
    'to read results, and a group could not be read': {
      deed: 'read results',
      need: ['responder'],
      unread: ['slack:S1'],
    },
    'to freeze, and two groups could not be read': {
      deed: 'freeze',
      need: ['lead'],
      unread: ['slack:S1', 'entra:x'],
    },
    'to approve, every one of two': { deed: 'approve', need: ['approver', 'lead'], unread: [], all: true },
    'to approve, every one of one': { deed: 'approve', need: ['approver'], unread: [], all: true },
  },
  selfApproval: {
    'to approve': { id, deed: 'approve' },
    'to send again': { id, deed: 'resend' },
  },
  ownRequest: { 'to deny': { id } },
  notYourRequest: {
    'somebody else': { id, deed: 'cancel', requester: riley, role: 'approver', unread: [] },
    'and a group could not be read': {
      id,
      deed: 'withdraw',
      requester: riley,
      role: 'approver',
      unread: ['entra:x'],
    },
  },
  nobodyCanApprove: { 'a role of one': { role: 'approver' } },
};

export const ofCommands: Examples<OfCommands> = {
  placeNotAllowed: {
    'a channel': { place: 'slack:C0', direct: false },
    'the bot alone': { place: 'slack:D0', direct: true },
  },
  unknownRecipe: { 'one that is gone': { recipe: 'dump' } },
  commandNotAllowed: { 'a script': { command: 'RunScript' } },
  reasonRequired: { 'a tier': { tier: 'high' } },
  notInLibrary: {
    'one name is near': { name: 'colect.ps1', suggestions: ['collect.ps1'], line: 'run hosta collect.ps1' },
    'two names are near': { name: 'colect.ps1', suggestions: ['collect.ps1', 'connect.ps1'] },
    'no name is near': { name: 'nope.exe', suggestions: [] },
    'the name stands in a recipe': { name: 'minidump.ps1', suggestions: ['dump.ps1'], recipe: 'dump' },
  },
};

const kiosk: Candidate = {
  id: '1'.repeat(40),
  name: 'kiosk.corp.example',
  os: 'Windows11',
  health: 'Active',
  group: 'Kiosks',
};
const other: Candidate = {
  id: '2'.repeat(40),
  name: 'kiosk.branch.example',
  os: 'Linux',
  health: 'Inactive',
};
const merged: Candidate = { ...kiosk, unfit: { why: 'merged', into: other.id } };

export const ofDevices: Examples<OfDevices> = {
  unknownDevice: {
    'a name': { name: 'hostz' },
    'a name between underscores': { name: '_hosta_' },
    'a name with one underscore in front': { name: '_hosta' },
    'a name with one underscore behind': { name: 'hosta_' },
    'a recipe': { name: 'dump', meant: 'recipe' },
    'a command': { name: 'run', meant: 'command' },
    'a file': { name: 'collect.ps1', meant: 'file' },
    'a request': { name: id, meant: 'request' },
  },
  requestAsDevice: { 'a request that there is': { id, device: 'hosta.corp.example' } },
  ambiguousDevice: {
    'two full names': { name: 'kiosk', candidates: [kiosk, other] },
    'a name that would be drawn backwards': {
      name: 'kiosk',
      candidates: [{ ...kiosk, name: 'kiosk\u202E' }, other],
    },
  },
  unfitDevice: {
    'not onboarded': { name: 'kiosk', records: [{ ...kiosk, unfit: { why: 'notOnboarded' } }] },
    'merged into a record that could not be read': { name: 'kiosk', records: [merged] },
    'merged into a record that can take one': { name: 'kiosk', records: [merged], into: other },
  },
  devicesPartlyRead: {
    'some fit': { name: 'kiosk', candidates: [kiosk, other] },
    'none fits': { name: 'kiosk', candidates: [] },
  },
  wrongSystem: {
    'another recipe fits': {
      recipe: 'collect',
      systems: 'Windows',
      device: 'web1',
      os: 'Ubuntu',
      family: 'Linux',
      fits: [{ line: 'collect-unix web1', whole: true }],
    },
    'no recipe fits': {
      recipe: 'collect',
      systems: 'Windows',
      device: 'web1',
      os: 'Ubuntu',
      family: 'Linux',
      fits: [],
    },
  },
  outOfScope: {
    'never touched': { device: 'dc1', cause: { rule: 'never', by: 'tag', value: 'no-lr' } },
    'nothing of it is allowed': {
      device: 'web1',
      cause: { rule: 'notAllowed', group: 'Servers', tags: ['linux', 'web'] },
    },
    'it has neither group nor tags': { device: 'web1', cause: { rule: 'notAllowed', tags: [] } },
  },
};

export { askedAt, id };
