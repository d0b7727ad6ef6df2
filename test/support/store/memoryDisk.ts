// A disk in memory that forgets what was never synced, and fails where a test wants it to. What a power cut
// may leave is chosen by the test: of each folder any prefix of its changes, of each file any prefix of its
// unsynced bytes with any of their sectors torn, and truncations that arrived or not.
import { basename, dirname, join } from 'node:path';
import type { Clock } from '../../../src/liveResponse/ports.ts';
import { realDisk } from '../../../src/adapters/store/journal/disk.ts';
import type { Disk, DiskFile } from '../../../src/adapters/store/journal/disk.ts';
import { MemoryFile } from './memory/memoryFile.ts';

/** `read` stands for opening to read, reading, listing and asking for a time. */
export type DiskOperation =
  'open' | 'append' | 'sync' | 'truncate' | 'setTime' | 'rename' | 'remove' | 'syncFolder' | 'read';

/**
 * How a call fails; undefined: all is well. `arrives`: so many bytes of an append are still written (a short
 * write). `loses`: a sync that throws the bytes away, after which the next one succeeds without them.
 */
export type Fault = (
  operation: DiskOperation,
  path: string,
  bytes: number,
) => { readonly code: string; readonly arrives?: number; readonly loses?: boolean } | undefined;

export interface MemoryDiskOptions {
  /**
   * What a flush takes, between the append and the sync: nothing by default. A simulation lets time go by
   * here, so that a crash can come in between.
   */
  readonly flushed?: (path: string) => Promise<void>;
  /** A turn of the event loop by default. */
  readonly letOthersWork?: () => Promise<void>;
  /** The machine's own by default. */
  readonly clock?: Pick<Clock, 'elapsed' | 'sleep'>;
  /** The time of a file that nobody set one for, epoch milliseconds; 0 by default. */
  readonly now?: () => number;
}

/** Chooses 0..n-1: always 0 leaves least, always n-1 most. */
export type Choose = (n: number) => number;
/** What a power cut leaves of the names and of the files; one of both, or one of each. */
export type Left = Choose | { readonly names: Choose; readonly bytes: Choose };

type NameChange = { readonly folder: string; readonly apply: (names: Map<string, MemoryFile>) => void };

export interface MemoryDisk extends Disk {
  failWith(fault: Fault | undefined): void;
  /** Operations so far that could change something. */
  operations(): number;
  /** Operations so far that only read. */
  reads(): number;
  /**
   * The disk as it may be found after a power cut now. This disk goes on, so that many such ends can be looked
   * at.
   */
  powerCut(left: Left, options?: MemoryDiskOptions): MemoryDisk;
  /** The same, and with it the process dies: no call to this disk or its open files does anything any more. */
  crash(left: Left, options?: MemoryDiskOptions): MemoryDisk;
  /** The process dies and the machine lives: the next one finds every byte that was written. */
  kill(options?: MemoryDiskOptions): MemoryDisk;
  bytes(path: string): Buffer | undefined;
  /** As if it had always been so. */
  overwrite(path: string, bytes: Uint8Array): void;
  /** Changes one bit of what lies there, durably. */
  flip(path: string, offset: number, bit: number): void;
}

export function systemError(code: string, path?: string): Error {
  return Object.assign(new Error(`${code}: injected`), { code, ...(path === undefined ? {} : { path }) });
}

/** The names and files of a machine, whichever of its processes looks. */
class Names {
  readonly #now: Map<string, MemoryFile>;
  readonly #durable: Map<string, MemoryFile>;
  #pending: readonly NameChange[] = [];

  constructor(files: ReadonlyMap<string, MemoryFile>) {
    this.#now = new Map(files);
    this.#durable = new Map(files);
  }

  get(path: string): MemoryFile | undefined {
    return this.#now.get(path);
  }

