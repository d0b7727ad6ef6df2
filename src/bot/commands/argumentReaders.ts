// Readers of the arguments of a typed line, one for each kind. The line's specification says which come one
// after the other, until an argument is missing, wrong or left over: then the answer is the exact problem and
// the word it points at.
import { maxCommands } from '../../liveResponse/commands.ts';
import { maxReason } from '../../liveResponse/verbs.ts';
import type { Recipe } from '../policy/policy.ts';
import { absent, commandWords, isCommandWord, isOptional, kindOf, kinds, listNames } from './forms.ts';
import type { Absent, Given, Gives, IdVerb, Kind } from './forms.ts';
import type { GrammarProblem } from './grammarProblem.ts';
import { topicNames } from './help.ts';
import {
  isProblem,
  leftOver,
  missing,
  nearest,
  proseFrom,
  readHost,
  restFrom,
  spotAt,
  spotOf,
  trailing,
} from './lineReaders.ts';
import type { FormText } from './lineReaders.ts';
import { reasonOption } from './text.ts';
import { isNearOption, splitReason } from './reason.ts';
import { bareWord, isSurelyId, normaliseId, readCode } from './requestId.ts';
import type { Line, Word } from './text.ts';

/** What a line is read against. */
export interface Reading {
  readonly line: Line;
  /** The word that the line begins with. */
  readonly word: string;
  readonly form: FormText;
  readonly recipes: ReadonlyMap<string, Recipe>;
}

/** For readings in which no recipe can be named. */
export const noRecipes: ReadonlyMap<string, Recipe> = new Map();

/** A request id was wanted by `of`, and `word` cannot be one: a device, a recipe, a file. */
export interface NoId {
  readonly verb: 'noId';
  readonly of: IdVerb;
  readonly word: string;
}

/** Why reading ends before the last argument. */
export type Stop = GrammarProblem | NoId;

export function isStop(value: object): value is Stop {
  return 'problem' in value || ('verb' in value && value.verb === 'noId');
}

/** Reads the argument whose first word is `word`, at index `at` of the line's words. */
type Reader<K extends Kind> = (reading: Reading, at: number, word: Word) => Gives[K] | Stop;

/** The parts of a sequence are commands of their own, and are read by session.ts. */
export type ReadableKind = Exclude<Kind, 'parts'>;

export const readers: { readonly [K in ReadableKind]: Reader<K> } = {
  host: ({ line, form }, at) => {
    const host = readHost(line, at, form);
    return isProblem(host) ? host : { host };
  },
  device: ({ line, form }, at) => {
    const name = readHost(line, at, form);
    return isProblem(name) ? name : { name };
  },
  id: readId,
  code: readApprovalCode,
  index: (reading, _at, word) => {
    const index = readNumber(reading, word, 'index');
    return isProblem(index) ? index : { index };
  },
  page: (reading, _at, word) => {
    const page = readNumber(reading, word, 'page');
    return isProblem(page) ? page : { page };
  },
  list: readList,
  topic: readTopic,
  libraryFile: (reading, _at, word) => {
    if (!/^\d+$/.test(word.raw)) return { name: word.value };
    const page = readNumber(reading, word, 'page');
    return isProblem(page) ? page : { page };
  },
  reason: readReason,
  why: ({ line, form }, at) => {
    const why = freezeWhy(line, at);
    if (why === undefined) return missing(line, kinds.why.what, form, at);
    return why.length > maxReason
      ? { problem: 'reason', why: 'tooLong', example: form.example, spot: spotAt(line, at) }
      : { why };
  },
  script: (_reading, _at, word) => ({ scriptName: word.value }),
  scriptArgs: ({ line }, at) => ({ args: restFrom(line, at) ?? '' }),
  file: (_reading, _at, word) => ({ fileName: word.value }),
  path: readPath,
};

const nameShape = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,254}$/;

function readId({ line, word: verb, form }: Reading, _at: number, word: Word): Gives['id'] | Stop {
  const typed = bareWord(word.value);
  const id = normaliseId(typed);
  if (id !== undefined) return { id };
  // What could be a device, a recipe or a file is looked at by the handler, which knows those.
  return nameShape.test(typed) && !isSurelyId(typed)
    ? // Only rows that take an id are read by this.
      { verb: 'noId', of: verb as IdVerb, word: typed }
    : { problem: 'badId', word: word.raw, example: form.example, spot: spotOf(line, word) };
}

/** The id in front of an argument, as it is stored. */
function idBefore(line: Line, at: number): string {
  return normaliseId(bareWord(line.words[at - 1]?.value ?? '')) ?? '';
}

