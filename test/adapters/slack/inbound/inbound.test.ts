// Commands, mentions and presses over real HTTP into the real Bolt, answered by a scripted bot.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { openSlackHarness, sentence } from '../../../support/slack/slackHarness.ts';
import type { SlackHarness } from '../../../support/slack/slackHarness.ts';

let room: SlackHarness;
beforeEach(async () => {
  room = await openSlackHarness();
});
afterEach(() => room.close());

describe('a slash command', () => {
  test('reaches the bot with account, place and the text as it was typed, and its answer reaches that person alone', async () => {
    room.answer = () => sentence('Here you are.');
    const sent = await room.slack
      .person('U1')
      .command(
        'C1',
        'host &lt;http://hosta.corp|hosta.corp&gt; <http://hostb.corp|hostb.corp> a &amp;amp; b',
      );
    expect(sent).toMatchObject({ acknowledged: true, body: '' });
    await room.toldTo('U1', 'Here you are.');
    expect(room.commands).toMatchObject([
      {
        surface: 'slack',
        text: 'host <http://hosta.corp|hosta.corp> hostb.corp a &amp; b',
        account: { surface: 'slack', id: 'U1', trust: 'member', name: 'Riley' },
        place: { surface: 'slack', id: 'C1', direct: false, external: false },
      },
    ]);
    expect(room.slack.world.ephemerals).toHaveLength(1);
    expect(room.slack.world.ephemerals[0]?.via).toBe('response_url');
    expect(room.slack.world.in('C1')).toHaveLength(0);
  });

  test('is acknowledged before anything slow is done for it', async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    room.slack.fault('users.info', { kind: 'hold', go: held });
    const sent = await room.slack.person('U1').command('C1', 'status');
    expect(sent.acknowledged).toBe(true);
    expect(sent.ms).toBeLessThan(1_000);
    expect(room.commands).toHaveLength(0);
    room.answer = () => sentence('late but sure');
    release();
    await room.toldTo('U1', 'late but sure');
  });

  test('of another name is answered with the setting to change', async () => {
    const sent = await room.slack.person('U1').command('C1', 'status', { name: '/other' });
    expect(sent.body).toContain('SLACK_COMMAND');
    expect(room.commands).toHaveLength(0);
  });

  test('with a field given twice is read as its first', async () => {
    const body = new URLSearchParams([
      ['command', '/lr'],
      ['user_id', 'U1'],
      ['channel_id', 'C1'],
      ['team_id', 'T0HOME'],
      ['text', 'status'],
      ['text', 'freeze'],
      ['trigger_id', '1.x'],
    ]);
    expect((await room.slack.send(body.toString())).acknowledged).toBe(true);
    await room.slack.until('the command', () => room.commands[0]);
    expect(room.commands[0]?.text).toBe('status');
  });

  test('that comes twice is answered once', async () => {
    room.answer = () => sentence('once');
    await room.slack.person('U1').command('C1', 'freeze now');
    await room.toldTo('U1', 'once');
    // Another second, so that the signature differs: this is a repetition, not a replay.
    expect(
      (await room.slack.send(sameCommandAs(room), { timestamp: Math.floor(Date.now() / 1000) - 1 }))
        .acknowledged,
    ).toBe(true);
    await room.slack.until('the repetition', () =>
      room.log.lines.find((line) => line.event === 'slackDeliveryRepeated'),
    );
    expect(room.commands).toHaveLength(1);
  });

  test('is refused with a sentence when Slack does not tell who somebody is', async () => {
    room.slack.fault('users.info', { kind: 'error', error: 'internal_error' });
    await room.slack.person('U1').command('C1', 'dump hosta x');
    expect(await room.toldTo('U1', 'not done')).toContain('internal_error');
    expect(room.commands).toHaveLength(0);
  });

  test('by one who types without end is answered once a minute and then no more', async () => {
    room.slack.api.rates = false;
    room.answer = () => sentence('fine');
    for (let at = 0; at < 45; at += 1) await room.slack.person('U1').command('C1', `status ${at}`);
    await room.toldTo('U1', 'a lot in one minute');
    expect(room.commands).toHaveLength(40);
    await room.slack.person('U2').command('C1', 'status');
    await room.toldTo('U2', 'fine');
  });

  test('in a channel without the bot is stored, and the person is told to invite it', async () => {
    room.slack.world.channel('C2', { members: ['U1'] });
    room.answer = () => ({ kind: 'asked', requestId: 'lr-abc123', text: 'stored', shown: true });
    await room.slack.person('U1').command('C2', 'dump hosta x');
    expect(await room.toldTo('U1', '/invite')).toContain('not in this channel');
  });

  test('in a shared or an unreadable channel comes from an external place', async () => {
    room.slack.world.channel('C3', { shared: true, members: ['U1', 'U0BOT'] });
    room.slack.world.channel('C4', { private: true, members: ['U1'] });
    await room.slack.person('U1').command('C3', 'status');
    await room.slack.person('U1').command('C4', 'status');
    await room.slack.person('U1').command('DU1', 'status');
    await room.slack.until('three commands', () => room.commands[2]);
    const places = new Map(room.commands.map(({ place }) => [place.id, place]));
    expect(places.get('C3')?.external).toBe(true);
    expect(places.get('C4')?.external).toBe(true);
    expect(places.get('DU1')?.direct).toBe(true);
  });

  test.each(['C1', 'DU1'])(
    'in %s of which Slack says nothing once is asked of again: that is no answer to be remembered',
    async (channel) => {
      let asked = 0;
      room.answer = () => sentence('Done.');
      room.slack.api.refuse = ({ method }) =>
        method === 'conversations.info' && (asked += 1) === 1
          ? { name: 'nothing', kind: 'answer', status: 200, body: '{"ok":true}' }
          : undefined;
      await room.slack.person('U1').command(channel, 'status');
      await room.slack.until('an answer', () => room.slack.world.ephemerals[0]);
      await room.slack.person('U1').command(channel, 'status');
      const { place } = await room.slack.until('a command from a channel that was read', () =>
        room.commands.find((one) => !one.place.external),
      );
      expect(place).toMatchObject({ id: channel, direct: channel === 'DU1' });
    },
  );

  test('still answers when the bot throws, without the reason', async () => {
    room.answer = () => {
      throw new Error('secret reason');
    };
    await room.slack.person('U1').command('C1', 'status');
    expect(await room.toldTo('U1', 'Something broke')).not.toContain('secret reason');
    expect(room.log.lines.some((line) => line.level === 'error' && line.event === 'bug')).toBe(true);
  });
});

