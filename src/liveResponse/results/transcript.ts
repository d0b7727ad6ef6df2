// Reader of the transcript that Defender keeps of a RunScript: JSON as documented, broken JSON as in the
// documentation's own sample, and whatever else may come. Three tries, each linear: strict JSON, JSON with
// its strings repaired, the text as it is. Nothing is ever thrown away unseen.
import { field, parseJson } from '../text/json.ts';
import { textOfUnits } from '../text/units.ts';
import { formatOf } from './collectedFile.ts';
import type { NotText } from './resultFacts.ts';
import { decodeText } from './encoding.ts';
import type { Decoded } from './encoding.ts';

/**
 * `mended`: the JSON was broken inside a string, and repaired. `cut`: it ended inside a value. `notJson`:
 * shown as plain text. `binary`: not text; there is nothing to show. `empty`: the script wrote nothing at
 * all, or, where it is `raw`, the file holds no text.
 */
export type TranscriptNote = 'mended' | 'cut' | 'notJson' | 'binary' | 'empty';

/**
 * Texts have NULs removed, line ends as `\n`, and no trailing white space; they are otherwise hostile as they
 * came.
 */
export interface Transcript {
  readonly scriptName?: string;
  readonly exitCode?: number;
  /** What the script wrote, without the line PowerShell puts before it. */
  readonly output: string;
  readonly errors: string;
  /** The line "Transcript started, output file is …", which Windows devices send and bash scripts do not. */
  readonly firstLine?: string;
  /** `output` is the file's own text, not a field of it. */
  readonly raw?: boolean;
  readonly note?: TranscriptNote;
  /** How its letters were read, where that is not plain UTF-8. */
  readonly letters?: Omit<Decoded, 'text'>;
}

/**
 * What we are willing to look at, in bytes; more is ignored and noted as `cut`. Our own limit: the documents
 * name none. It is read in one go, and nothing else is answered meanwhile: the worst text of this length
 * takes some 30 ms.
 */
export const maxTranscriptBytes = 2 * 1024 * 1024;

/** A transcript is one flat object. */
const maxDepth = 8;

/** It has six; errors may be objects with some of their own. More are read as the text they are. */
const maxNames = 1_000;

/**
 * Reads any bytes as a transcript; never throws. `cut` tells that the file was longer than what was handed
 * in.
 */
export function readTranscript(bytes: Uint8Array, cut = false): Transcript {
  const taken = bytes.subarray(0, maxTranscriptBytes);
  const short = cut || taken.length < bytes.length;
  if (isArchive(taken) || isKnownBinary(taken)) return noText;
  const { text: decoded, ...letters } = decodeText(taken, short);
  // What is read as a code page can be read as one whatever it is: the control characters tell what is no
  // text.
  if (
    letters.encoding !== undefined &&
    letters.encoding !== 'UTF-16' &&
    letters.encoding !== 'UTF-32' &&
    !fewControls(taken)
  )
    return noText;
  // Raw NULs are padding.
  const read = readText(decoded.replaceAll('\u0000', ''), short);
  return read === noText || Object.keys(letters).length === 0 ? read : { ...read, letters };
}

/**
 * What may be around a text and is not part of it: byte order marks, the end-of-file mark of DOS, half a
 * letter at the end.
 */
const around: ReadonlySet<string> = new Set([' ', '\t', '\r', '\n', '\ufeff', '\u001a', '\ufffd']);

/** By steps: a pattern for the end would look at each long run of spaces again from each of its places. */
function withoutAround(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && around.has(text.charAt(from))) from += 1;
  while (to > from && around.has(text.charAt(to - 1))) to -= 1;
  return text.slice(from, to);
}

function readText(whole: string, short: boolean): Transcript {
  const text = withoutAround(whole);
  const strict = asTranscript(parseJson(text, maxDepth, maxNames)?.value);
  if (strict !== undefined) return short ? { ...strict, note: 'cut' } : strict;
  if (text.trimStart().startsWith('{')) {
    const repaired = repair(text);
    const mended =
      repaired === undefined ? undefined : asTranscript(parseJson(repaired.json, maxDepth, maxNames)?.value);
    if (mended !== undefined) return { ...mended, note: repaired?.open === true || short ? 'cut' : 'mended' };
  }
  const plain = clean(whole);
  if (plain === '') return { output: '', errors: '', raw: true, note: 'empty' };
  if (!isText(plain)) return noText;
  return { ...split(plain), errors: '', raw: true, note: short ? 'cut' : 'notJson' };
}

const noText: Transcript = { output: '', errors: '', raw: true, note: 'binary' };

/**
 * What lies where a transcript should, when it tells nothing of what the script printed. @param size the
 * server's word, where it gave one
 */
export function notTextOf(
  bytes: Uint8Array,
  { output, errors, raw, note }: Transcript,
  size = bytes.length,
): NotText | undefined {
  if (output !== '' || errors !== '') return undefined;
  if (note === 'binary') return { kind: formatOf(bytes), bytes: size };
  if (note === 'cut') return { kind: 'cut', bytes: size };
  return raw === true ? { kind: bytes.length === 0 ? 'empty' : 'blank', bytes: size } : undefined;
}

