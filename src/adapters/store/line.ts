// One line of the journal: how it is written, and how it is proven to be the one that was written after the line before it.
import { hash } from 'node:crypto';
import type { Event } from '../../liveResponse/request.ts';
import type { HouseEvent } from '../../liveResponse/ports.ts';

/** `request` is null for what belongs to no single request. `at` in epoch milliseconds. */
export type Entry = { readonly seq: number; readonly at: number } & (
  | { readonly request: string; readonly event: Event }
  | { readonly request: null; readonly event: HouseEvent }
);

/** Where a chain stands: the last line's number and its hash. */
export interface Head {
  readonly seq: number;
  readonly hash: string;
}

/** Before the first line. */
export const noHead: Head = { seq: 0, hash: '0'.repeat(64) };

/** A line ends with its own hash, which covers every byte before it; the next line repeats it as `prev`. So even the last line cannot be changed unseen. */
const hashKey = ',"hash":"';
const tailLength = hashKey.length + 64 + 2;

/** The line (without its newline) that follows `head`, and the head after it. */
export function encodeLine(head: Head, at: number, request: string | null, event: Event | HouseEvent): { readonly text: string; readonly head: Head } {
  const seq = head.seq + 1;
  const open = JSON.stringify({ seq, prev: head.hash, at, request, event }).slice(0, -1);
  const own = hash('sha256', open, 'hex');
  return { text: `${open}${hashKey}${own}"}`, head: { seq, hash: own } };
}

export type LineCheck = { readonly entry: Entry; readonly head: Head } | { readonly wrong: string };

/** Checks one line (without its newline) against the head before it. */
export function decodeLine(bytes: Buffer, head: Head): LineCheck {
  const text = bytes.toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { wrong: `is not JSON (${error instanceof Error ? error.message.slice(0, 80) : 'unreadable'})` };
  }
  if (typeof value !== 'object' || value === null) return { wrong: 'is not a journal line' };
  const { seq, prev, at, request, event, hash: own } = value as Readonly<Record<string, unknown>>;
  if (typeof seq !== 'number' || typeof at !== 'number' || typeof prev !== 'string' || typeof own !== 'string' || !isEvent(event) || (request !== null && typeof request !== 'string')) {
    return { wrong: 'lacks a field of a journal line' };
  }
  // Sequence before hash: a missing or moved line is then called what it is, and not an edit of its neighbour.
  if (seq !== head.seq + 1) return { wrong: `bears number ${seq} where ${head.seq + 1} belongs: lines were removed, inserted or moved` };
  if (hash('sha256', bytes.subarray(0, -tailLength), 'hex') !== own || text.slice(-tailLength) !== `${hashKey}${own}"}`) return { wrong: 'was changed after it was written (its own hash does not fit)' };
  if (prev !== head.hash) return { wrong: 'does not follow the line before it (hash chain broken): one of them was replaced' };
  return { entry: { seq, at, request, event } as Entry, head: { seq, hash: own } };
}

function isEvent(event: unknown): boolean {
  return typeof event === 'object' && event !== null && typeof (event as { readonly type?: unknown }).type === 'string';
}
