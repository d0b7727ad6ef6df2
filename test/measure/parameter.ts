// How far one parameter travels: every function it is handed to, and every name it goes by on the way.
import { join } from 'node:path';
import typescript from 'typescript';

export interface Travel {
  readonly functions: number;
  readonly files: number;
  readonly names: readonly string[];
}

type Checker = typescript.TypeChecker;

function programOf(root: string): typescript.Program {
  const config = typescript.getParsedCommandLineOfConfigFile(
    join(root, 'tsconfig.json'),
    {},
    {
      ...typescript.sys,
      onUnRecoverableConfigFileDiagnostic: (diagnostic) => {
        throw new Error(typescript.flattenDiagnosticMessageText(diagnostic.messageText, ' '));
      },
    },
  );
  if (config === undefined) throw new Error(`${root} has no tsconfig.json`);
  const sources = config.fileNames.filter((file) => !file.startsWith(join(root, 'test')));
  return typescript.createProgram(sources, config.options);
}

/** The declaration that a symbol really has: imports are followed. */
function declared(checker: Checker, symbol: typescript.Symbol): typescript.Symbol {
  return (symbol.flags & typescript.SymbolFlags.Alias) === 0 ? symbol : checker.getAliasedSymbol(symbol);
}

/** Where a value goes from one mention of it: the parameter it becomes, or the variable it is kept in. */
function nextOf(checker: Checker, mention: typescript.Node): readonly typescript.BindingName[] {
  // The value itself, a part of it, or a literal made with it.
  let node = mention;
  while (
    (typescript.isPropertyAccessExpression(node.parent) && node.parent.expression === node) ||
    typescript.isSpreadAssignment(node.parent) ||
    typescript.isSpreadElement(node.parent) ||
    typescript.isShorthandPropertyAssignment(node.parent) ||
    typescript.isPropertyAssignment(node.parent) ||
    typescript.isObjectLiteralExpression(node.parent) ||
    typescript.isNonNullExpression(node.parent) ||
    typescript.isAwaitExpression(node.parent)
  )
    node = node.parent;
  const { parent } = node;
  if (typescript.isVariableDeclaration(parent) && parent.initializer === node) return [parent.name];
  if (!typescript.isCallExpression(parent) && !typescript.isNewExpression(parent)) return [];
  const at = parent.arguments?.indexOf(node as typescript.Expression) ?? -1;
  const declaration = checker.getResolvedSignature(parent)?.declaration;
  if (at < 0 || declaration === undefined || !('parameters' in declaration)) return [];
  const parameter = declaration.parameters[Math.min(at, declaration.parameters.length - 1)];
  return parameter !== undefined && typescript.isParameter(parameter) ? [parameter.name] : [];
}

function identifiersOf(name: typescript.BindingName): readonly typescript.Identifier[] {
  if (typescript.isIdentifier(name)) return [name];
  return name.elements.flatMap((one) => (typescript.isBindingElement(one) ? identifiersOf(one.name) : []));
}

function mentionsIn(
  checker: Checker,
  scope: typescript.Node,
  symbol: typescript.Symbol,
): readonly typescript.Node[] {
  const found: typescript.Node[] = [];
  const visit = (node: typescript.Node): void => {
    if (typescript.isIdentifier(node)) {
      const own = typescript.isShorthandPropertyAssignment(node.parent)
        ? checker.getShorthandAssignmentValueSymbol(node.parent)
        : checker.getSymbolAtLocation(node);
      if (own !== undefined && declared(checker, own) === symbol) found.push(node);
    }
    node.forEachChild(visit);
  };
  visit(scope);
  return found;
}

function parameterNamed(
  source: typescript.SourceFile,
  fn: string,
  name: string,
): typescript.BindingName | undefined {
  let found: typescript.BindingName | undefined;
  const visit = (node: typescript.Node): void => {
    if (typescript.isFunctionLike(node) && node.name?.getText(source) === fn)
      found ??= node.parameters.find(
        (one) => typescript.isParameter(one) && one.name.getText(source) === name,
      )?.name;
    node.forEachChild(visit);
  };
  visit(source);
  return found;
}

/** @param start `file:function:parameter`, the file from the root */
export function travelOf(root: string, start: string): Travel {
  const [file = '', fn = '', name = ''] = start.split(':');
  const program = programOf(root);
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(join(root, file));
  const first = source === undefined ? undefined : parameterNamed(source, fn, name);
  if (first === undefined) throw new Error(`there is no ${start} in ${root}`);
  const waiting = [...identifiersOf(first)];
  const seen = new Set<typescript.Symbol>();
  const names = new Set<string>();
  const functions = new Set<typescript.Node>();
  for (let one = waiting.pop(); one !== undefined; one = waiting.pop()) {
    const symbol = checker.getSymbolAtLocation(one);
    if (symbol === undefined || seen.has(symbol)) continue;
    seen.add(symbol);
    names.add(one.text);
    const scope = typescript.findAncestor(one, typescript.isFunctionLike);
    if (
      scope === undefined ||
      !scope.getSourceFile().fileName.startsWith(root) ||
      scope.getSourceFile().isDeclarationFile
    )
      continue;
    functions.add(scope);
    for (const mention of mentionsIn(checker, scope, symbol))
      if (mention !== one) waiting.push(...nextOf(checker, mention).flatMap(identifiersOf));
  }
  return {
    functions: functions.size,
    files: new Set([...functions].map((node) => node.getSourceFile().fileName)).size,
    names: [...names].toSorted(),
  };
}
