// Who decides in Teams: asked of the roster now, remembered by conversation and only as a yes, and last known
// only for what stops something.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { LastKnownFile } from '../../../../src/adapters/lastKnown.ts';
import {
  ana,
  ben,
  channel,
  directOf,
  group,
  memberOf,
  silent,
  team,
  TeamsHarness,
  tenant,
} from '../../../support/chats/teamsHarness.ts';
import { testKeys } from '../../../support/store/testKeys.ts';

let bench: TeamsHarness;
let lastKnown: LastKnownFile;
let folder: string;
beforeEach(async () => {
  bench = new TeamsHarness();
  folder = mkdtempSync(join(tmpdir(), 'lr-known-'));
  lastKnown = new LastKnownFile({ folder, keys: testKeys, log: silent });
  await bench.start({ lastKnown });
});
afterEach(async () => {
  await bench.stop();
  await lastKnown.settled();
  rmSync(folder, { recursive: true, force: true });
});

const data = (verb: string): object => ({
  lr: { verb, requestId: 'lr-7f3k2q', revision: 3, fingerprint: 'a1b2' },
  lrInput: '',
});
const guest = { ...memberOf(ben), userRole: 'guest' };
const silence = (): void =>
  void bench.connector.faults.push({ method: 'GET', answer: { status: 503 }, times: 1_000 });

async function press(verb: string, place = group): Promise<unknown> {
  const { json } = await bench.deliver(bench.press(ben, place, data(verb)));
  return (json as { readonly value: unknown }).value;
}
const pressTrust = async (verb: string, place = group): Promise<unknown> => {
  await press(verb, place);
  const { trust, lastKnown: last } = bench.bot.presses.at(-1)?.account ?? {};
  return last === undefined ? trust : [trust, 'last known'];
};
async function typed(line: string, place = group): Promise<unknown> {
  const answered = bench.alone(ben).length;
  await bench.deliver(bench.message(ben, place, line));
  await bench.connector.until(() => bench.alone(ben)[answered]);
  return bench.bot.commands.at(-1)?.account.trust;
}

describe('row 2.9: an approver who became a guest between two decisions', () => {
  it.each(['approve', 'resend', 'drop', 'again', 'deny', 'withdraw', 'cancel'])(
    'is one at the next press of %s',
    async (verb) => {
      expect(await pressTrust(verb)).toBe('member');
      bench.connector.install(group, [memberOf(ana), guest]);
      expect(await pressTrust(verb)).toBe('guest');
    },
  );
  it.each([
    'approve lr-7f3k2q 1c9e04ab',
    'approve lr-7f3k2q',
    'deny lr-7f3k2q',
    'cancel lr-7f3k2q',
    'freeze now',
    'unfreeze',
    'retry lr-7f3k2q',
  ])('is one at the next %s', async (line) => {
    expect(await pressTrust('refresh')).toBe('member');
    bench.connector.install(group, [memberOf(ana), guest]);
    expect(await typed(`lr ${line}`)).toBe('guest');
  });
});

describe('row 2.10: what is remembered', () => {
  it('is of one conversation: missing on the roster of a chat that a card was forwarded to locks nobody out of another', async () => {
    bench.connector.install('19:other@thread.v2', [memberOf(ana)]);
    expect(await pressTrust('approve', '19:other@thread.v2')).toBe('external');
    expect(await pressTrust('approve', group)).toBe('member');
    expect(await pressTrust('refresh', channel)).toBe('member');
    expect(await pressTrust('refresh', '19:other@thread.v2')).toBe('external');
  });
  it('is never a no: a person who was just let in is in', async () => {
    bench.connector.install(group, [memberOf(ana)]);
    expect(await pressTrust('refresh')).toBe('external');
    bench.connector.install(group, [memberOf(ana), memberOf(ben)]);
    expect(await pressTrust('refresh')).toBe('member');
  });
  it('is never that a conversation could not be found: then nobody was judged', async () => {
    bench.connector.remove(group);
    expect(await press('approve')).toMatch(/could not say who you are/);
    expect(bench.bot.presses).toEqual([]);
  });
});

describe('with the roster silent', () => {
  it.each([
    ['approve', 'approved'],
    ['resend', 'sent again'],
    ['drop', 'dropped'],
    ['again', 'asked for'],
  ])('%s is refused and says so, no matter who it was a moment ago', async (verb, undone) => {
    await pressTrust('refresh');
    silence();
    expect(await press(verb)).toBe(
      `Teams could not say who you are just now, so nothing was ${undone}. Press again in a minute.`,
    );
    expect(bench.bot.presses.length).toBe(1);
  });

  it.each(['deny', 'withdraw', 'cancel'])(
    '%s goes by what it last said, over a restart and in another conversation',
    async (verb) => {
      await pressTrust('refresh');
      await lastKnown.settled();
      silence();
      await bench.halt();
      await bench.boot({ lastKnown: new LastKnownFile({ folder, keys: testKeys, log: silent }) });
      expect(await pressTrust(verb)).toEqual(['member', 'last known']);
      expect(await pressTrust(verb, channel)).toEqual(['member', 'last known']);
    },
  );

  it('a guest stays a guest, and so does a person who was last missing here', async () => {
    bench.connector.install(group, [memberOf(ana), guest]);
    bench.connector.install('19:other@thread.v2', [memberOf(ana)]);
    await pressTrust('refresh');
    silence();
    expect(await pressTrust('deny', channel)).toEqual(['guest', 'last known']);
    bench.connector.faults.length = 0;
    bench.connector.install(group, [memberOf(ana), memberOf(ben)]);
    await pressTrust('deny');
    await pressTrust('deny', '19:other@thread.v2');
    silence();
    expect(await pressTrust('deny')).toEqual(['member', 'last known']);
    expect(await pressTrust('deny', '19:other@thread.v2')).toEqual(['external', 'last known']);
  });

  it('a person who was never seen is for the policy to know', async () => {
    silence();
    expect(await pressTrust('deny')).toBe('unknown');
  });

  it('a foreign tenant, a bot and an anonymous participant are what they say they are', async () => {
    silence();
    const foreign = '99999999-9999-9999-9999-999999999999';
    for (const more of [
      { channelData: { tenant: { id: foreign } } },
      { from: { id: '28:other', aadObjectId: ben.objectId } },
      { from: { id: '29:anon' } },
      { from: { id: ben.id, aadObjectId: ben.objectId, role: 'bot' } },
      { from: { id: ben.id, aadObjectId: ben.objectId, role: 'skill' } },
    ])
      await bench.deliver(bench.press(ben, group, data('deny'), more));
    expect(bench.bot.presses.map((one) => one.account.trust)).toEqual([
      'foreignTenant',
      'bot',
      'anonymous',
      'bot',
      'bot',
    ]);
  });

  it('a roster that never answers is not waited for', async () => {
    await pressTrust('refresh');
    bench.connector.faults.push({ method: 'GET', answer: 'hang', times: 1_000 });
    expect(await pressTrust('deny')).toEqual(['member', 'last known']);
  });
});

