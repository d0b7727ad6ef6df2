// Text encodings that nobody names: UTF-8 and UTF-16 are recognised by their form, an old code page can only
// be guessed, and a guess is named, so that nobody takes its letters for certain.
import { textOfUnits } from '../text/units.ts';

/**
 * What a text was read as. `guessed`: the name is a guess. `lost`: some of it could not be read, and is
 * U+FFFD now.
 */
export interface Decoded {
  readonly text: string;
  /** Absent for UTF-8. `unknown`: not UTF-8, and like no code page that is tried. */
  readonly encoding?: Encoding;
  readonly guessed?: true;
  readonly lost?: true;
}

export type Encoding =
  'UTF-16' | 'UTF-32' | 'Windows-1252' | 'CP850' | 'CP437' | 'Windows-1251' | 'CP866' | 'unknown';

/**
 * The upper half of the code pages of Western consoles, which TextDecoder does not know
 * (unicode.org/Public/MAPPINGS/VENDORS/MICSFT/PC).
 */
const cp850 =
  'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐└┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u00ad±‗¾¶§÷¸°¨·¹³²■\u00a0';
const cp437 =
  'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0';

/**
 * Node's TextDecoder takes Windows-1252 for ISO 8859-1 (nodejs/node#56542), which has control characters
 * where this one has quotes and the euro.
 */
const windows1252 =
  '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ' +
  String.fromCharCode(...Array.from({ length: 96 }, (_, n) => 0xa0 + n));

/** Letters of the upper half by code page; on a tie the first one counts. */
const pages: readonly { readonly name: Encoding; readonly upper: string }[] = [
  { name: 'Windows-1252', upper: windows1252 },
  { name: 'CP850', upper: cp850 },
  { name: 'CP437', upper: cp437 },
  { name: 'Windows-1251', upper: upperHalf('windows-1251') },
  { name: 'CP866', upper: upperHalf('ibm866') },
];

function upperHalf(label: string): string {
  return new TextDecoder(label).decode(Uint8Array.from({ length: 128 }, (_, n) => 128 + n));
}

/** Looked at to guess: enough for any text with letters in it. */
const sampled = 64 * 1024;

/**
 * @param cut the bytes end where nobody ended them: half a character at the end is no sign of another
 * encoding
 */
export function decodeText(bytes: Uint8Array, cut = false): Decoded {
  const widest = quadsOf(bytes);
  if (widest !== undefined) return withLoss({ text: fromQuads(bytes, widest), encoding: 'UTF-32' });
  const wide = wideOf(bytes);
  if (wide !== undefined) return withLoss({ text: new TextDecoder(wide).decode(bytes), encoding: 'UTF-16' });
  const utf8 = strict(bytes) ?? (cut ? withoutTail(bytes) : undefined);
  if (utf8 !== undefined) return withLoss({ text: utf8 });
  // Only now: the bytes of plain words in pairs are signs of the Far East as well.
  const eastern = orderOf(bytes, true);
  if (eastern !== undefined)
    return withLoss({ text: new TextDecoder(eastern).decode(bytes), encoding: 'UTF-16' });
  const sample = bytes.subarray(0, sampled);
  // A few broken bytes in a text that is otherwise full of good UTF-8 say nothing of a code page.
  if (mostlyUtf8(sample)) return { text: new TextDecoder().decode(bytes), lost: true };
  const [best] = pages
    .map((page) => ({ page, score: scoreOf(sample, page.upper) }))
    .sort((a, b) => b.score - a.score);
  if (best === undefined || best.score <= 0)
    return { text: new TextDecoder().decode(bytes), encoding: 'unknown', lost: true };
  return withLoss({ text: decodeWith(bytes, best.page.upper), encoding: best.page.name, guessed: true });
}

function withLoss(decoded: Decoded): Decoded {
  return decoded.text.includes('\ufffd') ? { ...decoded, lost: true } : decoded;
}

function strict(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    // By its name: it may come from another realm.
    if ((error as { readonly name?: unknown }).name === 'TypeError') return undefined;
    throw error;
  }
}

/** A character has four bytes at most. */
function withoutTail(bytes: Uint8Array): string | undefined {
  for (let less = 1; less <= 3; less += 1) {
    const text = strict(bytes.subarray(0, bytes.length - less));
    if (text !== undefined) return text;
  }
  return undefined;
}

