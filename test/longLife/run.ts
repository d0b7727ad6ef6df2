// `npm run long-life`: a life of days in simulated time, or of an hour in real time, in one process that is never
// restarted. Prints a table, and ends with exit code 1 where anything grows without a documented bound.
import { spawn } from 'node:child_process';
import { appendFileSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { inspect, parseArgs } from 'node:util';
import { calledWrongly, fileThatIsThere, optionsOr, wholeNumber } from '../support/wrongOption.ts';
import { liveReal } from './real/life.ts';
import type { Sample } from './real/sample.ts';
import type { Look } from './simulated/life.ts';
import { slopeOf } from './judge.ts';
import { lookHead, lookLine, sampleHead, sampleLine } from './tables.ts';
import { verdictOfDays, verdictOfHours, verdictOfMinutes } from './verdict.ts';

const usage = `npm run long-life -- --simulated | --real [options]
  --simulated     the simulation, in one process; looked at each hour
    --hours N     how long (72), at four requests an hour; fewer than 24 are too few to judge
    --days N      beyond the retention of 30 days instead, at six requests a day; looked at each day; fewer than
                  54 are too few to judge
    --plant       leaks something for each request, which has to be found: exit code 1 is right then
  --real          the built program between servers of its own; looked at each minute
    --minutes N   how long (60); fewer than 16 are too few to judge
    --http        Slack over HTTP, and Teams without botbuilder
    --samples F   appends what was looked at to a file
    --judge F     judges such a file again, and runs nothing
  --seed N        the same people and faults as in an earlier run (1)
  --help          prints this
Prints a line for each look. Ends with 0 where nothing grows without its bound (docs/limits.md, "What grows"), with
1 where something does, and with 2 where an option is wrong.`;

interface Outcome {
  readonly told: string;
  readonly wrong: readonly string[];
}

interface RealOptions {
  readonly minutes: number;
  readonly http: boolean;
  /** A file to append to. */
  readonly samples: string | undefined;
  /** A file to judge. */
  readonly judge: string | undefined;
}

interface Options {
  readonly simulated: boolean;
  readonly seed: number;
  readonly hours: number;
  readonly days: number | undefined;
  readonly plant: boolean;
  readonly real: RealOptions;
}

/** The exit code where only help was asked for. @throws where an option is wrong */
function optionsGiven(): Options | { readonly exit: number } {
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
  if (values.help === true) {
    print(usage);
    return { exit: 0 };
  }
  if ((values.simulated === true) === (values.real === true))
    throw new RangeError('Say which life: --simulated or --real.');
  return {
    simulated: values.simulated === true,
    seed: wholeNumber('seed', values.seed, 1),
    hours: wholeNumber('hours', values.hours, 72),
    days: values.days === undefined ? undefined : wholeNumber('days', values.days, 100),
    plant: values.plant === true,
    real: {
      minutes: wholeNumber('minutes', values.minutes, 60),
      http: values.http === true,
      samples: values.samples,
      judge: values.judge === undefined ? undefined : fileThatIsThere('judge', values.judge),
    },
  };
}

async function lived(options: Options): Promise<number> {
  const { told, wrong } = options.simulated
    ? await simulated(options)
    : await real(options.seed, options.real);
  for (const sentence of [...new Set(wrong)].slice(0, 30)) print(sentence);
  print(
    wrong.length === 0
      ? `long life: ${told}; nothing grows without its bound`
      : `long life: FAILED, ${told}; ${wrong.length === 1 ? 'one finding' : `${wrong.length} findings`}, see above. ${toRepeat(options)}`,
  );
  return wrong.length === 0 ? 0 : 1;
}

/** What to type after a run in which something was found. */
function toRepeat({ simulated: isSimulated, seed, hours, days, plant, real: given }: Options): string {
  const repeated = 'Repeat it: npm run long-life --';
  if (isSimulated)
    return `${repeated} --simulated ${days === undefined ? `--hours ${hours}` : `--days ${days}`}${plant ? ' --plant' : ''} --seed ${seed}`;
  return given.judge === undefined
    ? `${repeated} --real --minutes ${given.minutes}${given.http ? ' --http' : ''} --seed ${seed}`
    : `${repeated} --real --judge ${given.judge}`;
}

async function simulated({ seed, hours, days, plant }: Options): Promise<Outcome> {
  const args = days === undefined ? [hours, 4, 1, seed] : [days * 24, 0.25, 24, seed];
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

async function real(seed: number, { minutes, http, samples: file, judge }: RealOptions): Promise<Outcome> {
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
      minutes,
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

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

const options = optionsOr(usage, optionsGiven) ?? { exit: calledWrongly };
process.exitCode =
  'exit' in options
    ? options.exit
    : await lived(options).catch((error: unknown) => {
        print(inspect(error));
        print(`long life: FAILED, it could not go on, and shows nothing. ${toRepeat(options)}`);
        return 1;
      });
