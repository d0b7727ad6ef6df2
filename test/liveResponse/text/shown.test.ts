// Rows 2.12 and 2.13: what runs is shown in the order in which it runs, and nothing runs that draws nothing
// or over its neighbours.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { clean } from '../../../cards/clip.ts';
import { shownCommand } from '../../../cards/steps.ts';
import type { Command } from '../../../src/liveResponse/commands.ts';
import { maxCommandCharacters, problemWith } from '../../../src/liveResponse/commands.ts';
import {
  drawnOutOfOrder,
  hiddenCharacter,
  inOrder,
  isHidden,
  marksInARow,
  strayMark,
} from '../../../src/liveResponse/text/visible.ts';
import { drawn, drawnOrder } from '../../support/chats/bidi.ts';

const script = (args: string): Command => ({ type: 'RunScript', scriptName: 'collect.ps1', args });
const path = (text: string): Command => ({ type: 'GetFile', path: text });

describe('the order of letters written from right to left (row 2.12)', () => {
  test('the algorithm of these tests draws as the sheet says', () => {
    expect(drawn('-Days א 1 ב 22')).toBe('-Days 22 ב 1 א');
    expect(drawn('C:\\Users\\דנה\\Documents')).toBe('C:\\Users\\הנד\\Documents');
    expect(drawn('C:\\דנה\\חשבון.xlsx')).toBe('C:\\ןובשח\\הנד.xlsx');
    expect(drawn('a (א) b')).toBe('a (א) b');
  });

  test('arguments that would be drawn in another order are spelt out', () => {
    expect(shownCommand(script('-Days א 1 ב 22'))).toBe('RunScript collect.ps1 -Days ‹U+05D0› 1 ‹U+05D1› 22');
    expect(shownCommand(script('-A ٣ ١'))).toBe('RunScript collect.ps1 -A ‹U+0663› ‹U+0661›');
    expect(shownCommand(script('-Days أ 1'))).toBe('RunScript collect.ps1 -Days ‹U+0623› 1');
    expect(shownCommand(path('C:\\דנה\\חש.txt'))).toBe(
      'GetFile C:\\‹U+05D3›‹U+05E0›‹U+05D4›\\‹U+05D7›‹U+05E9›.txt',
    );
  });

  test('a folder or file with such a name stays readable where it stays in place', () => {
    for (const text of [
      'C:\\Users\\דנה\\Documents\\a.txt',
      'C:\\Users\\دانا\\x',
      'C:\\a\\דוח.xlsx',
      'C:\\a (דוח) b\\c',
    ])
      expect(shownCommand(path(text))).toBe(`GetFile ${text}`);
  });

  test.each<readonly [boolean, string, string]>([
    [false, 'a word by itself', 'א'],
    [false, 'a number by itself', '٣٤'],
    [false, 'a word with a mark of another script', 'א\u0301ב'],
    [false, 'a digit before a word', '1 א'],
    [false, 'a digit behind the next letter', 'א a 1'],
    [false, 'two words with a letter between them', 'א a ב'],
    [true, 'two words', 'א ב'],
    [true, 'a digit behind a word', 'א 1'],
    [true, 'a digit in a word', 'א1'],
    [true, 'a number of the same script behind a word', 'א٣'],
    [true, 'a word behind a number of the same script', '٣א'],
    [true, 'two numbers of such a script', '٣ ٤'],
  ])('out of order: %s, of %s', (is, _what, text) => {
    expect(drawnOutOfOrder(text)).toBe(is);
  });

  test('a mark is spelt out together with the letter it belongs to, and only with that', () => {
    expect(inOrder('a\u0301 א\u0301 1')).toBe('a\u0301 ‹U+05D0›‹U+0301› 1');
    expect(inOrder('\u0301א 1')).toBe('\u0301‹U+05D0› 1');
  });

  test('what looks spelt out already is told from what is', () => {
    expect(shownCommand(script('‹U+05D0› 1'))).toBe('RunScript collect.ps1 ‹U+2039›U+05D0› 1');
  });

  test('whatever the text, the card draws the commands in the order in which they run', () => {
    const signs = [
      'a',
      'Z',
      'é',
      'א',
      'ש',
      'ب',
      'ة',
      '1',
      '7',
      '٣',
      '۴',
      ' ',
      ' ',
      '.',
      ',',
      '\\',
      '/',
      '-',
      '+',
      '(',
      ')',
      '[',
      ']',
      '"',
      '#',
      '%',
      ':',
      '\u05b8',
      '\u0301',
      '漢',
      '🙂',
    ];
    let tried = 0;
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...signs), minLength: 1, maxLength: 24 }), (text) => {
        for (const command of [script(text), path(`C:\\${text}`)]) {
          if (problemWith([command]) !== undefined) continue;
          tried += 1;
          const characters = Array.from(shownCommand(command));
          // A word from right to left is read from right to left; all else, and the words among each other,
          // stand as they run.
          const words: number[][] = [];
          let inside = false;
          for (const [at, character] of characters.entries()) {
            const goesOn: boolean = inside && /[\u0591-\u05c7\u0301]/.test(character);
            const begins = /[\u05d0-\u05ea\u0620-\u064a]/.test(character);
            if (inside && (goesOn || begins)) words.at(-1)?.push(at);
            else words.push([at]);
            inside = goesOn || begins;
          }
          expect(drawnOrder(characters)).toEqual(words.flatMap((word) => word.toReversed()));
        }
      }),
      { numRuns: 2_000 },
    );
    expect(tried).toBeGreaterThan(1_000);
  });

  test('what is spelt out counts as long as it is shown', () => {
    const long = Array.from({ length: 300 }, () => 'א').join(' ');
    expect(problemWith([script(long.slice(0, 400))])).toBeUndefined();
    expect(problemWith([script(long.repeat(2))])).toMatchObject({ reason: 'tooLong' });
    expect(inOrder(long).length).toBeLessThanOrEqual(maxCommandCharacters);
  });

  test('no line without such letters is looked at twice', () => {
    for (const text of ['', 'C:\\Windows\\TEMP äöü 漢字 🙂', '-Days 22'])
      expect([drawnOutOfOrder(text), inOrder(text)]).toEqual([false, text]);
  });
});

