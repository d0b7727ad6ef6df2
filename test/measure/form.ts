// The form of a tree in figures: files, lines, and how long files and functions are.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import typescript from 'typescript';

export interface FormFigures {
  readonly files: number;
  /** Lines as an editor counts them. */
  readonly lines: number;
  readonly linesOver110: number;
  /** Lines per file. */
  readonly medianFile: number;
  readonly longestFile: string;
  readonly functions: number;
  /** Lines per function, without blank lines, whole-line comments and functions nested in it. */
  readonly medianFunction: number;
  readonly longestFunction: string;
}

/** Source files below some folders of a checkout, as paths from its root. */
export function sourceFiles(root: string, folders: readonly string[]): readonly string[] {
  return folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
      .map((name) => join(folder, name)),
  );
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

interface Measured {
  readonly name: string;
  readonly lines: number;
}

const longest = (all: readonly Measured[]): string => {
  const one = all.reduce((most, next) => (next.lines > most.lines ? next : most), { name: 'none', lines: 0 });
  return `${one.lines} (${one.name})`;
};

/** Own lines of every function of a file. */
export function functionsIn(file: string, text: string): readonly Measured[] {
  const source = typescript.createSourceFile(file, text, typescript.ScriptTarget.Latest, true);
  const counts = text.split('\n').map((line) => !/^\s*(?:$|\/\/|\/?\*)/.test(line));
  const lineOf = (position: number): number => source.getLineAndCharacterOfPosition(position).line;
  const found: Measured[] = [];
  /** Lines that belong to a node's outermost nested functions. */
  const visit = (node: typescript.Node): ReadonlySet<number> => {
    const nested = new Set<number>();
    node.forEachChild((child) => {
      for (const line of visit(child)) nested.add(line);
    });
    if (!typescript.isFunctionLike(node) || !('body' in node) || node.body === undefined) return nested;
    const first = lineOf(node.getStart(source));
    const last = lineOf(node.getEnd());
    const own = counts.slice(first, last + 1).filter((count, at) => count && !nested.has(first + at));
    const name = node.name?.getText(source) ?? 'anonymous';
    found.push({ name: `${name} in ${file}`, lines: own.length });
    // The first and the last line are shared with what it is nested in.
    for (let line = first + 1; line < last; line += 1) nested.add(line);
    return nested;
  };
  visit(source);
  return found;
}

export function formOf(root: string, folders: readonly string[]): FormFigures {
  const files = sourceFiles(root, folders).map((file) => {
    const text = readFileSync(join(root, file), 'utf8');
    return { file, text, lines: text.trimEnd().split('\n') };
  });
  const functions = files.flatMap(({ file, text }) => functionsIn(file, text));
  return {
    files: files.length,
    lines: files.reduce((sum, { lines }) => sum + lines.length, 0),
    linesOver110: files.flatMap(({ lines }) => lines.filter((line) => line.length > 110)).length,
    medianFile: median(files.map(({ lines }) => lines.length)),
    longestFile: longest(files.map(({ file, lines }) => ({ name: file, lines: lines.length }))),
    functions: functions.length,
    medianFunction: median(functions.map(({ lines }) => lines)),
    longestFunction: longest(functions),
  };
}
