// The limits that differ between tenants, on a moved clock: a range on the card first, then what a session
// showed, also after a restart.
import { stageOf } from '../../../src/liveResponse/request/request.ts';
import { afterEach, describe, expect, test } from '@jest/globals';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { longQueueMs, shortQueueMs } from '../../../src/liveResponse/tenantLimits.ts';
import { defaultRates } from '../../../src/liveResponse/pacing/callRates.ts';
import { createStoryClock, openTestApp, textOf } from '../../support/apps/testApp.ts';
import type { TestApp, TestAppOptions } from '../../support/apps/testApp.ts';
import { stateIn } from '../../support/requests/requests.ts';

const minute = 60_000;
const hour = 60 * minute;

let app: TestApp;
afterEach(() => app.close());

/** An approved dump of a device that is offline. */
async function sent(device: string): Promise<void> {
  await app.say('responder1', `dump ${device} notepad`);
  await app.loop.tick();
  await app.press('approver1', 'approve');
  await app.until('running');
}

async function later(ms: number): Promise<void> {
  app.clock.move(ms);
  await app.loop.tick();
  await app.loop.tick();
}

const lead = (): string => app.card().view.lead;
const quota = async (): Promise<string> => textOf(await app.say('responder1', 'quota'));
const keeps = (ms: number, more: TestAppOptions = {}): TestAppOptions => ({
  ...more,
  simulator: { ...more.simulator, profile: { ...more.simulator?.profile, offlineQueueMs: ms } },
});
const offline = (...names: readonly string[]): void =>
  names.forEach((name) => void app.simulator.tenant.changeDevice(`${name}.corp.example`, { online: false }));
const journaled = (): readonly string[] =>
  readdirSync(app.dir)
    .filter((name) => name.startsWith('journal'))
    .flatMap((name) => readFileSync(join(app.dir, name), 'utf8').split('\n'))
    .filter((line) => line.includes('"tenantLearned"'));

const range = /2 hours to 3 days/;

describe.each([
  { name: 'a tenant that keeps sessions 2 hours', ms: shortQueueMs, said: '2 h' },
  { name: 'a tenant that keeps them 3 days', ms: longQueueMs, said: '3 days' },
])('$name', ({ ms, said }) => {
  test('is first told as a range, and by what the first time-out showed from then on, also after a restart', async () => {
    app = await openTestApp(keeps(ms));
    await sent('laptop7');
    expect(lead()).toMatch(
      /an offline one is waited for 2 hours to 3 days, depending on the tenant\. The bot follows it until 2026-11-26/,
    );
    await later(11 * minute);
    expect(lead()).toMatch(
      /Defender waits for it 2 hours to 3 days, depending on the tenant \(not known yet for this one\): until about 05:0\d UTC or about 2026-11-26 03:0\d UTC\. If it wakes before that/,
    );
    expect(await quota()).toMatch(
      /kept 2 hours to 3 days: 2 hours in newer tenants, 3 days in older ones\. How long in this tenant is not known yet/,
    );
    expect(journaled()).toEqual([]);

    await later(ms);
    expect(stageOf(app.newest())).toMatchObject({ state: 'finished', outcome: 'timedOut' });
    expect(lead()).toContain(`Defender waited ${said}`);
    expect(lead()).toContain(`So this tenant keeps such a session about ${said}.`);
    expect(await quota()).toContain('A session for an offline device is kept about ');
    expect(await quota()).not.toMatch(range);
    expect(journaled()).toHaveLength(1);

    for (const restarted of [false, true]) {
      if (restarted) await app.restart();
      offline('hosta', 'hostb');
      await sent(restarted ? 'hostb' : 'hosta');
      expect(lead()).toContain(`an offline one is waited for about ${said}.`);
      await later(11 * minute);
      expect(lead()).toContain(`(${said}, as an earlier session showed)`);
      expect(lead()).not.toMatch(range);
      expect(await quota()).not.toMatch(range);
    }
    expect(journaled()).toHaveLength(1);
  });
});

