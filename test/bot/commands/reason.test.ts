// Rows 2.3 and 2.4: a reason is prose and keeps what people write; what was meant as a reason is never handed
// to a script in silence.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { clean, oneLine } from '../../../cards/clip.ts';
import { parse } from '../../../src/bot/commands/grammar.ts';
import { explainGrammar } from '../../../src/bot/commands/grammarProblem.ts';
import { explain } from '../../../src/bot/policy/refusals/refusal.ts';
import { recipes } from '../../support/policy.ts';

function said(text: string): string {
  const problem = parse(text, recipes);
  if (!('problem' in problem)) throw new Error(`understood: ${JSON.stringify(problem)}`);
  return explainGrammar(problem).text;
}

const family = '👨‍👩‍👧‍👦';
const england = '🏴󠁧󠁢󠁥󠁮󠁧󠁿';

describe('row 2.3: prose that never runs', () => {
  test.each([
    [`beacon seen ${family}`, `beacon seen ${family}`],
    ['on it ✌🏽 ❤️ 1️⃣', 'on it ✌🏽 ❤️ 1️⃣'],
    [england, england],
    ['first line\nsecond line', 'first line\nsecond line'],
    ['first line\r\nsecond line', 'first line\nsecond line'],
    ['قناة می‌خواهم', 'قناة می‌خواهم'],
    ['é écrit', 'é écrit'],
    ['שלום עולם', 'שלום עולם'],
    ['zero\u200bwidth \u200edirection\u200f soft\u00adhyphen', 'zerowidth direction softhyphen'],
    ['object\ufffc private\ue000 none\ufdd0', 'object private none'],
    ['an emoji to come \u{1faff}, a number \u06051', 'an emoji to come \u{1faff}, a number \u06051'],
    ['wide\u3000and\u00a0fixed', 'wide and fixed'],
  ])('%j is kept', (typed, kept) => {
    for (const line of [
      `dump hosta x --reason "${typed}"`,
      `dump hosta x --reason ${typed}`,
      `run hosta s.ps1 -A --reason ${typed}`,
      `deny lr-7f3k2q ${typed}`,
      `cancel lr-7f3k2q --reason "${typed}"`,
      `retry lr-7f3k2q --reason ${typed}`,
    ]) {
      expect(parse(line, recipes)).toMatchObject({ reason: kept });
    }
  });

  test('a line break before --reason parts it from the command, and changes nothing that runs', () => {
    expect(parse('run hosta s.ps1 -A b\n--reason "x"', recipes)).toMatchObject({
      commands: [{ args: '-A b' }],
      reason: 'x',
    });
    expect(parse('run hosta s.ps1 -A\nb --reason "x"', recipes)).toMatchObject({
      problem: 'hidden',
      found: 'U+000A',
    });
  });

  test.each(['\u202Etxt.exe', 'a\u2066b', 'a\u0007b', 'a\u001b[2J', 'a\ud83d'])(
    'what could deceive is refused: %j',
    (bad) => {
      expect(parse(`dump hosta x --reason "${bad}"`, recipes)).toMatchObject({ problem: 'hidden' });
      expect(parse(`freeze ${bad}`, recipes)).toMatchObject({ problem: 'hidden' });
    },
  );

  test('an emoji of several parts is drawn whole on a card and in a sentence, and its joiner alone is not', () => {
    expect(oneLine(`beacon\n${family} ${england}`, 200)).toBe(`beacon ${family} ${england}`);
    expect(clean('a\u200db 😀\u200d \ufe0fx')).toBe('ab 😀 x');
    expect(explain({ refused: 'frozen', by: 'Avery', why: `odd ${family}`, at: 0 })).toContain(
      `odd ${family}`,
    );
    expect(parse(`freeze odd ${family}\nthings`, recipes)).toMatchObject({ why: `odd ${family} things` });
  });

  test('what is kept of any prose is kept again', () => {
    const parts = fc.constantFrom(
      'a',
      ' ',
      '\n',
      '\r\n',
      family,
      england,
      '\u200d',
      '\ufe0f',
      '\u200b',
      '\u00a0',
      '"',
      '😀',
      'ب',
      '\u200c',
      '—',
      '--reason',
      '\u{e0067}',
    );
    fc.assert(
      fc.property(fc.array(parts, { maxLength: 20 }), (some) => {
        const once = parse(`deny lr-7f3k2q ${some.join('')}`, recipes);
        if ('problem' in once) return;
        expect(parse(once.line, recipes)).toEqual({ ...once, repaired: [] });
      }),
      { numRuns: 500 },
    );
  });
});