describe('a sign of life in Teams', () => {
  const event = (
    type: string,
    more: Readonly<Record<string, unknown>>,
  ): Readonly<Record<string, unknown>> => ({
    ...bench.message(ana, channel, ''),
    text: undefined,
    entities: undefined,
    type,
    ...more,
  });
  const update = (
    eventType: string,
    more: Readonly<Record<string, unknown>> = {},
  ): Readonly<Record<string, unknown>> =>
    event('conversationUpdate', {
      channelData: { tenant: { id: tenant }, team: { id: team }, channel: { id: channel }, eventType },
      ...more,
    });

  it.each<readonly [string, () => Readonly<Record<string, unknown>>, readonly string[]]>([
    ['a command', () => bench.message(ana, group, 'lr help'), [group]],
    [
      'a message that is no command',
      () => bench.message(ana, group, '', { text: 'good morning', entities: [] }),
      [group],
    ],
    ['a message in a personal chat', () => bench.message(ana, directOf(ana), 'hello'), [directOf(ana)]],
    ['a reaction', () => event('messageReaction', {}), [channel]],
    ['an edited message', () => event('messageUpdate', { text: 'x' }), [channel]],
    ['a press', () => bench.press(ben, group, data('refresh')), [group]],
    [
      'a card refreshed by a client',
      () => bench.press(ben, group, data('refresh'), { trigger: 'automatic' }),
      [group],
    ],
    ['an install', () => event('installationUpdate', { action: 'add' }), [channel]],
    ['members added', () => event('conversationUpdate', { membersAdded: [{ id: '28:x' }] }), [channel]],
    [
      'another member removed',
      () => event('conversationUpdate', { membersRemoved: [{ id: '29:ben' }] }),
      [channel],
    ],
    ['a renamed channel', () => update('channelRenamed'), [channel]],
    [
      'a restored channel',
      () =>
        update('channelRestored', {
          conversation: { id: team, conversationType: 'channel', tenantId: tenant },
        }),
      [channel, team],
    ],
    [
      'a team taken out of the archive',
      () =>
        update('teamUnarchived', {
          conversation: { id: team, conversationType: 'channel', tenantId: tenant },
        }),
      [channel, team],
    ],
    ['a renamed team', () => update('teamRenamed'), [channel]],
  ])('is %s', async (_what, activity, places) => {
    await bench.deliver(activity());
    await bench.halt();
    expect([...new Set(bench.bot.heardIn)].sort()).toEqual(places.map((place) => `teams:${place}`).sort());
    await bench.boot({ lastKnown });
  });

  it('of a whole team is one of each of its channels that is known', async () => {
    const second = '19:second@thread.tacv2';
    await bench.deliver(event('installationUpdate', { action: 'add' }));
    await bench.deliver({
      ...event('installationUpdate', { action: 'add' }),
      conversation: { id: second, conversationType: 'channel', tenantId: tenant },
    });
    bench.bot.heardIn.length = 0;
    await bench.deliver(
      event('conversationUpdate', {
        conversation: { id: team, conversationType: 'channel', tenantId: tenant },
        channelData: { tenant: { id: tenant }, team: { id: team }, eventType: 'teamUnarchived' },
      }),
    );
    expect([...new Set(bench.bot.heardIn)].sort()).toEqual(
      [channel, second, team].map((place) => `teams:${place}`).sort(),
    );
  });

  it.each<readonly [string, () => Readonly<Record<string, unknown>>]>([
    ['a removal', () => event('installationUpdate', { action: 'remove' })],
    ['a removal by an upgrade', () => event('installationUpdate', { action: 'remove-upgrade' })],
    [
      'the bot among the members removed',
      () =>
        event('conversationUpdate', { membersRemoved: [{ id: '28:11111111-1111-1111-1111-111111111111' }] }),
    ],
    ['a deleted channel', () => update('channelDeleted')],
    ['an archived team', () => update('teamArchived')],
    [
      'a message of a foreign tenant',
      () =>
        bench.message(ana, group, 'lr help', {
          channelData: { tenant: { id: '99999999-9999-9999-9999-999999999999' } },
        }),
    ],
  ])('is not %s', async (_what, activity) => {
    await bench.deliver(activity());
    await bench.halt();
    expect(bench.bot.heardIn).toEqual([]);
    await bench.boot({ lastKnown });
  });
});
