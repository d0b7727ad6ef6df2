// The journal's files: how they are named, found and cut into lines. Shared by the start of the bot and by
// the audit, so that both mean the same.
import { join } from 'node:path';
import type { Disk } from './disk.ts';

export interface Segment {
  readonly name: string;
  readonly path: string;
  /** Number of the first line in it. */
  readonly first: number;
  readonly size: number;
}

const pattern = /^journal-(\d{9,15})\.ndjson$/;

/** `journal-000000001.ndjson` for the file whose first line is number 1. */
export function segmentName(first: number): string {
  return `journal-${String(first).padStart(9, '0')}.ndjson`;
}

/** The journal files of a data folder that begin at line `from` or later, oldest first. */
export function segmentsIn(disk: Disk, folder: string, from = 0): readonly Segment[] {
  return disk
    .list(folder)
    .flatMap((name) => {
      const number = pattern.exec(name)?.[1];
      return number === undefined || Number(number) < from
        ? []
        : [{ name, path: join(folder, name), first: Number(number), size: sizeOf(disk, join(folder, name)) }];
    })
    .sort((a, b) => a.first - b.first);
}

/** The hash that line number `seq` ends with, unverified; undefined when no file holds it. */
export function lineAt(
  disk: Disk,
  folder: string,
  seq: number,
): { readonly seq: number; readonly hash: string } | undefined {
  const segment = segmentsIn(disk, folder).findLast((one) => one.first <= seq && one.size > 0);
  if (segment === undefined) return undefined;
  let number = segment.first - 1;
  for (const batch of linesOf(disk, segment.path)) {
    for (const { bytes, ended } of batch) {
      number += 1;
      if (number < seq) continue;
      const own = /"hash":"([0-9a-f]{64})"\}$/.exec(bytes.subarray(-80).toString('utf8'))?.[1];
      return own === undefined || !ended ? undefined : { seq, hash: own };
    }
  }
  return undefined;
}

function sizeOf(disk: Disk, path: string): number {
  const file = disk.open(path, 'read');
  try {
    return file.size();
  } finally {
    file.close();
  }
}

/** A line's bytes without the newline. `ended` is false for what follows the last newline. */
export interface RawLine {
  readonly bytes: Buffer;
  readonly offset: number;
  readonly ended: boolean;
}

const chunkBytes = 256 * 1024;

/** The lines of one file, in batches of about 256 KB so that a caller may let other work in between. */
export function* linesOf(disk: Disk, path: string): Generator<readonly RawLine[]> {
  const file = disk.open(path, 'read');
  try {
    let position = 0;
    let start = 0;
    let rest: Buffer = Buffer.alloc(0);
    for (;;) {
      const chunk = file.read(position, chunkBytes);
      if (chunk.length === 0) break;
      position += chunk.length;
      const bytes =
        rest.length === 0
          ? Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
          : Buffer.concat([rest, chunk]);
      const batch: RawLine[] = [];
      let from = 0;
      for (let end = bytes.indexOf(10, from); end !== -1; end = bytes.indexOf(10, from)) {
        batch.push({ bytes: bytes.subarray(from, end), offset: start + from, ended: true });
        from = end + 1;
      }
      rest = bytes.subarray(from);
      start += from;
      yield batch;
    }
    if (rest.length > 0) yield [{ bytes: rest, offset: start, ended: false }];
  } finally {
    file.close();
  }
}
