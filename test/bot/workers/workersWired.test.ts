// What one worker is told by another, and when it comes again by what its pass answers.
import { describe, expect, test } from '@jest/globals';
import { DefenderError } from '../../../src/liveResponse/ports.ts';
import { createManualClock } from '../../support/manualClock.ts';
import { policy } from '../../support/policy.ts';
import { actionWith, asked, start } from '../../support/requests/lifecycle.ts';
import { after } from '../../support/requests/requests.ts';
import { askedFor, history, sent } from '../../support/apps/workerPorts.ts';
import { faked, opened, ranNow } from './workersHouse.ts';
import type { House } from './workersHouse.ts';

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

test.each([
  ['when they want it', 5_000, 5_000],
  ['after a minute where they name none', undefined, minute],
])('cards are drawn again %s', async (_what, named, wait) => {
  const house = opened();
  let passes = 0;
  const pass = () => {
    passes += 1;
    return Promise.resolve(named);
  };
  Object.assign(house.workers.cardSync, { pass });
  house.workers.start();
  await house.clock.settle();
  passes = 0;
  await house.clock.advance(wait - 1);
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

test('a session that is being sent is not judged meanwhile', async () => {
  const nobody = { id: 'nobody', name: 'N' };
  const refused = history(askedFor({ requester: nobody }), 'approved');
  const house = opened([refused]);
  faked(house);
  Object.assign(house.workers.submission, { isPosting: () => true });
  await house.workers.tick();
  expect(house.events()).toEqual([]);
  Object.assign(house.workers.submission, { isPosting: () => false });
  await house.workers.tick();
  expect(house.events()).toEqual(['refused']);
});

test('reasons that became private leave the cards of what has ended', async () => {
  const places = policy.places.map((one) => ({ ...one, visibility: ['lead'] }));
  const house = opened([history(askedFor(), 'denied')], {}, { policy: { ...policy, places } });
  const redrawn: string[] = [];
  Object.assign(house.workers.cardSync, { redraw: (id: string) => void redrawn.push(id) });
  await house.workers.tick();
  expect(redrawn).toEqual([asked.id]);
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

describe('a worker is woken at once', () => {
  /** Nobody would wake by himself so soon after the start. */
  async function started(house: House): Promise<void> {
    house.workers.start();
    await house.clock.settle();
    await house.clock.advance(10);
    expect(ranNow(house)).toEqual([]);
  }

  test('to write down what a running session shows', async () => {
    const house = opened([history(askedFor(), ...sent)]);
    house.defender.actions = () => Promise.resolve([actionWith('Pending')]);
    await house.clock.advance(165 * minute - 1);
    house.workers.start();
    await house.clock.settle();
    expect(house.store.notes).toEqual([]);
    await house.clock.advance(1);
    house.workers.hurry();
    await house.clock.settle();
    expect(house.store.notes).toMatchObject([{ type: 'tenantLearned' }]);
    await house.workers.stop();
  });

  test('to draw what runs with what was learned', async () => {
    const house = opened([teaches()]);
    house.store.broken = 'full';
    faked(house);
    house.workers.start();
    await house.clock.advance(29_990);
    house.store.broken = undefined;
    await house.clock.advance(10);
    expect(house.store.notes).toHaveLength(1);
    expect(ranNow(house)).toContain('cards');
    await house.workers.stop();
  });

  test('to send the next when one was sent, or could not be', async () => {
    const house = opened([history(askedFor(), 'approved')]);
    let fail: (error: Error) => void = () => undefined;
    house.defender.machine = () =>
      new Promise((_resolve, reject) => {
        fail = reject;
      });
    await started(house);
    fail(new DefenderError('unavailable', 'down'));
    await house.clock.settle();
    expect(ranNow(house)).toEqual(['submission']);
    await house.workers.stop();
  });

  test('to read what turned out to have woken before it was cancelled', async () => {
    const cancels = policy.tiers.map((tier) => ({ ...tier, cancelParkedAfter: 30 * minute }));
    const parked = { since: start, until: start + 72 * 60 * minute };
    const waiting = history(askedFor(), ...sent, { type: 'waitingForDevice', waiting: parked });
    const house = opened([waiting], {}, { policy: { ...policy, tiers: cancels } });
    const readings: number[] = [];
    Object.assign(house.workers.following, {
      pass: () => (readings.push(house.clock.now()), Promise.resolve(undefined)),
    });
    house.defender.actions = () => Promise.resolve([actionWith('InProgress')]);
    // Nobody wakes by himself at the moment of the cancel.
    await house.clock.advance(500);
    house.workers.start();
    await house.clock.advance(28 * minute - 510);
    readings.length = 0;
    await house.clock.advance(10);
    expect(readings).toEqual([start + 30 * minute]);
    await house.workers.stop();
  });

  test('to say what is to be announced', async () => {
    const house = opened();
    await started(house);
    let told = 0;
    const { announcing } = house.workers;
    announcing.say({ topic: 't', places: [], text: 'x', told: () => Promise.resolve(void (told += 1)) });
    await house.clock.settle();
    expect(told).toBe(1);
    expect(ranNow(house)).toEqual(['announcing']);
    await house.workers.stop();
  });

  test('to draw a card that is wrong though its request did not change', async () => {
    const house = opened([history(askedFor())]);
    await started(house);
    house.workers.cardSync.redraw(asked.id);
    await house.clock.settle();
    expect(ranNow(house)).toEqual(['cards']);
    await house.workers.stop();
  });
});

test('whoever was silent while the machine stood still did not hang', async () => {
  const real = createManualClock();
  const house = opened([], { real });
  Object.assign(house.workers.reconciliation, { pass: () => new Promise(() => undefined) });
  house.workers.start();
  await house.clock.settle();
  const stuck = () =>
    house.workers.workers().flatMap(({ name, stuck: why }) => (why === undefined ? [] : [name]));
  real.suspend(10 * minute, true);
  expect(stuck()).toContain('reconciliation');
  await real.step(0);
  expect(stuck()).toEqual([]);
});
