// The command language: one typed line to what it asks for, or to the first thing wrong with it. What parses
// is shown back on the card byte for byte.
import { commandWords, foreignWords, forms, isCommandWord, topicNames } from './forms.ts';
import type { CommandWord } from './forms.ts';
import type { GrammarProblem } from './grammarProblem.ts';
import { maxReason } from '../../liveResponse/verbs.ts';
import { maxCommands } from '../../liveResponse/commands.ts';
import { readCode } from './approvalCode.ts';
import { nearest } from './nearest.ts';
import { formattingRepair, unmarked, unwrapped } from './formatting.ts';
import type { Known } from './formatting.ts';
import { reasonOption } from './prose.ts';
import { bareReason, isNearOption, misspelt, splitEnd, splitReason, withReason } from './reason.ts';
import type { Recipe } from '../policy/policy.ts';
import { bareWord, isSurelyId, normaliseId } from './requestId.ts';
import { parseRecipe, parseSequence, parseSingle } from './session.ts';
import type { SessionAsk } from '../policy/recipes/sessionAsk.ts';
import type { Line, Word } from './text.ts';
import { maxText, readLine } from './text.ts';
import {
  isProblem,
  leftOver,
  missing,
  readHost,
  proseFrom,
  restFrom,
  spotAt,
  spotOf,
  trailing,
} from './lineReaders.ts';

export const listNames = ['mine', 'pending', 'running', 'recent'] as const;
export type ListName = (typeof listNames)[number];

/** What was asked for. `line` is the text as it was read, after the repairs that `repaired` names. */
export type Parsed = { readonly line: string; readonly repaired: readonly string[] } & (
  | { readonly verb: 'help'; readonly topic?: string }
  | ({ readonly verb: 'ask' } & SessionAsk)
  | { readonly verb: 'host'; readonly name: string }
  | { readonly verb: 'scripts'; readonly name?: string; readonly page?: number }
  | { readonly verb: 'status'; readonly id?: string }
  | { readonly verb: 'list'; readonly which: ListName }
  | {
      readonly verb: 'approve';
      readonly id: string;
      readonly fingerprint?: string;
      readonly revision?: number;
    }
  | { readonly verb: 'deny' | 'cancel'; readonly id: string; readonly reason?: string }
  | {
      readonly verb: 'retry';
      readonly id: string;
      readonly index?: number;
      readonly reason?: string;
      readonly separate?: boolean;
    }
  | { readonly verb: 'link'; readonly id: string; readonly index?: number }
  | { readonly verb: 'output'; readonly id: string; readonly index?: number; readonly page?: number }
  | { readonly verb: 'freeze'; readonly why: string }
  | { readonly verb: 'recipes' | 'unfreeze' | 'whoami' | 'quota' }
  /** A request id was wanted by `of`, and `word` cannot be one: a device, a recipe, a file. */
  | { readonly verb: 'noId'; readonly of: IdVerb; readonly word: string }
);

/** The verbs that take the id of a request. */
export type IdVerb = 'status' | 'approve' | 'deny' | 'cancel' | 'retry' | 'link' | 'output';

type Asked = Parsed extends infer One ? (One extends Parsed ? Omit<One, 'line' | 'repaired'> : never) : never;

/**
 * Reads one line. Never throws; takes time in proportion to the text. @param command the chat command's name
 */
