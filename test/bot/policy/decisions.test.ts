// Who may do what to which request: every refusal of the conversation, and what is allowed beside it.
import { describe, expect, test } from '@jest/globals';
import {
  mayApprove,
  mayCancel,
  mayDeny,
  mayDrop,
  mayFreeze,
  mayPrepareApproval,
  mayReadResults,
  mayRequest,
  mayResend,
  maySee,
  mayUnfreeze,
  mayWithdraw,
  termsOf,
  tierOf,
} from '../../../src/bot/policy/decisions.ts';
import { parse } from '../../../src/bot/commands/grammar.ts';
import type { Actor } from '../../../src/bot/policy/people/people.ts';
import type { Person, Policy } from '../../../src/bot/policy/policy.ts';
import type { TodayCode } from '../../../src/bot/policy/today.ts';
import type { Place } from '../../../src/bot/ports.ts';
import type { SessionAsk } from '../../../src/bot/policy/recipes/sessionAsk.ts';
import type { Request } from '../../../src/liveResponse/request/request.ts';
import type { Device } from '../../../src/liveResponse/device/records.ts';
import { avery, dump, olly, policy, recipes, riley, sam } from '../../support/policy.ts';
import { after, asked, askedAt, hosta, requests } from '../../support/requests.ts';

const minute = 60_000;
const incidents: Place = { surface: 'console', id: 'incidents', direct: false, external: false };
const elsewhere: Place = { surface: 'slack', id: 'C0RANDOM', direct: false, external: false };
const dm: Place = { surface: 'slack', id: 'D0RILEY', direct: true, external: false };
const freeze = { by: 'Avery Approver', why: 'odd approvals', at: askedAt };

function actor(person: Person, ...roles: readonly string[]): Actor {
  return { person, account: person.accounts[0] ?? '', roles: new Set(roles), unread: [] };
}
const rileyActs = actor(riley, 'responder');
const averyActs = actor(avery, 'approver', 'lead');
const samActs = actor(sam, 'responder', 'approver');
const ollyActs = actor(olly);
/** The requester, given every role there is. */
const rileyAlmighty = actor(riley, 'responder', 'approver', 'lead');

function ask(text: string): SessionAsk {
  const parsed = parse(text, recipes);
  if ('problem' in parsed || parsed.verb !== 'ask') throw new Error(text);
  return parsed;
}

