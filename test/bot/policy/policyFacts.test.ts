// What the journal keeps of a change of the policy, beside the sentence that people read: each kind of change
// once, by what of it is different.
import { describe, expect, test } from '@jest/globals';
import type { PlaceRule, Policy, Recipe, Tier } from '../../../src/bot/policy/policy.ts';
import { changesOf, changeWords } from '../../../src/bot/policy/changes/policyChanges.ts';
import type { PolicyChange } from '../../../src/bot/policy/changes/change.ts';
import { avery, dump, olly, policy, riley, sam } from '../../support/policy.ts';

const minute = 60_000;
const tier = (change: Partial<Tier>, name = 'high'): Policy => ({
  ...policy,
  tiers: policy.tiers.map((one) => (one.name === name ? { ...one, ...change } : one)),
});
const recipe = (change: Partial<Recipe>): Policy => ({
  ...policy,
  recipes: new Map([['dump', { ...dump, ...change }]]),
});
const places = (...list: readonly PlaceRule[]): Policy => ({ ...policy, places: list });
const [incidents, quiet, slack] = policy.places;
const [critical, high] = policy.tiers;
if (!incidents || !quiet || !slack || !critical || !high) throw new Error('the policy has fewer parts');
const { allow, never } = policy.devices;

/** The fact in one line: `narrows: recipe removed {"name":"dump"}`. No field of it is there and not set. */
function factOf({ fact: { effect, what, ...more } }: PolicyChange): string {
  expect(Object.values(more)).not.toContain(undefined);
  return `${effect}: ${what} ${JSON.stringify(more)}`;
}

type Row = readonly [what: string, before: Policy, after: Policy, facts: readonly string[], words?: string];

function check([_what, before, after, facts, words]: Row): void {
  const changes = changesOf(before, after);
  expect(changes.map(factOf)).toEqual(facts);
  if (words !== undefined) expect(changes.map((one) => one.words).join(' | ')).toBe(words);
}

describe('of people and roles', () => {
  test.each<Row>([
    [
      'somebody new and somebody gone',
      policy,
      { ...policy, people: [riley, avery, sam, { ...olly, id: 'onlooker2' }] },
      ['widens: person added {}', 'narrows: person removed {}'],
    ],
    [
      'another account',
      policy,
      { ...policy, people: [riley, avery, sam, { ...olly, accounts: ['teams:olly'] }] },
      ['widens: account added {}', 'narrows: account removed {}'],
    ],
    [
      'another member of a role',
      policy,
      { ...policy, roles: new Map([...policy.roles, ['lead', ['responder2']]]) },
      ['widens: role member added {"name":"lead"}', 'narrows: role member removed {"name":"lead"}'],
    ],
    [
      'who reads results',
      policy,
      { ...policy, results: { read: ['approver', 'lead'] } },
      ['widens: results readers {"to":"lead"}', 'narrows: results readers {"from":"responder"}'],
    ],
    [
      'who freezes',
      policy,
      { ...policy, freeze: ['lead'] },
      ['widens: freeze roles {"to":"lead"}', 'narrows: freeze roles {"from":"approver"}'],
    ],
  ])('%s', (...row) => {
    check(row);
  });
});

