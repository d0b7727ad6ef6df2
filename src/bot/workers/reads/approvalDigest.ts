// Digest of an approval, over tenant, device, commands and the content of the library files they name, read
// again at the decision and before the POST; and a cached reading of the library for people to look at.
import { digestText, fingerprintOf } from '../../../liveResponse/commands.ts';
import type { Command } from '../../../liveResponse/commands.ts';
import type { Device } from '../../../liveResponse/device/records.ts';
import { SharedReadings } from '../../../liveResponse/pacing/sharedReadings.ts';
import { DefenderError } from '../../../liveResponse/ports.ts';
import type { LibraryFile } from '../../../liveResponse/ports.ts';
import {
  contentDrift,
  contentOf,
  holdsAllNamed,
  libraryNames,
  wasRead,
} from '../../../liveResponse/request/content.ts';
import type { Content } from '../../../liveResponse/request/content.ts';
import { stageOf } from '../../../liveResponse/request/request.ts';
import type { Request, Subject } from '../../../liveResponse/request/request.ts';
import type { Deps } from '../../deps.ts';

export type LibraryReading =
  /** `whole`: there are no other files. Of one read in part nobody can say that a file is not there. */
  | { readonly at: number; readonly files: readonly LibraryFile[]; readonly whole: boolean }
  /** `forbidden`: the application has no Library.Manage. `unavailable`: anything that may pass. */
  | { readonly at: number; readonly notRead: 'forbidden' | 'unavailable'; readonly error: DefenderError };

/** One call, now. Throws nothing but bugs: a library that cannot be read is an answer. */
export async function readLibrary({
  defender,
  clock,
  log,
}: Pick<Deps, 'defender' | 'clock' | 'log'>): Promise<LibraryReading> {
  try {
    const { files, whole } = await defender.library();
    return { at: clock.now(), files, whole };
  } catch (error) {
    if (!(error instanceof DefenderError)) throw error;
    log.warn('libraryNotRead', {
      code: error.code,
      status: error.detail.status,
      apiCode: error.detail.apiCode,
      target: error.detail.target,
    });
    // Only Defender's own "no" is the missing right; a 401 is our credentials, and those may be fixed.
    return { at: clock.now(), notRead: error.detail.status === 403 ? 'forbidden' : 'unavailable', error };
  }
}

/**
 * Whether a reading tells of every file that commands name; what a part of the library does not hold, the
 * rest may.
 */
export function tellsOf(
  commands: readonly Command[],
  { files, whole }: Extract<LibraryReading, { readonly files: unknown }>,
): boolean {
  return whole || holdsAllNamed(commands, files);
}

/** How long a list that people only look at is kept, in milliseconds. */
export const libraryMemory = 60_000;
/**
 * The same for those who ask: what they ask for is compared with a reading of its own when it is approved and
 * when it is sent. A running service reads the list often enough for it to be at hand (`createLibraryCache`).
 */
export const askMemory = 5 * 60_000;

/**
 * @param memory milliseconds that a reading may be old; `libraryMemory` where it is left out
 * @param enough what is remembered counts only where it is; a reading made now always does
 */
export type RecentLibrary = (
  memory?: number,
  enough?: (reading: LibraryReading) => boolean,
) => Promise<LibraryReading>;

/**
 * Answers from the last reading while that is young, and asks once for all who ask at the same time. A library
 * that could not be read is not remembered.
 */
export function createRecentLibrary(deps: Pick<Deps, 'defender' | 'clock' | 'log'>): RecentLibrary {
  const readings = new SharedReadings<'library', LibraryReading>({
    clock: deps.clock,
    life: libraryMemory,
    most: 1,
    read: () => readLibrary(deps),
    keep: (reading) => 'files' in reading,
  });
  // A recency is what may just be; a reading as old as the memory serves nobody any more.
  return (memory = libraryMemory, enough) => readings.get('library', { recency: memory - 1, enough });
}

