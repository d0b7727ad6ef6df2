// Devices that are offline: what their cards say, the one note when they wake, and the policy's cancel,
// whichever of the two is first.
import { stageOf } from '../../../src/liveResponse/request/request.ts';
import { afterEach, describe, expect, test } from '@jest/globals';
import { openTestApp, textOf } from '../../support/apps/testApp.ts';
import type { TestApp, TestAppOptions } from '../../support/apps/testApp.ts';
import type { Run } from '../../../src/liveResponse/request/session.ts';
import { outcomeOf, runOf, sessionIn } from '../../support/requests/requests.ts';

const minute = 60_000;
const hour = 60 * minute;
const laptop = 'laptop7.corp.example';

let app: TestApp;
afterEach(() => app.close());

/** An approved dump of a device that is offline. */
async function parked(options: TestAppOptions = {}): Promise<void> {
  app = await openTestApp(options);
  await app.say('responder1', 'dump laptop7 notepad --reason "beacon at 02:40"');
  await app.loop.tick();
  await app.press('approver1', 'approve');
  await app.until('running');
}

const cancelAfter =
  (time: string) =>
  (text: string): string =>
    text.replace('high: { request: responder,', `high: { cancelParkedAfter: ${time}, request: responder,`);
const withCancel = (time: string): TestAppOptions => ({ policy: cancelAfter(time) });

/** Moves the clock at once; the passes of one tick see the new time. */
async function later(ms: number): Promise<void> {
  app.clock.move(ms);
  await app.loop.tick();
}

function wake(): void {
  app.simulator.tenant.changeDevice(laptop, { online: true });
}

function action(): { readonly status: string; readonly comment: string | undefined } {
  const found = app.simulator.tenant
    .actions()
    .find((one) => one.machineId === app.newest().targets[0].device.id);
  if (found === undefined) throw new Error('no action');
  return { status: found.status, comment: found.cancellation?.comment };
}

const running = (): Run => sessionIn(app.newest(), 'running').stage.run;
const lead = () => app.card().view.lead;
const cancels = () => app.store.all().flatMap((one) => runOf(one).cancel ?? []);

describe('a parked device', () => {
  test('is shown with since when and until when, once it has not answered for ten minutes', async () => {
    await parked({ settings: { offlineQueue: 2 * hour } });
    expect(app.card().view.status).toContain('waiting for the device');
    await later(11 * minute);
    await app.loop.tick();
    expect(app.card().view.status).toContain('Parked');
    expect(lead()).toMatch(/had it since 03:00 UTC/);
    expect(lead()).toMatch(/until about 05:00 UTC/);
    expect(lead()).toMatch(/without another approval/);
  });

  test('is polled at the slow gap, however often other things happen', async () => {
    await parked();
    expect(await app.loop.following.pass()).toBe(2_400);
    await later(11 * minute);
    expect(await app.loop.following.pass()).toBe(30_000);
    // Another session that works makes the whole reading quick again: it is one call for all.
    await app.say('responder1', 'dump hosta notepad');
    await app.press('approver1', 'approve');
    await app.until('running');
    expect(await app.loop.following.pass()).toBe(2_400);
  });

  test('that wakes is told in one note that mentions the requester, also over restarts', async () => {
    await parked();
    await later(40 * minute);
    await later(2_400);
    expect(app.chat.notes).toEqual([]);
    wake();
    app.simulator.tenant.changeDevice(laptop, { scriptMs: 8 * minute });
    // Devices take two to three minutes to begin.
    await app.run(4 * minute);
    expect(action().status).toBe('InProgress');
    const woke = app.chat.notes.filter((note) => note.text.includes('woke'));
    expect(woke).toHaveLength(1);
    expect(woke[0]).toMatchObject({
      mention: ['responder1'],
      text: expect.stringMatching(
        /^lr-[0-9a-z]{6}, Dump notepad on laptop7\.corp\.example: the device woke after 4\d min/,
      ),
    });
    expect(app.card().view.status).toContain('Running');
    await app.restart();
    await app.run(minute);
    await app.restart();
    await app.until('finished');
    await app.run(minute);
    expect(app.chat.notes.filter((note) => note.text.includes('woke'))).toHaveLength(1);
    expect(app.chat.notes.filter((note) => note.text.includes('Finished'))).toHaveLength(1);
    expect(app.simulator.tenant.submissions).toHaveLength(1);
  });

  test('is never cancelled where the policy does not say so', async () => {
    await parked();
    await later(60 * hour);
    await app.loop.tick();
    expect(running().cancel).toBeUndefined();
    expect(action().status).toBe('Pending');
  });
});

