// `npm run audit`: proves the journal, prints its anchor, or tells one request's history. Reads only, also beside a running bot.
import { readdirSync } from 'node:fs';
import { createLog } from './adapters/log.ts';
import { audit } from './adapters/store/audit.ts';
import type { Disk } from './adapters/store/disk.ts';
import { realDisk } from './adapters/store/disk.ts';
import { fileTrouble, whyItFailed } from './adapters/store/fileTrouble.ts';
import type { Head } from './adapters/store/line.ts';
import { history } from './adapters/store/history.ts';
import { readSnapshot } from './adapters/store/snapshot.ts';
import { readDotEnv } from './dotEnv.ts';

const usage = `usage: npm run audit -- verify [--data DIR] [--anchor SEQ:HASH]   check every line of the journal
       npm run audit -- head [--data DIR]                        print the newest line's number and hash, to be noted elsewhere
       npm run audit -- show REQUEST [--data DIR]                print what happened to one request
DIR is LR_DATA_DIR or ./data when not given.`;

interface Arguments {
  readonly words: readonly string[];
  readonly folder: string;
  readonly anchor?: Head;
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
      const match = /^(\d+):([0-9a-f]{64})$/.exec(value);
      if (match === null) return undefined;
      read = { ...read, anchor: { seq: Number(match[1]), hash: match[2] ?? '' } };
    } else return undefined;
  }
  return { ...read, words };
}

function verify(disk: Disk, folder: string, anchor: Head | undefined): number {
  const log = createLog({ level: 'warn' });
  const snapshot = readSnapshot(disk, folder, log);
  const report = audit({ disk, folder, ...(snapshot === undefined ? {} : { snapshot }), ...(anchor === undefined ? {} : { anchor }) });
  console.log(`${report.lines} lines checked in ${report.files} files`);
  console.log(`head ${report.head.seq}:${report.head.hash}`);
  if (report.beingWritten) console.log('the last line is being written (or was torn by a crash; the next start cuts it)');
  if (report.wrong === undefined) {
    console.log('ok');
    return 0;
  }
  console.log(`BROKEN: ${report.wrong.sentence}`);
  return 1;
}

const verbs: readonly string[] = ['verify', 'head', 'show'];

/** Exit code: 0 all well, 1 something is wrong with the journal or the request is unknown, 2 called wrongly. */
function run(given: readonly string[]): number {
  const file = readDotEnv(process.env);
  // The folder may be named there: nobody may prove another one in silence.
  for (const one of [file.wrong, ...(file.odd ?? [])]) if (one !== undefined) console.error(one);
  const read = readArguments(given, process.env['LR_DATA_DIR'] ?? './data');
  const [verb, request, ...more] = read?.words ?? [];
  if (read === undefined || verb === undefined || !verbs.includes(verb) || more.length > 0 || (request === undefined) === (verb === 'show')) {
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
  switch (verb) {
    case 'verify':
      return verify(realDisk, folder, anchor);
    case 'head': {
      // Verified first: an anchor noted down from a broken journal would vouch for it.
      const { head, wrong } = audit({ disk: realDisk, folder });
      if (wrong !== undefined) {
        console.error(`BROKEN: ${wrong.sentence}`);
        return 1;
      }
      console.log(`${head.seq}:${head.hash}`);
      return 0;
    }
    default: {
      const lines = history(realDisk, folder, request ?? '');
      for (const line of lines) console.log(line);
      if (lines.length > 0) return 0;
      console.error(`The journal in ${folder} has no request ${JSON.stringify(request)}.`);
      return 1;
    }
  }
}

try {
  process.exitCode = run(process.argv.slice(2));
} catch (error) {
  // A journal file that cannot be read is neither well nor broken.
  const why = fileTrouble(error);
  if (why === undefined) throw error;
  console.error(why);
  process.exitCode = 1;
}