function sameCommandAs(from: SlackHarness): string {
  const [trigger] = from.slack.world.triggers.keys();
  return new URLSearchParams({
    command: '/lr',
    user_id: 'U1',
    channel_id: 'C1',
    team_id: 'T0HOME',
    text: 'freeze now',
    trigger_id: trigger ?? '',
  }).toString();
}

describe('a mention', () => {
  test('does what the command does, inside a thread too, and is answered there', async () => {
    room.answer = () => sentence('In the thread.');
    const root = room.cardWith('approve');
    await room.slack.person('U1').mention('C1', 'status <http://hosta.corp|hosta.corp>', { thread: root.ts });
    await room.toldTo('U1', 'In the thread.');
    expect(room.commands[0]?.text).toBe('status hosta.corp');
    expect(room.slack.world.ephemerals[0]).toMatchObject({
      via: 'chat.postEphemeral',
      thread: root.ts,
      user: 'U1',
    });
  });

  test('of a bot, or in an edited message, is not answered', async () => {
    await room.slack.person('U1').mention('C1', 'status', { event: { bot_id: 'B9' } });
    await room.slack.person('U1').mention('C1', 'status', { event: { edited: { user: 'U1', ts: '1.2' } } });
    await room.slack.person('U2').mention('C1', 'whoami');
    await room.slack.until('the third', () => room.commands[0]);
    expect(room.commands.map(({ text }) => text)).toEqual(['whoami']);
  });

  test('that Slack delivers again is answered once', async () => {
    room.answer = () => sentence('once');
    await room.slack.person('U1').mention('C1', 'status');
    await room.toldTo('U1', 'once');
    expect((await room.slack.redeliver()).acknowledged).toBe(true);
    await room.slack.until('the repetition', () =>
      room.log.lines.find((line) => line.event === 'slackDeliveryRepeated'),
    );
    expect(room.commands).toHaveLength(1);
  });
});

