// What may run on a device runs once: answers that prove nothing, searches that are not over, sessions past
// their time, approvals of another tenant.
import { afterEach, describe, expect, test } from '@jest/globals';
import { approvedHouse, openHouse, textOf } from '../../support/house.ts';
import type { House, HouseOptions } from '../../support/house.ts';

let house: House;
afterEach(() => house.close());

async function approved(
  command: string,
  options: HouseOptions = {},
  arrange?: (house: House) => void,
): Promise<void> {
  house = await approvedHouse(command, options, arrange);
}

const lastText = () => house.card().history.at(-1) ?? '';
const day = 24 * 3_600_000;

/** A lost answer that no list shows, on a device that stays offline, until the bot has stopped looking. */
async function lostForGood(options: HouseOptions): Promise<void> {
  await approved('dump laptop7 notepad', options, (opened) => {
    opened.simulator.tenant.faults.plant({ what: 'loseAnswer', on: 'run', times: 1 });
    opened.simulator.tenant.faults.plant({ what: 'staleList', ms: 10 * day, times: 'always' });
  });
  await house.run(10 * 60_000);
  expect(house.newest()).toMatchObject({ state: 'unknown', looks: 6 });
}

describe('sending again', () => {
  test('follows the first attempt when Defender answers with it', async () => {
    await lostForGood({ simulator: { profile: { secondSession: 'joined' } } });
    await house.press('approver1', 'resend');
    await house.run(10_000);
    expect(house.newest().state).toBe('running');
    expect(house.simulator.tenant.submissions).toHaveLength(1);
  });

  test('looks once more right before the POST, and follows a first attempt that has turned up while it waited', async () => {
    await lostForGood({});
    await house.press('approver1', 'resend');
    await house.run(10_000);
    expect(house.newest()).toMatchObject({ state: 'queued', waitsFor: 'deviceBusy' });
    house.simulator.tenant.faults.clear();
    await house.run(60_000);
    expect(house.newest().state).toBe('running');
    house.simulator.tenant.changeDevice('laptop7.corp.example', { online: true });
    await house.until('finished');
    expect(house.simulator.tenant.submissions).toHaveLength(1);
  });

  test('is not followed by an answer that promises what nobody knows, or a line that would be refused', async () => {
    await lostForGood({});
    const { id } = house.newest();
    const unsure = `It is not known yet whether ${id} ran, so there is no result.`;
    expect(textOf(await house.say('responder1', `output ${id}`))).toContain(unsure);
    const retry = textOf(await house.say('responder1', `retry ${id}`));
    expect(retry).toContain(`${id} has not ended (it was sent, and it is not known yet whether it ran)`);
    expect(retry).not.toContain('cancel');
    await house.press('approver1', 'resend');
    await house.run(10_000);
    expect(house.newest().state).toBe('queued');
    // The earlier attempt may have run.
    expect(textOf(await house.say('responder1', `output ${id}`))).toContain(unsure);
  });

  test('waits while Defender cannot be asked for the first attempt', async () => {
    await lostForGood({});
    await house.press('approver1', 'resend');
    house.simulator.tenant.faults.clear();
    house.simulator.tenant.faults.plant({ what: 'status', on: 'list', status: 503, times: 'always' });
    await house.run(10_000);
    expect(house.newest()).toMatchObject({ state: 'queued', waitsFor: 'unavailable' });
    house.simulator.tenant.faults.clear();
    await house.run(60_000);
    expect(house.newest().state).toBe('running');
    expect(house.simulator.tenant.submissions).toHaveLength(1);
  });

  test('is refused while the bot itself is still looking', async () => {
    await approved('dump hosta notepad', {}, (opened) => {
      opened.simulator.tenant.faults.plant({ what: 'loseAnswer', on: 'run', times: 1 });
      opened.simulator.tenant.faults.plant({ what: 'staleList', ms: 30_000, times: 'always' });
    });
    await house.until('unknown');
    expect(textOf(await house.press('approver1', 'resend'))).toMatch(/still looking/);
    await house.until('finished');
    expect(house.simulator.tenant.submissions).toHaveLength(1);
  });
});

