// Nobody waits in the dark (rows 1.1 to 1.3): who is told what while a card cannot be drawn, how often,
// through which chat, and again when it can.
import { afterEach, describe, expect, test } from '@jest/globals';
import { ChatError } from '../../../../../src/bot/ports.ts';
import { createStoryChat } from '../../../../support/apps/storyChat.ts';
import { openTestApp } from '../../../../support/apps/testApp.ts';
import type { TestApp } from '../../../../support/apps/testApp.ts';
import type { StoryChat } from '../../../../support/apps/storyChat.ts';

let app: TestApp;
afterEach(() => app.close());

const minute = 60_000;
const closed = (place: string) => (call: string) =>
  call.endsWith(` ${place}`) || call.includes(` ${place}#`)
    ? new ChatError('closed', 'not_in_channel')
    : undefined;
const texts = (chat: StoryChat): readonly string[] => chat.whispers.map((one) => one.text);
let times = 0;
/** Something else each time: the same twice would be shown the first. */
const askedElsewhere = () =>
  app.say('responder1', `dump hosta notepad${(times += 1)}`, { place: 'soc-private' });

/** A second chat, with an approvals place and an account of the requester. */
const both = (text: string): string =>
  text
    .replace(
      'name: Riley Responder, console: responder1 }',
      'name: Riley Responder, console: responder1, slack: U0RILEY1 }',
    )
    .replace(
      "- { place: 'console:soc-private', results: private }",
      "- { place: 'console:soc-private', results: private }\n  - { place: 'slack:C0INCIDENT', approvals: true, results: card }",
    );

describe('a request that no approver can have seen', () => {
  test('row 1.3: is told to its requester with the reason within ten seconds, once, and again when its card stands', async () => {
    app = await openTestApp();
    app.chat.refuse = closed('incidents');
    await askedElsewhere();
    const { id } = app.newest();
    await app.run(10_000);
    expect(app.chat.whispers).toEqual([
      {
        place: 'soc-private',
        account: 'responder1',
        text: expect.stringMatching(
          new RegExp(
            `^No approver has seen ${id} yet: the bot cannot post in console:incidents since \\d\\d:\\d\\d UTC \\(not_in_channel\\)\\. The bot tries again by itself, and tells you when the card stands\\.$`,
          ),
        ) as unknown as string,
      },
    ]);
    await app.run(20 * minute);
    expect(app.chat.whispers).toHaveLength(1);
    expect(app.chat.notes.map((note) => note.text)).toEqual([
      expect.stringMatching(`The card of ${id} cannot be posted in console:incidents`),
    ]);
    app.chat.refuse = () => undefined;
    app.bot.heard('console', 'incidents');
    await app.run(10_000);
    expect(texts(app.chat).slice(1)).toEqual([`console:incidents shows ${id} again.`]);
  });

  test('names the place of the approvals as the reason, and no other that is closed too', async () => {
    app = await openTestApp();
    app.chat.refuse = (call) => closed('incidents')(call) ?? closed('soc-private')(call);
    await askedElsewhere();
    const { id } = app.newest();
    await app.run(10_000);
    const [unseen, other] = texts(app.chat).join('\n').split('\n');
    expect(unseen).toMatch(`No approver has seen ${id} yet: the bot cannot post in console:incidents since`);
    expect(unseen).not.toContain('soc-private');
    expect(other).toMatch(`The card of ${id} cannot be posted in console:soc-private`);
  });

  test('and was taken back before anybody could see it waits for nobody', async () => {
    app = await openTestApp();
    app.chat.refuse = closed('incidents');
    await askedElsewhere();
    await app.press('responder1', 'withdraw', { place: 'soc-private' });
    await app.run(10_000);
    expect(texts(app.chat)).toEqual([
      expect.stringMatching(/^The card of lr-\w+ cannot be posted in console:incidents/),
    ]);
  });

  test('asked for in a conversation with the bot alone, is told to that person there and not below the card as well', async () => {
    app = await openTestApp();
    app.chat.refuse = closed('incidents');
    const account = { surface: 'console', id: 'responder1', trust: 'member' } as const;
    await app.bot.command({
      surface: 'console',
      account,
      place: { surface: 'console', id: 'D1', direct: true, external: false },
      text: 'dump hosta notepad',
      deliveryId: 'alone',
    });
    await app.run(30_000);
    expect(app.chat.whispers).toMatchObject([{ place: 'D1', account: 'responder1' }]);
    expect(app.chat.notes).toEqual([]);
  });

  test('of whose cards one stands in a chat that is not connected now: nobody is taken to have read it there', async () => {
    app = await openTestApp({ policy: both });
    app.chat.refuse = closed('incidents');
    await askedElsewhere();
    const { id } = app.newest();
    await app.store.change(id, () => ({
      event: { type: 'cardPosting', surface: 'slack', place: 'C0INCIDENT', intent: 'a' },
    }));
    await app.store.change(id, () => ({
      event: {
        type: 'cardPosted',
        intent: 'a',
        ref: { surface: 'slack', place: 'C0INCIDENT', id: '1.1' },
        shown: 1,
      },
    }));
    await app.run(10_000);
    expect(texts(app.chat)).toEqual([expect.stringContaining(`No approver has seen ${id} yet`)]);
  });

  test('is not told when the first retry went through', async () => {
    app = await openTestApp();
    app.chat.failNext(new ChatError('closed', 'passing'));
    await app.say('responder1', 'dump hosta notepad');
    await app.run(minute);
    expect([...app.chat.whispers, ...app.chat.notes]).toEqual([]);
  });
});

