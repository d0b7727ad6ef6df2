// The forms that ask for a live response session: a recipe, one raw command, or a sequence of them on one
// device.
import type { Command } from '../../liveResponse/commands.ts';
import { problemWith } from '../../liveResponse/commands.ts';
import { formOf, forms, kinds, parts as partArgs, partVerbs } from './forms.ts';
import { noRecipes, readArgs, readSome } from './argumentReaders.ts';
import type { Reading } from './argumentReaders.ts';
import type { PartVerb } from './forms.ts';
import type { GrammarProblem } from './grammarProblem.ts';
import { cut, isProblem, missing, nearest, restFrom, spotAt, spotOf } from './lineReaders.ts';
import type { Recipe } from '../policy/policy.ts';
import { fill, holds, readChars } from '../policy/recipes/recipes.ts';
import type { SessionAsk } from '../policy/recipes/sessionAsk.ts';
import type { Line, Word } from './text.ts';
import { bareReason, endOf, misspelt, splitEnd, withReason } from './reason.ts';
import type { Zone } from './reason.ts';

/** What the words of a command may belong to other than the reason. */
const zoneOf = { run: 'script', get: 'path', put: 'ours' } as const satisfies Record<PartVerb, Zone>;

function partVerb(word: Word): PartVerb | undefined {
  const lower = word.raw.toLowerCase();
  return partVerbs.find((verb) => verb === lower);
}

/** `<recipe> <host> <args...>` */
export function parseRecipe(whole: Line, recipe: Recipe): SessionAsk | GrammarProblem {
  const form = formOf(recipe);
  const split = splitEnd(whole, form.example);
  if (isProblem(split)) return split;
  const { line } = split;
  const first = readFirst(line, recipe.name, form);
  if (isProblem(first)) return first;
  const filled = fill(
    recipe,
    line.words.slice(2).map((word, index) => valueFor(recipe, index, word)),
  );
  if ('reason' in filled) {
    const at = 'index' in filled ? filled.index + 2 : line.words.length;
    const spare =
      filled.reason === 'tooMany' && split.reason === undefined
        ? { reasonLine: withReason(line, bareReason(line, 2 + recipe.args.length) ?? at) }
        : {};
    return {
      problem: 'recipe',
      recipe: recipe.name,
      usage: recipe.usage,
      found: filled,
      ...spare,
      spot: spotAt(line, at),
    };
  }
  const found = problemWith(filled.commands);
  if (found !== undefined) return { problem: 'command', found, spot: spotAt(line, 0) };
  const said = restFrom(line, 2);
  return {
    kind: 'recipe',
    recipe: recipe.name,
    args: filled.args,
    ...first,
    commands: filled.commands,
    title: clip(said === undefined ? recipe.name : `${recipe.name} ${said}`),
    ...endOf(split),
  };
}

/** Whatever asks for a session names its device first. */
function readFirst(
  line: Line,
  word: string,
  form: Reading['form'],
): { readonly host: string } | GrammarProblem {
  return readSome({ line, word, form, recipes: noRecipes }, ['host']);
}

/** The value, without what ends a sentence where the argument could not hold it. */
function valueFor(recipe: Recipe, index: number, word: Word): string {
  const ranges = readChars(recipe.args[index]?.chars ?? '') ?? [];
  const end = word.quoted ? '' : (/[,;:!?]+$/.exec(word.value)?.[0] ?? '');
  return end === '' ||
    end.length === word.value.length ||
    Array.from(end).some((character) => holds(ranges, character))
    ? word.value
    : word.value.slice(0, -end.length);
}

/** `run <host> <script> [args]`, `get <host> <path>`, `put <host> <file>` */
export function parseSingle(whole: Line, verb: PartVerb): SessionAsk | GrammarProblem {
  const split = splitEnd(whole, forms[verb].example, zoneOf[verb]);
  if (isProblem(split)) return split;
  const { line } = split;
  const first = readFirst(line, verb, forms[verb]);
  if (isProblem(first)) return first;
  const { host } = first;
  const joined = jointAt(line);
  if (joined !== undefined)
    return {
      problem: 'useOn',
      example: `on ${host} ${parted(line, joined)
        .slice(line.words[0]?.start ?? 0)
        .replace(/^(\S+)\s+\S+/, '$1')}`,
      spot: spotAt(line, joined),
    };
  const semicolon = line.words.findIndex((word, index) => {
    const next = line.words[index + 1];
    return (
      index > 1 &&
      word.raw === ';' &&
      (verb !== 'run' || (next !== undefined && partVerb(next) !== undefined))
    );
  });
  // In a script's arguments a ";" is the script's own, unless a command of ours follows: then somebody forgot
  // the "on".
  if (semicolon >= 0)
    return {
      problem: 'useOn',
      example: `on ${host} ${verb} ${restFrom(line, 2) ?? ''}`,
      spot: spotAt(line, semicolon),
    };
  const forgotten = split.reason === undefined ? bareReason(line, 3, zoneOf[verb]) : undefined;
  // A quoted path, and the name of a file, have room for nothing after them.
  if (forgotten !== undefined) return misspelt(line, forgotten, 'noDashes', zoneOf[verb]);
  const command = parsePart(line, verb, 2);
  if (isProblem(command))
    return command.problem === 'leftOver' && split.reason === undefined
      ? { ...command, reasonLine: withReason(line, 3) }
      : command;
  const found = problemWith([command]);
  if (found !== undefined) return { problem: 'command', found, spot: spotAt(line, 2) };
  return {
    kind: 'sequence',
    host,
    commands: [command],
    title: clip(`${verb} ${restFrom(line, 2) ?? ''}`),
    ...endOf(split),
  };
}

