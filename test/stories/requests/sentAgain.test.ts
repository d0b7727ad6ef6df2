// A request whose first attempt may have run and that was sent again: nothing denies that attempt, and what
// was approved stays of one piece.
import { stageOf } from '../../../src/liveResponse/request/request.ts';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { searchSchedule } from '../../../src/liveResponse/pacing/callRates.ts';
import { openTestApp, textOf } from '../../support/apps/testApp.ts';
import type { TestApp } from '../../support/apps/testApp.ts';
import { upload } from '../../support/defender/library/library.ts';
import { grantOf, sessionIn } from '../../support/requests/requests.ts';

const minute = 60_000;

let app: TestApp;
beforeEach(async () => {
  app = await openTestApp();
  app.simulator.tenant.faults.plant({ what: 'reset', on: 'run' });
  await app.say('responder1', 'dump hosta notepad');
  await app.loop.tick();
  await app.press('approver1', 'approve');
  await app.until('unknown');
  await lookedFor();
});
afterEach(() => app.close());

/** Until it is a person's turn. */
async function lookedFor(): Promise<void> {
  await app.run(2 * searchSchedule.reduce((sum, step) => sum + step, 0));
  expect(stageOf(app.newest())).toMatchObject({ state: 'unknown', searches: searchSchedule.length });
}

const resend = async (): Promise<string> => textOf(await app.press('approver1', 'resend'));
const lastCard = (): string | undefined => app.card().history.at(-1);

test('and withdrawn while it waits: the answer does not deny the first attempt', async () => {
  expect(await resend()).toMatch(/goes to Defender again/);
  const answer = textOf(await app.press('responder1', 'withdraw'));
  expect(answer).toMatch(/It was not sent again, but the first attempt may have run/);
  expect(answer).not.toMatch(/Nothing was sent/);
});

test('after the clock was set back: the first attempt is still the earlier one', async () => {
  app.clock.move(-60 * minute);
  expect(await resend()).toMatch(/goes to Defender again/);
  await app.press('responder1', 'withdraw');
  await app.loop.tick();
  expect(lastCard()).not.toMatch(/Nothing was run/);
  expect(lastCard()).toMatch(/the attempt of .* may have run/);
});

test('with a clock that is set back before the second attempt: that one is still of the new approval', async () => {
  expect(await resend()).toMatch(/goes to Defender again/);
  app.clock.move(-5 * minute);
  const { grant, attempts } = sessionIn(await app.until('running'), 'running');
  expect([grant.number, attempts.map((attempt) => attempt.grant)]).toEqual([1, [0, 1]]);
});

test('after somebody saw a changed script, it was found, and it was lost once more: the approval that follows is of one piece', async () => {
  await upload(app, 'minidump.ps1', 'Write-Output changed');
  expect(await resend()).toMatch(/changed from/);
  const { id, targets } = app.newest();
  const action = {
    id: 'a1',
    type: 'LiveResponse',
    status: 'Pending',
    machineId: targets[0].device.id,
    requestor: '',
    comment: '',
    createdAt: app.clock.now(),
    updatedAt: app.clock.now(),
    progress: [],
  };
  await app.store.change(id, (_, now) => ({
    session: 0,
    event: { type: 'found', action, deadline: now + minute },
  }));
  const found = await app.until('running');
  expect(found.subject.content).toEqual(grantOf(found).content);
  await app.store.change(id, () => ({ session: 0, event: { type: 'actionMissing' } }));
  await lookedFor();
  // Its card shows the content of the first approval again, so the change is shown once more before anybody
  // can approve it.
  expect(await resend()).toMatch(/changed from/);
  expect(await resend()).toMatch(/goes to Defender again/);
  await app.until('running');
  expect(app.simulator.tenant.submissions).toHaveLength(1);
});
