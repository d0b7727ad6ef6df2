// Who speaks in Teams, as the roster says and not the message.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { wordsOf } from '../../../../src/demo/teams/fakeConnector.ts';
import {
  ana,
  ben,
  channel,
  directOf,
  group,
  keepingLog,
  memberOf,
  team,
  TeamsHarness,
  tenant,
} from '../../../support/chats/teamsHarness.ts';
import type { Human } from '../../../support/chats/teamsHarness.ts';
import { answerFor, data, refused } from '../../../support/chats/teamsPresses.ts';

let bench: TeamsHarness;
beforeEach(async () => {
  bench = new TeamsHarness();
  await bench.start();
});
afterEach(() => bench.stop());

const foreign = '99999999-9999-9999-9999-999999999999';

describe('who speaks is judged by Teams’ roster, not by the message', () => {
  const cases: readonly (readonly [string, Human, Readonly<Record<string, unknown>>, string])[] = [
    [
      'a guest',
      { id: '29:guest', objectId: 'cccccccc-0000-0000-0000-000000000003', name: 'Gus' },
      {},
      'guest',
    ],
    [
      'a guest by name only',
      { id: '29:ext', objectId: 'cccccccc-0000-0000-0000-000000000004', name: 'Eve' },
      {},
      'guest',
    ],
    [
      'somebody of a federated organisation',
      { id: '29:fed', objectId: 'cccccccc-0000-0000-0000-000000000005', name: 'Fay' },
      {},
      'external',
    ],
    [
      'somebody who is not on the roster',
      { id: '29:none', objectId: 'cccccccc-0000-0000-0000-000000000006', name: 'Ned' },
      {},
      'external',
    ],
    [
      'somebody who gives another’s object id',
      { id: '29:ben', objectId: ana.objectId, name: 'Ben' },
      {},
      'external',
    ],
    ['an anonymous participant of a meeting', ben, { from: { id: '29:anon', name: 'Anon' } }, 'anonymous'],
    [
      'an anonymous role on the roster',
      { id: '29:anon2', objectId: 'cccccccc-0000-0000-0000-000000000007', name: 'An' },
      {},
      'anonymous',
    ],
    ['a bot', ben, { from: { id: '28:other', name: 'Bot', aadObjectId: ben.objectId } }, 'bot'],
    [
      'a foreign tenant',
      ben,
      {
        conversation: { id: group, conversationType: 'groupChat', tenantId: foreign },
        channelData: { tenant: { id: foreign } },
      },
      'foreignTenant',
    ],
    ['two tenants that disagree', ben, { channelData: { tenant: { id: foreign } } }, 'foreignTenant'],
    [
      'no tenant',
      ben,
      { conversation: { id: group, conversationType: 'groupChat' }, channelData: {} },
      'foreignTenant',
    ],
    ['a member', ben, {}, 'member'],
  ];
  it.each(cases)('%s', async (_what, human, more, trust) => {
    bench.connector.install(group, [
      memberOf(ana),
      memberOf(ben),
      {
        ...memberOf({ id: '29:guest', objectId: 'cccccccc-0000-0000-0000-000000000003', name: 'Gus' }),
        userRole: 'guest',
      },
      {
        ...memberOf({ id: '29:ext', objectId: 'cccccccc-0000-0000-0000-000000000004', name: 'Eve' }),
        userPrincipalName: 'eve_other.example#EXT#@corp.example',
      },
      {
        ...memberOf({ id: '29:fed', objectId: 'cccccccc-0000-0000-0000-000000000005', name: 'Fay' }),
        tenantId: foreign,
      },
      {
        ...memberOf({ id: '29:anon2', objectId: 'cccccccc-0000-0000-0000-000000000007', name: 'An' }),
        userRole: 'anonymous',
      },
    ]);
    await bench.deliver(bench.press(human, group, data('approve'), more));
    expect(bench.bot.presses.map((press) => press.account.trust)).toEqual([trust]);
  });
  it('and nothing is done when the roster cannot be asked', async () => {
    bench.connector.faults.push({ method: 'GET', answer: { status: 500 }, times: 9 });
    expect(await refused(bench, bench.press(ben, group, data('approve')))).toBe(
      'Teams could not say who you are just now, so nothing was approved. Press again in a minute.',
    );
    await bench.deliver(bench.message(ana, directOf(ana), 'lr help'));
    expect(wordsOf(await answerFor(bench, ana))).toBe(
      'Teams could not say who you are just now, so nothing was done. Type it again in a minute.',
    );
    expect([bench.bot.presses, bench.bot.commands]).toEqual([[], []]);
  });
  it('which is asked once in a while where nothing is decided', async () => {
    for (let at = 0; at < 5; at += 1) await bench.deliver(bench.press(ben, channel, data('refresh')));
    const asked = bench.connector.calls.filter((call) => call.method === 'GET');
    expect(asked.map((call) => call.path)).toEqual([`/v3/conversations/${team}/members/${ben.id}`]);
  });
  it('and a channel shared with others is a place of outsiders', async () => {
    await bench.deliver(
      bench.press(ben, channel, data('approve'), {
        channelData: { tenant: { id: tenant }, team: { id: team }, channel: { id: channel, type: 'shared' } },
      }),
    );
    expect(bench.bot.presses[0]?.place.external).toBe(true);
    await bench.deliver(bench.press(ben, channel, data('approve')));
    expect(bench.bot.presses[1]?.place.external).toBe(true);
  });
  it('and a message of a foreign tenant is not answered at all', async () => {
    const log = keepingLog();
    await bench.halt();
    await bench.boot({ log });
    await bench.deliver(
      bench.message(ben, group, 'lr help', {
        conversation: { id: group, conversationType: 'groupChat', tenantId: foreign },
        channelData: { tenant: { id: foreign } },
      }),
    );
    await bench.halt();
    expect([bench.bot.commands, bench.connector.calls]).toEqual([[], []]);
    expect(log.lines.join()).toContain('teamsForeignTenant');
    await bench.boot();
  });
});
