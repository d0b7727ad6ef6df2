// What may run on a device runs once: answers that prove nothing, searches that are not over, sessions past
// their time, approvals of another tenant.
import { stageOf } from '../../../src/liveResponse/request/request.ts';
import { afterEach, describe, expect, test } from '@jest/globals';
import { approvedHouse, openTestApp, textOf } from '../../support/apps/testApp.ts';
import type { TestApp, TestAppOptions } from '../../support/apps/testApp.ts';
import { outcomeOf } from '../../support/requests/requests.ts';

let app: TestApp;
afterEach(() => app.close());

async function approved(
  command: string,
  options: TestAppOptions = {},
  arrange?: (app: TestApp) => void,
): Promise<void> {
  app = await approvedHouse(command, options, arrange);
}

const lastText = () => app.card().history.at(-1) ?? '';
const day = 24 * 3_600_000;

/** A lost answer that no list shows, on a device that stays offline, until the bot has stopped looking. */
async function lostForGood(options: TestAppOptions): Promise<void> {
  await approved('dump laptop7 notepad', options, (opened) => {
    opened.simulator.tenant.faults.plant({ what: 'loseAnswer', on: 'run', times: 1 });
    opened.simulator.tenant.faults.plant({ what: 'staleList', ms: 10 * day, times: 'always' });
  });
  await app.run(10 * 60_000);
  expect(stageOf(app.newest())).toMatchObject({ state: 'unknown', searches: 6 });
}

describe('sending again', () => {
  test('follows the first attempt when Defender answers with it', async () => {
    await lostForGood({ simulator: { profile: { secondSession: 'joined' } } });
    await app.press('approver1', 'resend');
    await app.run(10_000);
    expect(stageOf(app.newest()).state).toBe('running');
    expect(app.simulator.tenant.submissions).toHaveLength(1);
  });

  test('looks once more right before the POST, and follows a first attempt that has turned up while it waited', async () => {
    await lostForGood({});
    await app.press('approver1', 'resend');
    await app.run(10_000);
    expect(stageOf(app.newest())).toMatchObject({ state: 'queued', waitsFor: 'deviceBusy' });
    app.simulator.tenant.faults.clear();
    await app.run(60_000);
    expect(stageOf(app.newest()).state).toBe('running');
    app.simulator.tenant.changeDevice('laptop7.corp.example', { online: true });
    await app.until('finished');
    expect(app.simulator.tenant.submissions).toHaveLength(1);
  });

  test('is not followed by an answer that promises what nobody knows, or a line that would be refused', async () => {
    await lostForGood({});
    const { id } = app.newest();
    const unsure = `It is not known yet whether ${id} ran, so there is no result.`;
    expect(textOf(await app.say('responder1', `output ${id}`))).toContain(unsure);
    const retry = textOf(await app.say('responder1', `retry ${id}`));
    expect(retry).toContain(`${id} has not ended (it was sent, and it is not known yet whether it ran)`);
    expect(retry).not.toContain('cancel');
    await app.press('approver1', 'resend');
    await app.run(10_000);
    expect(stageOf(app.newest()).state).toBe('queued');
    // The earlier attempt may have run.
    expect(textOf(await app.say('responder1', `output ${id}`))).toContain(unsure);
  });

  test('waits while Defender cannot be asked for the first attempt', async () => {
    await lostForGood({});
    await app.press('approver1', 'resend');
    app.simulator.tenant.faults.clear();
    app.simulator.tenant.faults.plant({ what: 'status', on: 'list', status: 503, times: 'always' });
    await app.run(10_000);
    expect(stageOf(app.newest())).toMatchObject({ state: 'queued', waitsFor: 'unavailable' });
    app.simulator.tenant.faults.clear();
    await app.run(60_000);
    expect(stageOf(app.newest()).state).toBe('running');
    expect(app.simulator.tenant.submissions).toHaveLength(1);
  });

  test('is refused while the bot itself is still looking', async () => {
    await approved('dump hosta notepad', {}, (opened) => {
      opened.simulator.tenant.faults.plant({ what: 'loseAnswer', on: 'run', times: 1 });
      opened.simulator.tenant.faults.plant({ what: 'staleList', ms: 30_000, times: 'always' });
    });
    await app.until('unknown');
    expect(textOf(await app.press('approver1', 'resend'))).toMatch(/still looking/);
    await app.until('finished');
    expect(app.simulator.tenant.submissions).toHaveLength(1);
  });
});

