// The command line of the mutation run (`npm run mutate`). Exit code 1 below the floor.
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { root as packageRoot } from '../support/root.ts';
import { withoutFile } from './equalMutants.ts';
import type { Options } from './partRun.ts';
import { runPart } from './partRun.ts';
import { filesOf, readEqualMutants, readParts } from './settings.ts';
import type { Part } from './settings.ts';

const usage = `npm run mutate -- [options]
  --part NAME     only this part of test/mutate/parts.json; may be given more than once
  --file GLOB     only these sources; may be given more than once. The part's floor is not held then
  --minutes N     mutants drawn at random for N minutes per part, instead of what parts.json says
  --seed N        the same draw as in an earlier run
  --jobs N        worker threads (2)
  --floor N       per cent that must be caught, instead of what parts.json says
  --root FOLDER   another package, with its own test/mutate/parts.json
Exit code 1: below the floor, or an entry of test/mutate/equal.json is stale.`;

/** An option that is not as the usage says. */
class UsageError extends Error {}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function numberIn(value: string | undefined, name: string, least: number): number | undefined {
  if (value === undefined) return undefined;
  const found = Number(value);
  if (value.trim() === '' || !(found >= least))
    throw new UsageError(`--${name} must be a number, at least ${least}`);
  return found;
}

function chosen(parts: readonly Part[], names: readonly string[] | undefined): readonly Part[] {
  const unknown = names?.find((name) => !parts.some((part) => part.name === name));
  if (unknown !== undefined) {
    throw new UsageError(
      `There is no part ${unknown}. There are: ${parts.map(({ name }) => name).join(', ')}.`,
    );
  }
  return parts.filter(({ name }) => names?.includes(name) ?? true);
}

function readOptions() {
  try {
    return parseArgs({
      options: {
        part: { type: 'string', multiple: true },
        file: { type: 'string', multiple: true },
        minutes: { type: 'string' },
        seed: { type: 'string' },
        jobs: { type: 'string' },
        floor: { type: 'string' },
        root: { type: 'string', default: packageRoot },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

async function main(): Promise<number> {
  const values = readOptions();
  if (values.help) {
    print(usage);
    return 0;
  }
  const minutes = numberIn(values.minutes, 'minutes', 0);
  const floor = numberIn(values.floor, 'floor', 0);
  const options: Options = {
    root: values.root,
    jobs: Math.floor(numberIn(values.jobs, 'jobs', 1) ?? Math.min(2, availableParallelism())),
    seed: numberIn(values.seed, 'seed', 0) ?? Date.now() % 1_000_000,
    print,
    ...(values.file === undefined ? {} : { only: values.file }),
    ...(minutes === undefined ? {} : { minutes }),
    ...(floor === undefined ? {} : { floor }),
  };
  const all = readParts(options.root);
  const parts = chosen(all, values.part);
  const list = readEqualMutants(options.root);
  const files = all.flatMap((part) => filesOf(options.root, part.files));
  const homeless = withoutFile(list, files);
  for (const line of homeless) print(`stale entry in the list of equal mutants: ${line}`);
  let isGood = homeless.length === 0;
  for (const part of parts) isGood = (await runPart(part, list, options)) && isGood;
  return isGood ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  print(`${error.message}\n\n${usage}`);
  process.exitCode = 2;
}
