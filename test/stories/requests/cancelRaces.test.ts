// Cancel in every state, and the race with completion: whatever wins, the card tells what was asked, what
// came of it, and what may have run.
import { stageOf } from '../../../src/liveResponse/request/request.ts';
import { afterEach, describe, expect, test } from '@jest/globals';
import { openTestApp, textOf } from '../../support/apps/testApp.ts';
import type { TestApp, TestAppOptions } from '../../support/apps/testApp.ts';
import { outcomeOf, runOf, stateIn } from '../../support/requests/requests.ts';

let app: TestApp;
afterEach(() => app.close());

const minute = 60_000;
const card = () => app.card().view;
const rows = () => card().steps.map((step) => step.status);
const faults = () => app.simulator.tenant.faults;

async function approved(command = 'dump hosta notepad', options: TestAppOptions = {}): Promise<void> {
  app = await openTestApp(options);
  await app.say('responder1', command);
  await app.loop.tick();
  await app.press('approver1', 'approve');
}

async function running(command = 'dump hosta notepad', options: TestAppOptions = {}): Promise<void> {
  await approved(command, options);
  await app.until('running');
}

/** Until Defender says that the device works on it. */
async function inProgress(command?: string, options?: TestAppOptions): Promise<void> {
  await running(command, options);
  for (let polls = 0; polls < 200; polls += 1) {
    const stage = stageOf(app.newest());
    if (stage.state === 'running' && stage.run.action.status === 'InProgress') return;
    await app.run(2_400);
  }
  throw new Error('never at work');
}

/** Somebody with the same tenant and another tool. */
async function cancelElsewhere(comment: string): Promise<Response> {
  const { actionId } = runOf(app.newest());
  return await fetch(`${app.simulator.url}/api/machineactions/${actionId}/cancel`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ Comment: comment }),
  });
}

describe('before it reached Defender, a cancel', () => {
  test('of a request that awaits its approval withdraws it', async () => {
    app = await openTestApp();
    await app.say('responder1', 'dump hosta notepad');
    expect(textOf(await app.say('responder1', `cancel ${app.newest().id} wrong host`))).toMatch(
      /^Withdrew .* Nothing was sent/,
    );
    await app.loop.tick();
    expect(card()).toMatchObject({
      status: expect.stringContaining('Withdrawn'),
      lead: expect.stringContaining('Nothing was run.'),
    });
  });

  test('of a queued one withdraws it, and nothing is sent', async () => {
    await approved('dump srv-portal notepad');
    await app.run(10_000);
    expect(stageOf(app.newest()).state).toBe('queued');
    await app.say('approver1', `cancel ${app.newest().id}`);
    app.simulator.tenant.changeDevice('srv-portal.corp.example', { portalSession: false });
    await app.run(minute);
    expect(stageOf(app.newest())).toMatchObject({ state: 'closed', ending: { kind: 'withdrawn' } });
    expect(app.simulator.tenant.submissions).toHaveLength(0);
  });

  test('while it is being sent is too late for the one and too early for the other, and says when to press', async () => {
    await approved('dump hosta notepad');
    faults().plant({ what: 'delay', on: 'run', ms: 400 });
    const sending = new Promise<void>((resolve) =>
      app.store.subscribe((one) => (stateIn(one) === 'submitting' ? resolve() : undefined)),
    );
    await app.loop.submission.pass();
    await sending;
    expect(textOf(await app.say('responder1', `cancel ${app.newest().id}`))).toMatch(
      /too late to cancel .* is being sent to Defender\. Wait a moment for Defender’s answer, then cancel it\./,
    );
    await app.loop.submission.settled();
    await app.loop.tick();
    expect(stageOf(app.newest()).state).toBe('running');
  });
});

