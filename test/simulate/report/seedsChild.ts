// One of the processes of a run: plays the day of each seed that it is told on stdin, and writes a line of JSON for each.
import { createInterface } from 'node:readline';
import { loadModules } from '../life/modules.ts';
import { playDay } from '../life/day.ts';
import type { Outcome } from '../life/day.ts';
import { planOf } from '../plan/plan.ts';

/** An outcome as it crosses between processes. */
export interface SeedLine extends Omit<Outcome, 'met' | 'counts'> {
  readonly met: readonly (readonly [string, number])[];
  readonly counts: readonly (readonly [string, number])[];
}

await loadModules();
for await (const text of createInterface({ input: process.stdin })) {
  const outcome = await playDay(planOf(Number(text)));
  const line: SeedLine = { ...outcome, met: [...outcome.met], counts: [...outcome.counts] };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
