// Row 5.12: a running service keeps the list of the library at hand, so that no ask has to read it.
import { afterEach, describe, expect, test } from '@jest/globals';
import { textOf } from '../../../support/apps/testApp.ts';
import { manyPending } from '../../../support/requests/manyPending.ts';
import { openWorkingTestApp } from '../../../support/apps/workingTestApp.ts';
import type { WorkingTestApp } from '../../../support/apps/workingTestApp.ts';

describe('a running service', () => {
  let running: WorkingTestApp;
  afterEach(() => running.close());
  const read = (): number => running.calls.filter((one) => one === 'library').length;

  test('has every ask cost two calls, the first one included', async () => {
    running = await openWorkingTestApp({ policy: manyPending, keepLibrary: true });
    const cost = async (device: string): Promise<readonly string[]> => {
      running.calls.length = 0;
      expect(textOf(await running.say('responder1', `dump ${device} one`))).toContain(
        'is waiting for approval',
      );
      return running.calls.toSorted();
    };
    expect(running.calls).toContain('library');
    expect(await cost('hosta')).toEqual(['list', 'machines']);
    // Long enough for what was read at the start to be too old.
    running.calls.length = 0;
    await running.run(9 * 60_000);
    expect(read()).toBe(2);
    expect(await cost('hostb')).toEqual(['list', 'machines']);
    // By an id that was met before, as when a request is tried again.
    const { id } = running.newest().targets[0].device;
    await running.run(60_000);
    running.calls.length = 0;
    expect(textOf(await running.say('responder1', `dump ${id} two`))).toContain('is waiting for approval');
    expect(running.calls.toSorted()).toEqual(['list', 'machines']);
  });

  test('asks every five minutes only for a library that may not be read', async () => {
    running = await openWorkingTestApp({ keepLibrary: true });
    running.simulator.tenant.faults.plant({ what: 'status', on: 'library', status: 403, times: 'always' });
    await running.run(5 * 60_000);
    running.calls.length = 0;
    await running.run(20 * 60_000);
    // Half of them by the look at whatever is told failing.
    expect(read()).toBeLessThanOrEqual(8);
  });
});
