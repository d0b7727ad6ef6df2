// Characters that draw nothing and still belong to a text: in an emoji, a flag, or some scripts.
import { describe, expect, test } from '@jest/globals';
import { joiningAt } from '../../../src/liveResponse/text/joiners.ts';

const joiner = '\u200d';
const nonJoiner = '\u200c';
const style = '\ufe0f';
const scotland = '\u{1f3f4}\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}';

describe('what joins', () => {
  test.each([
    ['the style of an emoji', `\u2764${style}`, 1, 1],
    ['the style of an emoji of two units', `\u{1f600}${style}`, 2, 1],
    ['the style of a key', `1${style}\u20e3`, 1, 1],
    ['the style of #', `#${style}\u20e3`, 1, 1],
    ['a joiner between two emoji', `\u{1f468}${joiner}\u{1f469}`, 2, 1],
    ['a joiner after the style of an emoji', `\u2764${style}${joiner}\u{1f525}`, 2, 1],
    ['a joiner after a skin tone', `\u{1f469}\u{1f3fd}${joiner}\u{1f4bb}`, 4, 1],
    ['a joiner after the first emoji of its block', `\u{1f400}${joiner}\u{1f525}`, 2, 1],
    ['a joiner after the darkest skin tone', `\u{1f469}\u{1f3ff}${joiner}\u{1f4bb}`, 4, 1],
    ['a tag of the first digit', '\u{1f3f4}\u{e0030}\u{e007f}', 2, 4],
    ['a non-joiner in Persian', `\u0645\u06cc${nonJoiner}\u062e`, 2, 1],
    ['a joiner in Sinhala', `\u0d9a${joiner}\u0dc2`, 1, 1],
    ['the tags of a flag', scotland, 2, 12],
  ])('%s', (_what, text, at, length) => {
    expect(joiningAt(text, at)).toBe(length);
  });
});

describe('what hides something instead', () => {
  test.each([
    ['a joiner between letters', `a${joiner}b`, 1],
    ['a non-joiner between letters', `a${nonJoiner}b`, 1],
    ['a non-joiner between emoji', `\u{1f468}${nonJoiner}\u{1f469}`, 2],
    ['a joiner at the start', `${joiner}\u{1f469}`, 0],
    ['a joiner at the end', `\u{1f469}${joiner}`, 2],
    ['a joiner before a letter', `\u{1f469}${joiner}a`, 2],
    ['a joiner after a letter', `a${joiner}\u{1f469}`, 1],
    ['a joiner after a style that has no emoji', `a${style}${joiner}\u{1f469}`, 2],
    ['a joiner after a skin tone that has no emoji', `a\u{1f3fd}${joiner}b`, 3],
    ['a joiner in one script alone', `\u0d9a${joiner}a`, 1],
    ['a joiner before a script alone', `a${joiner}\u0d9a`, 1],
    ['a style after a letter', `a${style}`, 1],
    ['tags without a flag', 'a\u{e0067}\u{e0062}\u{e007f}', 1],
    ['tags after another emoji', '\u{1f600}\u{e0067}\u{e0062}\u{e007f}', 2],
    ['tags of a flag that do not end', '\u{1f3f4}\u{e0067}\u{e0062}', 2],
    ['seven tags', `\u{1f3f4}${'\u{e0061}'.repeat(7)}\u{e007f}`, 2],
    ['a tag of no letter', '\u{1f3f4}\u{e0041}\u{e007f}', 2],
    ['a letter', 'ab', 1],
    ['half a pair before it', `\udc00${style}`, 1],
    ['nothing', '', 0],
    ['a place behind the end', 'a', 7],
  ])('%s', (_what, text, at) => {
    expect(joiningAt(text, at)).toBe(0);
  });
});
