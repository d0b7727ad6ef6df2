// A disk in memory that forgets what was never synced, and fails where a test wants it to. What a power cut
// may leave is chosen by the test: any prefix of the folder's changes, any prefix of a file's unsynced bytes,
// and any of their blocks as zeros.
import { basename, dirname, join } from 'node:path';
import type { Disk, DiskFile } from '../../../src/adapters/store/journal/disk.ts';

export type DiskOperation = 'open' | 'append' | 'sync' | 'truncate' | 'rename' | 'remove' | 'syncFolder';

/**
 * Answers how many bytes of an append still arrive before the error; 0 for everything else. Undefined: all is
 * well.
 */
export type Fault = (
  operation: DiskOperation,
  path: string,
  bytes: number,
) => { readonly code: string; readonly arrives?: number } | undefined;

interface Inode {
  durable: Buffer;
  current: Buffer;
}

type NameChange = { readonly folder: string; readonly apply: (names: Map<string, Inode>) => void };

export interface MemoryDisk extends Disk {
  failWith(fault: Fault | undefined): void;
  /** Operations so far that could change something. */
  operations(): number;
  /** The disk as it may be found after a power cut. `pick(n)` chooses 0..n-1. */
  powerCut(pick: (n: number) => number): MemoryDisk;
  bytes(path: string): Buffer | undefined;
  overwrite(path: string, bytes: Uint8Array): void;
}

/** Small, so that even a short line spans several. */
const block = 64;

export function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: injected`), { code });
}

/** Counts the operations that could change something, and lets those fail that a test wants to. */
class Faults {
  fault: Fault | undefined;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  attempt(operation: DiskOperation, path: string, bytes = 0): ReturnType<Fault> {
    this.#count += 1;
    return this.fault?.(operation, path, bytes);
  }

  guard(operation: DiskOperation, path: string): void {
    const failed = this.attempt(operation, path);
    if (failed !== undefined) throw systemError(failed.code);
  }
}

function handle(path: string, inode: Inode, faults: Faults): DiskFile {
  const sync = (): void => {
    faults.guard('sync', path);
    inode.durable = inode.current;
  };
  return {
    append: (bytes) => {
      const failed = faults.attempt('append', path, bytes.length);
      const arrived = failed === undefined ? bytes.length : (failed.arrives ?? 0);
      inode.current = Buffer.concat([inode.current, bytes.subarray(0, arrived)]);
      if (failed !== undefined) throw systemError(failed.code);
    },
    sync,
    flush: () => Promise.resolve().then(sync),
    truncate: (length) => {
      faults.guard('truncate', path);
      inode.current = inode.current.subarray(0, length);
    },
    read: (start, length) => Buffer.from(inode.current.subarray(start, start + length)),
    size: () => inode.current.length,
    close: () => undefined,
  };
}

export function createMemoryDisk(from: ReadonlyMap<string, Buffer> = new Map()): MemoryDisk {
  const names = new Map<string, Inode>(
    [...from].map(([path, bytes]) => [path, { durable: bytes, current: bytes }]),
  );
  let durableNames = new Map(names);
  let pending: readonly NameChange[] = [];
  const faults = new Faults();

  function change(folder: string, apply: (names: Map<string, Inode>) => void): void {
    apply(names);
    pending = [...pending, { folder, apply }];
  }

  return {
    open: (path, mode) => {
      const there = names.get(path);
      if (mode === 'read') {
        if (there === undefined) throw systemError('ENOENT');
        return handle(path, there, faults);
      }
      faults.guard('open', path);
      if (there !== undefined) {
        if (mode === 'new') there.current = Buffer.alloc(0);
        return handle(path, there, faults);
      }
      const made: Inode = { durable: Buffer.alloc(0), current: Buffer.alloc(0) };
      change(dirname(path), (all) => all.set(path, made));
      return handle(path, made, faults);
    },
    rename: (source, target) => {
      faults.guard('rename', source);
      change(dirname(target), (all) => {
        const inode = all.get(source);
        if (inode === undefined) return;
        all.delete(source);
        all.set(target, inode);
      });
    },
    remove: (path) => {
      if (!names.has(path)) return;
      faults.guard('remove', path);
      change(dirname(path), (all) => all.delete(path));
    },
    list: (folder) =>
      [...names.keys()]
        .filter((path) => dirname(path) === folder)
        .map((path) => basename(path))
        .sort(),
    makeFolder: () => undefined,
    syncFolder: (folder) => {
      faults.guard('syncFolder', folder);
      for (const one of pending) one.apply(durableNames);
      pending = [];
    },
    failWith: (next) => {
      faults.fault = next;
    },
    operations: () => faults.count,
    powerCut: (pick) => {
      const left = new Map(durableNames);
      for (const one of pending.slice(0, pick(pending.length + 1))) one.apply(left);
      return createMemoryDisk(new Map([...left].map(([path, inode]) => [path, remains(inode, pick)])));
    },
    bytes: (path) => names.get(path)?.current,
    overwrite: (path, bytes) => {
      const inode: Inode = { durable: Buffer.from(bytes), current: Buffer.from(bytes) };
      names.set(path, inode);
      durableNames = new Map(durableNames).set(path, inode);
    },
  };
}

/**
 * Unsynced bytes: some of them, in whole blocks or none. A shorter file than the durable one was truncated:
 * that may have arrived or not.
 */
function remains({ durable, current }: Inode, pick: (n: number) => number): Buffer {
  let same = 0;
  while (same < durable.length && same < current.length && durable[same] === current[same]) same += 1;
  if (same < durable.length) return pick(2) === 0 ? durable : current;
  const length = durable.length + pick(current.length - durable.length + 1);
  const left = Buffer.from(current.subarray(0, length));
  for (let at = durable.length; at < length; at += block) {
    if (pick(4) === 0) left.fill(0, at, Math.min(at + block, length));
  }
  return left;
}

/** Where tests keep the store on such a disk. */
export const memoryFolder = join('/', 'data');
