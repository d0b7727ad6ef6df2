// Judgements over a long life find what grows, and let pass what only goes up and down.
import { describe, expect, test } from '@jest/globals';
import { fileBounds, heapAMinute, heapAnHour, heapOfRequest } from './bounds.ts';
import { above, filesOver, growing, lowestOf, rising, slopeOf } from './judge.ts';
import type { Sample } from './real/sample.ts';
import { sampleOf } from './real/sample.ts';
import type { Look } from './simulated/life.ts';
import { lookLine, sampleLine } from './tables.ts';
import { verdictOfDays, verdictOfHours, verdictOfMinutes } from './verdict.ts';

/** Up and down, without a trend. */
const wave = (n: number): number => Math.sin(n) * 400_000;

describe('a slope', () => {
  test('is that of the line through the points, whatever scatters around it', () => {
    const points = Array.from({ length: 100 }, (_, x) => ({ x, y: 5 + 3 * x + (x % 2 === 0 ? 1 : -1) }));
    expect(slopeOf(points)).toBeCloseTo(3, 2);
    expect(slopeOf([{ x: 1, y: 7 }])).toBe(0);
    expect(slopeOf([])).toBe(0);
    expect(growing('it', points, 2.9)).toEqual(['it grows by 3.00, and may by 2.90']);
    expect(growing('it', points, 3.1)).toEqual([]);
  });

  test('of the lowest values of windows does not see what is dropped again', () => {
    const points = Array.from({ length: 60 }, (_, x) => ({ x, y: x % 5 === 2 ? 100 : 100 + x * 50 }));
    expect(slopeOf(points)).toBeGreaterThan(20);
    expect(slopeOf(lowestOf(points, 5))).toBe(0);
    expect(lowestOf(points, 5)).toHaveLength(12);
  });
});

describe('coming to rest', () => {
  const room = { part: 0.25, more: 5 };

  test('is told of a level, not of its peaks', () => {
    const level = Array.from({ length: 60 }, (_, n) => (n % 10 === 0 ? 90 : 20));
    expect(rising('timers', level, room)).toEqual([]);
    expect(rising('timers', [], room)).toEqual([]);
  });

  test('is denied where it rises slowly', () => {
    const creep = Array.from({ length: 60 }, (_, n) => 20 + Math.floor(n / 3));
    expect(rising('timers', creep, room)).toEqual([
      'timers does not come to rest: 23.00 at first, 36.00 at the end',
    ]);
  });

  test('and a value above its bound is named with it', () => {
    expect(above('it', 10, 10)).toEqual([]);
    expect(above('it', 11, 10)).toEqual(['it is 11.00, and may be 10.00']);
  });
});

test('a file without a bound fails, and one above it', () => {
  const counts = { requests: 10, kept: 5 };
  const fine = {
    'journal-000000001.ndjson': 100_000,
    'journal-000001001.ndjson': 100_000,
    'outputs/lr-1-0.txt': 30,
    'lock-abc.sock': 0,
  };
  expect(filesOver(fine, counts, fileBounds)).toEqual([]);
  expect(filesOver({ ...fine, 'debug.log': 1 }, counts, fileBounds)).toEqual([
    'debug.log: no bound of this file is documented',
  ]);
  // Both files of the journal together.
  expect(filesOver({ ...fine, 'journal-000001001.ndjson': 800_000 }, counts, fileBounds)[0]).toMatch(
    /^the journal, in bytes, is 900000, and may be \d+$/,
  );
});

interface Hourly {
  readonly leak?: number;
  readonly timers?: (hour: number) => number;
  readonly entries?: (kept: number) => number;
  readonly files?: Readonly<Record<string, number>>;
}

function looksOf(
  hours: readonly number[],
  kept: (hour: number) => number,
  more: Hourly = {},
): readonly Look[] {
  const { leak = 0, timers = () => 16, entries = (count: number): number => count, files = {} } = more;
  return hours.map((hour) => ({
    hour,
    heap: 40e6 + wave(hour) + kept(hour) * heapOfRequest * 0.8 + leak * hour,
    timers: timers(hour),
    asked: hour * 4,
    kept: kept(hour),
    open: 1,
    entries: { 'links offered': entries(kept(hour)) },
    files: { 'journal-000000001.ndjson': hour * 70_000, ...files },
  }));
}

