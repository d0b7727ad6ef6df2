// Mutates the files of one part, tries the mutants on worker threads and judges the result against the floor.
import { existsSync, readFileSync } from 'node:fs';
import type { TestFile } from './baseline.ts';
import { baselineOf } from './baseline.ts';
import { equalsAmong, wordsFor } from './equalMutants.ts';
import type { Equals } from './equalMutants.ts';
import type { Tried } from './report.ts';
import { percent, scoreLines, scoreOf, survivorLines } from './report.ts';
import { shuffled } from './shuffle.ts';
import type { Mutant } from './schemata/schemata.ts';
import { schemataOf } from './schemata/schemata.ts';
import type { EqualMutant, Part } from './settings.ts';
import { builtFile, filesOf, matches } from './settings.ts';
import { eachOnThreads } from './threads/threads.ts';
import { verdictOn } from './trials.ts';
import { WorkerThread } from './threads/workerThread.ts';

export interface Options {
  readonly root: string;
  readonly jobs: number;
  readonly seed: number;
  /** Only files that one of these globs names. */
  readonly only?: readonly string[];
  readonly minutes?: number;
  readonly floor?: number;
  readonly print: (line: string) => void;
}

interface Mutated {
  readonly texts: ReadonlyMap<string, string>;
  readonly mutants: readonly Mutant[];
}

/** All mutants of the built files, and the texts that can play each of them. */
export function mutated(root: string, files: readonly string[]): Mutated {
  const texts = new Map<string, string>();
  const mutants: Mutant[] = [];
  for (const file of files) {
    const path = builtFile(root, file);
    const map = existsSync(`${path}.map`) ? { map: readFileSync(`${path}.map`, 'utf8') } : {};
    const schemata = schemataOf({ file, text: readFileSync(path, 'utf8'), ...map }, mutants.length);
    texts.set(path, schemata.text);
    mutants.push(...schemata.mutants);
  }
  return { texts, mutants };
}

/**
 * Mutants that are listed as equal although a test says otherwise, in words. Caught: the entry is wrong. Caught
 * by time: perhaps only the machine was busy.
 */
function listedBut(
  kind: 'caught' | 'caughtByTime',
  equals: Equals,
  tried: readonly Tried[],
): readonly string[] {
  const what = kind === 'caught' ? 'a test catches it' : 'a test takes too long with it';
  return tried.flatMap(({ mutant, verdict }) =>
    equals.ids.has(mutant.id) && verdict.kind === kind
      ? [`${wordsFor({ ...mutant, reason: '' })}: ${what}: ${verdict.by}`]
      : [],
  );
}

async function allTried(
  part: Part,
  options: Options,
  { texts, mutants }: Mutated,
): Promise<readonly Tried[]> {
  const { root, jobs, seed, print } = options;
  const minutes = options.minutes ?? part.minutes;
  const threads = Array.from({ length: jobs }, () => new WorkerThread({ texts }));
  try {
    const testFiles = filesOf(root, part.tests).map((file): TestFile => ({
      file,
      path: builtFile(root, file),
    }));
    const baseline = await baselineOf(testFiles, part.tooSlow, threads);
    const tests = baseline.files.reduce((sum, file) => sum + file.tests.length, 0);
    print(`${part.name}: ${mutants.length} mutants, ${tests} tests of ${testFiles.length} files`);
    const leftOut = baseline.files.flatMap((file) => file.leftOut);
    const unknown = part.tooSlow.find((words) => !leftOut.some((name) => name.includes(words)));
    if (unknown !== undefined) throw new Error(`part ${part.name}: no test is called "${unknown}" (tooSlow)`);
    for (const line of baseline.skipped) print(`  fails without a mutant, left out: ${line}`);
    if (tests === 0) throw new Error(`part ${part.name} has no test that passes`);
    const until = minutes === undefined ? Infinity : performance.now() + minutes * 60_000;
    const order = minutes === undefined ? mutants : shuffled(mutants, seed);
    if (minutes !== undefined)
      print(`  mutants are drawn for ${minutes} minutes; --seed ${seed} draws the same`);
    const tried: Tried[] = [];
    await eachOnThreads(order, threads, async (mutant, thread) => {
      if (performance.now() < until)
        tried.push({ mutant, verdict: await verdictOn(mutant, baseline.files, thread) });
    });
    return tried.toSorted((a, b) => a.mutant.id - b.mutant.id);
  } finally {
    await Promise.all(threads.map((thread) => thread.close()));
  }
}

/** Whether the part is as good as it must be. */
export async function runPart(part: Part, list: readonly EqualMutant[], options: Options): Promise<boolean> {
  const { root, only, print } = options;
  const files = filesOf(root, part.files).filter((file) => only === undefined || matches(file, only));
  if (files.length === 0) return true;
  const began = performance.now();
  const inPart = mutated(root, files);
  const equals = equalsAmong(list, inPart.mutants, files);
  const tried = await allTried(part, options, inPart);
  const counted = tried.filter(({ mutant }) => !equals.ids.has(mutant.id));
  const stale = [...equals.stale, ...listedBut('caught', equals, tried)];
  const seconds = Math.round((performance.now() - began) / 1_000);

  const survivors = survivorLines(counted);
  if (survivors.length > 0) print(`${part.name}: survivors`);
  for (const line of [...survivors, ...scoreLines(part.name, files, counted)]) print(line);
  for (const line of listedBut('caughtByTime', equals, tried))
    print(`not settled in the list of equal mutants: ${line}`);
  for (const line of stale) print(`stale entry in the list of equal mutants: ${line}`);
  // The floor is that of the whole part: a few of its files may be above or below.
  const floor = options.floor ?? (only === undefined ? part.floor : 0);
  const score = percent(scoreOf(counted));
  const isBelow = score < floor;
  print(
    `${part.name}: ${score.toFixed(1)} %, floor ${floor} %${isBelow ? ': below the floor' : ''}; ${tried.length} of ${inPart.mutants.length} mutants tried, ${equals.ids.size} listed as equal, ${seconds} s`,
  );
  // A run that was too short to try anything proves nothing.
  const isProof = tried.length > 0 || inPart.mutants.length === 0;
  return isProof && !isBelow && stale.length === 0;
}
