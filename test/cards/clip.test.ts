// Cleaning, escaping and clipping of text that a device or a stranger wrote.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { clean, clip, excerptOf, markdownText, oneLine, slackText, tailOf } from '../../cards/clip.ts';
import { isHidden } from '../../src/liveResponse/text/visible.ts';
import { isLinear } from '../support/linearTime.ts';

const limits = { lines: 12, perLine: 200, total: 2400 };
const halfPair = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;
const esc = '\u001b';

const hostileUnits = [
  'x',
  '\u0000',
  '\u001b]',
  '\u001b]\n',
  '\u001b[',
  '\u0090a',
  '🙂',
  '\n',
  '&<>',
  '\u0301',
];

describe('cleaning', () => {
  test.each([
    ['colours', `${esc}[31;1mred${esc}[0m`, 'red'],
    ['an OSC title ended by BEL', `${esc}]0;evil title\u0007text`, 'text'],
    ['an OSC link ended by ST', `${esc}]8;;https://evil.example${esc}\\click${esc}]8;;${esc}\\`, 'click'],
    ['a C1 introducer', '\u009b2Jtext', 'text'],
    ['a character set', `${esc}(Btext`, 'text'],
    ['a lone escape', `a${esc}`, 'a'],
    ['NULs', 'a\u0000b\u0000', 'ab'],
    ['a backspace', 'rm -rf\u0008\u0008ok', 'rm -rfok'],
    ['CRLF', 'a\r\nb', 'a\nb'],
    ['a CR that would overwrite its line', 'bad\rok', 'bad\nok'],
    ['tabs', 'a\tb', 'a    b'],
    ['right-to-left overrides', 'exe.\u202ecod', 'exe.cod'],
    ['isolates', '\u2066a\u2069', 'a'],
    ['zero-width characters', 'a\u200bb\ufeffc\u00add', 'abcd'],
    ['odd spaces', 'a\u00a0b\u3000c', 'a b c'],
    ['line separators', 'a\u2028b\u0085c', 'a\nb\nc'],
    ['half a pair', 'a\ud83d', 'a\ufffd'],
    ['language tags', 'a\u{e0041}b', 'ab'],
    [
      'an object that is not there, private use and no characters',
      'a\ufffcb\ue000c\ufdd0d\u{f0000}e\u{1d159}f',
      'abcdef',
    ],
    ['piled up marks', `a${'\u0301'.repeat(50)}b`, `a${'\u0301'.repeat(4)}b`],
  ])('removes or tames %s', (_name, hostile, tame) => {
    expect(clean(hostile)).toBe(tame);
  });

  test('a sequence that never ends keeps its text in sight', () => {
    expect(clean(`${esc}]0;hidden evidence\nnext line`)).toBe('0;hidden evidence\nnext line');
  });

  test('what is left draws only itself, and cleaning again changes nothing', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        const cleaned = clean(text);
        for (const character of cleaned) {
          const point = character.codePointAt(0) ?? 0;
          if (character !== '\n') expect(isHidden(point)).toBe(false);
        }
        expect(clean(cleaned)).toBe(cleaned);
      }),
    );
  });

  test('harmless text is left alone', () => {
    const text = 'C:\\Windows\\TEMP äöü 漢字 🙂\nsecond line';
    expect(clean(text)).toBe(text);
  });
});