/** Characters of several bytes against bytes that belong to none. */
function mostlyUtf8(sample: Uint8Array): boolean {
  const text = new TextDecoder().decode(sample);
  let good = 0;
  let bad = 0;
  for (const character of text) {
    if (character === '\ufffd') bad += 1;
    else if (character > '\u007f') good += 1;
  }
  return good > 2 * bad;
}

/** What a byte order mark says: whether the low byte comes first. */
type IsLittle = boolean;

/**
 * UTF-32 by its form, with a byte order mark or without: of four bytes one is always zero, and the next one
 * nearly always. Undefined: it is none.
 */
function quadsOf(bytes: Uint8Array): IsLittle | undefined {
  if (bytes.length === 0 || bytes.length % 4 !== 0) return undefined;
  const quads = Math.min(bytes.length / 4, pairsLooked);
  const view = viewOf(bytes);
  return [true, false].find((isLittle) => {
    let marks = 0;
    for (let quad = 0; quad < quads; quad += 1) {
      const point = view.getUint32(4 * quad, isLittle);
      if (!isCharacter(point)) return false;
      if (point === 0xfeff || (point >= 0x20 && point < 0x7f) || (point >= 0x09 && point <= 0x0d)) marks += 1;
    }
    return marks * 50 >= quads;
  });
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** Not beyond the last one, and no half of a pair. */
function isCharacter(point: number): boolean {
  return point <= 0x10ffff && (point < 0xd800 || point > 0xdfff);
}

function fromQuads(bytes: Uint8Array, isLittle: IsLittle): string {
  const view = viewOf(bytes);
  const parts: string[] = [];
  for (let at = 0; at + 4 <= bytes.length; at += 4) {
    const point = view.getUint32(at, isLittle);
    if (point !== 0xfeff || at > 0) parts.push(isCharacter(point) ? String.fromCodePoint(point) : '\ufffd');
  }
  return parts.join('');
}

/** How many of its first pairs of bytes decide. */
const pairsLooked = 512;

/** UTF-16 by its byte order mark, or by its form. */
function wideOf(bytes: Uint8Array): 'utf-16le' | 'utf-16be' | undefined {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  return orderOf(bytes, false);
}

/**
 * Plain letters with a zero byte on the same side, those of other alphabets, and few other characters. @param
 * eastern also kana, Han and Hangul
 */
function orderOf(bytes: Uint8Array, eastern: boolean): 'utf-16le' | 'utf-16be' | undefined {
  let end = Math.min(bytes.length, 2 * pairsLooked);
  // Zeros at the end pad a text; one of them may be half of its last letter.
  while (bytes[end - 1] === 0 && bytes[end - 2] === 0) end -= 1;
  const pairs = Math.floor(end / 2);
  if (pairs === 0) return undefined;
  return looksWide(bytes, pairs, 1, eastern)
    ? 'utf-16le'
    : looksWide(bytes, pairs, 0, eastern)
      ? 'utf-16be'
      : undefined;
}

/** @param high which byte of a pair is the high one in this order */
function looksWide(bytes: Uint8Array, pairs: number, high: 0 | 1, eastern: boolean): boolean {
  let plain = 0;
  let letters = 0;
  for (let pair = 0; pair < pairs; pair += 1) {
    const above = bytes[2 * pair + high] ?? 0;
    const below = bytes[2 * pair + 1 - high] ?? 0;
    if (
      above === 0 &&
      ((below >= 0x20 && below !== 0x7f) || below === 0x09 || below === 0x0a || below === 0x0d)
    )
      plain += 1;
    // Latin, Greek, Cyrillic, Hebrew and Arabic; punctuation, kana, Han, Hangul and full-width forms.
    else if (
      (above >= 0x01 && above <= 0x06) ||
      (eastern &&
        (above === 0x20 ||
          (above >= 0x30 && above <= 0x9f) ||
          (above >= 0xac && above <= 0xd7) ||
          above === 0xff))
    )
      letters += 1;
  }
  return plain * 50 >= pairs && plain + letters >= pairs * 0.95;
}

function decodeWith(bytes: Uint8Array, upper: string): string {
  const units = new Uint16Array(bytes.length);
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at] ?? 0;
    units[at] = byte < 0x80 ? byte : upper.charCodeAt(byte - 0x80);
  }
  return textOfUnits(units);
}

