// The real workers on a clock that the story moves: nothing here runs a pass by hand, so a wake time that is
// missing is a story that stands still. Rows 1.15, 1.16, 1.17, 1.19 and 1.23.
import { afterEach, describe, expect, test } from '@jest/globals';
import { createFailingDisk } from '../support/store/failingDisk.ts';
import { openWorkingHouse } from '../support/workingHouse.ts';
import type { WorkingHouse } from '../support/workingHouse.ts';

let house: WorkingHouse;
afterEach(() => house.close());

const minute = 60_000;
const hour = 60 * minute;
const status = (): string => house.card().view.status;

async function ask(command = 'dump hosta notepad'): Promise<void> {
  await house.say('responder1', command);
  await house.when('a card', () => house.chat.cards.size > 0, 10_000);
}

describe('the workers by themselves', () => {
  test('carry a request from its question to its end', async () => {
    house = await openWorkingHouse();
    await ask();
    expect(status()).toContain('Waiting for approval');
    await house.press('approver1', 'approve');
    const finished = await house.until('finished');
    expect(finished.outcome).toBe('succeeded');
    await house.when('the end on the card', () => status().includes('Finished'), minute);
    await house.when(
      'the output on the card',
      () =>
        finished.id === house.newest().id &&
        'results' in house.newest() &&
        (house.newest() as typeof finished).results.excerpts.length > 0,
      minute,
    );
  });

  test('end what nobody approved when its time has come', async () => {
    house = await openWorkingHouse();
    await ask();
    const { expiresAt } = house.newest().terms;
    await house.run(expiresAt - house.clock.now() - 1_000);
    expect(house.newest().state).toBe('awaitingApproval');
    await house.when('the expiry', () => house.newest().state === 'over', 2_000);
  });

  test('let an approval lapse that could not be used in time', async () => {
    house = await openWorkingHouse();
    await ask();
    await house.say('approver1', 'freeze odd approvals');
    await house.say('approver1', 'unfreeze');
    house.simulator.tenant.faults.plant({ what: 'throttle', on: 'run', retryAfter: 3_000, times: 'always' });
    await house.press('approver1', 'approve');
    await house.when('the lapse', () => house.newest().state === 'over', 31 * minute);
  });

  test('find a session whose answer was lost', async () => {
    house = await openWorkingHouse();
    house.simulator.tenant.faults.plant({ what: 'loseAnswer', on: 'run' });
    await ask();
    await house.press('approver1', 'approve');
    await house.when('the search', () => house.newest().state === 'unknown', minute);
    await house.when('what was found', () => ['running', 'finished'].includes(house.newest().state), 10_000);
    expect(house.simulator.tenant.submissions).toHaveLength(1);
  });

  test('send the next one as soon as the device is free, though the wait for it was longer', async () => {
    house = await openWorkingHouse();
    await ask();
    await house.press('approver1', 'approve');
    await house.until('running');
    await house.say('responder2', 'dump hosta lsass');
    await house.press('approver1', 'approve');
    await house.until('finished');
    expect(house.simulator.tenant.submissions).toHaveLength(2);
  });

  test('try a card again that the chat did not take', async () => {
    const { ChatError } = await import('../../src/bot/ports.ts');
    house = await openWorkingHouse();
    house.chat.failNext(new ChatError('unavailable', 'out of reach'), 2);
    await house.say('responder1', 'dump hosta notepad');
    await house.when('the card', () => house.chat.cards.size > 0, minute);
  });
});

