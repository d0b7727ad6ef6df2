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
  mayResend,
  maySee,
  mayUnfreeze,
} from '../../../src/bot/policy/decisions.ts';
import type { Actor } from '../../../src/bot/policy/people/people.ts';
import type { Policy } from '../../../src/bot/policy/policy.ts';
import type { TodayCode } from '../../../src/bot/policy/today.ts';
import type { Request } from '../../../src/liveResponse/request/request.ts';
import type { Device } from '../../../src/liveResponse/device/records.ts';
import { olly, policy, riley } from '../../support/policy.ts';
import { after, asked, hosta, requests } from '../../support/requests/requests.ts';
import {
  actor,
  averyActs,
  elsewhere,
  freeze,
  incidents,
  ollyActs,
  rileyActs,
  samActs,
  soon,
} from '../../support/deciders.ts';

/** The requester, given every role there is. */
const rileyAlmighty = actor(riley, 'responder', 'approver', 'lead');

const press = { fingerprint: '1c9e04ab1c9e04ab', revision: 1 };
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

const outOfScope = onDevice(requests.awaitingApproval, { ...hosta, tags: ['no-lr'] });
const byAvery = { by: { id: 'approver1' }, at: soon };
const refusedApprovals: readonly (readonly [string, object, unknown])[] = [
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
    approve(averyActs, outOfScope),
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
// Typed, so that a code that comes to today.ts comes here and to ending.ts as well.
const endedByToday: Readonly<Record<TodayCode, true>> = {
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
  test.each(refusedApprovals)('%s is refused', (_name, expected, decision) => {
    expect(decision).toMatchObject(expected);
  });
  test.each(Object.keys(endedByToday))(
    'of what today’s policy ended (%s) does not put it on Defender',
    (code) => {
      expect(approve(samActs, refusedBy(code))).toMatchObject({
        refused: 'alreadyOver',
        how: 'refused by today’s policy',
      });
    },
  );

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
