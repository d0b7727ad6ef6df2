// Since when Defender cannot be read, and what counts as that: every call of one kind noticed, on a clock
// that moves when it is told to.
import { beforeEach, expect, test } from '@jest/globals';
import { DefenderWatch } from '../../../../src/bot/workers/upkeep/defenderWatch.ts';
import { DefenderError } from '../../../../src/liveResponse/ports.ts';
import type { DefenderApi } from '../../../../src/liveResponse/ports.ts';

let elapsed = 0;
const clock = { now: () => 1_000_000 + elapsed, elapsed: () => elapsed };
let fails: Error | undefined;
let watch: DefenderWatch;
let changes: string[];
beforeEach(() => {
  elapsed = 0;
  fails = undefined;
  changes = [];
  const call = (): Promise<never> =>
    fails === undefined ? Promise.resolve([] as never) : Promise.reject(fails);
  watch = new DefenderWatch({ actions: call, library: call, link: call } as unknown as DefenderApi, clock);
  watch.onChange((what) => void changes.push(what));
});

async function read(
  error?: Error,
  times = 1,
  what: 'actions' | 'library' | 'link' = 'actions',
): Promise<void> {
  fails = error;
  for (let n = 0; n < times; n += 1) {
    const calls = {
      actions: () => watch.defender.actions([]),
      library: () => watch.defender.library(),
      link: () => watch.defender.link('a', 0),
    };
    if (error === undefined) await calls[what]();
    else await expect(calls[what]()).rejects.toBe(error);
    elapsed += 1_000;
  }
}
const down = new DefenderError('unavailable', 'down');

test('three failures in a row last, and so do two over half a minute; the end of it is when reading works again', async () => {
  await read();
  await read(down, 2);
  expect(watch.outage('follow')).toBeUndefined();
  await read(down);
  expect(watch.outage('follow')).toMatchObject({ since: 1_001_000 });
  await read();
  expect([watch.outage('follow'), watch.readable(), changes]).toEqual([
    undefined,
    { since: 1_004_000, last: 1_004_000 },
    ['follow', 'follow'],
  ]);
  await read(down);
  elapsed += 30_000;
  await read(down);
  expect(watch.outage('follow')).toMatchObject({ since: 1_005_000 });
});

test('what the network or a bug throws is a failure of any call, and thrown on as it is', async () => {
  await read(new TypeError('fetch failed'), 3, 'link');
  expect(watch.outage('results')).toMatchObject({ error: { code: 'unreadable' }, detail: 'fetch failed' });
});

test('another cause of the same outage is told, and the one that lasts longest comes first', async () => {
  await read(down, 3);
  await read(new DefenderError('unauthorized', 'no right', { status: 403 }));
  expect(changes).toEqual(['follow', 'follow']);
  // A code of Defender’s own that looks like a status is none.
  await read(new DefenderError('unavailable', 'down', { status: 503 }));
  await read(new DefenderError('unavailable', 'down', { apiCode: '503' }));
  expect(changes).toHaveLength(4);
  await read(down, 3, 'library');
  expect(watch.outages().map(({ what }) => what)).toEqual(['follow', 'library']);
  watch.forget('follow');
  expect(watch.outages().map(({ what }) => what)).toEqual(['library']);
});

test('what people alone ask for is told for ten minutes after its last failure, the rest until it works', async () => {
  await read(down, 3);
  await read(down, 3, 'link');
  elapsed += 10 * 60_000 - 1_000;
  expect(watch.outages().map(({ what }) => what)).toEqual(['follow', 'results']);
  elapsed += 1;
  expect(watch.outages().map(({ what }) => what)).toEqual(['follow']);
});

test('a refusal of one result is an answer, and a missing right is none', async () => {
  await read(new DefenderError('gone', 'expired'), 5, 'link');
  await read(new DefenderError('refused', 'not this one', { status: 400 }), 5, 'link');
  expect(watch.outage('results')).toBeUndefined();
  await read(new DefenderError('refused', 'no right', { status: 403 }), 3, 'link');
  expect(watch.outage('results')).toBeDefined();
});
