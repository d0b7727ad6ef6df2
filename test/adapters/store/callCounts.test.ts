// Calls to Defender that earlier processes made count against the rates of the next one, however the one before
// it ended: on a disk in memory that is cut off, full or torn, by a clock that somebody sets, and in a real folder.
import { expect, test } from '@jest/globals';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createClock } from '../../../src/adapters/clock.ts';
import { customEndpoint } from '../../../src/adapters/defender/clouds.ts';
import { Http } from '../../../src/adapters/outbound/http.ts';
import { callCountsFile, CallCounts, countsWrittenEvery } from '../../../src/adapters/store/callCounts.ts';
import { realDisk } from '../../../src/adapters/store/journal/disk.ts';
import { openDefender } from '../../../src/app/defenderAccess.ts';
import { Shutdown } from '../../../src/app/shutdown.ts';
import type { CallKind, CallRates } from '../../../src/liveResponse/pacing/callRates.ts';
import { createManualClock } from '../../support/manualClock.ts';
import type { ManualClock } from '../../support/manualClock.ts';
import { createMemoryDisk, memoryFolder } from '../../support/store/memoryDisk.ts';
import type { MemoryDisk } from '../../support/store/memoryDisk.ts';
import { collectLog, noon, openTestStore, temporaryFolder } from './sample.ts';
import type { LogLine } from './sample.ts';

const minute = 60_000;
const hour = 60 * minute;
/** What a process may have made after its last line: three seconds of a hundred calls a minute. */
const assumed = 5;
const path = join(memoryFolder, callCountsFile);

interface Life {
  readonly rates: CallRates;
  readonly log: readonly LogLine[];
  stop(): Promise<void>;
}

/** Access to Defender as the bot opens it; nothing is sent. */
async function start(disk: MemoryDisk, clock: ManualClock): Promise<Life> {
  const log = collectLog();
  const shutdown = new Shutdown(log);
  const store = await openTestStore({ dir: memoryFolder, disk, clock, log });
  const access = await openDefender(
    {
      kind: 'service',
      tenant: 'test',
      endpoint: customEndpoint('http://127.0.0.1:9'),
      credentials: 'none',
      loopback: true,
    },
    {
      dataDir: memoryFolder,
      disk,
      rates: { submitsPerMinute: 10, callsPerMinute: 100, callsPerHour: 1_500 },
      resultHosts: [],
      store,
      http: new Http({}),
      clock,
      log,
      shutdown,
      observe: () => undefined,
    },
  );
  return { rates: access.callRates, log: log.lines, stop: () => shutdown.all() };
}

const opened = (): { readonly disk: MemoryDisk; readonly clock: ManualClock } => {
  const clock = createManualClock(noon);
  return { clock, disk: createMemoryDisk(new Map(), { clock }) };
};

function call({ rates }: Life, clock: ManualClock, kind: CallKind, times: number): void {
  for (let n = 0; n < times; n += 1) expect(rates.take(kind, clock.elapsed())).toBe(true);
}

/** How many calls of a minute and of an hour count as made. */
function used({ rates }: Life, clock: ManualClock, kind: CallKind): readonly number[] {
  return rates.left(kind, clock.elapsed()).map(({ limit, left }) => limit - left);
}

const events = (life: Life): readonly string[] =>
  life.log.map(({ event }) => event).filter((event) => event.startsWith('callCounts'));

test('calls of a process that was killed count in the minute and in the hour of the next one, by their kind', async () => {
  const { disk, clock } = opened();
  const first = await start(disk, clock);
  call(first, clock, 'list', 60);
  call(first, clock, 'machines', 7);
  await clock.advance(2 * minute);
  call(first, clock, 'list', 95);
  await clock.advance(countsWrittenEvery);
  const second = await start(disk.kill(), clock);
  expect(used(second, clock, 'list')).toEqual([95 + assumed, 155 + assumed]);
  expect(used(second, clock, 'machines')).toEqual([assumed, 7 + assumed]);
  expect(used(second, clock, 'get')).toEqual([0, 0]);
  expect(second.rates.take('list', clock.elapsed())).toBe(false);
  await clock.advance(hour + 1_000);
  expect(used(second, clock, 'list')).toEqual([0, 0]);
});

test('calls since the last line are assumed, of each kind that was called', async () => {
  const { disk, clock } = opened();
  const first = await start(disk, clock);
  call(first, clock, 'list', 1);
  await clock.advance(countsWrittenEvery - 1);
  call(first, clock, 'list', 3);
  const second = await start(disk.kill(), clock);
  expect(used(second, clock, 'list')).toEqual([1 + assumed, 1 + assumed]);
});

