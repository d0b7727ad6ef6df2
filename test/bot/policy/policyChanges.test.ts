// What another policy changes, as people are told: rule by rule, and whether it lets more happen.
import { describe, expect, test } from '@jest/globals';
import type { Policy, Tier } from '../../../src/bot/policy/policy.ts';
import { changesOf, changeWords } from '../../../src/bot/policy/changes/policyChanges.ts';
import { avery, policy, riley, sam, olly } from '../../support/policy.ts';
import { withRecipe, withRoles, withTier } from '../../support/policyVariants.ts';

const minute = 60_000;
const tier = (change: Partial<Tier>): Policy => withTier('high', change);
const allow = { groups: ['Workstations'], tags: ['lr-ok'], names: ['kiosk.branch.example'] };
const never = policy.devices.never;
const [incidents, quiet, slack] = policy.places;
if (incidents === undefined || quiet === undefined || slack === undefined) throw new Error('no places');

const rows: readonly (readonly [Policy, readonly string[]])[] = [
  [policy, []],
  [{ ...policy, people: [riley, avery, sam] }, ['narrows: Olly Onlooker is no longer listed']],
  [
    { ...policy, people: [...policy.people, { id: 'new', name: 'New One', accounts: [] }] },
    ['widens: New One is listed'],
  ],
  [
    { ...policy, people: [riley, { ...avery, accounts: ['console:avery', 'slack:U0OTHER'] }, sam, olly] },
    [
      'widens: Avery Approver may speak from another account, slack:U0OTHER',
      'narrows: Avery Approver may no longer speak from slack:U0AVERY',
    ],
  ],
  [{ ...policy, people: [{ ...riley, name: 'Riley Renamed' }, avery, sam, olly] }, []],
  [
    withRoles({ lead: ['responder2'] }),
    ['widens: Sam Second has the role lead', 'narrows: Avery Approver no longer has the role lead'],
  ],
  [
    withRoles({ approver: ['approver1', 'responder2'] }),
    ['narrows: the group entra:group-1 no longer has the role approver'],
  ],
  [tier({ request: 'approver' }), ['widens: tier high: request is approver, was responder']],
  [tier({ approve: 'lead' }), ['narrows: tier high: approve is lead, was approver']],
  [
    tier({ expireAfter: 60 * minute, runWithin: 5 * minute }),
    [
      'widens: tier high: expireAfter is 1 h, was 30 min',
      'narrows: tier high: runWithin is 5 min, was 30 min',
    ],
  ],
  [tier({ reason: 'required' }), ['narrows: tier high: reason is required, was optional']],
  [
    tier({ visibility: ['lead'] }),
    ['narrows: tier high: visibility is for requester, approvers, lead only, was not set'],
  ],
  [tier({ redactAfter: 60 * minute }), ['narrows: tier high: redactAfter is 1 h, was not set']],
  [
    tier({ pending: { person: 30, device: 5 } }),
    [
      'widens: tier high: pending of one person is 30, was 20',
      'narrows: tier high: pending for one device is 5, was 10',
    ],
  ],
  [
    tier({ cancelParkedAfter: 20 * minute }),
    ['narrows: tier high: cancelParkedAfter is 20 min, was not set'],
  ],
  [
    { ...policy, tiers: [...policy.tiers].reverse() },
    ['widens: the tiers, strictest first, are high, critical; they were critical, high'],
  ],
  [
    { ...policy, tiers: policy.tiers.slice(1) },
    ['narrows: the tier critical is gone; requests that were asked for in it end'],
  ],
  [withRecipe({ tier: 'critical' }), ['narrows: the recipe dump is in tier critical, was in high']],
  [withRecipe({ description: 'Other words.' }), []],
  [
    withRecipe({ commands: [{ type: 'GetFile', path: 'C:\\x' }] }),
    [expect.stringMatching(/^widens: the recipe dump runs other commands: .*C:\\x/) as unknown as string],
  ],
  [
    withRecipe({ args: [{ name: 'process', chars: 'A-Z', max: 64 }] }),
    ['narrows: the recipe dump takes less as process: at most 64 of A-Z, was 64 of A-Za-z0-9._-'],
  ],
  [
    withRecipe({ args: [{ name: 'process', chars: 'A-Za-z0-9._ -', max: 64 }] }),
    [expect.stringContaining('widens: the recipe dump takes more as process') as unknown as string],
  ],
  [withRecipe({ systems: ['windows'] }), ['narrows: the recipe dump is for Windows, was for every system']],
  [
    withRecipe({ systems: ['linux', 'macos'] }),
    ['narrows: the recipe dump is for Linux and macOS, was for every system'],
  ],
  [withRecipe({ args: [] }), ['widens: the recipe dump takes other arguments: none']],
  [{ ...policy, recipes: new Map() }, ['narrows: the recipe dump is gone']],
  [
    { ...policy, raw: { RunScript: 'high', PutFile: 'high' } },
    [
      'widens: run outside recipes is in tier high, was in critical',
      'narrows: get is no longer allowed outside recipes',
      'widens: put is allowed outside recipes, in tier high',
    ],
  ],
  [
    { ...policy, devices: { allow: { ...allow, groups: ['*'] }, never: { ...never, tags: [] } } },
    [
      'widens: devices of every group are allowed',
      'narrows: the group Workstations no longer makes a device allowed',
      'widens: devices with the tag no-lr are no longer kept out by that',
    ],
  ],
  [
    { ...policy, devices: { allow, never: { ...never, names: ['dc1', 'dc2'] } } },
    ['narrows: devices with the name dc2 are never touched'],
  ],
  [
    {
      ...policy,
      places: [
        { ...incidents, results: 'private' },
        { ...quiet, approvals: true },
      ],
    },
    [
      'narrows: place console:incidents: results is private, was card',
      'widens: place console:soc-private: approvals is true, was false',
      'narrows: requests are no longer taken in slack:C0SOC',
    ],
  ],
  [
    { ...policy, places: [{ ...incidents, notify: 'console:sam' }, quiet, slack] },
    ['changes: place console:incidents: notify is console:sam, was console:avery'],
  ],
  [
    { ...policy, results: { read: ['approver', 'lead'] }, freeze: [] },
    [
      'widens: the role lead may read results',
      'narrows: the role responder may no longer read results',
      'narrows: the role approver may no longer freeze and unfreeze',
    ],
  ],
];

