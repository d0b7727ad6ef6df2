// Content of the library files that a request names, compared by the whole SHA-256, never by name or time;
// and what is known of its device in addition to the record.
import { isTerminal } from '../action.ts';
import type { Action } from '../action.ts';
import type { Command } from '../commands.ts';
import type { Alike } from '../device/confusables.ts';
import type { LeftOut } from '../device/records.ts';

/** A file as the live response library lists it. */
export interface LibraryEntry {
  readonly name: string;
  readonly sha256: string;
  /** Epoch milliseconds. */
  readonly updatedAt?: number;
}

/** A file that a command names, as the library had it. Without `sha256` the library did not hold it. */
export interface FileSeen {
  readonly name: string;
  /** Lower-case hex. */
  readonly sha256?: string;
  /** Epoch milliseconds; Defender's word for the last change. */
  readonly updatedAt?: number;
}

/**
 * `forbidden`: the application may not read the library. `unavailable`: it could not be read at that moment.
 */
export type Unread = 'forbidden' | 'unavailable';

/** What was seen of all files that a request names, at a time (epoch milliseconds). */
export type Content =
  | { readonly at: number; readonly files: readonly FileSeen[] }
  | { readonly at: number; readonly notRead: Unread };

export type ContentRead = Extract<Content, { readonly files: readonly FileSeen[] }>;

/** Whether there is anything to compare with. Absent in requests made before contents were kept. */
export function wasRead(content: Content | undefined): content is ContentRead {
  return content !== undefined && 'files' in content;
}

/** Names of the library files that commands use, each once, in the commands' order. */
export function libraryNames(commands: readonly Command[]): readonly string[] {
  return [...new Set(commands.flatMap((command) => libraryName(command) ?? []))];
}

export function libraryName(command: Command): string | undefined {
  if (command.type === 'RunScript') return command.scriptName;
  return command.type === 'PutFile' ? command.fileName : undefined;
}

/**
 * The entry that a name means. Defender's documents do not say whether case counts: a name of exactly these
 * letters first, else the only one that differs in case alone.
 */
export function entryNamed<Entry extends LibraryEntry>(
  library: readonly Entry[],
  name: string,
): Entry | undefined {
  const exact = library.find((entry) => entry.name === name);
  if (exact !== undefined) return exact;
  const alike = library.filter((entry) => entry.name.toLowerCase() === name.toLowerCase());
  return alike.length === 1 ? alike[0] : undefined;
}

/** What a library listing says of the files that commands name. */
export function contentOf(
  commands: readonly Command[],
  library: readonly LibraryEntry[],
  at: number,
): ContentRead {
  const files = libraryNames(commands).map((name): FileSeen => {
    const entry = entryNamed(library, name);
    if (entry === undefined) return { name };
    return {
      name,
      sha256: entry.sha256.toLowerCase(),
      ...(entry.updatedAt === undefined ? {} : { updatedAt: entry.updatedAt }),
    };
  });
  return { at, files };
}

/**
 * Whether a listing that was read in part still tells of every file that commands name: each is in it under
 * exactly its name.
 */
export function holdsAllNamed(commands: readonly Command[], library: readonly LibraryEntry[]): boolean {
  return libraryNames(commands).every((name) => library.some((entry) => entry.name === name));
}

/**
 * One file that is not what it was. Without `from` it was not in the library before, without `to` it is no
 * longer there.
 */
export interface Change {
  readonly name: string;
  readonly from?: string;
  readonly to?: string;
  /** When Defender says that the file was last changed; epoch milliseconds. */
  readonly updatedAt?: number;
}

/** Every file of either reading whose content differs. A new time on the same bytes is no change. */
export function changesBetween(before: ContentRead, now: ContentRead): readonly Change[] {
  const names = [...new Set([...before.files, ...now.files].map((file) => file.name))];
  return names.flatMap((name): readonly Change[] => {
    const from = before.files.find((file) => file.name === name)?.sha256;
    const file = now.files.find((one) => one.name === name);
    if (from === file?.sha256) return [];
    return [
      {
        name,
        ...(from === undefined ? {} : { from }),
        ...(file?.sha256 === undefined ? {} : { to: file.sha256 }),
        ...(file?.updatedAt === undefined ? {} : { updatedAt: file.updatedAt }),
      },
    ];
  });
}

/** How a fresh reading differs from what a card shows; undefined when the card is still right. */
export type ContentDrift =
  | { readonly why: 'changed'; readonly changes: readonly Change[] }
  | { readonly why: 'nowRead' }
  | { readonly why: 'noLongerRead' };

export function contentDrift(shown: Content | undefined, now: Content): ContentDrift | undefined {
  if (!wasRead(now)) {
    // What cannot be read at this moment is still compared before it is sent; what may no longer be read
    // never will be.
    return now.notRead === 'forbidden' && wasRead(shown) ? { why: 'noLongerRead' } : undefined;
  }
  if (!wasRead(shown)) return { why: 'nowRead' };
  const changes = changesBetween(shown, now);
  return changes.length === 0 ? undefined : { why: 'changed', changes };
}

/** Defender keeps no such property: the newest Isolate or Unisolate that succeeded decides. */
export interface Isolation {
  /** `notKnown`: none of the actions that could be read tells, and there are older ones. */
  readonly state: 'isolated' | 'notIsolated' | 'notKnown';
  /** Epoch milliseconds of the end of the action that decided it. */
  readonly since?: number;
  /** Asked for since then and not done yet. */
  readonly pending?: 'isolation' | 'release';
}

/**
 * A live response session in Defender's list, of whatever application; those opened in the portal are not in
 * it.
 */
export interface RecentSession {
  /** Epoch milliseconds; absent where Defender does not tell. */
  readonly at?: number;
  readonly status: string;
  /** Its commands in short. */
  readonly what: string;
  /** The person who asked for it here, else Defender's requestor: an application or a user. */
  readonly by: string;
  /** One of ours. */
  readonly requestId?: string;
}

/** As it was read when somebody asked; never read again. A part that could not be read is absent. */
export interface DeviceContext {
  readonly at: number;
  readonly isolation?: Isolation;
  /** Newest first, three at most. */
  readonly sessions?: readonly RecentSession[];
  /** `whole`: every device that could be one was compared. */
  readonly alike?: { readonly devices: readonly Alike[]; readonly more: number; readonly whole: boolean };
  /** Other records of its name that cannot take a session. */
  readonly leftOut?: { readonly records: readonly LeftOut[]; readonly more: number };
}

const isolating: ReadonlySet<string> = new Set(['Isolate', 'Unisolate']);

/** @param actions newest first; `whole` when the device has no others */
export function isolationOf(actions: readonly Action[], whole: boolean): Isolation {
  const relevant = actions.filter((action) => isolating.has(action.type));
  const decided = relevant.find((action) => action.status === 'Succeeded');
  // Only what came after it: an older one that never ended is not waited for any more.
  const after = decided === undefined ? relevant : relevant.slice(0, relevant.indexOf(decided));
  const open = after.find((action) => !isTerminal(action.status));
  const pending =
    open === undefined
      ? {}
      : { pending: open.type === 'Isolate' ? ('isolation' as const) : ('release' as const) };
  if (decided === undefined) return { state: whole ? 'notIsolated' : 'notKnown', ...pending };
  return {
    state: decided.type === 'Isolate' ? 'isolated' : 'notIsolated',
    ...(decided.updatedAt === undefined ? {} : { since: decided.updatedAt }),
    ...pending,
  };
}
