// Keys and anchors of the record, as its settings name them, for the bot and for the programs that look at
// its folder.
import { accessSync, constants } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { RecordSettings } from '../adapters/config/recordSettings.ts';
import type { HttpClient } from '../adapters/outbound/http.ts';
import { anchorHook } from '../adapters/store/journal/anchorHook.ts';
import { anchorFile, readAnchors } from '../adapters/store/journal/anchors.ts';
import type { AnchorPlace, AnchorsRead } from '../adapters/store/journal/anchors.ts';
import { realDisk } from '../adapters/store/journal/disk.ts';
import type { Disk } from '../adapters/store/journal/disk.ts';
import {
  KeyFileError,
  findOwnKeys,
  isInside,
  keysFrom,
  parseKeys,
  readKeyFile,
} from '../adapters/store/journal/keys.ts';
import type { Keys } from '../adapters/store/journal/keys.ts';
import { ConfigError } from '../adapters/config/environment.ts';

export interface KeysRead {
  /** Absent where none is set and none lies in the folder. */
  readonly keys?: Keys;
  readonly warnings: readonly string[];
}

/** The keys that are set, or that lie in the data folder. @throws ConfigError */
export function keysOf(record: RecordSettings | undefined, dataDir: string, disk: Disk = realDisk): KeysRead {
  const key = record?.key;
  try {
    if (key === undefined) {
      const own = findOwnKeys(disk, dataDir);
      return own === undefined ? { warnings: [] } : { keys: own, warnings: [] };
    }
    if (key.kind === 'file') return readKeyFile(key.path, dataDir);
    const read = parseKeys(key.secret.reveal());
    if ('wrong' in read) throw new KeyFileError(`LR_JOURNAL_KEY ${read.wrong}.`);
    return { keys: keysFrom(read.secrets), warnings: [] };
  } catch (error) {
    if (error instanceof KeyFileError) throw new ConfigError(error.message, { cause: error });
    throw error;
  }
}

/** What the anchor file says; undefined where none is set. @throws ConfigError */
export async function anchorsOf(
  { anchorFile: path }: RecordSettings,
  keys: Keys,
  dataDir: string,
): Promise<AnchorsRead | undefined> {
  if (path === undefined) return undefined;
  if (isInside(path, dataDir))
    throw new ConfigError(
      `LR_ANCHOR_FILE is ${path}, inside the data folder: anyone who exchanges the folder exchanges it too. Name a file on another disk or share.`,
    );
  try {
    accessSync(dirname(resolve(path)), constants.W_OK);
    return await readAnchors(path, keys);
  } catch (error) {
    throw new ConfigError(
      `The anchor file ${path} (LR_ANCHOR_FILE) cannot be used: ${error instanceof Error ? error.message : String(error)}. Its folder has to be there and writable for the bot’s user; without it nobody could tell whether the journal was cut. To start without it, remove the setting.`,
    );
  }
}

export function anchorPlaces(
  { anchorFile: path, anchorUrl }: RecordSettings,
  http: HttpClient,
): readonly AnchorPlace[] {
  return [
    ...(path === undefined ? [] : [anchorFile(path)]),
    ...(anchorUrl === undefined ? [] : [anchorHook(http, anchorUrl)]),
  ];
}
