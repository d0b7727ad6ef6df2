// The data folder: whether the journal could be written there, how fast it reaches the disk, how much room
// there is, and whether a bot works on it already. One small file is written, synced, renamed and removed;
// nothing that a bot keeps is touched.
import { randomBytes } from 'node:crypto';
import { statfsSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { codeOf } from '../adapters/clock.ts';
import { diskWords, realDisk } from '../adapters/store/journal/disk.ts';
import { whyItFailed } from '../adapters/store/fileTrouble.ts';
import { lockHolder } from '../adapters/store/journal/lock.ts';
import { fail, ok, skip, warn } from '../adapters/checks/line.ts';
import type { Tell } from '../adapters/checks/line.ts';

/** Bytes below which the journal may stop at any time, and below which somebody should look. */
const tooLittleSpace = 64 * 1024 * 1024;
const littleSpace = 1024 * 1024 * 1024;
/** Milliseconds; every approval waits for a few of these. */
const slowSync = 100;
/** Writes whose median is reported; the first one often pays for the others. */
const rounds = 5;

/**
 * The process that works on the folder: its id, or empty when it does not say; undefined when there is none.
 */
export async function examineDataFolder(folder: string, tell: Tell): Promise<string | undefined> {
  const place = whereItWillBe(folder);
  if ('wrong' in place) {
    tell(
      fail(
        'data.folder',
        place.wrong,
        'Set LR_DATA_DIR to a folder on a local disk that the bot may write to.',
      ),
    );
    tell(skip('data.space', 'not looked at', 'Fix data.folder first.'));
    tell(skip('data.lock', 'not looked at', 'Fix data.folder first.'));
    return undefined;
  }
  examineWriting(folder, place.existing, tell);
  examineSpace(place.existing, tell);
  if (place.existing !== resolve(folder)) {
    tell(ok('data.lock', 'no bot works on it yet'));
    return undefined;
  }
  return await examineLock(folder, tell);
}

/** The folder, or the nearest one above it that exists: the start makes the rest. */
function whereItWillBe(folder: string): { readonly existing: string } | { readonly wrong: string } {
  for (let at = resolve(folder); ; at = dirname(at)) {
    try {
      if (statSync(at).isDirectory()) return { existing: at };
      return { wrong: `${at} is not a folder` };
    } catch (error) {
      if (codeOf(error) === 'ENOTDIR') continue;
      if (codeOf(error) !== 'ENOENT' || dirname(at) === at)
        return { wrong: `${at} cannot be looked at: ${whyItFailed(error)}` };
    }
  }
}

/** The same calls as the journal's and the snapshot's: append, fdatasync, rename, sync of the folder. */
function examineWriting(folder: string, existing: string, tell: Tell): void {
  const name = join(existing, `doctor-${randomBytes(6).toString('hex')}`);
  const line = Buffer.alloc(512, 'x');
  const took: number[] = [];
  try {
    const file = realDisk.open(`${name}.tmp`, 'new');
    try {
      for (let round = 0; round < rounds; round += 1) {
        const began = performance.now();
        file.append(line);
        file.sync();
        took.push(performance.now() - began);
      }
    } finally {
      file.close();
    }
    realDisk.rename(`${name}.tmp`, `${name}.probe`);
    realDisk.syncFolder(existing);
  } catch (error) {
    tell(
      fail(
        'data.folder',
        `${existing} cannot be written: ${whyItFailed(error)}`,
        'Give the bot’s user the right to write there, free some space, or set LR_DATA_DIR to another folder on a local disk.',
      ),
    );
    return;
  } finally {
    tidy(name, tell);
  }
  const middle = [...took].sort((a, b) => a - b)[Math.floor(rounds / 2)] ?? 0;
  const where =
    existing === resolve(folder)
      ? folder
      : `${folder} does not exist yet and will be made below ${existing}, which`;
  const said = `${where} takes a synced write in ${middle < 1 ? middle.toFixed(2) : middle.toFixed(0)} ms, and a synced rename`;
  if (middle > slowSync)
    tell(
      warn(
        'data.folder',
        said,
        `Every approval waits for a few of these. Use a faster local disk; network shares are not supported (docs/storage.md).`,
      ),
    );
  else tell(ok('data.folder', said));
}

function tidy(name: string, tell: Tell): void {
  for (const path of [`${name}.tmp`, `${name}.probe`]) {
    try {
      realDisk.remove(path);
    } catch (error) {
      tell(
        warn(
          'data.folder',
          `the doctor’s own file ${path} could not be removed: ${diskWords(error)}`,
          'Remove it by hand.',
        ),
      );
    }
  }
}

function examineSpace(existing: string, tell: Tell): void {
  const { bavail, bsize } = statfsSync(existing);
  const free = bavail * bsize;
  const said = `${free >= littleSpace ? `${(free / littleSpace).toFixed(1)} GiB` : `${Math.floor(free / (1024 * 1024))} MiB`} free`;
  if (free < tooLittleSpace)
    tell(
      fail(
        'data.space',
        said,
        'Free some space: when the journal cannot be written, nothing is approved or sent.',
      ),
    );
  else if (free < littleSpace)
    tell(
      warn(
        'data.space',
        said,
        'The journal is kept forever and only grows; give it more room before a full disk stops the bot.',
      ),
    );
  else tell(ok('data.space', said));
}

async function examineLock(folder: string, tell: Tell): Promise<string | undefined> {
  const holder = await lockHolder(folder);
  if (holder === undefined) tell(ok('data.lock', 'no other process works on it'));
  else
    tell(
      ok(
        'data.lock',
        `a bot works on it${holder === '' ? '' : ` (process ${holder})`}; it was not disturbed`,
      ),
    );
  return holder;
}
