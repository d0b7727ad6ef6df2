// What is acknowledged is kept, done once and answered, over real HTTP into the adapter on real files (rows
// 1.9, 1.10, 1.12 and 1.14).
import { afterEach, describe, expect, test } from '@jest/globals';
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { slackValue } from '../../../cards/press.ts';
import { createClock } from '../../../src/adapters/clock.ts';
import { realDisk } from '../../../src/adapters/store/journal/disk.ts';
import type { Disk } from '../../../src/adapters/store/journal/disk.ts';
import { signedLine } from '../../../src/adapters/deliveries/deliveries.ts';
import type { Reply } from '../../../src/bot/ports.ts';
import type { Clock } from '../../../src/liveResponse/ports.ts';
import { openSlackHarness } from '../../support/slack/slackHarness.ts';
import { testKeys } from '../../support/store/testKeys.ts';
import type { RoomOptions, SlackHarness } from '../../support/slack/slackHarness.ts';
import type { SlackMessageKept } from '../../../src/demo/slack/world.ts';

let room: SlackHarness;
afterEach(() => room.close());
async function open(options: RoomOptions = {}): Promise<void> {
  room = await openSlackHarness(options);
  room.slack.api.rates = false;
}

const sentence = (text: string): Reply => ({ kind: 'sentence', text });
const file = (): string => join(room.dataDir, 'slack-deliveries.ndjson');
/** Resolves when the newest delivery is written down as answered. */
const isDone = (): Promise<true> =>
  room.slack.until('a delivery that is done', () =>
    written().split('\n').at(-2)?.includes('"memo"') === false &&
    written().split('\n').at(-2)?.includes('"begun":true') === false
      ? true
      : undefined,
  );
const written = (): string => readFileSync(file(), 'utf8');

function toldTo(user: string, words: string): Promise<string> {
  return room.slack.until(`"${words}" told to ${user}`, () => {
    const said = room.slack.person(user).told();
    return said.includes(words) ? said : undefined;
  });
}

function button(verb: string): SlackMessageKept {
  const value = slackValue(
    { requestId: 'lr-abc123', revision: 3, fingerprint: 'f00d' } as never,
    {} as never,
  );
  const blocks = [
    {
      type: 'actions',
      elements: [
        { type: 'button', text: { type: 'plain_text', text: verb }, action_id: `lr.${verb}.v1`, value },
      ],
    },
  ];
  const message: SlackMessageKept = {
    channel: 'C1',
    ts: room.slack.world.nextTs(),
    at: Date.now(),
    by: 'U0BOT',
    broadcast: false,
    text: 'card',
    blocks,
    history: [],
    args: {},
    deleted: false,
  };
  room.slack.world.messages.push(message);
  return message;
}

/** Pauses a hundred times as short. */
const hasty: Clock = {
  ...createClock(),
  elapsed: () => performance.now() * 100,
  sleep: (ms, signal) => createClock().sleep(ms / 100, signal),
};

/** The machine's disk, whose syncs of the deliveries wait or fail while the test says so. */
function moody(): { readonly disk: Disk; mood: 'well' | 'hangs' | 'ENOSPC' } {
  const state: { readonly disk: Disk; mood: 'well' | 'hangs' | 'ENOSPC' } = {
    mood: 'well',
    disk: {
      ...realDisk,
      open(path, mode) {
        const opened = realDisk.open(path, mode);
        return {
          ...opened,
          append(bytes) {
            if (state.mood === 'ENOSPC')
              throw Object.assign(new Error('ENOSPC: planted'), { code: 'ENOSPC' });
            opened.append(bytes);
          },
          flush: () => (state.mood === 'hangs' ? new Promise<void>(() => undefined) : opened.flush()),
        };
      },
    },
  };
  return state;
}

const denyForm: Reply = {
  kind: 'form',
  form: {
    verb: 'deny',
    requestId: 'lr-abc123',
    revision: 3,
    fingerprint: 'f00d',
    title: 'Deny',
    label: 'Why?',
    optional: true,
    max: 500,
    submit: 'Deny',
  },
};