export function parse(
  text: string,
  recipes: ReadonlyMap<string, Recipe>,
  command = '/lr',
): Parsed | GrammarProblem {
  const line = readPlain(text, { recipes, name: command.replace(/^\//, '').toLowerCase() });
  if ('problem' in line) return line;
  const asked = parseLine(line, recipes);
  if (isProblem(asked)) return asked;
  return { ...asked, line: line.text, repaired: line.repaired };
}

/** The line without the chat's formatting. */
function readPlain(text: string, known: Known): ReturnType<typeof readLine> {
  if (text.length > maxText) return readLine(text);
  const inner = unwrapped(text, known);
  const line = readLine(inner);
  if ('problem' in line) return line;
  const bare = unmarked(line, known.recipes);
  if (inner === text && bare === line.text) return line;
  const again = bare === line.text ? line : readLine(bare);
  return 'problem' in again
    ? again
    : { ...again, repaired: [...new Set([...line.repaired, ...again.repaired, formattingRepair])] };
}

function parseLine(line: Line, recipes: ReadonlyMap<string, Recipe>): Asked | GrammarProblem {
  const first = line.words[0];
  if (first === undefined) return { verb: 'help' };
  const typed = first.raw.toLowerCase();
  const word = typed.replace(trailing, '') || typed;
  if (isCommandWord(word)) return parseVerb(word, line, recipes);
  const recipe = recipes.get(word);
  if (recipe !== undefined) {
    const ask = parseRecipe(line, recipe);
    return isProblem(ask) ? ask : { verb: 'ask', ...ask };
  }
  const meant = foreignWords.get(word);
  const suggestions = meant === undefined ? nearest(word, [...commandWords, ...recipes.keys()]) : [meant];
  return { problem: 'unknownVerb', word: first.raw, suggestions, spot: spotOf(line, first) };
}

function parseVerb(
  verb: CommandWord,
  line: Line,
  recipes: ReadonlyMap<string, Recipe>,
): Asked | GrammarProblem {
  switch (verb) {
    case 'run':
    case 'get':
    case 'put': {
      const ask = parseSingle(line, verb);
      return isProblem(ask) ? ask : { verb: 'ask', ...ask };
    }
    case 'on': {
      const ask = parseSequence(line, recipes);
      return isProblem(ask) ? ask : { verb: 'ask', ...ask };
    }
    case 'help':
      return parseHelp(line, recipes);
    case 'host': {
      const name = readHost(line, 1, forms.host);
      return isProblem(name) ? name : (leftOver(line, 2, forms.host.example) ?? { verb, name });
    }
    case 'status': {
      if (line.words.length === 1) return { verb };
      const id = readId(line, verb);
      return isNoId(id) ? id : (leftOver(line, 2, forms.status.example) ?? { verb, ...id });
    }
    case 'scripts':
      return parseScripts(line);
    case 'list':
      return parseList(line);
    case 'approve':
      return parseApprove(line);
    case 'deny':
    case 'cancel':
      return parseWithReason(line, verb);
    case 'retry':
      return parseRetry(line);
    case 'link':
    case 'output':
      return parseResult(line, verb);
    case 'freeze': {
      const why = freezeWhy(line);
      if (why === undefined) return missing(line, 'the reason for the freeze', forms.freeze, 1);
      return why.length > maxReason
        ? { problem: 'reason', why: 'tooLong', example: forms.freeze.example, spot: spotAt(line, 1) }
        : { verb, why };
    }
    case 'recipes':
    case 'unfreeze':
    case 'whoami':
    case 'quota':
      return leftOver(line, 1, verb) ?? { verb };
  }
}

function parseHelp(line: Line, recipes: ReadonlyMap<string, Recipe>): Asked | GrammarProblem {
  const word = line.words[1];
  if (word === undefined) return { verb: 'help' };
  const topic = word.value.toLowerCase().replace(trailing, '');
  const choices = topicNames;
  if (!choices.includes(topic) && !recipes.has(topic) && !isCommandWord(topic)) {
    return {
      problem: 'badChoice',
      word: word.raw,
      choices,
      suggestions: nearest(topic, [...choices, ...recipes.keys(), ...commandWords]),
      spot: spotOf(line, word),
    };
  }
  return leftOver(line, 2, `help ${topic}`) ?? { verb: 'help', topic };
}

function parseList(line: Line): Asked | GrammarProblem {
  const word = line.words[1];
  if (word === undefined) return { verb: 'list', which: 'pending' };
  const which = listNames.find((name) => name === word.value.toLowerCase().replace(trailing, ''));
  if (which === undefined)
    return {
      problem: 'badChoice',
      word: word.raw,
      choices: listNames,
      suggestions: nearest(word.value, listNames),
      spot: spotOf(line, word),
    };
  return leftOver(line, 2, `list ${which}`) ?? { verb: 'list', which };
}

/** A word of digits alone is a page: no script has such a name. */
function parseScripts(line: Line): Asked | GrammarProblem {
  const word = line.words[1];
  if (word === undefined) return { verb: 'scripts' };
  const page = /^\d+$/.test(word.raw) ? readNumber(line, word, 'scripts', 'page') : undefined;
  if (isProblem(page)) return page;
  return (
    leftOver(line, 2, forms.scripts.example) ??
    (page === undefined ? { verb: 'scripts', name: word.value } : { verb: 'scripts', page })
  );
}

type Id = { readonly id: string };
type NoId = GrammarProblem | Extract<Asked, { readonly verb: 'noId' }>;

function isNoId(read: Id | NoId): read is NoId {
  return !('id' in read);
}

function readId(line: Line, verb: IdVerb): Id | NoId {
  const word = line.words[1];
  if (word === undefined) return missing(line, 'the request id', forms[verb]);
  const typed = bareWord(word.value);
  const id = normaliseId(typed);
  if (id !== undefined) return { id };
  // What could be a device, a recipe or a file is looked at by whoever knows those.
  return nameShape.test(typed) && !isSurelyId(typed)
    ? { verb: 'noId', of: verb, word: typed }
    : { problem: 'badId', word: word.raw, example: forms[verb].example, spot: spotOf(line, word) };
}

const nameShape = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,254}$/;

function parseApprove(line: Line): Asked | GrammarProblem {
  const id = readId(line, 'approve');
  if (isNoId(id)) return id;
  const word = line.words[2];
  if (word === undefined) return { verb: 'approve', ...id };
  // A keyboard may have put spaces into the code.
  const code = readCode(restFrom(line, 2) ?? '');
  if (code !== undefined) return { verb: 'approve', ...id, ...code };
  if (readCode(word.value) !== undefined)
    return leftOver(line, 3, `approve ${id.id} ${word.value.toLowerCase()}`) ?? { verb: 'approve', ...id };
  const first = bareWord(line.words[1]?.value ?? '').toLowerCase();
  const swapped =
    isSurelyId(word.value) && readCode(first) !== undefined ? normaliseId(word.value) : undefined;
  return {
    problem: 'badFingerprint',
    word: word.raw,
    example: swapped === undefined ? forms.approve.example : `approve ${swapped}`,
    spot: spotOf(line, word),
  };
}

/** The why of a freeze needs no option; one that is typed all the same means what follows it. */
function freezeWhy(line: Line): string | undefined {
  const typed =
    line.words[1]?.raw.toLowerCase() === reasonOption
      ? proseFrom(line, 2)
      : proseFrom(line, afterOption(line, 1));
  const why = typed
    ?.replace(/\s*\n\s*/g, ' ')
    .replace(/^--reason[=:]\s*/i, '')
    .replace(/^"([^"]*)"$/, '$1')
    .trim();
  return why === '' ? undefined : why;
}

/** `deny <id> why so` and `deny <id> --reason "why so"` are both taken. */
function parseWithReason(line: Line, verb: 'deny' | 'cancel'): Asked | GrammarProblem {
  const id = readId(line, verb);
  if (isNoId(id)) return id;
  const near = afterOption(line, 2);
  const split = near > 2 ? { line } : splitReason(line, `${verb} lr-7f3k2q`);
  if (isProblem(split)) return split;
  const text = proseFrom(split.line, near);
  if (text === undefined)
    return { verb, ...id, ...(split.reason === undefined ? {} : { reason: split.reason }) };
  if (split.reason !== undefined)
    return leftOver(split.line, 2, `${verb} ${id.id} --reason "${split.reason}"`) ?? { verb, ...id };
  if (text.length > maxReason)
    return { problem: 'reason', why: 'tooLong', example: forms[verb].example, spot: spotAt(line, 2) };
  return { verb, ...id, reason: text };
}

/** Index of the prose: a misspelt option before it is no word of it. */
function afterOption(line: Line, at: number): number {
  const word = line.words[at];
  const option =
    word !== undefined && line.words.length > at + 1 && isNearOption(word, 'ours') && !/[=:]./.test(word.raw);
  return option && word.raw !== reasonOption ? at + 1 : at;
}

function parseResult(line: Line, verb: 'link' | 'output'): Asked | GrammarProblem {
  const id = readId(line, verb);
  if (isNoId(id)) return id;
  const index = readNumber(line, line.words[2], verb, 'index');
  if (isProblem(index)) return index;
  const page = verb === 'output' ? readNumber(line, line.words[3], verb, 'page') : undefined;
  if (isProblem(page)) return page;
  const extra = leftOver(line, verb === 'output' ? 4 : 3, forms[verb].example);
  if (extra !== undefined) return extra;
  const found = index === undefined ? {} : { index };
  return verb === 'link'
    ? { verb, ...id, ...found }
    : { verb, ...id, ...found, ...(page === undefined ? {} : { page }) };
}

function parseRetry(line: Line): Asked | GrammarProblem {
  const split = splitEnd(line, forms.retry.example);
  if (isProblem(split)) return split;
  const id = readId(split.line, 'retry');
  if (isNoId(id)) return id;
  const forgotten = bareReason(split.line, 2);
  if (forgotten !== undefined) return misspelt(split.line, forgotten, 'noDashes', 'ours');
  const index = readNumber(split.line, split.line.words[2], 'retry', 'index');
  const meantAsReason = (at: number): { readonly reasonLine?: string } =>
    split.reason === undefined && split.separate === undefined
      ? { reasonLine: withReason(split.line, at) }
      : {};
  if (isProblem(index))
    return index.problem === 'badNumber' && /^\p{L}/u.test(index.word)
      ? { ...index, ...meantAsReason(2) }
      : index;
  const extra = leftOver(split.line, 3, forms.retry.example);
  if (extra !== undefined) return { ...extra, ...meantAsReason(3) };
  return {
    verb: 'retry',
    ...id,
    ...(index === undefined ? {} : { index }),
    ...(split.reason === undefined ? {} : { reason: split.reason }),
    ...(split.separate === undefined ? {} : { separate: split.separate }),
  };
}

function readNumber(
  line: Line,
  word: Word | undefined,
  verb: 'link' | 'output' | 'scripts' | 'retry',
  what: 'index' | 'page',
): number | undefined | GrammarProblem {
  if (word === undefined) return undefined;
  const typed = word.value.replace(trailing, '');
  const number = /^\d{1,4}$/.test(typed) ? Number(typed) : -1;
  const fits = what === 'index' ? number >= 0 && number < maxCommands : number >= 1;
  return fits
    ? number
    : { problem: 'badNumber', what, word: word.raw, example: forms[verb].example, spot: spotOf(line, word) };
}