describe('of tiers', () => {
  const field = (effect: string, more: object): readonly string[] => [
    `${effect}: tier field ${JSON.stringify({ name: 'high', ...more })}`,
  ];
  const seen = (...visibility: readonly string[]): Policy => tier({ visibility });

  test.each<Row>([
    [
      'one more',
      { ...policy, tiers: [high] },
      policy,
      ['changes: tier added {"name":"critical"}'],
      'there is a tier critical',
    ],
    ['one fewer', policy, { ...policy, tiers: [high] }, ['narrows: tier removed {"name":"critical"}']],
    ['another order', policy, { ...policy, tiers: [high, critical] }, ['widens: tier order {}']],
    [
      'approved by others than before',
      tier({ approve: 'lead' }),
      policy,
      field('widens', { field: 'approve', from: 'lead', to: 'approver' }),
    ],
    [
      'a reason that is no longer asked for',
      tier({ reason: 'required' }),
      policy,
      field('widens', { field: 'reason', from: 'required', to: 'optional' }),
    ],
    [
      'found by one role more',
      seen('lead'),
      seen('lead', 'hunter'),
      field('widens', {
        field: 'visibility',
        from: 'for requester, approvers, lead only',
        to: 'for requester, approvers, lead, hunter only',
      }),
    ],
    [
      'found by one role fewer',
      seen('lead', 'hunter'),
      seen('lead'),
      field('narrows', {
        field: 'visibility',
        from: 'for requester, approvers, lead, hunter only',
        to: 'for requester, approvers, lead only',
      }),
    ],
    [
      'found by everybody',
      seen(),
      policy,
      field('widens', { field: 'visibility', from: 'for requester, approvers only' }),
      'tier high: visibility is not set, was for requester, approvers only',
    ],
    [
      'found by some only',
      policy,
      seen(),
      field('narrows', { field: 'visibility', to: 'for requester, approvers only' }),
      'tier high: visibility is for requester, approvers only, was not set',
    ],
  ])('%s', (...row) => {
    check(row);
  });

  describe.each(['redactAfter', 'cancelParkedAfter'] as const)('%s', (name) => {
    const set = (minutes: number): Policy => tier({ [name]: minutes * minute });
    test.each<Row>([
      [
        'no longer set',
        set(1),
        policy,
        field('widens', { field: name, from: minute }),
        `tier high: ${name} is not set, was 1 min`,
      ],
      ['set', policy, set(1), field('narrows', { field: name, to: minute })],
      ['longer', set(1), set(2), field('widens', { field: name, from: minute, to: 2 * minute })],
      ['shorter', set(2), set(1), field('narrows', { field: name, from: 2 * minute, to: minute })],
    ])('%s', (...row) => {
      check(row);
    });
  });
});

describe('of recipes', () => {
  test.each<Row>([
    [
      'one more',
      { ...policy, recipes: new Map() },
      policy,
      ['widens: recipe added {"name":"dump"}'],
      'there is a recipe dump, in tier high',
    ],
    ['one fewer', policy, { ...policy, recipes: new Map() }, ['narrows: recipe removed {"name":"dump"}']],
    [
      'in a looser tier',
      recipe({ tier: 'critical' }),
      policy,
      ['widens: recipe tier {"name":"dump","from":"critical","to":"high"}'],
    ],
    [
      'in a tier that there is not, so that nobody may ask for it',
      recipe({ tier: 'critical' }),
      recipe({ tier: 'gone' }),
      ['narrows: recipe tier {"name":"dump","from":"critical","to":"gone"}'],
    ],
    [
      'two other commands',
      policy,
      recipe({
        commands: [
          { type: 'GetFile', path: 'C:\\x' },
          { type: 'GetFile', path: 'C:\\y' },
        ],
      }),
      ['widens: recipe commands {"name":"dump"}'],
      'the recipe dump runs other commands: GetFile C:\\x; GetFile C:\\y',
    ],
    [
      'another system',
      recipe({ systems: ['windows'] }),
      recipe({ systems: ['linux'] }),
      ['widens: recipe systems {"name":"dump","from":"Windows","to":"Linux"}'],
    ],
  ])('%s', (...row) => {
    check(row);
  });
});

