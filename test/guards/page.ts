// docs/guards.md: which guards there are, and which test failed when each was taken out. Written by `npm run
// check-guards`, compared with the lists by test/checkGuards.test.ts.
import type { Guard } from './entries.ts';
import { hashOf } from './entries.ts';

export interface Row {
  readonly part: string;
  readonly guard: string;
  readonly file: string;
  readonly foundBy: string;
  /** Hash of the entry that was tried. */
  readonly entry: string;
}

const head = `# Guards

Each line is one safety check of this product. \`npm run check-guards\` takes it out of a copy of the build, runs the tests named in its entry in
\`test/guards/entries/\`, and demands that one of them fails: a guard that can be removed without a failing test is a guard that the next change removes.
The script writes this page; \`test/checkGuards.test.ts\` holds it against the lists. The last column tells which version of the entry was tried.
`;

function cell(text: string): string {
  return text.replace(/\s+/g, ' ').replaceAll('|', '\\|').trim();
}

function lineOf(row: Row): string {
  return `| ${cell(row.guard)} | \`${row.file}\` | ${cell(row.foundBy)} | \`${row.entry}\` |`;
}

/** The page, one table for each part, in the order of the lists. */
export function pageOf(rows: readonly Row[]): string {
  const parts = [...new Set(rows.map(({ part }) => part))];
  const tables = parts.map((part) => {
    const lines = rows.filter((row) => row.part === part).map(lineOf);
    return [
      `## ${part}`,
      '',
      '| what it stops | where it is | a test that fails without it | entry |',
      '| --- | --- | --- | --- |',
      ...lines,
    ].join('\n');
  });
  return `${[head.trimEnd(), ...tables].join('\n\n')}\n`;
}

/** What an earlier page says of each entry, by its hash. */
export function rowsIn(page: string): readonly Row[] {
  const rows: Row[] = [];
  let part = '';
  for (const line of page.split('\n')) {
    part = /^## (.+)$/.exec(line)?.[1] ?? part;
    const cells = /^\| (.+?) \| `([^`]+)` \| (.+) \| `([0-9a-f]{8})` \|$/.exec(line);
    if (cells !== null)
      rows.push({
        part,
        guard: (cells[1] ?? '').replaceAll('\\|', '|'),
        file: cells[2] ?? '',
        foundBy: (cells[3] ?? '').replaceAll('\\|', '|'),
        entry: cells[4] ?? '',
      });
  }
  return rows;
}

/**
 * The rows after a run: what was found now, else what an earlier page says of the same entry. Entries that no
 * run has found have no row.
 */
export function rowsAfter(
  guards: readonly Guard[],
  earlier: readonly Row[],
  found: ReadonlyMap<string, string>,
): readonly Row[] {
  return guards.flatMap((guard) => {
    const entry = hashOf(guard);
    const foundBy = found.get(entry) ?? earlier.find((row) => row.entry === entry)?.foundBy;
    return foundBy === undefined
      ? []
      : [{ part: guard.part, guard: guard.guard, file: guard.file, foundBy, entry }];
  });
}