describe('a private answer', () => {
  test('holds a link as a button, and nothing that could be unfurled', async () => {
    const url = 'https://blob.example/x?sig=secret&se=2026';
    room.answer = () => ({
      kind: 'sentence',
      text: 'Fresh link.',
      block: '<!channel> <@U1> `code` &amp;',
      link: { label: 'Download the file', url },
    });
    await room.slack.person('U1').command('C1', 'link lr-abc123');
    const said = await room.toldTo('U1', 'Fresh link.');
    expect(said).toContain('<!channel> <@U1> `code` &amp;');
    const [message] = room.slack.world.ephemerals;
    expect(message?.text).not.toContain('blob.example');
    expect(message?.args).toMatchObject({
      unfurl_links: false,
      unfurl_media: false,
      parse: 'none',
      link_names: false,
      response_type: 'ephemeral',
      replace_original: false,
    });
    expect(JSON.stringify(message?.blocks.filter((block) => block['type'] !== 'actions'))).not.toContain(
      'blob.example',
    );
    expect(room.log.text()).not.toContain('sig=secret');
  });

  test('falls back to an ephemeral message, then to a conversation of two, when the short ways are gone', async () => {
    room.answer = () => sentence('By another way.');
    await room.slack
      .person('U1')
      .command('C1', 'status', { payload: { response_url: `${room.slack.api.origin}/respond/none` } });
    const ephemeral = await room.slack.until('an ephemeral message', () =>
      room.slack.world.ephemerals.find((one) => one.via === 'chat.postEphemeral'),
    );
    expect(ephemeral.args).toMatchObject({ parse: 'none', link_names: 'false' });
    room.slack.world.channel('C5', { members: ['U1'] });
    await room.slack
      .person('U1')
      .command('C5', 'status', { payload: { response_url: `${room.slack.api.origin}/respond/none` } });
    const direct = await room.slack.until('a direct message', () => room.slack.world.in('DU1')[0]);
    expect(direct.args).toMatchObject({
      unfurl_links: 'false',
      unfurl_media: 'false',
      parse: 'none',
      link_names: 'false',
    });
  });

  test.each([
    ['a word of refusal', '{"ok":false,"error":"invalid_auth"}'],
    ['the page of a proxy', '<html><body>Sign in to the network</body></html>'],
  ])('is not told by %s that comes with 200: the other ways follow', async (name, body) => {
    room.answer = () => sentence('By another way.');
    room.slack.api.refuse = ({ method }) =>
      method === 'response_url' ? { name, kind: 'answer', status: 200, body } : undefined;
    await room.slack.person('U1').command('C1', 'status');
    await room.slack.until('an ephemeral message', () =>
      room.slack.world.ephemerals.find((one) => one.via === 'chat.postEphemeral'),
    );
  });

  test('is never sent to an address that is not Slack’s', async () => {
    room.answer = () => sentence('By another way.');
    await room.slack
      .person('U1')
      .command('C1', 'status', { payload: { response_url: 'http://127.0.0.1:1/respond/r1' } });
    await room.slack.until('an ephemeral message', () =>
      room.slack.world.ephemerals.find((one) => one.via === 'chat.postEphemeral'),
    );
    expect(room.log.lines.some((line) => line.event === 'slackResponseFailed')).toBe(false);
  });
});