describe('cancelParkedAfter', () => {
  test('cancels at Defender by the policy’s word, says so on the card, and offers the request for a fresh approval', async () => {
    await parked(withCancel('4h'));
    await later(11 * minute);
    await app.loop.tick();
    expect(lead()).toMatch(/The policy cancels it at 07:00 UTC\./);
    await later(4 * hour - 12 * minute);
    expect(action().status).toBe('Pending');
    await later(2 * minute);
    expect(action()).toEqual({
      status: 'Cancelled',
      comment: expect.stringMatching(
        /^lr:lr-[0-9a-z]{6} cancelled by the policy: parked for 4 h.*\(cancelParkedAfter\)$/,
      ),
    });
    const finished = await app.until('finished');
    await app.loop.tick();
    expect(stageOf(finished)).toMatchObject({
      outcome: 'cancelled',
      run: { cancel: { by: { policy: 'cancelParkedAfter' }, answer: 'accepted', tries: 1 } },
    });
    expect(lead()).toMatch(
      /^Cancelled by the policy \(cancelParkedAfter\), asked at 07:0\d UTC\. No command was run\./,
    );
    expect(lead()).toMatch(/parked for 4 h/);
    expect(app.card().view.buttons).toEqual([expect.objectContaining({ verb: 'again', label: 'Ask again' })]);
    expect(app.chat.notes.at(-1)?.text).toMatch(/cancelled/);
  });

  test('and its “Ask again” takes a fresh approval by another person, after which it runs once', async () => {
    await parked(withCancel('1h'));
    await later(11 * minute);
    await later(hour);
    const old = await app.until('finished');
    await app.loop.tick();
    wake();
    expect(textOf(await app.press('responder1', 'again', { request: old, index: 0 }))).toMatch(
      /is waiting for approval/,
    );
    const next = app.newest();
    expect(next).toMatchObject({
      stage: { state: 'awaitingApproval' },
      asked: { continues: { id: old.id, from: 0 }, recipe: 'dump' },
      subject: { commands: old.subject.commands },
    });
    expect(textOf(await app.press('responder1', 'approve'))).toMatch(/nobody approves their own/);
    await app.run(minute);
    expect(app.simulator.tenant.submissions).toHaveLength(1);
    await app.press('approver1', 'approve');
    expect(outcomeOf(await app.until('finished'))).toBe('succeeded');
    expect(app.simulator.tenant.submissions).toHaveLength(2);
    expect(app.simulator.tenant.submissions.map((one) => one.comment.split(':')[1])).toEqual([
      old.id,
      next.id,
    ]);
  });

  test('keeps its hands off a device that woke before the cancel was sent', async () => {
    await parked(withCancel('1h'));
    await later(11 * minute);
    wake();
    // The bot has not read Defender since: its own reading still says Pending when the time comes.
    app.clock.move(hour);
    expect(running().action.status).toBe('Pending');
    await app.loop.parked.pass();
    expect(running().cancel).toBeUndefined();
    expect(outcomeOf(await app.until('finished'))).toBe('succeeded');
    expect(cancels()).toEqual([]);
  });

  test('that arrives while the device has just begun is told as such, with what ran', async () => {
    await parked({ ...withCancel('1h'), simulator: { profile: { cancelMs: [5_000, 5_000] } } });
    await later(11 * minute);
    await wakingInside(3 * minute, { scriptMs: 9 * minute });
    expect(running().cancel).toMatchObject({ answer: 'accepted', tries: 1 });
    const finished = await app.until('finished');
    await app.loop.tick();
    expect(outcomeOf(finished)).toBe('cancelled');
    expect(lead()).toMatch(/^Cancelled by the policy \(cancelParkedAfter\)/);
    expect(lead()).toMatch(
      /The device woke before the policy’s cancel took effect; the rows show what ran\./,
    );
    expect(app.card().view.steps.map((row) => row.status)).toEqual([
      expect.stringMatching(/failed/),
      'not run',
    ]);
    // What has begun may have done its work: the approver of another try is told so.
    await app.press('responder1', 'again', { request: finished, index: 0 });
    await app.loop.tick();
    expect(app.card().view.notes).toContain(
      `Index 0 (minidump.ps1) ran in ${finished.id}, or may have, and would run again.`,
    );
  });

  test('that arrives after the device has finished is told as such', async () => {
    await parked(withCancel('1h'));
    await later(11 * minute);
    await wakingInside(10 * minute);
    expect(action().status).toBe('Succeeded');
    expect(running().cancel).toMatchObject({ answer: 'alreadyOver', tries: 1 });
    const finished = await app.until('finished');
    await app.loop.tick();
    expect(outcomeOf(finished)).toBe('succeeded');
    expect(app.card().view.status).toContain('Finished: succeeded');
    expect(lead()).toMatch(
      /The device woke before the policy’s cancel took effect; the rows show what ran\./,
    );
    expect(app.card().view.steps.map((row) => row.status)).toEqual([
      expect.stringMatching(/^completed/),
      expect.stringMatching(/^completed/),
    ]);
    expect(app.card().view.buttons.map((button) => button.verb)).not.toContain('again');
  });

  test('that Defender does not take is tried six times, five minutes apart, and the card says so', async () => {
    await parked(withCancel('1h'));
    await later(11 * minute);
    const calls = countCancels();
    app.simulator.tenant.faults.plant({ what: 'status', on: 'cancel', status: 503, times: 'always' });
    await later(50 * minute);
    await app.loop.tick();
    expect(calls()).toBe(1);
    expect(lead()).toMatch(
      /cancel of 04:0\d UTC was not confirmed by Defender \(try 1 of 6\); the next is at 04:0\d UTC\./,
    );
    for (let passes = 0; passes < 40; passes += 1) await later(3 * minute);
    expect(calls()).toBe(6);
    expect(running().cancel).toMatchObject({
      by: { policy: 'cancelParkedAfter' },
      answer: 'failed',
      tries: 6,
    });
    expect(lead()).toMatch(/not confirmed by Defender, 6 times: the bot stops trying\. Press Cancel/);
    app.simulator.tenant.faults.clear();
    expect(textOf(await app.press('responder1', 'cancel'))).toMatch(/accepted/);
    expect(runOf(await app.until('finished')).cancel).toMatchObject({ by: { id: 'responder1' } });
  });

  test('is left to a person who was faster', async () => {
    await parked(withCancel('1h'));
    await later(11 * minute);
    await app.press('responder1', 'cancel', { input: 'not needed' });
    await later(hour);
    expect(stageOf(await app.until('finished'))).toMatchObject({
      outcome: 'cancelled',
      run: { cancel: { by: { id: 'responder1' }, reason: 'not needed' } },
    });
  });

  test('that was written down but never sent, because the bot died, is sent once after the restart', async () => {
    await parked(withCancel('1h'));
    await later(11 * minute);
    const calls = countCancels();
    app.clock.move(50 * minute);
    await written();
    await app.restart();
    await app.loop.tick();
    expect(calls()).toBe(0);
    expect(textOf(await app.press('approver1', 'cancel'))).toMatch(
      /^The policy \(cancelParkedAfter\) asked Defender at/,
    );
    await app.run(6 * minute);
    expect(calls()).toBe(1);
    expect(stageOf(await app.until('finished'))).toMatchObject({
      outcome: 'cancelled',
      run: { cancel: { by: { policy: 'cancelParkedAfter' }, tries: 2, answer: 'accepted' } },
    });
    expect(calls()).toBe(1);
  });

  test('that was sent but whose answer was never written down, because the bot died, is not sent again', async () => {
    await parked(withCancel('1h'));
    await later(11 * minute);
    const calls = countCancels();
    app.clock.move(50 * minute);
    await written();
    const { actionId } = running();
    const sent = await fetch(`${app.simulator.url}/api/machineactions/${actionId}/cancel`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ Comment: `lr:${app.newest().id} cancelled by the policy` }),
    });
    expect(sent.status).toBe(200);
    await app.restart();
    await app.run(20 * minute);
    expect(stageOf(app.newest())).toMatchObject({
      state: 'finished',
      outcome: 'cancelled',
      run: { cancel: { by: { policy: 'cancelParkedAfter' } } },
    });
    expect(lead()).toMatch(/^Cancelled by the policy \(cancelParkedAfter\)/);
    expect(calls()).toBe(1);
  });

  test('is not claimed by the policy when somebody in the portal cancelled it first', async () => {
    await parked(withCancel('1h'));
    await later(11 * minute);
    app.clock.move(50 * minute);
    await written();
    const { actionId } = running();
    await fetch(`${app.simulator.url}/api/machineactions/${actionId}/cancel`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ Comment: 'cleaning up' }),
    });
    await app.until('finished');
    await app.loop.tick();
    expect(lead()).toMatch(/^Cancelled outside this bot by .*cleaning up/);
  });
});