describe('a request', () => {
  test('takes the tier of its recipe', () => {
    expect(mayRequest({ policy }, rileyActs, incidents, ask('dump hosta x'))).toMatchObject({
      tier: { name: 'high' },
    });
  });

  test('of several commands takes the strictest tier among them', () => {
    expect(tierOf(policy, ask('on hosta run a.ps1 ; get C:\\x'))).toMatchObject({ name: 'critical' });
    expect(tierOf(policy, ask('get hosta C:\\x'))).toMatchObject({ name: 'high' });
  });

  describe('made from an earlier one', () => {
    const script = { type: 'RunScript', scriptName: 'minidump.ps1', args: 'x' } as const;
    const file = { type: 'GetFile', path: 'C:\\windows\\TEMP\\x.dmp.zip' } as const;
    const again = (
      commands: SessionAsk['commands'],
      recipe?: {
        readonly name: string;
        readonly args: Readonly<Record<string, string>>;
        readonly from: number;
      },
    ): SessionAsk => ({
      kind: 'again',
      host: hosta.id,
      commands,
      title: 'dump x',
      ...(recipe === undefined ? {} : { recipe }),
    });
    const dumpOf = (process: string, from: number) => ({ name: 'dump', args: { process }, from });
    const bare: Policy = { ...policy, raw: {} };
    const table: readonly (readonly [string, Policy, SessionAsk, object])[] = [
      [
        'the whole recipe takes the recipe’s tier, however strict its commands are by themselves',
        policy,
        again([script, file], dumpOf('x', 0)),
        { name: 'high' },
      ],
      [
        'the rest of a recipe takes the recipe’s tier where its commands have none',
        bare,
        again([file], dumpOf('x', 1)),
        { name: 'high' },
      ],
      [
        'the rest of a recipe takes its commands’ tier where that is stricter',
        { ...policy, raw: { GetFile: 'critical' } },
        again([file], dumpOf('x', 1)),
        { name: 'critical' },
      ],
      [
        'the rest of a recipe keeps the recipe’s tier where its commands’ is looser',
        { ...policy, recipes: new Map([['dump', { ...dump, tier: 'critical' }]]) },
        again([file], dumpOf('x', 1)),
        { name: 'critical' },
      ],
      [
        'no rest of a recipe is judged command by command',
        policy,
        again([script, file]),
        { name: 'critical' },
      ],
      [
        'and refused where a command is not allowed by itself',
        bare,
        again([file]),
        { refused: 'commandNotAllowed', command: 'GetFile' },
      ],
      [
        'so are other values than the recipe was asked with',
        bare,
        again([file], dumpOf('y', 1)),
        { refused: 'commandNotAllowed' },
      ],
      [
        'values that the recipe of today does not take',
        bare,
        again([{ type: 'GetFile', path: 'C:\\windows\\TEMP\\-x.dmp.zip' }], dumpOf('-x', 1)),
        { refused: 'commandNotAllowed' },
      ],
      [
        'values under other names',
        bare,
        again([file], { name: 'dump', args: { image: 'x' }, from: 1 }),
        { refused: 'commandNotAllowed' },
      ],
      ['another part of the recipe', bare, again([file], dumpOf('x', 0)), { refused: 'commandNotAllowed' }],
      [
        'a recipe that is no more',
        { ...bare, recipes: new Map() },
        again([file], dumpOf('x', 1)),
        { refused: 'commandNotAllowed' },
      ],
    ];
    test.each(table)('%s', (_case, under, wanted, expected) => {
      expect(tierOf(under, wanted)).toMatchObject(expected);
    });
  });

  test('is refused where a tier that it names is not defined, whatever else it names', () => {
    const loose: Policy = { ...policy, raw: { RunScript: 'gone', GetFile: 'high' } };
    expect(tierOf(loose, ask('on hosta run a.ps1 ; get C:\\x'))).toMatchObject({
      refused: 'commandNotAllowed',
    });
  });

  test('is frozen under its terms', () => {
    const tier = policy.tiers[1];
    expect(tier && termsOf(tier, askedAt)).toEqual({
      tier: 'high',
      approveRole: 'approver',
      expiresAt: askedAt + 30 * minute,
      runWithin: 30 * minute,
    });
    expect(tier && termsOf({ ...tier, cancelParkedAfter: 60 * minute }, askedAt)).toMatchObject({
      cancelParkedAfter: 60 * minute,
    });
  });

  test('may be made in a conversation with the bot alone', () => {
    expect(mayRequest({ policy }, rileyActs, dm, ask('dump hosta x'))).toHaveProperty('tier');
  });

  const noRecipe: Policy = { ...policy, recipes: new Map() };
  const alone: Policy = {
    ...policy,
    roles: new Map([
      ['responder', ['responder2']],
      ['approver', ['responder2']],
    ]),
  };
  const noApprovals: Policy = { ...policy, places: policy.places.filter((one) => !one.approvals) };
  const strange: Policy = { ...policy, raw: { GetFile: 'nosuch' } };
  const table: readonly (readonly [string, object, ReturnType<typeof mayRequest>])[] = [
    [
      'in a place that is not listed',
      { refused: 'placeNotAllowed', place: 'slack:C0RANDOM', direct: false },
      mayRequest({ policy }, rileyActs, elsewhere, ask('dump hosta x')),
    ],
    [
      'alone with the bot when no place gets approval cards',
      { refused: 'placeNotAllowed', direct: true },
      mayRequest({ policy: noApprovals }, rileyActs, dm, ask('dump hosta x')),
    ],
    [
      'alone with the bot across organisations',
      { refused: 'placeNotAllowed' },
      mayRequest({ policy }, rileyActs, { ...dm, external: true }, ask('dump hosta x')),
    ],
    [
      'without the role',
      { refused: 'missingRole', deed: 'request', need: ['responder'], unread: [] },
      mayRequest({ policy }, ollyActs, incidents, ask('dump hosta x')),
    ],
    [
      'of a recipe that is gone',
      { refused: 'unknownRecipe', recipe: 'dump' },
      mayRequest({ policy: noRecipe }, rileyActs, incidents, ask('dump hosta x')),
    ],
    [
      'of a command that is not listed',
      { refused: 'commandNotAllowed', command: 'PutFile' },
      mayRequest({ policy }, rileyActs, incidents, ask('put hosta a.exe')),
    ],
    [
      'of a sequence with one command that is not listed',
      { refused: 'commandNotAllowed', command: 'PutFile' },
      mayRequest({ policy }, rileyActs, incidents, ask('on hosta put a.exe ; run b.ps1')),
    ],
    [
      'of a tier that is not defined',
      { refused: 'commandNotAllowed' },
      mayRequest({ policy: strange }, rileyActs, incidents, ask('get hosta C:\\x')),
    ],
    [
      'without the reason its tier requires',
      { refused: 'reasonRequired', tier: 'critical' },
      mayRequest({ policy }, rileyActs, incidents, ask('run hosta a.ps1')),
    ],
    [
      'while frozen',
      { refused: 'frozen', ...freeze },
      mayRequest({ policy, freeze }, rileyActs, incidents, ask('dump hosta x')),
    ],
    [
      'that nobody else could approve',
      { refused: 'nobodyCanApprove', role: 'approver' },
      mayRequest({ policy: alone }, samActs, incidents, ask('dump hosta x')),
    ],
  ];
  test.each(table)('%s is refused', (_name, expected, decision) => {
    expect(decision).toMatchObject(expected);
  });

  test('with the reason its tier requires is taken', () => {
    expect(
      mayRequest({ policy }, rileyActs, incidents, ask('run hosta a.ps1 --reason "beacon"')),
    ).toMatchObject({
      tier: { name: 'critical' },
    });
  });
});

