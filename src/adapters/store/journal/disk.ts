// The small port onto the disk by which the running bot reaches its data folder, and its real implementation.
// Tests put a faulty or a forgetful one in its place, so nothing may reach for node:fs around it; only what
// lies elsewhere (the policy, a key file, the anchor file) is read and written without it.
import {
  chmodSync,
  closeSync,
  existsSync,
  fchmodSync,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  futimesSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { isNativeError } from 'node:util/types';
import type { Clock, Log } from '../../../liveResponse/ports.ts';
import { codeOf, createClock, isMissing } from '../../clock.ts';
import { lockFolder } from './lock.ts';
import type { Lock } from './lock.ts';

/** An open file. Every call throws the system's error (`code` ENOSPC, EIO, ...) when it fails. */
export interface DiskFile {
  /** Writes all bytes at the end of the file. When it throws, any part of them may have been written. */
  append(bytes: Uint8Array): void;
  /**
   * fdatasync: when it returns, everything appended survives a power cut. After it threw, the handle is not
   * to be trusted.
   */
  sync(): void;
  /** The same without blocking the event loop. */
  flush(): Promise<void>;
  truncate(length: number): void;
  /** Sets when it was last changed, epoch milliseconds. */
  setTime(at: number): void;
  /** Bytes `from`..`from + length`; fewer where the file ends. */
  read(from: number, length: number): Uint8Array;
  size(): number;
  close(): void;
}

export interface Disk {
  /**
   * `append` makes the file if need be; `new` empties it first; `read` needs it to be there (ENOENT). Files
   * are 0600.
   */
  open(path: string, mode: 'append' | 'new' | 'read'): DiskFile;
  rename(from: string, to: string): void;
  /** No error when there is no such file. */
  remove(path: string): void;
  /** Names in a folder, sorted. */
  list(folder: string): readonly string[];
  /** When a file was last changed, epoch milliseconds; undefined where there is none. */
  timeOf(path: string): number | undefined;
  /** Makes the folder, and sets it to 0700. */
  makeFolder(folder: string): void;
  /** Makes creations, renames and removals in the folder survive a power cut. */
  syncFolder(folder: string): void;
  /** Keeps every other process off a folder that is there. @throws FolderInUse */
  lock(folder: string, log: Log): Promise<Lock>;
  /** Between two pieces of long work with the disk: lets the process do something else. */
  letOthersWork(): Promise<void>;
  /** The time that calls to the disk take: the machine's own, whatever clock the rest goes by. */
  readonly clock: Pick<Clock, 'elapsed' | 'sleep'>;
}

const flags = { append: 'a+', new: 'w+', read: 'r' } as const;

/** The system names no path for what is already open, and without one nobody knows which disk is meant. */
function named(error: unknown, path: string): Error {
  if (!isNativeError(error)) return new Error(String(error));
  return 'path' in error ? error : Object.assign(error, { path });
}

function realFile(fd: number, path: string): DiskFile {
  const on = <T>(task: () => T): T => {
    try {
      return task();
    } catch (error) {
      throw named(error, path);
    }
  };
  return {
    append: (bytes) =>
      on(() => {
        // A short write is legal for the system; half a line would be a torn one.
        for (let done = 0; done < bytes.length;) {
          const written = writeSync(fd, bytes, done, bytes.length - done);
          if (written === 0) throw new Error('the disk takes no more bytes, and does not say why');
          done += written;
        }
      }),
    sync: () => on(() => fdatasyncSync(fd)),
    flush: () =>
      new Promise((resolve, reject) => {
        fdatasync(fd, (error) => {
          if (error === null) resolve();
          else reject(named(error, path));
        });
      }),
    truncate: (length) => on(() => ftruncateSync(fd, length)),
    setTime: (at) => on(() => futimesSync(fd, at / 1000, at / 1000)),
    read: (from, length) => {
      const buffer = Buffer.allocUnsafe(length);
      let done = 0;
      while (done < length) {
        const count = readSync(fd, buffer, done, length - done, from + done);
        if (count === 0) break;
        done += count;
      }
      return buffer.subarray(0, done);
    },
    size: () => fstatSync(fd).size,
    close: () => closeSync(fd),
  };
}

/** The real file system. */
export const realDisk: Disk = {
  open: (path, mode) => {
    const fd = openSync(path, flags[mode], 0o600);
    // The mode above counts only for a file that is new; an older one may have been restored with wider
    // rights.
    if (mode !== 'read') fchmodSync(fd, 0o600);
    return realFile(fd, path);
  },
  rename: (from, to) => renameSync(from, to),
  remove: (path) => rmSync(path, { force: true }),
  list: (folder) => readdirSync(folder).sort(),
  timeOf: (path) => {
    try {
      return statSync(path).mtimeMs;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  },
  makeFolder: (folder) => {
    const made = makeFolders(folder);
    if (made !== undefined) syncFolder(dirname(made));
    try {
      chmodSync(folder, 0o700);
    } catch (error) {
      // A file system that is read-only, full or broken says so itself.
      if (codeOf(error) !== 'EPERM') throw error;
      throw new Error(
        `The data folder ${folder} cannot be kept to its owner (mode 0700). If it is the root of a mounted volume, set LR_DATA_DIR to a folder inside it.`,
        { cause: error },
      );
    }
  },
  syncFolder,
  lock: (folder, log) => lockFolder(folder, log),
  letOthersWork: () =>
    new Promise((resolve) => {
      setImmediate(resolve);
    }),
  clock: createClock(),
};

/**
 * The folder and those above it that are missing; the uppermost that was made, or undefined. Level by level:
 * Node's own way never comes back where a folder is there and yet takes none, as below /proc
 * (nodejs/node#31481). @throws what the system says of the folder that it refuses
 */
function makeFolders(folder: string): string | undefined {
  try {
    mkdirSync(folder, { mode: 0o700 });
    return folder;
  } catch (error) {
    const above = dirname(folder);
    if (codeOf(error) === 'EEXIST' && statSync(folder).isDirectory()) return undefined;
    if (codeOf(error) !== 'ENOENT' || above === folder || existsSync(above)) throw error;
  }
  const uppermost = makeFolders(dirname(folder));
  mkdirSync(folder, { mode: 0o700 });
  return uppermost ?? folder;
}

/** Flushes the names in a folder. @throws the system's error */
export function syncFolder(folder: string): void {
  // Windows cannot open a folder; NTFS journals its names itself.
  if (process.platform === 'win32') return;
  const fd = openSync(folder, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** What the system called an error, for words shown to people: "ENOSPC: no space left on device". */
export function diskWords(error: unknown): string {
  return isNativeError(error) ? error.message : String(error);
}
