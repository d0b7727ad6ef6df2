// Reads the arguments of a typed line by their specification: one after the other, each by the reader of its
// kind, until one is missing, wrong or left over.
import type { GrammarProblem } from '../grammarProblem.ts';
import { leftOver, missing } from '../lineReaders.ts';
import { absent, isOptional, kindOf, kinds } from './kinds.ts';
import type { Absent, Given, Kind } from './kinds.ts';
import { isStop, readers } from './readers.ts';
import type { ReadableKind, Reading, Stop } from './readers.ts';

export type ReadableArg = ReadableKind | `${ReadableKind}?`;

/** Only where an id is wanted can a word be something else instead. */
type StopOf<Args extends readonly ReadableArg[]> =
  Extract<Args[number], 'id' | 'id?'> extends never ? GrammarProblem : Stop;

/** The arguments from word `from` on; what follows them is the caller's. */
export function readSome<const Args extends readonly ReadableArg[]>(
  reading: Reading,
  args: Args,
  from = 1,
): Given<Args> | StopOf<Args> {
  let given: object = {};
  for (const [index, arg] of args.entries()) {
    const one = readOne(reading, arg, from + index);
    if (isStop(one)) return one as StopOf<Args>;
    given = { ...given, ...one };
  }
  // Each reader gives what `Gives` says of its kind, and `Given` is those together.
  return given as Given<Args>;
}

/** The arguments from word `from` to the end of the line. */
export function readArgs<const Args extends readonly ReadableArg[]>(
  reading: Reading,
  args: Args,
  from = 1,
): Given<Args> | StopOf<Args> {
  const given = readSome(reading, args, from);
  if (isStop(given) || args.some((arg) => kinds[kindOf(arg)].rest === true)) return given;
  const extra = leftOver(reading.line, from + args.length, reading.form.example);
  return (extra as StopOf<Args> | undefined) ?? given;
}

function readOne(reading: Reading, arg: ReadableArg, at: number): object {
  const kind = kindOf(arg) as ReadableKind;
  const word = reading.line.words[at];
  if (word !== undefined) return readers[kind](reading, at, word);
  return isOptional(arg) ? whenAbsent(kind) : missing(reading.line, kinds[kind].what, reading.form);
}

function whenAbsent(kind: Kind): object {
  return kind in absent ? absent[kind as keyof Absent] : {};
}
