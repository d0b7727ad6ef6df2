// A process of `npm run check-the-checker` that plays simulated days, and writes a line of JSON for each promise at
// the moment it is broken, and one for each day that is over.
import type { Violation } from '../simulate/checks/ledger.ts';
import { playDay } from '../simulate/life/day.ts';
import { loadModules } from '../simulate/life/modules.ts';
import { planOf } from '../simulate/plan/plan.ts';

export interface DayLine {
  readonly seed: number;
  /** Absent where the day is over. */
  readonly broken?: Violation;
}

const [from = 1, to = 0] = process.argv.slice(2).map(Number);

function tell(line: DayLine): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

await loadModules();
for (let seed = from; seed <= to; seed += 1) {
  await playDay(planOf(seed), { broken: (violation) => tell({ seed, broken: violation }) });
  tell({ seed });
}
