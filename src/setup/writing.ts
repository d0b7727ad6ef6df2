// Writing of new files, each whole or not at all: a kill at any moment leaves no part of one under its name,
// and nothing is ever overwritten.
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { codeOf } from '../adapters/clock.ts';
import { diskWords, syncFolder } from '../adapters/store/journal/disk.ts';

export type Written = 'written' | 'there already';

const draftShape = /^\.lr-setup-(\d{1,10})-[0-9a-f]{12}$/;

/** Whether anything has that name, a link that leads nowhere included. */
export function isThere(path: string): boolean {
  try {
    lstatSync(path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return false;
    throw error;
  }
}

/** Thrown when a file cannot be written; the message is for people, and nothing of the file is there. */
export class NotWritten extends Error {}

/** By the system's code: why a folder takes no file, and what to do. */
const reasons: Readonly<Record<string, string>> = {
  EACCES: 'this user may not write in the folder. Give it the right to, or name another folder',
  EPERM: 'this user may not write in the folder. Give it the right to, or name another folder',
  EROFS: 'the folder is on a file system that is mounted for reading only. Name another folder',
  ENOSPC: 'the disk is full. Free some space',
  EDQUOT: 'this user’s share of the disk is used up. Free some space',
  ENOTDIR: 'something on the way to it is a file and no folder. Name another folder',
  EEXIST: 'something on the way to it is a file and no folder. Name another folder',
};

/**
 * @param mode of the file, such as 0o600, of which a umask can only take away
 * @param made is called with each folder that was made for it, the highest first
 * @throws NotWritten
 */
export function writeNew(
  path: string,
  content: string | Uint8Array,
  mode: number,
  made: (folder: string) => void = () => undefined,
): Written {
  try {
    return written(path, content, mode, made);
  } catch (error) {
    const code = codeOf(error);
    if (code === '') throw error;
    throw new NotWritten(`${path} cannot be written (${code}): ${reasons[code] ?? diskWords(error)}.`, {
      cause: error,
    });
  }
}

function written(
  path: string,
  content: string | Uint8Array,
  mode: number,
  made: (folder: string) => void,
): Written {
  const folder = dirname(path);
  // Before the look: a run that was killed right after it gave the name left the draft as a second name of
  // the file.
  removeDrafts(folder);
  if (isThere(path)) return 'there already';
  const highest = mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (highest !== undefined) for (const one of between(highest, folder)) made(one);
  const draft = join(folder, `.lr-setup-${process.pid}-${randomBytes(6).toString('hex')}`);
  const file = openSync(draft, 'wx', mode);
  try {
    try {
      writeAll(file, Buffer.from(content));
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    const outcome = giveName(draft, path);
    syncFolder(folder);
    return outcome;
  } finally {
    rmSync(draft, { force: true });
  }
}

/** From a folder down to one in it, both included. */
function between(highest: string, lowest: string): readonly string[] {
  const names = relative(highest, lowest)
    .split(sep)
    .filter((name) => name !== '');
  return [highest, ...names.map((_name, index) => join(highest, ...names.slice(0, index + 1)))];
}

function writeAll(file: number, bytes: Buffer): void {
  for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done);
}

/** A link fails where the name is taken, which a rename would not. */
export function giveName(draft: string, path: string): Written {
  try {
    linkSync(draft, path);
    return 'written';
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return 'there already';
    // File systems without links, as some shares are: between the look and the rename lies a moment.
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(codeOf(error))) throw error;
    if (isThere(path)) return 'there already';
    renameSync(draft, path);
    return 'written';
  }
}

/** What a killed run left: it may hold a secret. Drafts of a run that still works stay. */
export function removeDrafts(folder: string): void {
  for (const name of namesIn(folder)) {
    const pid = draftShape.exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) rmSync(join(folder, name), { force: true });
  }
}

/** None where they cannot be listed: what is to be written there tells why. */
function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (codeOf(error) === '') throw error;
    return [];
  }
}

function isAlive(pid: number): boolean {
  // Of an earlier run with the same number, as each has in a container: this one has no draft while it looks
  // for them.
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Another user's process may not be signalled, and is there.
    return codeOf(error) !== 'ESRCH';
  }
}
