// Who somebody is: one human, one person, and nobody when in doubt.
import { describe, expect, test } from '@jest/globals';
import {
  actorNow,
  actorOf,
  holdsRole,
  identify,
  ownerOf,
  readGroups,
  refOf,
  rolesOf,
  sendingMayUse,
  stoppingWaits,
  whoami,
} from '../../../../src/bot/policy/people/people.ts';
import type { Account, Groups, Place, Trust } from '../../../../src/bot/ports.ts';
import type { Actor, Freshness } from '../../../../src/bot/policy/people/people.ts';
import { rememberingGroups } from '../../../../src/bot/workers/reads/lastKnown.ts';
import { createCurrentPolicy } from '../../../../src/bot/policy/places.ts';
import type { Policy } from '../../../../src/bot/policy/policy.ts';
import { isRefusal } from '../../../../src/bot/policy/refusals/refusal.ts';
import { readYaml } from '../../../../src/adapters/config/yamlFile.ts';
import { olly, policy, riley, sam } from '../../../support/policy.ts';

const account = (surface: string, id: string, trust: Trust = 'member'): Account => ({ surface, id, trust });
const nobodyInGroups: Groups = { includes: () => Promise.resolve(false) };
const incidents: Place = { surface: 'slack', id: 'C0SOC', direct: false, external: false };

describe('an account', () => {
  test('speaks for the person it is listed under, on each surface', () => {
    expect(identify(policy, account('slack', 'U0RILEY'))).toBe(riley);
    expect(identify(policy, account('console', 'riley'))).toBe(riley);
    expect(identify(policy, account('teams', 'aaaa-1'))).toBe(riley);
  });

  test('of another surface with the same id is somebody else', () => {
    expect(identify(policy, account('teams', 'U0RILEY'))).toEqual({
      refused: 'unlisted',
      account: 'teams:U0RILEY',
    });
  });

  test('is never found by a display name', () => {
    expect(identify(policy, { ...account('slack', 'U0OTHER'), name: 'Riley Responder' })).toMatchObject({
      refused: 'unlisted',
    });
  });

  test('listed for two people is nobody', () => {
    const twice: Policy = { ...policy, people: [riley, { ...sam, accounts: ['slack:U0RILEY'] }] };
    expect(identify(twice, account('slack', 'U0RILEY'))).toEqual({
      refused: 'ambiguousPerson',
      account: 'slack:U0RILEY',
      people: ['responder1', 'responder2'],
    });
  });

  test.each(['guest', 'external', 'bot', 'anonymous', 'foreignTenant', 'deactivated'] as const)(
    'that is %s is refused even when listed',
    (trust) => {
      expect(identify(policy, account('slack', 'U0RILEY', trust))).toEqual({ refused: 'notMember', trust });
    },
  );

  test('that its platform could not tell counts for what only stops something, and for nothing else', () => {
    const unread: Account = { ...account('slack', 'U0RILEY', 'unknown'), platform: 'Slack' };
    expect(identify(policy, unread, 'nowOrLast')).toBe(riley);
    for (const how of ['now', 'remembered'] as const)
      expect(identify(policy, unread, how)).toEqual({ refused: 'identityUnread', platform: 'Slack' });
  });
});