describe('row 1.14: before Slack is answered', () => {
  test('a command, a mention, a press and a form are on disk, without the keys that Slack sent along', async () => {
    await open();
    const riley = room.slack.person('U1');
    room.answer = (input) =>
      'verb' in input && !('input' in input)
        ? {
            kind: 'form',
            form: {
              verb: 'deny',
              requestId: 'lr-abc123',
              revision: 3,
              fingerprint: 'f00d',
              title: 'Deny',
              label: 'Why?',
              optional: true,
              max: 500,
              submit: 'Deny',
            },
          }
        : { kind: 'nothing' };
    const acts = [
      () => riley.command('C1', 'status hosta'),
      () => riley.mention('C1', 'status hostb'),
      () => riley.press(button('deny'), 'deny'),
      async () => {
        await room.slack.until('the form', () =>
          [...room.slack.world.views.values()].find((view) => view.view['callback_id'] === 'lr.form.v1'),
        );
        return riley.submit('not today');
      },
    ];
    for (const [at, act] of acts.entries()) {
      expect((await act()).acknowledged).toBe(true);
      expect(
        written()
          .split('\n')
          .filter((line) => line.includes('"memo"')),
      ).toHaveLength(at + 1);
    }
    for (const words of ['status hosta', 'status hostb', 'lr-abc123', 'not today'])
      expect(written()).toContain(words);
    expect(written()).not.toContain('/respond/');
    for (const trigger of room.slack.world.triggers.keys()) expect(written()).not.toContain(trigger);
  });

  test.each(['hangs', 'ENOSPC'] as const)(
    'a disk that %s: nothing is taken, the person is told so in time, and nothing runs after a restart either',
    async (mood) => {
      const state = moody();
      await open({ disk: state.disk });
      state.mood = mood;
      const riley = room.slack.person('U1');
      const [command, mention, press] = await Promise.all([
        riley.command('C1', 'dump hosta x'),
        room.slack.person('U2').mention('C1', 'dump hostb x'),
        riley.press(button('approve'), 'approve'),
      ]);
      expect([command.acknowledged, mention.acknowledged, press.acknowledged]).toEqual([true, true, true]);
      expect(JSON.stringify(command.body)).toContain('NOT taken');
      await toldTo('U1', 'Your press was NOT taken');
      await toldTo('U2', 'Your command was NOT taken');
      // A hanging sync hides nothing: a process that starts now reads what this one wrote.
      expect(room.commands).toEqual([]);
      state.mood = 'well';
      await room.restart();
      room.answer = () => sentence('well again');
      await riley.command('C1', 'status');
      await toldTo('U1', 'well again');
      expect(room.commands.map(({ text }) => text)).toEqual(['status']);
      expect(room.presses).toEqual([]);
    },
  );

  test('a form that is not taken stays open with the words in it, and is taken when it is sent again', async () => {
    const state = moody();
    await open({ disk: state.disk });
    room.answer = (input) => ('input' in input ? { kind: 'nothing' } : denyForm);
    await room.slack.person('U2').press(button('deny'), 'deny');
    const opened = await room.slack.until('the form', () =>
      [...room.slack.world.views.values()].find((view) => view.view['callback_id'] === 'lr.form.v1'),
    );
    state.mood = 'ENOSPC';
    const sent = await room.slack.person('U2').submit('no');
    const answer = JSON.parse(sent.body) as {
      readonly response_action: string;
      readonly errors: Readonly<Record<string, string>>;
    };
    expect(answer.response_action).toBe('errors');
    expect(answer.errors['lr.form.input']).toContain('NOT taken');
    state.mood = 'well';
    room.slack.world.views.set(opened.id, opened);
    await room.slack.person('U2').submit('no');
    await room.slack.until('the denial', () => room.presses.find((press) => press.input === 'no'));
  });

  test('a form with a longer reason than fits stays open and says how long it may be', async () => {
    await open();
    room.answer = (input) => ('input' in input ? { kind: 'nothing' } : denyForm);
    const riley = room.slack.person('U2');
    await riley.press(button('deny'), 'deny');
    const opened = await room.slack.until('the form', () =>
      [...room.slack.world.views.values()].find((view) => view.view['callback_id'] === 'lr.form.v1'),
    );
    const { body } = await riley.submit('x'.repeat(501));
    expect(body).toContain('"response_action":"errors"');
    expect(body).toContain('at most 500 characters, and this one has 501');
    room.slack.world.views.set(opened.id, opened);
    await riley.submit('x'.repeat(500));
    const taken = await room.slack.until('the denial', () =>
      room.presses.find((one) => one.input !== undefined),
    );
    expect(taken.input).toHaveLength(500);
  });

  test('and readiness says that nothing is taken, until the disk is well', async () => {
    const state = moody();
    await open({ disk: state.disk, clock: hasty });
    const check = () => room.adapter.checks().find(({ name }) => name === 'slackDeliveries');
    state.mood = 'ENOSPC';
    await room.slack.person('U1').command('C1', 'status');
    expect(check()?.ok).toBe(false);
    expect(check()?.why).toContain('ENOSPC');
    state.mood = 'well';
    await room.slack.until('the disk tried again', () => (check() === undefined ? true : undefined));
  });
});

