// What may run on a device runs once: answers that prove nothing, searches that are not over, sessions past their time, approvals of another tenant.
import { afterEach, describe, expect, test } from '@jest/globals';
import { openHouse } from '../support/house.ts';
import type { House, HouseOptions } from '../support/house.ts';

let house: House;
afterEach(() => house.close());

async function approved(command: string, options: HouseOptions = {}, arrange: (house: House) => void = () => undefined): Promise<void> {
  house = await openHouse(options);
  arrange(house);
  await house.say('responder1', command);
  await house.loop.tick();
  await house.press('approver1', 'approve');
}

describe('an answer to the POST', () => {
  test('without our comment proves nothing, so it is looked for instead of sent again', async () => {
    await approved('dump hosta notepad', {}, (opened) => opened.simulator.tenant.faults.plant({ what: 'noComment', on: 'run', times: 1 }));
    await house.until('finished');
    await house.run(60_000);
    expect(house.simulator.tenant.submissions).toHaveLength(1);
  });

  test('with only the beginning of our comment is no foreign action', async () => {
    await approved('dump hosta notepad', {}, (opened) => opened.simulator.tenant.faults.plant({ what: 'noComment', on: 'run', times: 1, value: '12' }));
    await house.until('finished');
    await house.run(60_000);
    expect(house.simulator.tenant.submissions).toHaveLength(1);
  });
});

