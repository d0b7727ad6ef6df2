// Mutant schemata: one text of a module with all its mutants, each chosen by its number at run time.
import { SourceMap } from 'node:module';
import type { SourceMapPayload } from 'node:module';
import ts from 'typescript';
import { changesAt } from './operators.ts';
import type { Change, Kind } from './operators.ts';

/** The name of the global function that says whether the mutant of a number is the active one. */
export const chooser = '__mutant';

export interface Mutant {
  readonly id: number;
  /** The source file, from the root: `src/bot/scope.ts`. */
  readonly file: string;
  /** Line of the source, from 1. */
  readonly line: number;
  readonly kind: Kind;
  /** The nearest function, class or constant with a name, or '' for what is in none. */
  readonly within: string;
  readonly original: string;
  readonly mutant: string;
}

export interface Schemata {
  readonly text: string;
  readonly mutants: readonly Mutant[];
}

export interface Module {
  readonly file: string;
  /** The built JavaScript. */
  readonly text: string;
  /** The source map in JSON; without one, lines are those of the JavaScript. */
  readonly map?: string;
}

function nameOf(node: ts.Node): string | undefined {
  if (ts.isFunctionDeclaration(node) || ts.isClassDeclaration(node)) return node.name?.text;
  const isNamed = ts.isMethodDeclaration(node) || ts.isVariableDeclaration(node) || ts.isAccessor(node);
  return isNamed ? node.name.getText() : undefined;
}

function nearestName(node: ts.Node): string {
  return ts.isSourceFile(node) ? '' : (nameOf(node) ?? nearestName(node.parent));
}

/** One line, for a person to read and for a list to compare. */
function inOneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

function lineReader(tree: ts.SourceFile, map: string | undefined): (position: number) => number {
  const lines = map === undefined ? undefined : new SourceMap(JSON.parse(map) as SourceMapPayload);
  return (position) => {
    const { line, character } = tree.getLineAndCharacterOfPosition(position);
    const found = lines?.findEntry(line, character);
    return found !== undefined && 'originalLine' in found ? found.originalLine + 1 : line + 1;
  };
}

function described(node: ts.Node, change: Change): Pick<Mutant, 'original' | 'mutant'> {
  if (change.form === 'method' && ts.isPropertyAccessExpression(node)) {
    const object = inOneLine(node.expression.getText());
    return { original: `${object}.${node.name.text}`, mutant: `${object}.${change.replacement}` };
  }
  const mutant =
    change.form === 'statement'
      ? '(left out)'
      : change.form === 'body'
        ? '{}'
        : inOneLine(change.replacement);
  return { original: inOneLine(node.getText()), mutant };
}

/** The text of a module with all its mutants, which are numbered from `firstId` on. */
export function schemataOf(module: Module, firstId: number): Schemata {
  const tree = ts.createSourceFile(module.file, module.text, ts.ScriptTarget.ES2023, true, ts.ScriptKind.JS);
  const lineAt = lineReader(tree, module.map);
  const mutants: Mutant[] = [];

  function numbered(node: ts.Node, change: Change): number {
    const id = firstId + mutants.length;
    const position =
      change.form === 'method' && ts.isPropertyAccessExpression(node)
        ? node.name.getStart()
        : node.getStart();
    mutants.push({
      id,
      file: module.file,
      line: lineAt(position),
      kind: change.kind,
      within: nearestName(node),
      ...described(node, change),
    });
    return id;
  }

  function drawn(node: ts.Node): string {
    const changes = changesAt(node).map((change) => ({ ...change, id: numbered(node, change) }));
    let text = '';
    let at = node.getStart();
    const method = changes.find(({ form }) => form === 'method');
    if (method !== undefined && ts.isPropertyAccessExpression(node)) {
      const opened = node.questionDotToken === undefined ? '[' : '?.[';
      text = `${drawn(node.expression)}${opened}${chooser}(${method.id}) ? '${method.replacement}' : '${node.name.text}']`;
      at = node.end;
    }
    if (at < node.end) {
      ts.forEachChild(node, (child) => {
        text += module.text.slice(at, child.getStart()) + drawn(child);
        at = child.end;
      });
      text += module.text.slice(at, node.end);
    }
    for (const { id, form, replacement } of changes) {
      if (form === 'expression') text = `(${chooser}(${id}) ? (${replacement}) : (${text}))`;
      if (form === 'statement') text = `{ if (!${chooser}(${id})) { ${text} } }`;
      if (form === 'body') text = `{ if (${chooser}(${id})) return; ${text.slice(1)}`;
    }
    return text;
  }

  let text = '';
  let at = 0;
  for (const statement of tree.statements) {
    text += module.text.slice(at, statement.getStart()) + drawn(statement);
    at = statement.end;
  }
  return { text: text + module.text.slice(at), mutants };
}
