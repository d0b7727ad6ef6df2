// `npm run check-guards`: takes each guard of test/guards/entries/*.json out of a copy of the build and demands that
// its tests fail. Ends with exit code 1 where one survives, cannot be tried, or has tests that fail with the
// guard in place.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from '../support/root.ts';
import { calledWrongly, optionsOr } from '../support/wrongOption.ts';
import { shuffled } from '../mutate/shuffle.ts';
import { openCopy } from './copy.ts';
import type { Guard } from './entries.ts';
import { hashOf, readGuards } from './entries.ts';
import { pageOf, rowsAfter, rowsIn } from './page.ts';
import type { Row } from './page.ts';
import type { Verdict } from './trial.ts';
import { controls, tried as verdictOn } from './trial.ts';

const usage = `npm run check-guards -- [options]
  --part NAME     only the list test/guards/entries/NAME.json; may be given more than once
  --changed       only entries whose list, source or tests git calls changed, against HEAD or --since
  --since REF     the commit to compare with (HEAD)
  --untried       only entries that docs/guards.md has no row of
  --jobs N        test runs at the same time (2)
  --minutes N     starts no new one after so many minutes, and says which were left out; which come first is drawn
  --seed N        the same draw as in an earlier run
Results go into docs/guards.md.`;

interface LeftOut {
  readonly kind: 'leftOut';
  readonly words: string;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function changedSince(ref: string): readonly string[] {
  const git = (...args: readonly string[]): readonly string[] =>
    execFileSync('git', args, { cwd: root, encoding: 'utf8' })
      .split('\n')
      .filter((line) => line !== '');
  return [...git('diff', '--name-only', ref), ...git('ls-files', '--others', '--exclude-standard')];
}

const page = join(root, 'docs', 'guards.md');

function rowsOfPage(): readonly Row[] {
  return existsSync(page) ? rowsIn(readFileSync(page, 'utf8')) : [];
}

function writePage(guards: readonly Guard[], verdicts: ReadonlyMap<Guard, Verdict | LeftOut>): void {
  const found = new Map(
    [...verdicts].flatMap(([guard, verdict]) =>
      verdict.kind === 'found' ? [[hashOf(guard), verdict.by] as const] : [],
    ),
  );
  // What is not found now has no row, whatever an earlier run says.
  const lost = new Set(
    [...verdicts].flatMap(([guard, { kind }]) =>
      kind === 'survived' || kind === 'invalid' ? [hashOf(guard)] : [],
    ),
  );
  writeFileSync(
    page,
    pageOf(
      rowsAfter(
        guards,
        rowsOfPage().filter(({ entry }) => !lost.has(entry)),
        found,
      ),
    ),
  );
}

interface Options {
  readonly part?: readonly string[];
  readonly changed: boolean;
  readonly untried: boolean;
  readonly since: string;
  readonly jobs: number;
  readonly minutes: number | undefined;
  readonly seed: number;
}

/** The exit code where only help was asked for, or an option is wrong. */
function optionsGiven(): Options | { readonly exit: number } {
  const { values } = parseArgs({
    options: {
      part: { type: 'string', multiple: true },
      changed: { type: 'boolean', default: false },
      untried: { type: 'boolean', default: false },
      since: { type: 'string', default: 'HEAD' },
      jobs: { type: 'string', default: '2' },
      minutes: { type: 'string' },
      seed: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const jobs = Number(values.jobs);
  const minutes = values.minutes === undefined ? undefined : Number(values.minutes);
  const seed = values.seed === undefined ? Date.now() % 1_000_000 : Number(values.seed);
  if (
    values.help ||
    !(jobs >= 1 && jobs <= 16) ||
    (minutes !== undefined && !(minutes > 0)) ||
    !Number.isInteger(seed)
  ) {
    print(usage);
    return { exit: values.help ? 0 : 2 };
  }
  return { ...values, jobs, minutes, seed };
}

async function main(): Promise<number> {
  const values = optionsOr(usage, optionsGiven);
  if (values === undefined) return calledWrongly;
  if ('exit' in values) return values.exit;
  const { jobs, minutes, seed } = values;
  const guards = readGuards();
  const parts = [...new Set(guards.map(({ part }) => part))];
  const unknown = values.part?.find((part) => !parts.includes(part));
  if (unknown !== undefined) {
    print(`There is no list test/guards/entries/${unknown}.json. There are: ${parts.join(', ')}.`);
    return 2;
  }
  const changed = values.changed ? changedSince(values.since) : undefined;
  const tried = new Set(rowsOfPage().map(({ entry }) => entry));
  const selected = guards
    .filter((guard) => !values.untried || !tried.has(hashOf(guard)))
    .filter(({ part }) => values.part?.includes(part) ?? true)
    .filter(
      ({ part, file, tests }) =>
        changed === undefined ||
        [`test/guards/entries/${part}.json`, file, ...tests].some((path) => changed.includes(path)),
    );
  // Entries of the same tests follow each other, so that what the control run costs is spent once for many.
  const files = shuffled(
    [...new Set(selected.map(({ tests }) => tests[0] ?? ''))],
    minutes === undefined ? 0 : seed,
  );
  const order = files.flatMap((file) => selected.filter(({ tests }) => tests[0] === file));
  print(
    `${order.length} of ${guards.length} guards${minutes === undefined ? '' : `, for ${minutes} minutes; --seed ${seed} draws the same`}`,
  );

  const verdicts = new Map<Guard, Verdict | LeftOut>();
  const control = controls(selected);
  const began = performance.now();
  const waiting = [...order];
  const copies = Array.from({ length: Math.max(1, Math.min(jobs, order.length)) }, openCopy);
  const closeAll = (): void => {
    for (const copy of copies) copy.close();
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      closeAll();
      writePage(guards, verdicts);
      process.exit(130);
    });
  }
  try {
    await Promise.all(
      copies.map(async (copy) => {
        for (let guard = waiting.shift(); guard !== undefined; guard = waiting.shift()) {
          const late = minutes !== undefined && performance.now() - began > minutes * 60_000;
          const started = performance.now();
          const verdict: Verdict | LeftOut = late
            ? { kind: 'leftOut', words: 'no time was left' }
            : await verdictOn(guard, copy, control);
          verdicts.set(guard, verdict);
          print(
            `${verdict.kind === 'leftOut' ? 'left out' : verdict.kind.padEnd(8)} ${((performance.now() - started) / 1_000).toFixed(1).padStart(6)} s  ${guard.part}: ${guard.guard}`,
          );
          print(`                     ${verdict.kind === 'found' ? `by: ${verdict.by}` : verdict.words}`);
        }
      }),
    );
  } finally {
    closeAll();
  }

  writePage(guards, verdicts);
  const counts = (kind: (Verdict | LeftOut)['kind']): number =>
    [...verdicts.values()].filter((verdict) => verdict.kind === kind).length;
  print(
    `${counts('found')} found, ${counts('survived')} survived, ${counts('invalid')} invalid, ${counts('leftOut')} left out, in ${Math.round((performance.now() - began) / 1_000)} s`,
  );
  return counts('survived') + counts('invalid') > 0 ? 1 : 0;
}

process.exitCode = await main();
