// The bytes a GetFile brings back: a real zip with a small fake dump in it when a zip was asked for, gzipped
// on the way as Defender does.
import { gzipSync, strToU8, zipSync } from 'fflate';
import type { CollectedMode } from '../profile.ts';

/** What the blob server sends, in pieces, so that a large file need not exist anywhere. */
export interface Blob {
  readonly length: number;
  /** What Content-Length says when that is not the truth. */
  readonly claimedLength?: number;
  readonly fileName?: string;
  /** The bytes from `from` up to and without `to`. */
  readonly slice: (from: number, to: number) => Iterable<Uint8Array>;
}

/** getfile takes up to 3 GB. */
const threeGigabytes = 3 * 1024 ** 3;
const hugeLength = 500 * 1024 ** 2;
const hugePiece = new Uint8Array(64 * 1024).fill(0x4d);
/** A zip cannot hold a date before 1980; a fixed one keeps the bytes the same on each download. */
const packedOn = new Date('2021-02-04T12:00:00Z');

/** The blob of the file at `path` on the device of that name. */
export function collectedFile(path: string, deviceName: string, mode: CollectedMode): Blob {
  const base = path.split(/[\\/]/).at(-1) ?? 'file';
  const fileName = `${base}.gz`;
  switch (mode) {
    case 'empty':
      return { fileName, ...blobOf(new Uint8Array(0)) };
    case 'plain':
      return { fileName: base, ...blobOf(fileBytes(path, base, deviceName)) };
    case 'gzip':
      return { fileName, ...blobOf(zipped(path, base, deviceName)) };
    case 'hugeLength':
      return { fileName, claimedLength: threeGigabytes, ...blobOf(zipped(path, base, deviceName)) };
    case 'huge':
      return { fileName: base, length: hugeLength, slice: hugeBytes };
  }
}

/** The zip that a collected investigation package comes as. */
export function investigationPackage(deviceName: string): Blob {
  const content = strToU8(`simulated investigation package of ${deviceName}\n`);
  return {
    fileName: `${deviceName}.zip`,
    ...blobOf(zipSync({ 'ForensicsCollectionSummary.txt': [content, { mtime: packedOn }] })),
  };
}

/** Bytes in memory as a blob. */
export const blobOf = (bytes: Uint8Array): Pick<Blob, 'length' | 'slice'> => ({
  length: bytes.length,
  slice: (from, to) => [bytes.subarray(from, to)],
});

function* hugeBytes(from: number, to: number): Generator<Uint8Array> {
  for (let at = from; at < to; at += hugePiece.length)
    yield hugePiece.subarray(0, Math.min(hugePiece.length, to - at));
}

const zipped = (path: string, base: string, deviceName: string): Uint8Array =>
  gzipSync(fileBytes(path, base, deviceName), { filename: base, mtime: packedOn });

function fileBytes(path: string, base: string, deviceName: string): Uint8Array {
  const content = strToU8(`MDMP\u0000 simulated content of ${path} on ${deviceName}\n`.repeat(20));
  if (base.toLowerCase().endsWith('.gz'))
    return gzipSync(content, { filename: base.slice(0, -'.gz'.length), mtime: packedOn });
  if (!base.toLowerCase().endsWith('.zip')) return content;
  return zipSync({ [base.slice(0, -'.zip'.length)]: [content, { mtime: packedOn }] });
}
