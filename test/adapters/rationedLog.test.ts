// Row 5.7: the number of log lines that strangers can cause.
import { expect, test } from '@jest/globals';
import { RationedLog } from '../../src/adapters/rationedLog.ts';
import { createManualClock } from '../support/manualClock.ts';
import { createLogBook } from '../support/slack/slackHarness.ts';

test('the first of a kind is written, the others are counted, and their number is told with the next one', async () => {
  const [log, clock] = [createLogBook(), createManualClock()];
  const rationed = new RationedLog(log, clock, 'refused');
  for (let n = 0; n < 3_000; n += 1) rationed.warn('signature', { why: 'signature' });
  rationed.warn('too large', { why: 'too large' });
  expect(log.lines.map(({ event, fields }) => [event, fields])).toEqual([
    ['refused', { why: 'signature' }],
    ['refused', { why: 'too large' }],
  ]);
  await clock.advance(60_000);
  rationed.warn('signature', { why: 'signature' });
  expect(log.lines.slice(2).map(({ event, fields }) => [event, fields])).toEqual([
    ['refusedLeftOut', { kind: 'signature', leftOut: 2_999, withinMs: 60_000 }],
    ['refused', { why: 'signature' }],
  ]);
});

test('the number is told also when nobody knocks any more, once', async () => {
  const written: string[] = [];
  const told = new Promise<void>((resolve) => {
    const note = (event: string): void => {
      written.push(event);
      if (event === 'refusedLeftOut') resolve();
    };
    const rationed = new RationedLog(
      { info: note, warn: note, error: note },
      createManualClock(),
      'refused',
      { lines: 2, everyMs: 20 },
    );
    for (let n = 0; n < 10; n += 1) rationed.warn('signature', {});
  });
  await told;
  expect(written).toEqual(['refused', 'refused', 'refusedLeftOut']);
});
