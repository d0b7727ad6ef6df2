// Files in the data folder next to the journal: texts of script output under a retention time of their own, a freeze
// asked for at the machine, and small JSON files that are replaced whole.
import { hash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { StoreError } from '../../liveResponse/ports.ts';
import type { Clock, Freeze, Log, OutputStore } from '../../liveResponse/ports.ts';
import { field, parseJson } from '../../liveResponse/text/json.ts';
import { codeOf, isMissing } from '../clock.ts';
import { diskWords, realDisk } from './journal/disk.ts';
import type { Disk } from './journal/disk.ts';
import { openedLine } from './journal/line.ts';
import type { Entry } from './journal/line.ts';
import type { Vault } from './journal/sealing.ts';
import { linesOf, segmentsIn } from './journal/segments.ts';
import { createProjection } from './projection.ts';

export interface OutputStoreOptions {
  /** The data folder; texts are in `outputs/` below it. */
  readonly dir: string;
  /** Files have its time, so that a retention in simulated days works as in real ones. */
  readonly clock: Clock;
  /** The machine's own by default. */
  readonly disk?: Disk;
}

/** Ids become file names: nothing else may ever be one, or a request could write outside the folder. */
const safeId = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;
const textFile = /\.txt(\.tmp)?$/;
/** Files looked at before the bot may do something else: some milliseconds. */
const sweptAtOnce = 200;

/** Makes the folder (0700) when needed. */
export function openOutputStore({ dir, clock, disk = realDisk }: OutputStoreOptions): OutputStore {
  const folder = join(dir, 'outputs');
  disk.makeFolder(folder);
  return new OutputFolder(folder, clock, disk);
}

class OutputFolder implements OutputStore {
  readonly #folder: string;
  readonly #clock: Clock;
  readonly #disk: Disk;
  #writes = 0;

  constructor(folder: string, clock: Clock, disk: Disk) {
    this.#folder = folder;
    this.#clock = clock;
    this.#disk = disk;
  }

  async put(
    requestId: string,
    index: number,
    text: string,
  ): Promise<{ readonly length: number; readonly sha256: string }> {
    const path = this.#pathOf(requestId, index);
    const bytes = Buffer.from(text, 'utf8');
    // A number of its own for each write: two puts of one output must not share a temporary file.
    const temporary = `${path.slice(0, -'.txt'.length)}.${(this.#writes += 1)}.txt.tmp`;
    try {
      const file = this.#disk.open(temporary, 'new');
      try {
        file.append(bytes);
        file.setTime(this.#clock.now());
        await file.flush();
      } finally {
        file.close();
      }
      this.#disk.rename(temporary, path);
    } catch (error) {
      const left = whyNot(() => this.#disk.remove(temporary));
      const why = diskWords(error);
      throw new StoreError(
        `A script output cannot be kept: ${left === undefined ? why : `${why}; nor removed: ${left}`}.`,
        error,
      );
    }
    return { length: text.length, sha256: hash('sha256', bytes, 'hex') };
  }

  get(requestId: string, index: number): Promise<string | undefined> {
    // What the path or the disk throws rejects.
    return new Promise((resolve) => {
      resolve(textIn(this.#disk, this.#pathOf(requestId, index)));
    });
  }

  async sweep(before: number): Promise<number> {
    let removed = 0;
    for (const [index, name] of this.#disk.list(this.#folder).entries()) {
      if (index % sweptAtOnce === sweptAtOnce - 1) await this.#disk.letOthersWork();
      if (!textFile.test(name)) continue;
      const path = join(this.#folder, name);
      const written = this.#disk.timeOf(path);
      if (written === undefined || written >= before) continue;
      this.#disk.remove(path);
      if (name.endsWith('.txt')) removed += 1;
    }
    return removed;
  }

  #pathOf(requestId: string, index: number): string {
    if (!safeId.test(requestId) || !Number.isInteger(index) || index < 0 || index > 999)
      throw new RangeError('not the name of an output');
    return join(this.#folder, `${requestId}-${index}.txt`);
  }
}

/** Undefined where it was done. */
function whyNot(task: () => void): string | undefined {
  try {
    task();
    return undefined;
  } catch (error) {
    return diskWords(error);
  }
}

/** Undefined where there is no such file. @throws the system's error */
export function textIn(disk: Disk, path: string): string | undefined {
  try {
    const file = disk.open(path, 'read');
    try {
      return Buffer.from(file.read(0, file.size())).toString('utf8');
    } finally {
      file.close();
    }
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** The parsed content; undefined when there is no file, and null when it cannot be read as JSON. */
export function readJson(disk: Disk, path: string): unknown {
  const text = textIn(disk, path);
  return text === undefined ? undefined : (parsedJson(text) ?? null);
}

/** Undefined where there is no text, or none that is JSON. */
export function parsedJson(text: string | undefined): unknown {
  return text === undefined ? undefined : parseJson(text)?.value;
}

/** The whole file, or the one before it. @throws the system's error */
export async function replaceFile(disk: Disk, path: string, text: string): Promise<void> {
  const written = `${path}.new`;
  const file = disk.open(written, 'new');
  try {
    file.append(Buffer.from(text));
    await file.flush();
  } finally {
    file.close();
  }
  disk.rename(written, path);
}

/** Milliseconds between two looks of a running bot. */
export const freezeLook = 1_000;
const fileName = 'freeze-request.json';
const maxBytes = 16_384;
const maxDepth = 4;

export interface FreezeRequest {
  readonly id: string;
  readonly by: string;
  readonly why: string;
}

/** Resolves once it is durable. @throws the system's error */
export function dropFreezeRequest(disk: Disk, folder: string, by: string, why: string): void {
  const path = join(folder, fileName);
  const id = randomBytes(8).toString('hex');
  const temporary = `${path}.${id}.tmp`;
  const file = disk.open(temporary, 'new');
  try {
    file.append(Buffer.from(`${JSON.stringify({ format: 1, id, by, why })}\n`));
    file.sync();
  } finally {
    file.close();
  }
  disk.rename(temporary, path);
  disk.syncFolder(folder);
}

/** Undefined when there is none. One that cannot be read still freezes: somebody wanted that. */
export function pendingFreeze(disk: Disk, folder: string): FreezeRequest | undefined {
  let text: string;
  try {
    const file = disk.open(join(folder, fileName), 'read');
    try {
      text = Buffer.from(file.read(0, maxBytes)).toString('utf8');
    } finally {
      file.close();
    }
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    return {
      id: 'unread',
      by: 'somebody at the machine',
      why: `the file ${fileName} is there and cannot be read`,
    };
  }
  const read = parseJson(text, maxDepth)?.value;
  const of = (name: string, otherwise: string): string => {
    const value = field(read, name);
    return typeof value === 'string' && value.trim() !== '' ? value.slice(0, 500) : otherwise;
  };
  return {
    id: of('id', 'unread'),
    by: of('by', 'somebody at the machine'),
    why: of('why', `asked for by the file ${fileName}`),
  };
}

function forgetFreezeRequest(disk: Disk, folder: string): void {
  disk.remove(join(folder, fileName));
  disk.syncFolder(folder);
}

/** The freeze in the journal, read also while a bot is running; without `people` only that there is one. */
export function freezeInForce(disk: Disk, folder: string, people?: Pick<Vault, 'open'>): Freeze | undefined {
  // No other event has these words as its type, and of the newest file the last one counts.
  for (const segment of [...segmentsIn(disk, folder)].reverse()) {
    const projection = createProjection();
    let found = false;
    for (const batch of linesOf(disk, segment.path)) {
      for (const line of batch) {
        const text =
          line.ended && words.some((word) => line.bytes.includes(word)) ? line.bytes.toString('utf8') : '';
        const entry = text === '' ? undefined : openedLine(parseJson(text)?.value, people);
        if (field(entry, 'request') !== null || !types.has(String(field(field(entry, 'event'), 'type'))))
          continue;
        found = true;
        projection.apply(entry as Entry, undefined);
      }
    }
    if (found) return projection.freeze();
  }
  return undefined;
}

/** What freezes and releases, and the words of it in a line. */
const types: ReadonlySet<string> = new Set(['frozen', 'unfrozen', 'accepted', 'takenOver']);
const words: readonly string[] = ['frozen"', '"accepted"', '"takenOver"'];

export interface FreezeWatch {
  /** Takes up what lies there. Never rejects: what could not be done is tried at the next look. */
  look(): Promise<void>;
  start(): void;
  stop(): Promise<void>;
}

export interface FreezeWatchOptions {
  readonly disk: Disk;
  readonly folder: string;
  readonly log: Log;
  /** Resolves once the freeze is durable, or was in force before. */
  readonly freeze: (by: string, why: string) => Promise<unknown>;
}

export function createFreezeWatch(options: FreezeWatchOptions): FreezeWatch {
  return new FreezeLook(options);
}

class FreezeLook implements FreezeWatch {
  readonly #options: FreezeWatchOptions;
  /** Taken up, and perhaps not yet removed: it must not freeze again what a person released since. */
  #taken: string | undefined;
  readonly #stopped = new AbortController();
  #looking: Promise<void> | undefined;
  /** Why the last one was not taken up; the log has that already. */
  #said: string | undefined;

  constructor(options: FreezeWatchOptions) {
    this.#options = options;
  }

  look(): Promise<void> {
    return (this.#looking ??= this.#once().finally(() => (this.#looking = undefined)));
  }

  start(): void {
    void this.#keepLooking();
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#looking;
  }

  async #keepLooking(): Promise<void> {
    const { clock } = this.#options.disk;
    for (;;) {
      await clock.sleep(freezeLook, this.#stopped.signal);
      if (this.#stopped.signal.aborted) return;
      void this.look();
    }
  }

  async #once(): Promise<void> {
    const { disk, folder, log, freeze } = this.#options;
    const asked = pendingFreeze(disk, folder);
    if (asked === undefined) return;
    try {
      if (asked.id !== this.#taken) {
        await freeze(asked.by, asked.why);
        this.#taken = asked.id;
        log.warn('frozenAtTheMachine', { by: asked.by, why: asked.why });
      }
      forgetFreezeRequest(disk, folder);
      this.#said = undefined;
    } catch (error) {
      const why = diskWords(error);
      if (why !== this.#said) log.error('freezeNotTaken', { why });
      this.#said = why;
    }
  }
}