describe('clipping', () => {
  test('nothing is ever longer than its limit, and pairs and entities stay whole', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme-composite', maxLength: 120 }),
        fc.integer({ min: 1, max: 60 }),
        (text, max) => {
          const clipped = slackText(clean(text), max);
          expect(clipped.length).toBeLessThanOrEqual(max);
          expect(clipped).not.toMatch(halfPair);
          expect(clipped.replaceAll(/&(?:amp|lt|gt);/g, '')).not.toMatch(/[&<>]/);
        },
      ),
    );
  });

  test('an entity is left out whole', () => {
    expect(slackText('ab<cd', 6)).toBe('ab…');
    expect(slackText('ab<', 6)).toBe('ab&lt;');
  });

  test('a letter keeps its marks and a face its skin', () => {
    expect(clip('abe\u0301\u0301x', 4)).toBe('ab…');
    expect(clip('ab\u{1f44d}\u{1f3fd}', 5)).toBe('ab…');
  });

  test.each([
    ['the joint of an emoji', 'a\u{1f469}\u200d\u{1f4bb}b', ['a…', 'a\u{1f469}…']],
    ['the style of an emoji', 'ab\u2764\ufe0fcd', ['a…', 'ab…', 'ab\u2764\ufe0f…']],
    ['the joint of two letters', 'a\u0915\u200c\u0916bc', ['a…', 'a\u0915…', 'a\u0915\u200c\u0916…']],
    [
      'the letter of a flag',
      'a\u{1f3f4}\u{e0067}\u{e0062}\u{e007f}bcd',
      ['a…', 'a\u{1f3f4}\u{e0067}\u{e0062}\u{e007f}…', 'a\u{1f3f4}\u{e0067}\u{e0062}\u{e007f}b…'],
    ],
  ])('%s does not stay behind alone', (_what, text, shown) => {
    const limits = Array.from({ length: text.length - 2 }, (_, at) => at + 2);
    expect([...new Set(limits.map((max) => clip(text, max)))]).toEqual(shown);
  });

  test('nothing of a text that draws only itself is left without what it is drawn with', () => {
    const unit = fc.constantFrom(
      ...['a', '\u{1f469}', '\u200d', '\u200c', '\ufe0f', '\u0915', '\u0301', '\u{1f3fd}', '7', '\n'],
      ...['\u{1f3f4}', '\u{e0067}', '\u{e0062}', '\u{e007f}', '&'],
    );
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 60 }), fc.integer({ min: 1, max: 40 }), (text, max) => {
        const clipped = clip(clean(text), max);
        expect(clipped.length).toBeLessThanOrEqual(max);
        expect(clean(clipped)).toBe(clipped);
        const tail = tailOf(text, max);
        expect(clean(tail)).toBe(tail);
      }),
    );
  });

  test('a text for Slack is cleaned before it is clipped', () => {
    expect(slackText('a\u202eb\u0000<', 20)).toBe('ab&lt;');
  });

  test('a text that fits is not touched', () => {
    expect(clip('abc', 3)).toBe('abc');
    expect(clip('abcd', 3)).toBe('ab…');
    expect(oneLine(' a\n\tb  c ', 10)).toBe('a b c');
  });

  test('Markdown signs and mentions become letters', () => {
    expect(markdownText('*b* [t](https://x) <at>x</at> - 1. # |', 200)).toBe(
      '\\*b\\* \\[t\\]\\(https://x\\) &lt;at\\>x&lt;/at\\> \\- 1\\. \\# \\|',
    );
  });
});

describe('excerpts', () => {
  test('the first lines are shown and counted', () => {
    const raw = Array.from({ length: 100 }, (_, n) => `line ${n}`).join('\r\n');
    const cut = excerptOf(raw, limits);
    expect(cut).toMatchObject({ lines: 12, of: 100, cut: true });
    expect(cut.text.startsWith('line 0\nline 1\n')).toBe(true);
  });

  test('of a failure the last lines are shown', () => {
    const raw = Array.from({ length: 100 }, (_, n) => `line ${n}`).join('\n');
    expect(excerptOf(raw, limits, 'end').text.endsWith('line 98\nline 99')).toBe(true);
  });

  test('a text that fits is whole', () => {
    expect(excerptOf('\n\na\n\nb\n\u0000\n', limits)).toEqual({
      text: 'a\n\nb',
      lines: 3,
      of: 3,
      cut: false,
    });
  });

  test('a line of 10,000 characters and a text of 5 MB stay within limits', () => {
    const long = excerptOf('x'.repeat(10_000), limits);
    expect(long.text).toHaveLength(200);
    expect(long.cut).toBe(true);
    for (const unit of hostileUnits) {
      const cut = excerptOf(unit.repeat(Math.ceil(5_000_000 / unit.length)), limits);
      expect(cut.text.length).toBeLessThanOrEqual(limits.total);
      expect(cut.cut).toBe(true);
    }
  });

  test.each(hostileUnits)(
    '%j again and again is clipped in time that grows with its length alone',
    (unit) => {
      expect(
        isLinear(
          (size) => unit.repeat(size / unit.length),
          (text) => excerptOf(text, limits),
        ),
      ).toBe(true);
    },
  );

  test('no text makes an excerpt longer than its limits', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 2000 }),
        fc.constantFrom('start' as const, 'end' as const),
        (raw, from) => {
          const cut = excerptOf(raw, { lines: 5, perLine: 40, total: 120 }, from);
          expect(cut.text.length).toBeLessThanOrEqual(120);
          expect(cut.text.split('\n').length).toBeLessThanOrEqual(5);
          for (const line of cut.text.split('\n')) expect(line.length).toBeLessThanOrEqual(40);
        },
      ),
    );
  });
});