const press = { fingerprint: '1c9e04ab1c9e04ab', revision: 1 };
const soon = askedAt + minute;
const refusedBy = (code: string): Request => after(requests.submitting, { type: 'refused', code }, soon);
const onDevice = (request: Request, device: Device): Request => ({
  ...request,
  targets: [{ device }],
  sessions: request.sessions.map((session) => ({ ...session, device })),
});
const approve = (
  who: Actor,
  request: Request,
  change: Partial<{ press: typeof press; now: number; freeze: typeof freeze; policy: Policy }> = {},
): unknown =>
  mayApprove(who, request, change.press ?? press, {
    policy: change.policy ?? policy,
    now: change.now ?? soon,
    freeze: change.freeze,
  });

describe('an approval', () => {
  test('by another person with the role is taken', () => {
    expect(approve(averyActs, requests.awaitingApproval)).toBeUndefined();
    expect(approve(samActs, requests.awaitingApproval)).toBeUndefined();
    expect(
      mayApprove(
        averyActs,
        requests.awaitingApproval,
        { revision: 1, fingerprint: '1C9E04AB1C9E04AB' },
        { policy, now: soon },
      ),
    ).toBeUndefined();
  });

  const outside = onDevice(requests.awaitingApproval, { ...hosta, tags: ['no-lr'] });
  const byAvery = { by: { id: 'approver1' }, at: soon };
  const table: readonly (readonly [string, object, unknown])[] = [
    [
      'of one’s own request',
      { refused: 'selfApproval', deed: 'approve' },
      approve(rileyActs, requests.awaitingApproval),
    ],
    [
      'of one’s own request with every role',
      { refused: 'selfApproval' },
      approve(rileyAlmighty, requests.awaitingApproval),
    ],
    [
      'of one’s own request from another account',
      { refused: 'selfApproval' },
      approve({ ...rileyAlmighty, account: 'teams:aaaa-1' }, requests.awaitingApproval),
    ],
    [
      'without the role',
      { refused: 'missingRole', deed: 'approve', need: ['approver'] },
      approve(ollyActs, requests.awaitingApproval),
    ],
    [
      'with the role of another tier',
      { refused: 'missingRole', need: ['approver'] },
      approve(actor(olly, 'lead'), requests.awaitingApproval),
    ],
    [
      'from a card of an older revision',
      { refused: 'staleCard' },
      approve(averyActs, requests.awaitingApproval, { press: { ...press, revision: 0 } }),
    ],
    [
      'with another fingerprint',
      { refused: 'wrongFingerprint' },
      approve(averyActs, requests.awaitingApproval, { press: { ...press, fingerprint: '0'.repeat(16) } }),
    ],
    [
      'at the moment of expiry',
      { refused: 'expired', at: asked.asked.terms.expiresAt },
      approve(averyActs, requests.awaitingApproval, { now: asked.asked.terms.expiresAt }),
    ],
    [
      'while frozen',
      { refused: 'frozen', why: 'odd approvals' },
      approve(averyActs, requests.awaitingApproval, { freeze }),
    ],
    [
      'of a device that left the scope',
      { refused: 'outOfScope', cause: { rule: 'never', by: 'tag', value: 'no-lr' } },
      approve(averyActs, outside),
    ],
    [
      'a second time, by another',
      { refused: 'alreadyApproved', ...byAvery, you: false },
      approve(samActs, requests.queued),
    ],
    [
      'a second time, by the same',
      { refused: 'alreadyApproved', you: true },
      approve(averyActs, requests.queued),
    ],
    ['of what is being sent', { refused: 'alreadyApproved' }, approve(samActs, requests.submitting)],
    ['of what is unknown', { refused: 'alreadyApproved' }, approve(samActs, requests.unknown)],
    ['of what runs', { refused: 'alreadyApproved' }, approve(samActs, requests.running)],
    ['of what is finished', { refused: 'alreadyApproved' }, approve(samActs, requests.finished)],
    [
      'of what was denied',
      { refused: 'alreadyOver', how: 'denied by Avery Approver' },
      approve(samActs, requests.denied),
    ],
    [
      'of what expired',
      { refused: 'alreadyOver', how: 'expired without an approval' },
      approve(samActs, requests.expired),
    ],
    [
      'of what was withdrawn',
      { refused: 'alreadyOver', how: 'withdrawn by Riley Responder' },
      approve(samActs, requests.withdrawn),
    ],
    ['of what lapsed', { refused: 'alreadyOver' }, approve(samActs, requests.lapsed)],
    [
      'of what Defender refused',
      { refused: 'alreadyOver', how: 'refused by Defender' },
      approve(samActs, requests.refused),
    ],
    [
      'of what the bot stopped itself',
      { refused: 'alreadyOver', how: 'refused by the bot before it was sent' },
      approve(samActs, refusedBy('scriptChanged')),
    ],
    ['of what was given up', { refused: 'alreadyOver' }, approve(samActs, requests.abandoned)],
  ];
  test.each(table)('%s is refused', (_name, expected, decision) => {
    expect(decision).toMatchObject(expected);
  });

  // Typed, so that a code that comes to today.ts comes here and to ending.ts as well.
  const ofToday: Readonly<Record<TodayCode, true>> = {
    requesterNotListed: true,
    requesterRoleGone: true,
    approverNotListed: true,
    samePerson: true,
    placeGone: true,
    deviceOutOfScope: true,
    recipeChanged: true,
    otherSystem: true,
    commandNotAllowed: true,
    tierGone: true,
    tierStricter: true,
    reasonMissing: true,
    expireAfterShorter: true,
    runWithinShorter: true,
  };
  test.each(Object.keys(ofToday))('of what today’s policy ended (%s) does not put it on Defender', (code) => {
    expect(approve(samActs, refusedBy(code))).toMatchObject({
      refused: 'alreadyOver',
      how: 'refused by today’s policy',
    });
  });

  test('names the groups that could not be read', () => {
    const cut: Actor = {
      ...ollyActs,
      unread: [
        { role: 'approver', group: 'entra:group-1' },
        { role: 'lead', group: 'slack:S0LEAD' },
      ],
    };
    expect(approve(cut, requests.awaitingApproval)).toMatchObject({
      refused: 'missingRole',
      unread: ['entra:group-1'],
    });
  });

  test('is prepared privately for whoever could give it', () => {
    expect(mayPrepareApproval(averyActs, requests.awaitingApproval, { policy, now: soon })).toBeUndefined();
    expect(mayPrepareApproval(rileyAlmighty, requests.awaitingApproval, { policy, now: soon })).toMatchObject(
      {
        refused: 'selfApproval',
      },
    );
  });

  test('stays under the role it was asked under, also when the tier now names another', () => {
    const edited: Policy = {
      ...policy,
      tiers: policy.tiers.map((tier) => ({ ...tier, approve: 'responder' })),
    };
    expect(approve(actor(olly, 'responder'), requests.awaitingApproval, { policy: edited })).toMatchObject({
      refused: 'missingRole',
      need: ['approver'],
    });
  });
});

