// Proves that the journal is what the bot wrote: every line's own hash, the chain across all files, every
// move legal, and the snapshot equal to what the lines fold to. Reads only, and beside a running bot, so a
// line without its end is one being written.
import { isDeepStrictEqual } from 'node:util';
import type { NewRequest } from '../../../liveResponse/request/request.ts';
import type { Device } from '../../../liveResponse/device/records.ts';
import type { Disk } from '../journal/disk.ts';
import { diskWords } from '../journal/disk.ts';
import type { Projection } from '../projection.ts';
import { createProjection, requestMade } from '../projection.ts';
import type { Keys } from '../journal/keys.ts';
import type { Entry, Head } from '../journal/line.ts';
import { decodeLine, lineFormat, noHead, openedEntry } from '../journal/line.ts';
import type { Boxes, Vault } from '../journal/sealing.ts';
import type { RawLine, Segment } from '../journal/segments.ts';
import { linesOf, segmentName, segmentsIn } from '../journal/segments.ts';
import type { Snapshot } from '../journal/snapshot.ts';

export interface AuditOptions {
  readonly disk: Disk;
  readonly folder: string;
  /** Absent: only what anybody can check without the key is checked. */
  readonly keys?: Keys;
  /** Opens what is personal, to compare it with the snapshot. */
  readonly people?: Pick<Vault, 'open'>;
  /**
   * Compared with the fold of the lines up to it. Read it before the journal, or a running bot may be ahead
   * of what is read.
   */
  readonly snapshot?: Snapshot;
  /** Stop at the snapshot: what follows was verified at the start of the bot. */
  readonly onlyOlder?: boolean;
  /**
   * Heads noted down earlier, somewhere else. Only such a one can show that lines were cut off the end, or
   * that an older copy was put back.
   */
  readonly anchors?: readonly Head[];
}

export interface AuditWrong {
  readonly file: string;
  /** Counted from 1 in that file; 0 when the file as a whole is meant. */
  readonly line: number;
  readonly sentence: string;
}

export interface AuditReport {
  readonly lines: number;
  readonly files: number;
  readonly head: Head;
  /** Lines of version 0.1 at the beginning, which carry no key. */
  readonly unkeyed: number;
  /** Anchors that the journal holds. */
  readonly anchored: number;
  /** The last line had no end yet, and was left alone. */
  readonly beingWritten: boolean;
  /** The first thing that is wrong. */
  readonly wrong?: AuditWrong;
  /** The key that a line names and that was not given: then nothing is said of the journal. */
  readonly otherKey?: string;
}

/** Runs the audit in steps of about 256 KB; the caller decides what happens in between. */
export function* auditSteps(options: AuditOptions): Generator<void, AuditReport> {
  const { disk, folder, keys, snapshot, onlyOlder = false, anchors = [], people } = options;
  const wanted = new Map(anchors.map((anchor) => [anchor.seq, anchor]));
  const furthest = anchors.reduce((most, anchor) => (anchor.seq > most.seq ? anchor : most), noHead);
  const house = createProjection();
  const keep = new Set(snapshot?.house.requests.map((request) => request.id));
  let head = noHead;
  let files = 0;
  let unkeyed = 0;
  let anchored = 0;
  let beingWritten = false;
  const report = (
    wrong?: { readonly file: string; readonly line: number; readonly what: string },
    otherKey?: string,
  ): AuditReport => ({
    lines: head.seq,
    files,
    head,
    unkeyed,
    anchored,
    beingWritten,
    ...(otherKey === undefined ? {} : { otherKey }),
    ...(wrong === undefined
      ? {}
      : {
          wrong: {
            file: wrong.file,
            line: wrong.line,
            sentence:
              wrong.line === 0
                ? `${wrong.file} ${wrong.what}`
                : `${wrong.file} line ${wrong.line} ${wrong.what}`,
          },
        }),
  });

  let waiting = filledAfter(disk, folder, 0);
  for (let segment = waiting[0]; segment !== undefined; segment = waiting[0]) {
    if (onlyOlder && snapshot !== undefined && segment.first > snapshot.head.seq) break;
    files += 1;
    if (segment.first !== head.seq + 1)
      return report({
        file: segmentName(head.seq + 1),
        line: 0,
        what: `is missing: the next file, ${segment.name}, begins at line number ${segment.first}`,
      });
    let number = 0;
    let unended: RawLine | undefined;
    for (const batch of linesOf(disk, segment.path)) {
      for (const line of batch) {
        number += 1;
        if (!line.ended) {
          unended = line;
          continue;
        }
        const check = decodeLine(line.bytes, head, keys);
        if ('wrong' in check)
          return report({ file: segment.name, line: number, what: check.wrong }, check.otherKey);
        const illegal = follow(house, check, keep, people);
        if (illegal !== undefined)
          return report({ file: segment.name, line: number, what: `cannot be followed: ${illegal}` });
        head = check.head;
        if (head.key === undefined) unkeyed = head.seq;
        const anchor = wanted.get(head.seq);
        const other = differs(anchor, head)
          ? 'anchor'
          : differs(snapshot?.head, head)
            ? 'snapshot'
            : undefined;
        if (other !== undefined)
          return report({
            file: segment.name,
            line: number,
            what: `has another hash than the ${other} says: the journal was rewritten`,
          });
        if (anchor !== undefined) anchored += 1;
        if (head.seq === snapshot?.head.seq) {
          const other = yield* difference(snapshot, house);
          if (other !== undefined) return report({ file: 'snapshot.json', line: 0, what: other });
        }
      }
      yield;
    }
    waiting = waiting.slice(1);
    // Listed again at the end: a running bot may have begun a new file meanwhile.
    if (waiting.length === 0) waiting = filledAfter(disk, folder, segment.first);
    if (unended !== undefined) {
      if (waiting.length > 0)
        return report({
          file: segment.name,
          line: number,
          what: 'has no end, although another file follows',
        });
      beingWritten = true;
    }
  }
  for (const [name, known] of [
    ['the anchor', furthest],
    ['the snapshot', snapshot?.head],
  ] as const) {
    if (known !== undefined && known.seq > head.seq) {
      return report({
        file: segmentName(head.seq + 1),
        line: 0,
        what: `is missing, or the file before it was cut, or an older copy was put back: the journal ends at line number ${head.seq}, but ${name} knows ${known.seq}. Lines ${head.seq + 1} to ${known.seq} are missing`,
      });
    }
  }
  return report();
}

