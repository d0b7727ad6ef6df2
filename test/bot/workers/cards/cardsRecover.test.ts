// No answer of a chat ends a card (rows 1.1 to 1.3): each call of a story refused with each code, for a while
// and for long, over restarts, and what it costs.
import { afterEach, describe, expect, test } from '@jest/globals';
import { ChatError } from '../../../../src/bot/ports.ts';
import type { ChatErrorCode } from '../../../../src/bot/ports.ts';
import { createStoryChat } from '../../../support/apps/storyChat.ts';
import { openTestApp } from '../../../support/apps/testApp.ts';
import type { TestApp } from '../../../support/apps/testApp.ts';
import type { StoryChat } from '../../../support/apps/storyChat.ts';
import { manyPending } from '../../../support/requests/manyPending.ts';

let app: TestApp;
afterEach(() => app.close());

const codes: readonly ChatErrorCode[] = [
  'gone',
  'closed',
  'throttled',
  'unavailable',
  'rejected',
  'ambiguous',
];
const minute = 60_000;

/** Cards that stand, by place and what they show. */
function standing(chat: StoryChat): readonly string[] {
  return [...chat.cards.values()]
    .map((card) => `${card.place}: ${card.view.status.replace('SIMULATED TENANT: ', '').replace(/:.*/, '')}`)
    .sort();
}

/** Asked in one place, with a card in another; approved, run, ended. */
async function story(): Promise<void> {
  await app.say('responder1', 'dump hosta notepad', { place: 'soc-private' });
  await app.run(10_000);
  await app.press('approver1', 'approve');
  await app.until('finished');
  await app.run(minute / 2);
}

/** Refuses the nth call of a kind. */
function refuseNth(chat: StoryChat, kind: string, nth: number, error: ChatError): () => boolean {
  let seen = 0;
  chat.refuse = (call) => {
    if (!call.startsWith(kind)) return undefined;
    seen += 1;
    return seen === nth ? error : undefined;
  };
  return () => seen >= nth;
}

describe('rows 1.1 and 1.2: one refused call', () => {
  test.each(codes.flatMap((code) => ['post', 'update', 'note'].map((kind) => [code, kind] as const)))(
    '%s of one %s, whichever, leaves the same cards at the end, each once',
    async (code, kind) => {
      for (const nth of [1, 2, 3, 5, 8, 13, 21, 34]) {
        app = await openTestApp();
        const happened = refuseNth(app.chat, kind, nth, new ChatError(code, `${kind} refused`));
        await story();
        expect(standing(app.chat)).toEqual(['incidents: Finished', 'soc-private: Finished']);
        expect(
          app
            .newest()
            .cards.map((card) => card.place)
            .sort(),
        ).toEqual(['incidents', 'soc-private']);
        expect(app.loop.cardSync.behind()).toBe(0);
        expect(app.loop.cardSync.closed()).toEqual([]);
        if (!happened()) return;
        await app.close();
      }
      throw new Error('the story never ended');
    },
  );
});

describe('a card whose update is refused again and again', () => {
  test.each(['closed', 'rejected', 'gone'] as const)(
    '%s, though the place is open: a new card is posted, and the older says that it is superseded',
    async (code) => {
      app = await openTestApp();
      await app.say('responder1', 'dump hosta notepad', { place: 'soc-private' });
      await app.run(5_000);
      app.chat.refuse = (call) =>
        call === 'update incidents#2' ? new ChatError(code, 'ServiceError') : undefined;
      await app.press('approver1', 'approve');
      await app.until('finished');
      await app.run(minute);
      expect(standing(app.chat)).toEqual(['incidents: Finished', 'soc-private: Finished']);
      expect(app.chat.calls.filter((call) => call.startsWith('supersede'))).toEqual([
        'supersede incidents#2',
      ]);
      expect(app.newest().cards).toHaveLength(2);
    },
  );

  test('and cannot be rewritten for a while: it is made to say so once it can, over a restart', async () => {
    app = await openTestApp();
    await app.say('responder1', 'dump hosta notepad');
    await app.run(5_000);
    app.chat.refuse = (call) =>
      call.endsWith('incidents#1') ? new ChatError('closed', 'ServiceError') : undefined;
    await app.press('approver1', 'approve');
    await app.run(minute);
    expect(app.chat.cards.size).toBe(2);
    await app.restart();
    await app.run(minute);
    expect(app.chat.cards.size).toBe(2);
    app.chat.refuse = () => undefined;
    await app.run(6 * minute);
    expect(standing(app.chat)).toEqual(['incidents: Finished']);
  });
});

