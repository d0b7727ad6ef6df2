// Recipes: their commands, filled with the values of their arguments. Values are whole words of allowed
// characters; they never become an option or a way up.
import type { Command } from '../../../liveResponse/commands.ts';
import { sameCommands } from '../../../liveResponse/commands.ts';
import type { Recipe, RecipeArgument } from '../policy.ts';

export type RecipeProblem =
  | { readonly reason: 'missing'; readonly argument: string }
  | { readonly reason: 'tooMany'; readonly index: number; readonly value: string }
  | { readonly reason: 'empty'; readonly argument: string; readonly index: number }
  | { readonly reason: 'tooLong'; readonly argument: string; readonly index: number; readonly max: number }
  | { readonly reason: 'dash'; readonly argument: string; readonly index: number; readonly value: string }
  | { readonly reason: 'sign'; readonly argument: string; readonly index: number; readonly value: string }
  | {
      readonly reason: 'backslash';
      readonly argument: string;
      readonly index: number;
      readonly value: string;
    }
  | { readonly reason: 'dots'; readonly argument: string; readonly index: number; readonly value: string }
  | {
      readonly reason: 'characters';
      readonly argument: string;
      readonly index: number;
      readonly found: string;
      readonly chars: string;
    };

export type CharRange = readonly [number, number];

/**
 * Reads `A-Za-z0-9._-`: single characters and ranges, a hyphen for itself first or last. Undefined when a
 * range runs backwards or there is nothing.
 */
export function readChars(chars: string): readonly CharRange[] | undefined {
  const points = Array.from(chars, (character) => character.codePointAt(0) ?? 0);
  const ranges: CharRange[] = [];
  for (let at = 0; at < points.length; at += 1) {
    const from = points[at] ?? 0;
    const to = points[at + 2];
    if (points[at + 1] === 0x2d && to !== undefined) {
      if (to < from || from === 0x2d) return undefined;
      ranges.push([from, to]);
      at += 2;
    } else {
      ranges.push([from, from]);
    }
  }
  return ranges.length === 0 ? undefined : ranges;
}

/** Whether the ranges hold a character. */
export function holds(ranges: readonly CharRange[], character: string): boolean {
  const point = character.codePointAt(0) ?? 0;
  return ranges.some(([from, to]) => point >= from && point <= to);
}

/**
 * What PowerShell takes for the dash before a parameter's name (about_Parameters; U+2013 to U+2015 are typed
 * by programs that replace hyphens).
 */
export const dashes = '-\u2013\u2014\u2015';
/** What PowerShell takes for quotes. */
export const doubleQuotes = '"\u201c\u201d\u201e\u201f';
export const singleQuotes = "'\u2018\u2019\u201a\u201b";

/** A place in a script's arguments, with the characters around it there. */
export interface ArgumentPlace {
  readonly name: string;
  /** Inside quotes, so that a blank in its value does not end it. */
  readonly quoted: boolean;
  /** A closing quote follows at once. */
  readonly beforeQuote: boolean;
  /** Outside quotes, at the beginning of a word. */
  readonly first: boolean;
}

/** The places in a script's arguments as PowerShell reads them. */
export function placesIn(args: string): readonly ArgumentPlace[] {
  const places: ArgumentPlace[] = [];
  let open: string | undefined;
  let from = 0;
  for (const match of args.matchAll(placePattern)) {
    for (const character of args.slice(from, match.index)) {
      const kind = [doubleQuotes, singleQuotes].find((quotes) => quotes.includes(character));
      if (kind !== undefined) open = open === undefined ? kind : open === kind ? undefined : open;
    }
    from = match.index + match[0].length;
    const next = args.charAt(from);
    const closed =
      open !== undefined &&
      Array.from(args.slice(from)).some((character) => open?.includes(character) === true);
    places.push({
      name: match[1] ?? '',
      quoted: closed,
      beforeQuote: closed && next !== '' && open?.includes(next) === true,
      first: open === undefined && /(?:^|\s)$/.test(args.slice(0, match.index)),
    });
  }
  return places;
}

