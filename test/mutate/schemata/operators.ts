// The mutation operators: which small wrong changes can be made at one node of a JavaScript syntax tree.
import ts from 'typescript';

export type Kind =
  | 'comparison'
  | 'logical'
  | 'arithmetic'
  | 'not'
  | 'boolean'
  | 'condition'
  | 'string'
  | 'statement'
  | 'body'
  | 'method';

/** How the change gets into the text: another expression, no statement, an empty body, another method. */
export type Form = 'expression' | 'statement' | 'body' | 'method';

export interface Change {
  readonly kind: Kind;
  readonly form: Form;
  /** The expression or method name that replaces the original; empty where something is left out. */
  readonly replacement: string;
}

const operators: Readonly<Record<string, readonly [Kind, readonly string[]]>> = {
  '<': ['comparison', ['<=', '>=']],
  '<=': ['comparison', ['<', '>']],
  '>': ['comparison', ['>=', '<=']],
  '>=': ['comparison', ['>', '<']],
  '===': ['comparison', ['!==']],
  '!==': ['comparison', ['===']],
  '&&': ['logical', ['||']],
  '||': ['logical', ['&&']],
  '??': ['logical', ['&&']],
  '+': ['arithmetic', ['-']],
  '-': ['arithmetic', ['+']],
  '*': ['arithmetic', ['/']],
  '/': ['arithmetic', ['*']],
  '%': ['arithmetic', ['*']],
  '<<': ['arithmetic', ['>>']],
  '>>': ['arithmetic', ['<<']],
  '>>>': ['arithmetic', ['<<']],
  '&': ['arithmetic', ['|']],
  '|': ['arithmetic', ['&']],
  '+=': ['arithmetic', ['-=']],
  '-=': ['arithmetic', ['+=']],
};

const methods: Readonly<Record<string, string>> = {
  some: 'every',
  every: 'some',
  min: 'max',
  max: 'min',
  startsWith: 'endsWith',
  endsWith: 'startsWith',
  flatMap: 'map',
};

function isText(node: ts.Expression): boolean {
  if (ts.isParenthesizedExpression(node)) return isText(node.expression);
  if (ts.isBinaryExpression(node)) {
    return node.operatorToken.kind === ts.SyntaxKind.PlusToken && (isText(node.left) || isText(node.right));
  }
  return ts.isStringLiteralLike(node) || ts.isTemplateExpression(node);
}

function ofBinary(node: ts.BinaryExpression): readonly Change[] {
  const operator = node.operatorToken.getText();
  const [kind, others] = operators[operator] ?? [];
  if (kind === undefined || others === undefined) return [];
  // Joined text has no difference, and NaN in its place would be caught by anything.
  if (operator.startsWith('+') && (isText(node.left) || isText(node.right))) return [];
  const left = node.left.getText();
  const right = node.right.getText();
  return others.map((other) => ({
    kind,
    form: 'expression',
    // ?? next to && or || without parentheses is no JavaScript; the left side of an assignment may have none.
    replacement:
      other.endsWith('=') && operator.endsWith('=') && kind === 'arithmetic'
        ? `${left} ${other} (${right})`
        : `(${left}) ${other} (${right})`,
  }));
}

/** What a condition may be forced to. A loop that is forced to go on says nothing but that it hangs. */
function forced(node: ts.Node): readonly string[] {
  const { parent } = node;
  if (node.kind === ts.SyntaxKind.TrueKeyword || node.kind === ts.SyntaxKind.FalseKeyword) return [];
  if (ts.isIfStatement(parent) && parent.expression === node) return ['true', 'false'];
  if (ts.isConditionalExpression(parent) && parent.condition === node) return ['true', 'false'];
  if ((ts.isWhileStatement(parent) || ts.isDoStatement(parent)) && parent.expression === node)
    return ['false'];
  return ts.isForStatement(parent) && parent.condition === node ? ['false'] : [];
}

