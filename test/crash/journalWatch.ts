// Reads a journal from outside while another process writes it, and folds it with the product's own fold.
import { closeSync, existsSync, fstatSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import type { Entry } from '../../src/adapters/store/journal/line.ts';
import { openedLine } from '../../src/adapters/store/journal/line.ts';
import { createProjection } from '../../src/adapters/store/projection.ts';
import { openerIn } from '../support/store/journal.ts';
import type { Request } from '../../src/liveResponse/request/request.ts';

export interface JournalWatch {
  readonly requests: ReadonlyMap<string, Request>;
  /** Person id of the first approval, by request. */
  readonly approvedBy: Map<string, string>;
  /** Takes in what was written since. */
  read(): void;
}

/** A line as it lies in a journal of any version. */
type Line = Entry & { readonly v?: number };

/** @param keyText the key of the journal, where it does not lie in the folder */
export function createJournalWatch(dir: string, keyText?: string): JournalWatch {
  const requests = new Map<string, Request>();
  const projection = createProjection();
  const approvedBy = new Map<string, string>();
  /** Bytes taken in, by file. */
  const read = new Map<string, number>();

  function take(line: Line): void {
    if (line.request === null) return;
    const entry: Entry = { ...line, format: line.v ?? 1 };
    const after = projection.preview(entry);
    projection.apply(entry, after);
    if (after === undefined) throw new Error(`line ${line.seq} makes nothing of ${line.request}`);
    if (entry.event.type === 'approved' && !approvedBy.has(after.id))
      approvedBy.set(after.id, after.votes.at(-1)?.by.id ?? '');
    requests.set(after.id, after);
  }

  /** Whole lines only: a torn last one is cut by the next start, and would be read as something it is not. */
  function readFile(name: string): void {
    const handle = openSync(join(dir, name), 'r');
    try {
      const from = read.get(name) ?? 0;
      const buffer = Buffer.alloc(Math.max(0, fstatSync(handle).size - from));
      const got = readSync(handle, buffer, 0, buffer.length, from);
      const whole = buffer.subarray(0, got).lastIndexOf(0x0a) + 1;
      read.set(name, from + whole);
      const lines = buffer.toString('utf8', 0, whole).split('\n');
      // Read again each time: somebody may have been met since, and never before the lines that tell of it.
      const people = openerIn(dir, keyText);
      for (const line of lines) if (line !== '') take(openedLine(JSON.parse(line), people) as Line);
    } finally {
      closeSync(handle);
    }
  }

  return {
    requests,
    approvedBy,
    read() {
      if (!existsSync(dir)) return;
      for (const name of readdirSync(dir)
        .filter((one) => /^journal-\d+\.ndjson$/.test(one))
        .sort())
        readFile(name);
    },
  };
}
