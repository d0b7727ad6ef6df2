// Executes what the pages say: the first one installs and builds for all, and each comes behind the one that
// it goes on from.
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readPage } from './page.ts';
import type { Outcome, Run } from './pageRun.ts';
import { linked } from './checkout.ts';
import { PageRun } from './pageRun.ts';

/** Pages that are executed at once: much of their time is spent waiting for a story or for a start. */
const atOnce = 2;

/**
 * Executes the pages: the first one installs and builds for all, and each comes behind the one that it goes
 * on from.
 */
export async function runPages(run: Run): Promise<readonly Outcome[]> {
  const work = mkdtempSync(join(tmpdir(), 'lr-guides-'));
  const master = join(work, 'installed');
  const outcomes: Outcome[] = [];
  try {
    if (run.installed === true) {
      mkdirSync(master);
      linked(join(run.root, 'node_modules'), join(master, 'node_modules'));
      if (existsSync(join(run.root, 'dist', '.built')))
        cpSync(join(run.root, 'dist'), join(master, 'dist'), { recursive: true });
    }
    const before = new Map<string, PageRun>();
    const ended = new Map<string, Promise<void>>();
    const left = [...inOrder(run)];
    const order = [...left];
    let built = (): void => undefined;
    const installed = new Promise<void>((resolve) => (built = resolve));
    if (run.installed === true) built();
    const execute = async (page: string): Promise<void> => {
      const first = page === order[0];
      if (!first) await installed;
      for (const other of goesOnFrom(run.root, page)) await ended.get(other);
      const one = new PageRun(run, page, { work, master, before, whenBuilt: first ? built : undefined });
      before.set(page, one);
      try {
        await one.all();
      } finally {
        if (first) built();
      }
      for (const outcome of one.outcomes) run.tell?.(outcome);
    };
    const worker = async (): Promise<void> => {
      for (let page = left.shift(); page !== undefined; page = left.shift()) {
        const running = execute(page);
        ended.set(page, running);
        await running;
      }
    };
    const all = await Promise.allSettled(Array.from({ length: atOnce }, worker));
    for (const one of all) if (one.status === 'rejected') throw one.reason;
    for (const page of order) outcomes.push(...(before.get(page)?.outcomes ?? []));
    return outcomes;
  } finally {
    if (process.env['LR_KEEP'] === undefined) rmSync(work, { recursive: true, force: true });
    else renameSync(work, process.env['LR_KEEP']);
  }
}

function goesOnFrom(root: string, page: string): readonly string[] {
  const pieces = existsSync(join(root, page)) ? readPage(readFileSync(join(root, page), 'utf8')) : [];
  return pieces.flatMap((piece) =>
    piece.kind === 'after' && existsSync(join(root, piece.page)) ? [piece.page] : [],
  );
}

/** A page behind the one that it goes on from, which is executed even where nobody named it. */
function inOrder({ root, pages }: Run): readonly string[] {
  const order: string[] = [];
  const add = (page: string, from: readonly string[]): void => {
    if (order.includes(page) || from.includes(page)) return;
    for (const other of goesOnFrom(root, page)) add(other, [...from, page]);
    order.push(page);
  };
  for (const page of pages) add(page, []);
  return order;
}
