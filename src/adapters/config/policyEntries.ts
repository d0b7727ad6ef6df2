// The sections of a policy file before anything in them is checked: its lists and maps, single entries read
// by their schema, and every problem noted with its line.
import type { z } from 'zod';
import { nearest } from '../../bot/commands/nearest.ts';
import { isRecord } from '../../liveResponse/text/json.ts';
import { nameSchema } from './policySchema.ts';
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
