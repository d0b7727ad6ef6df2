// The entries of a policy file: its lists and maps, each entry read by its schema with every problem at its line, and
// the reader of one recipe, whose commands, arguments and example must fit each other.
import type { z } from 'zod';
import { isCommandWord } from '../../bot/commands/forms.ts';
import { parse } from '../../bot/commands/grammar.ts';
import { explainCommand, explainGrammar } from '../../bot/commands/grammarProblem.ts';
import { topicNames } from '../../bot/commands/help.ts';
import { nearest } from '../../bot/commands/lineReaders.ts';
import type { Recipe, RecipeArgument } from '../../bot/policy/policy.ts';
import {
  doubleQuotes,
  fillCommand,
  holds,
  placePattern,
  placesIn,
  readChars,
  singleQuotes,
} from '../../bot/policy/recipes/recipes.ts';
import type { CharRange } from '../../bot/policy/recipes/recipes.ts';
import { commandLine, problemWith } from '../../liveResponse/commands.ts';
import type { Command } from '../../liveResponse/commands.ts';
import { systems } from '../../liveResponse/device/records.ts';
import { isRecord } from '../../liveResponse/text/json.ts';
import { hiddenCharacter } from '../../liveResponse/text/visible.ts';
import { nameSchema } from './policySchema.ts';
import type { RecipeEntry } from './policySchema.ts';
import { showPath } from './yamlFile.ts';
import type { FileProblem, Path, YamlFile } from './yamlFile.ts';

export const sections = [
  'people',
  'roles',
  'recipes',
  'commands',
  'devices',
  'approval',
  'places',
  'results',
  'freeze',
] as const;
export type Section = (typeof sections)[number];

export class PolicyEntries {
  /** The whole file; empty where it is not a map. */
  readonly root: Readonly<Record<string, unknown>>;
  readonly #file: YamlFile;
  readonly #problems: FileProblem[] = [];

  constructor(file: YamlFile) {
    this.#file = file;
    this.root = isRecord(file.value) ? file.value : {};
  }

  /** In the order of their lines. */
  get problems(): readonly FileProblem[] {
    return [...this.#problems].sort((a, b) => a.line - b.line);
  }

  problem(path: Path, text: string): void {
    this.#problems.push({ line: this.#file.lineOf(path), where: showPath(path), text });
  }

  /** One entry by its schema; problems are noted under its path. */
  entry<T>(schema: z.ZodType<T>, value: unknown, path: Path): T | undefined {
    const read = schema.safeParse(value);
    if (read.success) return read.data;
    for (const issue of read.error.issues) {
      const at = [...path, ...issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part))];
      if (issue.code === 'unrecognized_keys') {
        const known = 'shape' in schema && issue.path.length === 0 ? Object.keys(schema.shape as object) : [];
        for (const key of issue.keys) this.problem([...at, key], unknownKey(key, known));
      } else if (valueAt(value, issue.path) === undefined) {
        this.problem(at, 'is missing');
      } else {
        this.problem(at, sentenceOf(issue));
      }
    }
    return undefined;
  }

  list(section: Section): readonly (readonly [number, unknown])[] {
    const value = this.root[section];
    if (value === undefined) return [];
    if (Array.isArray(value)) return [...value.entries()];
    this.problem([section], 'must be a list');
    return [];
  }

  map(section: Section): readonly (readonly [string, unknown])[] {
    const value = this.root[section];
    if (value === undefined || value === null) return [];
    if (!isRecord(value)) {
      this.problem([section], 'must be a map of names');
      return [];
    }
    return Object.entries(value);
  }

  /** Entries of a map whose keys are names. */
  named(section: Section): readonly (readonly [string, unknown])[] {
    const entries = this.map(section);
    for (const [key] of entries) this.entry(nameSchema, key, [section, key]);
    return entries;
  }

  /** Names that a section declares, malformed entries included, so that one slip is not reported twice. */
  declared(section: 'roles' | 'approval'): readonly string[] {
    return isRecord(this.root[section]) ? Object.keys(this.root[section]) : [];
  }

  /** Notes a problem where no such role is declared. */
  checkRole(role: string, path: Path): void {
    const known = this.declared('roles');
    if (!known.includes(role)) this.problem(path, `there is no role ${role}${meant(role, known)}`);
  }

  /** Notes a problem where no such tier is declared. */
  checkTier(tier: string, path: Path): void {
    const known = this.declared('approval');
    if (!known.includes(tier))
      this.problem(path, `there is no tier ${tier} under "approval"${meant(tier, known)}`);
  }
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (at, key) =>
      typeof at === 'object' && at !== null ? (at as Readonly<Record<PropertyKey, unknown>>)[key] : undefined,
    value,
  );
}

/** The most telling message: a union reports its members' issues below itself. */
function sentenceOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_union') {
    const inner = issue.errors.flat().find(({ code }) => code !== 'invalid_type') ?? issue.errors.flat()[0];
    if (inner !== undefined) return inner.message;
  }
  if (issue.code === 'invalid_key') return issue.issues[0]?.message ?? issue.message;
  return issue.message;
}

export function unknownKey(key: string, known: readonly string[]): string {
  return `the key "${key}" is not known here${meant(key, known)}${known.length > 0 ? `; known are ${known.join(', ')}` : ''}`;
}

/** `; did you mean x?`, or empty where no known word is near. */
export function meant(word: string, known: readonly string[]): string {
  const [first] = nearest(word, known);
  return first === undefined ? '' : `; did you mean ${first}?`;
}

/** Names a recipe may not have besides the command words, because `help` knows them. */
export const reservedNames: readonly string[] = topicNames;

