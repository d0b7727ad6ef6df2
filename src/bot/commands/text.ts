// Reads one typed line into words with their positions. Repairs what chat clients do to quotes, dashes and spaces,
// outside quotes only, and says what it repaired; what could make shown text differ from run text is refused. Prose
// (reasons) never runs, so it may hold what people write.
import { joiningAt } from '../../liveResponse/text/joiners.ts';
import { hiddenCharacter, isHidden } from '../../liveResponse/text/visible.ts';

/** Longer texts are refused before anything looks at them. UTF-16 units, as `String.length` counts. */
export const maxText = 4000;

/** A maximal run of text without spaces outside quotes. Positions are those of the repaired line. */
export interface Word {
  readonly start: number;
  readonly end: number;
  /** As it stands in the line, quotes included. */
  readonly raw: string;
  /** Without the quotes when they enclose the whole word. */
  readonly value: string;
  readonly quoted: boolean;
}

export interface Line {
  readonly text: string;
  readonly words: readonly Word[];
  /** What was changed, in words, each kind once: `— to --`. */
  readonly repaired: readonly string[];
}

/** The part of a line that a problem points at. */
export interface Spot {
  readonly line: string;
  readonly at: number;
  readonly length: number;
}

export type TextProblem =
  | { readonly problem: 'tooLong'; readonly characters: number }
  | { readonly problem: 'hidden'; readonly found: string; readonly spot: Spot }
  | { readonly problem: 'unclosedQuote'; readonly spot: Spot };

const doubles = '\u201C\u201D\u201E\u201F';
const singles = "'\u2018\u2019\u201A\u201B";
const emDash = '\u2014';
const enDash = '\u2013';
const bar = '\u2015';

/** Unicode's space separators, and the tab. */
function isSpace(character: string): boolean {
  const point = character.charCodeAt(0);
  return (
    point === 0x20 ||
    point === 0x09 ||
    point === 0xa0 ||
    point === 0x1680 ||
    (point >= 0x2000 && point <= 0x200a) ||
    point === 0x202f ||
    point === 0x205f ||
    point === 0x3000
  );
}

function spaceName(character: string): string {
  if (character === '\t') return 'a tab to a space';
  return character === '\u00A0' || character === '\u202F'
    ? 'a no-break space to a space'
    : 'a wide or narrow space to a space';
}

function isBreak(character: string): boolean {
  return character === '\n' || character === '\r';
}

/**
 * Ends of a line are trimmed of spaces and line breaks; nothing else, so that hidden characters there are
 * still seen.
 */
function bounds(text: string): readonly [number, number] {
  const bare = (index: number): boolean => {
    const character = text.charAt(index);
    return isSpace(character) || isBreak(character);
  };
  let from = 0;
  let to = text.length;
  while (from < to && bare(from)) from += 1;
  while (to > from && bare(to - 1)) to -= 1;
  return [from, to];
}

/** The line as words, or why it cannot be read. The time it takes grows with the length of the text alone. */
export function readLine(text: string): Line | TextProblem {
  if (text.length > maxText) return { problem: 'tooLong', characters: text.length };
  const line = readWords(text);
  if ('problem' in line) return line;
  const start = proseStart(line.words);
  const first = line.words[start];
  const head = first === undefined ? line.text : line.text.slice(0, line.words[start - 1]?.end ?? 0);
  const hidden = findHidden(line.text, head.length);
  if (hidden !== undefined || first === undefined) return hidden ?? line;
  const prose = tameProse(line.text.slice(first.start));
  if ('hidden' in prose) return findHidden(line.text, line.text.length, first.start + prose.hidden) ?? line;
  const gap = line.text.slice(head.length, first.start);
  const straight = gap.replace(/[\r\n]+/g, ' ');
  const repaired = [
    ...line.repaired,
    ...(straight === gap ? [] : ['a line break to a space']),
    ...prose.repaired,
  ];
  if (repaired.length === line.repaired.length) return line;
  // Once more, because a character that was left out may have parted a dash from its word.
  const again = readWords(head + straight + prose.text);
  return 'problem' in again ? again : { ...again, repaired: [...new Set([...repaired, ...again.repaired])] };
}

