// The real workers on a clock that the story moves: nothing here runs a pass by hand, so a wake time that is
// missing is a story that stands still. Rows 1.15, 1.16, 1.17, 1.19 and 1.23.
import { stageOf } from '../../src/liveResponse/request/request.ts';
import { afterEach, describe, expect, test } from '@jest/globals';
import { createFailingDisk } from '../support/store/failingDisk.ts';
import { openWorkingTestApp } from '../support/apps/workingTestApp.ts';
import type { WorkingTestApp } from '../support/apps/workingTestApp.ts';
import { outcomeOf, runOf, stateIn } from '../support/requests/requests.ts';

let app: WorkingTestApp;
afterEach(() => app.close());

const minute = 60_000;
const hour = 60 * minute;
const status = (): string => app.card().view.status;

async function ask(command = 'dump hosta notepad'): Promise<void> {
  await app.say('responder1', command);
  await app.when('a card', () => app.chat.cards.size > 0, 10_000);
}

describe('the workers by themselves', () => {
  test('carry a request from its question to its end', async () => {
    app = await openWorkingTestApp();
    await ask();
    expect(status()).toContain('Waiting for approval');
    await app.press('approver1', 'approve');
    const finished = await app.until('finished');
    expect(outcomeOf(finished)).toBe('succeeded');
    await app.when('the end on the card', () => status().includes('Finished'), minute);
    await app.when(
      'the output on the card',
      () => finished.id === app.newest().id && runOf(app.newest()).results.excerpts.length > 0,
      minute,
    );
  });

  test('end what nobody approved when its time has come', async () => {
    app = await openWorkingTestApp();
    await ask();
    const { expiresAt } = app.newest().asked.terms;
    await app.run(expiresAt - app.clock.now() - 1_000);
    expect(stageOf(app.newest()).state).toBe('awaitingApproval');
    await app.when('the expiry', () => stageOf(app.newest()).state === 'closed', 2_000);
  });

  test('let an approval lapse that could not be used in time', async () => {
    app = await openWorkingTestApp();
    await ask();
    await app.say('approver1', 'freeze odd approvals');
    await app.say('approver1', 'unfreeze');
    app.simulator.tenant.faults.plant({ what: 'throttle', on: 'run', retryAfter: 3_000, times: 'always' });
    await app.press('approver1', 'approve');
    await app.when('the lapse', () => stageOf(app.newest()).state === 'closed', 31 * minute);
  });

  test('find a session whose answer was lost', async () => {
    app = await openWorkingTestApp();
    app.simulator.tenant.faults.plant({ what: 'loseAnswer', on: 'run' });
    await ask();
    await app.press('approver1', 'approve');
    await app.when('the search', () => stageOf(app.newest()).state === 'unknown', minute);
    await app.when(
      'what was found',
      () => ['running', 'finished'].includes(stageOf(app.newest()).state),
      10_000,
    );
    expect(app.simulator.tenant.submissions).toHaveLength(1);
  });

  test('send the next one as soon as the device is free, though the wait for it was longer', async () => {
    app = await openWorkingTestApp();
    await ask();
    await app.press('approver1', 'approve');
    await app.until('running');
    await app.say('responder2', 'dump hosta lsass');
    await app.press('approver1', 'approve');
    await app.until('finished');
    expect(app.simulator.tenant.submissions).toHaveLength(2);
  });

  test('try a card again that the chat did not take', async () => {
    const { ChatError } = await import('../../src/bot/ports.ts');
    app = await openWorkingTestApp();
    app.chat.failNext(new ChatError('unavailable', 'out of reach'), 2);
    await app.say('responder1', 'dump hosta notepad');
    await app.when('the card', () => app.chat.cards.size > 0, minute);
  });
});

