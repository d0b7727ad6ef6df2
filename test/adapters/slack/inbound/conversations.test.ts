// Conversations of Slack: direct messages, conversations without the bot, and what events say of membership.
import { afterEach, describe, expect, test } from '@jest/globals';
import type { Reply } from '../../../../src/bot/ports.ts';
import { openSlackHarness, sentence } from '../../../support/slack/slackHarness.ts';
import type { RoomOptions, SlackHarness } from '../../../support/slack/slackHarness.ts';

let room: SlackHarness;
afterEach(() => room.close());
async function open(options: RoomOptions = {}): Promise<void> {
  room = await openSlackHarness(options);
  room.slack.api.rates = false;
}

describe('row 1.9: a line typed in the conversation with the bot, without the slash command', () => {
  const typed = {
    type: 'message',
    channel: 'DU1',
    channel_type: 'im',
    user: 'U1',
    ts: '1.1',
    text: '<http://hosta.corp|hosta.corp> &amp; status',
  };

  test('is read as a command where the app is given that event', async () => {
    await open();
    room.answer = () => sentence('heard');
    expect((await room.slack.event(typed)).acknowledged).toBe(true);
    await room.slack.until('the command', () => room.commands[0]);
    expect(room.commands[0]).toMatchObject({
      text: 'hosta.corp & status',
      place: { id: 'DU1', direct: true },
    });
  });

  test.each([
    { bot_id: 'B1' },
    { subtype: 'message_changed' },
    { edited: { user: 'U1', ts: '2' } },
    { text: '' },
    { channel_type: 'channel' },
    { user: undefined },
  ])('and one with %j is not', async (more) => {
    await open();
    await room.slack.event({ ...typed, ...more });
    await room.slack.person('U1').command('C1', 'last');
    await room.slack.until('the command', () => room.commands[0]);
    expect(room.commands.map((one) => one.text)).toEqual(['last']);
  });
});

describe('row 1.9: a command in a conversation that the bot is none of', () => {
  test.each([
    ['between two people', 'D9', { members: ['U1', 'U2'] }, 'directmessage'],
    ['of several people', 'G9', { members: ['U1', 'U2', 'U3'], private: true }, 'mpdm-riley--avery--sam-1'],
    [
      'of several people, by its newer id',
      'C9',
      { members: ['U1', 'U2', 'U3'], private: true },
      'mpdm-riley--avery--sam-1',
    ],
  ] as const)('%s is answered with the reason and a line that works', async (_what, channel, more, name) => {
    await open();
    room.slack.world.channel(channel, more);
    room.answer = () => ({ kind: 'asked', requestId: 'lr-abc123', text: 'stored', shown: true });
    await room.slack.person('U1').command(channel, 'dump hosta x', { payload: { channel_name: name } });
    expect(await room.toldTo('U1', 'not part of this conversation')).toContain('/lr dump hosta x');
    expect(room.commands).toEqual([]);
    room.answer = () => sentence('the help');
    await room.slack.person('U1').command(channel, 'help', { payload: { channel_name: name } });
    await room.toldTo('U1', 'the help');
    expect(room.commands).toMatchObject([{ place: { direct: false, external: true } }]);
  });

  test('without the scope im:read it is told from the one with the bot all the same', async () => {
    await open();
    room.slack.world.scopes = room.slack.world.scopes.filter((scope) => scope !== 'im:read');
    room.slack.world.channel('D9', { members: ['U1', 'U2'] });
    await room.slack.person('U1').command('D9', 'dump hosta x');
    await room.toldTo('U1', 'not part of this conversation');
    await room.slack.person('U1').command('DU1', 'status');
    await room.slack.until('the command', () => room.commands[0]);
    expect(room.commands).toMatchObject([{ place: { id: 'DU1', direct: true, external: false } }]);
  });

  test('nothing is claimed of a conversation that cannot be looked at: the person is told to try again', async () => {
    await open();
    room.slack.fault('conversations.info', { kind: 'status', status: 503 });
    await room.slack.person('U1').command('DU1', 'dump hosta x');
    await room.toldTo('U1', 'so this was not done');
    expect(room.commands).toEqual([]);
  });
});