describe('roles', () => {
  test('come from the list of people', async () => {
    expect([...(await rolesOf(policy, sam, nobodyInGroups)).roles]).toEqual(['responder', 'approver']);
    expect([...(await rolesOf(policy, olly, nobodyInGroups)).roles]).toEqual([]);
  });

  test('come from a group, each group being asked once', async () => {
    const calls: string[] = [];
    const twoRoles: Policy = {
      ...policy,
      roles: new Map([
        ['a', ['slack:S1']],
        ['b', ['slack:S1', 'slack:S2']],
      ]),
    };
    const groups: Groups = {
      includes: (group, person) => {
        calls.push(`${group} ${person.id}`);
        return Promise.resolve(group === 'slack:S1');
      },
    };
    expect([...(await rolesOf(twoRoles, riley, groups)).roles]).toEqual(['a', 'b']);
    expect(calls).toEqual(['slack:S1 responder1', 'slack:S2 responder1']);
  });

  test('are not given by a group that cannot be read, and that group is named', async () => {
    const broken: Groups = {
      includes: (group) =>
        group.startsWith('entra:') ? Promise.reject(new Error('503')) : Promise.resolve(true),
    };
    expect(await rolesOf(policy, olly, broken)).toEqual({
      roles: new Set(['responder']),
      unread: [{ role: 'approver', group: 'entra:group-1' }],
    });
  });

  test('that the list gives already ask no group', async () => {
    const askedFor: string[] = [];
    const never: Groups = { includes: (group) => Promise.resolve(askedFor.push(group) > 0) };
    expect(
      await rolesOf({ ...policy, roles: new Map([['responder', ['responder1', 'slack:S1']]]) }, riley, never),
    ).toEqual({ roles: new Set(['responder']), unread: [] });
    expect(askedFor).toEqual([]);
  });

  test('are those of a policy that changes while a group is being asked', async () => {
    let answer = (_yes: boolean): void => undefined;
    const groups: Groups = { includes: () => new Promise<boolean>((resolve) => (answer = resolve)) };
    const todays = createCurrentPolicy({
      ...policy,
      roles: new Map([
        ['approver', ['responder2', 'slack:S1']],
        ['lead', ['approver1', 'slack:S1']],
      ]),
    });
    const asked = actorOf(todays.policy, account('slack', 'U0SAM'), groups);
    todays.replace({ ...policy, roles: new Map([['approver', ['approver1']]]) });
    answer(true);
    expect(await asked).toMatchObject({ roles: new Set() });
    const gone = actorOf(createCurrentPolicy(policy).policy, account('slack', 'U0SAM'), {
      includes: () => Promise.resolve(false),
    });
    expect(await gone).toMatchObject({ person: { id: 'responder2' } });
    const left = createCurrentPolicy(policy);
    const leaving = actorOf(left.policy, account('slack', 'U0SAM'), {
      includes: () => Promise.resolve(true),
    });
    left.replace({ ...policy, people: [riley] });
    expect(await leaving).toMatchObject({ refused: 'unlisted' });
  });

  test('are never given to somebody who is not listed, whatever the group says', async () => {
    let count = 0;
    const everybody: Groups = { includes: () => Promise.resolve((count += 1) > 0) };
    expect(await actorOf(policy, account('slack', 'U0STRANGER'), everybody)).toMatchObject({
      refused: 'unlisted',
    });
    expect(count).toBe(0);
  });
});

