// The cards against everything that happens while they are being drawn: changes in the middle of a pass,
// chats that answer late, restarts.
import { afterEach, describe, expect, test } from '@jest/globals';
import { ChatError } from '../../../src/bot/ports.ts';
import { createStoryChat, openHouse } from '../../support/house.ts';
import type { House, StoryChat } from '../../support/house.ts';
import { manyPending } from '../../support/manyPending.ts';

let house: House;
afterEach(() => house.close());

const posts = (chat: StoryChat) => chat.calls.filter((call) => call.startsWith('post'));

let asked = 0;
/** Each for another process: the same line twice would be shown the first request. */
async function ask(count: number): Promise<void> {
  for (let n = 0; n < count; n += 1) await house.say('responder1', `dump hosta notepad${(asked += 1)}`);
}

describe('a pass over many cards', () => {
  test('does not post a card again whose post ends in the middle of it', async () => {
    let answer: () => void = () => undefined;
    let begin: () => void = () => undefined;
    const begun = new Promise<void>((resolve) => (begin = resolve));
    const chat = createStoryChat();
    house = await openHouse({ chats: [chat], policy: manyPending });
    await ask(20);
    await house.loop.tick();
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
    await house.loop.deck.pass();
    await begun;
    house.loop.redrawOpen();
    const second = house.loop.deck.pass();
    answer();
    await second;
    await house.loop.tick();
    expect(posts(chat)).toHaveLength(21);
    expect(house.newest().cards).toHaveLength(1);
  });

  test('does not forget a change that comes in the middle of it', async () => {
    house = await openHouse({ policy: manyPending });
    await ask(20);
    await house.loop.tick();
    house.loop.redrawOpen();
    const pass = house.loop.deck.pass();
    await house.press('responder1', 'withdraw');
    await pass;
    await house.loop.deck.pass();
    await house.loop.deck.settled();
    expect(house.card().view.status).toContain('Withdrawn');
  });

  test('draws what was decided at the very start of the process', async () => {
    house = await openHouse({ policy: manyPending });
    await ask(20);
    await house.loop.tick();
    await house.restart();
    house.clock.move(3_600_000);
    house.loop.start();
    while (house.store.open().length > 0) await new Promise((resolve) => setImmediate(resolve));
    await house.loop.stop();
    await house.loop.lastCards();
    expect(house.store.open()).toEqual([]);
    expect([...house.chat.cards.values()].map((card) => card.view.status)).toEqual(
      Array.from({ length: 20 }, () => expect.stringContaining('Expired')),
    );
  });
});

describe('a waiting card', () => {
  test('no longer says frozen after an unfreeze, though the bot was restarted in between', async () => {
    house = await openHouse({ policy: manyPending });
    await ask(1);
    await house.say('approver1', 'freeze odd approvals');
    await house.loop.tick();
    expect(house.card().view.lead).toContain('frozen');
    await house.restart();
    await house.loop.tick();
    await house.say('approver1', 'unfreeze');
    await house.loop.tick();
    expect(house.card().view.lead).not.toContain('frozen');
  });

  test('no longer says frozen when the unfreeze was never drawn', async () => {
    house = await openHouse({ policy: manyPending });
    await ask(1);
    await house.say('approver1', 'freeze odd approvals');
    await house.loop.tick();
    await house.say('approver1', 'unfreeze');
    await house.restart();
    await house.loop.tick();
    expect(house.card().view.lead).not.toContain('frozen');
  });
});

test('an update whose answer was lost is repeated on the same card', async () => {
  house = await openHouse({ policy: manyPending });
  await ask(1);
  await house.loop.tick();
  house.chat.failNext(new ChatError('ambiguous', 'cut'));
  await house.press('approver1', 'deny', { input: '' });
  await house.run(10_000);
  expect(house.card().view.status).toContain('Denied');
  expect(posts(house.chat)).toHaveLength(1);
});

test('ended requests are drawn first, and of those that wait the one that waits for longest', async () => {
  house = await openHouse({ policy: manyPending });
  const ids: string[] = [];
  for (let n = 0; n < 3; n += 1) {
    await ask(1);
    ids.push(house.newest().id);
    house.clock.move(1_000);
  }
  await house.press('responder1', 'withdraw');
  await house.loop.deck.pass();
  await house.loop.deck.settled();
  expect([...house.chat.cards.values()].map(({ view }) => view.requestId)).toEqual([ids[2], ids[0], ids[1]]);
});

test.each([
  ['closed', 0],
  ['unavailable', 0],
  ['ambiguous', 1],
] as const)(
  'of a post that was answered %s the journal keeps a card only where it may stand: %i',
  async (code, cards) => {
    house = await openHouse({ policy: manyPending });
    house.chat.refuse = () => new ChatError(code, code);
    await ask(1);
    await house.loop.tick();
    expect(posts(house.chat)).toHaveLength(1);
    expect(house.newest().cards).toHaveLength(cards);
  },
);

test('a card that stands and could not be written down as such is not posted again', async () => {
  house = await openHouse({ policy: manyPending });
  const change = house.store.change.bind(house.store);
  let failed = 0;
  house.store.change = (id, decide) => {
    const request = house.store.get(id);
    const next = request === undefined ? undefined : decide(request, house.clock.now());
    if (next === undefined || !('event' in next) || next.event.type !== 'cardPosted' || failed > 0)
      return change(id, decide);
    failed += 1;
    return Promise.reject(new Error('the disk is full'));
  };
  await ask(1);
  await house.run(10_000);
  expect([failed, posts(house.chat).length, house.newest().cards.length]).toEqual([1, 1, 1]);
  expect(house.newest().cards[0]?.ref).toBeDefined();
});

test.each([
  ['rejected', 1],
  ['gone', 0],
] as const)(
  'a card of a request that ended long ago and whose update is %s gets no new one in its place',
  async (code, left) => {
    house = await openHouse({ chats: [Object.assign(createStoryChat(), { volatile: true })] });
    await ask(1);
    await house.press('responder1', 'withdraw');
    await house.run(10_000);
    house.clock.move(2 * 3_600_000);
    // A chat that forgets is drawn everything again after a start.
    await house.restart();
    house.chat.refuse = (call) => (call.startsWith('update') ? new ChatError(code, code) : undefined);
    await house.run(5 * 60_000);
    expect(posts(house.chat)).toHaveLength(1);
    expect(house.newest().cards).toHaveLength(left);
  },
);

test.each([
  ['an hour', 3_500_000, 1],
  ['two hours', 7_200_000, 0],
] as const)(
  'a request that ended %s ago and never had a card gets one only while that is news',
  async (_when, age, count) => {
    house = await openHouse({ policy: manyPending });
    house.chat.refuse = () => new ChatError('closed', 'is_archived');
    await ask(1);
    await house.press('responder1', 'withdraw');
    await house.loop.tick();
    house.clock.move(age);
    await house.restart();
    house.chat.refuse = () => undefined;
    await house.run(10_000);
    expect([house.chat.cards.size, house.loop.deck.behind()]).toEqual([count, 0]);
  },
);
