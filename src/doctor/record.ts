// The record: the key of the journal and who may read it, whether the journal is of that key, whether the
// anchors are in it, and who may reach the files of the data folder. Reads only.
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { RecordSettings } from '../adapters/config/recordSettings.ts';
import { commandFor } from '../adapters/ownCommands.ts';
import { realDisk } from '../adapters/store/journal/disk.ts';
import { whyItFailed } from '../adapters/store/fileTrouble.ts';
import type { Keys } from '../adapters/store/journal/keys.ts';
import type { Head } from '../adapters/store/journal/line.ts';
import { lineAt, linesOf, segmentsIn } from '../adapters/store/journal/segments.ts';
import { field, maxJsonDepth, parseJson } from '../liveResponse/text/json.ts';
import { anchorsOf, keysOf } from '../app/recordOptions.ts';
import { fail, ok, warn } from '../adapters/checks/line.ts';
import type { Line, Tell } from '../adapters/checks/line.ts';

export interface RecordPlace {
  readonly record: RecordSettings | undefined;
  readonly dataDir: string;
  /** A real Defender is behind it. */
  readonly real: boolean;
  /** Epoch milliseconds. */
  readonly now: number;
}

export async function examineRecord(place: RecordPlace, tell: Tell): Promise<void> {
  const { dataDir } = place;
  if (!existsSync(dataDir)) {
    tell(ok('record.key', 'there is no data folder yet, and so no journal'));
    return;
  }
  const keys = examineKey(place, tell);
  examineRights(dataDir, tell);
  if (keys === undefined) return;
  examineJournal(dataDir, keys, tell);
  await examineAnchors(place, keys, tell);
}

function examineKey({ record, dataDir, real }: RecordPlace, tell: Tell): Keys | undefined {
  const where =
    record?.key === undefined
      ? `in ${dataDir}`
      : record.key.kind === 'file'
        ? `of ${record.key.path}`
        : 'of LR_JOURNAL_KEY';
  try {
    const { keys, warnings } = keysOf(record, dataDir);
    for (const warning of warnings)
      tell(
        warn(
          'record.key',
          warning,
          'Take the right away from the group, unless the bot’s user has it by that group alone.',
        ),
      );
    if (keys === undefined) {
      tell(
        ok(
          'record.key',
          'there is none yet: the first start makes one in the data folder, which stops accidents, and nobody who may write there',
        ),
      );
      return undefined;
    }
    if (keys.own)
      tell(
        ok(
          'record.key',
          `the journal’s own key ${keys.current.id}, in the data folder: it stops accidents, and nobody who may write there${real ? '' : ' (enough for a simulated tenant)'}`,
        ),
      );
    else tell(ok('record.key', `key ${keys.current.id} ${where}, outside the data folder`));
    return keys;
  } catch (error) {
    tell(
      fail(
        'record.key',
        error instanceof Error ? error.message : String(error),
        'The bot does not start without it.',
      ),
    );
    return undefined;
  }
}

/** The start sets the folder to 0700; what others put there, or a restore, may be wider. */
function examineRights(dataDir: string, tell: Tell): void {
  if (process.platform === 'win32') return;
  const wide = realDisk
    .list(dataDir)
    .filter(
      (name) =>
        /^(?:journal|snapshot|people|last-known|.*-conversations|.*-deliveries)/.test(name) &&
        (statSync(join(dataDir, name)).mode & 0o077) !== 0,
    );
  const folder = statSync(dataDir).mode & 0o077;
  if (folder !== 0 && segmentsIn(realDisk, dataDir).length === 0)
    tell(
      ok(
        'record.rights',
        'nothing is in the data folder yet; the start takes it from everybody but the bot’s user',
      ),
    );
  else if (folder !== 0)
    tell(
      warn(
        'record.rights',
        `others may reach the data folder ${dataDir} (mode ${(statSync(dataDir).mode & 0o777).toString(8)})`,
        'The next start takes it away; find out who gave it, and what was done with it.',
      ),
    );
  else if (wide.length > 0)
    tell(
      ok(
        'record.rights',
        `only the bot’s user may enter the data folder; ${wide.length} files in it are open wider, which the folder’s rights cover`,
      ),
    );
  else tell(ok('record.rights', 'only the bot’s user may reach the journal and what lies next to it'));
}