type Who = 'requester' | 'approver' | 'onlooker';
const actors: Readonly<Record<Who, Actor>> = {
  requester: rileyActs,
  approver: averyActs,
  onlooker: ollyActs,
};

/** What each decision says in each state to requester, approver and onlooker; `-` is allowed. */
const matrix: readonly (readonly [
  string,
  (who: Actor, request: Request) => unknown,
  Readonly<Record<keyof typeof requests, readonly [string, string, string]>>,
])[] = [
  [
    'deny',
    (who, request) => mayDeny(who, request, soon),
    {
      awaitingApproval: ['ownRequest', '-', 'missingRole'],
      queued: ['alreadyApproved', 'alreadyApproved', 'alreadyApproved'],
      submitting: ['alreadyApproved', 'alreadyApproved', 'alreadyApproved'],
      looking: ['alreadyApproved', 'alreadyApproved', 'alreadyApproved'],
      unknown: ['alreadyApproved', 'alreadyApproved', 'alreadyApproved'],
      running: ['alreadyApproved', 'alreadyApproved', 'alreadyApproved'],
      cancelling: ['alreadyApproved', 'alreadyApproved', 'alreadyApproved'],
      cancelFailed: ['alreadyApproved', 'alreadyApproved', 'alreadyApproved'],
      finished: ['alreadyApproved', 'alreadyApproved', 'alreadyApproved'],
      denied: ['alreadyOver', 'alreadyOver', 'alreadyOver'],
      withdrawn: ['alreadyOver', 'alreadyOver', 'alreadyOver'],
      expired: ['alreadyOver', 'alreadyOver', 'alreadyOver'],
      lapsed: ['alreadyOver', 'alreadyOver', 'alreadyOver'],
      refused: ['alreadyOver', 'alreadyOver', 'alreadyOver'],
      abandoned: ['alreadyOver', 'alreadyOver', 'alreadyOver'],
    },
  ],
  [
    'withdraw',
    (who, request) => mayWithdraw(who, request),
    {
      awaitingApproval: ['-', '-', 'notYourRequest'],
      queued: ['-', '-', 'notYourRequest'],
      submitting: ['tooLate', 'tooLate', 'tooLate'],
      looking: ['tooLate', 'tooLate', 'tooLate'],
      unknown: ['tooLate', 'tooLate', 'tooLate'],
      running: ['tooLate', 'tooLate', 'tooLate'],
      cancelling: ['tooLate', 'tooLate', 'tooLate'],
      cancelFailed: ['tooLate', 'tooLate', 'tooLate'],
      finished: ['tooLate', 'tooLate', 'tooLate'],
      denied: ['alreadyOver', 'alreadyOver', 'alreadyOver'],
      withdrawn: ['alreadyOver', 'alreadyOver', 'alreadyOver'],
      expired: ['alreadyOver', 'alreadyOver', 'alreadyOver'],
      lapsed: ['alreadyOver', 'alreadyOver', 'alreadyOver'],
      refused: ['alreadyOver', 'alreadyOver', 'alreadyOver'],
      abandoned: ['alreadyOver', 'alreadyOver', 'alreadyOver'],
    },
  ],
  [
    'cancel',
    (who, request) => mayCancel(who, request),
    {
      awaitingApproval: ['tooEarly', 'tooEarly', 'tooEarly'],
      queued: ['tooEarly', 'tooEarly', 'tooEarly'],
      submitting: ['tooLate', 'tooLate', 'tooLate'],
      looking: ['tooLate', 'tooLate', 'tooLate'],
      unknown: ['tooLate', 'tooLate', 'tooLate'],
      running: ['-', '-', 'notYourRequest'],
      cancelling: ['alreadyCancelling', 'alreadyCancelling', 'notYourRequest'],
      cancelFailed: ['-', '-', 'notYourRequest'],
      finished: ['tooLate', 'tooLate', 'tooLate'],
      denied: ['alreadyOver', 'alreadyOver', 'alreadyOver'],
      withdrawn: ['alreadyOver', 'alreadyOver', 'alreadyOver'],
      expired: ['alreadyOver', 'alreadyOver', 'alreadyOver'],
      lapsed: ['alreadyOver', 'alreadyOver', 'alreadyOver'],
      refused: ['alreadyOver', 'alreadyOver', 'alreadyOver'],
      abandoned: ['alreadyOver', 'alreadyOver', 'alreadyOver'],
    },
  ],
  [
    'resend',
    (who, request) =>
      mayResend(who, request, { fingerprint: '1c9e04ab1c9e04ab', revision: request.revision }, { policy }),
    {
      awaitingApproval: ['tooEarly', 'tooEarly', 'tooEarly'],
      queued: ['tooEarly', 'tooEarly', 'tooEarly'],
      submitting: ['tooEarly', 'tooEarly', 'tooEarly'],
      looking: ['selfApproval', 'stillLooking', 'missingRole'],
      unknown: ['selfApproval', '-', 'missingRole'],
      running: ['tooLate', 'tooLate', 'tooLate'],
      cancelling: ['tooLate', 'tooLate', 'tooLate'],
      cancelFailed: ['tooLate', 'tooLate', 'tooLate'],
      finished: ['tooLate', 'tooLate', 'tooLate'],
      denied: ['alreadyOver', 'alreadyOver', 'alreadyOver'],
      withdrawn: ['alreadyOver', 'alreadyOver', 'alreadyOver'],
      expired: ['alreadyOver', 'alreadyOver', 'alreadyOver'],
      lapsed: ['alreadyOver', 'alreadyOver', 'alreadyOver'],
      refused: ['alreadyOver', 'alreadyOver', 'alreadyOver'],
      abandoned: ['alreadyOver', 'alreadyOver', 'alreadyOver'],
    },
  ],
];

