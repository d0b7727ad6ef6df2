// Today's policy against what was asked for and approved under an earlier one: a row for each rule that may
// have become stricter, and each that became looser, which changes nothing.
import { describe, expect, test } from '@jest/globals';
import type { GroupReading } from '../../../../src/bot/policy/people/people.ts';
import type { Policy } from '../../../../src/bot/policy/policy.ts';
import {
  judgeApprover,
  judgeRequest,
  judgeToday,
  limitsToday,
  shownToday,
} from '../../../../src/bot/policy/today.ts';
import type { Judgement } from '../../../../src/bot/policy/today.ts';
import { create } from '../../../../src/liveResponse/request/fold.ts';
import type { NewRequest, Request } from '../../../../src/liveResponse/request/request.ts';
import type { Approval } from '../../../../src/liveResponse/request/vote.ts';
import { sessionOf } from '../../../../src/liveResponse/request/request.ts';
import { avery, policy, riley, sam } from '../../../support/policy.ts';
import { withRecipe, withRoles, withTier } from '../../../support/policyVariants.ts';
import { asked as example, requestIn } from '../../../support/requests/lifecycle.ts';
import type { FlatRequest } from '../../../support/requests/requests.ts';
import { after, flat, hosta, newRequest, sessionIn } from '../../../support/requests/requests.ts';

const minute = 60_000;
const at = Date.UTC(2026, 10, 23, 3);
const asked: NewRequest = newRequest({
  ...flat(example),
  at,
  requester: { id: riley.id, name: riley.name },
  account: 'console:riley',
  place: 'console:incidents',
  placeIsPrivate: false,
  device: hosta,
  commands: [
    { type: 'RunScript', scriptName: 'minidump.ps1', args: 'notepad' },
    { type: 'GetFile', path: 'C:\\windows\\TEMP\\notepad.dmp.zip' },
  ],
  recipe: 'dump',
  recipeArgs: { process: 'notepad' },
  terms: { tier: 'high', approveRole: 'approver', expiresAt: at + 30 * minute, runWithin: 30 * minute },
});
const approval: Approval = {
  kind: 'approve',
  by: { id: avery.id, name: avery.name },
  account: 'console:avery',
  at: at + 5 * minute,
  digest: asked.subject.digest,
};

/** Approved, and waiting for its turn. */
function agreed(made: FlatRequest): Request {
  const request = after(create(newRequest(made)), { type: 'approved', vote: approval }, approval.at);
  sessionIn(request, 'queued');
  return request;
}

const queued = (change: Partial<FlatRequest> = {}): Request => agreed({ ...flat(asked), ...change });

const read = (
  accounts: readonly string[],
  answers: Readonly<Record<string, 'yes' | 'no' | 'unread'>>,
): GroupReading => ({ accounts, answers: new Map(Object.entries(answers)) });

const of = (today: Policy, request = queued(), now = at + 6 * minute): Judgement =>
  judgeToday(today, request, now, { approver: sessionOf(request)?.grant.votes[0] });
const code = (judged: Judgement): string =>
  judged === undefined ? 'runs' : 'no' in judged ? judged.no.code : `unread ${judged.unread.join()}`;

