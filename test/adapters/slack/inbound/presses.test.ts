// Button presses in Slack, and the form that asks for the reason of a denial.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Reply } from '../../../../src/bot/ports.ts';
import { read } from '../../../../src/demo/slack/fakeSlack.ts';
import { openSlackHarness, sentence } from '../../../support/slack/slackHarness.ts';
import type { SlackHarness } from '../../../support/slack/slackHarness.ts';

let room: SlackHarness;
beforeEach(async () => {
  room = await openSlackHarness();
});
afterEach(() => room.close());

describe('a press', () => {
  test('hands the bot what the button carries and who pressed it', async () => {
    const card = room.cardWith('link', 'lr-abc123', 1);
    await room.slack.person('U2').press(card, 'link');
    await room.slack.until('the press', () => room.presses[0]);
    expect(room.presses[0]).toMatchObject({
      verb: 'link',
      requestId: 'lr-abc123',
      revision: 3,
      fingerprint: 'f00d',
      index: 1,
      account: { id: 'U2', trust: 'member' },
      place: { id: 'C1' },
    });
  });

  test('believes users.info and not the payload about who somebody is', async () => {
    room.slack.world.user('U2', { is_restricted: true });
    await room.slack.person('U2').press(room.cardWith('approve'), 'approve', {
      payload: { user: { id: 'U2', username: 'admin', team_id: 'T0HOME' } },
    });
    await room.slack.until('the press', () => room.presses[0]);
    expect(room.presses[0]?.account.trust).toBe('guest');
  });

  test('reads the account again for a vote, however lately it was read', async () => {
    await room.slack.person('U2').press(room.cardWith('output'), 'output');
    await room.slack.until('the first', () => room.presses[0]);
    room.slack.world.user('U2', { deleted: true });
    await room.slack.person('U2').press(room.cardWith('approve'), 'approve');
    await room.slack.until('the vote', () => room.presses[1]);
    expect(room.presses.map(({ account }) => account.trust)).toEqual(['member', 'deactivated']);
  });

  test('on a link button is acknowledged and does nothing', async () => {
    const card = room.place([
      {
        type: 'actions',
        elements: [
          {
            type: 'button',
            text: { type: 'plain_text', text: 'Download' },
            action_id: 'lr.open.v1.1',
            url: 'https://blob.example/x',
          },
        ],
      },
    ]);
    expect((await room.slack.person('U1').press(card, 'Download')).acknowledged).toBe(true);
    await room.slack.person('U1').command('C1', 'status');
    await room.slack.until('the command after it', () => room.commands[0]);
    expect(room.presses).toHaveLength(0);
    expect(room.slack.world.ephemerals).toHaveLength(0);
  });

  test('on a button of another version is acknowledged and explained', async () => {
    const card = room.place([
      {
        type: 'actions',
        elements: [
          {
            type: 'button',
            text: { type: 'plain_text', text: 'Approve' },
            action_id: 'lr.approve.v0',
            value: 'whatever',
          },
        ],
      },
    ]);
    expect((await room.slack.person('U1').press(card, 'Approve')).acknowledged).toBe(true);
    expect(await room.toldTo('U1', 'older version')).toContain('/lr status');
    expect(room.presses).toHaveLength(0);
  });

  test('on an older card does nothing but to say so, and that card says it too from then on', async () => {
    const old = room.cardWith('approve');
    const newer = room.cardWith('approve');
    room.newest.set('lr-abc123', { surface: 'slack', place: 'C1', id: newer.ts });
    await room.slack.person('U2').press(old, 'approve');
    await room.toldTo('U2', 'superseded');
    await room.slack.until('the older card rewritten', () =>
      read(old).includes('superseded') ? true : undefined,
    );
    expect(read(newer)).not.toContain('superseded');
    // Every message of ours is text and never markup, no matter what it contains.
    expect(room.slack.world.calls.findLast(({ method }) => method === 'chat.update')?.args).toMatchObject({
      parse: 'none',
    });
    expect(room.presses).toHaveLength(0);
  });

  test('on an older card takes one change of a card, however often it comes before that is done', async () => {
    const old = room.cardWith('approve');
    const newer = room.cardWith('approve');
    room.newest.set('lr-abc123', { surface: 'slack', place: 'C1', id: newer.ts });
    let go: () => void = () => undefined;
    room.slack.fault('chat.update', { kind: 'hold', go: new Promise((resolve) => (go = resolve)) });
    for (const who of ['U1', 'U2']) {
      await room.slack.person(who).press(old, 'approve');
      await room.toldTo(who, 'superseded');
    }
    go();
    await room.slack.until('the older card rewritten', () =>
      read(old).includes('superseded') ? true : undefined,
    );
    // A stop waits for what every press has begun.
    await room.restart();
    expect(room.slack.world.calls.filter(({ method }) => method === 'chat.update')).toHaveLength(1);
  });

  test('twice at once runs the bot twice, whose store decides, and answers both', async () => {
    let count = 0;
    room.answer = () => sentence(`answer ${(count += 1)}`);
    const card = room.cardWith('approve');
    const person = room.slack.person('U2');
    const both = await Promise.all([person.press(card, 'approve'), person.press(card, 'approve')]);
    expect(both.every(({ acknowledged }) => acknowledged)).toBe(true);
    await room.slack.until('both answers', () =>
      room.slack.world.ephemerals.length === 2 ? true : undefined,
    );
  });
});