/** `on <host> put a.exe ; run b.ps1 -Path "C:\Program Files" ; get "C:\out dir\r.zip"` */
export function parseSequence(
  whole: Line,
  recipes: ReadonlyMap<string, Recipe>,
): SessionAsk | GrammarProblem {
  const split = splitEnd(whole, forms.on.example, 'script');
  if (isProblem(split)) return split;
  const { line } = split;
  const first = readFirst(line, 'on', forms.on);
  if (isProblem(first)) return first;
  const { host } = first;
  if (line.words.length === 2) return missing(line, kinds.parts.what, forms.on);
  const joined = jointAt(line);
  if (joined !== undefined)
    return {
      problem: 'joined',
      word: line.words[joined]?.raw ?? '',
      example: parted(line, joined),
      spot: spotAt(line, joined),
    };
  const parts = partsOf(line, 2);
  const last = parts.at(-1);
  const forgotten =
    split.reason === undefined
      ? bareReason(
          line,
          (last?.at ?? 2) + 2,
          last?.line.words[0]?.raw.toLowerCase() === 'get' ? 'path' : 'script',
        )
      : undefined;
  if (forgotten !== undefined) return misspelt(line, forgotten, 'noDashes', 'script');
  const commands: Command[] = [];
  for (const part of parts) {
    const command = parseNamedPart(part, line, recipes);
    if (isProblem(command)) return command;
    commands.push(command);
  }
  const texts = parts.map((part) => restFrom(part.line, 0) ?? '');
  const found = problemWith(commands);
  if (found !== undefined) {
    const part = 'index' in found ? parts[found.index] : parts[0];
    const spot = spotAt(part?.line ?? line, 0);
    return found.reason === 'order'
      ? { problem: 'command', found, example: `on ${host} ${inOrder(texts, commands).join(' ; ')}`, spot }
      : { problem: 'command', found, spot };
  }
  return { kind: 'sequence', host, commands, title: clip(texts.join(' ; ')), ...endOf(split) };
}

/** What people put between two commands instead of a ";" between spaces. */
const jointShape = /^(?:&&|\|\|?|[\uFF1B\u037E]|.*[^;][;\uFF1B,])$/;

/**
 * Index of the word that separates two commands without being ` ; `: a command of ours follows it, so that it is
 * hardly a script's own.
 */
function jointAt({ words }: Line): number | undefined {
  const found = words.findIndex((word, index) => {
    const [next, after] = [words[index + 1], words[index + 2]];
    return (
      index >= 2 &&
      !word.quoted &&
      jointShape.test(word.raw) &&
      next !== undefined &&
      after !== undefined &&
      partVerb(next) !== undefined
    );
  });
  return found < 0 ? undefined : found;
}

function parted({ text, words }: Line, at: number): string {
  const word = words[at];
  if (word === undefined) return text;
  const kept = word.raw.replace(/^(?:&&|\|\|?)$|[;\uFF1B\u037E,]$/, '');
  return `${text.slice(0, word.start)}${kept}`.trimEnd() + ` ;${text.slice(word.end)}`;
}

/**
 * One part of a sequence: the line with this part's words alone. `at` is the index of its first word in the
 * whole line.
 */
interface Part {
  readonly line: Line;
  readonly at: number;
}

function partsOf(line: Line, first: number): readonly Part[] {
  const parts: Part[] = [];
  let from = first;
  for (let index = first; index <= line.words.length; index += 1) {
    if (index < line.words.length && line.words[index]?.raw !== ';') continue;
    parts.push({ line: cut(line, line.words.slice(from, index)), at: from });
    from = index + 1;
  }
  return parts;
}

function parseNamedPart(
  { line, at }: Part,
  whole: Line,
  recipes: ReadonlyMap<string, Recipe>,
): Command | GrammarProblem {
  const word = line.words[0];
  if (word === undefined)
    return {
      problem: 'emptyPart',
      example: forms.on.example,
      spot: spotAt(whole, at < whole.words.length ? at : at - 1),
    };
  const verb = partVerb(word);
  if (verb !== undefined) return parsePart(line, verb, 1);
  const lower = word.raw.toLowerCase();
  return {
    problem: 'badPart',
    word: word.raw,
    recipe: recipes.has(lower),
    suggestions: nearest(lower, partVerbs),
    spot: spotOf(line, word),
  };
}

/** What follows a part's verb, from word `at` to the end of the line's words. */
function parsePart(line: Line, verb: PartVerb, at: number): Command | GrammarProblem {
  const reading = { line, word: verb, form: forms[verb], recipes: noRecipes } as const;
  switch (verb) {
    case 'run': {
      const given = readArgs(reading, partArgs.run, at);
      return isProblem(given) ? given : { type: 'RunScript', ...given };
    }
    case 'put': {
      const given = readArgs(reading, partArgs.put, at);
      return isProblem(given) ? given : { type: 'PutFile', ...given };
    }
    case 'get': {
      const given = readArgs(reading, partArgs.get, at);
      return isProblem(given) ? given : { type: 'GetFile', ...given };
    }
  }
}

const rank = { PutFile: 0, RunScript: 1, GetFile: 2 } as const;

function inOrder(texts: readonly string[], commands: readonly Command[]): readonly string[] {
  return texts
    .map((text, index) => ({ text, rank: rank[commands[index]?.type ?? 'GetFile'] }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ text }) => text);
}

const maxTitle = 120;

function clip(text: string): string {
  const points = Array.from(text);
  return points.length <= maxTitle ? text : `${points.slice(0, maxTitle - 1).join('')}\u2026`;
}
