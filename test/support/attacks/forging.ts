// What somebody who may write the data folder, but has not the key, can make of it.
import { hash } from 'node:crypto';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeUnkeyed } from '../../../src/adapters/store/journal/line.ts';
import type { Event } from '../../../src/liveResponse/request/events.ts';
import type { Request } from '../../../src/liveResponse/request/request.ts';

/**
 * Keeps the folder as a crash would leave it: nothing is put in order at the end. Answers what puts it back.
 */
export function crashed(dataDir: string, folders: string[]): () => void {
  const copy = mkdtempSync(join(tmpdir(), 'lr-copy-'));
  folders.push(copy);
  cpSync(dataDir, copy, {
    recursive: true,
    filter: (path) => statSync(path).isDirectory() || statSync(path).isFile(),
  });
  return () => {
    rmSync(dataDir, { recursive: true });
    cpSync(copy, dataDir, { recursive: true });
  };
}

/** Writes the newest file of the journal with other lines. */
export function edited(dataDir: string, edit: (lines: readonly string[]) => readonly string[]): void {
  const path = join(
    dataDir,
    readdirSync(dataDir)
      .filter((name) => /^journal-\d+\.ndjson$/.test(name))
      .toSorted()
      .at(-1) ?? '',
  );
  writeFileSync(path, `${edit(readFileSync(path, 'utf8').trimEnd().split('\n')).join('\n')}\n`);
}

interface Last {
  readonly seq: number;
  readonly hash: string;
  readonly key: string;
}

function lastOf(lines: readonly string[]): Last {
  return JSON.parse(lines.at(-1) ?? '{}') as Last;
}

/** The next line in the form of version 0.1, whose hash anybody can make. */
export function unkeyed(lines: readonly string[], event: { readonly type: string }, { id }: Request): string {
  return encodeUnkeyed(lastOf(lines), Date.now(), id, event).text;
}

/** The next line as the bot writes it, with a hash in the place of the code that takes the key. */
export function hashed(lines: readonly string[], event: Event, { id }: Request): string {
  const { seq, hash: prev, key } = lastOf(lines);
  return closed({ v: 3, seq: seq + 1, prev, at: Date.now(), request: id, event, key });
}

/** Every line again with a hash of its own, each naming the one before. */
export function rewritten(lines: readonly string[]): readonly string[] {
  let prev = '0'.repeat(64);
  return lines.map((line) => {
    const { hash: _before, ...rest } = JSON.parse(line) as Readonly<Record<string, unknown>>;
    const written = closed({ ...rest, prev });
    prev = lastOf([written]).hash;
    return written;
  });
}

function closed(body: object): string {
  const open = JSON.stringify(body).slice(0, -1);
  return `${open},"hash":"${hash('sha256', open, 'hex')}"}`;
}
