// What today's policy says against an older request, in words, and which limits its cards show.
import { describe, expect, test } from '@jest/globals';
import type { Policy, Tier } from '../../../../src/bot/policy/policy.ts';
import {
  judgeApprover,
  judgeRequest,
  judgeToday,
  limitsToday,
  shownToday,
  tierToday,
} from '../../../../src/bot/policy/today.ts';
import type { Judgement } from '../../../../src/bot/policy/today.ts';
import { create } from '../../../../src/liveResponse/request/fold.ts';
import type { NewRequest, Request } from '../../../../src/liveResponse/request/request.ts';
import type { Approval } from '../../../../src/liveResponse/request/vote.ts';
import { avery, dump, riley, sam } from '../../../support/policy.ts';
import { groupless, withTier } from '../../../support/policyVariants.ts';
import type { FlatRequest } from '../../../support/requests/requests.ts';
import {
  after,
  asked as example,
  askedAt as at,
  flat,
  hosta,
  newRequest,
  requests,
  sessionIn,
} from '../../../support/requests/requests.ts';

const minute = 60_000;
const asked: NewRequest = newRequest({
  ...flat(example),
  commands: [
    { type: 'RunScript', scriptName: 'minidump.ps1', args: 'OfficeClickToRun' },
    { type: 'GetFile', path: 'C:\\windows\\TEMP\\OfficeClickToRun.dmp.zip' },
  ],
  recipeArgs: { process: 'OfficeClickToRun' },
});
const approval: Approval = {
  kind: 'approve',
  by: { id: avery.id, name: avery.name },
  account: 'console:avery',
  at: at + 5 * minute,
  digest: asked.subject.digest,
};
const tier = (name: string, change: Partial<Tier>, of: Policy = groupless): Policy =>
  withTier(name, change, of);
const waiting = (change: Partial<FlatRequest> = {}): Request =>
  create(newRequest({ ...flat(asked), ...change }));
const queued = (change: Partial<FlatRequest> = {}): Request =>
  after(waiting(change), { type: 'approved', vote: approval }, approval.at);
const said = (judged: Judgement): unknown => (judged !== undefined && 'no' in judged ? judged.no : judged);

const reasons: readonly (readonly [string, Judgement, object])[] = [
  [
    'the tier and its time',
    judgeRequest(tier('high', { expireAfter: 5 * minute }), waiting(), at + 5 * minute),
    { detail: 'tier high: 5 min' },
  ],
  [
    'who lacks which role to ask',
    judgeRequest(tier('high', { request: 'lead' }), waiting(), at),
    { code: 'requesterRoleGone', detail: 'Riley Responder lacks the role lead' },
  ],
  [
    'who lacks which role to approve',
    judgeApprover(tier('high', { approve: 'senior' }), waiting(), approval),
    { code: 'approverNotListed', detail: 'Avery Approver lacks the role senior' },
  ],
  [
    'which accounts are of one person',
    judgeApprover(
      { ...groupless, people: [{ ...riley, accounts: [...riley.accounts, ...avery.accounts] }, sam] },
      waiting(),
      approval,
    ),
    { code: 'samePerson', detail: 'console:riley and console:avery' },
  ],
  [
    'which recipe is gone',
    judgeRequest({ ...groupless, recipes: new Map() }, waiting(), at),
    { code: 'recipeChanged', detail: 'dump is gone' },
  ],
  [
    'both tiers',
    judgeRequest(
      { ...groupless, recipes: new Map([['dump', { ...dump, tier: 'critical' }]]) },
      waiting(),
      at,
    ),
    { code: 'tierStricter', detail: 'tier critical now, tier high when it was asked for' },
  ],
  [
    'the tier that asks for a reason',
    judgeRequest(tier('high', { reason: 'required' }), waiting(), at),
    { code: 'reasonMissing', detail: 'tier high' },
  ],
  [
    'the systems',
    judgeRequest(
      { ...groupless, recipes: new Map([['dump', { ...dump, systems: ['linux'] }]]) },
      waiting(),
      at,
    ),
    { code: 'otherSystem', detail: `dump is for Linux, the device runs ${hosta.os}` },
  ],
  [
    'the time in which an approval may be used',
    judgeToday(tier('high', { runWithin: minute }), queued(), at + 6 * minute, { approver: approval }),
    { code: 'runWithinShorter', detail: 'tier high: 1 min' },
  ],
  [
    'the time in which it had to be approved',
    judgeToday(tier('high', { expireAfter: 5 * minute }), queued(), at + 6 * minute, { approver: approval }),
    { code: 'expireAfterShorter', detail: 'tier high: 5 min' },
  ],
];