function examineJournal(dataDir: string, keys: Keys, tell: Tell): void {
  const filled = segmentsIn(realDisk, dataDir).filter(({ size }) => size > 0);
  const [oldest, newest] = [filled[0], filled.at(-1)];
  if (oldest === undefined || newest === undefined) {
    tell(ok('record.journal', 'empty'));
    return;
  }
  const first = keyOf(oldest.path, 'first');
  const last = keyOf(newest.path, 'last');
  if (last === undefined)
    tell(
      warn(
        'record.journal',
        'version 0.1 wrote it, without a key',
        'Nothing: the next start takes it over, says so in the log, and freezes if something in it was approved. If a bot of this version has run on it before, somebody exchanged it.',
      ),
    );
  else if (keys.rank(last) === undefined)
    tell(
      fail(
        'record.journal',
        `it was written with another key (id ${last})`,
        'Set LR_JOURNAL_KEY or LR_JOURNAL_KEY_FILE to that key; a new one goes before it (docs/storage.md).',
      ),
    );
  else
    tell(
      ok(
        'record.journal',
        first === undefined
          ? 'written with this key; its first lines are of version 0.1 and were taken over'
          : 'written with this key',
      ),
    );
}

/** Id of the key in a file's first or last whole line; undefined where it names none. */
function keyOf(path: string, which: 'first' | 'last'): string | undefined {
  let key: unknown;
  for (const batch of linesOf(realDisk, path)) {
    const line = which === 'first' ? batch[0] : batch.findLast(({ ended }) => ended);
    if (line === undefined) continue;
    key = field(parseJson(line.bytes.toString('utf8'), maxJsonDepth)?.value, 'key');
    if (which === 'first') break;
  }
  return typeof key === 'string' ? key : undefined;
}

const notTheNewest = (): string =>
  `The bot does not start. Put back the newest copy, or accept this one: ${commandFor('audit', 'accept')} (docs/storage.md).`;

async function examineAnchors(
  { record, dataDir, real, now }: RecordPlace,
  keys: Keys,
  tell: Tell,
): Promise<void> {
  if (record?.anchorUrl !== undefined)
    tell(
      ok(
        'record.anchors',
        `the head is posted to ${record.anchorUrl.origin}; it was not called now, and "${commandFor('audit', 'verify --anchor SEQ:HASH')}" compares`,
      ),
    );
  if (record?.anchorFile === undefined) {
    if (record?.anchorUrl === undefined && real)
      tell(
        warn(
          'record.anchors',
          'the head of the journal is noted nowhere else, so an older copy of the data folder could be put back unseen',
          'Set LR_ANCHOR_FILE to a file on another disk or share, or LR_ANCHOR_URL to a webhook (docs/storage.md).',
        ),
      );
    return;
  }
  try {
    const read = await anchorsOf(record, keys, dataDir);
    if (read?.newest === undefined) {
      tell(ok('record.anchors', `${record.anchorFile} holds none yet`));
      return;
    }
    if (read.unproven > 0)
      tell(
        warn(
          'record.anchors',
          `${read.unproven} lines of ${record.anchorFile} do not carry this key, and count for nothing`,
          'Find out who wrote them; after a change of the key, put the old one behind the new one.',
        ),
      );
    const ago = `${Math.max(0, Math.round((now - (read.newestAt ?? now)) / 60_000))} min ago`;
    tell(comparedWithAnchor(dataDir, read.newest, { ago, file: record.anchorFile }));
  } catch (error) {
    tell(fail('record.anchors', whyItFailed(error), 'The bot does not start until it can be read.'));
  }
}

/** The newest anchor, compared with the line of the journal that it names. */
function comparedWithAnchor(
  dataDir: string,
  { seq, hash }: Head,
  { ago, file }: { readonly ago: string; readonly file: string },
): Line {
  const here = lineAt(realDisk, dataDir, seq);
  if (here === undefined)
    return fail(
      'record.anchors',
      `line ${seq} was anchored ${ago} and is not in the journal: it was cut, or an older copy was put back`,
      notTheNewest(),
    );
  return here.hash === hash
    ? ok('record.anchors', `line ${seq}, anchored ${ago} in ${file}, is in the journal`)
    : fail(
        'record.anchors',
        `line ${seq} of the journal is another one than was anchored ${ago}`,
        notTheNewest(),
      );
}
