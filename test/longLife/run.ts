// `npm run long-life`: a life of days in simulated time, or of an hour in real time, in one process that is never
// restarted. Prints a table, and ends with exit code 1 where anything grows without a documented bound.
import { spawn } from 'node:child_process';
import { appendFileSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { inspect, parseArgs } from 'node:util';
import { liveReal } from './real/life.ts';
import type { Sample } from './real/sample.ts';
import type { Look } from './simulated/life.ts';
import { slopeOf } from './judge.ts';
import { lookHead, lookLine, sampleHead, sampleLine } from './tables.ts';
import { verdictOfDays, verdictOfHours, verdictOfMinutes } from './verdict.ts';

const usage = `npm run long-life -- --simulated | --real [options]
  --simulated     the simulation, in one process; looked at each hour
    --hours N     how long (72), at four requests an hour
    --days N      beyond the retention instead, at six requests a day; looked at each day
    --plant       leaks something for each request, which has to be found
  --real          the built program between servers of its own; looked at each minute
    --minutes N   how long (60)
    --http        Slack over HTTP, and Teams without botbuilder
    --samples F   appends what was looked at to a file
    --judge F     judges such a file again, and runs nothing
  --seed N        (1)`;

interface Outcome {
  readonly told: string;
  readonly wrong: readonly string[];
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      simulated: { type: 'boolean' },
      hours: { type: 'string' },
      days: { type: 'string' },
      plant: { type: 'boolean' },
      real: { type: 'boolean' },
      minutes: { type: 'string' },
      http: { type: 'boolean' },
      samples: { type: 'string' },
      judge: { type: 'string' },
      seed: { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  if (values.help === true || (values.simulated !== true && values.real !== true)) {
    print(usage);
    return values.help === true ? 0 : 1;
  }
  const seed = whole(values.seed ?? '1');
  const { told, wrong } =
    values.simulated === true
      ? await simulated(seed, values, values.plant === true)
      : await real(seed, { ...values, http: values.http === true });
  for (const sentence of [...new Set(wrong)].slice(0, 30)) print(sentence);
  print(
    `long life: ${told}; ${wrong.length === 0 ? 'nothing grows without its bound' : `${wrong.length} wrong`}`,
  );
  return wrong.length === 0 ? 0 : 1;
}

async function simulated(
  seed: number,
  { hours, days }: { readonly hours?: string | undefined; readonly days?: string | undefined },
  plant: boolean,
): Promise<Outcome> {
  const args = days === undefined ? [whole(hours ?? '72'), 4, 1, seed] : [whole(days) * 24, 0.25, 24, seed];
  print(lookHead);
  const looks: Look[] = [];
  const bugs = await child([...args.map(String), ...(plant ? ['plant'] : [])], (look) => {
    looks.push(look);
    print(lookLine(look));
  });
  const last = looks.at(-1);
  if (last === undefined)
    return { told: 'no look was made', wrong: ['the process ended before its first look'] };
  const journal = Object.entries(last.files).reduce(
    (sum, [name, size]) => sum + (name.startsWith('journal-') ? size : 0),
    0,
  );
  const warm = looks.filter(({ hour }) => hour > 12);
  const each = slopeOf(warm.map(({ kept, heap }) => ({ x: kept, y: heap })));
  return {
    told: `${last.hour} simulated hours, ${last.asked} requests, ${Math.round(journal / Math.max(1, last.asked))} bytes of journal${days === undefined ? ` and ${Math.round(each)} of heap` : ''} for each`,
    wrong: [...(days === undefined ? verdictOfHours(looks) : verdictOfDays(looks)), ...bugs],
  };
}

function child(args: readonly string[], seen: (look: Look) => void): Promise<readonly string[]> {
  const script = fileURLToPath(new URL('simulated/child.js', import.meta.url));
  const started = spawn(process.execPath, ['--max-semi-space-size=64', '--expose-gc', script, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let bugs: readonly string[] = ['the process did not come to its end'];
  createInterface({ input: started.stdout }).on('line', (line) => {
    const told = JSON.parse(line) as Look | { readonly bugs: readonly string[] };
    if ('bugs' in told) ({ bugs } = told);
    else seen(told);
  });
  return new Promise((resolve, reject) => {
    started.once('error', reject);
    started.once('close', () => resolve(bugs));
  });
}

interface RealValues {
  readonly minutes?: string | undefined;
  readonly http: boolean;
  readonly samples?: string | undefined;
  readonly judge?: string | undefined;
}

async function real(seed: number, { minutes, http, samples: file, judge }: RealValues): Promise<Outcome> {
  print(sampleHead);
  const samples: Sample[] = [];
  const seen = (sample: Sample): void => {
    samples.push(sample);
    print(sampleLine(sample));
    if (file !== undefined) appendFileSync(file, `${JSON.stringify(sample)}\n`);
  };
  let wrong: readonly string[] = [];
  if (judge === undefined)
    wrong = await liveReal({
      minutes: whole(minutes ?? '60'),
      seed,
      doors: http ? { socket: false, teams: 'direct' } : { socket: true, teams: 'botbuilder' },
      seen,
    });
  else for (const line of readFileSync(judge, 'utf8').trim().split('\n')) seen(JSON.parse(line) as Sample);
  const last = samples.at(-1);
  return {
    told: `${last?.minute ?? 0} real minutes, ${last?.requests ?? 0} requests`,
    wrong: [...verdictOfMinutes(samples), ...wrong],
  };
}

function whole(text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 1)
    throw new RangeError(`${text} is no whole number above 0.\n${usage}`);
  return number;
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
