// The proof that the journal is what the bot wrote: every line's own hash, the chain across all files, every
// event legal, and the snapshot equal to what the lines fold to. Reads only, also while a bot is running, so
// a line without its end is one being written.
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
  return yield* new Audit(options).steps();
}

/** What is wrong, and where: line 0 when the file as a whole is meant. */
interface Finding {
  readonly file: string;
  readonly line: number;
  readonly what: string;
  readonly otherKey?: string | undefined;
}

class Audit {
  readonly #options: AuditOptions;
  readonly #anchors: ReadonlyMap<number, Head>;
  readonly #projection = createProjection();
  /** Requests that are compared with the snapshot. */
  readonly #compared: ReadonlySet<string>;
  #head = noHead;
  #files = 0;
  #unkeyed = 0;
  #anchored = 0;
  #beingWritten = false;

  constructor(options: AuditOptions) {
    this.#options = options;
    this.#anchors = new Map((options.anchors ?? []).map((anchor) => [anchor.seq, anchor]));
    this.#compared = new Set(options.snapshot?.state.requests.map((request) => request.id));
  }

  *steps(): Generator<void, AuditReport> {
    const finding = (yield* this.#readFiles()) ?? this.#missingAtTheEnd();
    return {
      lines: this.#head.seq,
      files: this.#files,
      head: this.#head,
      unkeyed: this.#unkeyed,
      anchored: this.#anchored,
      beingWritten: this.#beingWritten,
      ...(finding?.otherKey === undefined ? {} : { otherKey: finding.otherKey }),
      ...(finding === undefined ? {} : { wrong: wrongOf(finding) }),
    };
  }

  /** All files, until something is wrong. */
  *#readFiles(): Generator<void, Finding | undefined> {
    const { disk, folder, snapshot, onlyOlder = false } = this.#options;
    let waiting = filledAfter(disk, folder, 0);
    for (let segment = waiting[0]; segment !== undefined; segment = waiting[0]) {
      if (onlyOlder && snapshot !== undefined && segment.first > snapshot.head.seq) return undefined;
      this.#files += 1;
      if (segment.first !== this.#head.seq + 1)
        return {
          file: segmentName(this.#head.seq + 1),
          line: 0,
          what: `is missing: the next file, ${segment.name}, begins at line number ${segment.first}`,
        };
      const { finding, unended } = yield* this.#readFile(segment);
      if (finding !== undefined) return finding;
      waiting = waiting.slice(1);
      // Listed again at the end: a running bot may have begun a new file meanwhile.
      if (waiting.length === 0) waiting = filledAfter(disk, folder, segment.first);
      if (unended === undefined) continue;
      if (waiting.length > 0)
        return { file: segment.name, line: unended, what: 'has no end, although another file follows' };
      this.#beingWritten = true;
    }
    return undefined;
  }

  /** `unended`: the number in the file of a last line without an end. */
  *#readFile(segment: Segment): Generator<void, { readonly finding?: Finding; readonly unended?: number }> {
    let number = 0;
    let unended = false;
    for (const batch of linesOf(this.#options.disk, segment.path)) {
      for (const line of batch) {
        number += 1;
        if (!line.ended) {
          unended = true;
          continue;
        }
        const wrong = this.#readLine(line);
        if (wrong !== undefined) return { finding: { file: segment.name, line: number, ...wrong } };
        const { snapshot } = this.#options;
        if (this.#head.seq !== snapshot?.head.seq) continue;
        const what = yield* difference(snapshot, this.#projection);
        if (what !== undefined) return { finding: { file: 'snapshot.json', line: 0, what } };
      }
      yield;
    }
    return unended ? { unended: number } : {};
  }

  #readLine({ bytes }: RawLine): Pick<Finding, 'what' | 'otherKey'> | undefined {
    const { keys, snapshot } = this.#options;
    const check = decodeLine(bytes, this.#head, keys);
    if ('wrong' in check) return { what: check.wrong, otherKey: check.otherKey };
    const illegal = this.#follow(check);
    if (illegal !== undefined) return { what: `cannot be followed: ${illegal}` };
    const { head } = check;
    this.#head = head;
    if (head.key === undefined) this.#unkeyed = head.seq;
    const anchor = this.#anchors.get(head.seq);
    const other = differs(anchor, head) ? 'anchor' : differs(snapshot?.head, head) ? 'snapshot' : undefined;
    if (other !== undefined)
      return { what: `has another hash than the ${other} says: the journal was rewritten` };
    if (anchor !== undefined) this.#anchored += 1;
    return undefined;
  }

  /**
   * Opening what is sealed costs more than all the rest of the audit: only what is compared with the snapshot
   * is opened. No event depends on it.
   */
  #follow({ entry: sealed, boxes }: Line): string | undefined {
    const { people } = this.#options;
    try {
      const isCompared = sealed.request === null || this.#compared.has(sealed.request);
      const opened = isCompared && people !== undefined ? openedEntry(sealed, boxes, people) : sealed;
      const entry = isCompared ? opened : slim(sealed);
      this.#projection.apply(entry, this.#projection.preview(entry));
      return undefined;
    } catch (error) {
      return diskWords(error);
    }
  }

  #missingAtTheEnd(): Finding | undefined {
    const { snapshot, anchors = [] } = this.#options;
    const furthest = anchors.reduce((most, anchor) => (anchor.seq > most.seq ? anchor : most), noHead);
    const { seq } = this.#head;
    for (const [name, known] of [
      ['the anchor', furthest],
      ['the snapshot', snapshot?.head],
    ] as const) {
      if (known === undefined || known.seq <= seq) continue;
      return {
        file: segmentName(seq + 1),
        line: 0,
        what: `is missing, or the file before it was cut, or an older copy was put back: the journal ends at line number ${seq}, but ${name} knows ${known.seq}. Lines ${seq + 1} to ${known.seq} are missing`,
      };
    }
    return undefined;
  }
}

function wrongOf({ file, line, what }: Finding): AuditWrong {
  return { file, line, sentence: line === 0 ? `${file} ${what}` : `${file} line ${line} ${what}` };
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

const noDevice: Device = { id: '', name: '', os: '', health: '', tags: [] };

/**
 * Years of requests would fill the memory; of those that are not compared with the snapshot, only what events
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

function* difference(snapshot: Snapshot, projection: Projection): Generator<void, string | undefined> {
  const says = new Map(snapshot.state.requests.map((request) => [request.id, request]));
  let compared = 0;
  // Of somebody who is forgotten, the lines of version 0.1 still hold in plain words what the snapshot no
  // longer knows.
  const { takenOver, forgotten } = projection.record();
  for (const [id, request] of says) {
    if ((compared += 1) % comparedOf === 0) yield;
    if (takenOver !== undefined && forgotten.length > 0 && request.asked.at <= takenOver.at) continue;
    if (!isDeepStrictEqual(request, projection.get(id)))
      return `holds another request ${id} than the journal: it was changed`;
  }
  const lost = projection.open().find((request) => !says.has(request.id));
  if (lost !== undefined) return `lacks request ${lost.id}, which is still open in the journal`;
  return isDeepStrictEqual(snapshot.state.freeze, projection.freeze())
    ? undefined
    : 'holds another freeze than the journal: it was changed';
}