describe('row 1.14: after a start', () => {
  const left = (at: number, id: string, taking: object): string =>
    `${signedLine(testKeys, 'slack-deliveries.ndjson', { k: id, at, memo: taking })}\n`;
  const read = { user: 'U1', channel: 'C1', teams: ['T0HOME'] };
  const typed = (id: string, text: string) => ({
    kind: 'command',
    read: { ...read, id, command: '/lr', text },
  });

  test('what was left unanswered is done once, with the id it had, and answered without the response_url', async () => {
    await open();
    room.answer = () => sentence('Here you are.');
    const at = Date.now() - 60_000;
    appendFileSync(file(), left(at, 'd1', typed('d1', 'status hosta')));
    await room.restart();
    expect(await toldTo('U1', 'Here you are.')).toMatch(/Your command of .+ UTC, taken up after a restart/);
    expect(room.commands).toMatchObject([
      {
        text: 'status hosta',
        deliveryId: 'd1',
        cameIn: at,
        account: { id: 'U1', trust: 'member' },
        place: { id: 'C1' },
      },
    ]);
    expect(room.slack.world.ephemerals[0]?.via).toBe('chat.postEphemeral');
    await room.restart();
    expect(room.commands).toHaveLength(1);
  });

  test('a press is judged on who its person is now; a form cannot be opened any more, and the person is told what to do', async () => {
    await open();
    room.answer = () => ({
      kind: 'form',
      form: {
        verb: 'deny',
        requestId: 'lr-abc123',
        revision: 3,
        fingerprint: 'f00d',
        title: 'Deny',
        label: 'Why?',
        optional: true,
        max: 500,
        submit: 'Deny',
      },
    });
    room.slack.world.user('U1', { is_restricted: true });
    const value = slackValue(
      { requestId: 'lr-abc123', revision: 3, fingerprint: 'f00d' } as never,
      {} as never,
    );
    appendFileSync(
      file(),
      left(Date.now() - 1_000, 'p1', {
        kind: 'press',
        read: { ...read, id: 'p1', actionId: 'lr.deny.v1', value },
      }),
    );
    await room.restart();
    expect(await toldTo('U1', 'Press again')).toContain('/lr deny lr-abc123');
    expect(room.presses).toMatchObject([{ verb: 'deny', deliveryId: 'p1', account: { trust: 'guest' } }]);
  });

  test('what is older than ten minutes is not done, and its person is told which one and what to do', async () => {
    await open();
    appendFileSync(
      file(),
      left(Date.now() - 11 * 60_000, 'd1', typed('d1', 'dump hosta x')) +
        left(Date.now() - 12 * 60_000, 'd2', {
          ...typed('d2', 'freeze now'),
          read: { ...typed('d2', 'freeze now').read, user: 'U2' },
        }) +
        `${signedLine(testKeys, 'slack-deliveries.ndjson', { k: 'd2', at: Date.now() - 12 * 60_000, begun: true })}\n`,
    );
    await room.restart();
    expect(await toldTo('U1', 'was not done')).toContain('/lr dump hosta x');
    expect(await toldTo('U2', 'freeze now')).toContain('Whether it was done is not known');
    await room.restart();
    expect(room.commands).toEqual([]);
    expect(room.slack.world.ephemerals).toHaveLength(2);
  });

  test('a delivery that Slack sends again is answered once, also by the next process', async () => {
    await open();
    room.answer = () => sentence('once');
    await room.slack.person('U1').mention('C1', 'status');
    await toldTo('U1', 'once');
    await room.restart();
    expect((await room.slack.redeliver()).acknowledged).toBe(true);
    await room.slack.until('the repetition', () =>
      room.log.lines.find((line) => line.event === 'slackDeliveryRepeated'),
    );
    expect(room.commands).toHaveLength(1);
  });

  test('lines of another version are left alone', async () => {
    await open();
    appendFileSync(
      file(),
      left(Date.now(), 'x', { kind: 'dance', read: {} }) + left(Date.now(), 'y', { text: 'lr help' }),
    );
    await room.restart();
    expect(room.commands).toEqual([]);
  });
});

