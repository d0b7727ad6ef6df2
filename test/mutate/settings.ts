// The settings of the mutation run: which files are mutated in which part, and by which tests.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';

export interface Part {
  readonly name: string;
  /** Globs of sources, from the root. `!` in front takes files out again. */
  readonly files: readonly string[];
  /** Globs of the test files that may catch a mutant. */
  readonly tests: readonly string[];
  /** Words in the names of tests that take too long to be run for each mutant. */
  readonly tooSlow: readonly string[];
  /** Per cent of the mutants that must be caught. */
  readonly floor: number;
  /** Minutes for mutants drawn at random. Without it all are tried. */
  readonly minutes?: number;
}

/** A mutant that no test can catch, because it behaves as the original does. */
export interface EqualMutant {
  readonly file: string;
  readonly kind: string;
  readonly original: string;
  /** The text in its place; needed where one original has several mutants of the kind. */
  readonly mutant?: string;
  /** Name of the function, class or constant around it; needed where the file has the text more than once. */
  readonly within?: string;
  /** How many mutants it describes: 1 without it. */
  readonly times?: number;
  readonly reason: string;
}

const partsFile = join('test', 'mutate', 'parts.json');
const equalFile = join('test', 'mutate', 'equal.json');

type Fields = Readonly<Record<string, unknown>>;

function listIn(path: string): readonly Fields[] {
  const list: unknown = JSON.parse(readFileSync(path, 'utf8'));
  if (!Array.isArray(list)) throw new Error(`${path} is not a list`);
  return list.map((entry: unknown, index) => {
    if (typeof entry !== 'object' || entry === null)
      throw new Error(`${path}, entry ${index} is not an object`);
    return entry as Fields;
  });
}

function text(fields: Fields, key: string): string {
  const value = fields[key];
  if (typeof value !== 'string' || value === '')
    throw new Error(`"${key}" must be text in ${JSON.stringify(fields)}`);
  return value;
}

function number(fields: Fields, key: string): number {
  const value = fields[key];
  if (typeof value !== 'number') throw new Error(`"${key}" must be a number in ${JSON.stringify(fields)}`);
  return value;
}

function texts(fields: Fields, key: string): readonly string[] {
  const value = fields[key];
  const isList = Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === 'string');
  if (!isList) throw new Error(`"${key}" must be a list of texts in ${JSON.stringify(fields)}`);
  return value;
}

function known(fields: Fields, keys: readonly string[]): void {
  const unknown = Object.keys(fields).filter((key) => !keys.includes(key));
  if (unknown.length > 0)
    throw new Error(`unknown fields ${unknown.join(', ')} in ${JSON.stringify(fields)}`);
}

export function readParts(root: string): readonly Part[] {
  return listIn(join(root, partsFile)).map((fields) => {
    known(fields, ['name', 'files', 'tests', 'tooSlow', 'floor', 'minutes']);
    return {
      name: text(fields, 'name'),
      files: texts(fields, 'files'),
      tests: texts(fields, 'tests'),
      tooSlow: fields['tooSlow'] === undefined ? [] : texts(fields, 'tooSlow'),
      floor: number(fields, 'floor'),
      ...(fields['minutes'] === undefined ? {} : { minutes: number(fields, 'minutes') }),
    };
  });
}

export function readEqualMutants(root: string): readonly EqualMutant[] {
  const path = join(root, equalFile);
  if (!existsSync(path)) return [];
  return listIn(path).map((fields) => {
    known(fields, ['file', 'kind', 'original', 'mutant', 'within', 'times', 'reason']);
    return {
      file: text(fields, 'file'),
      kind: text(fields, 'kind'),
      original: text(fields, 'original'),
      ...(fields['mutant'] === undefined ? {} : { mutant: text(fields, 'mutant') }),
      ...(fields['within'] === undefined ? {} : { within: text(fields, 'within') }),
      ...(fields['times'] === undefined ? {} : { times: number(fields, 'times') }),
      reason: text(fields, 'reason'),
    };
  });
}

function patternOf(glob: string): RegExp {
  const source = glob.replace(/\*\*\/|\*|[.+^${}()|[\]\\?]/g, (found) => {
    if (found === '**/') return '(?:.*/)?';
    return found === '*' ? '[^/]*' : `\\${found}`;
  });
  return new RegExp(`^${source}$`);
}

export function matches(file: string, globs: readonly string[]): boolean {
  const taken = globs.filter((glob) => !glob.startsWith('!'));
  const leftOut = globs.filter((glob) => glob.startsWith('!')).map((glob) => glob.slice(1));
  return (
    taken.some((glob) => patternOf(glob).test(file)) && !leftOut.some((glob) => patternOf(glob).test(file))
  );
}

/** Sources that the globs name, from the root, sorted. Only `src`, `cards` and `test` are read. */
export function filesOf(root: string, globs: readonly string[]): readonly string[] {
  return ['src', 'cards', 'test']
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map(
        (name) => `${folder}/${name.replaceAll(sep, '/')}`,
      ),
    )
    .filter((file) => file.endsWith('.ts') && matches(file, globs))
    .toSorted();
}

/** Where the built module of a source file is. */
export function builtFile(root: string, file: string): string {
  return join(root, 'dist', file.replace(/\.ts$/, '.js'));
}
