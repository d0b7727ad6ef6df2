// Verdicts on a long life, from what was looked at in it: what grows without a bound, as sentences.
import {
  entriesBesides,
  entriesOfRequest,
  fileBounds,
  heapADay,
  heapAMinute,
  heapAnHour,
  heapOfRequest,
  restsAfter,
} from './bounds.ts';
import { above, filesOver, growing, lowestOf, rising } from './judge.ts';
import type { Sample } from './real/sample.ts';
import type { Look } from './simulated/life.ts';

/** Looks of the first part of a life are not judged by what grows: caches fill, code is compiled. */
const hoursWarm = 12;
/** Of a real life: a quarter, and not more than this. Minutes. */
const minutesWarm = 15;
/** Width of the windows of which the lowest value counts. Minutes. */
const windowMinutes = 5;

/** A life that is shorter than its retention: what grows may grow by what is kept. */
export function verdictOfHours(looks: readonly Look[]): readonly string[] {
  const warm = looks.filter(({ hour }) => hour > hoursWarm);
  return [
    ...(warm.length < 12
      ? [`only ${warm.length} looks after the first ${hoursWarm} hours: too few to judge`]
      : []),
    ...growing(
      'the heap, in bytes an hour besides what is kept of requests,',
      warm.map(({ hour, heap, kept }) => ({ x: hour, y: heap - kept * heapOfRequest })),
      heapAnHour,
    ),
    ...resting(warm),
    ...looks.flatMap(within),
  ];
}

/** A life beyond the retention: as much leaves as comes, and nothing grows but the journal. */
export function verdictOfDays(looks: readonly Look[]): readonly string[] {
  const late = looks.filter(({ hour }) => hour > restsAfter * 24);
  return [
    ...(late.length < 12 ? [`only ${late.length} looks after ${restsAfter} days: too few to judge`] : []),
    ...growing(
      'the heap, in bytes a day,',
      late.map(({ hour, heap }) => ({ x: hour / 24, y: heap })),
      heapADay,
    ),
    ...rising(
      'requests in memory',
      late.map(({ kept }) => kept),
      { part: 0.25, more: 20 },
    ),
    ...resting(late),
    ...looks.flatMap(within),
  ];
}

function resting(looks: readonly Look[]): readonly string[] {
  return [
    ...rising(
      'timers',
      looks.map(({ timers }) => timers),
      { part: 0.25, more: 5 },
    ),
    ...rising(
      'open requests',
      looks.map(({ open }) => open),
      { part: 1, more: 10 },
    ),
  ];
}

function within({ asked, kept, entries, files }: Look): readonly string[] {
  return [
    ...Object.entries(entries).flatMap(([name, count]) =>
      above(`what is remembered as "${name}", in entries,`, count, entriesOfRequest * kept + entriesBesides),
    ),
    ...filesOver(files, { requests: asked, kept }, fileBounds),
  ];
}

export function verdictOfMinutes(samples: readonly Sample[]): readonly string[] {
  const first = Math.min(minutesWarm, samples.length / 4);
  const warm = samples.filter(({ minute }) => minute > first);
  const sum = (counts: Readonly<Record<string, number>>): number =>
    Object.values(counts).reduce((all, one) => all + one, 0);
  const points = warm.map(({ minute, heap, requests }) => ({
    x: minute,
    y: heap - requests * heapOfRequest,
  }));
  return [
    ...(warm.length < 12
      ? [`only ${warm.length} looks after the first ${first} minutes: too few to judge`]
      : []),
    ...growing(
      'the heap, in bytes a minute besides what is kept of requests,',
      lowestOf(points, windowMinutes),
      heapAMinute,
    ),
    ...rising(
      'open files and sockets',
      warm.map(({ fds }) => sum(fds)),
      { part: 0.25, more: 10 },
    ),
    ...rising(
      'what holds the event loop',
      warm.map(({ resources }) => sum(resources)),
      {
        part: 0.5,
        more: 20,
      },
    ),
    ...samples.flatMap(({ files, requests }) => filesOver(files, { requests, kept: requests }, fileBounds)),
  ];
}