/** What a character is, as far as words are made of it: looked up once for each byte of a code page. */
const is = {
  latin: 1,
  upper: 2,
  lower: 4,
  cyrillic: 8,
  box: 16,
  control: 32,
  /** Low quotes open: they follow a space. */
  lowQuote: 64,
  sign: 128,
  /** Of the signs those that may stand within a word. */
  within: 256,
  gap: 512,
  plain: 1_024,
  special: 2_048,
} as const;

const tests: readonly (readonly [kind: number, pattern: RegExp])[] = [
  [is.latin, /\p{Script=Latin}/u],
  [is.upper, /\p{Lu}/u],
  [is.lower, /\p{Ll}/u],
  [is.cyrillic, /\p{Script=Cyrillic}/u],
  [is.box, /[\u2500-\u259f]/],
  [is.control, /[\u0000-\u001f\u007f-\u009f\ufffd]/],
  [is.lowQuote, /[\u201a\u201e]/],
  [
    is.sign,
    /[\u2013\u2014\u2018\u2019\u201c\u201d\u2026\u00ab\u00bb\u00b0\u20ac\u00a3\u00a9\u00ae\u00a7\u00a0\u2116\u00b1\u2122\u2022]/,
  ],
  [is.within, /[\u2019\u2018\u00b7-]/],
  [is.gap, /[ \n(]/],
  [is.plain, /[A-Za-z]/],
  [is.special, /[^\u0000-\u007f]/],
];

function kindsOf(upper: string): Uint16Array {
  const kinds = new Uint16Array(256);
  for (let byte = 0; byte < kinds.length; byte += 1) {
    const character = byte < 0x80 ? String.fromCharCode(byte) : upper.charAt(byte - 0x80);
    kinds[byte] = tests.reduce((all, [kind, pattern]) => (pattern.test(character) ? all | kind : all), 0);
  }
  return kinds;
}

/**
 * How well a code page makes words of the upper half: letters where letters belong, in the case of their
 * neighbours, not all kinds at once.
 */
function scoreOf(bytes: Uint8Array, upper: string): number {
  const kinds = kindsOf(upper);
  // Outside the text there is as good as a space.
  const kindAt = (at: number): number => kinds[bytes[at] ?? 0x20] ?? 0;
  let score = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte < 0x80) continue;
    const repeated = byte === bytes[at - 1] && byte === bytes[at + 1];
    score += valueOf(kindAt(at), kindAt(at - 1), kindAt(at + 1), repeated);
  }
  return score;
}

function valueOf(one: number, before: number, after: number, repeated: boolean): number {
  if ((one & is.latin) !== 0 && (one & (is.upper | is.lower)) !== 0) return latinValue(one, before, after);
  if ((one & is.cyrillic) !== 0) {
    // A single one among Latin letters is a Latin letter misread.
    if (((before | after) & is.latin) !== 0) return -3;
    if ((one & is.upper) !== 0 && (before & is.lower) !== 0) return -3;
    if (repeated) return -3;
    return ((before | after) & is.cyrillic) === 0 ? -1 : 2;
  }
  if ((one & is.box) !== 0) return ((before | after) & is.box) === 0 ? -2 : 1;
  if ((one & is.control) !== 0) return -6;
  if ((one & is.lowQuote) !== 0) return (before & is.gap) === 0 ? -2 : 2;
  // Marks and signs stand apart from words: within one they are a letter misread.
  if ((before & after & is.latin) !== 0) return (one & is.within) === 0 ? -3 : 1;
  return (one & is.sign) === 0 ? -1 : 2;
}

/** Western words have one letter of the upper half, seldom two, next to plain ones. */
function latinValue(one: number, before: number, after: number): number {
  const beside = (kind: number): number =>
    ((before & kind) === kind ? 1 : 0) + ((after & kind) === kind ? 1 : 0);
  const plain = beside(is.plain);
  const special = beside(is.special | is.latin);
  if (special === 2) return -3;
  if ((one & is.upper) !== 0 && (before & is.lower) !== 0) return -3;
  if ((one & is.lower) !== 0 && (before & after & is.upper) !== 0) return -2;
  return plain === 0 ? (special === 0 && (one & is.lower) !== 0 ? 0 : -1) : plain + 1 - special;
}