describe('a session that still waits after more than 2 hours', () => {
  test('shows the longer one, on its own card while it waits', async () => {
    app = await openTestApp();
    await sent('laptop7');
    await later(2 * hour + 40 * minute);
    expect(lead()).toMatch(range);
    await later(10 * minute);
    expect(lead()).toMatch(
      /Defender waits for it until about 2026-11-26 03:0\d UTC \(3 days, as a session shows that was kept over 2 hours\)/,
    );
    await app.restart();
    expect(await quota()).toMatch(
      /kept longer than 2 hours, so about 3 days, as one showed that still waited/,
    );
  });

  test('shows nothing while Defender cannot be read, since nobody knows whether it waits', async () => {
    app = await openTestApp();
    await sent('laptop7');
    await later(20 * minute);
    app.simulator.tenant.faults.plant({ what: 'status', on: 'list', status: 503, times: 'always' });
    await later(5 * hour);
    expect(await quota()).toMatch(range);
    expect(journaled()).toEqual([]);
  });

  test.each([-5, 5])('is measured by the shortest of all clocks: Defender’s is %i h off', async (hours) => {
    const clock = createStoryClock();
    app = await openTestApp({
      clock,
      simulator: { clock: { ...clock, now: () => clock.now() + hours * hour } },
    });
    await sent('laptop7');
    await later(30 * minute);
    expect(await quota()).toMatch(range);
    expect(journaled()).toEqual([]);
  });

  test('has its deadline moved where the operator stated less, and is never called overdue before Defender gives it up', async () => {
    app = await openTestApp({ settings: { offlineQueue: 2 * hour } });
    await sent('laptop7');
    await later(11 * minute);
    expect(lead()).toMatch(/until about 05:0\d UTC\. If/);
    await later(2 * hour + 40 * minute);
    expect(lead()).toMatch(/\(3 days, as a session shows/);
    for (let hours = 0; hours < 68; hours += 4) {
      await later(4 * hour);
      expect(stageOf(app.newest()).state).toBe('running');
    }
    await later(2 * hour);
    await app.until('finished');
    expect(stageOf(app.newest())).toMatchObject({ outcome: 'timedOut' });
  });
});

describe('what shows nothing of the queue:', () => {
  const stories = {
    other: async (): Promise<void> => {
      await sent('laptop7');
      await later(hour + minute);
    },
    slow: async (): Promise<void> => {
      await sent('slow1');
      await later(15 * minute);
      await app.until('finished');
    },
    cancelled: async (): Promise<void> => {
      await sent('laptop7');
      await later(2 * hour);
      await app.press('approver1', 'cancel');
      await app.until('finished');
    },
  };
  test.each([
    ['a queue of another length', stories.other, keeps(hour), 'timedOut'],
    ['a script that took too long', stories.slow, {}, undefined],
    ['a session that somebody cancelled', stories.cancelled, {}, 'cancelled'],
  ] as const)('%s', async (_name, story, options, outcome) => {
    app = await openTestApp(options);
    await story();
    if (outcome !== undefined) expect(stageOf(app.newest())).toMatchObject({ outcome });
    expect(lead()).not.toContain('So this tenant keeps');
    expect(await quota()).toMatch(range);
    expect(journaled()).toEqual([]);
  });
});

test('a time-out of which Defender tells no times shows nothing either: our own clock may have been set meanwhile', async () => {
  const clock = createStoryClock();
  let set = 0;
  app = await openTestApp(keeps(hour, { field: true, clock: { ...clock, now: () => clock.now() + set } }));
  await sent('laptop7');
  app.field.changeActions((action) => ({
    ...action,
    creationDateTimeUtc: '0001-01-01T00:00:00Z',
    lastUpdateDateTimeUtc: '0001-01-01T00:00:00Z',
  }));
  await later(20 * minute);
  set = hour;
  await later(42 * minute);
  expect(stageOf(app.newest())).toMatchObject({ state: 'finished', outcome: 'timedOut' });
  expect(lead()).not.toContain('So this tenant keeps');
  expect(await quota()).toMatch(range);
  expect(journaled()).toEqual([]);
});

describe('a stated length', () => {
  test.each([
    [2 * hour, '2 h', '05:0'],
    [longQueueMs, '3 days', '2026-11-26 03:0'],
  ])('of %i ms is told without a range', async (ms, said, until) => {
    app = await openTestApp(keeps(ms, { settings: { offlineQueue: ms } }));
    await sent('laptop7');
    await later(11 * minute);
    expect(lead()).toContain(`Defender waits for it until about ${until}`);
    expect(lead()).not.toMatch(range);
    expect(await quota()).toContain(`kept about ${said}, as LR_OFFLINE_QUEUE states.`);
  });

  test('that a time-out contradicts gives way to what was seen', async () => {
    app = await openTestApp(keeps(shortQueueMs, { settings: { offlineQueue: longQueueMs } }));
    await sent('laptop7');
    await later(2 * hour + 5 * minute);
    expect(await quota()).toContain('kept about 2 h, as one showed that timed out');
  });
});

test('what ended under an earlier version, which learned nothing, counts from the next start on', async () => {
  app = await openTestApp(keeps(shortQueueMs));
  await sent('laptop7');
  app.clock.move(shortQueueMs + 5 * minute);
  // The reading alone: nothing is written down of what it shows.
  await app.loop.following.pass();
  expect(stageOf(app.newest())).toMatchObject({ state: 'finished', outcome: 'timedOut' });
  expect(journaled()).toEqual([]);
  await app.restart();
  await app.loop.tick();
  expect(await quota()).toContain('kept about 2 h, as one showed that timed out');
  expect(journaled()).toHaveLength(1);
});

describe('a tenant that changed', () => {
  test('is told as it showed itself last', async () => {
    app = await openTestApp(keeps(longQueueMs));
    await sent('laptop7');
    await later(longQueueMs + 5 * minute);
    expect(await quota()).toContain('about 3 days, as one showed');
    app.simulator.tenant.change({ offlineQueueMs: shortQueueMs });
    offline('hosta');
    await sent('hosta');
    await later(shortQueueMs + 5 * minute);
    expect(await quota()).toContain('about 2 h, as one showed');
    expect(journaled()).toHaveLength(2);
  });

  test('and what another tenant showed counts for nothing', async () => {
    app = await openTestApp(keeps(shortQueueMs));
    await sent('laptop7');
    await later(shortQueueMs + 5 * minute);
    expect(await quota()).not.toMatch(range);
    await app.restart({ tenant: 'other' });
    await app.loop.tick();
    expect(await quota()).toMatch(range);
  });
});

describe('sessions at once', () => {
  /** So many scripts that take nine minutes each, all approved and sent. */
  async function running(count: number, first = 1): Promise<void> {
    for (let n = first; n < first + count; n += 1) {
      const name = `load${String(n).padStart(3, '0')}`;
      app.simulator.tenant.changeDevice(`${name}.corp.example`, { scriptMs: 9 * minute });
      await app.say('responder1', `run ${name} collect.ps1`);
      await app.loop.tick();
      await app.press('approver1', 'approve');
    }
    for (let passes = 0; passes < 8; passes += 1) {
      app.clock.move(30_000);
      await app.loop.tick();
    }
  }
  const fast = { limits: { run: [{ max: 100, perMs: minute }], machines: [{ max: 1000, perMs: minute }] } };
  const many: TestAppOptions = {
    policy: (text) =>
      text.replaceAll('reason: optional }', 'reason: optional, pending: { person: 100, device: 10 } }'),
    rates: { ...defaultRates, submit: [{ limit: 100, ms: minute }], machines: [{ limit: 1000, ms: minute }] },
  };

  test('are told as a range at first, and what LR_SESSIONS says of them', async () => {
    app = await openTestApp();
    expect(await quota()).toContain(
      'A tenant may run 25 or 50 sessions at once: 25 in older tenants, 50 in newer ones. Which holds here is not known. The bot runs 25 at once at most (LR_SESSIONS). LR_SESSIONS=50 states that it is 50.',
    );
    await app.restart({ sessions: 50 });
    expect(await quota()).toContain(
      'A tenant may run 25 or 50 sessions at once; LR_SESSIONS states more than 25, and no session has shown it yet.',
    );
  });

  test('over 25 that Defender takes show the larger limit, also after a restart', async () => {
    app = await openTestApp({
      ...many,
      settings: { sessions: 50 },
      simulator: { extraDevices: 30, profile: { maxSessions: 50, ...fast } },
    });
    await running(27);
    await running(1, 28);
    expect(app.store.open().filter((one) => stateIn(one) === 'running').length).toBeGreaterThan(26);
    expect(await quota()).toMatch(
      /This tenant may run 50 sessions at once: one more was accepted while 27 ran/,
    );
    await app.restart();
    expect(await quota()).toMatch(/This tenant may run 50 sessions at once/);
  });

  test('a 429 while 25 run shows the smaller one', async () => {
    app = await openTestApp({
      ...many,
      settings: { sessions: 50 },
      simulator: { extraDevices: 30, profile: { maxSessions: 25, ...fast } },
    });
    await running(27);
    expect(await quota()).toMatch(
      /This tenant seems to run 25 sessions at once: one more was refused while 25 ran/,
    );
    await app.restart();
    expect(await quota()).toMatch(/seems to run 25 sessions at once/);
  });

  test('over 25 that Defender has show nothing where some of them still wait for their devices: those it may not count', async () => {
    app = await openTestApp({
      ...many,
      settings: { sessions: 50 },
      simulator: { extraDevices: 30, profile: { maxSessions: 25, ...fast } },
    });
    offline('load001', 'load002', 'load003', 'load004', 'load005', 'load006');
    await running(27);
    await running(1, 28);
    expect(app.store.open().filter((one) => stateIn(one) === 'running')).toHaveLength(28);
    expect(await quota()).toContain('A tenant may run 25 or 50 sessions at once');
    expect(journaled()).toEqual([]);
  });

  test('a 429 while 30 run is not told as a limit of 25', async () => {
    app = await openTestApp({
      ...many,
      settings: { sessions: 50 },
      simulator: { extraDevices: 40, profile: { maxSessions: 30, ...fast } },
    });
    await running(33);
    expect(await quota()).toMatch(
      /This tenant seems to run 30 sessions at once: one more was refused while 30 ran/,
    );
  });

  test('a 429 while few run shows nothing: another tool may have used the rate up', async () => {
    app = await openTestApp();
    app.simulator.tenant.faults.plant({ what: 'status', on: 'run', status: 429, times: 3 });
    await app.say('responder1', 'run hosta collect.ps1');
    await app.loop.tick();
    await app.press('approver1', 'approve');
    await app.loop.tick();
    expect(await quota()).toContain('A tenant may run 25 or 50 sessions at once');
  });
});