describe('how freshly a group is asked', () => {
  const one: Policy = { ...policy, roles: new Map([['approver', ['entra:group-1']]]) };
  const every: readonly Freshness[] = ['remembered', 'now', 'nowOrLast'];

  test('is told by what it is asked for: a moment and no more where something is to be stopped', async () => {
    const asked: unknown[] = [];
    const groups: Groups = { includes: (_group, _person, ...how) => Promise.resolve(asked.push(how) > 0) };
    for (const how of every) await rolesOf(one, riley, groups, how);
    await rolesOf(one, riley, groups, 'recent');
    await rolesOf(one, riley, groups);
    await actorOf(one, account('slack', 'U0RILEY'), groups);
    expect(asked).toEqual([[false], [true], [true, stoppingWaits], [sendingMayUse], [false], [false]]);
  });

  test('what it last said gives its role for stopping alone, and the actor says so', async () => {
    for (const last of [true, false]) {
      const groups: Groups = {
        includes: () => Promise.reject(new Error('503')),
        lastKnown: () => last,
        platformOf: () => 'Microsoft Entra',
      };
      const told = await Promise.all(every.map((how) => rolesOf(one, riley, groups, how)));
      expect(told.map(({ roles }) => [...roles])).toEqual([[], [], last ? ['approver'] : []]);
      expect(told.map(({ unread }) => unread.length)).toEqual([1, 1, 0]);
      expect(told.map(({ lastKnown }) => lastKnown)).toEqual([
        undefined,
        undefined,
        last ? ['Microsoft Entra'] : undefined,
      ]);
    }
  });

  test('each group’s answer is kept as it was given', async () => {
    const all: Policy = { ...policy, roles: new Map([['r', ['g:yes', 'g:no', 'g:down', 'g:was']]]) };
    const groups: Groups = {
      includes: (group) =>
        group === 'g:yes' || group === 'g:no'
          ? Promise.resolve(group === 'g:yes')
          : Promise.reject(new Error()),
      lastKnown: (group) => (group === 'g:was' ? false : undefined),
    };
    const { reading } = await readGroups(all, riley, groups, 'nowOrLast');
    expect(Object.fromEntries(reading.answers)).toEqual({
      'g:yes': 'yes',
      'g:no': 'no',
      'g:down': 'unread',
      'g:was': 'no',
    });
  });

  test('an answer holds for the very accounts that were asked about', () => {
    const reading = { accounts: riley.accounts, answers: new Map([['entra:group-1', 'yes']] as const) };
    const held = (accounts: readonly string[]) => holdsRole(one, { ...riley, accounts }, 'approver', reading);
    expect(held(riley.accounts.toReversed())).toBe('yes');
    const [first = '', second = ''] = riley.accounts;
    const unread = { unread: ['entra:group-1'] };
    expect(held([first, second, 'slack:U0HEIR'])).toEqual(unread);
    expect(held([first, second])).toEqual(unread);
  });

  test('a no is remembered as well as a yes, by accounts and not by the id in the policy', async () => {
    let says = true;
    const groups = rememberingGroups({ includes: () => Promise.resolve(says) });
    await groups.includes('entra:group-1', riley, true, 5);
    expect(groups.lastKnown?.('entra:group-1', { ...riley, accounts: [...riley.accounts].reverse() })).toBe(
      true,
    );
    expect(groups.lastKnown?.('entra:group-1', { ...riley, accounts: ['slack:U0HEIR'] })).toBeUndefined();
    says = false;
    await groups.includes('entra:group-1', riley, true, 5);
    expect(groups.lastKnown?.('entra:group-1', riley)).toBe(false);
  });

  test('is passed on by the groups that remember', async () => {
    const asked: unknown[] = [];
    const groups = rememberingGroups({ includes: (...all) => Promise.resolve(asked.push(all) > 0) });
    await groups.includes('entra:group-1', riley, true, 5);
    expect(asked).toEqual([['entra:group-1', riley, true, 5]]);
  });

  test('an account whose platform did not answer, or answered from memory, is named as such', async () => {
    const silent = async (one: Account): Promise<unknown> =>
      actorOf(policy, one, nobodyInGroups, 'nowOrLast');
    expect(await silent({ ...account('slack', 'U0RILEY', 'unknown'), platform: 'Slack' })).toMatchObject({
      lastKnown: ['Slack'],
    });
    expect(
      await silent({ ...account('slack', 'U0RILEY'), platform: 'Slack', lastKnown: true }),
    ).toMatchObject({
      lastKnown: ['Slack'],
    });
    expect(await silent(account('slack', 'U0RILEY'))).not.toHaveProperty('lastKnown');
  });
});

describe('whoami', () => {
  test('tells a listed person name, roles and ids', async () => {
    const who = await actorOf(policy, account('slack', 'U0SAM'), nobodyInGroups);
    expect(isRefusal(who)).toBe(false);
    const { text, block } = whoami(
      { ...account('slack', 'U0SAM'), details: [['team', 'T0TEAM']] },
      incidents,
      who,
    );
    expect(text).toBe('You are Sam Second (responder2).');
    expect(block).toBe(
      'roles     responder, approver\naccounts  console:sam, slack:U0SAM\naccount   slack:U0SAM\nplace     slack:C0SOC\nteam      T0TEAM',
    );
  });

  test('gives an unlisted account a line that is ready to paste, whatever its display name holds', () => {
    const stranger: Account = { ...account('slack', 'U0NEW'), name: 'Zoë "Z" \u202E}, { id: x' };
    const { block = '' } = whoami(stranger, incidents, { refused: 'unlisted', account: 'slack:U0NEW' });
    const line = block.split('\n').at(-1) ?? '';
    expect(readYaml(line).value).toEqual([{ id: 'zo-z-id-x', name: 'Zoë "Z" }, { id: x', slack: 'U0NEW' }]);
  });
});