describe.each(matrix)('to %s', (_deed, decide, expected) => {
  test.each(Object.entries(expected))('what is %s: requester, approver, onlooker', (state, outcomes) => {
    const request = requests[state as keyof typeof requests];
    const found = (['requester', 'approver', 'onlooker'] as const).map((who) => {
      const refusal = decide(actors[who], request);
      return refusal === undefined ? '-' : (refusal as { refused: string }).refused;
    });
    expect(found).toEqual(outcomes);
  });
});

test('a resend is refused while frozen, out of scope, from a stale card and with another fingerprint', () => {
  const { unknown } = requests;
  expect(
    mayResend(
      averyActs,
      unknown,
      { fingerprint: '1c9e04ab1c9e04ab', revision: unknown.revision },
      { policy, freeze },
    ),
  ).toMatchObject({ refused: 'frozen' });
  expect(
    mayResend(
      averyActs,
      onDevice(unknown, { ...hosta, group: 'Servers' }),
      { fingerprint: '1c9e04ab1c9e04ab' },
      { policy },
    ),
  ).toMatchObject({ refused: 'outOfScope' });
  expect(
    mayResend(averyActs, unknown, { fingerprint: '1c9e04ab1c9e04ab', revision: 1 }, { policy }),
  ).toMatchObject({ refused: 'staleCard' });
  expect(
    mayResend(averyActs, unknown, { fingerprint: 'f'.repeat(16), revision: unknown.revision }, { policy }),
  ).toMatchObject({ refused: 'wrongFingerprint' });
});

