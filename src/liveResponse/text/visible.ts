// Characters that cannot be shown as they run: those that draw nothing or draw over their neighbours, and
// the order in which letters written from right to left appear among others.

/** Ranges of code points that draw nothing or change how their neighbours are drawn, in anybody's text. */
const hiddenRanges: readonly (readonly [number, number])[] = [
  [0x0000, 0x001f],
  [0x007f, 0x009f],
  [0x00a0, 0x00a0], // no-break space: looks like a space, is none; the grammar turns it into one before this check
  [0x00ad, 0x00ad],
  [0x034f, 0x034f],
  [0x061c, 0x061c],
  [0x115f, 0x1160],
  [0x1680, 0x1680], // a space of its own script, drawn as a line or not at all
  [0x17b4, 0x17b5],
  [0x180b, 0x180f],
  [0x2000, 0x200f],
  [0x2028, 0x202f],
  [0x205f, 0x206f],
  [0x2800, 0x2800], // the braille pattern without dots
  [0x2d7f, 0x2d7f], // joins consonants, and draws nothing
  [0x3000, 0x3000],
  [0x3164, 0x3164],
  [0xd800, 0xf8ff], // lone surrogates; private use: nothing, or whatever a font of the reader's has there
  [0xfdd0, 0xfdef], // no characters
  [0xfe00, 0xfe0f],
  [0xfeff, 0xfeff],
  [0xffa0, 0xffa0],
  [0xfff0, 0xfffc], // the last stands for an object that is not there
  [0xfffe, 0xffff],
  [0x13430, 0x13446], // lays out hieroglyphs, and blanks of theirs
  [0x16fe4, 0x16fe4], // a filler
  [0x1bca0, 0x1bca3],
  [0x1d159, 0x1d159], // a note without a head
  [0x1d173, 0x1d17a],
  [0xe0000, 0xe0fff],
  [0xf0000, 0x10ffff],
];

export function isHidden(point: number): boolean {
  // Nearly every character of nearly every text; none of the ranges lies there.
  if (point > 0x1f && point < 0x7f) return false;
  return (point & 0xfffe) === 0xfffe || hiddenRanges.some(([from, to]) => point >= from && point <= to);
}

/**
 * Signs that embrace the digits after them, characters that Unicode has not given out, and a space drawn as
 * none. In prose they are allowed.
 */
const unclear = /^[\p{Cf}\p{Co}\p{Cn}\p{Cs}\p{Zl}\p{Zp}\u303f]$/u;

/**
 * The first character that could make shown text differ from run text: control characters, bidirectional
 * marks and overrides, zero-width and other invisible ones, private use, what no Unicode names, line
 * separators, lone surrogates. Returned as `U+202E`; undefined if there is none.
 */
export function hiddenCharacter(text: string): string | undefined {
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    if (isHidden(point) || (point > 0x7e && unclear.test(character))) return codePoint(character);
  }
  return undefined;
}

/** `U+202E` */
export function codePoint(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}

/**
 * Marks in a row that are shown and may run: more only serve to paint over the lines around them. Four are
 * enough for every script.
 */
export const marksInARow = 4;

const mark = /^[\p{M}\p{Emoji_Modifier}]$/u;
const letter = /^[\p{L}\p{Extended_Pictographic}]$/u;
/** Marks that enclose or strike out the letter before them, or reach over to the next. */
const overlay =
  /^[\p{Me}\u0334-\u0338\u035c-\u0362\u1dcd\u1dfc\u20d2\u20d3\u20d8-\u20da\u20e5\u20e6\u20ea\u20eb]$/u;

/**
 * The first mark that draws over what is not its own letter, or is one too many; undefined if there is none.
 */
export function strayMark(text: string): string | undefined {
  if (/^[\u0000-\u02ff]*$/.test(text)) return undefined;
  let marks = 0;
  let onLetter = false;
  for (const character of text) {
    if (mark.test(character)) {
      marks += 1;
      if (!onLetter || marks > marksInARow || overlay.test(character)) return codePoint(character);
    } else {
      marks = 0;
      onLetter = letter.test(character);
    }
  }
  return undefined;
}

/**
 * Blocks of the scripts that are written from right to left, their digits included (unicode.org,
 * DerivedBidiClass).
 */
const rightToLeft = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

/**
 * Whether the algorithm for bidirectional text draws this in another order than that of its characters: after
 * a word written from right to left, or digits of such a script, more of them or a digit comes before the
 * next letter of any other script. One such word alone, as a folder in a path, stays in place.
 */
export function drawnOutOfOrder(text: string): boolean {
  if (!rightToLeft.test(text)) return false;
  let state: 'left' | 'word' | 'number' | 'after' = 'left';
  for (const character of text) {
    if (mark.test(character)) continue;
    const digit = /\p{N}/u.test(character);
    if (rightToLeft.test(character)) {
      const run = digit ? 'number' : 'word';
      if (state !== 'left' && state !== run) return true;
      state = run;
    } else if (digit) {
      if (state !== 'left') return true;
    } else if (/\p{L}/u.test(character)) {
      state = 'left';
    } else if (state !== 'left') {
      state = 'after';
    }
  }
  return false;
}

/**
 * Text as a card may show it: spelt out where it would be drawn out of order, each hidden character spelt
 * out, and what looks spelt out already.
 */
export function inOrder(text: string): string {
  if (/^[\u0020-\u007e]*$/.test(text)) return text;
  const spell = drawnOutOfOrder(text);
  let spelt = false;
  let shown = '';
  for (const character of text) {
    spelt =
      character === '‹' ||
      hiddenCharacter(character) !== undefined ||
      (spell && (rightToLeft.test(character) || (spelt && mark.test(character))));
    shown += spelt ? `‹${codePoint(character)}›` : character;
  }
  return shown;
}