/** Runs the whole audit at once. */
export function audit(options: AuditOptions): AuditReport {
  const steps = auditSteps(options);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

function differs(known: Head | undefined, head: Head): boolean {
  return known?.seq === head.seq && known.hash !== head.hash;
}

/** The files after one that hold anything; an empty one is new, or was left by a rotation that failed. */
function filledAfter(disk: Disk, folder: string, first: number): readonly Segment[] {
  return segmentsIn(disk, folder, first + 1).filter((one) => one.size > 0);
}

interface Line {
  readonly entry: Entry;
  readonly boxes: Boxes;
}

/**
 * Opening what is sealed costs more than all the rest of the audit: only what is compared with the snapshot
 * is opened. No move depends on it.
 */
function follow(
  house: Projection,
  { entry: sealed, boxes }: Line,
  keep: ReadonlySet<string>,
  people: Pick<Vault, 'open'> | undefined,
): string | undefined {
  try {
    const compared = sealed.request === null || keep.has(sealed.request);
    const entry = compared
      ? people === undefined
        ? sealed
        : openedEntry(sealed, boxes, people)
      : slim(sealed);
    house.apply(entry, house.preview(entry));
    return undefined;
  } catch (error) {
    return diskWords(error);
  }
}

const noDevice: Device = { id: '', name: '', os: '', health: '', tags: [] };

/**
 * Years of requests would fill the memory; of those that are not compared with the snapshot, only what moves
 * depend on is kept.
 */
function slim(entry: Entry): Entry {
  const made = requestMade(entry);
  if (made === undefined || entry.request === null) return entry;
  const { at, requester, account, place, placeIsPrivate, tenant, terms } = made.asked;
  const [first, ...more] = made.targets.map(() => ({ device: noDevice }));
  const request: NewRequest = {
    ...made,
    asked: { at, requester, account, place, placeIsPrivate, tenant, terms, title: '' },
    targets: [first ?? { device: noDevice }, ...more],
    subject: { commands: [], digest: '', fingerprint: made.subject.fingerprint },
  };
  return { ...entry, format: lineFormat, event: { type: 'asked', request } };
}

/** Requests compared per step. */
const comparedOf = 500;

function* difference(snapshot: Snapshot, house: Projection): Generator<void, string | undefined> {
  const says = new Map(snapshot.house.requests.map((request) => [request.id, request]));
  let compared = 0;
  // Of somebody who is forgotten, the lines of version 0.1 still hold in plain words what the snapshot no
  // longer knows.
  const { takenOver, forgotten } = house.record();
  for (const [id, request] of says) {
    if ((compared += 1) % comparedOf === 0) yield;
    if (takenOver !== undefined && forgotten.length > 0 && request.asked.at <= takenOver.at) continue;
    if (!isDeepStrictEqual(request, house.get(id)))
      return `holds another request ${id} than the journal: it was changed`;
  }
  const lost = house.open().find((request) => !says.has(request.id));
  if (lost !== undefined) return `lacks request ${lost.id}, which is still open in the journal`;
  return isDeepStrictEqual(snapshot.house.freeze, house.freeze())
    ? undefined
    : 'holds another freeze than the journal: it was changed';
}
