// What could not be written or reached is tried again, each for itself; and the looks at the machine's clock.
import { describe, expect, test } from '@jest/globals';
import { createClockWatch, createRecovery, recoverEvery } from '../../../src/bot/workers/worker.ts';
import type { Keeper, Log } from '../../../src/liveResponse/ports.ts';
import { createManualClock } from '../../support/manualClock.ts';

const minute = 60_000;

function keptLog() {
  const logged: (readonly [string, unknown])[] = [];
  const line = (event: string, fields: unknown): void => void logged.push([event, fields]);
  const log: Log = { info: line, warn: line, error: line };
  return { log, logged };
}

describe('what is in trouble', () => {
  function opened(...keepers: readonly Keeper[]) {
    const { log, logged } = keptLog();
    let recovered = 0;
    const recovery = createRecovery(
      () => keepers,
      log,
      () => void (recovered += 1),
    );
    return { recovery, logged, recovered: () => recovered };
  }
  function keeper(name: string, trouble: string | undefined, recover: () => Promise<boolean>) {
    let tried = 0;
    return {
      name,
      trouble: () => trouble,
      recover: () => ((tried += 1), recover()),
      tried: () => tried,
    };
  }

  test('is tried again, and what waited for it continues', async () => {
    const well = keeper('well', undefined, () => Promise.resolve(true));
    const mended = keeper('mended', 'full', () => Promise.resolve(true));
    const still = keeper('still', 'full', () => Promise.resolve(false));
    const { recovery, logged, recovered } = opened(well, mended, still);
    expect(await recovery.pass()).toBe(recoverEvery);
    expect([well.tried(), mended.tried(), still.tried()]).toEqual([0, 1, 1]);
    expect(logged).toEqual([['recovered', { what: 'mended' }]]);
    expect(recovered()).toBe(1);
  });

  test('holds up no other: neither by an error nor by silence', async () => {
    const error = new Error('a bug');
    const silent = keeper('silent', 'no answer', () => new Promise<boolean>(() => undefined));
    const broken = keeper('broken', 'full', () => Promise.reject(error));
    const mended = keeper('mended', 'full', () => Promise.resolve(true));
    const { recovery, logged, recovered } = opened(silent, broken, mended);
    void recovery.pass();
    await createManualClock().settle();
    expect(logged).toContainEqual(['recoveryFailed', { what: 'broken', error }]);
    expect(recovered()).toBe(1);
  });

  test('is left alone while the process stops', async () => {
    const still = keeper('still', 'full', () => Promise.resolve(false));
    const { recovery } = opened(still);
    expect(await recovery.pass({ goOn: () => false })).toBe(recoverEvery);
    expect(still.tried()).toBe(0);
    await recovery.pass({ goOn: () => true });
    expect(still.tried()).toBe(1);
  });
});

describe('a look at the clock', () => {
  function opened() {
    const clock = createManualClock();
    const { log, logged } = keptLog();
    const calls: string[] = [];
    const watch = createClockWatch(clock, log, {
      jumped: () => void calls.push('jumped'),
      stoodStill: () => void calls.push('stoodStill'),
    });
    return { clock, logged, calls, watch };
  }

  test('counts from the one before, and tells each jump once', async () => {
    const { clock, logged, calls, watch } = opened();
    for (let look = 0; look < 3; look += 1) {
      await clock.advance(20_000);
      expect(await watch.pass()).toBe(1_000);
    }
    expect(calls).toEqual([]);
    clock.jump(5_000);
    await watch.pass();
    await watch.pass();
    expect([calls, watch.jumps()]).toEqual([['jumped'], 1]);
    expect(logged).toEqual([['clockJumped', { byMs: 5_000 }]]);
    await clock.advance(10 * minute);
    expect(watch.trouble()).toMatch(/^the machine's clock jumped forward by 5 s at /);
    await clock.advance(1);
    expect(watch.trouble()).toBeUndefined();
  });

  test('takes no more than its bounds for a jump or a stop', async () => {
    const { clock, calls, watch } = opened();
    clock.jump(3_000);
    await watch.pass();
    await clock.advance(31_000);
    await watch.pass();
    expect(calls).toEqual([]);
    clock.jump(-3_001);
    await watch.pass();
    expect(calls).toEqual(['jumped']);
    expect(watch.trouble()).toMatch(/ jumped back by /);
  });

  test('after a stop is no jump where both clocks went on', async () => {
    const { clock, logged, calls, watch } = opened();
    await clock.advance(31_001);
    await watch.pass();
    expect(calls).toEqual(['stoodStill', 'jumped']);
    expect([watch.jumps(), watch.trouble(), logged]).toEqual([0, undefined, []]);
  });
});
