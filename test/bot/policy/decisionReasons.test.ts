// What a refusal says of itself: which deed, which role, which groups, whose request.
import { describe, expect, test } from '@jest/globals';
import {
  isShort,
  mayApprove,
  mayCancel,
  mayDeny,
  mayDrop,
  mayFreeze,
  mayPrepareApproval,
  mayRequest,
  mayResend,
  mayUnfreeze,
  mayWithdraw,
  termsOf,
  tierOf,
} from '../../../src/bot/policy/decisions.ts';
import type { Actor } from '../../../src/bot/policy/people/people.ts';
import type { Policy } from '../../../src/bot/policy/policy.ts';
import type { SessionAsk } from '../../../src/bot/policy/recipes/sessionAsk.ts';
import type { Request } from '../../../src/liveResponse/request/request.ts';
import type { CancelAsked } from '../../../src/liveResponse/request/session.ts';
import { avery, policy, riley, sam } from '../../support/policy.ts';
import { after, askedAt, requests } from '../../support/requests/requests.ts';
import { actor, averyActs, freeze, incidents, ollyActs, rileyActs, soon } from '../../support/deciders.ts';

const unreadOlly: Actor = { ...ollyActs, unread: [{ role: 'approver', group: 'entra:group-1' }] };

describe('one human is one pair of eyes', () => {
  const { awaitingApproval } = requests;
  const press = { fingerprint: '1c9e04ab1c9e04ab', revision: 1 };

  test('by the same entry, though it no longer has the account that asked', () => {
    const moved = actor({ ...riley, accounts: ['slack:U0RILEY'] }, 'approver');
    expect(mayApprove(moved, awaitingApproval, press, { policy, now: soon })).toMatchObject({
      refused: 'selfApproval',
    });
    expect(mayDeny(moved, awaitingApproval, soon)).toMatchObject({ refused: 'ownRequest' });
    expect(mayWithdraw(moved, awaitingApproval)).toBeUndefined();
  });

  test('by the account that asked, though it has another entry now', () => {
    const renamed = actor({ ...riley, id: 'responder9' }, 'approver');
    expect(mayApprove(renamed, awaitingApproval, press, { policy, now: soon })).toMatchObject({
      refused: 'selfApproval',
    });
    expect(
      mayResend(renamed, requests.unknown, { ...press, revision: requests.unknown.revision }, { policy }),
    ).toMatchObject({
      refused: 'selfApproval',
      deed: 'resend',
    });
  });
});

describe('a press that carries too little', () => {
  test.each([
    [{ fingerprint: '1c9e04ab', revision: 1 }, true],
    [{ fingerprint: '1c9e04ab1c9e04a', revision: 1 }, true],
    [{ fingerprint: '1c9e04ab1c9e04ab' }, true],
    [{ fingerprint: '1c9e04ab1c9e04ab', revision: 1 }, false],
  ])('%j is short: %p', (press, short) => {
    expect(isShort(press)).toBe(short);
    const refused = mayApprove(averyActs, requests.awaitingApproval, press, { policy, now: soon });
    expect(refused?.refused).toBe(short ? 'shortFingerprint' : undefined);
  });

  test('keeps the line that was typed, for the answer', () => {
    const line = 'approve lr-7f3k2q';
    const typed = { fingerprint: '1c9e04ab1c9e04ab', revision: 0, typed: line } as unknown as Parameters<
      typeof mayApprove
    >[2];
    expect(mayApprove(averyActs, requests.awaitingApproval, typed, { policy, now: soon })).toEqual({
      refused: 'staleCard',
      id: 'lr-7f3k2q',
      typed: line,
    });
    const pressed = mayApprove(
      averyActs,
      requests.awaitingApproval,
      { fingerprint: '1c9e04ab1c9e04ab', revision: 0 },
      { policy, now: soon },
    );
    expect(Object.keys(pressed ?? {})).toEqual(['refused', 'id']);
  });
});

describe('each refusal names its deed', () => {
  const queued = requests.queued;
  const running = requests.running;
  const press = { fingerprint: '1c9e04ab1c9e04ab', revision: 1 };
  const table: readonly (readonly [string, object, unknown])[] = [
    [
      'a second approval',
      { deed: 'approve', state: 'queued' },
      mayApprove(averyActs, queued, press, { policy, now: soon }),
    ],
    ['a denial too late', { deed: 'deny', state: 'queued' }, mayDeny(averyActs, queued, soon)],
    [
      'a denial without the role',
      { deed: 'deny', need: ['approver'] },
      mayDeny(ollyActs, requests.awaitingApproval, soon),
    ],
    ['a withdrawal too late', { deed: 'withdraw', state: 'running' }, mayWithdraw(rileyActs, running)],
    [
      'a withdrawal by a stranger',
      { deed: 'withdraw', unread: ['entra:group-1'] },
      mayWithdraw(unreadOlly, queued),
    ],
    ['a cancel too early', { deed: 'cancel', state: 'queued' }, mayCancel(rileyActs, queued)],
    ['a cancel too late', { deed: 'cancel', state: 'finished' }, mayCancel(rileyActs, requests.finished)],
    ['a cancel by a stranger', { deed: 'cancel', role: 'approver' }, mayCancel(ollyActs, running)],
    [
      'a second sending too early',
      { deed: 'resend', state: 'queued' },
      mayResend(averyActs, queued, press, { policy }),
    ],
    [
      'a second sending without the role',
      { deed: 'resend' },
      mayResend(ollyActs, requests.unknown, press, { policy }),
    ],
    ['giving up too late', { deed: 'drop', state: 'running' }, mayDrop(averyActs, running)],
    ['giving up by a stranger', { deed: 'drop' }, mayDrop(ollyActs, requests.unknown)],
  ];
  test.each(table)('%s', (_what, expected, refusal) => {
    expect(refusal).toMatchObject(expected);
  });

  test('of an action that was lost from sight too', () => {
    const lost = after(requests.running, { type: 'overdue' }, soon);
    expect(mayCancel(ollyActs, lost)).toMatchObject({ refused: 'notYourRequest', deed: 'cancel' });
  });
});