/** One pass over the text. */
function readWords(text: string): Line | TextProblem {
  const [from, to] = bounds(text);
  const repairs = new Set<string>();
  const words: Word[] = [];
  let out = '';
  let wordStart = -1;
  /** The quoted region that began the current word, if one did. */
  let region: readonly [number, number] | undefined;
  // Once no closing single quote was found, none stands further right either.
  let singleCloserAhead = true;

  const endWord = (): void => {
    if (wordStart < 0) return;
    const raw = out.slice(wordStart);
    const quoted = region !== undefined && region[0] === wordStart && region[1] === out.length;
    words.push({ start: wordStart, end: out.length, raw, value: quoted ? raw.slice(1, -1) : raw, quoted });
    wordStart = -1;
    region = undefined;
  };
  const quote = (mark: string, open: number, close: number): void => {
    const start = out.length;
    if (wordStart < 0) wordStart = start;
    if (text.charAt(open) !== mark) repairs.add(`${text.charAt(open)} to ${mark}`);
    if (text.charAt(close) !== mark) repairs.add(`${text.charAt(close)} to ${mark}`);
    out += mark + text.slice(open + 1, close) + mark;
    region ??= [start, out.length];
  };

  let at = from;
  while (at < to) {
    const character = text.charAt(at);
    if (isSpace(character)) {
      endWord();
      if (character !== ' ') repairs.add(spaceName(character));
      out += ' ';
      at += 1;
      continue;
    }
    if (isBreak(character)) {
      // It stays, for the reader to be shown where it stands; only in prose it is taken.
      endWord();
      out += character;
      at += 1;
      continue;
    }
    const curly = doubles.includes(character) && mayOpen(out);
    if (character === '"' || curly) {
      const close = curly ? indexOfAny(text, `"${doubles}`, at + 1, to) : text.indexOf('"', at + 1);
      if (close < 0 || close >= to)
        return {
          problem: 'unclosedQuote',
          spot: { line: out + text.slice(at, to), at: out.length, length: 1 },
        };
      quote('"', at, close);
      at = close + 1;
      continue;
    }
    if (singles.includes(character) && singleCloserAhead && mayOpen(out)) {
      const close = closingSingle(text, at + 1, to);
      if (close >= 0) {
        quote("'", at, close);
        at = close + 1;
        continue;
      }
      singleCloserAhead = false;
    }
    if (wordStart < 0) {
      wordStart = out.length;
      if (character === emDash || character === enDash || character === bar) {
        const straight = character === emDash || isReasonOption(text.slice(at + 1, at + 8)) ? '--' : '-';
        repairs.add(`${character} to ${straight}`);
        out += straight;
        at += 1;
        continue;
      }
    }
    out += character;
    at += 1;
  }
  endWord();
  return { text: out, words, repaired: [...repairs] };
}

/**
 * A curly or single quote acts as a quote only where a quotation can begin; elsewhere it is an apostrophe or
 * part of a name.
 */
function mayOpen(before: string): boolean {
  return before === '' || ' =:,('.includes(before.charAt(before.length - 1));
}

/**
 * A closing single quote stands at the end of a word, so that `don't` and PowerShell's doubled quotes stay
 * inside.
 */
function closingSingle(text: string, from: number, to: number): number {
  for (let at = from; at < to; at += 1) {
    if (!singles.includes(text.charAt(at))) continue;
    const next = text.charAt(at + 1);
    if (at + 1 === to || isSpace(next) || ',;)'.includes(next)) return at;
  }
  return -1;
}

function indexOfAny(text: string, wanted: string, from: number, to: number): number {
  for (let at = from; at < to; at += 1) if (wanted.includes(text.charAt(at))) return at;
  return -1;
}

/** The first hidden character between two places. */
function findHidden(line: string, to: number, from = 0): TextProblem | undefined {
  let at = from;
  for (const character of line.slice(from, to)) {
    const found = hiddenCharacter(character);
    if (found !== undefined)
      return { problem: 'hidden', found, spot: { line, at, length: character.length } };
    at += character.length;
  }
  return undefined;
}

export const reasonOption = '--reason';

/**
 * Whether a text, without its dashes, is the name of our option and nothing more: at the end of a line, or
 * before a space.
 */
export function isReasonOption(text: string): boolean {
  return /^reason(?:\s|$)/i.test(text);
}

/**
 * Index of the first word of prose, our option counted as its first; the number of words where there is none.
 */
export function proseStart(words: readonly { readonly raw: string }[]): number {
  const verb = words[0]?.raw.toLowerCase();
  if (verb === 'freeze') return 1;
  if (verb === 'deny' || verb === 'cancel') return 2;
  const option = words.findIndex((word, index) => index > 0 && word.raw.toLowerCase() === reasonOption);
  return option < 0 ? words.length : option;
}

const lineBreaks = /\r\n?|[\v\f\u0085\u2028\u2029]/g;
const oddSpaces = /[\t\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]/g;
/** Controls, bidirectional embeddings, overrides and isolates, half a pair. */
const deceiving =
  /[\u0000-\u0008\u000e-\u001f\u007f-\u0084\u0086-\u009f\u202a-\u202e\u2066-\u2069]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

/** The prose as it is kept, or where the character stands for which it is refused. */
export function tameProse(
  text: string,
): { readonly text: string; readonly repaired: readonly string[] } | { readonly hidden: number } {
  const bad = deceiving.exec(text);
  if (bad !== null) return { hidden: bad.index };
  const broken = text.replace(lineBreaks, '\n');
  const spaced = broken.replace(oddSpaces, ' ');
  const seen = withoutInvisible(spaced).trimStart();
  return {
    text: seen,
    repaired: [
      ...(spaced === text ? [] : ['odd spaces or line ends of the reason to plain ones']),
      ...(seen === spaced ? [] : ['characters of the reason that draw nothing, left out']),
    ],
  };
}

/** UTF-16 units on either side that tell whether a character joins anything: a flag has the most. */
const contextKept = 16;

function withoutInvisible(text: string): string {
  let out = '';
  for (let at = 0; at < text.length;) {
    const character = String.fromCodePoint(text.codePointAt(at) ?? 0);
    const hidden = character !== '\n' && isHidden(character.codePointAt(0) ?? 0);
    // Judged on what is kept, so that a second reading finds nothing more to leave out.
    const before = hidden ? out.slice(-contextKept) : '';
    const joining = hidden ? joiningAt(before + text.slice(at, at + contextKept), before.length) : 0;
    if (!hidden || joining > 0) out += text.slice(at, at + Math.max(joining, character.length));
    at += Math.max(joining, character.length);
  }
  return out;
}
