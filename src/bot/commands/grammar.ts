// The command language: one typed line to what it asks for, or to the first thing wrong with it. What parses
// is shown back on the card byte for byte.
import { commandWords, foreignWords, forms, isCommandWord, isSessionWord } from './forms.ts';
import type { CommandWord, Given, SessionWord } from './forms.ts';
import { isStop, readArgs, readSome } from './argumentReaders.ts';
import type { NoId, ReadableArg } from './argumentReaders.ts';
import type { GrammarProblem } from './grammarProblem.ts';
import { isProblem, nearest, spotOf, trailing } from './lineReaders.ts';
import { formattingRepair, unmarked, unwrapped } from './formatting.ts';
import type { Known } from './formatting.ts';
import { bareReason, endOf, misspelt, splitEnd, withReason } from './reason.ts';
import type { LineEnd } from './reason.ts';
import type { Recipe } from '../policy/policy.ts';
import { parseRecipe, parseSequence, parseSingle } from './session.ts';
import type { SessionAsk } from '../policy/recipes/sessionAsk.ts';
import type { Line } from './text.ts';
import { maxText, readLine } from './text.ts';

/** The words whose line means what their arguments give, and no more. */
type PlainWord = Exclude<CommandWord, SessionWord | 'retry'>;
type Plain = { [W in PlainWord]: { readonly verb: W } & Given<(typeof forms)[W]['args']> }[PlainWord];

type Asked =
  | Plain
  | ({ readonly verb: 'ask' } & SessionAsk)
  | ({ readonly verb: 'retry' } & Given<typeof forms.retry.args> & LineEnd)
  | NoId;

/** What was asked for. `line` is the text as it was read, after the repairs that `repaired` names. */
export type Parsed = { readonly line: string; readonly repaired: readonly string[] } & Asked;

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
  word: CommandWord,
  line: Line,
  recipes: ReadonlyMap<string, Recipe>,
): Asked | GrammarProblem {
  if (isSessionWord(word)) {
    const ask = word === 'on' ? parseSequence(line, recipes) : parseSingle(line, word);
    return isProblem(ask) ? ask : { verb: 'ask', ...ask };
  }
  if (word === 'retry') return parseRetry(line, recipes);
  const { args, ...form } = forms[word];
  const given = readArgs<readonly ReadableArg[]>({ line, word, form, recipes }, args);
  if (isStop(given)) return given;
  // `Plain` says for each word what the arguments of its row give.
  return { verb: word, ...given } as Asked;
}

/** With `--reason` and `--separate` at its end, as whatever asks for a session takes them. */
function parseRetry(whole: Line, recipes: ReadonlyMap<string, Recipe>): Asked | GrammarProblem {
  const { args, ...form } = forms.retry;
  const [first, ...more] = args;
  const split = splitEnd(whole, form.example);
  if (isProblem(split)) return split;
  const { line } = split;
  const reading = { line, word: 'retry', form, recipes } as const;
  const id = readSome(reading, [first]);
  if (isStop(id)) return id;
  const forgotten = bareReason(line, 2);
  if (forgotten !== undefined) return misspelt(line, forgotten, 'noDashes', 'ours');
  const rest = readArgs(reading, more, 2);
  if (!isStop(rest)) return { verb: 'retry', ...id, ...rest, ...endOf(split) };
  if (!isProblem(rest) || split.reason !== undefined) return rest;
  if (rest.problem === 'leftOver') return { ...rest, reasonLine: withReason(line, 3) };
  return rest.problem === 'badNumber' && /^\p{L}/u.test(rest.word)
    ? { ...rest, reasonLine: withReason(line, 2) }
    : rest;
}
