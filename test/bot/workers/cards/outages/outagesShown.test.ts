// Outages that nobody would take back: what only people and deeds ask for is told as failing for a while
// after its last failure.
import { expect, test } from '@jest/globals';
import { DefenderWatch } from '../../../../../src/bot/workers/upkeep/defenderWatch.ts';
import { DefenderError } from '../../../../../src/liveResponse/ports.ts';
import type { DefenderApi } from '../../../../../src/liveResponse/ports.ts';
import { createManualClock } from '../../../../support/manualClock.ts';

const minute = 60_000;

/** A Defender whose links fail with that status. */
function watched(status: number) {
  const clock = createManualClock();
  const link = (): Promise<never> =>
    Promise.reject(
      new DefenderError(status === 403 ? 'refused' : 'unavailable', 'planted', { status, call: 'link' }),
    );
  return { clock, watch: new DefenderWatch({ link } as unknown as DefenderApi, clock) };
}

async function failing(status: number) {
  const { clock, watch } = watched(status);
  for (let n = 0; n < 3; n += 1) await expect(watch.defender.link('action', 0)).rejects.toThrow('planted');
  expect(watch.outages().map(({ what }) => what)).toEqual(['results']);
  return { clock, watch };
}

test('a result that could not be had is told for ten minutes, since nobody may ask for it again', async () => {
  const { clock, watch } = await failing(503);
  await clock.advance(10 * minute);
  expect(watch.outage('results')).toBeDefined();
  await clock.advance(1);
  expect([watch.outage('results'), watch.outages()]).toEqual([undefined, []]);
});

test('a right that is missing is told until it is given', async () => {
  const { clock, watch } = await failing(403);
  await clock.advance(600 * minute);
  expect(watch.outage('results')).toMatchObject({ error: { status: 403 } });
});
