// The guards that `npm run check-guards` takes out one by one: what each stops, the text that is it, and the
// tests that fail without it. The lists are the JSON files of this folder, one for each part of the product.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import typescript from 'typescript';
import { root } from '../support/root.ts';

export interface Guard {
  /** Name of its list, without `.json`. */
  readonly part: string;
  /** One sentence: what it stops. */
  readonly guard: string;
  /** The source file it stands in, from the package root. */
  readonly file: string;
  /** Text of that file, there exactly once. */
  readonly find: string;
  readonly replace: string;
  readonly tests: readonly string[];
  /** Only the tests whose full name this regular expression matches. */
  readonly testName?: string;
}

const folder = join(root, 'test', 'guards', 'entries');
const fields = ['guard', 'file', 'find', 'replace', 'tests', 'testName'];

/**
 * Every list, in the order of their names. A list that cannot be read, or an entry of another form, is an
 * error.
 */
export function readGuards(): readonly Guard[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .toSorted()
    .flatMap((name) => {
      const list: unknown = JSON.parse(readFileSync(join(folder, name), 'utf8'));
      if (!Array.isArray(list)) throw new Error(`test/guards/entries/${name} is not a list`);
      return list.map((entry: unknown, index) =>
        readGuard(name.slice(0, -'.json'.length), entry, `test/guards/entries/${name}, entry ${index}`),
      );
    });
}

function readGuard(part: string, entry: unknown, where: string): Guard {
  if (typeof entry !== 'object' || entry === null) throw new Error(`${where} is no object`);
  const found = entry as Readonly<Record<string, unknown>>;
  const unknown = Object.keys(found).filter((key) => !fields.includes(key));
  if (unknown.length > 0) throw new Error(`${where} has unknown fields: ${unknown.join(', ')}`);
  const text = (key: string): string => {
    const value = found[key];
    if (typeof value !== 'string') throw new Error(`${where} needs "${key}" as text`);
    return value;
  };
  const tests = found['tests'];
  if (!Array.isArray(tests) || tests.length === 0 || !tests.every((test) => typeof test === 'string'))
    throw new Error(`${where} needs "tests": a list of test files`);
  return {
    part,
    guard: text('guard'),
    file: text('file'),
    find: text('find'),
    replace: text('replace'),
    tests,
    ...(found['testName'] === undefined ? {} : { testName: text('testName') }),
  };
}

/** Tells two versions of an entry apart: the page says which one was tried. */
export function hashOf(guard: Guard): string {
  const { part, guard: sentence, file, find, replace, tests, testName } = guard;
  return createHash('sha256')
    .update(JSON.stringify([part, sentence, file, find, replace, tests, testName ?? null]))
    .digest('hex')
    .slice(0, 8);
}

/** Where the built module of a source file lies, from the package root. */
export function builtFile(file: string): string {
  return join('dist', file.replace(/\.ts$/, '.js'));
}

const { options, errors } = typescript.parseJsonConfigFileContent(
  typescript.readConfigFile(join(root, 'tsconfig.json'), (path) => readFileSync(path, 'utf8')).config,
  typescript.sys,
  root,
);

/** A source text as `npm run build` compiles it, or what is wrong with its syntax. */
export function compile(
  file: string,
  text: string,
): { readonly module: string } | { readonly problem: string } {
  if (errors.length > 0) throw new Error('tsconfig.json cannot be read');
  // One file alone does not tell that the package is of ES modules, so that is said here.
  const compilerOptions = {
    ...options,
    module: typescript.ModuleKind.ES2022,
    moduleResolution: typescript.ModuleResolutionKind.Bundler,
  };
  const { outputText, diagnostics = [] } = typescript.transpileModule(text, {
    compilerOptions,
    fileName: join(root, file),
    reportDiagnostics: true,
  });
  const [first] = diagnostics;
  if (first !== undefined)
    return { problem: typescript.flattenDiagnosticMessageText(first.messageText, ' ') };
  return { module: outputText };
}

/** The source file with the guard taken out, compiled; or why the entry cannot be tried. */
export function mutantOf(guard: Guard): { readonly module: string } | { readonly problem: string } {
  const missing = [guard.file, ...guard.tests].find((path) => !existsSync(join(root, path)));
  if (missing !== undefined) return { problem: `${missing} is not there` };
  const text = readFileSync(join(root, guard.file), 'utf8');
  const times = text.split(guard.find).length - 1;
  if (guard.find === '' || times !== 1)
    return { problem: `${guard.file} holds the text to find ${times} times instead of once` };
  const mutated = compile(
    guard.file,
    text.replace(guard.find, () => guard.replace),
  );
  if ('problem' in mutated) return mutated;
  const before = compile(guard.file, text);
  if ('module' in before && before.module === mutated.module)
    return { problem: 'the compiled module is the same with the guard and without it' };
  return mutated;
}