function isWholeText(node: ts.Node): boolean {
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) {
    if (node.text === '') return false;
  } else if (!ts.isTemplateExpression(node)) {
    return false;
  }
  const { parent } = node;
  const isName = (ts.isPropertyAssignment(parent) || ts.isMethodDeclaration(parent)) && parent.name === node;
  const isModule = ts.isImportDeclaration(parent) || ts.isExportDeclaration(parent);
  const isDirective = ts.isExpressionStatement(parent);
  const isImport = ts.isCallExpression(parent) && parent.expression.kind === ts.SyntaxKind.ImportKeyword;
  const isOther = isName || isModule || isDirective || isImport || ts.isTaggedTemplateExpression(parent);
  return !isOther && !isThrownText(node) && !isRowOfTable(node);
}

/** A test that repeats every cell of a long table proves nothing: its texts are data. */
const longestTable = 15;

function isRowOfTable(node: ts.Node): boolean {
  const { parent } = node;
  if (ts.isPropertyAssignment(parent) && parent.parent.properties.length > longestTable) return true;
  const list =
    ts.isArrayLiteralExpression(parent) && ts.isArrayLiteralExpression(parent.parent)
      ? parent.parent
      : parent;
  return ts.isArrayLiteralExpression(list) && list.elements.length > longestTable;
}

/** What `throw new X('...')` says is for a developer; that it is thrown is what tests hold. */
function isThrownText(node: ts.Node): boolean {
  return ts.isNewExpression(node.parent) && ts.isThrowStatement(node.parent.parent);
}

function ofStatement(node: ts.Node): readonly Change[] {
  const isDropped =
    ts.isThrowStatement(node) ||
    (ts.isExpressionStatement(node) && !ts.isStringLiteral(node.expression) && !isSuperCall(node.expression));
  return isDropped ? [{ kind: 'statement', form: 'statement', replacement: '' }] : [];
}

function isSuperCall(node: ts.Node): boolean {
  return ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.SuperKeyword;
}

function ofBody(node: ts.Node): readonly Change[] {
  const { parent } = node;
  if (ts.isBlock(node)) {
    if (!ts.isFunctionLike(parent) || ts.isConstructorDeclaration(parent) || node.statements.length === 0)
      return [];
    // A body of one statement that is left out is that statement left out.
    const [first] = node.statements;
    if (node.statements.length === 1 && first !== undefined && ofStatement(first).length > 0) return [];
    return [{ kind: 'body', form: 'body', replacement: '' }];
  }
  const isResult = ts.isArrowFunction(parent) && parent.body === node && node.getText() !== 'undefined';
  return isResult ? [{ kind: 'body', form: 'expression', replacement: 'undefined' }] : [];
}

function ofMethod(node: ts.Node): readonly Change[] {
  if (!ts.isPropertyAccessExpression(node)) return [];
  if (!ts.isCallExpression(node.parent) || node.parent.expression !== node) return [];
  const other = Object.hasOwn(methods, node.name.text) ? methods[node.name.text] : undefined;
  return other === undefined ? [] : [{ kind: 'method', form: 'method', replacement: other }];
}

function ofExpression(node: ts.Node): readonly Change[] {
  if (ts.isBinaryExpression(node)) return ofBinary(node);
  if (node.kind === ts.SyntaxKind.TrueKeyword)
    return [{ kind: 'boolean', form: 'expression', replacement: 'false' }];
  if (node.kind === ts.SyntaxKind.FalseKeyword)
    return [{ kind: 'boolean', form: 'expression', replacement: 'true' }];
  if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.ExclamationToken) {
    return [{ kind: 'not', form: 'expression', replacement: node.operand.getText() }];
  }
  return isWholeText(node) ? [{ kind: 'string', form: 'expression', replacement: "''" }] : [];
}

/** Every change at this very node, not below it. */
export function changesAt(node: ts.Node): readonly Change[] {
  return [
    ...ofExpression(node),
    ...forced(node).map((replacement): Change => ({ kind: 'condition', form: 'expression', replacement })),
    ...ofStatement(node),
    ...ofBody(node),
    ...ofMethod(node),
  ];
}