describe('row 2.4: what was meant as --reason', () => {
  test.each([
    ['dump hosta OfficeClickToRun --reson "x y"', 'dump hosta OfficeClickToRun --reason "x y"'],
    ['dump hosta OfficeClickToRun -reason x y', 'dump hosta OfficeClickToRun --reason "x y"'],
    ['dump hosta OfficeClickToRun --resaon=x', 'dump hosta OfficeClickToRun --reason "x"'],
    ['dump hosta OfficeClickToRun --reason=“x y”', 'dump hosta OfficeClickToRun --reason "x y"'],
    ['dump hosta OfficeClickToRun --reason: x', 'dump hosta OfficeClickToRun --reason "x"'],
    ['dump hosta OfficeClickToRun /reason x', 'dump hosta OfficeClickToRun --reason "x"'],
    ['dump hosta OfficeClickToRun — beacon seen', 'dump hosta OfficeClickToRun --reason "beacon seen"'],
    ['dump hosta OfficeClickToRun reason beacon', 'dump hosta OfficeClickToRun --reason "beacon"'],
    ['dump hosta OfficeClickToRun Reason: beacon seen', 'dump hosta OfficeClickToRun --reason "beacon seen"'],
    ['dump hosta OfficeClickToRun beacon seen', 'dump hosta OfficeClickToRun --reason "beacon seen"'],
    ['run hosta collect.ps1 -Deep --reson "x"', 'run hosta collect.ps1 -Deep --reason "x"'],
    ['run hosta collect.ps1 -Deep -reason x', 'run hosta collect.ps1 -Deep --reason "x"'],
    ['run hosta collect.ps1 reason beacon', 'run hosta collect.ps1 --reason "beacon"'],
    ['put hosta tool.exe --raeson x', 'put hosta tool.exe --reason "x"'],
    ['put hosta tool.exe reason x', 'put hosta tool.exe --reason "x"'],
    ['get hosta C:\\a b.log --reasn x', 'get hosta C:\\a b.log --reason "x"'],
    ['get hosta C:\\a.log reason x', 'get hosta C:\\a.log --reason "x"'],
    ['on hosta put a.exe ; run b.ps1 --reason=x', 'on hosta put a.exe ; run b.ps1 --reason "x"'],
    ['on hosta put a.exe ; get C:\\x reason y', 'on hosta put a.exe ; get C:\\x --reason "y"'],
    ['retry lr-7f3k2q 1 --reson x', 'retry lr-7f3k2q 1 --reason "x"'],
    ['retry lr-7f3k2q reason x', 'retry lr-7f3k2q --reason "x"'],
    ['run hosta s.ps1 -–reason x', 'run hosta s.ps1 --reason "x"'],
    ['run hosta s.ps1 --reason:x', 'run hosta s.ps1 --reason "x"'],
    ['run hosta s.ps1 --reason: x', 'run hosta s.ps1 --reason "x"'],
    ['run hosta s.ps1 reason=x', 'run hosta s.ps1 --reason "x"'],
    ['run hosta s.ps1 reason="x y"', 'run hosta s.ps1 --reason "x y"'],
    ['run hosta s.ps1 -- reason x', 'run hosta s.ps1 --reason "x"'],
    ['get web1 /etc/passwd reason x', 'get web1 /etc/passwd --reason "x"'],
    ['get hosta C:\\a.log --because x', 'get hosta C:\\a.log --reason "x"'],
    ['get hosta "C:\\a.log" beacon seen', 'get hosta "C:\\a.log" --reason "beacon seen"'],
    ['put hosta tool.exe beacon seen', 'put hosta tool.exe --reason "beacon seen"'],
    ['dump hosta x --comment "y z"', 'dump hosta x --reason "y z"'],
    ['dump hosta x – -reason y', 'dump hosta x --reason "y"'],
    ['retry lr-7f3k2q because x', 'retry lr-7f3k2q --reason "because x"'],
    ['on hosta put a.exe ; get /var/log/a reason y', 'on hosta put a.exe ; get /var/log/a --reason "y"'],
  ])('%j is answered with the line as it should be', (text, line) => {
    expect(said(text)).toContain('--reason');
    expect(said(text)).toContain(`/lr ${line}`);
    expect(parse(line, recipes)).toMatchObject({
      verb: line.startsWith('retry') ? 'retry' : 'ask',
      reason: expect.any(String) as unknown,
    });
  });

  test('an em dash and an en dash before the word are the option', () => {
    expect(parse('dump hosta x —reason why', recipes)).toMatchObject({ reason: 'why' });
    expect(parse('dump hosta x –Reason why', recipes)).toMatchObject({ reason: 'why' });
  });

  test('what belongs to a script is said how to write, and then is the script’s', () => {
    expect(said('run hosta s.ps1 -Reason x')).toContain('"-Reason"');
    expect(parse('run hosta s.ps1 "-Reason" x', recipes)).toMatchObject({
      commands: [{ args: '"-Reason" x' }],
    });
    expect(parse('run hosta s.ps1 -Reason x --reason y', recipes)).toMatchObject({
      commands: [{ args: '-Reason x' }],
      reason: 'y',
    });
  });

  test.each([
    'run hosta s.ps1 --region x',
    'run hosta s.ps1 -Season x',
    'run hosta s.ps1 -Field reason x',
    'run hosta s.ps1 /reason x',
    'run hosta s.ps1 "reason" x',
    'run hosta s.ps1 x reason',
  ])('a script keeps what only resembles it: %j', (text) => {
    expect(parse(text, recipes)).toMatchObject({ verb: 'ask', line: text });
  });

  test('a denial and a freeze take the text after a misspelt option', () => {
    expect(parse('deny lr-7f3k2q --reson wrong host', recipes)).toMatchObject({ reason: 'wrong host' });
    expect(parse('freeze -reason odd', recipes)).toMatchObject({ why: 'odd' });
    for (const line of [
      'freeze --reason odd',
      'freeze --reason "odd"',
      'freeze --reason="odd"',
      'freeze --reason=odd',
    ])
      expect(parse(line, recipes)).toMatchObject({ why: 'odd' });
    expect(parse('freeze --reason', recipes)).toMatchObject({ problem: 'missing' });
  });

  test('the example of a refusal can be typed', () => {
    for (const line of [
      'deny lr-7f3k2q --reason',
      'retry lr-7f3k2q --reason',
      'dump hosta x --reason "a" b',
      'dump hosta x --separate',
    ]) {
      expect(parse(/For example: \/lr (.+)$/.exec(said(line))?.[1] ?? '', recipes)).toMatchObject({
        reason: expect.any(String) as unknown,
      });
    }
  });
});