const raw = (): Request => {
  const { recipe: _recipe, recipeArgs: _args, ...rest } = flat(asked);
  return agreed({ ...rest, commands: [{ type: 'GetFile', path: 'C:\\x' }] });
};
const judgements: readonly (readonly [string, string, Policy, Request?, number?])[] = [
  ['unchanged', 'runs', policy],
  ['without the requester', 'requesterNotListed', { ...policy, people: [avery, sam] }],
  [
    'that took away the account it was asked from',
    'requesterNotListed',
    { ...policy, people: [{ ...riley, accounts: ['slack:U0RILEY'] }, avery, sam] },
  ],
  [
    'that gave that account to another entry',
    'requesterNotListed',
    { ...policy, people: [{ ...riley, id: 'other' }, avery, sam] },
  ],
  [
    'that took the role to ask from the requester',
    'requesterRoleGone',
    withRoles({ responder: ['responder2'] }),
  ],
  ['that has a tier asking for another role', 'requesterRoleGone', withTier('high', { request: 'lead' })],
  ['without the approver', 'approverNotListed', { ...policy, people: [riley, sam] }],
  ['that took the role from the approver', 'approverNotListed', withRoles({ approver: ['responder2'] })],
  [
    'whose tier is approved by another role too',
    'approverNotListed',
    withTier('high', { approve: 'senior' }),
  ],
  [
    'whose tier is approved by another role that the approver has',
    'runs',
    withTier('high', { approve: 'lead' }),
  ],
  [
    'that made one person of the two',
    'samePerson',
    { ...policy, people: [{ ...riley, accounts: [...riley.accounts, ...avery.accounts] }, sam] },
  ],
  ['without the place', 'placeGone', { ...policy, places: policy.places.slice(1) }],
  [
    'without the place, for what was asked in private',
    'runs',
    { ...policy, places: policy.places.slice(1) },
    queued({ placeIsPrivate: true }),
  ],
  [
    'that never touches the device',
    'deviceOutOfScope',
    { ...policy, devices: { ...policy.devices, never: { groups: [], tags: [], names: [hosta.name] } } },
  ],
  ['without the recipe', 'recipeChanged', { ...policy, recipes: new Map() }],
  [
    'whose recipe runs something else',
    'recipeChanged',
    withRecipe({ commands: [{ type: 'RunScript', scriptName: 'other.ps1', args: '{process}' }] }),
  ],
  [
    'whose recipe takes no such argument',
    'recipeChanged',
    withRecipe({ args: [{ name: 'process', chars: 'A-Z', max: 64 }] }),
  ],
  ['whose recipe is for the system of the device', 'runs', withRecipe({ systems: ['windows'] })],
  ['whose recipe is for another system now', 'otherSystem', withRecipe({ systems: ['linux', 'macos'] })],
  [
    'whose recipe is for Windows, the device being set up anew',
    'otherSystem',
    withRecipe({ systems: ['windows'] }),
    queued({ device: { ...hosta, os: 'Ubuntu' } }),
  ],
  [
    'whose recipe is for Windows, the device being of a system nobody knows',
    'runs',
    withRecipe({ systems: ['windows'] }),
    queued({ device: { ...hosta, os: 'Plan 9' } }),
  ],
  ['with the recipe in a stricter tier', 'tierStricter', withRecipe({ tier: 'critical' })],
  [
    'with the recipe in a looser tier',
    'runs',
    {
      ...withRecipe({ tier: 'low' }),
      tiers: [
        ...policy.tiers,
        {
          name: 'low',
          request: 'responder',
          approve: 'approver',
          expireAfter: 999 * minute,
          runWithin: 999 * minute,
          reason: 'optional',
        },
      ],
    },
  ],
  [
    'without the agreed tier',
    'tierGone',
    { ...withRecipe({ tier: 'critical' }), tiers: policy.tiers.slice(0, 1) },
  ],
  ['whose tier asks for a reason', 'reasonMissing', withTier('high', { reason: 'required' })],
  [
    'whose tier asks for a reason that was given',
    'runs',
    withTier('high', { reason: 'required' }),
    queued({ reason: 'beacon' }),
  ],
  [
    'that gives less time for an approval than was taken',
    'expireAfterShorter',
    withTier('high', { expireAfter: 4 * minute }),
  ],
  ['that gives less time, and enough', 'runs', withTier('high', { expireAfter: 6 * minute })],
  ['that voids an approval sooner', 'runWithinShorter', withTier('high', { runWithin: minute })],
  ['that voids it sooner, and not yet', 'runs', withTier('high', { runWithin: 2 * minute })],
  ['looser in everything', 'runs', withTier('high', { expireAfter: 99 * minute, runWithin: 99 * minute })],
  ['the same, later than was agreed: it lapses by itself', 'runs', policy, queued(), at + 60 * minute],
  [
    'without such a command outside recipes',
    'commandNotAllowed',
    { ...policy, raw: { RunScript: 'critical' } },
    raw(),
  ],
  [
    'with such a command in a stricter tier',
    'tierStricter',
    { ...policy, raw: { GetFile: 'critical' } },
    raw(),
  ],
];

describe('what was approved, by today’s policy', () => {
  test.each(
    judgements.map(([name, expected, today, request = queued(), now = at + 6 * minute]) => ({
      name,
      expected,
      today,
      request,
      now,
    })),
  )('$name: $expected', ({ expected, today, request, now }) => {
    expect(code(of(today, request, now))).toBe(expected);
  });

  test('the order of the tiers counts as it is today', () => {
    const turned: Policy = {
      ...withRecipe({ tier: 'critical' }),
      tiers: [...policy.tiers].reverse().map((one) => ({
        ...one,
        approve: 'approver',
        reason: 'optional',
        expireAfter: 99 * minute,
        runWithin: 99 * minute,
      })),
    };
    expect(code(of(turned))).toBe('runs');
  });

  test('what is sent again is decided late by nature, and no shorter expireAfter counts', () => {
    const unknown = after(
      after(
        queued(),
        { type: 'claimed', attempt: { nonce: 'a', tag: 'lr:x:a', at: at + 6 * minute } },
        at + 6 * minute,
      ),
      { type: 'lost' },
      at + 7 * minute,
    );
    const resent = after(
      unknown,
      { type: 'resubmitted', vote: { ...approval, at: at + 50 * minute }, runBefore: at + 80 * minute },
      at + 50 * minute,
    );
    sessionIn(resent, 'queued');
    expect(code(of(withTier('high', { expireAfter: 4 * minute }), resent, at + 51 * minute))).toBe('runs');
  });
});