export interface RecipeFault {
  /** The path below the recipe. */
  readonly at: Path;
  readonly text: string;
}

/**
 * Characters that can turn an argument into a second command or an expression where a script passes it on
 * carelessly. People approve recipes by habit, so their arguments may never contain them.
 */
const unsafe = `${doubleQuotes}${singleQuotes}\`$;|&(){}<>\n\r`;

/** The recipe and everything wrong with it. */
export function readRecipe(
  name: string,
  entry: RecipeEntry,
): { readonly recipe: Recipe; readonly problems: readonly RecipeFault[] } {
  const problems: RecipeFault[] = [];
  const args = Object.entries(entry.args ?? {}).map(([argument, { chars, max }]): RecipeArgument => ({
    name: argument,
    chars,
    max,
  }));
  const samples: Record<string, string> = {};
  for (const argument of args) {
    const ranges = readChars(argument.chars);
    const at = ['args', argument.name, 'chars'];
    if (ranges === undefined)
      problems.push({
        at,
        text: `"${argument.chars}" cannot be read: list single characters and ranges such as A-Za-z0-9._-, with "-" itself first or last`,
      });
    else
      problems.push(
        ...[...unsafeIn(ranges), ...unquotedIn(argument.name, ranges, entry.commands)].map((text) => ({
          at,
          text,
        })),
      );
    samples[argument.name] = sampleOf(ranges ?? []);
  }
  const commands = entry.commands.map(commandOf);
  const used = new Set<string>();
  for (const [index, command] of commands.entries()) {
    for (const [, place = ''] of commandLine(command).matchAll(placePattern)) {
      used.add(place);
      if (!args.some((argument) => argument.name === place))
        problems.push({
          at: ['commands', index],
          text: `{${place}} has no argument; add "${place}" under args`,
        });
    }
  }
  for (const argument of args)
    if (!used.has(argument.name))
      problems.push({ at: ['args', argument.name], text: `no command uses {${argument.name}}` });

  const found = problemWith(commands.map((command) => fillCommand(command, samples)));
  if (found !== undefined)
    problems.push({
      at: 'index' in found ? ['commands', found.index] : ['commands'],
      text: explainCommand(found),
    });

  const usage = entry.usage ?? [name, '<host>', ...args.map((argument) => `<${argument.name}>`)].join(' ');
  const expected = [name, '<host>', ...args.map((argument) => `<${argument.name}>`)].join(' ');
  if (usage !== expected)
    problems.push({ at: ['usage'], text: `must be "${expected}", in the order of args` });

  const recipe: Recipe = {
    name,
    usage,
    args,
    commands,
    ...(entry.systems === undefined
      ? {}
      : { systems: systems.filter((one) => [entry.systems].flat().includes(one)) }),
    tier: entry.tier,
    ...(entry.description === undefined ? {} : { description: entry.description }),
    ...(entry.example === undefined ? {} : { example: entry.example }),
  };
  if (entry.example !== undefined && problems.length === 0 && !isCommandWord(name))
    problems.push(...exampleFaults(recipe, entry.example));
  return { recipe, problems };
}

function exampleFaults(recipe: Recipe, example: string): readonly RecipeFault[] {
  const parsed = parse(example, new Map([[recipe.name, recipe]]));
  if ('problem' in parsed)
    return [{ at: ['example'], text: `does not parse: ${explainGrammar(parsed).text}` }];
  return parsed.verb === 'ask' && parsed.kind === 'recipe'
    ? []
    : [{ at: ['example'], text: `must be a line that uses ${recipe.name}` }];
}

function commandOf(entry: RecipeEntry['commands'][number]): Command {
  if (entry.RunScript !== undefined)
    return {
      type: 'RunScript',
      scriptName: entry.RunScript,
      ...(entry.Args === undefined ? {} : { args: entry.Args }),
    };
  if (entry.GetFile !== undefined) return { type: 'GetFile', path: entry.GetFile };
  return { type: 'PutFile', fileName: entry.PutFile ?? '' };
}

function unsafeIn(ranges: readonly CharRange[]): readonly string[] {
  const found = Array.from(unsafe).filter(
    (character) => holds(ranges, character) && hiddenCharacter(character) === undefined,
  );
  const hidden = ranges.some(([from, to]) => from < 0x20 || to > 0xffff || holdsHidden(from, to));
  return [
    ...(found.length > 0
      ? [`may not hold ${found.join(' ')}: such characters could turn an argument into a command`]
      : []),
    ...(hidden ? ['may hold no invisible characters and none above U+FFFF'] : []),
  ];
}

function holdsHidden(from: number, to: number): boolean {
  for (let point = from; point <= to; point += 1)
    if (hiddenCharacter(String.fromCodePoint(point)) !== undefined) return true;
  return false;
}

/** A blank ends a word outside quotes, and what follows it would be the next parameter. */
function unquotedIn(
  name: string,
  ranges: readonly CharRange[],
  commands: RecipeEntry['commands'],
): readonly string[] {
  if (!holds(ranges, ' ')) return [];
  return commands.flatMap(({ Args = '' }, index) =>
    placesIn(Args).some((place) => place.name === name && !place.quoted)
      ? [
          `allow a blank, and {${name}} stands without quotes in the Args of command ${index}: what follows a blank there would be another parameter. Write "{${name}}" with double quotes in Args, or take the blank out of chars`,
        ]
      : [],
  );
}

/** A sample character for any value when the commands are checked: a letter or digit where possible. */
function sampleOf(ranges: readonly CharRange[]): string {
  return (
    Array.from('a0A').find((character) => holds(ranges, character)) ??
    String.fromCodePoint(ranges[0]?.[0] ?? 0x61)
  );
}
