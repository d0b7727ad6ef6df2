// What is acknowledged is kept, done once and answered, over real HTTP into the adapter on real files (rows
// 1.9, 1.10, 1.12 and 1.14).
import { afterEach, describe, expect, test } from '@jest/globals';
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { slackValue } from '../../../../cards/press.ts';
import { realDisk } from '../../../../src/adapters/store/journal/disk.ts';
import type { Disk } from '../../../../src/adapters/store/journal/disk.ts';
import { signedLine } from '../../../../src/adapters/deliveries/deliveries.ts';
import type { Reply } from '../../../../src/bot/ports.ts';
import { hasty, openSlackHarness, sentence } from '../../../support/slack/slackHarness.ts';
import { testKeys } from '../../../support/store/testKeys.ts';
import type { RoomOptions, SlackHarness } from '../../../support/slack/slackHarness.ts';

let room: SlackHarness;
afterEach(() => room.close());
async function open(options: RoomOptions = {}): Promise<void> {
  room = await openSlackHarness(options);
  room.slack.api.rates = false;
}

const file = (): string => join(room.dataDir, 'slack-deliveries.ndjson');
const written = (): string => readFileSync(file(), 'utf8');

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
      () => riley.press(room.cardWith('deny'), 'deny'),
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
        riley.press(room.cardWith('approve'), 'approve'),
      ]);
      expect([command.acknowledged, mention.acknowledged, press.acknowledged]).toEqual([true, true, true]);
      expect(JSON.stringify(command.body)).toContain('NOT taken');
      await room.toldTo('U1', 'Your press was NOT taken');
      await room.toldTo('U2', 'Your command was NOT taken');
      // A hanging sync hides nothing: a process that starts now reads what this one wrote.
      expect(room.commands).toEqual([]);
      state.mood = 'well';
      await room.restart();
      room.answer = () => sentence('well again');
      await riley.command('C1', 'status');
      await room.toldTo('U1', 'well again');
      expect(room.commands.map(({ text }) => text)).toEqual(['status']);
      expect(room.presses).toEqual([]);
    },
  );

  test('a form that is not taken stays open with the words in it, and is taken when it is sent again', async () => {
    const state = moody();
    await open({ disk: state.disk });
    room.answer = (input) => ('input' in input ? { kind: 'nothing' } : denyForm);
    await room.slack.person('U2').press(room.cardWith('deny'), 'deny');
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
    await riley.press(room.cardWith('deny'), 'deny');
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
    expect(await room.toldTo('U1', 'Here you are.')).toMatch(
      /Your command of .+ UTC, taken up after a restart/,
    );
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
    expect(await room.toldTo('U1', 'Press again')).toContain('/lr deny lr-abc123');
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
    expect(await room.toldTo('U1', 'was not done')).toContain('/lr dump hosta x');
    expect(await room.toldTo('U2', 'freeze now')).toContain('Whether it was done is not known');
    await room.restart();
    expect(room.commands).toEqual([]);
    expect(room.slack.world.ephemerals).toHaveLength(2);
  });

  test('what was not done when its person was told so is not done by the next process either', async () => {
    await open();
    room.answer = () => sentence('Asked.');
    appendFileSync(
      file(),
      left(Date.now() - 1_000, 'd1', typed('d1', 'dump hosta x')) +
        left(Date.now() - 1_000, 'd2', typed('d2', 'dump hosta y')),
    );
    for (const method of ['users.info', 'chat.postEphemeral', 'chat.postMessage', 'conversations.open'])
      room.slack.fault(method, { kind: 'error', error: 'internal_error' }, 1_000);
    await room.restart();
    await room.slack.until('both are decided', () =>
      written().split('so this was not done').length > 2 ? true : undefined,
    );
    await room.restart(() => room.slack.api.clearFaults());
    const said = await room.toldTo('U1', 'so this was not done');
    expect(said).toMatch(
      /^The bot restarted while it answered your command of .+ UTC, so you may read this twice:/,
    );
    await room.slack.until('both were answered', () =>
      room.slack.world.ephemerals.length === 2 ? true : undefined,
    );
    await room.restart();
    expect([room.commands, room.slack.world.ephemerals.length]).toEqual([[], 2]);
  });

  test('a delivery that Slack sends again is answered once, also by the next process', async () => {
    await open();
    room.answer = () => sentence('once');
    await room.slack.person('U1').mention('C1', 'status');
    await room.toldTo('U1', 'once');
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

describe('what nobody foresaw', () => {
  test('is logged with its stack and a reference, and the person is told the reference', async () => {
    await open();
    room.answer = () => {
      throw new TypeError('secret reason');
    };
    await room.slack.person('U1').command('C1', 'status');
    const said = await room.toldTo('U1', 'Something broke');
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
    await room.toldTo('U1', 'still here');
  });
});
