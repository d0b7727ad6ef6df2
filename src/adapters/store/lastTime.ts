// The latest time a data folder's journal carries, read without opening the store: a simulated clock must
// begin after it.
import { closeSync, fstatSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { isMissing } from '../clock.ts';

/** Enough for several of the longest lines. */
const tailBytes = 256 * 1024;

/** Epoch milliseconds, or undefined for an empty or absent journal. */
export function lastTime(dir: string): number | undefined {
  // The newest file is empty right after a snapshot.
  for (const name of journalFiles(dir).toReversed()) {
    const times = [...tailOf(join(dir, name)).matchAll(/"at":(\d{13})/g)].map((match) => Number(match[1]));
    if (times.length > 0) return Math.max(...times);
  }
  return undefined;
}

function journalFiles(dir: string): readonly string[] {
  try {
    return readdirSync(dir)
      .filter((name) => /^journal-\d+\.ndjson$/.test(name))
      .sort();
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

function tailOf(file: string): string {
  const handle = openSync(file, 'r');
  try {
    const { size } = fstatSync(handle);
    const buffer = Buffer.alloc(Math.min(size, tailBytes));
    const read = readSync(handle, buffer, 0, buffer.length, Math.max(0, size - buffer.length));
    return buffer.toString('utf8', 0, read);
  } finally {
    closeSync(handle);
  }
}
