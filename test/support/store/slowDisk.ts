// Loaded into a program before its own modules (`node --import`): a disk on which every fsync takes as long
// as a file says. The program's modules are its own, and what they write is on the disk when they are told
// so; only the disk takes its time.
import { existsSync, readFileSync } from 'node:fs';
import fs from 'node:fs';
import { open } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/**
 * Names the file that holds what one fsync takes, in milliseconds. Without the file the disk is as fast as it
 * is.
 */
const setting = 'TEST_SLOW_DISK';

/** What a program is started with, so that its disk can be made slow while it runs. */
export function slowDiskSettings(file: string): Readonly<Record<string, string>> {
  return { NODE_OPTIONS: `--import=${fileURLToPath(import.meta.url)}`, [setting]: file };
}

function slow(file: string): number {
  return existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
}

/** As a real one does, it stops the whole process. */
function block(ms: number): void {
  if (ms > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

type Blocking = 'fsyncSync' | 'fdatasyncSync';
type Calling = 'fsync' | 'fdatasync';

async function install(file: string): Promise<void> {
  for (const name of ['fsyncSync', 'fdatasyncSync'] satisfies readonly Blocking[]) {
    const quick = fs[name];
    fs[name] = (fd) => {
      block(slow(file));
      quick(fd);
    };
  }
  for (const name of ['fsync', 'fdatasync'] satisfies readonly Calling[]) {
    const quick = fs[name];
    const slowed = (fd: number, done: (error: NodeJS.ErrnoException | null) => void): void => {
      setTimeout(() => {
        quick(fd, done);
      }, slow(file));
    };
    Object.assign(fs, { [name]: slowed });
  }
  const handle = await open(fileURLToPath(import.meta.url));
  const handles = Object.getPrototypeOf(handle) as {
    sync: () => Promise<void>;
    datasync: () => Promise<void>;
  };
  for (const name of ['sync', 'datasync'] as const) {
    const quick = handles[name];
    handles[name] = async function (this: unknown) {
      await pause(slow(file));
      await quick.call(this);
    };
  }
  await handle.close();
  syncBuiltinESMExports();
}

const file = process.env[setting];
if (file !== undefined) await install(file);
