// Tables of a long life: a line for each look.
import type { Sample } from './real/sample.ts';
import type { Look } from './simulated/life.ts';

type Column<T> = readonly [title: string, width: number, value: (row: T) => string];

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);
const kilobytes = (bytes: number): string => String(Math.round(bytes / 1e3));
const sum = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((all, one) => all + one, 0);

function sizeOf(files: Readonly<Record<string, number>>, name: RegExp): number {
  return Object.entries(files).reduce((all, [file, size]) => all + (name.test(file) ? size : 0), 0);
}

function others(files: Readonly<Record<string, number>>): number {
  return sizeOf(files, /^(?!journal-|snapshot|call-counts|outputs\/)/);
}

const looks: readonly Column<Look>[] = [
  ['hour', 6, ({ hour }) => String(hour)],
  ['heap MB', 9, ({ heap }) => megabytes(heap)],
  ['timers', 8, ({ timers }) => String(timers)],
  ['asked', 7, ({ asked }) => String(asked)],
  ['kept', 6, ({ kept }) => String(kept)],
  ['open', 6, ({ open }) => String(open)],
  ['entries', 9, ({ entries }) => String(sum(entries))],
  ['journal KB', 12, ({ files }) => kilobytes(sizeOf(files, /^journal-/))],
  ['snapshots KB', 14, ({ files }) => kilobytes(sizeOf(files, /^snapshot/))],
  ['call counts KB', 16, ({ files }) => kilobytes(sizeOf(files, /^call-counts/))],
  [
    'outputs',
    9,
    ({ files }) => String(Object.keys(files).filter((name) => name.startsWith('outputs/')).length),
  ],
  ['other KB', 10, ({ files }) => kilobytes(others(files))],
];

const samples: readonly Column<Sample>[] = [
  ['minute', 8, ({ minute }) => String(minute)],
  ['rss MB', 8, ({ rss }) => megabytes(rss)],
  ['heap MB', 9, ({ heap }) => megabytes(heap)],
  ['external MB', 13, ({ external }) => megabytes(external)],
  ['files', 7, ({ fds }) => String(sum(fds))],
  ['sockets', 9, ({ fds }) => String(fds['socket'] ?? 0)],
  ['timers', 8, ({ resources }) => String(resources['Timeout'] ?? 0)],
  ['loop p99 ms', 13, ({ loopP99 }) => String(Math.round(loopP99 * 1_000))],
  ['asked', 7, ({ requests }) => String(requests)],
  ['behind', 8, ({ metrics }) => String(metrics['lr_cards_behind'] ?? 0)],
  ['journal KB', 12, ({ files }) => kilobytes(sizeOf(files, /^journal-/))],
  ['other KB', 10, ({ files }) => kilobytes(sizeOf(files, /^(?!journal-)/))],
];

function headOf<T>(columns: readonly Column<T>[]): string {
  return columns.map(([title, width]) => title.padStart(width)).join('');
}

function lineOf<T>(columns: readonly Column<T>[], row: T): string {
  return columns.map(([, width, value]) => value(row).padStart(width)).join('');
}

export const lookHead = headOf(looks);
export const lookLine = (look: Look): string => lineOf(looks, look);
export const sampleHead = headOf(samples);
export const sampleLine = (sample: Sample): string => lineOf(samples, sample);
