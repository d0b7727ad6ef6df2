// Who finds a request, what its cards show of results, and where its reasons stand: tables over places and
// tiers, and the property that stricter never shows more.
import { describe, expect, test } from '@jest/globals';
import {
  becamePrivate,
  isPrivate,
  mayFind,
  privacyOf,
  reasonMayBeTold,
  reasonMayStand,
  redactAfterOf,
  resultsOf,
} from '../../../../src/bot/policy/needToKnow.ts';
import type { NeedToKnow, PlaceRule, Policy } from '../../../../src/bot/policy/policy.ts';
import type { Asked, Privacy, Request } from '../../../../src/liveResponse/request/request.ts';
import { avery, olly, policy as base, riley, sam } from '../../../support/policy.ts';
import { requests } from '../../../support/requests/requests.ts';

const nobody = (): boolean => false;
const request: Request = requests.finished;
const askedWith = (change: Partial<Asked>): Request => ({
  ...request,
  asked: { ...request.asked, ...change },
});
const acts = (person: typeof riley, ...roles: readonly string[]) => ({ person, roles: new Set(roles) });
const asker = { ...riley, id: request.asked.requester.id };

function policyWith(
  change: {
    readonly origin?: Partial<PlaceRule>;
    readonly approvals?: Partial<PlaceRule>;
    readonly tier?: NeedToKnow;
  } = {},
): Policy {
  return {
    ...base,
    tiers: base.tiers.map((tier) => ({ ...tier, ...change.tier })),
    places: [
      { place: request.asked.place, approvals: false, results: 'card', ...change.origin },
      { place: 'slack:C0SOC', approvals: true, results: 'card', ...change.approvals },
      { place: 'slack:C0ELSE', approvals: false, results: 'private', visibility: [], redactAfter: 1 },
    ],
  };
}

describe('who finds a request', () => {
  const limited = (...visibility: readonly string[]): Policy => policyWith({ origin: { visibility } });
  test.each<readonly [string, Policy, ReturnType<typeof acts>, boolean]>([
    ['everybody with a role, where nothing is limited', policyWith(), acts(olly, 'hunter'), true],
    ['its requester, whatever is limited', limited(), acts(asker), true],
    [
      'an approver of its tier, whatever is limited',
      limited(),
      acts(avery, request.asked.terms.approveRole),
      true,
    ],
    [
      'nobody else, where the list names nobody else',
      limited(),
      acts(sam, 'responder', 'hunter', 'lead2'),
      false,
    ],
    ['a role that the place names', limited('lead2'), acts(sam, 'lead2'), true],
    [
      'no role that only the tier names',
      policyWith({ origin: { visibility: ['lead2'] }, tier: { visibility: ['hunter'] } }),
      acts(sam, 'hunter'),
      false,
    ],
    [
      'no role that only the place names',
      policyWith({ origin: { visibility: ['lead2'] }, tier: { visibility: ['hunter'] } }),
      acts(sam, 'lead2'),
      false,
    ],
    [
      'anyone who holds a role of each',
      policyWith({ origin: { visibility: ['lead2'] }, tier: { visibility: ['hunter'] } }),
      acts(sam, 'lead2', 'hunter'),
      true,
    ],
    [
      'everybody, where only an approvals place is limited: it was not asked there',
      policyWith({ approvals: { visibility: [] } }),
      acts(olly, 'hunter'),
      true,
    ],
  ])('%s', (_what, policy, actor, finds) => {
    expect(mayFind(policy, actor, request)).toBe(finds);
  });

  test('as strictly as when it was asked, however loose the policy is now', () => {
    const old = askedWith({ privacy: { visibility: [['lead2']] } });
    expect(mayFind(policyWith(), acts(sam, 'hunter'), old)).toBe(false);
    expect(mayFind(policyWith(), acts(sam, 'lead2'), old)).toBe(true);
  });
});

