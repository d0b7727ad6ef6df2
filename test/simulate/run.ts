// `npm run simulate`: days of the whole bot, each from its seed, on a simulated machine between simulated chats and
// a simulated Defender. Ends with exit code 1 where a promise was broken, or a fault never met a transition.
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { inspect, parseArgs } from 'node:util';
import { recordOf } from '../../src/liveResponse/text/json.ts';
import { root } from '../support/root.ts';
import { calledWrongly, fileThatIsThere, optionsOr, wholeNumber } from '../support/wrongOption.ts';
import type { Violation } from './checks/ledger.ts';
import { playDay } from './life/day.ts';
import { loadModules } from './life/modules.ts';
import { planOf } from './plan/plan.ts';
import type { Plan } from './plan/plan.ts';
import { cellLines, judgeCells, judgedFrom } from './report/cells.ts';
import type { Impossible } from './report/cells.ts';
import type { SeedLine } from './report/seedsChild.ts';
import { shrink } from './report/shrink.ts';

const usage = `npm run simulate -- [options]
  --seeds N     how many days (300)
  --from N      the seed of the first (1)
  --jobs N      processes (as many as there are cores)
  --seed N      one day alone, with its log on stderr
  --plan FILE   the day of a plan that was written before
  --table       prints how often each transition met each fault
  --help
The same seed plays the same day, whatever the machine does besides. Which combinations of a transition and a fault
were never met is judged from ${judgedFrom} days on. Ends with 0 where every promise was kept (and, where that is judged,
nothing was left out), with 1 where not, and with 2 where an option is wrong.`;

interface Days {
  readonly seeds: number;
  readonly from: number;
  readonly jobs: number;
  readonly table: boolean;
}

interface Run {
  readonly days: number;
  readonly met: Map<string, number>;
  readonly counts: Map<string, number>;
  readonly failed: SeedLine[];
}

function optionsGiven(): 'help' | Plan | Days {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string' },
      from: { type: 'string' },
      jobs: { type: 'string' },
      seed: { type: 'string' },
      plan: { type: 'string' },
      table: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help === true) return 'help';
  if (values.plan !== undefined) return planIn(fileThatIsThere('plan', values.plan));
  if (values.seed !== undefined) return planOf(wholeNumber('seed', values.seed, 1));
  return {
    seeds: wholeNumber('seeds', values.seeds, 300),
    from: wholeNumber('from', values.from, 1),
    jobs: wholeNumber('jobs', values.jobs, availableParallelism()),
    table: values.table === true,
  };
}