describe('an answer to the POST', () => {
  test('without our comment proves nothing, so it is looked for instead of sent again', async () => {
    await approved('dump hosta notepad', {}, (opened) =>
      opened.simulator.tenant.faults.plant({ what: 'noComment', on: 'run', times: 1 }),
    );
    await app.until('finished');
    await app.run(60_000);
    expect(app.simulator.tenant.submissions).toHaveLength(1);
  });

  test('with only the beginning of our comment is no foreign action', async () => {
    await approved('dump hosta notepad', {}, (opened) =>
      opened.simulator.tenant.faults.plant({ what: 'noComment', on: 'run', times: 1, value: '12' }),
    );
    await app.until('finished');
    await app.run(60_000);
    expect(app.simulator.tenant.submissions).toHaveLength(1);
  });
});

describe('a session past its time', () => {
  test('stays with the people who were told, and is not taken up again and again', async () => {
    await approved(
      'dump hosta notepad',
      {},
      (opened) => void opened.simulator.tenant.changeDevice('hosta.corp.example', { stuck: true }),
    );
    await app.until('running');
    for (let hour = 0; hour < 80 && stageOf(app.newest()).state === 'running'; hour += 1) {
      app.clock.move(3_600_000);
      await app.loop.tick();
    }
    expect(stageOf(app.newest())).toMatchObject({ state: 'unknown', cause: 'overdue' });
    await app.run(15 * 60_000);
    expect(stageOf(app.newest())).toMatchObject({ state: 'unknown', cause: 'overdue', searches: 6 });
    expect(textOf(await app.press('responder1', 'look'))).toMatch(/still/);
    expect(textOf(await app.press('approver1', 'resend'))).toMatch(/still/);
    expect(stageOf(app.newest()).state).toBe('unknown');
    app.simulator.tenant.changeDevice('hosta.corp.example', { stuck: false });
    await app.press('responder1', 'look');
    await app.run(120_000);
    await app.press('responder1', 'look');
    expect(outcomeOf(await app.until('finished'))).toBe('succeeded');
    expect(app.simulator.tenant.submissions).toHaveLength(1);
  });
});

describe('an approval', () => {
  test('given for one tenant is never used in another', async () => {
    app = await openTestApp();
    await app.say('responder1', 'dump hosta notepad');
    await app.loop.tick();
    await app.press('approver1', 'approve');
    await app.restart({ tenant: 'another-tenant' });
    await app.run(60_000);
    expect(stageOf(app.newest())).toMatchObject({ state: 'closed', ending: { kind: 'refused' } });
    expect(lastText()).toMatch(/another tenant/i);
    expect(app.simulator.tenant.submissions).toHaveLength(0);
  });

  test('of other content than what would run ends the request and says so', async () => {
    app = await openTestApp();
    await app.say('responder1', 'dump hosta notepad');
    await app.loop.tick();
    const by = { id: 'approver1', name: 'Avery Approver' };
    await app.store.change(app.newest().id, (_request, now) => ({
      event: {
        type: 'approved',
        vote: { kind: 'approve', by, account: 'console:approver1', at: now, digest: '0'.repeat(64) },
      },
    }));
    await app.run(10_000);
    expect(stageOf(app.newest())).toMatchObject({
      state: 'closed',
      ending: { kind: 'refused', code: 'digestMismatch' },
    });
    expect(lastText()).toMatch(/not what had been approved/);
    expect(app.simulator.tenant.submissions).toHaveLength(0);
  });
});

describe('a stop', () => {
  test('begins no POST for a request whose device was still being read', async () => {
    app = await openTestApp();
    await app.say('responder1', 'dump hosta notepad');
    await app.press('approver1', 'approve');
    await app.loop.submission.pass();
    await app.loop.submission.drain();
    expect(stageOf(app.newest()).state).toBe('queued');
    expect(app.simulator.tenant.submissions).toHaveLength(0);
  });
});
