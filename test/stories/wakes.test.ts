// Each worker wakes when something of its own is due. No worker sleeps longer than a minute whatever its pass
// asks for, so a pass that forgets to ask is late by less than that: no other story sees it, and people wait
// for it.
import { afterEach, describe, expect, test } from '@jest/globals';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Request } from '../../src/liveResponse/request/request.ts';
import { stageOf } from '../../src/liveResponse/request/request.ts';
import { createFailingDisk } from '../support/store/failingDisk.ts';
import { openWorkingTestApp } from '../support/apps/workingTestApp.ts';
import type { WorkingTestApp } from '../support/apps/workingTestApp.ts';
import type { Queued } from '../../src/liveResponse/request/session.ts';
import { runOf, sessionIn } from '../support/requests/requests.ts';
import { asked, faults, wakesIn } from '../support/stories/wakes.ts';

let app: WorkingTestApp;
afterEach(() => {
  subject = undefined;
  return app.close();
});

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

/** How long before it is due a worker is asked when it wakes. */
const ahead = 20 * second;

/**
 * Moves time on until `ahead` before `time`. A minute and a half before it something unrelated happens, so
 * that the worker does not happen to wake then because it has slept for a whole number of minutes.
 */
async function shortlyBefore(time: number): Promise<void> {
  await app.run(time - app.clock.now() - 95 * second);
  const { id } = request();
  await app.say('responder1', `dump hostb other${app.store.all().length}`);
  await app.run(time - app.clock.now() - ahead);
  subject = id;
}
/** What the story is about, where something else was asked for since. */
let subject: string | undefined;
function request(): Request {
  return (subject === undefined ? undefined : app.store.get(subject)) ?? app.newest();
}

async function approved(command?: string): Promise<void> {
  await asked(app, command);
  await app.press('approver1', 'approve');
  await app.clock.settle();
}

function queued(): Queued {
  return sessionIn(request(), 'queued').stage;
}

/** A request whose answer was lost, and which Defender does not list yet. */
async function lost(device = 'hosta'): Promise<void> {
  faults(app).plant({ what: 'loseAnswer', on: 'run' });
  faults(app).plant({ what: 'staleList', ms: 24 * hour, times: 'always' });
  await approved(`dump ${device} notepad`);
  await app.when('the search', () => stageOf(app.newest()).state === 'unknown', minute);
}

test('all workers are looked at here', async () => {
  app = await openWorkingTestApp();
  // `sequels` does what a new request asks of it, is nudged by that, and never has anything due at a later
  // time.
  expect(
    app.loop
      .workers()
      .map(({ name }) => name)
      .sort(),
  ).toEqual([
    'announcing',
    'cards',
    'clock',
    'expiry',
    'exposure',
    'following',
    'judging',
    'lateFinds',
    'outlook',
    'parked',
    'reconciliation',
    'results',
    'sequels',
    'storage',
    'submission',
  ]);
});

describe('storage', () => {
  test('tries every 5 s what could not be written', async () => {
    app = await openWorkingTestApp();
    expect(wakesIn(app, 'storage')).toBe(5 * second);
  });
});

describe('clock', () => {
  test('looks every second', async () => {
    app = await openWorkingTestApp();
    expect(wakesIn(app, 'clock')).toBe(second);
  });
});

describe('expiry', () => {
  test('wakes when a request expires', async () => {
    app = await openWorkingTestApp();
    await app.run(7 * second);
    await asked(app);
    await shortlyBefore(request().asked.terms.expiresAt);
    expect(wakesIn(app, 'expiry')).toBe(ahead);
    await app.run(20 * second);
    expect(stageOf(request()).state).toBe('closed');
  });
});

describe('exposure', () => {
  test('wakes when output is to leave the cards', async () => {
    app = await openWorkingTestApp({
      policy: (text) => text.replace('high: { request', 'high: { redactAfter: 2h, request'),
    });
    await approved();
    const { endedAt } = sessionIn(await app.until('finished'), 'finished').stage;
    await shortlyBefore(endedAt + 2 * hour);
    expect(wakesIn(app, 'exposure')).toBe(ahead);
    await app.run(ahead);
    expect(request()).toMatchObject({ redacted: { cause: 'time' } });
    await app.run(5 * second);
    expect(app.card().view.excerpts).toEqual([]);
  });
});

describe('judging', () => {
  test('wakes when the time of today’s policy is over, where that is shorter', async () => {
    app = await openWorkingTestApp();
    await app.run(7 * second);
    await asked(app);
    await app.changePolicy((text) => text.replace('expireAfter: 30m', 'expireAfter: 10m'));
    await shortlyBefore(request().asked.at + 10 * minute);
    expect(wakesIn(app, 'judging')).toBe(ahead);
    await app.run(20 * second);
    expect(stageOf(request())).toMatchObject({
      state: 'closed',
      ending: { kind: 'refused', code: 'expireAfterShorter' },
    });
  });
});