describe('many requests in one closed place', () => {
  test('are told in one message for each person and outage, with their ids, and those asked later in another', async () => {
    app = await openTestApp();
    for (let n = 0; n < 6; n += 1) await askedElsewhere();
    await app.run(10_000);
    app.chat.refuse = closed('incidents');
    for (const request of app.store.open())
      await app.press('responder1', 'withdraw', { request, place: 'soc-private' });
    await app.run(5 * minute);
    const ids = app.store.all().map((request) => request.id);
    expect(app.chat.whispers).toHaveLength(1);
    for (const id of ids) expect(texts(app.chat)[0]).toContain(id);
    // The other place is told in one message too.
    expect(app.chat.announced.filter((one) => one.text.includes('cannot be updated'))).toHaveLength(1);
    await askedElsewhere();
    await app.run(minute);
    expect(texts(app.chat)).toHaveLength(2);
    expect(texts(app.chat)[1]).toContain(`No approver has seen ${app.newest().id} yet`);
    app.chat.refuse = () => undefined;
    app.bot.heard('console', 'incidents');
    await app.run(minute);
    expect(texts(app.chat)).toHaveLength(3);
    for (const id of ids) expect(texts(app.chat)[2]).toContain(id);
  });
});

describe('a requester who has accounts in two chats', () => {
  async function asked(): Promise<{ readonly here: StoryChat; readonly there: StoryChat }> {
    const here = createStoryChat();
    const there = createStoryChat('slack');
    app = await openTestApp({ policy: both, chats: [here, there] });
    await app.say('responder1', 'dump hosta notepad');
    await app.run(5_000);
    return { here, there };
  }

  test('is told through the other one while the whole chat is out, once and not for each card, and so are the cards there', async () => {
    const { here, there } = await asked();
    here.refuse = () => new ChatError('unavailable', 'no connection');
    await app.press('responder1', 'withdraw');
    await app.run(10_000);
    expect(there.whispers).toEqual([
      {
        place: 'C0INCIDENT',
        account: 'U0RILEY1',
        text: expect.stringContaining('does not answer as it should (no connection)') as unknown as string,
      },
    ]);
    expect(
      there.notes.filter((note) => note.text.includes(app.newest().id)).map((note) => note.text),
    ).toEqual([expect.stringContaining('This one goes on.')]);
    expect(app.loop.cardSync.closed()).toEqual([]);
    await app.run(20 * minute);
    expect(there.whispers).toHaveLength(1);
    here.refuse = () => undefined;
    await app.run(3 * minute);
    expect([...texts(here), ...texts(there)].filter((text) => text.endsWith('again.'))).toEqual([
      `console:incidents shows ${app.newest().id} again.`,
    ]);
  });

  test('is told there when only the private answer fails where it was asked', async () => {
    const { here, there } = await asked();
    here.refuse = (call) => (call === 'whisper' ? new ChatError('closed', 'user_not_in_channel') : undefined);
    there.refuse = (call) => (call.startsWith('update') ? new ChatError('closed', 'is_archived') : undefined);
    await app.press('responder1', 'withdraw');
    await app.run(10_000);
    expect(texts(there)).toEqual([
      expect.stringMatching(/^The card of lr-\w+ in slack:C0INCIDENT cannot be updated since/),
    ]);
  });
});

test('what cannot be told at once is told when it can be, as long as the trouble lasts', async () => {
  app = await openTestApp();
  await askedElsewhere();
  await app.run(5_000);
  const place = closed('incidents');
  app.chat.refuse = (call) =>
    place(call) ?? (call === 'whisper' ? new ChatError('unavailable', 'down') : undefined);
  await app.press('responder1', 'withdraw', { place: 'soc-private' });
  await app.run(30_000);
  expect(texts(app.chat)).toEqual([]);
  app.chat.refuse = place;
  await app.run(minute);
  expect(texts(app.chat)).toHaveLength(1);
});

test('a card of a request that ended over an hour ago is drawn again when it can be, and nobody is told: a younger one would be news', async () => {
  app = await openTestApp({ chats: [Object.assign(createStoryChat(), { ephemeralMessages: true })] });
  await app.say('responder1', 'dump hosta notepad');
  await app.press('responder1', 'withdraw');
  await app.run(minute);
  for (const [age, told] of [
    [50 * minute, 1],
    [20 * minute, 0],
  ] as const) {
    app.clock.move(age);
    // A chat that forgets is drawn everything again after a start.
    await app.restart();
    app.chat.refuse = closed('incidents');
    await app.run(minute);
    expect(app.loop.cardSync.behind()).toBe(1);
    expect(app.chat.whispers.splice(0)).toHaveLength(told);
    app.chat.refuse = () => undefined;
    app.bot.heard('console', 'incidents');
    await app.run(2 * minute);
    expect(app.loop.cardSync.behind()).toBe(0);
    app.chat.whispers.splice(0);
  }
});