function readApprovalCode({ line, form }: Reading, at: number, word: Word): Gives['code'] | Stop {
  // A keyboard may have put spaces into the code.
  const code = readCode(restFrom(line, at) ?? '');
  if (code !== undefined) return code;
  const alone = readCode(word.value);
  if (alone !== undefined)
    return leftOver(line, at + 1, `approve ${idBefore(line, at)} ${word.value.toLowerCase()}`) ?? alone;
  const first = bareWord(line.words[at - 1]?.value ?? '').toLowerCase();
  const swapped =
    isSurelyId(word.value) && readCode(first) !== undefined ? normaliseId(word.value) : undefined;
  return {
    problem: 'badFingerprint',
    word: word.raw,
    example: swapped === undefined ? form.example : `approve ${swapped}`,
    spot: spotOf(line, word),
  };
}

function readNumber({ line, form }: Reading, word: Word, what: 'index' | 'page'): number | GrammarProblem {
  const typed = word.value.replace(trailing, '');
  const number = /^\d{1,4}$/.test(typed) ? Number(typed) : -1;
  const fits = what === 'index' ? number >= 0 && number < maxCommands : number >= 1;
  return fits
    ? number
    : { problem: 'badNumber', what, word: word.raw, example: form.example, spot: spotOf(line, word) };
}

function readTopic({ line, recipes }: Reading, at: number, word: Word): Gives['topic'] | Stop {
  const topic = word.value.toLowerCase().replace(trailing, '');
  if (!topicNames.includes(topic) && !recipes.has(topic) && !isCommandWord(topic)) {
    return {
      problem: 'badChoice',
      word: word.raw,
      choices: topicNames,
      suggestions: nearest(topic, [...topicNames, ...recipes.keys(), ...commandWords]),
      spot: spotOf(line, word),
    };
  }
  return leftOver(line, at + 1, `help ${topic}`) ?? { topic };
}

function readList({ line }: Reading, at: number, word: Word): Gives['list'] | Stop {
  const which = listNames.find((name) => name === word.value.toLowerCase().replace(trailing, ''));
  if (which === undefined)
    return {
      problem: 'badChoice',
      word: word.raw,
      choices: listNames,
      suggestions: nearest(word.value, listNames),
      spot: spotOf(line, word),
    };
  return leftOver(line, at + 1, `list ${which}`) ?? { which };
}

/** The why of a freeze needs no option; one that is typed all the same means what follows it. */
function freezeWhy(line: Line, at: number): string | undefined {
  const typed =
    line.words[at]?.raw.toLowerCase() === reasonOption
      ? proseFrom(line, at + 1)
      : proseFrom(line, afterOption(line, at));
  const why = typed
    ?.replace(/\s*\n\s*/g, ' ')
    .replace(/^--reason[=:]\s*/i, '')
    .replace(/^"([^"]*)"$/, '$1')
    .trim();
  return why === '' ? undefined : why;
}

/** `deny <id> why so` and `deny <id> --reason "why so"` are both taken. */
function readReason({ line, word: verb, form }: Reading, at: number): Gives['reason'] | Stop {
  const near = afterOption(line, at);
  const split = near > at ? { line } : splitReason(line, `${verb} lr-7f3k2q`);
  if (isProblem(split)) return split;
  const text = proseFrom(split.line, near);
  const named = 'reason' in split ? split.reason : undefined;
  if (text === undefined) return named === undefined ? {} : { reason: named };
  if (named !== undefined) {
    const extra = leftOver(split.line, at, `${verb} ${idBefore(line, at)} --reason "${named}"`);
    return extra ?? { reason: named };
  }
  return text.length > maxReason
    ? { problem: 'reason', why: 'tooLong', example: form.example, spot: spotAt(line, at) }
    : { reason: text };
}

/** Index of the prose: a misspelt option before it is no word of it. */
function afterOption(line: Line, at: number): number {
  const word = line.words[at];
  const option =
    word !== undefined && line.words.length > at + 1 && isNearOption(word, 'ours') && !/[=:]./.test(word.raw);
  return option && word.raw !== reasonOption ? at + 1 : at;
}

/**
 * A quoted path ends with its quote; an unquoted one takes the rest, so that `C:\Program Files\x` needs no
 * quotes.
 */
function readPath({ line, form }: Reading, at: number, word: Word): Gives['path'] | Stop {
  if (word.quoted) {
    const extra = leftOver(line, at + 1, form.example);
    if (extra !== undefined) return extra;
    if (word.value !== word.value.trim())
      return { problem: 'badPath', why: 'spaces', example: form.example, spot: spotOf(line, word) };
    return { path: word.value };
  }
  const path = restFrom(line, at) ?? '';
  if (path.includes('"'))
    return { problem: 'badPath', why: 'quotes', example: form.example, spot: spotOf(line, word) };
  return { path };
}

export type ReadableArg = ReadableKind | `${ReadableKind}?`;

/** Only where an id is wanted can a word turn out to be something else. */
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
