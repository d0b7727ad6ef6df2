// The cards against everything that happens while they are being drawn: changes in the middle of a pass,
// chats that answer late, restarts.
import { afterEach, describe, expect, test } from '@jest/globals';
import { ChatError } from '../../../../src/bot/ports.ts';
import { createStoryChat } from '../../../support/apps/storyChat.ts';
import { openTestApp } from '../../../support/apps/testApp.ts';
import type { TestApp } from '../../../support/apps/testApp.ts';
import type { StoryChat } from '../../../support/apps/storyChat.ts';
import { manyPending } from '../../../support/requests/manyPending.ts';

let app: TestApp;
afterEach(() => app.close());

const posts = (chat: StoryChat) => chat.calls.filter((call) => call.startsWith('post'));

let asked = 0;
/** Each for another process: the same line twice would be shown the first request. */
async function ask(count: number): Promise<void> {
  for (let n = 0; n < count; n += 1) await app.say('responder1', `dump hosta notepad${(asked += 1)}`);
}

describe('a pass over many cards', () => {
  test('does not post a card again whose post ends in the middle of it', async () => {
    let answer: () => void = () => undefined;
    let begin: () => void = () => undefined;
    const begun = new Promise<void>((resolve) => (begin = resolve));
    const chat = createStoryChat();
    app = await openTestApp({ chats: [chat], policy: manyPending });
    await ask(20);
    await app.loop.tick();
    const post = chat.post.bind(chat);
    chat.post = async (place, view, intent) => {
      chat.post = post;
      await new Promise<void>((resolve) => {
        answer = resolve;
        begin();
      });
      return post(place, view, intent);
    };
    await ask(1);
    await app.loop.cardSync.pass();
    await begun;
    app.loop.refreshOpenCards();
    const second = app.loop.cardSync.pass();
    answer();
    await second;
    await app.loop.tick();
    expect(posts(chat)).toHaveLength(21);
    expect(app.newest().cards).toHaveLength(1);
  });

  test('does not forget a change that comes in the middle of it', async () => {
    app = await openTestApp({ policy: manyPending });
    await ask(20);
    await app.loop.tick();
    app.loop.refreshOpenCards();
    const pass = app.loop.cardSync.pass();
    await app.press('responder1', 'withdraw');
    await pass;
    await app.loop.cardSync.pass();
    await app.loop.cardSync.idle();
    expect(app.card().view.status).toContain('Withdrawn');
  });

  test('draws what was decided at the very start of the process', async () => {
    app = await openTestApp({ policy: manyPending });
    await ask(20);
    await app.loop.tick();
    await app.restart();
    app.clock.move(3_600_000);
    app.loop.start();
    while (app.store.open().length > 0) await new Promise((resolve) => setImmediate(resolve));
    await app.loop.stop();
    await app.loop.lastCards();
    expect(app.store.open()).toEqual([]);
    expect([...app.chat.cards.values()].map((card) => card.view.status)).toEqual(
      Array.from({ length: 20 }, () => expect.stringContaining('Expired')),
    );
  });
});

describe('a waiting card', () => {
  test('no longer says frozen after an unfreeze, though the bot was restarted in between', async () => {
    app = await openTestApp({ policy: manyPending });
    await ask(1);
    await app.say('approver1', 'freeze odd approvals');
    await app.loop.tick();
    expect(app.card().view.lead).toContain('frozen');
    await app.restart();
    await app.loop.tick();
    await app.say('approver1', 'unfreeze');
    await app.loop.tick();
    expect(app.card().view.lead).not.toContain('frozen');
  });

  test('no longer says frozen when the unfreeze was never drawn', async () => {
    app = await openTestApp({ policy: manyPending });
    await ask(1);
    await app.say('approver1', 'freeze odd approvals');
    await app.loop.tick();
    await app.say('approver1', 'unfreeze');
    await app.restart();
    await app.loop.tick();
    expect(app.card().view.lead).not.toContain('frozen');
  });
});

test('an update whose answer was lost is repeated on the same card', async () => {
  app = await openTestApp({ policy: manyPending });
  await ask(1);
  await app.loop.tick();
  app.chat.failNext(new ChatError('ambiguous', 'cut'));
  await app.press('approver1', 'deny', { input: '' });
  await app.run(10_000);
  expect(app.card().view.status).toContain('Denied');
  expect(posts(app.chat)).toHaveLength(1);
});

test('ended requests are drawn first, and of those that wait the one that waits for longest', async () => {
  app = await openTestApp({ policy: manyPending });
  const ids: string[] = [];
  for (let n = 0; n < 3; n += 1) {
    await ask(1);
    ids.push(app.newest().id);
    app.clock.move(1_000);
  }
  await app.press('responder1', 'withdraw');
  await app.loop.cardSync.pass();
  await app.loop.cardSync.idle();
  expect([...app.chat.cards.values()].map(({ view }) => view.requestId)).toEqual([ids[2], ids[0], ids[1]]);
});

test.each([
  ['closed', 0],
  ['unavailable', 0],
  ['ambiguous', 1],
] as const)(
  'of a post that was answered %s the journal keeps a card only where it may stand: %i',
  async (code, cards) => {
    app = await openTestApp({ policy: manyPending });
    app.chat.refuse = () => new ChatError(code, code);
    await ask(1);
    await app.loop.tick();
    expect(posts(app.chat)).toHaveLength(1);
    expect(app.newest().cards).toHaveLength(cards);
  },
);

test('a card that stands and could not be written down as such is not posted again', async () => {
  app = await openTestApp({ policy: manyPending });
  const change = app.store.change.bind(app.store);
  let failed = 0;
  app.store.change = (id, decide) => {
    const request = app.store.get(id);
    const next = request === undefined ? undefined : decide(request, app.clock.now());
    if (next === undefined || !('event' in next) || next.event.type !== 'cardPosted' || failed > 0)
      return change(id, decide);
    failed += 1;
    return Promise.reject(new Error('the disk is full'));
  };
  await ask(1);
  await app.run(10_000);
  expect([failed, posts(app.chat).length, app.newest().cards.length]).toEqual([1, 1, 1]);
  expect(app.newest().cards[0]?.ref).toBeDefined();
});

test.each([
  ['rejected', 1],
  ['gone', 0],
] as const)(
  'a card of a request that ended long ago and whose update is %s gets no new one in its place',
  async (code, left) => {
    app = await openTestApp({ chats: [Object.assign(createStoryChat(), { ephemeralMessages: true })] });
    await ask(1);
    await app.press('responder1', 'withdraw');
    await app.run(10_000);
    app.clock.move(2 * 3_600_000);
    // A chat that forgets is drawn everything again after a start.
    await app.restart();
    app.chat.refuse = (call) => (call.startsWith('update') ? new ChatError(code, code) : undefined);
    await app.run(5 * 60_000);
    expect(posts(app.chat)).toHaveLength(1);
    expect(app.newest().cards).toHaveLength(left);
  },
);

test.each([
  ['an hour', 3_500_000, 1],
  ['two hours', 7_200_000, 0],
] as const)(
  'a request that ended %s ago and never had a card gets one only while that is news',
  async (_when, age, count) => {
    app = await openTestApp({ policy: manyPending });
    app.chat.refuse = () => new ChatError('closed', 'is_archived');
    await ask(1);
    await app.press('responder1', 'withdraw');
    await app.loop.tick();
    app.clock.move(age);
    await app.restart();
    app.chat.refuse = () => undefined;
    await app.run(10_000);
    expect([app.chat.cards.size, app.loop.cardSync.behind()]).toEqual([count, 0]);
  },
);
