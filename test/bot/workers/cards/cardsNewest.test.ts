// A card shows the newest state, whatever happens between the moment at which it is due and the answer of its chat.
import { afterEach, expect, test } from '@jest/globals';
import { openTestApp } from '../../../support/apps/testApp.ts';
import type { TestApp } from '../../../support/apps/testApp.ts';
import { createStoryChat } from '../../../support/apps/storyChat.ts';
import type { StoryChat } from '../../../support/apps/storyChat.ts';

let app: TestApp;
afterEach(() => app.close());

/** A waiting request; its card stands where `stands` says so. */
async function waiting(stands: boolean, chat: StoryChat = createStoryChat()): Promise<StoryChat> {
  app = await openTestApp({ chats: [chat] });
  await app.say('responder1', 'dump hosta notepad');
  if (stands) await app.loop.tick();
  return chat;
}

/** What the card showed last, after one pass and no other. */
async function drawnOnce(): Promise<string> {
  await app.loop.cardSync.pass();
  await app.loop.cardSync.idle();
  return app.card().history.at(-1) ?? '';
}

async function withdraw(): Promise<void> {
  await app.press('responder1', 'withdraw');
}

test.each([
  ['a card that is posted', false],
  ['a card that is updated', true],
])('%s shows what happened while it waited for its turn in the chat', async (_, stands) => {
  const chat = await waiting(stands);
  if (stands) await app.press('approver1', 'approve');
  let waits = 0;
  chat.acquireSlot = async () => {
    waits += 1;
    if (waits === 1) await withdraw();
  };
  expect(await drawnOnce()).toContain('Withdrawn');
  expect(waits).toBe(1);
});

test('a card that waits for its turn becomes urgent when its request ends meanwhile', async () => {
  const chat = await waiting(true);
  await app.press('approver1', 'approve');
  const urgent: boolean[] = [];
  chat.acquireSlot = async (_drawing, asked) => {
    const isUrgent = (): boolean => (typeof asked === 'function' ? asked() : asked);
    urgent.push(isUrgent());
    await withdraw();
    urgent.push(isUrgent());
  };
  await drawnOnce();
  expect(urgent).toEqual([false, true]);
});

test.each([
  ['posted', false],
  ['updated', true],
])('what happened while a card was %s is drawn by the next pass', async (_, stands) => {
  const chat = await waiting(stands);
  if (stands) await app.press('approver1', 'approve');
  const [post, update] = [chat.post.bind(chat), chat.update.bind(chat)];
  let calls = 0;
  const meanwhile = async (): Promise<void> => {
    calls += 1;
    if (calls === 1) await withdraw();
  };
  chat.post = async (...call) => {
    await meanwhile();
    return post(...call);
  };
  chat.update = async (...call) => {
    await meanwhile();
    return update(...call);
  };
  expect(await drawnOnce()).not.toContain('Withdrawn');
  expect(await drawnOnce()).toContain('Withdrawn');
  expect(calls).toBe(2);
});

test('a card is not posted where another one was begun while it waited for its turn', async () => {
  const chat = await waiting(false);
  const { id } = app.newest();
  chat.acquireSlot = async () => {
    delete chat.acquireSlot;
    const other = { type: 'cardPosting', surface: 'console', place: 'incidents', intent: 'other' } as const;
    await app.store.change(id, () => ({ event: other }));
  };
  await app.loop.cardSync.pass();
  await app.loop.cardSync.idle();
  expect([chat.cards.size, app.newest().cards.map(({ intent }) => intent)]).toEqual([0, ['other']]);
});

test('a notice that was written down in between is not sent a second time', async () => {
  const chat = await waiting(true);
  const change = app.store.change.bind(app.store);
  let notices = 0;
  app.store.change = async (id, decide) => {
    const request = app.store.get(id);
    const next = request === undefined ? undefined : decide(request, app.clock.now());
    if (next === undefined || !('event' in next) || next.event.type !== 'notified') return change(id, decide);
    notices += 1;
    const { event } = next;
    await change(id, () => ({ event }));
    return change(id, decide);
  };
  await app.press('approver1', 'deny', { input: 'not today' });
  await app.run(10_000);
  expect([notices, chat.notes]).toEqual([1, []]);
});