describe('row 1.10: an answer', () => {
  test('arrives when users.info, response_url and postEphemeral all fail for a moment', async () => {
    await open({ clock: hasty });
    const nowhere = { payload: { response_url: `${room.slack.api.origin}/respond/none` } };
    room.slack.fault('users.info', { kind: 'cutBefore' });
    room.slack.fault('chat.postEphemeral', { kind: 'status', status: 503 }, 3);
    room.slack.fault('chat.postMessage', { kind: 'cutBefore' }, 2);
    expect((await room.slack.person('U1').command('C1', 'dump hosta x', nowhere)).acknowledged).toBe(true);
    expect(await toldTo('U1', 'so this was not done')).toContain('Try again in a moment');
    await isDone();
  });

  test('goes by the response_url when that works again, whose five uses are spread over the half hour', async () => {
    await open({ clock: hasty });
    room.answer = () => sentence('by the address');
    room.slack.fault('chat.postEphemeral', { kind: 'status', status: 503 }, 100);
    room.slack.fault('chat.postMessage', { kind: 'status', status: 503 }, 100);
    const address = { user: 'U1', channel: 'C1', at: Date.now(), uses: 9 };
    room.slack.world.responseUrls.set('r9', address);
    await room.slack
      .person('U1')
      .command('C1', 'status', { payload: { response_url: `${room.slack.api.origin}/respond/r9` } });
    await room.slack.until('a second try', () =>
      room.log.lines.filter((line) => line.event === 'slackAnswerLate').length >= 2 ? true : undefined,
    );
    address.uses = 0;
    await toldTo('U1', 'by the address');
    expect(room.slack.world.ephemerals[0]?.via).toBe('response_url');
  });

  test('that is still owed when the bot stops is given by the next process', async () => {
    await open();
    room.answer = () => sentence('owed');
    room.slack.fault('chat.postEphemeral', { kind: 'status', status: 503 });
    await room.slack.person('U1').mention('C1', 'status');
    await room.slack.until('a failed try', () =>
      room.log.lines.find((line) => line.event === 'slackAnswerLate'),
    );
    await room.restart();
    await toldTo('U1', 'owed');
    expect(room.commands.map(({ deliveryId }) => deliveryId)).toEqual([
      room.commands[0]?.deliveryId,
      room.commands[0]?.deliveryId,
    ]);
  });

  test('that nobody takes for half an hour is given up, and logged', async () => {
    await open({
      clock: {
        ...hasty,
        elapsed: () => performance.now() * 10_000,
        sleep: (ms, signal) => createClock().sleep(ms / 10_000, signal),
      },
    });
    room.answer = () => sentence('never heard');
    room.slack.fault('chat.postEphemeral', { kind: 'status', status: 503 }, 1_000);
    room.slack.fault('chat.postMessage', { kind: 'status', status: 503 }, 1_000);
    await room.slack.person('U1').mention('C1', 'status');
    await room.slack.until('the end', () => room.log.lines.find((line) => line.event === 'slackNotTold'));
    await isDone();
  });
});

