// The verdict over one case: what was thrown, how long the event loop stood still, how much memory stayed, and
// whether the prototypes of the language are as they were.
import { performance } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Target } from './target.ts';
import { pace, processorTime } from './pace.ts';
import { Wrong } from './target.ts';

/** No input may keep the event loop for longer. Milliseconds. */
export const longestCase = 50;
/** No input may leave more behind. Bytes. */
export const mostGrowth = 20 * 1024 * 1024;

export type Fault = 'threw' | 'wrong' | 'slow' | 'grew' | 'polluted';

export interface Failure {
  readonly fault: Fault;
  /** In words; without what differs from one input to the next it is the same for the same fault. */
  readonly why: string;
}

/** A slow case is measured again so often: what another program held up is not the reader's. */
const attempts = 9;
/** So often is a case run to see whether something stays each time. */
const repeats = 64;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Bytes in use after everything that nobody needs is gone. */
export function memoryInUse(): number {
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

export function failureOf(error: unknown): Failure {
  if (error instanceof Wrong) return { fault: 'wrong', why: error.message };
  if (!(error instanceof Error)) return { fault: 'threw', why: `a value: ${String(error).slice(0, 100)}` };
  const [, place = ''] = /\n\s+at ([^\n]*)/.exec(error.stack ?? '') ?? [];
  const where = place.replace(/\(?(?:file:\/\/)?\/.*\/(?=[^/]*$)/, '').replace(/:\d+:\d+\)?$/, '');
  return { fault: 'threw', why: `${error.name}: ${error.message.slice(0, 200)} (${where})` };
}

/** The same for the same fault, whatever the input was. */
export function signatureOf({ fault, why }: Failure): string {
  return `${fault} ${why
    .replace(/"[^"]*"|'[^']*'/g, '""')
    .replace(/\d+/g, '0')
    .slice(0, 120)}`;
}

const prototypes = [Object, Array, String, Number, Function, Map, Promise, RegExp].map(
  (one) => one.prototype as object,
);
const namesBefore = prototypes.map((one) => Reflect.ownKeys(one).length);

/** A name that every object has now, all of which are taken away again; undefined while none has. */
export function pollution(): string | undefined {
  let found: string | undefined;
  for (const name in {}) {
    Reflect.deleteProperty(Object.prototype, name);
    found ??= name;
  }
  return found?.slice(0, 60);
}

/** Whether anything was added to what all values inherit; slower, and sees hidden names as well. */
export function prototypesAreClean(): boolean {
  return prototypes.every((one, index) => Reflect.ownKeys(one).length === namesBefore[index]);
}

interface Run {
  readonly failure: Failure | undefined;
  /** Milliseconds in which the event loop could do nothing else. */
  readonly ms: number;
  readonly kept: unknown;
}

/**
 * Runs a case. By the wall clock it takes longer when other programs run, by the processor's time of its thread
 * when the collector comes, and by the loop's when a server works for others: the least of them is the case's
 * own.
 */
async function runOnce(target: Target, input: Buffer): Promise<Run> {
  const before = processorTime();
  const loop = performance.eventLoopUtilization();
  const begun = performance.now();
  let failure: Failure | undefined;
  let kept: unknown;
  try {
    const made = target.run(input);
    kept = made instanceof Promise ? await made : made;
  } catch (error) {
    failure = failureOf(error);
  }
  const wall = performance.now() - begun;
  const { active } = performance.eventLoopUtilization(loop);
  const times = [wall, processorTime() - before, ...(target.waits === true ? [active] : [])];
  return { failure, ms: Math.min(...times), kept };
}

/**
 * Milliseconds of a case that seems to take too long: it is tried again, each time beside work of which it is
 * known how long it takes, and the best ratio counts. A busy machine slows both.
 */
async function leastOf(target: Target, input: Buffer, first: number, longest: number): Promise<number> {
  let least = first;
  let before = pace();
  least *= before;
  for (let attempt = 1; attempt < attempts && least > longest; attempt += 1) {
    const { ms } = await runOnce(target, input);
    const after = pace();
    least = Math.min(least, (ms * (before + after)) / 2);
    before = after;
  }
  return least;
}

export interface Verdict {
  readonly failure: Failure | undefined;
  /** The least of some measurements, milliseconds. */
  readonly ms: number;
  /** Bytes that stayed. */
  readonly growth: number;
}

const opened = new WeakSet<Target>();

/** A server is opened with its first case: what that takes is no input's. */
async function open(target: Target): Promise<void> {
  if (target.waits !== true || opened.has(target)) return;
  opened.add(target);
  await runOnce(target, target.seeds[0] ?? Buffer.alloc(0));
}

/** Measures one case thoroughly, in a process whose modules carry no counters. */
export async function judge(target: Target, input: Buffer, longest = longestCase): Promise<Verdict> {
  await open(target);
  const before = memoryInUse();
  const first = await runOnce(target, input);
  let growth = memoryInUse() - before;
  const name = pollution();
  const ms = first.ms > longest ? await leastOf(target, input, first.ms, longest) : first.ms;
  for (let attempt = 1; attempt < attempts && growth > mostGrowth; attempt += 1)
    growth = await growthOf(target, input);
  const said = (failure: Failure): Verdict => ({ failure, ms, growth });
  if (first.failure !== undefined) return said(first.failure);
  if (name !== undefined || !prototypesAreClean())
    return said({ fault: 'polluted', why: `every object has "${name ?? 'a hidden name'}" now` });
  if (ms > longest) return said({ fault: 'slow', why: `${Math.round(ms)} ms for ${input.length} bytes` });
  if (growth > mostGrowth)
    return said({ fault: 'grew', why: `${Math.round(growth / 1048576)} MB stayed of ${input.length} bytes` });
  return { failure: undefined, ms, growth };
}

async function growthOf(target: Target, input: Buffer): Promise<number> {
  const before = memoryInUse();
  const held = await runOnce(target, input);
  const growth = memoryInUse() - before;
  return held.kept === growth ? 0 : growth;
}

/** Bytes that stay after a case was run many times: a reader that keeps a little of each. */
export async function growthOfMany(target: Target, input: Buffer): Promise<number> {
  await runOnce(target, input);
  const before = memoryInUse();
  for (let time = 0; time < repeats; time += 1) await runOnce(target, input);
  return memoryInUse() - before;
}

/** The thorough measurement, and whether something stays each time. */
export async function judgeRepeated(target: Target, input: Buffer, longest = longestCase): Promise<Verdict> {
  const verdict = await judge(target, input, longest);
  if (verdict.failure !== undefined) return verdict;
  const growth = await growthOfMany(target, input);
  const why = `${Math.round(growth / 1048576)} MB stayed after ${repeats} times`;
  return growth > mostGrowth ? { ...verdict, growth, failure: { fault: 'grew', why } } : verdict;
}