describe.each([
  ['row 1.16: a wall clock set back by 3 h', -3 * hour],
  ['a wall clock set forward by a minute', minute],
])('%s', (_what, by) => {
  test('while a session runs: it is followed to its end within the minutes that it takes', async () => {
    app = await openWorkingTestApp();
    await ask();
    await app.press('approver1', 'approve');
    await app.until('running');
    app.clock.jump(by);
    await app.when('the end', () => stageOf(app.newest()).state === 'finished', 6 * minute);
    await app.when('the end on the card', () => status().includes('Finished'), minute);
    expect(app.loop.clockWatch.trouble()).toMatch(/clock jumped/);
  });

  test('while a request waits for approval: it expires no later than it was meant to', async () => {
    app = await openWorkingTestApp();
    await ask();
    app.clock.jump(by);
    await app.when('the expiry', () => stageOf(app.newest()).state === 'closed', 31 * minute);
  });

  test('while a refusal holds an approved request back: it is sent when the pause is over', async () => {
    app = await openWorkingTestApp();
    app.simulator.tenant.faults.plant({ what: 'throttle', on: 'run', retryAfter: 20 });
    await ask();
    await app.press('approver1', 'approve');
    await app.when(
      'the refusal',
      () => stateIn(app.newest()) === 'queued' && 'notBefore' in stageOf(app.newest()),
      minute,
    );
    app.clock.jump(by);
    await app.when('the session', () => stageOf(app.newest()).state === 'running', 2 * minute);
    expect(app.simulator.tenant.submissions).toHaveLength(1);
  });

  test('while a lost answer is looked for: the search goes on', async () => {
    app = await openWorkingTestApp();
    app.simulator.tenant.faults.plant({ what: 'loseAnswer', on: 'run' });
    app.simulator.tenant.faults.plant({ what: 'staleList', ms: 20_000, times: 2 });
    await ask();
    await app.press('approver1', 'approve');
    await app.when('the search', () => stageOf(app.newest()).state === 'unknown', minute);
    app.clock.jump(by);
    await app.when(
      'what was found',
      () => ['running', 'finished'].includes(stageOf(app.newest()).state),
      6 * minute,
    );
  });

  test('during a slow list call: the next one comes as soon as ever', async () => {
    app = await openWorkingTestApp();
    await ask();
    await app.press('approver1', 'approve');
    await app.until('running');
    app.simulator.tenant.faults.plant({ what: 'delay', on: 'list', ms: 300 });
    const slow = app.run(2_400);
    app.clock.jump(by);
    await slow;
    await app.when('the end', () => stageOf(app.newest()).state === 'finished', 6 * minute);
  });
});

describe.each([
  ['stood still with it', false],
  ['went on', true],
])('row 1.17: a machine that slept for three hours, whose monotonic clock %s', (_what, elapsed) => {
  test('says at once that a request has expired', async () => {
    app = await openWorkingTestApp();
    await ask();
    app.clock.suspend(3 * hour, elapsed);
    await app.when('the expiry on the card', () => status().includes('Expired'), 3_000);
    expect(app.loop.workers().filter((worker) => worker.stuck !== undefined)).toEqual([]);
  });
});

test('row 1.17: a wall clock 3 h forward says at once that a request has expired', async () => {
  app = await openWorkingTestApp();
  await ask();
  app.clock.jump(3 * hour);
  await app.when('the expiry on the card', () => status().includes('Expired'), 3_000);
});

describe.each(['ENOSPC', 'EIO'] as const)('row 1.15: %s', (code) => {
  test('while one request waits for approval and one is approved: all goes on within seconds after the disk is well, though nobody types', async () => {
    const disk = createFailingDisk();
    app = await openWorkingTestApp({ disk: disk.disk });
    await app.say('responder1', 'dump hostb notepad');
    app.simulator.tenant.faults.plant({ what: 'throttle', on: 'run', retryAfter: 60 });
    await ask();
    await app.press('approver1', 'approve');
    await app.when(
      'the wait',
      () => stateIn(app.newest()) === 'queued' && 'notBefore' in stageOf(app.newest()),
      minute,
    );
    disk.code = code;
    await app.run(130_000);
    expect(app.store.trouble()).toBeDefined();
    expect(app.simulator.tenant.submissions).toHaveLength(0);
    disk.code = undefined;
    await app.when('the journal', () => app.store.trouble() === undefined, 6_000);
    await app.when('the session', () => app.simulator.tenant.submissions.length === 1, 6_000);
    await app.until('finished');
  });
});

describe('row 1.19: a stop in the middle of many unread results', () => {
  test('ends after the one under way, and the next start reads the rest', async () => {
    app = await openWorkingTestApp();
    for (const name of ['hosta', 'hostb', 'hostc']) await app.say('responder1', `dump ${name} notepad`);
    app.simulator.tenant.faults.plant({ what: 'notReady', times: 'always' });
    for (const request of app.store.all()) await app.press('approver1', 'approve', { request });
    await app.when('three ends', () => app.store.open().length === 0, 20 * minute);
    const unread = (): number =>
      app.store.all().filter((request) => {
        const stage = stageOf(request);
        return stage.state === 'finished' && stage.run.results.excerpts.length === 0;
      }).length;
    expect(unread()).toBeGreaterThan(0);
    await app.restart();
    app.simulator.tenant.faults.clear();
    await app.when('all results', () => unread() === 0, 15 * minute);
  });
});