/** Looked at of a text that is no JSON. */
const sampled = 4096;

/**
 * Whether enough of it can be read: a few letters in an old encoding do no harm, a picture or a program does.
 */
function isText(text: string): boolean {
  const sample = text.slice(0, sampled);
  let odd = 0;
  for (let at = 0; at < sample.length; at += 1) {
    const code = sample.charCodeAt(at);
    if (code === 0xfffd || (code < 0x20 && code !== 0x09 && code !== 0x0a && code !== 0x0c && code !== 0x1b))
      odd += 1;
  }
  return odd * 10 < sample.length * 3;
}

/** Of a hundred bytes at the beginning two at most; NULs are padding. */
function fewControls(bytes: Uint8Array): boolean {
  const sample = bytes.subarray(0, sampled);
  const odd = sample.filter(
    (byte) => byte !== 0 && (byte < 0x07 || (byte > 0x0d && byte < 0x20 && byte !== 0x1b) || byte === 0x7f),
  ).length;
  return odd * 50 <= sample.length;
}

/**
 * First bytes of files that no script prints: dumps, registry hives, event logs, databases, programs, packed
 * files.
 */
const binaryStarts: readonly string[] = [
  'ElfFile\0',
  'SQLite format 3\0',
  '\x7fELF',
  '\x89PNG',
  '%PDF-',
  'MSCF\0',
  'Rar!\x1a',
  '7z\xbc\xaf',
  '(\xb5/\xfd',
  '\xfd7zXZ\0',
  'BZh',
  '\xd0\xcf\x11\xe0',
  '\xca\xfe\xba\xbe',
  '\xcf\xfa\xed\xfe',
];
/** The same of letters alone: among their next bytes are NULs, as text has none. */
const letterStarts: readonly string[] = ['MZ', 'MDMP', 'PAGE', 'regf', 'GIF8'];
const looked = 512;

function isKnownBinary(bytes: Uint8Array): boolean {
  const head = String.fromCharCode(...bytes.subarray(0, looked));
  if (
    binaryStarts.some((start) => head.startsWith(start) && (start !== 'BZh' || /^BZh[1-9]1AY&SY/.test(head)))
  )
    return true;
  return (
    head.includes('\0') &&
    (letterStarts.some((start) => head.startsWith(start)) || head.startsWith('ustar', 257))
  );
}

function isArchive(bytes: Uint8Array): boolean {
  return (
    (bytes[0] === 0x1f && bytes[1] === 0x8b) ||
    (bytes[0] === 0x50 && bytes[1] === 0x4b && (bytes[2] ?? 9) < 9)
  );
}

/**
 * Both spellings: `script_name` and `script_errors` of the pages, `name` and `script_error` of the 2021
 * tables, in any letter case, also within a list, a `value` or a text.
 */
function asTranscript(found: unknown, depth = 0): Transcript | undefined {
  if (depth < maxWrapping && typeof found === 'string')
    return asTranscript(parseJson(withoutAround(found), maxDepth, maxNames)?.value, depth + 1);
  if (depth < maxWrapping && Array.isArray(found) && found.length === 1)
    return asTranscript(found[0], depth + 1);
  if (typeof found !== 'object' || found === null || Array.isArray(found)) return undefined;
  const value = inPlainKeys(found);
  const name = field(value, 'scriptname') ?? field(value, 'name');
  const exit = field(value, 'exitcode');
  const told = field(value, 'scriptoutput');
  // Where the output should be there is something else, or nothing: then the text is shown as it is, and
  // an empty output is not reported.
  if (typeof told === 'object' && told !== null && !Array.isArray(told)) return undefined;
  const output = asText(told);
  const errors = asErrors(field(value, 'scripterrors')) || asErrors(field(value, 'scripterror'));
  const known = ['scriptoutput', 'scripterrors', 'scripterror'];
  if (!known.some((key) => field(value, key) !== undefined))
    return depth < maxWrapping ? asTranscript(field(value, 'value'), depth + 1) : undefined;
  const exitCode = exitCodeOf(exit);
  // An exit code that nobody can read may be one of failure: then it is shown among the errors, or the script
  // would seem to have succeeded.
  const unread =
    exitCode !== undefined || exit === undefined || exit === null || exit === ''
      ? ''
      : `exit_code: ${asErrors(exit)}`;
  const shown = {
    ...split(clean(output)),
    errors: clean([errors, unread].filter((part) => part !== '').join('\n')),
  };
  return {
    ...(typeof name === 'string' && name !== '' ? { scriptName: name } : {}),
    ...(exitCode === undefined ? {} : { exitCode }),
    ...shown,
    ...(shown.output === '' && shown.errors === '' ? { note: 'empty' as const } : {}),
  };
}

