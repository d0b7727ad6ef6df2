// The disk of the simulated machine: a sync takes its time, and fails where the weather says so.
import { createMemoryDisk } from '../../support/store/memoryDisk.ts';
import type { Fault, MemoryDisk, MemoryDiskOptions } from '../../support/store/memoryDisk.ts';
import type { Chance } from '../core/chance.ts';
import type { Process } from '../core/process.ts';
import type { Weather } from '../core/weather.ts';

export interface DiskParts {
  readonly chance: Chance;
  readonly weather: Weather;
  /** The journal was written, or could not be. */
  readonly journaled?: (written: boolean) => void;
}

/** Milliseconds that a sync takes, on a good day and on a slow disk. */
const usual = [1, 12] as const;
const slow = [500, 6_000] as const;

const writing: ReadonlySet<string> = new Set(['append', 'open', 'rename', 'syncFolder']);

export class DiskSide {
  readonly #parts: DiskParts;
  #disk: MemoryDisk | undefined;
  /** What happens in the middle of the next sync. */
  #next: (() => void) | undefined;

  constructor(parts: DiskParts) {
    this.#parts = parts;
  }

  /** What the next process finds after the one before it ended so. */
  diskFor(process: Process, after: 'stop' | 'kill' | 'powerCut'): MemoryDisk {
    const { chance } = this.#parts;
    const options = this.#options(process);
    const before = this.#disk;
    const disk =
      before === undefined
        ? createMemoryDisk(new Map(), options)
        : after === 'powerCut'
          ? before.crash((n) => Math.floor(chance.next('power cut') * n), options)
          : before.kill(options);
    disk.failWith((...call) => this.#fault(...call));
    this.#disk = disk;
    return disk;
  }

  /** While bytes are written and not yet synced. */
  duringNextSync(run: () => void): void {
    this.#next = run;
  }

  /** The disk as it is, for a check from outside. */
  look(): MemoryDisk {
    if (this.#disk === undefined) throw new Error('no process has used the disk yet');
    return this.#disk.powerCut((n) => n - 1, {});
  }

  #options(process: Process): MemoryDiskOptions {
    const { chance, weather } = this.#parts;
    return {
      flushed: () => {
        const next = this.#next;
        this.#next = undefined;
        if (next !== undefined) void process.later(0, next);
        const [from, to] = weather.strikes('slowDisk', 'sync') ? slow : usual;
        return process.later(chance.between('sync', from, to), () => undefined);
      },
      letOthersWork: () => process.later(0, () => undefined),
      clock: process.clock,
      now: () => process.clock.now(),
    };
  }

  #fault(...call: Parameters<Fault>): ReturnType<Fault> {
    const [operation, path] = call;
    const fault = this.#drawn(...call);
    if (fault !== undefined || operation === 'sync') {
      if (path.includes('/journal-')) this.#parts.journaled?.(fault === undefined);
    }
    return fault;
  }

  #drawn(...[operation, , bytes]: Parameters<Fault>): ReturnType<Fault> {
    const { chance, weather } = this.#parts;
    if (writing.has(operation) && weather.strikes('diskFull', operation))
      return { code: 'ENOSPC', arrives: operation === 'append' ? chance.between('arrives', 0, bytes) : 0 };
    if (operation === 'sync' && weather.strikes('diskError', 'sync'))
      return { code: 'EIO', loses: chance.happens('loses', 0.5) };
    return undefined;
  }
}
