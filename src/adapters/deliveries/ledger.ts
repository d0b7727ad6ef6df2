// An append-only file of lines, each durable before its write resolves. Waiting lines are written together
// and synced once. A line that is withdrawn in time, or could not be written, is never read back.
import { join } from 'node:path';
import type { Clock, Log } from '../../liveResponse/ports.ts';
import { codeOf } from '../clock.ts';
import { diskWords } from '../store/journal/disk.ts';
import type { Disk, DiskFile } from '../store/journal/disk.ts';

export interface LedgerOptions {
  readonly disk: Disk;
  readonly folder: string;
  readonly name: string;
  readonly clock: Pick<Clock, 'elapsed'>;
  readonly log: Log;
  /** Every line that is still needed, for a file that has become long. */
  readonly content: () => readonly string[];
}

export interface Putting {
  /** Whether the line is on disk; false when it will never be read back. */
  readonly kept: Promise<boolean>;
  /** Withdraws the line, unless it is already durable: `kept` resolves at once. */
  giveUp(): void;
}

interface Entry {
  readonly line: string;
  /** Written directly after the line to withdraw it. */
  readonly undo: string;
  over: boolean;
  readonly settle: (durable: boolean) => void;
}

/** After this many lines the file is rewritten with the lines that are still needed. */
export const linesKept = 5_000;
/**
 * A disk that failed is tried again when somebody asks for its trouble, but not more often than this.
 * Milliseconds.
 */
const tryAgain = 5_000;

export class Ledger {
  readonly #options: LedgerOptions;
  readonly #path: string;
  #file: DiskFile | undefined;
  /** The number of good bytes in the file; what comes after them is cut off before the next line. */
  #good = 0;
  /** So many of them are known to be on disk; a sync that failed may have lost all that came later. */
  #synced = 0;
  /** The marks among those that came later. */
  #unsynced: readonly string[] = [];
  #lines = 0;
  #compactAt = linesKept;
  #waiting: readonly Entry[] = [];
  /** Written but not yet synced. */
  #batch: { readonly entries: readonly Entry[] } | undefined;
  #owed: string[] = [];
  #compacting = false;
  /** From then on another process may use the file: it must be neither opened nor cut. */
  #closed = false;
  /** Whether the file keeps its name after a power cut. */
  #named = true;
  #serving: Promise<void> | undefined;
  #trouble: { readonly why: string; triedAt: number } | undefined;

  constructor(options: LedgerOptions) {
    this.#options = options;
    this.#path = join(options.folder, options.name);
  }

