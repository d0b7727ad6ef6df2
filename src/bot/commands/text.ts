// Words of a typed line, with their positions. What chat clients do to quotes, dashes and spaces is repaired,
// outside quotes only, and the repair is reported; what could make shown text differ from run text is
// refused. Prose (reasons) never runs, so it may hold what people write.
import { joiningAt } from '../../liveResponse/text/joiners.ts';
import { hiddenCharacter, isHidden } from '../../liveResponse/text/visible.ts';

/** Longer texts are refused before anything looks at them. UTF-16 units, as `String.length` counts. */
export const maxText = 4000;

/** A maximal run of text without spaces outside quotes. Positions are those of the repaired line. */
export interface Word {
  readonly start: number;
  readonly end: number;
  /** As it is in the line, quotes included. */
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
  const reader = new WordReader(text, to);
  for (let at = from; at < to;) {
    const next = reader.take(at);
    if (typeof next !== 'number') return next;
    at = next;
  }
  return reader.end();
}

/** The line as far as it has been read, repaired, and the words in it. */
class WordReader {
  readonly #text: string;
  readonly #to: number;
  readonly #repairs = new Set<string>();
  readonly #words: Word[] = [];
  #out = '';
  #wordStart = -1;
  /** The quoted region that began the current word, if one did. */
  #region: readonly [number, number] | undefined;
  // Once no closing single quote was found, there is none further right either.
  #singleCloserAhead = true;

  constructor(text: string, to: number) {
    this.#text = text;
    this.#to = to;
  }

  /** Reads what begins at a place of the text. Answers where to read on. */
  take(at: number): number | TextProblem {
    const character = this.#text.charAt(at);
    if (isSpace(character)) {
      if (character !== ' ') this.#repairs.add(spaceName(character));
      return this.#between(' ', at);
    }
    // A line break stays, so that the problem can point at it; only prose may hold one.
    if (isBreak(character)) return this.#between(character, at);
    const curly = doubles.includes(character) && mayOpen(this.#out);
    if (character === '"' || curly) return this.#doubleQuoted(at, curly);
    return this.#singleQuoted(character, at) ?? this.#plain(character, at);
  }

  end(): Line {
    this.#endWord();
    return { text: this.#out, words: this.#words, repaired: [...this.#repairs] };
  }

  #endWord(): void {
    if (this.#wordStart < 0) return;
    const [start, end] = [this.#wordStart, this.#out.length];
    const raw = this.#out.slice(start);
    const quoted = this.#region !== undefined && this.#region[0] === start && this.#region[1] === end;
    this.#words.push({ start, end, raw, value: quoted ? raw.slice(1, -1) : raw, quoted });
    this.#wordStart = -1;
    this.#region = undefined;
  }

  #between(character: string, at: number): number {
    this.#endWord();
    this.#out += character;
    return at + 1;
  }

  #doubleQuoted(at: number, curly: boolean): number | TextProblem {
    const text = this.#text;
    const close = curly ? indexOfAny(text, `"${doubles}`, at + 1, this.#to) : text.indexOf('"', at + 1);
    if (close >= 0 && close < this.#to) return this.#quote('"', at, close);
    const spot = { line: this.#out + text.slice(at, this.#to), at: this.#out.length, length: 1 };
    return { problem: 'unclosedQuote', spot };
  }

  #singleQuoted(character: string, at: number): number | undefined {
    if (!singles.includes(character) || !this.#singleCloserAhead || !mayOpen(this.#out)) return undefined;
    const close = closingSingle(this.#text, at + 1, this.#to);
    if (close >= 0) return this.#quote("'", at, close);
    this.#singleCloserAhead = false;
    return undefined;
  }

  #quote(mark: string, open: number, close: number): number {
    const text = this.#text;
    const start = this.#out.length;
    if (this.#wordStart < 0) this.#wordStart = start;
    for (const one of [text.charAt(open), text.charAt(close)])
      if (one !== mark) this.#repairs.add(`${one} to ${mark}`);
    this.#out += mark + text.slice(open + 1, close) + mark;
    this.#region ??= [start, this.#out.length];
    return close + 1;
  }

  #plain(character: string, at: number): number {
    let kept = character;
    if (this.#wordStart < 0) {
      this.#wordStart = this.#out.length;
      if (character === emDash || character === enDash || character === bar) {
        kept = character === emDash || isReasonOption(this.#text.slice(at + 1, at + 8)) ? '--' : '-';
        this.#repairs.add(`${character} to ${kept}`);
      }
    }
    this.#out += kept;
    return at + 1;
  }
}

/**
 * A curly or single quote acts as a quote only where a quotation can begin; elsewhere it is an apostrophe or
 * part of a name.
 */
function mayOpen(before: string): boolean {
  return before === '' || ' =:,('.includes(before.charAt(before.length - 1));
}

/**
 * A single quote closes only at the end of a word, so that `don't` and PowerShell's doubled quotes stay
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

/** The prose as it is kept, or where the character is for which it is refused. */
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
