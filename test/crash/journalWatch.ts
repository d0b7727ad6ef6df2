// Reads a journal from outside while another process writes it, and folds it with the product's own fold.
import { closeSync, existsSync, fstatSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { openedLine } from '../../src/adapters/store/journal/line.ts';
import { openerIn } from '../support/store/journal.ts';
import { create, apply } from '../../src/liveResponse/request/fold.ts';
import type { Event } from '../../src/liveResponse/request/events.ts';
import type { Request } from '../../src/liveResponse/request/request.ts';
import { stageOf } from '../../src/liveResponse/request/request.ts';

export interface JournalWatch {
  readonly requests: Map<string, Request & { readonly looks: number }>;
  /** Person id of the first approval, by request. */
  readonly approvedBy: Map<string, string>;
  /** Takes in what was written since. */
  read(): void;
}

interface Line {
  readonly at: number;
  readonly request: string | null;
  readonly event: Event;
}

export function createJournalWatch(dir: string): JournalWatch {
  const requests = new Map<string, Request & { readonly looks: number }>();
  const approvedBy = new Map<string, string>();
  /** Bytes taken in, by file. */
  const read = new Map<string, number>();

  function take(line: Line): void {
    if (line.request === null) return;
    const { event } = line;
    if (event.type === 'approved' && !approvedBy.has(line.request))
      approvedBy.set(line.request, event.approval.by.id);
    const before = requests.get(line.request);
    const after =
      event.type === 'asked'
        ? create(event.asked)
        : before === undefined
          ? undefined
          : apply(before, event, line.at);
    if (after === undefined) throw new Error(`the journal tells of ${line.request} before it was asked`);
    const stage = stageOf(after);
    requests.set(line.request, { ...after, looks: stage.state === 'unknown' ? stage.searches : 0 });
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
      const people = openerIn(dir);
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
