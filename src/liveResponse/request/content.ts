// The content of the library files that a request names: what was seen of them, and what has changed since.
// Compared by the whole SHA-256, never by name or time: whoever may write to the library can change what an
// approved script does.
import type { Command } from '../commands.ts';

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

/** How a fresh reading departs from what a card shows; undefined when the card still says what is so. */
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
