// Row 5.12: what an ask costs, and asks that come faster than Defender may be asked.
import { afterEach, describe, expect, test } from '@jest/globals';
import { defaultRates, ratesOf } from '../../src/liveResponse/pacing.ts';
import { openHouse, textOf } from '../support/house.ts';
import type { House } from '../support/house.ts';
import { manyPending } from '../support/manyPending.ts';

let house: House;
afterEach(() => house.close());

const slow = (callsPerMinute: number) => ({
  ...defaultRates,
  machines: ratesOf({ submitsPerMinute: 10, callsPerMinute, callsPerHour: 1500 }).machines,
});
const of = (kind: string): number => house.calls.filter((one) => one === kind).length;

describe('an ask', () => {
  test('costs two calls, one look-up of devices and one list of actions; the library is read once for all who ask within five minutes', async () => {
    house = await openHouse({ policy: manyPending });
    await house.say('responder1', 'dump hosta one');
    expect(house.calls.toSorted()).toEqual(['library', 'list', 'machines']);
    house.calls.length = 0;
    await house.say('responder1', 'dump hostb one');
    expect(house.calls.toSorted()).toEqual(['list', 'machines']);
    house.calls.length = 0;
    await house.say('responder2', 'dump hostb two');
    expect(house.calls).toEqual(['machines']);
    house.calls.length = 0;
    house.clock.move(5 * 60_000);
    await house.say('responder2', 'dump hostb three');
    expect(house.calls.toSorted()).toEqual(['library', 'list', 'machines']);
  });

  test('for a device of a large fleet is answered as surely: what only begins alike may fill the page', async () => {
    house = await openHouse({
      policy: (text) => manyPending(text).replace('groups: [Workstations, Servers]', "groups: ['*']"),
      simulator: { extraDevices: 0 },
    });
    for (let n = 100; n < 400; n += 1) house.simulator.tenant.addDevice(`desktop-${n}`);
    house.simulator.tenant.addDevice('desktop-999.corp.example');
    expect(textOf(await house.say('responder1', 'dump desktop-999 one'))).toContain(
      'is waiting for approval',
    );
    expect(house.newest().device.name).toBe('desktop-999.corp.example');
  });

  test('is answered too where Defender does not take the questions together', async () => {
    house = await openHouse();
    house.simulator.tenant.faults.plant({ what: 'status', on: 'machines', status: 400, times: 1 });
    expect(textOf(await house.say('responder1', 'dump hosta one'))).toContain('is waiting for approval');
    expect(house.newest().panel).toMatchObject({ alike: { whole: true } });
    house.calls.length = 0;
    await house.say('responder1', 'dump hostb one');
    expect(of('machines')).toBe(3);
  });

  test('finds a library file that was uploaded a moment after somebody else asked', async () => {
    house = await openHouse({ policy: manyPending });
    await house.say('responder1', 'run hosta fresh.ps1');
    const body = new FormData();
    body.set('File', new Blob(['echo 1']), 'fresh.ps1');
    body.set('Description', 'x');
    expect(
      (await fetch(`${house.simulator.url}/api/libraryfiles`, { method: 'POST', body })).status,
    ).toBeLessThan(300);
    expect(textOf(await house.say('responder1', 'run hosta fresh.ps1'))).toContain('is waiting for approval');
  });
});

describe('36 asks within a minute', () => {
  async function ask(count: number): Promise<readonly string[]> {
    return Promise.all(
      Array.from({ length: count }, (_, n) =>
        house.say(n % 2 === 0 ? 'responder1' : 'responder2', `dump hosta process${n}`).then(textOf),
      ),
    );
  }

  test('are all asked for at once at Defender’s documented limits', async () => {
    house = await openHouse({ policy: manyPending });
    const began = house.clock.elapsed();
    const replies = await ask(36);
    expect(replies.filter((reply) => !reply.includes('is waiting for approval'))).toEqual([]);
    expect(house.clock.elapsed() - began).toBeLessThan(5_000);
    expect([of('machines'), of('library')]).toEqual([36, 1]);
    expect(house.chat.whispers).toEqual([]);
  });

  test('where another tool leaves ten calls a minute: all of them succeed, each when its turn comes, and whoever waits long is told', async () => {
    house = await openHouse({ policy: manyPending, rates: slow(10) });
    const replies = await ask(36);
    expect(replies.filter((reply) => !reply.includes('is waiting for approval'))).toEqual([]);
    expect(house.store.open()).toHaveLength(36);
    const told = house.chat.whispers.filter(({ text }) => text.includes('waits for its turn'));
    expect(told.length).toBeGreaterThan(10);
    expect(told[0]).toMatchObject({
      place: 'incidents',
      text: expect.stringMatching(
        /^Your request for hosta waits for its turn: devices may be looked up 10 times a minute, and (it is next|\d+ requests? (is|are) before it)\. It goes on by itself; do not type it again\.$/,
      ),
    });
  });

  test('leave the last tenth of the calls to what was approved', async () => {
    house = await openHouse({ policy: manyPending, rates: slow(20) });
    await house.say('responder1', 'dump hosta first');
    await house.loop.tick();
    await house.press('approver1', 'approve');
    const asking = ask(30);
    while (house.chat.whispers.length === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(of('machines')).toBeLessThanOrEqual(18);
    await house.loop.submission.pass();
    await house.loop.submission.settled();
    expect(house.simulator.tenant.submissions).toHaveLength(1);
    await asking;
  });
});

test('what was looked up for long is not asked for once submissions are frozen', async () => {
  house = await openHouse();
  const { faults } = house.simulator.tenant;
  faults.plant({ what: 'delay', on: 'machines', ms: 1_500 });
  const asking = house.say('responder1', 'dump hosta notepad');
  while (faults.planted().length > 0) await new Promise((resolve) => setImmediate(resolve));
  await house.say('approver1', 'freeze odd approvals');
  expect(textOf(await asking)).toMatch(/frozen by Avery Approver/i);
  expect(house.store.open()).toEqual([]);
});

test('what was looked up for long is asked for by the policy of the end, and by the roles of then', async () => {
  for (const [policy, reply] of [
    [(text: string) => text.replace('expireAfter: 30m', 'expireAfter: 7m'), /is waiting for approval/],
    [
      (text: string) => text.replace('responder: [responder1, responder2]', 'responder: [responder2]'),
      /you need the role/,
    ],
  ] as const) {
    house = await openHouse();
    const { faults } = house.simulator.tenant;
    faults.plant({ what: 'delay', on: 'machines', ms: 1_500 });
    const asking = house.say('responder1', 'dump hosta notepad');
    while (faults.planted().length > 0) await new Promise((resolve) => setImmediate(resolve));
    await house.changePolicy(policy);
    expect(textOf(await asking)).toMatch(reply);
    for (const request of house.store.open()) expect(request.terms.expiresAt - request.at).toBe(7 * 60_000);
    if (reply.source.includes('role')) expect(house.store.open()).toEqual([]);
    else await house.close();
  }
});

test('a line that is too long is refused, so that no person fills it alone', async () => {
  house = await openHouse({ policy: manyPending, rates: slow(1) });
  const asking = Array.from({ length: 60 }, (_, n) =>
    house.say('responder1', `dump hosta process${n}`).then(textOf),
  );
  const replies = await Promise.all(asking);
  expect(
    replies.filter((reply) =>
      /our own limit for machines is used up, and 40 requests wait for it already/.test(reply),
    ).length,
  ).toBeGreaterThan(15);
});
