// How lines are shown: colours where a person looks on, nothing secret, and nothing that could drive a
// terminal.
import { describe, expect, test } from '@jest/globals';
import { fail, ok } from '../../src/adapters/checks/line.ts';
import { showLine } from '../../src/doctor/report.ts';

const plain = { json: false, colours: false, secrets: ['canary-secret"with-quote'] };

describe('a line', () => {
  test('has its verdict in words, and in colour only where asked for', () => {
    expect(showLine(ok('a.b', 'well'), plain)).toBe('ok    a.b                     well\n');
    const red = showLine(fail('a.b', 'broken', 'mend it'), { ...plain, colours: true });
    expect(red).toContain('\u001b[31mFAIL\u001b[0m');
    expect(red).toContain('      -> mend it\n');
  });

  test('as JSON is one object a line, with the next step', () => {
    expect(JSON.parse(showLine(fail('a.b', 'broken', 'mend it'), { ...plain, json: true }))).toEqual({
      verdict: 'FAIL',
      check: 'a.b',
      found: 'broken',
      next: 'mend it',
    });
  });

  test.each([false, true])('holds no secret, known or by its looks (JSON: %s)', (json) => {
    const shown = showLine(
      fail('a.b', 'got canary-secret"with-quote and xoxb-123-abc', 'Bearer eyJhbGciOi.eyJhdWQiOi.sig'),
      { ...plain, json },
    );
    expect(shown).not.toMatch(/canary|xoxb|eyJ/);
  });

  test('of a stranger cannot drive the terminal or break into more lines', () => {
    const shown = showLine(ok('a.b', 'name\u001b[2J\u202eevil\nFAIL  c.d'), plain);
    expect(shown).not.toMatch(/\u001b|\u202e/);
    expect(shown.split('\n')).toHaveLength(2);
  });
});