describe.each([
  ['row 1.16: a wall clock set back by 3 h', -3 * hour],
  ['a wall clock set forward by a minute', minute],
])('%s', (_what, by) => {
  test('while a session runs: it is followed to its end within the minutes that it takes', async () => {
    house = await openWorkingHouse();
    await ask();
    await house.press('approver1', 'approve');
    await house.until('running');
    house.clock.jump(by);
    await house.when('the end', () => house.newest().state === 'finished', 6 * minute);
    await house.when('the end on the card', () => status().includes('Finished'), minute);
    expect(house.loop.clockWatch.trouble()).toMatch(/clock jumped/);
  });

  test('while a request waits for approval: it expires no later than it was meant to', async () => {
    house = await openWorkingHouse();
    await ask();
    house.clock.jump(by);
    await house.when('the expiry', () => house.newest().state === 'over', 31 * minute);
  });

  test('while a refusal holds an approved request back: it is sent when the pause is over', async () => {
    house = await openWorkingHouse();
    house.simulator.tenant.faults.plant({ what: 'throttle', on: 'run', retryAfter: 20 });
    await ask();
    await house.press('approver1', 'approve');
    await house.when(
      'the refusal',
      () => house.newest().state === 'queued' && 'notBefore' in house.newest(),
      minute,
    );
    house.clock.jump(by);
    await house.when('the session', () => house.newest().state === 'running', 2 * minute);
    expect(house.simulator.tenant.submissions).toHaveLength(1);
  });

  test('while a lost answer is looked for: the search goes on', async () => {
    house = await openWorkingHouse();
    house.simulator.tenant.faults.plant({ what: 'loseAnswer', on: 'run' });
    house.simulator.tenant.faults.plant({ what: 'staleList', ms: 20_000, times: 2 });
    await ask();
    await house.press('approver1', 'approve');
    await house.when('the search', () => house.newest().state === 'unknown', minute);
    house.clock.jump(by);
    await house.when(
      'what was found',
      () => ['running', 'finished'].includes(house.newest().state),
      6 * minute,
    );
  });

  test('during a slow list call: the next one comes as soon as ever', async () => {
    house = await openWorkingHouse();
    await ask();
    await house.press('approver1', 'approve');
    await house.until('running');
    house.simulator.tenant.faults.plant({ what: 'delay', on: 'list', ms: 300 });
    const slow = house.run(2_400);
    house.clock.jump(by);
    await slow;
    await house.when('the end', () => house.newest().state === 'finished', 6 * minute);
  });
});

describe.each([
  ['stood still with it', false],
  ['went on', true],
])('row 1.17: a machine that slept for three hours, whose monotonic clock %s', (_what, elapsed) => {
  test('says at once that a request has expired', async () => {
    house = await openWorkingHouse();
    await ask();
    house.clock.suspend(3 * hour, elapsed);
    await house.when('the expiry on the card', () => status().includes('Expired'), 3_000);
    expect(house.loop.workers().filter((worker) => worker.stuck !== undefined)).toEqual([]);
  });
});

test('row 1.17: a wall clock 3 h forward says at once that a request has expired', async () => {
  house = await openWorkingHouse();
  await ask();
  house.clock.jump(3 * hour);
  await house.when('the expiry on the card', () => status().includes('Expired'), 3_000);
});

describe.each(['ENOSPC', 'EIO'] as const)('row 1.15: %s', (code) => {
  test('while one request waits for approval and one is approved: all goes on within seconds after the disk is well, though nobody types', async () => {
    const disk = createFailingDisk();
    house = await openWorkingHouse({ disk: disk.disk });
    await house.say('responder1', 'dump hostb notepad');
    house.simulator.tenant.faults.plant({ what: 'throttle', on: 'run', retryAfter: 60 });
    await ask();
    await house.press('approver1', 'approve');
    await house.when(
      'the wait',
      () => house.newest().state === 'queued' && 'notBefore' in house.newest(),
      minute,
    );
    disk.code = code;
    await house.run(130_000);
    expect(house.store.trouble()).toBeDefined();
    expect(house.simulator.tenant.submissions).toHaveLength(0);
    disk.code = undefined;
    await house.when('the journal', () => house.store.trouble() === undefined, 6_000);
    await house.when('the session', () => house.simulator.tenant.submissions.length === 1, 6_000);
    await house.until('finished');
  });
});

describe('row 1.19: a stop in the middle of many unread results', () => {
  test('ends after the one under way, and the next start reads the rest', async () => {
    house = await openWorkingHouse();
    for (const name of ['hosta', 'hostb', 'hostc']) await house.say('responder1', `dump ${name} notepad`);
    house.simulator.tenant.faults.plant({ what: 'notReady', times: 'always' });
    for (const request of house.store.all()) await house.press('approver1', 'approve', { request });
    await house.when('three ends', () => house.store.open().length === 0, 20 * minute);
    const unread = (): number =>
      house.store
        .all()
        .filter((request) => request.state === 'finished' && request.results.excerpts.length === 0).length;
    expect(unread()).toBeGreaterThan(0);
    await house.restart();
    house.simulator.tenant.faults.clear();
    await house.when('all results', () => unread() === 0, 15 * minute);
  });
});
