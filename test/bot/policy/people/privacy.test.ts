// What is kept of who need not know when a request is asked, and which of its tier's and places' rules count.
import { describe, expect, test } from '@jest/globals';
import {
  mayFind,
  privacyOf,
  reasonMayStand,
  redactAfterOf,
  resultsOf,
} from '../../../../src/bot/policy/needToKnow.ts';
import type { NeedToKnow, PlaceRule, Policy, Tier } from '../../../../src/bot/policy/policy.ts';
import type { Asked, Privacy, Request } from '../../../../src/liveResponse/request/request.ts';
import type { Place } from '../../../../src/bot/ports.ts';
import { avery, policy as base } from '../../../support/policy.ts';
import { requests } from '../../../support/requests/requests.ts';

const incidents: Place = { surface: 'console', id: 'incidents', direct: false, external: false };
const request = requests.finished;
const nobody = (): boolean => false;
const askedWith = (change: Partial<Asked>): Request => ({
  ...request,
  asked: { ...request.asked, ...change },
});

/** Two places, the second of which gets approval cards; the request's tier is "high". */
function policyWith(
  change: {
    readonly origin?: Partial<PlaceRule>;
    readonly approvals?: Partial<PlaceRule>;
    readonly high?: Partial<Tier>;
    readonly critical?: NeedToKnow;
  } = {},
): Policy {
  return {
    ...base,
    tiers: base.tiers.map((tier) => ({ ...tier, ...(tier.name === 'high' ? change.high : change.critical) })),
    places: [
      { place: 'console:incidents', approvals: false, results: 'card', ...change.origin },
      { place: 'slack:C0SOC', approvals: true, results: 'card', ...change.approvals },
      { place: 'slack:C0ELSE', approvals: false, results: 'private', visibility: ['lead'] },
    ],
  };
}

describe('with a request is kept', () => {
  const kept = (policy: Policy, place = incidents): Privacy | undefined => {
    const high = policy.tiers.find(({ name }) => name === 'high');
    if (high === undefined) throw new Error('no tier');
    const whole = privacyOf(policy, place, high);
    expect(Object.keys(whole)).toEqual(whole.privacy === undefined ? [] : ['privacy']);
    return whole.privacy;
  };

  test('nothing, where nothing limits it', () => {
    expect(kept(policyWith())).toBeUndefined();
  });

  test.each([
    ['the place it was asked in', policyWith({ origin: { results: 'private' } })],
    ['one of the places of its cards', policyWith({ approvals: { results: 'private' } })],
  ])('that results are private, where they are in %s', (_where, policy) => {
    expect(kept(policy)).toStrictEqual({ results: 'private' });
  });

  test('who finds it: one list of the place, one of the tier', () => {
    expect(kept(policyWith({ origin: { visibility: ['hunter'] } }))).toStrictEqual({
      visibility: [['hunter']],
    });
    expect(
      kept(policyWith({ origin: { visibility: [] }, high: { visibility: ['hunter', 'lead'] } })),
    ).toStrictEqual({ visibility: [[], ['hunter', 'lead']] });
  });

  test('both, where both are so', () => {
    expect(kept(policyWith({ origin: { results: 'private', visibility: ['hunter'] } }))).toStrictEqual({
      results: 'private',
      visibility: [['hunter']],
    });
  });

  test('nothing of a tier or a place that it has nothing to do with', () => {
    expect(kept(policyWith({ critical: { visibility: [] } }))).toBeUndefined();
    expect(kept(policyWith(), { ...incidents, surface: 'slack', id: 'C0SOC' })).toBeUndefined();
  });
});

describe('an approver', () => {
  const finds = (policy: Policy, role: string): boolean =>
    mayFind(policy, { person: avery, roles: new Set([role]) }, request);
  const hidden = { origin: { visibility: [] } };

  test('of the tier as it was, or as it is, finds what is hidden from others', () => {
    const today = policyWith({ ...hidden, high: { approve: 'lead' } });
    expect([finds(today, 'approver'), finds(today, 'lead'), finds(today, 'responder')]).toEqual([
      true,
      true,
      false,
    ]);
  });

  test('of a tier that is gone finds it by the role of then alone', () => {
    const today = { ...policyWith(hidden), tiers: base.tiers.filter(({ name }) => name !== 'high') };
    expect([finds(today, 'approver'), finds(today, 'lead')]).toEqual([true, false]);
  });
});

test('results leave the cards by the time of the request’s own tier', () => {
  expect(redactAfterOf(policyWith({ high: { redactAfter: 9 }, critical: { redactAfter: 1 } }), request)).toBe(
    9,
  );
  expect(redactAfterOf(policyWith({ critical: { redactAfter: 1 } }), request)).toBeUndefined();
});

test('results are on no card, where one of two places of cards is private', () => {
  const policy = policyWith();
  const more: PlaceRule = { place: 'slack:C0MORE', approvals: true, results: 'private' };
  expect(resultsOf(policy, request, nobody)).toBe('card');
  expect(resultsOf({ ...policy, places: [...policy.places, more] }, request, nobody)).toBe('private');
});

describe('reasons', () => {
  const stand = (policy: Policy, key: string, asked: Partial<Asked> = {}): boolean =>
    reasonMayStand(policy, askedWith(asked), key, nobody);
  const limited = policyWith({ high: { visibility: ['lead'] } });
  const alone = { place: 'slack:D0RILEY', placeIsPrivate: true };

  test('stand in the conversation of two they were given in, whoever finds the request', () => {
    expect(stand(limited, 'slack:D0RILEY', alone)).toBe(true);
  });

  test('do not stand in a private place that the policy lists, where not all its readers find it', () => {
    expect(stand(limited, 'console:incidents', { placeIsPrivate: true })).toBe(false);
  });

  test('do not stand where the policy no longer names the place, unless nobody else reads there', () => {
    expect(stand(limited, 'slack:C0GONE', { place: 'slack:C0GONE' })).toBe(false);
    expect(stand(policyWith(), 'slack:C0OTHER', alone)).toBe(false);
  });

  test('stand among readers who find the request by the place and by the tier', () => {
    const both = (readers: readonly string[]): Policy =>
      policyWith({
        origin: { visibility: ['hunter', 'lead'] },
        high: { visibility: ['lead'] },
        approvals: { visibility: readers },
      });
    expect(stand(both(['lead']), 'slack:C0SOC')).toBe(true);
    expect(stand(both(['hunter']), 'slack:C0SOC')).toBe(false);
    expect(stand(both(['hunter', 'lead']), 'slack:C0SOC')).toBe(false);
  });
});
