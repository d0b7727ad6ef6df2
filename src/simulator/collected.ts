// The bytes a GetFile brings back: a real zip with a small fake dump in it when a zip was asked for, gzipped on the way as Defender does.
import { gzipSync, strToU8, zipSync } from 'fflate';
import type { Profile } from './profile.ts';

export interface Collected {
  readonly fileName: string;
  readonly bytes: Uint8Array;
  /** What Content-Length says when that is not the truth. */
  readonly claimedLength?: number;
}

/** getfile takes up to 3 GB. */
const threeGigabytes = 3 * 1024 ** 3;
/** A zip cannot hold a date before 1980; a fixed one keeps the bytes the same on each download. */
const packedOn = new Date('2021-02-04T12:00:00Z');

/** The blob of the file at `path` on the device of that name. */
export function collectedFile(path: string, deviceName: string, mode: Profile['collected']): Collected {
  const base = path.split(/[\\/]/).at(-1) ?? 'file';
  const fileName = `${base}.gz`;
  if (mode === 'empty') return { fileName, bytes: new Uint8Array(0) };
  const plain = fileBytes(path, base, deviceName);
  if (mode === 'plain') return { fileName: base, bytes: plain };
  const bytes = gzipSync(plain, { filename: base, mtime: packedOn });
  return mode === 'hugeLength' ? { fileName, bytes, claimedLength: threeGigabytes } : { fileName, bytes };
}

function fileBytes(path: string, base: string, deviceName: string): Uint8Array {
  const content = strToU8(`MDMP\u0000 simulated content of ${path} on ${deviceName}\n`.repeat(20));
  if (!base.toLowerCase().endsWith('.zip')) return content;
  return zipSync({ [base.slice(0, -'.zip'.length)]: [content, { mtime: packedOn }] });
}
