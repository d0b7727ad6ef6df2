// The latest time a data folder's journal carries, read without opening the store: a simulated clock must
// begin after it.
import { isMissing } from '../clock.ts';
import type { Disk } from './journal/disk.ts';
import { segmentsIn } from './journal/segments.ts';

/** Enough for several of the longest lines. */
const tailBytes = 256 * 1024;

/** Epoch milliseconds, or undefined for an empty or absent journal. */
export function lastTime(disk: Disk, dir: string): number | undefined {
  // The newest file is empty right after a snapshot.
  for (const { path, size } of journalFiles(disk, dir).toReversed()) {
    const times = [...tailOf(disk, path, size).matchAll(/"at":(\d{13})/g)].map((match) => Number(match[1]));
    if (times.length > 0) return Math.max(...times);
  }
  return undefined;
}

function journalFiles(disk: Disk, dir: string): ReturnType<typeof segmentsIn> {
  try {
    return segmentsIn(disk, dir);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

function tailOf(disk: Disk, path: string, size: number): string {
  const file = disk.open(path, 'read');
  try {
    return Buffer.from(file.read(Math.max(0, size - tailBytes), tailBytes)).toString('utf8');
  } finally {
    file.close();
  }
}