describe('the words of a no', () => {
  test.each(reasons)('name %s', (_what, judged, expected) => {
    expect(said(judged)).toMatchObject(expected);
  });
});

describe('a request made before arguments were kept', () => {
  const { recipeArgs: _args, ...flatOlder } = flat(asked);
  const older = newRequest(flatOlder);
  const plain = { ...dump, args: [], commands: asked.subject.commands };

  test('takes the tier of its recipe, because it cannot be compared', () => {
    expect(tierToday(groupless, create(older))).toMatchObject({ name: 'high' });
    const critical = { ...groupless, recipes: new Map([['dump', { ...dump, tier: 'critical' }]]) };
    expect(tierToday(critical, create(older))).toMatchObject({ name: 'critical' });
    const gone = { ...groupless, recipes: new Map([['dump', { ...dump, tier: 'gone' }]]) };
    expect(tierToday(gone, create(older))).toEqual({ no: { code: 'tierGone', detail: 'gone' } });
  });

  test('is compared all the same where the recipe has no arguments', () => {
    expect(tierToday({ ...groupless, recipes: new Map([['dump', plain]]) }, create(older))).toMatchObject({
      name: 'high',
    });
    const other = { ...plain, commands: asked.subject.commands.slice(0, 1) };
    expect(tierToday({ ...groupless, recipes: new Map([['dump', other]]) }, create(older))).toEqual({
      no: { code: 'recipeChanged', detail: 'dump' },
    });
  });

  test('of commands outside recipes is refused where one of them has no tier', () => {
    const { recipe: _recipe, ...flatRaw } = flatOlder;
    const raw = newRequest(flatRaw);
    expect(tierToday({ ...groupless, raw: { RunScript: 'critical' } }, create(raw))).toEqual({
      no: { code: 'commandNotAllowed', detail: 'GetFile' },
    });
    expect(
      tierToday({ ...groupless, raw: { RunScript: 'gone', GetFile: 'gone' } }, create(raw)),
    ).toMatchObject({
      no: { code: 'commandNotAllowed', detail: 'RunScript' },
    });
  });
});

describe('what the cards show', () => {
  const session = sessionIn(queued(), 'queued');
  const { runBefore } = session.stage;
  const unfit: Policy = { ...groupless, recipes: new Map() };

  test('is the request itself where the policy of today says nothing of it', () => {
    expect(limitsToday(unfit, queued())).toEqual({ expiresAt: asked.asked.terms.expiresAt, runBefore });
    expect(limitsToday(unfit, waiting())).toEqual({ expiresAt: asked.asked.terms.expiresAt });
    expect(shownToday(unfit, queued())).toEqual(queued());
    expect(shownToday(unfit, waiting())).toEqual(waiting());
  });

  test('is the shorter time of a queued request, and nothing else', () => {
    const shown = shownToday(tier('high', { runWithin: 2 * minute }), queued());
    expect(shown).toEqual({
      ...queued(),
      sessions: [{ ...session, stage: { ...session.stage, runBefore: approval.at + 2 * minute } }],
    });
    expect(shownToday(tier('high', { runWithin: 99 * minute }), queued())).toEqual(queued());
  });

  test('is unchanged once it was sent, whatever the policy says', () => {
    const today = tier('high', { approve: 'lead', expireAfter: minute, runWithin: minute });
    for (const request of [
      requests.submitting,
      requests.running,
      requests.unknown,
      requests.finished,
      requests.denied,
    ]) {
      expect(shownToday(today, request)).toBe(request);
    }
  });

  test('is the sooner end of a session that waits for its device', () => {
    const parked = (cancelAt?: number): Request =>
      after(
        { ...requests.running, ...asked },
        {
          type: 'waitingForDevice',
          waiting: { since: at, until: at + 60 * minute, ...(cancelAt === undefined ? {} : { cancelAt }) },
        },
        at,
      );
    const withWait = (wait: object): object => ({
      sessions: [{ stage: { run: { waitingForDevice: wait } } }],
    });
    const today = tier('high', { cancelParkedAfter: 10 * minute });
    expect(shownToday(today, parked())).toMatchObject(withWait({ since: at, cancelAt: at + 10 * minute }));
    expect(shownToday(today, parked(at + 11 * minute))).toMatchObject(
      withWait({ cancelAt: at + 10 * minute }),
    );
    const sooner = parked(at + 9 * minute);
    expect(shownToday(today, sooner)).toBe(sooner);
    const never = parked();
    expect(shownToday(groupless, never)).toBe(never);
  });
});
