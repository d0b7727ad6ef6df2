// The table of a run: how often each transition met each kind of fault. A combination that was never met says that
// the simulation has a gap, unless it cannot happen.
import { changeNames, faultNames } from '../plan/faults.ts';
import { transitionNames } from '../checks/transitions.ts';

/** Seeds from which on every combination has to be met. */
export const judgedFrom = 300;

export const columns: readonly string[] = [...faultNames, ...changeNames];
export const rows: readonly string[] = [...transitionNames];

/** What cannot be met, with the reason: `transition fault`, `transition *` or `* fault`. */
export type Impossible = Readonly<Record<string, string>>;

export interface Cells {
  /** Combinations that should have been met and were not. */
  readonly missing: readonly string[];
  /** Combinations that are listed as impossible and were met. */
  readonly wronglyListed: readonly string[];
}

export function judgeCells(met: ReadonlyMap<string, number>, impossible: Impossible): Cells {
  const missing: string[] = [];
  const wronglyListed: string[] = [];
  for (const row of rows)
    for (const column of columns) {
      const cell = `${row} ${column}`;
      const listed = [cell, `${row} *`, `* ${column}`].some((key) => Object.hasOwn(impossible, key));
      const times = met.get(cell) ?? 0;
      if (times === 0 && !listed) missing.push(cell);
      if (times > 0 && listed) wronglyListed.push(cell);
    }
  return { missing, wronglyListed };
}

/** The table in as many lines as there are faults: each with how often it met the transitions. */
export function cellLines(met: ReadonlyMap<string, number>): readonly string[] {
  const wide = Math.max(...columns.map((column) => column.length)) + 1;
  const short = rows.map((row) => row.slice(0, 6).padStart(7));
  const lines = columns.map(
    (column) =>
      column.padEnd(wide) + rows.map((row) => String(met.get(`${row} ${column}`) ?? 0).padStart(7)).join(''),
  );
  return [`${''.padEnd(wide)}${short.join('')}`, ...lines];
}
