// The command language: one typed line to what it asks for, or to the first thing wrong with it. What parses is shown back on the card byte for byte.
import { commandWords, foreignWords, forms, isCommandWord, topicNames } from './forms.ts';
import type { CommandWord } from './forms.ts';
import type { GrammarProblem } from './grammarProblem.ts';
import { maxReason } from './grammarProblem.ts';
import { maxCommands } from '../../liveResponse/commands.ts';
import { nearest } from './nearest.ts';
import type { Recipe } from '../rules/policy.ts';
import { normaliseId } from './requestId.ts';
import { parseRecipe, parseSequence, parseSingle } from './session.ts';
import type { SessionAsk } from '../rules/sessionAsk.ts';
import type { Line, Word } from './text.ts';
import { readLine } from './text.ts';
import { isProblem, leftOver, missing, readHost, proseFrom, spotAt, spotOf, splitEnd, splitReason } from './words.ts';

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
  | { readonly verb: 'approve'; readonly id: string; readonly fingerprint?: string }
  | { readonly verb: 'deny' | 'cancel'; readonly id: string; readonly reason?: string }
  | { readonly verb: 'retry'; readonly id: string; readonly index?: number; readonly reason?: string; readonly separate?: boolean }
  | { readonly verb: 'link'; readonly id: string; readonly index?: number }
  | { readonly verb: 'output'; readonly id: string; readonly index?: number; readonly page?: number }
  | { readonly verb: 'freeze'; readonly why: string }
  | { readonly verb: 'recipes' | 'unfreeze' | 'whoami' | 'quota' }
);

type Asked = Parsed extends infer One ? (One extends Parsed ? Omit<One, 'line' | 'repaired'> : never) : never;

/** Reads one line. Never throws; takes time in proportion to the text. */
export function parse(text: string, recipes: ReadonlyMap<string, Recipe>): Parsed | GrammarProblem {
  const line = readLine(text);
  if ('problem' in line) return line;
  const asked = parseLine(line, recipes);
  if (isProblem(asked)) return asked;
  return { ...asked, line: line.text, repaired: line.repaired };
}