describe('submission', () => {
  test('wakes when the pause that Defender asked for is over', async () => {
    app = await openWorkingTestApp();
    faults(app).plant({ what: 'throttle', on: 'run', retryAfter: 20 });
    await approved();
    await app.when(
      'the refusal',
      () => stageOf(app.newest()).state === 'queued' && queued().notBefore !== undefined,
      minute,
    );
    expect(wakesIn(app, 'submission')).toBe((queued().notBefore ?? 0) - app.clock.now());
    expect(wakesIn(app, 'submission')).toBeLessThanOrEqual(20 * second);
  });

  test('wakes when an approval lapses', async () => {
    app = await openWorkingTestApp();
    faults(app).plant({ what: 'throttle', on: 'run', retryAfter: 3_000, times: 'always' });
    await approved();
    await shortlyBefore(queued().runBefore);
    expect(wakesIn(app, 'submission')).toBe(ahead);
    await app.run(ahead);
    expect(stageOf(request()).state).toBe('closed');
  });

  test('looks every 5 s whether a device is free', async () => {
    app = await openWorkingTestApp();
    await approved();
    await app.until('running');
    await approved('dump hosta lsass');
    expect(queued().waitsFor).toBe('deviceBusy');
    expect(wakesIn(app, 'submission')).toBeLessThanOrEqual(5 * second);
  });

  test('wakes when the next session may be started in this minute', async () => {
    app = await openWorkingTestApp({ simulator: { extraDevices: 11 } });
    for (let device = 1; device <= 11; device += 1)
      await approved(`dump load${String(device).padStart(3, '0')} notepad`);
    await app.run(25 * second);
    expect(queued().waitsFor).toBe('slot');
    // Ten a minute, and the first of them went out at the very beginning.
    expect(wakesIn(app, 'submission')).toBeLessThanOrEqual(35 * second);
    await app.when('the eleventh session', () => stageOf(app.newest()).state === 'running', 36 * second);
  });

  test('tries again after 15 s what it could not read before sending', async () => {
    app = await openWorkingTestApp();
    await asked(app);
    faults(app).plant({ what: 'status', on: 'machines', status: 503, times: 'always' });
    await app.press('approver1', 'approve');
    await app.when(
      'the outage',
      () => stageOf(app.newest()).state === 'queued' && queued().waitsFor === 'unavailable',
      minute,
    );
    expect(wakesIn(app, 'submission')).toBeLessThanOrEqual(15 * second);
  });
});

describe('reconciliation', () => {
  test('looks for a lost answer after 2 s, then at the times of its schedule', async () => {
    app = await openWorkingTestApp();
    await lost();
    // 2, 5, 15 and 60 s after the answer was lost, 5 s apart at least.
    for (const wait of [2, 5, 8, 45]) {
      expect(wakesIn(app, 'reconciliation')).toBe(wait * second);
      await app.run(wait * second);
    }
    expect(stageOf(app.newest())).toMatchObject({ state: 'unknown', searches: 4 });
  });

  test('tries again after 5 s what could not be read', async () => {
    app = await openWorkingTestApp();
    await lost();
    // Not a status that the client itself tries again.
    faults(app).plant({ what: 'status', on: 'list', status: 403, times: 'always' });
    await app.run(2 * second);
    expect(wakesIn(app, 'reconciliation')).toBeLessThanOrEqual(5 * second);
  });
});

describe('reconciliation, of a session past our deadline', () => {
  test('looks every 15 s for its end once it was cancelled', async () => {
    app = await openWorkingTestApp({ settings: { offlineQueue: minute } });
    await approved();
    await app.until('running');
    app.simulator.tenant.changeDevice('hosta.corp.example', { stuck: true });
    await app.when('the deadline', () => stageOf(app.newest()).state === 'unknown', 2 * hour);
    await app.run(10 * minute);
    await app.press('approver1', 'cancel');
    await app.clock.settle();
    expect(stageOf(app.newest())).toMatchObject({
      state: 'unknown',
      run: { cancel: { answer: 'accepted' } },
    });
    expect(wakesIn(app, 'reconciliation')).toBeLessThanOrEqual(15 * second);
    await app.run(15 * second);
    expect(stageOf(app.newest()).state).not.toBe('unknown');
  });
});

