// Heads of the journal, noted down where those who may write the data folder may not: in a file elsewhere, or
// at a webhook. Only such a note shows that lines were cut off the end, or that an older copy was put back. A
// place that cannot be reached holds up nobody; it is reported.
import { open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Clock, Log } from '../../../liveResponse/ports.ts';
import { codeOf } from '../../clock.ts';
import { diskWords } from './disk.ts';
import type { Keys } from './keys.ts';
import { macOf, sameMac } from './keys.ts';
import type { Head } from './line.ts';
import { parseJson, recordOf } from '../../../liveResponse/text/json.ts';

/** A head, when it was noted, and what proves that somebody with the key did. */
export interface Anchor {
  readonly seq: number;
  readonly hash: string;
  /** Epoch milliseconds. */
  readonly at: number;
  /**
   * After a restore: the record continues from this line, and later ones that were noted before no longer
   * count.
   */
  readonly accepted?: true;
  readonly key: string;
  readonly mac: string;
}

const purpose = 'anchor';

function bytesOf({ seq, hash, at, accepted }: Pick<Anchor, 'seq' | 'hash' | 'at' | 'accepted'>): string {
  return JSON.stringify([seq, hash, at, accepted === true]);
}

export function anchorOf({ seq, hash }: Head, at: number, keys: Keys, accepted = false): Anchor {
  const one = { seq, hash, at, ...(accepted ? { accepted: true as const } : {}) };
  return { ...one, key: keys.current.id, mac: macOf(keys.current, purpose, bytesOf(one)) };
}

export interface AnchorsRead {
  /** By number; of those that count. */
  readonly anchors: readonly Head[];
  readonly newest?: Head;
  /** When the newest was noted, epoch milliseconds. */
  readonly newestAt?: number;
  /** Lines that no key here wrote, and why the first of them does not count. */
  readonly unproven: number;
  readonly missing: boolean;
}

/**
 * What an anchor file says. A torn last line was never reported to anybody. @throws the system's error, but
 * for a file that is not there
 */
export async function readAnchors(path: string, keys: Keys): Promise<AnchorsRead> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return { anchors: [], unproven: 0, missing: true };
    throw error;
  }
  let anchors: Anchor[] = [];
  let unproven = 0;
  for (const line of text.split('\n').slice(0, -1)) {
    const anchor = anchorIn(line, keys);
    if (anchor === undefined) unproven += 1;
    else {
      if (anchor.accepted === true) anchors = anchors.filter(({ seq }) => seq < anchor.seq);
      anchors.push(anchor);
    }
  }
  const newest = anchors.reduce<Anchor | undefined>(
    (most, one) => (most === undefined || one.seq >= most.seq ? one : most),
    undefined,
  );
  return {
    anchors: anchors.map(({ seq, hash }) => ({ seq, hash })),
    unproven,
    missing: false,
    ...(newest === undefined ? {} : { newest: { seq: newest.seq, hash: newest.hash }, newestAt: newest.at }),
  };
}

function anchorIn(line: string, keys: Keys): Anchor | undefined {
  const { seq, hash, at, accepted, key: id, mac } = recordOf(parseJson(line)?.value);
  if (
    typeof seq !== 'number' ||
    typeof hash !== 'string' ||
    typeof at !== 'number' ||
    typeof id !== 'string' ||
    typeof mac !== 'string'
  )
    return undefined;
  const key = keys.byId(id);
  const one = { seq, hash, at, ...(accepted === true ? { accepted: true as const } : {}) };
  return key !== undefined && sameMac(macOf(key, purpose, bytesOf(one)), mac)
    ? { ...one, key: id, mac }
    : undefined;
}

