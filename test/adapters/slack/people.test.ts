// Who is a member and who is in a group: from Slack's own words, denied by default, and never older than a
// minute.
import { beforeEach, describe, expect, test } from '@jest/globals';
import { trustOf } from '../../../src/adapters/slack/identity/channels.ts';
import { People } from '../../../src/adapters/slack/identity/people.ts';
import type { Clock } from '../../../src/liveResponse/ports.ts';
import type { Fields, WebApi } from '../../../src/adapters/slack/outbound/webApi.ts';
import { createLogBook } from '../../support/slack/slackHarness.ts';

const member = { id: 'U1', team_id: 'T1' };

describe('trust', () => {
  test.each([
    ['a member', member, ['T1'], 'member'],
    ['a guest', { ...member, is_restricted: true }, ['T1'], 'guest'],
    ['a single-channel guest', { ...member, is_ultra_restricted: true }, ['T1'], 'guest'],
    ['somebody invited and not here yet', { ...member, is_invited_user: true }, ['T1'], 'guest'],
    ['a stranger', { ...member, is_stranger: true }, ['T1'], 'external'],
    ['a bot', { ...member, is_bot: true }, ['T1'], 'bot'],
    ['a workflow', { ...member, is_workflow_bot: true }, ['T1'], 'bot'],
    ['a connector', { ...member, is_connector_bot: true }, ['T1'], 'bot'],
    ['a deactivated account', { ...member, deleted: true }, ['T1'], 'deactivated'],
    ['another workspace', { ...member, team_id: 'T9' }, ['T1'], 'foreignTenant'],
    ['no workspace at all', { id: 'U1' }, [], 'foreignTenant'],
    ['a payload that names another workspace', member, ['T9'], 'foreignTenant'],
    ['an account other than the one asked for', { ...member, id: 'U2' }, ['T1'], 'anonymous'],
    [
      'an organisation that is allowed',
      { id: 'U1', team_id: 'T2', enterprise_user: { enterprise_id: 'E1' } },
      ['T2'],
      'member',
    ],
    ['an empty answer', {}, [], 'anonymous'],
  ])('of %s', (_who, told: Fields, teams, trust) => {
    expect(trustOf('U1', told, teams, { allowed: ['T1', 'E1'], home: '' })).toBe(trust);
  });

  test('of Slackbot is that of a bot', () => {
    const told = { id: 'USLACKBOT', team_id: 'T1' };
    expect(trustOf('USLACKBOT', told, [], { allowed: ['T1'], home: '' })).toBe('bot');
  });
});

describe('a group', () => {
  let now: number;
  let calls: Fields[];
  let answer: () => Fields;
  let people: People;
  const riley = { id: 'riley', name: 'Riley', accounts: ['teams:x', 'slack:U1'] };

  function peopleWith(api: Pick<WebApi, 'call'>, sleep: Clock['sleep'] = () => Promise.resolve()): People {
    return new People({
      api,
      clock: { elapsed: () => now, sleep },
      log: createLogBook(),
      ours: { allowed: ['T1'], home: 'T1' },
    });
  }
  beforeEach(() => {
    now = 0;
    calls = [];
    answer = () => ({ users: ['U1'] });
    const api: Pick<WebApi, 'call'> = {
      call: (_method, args) => {
        calls.push(args);
        return Promise.resolve().then(answer);
      },
    };
    people = peopleWith(api);
  });

  test('is remembered for a minute, and read again where a decision asks for it', async () => {
    expect(await people.includes('slack:S0GROUP', riley)).toBe(true);
    now = 59_999;
    answer = () => ({ users: [] });
    expect(await people.includes('slack:S0GROUP', riley)).toBe(true);
    now = 60_000;
    expect(await people.includes('slack:S0GROUP', riley)).toBe(false);
    answer = () => ({ users: ['U1'] });
    expect(await people.includes('slack:S0GROUP', riley, true)).toBe(true);
    expect(calls).toHaveLength(3);
  });

  test('is asked for once by those who ask together', async () => {
    await Promise.all([1, 2, 3].map(() => people.includes('slack:S0GROUP', riley)));
    expect(calls).toEqual([{ usergroup: 'S0GROUP', team_id: 'T1' }]);
  });

  test('is read twenty times a minute at most, together with all others of the workspace', async () => {
    for (let at = 0; at < 20; at += 1) await people.includes(`slack:S0GROUP${at % 2}`, riley, true);
    await expect(people.includes('slack:S0GROUP2', riley, true)).rejects.toThrow(
      /20 times a minute.*in 60 s/,
    );
    expect(calls).toHaveLength(20);
    now = 60_000;
    expect(await people.includes('slack:S0GROUP2', riley, true)).toBe(true);
  });

  test('waits a moment for its turn, and everybody with it', async () => {
    const api: Pick<WebApi, 'call'> = {
      call: (_method, args) => {
        calls.push(args);
        return Promise.resolve({ users: ['U1'] });
      },
    };
    const waits: number[] = [];
    people = peopleWith(api, (ms) => {
      waits.push(ms);
      now += ms;
      return Promise.resolve();
    });
    for (let at = 0; at < 20; at += 1) await people.includes('slack:S0GROUP', riley, true);
    now = 57_000;
    expect(await Promise.all([1, 2, 3].map(() => people.includes('slack:S0GROUP', riley, true)))).toEqual([
      true,
      true,
      true,
    ]);
    expect([waits, calls.length]).toEqual([[3_000], 21]);
  });

  test('that cannot be read throws, and is asked again next time', async () => {
    answer = () => {
      throw new Error('plan_upgrade_required');
    };
    await expect(people.includes('slack:S0GROUP', riley)).rejects.toThrow();
    answer = () => ({});
    await expect(people.includes('slack:S0GROUP', riley)).rejects.toThrow(/did not list/);
    answer = () => ({ users: ['U1'] });
    expect(await people.includes('slack:S0GROUP', riley)).toBe(true);
  });

  test('of another chat, and somebody without an account here, is not in it and costs no call', async () => {
    expect(await people.includes('entra:S0GROUP', riley)).toBe(false);
    expect(await people.includes('slack:S0GROUP', { ...riley, accounts: ['teams:U1'] })).toBe(false);
    expect(calls).toHaveLength(0);
  });
});
