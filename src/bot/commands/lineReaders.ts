// Small readers over a line's words, shared by all forms of the language: hosts, what is left over, the rest as prose,
// and suggestions for a misspelt word.
import type { CommandForm } from './forms.ts';
import type { GrammarProblem } from './grammarProblem.ts';
import type { Line, Spot, Word } from './text.ts';

/** What a problem shows of the form that was meant. */
export type FormText = Pick<CommandForm, 'usage' | 'example'>;

export function isProblem(value: unknown): value is GrammarProblem {
  return typeof value === 'object' && value !== null && 'problem' in value;
}

export function spotOf(line: Line, word: Word): Spot {
  return { line: line.text, at: word.start, length: word.end - word.start };
}

/** The word at an index, or the gap after the last word when there is none. */
export function spotAt(line: Line, index: number): Spot {
  const word = line.words[index];
  if (word !== undefined) return spotOf(line, word);
  const at = (line.words.at(-1)?.end ?? line.text.length) + 1;
  return { line: line.text.padEnd(at + 1), at, length: 1 };
}

export function missing(line: Line, what: string, form: FormText, at = line.words.length): GrammarProblem {
  return { problem: 'missing', what, usage: form.usage, example: form.example, spot: spotAt(line, at) };
}

/** A problem when there is a word at `index` or later. */
export function leftOver(line: Line, index: number, example: string): GrammarProblem | undefined {
  const word = line.words[index];
  return word === undefined
    ? undefined
    : { problem: 'leftOver', word: word.raw, example, spot: spotOf(line, word) };
}

/** The exact text from a word to the end of the line's words, or undefined when there is none. */
export function restFrom(line: Line, index: number): string | undefined {
  const from = line.words[index];
  const last = line.words.at(-1);
  return from === undefined || last === undefined ? undefined : line.text.slice(from.start, last.end);
}

/** The rest as prose: a reason or an explanation, without the quotes around the whole of it. */
export function proseFrom(line: Line, index: number): string | undefined {
  const first = line.words[index];
  const alone = first !== undefined && first.quoted && line.words.length === index + 1;
  const text = alone ? first.value.trim() : restFrom(line, index);
  return text === '' ? undefined : text;
}

const host = /^[a-z0-9_](?:[a-z0-9._-]*[a-z0-9_])?$/;

/** DNS allows 253 characters; Defender's own field holds 255. */
const maxHost = 255;

/** What ends a sentence and never ends a host name or an id. */
export const trailing = /[.,;:!?\u2026\u3002\uFF0C\uFF01\uFF1F\uFF1B\uFF1A]+$/;

/** A host name or device id, lower-cased. */
export function readHost(line: Line, index: number, form: FormText): string | GrammarProblem {
  const word = line.words[index];
  if (word === undefined) return missing(line, 'the host', form);
  // The dot of a fully qualified name, or what ends a sentence: no host name ends so.
  const name = word.value.toLowerCase().replace(trailing, '');
  if (name.length <= maxHost && host.test(name) && !name.includes('..')) return name;
  return { problem: 'badHost', word: word.raw, example: form.example, spot: spotOf(line, word) };
}

/** The same line, cut after some words. */
export function cut(line: Line, words: readonly Word[]): Line {
  return { ...line, words };
}

const longest = 40;

/** Known words within a small edit distance of `word`, nearest first, three at most. */
export function nearest(word: string, known: Iterable<string>): readonly string[] {
  const wanted = word.toLowerCase();
  if (wanted === '' || wanted.length > longest) return [];
  const bound = wanted.length <= 3 ? 1 : wanted.length >= 12 ? 3 : 2;
  return [...known]
    .map((candidate) => ({ candidate, away: distance(wanted, candidate.toLowerCase(), bound) }))
    .filter(({ away }) => away <= bound)
    .sort((a, b) => a.away - b.away || (a.candidate < b.candidate ? -1 : 1))
    .slice(0, 3)
    .map(({ candidate }) => candidate);
}

/**
 * Edits (insert, delete, replace, swap neighbours) from `a` to `b`; anything above `bound` may come out as
 * `bound + 1`.
 */
function distance(a: string, b: string, bound: number): number {
  if (Math.abs(a.length - b.length) > bound) return bound + 1;
  let before: readonly number[] = [];
  let above: readonly number[] = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const same = a.charAt(row - 1) === b.charAt(column - 1);
      const swapped =
        row > 1 &&
        column > 1 &&
        a.charAt(row - 1) === b.charAt(column - 2) &&
        a.charAt(row - 2) === b.charAt(column - 1);
      current.push(
        Math.min(
          (above[column] ?? 0) + 1,
          (current[column - 1] ?? 0) + 1,
          (above[column - 1] ?? 0) + (same ? 0 : 1),
          swapped ? (before[column - 2] ?? 0) + 1 : bound + 1,
        ),
      );
    }
    before = above;
    above = current;
  }
  return above[b.length] ?? bound + 1;
}
