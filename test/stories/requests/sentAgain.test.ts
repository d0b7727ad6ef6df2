// A request whose first attempt may have run and that was sent again: nothing denies that attempt, and what
// was approved stays of one piece.
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { lookSchedule } from '../../../src/liveResponse/pacing.ts';
import { openHouse, textOf } from '../../support/house.ts';
import type { House } from '../../support/house.ts';
import { upload } from '../../support/defender/library.ts';

const minute = 60_000;

let house: House;
beforeEach(async () => {
  house = await openHouse();
  house.simulator.tenant.faults.plant({ what: 'reset', on: 'run' });
  await house.say('responder1', 'dump hosta notepad');
  await house.loop.tick();
  await house.press('approver1', 'approve');
  await house.until('unknown');
  await lookedFor();
});
afterEach(() => house.close());

/** Until it is a person's turn. */
async function lookedFor(): Promise<void> {
  await house.run(2 * lookSchedule.reduce((sum, step) => sum + step, 0));
  expect(house.newest()).toMatchObject({ state: 'unknown', looks: lookSchedule.length });
}

const resend = async (): Promise<string> => textOf(await house.press('approver1', 'resend'));
const lastCard = (): string | undefined => house.card().history.at(-1);

test('and withdrawn while it waits: the answer does not deny the first attempt', async () => {
  expect(await resend()).toMatch(/goes to Defender again/);
  const answer = textOf(await house.press('responder1', 'withdraw'));
  expect(answer).toMatch(/It was not sent again, but the first attempt may have run/);
  expect(answer).not.toMatch(/Nothing was sent/);
});

test('after the clock was set back: the first attempt is still the earlier one', async () => {
  house.clock.move(-60 * minute);
  expect(await resend()).toMatch(/goes to Defender again/);
  await house.press('responder1', 'withdraw');
  await house.loop.tick();
  expect(lastCard()).not.toMatch(/Nothing was run/);
  expect(lastCard()).toMatch(/the attempt of .* may have run/);
});

test('with a clock that is set back before the second attempt: that one is still of the new approval', async () => {
  expect(await resend()).toMatch(/goes to Defender again/);
  house.clock.move(-5 * minute);
  const { approval, attempts } = await house.until('running');
  expect(attempts.map((attempt) => attempt.at >= approval.at)).toEqual([false, true]);
});

test('after somebody saw a changed script, it was found, and it was lost once more: the approval that follows is of one piece', async () => {
  await upload(house, 'minidump.ps1', 'Write-Output changed');
  expect(await resend()).toMatch(/changed from/);
  const { id, device } = house.newest();
  const action = {
    id: 'a1',
    type: 'LiveResponse',
    status: 'Pending',
    machineId: device.id,
    requestor: '',
    comment: '',
    createdAt: house.clock.now(),
    updatedAt: house.clock.now(),
    progress: [],
  };
  await house.store.change(id, (_, now) => ({ event: { type: 'adopted', action, deadline: now + minute } }));
  const found = await house.until('running');
  expect(found.content).toEqual(found.approval.content);
  await house.store.change(id, () => ({ event: { type: 'lostTrack' } }));
  await lookedFor();
  // Its card shows the content of the first approval again, so the change is shown once more before anybody
  // can approve it.
  expect(await resend()).toMatch(/changed from/);
  expect(await resend()).toMatch(/goes to Defender again/);
  await house.until('running');
  expect(house.simulator.tenant.submissions).toHaveLength(1);
});
