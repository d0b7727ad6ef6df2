// A card shows the newest state, whatever happens between the moment at which it is due and the answer of its chat.
import { afterEach, expect, test } from '@jest/globals';
import { openTestApp } from '../../support/testApp.ts';
import type { TestApp } from '../../support/testApp.ts';
import { createStoryChat } from '../../support/storyChat.ts';
import type { StoryChat } from '../../support/storyChat.ts';

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
