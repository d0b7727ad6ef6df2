// What can be said behind `npm run fuzz --`.
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { fileThatIsThere, wholeNumber } from '../support/wrongOption.ts';
import { targetOf } from './loop/fixtures.ts';
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
  /** Only what can be given is to be printed. */
  readonly help: boolean;
}

export const usage = `npm run fuzz -- [options]
  --seconds N      over all targets together (60, or as long as it takes where --cases is given)
  --cases N        per target
  --seed N         makes the same cases again, as far as cases and not seconds end them (by the clock)
  --target NAME    one of ${targetNames.join(', ')}; may be given more than once (all)
  --replay FILE    runs one file of test/fuzz/fixtures again, and nothing else
  --fixtures DIR   the folder that failing inputs are written to (test/fuzz/fixtures)
  --help           prints this
A failing input is made smaller, written to that folder, and printed with the line that runs it again.
Ends with 0 where nothing failed, with 1 where something did, and with 2 where an option is wrong.`;

function numberIn(option: string, text: string | undefined, least: number): number | undefined {
  return text === undefined ? undefined : wholeNumber(option, text, least, least);
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
      help: { type: 'boolean' },
    },
  });
  const cases = numberIn('cases', values.cases, 1);
  const known = [...targetNames, ...plantedNames];
  const strange = values.target?.find((name) => !known.includes(name));
  if (strange !== undefined) throw new RangeError(`There is no target ${strange}.`);
  const replay = values.replay === undefined ? undefined : fileThatIsThere('replay', values.replay);
  if (replay !== undefined && !known.includes(targetOf(resolve(replay))))
    throw new RangeError(`--replay: the folder of ${replay} has the name of no target.`);
  return {
    seconds: numberIn('seconds', values.seconds, 1) ?? (cases === undefined ? 60 : Infinity),
    cases: cases ?? Infinity,
    seed: numberIn('seed', values.seed, 0) ?? now % 1_000_000,
    targets: values.target ?? targetNames,
    fixtures: values.fixtures,
    replay,
    help: values.help === true,
  };
}