describe('a place that is closed', () => {
  const closed = (place: string) => (call: string) =>
    call.includes(` ${place}`) ? new ChatError('closed', 'is_archived') : undefined;

  test('is asked again at growing intervals by one call at a time, however many requests wait there, and draws all of them when it opens', async () => {
    app = await openTestApp({ policy: manyPending });
    for (let n = 0; n < 45; n += 1) {
      // Each another process: the same again would be a twin.
      await app.say('responder1', `dump hosta notepad${n}`);
      await app.run(2_400);
    }
    app.chat.refuse = closed('incidents');
    for (const request of app.store.open()) await app.press('responder1', 'withdraw', { request });
    await app.run(15_000);
    const before = app.chat.calls.length;
    await app.run(20 * minute);
    // At 15, 30, 60, 120 and then every 300 seconds: an update, and a post after it.
    expect(app.chat.calls.length - before).toBeLessThanOrEqual(2 * 9);
    expect(app.loop.cardSync.behind()).toBe(45);
    expect(app.loop.cardSync.closed()).toEqual([
      {
        surface: 'console',
        place: 'incidents',
        since: expect.any(Number) as unknown as number,
        why: 'is_archived',
      },
    ]);
    app.chat.refuse = () => undefined;
    await app.run(6 * minute);
    expect(app.loop.cardSync.behind()).toBe(0);
    expect(app.loop.cardSync.closed()).toEqual([]);
    expect([...app.chat.cards.values()].filter((card) => !card.view.status.includes('Withdrawn'))).toEqual(
      [],
    );
    expect(app.chat.cards.size).toBe(45);
  });

  test('is asked at once when something comes from it, and no more often than every two seconds', async () => {
    app = await openTestApp();
    await app.say('responder1', 'dump hosta notepad');
    await app.run(5_000);
    app.chat.refuse = closed('incidents');
    await app.press('responder1', 'withdraw');
    await app.run(10 * minute);
    const before = app.chat.calls.length;
    for (let n = 0; n < 20; n += 1) {
      app.bot.heard('console', 'incidents');
      await app.loop.tick();
    }
    expect(app.chat.calls.length - before).toBeLessThanOrEqual(2);
    app.chat.refuse = () => undefined;
    await app.run(2_500);
    expect(standing(app.chat)).toEqual(['incidents: Withdrawn']);
  });

  test('a place in which nothing is to be drawn any more is not told as closed: nobody asks there, so nothing would ever take it back', async () => {
    app = await openTestApp();
    app.chat.refuse = closed('incidents');
    await app.say('responder1', 'dump hosta notepad', { place: 'soc-private' });
    await app.run(minute);
    expect(app.loop.cardSync.closed()).toHaveLength(1);
    await app.press('responder1', 'withdraw', { place: 'soc-private' });
    await app.run(70 * minute);
    app.chat.refuse = () => undefined;
    app.bot.heard('console', 'incidents');
    await app.run(10 * minute);
    expect(app.loop.cardSync.closed()).toEqual([]);
  });

  test('is told as closed on, and asked at its own pace, though a pass could not look at the cards', async () => {
    app = await openTestApp();
    app.chat.refuse = closed('incidents');
    await app.say('responder1', 'dump hosta notepad', { place: 'soc-private' });
    await app.run(minute);
    const known = app.loop.cardSync.closed();
    expect(known).toHaveLength(1);
    const freeze = app.store.freeze.bind(app.store);
    let broke = 0;
    app.store.freeze = () => {
      broke += 1;
      if (broke === 1) throw new Error('a bug');
      return freeze();
    };
    for (const { id } of app.store.all()) app.loop.cardSync.markDirty(id);
    await app.loop.cardSync.pass();
    expect(broke).toBeGreaterThan(0);
    expect(app.loop.cardSync.closed()).toEqual(known);
  });

  test('for the whole of a request, through a restart in the middle, ends with one card that shows the end', async () => {
    app = await openTestApp();
    app.chat.refuse = closed('incidents');
    await app.say('responder1', 'dump hosta notepad', { place: 'soc-private' });
    await app.run(10_000);
    await app.press('approver1', 'approve', { place: 'soc-private' });
    await app.run(10 * minute);
    await app.restart();
    await app.run(10 * minute);
    app.chat.refuse = () => undefined;
    await app.run(6 * minute);
    expect(standing(app.chat)).toEqual(['incidents: Finished', 'soc-private: Finished']);
  });
});