  in(folder: string): readonly string[] {
    return [...this.#now.keys()].filter((path) => dirname(path) === folder).map((path) => basename(path));
  }

  add(path: string, file: MemoryFile): void {
    this.#change(dirname(path), (all) => all.set(path, file));
  }

  remove(path: string): void {
    this.#change(dirname(path), (all) => all.delete(path));
  }

  rename(source: string, target: string): void {
    this.#change(dirname(target), (all) => {
      const file = all.get(source);
      if (file === undefined) return;
      all.delete(source);
      all.set(target, file);
    });
  }

  sync(folder: string): void {
    for (const one of this.#pending) if (one.folder === folder) one.apply(this.#durable);
    this.#pending = this.#pending.filter((one) => one.folder !== folder);
  }

  overwrite(path: string, file: MemoryFile): void {
    this.#now.set(path, file);
    this.#durable.set(path, file);
  }

  /** Changes of one folder arrive in their order, those of different folders in any. */
  remains({ names, bytes }: Exclude<Left, Choose>): ReadonlyMap<string, MemoryFile> {
    const left = new Map(this.#durable);
    for (const folder of new Set(this.#pending.map((one) => one.folder))) {
      const changes = this.#pending.filter((one) => one.folder === folder);
      for (const one of changes.slice(0, names(changes.length + 1))) one.apply(left);
    }
    return new Map([...left].map(([path, file]) => [path, new MemoryFile(file.remains(bytes), file.time)]));
  }

  #change(folder: string, apply: NameChange['apply']): void {
    apply(this.#now);
    this.#pending = [...this.#pending, { folder, apply }];
  }
}

/** What one process has of the machine's disk: its calls fail where a test wants it, and after its death. */
class Access {
  fault: Fault | undefined;
  isDead = false;
  changes = 0;
  reads = 0;

  attempt(operation: DiskOperation, path: string, bytes = 0): ReturnType<Fault> {
    this.#live();
    if (operation === 'read') this.reads += 1;
    else this.changes += 1;
    return this.fault?.(operation, path, bytes);
  }

  guard(operation: DiskOperation, path: string): void {
    const failed = this.attempt(operation, path);
    if (failed !== undefined) throw systemError(failed.code, path);
  }

  /** What a dead process waits for never comes. */
  async whileAlive(task: () => Promise<void>): Promise<void> {
    await this.#orNever();
    await task();
    await this.#orNever();
  }

  #live(): void {
    if (this.isDead) throw systemError('DEAD');
  }

  #orNever(): Promise<void> {
    return this.isDead ? new Promise<never>(() => undefined) : Promise.resolve();
  }
}

class Handle implements DiskFile {
  readonly #path: string;
  readonly #file: MemoryFile;
  readonly #access: Access;
  readonly #flushed: (path: string) => Promise<void>;

  constructor(path: string, file: MemoryFile, access: Access, flushed: (path: string) => Promise<void>) {
    this.#path = path;
    this.#file = file;
    this.#access = access;
    this.#flushed = flushed;
  }

