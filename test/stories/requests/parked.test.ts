// Devices that are offline: what their cards say, the one note when they wake, and the policy's cancel,
// whichever of the two is first.
import { afterEach, describe, expect, test } from '@jest/globals';
import type { InState } from '../../../src/liveResponse/request.ts';
import { openHouse, textOf } from '../../support/house.ts';
import type { House, HouseOptions } from '../../support/house.ts';

const minute = 60_000;
const hour = 60 * minute;
const laptop = 'laptop7.corp.example';

let house: House;
afterEach(() => house.close());

/** An approved dump of a device that is offline. */
async function parked(options: HouseOptions = {}): Promise<void> {
  house = await openHouse(options);
  await house.say('responder1', 'dump laptop7 notepad --reason "beacon at 02:40"');
  await house.loop.tick();
  await house.press('approver1', 'approve');
  await house.until('running');
}

const cancelAfter =
  (time: string) =>
  (text: string): string =>
    text.replace('high: { request: responder,', `high: { cancelParkedAfter: ${time}, request: responder,`);
const withCancel = (time: string): HouseOptions => ({ policy: cancelAfter(time) });

/** Moves the clock at once; the passes of one tick see the new time. */
async function later(ms: number): Promise<void> {
  house.clock.move(ms);
  await house.loop.tick();
}

function wake(): void {
  house.simulator.tenant.changeDevice(laptop, { online: true });
}

function action(): { readonly status: string; readonly comment: string | undefined } {
  const found = house.simulator.tenant.actions().find((one) => one.machineId === house.newest().device.id);
  if (found === undefined) throw new Error('no action');
  return { status: found.status, comment: found.cancellation?.comment };
}

const running = (): InState<'running'> => {
  const request = house.newest();
  if (request.state !== 'running') throw new Error(request.state);
  return request;
};
const lead = () => house.card().view.lead;
const cancels = () => house.store.all().flatMap((one) => ('cancel' in one ? [one.cancel] : []));

describe('a parked device', () => {
  test('is shown with since when and until when, once it has not answered for ten minutes', async () => {
    await parked({ settings: { offlineQueue: 2 * hour } });
    expect(house.card().view.status).toContain('waiting for the device');
    await later(11 * minute);
    await house.loop.tick();
    expect(house.card().view.status).toContain('Parked');
    expect(lead()).toMatch(/had it since 03:00 UTC/);
    expect(lead()).toMatch(/until about 05:00 UTC/);
    expect(lead()).toMatch(/without another approval/);
  });

  test('is polled at the slow gap, however often other things happen', async () => {
    await parked();
    expect(await house.loop.following.pass()).toBe(2_400);
    await later(11 * minute);
    expect(await house.loop.following.pass()).toBe(30_000);
    // Another session that works makes the whole reading quick again: it is one call for all.
    await house.say('responder1', 'dump hosta notepad');
    await house.press('approver1', 'approve');
    await house.until('running');
    expect(await house.loop.following.pass()).toBe(2_400);
  });

  test('that wakes is told in one note that mentions the requester, also over restarts', async () => {
    await parked();
    await later(40 * minute);
    await later(2_400);
    expect(house.chat.notes).toEqual([]);
    wake();
    house.simulator.tenant.changeDevice(laptop, { scriptMs: 8 * minute });
    // Devices take two to three minutes to begin.
    await house.run(4 * minute);
    expect(action().status).toBe('InProgress');
    const woke = house.chat.notes.filter((note) => note.text.includes('woke'));
    expect(woke).toHaveLength(1);
    expect(woke[0]).toMatchObject({
      mention: ['responder1'],
      text: expect.stringMatching(
        /^lr-[0-9a-z]{6}, Dump notepad on laptop7\.corp\.example: the device woke after 4\d min/,
      ),
    });
    expect(house.card().view.status).toContain('Running');
    await house.restart();
    await house.run(minute);
    await house.restart();
    await house.until('finished');
    await house.run(minute);
    expect(house.chat.notes.filter((note) => note.text.includes('woke'))).toHaveLength(1);
    expect(house.chat.notes.filter((note) => note.text.includes('Finished'))).toHaveLength(1);
    expect(house.simulator.tenant.submissions).toHaveLength(1);
  });

  test('is never cancelled where the policy does not say so', async () => {
    await parked();
    await later(60 * hour);
    await house.loop.tick();
    expect(running().cancel).toBeUndefined();
    expect(action().status).toBe('Pending');
  });
});