test.each([
  ['least', () => 0],
  ['most', (n: number) => n - 1],
])('a power cut that leaves the %s it may takes no line that was written', async (_what, left) => {
  const { disk, clock } = opened();
  const first = await start(disk, clock);
  for (let n = 0; n < 20; n += 1) {
    call(first, clock, 'list', 4);
    await clock.advance(countsWrittenEvery);
  }
  const second = await start(disk.crash(left), clock);
  expect(used(second, clock, 'list')).toEqual([80 + assumed, 80 + assumed]);
});

test('a process that is killed and started again and again has no more than a minute of calls assumed', async () => {
  const { clock, ...of } = opened();
  let { disk } = of;
  for (let life = 0; life < 200; life += 1) {
    call(await start(disk, clock), clock, 'list', 1);
    await clock.advance(8_000);
    disk = disk.kill();
  }
  const last = await start(disk, clock);
  expect(used(last, clock, 'list')[1]).toBe(200 + 100);
});

test('what was called right before a stop is written by it', async () => {
  const { disk, clock } = opened();
  const first = await start(disk, clock);
  call(first, clock, 'get', 1);
  await clock.settle();
  call(first, clock, 'get', 30);
  await first.stop();
  expect(used(await start(disk.kill(), clock), clock, 'get')).toEqual([31 + assumed, 31 + assumed]);
});

test('it is written every three seconds at most, and not while nothing is called', async () => {
  const { disk, clock } = opened();
  const first = await start(disk, clock);
  let writes = 0;
  disk.failWith((operation, at) => {
    if (operation === 'append' && at.startsWith(path)) writes += 1;
    return undefined;
  });
  for (let n = 0; n < 89; n += 1) {
    call(first, clock, 'list', 1);
    await clock.advance(100);
  }
  expect(writes).toBe(3);
  await clock.advance(hour);
  expect(writes).toBe(4);
});

test('a full disk is logged once and holds no call up; what was counted meanwhile is written when it has room', async () => {
  const { disk, clock } = opened();
  const first = await start(disk, clock);
  call(first, clock, 'list', 2);
  await clock.advance(countsWrittenEvery);
  disk.failWith((operation, at, bytes) =>
    operation === 'append' && at.startsWith(path) ? { code: 'ENOSPC', arrives: bytes >> 1 } : undefined,
  );
  for (let n = 0; n < 10; n += 1) {
    call(first, clock, 'list', 2);
    await clock.advance(countsWrittenEvery);
  }
  expect(events(first)).toEqual(['callCountsUnknown', 'callCountsNotWritten']);
  expect(used(first, clock, 'list')).toEqual([22, 22]);
  disk.failWith(undefined);
  await clock.advance(countsWrittenEvery);
  expect(events(first).at(-1)).toBe('callCountsWrittenAgain');
  const second = await start(disk.kill(), clock);
  expect(used(second, clock, 'list')).toEqual([22 + assumed, 22 + assumed]);
  expect(events(second)).toEqual([]);
});

test('a file that cannot be read keeps no process from starting', async () => {
  const { disk, clock } = opened();
  call(await start(disk, clock), clock, 'list', 9);
  await clock.settle();
  const next = disk.kill();
  next.failWith((operation, at) => (operation === 'read' && at === path ? { code: 'EIO' } : undefined));
  const second = await start(next, clock);
  expect(used(second, clock, 'list')).toEqual([0, 0]);
  expect(events(second)).toEqual(['callCountsNotRead']);
});

test('with the clock set back over the restart, calls that lie in the future count as just made', async () => {
  const { disk, clock } = opened();
  call(await start(disk, clock), clock, 'list', 70);
  await clock.advance(10 * minute);
  clock.jump(-5 * hour);
  const second = await start(disk.kill(), clock);
  expect(used(second, clock, 'list')).toEqual([70 + assumed, 70 + assumed]);
  await clock.advance(minute + 1_000);
  expect(used(second, clock, 'list')[0]).toBe(0);
});

