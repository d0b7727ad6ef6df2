// Small readers over a line's words, shared by all forms of the language: hosts, what is left over, the reason at the end.
import type { CommandForm } from './forms.ts';
import type { GrammarProblem } from './grammarProblem.ts';
import { maxReason } from './grammarProblem.ts';
import type { Line, Spot, Word } from './text.ts';

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

export function missing(line: Line, what: string, form: CommandForm, at = line.words.length): GrammarProblem {
  return { problem: 'missing', what, usage: form.usage, example: form.example, spot: spotAt(line, at) };
}

/** A problem when a word stands at `index` or later. */
export function leftOver(line: Line, index: number, example: string): GrammarProblem | undefined {
  const word = line.words[index];
  return word === undefined ? undefined : { problem: 'leftOver', word: word.raw, example, spot: spotOf(line, word) };
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

/** A host name or device id, lower-cased. */
export function readHost(line: Line, index: number, form: CommandForm): string | GrammarProblem {
  const word = line.words[index];
  if (word === undefined) return missing(line, 'the host', form);
  const name = word.value.toLowerCase();
  if (name.length <= maxHost && host.test(name) && !name.includes('..')) return name;
  return { problem: 'badHost', word: word.raw, example: form.example, spot: spotOf(line, word) };
}

/** The same line, cut after some words. */
export function cut(line: Line, words: readonly Word[]): Line {
  return { ...line, words };
}

const option = '--reason';
const apart = '--separate';

/** The end of a line that asks for a session: `--reason "..."`, and `--separate` before or after it. Inside quotes neither is ours. */
export function splitEnd(whole: Line, example: string): { readonly line: Line; readonly reason?: string; readonly separate?: boolean } | GrammarProblem {
  const reasonAt = whole.words.findIndex((word, index) => index > 0 && word.raw.toLowerCase() === option);
  const ends = new Set([whole.words.length - 1, reasonAt - 1]);
  const at = whole.words.findIndex((word, index) => index > 1 && ends.has(index) && word.raw.toLowerCase() === apart);
  if (at < 0) return splitReason(whole, example);
  const split = splitReason(cut(whole, whole.words.filter((_, index) => index !== at)), example);
  if (isProblem(split)) return split;
  // Why it is asked for twice is what its approver has to know.
  return split.reason === undefined ? { problem: 'reason', why: 'separate', example: `${example} --reason "second try after the reboot" --separate`, spot: spotAt(whole, at) } : { ...split, separate: true };
}

/** Takes `--reason "..."` or `--reason text` off the end of a line. Inside quotes it is not ours. */
export function splitReason(line: Line, example: string): { readonly line: Line; readonly reason?: string } | GrammarProblem {
  const found = line.words.findIndex((word, index) => index > 0 && word.raw.toLowerCase() === option);
  const problem = (why: 'empty' | 'twice' | 'notLast' | 'tooLong' | 'form', index: number): GrammarProblem => ({
    problem: 'reason',
    why,
    example: `${example} --reason "suspicious process"`,
    spot: spotAt(line, index),
  });
  // A script would silently be handed what was meant as the reason.
  const joined = line.words.findIndex((word, index) => index > 0 && word.raw.toLowerCase().startsWith(`${option}=`));
  if (joined >= 0 && (found < 0 || joined < found)) return problem('form', joined);
  if (found < 0) return { line };
  const again = line.words.findIndex((word, index) => index > found && word.raw.toLowerCase() === option);
  if (again >= 0) return problem('twice', again);
  const first = line.words[found + 1];
  if (first === undefined) return problem('empty', found + 1);
  if (first.quoted && line.words.length > found + 2) return problem('notLast', found + 2);
  const reason = proseFrom(line, found + 1);
  if (reason === undefined) return problem('empty', found + 1);
  if (reason.length > maxReason) return problem('tooLong', found + 1);
  return { line: cut(line, line.words.slice(0, found)), reason };
}