describe('a denial', () => {
  const form: Reply = {
    kind: 'form',
    form: {
      verb: 'deny',
      requestId: 'lr-abc123',
      revision: 3,
      fingerprint: 'f00d',
      title: 'Deny LR-ABC123',
      label: 'Why?',
      optional: true,
      max: 500,
      submit: 'Deny',
    },
  };

  test('opens a form at once and asks for the reason, and the sender of the form is checked again', async () => {
    room.answer = (input) =>
      'input' in input ? { kind: 'asked', requestId: 'lr-abc123', text: 'Denied.', shown: true } : form;
    await room.slack.person('U2').press(room.cardWith('deny'), 'deny');
    await room.slack.until('the form', () =>
      [...room.slack.world.views.values()].find((view) => view.view['callback_id'] === 'lr.form.v1'),
    );
    room.slack.world.user('U2', { is_restricted: true });
    expect((await room.slack.person('U2').submit('not today')).body).toBe('');
    await room.slack.until('the denial', () => room.presses[1]);
    expect(room.presses[1]).toMatchObject({
      verb: 'deny',
      requestId: 'lr-abc123',
      revision: 3,
      fingerprint: 'f00d',
      input: 'not today',
      account: { id: 'U2', trust: 'guest' },
      place: { id: 'C1' },
    });
    expect(room.presses[0]).toMatchObject({ account: { id: 'U2', trust: 'member' } });
  });

  test('without a reason is a denial all the same', async () => {
    room.answer = (input) => ('input' in input ? { kind: 'nothing' } : form);
    await room.slack.person('U2').press(room.cardWith('deny'), 'deny');
    await room.slack.until('the form', () =>
      [...room.slack.world.views.values()].find((view) => view.view['callback_id'] === 'lr.form.v1'),
    );
    await room.slack.person('U2').submit('');
    await room.slack.until('the denial', () => room.presses[1]);
    expect(room.presses[1]?.input).toBe('');
  });

  test('by one who may not is refused in the modal that opened', async () => {
    room.answer = () => sentence('You cannot deny this.');
    await room.slack.person('U2').press(room.cardWith('deny'), 'deny');
    const told = await room.slack.until('the refusal', () =>
      [...room.slack.world.views.values()].find((view) => JSON.stringify(view.view).includes('cannot deny')),
    );
    expect(told.view['submit']).toBeUndefined();
  });

  test('opens its modal before the checks, so that slow ones do not cost the three seconds', async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    room.slack.fault('users.info', { kind: 'hold', go: held });
    room.answer = () => form;
    await room.slack.person('U2').press(room.cardWith('deny'), 'deny');
    await room.slack.until('the waiting modal', () =>
      [...room.slack.world.views.values()].find((view) => JSON.stringify(view.view).includes('Checking')),
    );
    release();
    await room.slack.until('the form', () =>
      [...room.slack.world.views.values()].find((view) => view.view['callback_id'] === 'lr.form.v1'),
    );
  });

  test('tells what to type where Slack does not open the modal', async () => {
    room.slack.fault('views.open', { kind: 'error', error: 'expired_trigger_id' });
    room.answer = () => form;
    await room.slack.person('U2').press(room.cardWith('deny'), 'deny');
    expect(await room.toldTo('U2', 'did not open')).toContain('/lr deny lr-abc123');
  });

  test('refused at the submission is told to the person', async () => {
    room.answer = (input) => ('input' in input ? sentence('Approved already by Avery.') : form);
    await room.slack.person('U2').press(room.cardWith('deny'), 'deny');
    await room.slack.until('the form', () =>
      [...room.slack.world.views.values()].find((view) => view.view['callback_id'] === 'lr.form.v1'),
    );
    await room.slack.person('U2').submit('no');
    await room.toldTo('U2', 'Approved already');
  });
});
