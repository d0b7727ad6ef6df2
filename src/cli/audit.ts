// `npm run audit`: proves the journal, prints its anchor, tells one request's history, and compares an export
// of the tenant's audit log with it, also next to a running bot. With the bot stopped it accepts a restored
// record, holds it for a court, or forgets a person.
import { readdirSync } from 'node:fs';
import { Environment, ConfigError } from '../adapters/config/environment.ts';
import { readRecord } from '../adapters/config/recordSettings.ts';
import { commandFor } from '../adapters/ownCommands.ts';
import { fileTrouble, whyItFailed } from '../adapters/store/fileTrouble.ts';
import { JournalBroken, OtherKey } from '../adapters/store/journal/journalBroken.ts';
import type { Head } from '../adapters/store/journal/line.ts';
import { FolderInUse } from '../adapters/store/journal/lock.ts';
import { accept, forget, hold, release } from '../audit/changeRecord.ts';
import { compareExport, compareUsage } from '../audit/compareReport.ts';
import { printHead, show, verify } from '../audit/readRecord.ts';
import type { Place } from '../audit/readRecord.ts';
import { readDotEnv } from '../adapters/config/dotEnv.ts';
import { keysOf } from '../app/recordOptions.ts';

const usage = `usage: ${commandFor('audit', 'verify')} [--data DIR] [--anchor SEQ:HASH]   check every line of the journal, and the anchors of LR_ANCHOR_FILE
       ${commandFor('audit', 'head')} [--data DIR]                        print the newest line's number and hash, to be noted elsewhere
       ${commandFor('audit', 'show')} REQUEST [--data DIR]                print what happened to one request
${compareUsage}
With the bot stopped:
       ${commandFor('audit', 'accept')} SEQ:HASH [--data DIR]             after a restore: go on from this head; the bot then starts frozen
       ${commandFor('audit', 'hold')} PERSON|REQUEST [WHY] [--data DIR]   a legal hold: that person, or the people of that request, cannot be forgotten
       ${commandFor('audit', 'release')} PERSON|REQUEST [--data DIR]      end a legal hold
       ${commandFor('audit', 'forget')} PERSON [--data DIR]               destroy a person's key: names, accounts and reasons cannot be read again
DIR is LR_DATA_DIR or ./data when not given. The key is that of LR_JOURNAL_KEY or LR_JOURNAL_KEY_FILE, or the one in the folder.`;

interface Arguments {
  readonly words: readonly string[];
  readonly folder: string;
  readonly anchor?: Head;
}

function headIn(text: string | undefined): Head | undefined {
  const match = /^(\d+):([0-9a-f]{64})$/.exec(text ?? '');
  return match === null ? undefined : { seq: Number(match[1]), hash: match[2] ?? '' };
}

function readArguments(given: readonly string[], folder: string): Arguments | undefined {
  const words: string[] = [];
  let read: Omit<Arguments, 'words'> = { folder };
  for (let at = 0; at < given.length; at += 1) {
    const word = given[at] ?? '';
    if (!word.startsWith('--')) {
      words.push(word);
      continue;
    }
    const value = given[(at += 1)];
    if (value === undefined) return undefined;
    if (word === '--data') read = { ...read, folder: value };
    else if (word === '--anchor') {
      const anchor = headIn(value);
      if (anchor === undefined) return undefined;
      read = { ...read, anchor };
    } else return undefined;
  }
  return { ...read, words };
}

/** How many words each verb takes behind it. */
const verbs: Readonly<Record<string, readonly [least: number, most: number]>> = {
  verify: [0, 0],
  head: [0, 0],
  show: [1, 1],
  accept: [1, 1],
  hold: [1, 99],
  release: [1, 1],
  forget: [1, 1],
};

/**
 * Exit code: 0 all well, 1 something is wrong with the journal or the request is unknown, 2 called wrongly or
 * without the key.
 */
async function run(given: readonly string[]): Promise<number> {
  const file = readDotEnv(process.env);
  for (const one of [file.wrong, ...(file.odd ?? [])]) if (one !== undefined) console.error(one);
  if (given[0] === '--help') {
    console.log(usage);
    return 0;
  }
  // The folder, the key and the anchors may be named there: another record, or one without its anchors, would
  // be called well.
  if (file.unread === true) return 2;
  if (given[0] === 'compare') return await compareExport(given.slice(1), usage);
  const read = readArguments(given, (process.env['LR_DATA_DIR']?.trim() ?? '') || './data');
  const [verb = '', ...words] = read?.words ?? [];
  const takes = verbs[verb];
  const [word = '', ...more] = words;
  if (
    read === undefined ||
    takes === undefined ||
    words.length < takes[0] ||
    words.length > takes[1] ||
    (verb === 'accept' && headIn(word) === undefined)
  ) {
    console.error(usage);
    return 2;
  }
  const { folder, anchor } = read;
  try {
    readdirSync(folder);
  } catch (error) {
    console.error(`The data folder ${folder} cannot be read: ${whyItFailed(error)}`);
    return 1;
  }
  const env = new Environment(process.env);
  const record = readRecord(env);
  if (env.problems.length > 0) throw new ConfigError(env.problems.join('\n'));
  const { keys, warnings } = keysOf(record, folder);
  for (const warning of warnings) console.error(warning);
  const place: Place = { folder, record, ...(keys === undefined ? {} : { keys }) };
  if (verb === 'verify') return await verify(place, anchor);
  if (verb === 'head') return printHead(place);
  if (verb === 'show') return show(place, word);
  if (keys === undefined)
    throw new ConfigError(
      `This needs the key of the journal: set LR_JOURNAL_KEY or LR_JOURNAL_KEY_FILE as the bot has it. There is none in ${folder} either.`,
    );
  if (verb === 'accept') return await accept(place, keys, headIn(word) ?? { seq: 0, hash: '' });
  if (verb === 'hold') return await hold(place, keys, word, more.join(' '));
  if (verb === 'release') return await release(place, keys, word);
  return await forget(place, keys, word);
}

try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  // A journal file that cannot be read is neither well nor broken.
  const why =
    error instanceof ConfigError ||
    error instanceof FolderInUse ||
    error instanceof JournalBroken ||
    error instanceof OtherKey
      ? error.message
      : fileTrouble(error);
  if (why === undefined) throw error;
  console.error(why);
  process.exitCode =
    error instanceof ConfigError || error instanceof OtherKey ? 2 : process.argv[2] === 'compare' ? 3 : 1;
}