describe('of what a recipe takes', () => {
  test.each<Row>([
    [
      'two other arguments',
      policy,
      recipe({
        args: [
          { name: 'path', chars: 'a-z', max: 9 },
          { name: 'file', chars: 'a-z', max: 9 },
        ],
      }),
      ['widens: recipe arguments {"name":"dump"}'],
      'the recipe dump takes other arguments: path file',
    ],
    [
      'a longer range of characters',
      recipe({ args: [{ name: 'process', chars: 'A-M', max: 9 }] }),
      recipe({ args: [{ name: 'process', chars: 'A-Z', max: 9 }] }),
      ['widens: recipe argument {"name":"dump","field":"process"}'],
      'the recipe dump takes more as process: at most 9 of A-Z, was 9 of A-M',
    ],
    [
      'fewer characters',
      recipe({ args: [{ name: 'process', chars: 'a-z', max: 9 }] }),
      recipe({ args: [{ name: 'process', chars: 'a-z', max: 8 }] }),
      ['narrows: recipe argument {"name":"dump","field":"process"}'],
    ],
  ])('%s', (...row) => {
    check(row);
  });
});

describe('of commands, devices and places', () => {
  const devices = (change: Partial<Policy['devices']>): Policy => ({
    ...policy,
    devices: { ...policy.devices, ...change },
  });
  test.each<Row>([
    [
      'commands outside recipes',
      policy,
      { ...policy, raw: { RunScript: 'high', PutFile: 'high' } },
      [
        'widens: command tier {"name":"run","from":"critical","to":"high"}',
        'narrows: command removed {"name":"get"}',
        'widens: command added {"name":"put"}',
      ],
    ],
    [
      'every group of devices',
      devices({ allow: { ...allow, groups: ['*'] } }),
      policy,
      ['widens: devices allow groups {"to":"Workstations"}', 'narrows: devices allow groups {"from":"*"}'],
      'devices in the group Workstations are allowed | the group * (every group) no longer makes a device allowed',
    ],
    [
      'devices that are never touched',
      policy,
      devices({ never: { ...never, groups: ['Servers'], tags: [] } }),
      [
        'narrows: devices never groups {"to":"Servers"}',
        'widens: devices never groups {"from":"Domain Controllers"}',
        'widens: devices never tags {"from":"no-lr"}',
      ],
      'devices in the group Servers are never touched | devices in the group Domain Controllers are no longer kept out by that | devices with the tag no-lr are no longer kept out by that',
    ],
    [
      'places that are new',
      places(),
      policy,
      ['console:incidents', 'console:soc-private', 'slack:C0SOC'].map(
        (name) => `widens: place added {"name":"${name}"}`,
      ),
      'requests are taken in console:incidents, which gets approval cards, with results on the card | requests are taken in console:soc-private | requests are taken in slack:C0SOC, which gets approval cards, with results on the card',
    ],
    [
      'a place that is gone',
      policy,
      places(incidents, slack),
      ['narrows: place removed {"name":"console:soc-private"}'],
    ],
    [
      'results that are shown in a place',
      policy,
      places(incidents, { ...quiet, results: 'card' }, slack),
      ['widens: place field {"name":"console:soc-private","field":"results","from":"private","to":"card"}'],
    ],
    [
      'whom to mention in a place, and not the account',
      policy,
      places(incidents, quiet, { ...slack, notify: 'slack:U0AVERY' }),
      ['changes: place field {"name":"slack:C0SOC","field":"notify"}'],
    ],
  ])('%s', (...row) => {
    check(row);
  });
});

describe('people read', () => {
  const group = (count: number): Policy => ({
    ...policy,
    devices: {
      ...policy.devices,
      allow: { ...allow, tags: Array.from({ length: count }, (_, at) => `t${at}`) },
    },
  });
  const none = group(0);

  test('eight changes of a kind, and how many more there are', () => {
    expect(changeWords(changesOf(none, group(8)))).toMatch(
      /t6 are allowed; devices with the tag t7 are allowed\.$/,
    );
    expect(changeWords(changesOf(none, group(9)))).toMatch(/t7 are allowed; and 1 more\.$/);
  });

  test('last what neither widens nor narrows it', () => {
    const mentioned = places({ ...incidents, notify: 'console:sam' }, quiet);
    expect(changeWords(changesOf(policy, mentioned))).toBe(
      'It narrows: requests are no longer taken in slack:C0SOC. Other changes: place console:incidents: notify is console:sam, was console:avery.',
    );
  });
});
