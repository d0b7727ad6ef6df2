// Real grammars of PowerShell and C# (tree-sitter's, as VS Code uses them) for the scripts of
// manifest/defender: no PowerShell is at hand here. They tell what is not the language, and give a tree in
// which to look for what would fail when it runs.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type * as TreeSitter from '@vscode/tree-sitter-wasm';

type Node = TreeSitter.Node;

export interface Grammar {
  readonly parse: (text: string) => Node;
}

const need = createRequire(import.meta.url);
const folder = dirname(need.resolve('@vscode/tree-sitter-wasm'));
const { Language, Parser } = need('@vscode/tree-sitter-wasm') as typeof TreeSitter;

export async function grammarOf(language: 'powershell' | 'c-sharp'): Promise<Grammar> {
  await Parser.init({ locateFile: (file) => join(folder, file) });
  const parser = new Parser();
  parser.setLanguage(await Language.load(readFileSync(join(folder, `tree-sitter-${language}.wasm`))));
  return {
    parse: (text) => {
      const tree = parser.parse(text);
      if (tree === null) throw new Error('the parser gave no tree');
      return tree.rootNode;
    },
  };
}

/**
 * Every node below one, itself first, in the order of the text; without what lies below those that `into`
 * refuses.
 */
export function below(node: Node, into: (child: Node) => boolean = () => true): readonly Node[] {
  const found: Node[] = [];
  const pending = [node];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    found.push(next);
    for (const child of next.children.toReversed()) if (child !== null && into(child)) pending.push(child);
  }
  return found;
}

const place = (node: Node): string =>
  `line ${node.startPosition.row + 1}: ${node.text.split('\n')[0]?.slice(0, 60) ?? ''}`;

/** What is not the language, with its line. */
export function syntaxFaults(root: Node): string[] {
  return below(root)
    .filter((node) => node.isError || node.isMissing)
    .map(place);
}

/**
 * This version of the grammar does not know "ForEach-Object -Process {", which every PowerShell takes. The
 * parameter's name becomes as many blanks, and nothing else: what follows is read as it stands.
 */
export function readable(script: string): string {
  return script.replace(/(?<=\bForEach-Object )-Process(?= \{)/g, '        ');
}

/**
 * What the grammar lets through and Windows PowerShell does not: it was made for newer ones too, and is
 * lenient in places.
 */
export function powershellFaults(root: Node): string[] {
  const found = syntaxFaults(root);
  for (const node of below(root)) {
    const kinds = node.children.map((child) => child?.type);
    if (
      node.type === 'try_statement' &&
      !kinds.includes('catch_clauses') &&
      !kinds.includes('finally_clause')
    )
      found.push(`try without catch or finally, ${place(node)}`);
    if (
      node.type === 'command_name' &&
      ['function', 'catch', 'finally', 'else', 'elseif', 'class', 'enum', 'using'].includes(
        node.text.toLowerCase(),
      )
    )
      found.push(`a keyword in the place of a command, ${place(node)}`);
    if (
      ['class_statement', 'enum_statement', 'ternary_expression', 'null_coalesce_expression'].includes(
        node.type,
      )
    )
      found.push(`not of PowerShell 4, ${place(node)}`);
    if ((node.type === '&&' || node.type === '||') && !node.isNamed)
      found.push(`not of Windows PowerShell, ${place(node)}`);
    if (
      node.type === 'type_literal' &&
      node.nextSibling?.text === '::' &&
      node.nextSibling.nextSibling?.text.toLowerCase() === 'new'
    )
      found.push(`not of PowerShell 4, ${place(node)}`);
  }
  return found;
}

/** Variables that PowerShell sets by itself. */
const automatic = [
  '_',
  'true',
  'false',
  'null',
  'pid',
  'psversiontable',
  'executioncontext',
  'erroractionpreference',
  'progresspreference',
];
const nameOf = (variable: Node): string => variable.text.replace(/^\$\{?|\}$/g, '').toLowerCase();
const isScope = (node: Node): boolean => node.type === 'function_statement';

/** Nodes below one that lie in no function of their own. */
const inScope = (scope: Node): readonly Node[] => below(scope, (child) => !isScope(child));

/** Where each variable of a scope gets its first value: parameters and foreach included. */
function assigned(scope: Node): Map<string, number> {
  const first = new Map<string, number>();
  const note = (name: string, at: number): void => void first.set(name, Math.min(at, first.get(name) ?? at));
  for (const node of inScope(scope)) {
    if (node.type === 'left_assignment_expression') {
      const name = /^(?:\[[^\]]*\]\s*)*\$(\w+)$/.exec(node.text)?.[1];
      // "+=" reads before it writes.
      const operator = node.parent?.children.find((child) => child?.type === 'assignement_operator')?.text;
      if (name !== undefined) note(name.toLowerCase(), operator === '=' ? node.startIndex : node.endIndex);
    }
    if (node.type === 'script_parameter' || node.type === 'foreach_statement') {
      const variable = node.children.find((child) => child?.type === 'variable');
      if (variable) note(nameOf(variable), variable.startIndex);
    }
  }
  return first;
}

/** Variables that are read where nothing has given them a value before: strict mode ends the script there. */
export function unknownVariables(root: Node): string[] {
  const outer = assigned(root);
  const wrong: string[] = [];
  for (const scope of [root, ...below(root).filter(isScope)]) {
    const own = assigned(scope);
    for (const node of inScope(scope)) {
      if (node.type !== 'variable' || node.text.toLowerCase().startsWith('$env:')) continue;
      const name = nameOf(node);
      const since = own.get(name);
      const known =
        automatic.includes(name) ||
        (since !== undefined && since <= node.startIndex) ||
        (scope !== root && since === undefined && outer.has(name));
      if (!known) wrong.push(place(node));
    }
  }
  return wrong;
}

/** Every command that is called, with the names of the parameters that it is given. */
export function commandsOf(
  root: Node,
): { readonly name: string; readonly parameters: readonly string[]; readonly line: number }[] {
  return (
    below(root)
      // A size such as 3GB is a number to PowerShell, and a command to this grammar.
      .filter((node) => node.type === 'command' && !/^\d+[KMG]B$/.test(node.text))
      .map((node) => ({
        name:
          node.children.find((child) => child?.type === 'command_name')?.text ??
          node.text.split(/\s/)[0] ??
          '',
        parameters: node.children
          .flatMap((child) => (child?.type === 'command_elements' ? child.children : []))
          .flatMap((child) =>
            child?.type === 'command_parameter' ? [child.text.replace(/^-|:$/g, '')] : [],
          ),
        line: node.startPosition.row + 1,
      }))
  );
}

/** The parameters of each function. */
export function parametersOf(root: Node): ReadonlyMap<string, readonly string[]> {
  return new Map(
    below(root)
      .filter(isScope)
      .map((node) => {
        const name = node.children.find((child) => child?.type === 'function_name')?.text ?? '';
        const parameters = inScope(node)
          .filter(({ type }) => type === 'script_parameter')
          .map((one) => one.children.find((child) => child?.type === 'variable')?.text.slice(1) ?? '');
        return [name, parameters] as const;
      }),
  );
}