describe('results on its cards', () => {
  const mode = (
    policy: Policy,
    one: Request = request,
    outsiders = nobody as (key: string) => boolean,
  ): string => resultsOf(policy, one, outsiders);
  test.each<readonly [string, string, string]>([
    ['all places show them', mode(policyWith()), 'card'],
    ['it was asked where they are private', mode(policyWith({ origin: { results: 'private' } })), 'private'],
    ['an approvals place is private', mode(policyWith({ approvals: { results: 'private' } })), 'private'],
    ['it was asked of the bot alone', mode(policyWith(), askedWith({ placeIsPrivate: true })), 'private'],
    [
      'it was asked where the policy no longer names a place',
      mode({ ...base, places: base.places.filter(({ place }) => place !== request.asked.place) }),
      'private',
    ],
    [
      'outsiders read where it was asked',
      mode(policyWith(), request, (key) => key === request.asked.place),
      'private',
    ],
    [
      'outsiders read in an approvals place',
      mode(policyWith(), request, (key) => key === 'slack:C0SOC'),
      'private',
    ],
    [
      'outsiders read in a place without a card of it',
      mode(policyWith(), request, (key) => key === 'slack:C0ELSE'),
      'card',
    ],
    [
      'they were private when it was asked',
      mode(policyWith(), askedWith({ privacy: { results: 'private' } })),
      'private',
    ],
    [
      'they were taken off',
      mode(policyWith(), { ...request, redacted: { at: 1, cause: 'time' } }),
      'private',
    ],
  ])('where %s', (_what, found, wanted) => {
    expect(found).toBe(wanted);
  });

  test('leave them after the shortest time that its tier and places name', () => {
    expect(redactAfterOf(policyWith(), request)).toBeUndefined();
    expect(
      redactAfterOf(
        policyWith({ origin: { redactAfter: 9 }, approvals: { redactAfter: 7 }, tier: { redactAfter: 8 } }),
        request,
      ),
    ).toBe(7);
  });
});

describe('its reasons', () => {
  const stands = (
    policy: Policy,
    key: string,
    one: Request = request,
    outsiders = nobody as (key: string) => boolean,
  ): boolean => reasonMayStand(policy, one, key, outsiders);
  test.each<readonly [string, boolean, boolean]>([
    ['anywhere, where nothing is limited', stands(policyWith(), 'slack:C0SOC'), true],
    [
      'in no approvals place, where it was asked in private',
      stands(policyWith({ origin: { results: 'private' } }), 'slack:C0SOC'),
      false,
    ],
    [
      'where it was asked in private',
      stands(policyWith({ origin: { results: 'private' } }), request.asked.place),
      true,
    ],
    [
      'in the conversation of two it was asked in',
      stands(
        { ...base, places: base.places.filter(({ place }) => place !== request.asked.place) },
        request.asked.place,
        askedWith({ placeIsPrivate: true }),
      ),
      true,
    ],
    ['not outside of it', stands(policyWith(), 'slack:C0SOC', askedWith({ placeIsPrivate: true })), false],
    [
      'not where the tier limits who sees it and the place does not',
      stands(policyWith({ tier: { visibility: ['lead2'] } }), request.asked.place),
      false,
    ],
    [
      'where the place has the same readers',
      stands(policyWith({ origin: { visibility: ['lead2'] } }), request.asked.place),
      true,
    ],
    [
      'in an approvals place with fewer readers',
      stands(policyWith({ origin: { visibility: ['lead2'] }, approvals: { visibility: [] } }), 'slack:C0SOC'),
      true,
    ],
    [
      'not in one with more',
      stands(policyWith({ origin: { visibility: [] }, approvals: { visibility: ['lead2'] } }), 'slack:C0SOC'),
      false,
    ],
    [
      'not where outsiders read along',
      stands(
        policyWith({ origin: { visibility: [] }, approvals: { visibility: [] } }),
        'slack:C0SOC',
        request,
        (key) => key === 'slack:C0SOC',
      ),
      false,
    ],
  ])('stand %s', (_what, found, wanted) => {
    expect(found).toBe(wanted);
  });

  test('are told alone to requester, approvers, those it is limited to, and to nobody else who may find it', () => {
    const asked = policyWith({ origin: { results: 'private' } });
    const told = (policy: Policy, actor: ReturnType<typeof acts>) =>
      reasonMayBeTold(policy, actor, request, { key: 'slack:C0SOC', outsiders: nobody });
    expect(isPrivate(asked, request, nobody)).toBe(true);
    expect([
      told(asked, acts(asker)),
      told(asked, acts(avery, request.asked.terms.approveRole)),
      told(asked, acts(olly, 'hunter')),
    ]).toEqual([true, true, false]);
    const limited = policyWith({ origin: { visibility: ['lead2'] } });
    expect([told(limited, acts(sam, 'lead2')), told(limited, acts(olly, 'hunter'))]).toEqual([true, false]);
  });
});

