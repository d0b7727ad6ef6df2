// The section "Planted faults" of docs/reliability.md: which faults there are, what caught each, and how long that
// took. Written by `npm run check-the-checker -- --write`, compared with the lists by faults.test.ts.
import { hashOf } from './faults.ts';
import type { Fault, Method } from './faults.ts';

export interface Row {
  readonly fault: string;
  readonly by: string;
  readonly seconds: string;
  /** Hash of the entry that was tried. */
  readonly entry: string;
}

export const methodWords = {
  simulation: 'simulation',
  crash: 'crash test',
  suite: 'suite',
} as const satisfies Readonly<Record<Method['by'], string>>;

const begin = '<!-- planted faults: written by npm run check-the-checker -- --write -->';
const end = '<!-- end of planted faults -->';

function cell(text: string): string {
  return text.replace(/\s+/g, ' ').replaceAll('|', '\\|').trim();
}

function lineOf({ fault, by, seconds, entry }: Row): string {
  return `| ${cell(fault)} | ${cell(by)} | ${seconds} | \`${entry}\` |`;
}

/** What the page says of each entry. @throws where it has no such section */
export function rowsIn(page: string): readonly Row[] {
  return partOf(page).rows.flatMap((line) => {
    const cells = /^\| (.+?) \| (.+) \| ([\d.]+) \| `([0-9a-f]{8})` \|$/.exec(line);
    return cells === null
      ? []
      : [
          {
            fault: (cells[1] ?? '').replaceAll('\\|', '|'),
            by: (cells[2] ?? '').replaceAll('\\|', '|'),
            seconds: cells[3] ?? '',
            entry: cells[4] ?? '',
          },
        ];
  });
}

/** The days that showed faults in the run that the page tells of, by the hashes of their entries. */
export function knownDays(page: string): ReadonlyMap<string, number> {
  return new Map(
    rowsIn(page).flatMap(({ by, entry }) => {
      const seed = /^simulation: .* seed (\d+)$/.exec(by)?.[1];
      return seed === undefined ? [] : [[entry, Number(seed)] as const];
    }),
  );
}

function partOf(page: string): {
  readonly before: string;
  readonly rows: readonly string[];
  readonly after: string;
} {
  const [before = '', rest] = page.split(begin);
  const [rows, after] = rest?.split(end) ?? [];
  if (rows === undefined || after === undefined) throw new Error('the page has no section of planted faults');
  return { before, rows: rows.split('\n'), after };
}

/** The page with these rows in place of those it had. */
export function pageWith(page: string, rows: readonly Row[]): string {
  const { before, after } = partOf(page);
  const lines = ['| planted fault | caught by | seconds | entry |', '|---|---|---|---|', ...rows.map(lineOf)];
  return `${before}${begin}\n${lines.join('\n')}\n${end}${after}`;
}

/** Rows after a run: what was caught now, else what the page says of the same entry. */
export function rowsAfter(
  faults: readonly Fault[],
  earlier: readonly Row[],
  caught: ReadonlyMap<Fault, { readonly by: string; readonly seconds: number }>,
): readonly Row[] {
  return faults.flatMap((fault) => {
    const entry = hashOf(fault);
    const now = caught.get(fault);
    if (now === undefined) return earlier.filter((row) => row.entry === entry);
    const by = `${methodWords[fault.caught.by]}: ${now.by}`;
    return [{ fault: fault.fault, by, seconds: now.seconds.toFixed(1), entry }];
  });
}
