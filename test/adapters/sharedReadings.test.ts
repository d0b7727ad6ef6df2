// Readings that many share: whoever decides gets one that began after asking, and of any crowd one is under
// way and one is to come.
import { beforeEach, expect, test } from '@jest/globals';
import { createSharedReadings } from '../../src/adapters/sharedReadings.ts';
import type { SharedReadings } from '../../src/adapters/sharedReadings.ts';

let now: number;
let reads: {
  readonly key: string;
  readonly wants: readonly string[];
  answer(value: string): void;
  fail(): void;
}[];
let shared: SharedReadings<string>;

beforeEach(() => {
  now = 0;
  reads = [];
  shared = createSharedReadings({
    clock: { elapsed: () => now },
    life: 60_000,
    most: 3,
    read: (key, wants) =>
      new Promise((resolve, reject) =>
        reads.push({
          key,
          wants: [...wants],
          answer: resolve,
          fail: () => {
            reject(new Error('503'));
          },
        }),
      ),
  });
});

/** Until everything that waits for nothing else has run. */
const settle = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

test('presses at the same moment share one reading, and what they want is read together', async () => {
  const both = [shared.get('a', 'x', true), shared.get('a', 'y', true), shared.get('a', 'x', true)];
  await settle();
  expect(reads.map(({ wants }) => wants)).toEqual([['x', 'y']]);
  reads[0]?.answer('one');
  expect(await Promise.all(both)).toEqual(['one', 'one', 'one']);
});

test('one that is under way began before the press, so the press waits for the next, and all that wait share it', async () => {
  const first = shared.get('a', 'x', true);
  await settle();
  const late = [shared.get('a', 'x', true), shared.get('a', 'x', true)];
  await settle();
  expect(reads).toHaveLength(1);
  reads[0]?.answer('old');
  expect(await first).toBe('old');
  await settle();
  expect(reads).toHaveLength(2);
  reads[1]?.answer('new');
  expect(await Promise.all(late)).toEqual(['new', 'new']);
});

test('an answer serves a POST for as long as it is told to, counted from when its reading began', async () => {
  const first = shared.get('a', 'x', true);
  await settle();
  now = 20_000;
  reads[0]?.answer('one');
  await first;
  now = 30_000;
  expect(await shared.get('a', 'x', 30_000)).toBe('one');
  now = 30_001;
  const next = shared.get('a', 'x', 30_000);
  await settle();
  reads[1]?.answer('two');
  expect(await next).toBe('two');
});

test('it is remembered for a minute where nothing is decided, for the same wants only', async () => {
  const first = shared.get('a', 'x', false);
  await settle();
  expect(shared.get('a', 'x', false)).toBeInstanceOf(Promise);
  reads[0]?.answer('one');
  await first;
  now = 59_999;
  expect(await shared.get('a', 'x', false)).toBe('one');
  void shared.get('a', 'y', false);
  await settle();
  expect(reads).toHaveLength(2);
  now = 60_000;
  void shared.get('a', 'x', false);
  reads[1]?.answer('two');
  await settle();
  expect(reads).toHaveLength(3);
});

test('a failure is told to all who waited for it, is not remembered, and keeps nobody from the next', async () => {
  const first = shared.get('a', 'x', true);
  const told = expect(first).rejects.toThrow('503');
  await settle();
  const next = shared.get('a', 'x', true);
  reads[0]?.fail();
  await told;
  await settle();
  reads[1]?.answer('one');
  expect(await next).toBe('one');
});

test('what is forgotten counts no longer, and the oldest key goes first', async () => {
  for (const key of ['a', 'b', 'c']) {
    const one = shared.get(key, 'x', false);
    await settle();
    reads.at(-1)?.answer(key);
    await one;
  }
  shared.forget('b');
  void shared.get('b', 'x', false);
  await settle();
  expect(reads).toHaveLength(4);
  void shared.get('d', 'x', false);
  void shared.get('a', 'x', false);
  await settle();
  expect(reads.map(({ key }) => key)).toEqual(['a', 'b', 'c', 'b', 'd', 'a']);
});