test('stricter never shows more: over all combinations of rules, adding one takes nobody in and puts nothing on a card', () => {
  const visibilities = [undefined, [], ['lead2'], ['hunter'], ['lead2', 'hunter']] as const;
  const modes = ['card', 'private'] as const;
  const rules = visibilities.flatMap((visibility) =>
    modes.map((results) => ({ results, ...(visibility === undefined ? {} : { visibility }) })),
  );
  const people = [
    acts(olly),
    acts(olly, 'hunter'),
    acts(olly, 'lead2'),
    acts(olly, 'hunter', 'lead2'),
    acts(asker),
    acts(avery, request.asked.terms.approveRole),
  ];
  const seen = (policy: Policy, one: Request) => ({
    finds: people.map((actor) => mayFind(policy, actor, one)),
    card: resultsOf(policy, one, nobody) === 'card',
  });
  for (const before of rules) {
    for (const after of rules) {
      for (const tier of visibilities) {
        const then = policyWith({ origin: before });
        const now = policyWith({ origin: after, tier: tier === undefined ? {} : { visibility: tier } });
        const [thenTier] = then.tiers;
        if (thenTier === undefined) throw new Error('no tier');
        const [surface = '', id = ''] = request.asked.place.split(':');
        const asked = askedWith(privacyOf(then, { surface, id, direct: false, external: false }, thenTier));
        const [atAsk, alone, both] = [seen(then, asked), seen(now, request), seen(now, asked)];
        both.finds.forEach((finds, at) =>
          expect(finds && !((atAsk.finds[at] ?? false) && (alone.finds[at] ?? false))).toBe(false),
        );
        expect(both.card && !(atAsk.card && alone.card)).toBe(false);
        expect(both.finds.slice(-2)).toEqual([true, true]);
      }
    }
  }
});

describe('more private than when it was asked', () => {
  const limited = policyWith({ origin: { visibility: ['lead2'] } });
  const approvalsPrivate = { approvals: { results: 'private' } } as const;
  test.each<readonly [string, Policy, Privacy | undefined, boolean]>([
    ['nothing is private', policyWith(), undefined, false],
    ['limited since', limited, undefined, true],
    ['limited then as now', limited, { visibility: [['lead2']] }, false],
    ['limited to others since', limited, { visibility: [['lead2', 'hunter']] }, true],
    [
      'limited since, and results were private by an approvals place',
      policyWith({ origin: { visibility: ['lead2'] }, ...approvalsPrivate }),
      { results: 'private' },
      true,
    ],
    [
      'its place private since, and results were private by an approvals place',
      policyWith({ origin: { results: 'private' }, ...approvalsPrivate }),
      { results: 'private' },
      true,
    ],
    [
      'its place private then as now',
      policyWith({ origin: { results: 'private' } }),
      { results: 'private' },
      false,
    ],
  ])('%s', (_what, policy, privacy, became) => {
    const { privacy: _own, ...rest } = request.asked;
    const asked: Asked = { ...rest, ...(privacy === undefined ? {} : { privacy }) };
    expect(becamePrivate(policy, { ...request, asked }, nobody)).toBe(became);
  });
});