  readonly append = (bytes: Uint8Array): void => {
    const failed = this.#access.attempt('append', this.#path, bytes.length);
    this.#file.append(failed === undefined ? bytes : bytes.subarray(0, failed.arrives ?? 0));
    if (failed !== undefined) throw systemError(failed.code, this.#path);
  };

  readonly sync = (): void => {
    this.#end(this.#file.syncing());
  };

  readonly flush = async (): Promise<void> => {
    const syncs = this.#file.syncing();
    await this.#access.whileAlive(() => this.#flushed(this.#path));
    this.#end(syncs);
  };

  readonly truncate = (length: number): void => {
    this.#access.guard('truncate', this.#path);
    this.#file.truncate(length);
  };

  readonly setTime = (at: number): void => {
    this.#access.guard('setTime', this.#path);
    this.#file.time = at;
  };

  readonly read = (from: number, length: number): Uint8Array => {
    this.#access.guard('read', this.#path);
    return Buffer.from(this.#file.bytes.subarray(from, from + length));
  };

  readonly size = (): number => this.#file.bytes.length;

  readonly close = (): void => undefined;

  #end(syncs: () => void): void {
    const failed = this.#access.attempt('sync', this.#path);
    if (failed?.loses === true) this.#file.loseUnsynced();
    if (failed !== undefined) throw systemError(failed.code, this.#path);
    syncs();
  }
}

class ProcessDisk implements MemoryDisk {
  readonly clock: Pick<Clock, 'elapsed' | 'sleep'>;
  readonly #names: Names;
  readonly #options: MemoryDiskOptions;
  readonly #access = new Access();

  constructor(names: Names, options: MemoryDiskOptions) {
    this.#names = names;
    this.#options = options;
    const { clock = realDisk.clock } = options;
    this.clock = {
      elapsed: () => clock.elapsed(),
      sleep: (ms, signal) => this.#access.whileAlive(() => clock.sleep(ms, signal)),
    };
  }

  // Properties, so that a test can spread the disk and put a call of its own in the place of one.

  readonly open: Disk['open'] = (path, mode) => {
    const there = this.#names.get(path);
    this.#access.guard(mode === 'read' ? 'read' : 'open', path);
    if (mode === 'read' && there === undefined) throw systemError('ENOENT', path);
    if (there !== undefined && mode === 'new') there.truncate(0);
    const file = there ?? new MemoryFile(Buffer.alloc(0), this.#options.now?.() ?? 0);
    if (there === undefined) this.#names.add(path, file);
    return new Handle(path, file, this.#access, this.#options.flushed ?? (() => Promise.resolve()));
  };

  readonly rename: Disk['rename'] = (from, to) => {
    this.#access.guard('rename', from);
    if (this.#names.get(from) === undefined) throw systemError('ENOENT', from);
    this.#names.rename(from, to);
  };

  readonly remove: Disk['remove'] = (path) => {
    if (this.#names.get(path) === undefined) return;
    this.#access.guard('remove', path);
    this.#names.remove(path);
  };

  readonly list: Disk['list'] = (folder) => {
    this.#access.guard('read', folder);
    return [...this.#names.in(folder)].sort();
  };

  readonly timeOf: Disk['timeOf'] = (path) => {
    this.#access.guard('read', path);
    return this.#names.get(path)?.time;
  };

  readonly makeFolder: Disk['makeFolder'] = () => undefined;

  readonly syncFolder: Disk['syncFolder'] = (folder) => {
    this.#access.guard('syncFolder', folder);
    this.#names.sync(folder);
  };

  /** Held by nobody: who may have a folder is tried with real processes. */
  readonly lock: Disk['lock'] = () => Promise.resolve({ release: () => Promise.resolve() });

  readonly letOthersWork: Disk['letOthersWork'] = () =>
    this.#access.whileAlive(() => (this.#options.letOthersWork ?? (() => realDisk.letOthersWork()))());

  readonly failWith: MemoryDisk['failWith'] = (fault) => {
    this.#access.fault = fault;
  };

  readonly operations = (): number => this.#access.changes;

  readonly reads = (): number => this.#access.reads;

  readonly powerCut: MemoryDisk['powerCut'] = (left, options = this.#options) => {
    const picks = typeof left === 'function' ? { names: left, bytes: left } : left;
    return new ProcessDisk(new Names(this.#names.remains(picks)), options);
  };

  readonly crash: MemoryDisk['crash'] = (left, options = this.#options) => {
    this.#access.isDead = true;
    return this.powerCut(left, options);
  };

  readonly kill: MemoryDisk['kill'] = (options = this.#options) => {
    this.#access.isDead = true;
    return new ProcessDisk(this.#names, options);
  };

  readonly bytes: MemoryDisk['bytes'] = (path) => this.#names.get(path)?.bytes;

  readonly overwrite: MemoryDisk['overwrite'] = (path, bytes) => {
    this.#names.overwrite(path, new MemoryFile(Buffer.from(bytes), this.#names.get(path)?.time ?? 0));
  };

  readonly flip: MemoryDisk['flip'] = (path, offset, bit) => {
    const bytes = Buffer.from(this.bytes(path) ?? []);
    bytes[offset] = (bytes[offset] ?? 0) ^ (1 << bit);
    this.overwrite(path, bytes);
  };
}

export function createMemoryDisk(
  from: ReadonlyMap<string, Buffer> = new Map(),
  options: MemoryDiskOptions = {},
): MemoryDisk {
  const files = new Map([...from].map(([path, bytes]) => [path, new MemoryFile(bytes, 0)] as const));
  return new ProcessDisk(new Names(files), options);
}

/** Where tests keep the store on such a disk. */
export const memoryFolder = join('/', 'data');
