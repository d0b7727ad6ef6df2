// `npm run freeze -- "why"`: stops all submissions from the machine itself, with both chats down, next to a
// running bot or without one. Exit code 0 once the journal says that the freeze is in force, 1 when it does
// not yet, 2 when it was called wrongly. There is no unfreeze here: what lets things run again is for a
// person with that role, in a chat.
import { statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { Environment } from '../adapters/config/environment.ts';
import { readRecord } from '../adapters/config/recordSettings.ts';
import type { Keys } from '../adapters/store/journal/keys.ts';
import { openPeople } from '../adapters/store/journal/people.ts';
import { readSettings } from '../adapters/config/settings.ts';
import { segmentsIn } from '../adapters/store/journal/segments.ts';
import { keysOf } from '../app/recordOptions.ts';
import { createClock } from '../adapters/clock.ts';
import { createLog } from '../adapters/log.ts';
import { commandFor } from '../adapters/ownCommands.ts';
import { diskWords, realDisk } from '../adapters/store/journal/disk.ts';
import {
  createFreezeWatch,
  dropFreezeRequest,
  freezeInForce,
  freezeLook,
  pendingFreeze,
} from '../adapters/store/outputStore.ts';
import { FolderInUse, lockHolder } from '../adapters/store/journal/lock.ts';
import { openStore } from '../adapters/store/journal/requestStore.ts';
import { readDotEnv } from '../adapters/config/dotEnv.ts';
import { tameProse } from '../bot/commands/text.ts';
import type { Freeze } from '../liveResponse/ports.ts';
import { tooLong } from '../liveResponse/verbs.ts';

const usage = `usage: ${commandFor('freeze', '"why"')} [--data DIR]
Stops all submissions to Defender; works with both chats down. DIR is LR_DATA_DIR or ./data when not given.
Released with "unfreeze" in a chat, by somebody with a role under "freeze" in the policy.
`;

/** A running bot looks every second; a slow disk may take its time with the journal. Milliseconds. */
const inForceWithin = 30_000;
const ownLook = 200;

function readArguments(
  given: readonly string[],
): { readonly why: string; readonly folder: string } | undefined {
  const at = given.indexOf('--data');
  const folder = at < 0 ? (process.env['LR_DATA_DIR']?.trim() ?? '') || './data' : given[at + 1];
  const words = given.filter((_, index) => at < 0 || (index !== at && index !== at + 1));
  const prose = tameProse(words.join(' ').trim());
  if (folder === undefined || words.some((word) => word.startsWith('--')) || 'hidden' in prose)
    return undefined;
  const why = prose.text.replace(/\s+/g, ' ').trim();
  return why === '' || tooLong('freeze', why) !== undefined ? undefined : { why, folder };
}

/** No bot runs: its own journal is written here, under its lock. */
async function freezeAlone(folder: string, keys: Keys | undefined): Promise<void> {
  const log = createLog({ level: 'error' });
  // With a key of its own making a bot that has another could not start any more.
  if (keys === undefined && !mayMakeKey(folder))
    throw new Error(
      'no bot runs here, and its key is neither in LR_JOURNAL_KEY or LR_JOURNAL_KEY_FILE nor in the folder, so the journal cannot be written',
    );
  const store = await openStore({
    dir: folder,
    clock: createClock(),
    log,
    ...(keys === undefined ? {} : { keys }),
  });
  try {
    const freeze = async (by: string, why: string): Promise<void> => {
      if (store.freeze() === undefined) await store.note({ type: 'frozen', by, why });
    };
    await createFreezeWatch({ disk: realDisk, folder, log, freeze }).look();
  } finally {
    await store.close();
  }
}

/** Waits for the running bot; takes over where that ends meanwhile. */
async function inForce(folder: string, keys: Keys | undefined): Promise<Freeze | undefined> {
  for (const ends = performance.now() + inForceWithin; performance.now() < ends;) {
    await pause(ownLook);
    if (pendingFreeze(realDisk, folder) === undefined) return freezeNow(folder, keys);
    if ((await lockHolder(folder)) !== undefined) continue;
    try {
      await freezeAlone(folder, keys);
    } catch (error) {
      if (!(error instanceof FolderInUse)) throw error;
    }
  }
  return undefined;
}

/** As the bot itself does before its first line, for a simulated tenant. */
function mayMakeKey(folder: string): boolean {
  const read = readSettings(process.env);
  const simulated =
    'settings' in read &&
    (read.settings.defender.kind === 'simulator' || read.settings.defender.auth.kind === 'none');
  return simulated && segmentsIn(realDisk, folder).every(({ size }) => size === 0);
}

function freezeNow(folder: string, keys: Keys | undefined): Freeze | undefined {
  return freezeInForce(
    realDisk,
    folder,
    keys === undefined ? undefined : openPeople({ disk: realDisk, folder, keys }),
  );
}

/** Undefined where there is none, or none that can be used: a running bot needs none of us. */
function keysIn(folder: string): Keys | undefined {
  try {
    return keysOf(readRecord(new Environment(process.env)), folder).keys;
  } catch (error) {
    process.stderr.write(`${diskWords(error)}\n`);
    return undefined;
  }
}

async function main(): Promise<number> {
  const file = readDotEnv(process.env);
  for (const one of [file.wrong, ...(file.odd ?? [])])
    if (one !== undefined) process.stderr.write(`${one}\n`);
  if (process.argv[2] === '--help') {
    process.stdout.write(usage);
    return 0;
  }
  const given = readArguments(process.argv.slice(2));
  if (given === undefined) {
    process.stderr.write(usage);
    return 2;
  }
  const { why, folder } = given;
  // A freeze of another folder, reported as one of the bot's, would stop nothing.
  if (
    file.unread === true &&
    !process.argv.includes('--data') &&
    (process.env['LR_DATA_DIR']?.trim() ?? '') === ''
  ) {
    process.stderr.write(
      'Nothing was frozen: the settings that may name the data folder were not read. Name the bot\u2019s own with --data or LR_DATA_DIR, and run this as the bot\u2019s user.\n',
    );
    return 1;
  }
  try {
    if (!statSync(folder).isDirectory()) throw new Error('it is not a folder');
    dropFreezeRequest(realDisk, folder, `${userInfo().username} at the machine`, why);
  } catch (error) {
    process.stderr.write(
      `Nothing was frozen: the data folder ${folder} cannot be used (${diskWords(error)}). Name the bot\u2019s own with --data or LR_DATA_DIR, and run this as the bot\u2019s user.\n`,
    );
    return 1;
  }
  try {
    const keys = keysIn(folder);
    const before = freezeNow(folder, keys);
    const freeze = await inForce(folder, keys);
    if (freeze !== undefined && freeze.at === before?.at) {
      process.stdout.write(
        `Frozen already, and it stays so: nothing is sent to Defender. In the journal since ${new Date(freeze.at).toISOString()}, by ${freeze.by}: ${freeze.why}\nYour own reason was not written down: the first one stands. "unfreeze" in a chat releases it.\n`,
      );
      return 0;
    }
    if (freeze !== undefined) {
      process.stdout.write(
        `Frozen: nothing more is sent to Defender. In the journal since ${new Date(freeze.at).toISOString()}, by ${freeze.by}: ${freeze.why}\nWhat already runs goes on. "unfreeze" in a chat releases it.\n`,
      );
      return 0;
    }
    process.stderr.write(
      `NOT in force yet: the bot did not take the freeze up within ${inForceWithin / 1000} s (it looks every ${freezeLook / 1000} s), or it was released at once. The request stays in ${folder}: it is taken up as soon as the bot can write its journal, or at its next start. To be sure now, stop the process.\n`,
    );
  } catch (error) {
    process.stderr.write(
      `NOT in force yet: ${diskWords(error)}. The request stays in ${folder} and is taken up before the next start sends anything.\n`,
    );
  }
  return 1;
}

process.exitCode = await main();
