// One of the processes of a run: plays days and writes a line of JSON for each.
import { loadModules } from '../life/modules.ts';
import { playDay } from '../life/day.ts';
import type { Outcome } from '../life/day.ts';
import { planOf } from '../plan/plan.ts';

/** An outcome as it crosses between processes. */
export interface SeedLine extends Omit<Outcome, 'met' | 'counts'> {
  readonly met: readonly (readonly [string, number])[];
  readonly counts: readonly (readonly [string, number])[];
}

const [from = 1, to = 0, step = 1] = process.argv.slice(2).map(Number);
await loadModules();
for (let seed = from; seed <= to; seed += step) {
  const outcome = await playDay(planOf(seed));
  const line: SeedLine = { ...outcome, met: [...outcome.met], counts: [...outcome.counts] };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