/**
 * The race itself: the device is waking when the cancel is due, the bot's last look still shows it as
 * pending, and `ms` pass while the call is on its way.
 */
async function wakingInside(ms: number, change: { readonly scriptMs?: number } = {}): Promise<void> {
  app.clock.move((running().waitingForDevice?.cancelAt ?? 0) - app.clock.now());
  app.simulator.tenant.changeDevice(laptop, { online: true, ...change });
  app.simulator.tenant.faults.plant({ what: 'delay', on: 'cancel', ms: 500 });
  const pass = app.loop.parked.pass();
  const deadline = Date.now() + 5_000;
  while (running().cancel === undefined && Date.now() < deadline)
    await new Promise((resolve) => setImmediate(resolve));
  expect(running().cancel).toMatchObject({ answer: 'sent' });
  app.clock.move(ms);
  await pass;
}

/** How many cancel calls have reached Defender since. */
function countCancels(): () => number {
  const most = 1_000;
  app.simulator.tenant.faults.plant({ what: 'delay', on: 'cancel', ms: 0, times: most });
  return () =>
    most -
    Number(
      app.simulator.tenant.faults.planted().find((fault) => fault.what === 'delay' && fault.on === 'cancel')
        ?.times ?? 0,
    );
}

/** The line that comes before the call, alone: as a crash right after it leaves the journal. */
async function written(): Promise<void> {
  await app.store.change(app.newest().id, (_request, now) => ({
    session: 0,
    event: {
      type: 'cancelAsked',
      cancel: { by: { policy: 'cancelParkedAfter' }, at: now, answer: 'sent', tries: 1 },
    },
  }));
}