const lookEvery = 60_000;
/** Read again while what is at hand still serves those who ask. Milliseconds. */
export const libraryRefresh = askMemory - lookEvery;
/**
 * A library that may not be read is looked at again after this; a right is granted by people. Milliseconds.
 */
const forbiddenPause = 5 * 60_000;

/** One pass; answers after how many milliseconds to come again. */
export function createLibraryCache(
  deps: Pick<Deps, 'policy' | 'clock'>,
  recent: RecentLibrary,
): () => Promise<number> {
  const look = new LibraryLook(deps, recent);
  return () => look.pass();
}

class LibraryLook {
  readonly #deps: Pick<Deps, 'policy' | 'clock'>;
  readonly #recent: RecentLibrary;
  /** Elapsed milliseconds. */
  #notBefore = -Infinity;

  constructor(deps: Pick<Deps, 'policy' | 'clock'>, recent: RecentLibrary) {
    this.#deps = deps;
    this.#recent = recent;
  }

  async pass(): Promise<number> {
    const { policy, clock } = this.#deps;
    const named = [...policy.recipes.values()].some(({ commands }) => libraryNames(commands).length > 0);
    if (!named || clock.elapsed() < this.#notBefore) return lookEvery;
    const reading = await this.#recent(libraryRefresh);
    if ('notRead' in reading && reading.notRead === 'forbidden')
      this.#notBefore = clock.elapsed() + forbiddenPause;
    return lookEvery;
  }
}

/** Everything that an approval binds. */
export interface Bound extends Pick<Subject, 'commands'> {
  readonly tenant: string;
  readonly device: Pick<Device, 'id'>;
  readonly content?: Content | undefined;
}

/** Digest and fingerprint over everything that an approval binds. */
export function approvalDigest(
  { hash }: Pick<Deps, 'hash'>,
  { tenant, device, commands, content }: Bound,
): Pick<Subject, 'digest' | 'fingerprint'> {
  const files = wasRead(content) ? content.files : [];
  const digest = hash.sha256(digestText(tenant, device.id, commands, files));
  return { digest, fingerprint: fingerprintOf(digest) };
}

/**
 * What the library holds now of the files that commands name; undefined when they name none, and then nothing
 * is read.
 */
export async function currentContent(
  deps: Pick<Deps, 'defender' | 'clock' | 'log'>,
  commands: readonly Command[],
): Promise<Content | undefined> {
  if (libraryNames(commands).length === 0) return undefined;
  return contentSeen(commands, await readLibrary(deps));
}

/** What a reading of the library tells of the files that commands name. */
export function contentSeen(commands: readonly Command[], reading: LibraryReading): Content {
  if (!('files' in reading)) return { at: reading.at, notRead: reading.notRead };
  return tellsOf(commands, reading)
    ? contentOf(commands, reading.files, reading.at)
    : { at: reading.at, notRead: 'unavailable' };
}

/**
 * Reads the library once more and, where the cards of the request no longer say what is so, has them drawn
 * again. Answers the request as its cards show it then.
 */
export async function refreshContent(
  deps: Deps,
  request: Request,
): Promise<{ readonly request: Request; readonly departed: ReturnType<typeof contentDrift> }> {
  const now = await currentContent(deps, request.subject.commands);
  if (now === undefined) return { request, departed: undefined };
  const departed = contentDrift(request.subject.content, now);
  if (departed === undefined) return { request, departed };
  const changed = await deps.store.change(request.id, (current) => {
    const stage = stageOf(current);
    if (stage.state !== 'awaitingApproval' && stage.state !== 'unknown') return { no: 'decided' };
    // Somebody else's press may have shown it already.
    if (contentDrift(current.subject.content, now) === undefined) return { no: 'shown' };
    const bound: Bound = {
      tenant: current.asked.tenant,
      device: current.targets[0].device,
      commands: current.subject.commands,
      content: now,
    };
    return { event: { type: 'contentSeen', content: now, ...approvalDigest(deps, bound) } };
  });
  return {
    request: 'request' in changed ? changed.request : (deps.store.get(request.id) ?? request),
    departed,
  };
}