describe('groups', () => {
  const byGroup = withRoles({ responder: ['slack:S0RESP'], approver: ['entra:group-1'] });
  const judged = (requester: GroupReading | undefined, approver: GroupReading | undefined): string =>
    code(
      judgeToday(byGroup, queued(), at + 6 * minute, {
        readings: { requester, approver },
        approver: approval,
      }),
    );
  const yes = read(riley.accounts, { 'slack:S0RESP': 'yes' });
  const alsoYes = read(avery.accounts, { 'entra:group-1': 'yes' });

  test.each<readonly [string, string, GroupReading | undefined, GroupReading | undefined]>([
    ['both in', 'runs', yes, alsoYes],
    ['the requester not in', 'requesterRoleGone', read(riley.accounts, { 'slack:S0RESP': 'no' }), alsoYes],
    ['the approver not in', 'approverNotListed', yes, read(avery.accounts, { 'entra:group-1': 'no' })],
    [
      'a no of one, and no answer for the other',
      'approverNotListed',
      undefined,
      read(avery.accounts, { 'entra:group-1': 'no' }),
    ],
    ['no answer for either', 'unread slack:S0RESP,entra:group-1', undefined, undefined],
    ['unread', 'unread slack:S0RESP', read(riley.accounts, { 'slack:S0RESP': 'unread' }), alsoYes],
    [
      'an answer for other accounts than the person has today',
      'unread slack:S0RESP',
      read(['console:riley'], { 'slack:S0RESP': 'yes' }),
      alsoYes,
    ],
  ])('%s: %s', (_name, expected, requester, approver) => {
    expect(judged(requester, approver)).toBe(expected);
  });
});

describe('what waits for approval', () => {
  const waiting = create(asked);

  test('ends at the time of today’s tier, where that is sooner', () => {
    expect(code(judgeRequest(withTier('high', { expireAfter: 5 * minute }), waiting, at + 5 * minute))).toBe(
      'expireAfterShorter',
    );
    expect(
      code(judgeRequest(withTier('high', { expireAfter: 5 * minute }), waiting, at + 5 * minute - 1)),
    ).toBe('runs');
  });

  test('shows the roles and the time of today where they are stricter', () => {
    const today = withTier('high', { approve: 'lead', expireAfter: 5 * minute });
    expect(shownToday(today, waiting)).toMatchObject({
      asked: { terms: { approveRole: 'approver and lead', expiresAt: at + 5 * minute } },
    });
    expect(shownToday(withTier('high', { expireAfter: 90 * minute }), waiting).asked.terms).toEqual(
      asked.asked.terms,
    );
    expect(limitsToday(withTier('high', { runWithin: minute }), queued()).runBefore).toBe(
      approval.at + minute,
    );
    expect(limitsToday(withTier('high', { runWithin: 99 * minute }), queued()).runBefore).toBe(
      approval.at + 30 * minute,
    );
  });

  test('may be approved by who has both roles, and by nobody who is the requester under another entry', () => {
    const today = withTier('high', { approve: 'lead' });
    expect(judgeApprover(today, waiting, approval)).toBeUndefined();
    expect(
      code(judgeApprover(today, waiting, { by: { id: sam.id, name: sam.name }, account: 'console:sam' })),
    ).toBe('approverNotListed');
  });
});

test('the shorter cancelParkedAfter counts', () => {
  const running = requestIn('running');
  const parked = (own: number | undefined, todays: number | undefined): number | undefined =>
    limitsToday(withTier('high', todays === undefined ? {} : { cancelParkedAfter: todays }), {
      ...running,
      ...asked,
      asked: {
        ...asked.asked,
        terms: { ...asked.asked.terms, ...(own === undefined ? {} : { cancelParkedAfter: own }) },
      },
    }).cancelParkedAfter;
  expect([
    parked(20, 10),
    parked(10, 20),
    parked(undefined, 10),
    parked(10, undefined),
    parked(undefined, undefined),
  ]).toEqual([10, 10, 10, 10, undefined]);
});