function parseLine(line: Line, recipes: ReadonlyMap<string, Recipe>): Asked | GrammarProblem {
  const first = line.words[0];
  if (first === undefined) return { verb: 'help' };
  const word = first.raw.toLowerCase();
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

function parseVerb(verb: CommandWord, line: Line, recipes: ReadonlyMap<string, Recipe>): Asked | GrammarProblem {
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
      return isProblem(id) ? id : (leftOver(line, 2, forms.status.example) ?? { verb, id });
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
      const why = proseFrom(line, 1);
      if (why === undefined) return missing(line, 'why it is frozen', forms.freeze, 1);
      return why.length > maxReason ? { problem: 'reason', why: 'tooLong', example: forms.freeze.example, spot: spotAt(line, 1) } : { verb, why };
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
  const topic = word.value.toLowerCase();
  const choices = topicNames;
  if (!choices.includes(topic) && !recipes.has(topic) && !isCommandWord(topic)) {
    return { problem: 'badChoice', word: word.raw, choices, suggestions: nearest(topic, [...choices, ...recipes.keys(), ...commandWords]), spot: spotOf(line, word) };
  }
  return leftOver(line, 2, `help ${topic}`) ?? { verb: 'help', topic };
}

function parseList(line: Line): Asked | GrammarProblem {
  const word = line.words[1];
  if (word === undefined) return { verb: 'list', which: 'pending' };
  const which = listNames.find((name) => name === word.value.toLowerCase());
  if (which === undefined) return { problem: 'badChoice', word: word.raw, choices: listNames, suggestions: nearest(word.value, listNames), spot: spotOf(line, word) };
  return leftOver(line, 2, `list ${which}`) ?? { verb: 'list', which };
}

/** A word of digits alone is a page: no script has such a name. */
function parseScripts(line: Line): Asked | GrammarProblem {
  const word = line.words[1];
  if (word === undefined) return { verb: 'scripts' };
  const page = /^\d+$/.test(word.raw) ? readNumber(line, word, 'scripts', 'page') : undefined;
  if (isProblem(page)) return page;
  return leftOver(line, 2, forms.scripts.example) ?? (page === undefined ? { verb: 'scripts', name: word.value } : { verb: 'scripts', page });
}

function readId(line: Line, verb: CommandWord): string | GrammarProblem {
  const word = line.words[1];
  if (word === undefined) return missing(line, 'the request id', forms[verb]);
  return normaliseId(word.value) ?? { problem: 'badId', word: word.raw, example: forms[verb].example, spot: spotOf(line, word) };
}

function parseApprove(line: Line): Asked | GrammarProblem {
  const id = readId(line, 'approve');
  if (isProblem(id)) return id;
  const word = line.words[2];
  if (word === undefined) return { verb: 'approve', id };
  const fingerprint = word.value.toLowerCase();
  if (!/^[0-9a-f]{8}$/.test(fingerprint)) return { problem: 'badFingerprint', word: word.raw, example: forms.approve.example, spot: spotOf(line, word) };
  return leftOver(line, 3, `approve ${id} ${fingerprint}`) ?? { verb: 'approve', id, fingerprint };
}

/** `deny <id> why so` and `deny <id> --reason "why so"` are both taken. */
function parseWithReason(line: Line, verb: 'deny' | 'cancel'): Asked | GrammarProblem {
  const id = readId(line, verb);
  if (isProblem(id)) return id;
  const split = splitReason(line, forms[verb].example);
  if (isProblem(split)) return split;
  const text = proseFrom(split.line, 2);
  if (text === undefined) return { verb, id, ...(split.reason === undefined ? {} : { reason: split.reason }) };
  if (split.reason !== undefined) return leftOver(split.line, 2, `${verb} ${id} --reason "${split.reason}"`) ?? { verb, id };
  if (text.length > maxReason) return { problem: 'reason', why: 'tooLong', example: forms[verb].example, spot: spotAt(line, 2) };
  return { verb, id, reason: text };
}

function parseResult(line: Line, verb: 'link' | 'output'): Asked | GrammarProblem {
  const id = readId(line, verb);
  if (isProblem(id)) return id;
  const index = readNumber(line, line.words[2], verb, 'index');
  if (isProblem(index)) return index;
  const page = verb === 'output' ? readNumber(line, line.words[3], verb, 'page') : undefined;
  if (isProblem(page)) return page;
  const extra = leftOver(line, verb === 'output' ? 4 : 3, forms[verb].example);
  if (extra !== undefined) return extra;
  const found = index === undefined ? {} : { index };
  return verb === 'link' ? { verb, id, ...found } : { verb, id, ...found, ...(page === undefined ? {} : { page }) };
}

function parseRetry(line: Line): Asked | GrammarProblem {
  const split = splitEnd(line, forms.retry.example);
  if (isProblem(split)) return split;
  const id = readId(split.line, 'retry');
  if (isProblem(id)) return id;
  const index = readNumber(split.line, split.line.words[2], 'retry', 'index');
  if (isProblem(index)) return index;
  const extra = leftOver(split.line, 3, forms.retry.example);
  if (extra !== undefined) return extra;
  return { verb: 'retry', id, ...(index === undefined ? {} : { index }), ...(split.reason === undefined ? {} : { reason: split.reason }), ...(split.separate === undefined ? {} : { separate: split.separate }) };
}

function readNumber(line: Line, word: Word | undefined, verb: 'link' | 'output' | 'scripts' | 'retry', what: 'index' | 'page'): number | undefined | GrammarProblem {
  if (word === undefined) return undefined;
  const number = /^\d{1,4}$/.test(word.raw) ? Number(word.raw) : -1;
  const fits = what === 'index' ? number >= 0 && number < maxCommands : number >= 1;
  return fits ? number : { problem: 'badNumber', what, word: word.raw, example: forms[verb].example, spot: spotOf(line, word) };
}