describe('cancelParkedAfter', () => {
  test('cancels at Defender by the policy’s word, says so on the card, and offers the request for a fresh approval', async () => {
    await parked(withCancel('4h'));
    await later(11 * minute);
    await house.loop.tick();
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
    const finished = await house.until('finished');
    await house.loop.tick();
    expect(finished).toMatchObject({
      outcome: 'cancelled',
      cancel: { by: { policy: 'cancelParkedAfter' }, answer: 'accepted', tries: 1 },
    });
    expect(lead()).toMatch(
      /^Cancelled by the policy \(cancelParkedAfter\), asked at 07:0\d UTC\. No command was run\./,
    );
    expect(lead()).toMatch(/parked for 4 h/);
    expect(house.card().view.buttons).toEqual([
      expect.objectContaining({ verb: 'again', label: 'Ask again' }),
    ]);
    expect(house.chat.notes.at(-1)?.text).toMatch(/cancelled/);
  });

  test('and its “Ask again” takes a fresh approval by another person, after which it runs once', async () => {
    await parked(withCancel('1h'));
    await later(11 * minute);
    await later(hour);
    const old = await house.until('finished');
    await house.loop.tick();
    wake();
    expect(textOf(await house.press('responder1', 'again', { request: old, index: 0 }))).toMatch(
      /is waiting for approval/,
    );
    const next = house.newest();
    expect(next).toMatchObject({
      state: 'awaitingApproval',
      commands: old.commands,
      continues: { id: old.id, from: 0 },
      recipe: 'dump',
    });
    expect(textOf(await house.press('responder1', 'approve'))).toMatch(/nobody approves their own/);
    await house.run(minute);
    expect(house.simulator.tenant.submissions).toHaveLength(1);
    await house.press('approver1', 'approve');
    expect((await house.until('finished')).outcome).toBe('succeeded');
    expect(house.simulator.tenant.submissions).toHaveLength(2);
    expect(house.simulator.tenant.submissions.map((one) => one.comment.split(':')[1])).toEqual([
      old.id,
      next.id,
    ]);
  });

  test('keeps its hands off a device that woke before the cancel was sent', async () => {
    await parked(withCancel('1h'));
    await later(11 * minute);
    wake();
    // The bot has not read Defender since: its own reading still says Pending when the time comes.
    house.clock.move(hour);
    expect(running().action.status).toBe('Pending');
    await house.loop.parked.pass();
    expect(running().cancel).toBeUndefined();
    expect((await house.until('finished')).outcome).toBe('succeeded');
    expect(cancels()).toEqual([]);
  });

  test('that arrives while the device has just begun is told as such, with what ran', async () => {
    await parked({ ...withCancel('1h'), simulator: { profile: { cancelMs: [5_000, 5_000] } } });
    await later(11 * minute);
    await wakingInside(3 * minute, { scriptMs: 9 * minute });
    expect(running().cancel).toMatchObject({ answer: 'accepted', tries: 1 });
    const finished = await house.until('finished');
    await house.loop.tick();
    expect(finished.outcome).toBe('cancelled');
    expect(lead()).toMatch(/^Cancelled by the policy \(cancelParkedAfter\)/);
    expect(lead()).toMatch(
      /The device woke before the policy’s cancel took effect; the rows show what ran\./,
    );
    expect(house.card().view.steps.map((row) => row.status)).toEqual([
      expect.stringMatching(/failed/),
      'not run',
    ]);
    // What has begun may have done its work: the approver of another try is told so.
    await house.press('responder1', 'again', { request: finished, index: 0 });
    await house.loop.tick();
    expect(house.card().view.notes).toContain(
      `Index 0 (minidump.ps1) ran in ${finished.id}, or may have, and would run again.`,
    );
  });

  test('that arrives after the device has finished is told as such', async () => {
    await parked(withCancel('1h'));
    await later(11 * minute);
    await wakingInside(10 * minute);
    expect(action().status).toBe('Succeeded');
    expect(running().cancel).toMatchObject({ answer: 'alreadyOver', tries: 1 });
    const finished = await house.until('finished');
    await house.loop.tick();
    expect(finished.outcome).toBe('succeeded');
    expect(house.card().view.status).toContain('Finished: succeeded');
    expect(lead()).toMatch(
      /The device woke before the policy’s cancel took effect; the rows show what ran\./,
    );
    expect(house.card().view.steps.map((row) => row.status)).toEqual([
      expect.stringMatching(/^completed/),
      expect.stringMatching(/^completed/),
    ]);
    expect(house.card().view.buttons.map((button) => button.verb)).not.toContain('again');
  });

  test('that Defender does not take is tried six times, five minutes apart, and the card says so', async () => {
    await parked(withCancel('1h'));
    await later(11 * minute);
    const calls = countCancels();
    house.simulator.tenant.faults.plant({ what: 'status', on: 'cancel', status: 503, times: 'always' });
    await later(50 * minute);
    await house.loop.tick();
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
    house.simulator.tenant.faults.clear();
    expect(textOf(await house.press('responder1', 'cancel'))).toMatch(/accepted/);
    expect((await house.until('finished')).cancel).toMatchObject({ by: { id: 'responder1' } });
  });

  test('is left to a person who was faster', async () => {
    await parked(withCancel('1h'));
    await later(11 * minute);
    await house.press('responder1', 'cancel', { input: 'not needed' });
    await later(hour);
    expect(await house.until('finished')).toMatchObject({
      outcome: 'cancelled',
      cancel: { by: { id: 'responder1' }, reason: 'not needed' },
    });
  });

  test('that was written down but never sent, because the bot died, is sent once after the restart', async () => {
    await parked(withCancel('1h'));
    await later(11 * minute);
    const calls = countCancels();
    house.clock.move(50 * minute);
    await written();
    await house.restart();
    await house.loop.tick();
    expect(calls()).toBe(0);
    expect(textOf(await house.press('approver1', 'cancel'))).toMatch(
      /^The policy \(cancelParkedAfter\) asked Defender at/,
    );
    await house.run(6 * minute);
    expect(calls()).toBe(1);
    expect(await house.until('finished')).toMatchObject({
      outcome: 'cancelled',
      cancel: { by: { policy: 'cancelParkedAfter' }, tries: 2, answer: 'accepted' },
    });
    expect(calls()).toBe(1);
  });

  test('that was sent but whose answer was never written down, because the bot died, is not sent again', async () => {
    await parked(withCancel('1h'));
    await later(11 * minute);
    const calls = countCancels();
    house.clock.move(50 * minute);
    await written();
    const { actionId } = running();
    const sent = await fetch(`${house.simulator.url}/api/machineactions/${actionId}/cancel`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ Comment: `lr:${house.newest().id} cancelled by the policy` }),
    });
    expect(sent.status).toBe(200);
    await house.restart();
    await house.run(20 * minute);
    expect(house.newest()).toMatchObject({
      state: 'finished',
      outcome: 'cancelled',
      cancel: { by: { policy: 'cancelParkedAfter' } },
    });
    expect(lead()).toMatch(/^Cancelled by the policy \(cancelParkedAfter\)/);
    expect(calls()).toBe(1);
  });

  test('is not claimed by the policy when somebody in the portal cancelled it first', async () => {
    await parked(withCancel('1h'));
    await later(11 * minute);
    house.clock.move(50 * minute);
    await written();
    const { actionId } = running();
    await fetch(`${house.simulator.url}/api/machineactions/${actionId}/cancel`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ Comment: 'cleaning up' }),
    });
    await house.until('finished');
    await house.loop.tick();
    expect(lead()).toMatch(/^Cancelled outside this bot by .*cleaning up/);
  });
});