function checkValue(
  argument: RecipeArgument,
  value: string,
  index: number,
  places: readonly ArgumentPlace[],
): RecipeProblem | undefined {
  const at = { argument: argument.name, index };
  if (value === '') return { reason: 'empty', ...at };
  if (value.length > argument.max) return { reason: 'tooLong', ...at, max: argument.max };
  // A value that begins with a dash would be read as an option by the script.
  if (dashes.includes(value.charAt(0))) return { reason: 'dash', ...at, value };
  // Outside quotes @ begins a splatted variable or a list, # a comment that swallows the rest, and a comma
  // continues the word before it.
  if ('@#,'.includes(value.charAt(0)) && places.some((place) => place.first))
    return { reason: 'sign', ...at, value };
  // Before the closing quote a backslash makes it a quote of the value for a program that reads the line
  // as Windows programs do.
  if (value.endsWith('\\') && places.some((place) => place.beforeQuote))
    return { reason: 'backslash', ...at, value };
  // A value with two dots could climb out of the folder that the recipe names.
  if (value.includes('..')) return { reason: 'dots', ...at, value };
  const ranges = readChars(argument.chars) ?? [];
  const found = Array.from(value).find((character) => !holds(ranges, character));
  return found === undefined ? undefined : { reason: 'characters', ...at, found, chars: argument.chars };
}

/** `{name}` in a command's text. Other braces, such as those of a GUID, mean themselves. */
export const placePattern = /\{([a-z][a-z0-9_]*)\}/g;

/**
 * The commands that a recipe makes of these values, in the order of its arguments, or the first thing wrong
 * with them.
 */
export function fill(
  recipe: Recipe,
  values: readonly string[],
):
  { readonly commands: readonly Command[]; readonly args: Readonly<Record<string, string>> } | RecipeProblem {
  const args: Record<string, string> = {};
  for (const [index, argument] of recipe.args.entries()) {
    const value = values[index];
    if (value === undefined) return { reason: 'missing', argument: argument.name };
    const problem = checkValue(
      argument,
      value,
      index,
      recipe.commands
        .flatMap((command) => (command.type === 'RunScript' ? placesIn(command.args ?? '') : []))
        .filter((place) => place.name === argument.name),
    );
    if (problem !== undefined) return problem;
    args[argument.name] = value;
  }
  const extra = values[recipe.args.length];
  if (extra !== undefined) return { reason: 'tooMany', index: recipe.args.length, value: extra };
  return { commands: recipe.commands.map((command) => fillCommand(command, args)), args };
}

/**
 * Whether the recipe, as it is now, makes exactly these commands of the values, from index `from` to its end.
 */
export function rendersAs(
  recipe: Recipe,
  args: Readonly<Record<string, string>>,
  from: number,
  commands: readonly Command[],
): boolean {
  if (Object.keys(args).length !== recipe.args.length) return false;
  const filled = fill(
    recipe,
    recipe.args.flatMap(({ name }) => (Object.hasOwn(args, name) ? [args[name] ?? ''] : [])),
  );
  return 'commands' in filled && sameCommands(filled.commands.slice(from), commands);
}

/**
 * One command with its places filled. Values are not looked at again, so that none can name another place.
 */
export function fillCommand(command: Command, args: Readonly<Record<string, string>>): Command {
  const filled = (text: string): string =>
    text.replace(placePattern, (whole, name: string) =>
      Object.hasOwn(args, name) ? (args[name] ?? whole) : whole,
    );
  switch (command.type) {
    case 'PutFile':
      return { type: 'PutFile', fileName: filled(command.fileName) };
    case 'GetFile':
      return { type: 'GetFile', path: filled(command.path) };
    case 'RunScript':
      return {
        type: 'RunScript',
        scriptName: filled(command.scriptName),
        ...(command.args === undefined ? {} : { args: filled(command.args) }),
      };
  }
}
