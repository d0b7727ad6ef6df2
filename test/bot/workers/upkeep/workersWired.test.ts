// What one worker is told by another, and when it comes again by what its pass answers.
import { expect, test } from '@jest/globals';
import { actionWith, asked, start } from '../../../support/requests/lifecycle.ts';
import { after } from '../../../support/requests/requests.ts';
import { askedFor, history, sent } from '../../../support/apps/workerPorts.ts';
import { opened } from './workersHouse.ts';

const minute = 60_000;
const recent = `recent ${asked.targets[0].device.id}`;

/** It ended so late that it shows how long the tenant waits for a device. */
function teaches() {
  const action = { ...actionWith('TimeOut'), createdAt: start, updatedAt: start + 120 * minute };
  const ended = { type: 'ended', action, outcome: 'timedOut' } as const;
  return after(history(askedFor({ id: 'lr-ended', origin: 'e' }), ...sent), ended, start + 121 * minute);
}

test.each([
  ['its own', undefined, 5_000, 5_000],
  ['that of what could not be written down', 'full', undefined, 30_000],
  ['its own where that is sooner', 'full', 5_000, 5_000],
  ['that of what could not be written down where that is sooner', 'full', 40_000, 30_000],
] as const)('the pass over waiting devices comes again at %s', async (_what, broken, own, wait) => {
  const house = opened([teaches()]);
  house.store.broken = broken;
  let passes = 0;
  Object.assign(house.workers.parked, { pass: () => ((passes += 1), Promise.resolve(own)) });
  house.workers.start();
  await house.clock.settle();
  passes = 0;
  await house.clock.advance(wait - 1);
  expect(passes).toBe(0);
  await house.clock.advance(1);
  expect(passes).toBe(1);
  await house.workers.stop();
});

test('cards are drawn again at the time of day that they name', async () => {
  const house = opened();
  let passes = 0;
  const pass = () => ((passes += 1), Promise.resolve(house.clock.now() + 5_000));
  Object.assign(house.workers.cardSync, { pass });
  house.workers.start();
  await house.clock.settle();
  passes = 0;
  await house.clock.advance(4_999);
  expect(passes).toBe(0);
  await house.clock.advance(1);
  expect(passes).toBe(1);
  await house.workers.stop();
});

test('a session whose answer this process waits for is not lost', async () => {
  const cut = history(askedFor(), 'approved', 'claimed');
  const house = opened([cut]);
  Object.assign(house.workers.submission, { isPosting: () => true });
  await house.workers.tick();
  expect(house.events()).not.toContain('lost');
  const crashed = opened([cut]);
  await crashed.workers.tick();
  expect(crashed.events()).toContain('lost');
});

test('a session that was given up just now is looked for', async () => {
  const house = opened([history(askedFor(), 'denied')]);
  await house.workers.tick();
  house.store.put(history(askedFor(), 'approved', 'claimed', 'lost', 'abandoned'));
  await house.workers.tick();
  expect(house.calls).not.toContain(recent);
  house.on.changed(asked.id, 'abandoned');
  await house.workers.tick();
  expect(house.calls).toContain(recent);
});

test('a journal that cannot be written is tried again, by its name', async () => {
  const house = opened();
  house.store.broken = 'full';
  let tries = 0;
  house.store.recover = () => ((tries += 1), Promise.resolve(true));
  await house.workers.tick();
  expect(tries).toBe(1);
  expect(JSON.stringify(house.logged)).toContain('journal');
});

test('nobody looks at a library or a policy that there is no way to look at', async () => {
  const house = opened();
  house.workers.start();
  const names = house.workers.workers().map(({ name }) => name);
  expect(names).toContain('cards');
  expect(names).not.toContain('library');
  expect(names).not.toContain('policy');
  await house.workers.stop();
});