test('a resend is refused while the bot itself still looks for the answer that was lost', () => {
  expect(
    mayResend(averyActs, requests.looking, { fingerprint: '1c9e04ab1c9e04ab' }, { policy }),
  ).toMatchObject({
    refused: 'stillLooking',
    looks: 1,
    of: 6,
  });
});

test('a session lost from sight, its action known, is cancelled by its requester or an approver alone', () => {
  const lost = after(requests.running, { type: 'overdue' }, soon);
  expect(mayCancel(rileyActs, lost)).toBeUndefined();
  expect(mayCancel(averyActs, lost)).toBeUndefined();
  expect(mayCancel(ollyActs, lost)).toMatchObject({ refused: 'notYourRequest' });
});

test('a lost request is given up by its requester or an approver, and only while it is lost', () => {
  expect(mayDrop(rileyActs, requests.unknown)).toBeUndefined();
  expect(mayDrop(averyActs, requests.unknown)).toBeUndefined();
  expect(mayDrop(ollyActs, requests.unknown)).toMatchObject({ refused: 'notYourRequest' });
  expect(mayDrop(averyActs, requests.running)).toMatchObject({ refused: 'tooLate' });
  expect(mayDrop(averyActs, requests.queued)).toMatchObject({ refused: 'tooEarly' });
  expect(mayDrop(averyActs, requests.abandoned)).toMatchObject({ refused: 'alreadyOver' });
});

