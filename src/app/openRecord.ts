// Opening of the record for the bot: with its key, and compared with the heads that were noted elsewhere; or
// not at all.
import type { RecordSettings } from '../adapters/config/recordSettings.ts';
import { noJournalKey } from '../adapters/config/settings.ts';
import type { HttpClient } from '../adapters/outbound/http.ts';
import { createAnchoring } from '../adapters/store/journal/anchors.ts';
import type { Anchoring, AnchorsRead } from '../adapters/store/journal/anchors.ts';
import type { Disk } from '../adapters/store/journal/disk.ts';
import { JournalBroken, NotAnchored, OtherKey } from '../adapters/store/journal/journalBroken.ts';
import { openStore } from '../adapters/store/journal/requestStore.ts';
import type { Store } from '../adapters/store/journal/requestStore.ts';
import type { Clock, Log } from '../liveResponse/ports.ts';
import { anchorPlaces, anchorsOf, keysOf } from './recordOptions.ts';
import { ConfigError } from '../adapters/config/environment.ts';

export interface RecordOptions {
  readonly dataDir: string;
  readonly record: RecordSettings | undefined;
  readonly disk: Disk;
  /** Before a real Defender, where a record without a key is refused. */
  readonly real: boolean;
  readonly clock: Clock;
  readonly log: Log;
  readonly warn: (sentence: string) => void;
}

/**
 * @throws ConfigError for what only somebody with the key, the right folder or the right version can put
 * right; FolderInUse and the system's errors as they are, which may be gone at the next start
 */
export async function openRecord({
  dataDir,
  record,
  disk,
  real,
  clock,
  log,
  warn,
}: RecordOptions): Promise<Store> {
  if (real && record?.key === undefined) throw new ConfigError(noJournalKey);
  disk.makeFolder(dataDir);
  const { keys, warnings } = keysOf(record, dataDir, disk);
  for (const warning of warnings) {
    log.warn('journalKey', { warning });
    warn(warning);
  }
  let anchors: AnchorsRead | undefined;
  try {
    const store = await openStore({
      dir: dataDir,
      clock,
      log,
      disk,
      ...(keys === undefined ? {} : { keys }),
      anchors: async (with_) => {
        anchors = record === undefined ? undefined : await anchorsOf(record, with_, dataDir);
        if (anchors !== undefined && anchors.unproven > 0)
          log.error('anchorsUnproven', { lines: anchors.unproven, why: 'they do not carry this key' });
        return anchors?.anchors ?? [];
      },
    });
    if (anchors?.missing === true && store.head().seq > 0)
      log.warn('anchorFileNew', {
        file: record?.anchorFile,
        seq: store.head().seq,
        why: 'there was none, so nothing shows whether the journal is the newest',
      });
    return store;
  } catch (error) {
    // What is read is the same at the next start: a supervisor that starts it again and again only hides the
    // sentence.
    if (error instanceof JournalBroken || error instanceof OtherKey || error instanceof NotAnchored)
      throw new ConfigError(error.message, { cause: error });
    throw error;
  }
}

/** Notes the head of the journal elsewhere, once it is started; without settings of the record it notes none. */
export function openAnchoring(
  record: RecordSettings | undefined,
  {
    store,
    http,
    clock,
    log,
  }: { readonly store: Store; readonly http: HttpClient; readonly clock: Clock; readonly log: Log },
): Anchoring {
  return createAnchoring({
    places: record === undefined ? [] : anchorPlaces(record, http),
    head: () => store.head(),
    keys: store.keys(),
    clock,
    log,
    everyLines: record?.everyLines ?? 1,
    everyMs: record?.everyMs ?? 1,
  });
}
