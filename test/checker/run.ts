// `npm run check-the-checker`: plants one fault after the other in a copy of the build and demands that the
// simulation, the crash test or the suite catches it. Ends with exit code 1 where one survives, or could not be
// planted.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openCopy } from '../guards/copy.ts';
import { shuffled } from '../mutate/shuffle.ts';
import { root } from '../support/root.ts';
import { calledWrongly, fileThatIsThere, optionsOr, wholeNumber } from '../support/wrongOption.ts';
import { readFaults } from './faults.ts';
import type { Fault } from './faults.ts';
import { knownDays, methodWords, pageWith, rowsAfter, rowsIn } from './table.ts';
import { Trials } from './trial.ts';
import type { Verdict } from './trial.ts';

const usage = `npm run check-the-checker -- [options]
  --list          prints the faults, and plants none
  --only NAME     only this fault; may be given more than once
  --count N       so many, drawn at random
  --seed N        draws the same as in an earlier run
  --known         plays first the day that docs/reliability.md names; else days are played from seed 1 on
  --jobs N        faults at the same time (2)
  --write         writes what caught each, and after how long, into docs/reliability.md
  --faults FILE   another list than those of test/checker/faults
  --help          prints this
"caught": the check noticed the fault, and is quiet without it. "survived": nothing noticed it, so the check has a
gap. "stale": its text is no longer in the source, or no program comes of it: correct its entry. "invalid": the
check fails without the fault already: repair that first.
Ends with 0 where every fault was caught, with 1 where one was not, and with 2 where an option is wrong.`;

interface Options {
  readonly list: boolean;
  readonly only: readonly string[];
  readonly count: number | undefined;
  readonly seed: number;
  readonly known: boolean;
  readonly jobs: number;
  readonly write: boolean;
  readonly faults: string | undefined;
}

/** What earlier runs caught, and by what. */
const page = join(root, 'docs', 'reliability.md');

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** The exit code where only help was asked for. @throws where an option is wrong */
function optionsGiven(): Options | { readonly exit: number } {
  const { values } = parseArgs({
    options: {
      list: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true, default: [] },
      count: { type: 'string' },
      seed: { type: 'string' },
      known: { type: 'boolean', default: false },
      jobs: { type: 'string' },
      write: { type: 'boolean', default: false },
      faults: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    print(usage);
    return { exit: 0 };
  }
  return {
    ...values,
    faults: values.faults === undefined ? undefined : fileThatIsThere('faults', values.faults),
    jobs: wholeNumber('jobs', values.jobs, 2),
    count: values.count === undefined ? undefined : wholeNumber('count', values.count, 1),
    seed: wholeNumber('seed', values.seed, Date.now() % 1_000_000, 0),
  };
}

function selectedOf(faults: readonly Fault[], { only, count, seed }: Options): readonly Fault[] {
  const named = faults.filter(({ name }) => only.length === 0 || only.includes(name));
  if (count === undefined) return named;
  const drawn = new Set(shuffled(named, seed).slice(0, count));
  return named.filter((fault) => drawn.has(fault));
}

function tell({ name, caught }: Fault, verdict: Verdict): void {
  const time = verdict.kind === 'caught' ? `${verdict.seconds.toFixed(1)} s` : '';
  const by = verdict.kind === 'caught' ? `${methodWords[caught.by]}: ${verdict.by}` : verdict.words;
  print(`${verdict.kind.padEnd(9)}${time.padStart(8)}  ${name.padEnd(32)}  ${by}`);
}

async function tryAll(
  selected: readonly Fault[],
  { known, jobs }: Options,
): Promise<ReadonlyMap<Fault, Verdict>> {
  const verdicts = new Map<Fault, Verdict>();
  const trials = new Trials(selected, known ? knownDays(readFileSync(page, 'utf8')) : new Map());
  // What takes longest first, so that at the end no job waits for another.
  const waiting = (['crash', 'simulation', 'suite'] as const).flatMap((by) =>
    selected.filter(({ caught }) => caught.by === by),
  );
  const copies = Array.from({ length: Math.max(1, Math.min(jobs, selected.length)) }, openCopy);
  const closeAll = (): void => {
    for (const copy of copies) copy.close();
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => {
      closeAll();
      process.exit(130);
    });
  try {
    await Promise.all(
      copies.map(async (copy) => {
        for (let fault = waiting.shift(); fault !== undefined; fault = waiting.shift()) {
          const verdict = await trials.of(fault, copy);
          verdicts.set(fault, verdict);
          tell(fault, verdict);
        }
      }),
    );
  } finally {
    closeAll();
  }
  return verdicts;
}

function write(faults: readonly Fault[], verdicts: ReadonlyMap<Fault, Verdict>): void {
  const text = readFileSync(page, 'utf8');
  const caught = new Map(
    [...verdicts].flatMap(([fault, verdict]) =>
      verdict.kind === 'caught' ? [[fault, verdict] as const] : [],
    ),
  );
  // What is not caught now has no row, whatever an earlier run says.
  const kept = faults.filter((fault) => !verdicts.has(fault) || caught.has(fault));
  writeFileSync(page, pageWith(text, rowsAfter(kept, rowsIn(text), caught)));
}

async function main(): Promise<number> {
  const options = optionsOr(usage, optionsGiven) ?? { exit: calledWrongly };
  if ('exit' in options) return options.exit;
  const faults = readFaults(options.faults);
  const unknown = options.only.find((name) => !faults.some((fault) => fault.name === name));
  if (unknown !== undefined) {
    print(`There is no fault ${unknown}. There are: ${faults.map(({ name }) => name).join(', ')}.`);
    return 2;
  }
  const selected = selectedOf(faults, options);
  if (options.list) {
    for (const { name, fault, caught } of selected)
      print(`${name.padEnd(32)}  ${methodWords[caught.by].padEnd(10)}  ${fault}`);
    return 0;
  }
  if (options.count !== undefined)
    print(`${selected.length} of ${faults.length} faults; --seed ${options.seed} draws the same`);
  const began = performance.now();
  const verdicts = await tryAll(selected, options);
  if (options.write) write(faults, verdicts);
  const counts = (kind: Verdict['kind']): number =>
    [...verdicts.values()].filter((verdict) => verdict.kind === kind).length;
  const others = (['stale', 'invalid'] as const)
    .filter((kind) => counts(kind) > 0)
    .map((kind) => `, ${counts(kind)} ${kind}`);
  const missed = selected.filter((fault) => verdicts.get(fault)?.kind !== 'caught');
  if (missed.length > 0) print(toRepeat(missed, options));
  print(
    `${selected.length} planted faults: ${counts('caught')} caught, ${counts('survived')} survived${others.join('')}, ${Math.round((performance.now() - began) / 1_000)} s`,
  );
  return missed.length === 0 ? 0 : 1;
}

/** What to type for those that were not caught. */
function toRepeat(missed: readonly Fault[], { known, faults }: Options): string {
  const names = missed.map(({ name }) => ` --only ${name}`).join('');
  const list = faults === undefined ? '' : ` --faults ${faults}`;
  return `not caught: npm run check-the-checker --${names}${known ? ' --known' : ''}${list} tries them again`;
}

process.exitCode = await main();
