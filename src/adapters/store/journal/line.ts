// One line of the journal: how it is written, and how it is proven to be the one that was written after the
// line before it, by somebody who has the key.
import { createHmac, hash } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { Event } from '../../../liveResponse/request/events.ts';
import type { GlobalEvent } from '../../../liveResponse/ports.ts';
import type { Keys } from './keys.ts';
import { depthOf, field, maxJsonDepth } from '../../../liveResponse/text/json.ts';
import type { Boxes, Vault } from './sealing.ts';
import { BrokenSeal, seal, unseal } from './sealing.ts';

/**
 * `request` is null for what belongs to no single request, `session` the number of the session an event is
 * about. `format` is that of the line: below 3 the event is in the older format (`olderEvents`). `at` in
 * epoch milliseconds.
 */
export type Entry = { readonly seq: number; readonly at: number; readonly format: number } & (
  | { readonly request: string; readonly session?: number; readonly event: Event }
  | { readonly request: null; readonly event: GlobalEvent }
);

/** What a line is about: a request, one of its sessions, or (null) neither. */
export interface Subject {
  readonly request: string | null;
  readonly session?: number | undefined;
}

/** The end of a chain: the last line's number and its hash. */
export interface Head {
  readonly seq: number;
  readonly hash: string;
  /**
   * Id of the key that the line was written with; absent before the first line, and in what version 0.1
   * wrote.
   */
  readonly key?: string;
}

/** Before the first line. */
export const noHead: Head = { seq: 0, hash: '0'.repeat(64) };

/**
 * Of a line as this version writes it. 1: version 0.1, which wrote neither format nor key. 2: the same
 * events, keyed. 3: a request separate from its sessions.
 */
export const lineFormat = 3;
const readable: ReadonlySet<unknown> = new Set([2, lineFormat]);

/**
 * A line ends with its own hash, which covers every byte before it; the next line repeats it as `prev`. So
 * even the last line cannot be changed unseen. It is an HMAC: without the key nobody can make another one
 * that fits.
 */
const hashKey = ',"hash":"';
const tailLength = hashKey.length + 64 + 2;

function hmac(key: KeyObject, bytes: string | Uint8Array): string {
  return createHmac('sha256', key).update(bytes).digest('hex');
}

/** An event as a line holds it: with its personal parts taken out, and the boxes that hold them. */
export interface SealedEvent {
  readonly event: unknown;
  readonly boxes: Boxes;
}

/** The line (without its newline) that follows `head`, and the head after it. */
export function encodeLine(
  head: Head,
  { at, request, session, event, boxes }: { readonly at: number } & Subject & SealedEvent,
  keys: Keys,
): { readonly text: string; readonly head: Head } {
  const seq = head.seq + 1;
  const { id, chain } = keys.current;
  const open = JSON.stringify({
    v: lineFormat,
    seq,
    prev: head.hash,
    at,
    request,
    ...(session === undefined ? {} : { session }),
    event,
    ...(boxes.length === 0 ? {} : { boxes }),
    key: id,
  }).slice(0, -1);
  const own = hmac(chain, open);
  return { text: `${open}${hashKey}${own}"}`, head: { seq, hash: own, key: id } };
}

/** The line as version 0.1 wrote it, for tests of what is taken over. */
export function encodeUnkeyed(
  head: Head,
  at: number,
  request: string | null,
  event: { readonly type: string },
): { readonly text: string; readonly head: Head } {
  const seq = head.seq + 1;
  const open = JSON.stringify({ seq, prev: head.hash, at, request, event }).slice(0, -1);
  const own = hash('sha256', open, 'hex');
  return { text: `${open}${hashKey}${own}"}`, head: { seq, hash: own } };
}

/** What is wrong with a line. `otherKey`: it names a key that is not among those given. */
interface Wrong {
  readonly wrong: string;
  readonly otherKey?: string;
}

/** `boxes`: what is personal in the event, still sealed. */
export type LineCheck = { readonly entry: Entry; readonly boxes: Boxes; readonly head: Head } | Wrong;

/**
 * Checks one line (without its newline) against the head before it. Without keys only what anybody can check:
 * form, numbers, and that each repeats the hash before it.
 */
export function decodeLine(bytes: Buffer, head: Head, keys: Keys | undefined): LineCheck {
  const parsed = parseLine(bytes);
  if ('wrong' in parsed) return parsed;
  const { v, seq, prev, boxes, key, own, entry } = parsed;
  // Sequence before hash: a missing or moved line is then called what it is, and not an edit of its
  // neighbour.
  if (seq !== head.seq + 1)
    return {
      wrong: `has number ${seq} where ${head.seq + 1} belongs: lines were removed, inserted or moved`,
    };
  if (key === undefined) {
    // Its hash vouches for nobody: anybody can write a value that ends whatever walks through it.
    if (depthOf(bytes.toString('latin1'), maxJsonDepth) > maxJsonDepth)
      return { wrong: 'is nested too deeply: it was not written by this bot' };
    const wrong = wrongUnkeyed(parsed, head);
    if (wrong !== undefined) return wrong;
    return prev === head.hash ? { entry, boxes, head: { seq, hash: own } } : { wrong: notNext };
  }
  if (typeof key !== 'string' || !readable.has(v))
    return {
      wrong: `has the format ${typeof v === 'string' || typeof v === 'number' ? String(v).slice(0, 20) : typeof v}, which this version does not know: it was written by a newer one`,
    };
  const wrong = wrongKeyed({ ...parsed, key }, head, keys);
  if (wrong !== undefined) return wrong;
  if (prev !== head.hash) return { wrong: notNext };
  if (head.key === undefined && head.seq > 0 && !takesOver(entry, head))
    return {
      wrong: `follows ${head.seq} lines that carry no key, and does not say that they were taken over`,
    };
  return { entry, boxes, head: { seq, hash: own, key } };
}

