// How the clock judges, and that it sees what processes really do.
import { describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { answering, chosen, offered, pace, pasted, typed } from './interview.ts';
import { judged, Watch } from './measured.ts';

describe('a goal', () => {
  test.each([
    ['met', { wall: 59_999, computing: 90_000, inLine: 0 }],
    ['missed', { wall: 60_000, computing: 0, inLine: 0 }],
    ['missed', { wall: 90_000, computing: 90_000, inLine: 30_000 }],
    ['met but for the load', { wall: 90_000, computing: 20_000, inLine: 30_001 }],
  ] as const)('is %s by %j: only what others took is taken off', (verdict, took) => {
    expect(judged(took, 60_000)).toBe(verdict);
  });
});

test('the assumed person reads each question, and types, chooses or pastes', () => {
  expect(answering([offered('a')])).toBeCloseTo(pace.reads + pace.types);
  expect(answering([typed('a', 'four')])).toBeCloseTo(pace.reads + 5 * pace.types);
  expect(answering([chosen('a', 2)])).toBeCloseTo(pace.reads + 3 * pace.types);
  expect(answering([pasted('a', 'a long secret'), offered('b')])).toBeCloseTo(
    2 * (pace.reads + pace.types) + pace.pastes,
  );
});

/** Milliseconds that the child below computes. */
const burnt = 400;
const busy = `const until = (ms) => { while (process.cpuUsage().user / 1000 < ms); }; until(${burnt}); console.log('burnt'); process.stdin.resume();`;
const seen = existsSync('/proc/self/schedstat') ? test : test.skip;

seen('the processor time of a process below a shell is counted, while it runs', async () => {
  const child = spawn('/bin/sh', ['-c', `"${process.execPath}" -e "$BUSY"; exit 0`], {
    env: { BUSY: busy },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const watch = new Watch(child.pid);
  await new Promise<void>((resolve) =>
    child.stdout.once('data', () => {
      resolve();
    }),
  );
  const took = watch.took();
  child.stdin.end();
  await new Promise((resolve) => child.once('close', resolve));
  const after = watch.stop();
  // In steps of 10 ms, user and system each.
  expect(took.computing).toBeGreaterThanOrEqual(burnt - 20);
  expect(took.inLine).toBeGreaterThan(0);
  expect(after.computing).toBeGreaterThanOrEqual(took.computing);
});
