// The reason at the end of a line, and what people type in its place: a misspelt `--reason`, one dash, none
// at all. What might be meant for a script is never taken from it: then the line is refused with both ways to
// write it.
import type { GrammarProblem } from './grammarProblem.ts';
import { maxReason } from '../../liveResponse/verbs.ts';
import { cut, nearest, proseFrom, spotAt } from './lineReaders.ts';
import { reasonOption } from './text.ts';
import type { Line, Word } from './text.ts';

const name = 'reason';
/** Dashes of every width, or a slash, before a name, and what is joined to it by "=" or ":". */
const optionShape = /^([-\u2010-\u2015\u2212]{1,3}|\/)([a-z]{3,13})(?:[=:].*)?$/is;
/** A word of dashes alone: they belong to the one behind it. */
const dashesAlone = /^[-\u2010-\u2015\u2212]{1,3}$/;
/** Names that other tools give to the same. A script may have options of these names. */
const otherNames: ReadonlySet<string> = new Set([
  'because',
  'why',
  'cause',
  'comment',
  'justification',
  'justify',
  'message',
  'note',
  'ticket',
]);

/**
 * `script`: words of the line may be a script's own, so that only what is nearly certain counts. `path`: they
 * may be part of one.
 */
export type Zone = 'ours' | 'script' | 'path';

const apartName = 'separate';
const apart = `--${apartName}`;

/** The end of a line that asks for a session. */
export interface LineEnd {
  readonly reason?: string;
  readonly separate?: boolean;
}

export function endOf({ reason, separate }: LineEnd): LineEnd {
  return {
    ...(reason === undefined ? {} : { reason }),
    ...(separate === undefined ? {} : { separate }),
  };
}

/**
 * The end of a line that asks for a session: `--reason "..."`, and `--separate` before or after it. Inside
 * quotes neither is ours.
 */
export function splitEnd(
  whole: Line,
  given: string,
  zone: Zone = 'ours',
): ({ readonly line: Line } & LineEnd) | GrammarProblem {
  const example = withoutReason(given);
  const reasonAt = whole.words.findIndex(
    (word, index) => index > 0 && word.raw.toLowerCase() === reasonOption,
  );
  const ends = new Set([whole.words.length - 1, reasonAt - 1]);
  const at = whole.words.findIndex(
    (word, index) => index > 1 && ends.has(index) && word.raw.toLowerCase() === apart,
  );
  if (at < 0) {
    const near = whole.words.findIndex(
      (word, index) => index > 1 && ends.has(index) && isNearApart(word, zone, whole.words[index - 1]),
    );
    return near < 0 ? splitReason(whole, example, zone) : misspeltApart(whole, near, zone);
  }
  const split = splitReason(
    cut(
      whole,
      whole.words.filter((_, index) => index !== at),
    ),
    example,
    zone,
  );
  if ('problem' in split) return split;
  // Why it is asked for twice is what its approver has to know.
  return split.reason === undefined
    ? {
        problem: 'reason',
        why: 'separate',
        example: `${example} --reason "second try after the reboot" --separate`,
        spot: spotAt(whole, at),
      }
    : { ...split, separate: true };
}

/** An example that ends with a reason of its own would be wrong with another one. */
function withoutReason(example: string): string {
  const at = example.indexOf(` ${reasonOption} `);
  return at < 0 ? example : example.slice(0, at);
}

/** Takes `--reason "..."` or `--reason text` off the end of a line. Inside quotes it is not ours. */
export function splitReason(
  line: Line,
  example: string,
  zone: Zone = 'ours',
): { readonly line: Line; readonly reason?: string } | GrammarProblem {
  const found = line.words.findIndex((word, index) => index > 0 && word.raw.toLowerCase() === reasonOption);
  const problem = (why: 'empty' | 'twice' | 'notLast' | 'tooLong', index: number): GrammarProblem => ({
    problem: 'reason',
    why,
    example: `${example} --reason "suspicious process"`,
    spot: spotAt(line, index),
  });
  // Otherwise a script would silently get what was meant as the reason.
  const joined = line.words.findIndex((word, index) => index > 0 && joinedForm.test(word.raw));
  if (joined >= 0 && (found < 0 || joined < found)) return misspelt(line, joined, 'form', zone);
  if (found < 0) {
    const near = line.words.findIndex(
      (word, index) => index > (word.raw.startsWith('/') ? 2 : 1) && isNearOption(word, zone),
    );
    return near < 0 ? { line } : misspelt(line, near, 'misspelt', zone);
  }
  const again = line.words.findIndex(
    (word, index) => index > found && word.raw.toLowerCase() === reasonOption,
  );
  if (again >= 0) return problem('twice', again);
  const first = line.words[found + 1];
  if (first === undefined) return problem('empty', found + 1);
  if (first.quoted && line.words.length > found + 2) return problem('notLast', found + 2);
  const reason = proseFrom(line, found + 1);
  if (reason === undefined || placeholder.test(reason)) return problem('empty', found + 1);
  if (reason.length > maxReason) return problem('tooLong', found + 1);
  return { line: cut(line, line.words.slice(0, found)), reason };
}

/**
 * The dots of `--reason "..."`, as our own answers show the form: copied unchanged they would say nothing to the
 * approver.
 */