describe('lateFinds', () => {
  async function dropped(device?: string): Promise<void> {
    app = await openWorkingTestApp();
    await lost(device);
    await app.run(15 * minute);
    await app.press('responder1', 'drop');
    await app.clock.settle();
    expect(stageOf(request()).state).toBe('closed');
  }

  test('looks 5, 15 and 60 s after a request was dropped', async () => {
    await dropped();
    for (const wait of [5, 10, 45]) {
      expect(wakesIn(app, 'lateFinds')).toBe(wait * second);
      await app.run(wait * second);
    }
  });

  test('tries again after 15 s what could not be read', async () => {
    await dropped();
    faults(app).plant({ what: 'status', on: 'list', status: 403, times: 'always' });
    await app.run(5 * second);
    expect(wakesIn(app, 'lateFinds')).toBeLessThanOrEqual(15 * second);
  });

  test('looks every 30 s at what was found and goes on', async () => {
    await dropped('laptop7');
    faults(app).clear();
    await app.run(5 * second);
    expect(stageOf(app.newest())).toMatchObject({
      state: 'closed',
      found: { action: { status: 'Pending' } },
    });
    expect(wakesIn(app, 'lateFinds')).toBe(30 * second);
  });
});

describe('following', () => {
  test('reads running sessions every 2.4 s, also after a reading that failed', async () => {
    app = await openWorkingTestApp();
    await approved();
    await app.until('running');
    expect(wakesIn(app, 'following')).toBeLessThanOrEqual(2_400);
    faults(app).plant({ what: 'status', on: 'list', status: 503, times: 'always' });
    faults(app).plant({ what: 'status', on: 'get', status: 503, times: 'always' });
    await app.when('the failure', () => app.loop.following.trouble() !== undefined, 10 * second);
    expect(wakesIn(app, 'following')).toBeLessThanOrEqual(2_400);
  });

  test('reads sessions of offline devices every 30 s', async () => {
    app = await openWorkingTestApp();
    await approved('dump laptop7 notepad');
    await app.until('running');
    await app.run(10 * minute + 40 * second);
    await app.run(wakesIn(app, 'following'));
    expect(wakesIn(app, 'following')).toBe(30 * second);
  });
});

describe('parked', () => {
  const cancelAfterAnHour = (text: string): string =>
    text.replace('high: { request: responder,', 'high: { cancelParkedAfter: 1h, request: responder,');

  test('wakes when a device counts as offline, when its session is to be cancelled, and when that is to be tried again', async () => {
    app = await openWorkingTestApp({ policy: cancelAfterAnHour });
    await app.run(7 * second);
    await approved('dump laptop7 notepad');
    const {
      action: { createdAt = 0 },
    } = runOf(await app.until('running'));
    await shortlyBefore(createdAt + 10 * minute);
    expect(wakesIn(app, 'parked')).toBe(ahead + 1);
    await shortlyBefore(createdAt + hour);
    expect(wakesIn(app, 'parked')).toBe(ahead);
    faults(app).plant({ what: 'status', on: 'cancel', status: 503, times: 'always' });
    const cancel = () => {
      const one = request();
      const stage = stageOf(one);
      return stage.state === 'running' ? stage.run.cancel : undefined;
    };
    await app.when('the first try', () => cancel()?.answer === 'failed', minute);
    await shortlyBefore((cancel()?.at ?? 0) + 5 * minute);
    expect(wakesIn(app, 'parked')).toBe(ahead);
  });
});

describe('results', () => {
  test('tries again after 3 s what is not there yet', async () => {
    app = await openWorkingTestApp();
    faults(app).plant({ what: 'notReady', times: 'always' });
    await approved();
    await app.until('finished');
    await app.clock.settle();
    expect(wakesIn(app, 'results')).toBeLessThanOrEqual(3 * second);
  });

  test('takes a link back when it is about to die', async () => {
    app = await openWorkingTestApp();
    await approved();
    await app.until('finished');
    const links = () => {
      const one = request();
      const stage = stageOf(one);
      return stage.state === 'finished' ? stage.run.results.links : [];
    };
    await app.when('the link', () => links().length > 0, minute);
    await shortlyBefore((links()[0]?.expiresAt ?? 0) - minute);
    expect(wakesIn(app, 'results')).toBe(ahead);
    await app.run(ahead);
    expect(links()).toEqual([]);
  });

  test('tries again after 15 s while the journal cannot be written', async () => {
    const disk = createFailingDisk();
    app = await openWorkingTestApp({ disk: disk.disk });
    disk.code = 'ENOSPC';
    await asked(app);
    await app.run(minute);
    expect(wakesIn(app, 'results')).toBeLessThanOrEqual(15 * second);
    disk.code = undefined;
  });

  test('tries again after 15 s when a text cannot be kept', async () => {
    app = await openWorkingTestApp();
    await approved();
    await app.until('running');
    rmSync(join(app.dir, 'outputs'), { recursive: true });
    writeFileSync(join(app.dir, 'outputs'), '');
    await app.until('finished');
    await app.run(20 * second);
    expect(wakesIn(app, 'results')).toBeLessThanOrEqual(15 * second);
  });
});