  /**
   * The lines of the file as they are, including an incomplete last line after a crash.
   * @throws what the disk throws
   */
  read(): readonly string[] {
    const { disk } = this.#options;
    try {
      const file = disk.open(this.#path, 'read');
      try {
        return Buffer.from(file.read(0, file.size())).toString('utf8').split('\n');
      } finally {
        file.close();
      }
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return [];
      throw error;
    }
  }

  put(line: string, undo: string): Putting {
    let settle = (_durable: boolean): void => undefined;
    const kept = new Promise<boolean>((resolve) => (settle = resolve));
    const entry: Entry = { line, undo, over: false, settle };
    if (this.#closed) {
      this.#end(entry, false);
    } else {
      this.#waiting = [...this.#waiting, entry];
      this.#serve();
    }
    return { kept, giveUp: () => this.#giveUp(entry) };
  }

  /** A line that must survive this process but not a power cut: written now, not synced. */
  mark(line: string): void {
    if (this.#closed) return;
    this.#owed.push(line);
    this.#pay();
  }

  /** Why lines cannot be written, while they cannot. */
  trouble(): string | undefined {
    if (this.#trouble !== undefined && this.#options.clock.elapsed() - this.#trouble.triedAt >= tryAgain) {
      this.#trouble.triedAt = this.#options.clock.elapsed();
      // An empty line means nothing to a reader of the file.
      this.mark('');
    }
    return this.#trouble?.why;
  }

  async close(): Promise<void> {
    while (this.#serving !== undefined) await this.#serving;
    this.#closed = true;
    this.#file?.close();
    this.#file = undefined;
  }

  /**
   * Rewrites the whole file.
   * @throws what the disk throws; then the old file is still there
   */
  async compact(): Promise<void> {
    const { disk, content } = this.#options;
    this.#compacting = true;
    try {
      const lines = content();
      const rewritten = disk.open(`${this.#path}.new`, 'new');
      try {
        if (lines.length > 0) rewritten.append(bytesOf(lines));
        await rewritten.flush();
      } finally {
        rewritten.close();
      }
      disk.rename(`${this.#path}.new`, this.#path);
      this.#named = false;
      this.#file?.close();
      this.#file = undefined;
      this.#good = bytesOf(lines).length;
      this.#synced = this.#good;
      this.#unsynced = [];
      this.#lines = lines.length;
      this.#opened();
      this.#syncName();
    } finally {
      this.#compacting = false;
      this.#compactAt = this.#lines + linesKept;
    }
    this.#pay();
  }

  #syncName(): void {
    this.#options.disk.syncFolder(this.#options.folder);
    this.#named = true;
  }

  #giveUp(entry: Entry): void {
    if (entry.over) return;
    this.#end(entry, false);
    const before = this.#waiting.length;
    this.#waiting = this.#waiting.filter((one) => one !== entry);
    if (this.#waiting.length === before) this.mark(entry.undo);
  }

  #serve(): void {
    this.#serving ??= this.#writeAll().finally(() => {
      this.#serving = undefined;
      if (this.#waiting.length > 0) this.#serve();
    });
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      if (this.#lines >= this.#compactAt) await this.#tryCompact();
      const entries = this.#waiting;
      this.#waiting = [];
      await this.#write(entries);
    }
  }

  async #tryCompact(): Promise<void> {
    try {
      await this.compact();
    } catch (error) {
      // The long file is still usable; what matters is that the next line gets into it.
      this.#options.log.warn('deliveriesNotCompacted', { file: this.#options.name, error });
      this.#pay();
    }
  }

  async #write(entries: readonly Entry[]): Promise<void> {
    if (entries.length === 0) return;
    try {
      const file = this.#opened();
      if (!this.#named) this.#syncName();
      const mine = { entries };
      this.#batch = mine;
      const bytes = bytesOf(entries.map(({ line }) => line));
      file.append(bytes);
      this.#good += bytes.length;
      this.#lines += entries.length;
      await this.#flush(file);
      if (this.#batch !== mine) return;
      this.#batch = undefined;
      this.#well();
      const givenUp = entries.some(({ over }) => over);
      for (const entry of entries) this.#end(entry, true);
      // What takes them back stands behind them, and was not part of that sync.
      if (givenUp) await this.#flush(file);
    } catch (error) {
      if (this.#batch === undefined) for (const entry of entries) this.#end(entry, false);
      this.#broken(error);
    }
  }

  /** What is appended meanwhile is not part of it. */
  async #flush(file: DiskFile): Promise<void> {
    const [good, marks] = [this.#good, this.#unsynced.length];
    await file.flush();
    if (this.#file !== file) return;
    this.#synced = good;
    this.#unsynced = this.#unsynced.slice(marks);
  }

  #pay(): void {
    if (this.#owed.length === 0 || this.#compacting) return;
    const marks = this.#owed;
    try {
      const file = this.#opened();
      const bytes = bytesOf(marks);
      file.append(bytes);
      this.#good += bytes.length;
      this.#lines += marks.length;
      this.#owed = [];
      this.#unsynced = [...this.#unsynced, ...marks];
      if (this.#batch === undefined) this.#well();
    } catch (error) {
      this.#broken(error);
    }
  }

  /** The file, cut to what is good in it. */
  #opened(): DiskFile {
    if (this.#file !== undefined) return this.#file;
    const file = this.#options.disk.open(this.#path, 'append');
    try {
      if (file.size() > this.#good) file.truncate(this.#good);
    } catch (error) {
      file.close();
      throw error;
    }
    this.#file = file;
    return file;
  }

  /** What was not synced must never be read back: those who wait for it learn that it was not kept. */
  #broken(error: unknown): void {
    const { log, name, clock } = this.#options;
    const { entries = [] } = this.#batch ?? {};
    this.#batch = undefined;
    this.#good = this.#synced;
    this.#owed = [...this.#unsynced, ...this.#owed];
    this.#unsynced = [];
    if (this.#trouble === undefined) log.error('deliveriesNotWritten', { file: name, error });
    this.#trouble = { why: diskWords(error), triedAt: clock.elapsed() };
    try {
      this.#file?.close();
      this.#file = undefined;
      this.#opened();
    } catch (again) {
      log.error('deliveriesNotCut', { file: name, error: again });
    }
    void this.#endOnceCut(entries);
  }

  /** People hear that nothing was done once no power cut brings the line back, if the disk still does that much. */
  async #endOnceCut(entries: readonly Entry[]): Promise<void> {
    if (entries.length === 0) return;
    try {
      await this.#file?.flush();
    } catch (error) {
      this.#options.log.error('deliveriesNotCut', { file: this.#options.name, error });
    }
    for (const entry of entries) this.#end(entry, false);
  }

  #well(): void {
    if (this.#trouble !== undefined)
      this.#options.log.info('deliveriesWrittenAgain', { file: this.#options.name });
    this.#trouble = undefined;
  }

  #end(entry: Entry, durable: boolean): void {
    if (entry.over) return;
    entry.over = true;
    entry.settle(durable);
  }
}

function bytesOf(lines: readonly string[]): Uint8Array {
  return Buffer.from(lines.map((line) => `${line}\n`).join(''), 'utf8');
}