const placeholder = /^[.\u2026]+$/;

/** `--reason=why`, `--reason:why` */
const joinedForm = /^--reason(?:=|:.)/is;

/** `--seperate`, `-separate`, an en dash, and the bare word behind a quoted reason; never in quotes. */
function isNearApart(word: Word, zone: Zone, before: Word | undefined): boolean {
  if (word.quoted) return false;
  if (word.raw.toLowerCase() === apartName) return before?.quoted === true && zone === 'ours';
  const [, dashes = '', typed = ''] = optionShape.exec(word.raw) ?? [];
  if (dashes === '' || dashes === '/') return false;
  const lower = typed.toLowerCase();
  return zone === 'script'
    ? isOneSlip(lower, apartName) && (dashes !== '-' || lower === apartName)
    : nearest(lower, [apartName]).length > 0;
}

function misspeltApart({ text, words }: Line, at: number, zone: Zone): GrammarProblem {
  const word = words[at];
  const rest = [text.slice(0, words[at - 1]?.end ?? 0), text.slice(word?.end ?? text.length)].join('').trim();
  const why = words.some(({ raw }) => raw.toLowerCase() === reasonOption) ? '' : ' --reason "why again"';
  return {
    problem: 'reason',
    why: 'apart',
    example: `${rest}${why} ${apart}`,
    word: word?.raw ?? '',
    own: zone,
    spot: spotAt({ text, words, repaired: [] }, at),
  };
}

/** The line as it should be, where the word at `index` is meant as the option and the rest is the reason. */
export function misspelt(
  line: Line,
  index: number,
  why: 'form' | 'misspelt' | 'noDashes',
  zone: Zone,
): GrammarProblem {
  const word = line.words[index];
  return {
    problem: 'reason',
    why,
    example: withReason(line, index),
    word: word?.raw ?? '',
    own: zone,
    spot: spotAt(line, index),
  };
}

/** `put hosta a.exe beacon seen` to `put hosta a.exe --reason "beacon seen"`, from the word at `index` on. */
export function withReason(line: Line, index: number): string {
  const word = line.words[index];
  const start = line.text
    .slice(0, line.words[index - 1]?.end ?? 0)
    .replace(/\s[-\u2010-\u2015\u2212]{1,3}$/, '')
    .trimEnd();
  const named =
    word === undefined ||
    !(isNearOption(word, 'ours') || isBareReason(word) || word.raw.toLowerCase().startsWith(reasonOption));
  const joined = named ? undefined : /[=:](.+)$/s.exec(word.raw)?.[1];
  const rest = proseFrom(line, named ? index : index + 1) ?? '';
  const prose = [joined ?? '', rest]
    .join(' ')
    .replaceAll('"', '')
    .replace(/\s+/g, ' ')
    .replace(/^[-\u2010-\u2015 ]+/, '')
    .trim();
  return `${start} --reason "${prose === '' ? 'why' : prose}"`;
}

/** `-reason`, `--reson`, `/reason`, an em dash alone, `--Reason:`; never in quotes. */
export function isNearOption(word: Word, zone: Zone): boolean {
  const shape = word.quoted ? null : optionShape.exec(word.raw);
  const [, dashes = '', typed = ''] = shape ?? [];
  if (shape === null) return false;
  const lower = typed.toLowerCase();
  if (zone !== 'script')
    return dashes === '/'
      ? lower === name
      : nearest(lower, [name]).length > 0 || (dashes !== '-' && otherNames.has(lower));
  // `/reason` and `--region` are options of many a script; a single dash before the very word is most often
  // ours.
  if (lower === name) return dashes !== '/' && (dashes !== '--' || /[=:]/.test(word.raw));
  return dashes !== '/' && dashes !== '-' && isOneSlip(lower, name);
}

/** One letter too many, too few, another one, or two swapped. */
function isOneSlip(typed: string, wanted: string): boolean {
  if (Math.abs(typed.length - wanted.length) > 1) return false;
  for (let at = 0; at <= wanted.length; at += 1) {
    const [head, tail] = [wanted.slice(0, at), wanted.slice(at)];
    if (!typed.startsWith(head)) return false;
    const rest = typed.slice(at);
    if (
      rest.slice(1) === tail ||
      rest === tail.slice(1) ||
      (rest !== '' && rest.slice(1) === tail.slice(1)) ||
      (rest.length > 1 && rest.charAt(1) + rest.charAt(0) + rest.slice(2) === tail)
    )
      return true;
  }
  return false;
}

/** The word `reason` without its dashes, or `reason=why`. */
export function isBareReason(word: Word): boolean {
  return /^reason(?:[:=].*)?$/is.test(word.raw);
}

/**
 * Index, from `from` on, of a `reason` without dashes that something follows; undefined when there is none.
 * The value of a script's option is not meant.
 */
export function bareReason(line: Line, from: number, zone: Zone = 'ours'): number | undefined {
  const found = line.words.findIndex((word, index) => {
    if (index < from || !isBareReason(word) || (index === line.words.length - 1 && !/[:=]./s.test(word.raw)))
      return false;
    const before = line.words[index - 1]?.raw ?? '';
    return zone !== 'script' || dashesAlone.test(before) || !/^[-/]/.test(before);
  });
  return found < 0 ? undefined : found;
}