describe('row 1.10: what Slack says no to', () => {
  test.each([
    [
      'missing_scope',
      /refused users\.info to the bot \(missing_scope\).*Trying again will not help.*lacks a scope/,
    ],
    ['token_revoked', /does not accept the bot's token \(token_revoked\).*Trying again will not help/],
    [
      'access_denied',
      /refused users\.info to the bot \(access_denied\).*Try again in a moment; if that lasts/,
    ],
    ['fatal_error', /did not answer the bot \(fatal_error\).*Try again in a moment\.$/],
  ])('%s is told as what it is', async (error, words) => {
    await open();
    room.slack.fault('users.info', { kind: 'error', error });
    await room.slack.person('U1').command('C1', 'status');
    expect(await toldTo('U1', 'so this was not done')).toMatch(words);
  });
});

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
    expect(await toldTo('U1', 'not part of this conversation')).toContain('/lr dump hosta x');
    expect(room.commands).toEqual([]);
    room.answer = () => sentence('the help');
    await room.slack.person('U1').command(channel, 'help', { payload: { channel_name: name } });
    await toldTo('U1', 'the help');
    expect(room.commands).toMatchObject([{ place: { direct: false, external: true } }]);
  });

  test('without the scope im:read it is told from the one with the bot all the same', async () => {
    await open();
    room.slack.world.scopes = room.slack.world.scopes.filter((scope) => scope !== 'im:read');
    room.slack.world.channel('D9', { members: ['U1', 'U2'] });
    await room.slack.person('U1').command('D9', 'dump hosta x');
    await toldTo('U1', 'not part of this conversation');
    await room.slack.person('U1').command('DU1', 'status');
    await room.slack.until('the command', () => room.commands[0]);
    expect(room.commands).toMatchObject([{ place: { id: 'DU1', direct: true, external: false } }]);
  });

  test('nothing is claimed of a conversation that cannot be looked at: the person is told to try again', async () => {
    await open();
    room.slack.fault('conversations.info', { kind: 'status', status: 503 });
    await room.slack.person('U1').command('DU1', 'dump hosta x');
    await toldTo('U1', 'so this was not done');
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
    await toldTo('U1', '/invite');
  }
  async function nobodySaysInvite(): Promise<void> {
    await room.slack.person('U1').command('C2', 'dump hostb x');
    await room.slack.until('the second command', () => room.commands[1]);
    room.answer = () => sentence('the last');
    await room.slack.person('U1').command('C2', 'status');
    await toldTo('U1', 'the last');
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

  test('a message of ours that stands there proves that the bot is in it', async () => {
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
    await toldTo('U1', '/invite');
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
    await riley.press(button('output'), 'output');
    await room.slack.until('three signs', () =>
      room.heard.filter((one) => one === 'slack:C1').length === 3 ? true : undefined,
    );
  });
});

describe('what nobody foresaw', () => {
  test('is logged with its stack and a reference, and the person is told the reference', async () => {
    await open();
    room.answer = () => {
      throw new TypeError('secret reason');
    };
    await room.slack.person('U1').command('C1', 'status');
    const said = await toldTo('U1', 'Something broke');
    const line = room.log.lines.find(({ event }) => event === 'bug');
    const reference = String(line?.fields['reference']);
    expect(reference).toMatch(/^[0-9a-f]{6}$/);
    expect(said).toContain(reference);
    expect(said).not.toContain('secret reason');
    expect((line?.fields['error'] as Error).stack).toContain('TypeError: secret reason');
  });

  test.each([
    ['null', 'null', 'application/json', 400],
    ['a list', '[1]', 'application/json', 400],
    ['a form whose payload is null', 'payload=null', 'application/x-www-form-urlencoded', 400],
    [
      'a form whose payload nests a thousand deep',
      `payload=${'['.repeat(1_000)}${']'.repeat(1_000)}`,
      'application/x-www-form-urlencoded',
      400,
    ],
    ['an event of no kind', '{"event":null}', 'application/json', 200],
    ['an event that is a number', '{"type":"event_callback","event":7}', 'application/json', 200],
    [
      'actions that are none',
      '{"type":"block_actions","actions":[null],"user":7,"container":[]}',
      'application/json',
      200,
    ],
    [
      'a form that was closed',
      `payload=${encodeURIComponent('{"type":"view_closed","view":{}}')}`,
      'application/x-www-form-urlencoded',
      200,
    ],
  ])('in a signed body ends nothing: %s', async (_what, body, type, status) => {
    await open();
    expect((await room.slack.send(body, {}, type)).status).toBe(status);
    room.answer = () => sentence('still here');
    await room.slack.person('U1').command('C1', 'status');
    await toldTo('U1', 'still here');
  });
});