describe('an answer to the POST', () => {
  test('without our comment proves nothing, so it is looked for instead of sent again', async () => {
    await approved('dump hosta notepad', {}, (opened) =>
      opened.simulator.tenant.faults.plant({ what: 'noComment', on: 'run', times: 1 }),
    );
    await house.until('finished');
    await house.run(60_000);
    expect(house.simulator.tenant.submissions).toHaveLength(1);
  });

  test('with only the beginning of our comment is no foreign action', async () => {
    await approved('dump hosta notepad', {}, (opened) =>
      opened.simulator.tenant.faults.plant({ what: 'noComment', on: 'run', times: 1, value: '12' }),
    );
    await house.until('finished');
    await house.run(60_000);
    expect(house.simulator.tenant.submissions).toHaveLength(1);
  });
});

describe('a session past its time', () => {
  test('stays with the people who were told, and is not taken up again and again', async () => {
    await approved(
      'dump hosta notepad',
      {},
      (opened) => void opened.simulator.tenant.changeDevice('hosta.corp.example', { stuck: true }),
    );
    await house.until('running');
    for (let hour = 0; hour < 80 && house.newest().state === 'running'; hour += 1) {
      house.clock.move(3_600_000);
      await house.loop.tick();
    }
    expect(house.newest()).toMatchObject({ state: 'unknown', cause: 'overdue' });
    await house.run(15 * 60_000);
    expect(house.newest()).toMatchObject({ state: 'unknown', cause: 'overdue', looks: 6 });
    expect(textOf(await house.press('responder1', 'look'))).toMatch(/still/);
    expect(textOf(await house.press('approver1', 'resend'))).toMatch(/still/);
    expect(house.newest().state).toBe('unknown');
    house.simulator.tenant.changeDevice('hosta.corp.example', { stuck: false });
    await house.press('responder1', 'look');
    await house.run(120_000);
    await house.press('responder1', 'look');
    expect((await house.until('finished')).outcome).toBe('succeeded');
    expect(house.simulator.tenant.submissions).toHaveLength(1);
  });
});

describe('an approval', () => {
  test('given for one tenant is never used in another', async () => {
    house = await openHouse();
    await house.say('responder1', 'dump hosta notepad');
    await house.loop.tick();
    await house.press('approver1', 'approve');
    await house.restart({ tenant: 'another-tenant' });
    await house.run(60_000);
    expect(house.newest()).toMatchObject({ state: 'over', ending: { how: 'refused' } });
    expect(lastText()).toMatch(/another tenant/i);
    expect(house.simulator.tenant.submissions).toHaveLength(0);
  });

  test('of other content than what would run ends the request and says so', async () => {
    house = await openHouse();
    await house.say('responder1', 'dump hosta notepad');
    await house.loop.tick();
    const by = { id: 'approver1', name: 'Avery Approver' };
    await house.store.change(house.newest().id, (_request, now) => ({
      event: {
        type: 'approved',
        approval: { by, account: 'console:approver1', at: now, digest: '0'.repeat(64) },
      },
    }));
    await house.run(10_000);
    expect(house.newest()).toMatchObject({
      state: 'over',
      ending: { how: 'refused', code: 'digestMismatch' },
    });
    expect(lastText()).toMatch(/not what had been approved/);
    expect(house.simulator.tenant.submissions).toHaveLength(0);
  });
});

describe('a stop', () => {
  test('begins no POST for a request whose device was still being read', async () => {
    house = await openHouse();
    await house.say('responder1', 'dump hosta notepad');
    await house.press('approver1', 'approve');
    await house.loop.submission.pass();
    await house.loop.submission.drain();
    expect(house.newest().state).toBe('queued');
    expect(house.simulator.tenant.submissions).toHaveLength(0);
  });
});