test('a cancel that had no effect may be repeated, one that Defender took may not', () => {
  const asked = (answer: CancelAsked['answer']): Request =>
    after(requests.cancelling, { type: 'cancelAsked', cancel: { by: avery, at: soon, answer } }, soon);
  expect(mayCancel(rileyActs, asked('noEffect'))).toBeUndefined();
  expect(mayCancel(rileyActs, asked('failed'))).toBeUndefined();
  expect(mayCancel(rileyActs, asked('accepted'))).toMatchObject({ refused: 'alreadyCancelling' });
});

test('an approval is prepared for nobody while frozen, or once it is too late', () => {
  expect(
    mayPrepareApproval(averyActs, requests.awaitingApproval, { policy, now: soon, freeze }),
  ).toMatchObject({
    refused: 'frozen',
  });
  expect(mayPrepareApproval(averyActs, requests.queued, { policy, now: soon })).toMatchObject({
    refused: 'alreadyApproved',
  });
});

describe('who could approve', () => {
  const ask: SessionAsk = {
    kind: 'raw',
    host: 'hosta',
    commands: [{ type: 'GetFile', path: 'C:\\x' }],
    title: 'get',
  } as unknown as SessionAsk;
  const approvers = (...members: readonly string[]): Policy => ({
    ...policy,
    roles: new Map([...policy.roles, ['approver', members]]),
  });
  const asks = (today: Policy): unknown =>
    mayRequest({ policy: today }, actor(sam, 'responder'), incidents, ask);

  test.each([
    [['responder2', 'approver1']],
    [['approver1', 'responder2']],
    [['entra:group-1']],
    [['responder2', 'slack:S0']],
  ])('is somebody else among %j', (members) => {
    expect(asks(approvers(...members))).toMatchObject({ tier: { name: 'high' } });
  });

  test.each([[['responder2']], [[]]])('is nobody else among %j', (members) => {
    expect(asks(approvers(...members))).toEqual({ refused: 'nobodyCanApprove', role: 'approver' });
  });
});

describe('a tier', () => {
  test('without a time for parked sessions puts none into the terms', () => {
    const [, high] = policy.tiers;
    expect(high === undefined ? [] : Object.keys(termsOf(high, askedAt))).toEqual([
      'tier',
      'approveRole',
      'expiresAt',
      'runWithin',
    ]);
  });

  test('is none for a policy without any, and for no command at all', () => {
    const raw = (...commands: SessionAsk['commands']): SessionAsk =>
      ({ kind: 'raw', host: 'h', commands, title: 't' }) as unknown as SessionAsk;
    expect(tierOf({ ...policy, tiers: [] }, raw({ type: 'GetFile', path: 'C:\\x' }))).toEqual({
      refused: 'commandNotAllowed',
      command: 'GetFile',
    });
    expect(tierOf(policy, raw())).toEqual({ refused: 'commandNotAllowed', command: 'RunScript' });
  });
});

describe('a freeze', () => {
  const lead: Policy = { ...policy, freeze: ['lead'] };

  test('takes one of its roles, to set and to release', () => {
    expect(mayFreeze(lead, averyActs)).toBeUndefined();
    expect(mayFreeze(lead, rileyActs)).toMatchObject({
      refused: 'missingRole',
      deed: 'freeze',
      need: ['lead'],
    });
    expect(mayUnfreeze(lead, rileyActs, freeze)).toMatchObject({ refused: 'missingRole', deed: 'unfreeze' });
    expect(mayUnfreeze(lead, averyActs, freeze)).toBeUndefined();
  });

  test('is not set twice, and not released where there is none', () => {
    expect(mayFreeze(lead, averyActs, freeze)).toEqual({ refused: 'alreadyFrozen', ...freeze });
    expect(mayUnfreeze(lead, averyActs)).toEqual({ refused: 'notFrozen' });
  });

  test('is not released by what was said before it was set', () => {
    expect(mayUnfreeze(lead, averyActs, freeze, freeze.at - 1)).toEqual({
      refused: 'frozenSince',
      ...freeze,
    });
    expect(mayUnfreeze(lead, averyActs, freeze, freeze.at)).toBeUndefined();
    expect(mayUnfreeze(lead, averyActs, freeze, freeze.at + 1)).toBeUndefined();
  });
});
