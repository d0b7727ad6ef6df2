// Row 5.12: what an ask costs, and asks that come faster than Defender may be asked.
import { afterEach, describe, expect, test } from '@jest/globals';
import { defaultRates, ratesOf } from '../../src/liveResponse/pacing/callRates.ts';
import { openTestApp, textOf } from '../support/apps/testApp.ts';
import type { TestApp } from '../support/apps/testApp.ts';
import { manyPending } from '../support/requests/manyPending.ts';

let app: TestApp;
afterEach(() => app.close());

const slow = (callsPerMinute: number) => ({
  ...defaultRates,
  machines: ratesOf({ submitsPerMinute: 10, callsPerMinute, callsPerHour: 1500 }).machines,
});
const of = (kind: string): number => app.calls.filter((one) => one === kind).length;

describe('an ask', () => {
  test('costs two calls, one look-up of devices and one list of actions; the library is read once for all who ask within five minutes', async () => {
    app = await openTestApp({ policy: manyPending });
    await app.say('responder1', 'dump hosta one');
    expect(app.calls.toSorted()).toEqual(['library', 'list', 'machines']);
    app.calls.length = 0;
    await app.say('responder1', 'dump hostb one');
    expect(app.calls.toSorted()).toEqual(['list', 'machines']);
    app.calls.length = 0;
    await app.say('responder2', 'dump hostb two');
    expect(app.calls).toEqual(['machines']);
    app.calls.length = 0;
    app.clock.move(5 * 60_000);
    await app.say('responder2', 'dump hostb three');
    expect(app.calls.toSorted()).toEqual(['library', 'list', 'machines']);
  });

  test('for a device of a large fleet is answered as surely: what only begins alike may fill the page', async () => {
    app = await openTestApp({
      policy: (text) => manyPending(text).replace('groups: [Workstations, Servers]', "groups: ['*']"),
      simulator: { extraDevices: 0 },
    });
    for (let n = 100; n < 400; n += 1) app.simulator.tenant.addDevice(`desktop-${n}`);
    app.simulator.tenant.addDevice('desktop-999.corp.example');
    expect(textOf(await app.say('responder1', 'dump desktop-999 one'))).toContain('is waiting for approval');
    expect(app.newest().targets[0].device.name).toBe('desktop-999.corp.example');
  });

  test('is answered too where Defender does not take the questions together', async () => {
    app = await openTestApp();
    app.simulator.tenant.faults.plant({ what: 'status', on: 'machines', status: 400, times: 1 });
    expect(textOf(await app.say('responder1', 'dump hosta one'))).toContain('is waiting for approval');
    expect(app.newest().targets[0].context).toMatchObject({ alike: { whole: true } });
    app.calls.length = 0;
    await app.say('responder1', 'dump hostb one');
    expect(of('machines')).toBe(3);
  });

  test('finds a library file that was uploaded a moment after somebody else asked', async () => {
    app = await openTestApp({ policy: manyPending });
    await app.say('responder1', 'run hosta fresh.ps1');
    const body = new FormData();
    body.set('File', new Blob(['echo 1']), 'fresh.ps1');
    body.set('Description', 'x');
    expect(
      (await fetch(`${app.simulator.url}/api/libraryfiles`, { method: 'POST', body })).status,
    ).toBeLessThan(300);
    expect(textOf(await app.say('responder1', 'run hosta fresh.ps1'))).toContain('is waiting for approval');
  });
});

describe('36 asks within a minute', () => {
  async function ask(count: number): Promise<readonly string[]> {
    return Promise.all(
      Array.from({ length: count }, (_, n) =>
        app.say(n % 2 === 0 ? 'responder1' : 'responder2', `dump hosta process${n}`).then(textOf),
      ),
    );
  }

  test('are all asked for at once at Defender’s documented limits', async () => {
    app = await openTestApp({ policy: manyPending });
    const began = app.clock.elapsed();
    const replies = await ask(36);
    expect(replies.filter((reply) => !reply.includes('is waiting for approval'))).toEqual([]);
    expect(app.clock.elapsed() - began).toBeLessThan(5_000);
    expect([of('machines'), of('library')]).toEqual([36, 1]);
    expect(app.chat.whispers).toEqual([]);
  });

  test('where another tool leaves ten calls a minute: all of them succeed, each when its turn comes, and whoever waits long is told', async () => {
    app = await openTestApp({ policy: manyPending, rates: slow(10) });
    const replies = await ask(36);
    expect(replies.filter((reply) => !reply.includes('is waiting for approval'))).toEqual([]);
    expect(app.store.open()).toHaveLength(36);
    const told = app.chat.whispers.filter(({ text }) => text.includes('waits for its turn'));
    expect(told.length).toBeGreaterThan(10);
    expect(told[0]).toMatchObject({
      place: 'incidents',
      text: expect.stringMatching(
        /^Your request for hosta waits for its turn: devices may be looked up 10 times a minute, and (it is next|\d+ requests? (is|are) before it)\. It goes on by itself; do not type it again\.$/,
      ),
    });
  });

  test('leave the last tenth of the calls to what was approved', async () => {
    app = await openTestApp({ policy: manyPending, rates: slow(20) });
    await app.say('responder1', 'dump hosta first');
    await app.loop.tick();
    await app.press('approver1', 'approve');
    const asking = ask(30);
    while (app.chat.whispers.length === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(of('machines')).toBeLessThanOrEqual(18);
    await app.loop.submission.pass();
    await app.loop.submission.settled();
    expect(app.simulator.tenant.submissions).toHaveLength(1);
    await asking;
  });
});

test('what was looked up for long is not asked for once submissions are frozen', async () => {
  app = await openTestApp();
  const { faults } = app.simulator.tenant;
  faults.plant({ what: 'delay', on: 'machines', ms: 1_500 });
  const asking = app.say('responder1', 'dump hosta notepad');
  while (faults.planted().length > 0) await new Promise((resolve) => setImmediate(resolve));
  await app.say('approver1', 'freeze odd approvals');
  expect(textOf(await asking)).toMatch(/frozen by Avery Approver/i);
  expect(app.store.open()).toEqual([]);
});

test('what was looked up for long is asked for by the policy of the end, and by the roles of then', async () => {
  for (const [policy, reply] of [
    [(text: string) => text.replace('expireAfter: 30m', 'expireAfter: 7m'), /is waiting for approval/],
    [
      (text: string) => text.replace('responder: [responder1, responder2]', 'responder: [responder2]'),
      /you need the role/,
    ],
  ] as const) {
    app = await openTestApp();
    const { faults } = app.simulator.tenant;
    faults.plant({ what: 'delay', on: 'machines', ms: 1_500 });
    const asking = app.say('responder1', 'dump hosta notepad');
    while (faults.planted().length > 0) await new Promise((resolve) => setImmediate(resolve));
    await app.changePolicy(policy);
    expect(textOf(await asking)).toMatch(reply);
    for (const request of app.store.open())
      expect(request.asked.terms.expiresAt - request.asked.at).toBe(7 * 60_000);
    if (reply.source.includes('role')) expect(app.store.open()).toEqual([]);
    else await app.close();
  }
});

test('a line that is too long is refused, so that no person fills it alone', async () => {
  app = await openTestApp({ policy: manyPending, rates: slow(1) });
  const asking = Array.from({ length: 60 }, (_, n) =>
    app.say('responder1', `dump hosta process${n}`).then(textOf),
  );
  const replies = await Promise.all(asking);
  expect(
    replies.filter((reply) =>
      /our own limit for machines is used up, and 40 requests wait for it already/.test(reply),
    ).length,
  ).toBeGreaterThan(15);
});
