// A place that is shared with another organisation: whatever the policy says of it, no result is shown there.
import { afterEach, expect, test } from '@jest/globals';
import { ChatError } from '../../../src/bot/ports.ts';
import { createStoryChat, openHouse } from '../../support/house.ts';
import type { House } from '../../support/house.ts';
import { bindingOf } from '../../../src/liveResponse/commands.ts';

let house: House;
afterEach(() => house.close());

test('a status typed, or a link pressed, in a shared place shows the result to that person alone', async () => {
  house = await openHouse();
  await house.say('responder1', 'dump hosta notepad');
  await house.loop.tick();
  await house.press('approver1', 'approve');
  const finished = await house.until('finished');
  await house.run(31 * 60_000);
  const shared = { surface: 'console', id: 'incidents', direct: false, external: true } as const;
  const account = { surface: 'console', id: 'responder1', trust: 'member' } as const;
  const { id, revision, digest } = house.store.get(finished.id) ?? finished;

  const status = await house.bot.command({
    surface: 'console',
    account,
    place: shared,
    text: `status ${id}`,
    deliveryId: 'shared-1',
  });
  expect(status).toMatchObject({ kind: 'card', view: { excerpts: [], links: [] } });
  const pressed = await house.bot.press({
    surface: 'console',
    account,
    place: shared,
    verb: 'link',
    requestId: id,
    revision,
    fingerprint: bindingOf(digest),
    index: 1,
    deliveryId: 'shared-2',
  });
  expect(pressed).toMatchObject({ kind: 'sentence', link: { label: 'Download the file' } });
  await house.loop.tick();
  expect(house.card().view.links).toEqual([]);
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
    house = await openHouse({ chats: [chat] });
    await house.say('responder1', 'run hosta collect.ps1');
    await house.loop.tick();
    await house.press('approver1', 'approve');
    await house.until('finished');
    await house.run(30_000);
    const excerpts = (): number => house.card().view.excerpts.length;
    expect(excerpts() > 0).toBe(shows);
    chat.external = () => Promise.resolve(false);
    await house.run(5 * 60_000);
    // A place that was read as shared is not asked about again and again: its next change shows what may
    // stand there.
    expect(excerpts() > 0).toBe(where !== 'a place that was shared since the policy was written');
  },
);