describe('characters that draw nothing, or over their neighbours (row 2.13)', () => {
  test.each([
    ['an object that is not there', '\ufffc'],
    ['the first control character', '\u0000'],
    ['a line end', '\n'],
    ['the last control character', '\u001f'],
    ['the delete character', '\u007f'],
    ['private use', '\ue000'],
    ['private use beyond', '\u{f0000}'],
    ['an Arabic number sign, which embraces the digits after it', '\u0605'],
    ['another sign of that kind', '\u06dd'],
    ['the braille pattern without dots', '\u2800'],
    ['a Hangul filler', '\u3164'],
    ['half a filler', '\uffa0'],
    ['a tag', '\u{e0041}'],
    ['a variation selector', '\ufe0f'],
    ['another variation selector', '\u{e0101}'],
    ['what is no character', '\ufdd0'],
    ['the last of a plane', '\u{1ffff}'],
    ['what Unicode has not given out', '\u0378'],
    ['a note without a head', '\u{1d159}'],
    ['a blank among hieroglyphs', '\u{13441}'],
    ['a zero-width joiner', '\u200d'],
    ['a half-wide space of ideographs', '\u303f'],
  ])('%s does not run, in arguments or in a path', (_name, character) => {
    for (const command of [script(`-A x${character}1`), path(`C:\\a${character}b`)])
      expect(problemWith([command])).toMatchObject({
        reason: 'hiddenCharacters',
        found: hiddenCharacter(character),
      });
    // An older request that holds it has it spelt out.
    expect(shownCommand(script(`x${character}`))).toMatch(/x‹U\+[0-9A-F]{4,6}›$/);
  });

  test.each([
    ['sixty in a row', `a${'\u0301'.repeat(60)}`],
    ['one more than any script needs', `a${'\u0301'.repeat(marksInARow + 1)}`],
    ['one after a digit', '-Days 1\u0338 2'],
    ['one after a space', 'a \u0301b'],
    ['one at the beginning', '\u0301a'],
    ['a stroke through a letter', 'x\u0338'],
    ['a circle round a letter', 'x\u20dd'],
    ['one that reaches over to the next letter', 'x\u0361y'],
  ])('combining marks: %s', (_name, text) => {
    expect(problemWith([script(text)])).toMatchObject({ reason: 'strayMark', index: 0 });
    expect(problemWith([path(text)])).toMatchObject({ reason: 'strayMark' });
  });

  test.each([
    'Ana\u0308lyse',
    'Việt Nam'.normalize('NFD'),
    'ที่นี่',
    'हिन्दी',
    'שָּׁלוֹם',
    'مُحَمَّد',
    '漢字',
    'naïve'.normalize('NFD'),
    '👍🏽',
    `a${'\u0301'.repeat(marksInARow)}`,
    'a\u0301'.repeat(marksInARow + 1),
  ])('%s is what people call their files', (name) => {
    expect(problemWith([path(`C:\\Users\\x\\${name}.txt`)])).toBeUndefined();
  });

  test('whatever may run is shown whole: cleaning, which every foreign text goes through, leaves each of its characters alone', () => {
    const changed: string[] = [];
    for (let point = 0x20; point <= 0x10ffff; point += 1) {
      if (point >= 0xd800 && point <= 0xdfff) continue;
      const character = String.fromCodePoint(point);
      const text = `x${character}`;
      if (hiddenCharacter(character) !== undefined || strayMark(text) !== undefined) continue;
      if (isHidden(point) || clean(text) !== text) changed.push(point.toString(16));
    }
    expect(changed).toEqual([]);
  });
});
