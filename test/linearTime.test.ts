// The measure of linear time itself: a quadratic function is found out, a linear one passes on a busy machine
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { isLinear, timeRatio, tooSteep } from './support/linearTime.ts';

const textOf = (size: number): string => 'ab'.repeat(size / 2);

function countLinear(text: string): number {
  let seen = 0;
  for (let at = 0; at < text.length; at += 1) if (text.charCodeAt(at) === 97) seen += 1;
  return seen;
}

/** Looks at everything before each character. */
function countQuadratic(text: string): number {
  let seen = 0;
  for (let at = 0; at < text.length; at += 1) {
    for (let before = 0; before < at; before += 1) if (text.charCodeAt(before) === 98) seen += 1;
  }
  return seen;
}

/** An expression that looks for its end from each beginning, as a careless reader does. */
function readCarelessly(text: string): boolean {
  return /<[^>]*>$/.test(text);
}

/** Linear, with a quadratic part that is a fortieth of it for the shortest inputs, and three times as much for the longest. */
function hidesIt(text: string): number {
  let seen = 0;
  for (let time = 0; time < 40; time += 1) seen += countLinear(text);
  return seen + countQuadratic(text.slice(0, Math.floor(text.length / 5)));
}

/** Many measurements on a machine that others keep busy too. Milliseconds. */
const patience = 240_000;

/** Two threads that compute without a pause: as many as the machine that runs the tests has processors. */
const busy = 'for (let number = 0; ; number = (number * 31 + 7) % 1_000_003);';

describe('with both processors busy', () => {
  const threads: Worker[] = [];
  beforeAll(() => void threads.push(...[1, 2].map(() => new Worker(busy, { eval: true }))));
  afterAll(async () => {
    for (const thread of threads) await thread.terminate();
  });

  test(
    'a linear function passes 200 times of 200',
    () => {
      const ratios = Array.from({ length: 200 }, () => timeRatio(textOf, countLinear));
      expect(ratios.filter((ratio) => ratio >= tooSteep)).toEqual([]);
    },
    patience,
  );

  test('sorting passes, which takes a little more than linear time', () => {
    const numbersOf = (size: number): readonly number[] =>
      Array.from({ length: size }, (_, at) => (at * 7_919) % 104_729);
    expect(isLinear(numbersOf, (numbers) => numbers.toSorted((one, other) => one - other))).toBe(true);
  });

  test.each([
    ['that compares all with all', textOf, countQuadratic],
    ['that begins again at each character', (size: number) => '<'.repeat(size), readCarelessly],
    ['whose quadratic part is small at first', textOf, hidesIt],
  ])(
    'a quadratic function %s fails each time',
    (_what, inputOf, work) => {
      const ratios = Array.from({ length: 5 }, () => timeRatio(inputOf, work));
      expect(ratios.filter((ratio) => ratio < tooSteep)).toEqual([]);
    },
    patience,
  );
});

test('no input is longer than what may be asked for', () => {
  const asked: number[] = [];
  const inputOf = (size: number): string => {
    asked.push(size);
    return textOf(size);
  };
  expect(isLinear(inputOf, countLinear, { most: 4_000 })).toBe(true);
  expect(Math.max(...asked)).toBe(4_000);
});