/** A line whose fields have the right form. Nothing is proven of it. */
interface ParsedLine {
  readonly v: unknown;
  readonly seq: number;
  readonly prev: string;
  readonly key: unknown;
  readonly own: string;
  readonly boxes: Boxes;
  readonly entry: Entry;
  /** What its hash covers. */
  readonly open: Buffer;
  /** Its last field is its hash. */
  readonly ends: boolean;
}

function parseLine(bytes: Buffer): ParsedLine | Wrong {
  const text = bytes.toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { wrong: `is not JSON (${error instanceof Error ? error.message.slice(0, 80) : 'unreadable'})` };
  }
  if (typeof value !== 'object' || value === null) return { wrong: 'is not a journal line' };
  const {
    v,
    seq,
    prev,
    at,
    request,
    session,
    event,
    boxes = [],
    key,
    hash: own,
  } = value as Readonly<Record<string, unknown>>;
  if (
    typeof seq !== 'number' ||
    typeof at !== 'number' ||
    typeof prev !== 'string' ||
    typeof own !== 'string' ||
    !isEvent(event) ||
    (request !== null && typeof request !== 'string') ||
    (session !== undefined && !Number.isSafeInteger(session)) ||
    !isBoxes(boxes)
  ) {
    return { wrong: 'lacks a field of a journal line' };
  }
  const entry = {
    seq,
    at,
    format: key === undefined ? 1 : v,
    request,
    ...(session === undefined ? {} : { session }),
    event,
  } as Entry;
  const ends = own.length === 64 && text.endsWith(`${hashKey}${own}"}`);
  return { v, seq, prev, key, own, boxes, entry, open: bytes.subarray(0, -tailLength), ends };
}

function wrongUnkeyed({ ends, open, own }: ParsedLine, head: Head): Wrong | undefined {
  // Otherwise anyone could cut a journal down to what needs no key, and continue it from there.
  if (head.key !== undefined)
    return { wrong: 'carries no key, although the lines before it do: it was not written by this bot' };
  return !ends || hash('sha256', open, 'hex') !== own
    ? { wrong: 'was changed after it was written (its own hash does not fit)' }
    : undefined;
}

function wrongKeyed(
  { key, ends, open, own }: ParsedLine & { readonly key: string },
  head: Head,
  keys: Keys | undefined,
): Wrong | undefined {
  if (keys === undefined) return ends ? undefined : { wrong: 'does not end with its own hash' };
  // Not repeated: it may be of any length.
  if (!/^[0-9a-f]{16}$/.test(key))
    return { wrong: 'was changed after it was written (no key has an id like the one it names)' };
  const one = keys.byId(key);
  if (one === undefined && head.key !== undefined)
    return {
      wrong: `names another key (id ${key}), which is not here, although the line before it is of ${head.key}: it was changed, or written with a newer key`,
    };
  if (one === undefined)
    return {
      wrong: `was written with another key (id ${key}) than the one given (id ${keys.current.id})`,
      otherKey: key,
    };
  if (!ends || hmac(one.chain, open) !== own)
    return {
      wrong:
        'was changed after it was written, or not written with the key (its authentication code does not fit)',
    };
  if (head.key !== undefined && head.key !== key && (keys.rank(key) ?? 0) > (keys.rank(head.key) ?? 0))
    return { wrong: `goes back to the older key ${key}: it was not written by this bot` };
  return undefined;
}

const notNext = 'does not follow the line before it (hash chain broken): one of them was replaced';

function takesOver({ event }: Entry, head: Head): boolean {
  return event.type === 'takenOver' && event.lines === head.seq && event.hash === head.hash;
}

function isEvent(event: unknown): boolean {
  return (
    typeof event === 'object' &&
    event !== null &&
    typeof (event as { readonly type?: unknown }).type === 'string'
  );
}

function isBoxes(value: unknown): value is Boxes {
  return (
    Array.isArray(value) &&
    value.every(
      (box) =>
        Array.isArray(box) && box.length === 2 && typeof box[0] === 'string' && typeof box[1] === 'string',
    )
  );
}

/** What a box in a line is bound to. */
function contextOf(seq: number): string {
  return `line ${seq}`;
}

/** The event as line number `seq` holds it. `owner`: whose it is where it names nobody. */
export function sealedEvent(event: unknown, owner: string, seq: number, vault: Vault): SealedEvent {
  const { value, boxes } = seal(event, { owner, context: contextOf(seq), vault });
  return { event: value, boxes };
}

/** The entry of a line with what is personal in it, as far as the persons are not forgotten. */
export function openedEntry(entry: Entry, boxes: Boxes, people: Pick<Vault, 'open'>): Entry {
  return boxes.length === 0
    ? entry
    : ({ ...entry, event: unseal(entry.event, boxes, contextOf(entry.seq), people) } as Entry);
}

/**
 * The parsed JSON of a line, likewise; for readers that only show it. Without persons what is personal is
 * left out.
 */
export function openedLine(line: unknown, people: Pick<Vault, 'open'> | undefined): unknown {
  const [seq, event, boxes] = [field(line, 'seq'), field(line, 'event'), field(line, 'boxes')];
  if (typeof line !== 'object' || !isBoxes(boxes) || typeof seq !== 'number') return line;
  try {
    return {
      ...line,
      event: unseal(event, boxes, contextOf(seq), people ?? { open: () => undefined }),
    };
  } catch (error) {
    // Nothing vouches for what is shown here: a line whose seals do not fit is shown as it is.
    if (!(error instanceof BrokenSeal)) throw error;
    return line;
  }
}
