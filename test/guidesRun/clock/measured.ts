// What the clock measures of a command: how long it took, how much of that its processes were computing, and
// how much of it they stood in line for a processor that others had. The last is what a busy machine adds; a
// slow program adds nothing to it.
import { readFileSync } from 'node:fs';
import { codeOf } from '../../../src/adapters/clock.ts';

/** All milliseconds. */
export interface Took {
  /** By the clock on the wall. */
  readonly wall: number;
  /** Processor time of all its processes. */
  readonly computing: number;
  /**
   * What its main threads waited for a processor. One of its processes waits for the next, so the sum is at
   * most a little more than was lost.
   */
  readonly inLine: number;
}

export const nothing: Took = { wall: 0, computing: 0, inLine: 0 };

export function sum(...all: readonly Took[]): Took {
  return all.reduce(
    (one, other) => ({
      wall: one.wall + other.wall,
      computing: one.computing + other.computing,
      inLine: one.inLine + other.inLine,
    }),
    nothing,
  );
}

export type Verdict = 'met' | 'met but for the load' | 'missed';

/**
 * Whether a goal was met. The clock on the wall decides; a miss is the program's unless it comes down to what
 * other programs on this machine took: the time in line, as the kernel counted it, is then taken off. A
 * program that computes or sleeps too long misses on any machine.
 * @param goal milliseconds
 */
export function judged({ wall, inLine }: Took, goal: number): Verdict {
  if (wall < goal) return 'met';
  return wall - inLine < goal ? 'met but for the load' : 'missed';
}

interface Seen {
  computing: number;
  inLine: number;
}

/**
 * Linux counts processor time in 1/100 s (sysconf(_SC_CLK_TCK); fixed for user space:
 * include/asm-generic/param.h, USER_HZ).
 */
const tick = 10;
/**
 * Milliseconds between two looks: what a process does after the last look at it is not counted, so at most
 * this for each process.
 */
const every = 40;

/**
 * Looks at a process and all below it until it is told to stop. Where there is no /proc nothing is counted,
 * and the wall decides alone.
 */
export class Watch {
  readonly #began = performance.now();
  readonly #seen = new Map<number, Seen>();
  readonly #timer: NodeJS.Timeout;
  readonly #top: number | undefined;

  constructor(top: number | undefined) {
    this.#top = top;
    this.#look();
    this.#timer = setInterval(() => {
      this.#look();
    }, every);
  }

  /** So far. */
  took(): Took {
    this.#look();
    const seen = [...this.#seen.values()];
    return {
      wall: performance.now() - this.#began,
      computing: seen.reduce((all, { computing }) => all + computing, 0),
      inLine: seen.reduce((all, { inLine }) => all + inLine, 0),
    };
  }

  stop(): Took {
    clearInterval(this.#timer);
    return this.took();
  }

  #look(): void {
    const left = this.#top === undefined ? [] : [this.#top];
    for (let process = left.pop(); process !== undefined; process = left.pop()) {
      const stat = proc(process, 'stat');
      // After the name in brackets, which may hold anything: state, parent, group, ... utime and stime are
      // the 12th and 13th from there (proc(5)).
      const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
      if (fields === undefined || fields[0] === 'Z') continue;
      const [, waited = '0'] = (proc(process, 'schedstat') ?? '').split(' ');
      this.#seen.set(process, {
        computing: (Number(fields[11]) + Number(fields[12])) * tick,
        inLine: Number(waited) / 1_000_000,
      });
      left.push(
        ...(proc(process, `task/${process}/children`) ?? '')
          .split(' ')
          .filter((child) => child.trim() !== '')
          .map(Number),
      );
    }
  }
}

/** Undefined when the process has ended, and where the system tells nothing. */
function proc(process: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${process}/${file}`, 'utf8').trim();
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EACCES'].includes(codeOf(error))) return undefined;
    throw error;
  }
}

export const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
