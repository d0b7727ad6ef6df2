// The lint rules on the size of functions, on code planted for them.
import { beforeAll, describe, expect, test } from '@jest/globals';
import { Linter } from 'eslint';
import type { ESLint } from 'eslint';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from '../support/root.ts';

let form: ESLint.Plugin;

beforeAll(async () => {
  const url = pathToFileURL(join(root, 'scripts/lint/functionForm.js')).href;
  ({ functionForm: form } = (await import(url)) as { functionForm: ESLint.Plugin });
});

/** What one rule says about some code. */
function messages(rule: string, max: number, code: string): readonly string[] {
  const found = new Linter().verify(code, {
    plugins: { form },
    rules: { [`form/${rule}`]: ['error', { max }] },
  });
  return found.map(({ message }) => message);
}

describe('own-function-lines', () => {
  const own = (max: number, code: string) => messages('own-function-lines', max, code);

  test('counts a function from its first line to its last', () => {
    const code = 'function long() {\n  one();\n  two();\n}\n';
    expect(own(4, code)).toEqual([]);
    expect(own(3, code)).toEqual(['"long" has 4 lines of its own, at most 3 are allowed.']);
  });

  test('leaves out blank lines and comments, but not a comment at the end of code', () => {
    const code = 'function f() {\n  // why\n\n  /* a\n     block */\n  one(); // said\n}\n';
    expect(own(3, code)).toEqual([]);
    expect(own(2, code)).toHaveLength(1);
  });

  test('leaves out the lines of nested functions and counts those for themselves', () => {
    const inner = '  const inner = () => {\n    one();\n    two();\n    three();\n  };\n';
    const code = `function outer() {\n${inner}  return inner;\n}\n`;
    expect(own(5, code)).toEqual([]);
    expect(own(4, code)).toEqual(['"inner" has 5 lines of its own, at most 4 are allowed.']);
    expect(own(2, code)).toHaveLength(2);
  });

  test('counts a line that a nested function of one line shares', () => {
    const code = 'function f(list) {\n  return list.map((one) => one.id);\n}\n';
    expect(own(3, code)).toEqual([]);
    expect(own(2, code)).toEqual(['"f" has 3 lines of its own, at most 2 are allowed.']);
  });

  test('counts every line of a text that spans several', () => {
    const code = 'function f() {\n  return `\n\n\n\n`;\n}\n';
    expect(own(7, code)).toEqual([]);
    expect(own(6, code)).toHaveLength(1);
  });

  test('looks at methods, private ones too', () => {
    const code = 'class A {\n  #fill() {\n    one();\n    two();\n  }\n}\n';
    expect(own(3, code)).toEqual(['"#fill" has 4 lines of its own, at most 3 are allowed.']);
  });
});

describe('nested-functions', () => {
  const nested = (max: number, code: string) => messages('nested-functions', max, code);

  test('counts declarations, variables and methods of objects that a function keeps', () => {
    const code =
      'function open() {\n  function a() {}\n  const b = () => 1;\n  return { c() {}, d: () => 2 };\n}\n';
    expect(nested(4, code)).toEqual([]);
    expect(nested(3, code)).toEqual(['"open" keeps 4 functions, at most 3 are allowed: make it a class.']);
  });

  test('does not count what is handed to a call', () => {
    const code =
      'describe("x", () => {\n  test("a", () => {});\n  test("b", () => {});\n});\nnew Promise(() => {});\n';
    expect(nested(0, code)).toEqual([]);
  });

  test('does not count rows of a table', () => {
    expect(nested(0, 'function rows() {\n  return [() => 1, ["two", () => 2]];\n}\n')).toEqual([]);
  });

  test('counts only what is directly inside', () => {
    const code =
      'function open() {\n  const a = () => {\n    const b = () => 1;\n    return b;\n  };\n  return a;\n}\n';
    expect(nested(1, code)).toEqual([]);
  });
});
