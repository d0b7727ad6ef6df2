// The contract of the one memory with coalescing: anyone who decides gets a reading that began after asking, and
// of any crowd one is under way and one is to come.
import { beforeEach, expect, test } from '@jest/globals';
import { SharedReadings } from '../../../src/liveResponse/pacing/sharedReadings.ts';

let now: number;
let reads: {
  readonly key: string;
  readonly wants: readonly string[];
  answer(value: string): void;
  fail(): void;
}[];
let shared: SharedReadings<string, string>;

beforeEach(() => {
  now = 0;
  reads = [];
  shared = new SharedReadings({
    clock: { elapsed: () => now },
    life: 60_000,
    most: 3,
    keep: (answer) => !answer.startsWith('no'),
    read: (key: string, wants) =>
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
  const both = [
    shared.get('a', { recency: true, want: 'x' }),
    shared.get('a', { recency: true, want: 'y' }),
    shared.get('a', { recency: true, want: 'x' }),
  ];
  await settle();
  expect(reads.map(({ wants }) => wants)).toEqual([['x', 'y']]);
  reads[0]?.answer('one');
  expect(await Promise.all(both)).toEqual(['one', 'one', 'one']);
});

test('one that is under way began before the press, so the press waits for the next, and all that wait share it', async () => {
  const first = shared.get('a', { recency: true, want: 'x' });
  await settle();
  const late = [shared.get('a', { recency: true, want: 'x' }), shared.get('a', { recency: true, want: 'x' })];
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
  const first = shared.get('a', { recency: true, want: 'x' });
  await settle();
  now = 20_000;
  reads[0]?.answer('one');
  await first;
  now = 30_000;
  expect(await shared.get('a', { recency: 30_000, want: 'x' })).toBe('one');
  now = 30_001;
  const next = shared.get('a', { recency: 30_000, want: 'x' });
  await settle();
  reads[1]?.answer('two');
  expect(await next).toBe('two');
});

test('it is remembered for a minute where nothing is decided, for the same wants only', async () => {
  const first = shared.get('a', { recency: false, want: 'x' });
  await settle();
  expect(shared.get('a', { recency: false, want: 'x' })).toBeInstanceOf(Promise);
  reads[0]?.answer('one');
  await first;
  now = 59_999;
  expect(await shared.get('a', { recency: false, want: 'x' })).toBe('one');
  void shared.get('a', { recency: false, want: 'y' });
  await settle();
  expect(reads).toHaveLength(2);
  now = 60_000;
  void shared.get('a', { recency: false, want: 'x' });
  reads[1]?.answer('two');
  await settle();
  expect(reads).toHaveLength(3);
});

test('a failure is told to all who waited for it, is not remembered, and keeps nobody from the next', async () => {
  const first = shared.get('a', { recency: true, want: 'x' });
  const told = expect(first).rejects.toThrow('503');
  await settle();
  const next = shared.get('a', { recency: true, want: 'x' });
  reads[0]?.fail();
  await told;
  await settle();
  reads[1]?.answer('one');
  expect(await next).toBe('one');
});

test('what is forgotten counts no longer, and the oldest key goes first', async () => {
  for (const key of ['a', 'b', 'c']) {
    const one = shared.get(key, { recency: false, want: 'x' });
    await settle();
    reads.at(-1)?.answer(key);
    await one;
  }
  shared.forget('b');
  void shared.get('b', { recency: false, want: 'x' });
  await settle();
  expect(reads).toHaveLength(4);
  void shared.get('d', { recency: false, want: 'x' });
  void shared.get('a', { recency: false, want: 'x' });
  await settle();
  expect(reads.map(({ key }) => key)).toEqual(['a', 'b', 'c', 'b', 'd', 'a']);
});

test('an answer that is not to be kept goes to those who waited, and wipes out what was remembered', async () => {
  const first = shared.get('a');
  await settle();
  reads[0]?.answer('yes');
  await first;
  const decides = shared.get('a', { recency: true });
  await settle();
  // The remembered answer serves nobody any more once the newer one is no.
  reads[1]?.answer('no');
  expect(await decides).toBe('no');
  const next = shared.get('a');
  await settle();
  expect(reads).toHaveLength(3);
  reads[2]?.answer('yes');
  expect(await next).toBe('yes');
  expect(await shared.get('a')).toBe('yes');
});

test('a failure wipes out nothing: what was remembered serves those who decide nothing until its time is over', async () => {
  const first = shared.get('a');
  await settle();
  reads[0]?.answer('one');
  await first;
  const decides = expect(shared.get('a', { recency: true })).rejects.toThrow('503');
  await settle();
  reads[1]?.fail();
  await decides;
  expect(await shared.get('a')).toBe('one');
  expect(reads).toHaveLength(2);
});

test('a remembered answer that is not enough is read again, and a reading under way serves as it comes', async () => {
  const first = shared.get('a');
  await settle();
  reads[0]?.answer('one');
  await first;
  const enough = (answer: string): boolean => answer === 'two';
  const more = shared.get('a', { enough });
  await settle();
  const joined = shared.get('a', { enough });
  reads[1]?.answer('three');
  expect(await Promise.all([more, joined])).toEqual(['three', 'three']);
  expect(await shared.get('a', { enough: (answer) => answer === 'three' })).toBe('three');
  expect(reads).toHaveLength(2);
});

test('those who decide nothing share a reading under way, whenever it began', async () => {
  const first = shared.get('a');
  await settle();
  now = 59_000;
  const second = shared.get('a');
  reads[0]?.answer('one');
  expect(await Promise.all([first, second])).toEqual(['one', 'one']);
  expect(reads).toHaveLength(1);
});

test('what is forgotten while it is being read is not remembered when it comes', async () => {
  const first = shared.get('a');
  await settle();
  shared.forget('a');
  reads[0]?.answer('old');
  expect(await first).toBe('old');
  const next = shared.get('a');
  await settle();
  expect(reads).toHaveLength(2);
  reads[1]?.answer('new');
  expect(await next).toBe('new');
});

test('a question with more in it than its key is read with what the one who began it gave', async () => {
  const asked: string[] = [];
  const members = new SharedReadings<{ readonly key: string; readonly url: string }, string>({
    clock: { elapsed: () => now },
    life: 1_000,
    most: 10,
    read: ({ url }) => {
      asked.push(url);
      return Promise.resolve(url);
    },
  });
  const both = [members.get({ key: 'a', url: 'first' }), members.get({ key: 'a', url: 'second' })];
  expect(await Promise.all(both)).toEqual(['first', 'first']);
  expect(await members.get({ key: 'b', url: 'third' })).toBe('third');
  expect(asked).toEqual(['first', 'third']);
});

test('without a rule every answer is remembered, however long the machine has been up', async () => {
  now = 1_000_000;
  let count = 0;
  const all = new SharedReadings({
    clock: { elapsed: () => now },
    life: 60_000,
    most: 3,
    read: () => Promise.resolve(`no ${(count += 1)}`),
  });
  expect(await all.get('a')).toBe('no 1');
  now += 59_999;
  expect(await all.get('a')).toBe('no 1');
  now += 1;
  expect(await all.get('a')).toBe('no 2');
});