describe('row 1.12: what was just learned', () => {
  const asked: Reply = { kind: 'asked', requestId: 'lr-abc123', text: 'stored', shown: true };
  const invites = () =>
    room.slack.world.ephemerals.filter(({ blocks }) => JSON.stringify(blocks).includes('/invite')).length;

  async function refusedOnce(): Promise<void> {
    await open();
    room.answer = () => asked;
    room.slack.world.channel('C2', { members: ['U1'] });
    await room.slack.person('U1').command('C2', 'dump hosta x');
    await room.toldTo('U1', '/invite');
  }
  async function nobodySaysInvite(): Promise<void> {
    await room.slack.person('U1').command('C2', 'dump hostb x');
    await room.slack.until('the second command', () => room.commands[1]);
    room.answer = () => sentence('the last');
    await room.slack.person('U1').command('C2', 'status');
    await room.toldTo('U1', 'the last');
    expect(invites()).toBe(1);
  }

  test.each([
    [
      'an invite',
      { type: 'member_joined_channel', user: 'U0BOT', channel: 'C2', channel_type: 'C', team: 'T0HOME' },
    ],
    ['a rename', { type: 'channel_rename', channel: { id: 'C2', name: 'new', created: 1 } }],
    ['an unarchived channel', { type: 'channel_unarchive', channel: 'C2', user: 'U1' }],
    ['an unarchived private channel', { type: 'group_unarchive', channel: 'C2', user: 'U1' }],
  ])('wins over what is remembered: %s, and the bot is told that the place lives', async (_what, event) => {
    await refusedOnce();
    room.slack.world.channel('C2', { members: ['U1', 'U0BOT'] });
    room.heard.length = 0;
    expect((await room.slack.event(event)).acknowledged).toBe(true);
    await room.slack.until('a sign of life', () => (room.heard.includes('slack:C2') ? true : undefined));
    await nobodySaysInvite();
  });

  test('a message of ours that was posted there proves that the bot is in it', async () => {
    await refusedOnce();
    room.slack.world.channel('C2', { members: ['U1', 'U0BOT'] });
    await room.adapter.chat.announce('C2', 'Frozen.');
    await nobodySaysInvite();
  });

  test('a refused message proves that it is not', async () => {
    await open();
    room.answer = () => asked;
    await room.slack.person('U1').command('C1', 'dump hosta x');
    await room.slack.until('the first command', () => room.commands[0]);
    room.slack.world.channel('C1', { members: ['U1', 'U2'] });
    await expect(room.adapter.chat.announce('C1', 'Frozen.')).rejects.toThrow();
    await room.slack.person('U1').command('C1', 'dump hostb x');
    await room.toldTo('U1', '/invite');
  });

  test.each([
    ['somebody else who joins', { type: 'member_joined_channel', user: 'U2', channel: 'C1' }],
    ['an archived channel', { type: 'channel_archive', channel: 'C1', user: 'U1' }],
    ['the bot put out', { type: 'member_left_channel', user: 'U0BOT', channel: 'C1' }],
    ['an event without a channel', { type: 'team_rename', name: 'x' }],
  ])('%s is no sign of life', async (_what, event) => {
    await open();
    await room.slack.event(event);
    await room.slack.event({ type: 'channel_rename', channel: { id: 'C7', name: 'x', created: 1 } });
    await room.slack.until('the one after it', () => (room.heard.includes('slack:C7') ? true : undefined));
    expect(room.heard).toEqual(['slack:C7']);
  });

  test('every command, mention, press and form is a sign of life from its channel', async () => {
    await open();
    const riley = room.slack.person('U1');
    await riley.command('C1', 'status');
    await riley.mention('C1', 'status');
    await riley.press(room.cardWith('output'), 'output');
    await room.slack.until('three signs', () =>
      room.heard.filter((one) => one === 'slack:C1').length === 3 ? true : undefined,
    );
  });
});
