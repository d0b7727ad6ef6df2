// What can go wrong on the way to Defender: busy devices, limits, outages and refusals. Each has its card and
// ends in the truth.
import { stageOf } from '../../../src/liveResponse/request/request.ts';
import { afterEach, describe, expect, test } from '@jest/globals';
import { approvedHouse, openTestApp } from '../../support/apps/testApp.ts';
import { lastText } from '../../support/stories/shorthands.ts';
import type { TestApp } from '../../support/apps/testApp.ts';
import { sessionIn } from '../../support/requests/requests.ts';
import { plant } from '../../support/defender/plantedFault.ts';

let app: TestApp;
afterEach(() => app.close());

describe('on the way to Defender', () => {
  test('a busy device keeps the approved request waiting and says so; it runs when the device is free', async () => {
    app = await approvedHouse('dump srv-portal notepad');
    await app.run(60_000);
    expect(stageOf(app.newest())).toMatchObject({ state: 'queued', waitsFor: 'deviceBusy' });
    expect(lastText(app)).toMatch(
      /the API shows nothing that holds it: sessions opened in the portal cannot be seen/,
    );
    app.simulator.tenant.changeDevice('srv-portal.corp.example', { portalSession: false });
    await app.until('running');
    expect(app.simulator.tenant.submissions).toHaveLength(1);
  });

  test('an answer with somebody else’s action is a busy device, not a success', async () => {
    app = await openTestApp({ simulator: { profile: { secondSession: 'joined' } } });
    await app.say('responder1', 'dump hosta notepad');
    await app.press('approver1', 'approve');
    await app.until('running');
    const first = app.newest();
    // A foreign client on a device of its own: hostb is taken by somebody else's session.
    const foreign = app.simulator.tenant.device('hostb.corp.example')?.id ?? '';
    const started = await fetch(`${app.simulator.url}/api/machines/${foreign}/runliveresponse`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        Commands: [{ type: 'GetFile', params: [{ key: 'Path', value: 'C:\\Windows\\a.txt' }] }],
        Comment: 'somebody else',
      }),
    });
    expect(started.status).toBe(201);
    await app.say('responder1', 'dump hostb notepad');
    await app.press('approver1', 'approve');
    await app.run(20_000);
    const second = app.newest();
    expect(second.id).not.toBe(first.id);
    expect(stageOf(second)).toMatchObject({ state: 'queued', waitsFor: 'deviceBusy' });
  });

  test.each([
    ['with Retry-After', 'quota', { retryAfter: 7 }],
    ['without Retry-After', 'code', {}],
  ] as const)(
    'a 429 %s puts the request back into the queue, to go on later',
    async (_name, body, header) => {
      app = await approvedHouse(
        'dump hosta notepad',
        { simulator: { profile: { throttleBody: body } } },
        plant({ what: 'throttle', on: 'run', times: 1, ...header }),
      );
      await app.run(5_000);
      expect(stageOf(app.newest())).toMatchObject({ state: 'queued', waitsFor: 'throttled' });
      expect(lastText(app)).toMatch(/429|limit/i);
      await app.until('running');
      expect(app.simulator.tenant.submissions).toHaveLength(1);
    },
  );

  test('more approvals than sessions wait for a free one, and never go over the limit', async () => {
    app = await openTestApp({
      settings: { sessions: 2 },
      simulator: { extraDevices: 4, profile: { maxSessions: 2 } },
      policy: (text) => text.replace('groups: [Workstations, Servers]', "groups: ['*']"),
    });
    for (const host of ['load001', 'load002', 'load003']) {
      await app.say('responder1', `dump ${host} notepad`);
      await app.press('approver1', 'approve');
      await app.run(2_400);
    }
    await app.run(5_000);
    expect(stageOf(app.newest())).toMatchObject({ state: 'queued', waitsFor: 'sessions' });
    await app.run(10 * 60_000);
    expect(app.store.all().map((request) => stageOf(request).state)).toEqual([
      'finished',
      'finished',
      'finished',
    ]);
  });

  test('a 429 that Defender answers because too many sessions run is told as such, and lowers how many are started', async () => {
    app = await openTestApp({
      simulator: { extraDevices: 8, profile: { maxSessions: 6, commandMs: [5 * 60_000, 5 * 60_000] } },
      policy: (text) => text.replace('groups: [Workstations, Servers]', "groups: ['*']"),
    });
    for (let n = 1; n <= 8; n += 1) {
      await app.say('responder1', `dump load00${n} notepad`);
      await app.press('approver1', 'approve');
    }
    // Until Defender has said no to both: the bot's own limits may hold one of them back at first, depending
    // on how the calls of all eight fell out.
    const queued = () => app.store.open().filter((request) => stageOf(request).state === 'queued');
    for (
      let passes = 0;
      passes < 120 &&
      !(
        queued().length === 2 &&
        queued().every((one) => sessionIn(one, 'queued').stage.waitsFor === 'sessions')
      );
      passes += 1
    )
      await app.run(1_000);
    const waiting = queued();
    expect(waiting.map((request) => sessionIn(request, 'queued').stage.waitsFor)).toEqual([
      'sessions',
      'sessions',
    ]);
    expect(app.simulator.tenant.submissions).toHaveLength(6);
    for (let minutes = 0; minutes < 60 && app.store.open().length > 0; minutes += 1) await app.run(60_000);
    expect(app.store.all().map((request) => stageOf(request).state)).toEqual(
      Array.from({ length: 8 }, () => 'finished'),
    );
  });

  test('sessions that wait for offline devices keep no other request from being sent', async () => {
    app = await openTestApp({ settings: { sessions: 2 }, simulator: { profile: { maxSessions: 2 } } });
    app.simulator.tenant.changeDevice('hostb.corp.example', { online: false });
    for (const host of ['laptop7', 'hostb', 'hosta']) {
      await app.say('responder1', `dump ${host} notepad`);
      await app.press('approver1', 'approve');
      await app.loop.tick();
    }
    expect(stageOf(app.newest())).toMatchObject({ state: 'queued', waitsFor: 'sessions' });
    await app.run(11 * 60_000);
    await app.until('finished');
    expect(app.store.open().map((request) => stageOf(request).state)).toEqual(['running', 'running']);
  });

  test('eleven approvals in a minute are eleven submissions within the documented rate', async () => {
    app = await openTestApp({
      simulator: { extraDevices: 12 },
      policy: (text) => text.replace('groups: [Workstations, Servers]', "groups: ['*']"),
    });
    for (let n = 1; n <= 11; n += 1) {
      await app.say('responder1', `dump load0${String(n).padStart(2, '0')} notepad`);
      await app.press('approver1', 'approve');
    }
    await app.run(10_000);
    expect(app.simulator.tenant.submissions).toHaveLength(10);
    const waiting = app.store.open().find((request) => stageOf(request).state === 'queued');
    expect(sessionIn(waiting, 'queued').stage.waitsFor).toBe('slot');
    await app.run(70_000);
    expect(app.simulator.tenant.submissions).toHaveLength(11);
  });

  test('Defender being down loses nothing: the request waits, and lapses only when its time is over', async () => {
    app = await approvedHouse('dump hosta notepad', {}, () => undefined);
    app.simulator.tenant.faults.plant({ what: 'status', on: 'any', status: 503, times: 'always' });
    await app.run(60_000);
    expect(stageOf(app.newest())).toMatchObject({ state: 'queued', waitsFor: 'unavailable' });
    app.simulator.tenant.faults.clear();
    await app.until('running');
    expect(app.simulator.tenant.submissions).toHaveLength(1);
  });

  test('a refusal that a repeat cannot mend ends the request, with its code and correlation id', async () => {
    app = await approvedHouse(
      'dump hosta notepad',
      {},
      (opened) =>
        void opened.simulator.tenant.changeDevice('hosta.corp.example', { refusal: 'DisabledFeature' }),
    );
    await app.run(5_000);
    const over = app.newest();
    expect(stageOf(over)).toMatchObject({
      state: 'closed',
      ending: { kind: 'refused', code: 'DisabledFeature', target: expect.stringMatching(/^[0-9a-f-]{36}$/) },
    });
    expect(lastText(app)).toMatch(/advanced features|live response.*(off|on)/i);
  });
});
