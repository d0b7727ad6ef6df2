// Verbs of the audit that only read: verify the journal, print its head, show one request. They work next to
// a running bot too.
import type { RecordSettings } from '../adapters/config/recordSettings.ts';
import { createLog } from '../adapters/log.ts';
import { audit } from '../adapters/store/audit/audit.ts';
import { history } from '../adapters/store/history.ts';
import { realDisk } from '../adapters/store/journal/disk.ts';
import type { Keys } from '../adapters/store/journal/keys.ts';
import type { Head } from '../adapters/store/journal/line.ts';
import { openPeople } from '../adapters/store/journal/people.ts';
import { readSnapshot } from '../adapters/store/journal/snapshot.ts';
import { anchorsOf } from '../app/recordOptions.ts';

/** What every verb works on. */
export interface Place {
  readonly folder: string;
  readonly record: RecordSettings;
  /** Absent where none is set and none lies in the folder. */
  readonly keys?: Keys;
}

export async function anchorsFor({ record, keys, folder }: Place): Promise<readonly Head[]> {
  if (keys === undefined || record.anchorFile === undefined) return [];
  const read = await anchorsOf(record, keys, folder);
  if (read?.missing === true) console.log(`the anchor file ${record.anchorFile} is not there`);
  if (read !== undefined && read.unproven > 0)
    console.log(
      `${read.unproven} lines of the anchor file ${record.anchorFile} do not carry this key, and count for nothing`,
    );
  return read?.anchors ?? [];
}

export async function verify(place: Place, anchor: Head | undefined): Promise<number> {
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

export function printHead({ folder, keys }: Place): number {
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

export function show({ folder, keys }: Place, request: string): number {
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