/** Adds a line, durably. @throws the system's error */
export async function appendAnchor(path: string, anchor: Anchor): Promise<void> {
  const file = await open(path, 'a+', 0o600);
  let made: boolean;
  try {
    const { size } = await file.stat();
    made = size === 0;
    // Half a line that a full disk left behind must not swallow this one.
    const torn = !made && (await file.read(Buffer.alloc(1), 0, 1, size - 1)).buffer[0] !== 0x0a;
    await file.appendFile(`${torn ? '\n' : ''}${JSON.stringify(anchor)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  if (made && process.platform !== 'win32') {
    const folder = await open(dirname(path), 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }
}

/** One place where heads are noted. */
export interface AnchorPlace {
  /** As people read it. */
  readonly name: string;
  /** Resolves once the head is noted. */
  put(anchor: Anchor): Promise<void>;
}

export function anchorFile(path: string): AnchorPlace {
  return { name: `the anchor file ${path}`, put: (anchor) => appendAnchor(path, anchor) };
}

export interface AnchoringOptions {
  readonly places: readonly AnchorPlace[];
  readonly head: () => Head;
  readonly keys: Keys;
  readonly clock: Clock;
  readonly log: Log;
  readonly everyLines: number;
  /** Milliseconds. */
  readonly everyMs: number;
}

export interface Anchoring {
  start(): void;
  /** Notes the last head, as far as the places can be reached, and ends. */
  stop(): Promise<void>;
  /** One look; answers after how many milliseconds to look again. */
  look(): Promise<number>;
  /** Why heads cannot be noted, place by place; undefined while all is well. */
  trouble(): string | undefined;
}

/** Between two looks whether enough lines have come. Milliseconds. */
const lookEvery = 1_000;
/** After a failure, doubled each time. Milliseconds. */
const firstPause = 5_000;
const longestPause = 10 * 60_000;

interface Kept {
  readonly place: AnchorPlace;
  /** The last line that is noted there. */
  seq: number;
  at: number;
  failures: number;
  retryAt: number;
  why?: string;
  /** A head is on its way there. */
  noting?: Promise<void>;
}

export function createAnchoring(options: AnchoringOptions): Anchoring {
  return new HeadAnchoring(options);
}

class HeadAnchoring implements Anchoring {
  readonly #options: AnchoringOptions;
  readonly #kept: readonly Kept[];
  readonly #stopped = new AbortController();
  #running: Promise<void> | undefined;

  constructor(options: AnchoringOptions) {
    this.#options = options;
    this.#kept = options.places.map((place) => ({
      place,
      seq: 0,
      at: options.clock.elapsed(),
      failures: 0,
      retryAt: 0,
    }));
  }

  start(): void {
    if (this.#kept.length > 0) this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#running;
    const now = this.#options.head();
    await Promise.all(
      this.#kept.map(async (one) => {
        await one.noting;
        if (one.seq !== now.seq && one.failures === 0 && now.seq > 0) await this.#note(one, now);
      }),
    );
  }

  async look(): Promise<number> {
    const now = this.#options.head();
    await Promise.all(this.#kept.filter((one) => this.#isDue(one, now)).map((one) => this.#note(one, now)));
    return lookEvery;
  }

  trouble(): string | undefined {
    const failing = this.#kept.filter((one) => one.failures > 0);
    if (failing.length === 0) return undefined;
    return failing
      .map(
        ({ place, seq, why }) =>
          `the head of the journal cannot be noted at ${place.name} (${why ?? ''}); ${seq === 0 ? 'nothing was noted there since the start' : `the last line noted there is ${seq}`}`,
      )
      .join('; ');
  }

  async #run(): Promise<void> {
    const { clock } = this.#options;
    while (!this.#stopped.signal.aborted) {
      // Not waited for: a webhook that hangs must not keep the next head from the file, nor the last one when
      // the bot stops.
      void this.look();
      await clock.sleep(lookEvery, this.#stopped.signal);
    }
  }

  #note(one: Kept, now: Head): Promise<void> {
    one.noting = this.#put(one, now).finally(() => delete one.noting);
    return one.noting;
  }

  async #put(one: Kept, now: Head): Promise<void> {
    const { clock, keys, log } = this.#options;
    try {
      await one.place.put(anchorOf(now, clock.now(), keys));
      if (one.failures > 0) log.info('anchoredAgain', { where: one.place.name, seq: now.seq });
      one.seq = now.seq;
      one.at = clock.elapsed();
      one.failures = 0;
      delete one.why;
    } catch (error) {
      if (one.failures === 0) log.error('anchorFailed', { where: one.place.name, why: diskWords(error) });
      one.failures += 1;
      one.why = diskWords(error);
      one.retryAt = clock.elapsed() + Math.min(longestPause, firstPause * 2 ** (one.failures - 1));
    }
  }

  #isDue(one: Kept, now: Head): boolean {
    const { clock, everyLines, everyMs } = this.#options;
    if (now.seq === one.seq || now.seq === 0 || one.noting !== undefined) return false;
    if (one.failures > 0) return clock.elapsed() >= one.retryAt;
    // The first one at once: a head that is noted before anything is done shows what the start was based on.
    return one.seq === 0 || now.seq - one.seq >= everyLines || clock.elapsed() - one.at >= everyMs;
  }
}
