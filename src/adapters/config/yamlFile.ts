// A reader of YAML whose problems can name their line: it returns the values, and the line of each path in
// the file.
import { isMap, isNode, isPair, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml';
import type { Document, Node } from 'yaml';
import { hiddenCharacter } from '../../liveResponse/text/visible.ts';

export type Path = readonly (string | number)[];

export interface FileProblem {
  /** 1-based. */
  readonly line: number;
  /** `recipes.dump.commands[0]`, or empty for the whole file. */
  readonly where: string;
  readonly text: string;
}

export interface YamlFile {
  readonly value: unknown;
  readonly problems: readonly FileProblem[];
  lineOf(path: Path): number;
}

export function showPath(path: Path): string {
  return path
    .map((part, index) => (typeof part === 'number' ? `[${part}]` : index === 0 ? part : `.${part}`))
    .join('');
}

/** One line per problem, in the form that editors can jump to: `policy.yaml:12: people[0].slack: ...` */
export function showProblems(file: string, problems: readonly FileProblem[]): string {
  return problems
    .map(({ line, where, text }) => `${file}:${line}: ${where === '' ? '' : `${where}: `}${text}`)
    .join('\n');
}

export function readYaml(text: string): YamlFile {
  const lines = new LineCounter();
  // Its own warnings would go to stderr as they are, among the lines of the log.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: 'error' });
  const lineAt = (offset: number): number => lines.linePos(offset).line;
  const problems = [...document.errors, ...document.warnings].map((error): FileProblem => ({
    line: lineAt(error.pos[0]),
    where: '',
    text: `this is not YAML: ${error.message}`,
  }));
  problems.push(...hiddenIn(document, lineAt));
  return {
    value: problems.length > 0 ? undefined : valueOf(document, problems),
    problems,
    lineOf: (path) => lineAt(offsetOf(document, path)),
  };
}

function valueOf(document: Document, problems: FileProblem[]): unknown {
  try {
    // A few aliases are convenient; more can make a small file expand without limit.
    return document.toJS({ maxAliasCount: 20 });
  } catch (error) {
    problems.push({
      line: 1,
      where: '',
      text: `this YAML cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    });
    return undefined;
  }
}

/** Hidden characters are refused everywhere: a role or a path that looks like another one is a trap. */
function hiddenIn(document: Document, lineAt: (offset: number) => number): readonly FileProblem[] {
  const found: FileProblem[] = [];
  visit(document, {
    Scalar(_key, node) {
      const text = typeof node.value === 'string' ? node.value : '';
      const hidden = hiddenCharacter(text);
      if (hidden !== undefined)
        found.push({
          line: lineAt(node.range?.[0] ?? 0),
          where: '',
          text: `this text holds the hidden character ${hidden}; type it again (texts are one line each)`,
        });
    },
  });
  return found;
}

/** The start of the deepest existing part of a path. */
function offsetOf(document: Document, path: Path): number {
  let node: unknown = document.contents;
  let offset = startOf(node);
  for (const part of path) {
    if (isMap(node)) {
      const pair: unknown = node.items.find(
        (one) => isScalar(one.key) && String(one.key.value) === String(part),
      );
      if (!isPair(pair)) return offset;
      offset = startOf(pair.key);
      node = pair.value;
    } else if (isSeq(node)) {
      const item: unknown = node.items[Number(part)];
      if (!isNode(item)) return offset;
      offset = startOf(item);
      node = item;
    } else {
      return offset;
    }
  }
  return offset;
}

function startOf(node: unknown): number {
  return isNode(node) ? ((node satisfies Node).range?.[0] ?? 0) : 0;
}