describe('row 2.4: --separate, misspelt', () => {
  test.each([
    ['dump hosta x --seperate', 'dump hosta x --reason "why again" --separate'],
    ['dump hosta x --reason "a" –separate', 'dump hosta x --reason "a" --separate'],
    ['dump hosta x --reason "a" separate', 'dump hosta x --reason "a" --separate'],
    ['dump hosta x --reason a b --separat', 'dump hosta x --reason a b --separate'],
    ['run hosta s.ps1 -A --seperate --reason "a"', 'run hosta s.ps1 -A --reason "a" --separate'],
    ['run hosta s.ps1 -A --reason "a" -separate', 'run hosta s.ps1 -A --reason "a" --separate'],
    ['get hosta C:\\a.log --seperate --reason a', 'get hosta C:\\a.log --reason a --separate'],
    ['retry lr-7f3k2q --reason "a" --seperate', 'retry lr-7f3k2q --reason "a" --separate'],
  ])('%j is answered with the line as it should be', (text, line) => {
    expect(said(text)).toContain(`Type: /lr ${line}`);
    expect(parse(line, recipes)).toMatchObject({ separate: true });
  });

  test.each(['run hosta s.ps1 -Separator x', 'run hosta s.ps1 --separator', 'run hosta s.ps1 "--seperate"'])(
    'a script keeps what only resembles it: %j',
    (text) => {
      expect(parse(text, recipes)).toMatchObject({ verb: 'ask', line: text });
    },
  );
});