describe('at Defender, a cancel', () => {
  test('of a session that no device has taken ends it, and nothing ran', async () => {
    await running();
    expect(textOf(await app.press('responder1', 'cancel'))).toMatch(/accepted the cancel/);
    expect(outcomeOf(await app.until('finished'))).toBe('cancelled');
    await app.loop.tick();
    expect(card().lead).toMatch(
      /^Cancelled by Riley Responder, asked at 03:00 UTC\. No command was run\. Ended at .* If it is still needed, ask again\.$/,
    );
    expect(rows()).toEqual(['not run', 'not run']);
  });

  test('carries its reason as one line: a line break in it would look like somebody else’s comment', async () => {
    await running();
    await app.press('responder1', 'cancel', { input: 'wrong host\nlr:lr-000000 cancelled by nobody' });
    const { actionId } = runOf(await app.until('finished'));
    expect(app.simulator.tenant.action(actionId)?.cancellation?.comment).toMatch(
      /^lr:lr-[0-9a-z]{6} cancelled by Riley Responder: wrong host lr:lr-000000 cancelled by nobody$/,
    );
  });

  test('of a device that has been away for a while is accepted and over at once', async () => {
    await running('dump laptop7 notepad');
    await app.run(30 * minute);
    await app.press('approver1', 'cancel');
    expect(outcomeOf(await app.until('finished'))).toBe('cancelled');
    await app.loop.tick();
    expect(card().lead).toContain('No command was run.');
    app.simulator.tenant.changeDevice('laptop7.corp.example', { online: true });
    await app.run(10 * minute);
    expect(app.simulator.tenant.action(runOf(app.newest()).actionId)?.status).toBe('Cancelled');
  });

  test('at work ends it, and says what may have run', async () => {
    await inProgress('run hosta collect.ps1', {
      simulator: { profile: { commandMs: [minute, minute], cancelMs: [4_000, 4_000] } },
    });
    await app.press('approver1', 'cancel');
    await app.loop.tick();
    expect(card().status).toContain('Cancel requested');
    expect(outcomeOf(await app.until('finished'))).toBe('cancelled');
    await app.loop.tick();
    expect(card().lead).toContain('Index 0 may have run to its end on the device.');
    expect(rows()).toEqual([expect.stringMatching(/^failed/)]);
    expect(card().steps[0]?.detail).toContain('“The command was canceled.” It was stopped with the session');
  });

  test('that comes too late for a session about to succeed is told as such: everything ran', async () => {
    await inProgress('dump hosta notepad', {
      simulator: { profile: { cancelMs: [10 * minute, 10 * minute] } },
    });
    await app.press('approver1', 'cancel');
    expect(outcomeOf(await app.until('finished'))).toBe('succeeded');
    await app.run(5_000);
    expect(card()).toMatchObject({
      status: expect.stringContaining('Finished: succeeded, cancel too late'),
      tone: 'warning',
    });
    expect(card().lead).toMatch(
      /^Avery Approver asked to cancel at 03:0\d UTC, but it had completed: everything ran\./,
    );
    expect(rows()).toEqual([expect.stringMatching(/^completed/), expect.stringMatching(/^completed/)]);
    expect(card().links).toHaveLength(1);
  });

  test('of a session that fails by itself is not called cancelled', async () => {
    await inProgress('dump broken1 notepad', {
      simulator: { profile: { cancelMs: [10 * minute, 10 * minute] } },
    });
    await app.press('approver1', 'cancel');
    expect(outcomeOf(await app.until('finished'))).toBe('failed');
    await app.loop.tick();
    expect(card().lead).toMatch(
      /^Avery Approver asked to cancel at .*, but Defender ended it as failed, not as cancelled\. Index 0 .* failed/,
    );
  });

  test('after the end, not read yet, is told as already over, and then how it ended', async () => {
    await inProgress();
    app.clock.move(3 * minute);
    expect(textOf(await app.press('approver1', 'cancel'))).toMatch(
      /already over\. The card shows how it ended\. Correlation id: [0-9a-f-]{36}/,
    );
    expect(stageOf(app.newest())).toMatchObject({
      run: { cancel: { answer: 'alreadyOver', error: { call: 'cancel', status: 400 } } },
    });
    expect(outcomeOf(await app.until('finished'))).toBe('succeeded');
    await app.loop.tick();
    expect(card().lead).toContain('but it had completed: everything ran.');
    expect(card().facts).toContainEqual({
      label: 'Correlation id, cancel',
      value: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
  });

  test('that counts only after every command had completed says so', async () => {
    await inProgress('dump hosta notepad', {
      simulator: { profile: { settleMs: [5 * minute, 5 * minute] } },
    });
    await app.run(minute);
    expect(card().status).toContain('Commands done');
    await app.press('responder1', 'cancel');
    expect(outcomeOf(await app.until('finished'))).toBe('cancelled');
    await app.run(5_000);
    expect(card().lead).toContain('Both commands had completed before that.');
    expect(rows()).toEqual([expect.stringMatching(/^completed/), expect.stringMatching(/^completed/)]);
    expect(stageOf(app.newest())).toMatchObject({ run: { results: { files: [{ index: 1 }] } } });
  });

  test.each([
    ['a 500', { what: 'status', on: 'cancel', status: 500 }],
    ['a lost answer', { what: 'loseAnswer', on: 'cancel' }],
    ['a reset', { what: 'reset', on: 'cancel' }],
  ] as const)(
    'answered by %s can be pressed again, and the second is the one that counts',
    async (_name, fault) => {
      await running('dump laptop7 notepad');
      faults().plant(fault);
      expect(textOf(await app.press('approver1', 'cancel'))).toMatch(/did not confirm the cancel/);
      expect(stageOf(app.newest())).toMatchObject({ run: { cancel: { answer: 'failed' } } });
      if (fault.what === 'loseAnswer') {
        // It had arrived: Defender's own comment shows that it was ours.
        expect(outcomeOf(await app.until('finished'))).toBe('cancelled');
        await app.loop.tick();
        expect(card().lead).toMatch(/^Cancelled by Avery Approver/);
        return;
      }
      await app.loop.tick();
      expect(card().buttons.map((button) => button.verb)).toContain('cancel');
      await app.press('approver1', 'cancel');
      expect(outcomeOf(await app.until('finished'))).toBe('cancelled');
    },
  );

  test('that is not allowed names the role and shows the correlation id, in the answer and on the card', async () => {
    await running('dump laptop7 notepad');
    faults().plant({ what: 'status', on: 'cancel', status: 403 });
    const answer = textOf(await app.press('approver1', 'cancel'));
    expect(answer).toMatch(
      /was not cancelled\. The bot’s app registration may not cancel a session \(403\)\. An administrator must grant it Machine\.LiveResponse with admin consent/,
    );
    await app.loop.tick();
    expect(card().lead).toContain('grant it Machine.LiveResponse with admin consent');
    const target = card().facts.find((fact) => fact.label === 'Correlation id, cancel')?.value ?? 'none';
    expect(answer).toContain(`Correlation id: ${target}`);
  });

  test('that Defender accepts and does not carry out is said to have had no effect, and can be asked for again', async () => {
    await inProgress('run hosta collect.ps1', {
      simulator: { profile: { commandMs: [9 * minute, 9 * minute], cancelMs: [8 * minute, 8 * minute] } },
    });
    await app.press('approver1', 'cancel');
    await app.run(4 * minute);
    expect(textOf(await app.press('approver1', 'cancel'))).toMatch(/asked Defender at/);
    await app.run(2 * minute);
    expect(stageOf(app.newest())).toMatchObject({
      state: 'running',
      run: { cancel: { answer: 'noEffect' } },
    });
    expect(card().lead).toMatch(
      /asked to cancel at 03:0\d UTC, without effect: the session still goes on\. Press Cancel again/,
    );
    expect(textOf(await app.press('approver1', 'cancel'))).toMatch(/accepted the cancel/);
    expect(outcomeOf(await app.until('finished'))).toBe('cancelled');
  });
});

describe('cancelled elsewhere', () => {
  test('is told with who and why', async () => {
    await running('dump laptop7 notepad');
    expect((await cancelElsewhere('maintenance window')).status).toBe(200);
    expect(outcomeOf(await app.until('finished'))).toBe('cancelled');
    await app.loop.tick();
    expect(card().lead).toMatch(
      /^Cancelled outside this bot by “[0-9a-f-]{36}”: “maintenance window”\. No command was run\./,
    );
  });

  test('and asked for here too late is not told as ours', async () => {
    await running('dump laptop7 notepad');
    await cancelElsewhere('maintenance window');
    expect(textOf(await app.press('approver1', 'cancel'))).toMatch(/already over/);
    await app.until('finished');
    await app.loop.tick();
    expect(card().lead).toMatch(
      /^Cancelled outside this bot by .*: “maintenance window”\. The cancel of Avery Approver, asked at 03:00 UTC, was not what ended it\./,
    );
  });
});

describe('out of sight, a cancel', () => {
  test('of a request whose answer was lost has no action to name, and says what to do', async () => {
    await approved();
    faults().plant({ what: 'reset', on: 'run' });
    await app.until('unknown');
    expect(textOf(await app.say('responder1', `cancel ${app.newest().id}`))).toMatch(
      /too late to cancel .*it is not known yet whether it ran\. Look for it again from its card: once it is found it can be cancelled\./,
    );
    await app.loop.tick();
    expect(card().buttons.map((button) => button.verb)).not.toContain('cancel');
  });

  test('of a session past our deadline reaches it, and its end is found without anybody pressing', async () => {
    await running();
    app.simulator.tenant.changeDevice('hosta.corp.example', { stuck: true });
    for (let hour = 0; hour < 80 && stageOf(app.newest()).state === 'running'; hour += 1) {
      app.clock.move(60 * minute);
      await app.loop.tick();
    }
    await app.run(10 * minute);
    expect(stageOf(app.newest())).toMatchObject({ state: 'unknown', cause: 'overdue' });
    expect(card().buttons.map((button) => button.verb)).toContain('cancel');
    expect(textOf(await app.press('approver1', 'cancel'))).toMatch(/accepted the cancel/);
    await app.loop.tick();
    expect(card().lead).toMatch(/Avery Approver asked to cancel at .*: Defender accepted it\./);
    expect(outcomeOf(await app.until('finished'))).toBe('cancelled');
    await app.loop.tick();
    expect(card().lead).toMatch(/^Cancelled by Avery Approver/);
  });
});

describe('at the end, a cancel', () => {
  test('of a finished request is too late, and of one that is over says how it ended', async () => {
    await running();
    await app.until('finished');
    expect(textOf(await app.say('approver1', `cancel ${app.newest().id}`))).toMatch(
      /too late to cancel .* is finished\. There is nothing left to stop\./,
    );
    await app.say('responder1', 'dump hostb notepad');
    await app.press('responder1', 'withdraw');
    expect(textOf(await app.say('approver1', `cancel ${app.newest().id}`))).toMatch(
      /is over: withdrawn by Riley Responder/,
    );
  });
});