describe('what a policy changes', () => {
  test.each(rows.map(([after, words]) => ({ after, words, name: words.join(' | ') || 'nothing' })))(
    '$name',
    ({ after, words }) => {
      expect(changesOf(policy, after).map((change) => `${change.fact.effect}: ${change.words}`)).toEqual(
        words,
      );
    },
  );

  test.each([
    [['windows'], undefined, 'widens', 'every system, was for Windows'],
    [['windows'], ['linux'], 'widens', 'Linux, was for Windows'],
    [['linux'], ['linux', 'macos'], 'widens', 'Linux and macOS, was for Linux'],
    [['linux', 'macos'], ['macos'], 'narrows', 'macOS, was for Linux and macOS'],
  ] as const)('recipe systems from %j to %j', (from, to, effect, words) => {
    const found = changesOf(
      withRecipe({ systems: from }),
      withRecipe(to === undefined ? {} : { systems: to }),
    );
    expect(found.map((change) => `${change.fact.effect}: ${change.words}`)).toEqual([
      `${effect}: the recipe dump is for ${words}`,
    ]);
  });

  test('is told by what it widens first, and not without end', () => {
    const many: Policy = {
      ...policy,
      people: [],
      devices: { allow: { ...allow, tags: Array.from({ length: 30 }, (_, at) => `t${at}`) }, never },
    };
    const words = changeWords(changesOf(policy, many));
    expect(words).toMatch(/^It WIDENS: devices with the tag t0 are allowed;.*and 22 more\. It narrows: /);
    expect(words.length).toBeLessThan(2_000);
    expect(changeWords([])).toBe('Nothing changes in who may do what.');
  });

  test('is kept as facts without anybody’s name or account', () => {
    const facts = JSON.stringify(rows.flatMap(([after]) => changesOf(policy, after).map(({ fact }) => fact)));
    for (const person of policy.people)
      for (const personal of [person.id, person.name, ...person.accounts])
        expect(facts).not.toContain(`"${personal}"`);
  });
});
