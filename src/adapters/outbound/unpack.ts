// Decompression of answers that arrive packed although unpacked ones were requested. A small answer can
// unpack to a huge one, so it is unpacked piece by piece and never beyond the limit. Data that cannot be
// unpacked is left to the caller.
import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw } from 'node:zlib';
import type { Transform } from 'node:stream';

/** `cut`: there was more than the limit, or the packed data ends too early. */
export interface Unpacked {
  readonly bytes: Uint8Array;
  readonly cut: boolean;
}

/**
 * Names of Content-Encoding (RFC 9110, section 8.4.1), and how each is undone; deflate is sent with and
 * without its wrapper.
 */
const ways: Readonly<Record<string, readonly (() => Transform)[]>> = {
  gzip: [createGunzip],
  'x-gzip': [createGunzip],
  deflate: [createInflate, createInflateRaw],
  br: [createBrotliDecompress],
};

/**
 * Bytes given to the unpacker at a time: data that unpacks a thousandfold produces no more than a few
 * megabytes before the limit is checked.
 */
const piece = 4 * 1024;

export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b && bytes[2] === 8;
}

/**
 * Undefined where the name is unknown, or nothing at all unpacks.
 * @param maxBytes of the result
 */
export async function unpack(
  bytes: Uint8Array,
  encoding: string,
  maxBytes: number,
): Promise<Unpacked | undefined> {
  for (const create of ways[encoding.trim().toLowerCase()] ?? []) {
    const found = await through(create(), bytes, maxBytes);
    if (found !== undefined) return found;
  }
  return undefined;
}

async function through(
  unpacker: Transform,
  packed: Uint8Array,
  maxBytes: number,
): Promise<Unpacked | undefined> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const failed: unknown[] = [];
  unpacker.on('error', (error) => void failed.push(error));
  const ended = new Promise<void>((resolve) => unpacker.once('close', resolve));
  unpacker.on('data', (chunk: Uint8Array) => {
    chunks.push(chunk);
    length += chunk.length;
    if (length > maxBytes) unpacker.destroy();
  });
  for (let at = 0; at < packed.length && !unpacker.destroyed; at += piece) {
    await new Promise<void>((resolve) => {
      unpacker.once('close', resolve);
      unpacker.write(packed.subarray(at, at + piece), () => {
        unpacker.off('close', resolve);
        resolve();
      });
    });
  }
  if (!unpacker.destroyed) unpacker.end();
  await ended;
  const broken = failed.length > 0;
  if (broken && length === 0) return undefined;
  return { bytes: Buffer.concat(chunks).subarray(0, maxBytes), cut: length > maxBytes || broken };
}
