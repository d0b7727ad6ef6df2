// Lint rules on the size of single functions. ESLint's own `max-lines-per-function` counts nested functions
// with the function around them, so that a factory of short functions and one long procedure look alike.

const functions = ['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression'];

/** How a function is named in a message. */
function nameOf(node) {
  if (node.id) return `"${node.id.name}"`;
  const { parent } = node;
  const name = parent?.type === 'VariableDeclarator' ? parent.id : parent?.key;
  if (name?.type === 'Identifier') return `"${name.name}"`;
  if (name?.type === 'PrivateIdentifier') return `"#${name.name}"`;
  return 'This function';
}

/** Calls `left` with each function of a file and the functions directly inside it, innermost first. */
function whenLeft(left) {
  const open = [];
  const listeners = {};
  for (const type of functions) {
    listeners[type] = (node) => open.push({ node, nested: [] });
    listeners[`${type}:exit`] = () => {
      const { node, nested } = open.pop();
      open.at(-1)?.nested.push(node);
      left(node, nested);
    };
  }
  return listeners;
}

const limit = (what) => ({
  type: 'suggestion',
  schema: [
    { type: 'object', properties: { max: { type: 'integer', minimum: 0 } }, additionalProperties: false },
  ],
  messages: { over: what },
});

/**
 * Lines of code that belong to a function itself: without blank lines, comments and the lines of functions
 * nested in it. A nested function on a single line shares that line, which stays counted.
 */
const ownFunctionLines = {
  meta: limit('{{name}} has {{count}} lines of its own, at most {{max}} are allowed.'),
  create(context) {
    const max = context.options[0]?.max ?? 60;
    const tokens = context.sourceCode;
    return whenLeft((node, nested) => {
      const lines = new Set();
      for (const token of tokens.getTokens(node)) {
        for (let line = token.loc.start.line; line <= token.loc.end.line; line += 1) lines.add(line);
      }
      for (const { loc } of nested) {
        if (loc.start.line === loc.end.line) continue;
        for (let line = loc.start.line; line <= loc.end.line; line += 1) lines.delete(line);
      }
      if (lines.size <= max) return;
      context.report({ node, messageId: 'over', data: { name: nameOf(node), count: lines.size, max } });
    });
  },
};

/**
 * Functions that a function keeps by name: declared in it, or put into one of its variables or objects.
 * Many of them share its variables, as the methods of a class share its fields, without saying so. A callback
 * (such as a test in its `describe`) and a row of a table are not counted.
 */
const nestedFunctions = {
  meta: limit('{{name}} keeps {{count}} functions, at most {{max}} are allowed: make it a class.'),
  create(context) {
    const max = context.options[0]?.max ?? 12;
    const isKept = ({ type, parent }) =>
      type === 'FunctionDeclaration' ||
      ['VariableDeclarator', 'AssignmentExpression', 'Property'].includes(parent.type);
    return whenLeft((node, nested) => {
      const count = nested.filter(isKept).length;
      if (count <= max) return;
      context.report({ node, messageId: 'over', data: { name: nameOf(node), count, max } });
    });
  },
};

export const functionForm = {
  meta: { name: 'function-form' },
  rules: { 'own-function-lines': ownFunctionLines, 'nested-functions': nestedFunctions },
};
