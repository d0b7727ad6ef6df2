// The list of equal mutants: which mutants an entry describes, and which entries are no longer true.
import type { Mutant } from './schemata/schemata.ts';
import type { EqualMutant } from './settings.ts';

export interface Equals {
  /** Numbers of the mutants that the list describes. */
  readonly ids: ReadonlySet<number>;
  /** Entries that are wrong, in words. */
  readonly stale: readonly string[];
}

function describes(entry: EqualMutant, mutant: Mutant): boolean {
  return (
    entry.file === mutant.file &&
    entry.kind === mutant.kind &&
    entry.original === mutant.original &&
    (entry.mutant === undefined || entry.mutant === mutant.mutant) &&
    (entry.within === undefined || entry.within === mutant.within)
  );
}

export function wordsFor({ file, kind, original, mutant, within }: EqualMutant): string {
  return `${file}${within === undefined ? '' : `, in ${within}`}: ${kind}: ${original}${mutant === undefined ? '' : ` -> ${mutant}`}`;
}

/** Compares the list with the mutants of the files in `files`; entries of other files say nothing here. */
export function equalsAmong(
  list: readonly EqualMutant[],
  mutants: readonly Mutant[],
  files: readonly string[],
): Equals {
  const ids = new Set<number>();
  const stale: string[] = [];
  for (const entry of list.filter(({ file }) => files.includes(file))) {
    const found = mutants.filter((mutant) => describes(entry, mutant));
    const times = entry.times ?? 1;
    if (found.length !== times)
      stale.push(`${wordsFor(entry)}: describes ${found.length} mutants instead of ${times}`);
    for (const { id } of found) ids.add(id);
  }
  return { ids, stale };
}

/** Entries that name a file which no part mutates. */
export function withoutFile(list: readonly EqualMutant[], files: readonly string[]): readonly string[] {
  return list
    .filter(({ file }) => !files.includes(file))
    .map((entry) => `${wordsFor(entry)}: no part mutates this file`);
}