test('a denial after expiry is refused, because expiry has denied it', () => {
  expect(mayDeny(averyActs, requests.awaitingApproval, asked.asked.terms.expiresAt)).toMatchObject({
    refused: 'expired',
  });
});

test('results are for those with a reading role, in a place that is listed', () => {
  expect(mayReadResults(policy, rileyActs, incidents)).toBeUndefined();
  expect(mayReadResults(policy, ollyActs, incidents)).toMatchObject({
    refused: 'missingRole',
    deed: 'read results',
    need: ['responder', 'approver'],
  });
  expect(mayReadResults({ ...policy, results: { read: [] } }, rileyActs, incidents)).toMatchObject({
    refused: 'missingRole',
    need: [],
  });
  expect(mayReadResults(policy, rileyActs, elsewhere)).toMatchObject({ refused: 'placeNotAllowed' });
});

test('to see requests takes some role', () => {
  expect(maySee(policy, rileyActs, incidents)).toBeUndefined();
  expect(maySee(policy, ollyActs, incidents)).toMatchObject({ refused: 'missingRole', deed: 'see' });
  expect(maySee(policy, rileyActs, elsewhere)).toMatchObject({ refused: 'placeNotAllowed' });
});

test('freezing takes the role, and what is frozen is not frozen again', () => {
  expect(mayFreeze(policy, averyActs)).toBeUndefined();
  expect(mayFreeze(policy, rileyActs)).toMatchObject({ refused: 'missingRole', deed: 'freeze' });
  expect(mayFreeze(policy, averyActs, freeze)).toMatchObject({ refused: 'alreadyFrozen' });
  expect(mayUnfreeze(policy, averyActs, freeze)).toBeUndefined();
  expect(mayUnfreeze(policy, averyActs)).toMatchObject({ refused: 'notFrozen' });
  expect(mayUnfreeze(policy, rileyActs, freeze)).toMatchObject({ refused: 'missingRole', deed: 'unfreeze' });
});
