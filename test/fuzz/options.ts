// What can be said behind `npm run fuzz --`.
import { parseArgs } from 'node:util';
import { plantedNames, targetNames } from './targets.ts';

export interface Options {
  /** Over all targets together. */
  readonly seconds: number;
  /** Per target; Infinity where only the time counts. */
  readonly cases: number;
  readonly seed: number;
  readonly targets: readonly string[];
  /** Where failing inputs are written. */
  readonly fixtures: string | undefined;
  /** One input to run again. */
  readonly replay: string | undefined;
}

export const usage = `npm run fuzz -- [--seconds N] [--cases N] [--seed N] [--target NAME]... [--replay FILE]

--seconds   over all targets together; 60 by default, and as long as it takes where --cases is given
--cases     per target
--seed      makes the same cases again, as far as cases and not seconds end them; by the clock by default
--target    one of ${targetNames.join(', ')}
--replay    runs one file of test/fuzz/fixtures again
--fixtures  the folder that failing inputs are written to; test/fuzz/fixtures by default`;

function numberIn(text: string | undefined, least: number): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (!Number.isInteger(number) || number < least)
    throw new RangeError(`"${text}" is no number of at least ${least}.`);
  return number;
}

/** @throws RangeError, or the parser's TypeError, with what is wrong */
export function readOptions(args: readonly string[], now: number): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: 'string' },
      cases: { type: 'string' },
      seed: { type: 'string' },
      target: { type: 'string', multiple: true },
      fixtures: { type: 'string' },
      replay: { type: 'string' },
    },
  });
  const cases = numberIn(values.cases, 1);
  const known = [...targetNames, ...plantedNames];
  const strange = values.target?.find((name) => !known.includes(name));
  if (strange !== undefined) throw new RangeError(`There is no target ${strange}.`);
  return {
    seconds: numberIn(values.seconds, 1) ?? (cases === undefined ? 60 : Infinity),
    cases: cases ?? Infinity,
    seed: numberIn(values.seed, 0) ?? now % 1_000_000,
    targets: values.target ?? targetNames,
    fixtures: values.fixtures,
    replay: values.replay,
  };
}