/** @throws RangeError where the file holds no plan */
function planIn(file: string): Plan {
  let plan: unknown;
  try {
    plan = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  if (!Array.isArray(recordOf(plan)['moves']) || !Array.isArray(recordOf(plan)['faults']))
    throw new RangeError(`--plan: ${file} holds no plan that a failing day was cut down to.`);
  return plan as Plan;
}

async function main(): Promise<number> {
  const given = optionsOr(usage, optionsGiven);
  if (given === undefined) return calledWrongly;
  if (given !== 'help') return 'moves' in given ? oneDay(given) : manyDays(given);
  print(usage);
  return 0;
}

/** One day in this process, with its log. */
async function oneDay(plan: Plan): Promise<number> {
  await loadModules();
  const outcome = await playDay(plan, { logLine: (line) => void process.stderr.write(line) });
  for (const [name, count] of [...outcome.counts].sort())
    print(`${name.padEnd(24)}${String(count).padStart(8)}`);
  for (const violation of outcome.violations) print(sentenceOf(violation));
  print(
    `seed ${plan.seed}: ${outcome.steps} steps, hash ${outcome.hash}, ${outcome.violations.length} promises broken`,
  );
  return outcome.violations.length === 0 ? 0 : 1;
}

async function manyDays({ seeds, from, jobs, table }: Days): Promise<number> {
  const began = performance.now();
  const run = await played(seeds, from, jobs);
  const seconds = Math.round((performance.now() - began) / 1_000);
  const impossible = JSON.parse(
    readFileSync(join(root, 'test/simulate/report/impossible.json'), 'utf8'),
  ) as Impossible;
  const { missing, wronglyListed } = judgeCells(run.met, impossible);
  for (const [name, count] of [...run.counts].sort()) print(`${name.padEnd(24)}${String(count).padStart(8)}`);
  const judged = run.days >= judgedFrom;
  if (table || (judged && missing.length + wronglyListed.length > 0))
    for (const line of cellLines(run.met)) print(line);
  if (judged && missing.length > 0) print(`never met: ${missing.join(', ')}`);
  if (wronglyListed.length > 0) print(`met, though listed as impossible: ${wronglyListed.join(', ')}`);
  for (const { seed, violations } of run.failed) {
    print(`seed ${seed}:`);
    for (const violation of violations) print(`  ${sentenceOf(violation)}`);
  }
  if (run.days < seeds) print(`only ${run.days} of ${seeds} days were played`);
  const [first] = run.failed;
  if (first !== undefined) await cutDown(first);
  const well =
    run.failed.length === 0 &&
    run.days === seeds &&
    wronglyListed.length === 0 &&
    (!judged || missing.length === 0);
  print(
    `simulate: ${run.days} days from seed ${from} in ${seconds} s, ${run.failed.length} with a broken promise, ${judged ? `${missing.length} combinations never met` : `combinations are judged from ${judgedFrom} days on`}`,
  );
  return well ? 0 : 1;
}

async function cutDown({ seed, violations }: SeedLine): Promise<void> {
  const promise = violations[0]?.promise;
  if (promise === undefined) return;
  await loadModules();
  const { plan, tries } = await shrink(planOf(seed), async (smaller) =>
    (await playDay(smaller)).violations.find((violation) => violation.promise === promise),
  );
  const file = join(tmpdir(), `live-response-bot-seed-${seed}.json`);
  writeFileSync(file, JSON.stringify(plan, undefined, 1));
  print(
    `seed ${seed} cut down to ${plan.faults.length} faults and ${plan.moves.length} moves in ${tries} days`,
  );
  print(
    `to play it: npm run simulate -- --plan ${file}    the whole day: npm run simulate -- --seed ${seed}`,
  );
}

function sentenceOf({ promise, at, says }: Violation): string {
  return `${promise} after ${Math.round(at / 1_000)} s: ${says}`;
}

async function played(seeds: number, from: number, jobs: number): Promise<Run> {
  const run: Run & { days: number } = { days: 0, met: new Map(), counts: new Map(), failed: [] };
  const take = (line: SeedLine): void => {
    run.days += 1;
    for (const [cell, times] of line.met) run.met.set(cell, (run.met.get(cell) ?? 0) + times);
    for (const [name, times] of line.counts) run.counts.set(name, (run.counts.get(name) ?? 0) + times);
    if (line.violations.length > 0) run.failed.push(line);
    if (run.days % 100 === 0) print(`${run.days} days`);
  };
  let next = from;
  const draw = (): number | undefined => (next < from + seeds ? next++ : undefined);
  await Promise.all(Array.from({ length: Math.min(jobs, seeds) }, () => child(draw, take)));
  run.failed.sort((one, other) => one.seed - other.seed);
  return run;
}

/**
 * A day makes many short-lived objects: with room for them, few outlive a collection. And every core is busy with
 * days: a collector with threads of its own only takes turns with them.
 */
const flags = ['--max-semi-space-size=64', '--single-threaded-gc'] as const;

/** @param draw the next seed, for whichever process is free; undefined when there is none left */
function child(draw: () => number | undefined, take: (line: SeedLine) => void): Promise<void> {
  const script = fileURLToPath(new URL('report/seedsChild.js', import.meta.url));
  const started = spawn(process.execPath, [...flags, script], { stdio: ['pipe', 'pipe', 'inherit'] });
  const more = (): void => {
    const seed = draw();
    if (seed === undefined) started.stdin.end();
    else started.stdin.write(`${seed}\n`);
  };
  // A child that died says so by the days that are missing.
  started.stdin.on('error', () => undefined);
  createInterface({ input: started.stdout }).on('line', (line) => {
    take(JSON.parse(line) as SeedLine);
    more();
  });
  more();
  return new Promise((resolve, reject) => {
    started.once('error', reject);
    started.once('close', () => resolve());
  });
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

main().then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    print(inspect(error));
    process.exitCode = 1;
  },
);
