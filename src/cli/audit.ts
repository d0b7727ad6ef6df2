// `npm run audit`: proves the journal, prints its anchor, tells one request's history, holds an export of the
// tenant's audit log against it; and what only somebody at the machine may do with the record: accept it
// after a restore, hold it for a court, forget a person. The first four only read, also next to a running
// bot; the others need it stopped.
import { readdirSync, rmSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { ConfigError, Environment } from '../adapters/config/environment.ts';
import { readRecord } from '../adapters/config/recordSettings.ts';
import type { RecordSettings } from '../adapters/config/recordSettings.ts';
import { commandFor } from '../adapters/ownCommands.ts';
import { createClock } from '../adapters/clock.ts';
import { createLog } from '../adapters/log.ts';
import { anchorOf, appendAnchor } from '../adapters/store/journal/anchors.ts';
import { audit } from '../adapters/store/audit/audit.ts';
import { realDisk } from '../adapters/store/journal/disk.ts';
import { fileTrouble, whyItFailed } from '../adapters/store/fileTrouble.ts';
import { history, personsIn } from '../adapters/store/history.ts';
import { JournalBroken, OtherKey } from '../adapters/store/journal/journalBroken.ts';
import type { Keys } from '../adapters/store/journal/keys.ts';
import type { Head } from '../adapters/store/journal/line.ts';
import { FolderInUse, lockHolder } from '../adapters/store/journal/lock.ts';
import { openPeople } from '../adapters/store/journal/people.ts';
import { openStore } from '../adapters/store/journal/requestStore.ts';
import type { Store } from '../adapters/store/journal/requestStore.ts';
import { readSnapshot, removeSnapshots } from '../adapters/store/journal/snapshot.ts';
import { compareExport, compareUsage } from '../audit/compareReport.ts';
import { readDotEnv } from '../adapters/config/dotEnv.ts';
import { anchorsOf, keysOf } from '../app/recordOptions.ts';

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

/** What every verb works on. */
interface Place {
  readonly folder: string;
  readonly record: RecordSettings;
  /** Absent where none is set and none lies in the folder. */
  readonly keys?: Keys;
}

async function anchorsFor({ record, keys, folder }: Place): Promise<readonly Head[]> {
  if (keys === undefined || record.anchorFile === undefined) return [];
  const read = await anchorsOf(record, keys, folder);
  if (read?.missing === true) console.log(`the anchor file ${record.anchorFile} is not there`);
  if (read !== undefined && read.unproven > 0)
    console.log(
      `${read.unproven} lines of the anchor file ${record.anchorFile} do not carry this key, and count for nothing`,
    );
  return read?.anchors ?? [];
}

async function verify(place: Place, anchor: Head | undefined): Promise<number> {
  const { folder, keys } = place;
  const log = createLog({ level: 'warn' });
  const anchors = [...(await anchorsFor(place)), ...(anchor === undefined ? [] : [anchor])];
  const people = keys === undefined ? undefined : openPeople({ disk: realDisk, folder, keys });
  const snapshot =
    keys === undefined || people === undefined
      ? undefined
      : readSnapshot({ disk: realDisk, folder, log, keys, people });
  const report = audit({
    disk: realDisk,
    folder,
    anchors,
    ...(keys === undefined ? {} : { keys }),
    ...(people === undefined ? {} : { people }),
    ...(snapshot === undefined ? {} : { snapshot }),
  });
  const { lines, files, head, unkeyed, anchored, beingWritten, otherKey, wrong } = report;
  console.log(`${lines} lines checked in ${files} files`);
  console.log(`head ${head.seq}:${head.hash}`);
  if (anchors.length > 0) console.log(`${anchored} of ${anchors.length} anchors are in it`);
  if (unkeyed > 0)
    console.log(
      `lines 1 to ${unkeyed} are of version 0.1: they carry no key, so that nothing proves who wrote them`,
    );
  if (beingWritten)
    console.log('the last line is being written (or was torn by a crash; the next start cuts it)');
  if (otherKey !== undefined) {
    console.log(
      `OTHER KEY: ${wrong?.sentence ?? ''}. Nothing is said of the journal: give the key it was written with in LR_JOURNAL_KEY or LR_JOURNAL_KEY_FILE.`,
    );
    return 2;
  }
  if (wrong !== undefined) {
    console.log(`BROKEN: ${wrong.sentence}`);
    return 1;
  }
  if (keys === undefined) {
    console.log(
      'INCOMPLETE: no key was given. Checked without it: every line is whole and numbered, repeats the hash of the line before, and follows from what was before, and each anchor is there. NOT checked: that the bot wrote them. Set LR_JOURNAL_KEY or LR_JOURNAL_KEY_FILE.',
    );
    return 2;
  }
  if (lines > 0 && head.key === undefined) {
    console.log(
      'NOT PROVEN: no line carries a key. If no bot of this version has started on the folder yet, its next start takes it over; otherwise somebody wrote it all again.',
    );
    return 1;
  }
  console.log('ok');
  return 0;
}

function printHead({ folder, keys }: Place): number {
  // Verified first: an anchor noted down from a broken journal would vouch for it.
  const { head, wrong } = audit({ disk: realDisk, folder, ...(keys === undefined ? {} : { keys }) });
  if (wrong !== undefined) {
    console.error(`BROKEN: ${wrong.sentence}`);
    return 1;
  }
  if (keys === undefined && head.key !== undefined)
    console.error('No key was given, so nothing proves that the bot wrote these lines.');
  console.log(`${head.seq}:${head.hash}`);
  return 0;
}

function show({ folder, keys }: Place, request: string): number {
  if (keys === undefined) console.error('No key was given: names, accounts and reasons read as forgotten.');
  const lines = history(
    realDisk,
    folder,
    request,
    keys === undefined ? undefined : openPeople({ disk: realDisk, folder, keys }),
  );
  for (const line of lines) console.log(line);
  if (lines.length > 0) return 0;
  console.error(`The journal in ${folder} has no request ${JSON.stringify(request)}.`);
  return 1;
}

/**
 * Opens the store under its lock, and closes it again. @throws FolderInUse, and what keeps a bot from
 * starting
 */
async function withStore(
  place: Place,
  keys: Keys,
  task: (store: Store) => Promise<number>,
  withoutLost = false,
): Promise<number> {
  const store = await openStore({
    dir: place.folder,
    clock: createClock(),
    log: createLog({ level: 'error' }),
    keys,
    withoutLost,
  });
  try {
    return await task(store);
  } finally {
    await store.close();
  }
}

const operator = (): string => `${userInfo().username} at the machine`;

async function accept(place: Place, keys: Keys, given: Head): Promise<number> {
  const { folder, record } = place;
  const holder = await lockHolder(folder);
  if (holder !== undefined) throw new FolderInUse(folder, holder);
  const report = audit({ disk: realDisk, folder, keys });
  if (report.wrong !== undefined) {
    console.error(
      `BROKEN: ${report.wrong.sentence}. A journal that is not what the bot wrote cannot be accepted: restore the data folder from a backup, then accept what that holds.`,
    );
    return 1;
  }
  if (report.head.seq !== given.seq || report.head.hash !== given.hash) {
    console.error(
      `Nothing was accepted: the journal in ${folder} ends at ${report.head.seq}:${report.head.hash}. If that is what was restored, give this head.`,
    );
    return 1;
  }
  const anchors = await anchorsFor(place);
  const furthest = anchors.reduce((most, one) => Math.max(most, one.seq), given.seq);
  // One that is newer than the journal, as after half a restore, would keep the bot from starting.
  removeSnapshots(realDisk, folder);
  return await withStore(
    place,
    keys,
    async (store) => {
      const { seq, hash } = store.head();
      const gone =
        furthest > seq
          ? ` Lines ${seq + 1} to ${furthest} were written once and are not in it: requests, approvals and what was sent to Defender in that time are not known.`
          : '';
      await store.note({
        type: 'accepted',
        seq,
        hash,
        by: operator(),
        why: `the record was restored and accepted as of line ${seq}${furthest > seq ? `; lines ${seq + 1} to ${furthest} are lost` : ''}. Check what waits here, and in Defender what ran, then unfreeze`,
      });
      if (store.lost().length > 0)
        await store.note({ type: 'forgotten', people: store.lost(), by: operator() });
      if (record.anchorFile !== undefined)
        await appendAnchor(record.anchorFile, anchorOf({ seq, hash }, Date.now(), keys, true));
      console.log(
        `Accepted: the record goes on from line ${seq}, and the bot starts frozen. "unfreeze" in a chat releases it.${gone}`,
      );
      if (record.anchorUrl !== undefined)
        console.log(
          `The webhook ${record.anchorUrl.origin} still has the anchors of lines after ${seq}: note there that they count no more.`,
        );
      return 0;
    },
    true,
  );
}

async function hold(place: Place, keys: Keys, word: string, why: string): Promise<number> {
  return await withStore(place, keys, async (store) => {
    const holds = holdsIn(store, place.folder, word);
    if (holds.length === 0) return unknown(place.folder, word);
    for (const one of holds)
      await store.note({ type: 'legalHold', ...one, by: operator(), ...(why === '' ? {} : { why }) });
    console.log(
      `Held: ${holds[0]?.kind === 'person' ? word : `anybody who stands in request ${word}`} cannot be forgotten until "${commandFor('audit', `release ${word}`)}".`,
    );
    return 0;
  });
}

async function release(place: Place, keys: Keys, word: string): Promise<number> {
  return await withStore(place, keys, async (store) => {
    const standing = new Set(store.record().holds.map(({ on }) => on));
    const holds = holdsIn(store, place.folder, word).filter(({ on }) => standing.has(on));
    if (holds.length === 0) {
      console.error(`No legal hold stands on ${word}.`);
      return 1;
    }
    for (const one of holds) await store.note({ type: 'legalHoldReleased', ...one, by: operator() });
    console.log(`Released: the legal hold on ${word} has ended.`);
    return 0;
  });
}

async function forget(place: Place, keys: Keys, word: string): Promise<number> {
  const { folder } = place;
  return await withStore(place, keys, async (store) => {
    const persons = store.personsNamed(word);
    if (persons.length === 0) {
      console.error(
        `The record in ${folder} knows nobody by ${JSON.stringify(word)}: give the id of the policy, an account such as slack:U123, or the name.`,
      );
      return 1;
    }
    const { holds, takenOver } = store.record();
    const touches = (request: string): boolean =>
      personsIn(realDisk, folder, request).some((person) => persons.includes(person));
    const held = holds.find(({ kind, on }) => (kind === 'person' ? persons.includes(on) : touches(on)));
    if (held !== undefined) {
      console.error(
        `Nothing was forgotten: a legal hold ${held.kind === 'person' ? `on ${word}` : `on request ${held.on}, in which ${word} stands,`} has been in force since ${new Date(held.at).toISOString()}. "${commandFor('audit', `release ${held.kind === 'person' ? word : held.on}`)}" ends it, once it may be ended.`,
      );
      return 1;
    }
    const open = store.open().find((request) => touches(request.id));
    if (open !== undefined) {
      console.error(
        `Nothing was forgotten: ${word} stands in request ${open.id}, which is still open, and nobody could tell its requester from its approver then. Let it end first.`,
      );
      return 1;
    }
    await store.forget(persons, operator());
    // Accounts stand there in plain words; it is learned again.
    rmSync(join(folder, 'last-known.json'), { force: true });
    console.log(
      `Forgotten: ${word} (${persons.join(', ')}). Names, accounts and reasons of this person in the journal and its snapshots cannot be read again, by nobody; the journal still verifies.`,
    );
    console.log(
      'NOT forgotten by this: backups of people.keys (a bot that starts on a restored one destroys the key again), the log, cards and messages in the chats, what was typed and pressed and is kept in the delivery files until the next start, Comments and actions at Defender, and what others wrote of this person.',
    );
    if (takenOver !== undefined)
      console.log(
        `Lines 1 to ${takenOver.lines} are of version 0.1 and hold names, accounts and reasons in plain words: where this person stands in them, that stays.`,
      );
    return 0;
  });
}

/** A person by id, account or name; or a request. */
function holdsIn(
  store: Store,
  folder: string,
  word: string,
): readonly { readonly kind: 'person' | 'request'; readonly on: string }[] {
  const persons = store.personsNamed(word);
  if (persons.length > 0) return persons.map((on) => ({ kind: 'person' as const, on }));
  return history(realDisk, folder, word).length > 0 ? [{ kind: 'request', on: word }] : [];
}

function unknown(folder: string, word: string): number {
  console.error(`The record in ${folder} knows neither a person nor a request by ${JSON.stringify(word)}.`);
  return 1;
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
