// No record, no action: when the journal cannot be written nothing is approved or sent, people are told, and
// it goes on by itself afterwards.
import { afterEach, describe, expect, test } from '@jest/globals';
import { createFailingDisk } from '../../support/store/failingDisk.ts';
import { openHouse, textOf } from '../../support/house.ts';
import type { House } from '../../support/house.ts';

let house: House;
afterEach(() => house.close());

describe.each(['ENOSPC', 'EIO'] as const)('on %s', (code) => {
  test('an approval is refused with the reason, and nothing is sent until the journal can be written again', async () => {
    const disk = createFailingDisk();
    house = await openHouse({ disk: disk.disk });
    await house.say('responder1', 'dump hosta notepad');
    await house.loop.tick();
    disk.code = code;
    expect(textOf(await house.press('approver1', 'approve'))).toMatch(/journal cannot be written/);
    expect(textOf(await house.say('responder1', 'dump hostb notepad'))).toMatch(/journal cannot be written/);
    await house.run(20_000);
    expect(house.newest().state).toBe('awaitingApproval');
    expect(house.simulator.tenant.submissions).toHaveLength(0);
    expect(house.store.trouble()).toBeDefined();

    disk.code = undefined;
    await house.run(20_000);
    expect(house.store.trouble()).toBeUndefined();
    await house.press('approver1', 'approve');
    await house.until('finished');
    expect(house.simulator.tenant.submissions).toHaveLength(1);
  });

  test('what was approved before is not sent while the claim cannot be written down', async () => {
    const disk = createFailingDisk();
    house = await openHouse({ disk: disk.disk });
    await house.say('responder1', 'dump hosta notepad');
    await house.press('approver1', 'approve');
    disk.code = code;
    await house.run(30_000);
    expect(house.simulator.tenant.submissions).toHaveLength(0);
    disk.code = undefined;
    await house.run(30_000);
    expect(house.simulator.tenant.submissions).toHaveLength(1);
  });
});
