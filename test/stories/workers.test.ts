// The real workers on a clock that the story moves: nothing here runs a pass by hand, so a wake time that is missing is a story that stands still.
import { afterEach, describe, expect, test } from '@jest/globals';
import { openWorkingHouse } from '../support/workingHouse.ts';
import type { WorkingHouse } from '../support/workingHouse.ts';

let house: WorkingHouse;
afterEach(() => house.close());

describe('the workers by themselves', () => {
  test('carry a request from its question to its end', async () => {
    house = await openWorkingHouse();
    await house.say('responder1', 'dump hosta notepad');
    await house.clock.settle();
    expect(house.card().view.status).toContain('Waiting for approval');
    await house.press('approver1', 'approve');
    const finished = await house.until('finished');
    expect(finished.outcome).toBe('succeeded');
    await house.run(60_000);
    expect(house.card().view.status).toMatch(/Succeeded/i);
  });
});
