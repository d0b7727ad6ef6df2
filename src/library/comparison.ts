// Comparison of the files here with those in the library. Pure: the decision which file may be replaced is
// made here and nowhere else.
import { earlierShipped } from './earlier.ts';
import type { LiveFile } from './liveLibrary.ts';
import type { LocalFile, LocalFiles, NoFile } from './localFiles.ts';
import type { Pushed } from './pushed.ts';

export type Standing =
  | { readonly kind: 'same'; readonly local: LocalFile; readonly live: LiveFile }
  /** Not in the library: uploaded by push. */
  | { readonly kind: 'missing'; readonly local: LocalFile }
  /**
   * The library has what was pushed from here, or what this version or an earlier one shipped: replaced by
   * push.
   */
  | {
      readonly kind: 'outdated';
      readonly local: LocalFile;
      readonly live: LiveFile;
      readonly by: Pushed | 'shipped';
    }
  /**
   * The library has a content that nobody pushed from here: replaced only where this very content is named.
   */
  | {
      readonly kind: 'foreign';
      readonly local: LocalFile;
      readonly live: LiveFile;
      readonly pushed: Pushed | undefined;
    }
  /**
   * The library has the signed copy that was pushed from here, and here lies one without a signature: as
   * foreign, or a push without --scripts would take the signature away.
   */
  | {
      readonly kind: 'signedThere';
      readonly local: LocalFile;
      readonly live: LiveFile;
      readonly pushed: Pushed;
    }
  /** The library holds the name more than once, in several spellings. */
  | { readonly kind: 'doubled'; readonly local: LocalFile; readonly lives: readonly LiveFile[] }
  /** Wanted, and not to be uploaded from here. */
  | { readonly kind: 'without'; readonly file: NoFile; readonly live: LiveFile | undefined };

export interface Comparison {
  readonly standings: readonly Standing[];
  /** Files of the library that nothing here names. */
  readonly others: readonly LiveFile[];
}

export function compared(
  here: Pick<LocalFiles, 'files' | 'without'>,
  library: readonly LiveFile[],
  pushed: (name: string) => Pushed | undefined,
): Comparison {
  const standings = [
    ...here.files.map((local) => standingOf(local, named(library, local.name), pushed(local.name))),
    ...here.without.map((file): Standing => ({ kind: 'without', file, live: named(library, file.name)[0] })),
  ];
  const ours = new Set([...here.files, ...here.without].map(({ name }) => name.toLowerCase()));
  return { standings, others: library.filter(({ name }) => !ours.has(name.toLowerCase())) };
}

function standingOf(local: LocalFile, lives: readonly LiveFile[], pushed: Pushed | undefined): Standing {
  const [live, ...more] = lives;
  if (live === undefined) return { kind: 'missing', local };
  if (more.length > 0) return { kind: 'doubled', local, lives };
  if (live.sha256 === local.sha256) return { kind: 'same', local, live };
  if (live.sha256 !== undefined && live.sha256 === pushed?.sha256)
    return pushed.signed === true && !local.signed
      ? { kind: 'signedThere', local, live, pushed }
      : { kind: 'outdated', local, live, by: pushed };
  // Also as this version ships it: uploaded in the portal, and signed since.
  if (
    live.sha256 !== undefined &&
    [local.shippedSha256, ...(earlierShipped[local.name.toLowerCase()] ?? [])].includes(live.sha256)
  )
    return { kind: 'outdated', local, live, by: 'shipped' };
  return { kind: 'foreign', local, live, pushed };
}

/** Files of that name; the library does not tell names apart by case. */
export function named(library: readonly LiveFile[], name: string): readonly LiveFile[] {
  return library.filter((one) => one.name.toLowerCase() === name.toLowerCase());
}

/** Whether the library is as it should be, as far as this program can make it so. */
export function agrees({ standings }: Comparison): boolean {
  // A file that lies only in the library cannot be compared, which is no difference.
  return standings.every(
    (one) =>
      one.kind === 'same' || (one.kind === 'without' && one.file.why === undefined && one.live !== undefined),
  );
}
