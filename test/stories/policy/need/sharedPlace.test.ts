// A place that is shared with another organisation: whatever the policy says of it, no result is shown there.
import { afterEach, expect, test } from '@jest/globals';
import { ChatError } from '../../../../src/bot/ports.ts';
import { createStoryChat } from '../../../support/apps/storyChat.ts';
import { openTestApp } from '../../../support/apps/testApp.ts';
import type { TestApp } from '../../../support/apps/testApp.ts';
import { bindingOf } from '../../../../src/liveResponse/commands.ts';

let app: TestApp;
afterEach(() => app.close());

test('a status typed, or a link pressed, in a shared place shows the result to that person alone', async () => {
  app = await openTestApp();
  await app.say('responder1', 'dump hosta notepad');
  await app.loop.tick();
  await app.press('approver1', 'approve');
  const finished = await app.until('finished');
  await app.run(31 * 60_000);
  const shared = { surface: 'console', id: 'incidents', direct: false, external: true } as const;
  const account = { surface: 'console', id: 'responder1', trust: 'member' } as const;
  const { id, revision, subject } = app.store.get(finished.id) ?? finished;

  const status = await app.bot.command({
    surface: 'console',
    account,
    place: shared,
    text: `status ${id}`,
    deliveryId: 'shared-1',
  });
  expect(status).toMatchObject({ kind: 'card', view: { excerpts: [], links: [] } });
  const pressed = await app.bot.press({
    surface: 'console',
    account,
    place: shared,
    verb: 'link',
    requestId: id,
    revision,
    fingerprint: bindingOf(subject.digest),
    index: 1,
    deliveryId: 'shared-2',
  });
  expect(pressed).toMatchObject({ kind: 'sentence', link: { label: 'Download the file' } });
  await app.loop.tick();
  expect(app.card().view.links).toEqual([]);
});

test.each<readonly [string, () => Promise<boolean>, boolean]>([
  ['a place of our own', () => Promise.resolve(false), true],
  ['a place that was shared since the policy was written', () => Promise.resolve(true), false],
  [
    'a place of which it cannot be read who reads along',
    () => Promise.reject(new ChatError('unavailable', 'down')),
    false,
  ],
])(
  'the card in %s shows the results there or not, and all of them once they may stand there',
  async (where, external, shows) => {
    const chat = Object.assign(createStoryChat(), { external });
    app = await openTestApp({ chats: [chat] });
    await app.say('responder1', 'run hosta collect.ps1');
    await app.loop.tick();
    await app.press('approver1', 'approve');
    await app.until('finished');
    await app.run(30_000);
    const excerpts = (): number => app.card().view.excerpts.length;
    expect(excerpts() > 0).toBe(shows);
    chat.external = () => Promise.resolve(false);
    await app.run(5 * 60_000);
    // A place that was read as shared is not asked about again and again: its next change shows what may
    // stand there.
    expect(excerpts() > 0).toBe(where !== 'a place that was shared since the policy was written');
  },
);