/** How often a transcript may be wrapped in something else. */
const maxWrapping = 2;

/** Names of fields without their letter case and underscores; of two that are one then, the first. */
function inPlainKeys(value: object): Readonly<Record<string, unknown>> {
  const plain: [string, unknown][] = Object.entries(value).map(([key, one]: [string, unknown]) => [
    key.toLowerCase().replaceAll('_', ''),
    one,
  ]);
  return Object.fromEntries(plain.reverse());
}

/** Decimal or hex, a number or a text. */
function exitCodeOf(exit: unknown): number | undefined {
  if (typeof exit === 'number') return exit;
  const text = typeof exit === 'string' ? exit.trim() : '';
  return /^[-+]?\d{1,10}$/.test(text) || /^0x[0-9a-f]{1,8}$/i.test(text) ? Number(text) : undefined;
}

/**
 * As a text; what is none is shown as the JSON it is, because an error that is left out makes a script look
 * well.
 */
function asErrors(value: unknown): string {
  if (typeof value !== 'object' || value === null) return asText(value);
  if (Array.isArray(value))
    return value
      .map((one: unknown) => asErrors(one))
      .filter((one) => one !== '')
      .join('\n');
  return Object.keys(value).length === 0 ? '' : JSON.stringify(value);
}

/** A string, or several as lines; numbers and booleans as written. Anything else says nothing. */
function asText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (Array.isArray(value))
    return value.map((one: unknown) => (typeof one === 'string' ? one : '')).join('\n');
  return '';
}

function clean(text: string): string {
  return withLineFeeds(text.replaceAll('\u0000', '')).trimEnd();
}

/** Every line end made LF, in one pass: to replace each by itself takes ten times as long where they are many. */
function withLineFeeds(text: string): string {
  if (!text.includes('\r')) return text;
  const units = new Uint16Array(text.length);
  let length = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 0x0d && text.charCodeAt(at + 1) === 0x0a) continue;
    units[length] = code === 0x0d ? 0x0a : code;
    length += 1;
  }
  return textOfUnits(units.subarray(0, length));
}

const started = 'Transcript started, output file is ';
const file = 'PSScript_Transcript_';

/**
 * Parts PowerShell's own first line from the output; also where another language words it, by the file it
 * names.
 */
function split(text: string): { readonly output: string; readonly firstLine?: string } {
  const end = text.indexOf('\n');
  const line = end < 0 ? text : text.slice(0, end);
  const named = line.slice(0, 600).indexOf(file);
  if (!line.startsWith(started) && named < 0) return { output: text };
  const rest = end < 0 ? '' : text.slice(end + 1);
  // Should the line break be missing, what follows the file's name is the script's and must be seen.
  const stop = named < 0 ? -1 : line.indexOf('.txt', named);
  const tail = stop < 0 ? '' : line.slice(stop + 4).trim();
  if (tail === '') return { output: rest, firstLine: line };
  return { output: rest === '' ? tail : `${tail}\n${rest}`, firstLine: line.slice(0, stop + 4) };
}

/**
 * Repairs what breaks strings of JSON: raw control characters (the documents' own sample holds a line break)
 * and backslashes that escape nothing. An end inside a string or object is closed; `open` tells so. One pass;
 * undefined for what is broken in so many places that it is no JSON.
 */
function repair(text: string): { readonly json: string; readonly open: boolean } | undefined {
  const parts: string[] = [];
  let from = 0;
  let inString = false;
  let depth = 0;
  for (let i = 0; i < text.length; i += 1) {
    if (parts.length > mostMended) return undefined;
    const code = text.charCodeAt(i);
    if (!inString) {
      if (code === 0x22) inString = true;
      else if (code === 0x7b) depth += 1;
      else if (code === 0x7d) depth -= 1;
    } else if (code === 0x22) {
      inString = false;
    } else if (code === 0x5c) {
      const step = escapeLength(text, i);
      if (step === 0) {
        parts.push(text.slice(from, i), '\\\\');
        from = i + 1;
      } else {
        i += step - 1;
      }
    } else if (code < 0x20) {
      parts.push(text.slice(from, i), `\\u${code.toString(16).padStart(4, '0')}`);
      from = i + 1;
    }
  }
  parts.push(text.slice(from));
  if (inString) parts.push('"');
  const open = depth > 0;
  if (open) parts.push('}'.repeat(Math.min(depth, maxDepth)));
  return { json: parts.join(''), open };
}

/** Parts of a repaired text, two for each repair: a transcript of short lines at its full length has some 100,000. */
const mostMended = 400_000;

/** Length of the valid escape at `i`, 0 when the backslash there escapes nothing. */
function escapeLength(text: string, i: number): number {
  const next = text[i + 1];
  if (next === undefined) return 0;
  if (next === 'u') return /^[0-9a-fA-F]{4}$/.test(text.slice(i + 2, i + 6)) ? 6 : 0;
  return '"\\/bfnrt'.includes(next) ? 2 : 0;
}