/**
 * The race itself: the device is waking when the cancel is due, the bot's last look still shows it as
 * pending, and `ms` pass while the call is on its way.
 */
async function wakingInside(ms: number, change: { readonly scriptMs?: number } = {}): Promise<void> {
  house.clock.move((running().parked?.cancelAt ?? 0) - house.clock.now());
  house.simulator.tenant.changeDevice(laptop, { online: true, ...change });
  house.simulator.tenant.faults.plant({ what: 'delay', on: 'cancel', ms: 500 });
  const pass = house.loop.parked.pass();
  const deadline = Date.now() + 5_000;
  while (running().cancel === undefined && Date.now() < deadline)
    await new Promise((resolve) => setImmediate(resolve));
  expect(running().cancel).toMatchObject({ answer: 'sent' });
  house.clock.move(ms);
  await pass;
}

/** How many cancel calls have reached Defender since. */
function countCancels(): () => number {
  const most = 1_000;
  house.simulator.tenant.faults.plant({ what: 'delay', on: 'cancel', ms: 0, times: most });
  return () =>
    most -
    Number(
      house.simulator.tenant.faults.planted().find((fault) => fault.what === 'delay' && fault.on === 'cancel')
        ?.times ?? 0,
    );
}

/** The line that comes before the call, alone: as a crash right after it leaves the journal. */
async function written(): Promise<void> {
  await house.store.change(house.newest().id, (_request, now) => ({
    event: {
      type: 'cancelAsked',
      cancel: { by: { policy: 'cancelParkedAfter' }, at: now, answer: 'sent', tries: 1 },
    },
  }));
}