describe('the verdict on simulated hours', () => {
  const hours = Array.from({ length: 72 }, (_, n) => n + 1);
  const verdict = (more?: Hourly): readonly string[] =>
    verdictOfHours(looksOf(hours, (hour) => hour * 4, more));

  test('lets pass what grows by what is kept, as much as it may', () => {
    expect(verdict()).toEqual([]);
    expect(verdictOfHours(looksOf(hours.slice(0, 20), (hour) => hour * 4))[0]).toMatch(/too few to judge$/);
  });

  test('finds a leak of memory, of timers, of entries and of files', () => {
    expect(verdict({ leak: 4 * heapOfRequest * 0.2 + heapAnHour * 1.5 })).toEqual([
      expect.stringMatching(/^the heap, in bytes an hour .* grows by/),
    ]);
    expect(verdict({ timers: (hour) => 16 + hour / 2 })).toEqual([expect.stringMatching(/^timers does not/)]);
    expect(verdict({ entries: (kept) => kept * 40 })[0]).toMatch(/^what is remembered as "links offered"/);
    expect(new Set(verdict({ files: { 'core.1': 5 } }))).toEqual(
      new Set(['core.1: no bound of this file is documented']),
    );
  });
});

describe('the verdict on simulated days', () => {
  const days = Array.from({ length: 100 }, (_, n) => (n + 1) * 24);
  const keptFor30 = (hour: number): number => Math.min(hour, 30 * 24) / 4;

  test('wants that nothing grows once as much leaves as comes', () => {
    expect(verdictOfDays(looksOf(days, keptFor30))).toEqual([]);
    expect(verdictOfDays(looksOf(days, keptFor30, { leak: 5_000 }))).toEqual([
      expect.stringMatching(/^the heap, in bytes a day, grows by/),
    ]);
    // Nothing is ever let go of.
    expect(verdictOfDays(looksOf(days, (hour) => hour / 4))).toContainEqual(
      expect.stringMatching(/^requests in memory does not come to rest/),
    );
    expect(verdictOfDays(looksOf(days.slice(0, 40), keptFor30))[0]).toMatch(/too few to judge$/);
  });
});

describe('the verdict on real minutes', () => {
  const sample = (minute: number, more: Partial<Sample> = {}): Sample => ({
    minute,
    rss: 150e6,
    heap: 55e6 + wave(minute) * 10 + minute * 15 * heapOfRequest * 0.8,
    external: 4e6,
    fds: { socket: 15 + (minute % 7), files: 5 },
    resources: { Timeout: 30 + (minute % 11), TCPSocketWrap: minute % 9 },
    loopP99: 0.02,
    requests: minute * 15,
    metrics: { lr_cards_behind: 1 },
    files: { 'journal-000000001.ndjson': minute * 100_000 },
    ...more,
  });
  const verdict = (more: (minute: number) => Partial<Sample> = () => ({})): readonly string[] =>
    verdictOfMinutes(Array.from({ length: 60 }, (_, n) => sample(n + 1, more(n + 1))));

  test('lets pass sockets that come and go', () => {
    expect(verdict()).toEqual([]);
    expect(verdictOfMinutes([sample(1)])[0]).toMatch(/too few to judge$/);
  });

  test('finds sockets that stay, timers that pile up, memory and files', () => {
    expect(verdict((minute) => ({ fds: { socket: 15 + minute } }))).toEqual([
      expect.stringMatching(/^open files and sockets does not come to rest/),
    ]);
    expect(verdict((minute) => ({ resources: { Timeout: 30 + minute * 3 } }))).toEqual([
      expect.stringMatching(/^what holds the event loop does not/),
    ]);
    const leak = heapAMinute * 1.5 + 15 * heapOfRequest * 0.2;
    expect(verdict((minute) => ({ heap: sample(minute).heap + minute * leak }))).toEqual([
      expect.stringMatching(/^the heap, in bytes a minute .* grows by/),
    ]);
    expect(verdict(() => ({ files: { 'x.tmp': 1 } }))[0]).toBe('x.tmp: no bound of this file is documented');
  });
});

test('a sample is read from the metrics as they are written, and says so where one is missing', () => {
  const text = [
    '# HELP process_resident_memory_bytes Resident memory size in bytes.',
    'process_resident_memory_bytes 150000000',
    'nodejs_heap_size_used_bytes 5.5e+7',
    'nodejs_external_memory_bytes 4000000',
    'nodejs_active_resources{type="Timeout"} 21',
    'nodejs_eventloop_lag_p99_seconds 0.0205',
    'lr_events_total{type="asked"} 12',
    'lr_defender_call_seconds_bucket{le="1",kind="get"} 3',
    'lr_cards_behind 2',
  ];
  const read = sampleOf(3, text.join('\n'), { socket: 4 }, {});
  expect(read).toMatchObject({ minute: 3, heap: 55e6, resources: { Timeout: 21 }, requests: 12 });
  expect(Object.keys(read.metrics)).toEqual([
    'process_resident_memory_bytes',
    'lr_events_total{type="asked"}',
    'lr_cards_behind',
  ]);
  expect(sampleLine(read).trim().split(/\s+/).slice(0, 3)).toEqual(['3', '150.0', '55.0']);
  expect(
    lookLine(looksOf([2], () => 8)[0] as Look)
      .trim()
      .split(/\s+/)[0],
  ).toBe('2');
  expect(() => sampleOf(3, text.slice(0, 4).join('\n'), {}, {})).toThrow('/metrics has no');
});