test.each([-5, 5])(
  'with the clock set by %i hours while it runs, calls from before keep their time',
  async (by) => {
    const { disk, clock } = opened();
    const first = await start(disk, clock);
    call(first, clock, 'list', 80);
    await clock.advance(10 * minute);
    clock.jump(by * hour);
    call(first, clock, 'list', 1);
    await clock.advance(countsWrittenEvery);
    const second = await start(disk.kill(), clock);
    expect(used(second, clock, 'list')).toEqual([1 + assumed, 81 + assumed]);
    await clock.advance(50 * minute);
    expect(used(second, clock, 'list')[1]).toBe(1 + assumed);
  },
);

test('torn at any byte it counts what its whole lines say, and nothing is thrown', async () => {
  const { disk, clock } = opened();
  const first = await start(disk, clock);
  for (let n = 0; n < 3; n += 1) {
    call(first, clock, 'list', 2);
    await clock.advance(countsWrittenEvery);
  }
  const bytes = Buffer.from(disk.bytes(path) ?? []);
  const whole = bytes.toString('utf8').split('\n').length - 1;
  expect(whole).toBe(4);
  for (let length = 0; length <= bytes.length; length += 1) {
    const torn = bytes.subarray(0, length);
    disk.overwrite(path, torn);
    const lines = torn.toString('utf8').split('\n').length - 1;
    const log = collectLog();
    const counts = new CallCounts({ disk, folder: memoryFolder, clock, log, callsPerMinute: 100 });
    expect(counts.times('list')).toHaveLength(lines < 2 ? 0 : 2 * (lines - 1) + assumed);
    expect(log.lines.map(({ event }) => event)).toEqual(lines === 0 ? ['callCountsUnknown'] : []);
  }
});

test.each([
  ['nothing', '', 0, 'callCountsUnknown'],
  ['another program’s words', 'hello\n', 0, 'callCountsUnknown'],
  ['another format', '{"format":2}\n{"at":1,"list":3}\n', 0, 'callCountsUnknown'],
  ['a line that is none', `{"format":1}\nhello\n{"at":${noon},"list":3}\n`, 3 + assumed, 'callCountsUnread'],
  ['less than no calls', `{"format":1}\n{"at":${noon},"list":-3}\n`, 0, 'callCountsUnread'],
  ['half a call', `{"format":1}\n{"at":${noon},"list":0.5}\n`, 0, 'callCountsUnread'],
  ['more calls than anybody makes', `{"format":1}\n{"at":${noon},"list":1e9}\n`, 0, 'callCountsUnread'],
  ['no time', '{"format":1}\n{"list":3}\n', 0, 'callCountsUnread'],
])(
  'a file with %s is logged, and what it does not say counts as not made',
  async (_what, text, made, event) => {
    const { disk, clock } = opened();
    disk.overwrite(path, Buffer.from(text));
    const life = await start(disk, clock);
    expect(used(life, clock, 'list')).toEqual([made, made]);
    expect(events(life)).toEqual([event]);
    call(life, clock, 'list', 1);
    await clock.settle();
    expect(events(await start(disk.kill(), clock))).toEqual([]);
  },
);

test('a folder without it is begun, as with a version that had none', async () => {
  const { disk, clock } = opened();
  const life = await start(disk, clock);
  expect(used(life, clock, 'list')).toEqual([0, 0]);
  expect(life.log).toContainEqual(expect.objectContaining({ level: 'info', event: 'callCountsUnknown' }));
});

test('in an hour of polling it stays small, and lines older than that leave it', async () => {
  const { disk, clock } = opened();
  const first = await start(disk, clock);
  for (let n = 0; n < 5_000; n += 1) {
    call(first, clock, 'list', 1);
    await clock.advance(countsWrittenEvery);
  }
  expect(disk.bytes(path)?.length).toBeLessThan(160_000);
  const second = await start(disk.kill(), clock);
  expect(used(second, clock, 'list')[1]).toBe(1_199 + assumed);
});

test('in a real folder it is a file of its owner, and the next process reads what the one before it wrote', async () => {
  const folder = temporaryFolder();
  try {
    const open = (): CallCounts =>
      new CallCounts({
        disk: realDisk,
        folder: folder.path,
        clock: createClock(),
        log: collectLog(),
        callsPerMinute: 100,
      });
    const first = open();
    for (let n = 0; n < 40; n += 1) first.made('library');
    await first.stop();
    const file = join(folder.path, callCountsFile);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const second = open();
    expect(second.times('library')).toHaveLength(40 + assumed);
    second.made('cancel');
    await second.stop();
    expect(readFileSync(file, 'utf8').split('\n')).toHaveLength(5);
    expect(open().times('cancel')).toHaveLength(1 + assumed);
  } finally {
    folder.remove();
  }
});
