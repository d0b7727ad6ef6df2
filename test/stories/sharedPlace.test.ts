// A place that is shared with another organisation: whatever the policy says of it, no result is shown there.
import { afterEach, expect, test } from '@jest/globals';
import { openHouse } from '../support/house.ts';
import type { House } from '../support/house.ts';

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
  const { id, revision, fingerprint } = house.store.get(finished.id) ?? finished;

  const status = await house.bot.command({ surface: 'console', account, place: shared, text: `status ${id}`, deliveryId: 'shared-1' });
  expect(status).toMatchObject({ kind: 'card', view: { excerpts: [], links: [] } });
  const pressed = await house.bot.press({ surface: 'console', account, place: shared, verb: 'link', requestId: id, revision, fingerprint, index: 1, deliveryId: 'shared-2' });
  expect(pressed).toMatchObject({ kind: 'sentence', link: { label: 'Download the file' } });
  await house.loop.tick();
  expect(house.card().view.links).toEqual([]);
});
