// Properties of the command language over hostile and random text.
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { commandWords, forms } from '../../../src/bot/commands/forms.ts';
import { parse } from '../../../src/bot/commands/grammar.ts';
import { explainGrammar } from '../../../src/bot/commands/grammarProblem.ts';
import { normaliseId, idFrom } from '../../../src/bot/commands/requestId.ts';
import { readLine } from '../../../src/bot/commands/text.ts';
import { hiddenCharacter } from '../../../src/liveResponse/text/visible.ts';
import { isLinear } from '../../support/linearTime.ts';
import { recipes } from '../../support/policy.ts';

const pieces = [
  ...commandWords,
  'dump',
  'hosta',
  'a.ps1',
  'C:\\x',
  '-x',
  '--reason',
  '\u2014reason',
  '\u2013reason',
  '--reason=x',
  ';',
  '"',
  "'",
  '\u201C',
  '\u201D',
  '\u2018',
  '\u2019',
  '\\',
  '\\"',
  '\u2014',
  '\u2013',
  '=',
  ' ',
  '  ',
  '\u00A0',
  '\t',
  '\n',
  '\u202E',
  '\u200B',
  '\uD800',
  'LR-7F3K2Q',
  '1c9e04ab',
  '0',
  '1',
  'é',
  '😀',
  "don't",
  ',',
  ')',
  '(',
];
const soup = fc
  .array(fc.constantFrom(...pieces), { maxLength: 30 })
  .chain((some) => fc.constantFrom(some.join(' '), some.join('')));
/** Lines that parse, with a piece put in, or in the place of a word: most are still near the language. */
const near = fc
  .tuple(
    fc.constantFrom(
      ...commandWords.map((word) => forms[word].example),
      'dump hosta OfficeClickToRun',
      'run hosta a.ps1 -m “x  y” --reason "z"',
    ),
    fc.nat(),
    fc.constantFrom(...pieces),
    fc.boolean(),
  )
  .map(([line, where, piece, replace]) => {
    const words = line.split(' ');
    words.splice(where % (words.length + 1), replace ? 1 : 0, piece);
    return words.join(' ');
  });
const anything = fc.oneof(
  { arbitrary: near, weight: 3 },
  soup,
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.string({ unit: 'grapheme', maxLength: 200 }),
);

test('any text is understood or refused with an explanation, and never throws', () => {
  fc.assert(
    fc.property(anything, (text) => {
      const parsed = parse(text, recipes);
      if (!('problem' in parsed)) return;
      const { text: said, block } = explainGrammar(parsed);
      expect(said.length).toBeGreaterThan(10);
      expect(hiddenCharacter(said)).toBeUndefined();
      expect((block ?? '').split('\n').every((line) => hiddenCharacter(line) === undefined)).toBe(true);
    }),
    { numRuns: 1000 },
  );
});

test('what was accepted is accepted again, means the same and needs no second repair', () => {
  let accepted = 0;
  fc.assert(
    fc.property(anything, (text) => {
      const once = parse(text, recipes);
      if ('problem' in once) return;
      accepted += 1;
      expect(parse(once.line, recipes)).toEqual({ ...once, repaired: [] });
    }),
    { numRuns: 1000 },
  );
  expect(accepted).toBeGreaterThan(100);
});

test('reading a repaired line gives the same words', () => {
  fc.assert(
    fc.property(soup, (text) => {
      const once = readLine(text);
      if ('problem' in once) return;
      expect(readLine(once.text)).toEqual({ ...once, repaired: [] });
    }),
    { numRuns: 1500 },
  );
});

test('script arguments survive byte for byte', () => {
  const visible = fc.string({
    unit: fc.constantFrom(...Array.from('abcXYZ019 \\/.,:=$`|&<>(){}[]!@#%^*~?_+é中😀')),
    minLength: 1,
    maxLength: 60,
  });
  const part = fc.oneof(
    visible,
    visible.map((text) => `"${text}"`),
    visible.map((text) => `-Name "${text}"`),
    fc.constant('-a-b'),
    fc.constant('it’s'),
  );
  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 6 }), fc.boolean(), (parts, withReason) => {
      const args = parts.join(' ').trim();
      if (args === '') return;
      const parsed = parse(`run hosta s.ps1 ${args}${withReason ? ' --reason "why so"' : ''}`, recipes);
      expect(parsed).toMatchObject({ commands: [{ type: 'RunScript', scriptName: 's.ps1', args }] });
    }),
    { numRuns: 600 },
  );
});

test('nothing that is accepted holds a hidden character', () => {
  fc.assert(
    fc.property(anything, (text) => {
      const parsed = parse(text, recipes);
      if (!('problem' in parsed)) expect(hiddenCharacter(JSON.stringify(parsed))).toBeUndefined();
    }),
    { numRuns: 600 },
  );
});

test.each(['"', "'", "' ", '\u2018', ' \u2018', '; ', '--reason ', '\u2014 ', 'a ', '\u00A0', '\\"', '\n'])(
  '100 KB of %j are refused at once, and what is taken is read in time that grows with its length alone',
  (unit) => {
    const text = unit.repeat(100_000 / unit.length);
    expect(parse(`run hosta a.ps1 ${text}`, recipes)).toMatchObject({ problem: 'tooLong' });
    for (const start of ['run hosta a.ps1 ', 'on hosta ', 'dump ', 'deny LR-7F3K2Q ', '']) {
      const textOf = (size: number): string => `${start}${text}`.slice(0, size);
      expect([start, isLinear(textOf, (line) => parse(line, recipes), { most: 4_000 })]).toEqual([
        start,
        true,
      ]);
    }
  },
);

test('every generated id is its own stored form, typed in any way', () => {
  fc.assert(
    fc.property(fc.nat({ max: 0x7fffffff }), (bits) => {
      const id = idFrom(bits.toString(16).padStart(8, '0'));
      expect(normaliseId(id)).toBe(id);
      expect(normaliseId(id.toUpperCase())).toBe(id);
      expect(normaliseId(id.slice(3).toUpperCase())).toBe(id);
    }),
  );
});