test('everything refused for 20 minutes, with a restart in the middle, leaves the cards of the undisturbed story', async () => {
  for (const code of codes.filter((one) => one !== 'ambiguous')) {
    app = await openTestApp();
    await app.say('responder1', 'dump hosta notepad', { place: 'soc-private' });
    await app.run(10_000);
    app.chat.refuse = () => new ChatError(code, code);
    await app.press('approver1', 'approve');
    await app.run(10 * minute);
    await app.restart();
    await app.run(10 * minute);
    app.chat.refuse = () => undefined;
    await app.run(6 * minute);
    expect(standing(app.chat)).toEqual(['incidents: Finished', 'soc-private: Finished']);
    await app.close();
  }
  app = await openTestApp();
});

describe('a journal of an older version', () => {
  test('in which a card was given up: it is brought to its end after a restart, and works again', async () => {
    app = await openTestApp();
    await app.say('responder1', 'dump hosta notepad');
    await app.run(5_000);
    const { id, cards } = app.newest();
    await app.store.change(id, () => ({
      event: { type: 'cardGone', intent: cards[0]?.intent ?? '', why: 'is_archived', dead: true },
    }));
    await app.press('responder1', 'withdraw');
    await app.restart();
    await app.run(5_000);
    expect(standing(app.chat)).toEqual(['incidents: Withdrawn']);
    expect(app.newest().cards).toEqual([expect.not.objectContaining({ dead: expect.anything() as unknown })]);
  });

  test('in which a card could not be posted and was given up: it is posted while the request is open', async () => {
    app = await openTestApp();
    await app.say('responder1', 'dump hosta notepad');
    const { id } = app.newest();
    await app.store.change(id, () => ({
      event: { type: 'cardPosting', surface: 'console', place: 'incidents', intent: 'a' },
    }));
    await app.store.change(id, () => ({
      event: { type: 'cardGone', intent: 'a', why: 'not_in_channel', dead: true },
    }));
    await app.restart();
    await app.run(5_000);
    expect(standing(app.chat)).toEqual(['incidents: Waiting for approval']);
  });
});

test('a chat that takes a card only in part is shown the whole of it again, at growing intervals, and at once when the request changes', async () => {
  const chat = createStoryChat();
  let part = true;
  chat.showsLess = () => part;
  app = await openTestApp({ chats: [chat] });
  await app.say('responder1', 'dump hosta notepad');
  await app.run(4 * minute);
  const drawn = chat.calls.length;
  await app.run(10 * minute);
  expect(chat.calls.length - drawn).toBeLessThanOrEqual(4);
  await app.press('responder1', 'withdraw');
  await app.run(2_400);
  expect(standing(chat)).toEqual(['incidents: Withdrawn']);
  part = false;
  await app.restart();
  await app.run(5_000);
  expect(app.newest().cards[0]?.shown).toBe(app.newest().revision);
  expect(app.loop.cardSync.behind()).toBe(0);
});