describe('the actor by the policy of this moment', () => {
  const actor: Actor = { person: sam, account: 'slack:U0SAM', roles: new Set(['lead']), unread: [] };

  test('has the roles that it gives now', () => {
    const renamed = { ...sam, name: 'Sam Renamed' };
    const now = actorNow({ ...policy, people: [renamed] }, actor);
    expect(now).toMatchObject({ person: renamed, account: 'slack:U0SAM' });
    expect('roles' in now && [...now.roles]).toEqual(['responder', 'approver']);
  });

  test('is nobody whose account was taken off the list, or given to two', () => {
    const unlisted = { refused: 'unlisted', account: 'slack:U0SAM' };
    expect(actorNow({ ...policy, people: [riley] }, actor)).toEqual(unlisted);
    const twice: Policy = { ...policy, people: [sam, { ...riley, accounts: ['slack:U0SAM'] }] };
    expect(actorNow(twice, actor)).toEqual(unlisted);
    expect(ownerOf(twice, 'slack:U0SAM')).toBeUndefined();
  });

  test('is kept in a request by id and name alone', () => {
    expect(refOf(sam)).toEqual({ id: 'responder2', name: 'Sam Second' });
  });
});

describe('whoami in other cases', () => {
  const here = account('slack', 'U0NEW');
  const unlisted = { refused: 'unlisted', account: 'slack:U0NEW' } as const;

  test.each<readonly [string, Partial<Place>, string]>([
    ['a conversation', { direct: true }, 'place     a conversation with the bot alone'],
    [
      'a shared place',
      { external: true },
      'place     slack:C0SOC (shared with another organisation: results are private)',
    ],
  ])('says of %s what it is', (_what, change, line) => {
    expect(whoami(here, { ...incidents, ...change }, unlisted).block?.split('\n')).toContain(line);
  });

  test('says which roles are not known, that there are none, and who else has the name', () => {
    const actor: Actor = {
      person: sam,
      account: 'slack:U0SAM',
      roles: new Set(),
      unread: [{ role: 'approver', group: 'entra:group-1' }],
    };
    const twin = { id: 'sam2', name: 'Second, Sam', accounts: [] };
    const { text, block } = whoami(account('slack', 'U0SAM'), incidents, actor, [sam, twin]);
    expect(text).toMatch(/^You are Sam Second \(responder2\)\. The policy also lists Second, Sam \(sam2\)\./);
    expect(block?.split('\n').slice(0, 2)).toEqual([
      'roles     none',
      'not read  entra:group-1, which may give the role approver',
    ]);
  });

  test.each<readonly [Parameters<typeof whoami>[2], string]>([
    [
      { refused: 'identityUnread', platform: 'Slack' },
      'Slack could not say who you are just now. Ask again in a minute.',
    ],
    [{ refused: 'notMember', trust: 'guest' }, 'You are not known here.'],
  ])('gives no line to paste after %j', (refusal, text) => {
    expect(whoami(here, incidents, refusal)).toEqual({
      text,
      block: 'account   slack:U0NEW\nplace     slack:C0SOC',
    });
  });

  test.each([
    [undefined, '- { id: your-name, name: "Your Name", slack: "U0NEW" }'],
    ['山田', '- { id: somebody, name: "山田", slack: "U0NEW" }'],
  ])('has a line to paste for the name %j', (name, line) => {
    const named = name === undefined ? here : { ...here, name };
    const { text, block } = whoami(named, incidents, unlisted);
    expect(text).toBe(
      'You are not listed in the policy. An administrator pastes the last line under "people" and gives you a role.',
    );
    expect(block?.split('\n').at(-1)).toBe(line);
  });
});
