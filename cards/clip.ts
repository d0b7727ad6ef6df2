// Text as cards show it. Hostile text becomes inert and short: cleaned, escaped for each chat, clipped without
// splitting an entity, a surrogate pair or a letter with its marks, all linear in what is read. Times are UTC from
// epoch milliseconds, durations words; no Date, so that it stays pure.
import { joiningAt } from '../src/liveResponse/text/joiners.ts';
import { isHidden, marksInARow } from '../src/liveResponse/text/visible.ts';

const tab = '    ';

function isMark(point: number): boolean {
  return (
    (point >= 0x0300 && point <= 0x036f) ||
    (point >= 0x0483 && point <= 0x0489) ||
    (point >= 0x0591 && point <= 0x05bd) ||
    (point >= 0x064b && point <= 0x065f) ||
    (point >= 0x0e31 &&
      point <= 0x0e4e &&
      point !== 0x0e32 &&
      point !== 0x0e33 &&
      (point < 0x0e3f || point > 0x0e46)) ||
    (point >= 0x1ab0 && point <= 0x1aff) ||
    (point >= 0x1dc0 && point <= 0x1dff) ||
    (point >= 0x20d0 && point <= 0x20ff) ||
    (point >= 0xfe20 && point <= 0xfe2f) ||
    (point >= 0x1f3fb && point <= 0x1f3ff)
  );
}

/** What joins the parts of an emoji, or the letters of a word. */
function isJoiner(point: number): boolean {
  return point === 0x200c || point === 0x200d;
}

/** What says how the character before it is drawn: the style of an emoji, the letters of a flag. */
function isTag(point: number): boolean {
  return point === 0xfe0f || (point >= 0xe0020 && point <= 0xe007f);
}

/** Invisible spaces of any width read as one space, so that words do not run together. */
function isSpace(point: number): boolean {
  return (
    point === 0xa0 ||
    (point >= 0x2000 && point <= 0x200a) ||
    point === 0x202f ||
    point === 0x205f ||
    point === 0x3000
  );
}

/** Longest string sequence (a title, a hyperlink) that is taken for one. */
const longestSequence = 2048;

/**
 * Index after a terminal escape sequence that begins at `at` (an ESC or a C1 introducer). `barren.until`: no
 * end of a string sequence lies before it.
 */
function afterEscape(text: string, at: number, barren: { until: number }): number {
  const first = text.charCodeAt(at);
  let kind = first;
  let next = at + 1;
  if (first === 0x1b) {
    const second = text.charCodeAt(next);
    if (Number.isNaN(second)) return next;
    // ESC [ is CSI, ESC ] OSC, ESC P DCS, ESC X SOS, ESC ^ PM, ESC _ APC: the C1 code is 0x40 above.
    kind = second + 0x40;
    if (second >= 0x20 && second <= 0x2f) {
      while (text.charCodeAt(next) >= 0x20 && text.charCodeAt(next) <= 0x2f) next += 1;
      return next + 1;
    }
    next += 1;
  }
  if (kind === 0x9b) {
    while (text.charCodeAt(next) >= 0x20 && text.charCodeAt(next) <= 0x3f) next += 1;
    const final = text.charCodeAt(next);
    return final >= 0x40 && final <= 0x7e ? next + 1 : next;
  }
  if (kind === 0x9d || kind === 0x90 || kind === 0x98 || kind === 0x9e || kind === 0x9f) {
    // A string sequence ends with BEL or ST. One that does not end within its line keeps its text: hiding it
    // would hide evidence. What one search found to hold no end is not searched again: a text full of
    // openings stays linear.
    if (next < barren.until) return next;
    const last = Math.min(text.length, next + longestSequence);
    for (let i = next; i < last; i += 1) {
      const code = text.charCodeAt(i);
      if (code === 0x07 || code === 0x9c) return i + 1;
      if (code === 0x1b && text.charCodeAt(i + 1) === 0x5c) return i + 2;
      barren.until = i;
      if (code === 0x0a || code === 0x0d) return next;
    }
    return next;
  }
  return next;
}

/**
 * Text that draws only what it says: terminal sequences, controls, bidirectional marks and zero-width
 * characters removed but for those that join the parts of an emoji or the letters of a word, line ends made
 * LF, tabs and odd spaces made plain ones, lone surrogates shown as U+FFFD.
 */
export function clean(text: string): string {
  const parts: string[] = [];
  let kept = 0;
  let marks = 0;
  const barren = { until: 0 };
  const cut = (from: number, to: number, instead: string): void => {
    if (from > kept) parts.push(text.slice(kept, from));
    if (instead !== '') parts.push(instead);
    kept = to;
  };
  for (let i = 0; i < text.length;) {
    const code = text.charCodeAt(i);
    if (code >= 0x20 && code < 0x7f) {
      marks = 0;
      i += 1;
      continue;
    }
    const point = text.codePointAt(i) ?? 0;
    const next = i + (point > 0xffff ? 2 : 1);
    if (isMark(point)) {
      marks += 1;
      if (marks > marksInARow) cut(i, next, '');
      i = next;
      continue;
    }
    marks = 0;
    if (code === 0x0a) {
      i = next;
    } else if (code === 0x0d) {
      // A lone CR would overwrite its line in a terminal; as a line end everything stays readable.
      const end = text.charCodeAt(next) === 0x0a ? next + 1 : next;
      cut(i, end, '\n');
      i = end;
    } else if (code === 0x09) {
      cut(i, next, tab);
      i = next;
    } else if (code === 0x1b || (code >= 0x90 && code <= 0x9f)) {
      const end = Math.max(next, Math.min(text.length, afterEscape(text, i, barren)));
      cut(i, end, '');
      i = end;
    } else if (code === 0x0b || code === 0x0c || code === 0x2028 || code === 0x2029 || code === 0x85) {
      cut(i, next, '\n');
      i = next;
    } else if (isSpace(point)) {
      cut(i, next, ' ');
      i = next;
    } else if (point >= 0xd800 && point <= 0xdfff) {
      cut(i, next, '\ufffd');
      i = next;
    } else {
      // The character that it joins must still be there.
      const joining = isHidden(point) && kept < i ? joiningAt(text, i) : 0;
      if (joining > 0) {
        i += joining;
        continue;
      }
      if (isHidden(point)) cut(i, next, '');
      i = next;
    }
  }
  if (kept === 0) return text;
  parts.push(text.slice(kept));
  return parts.join('');
}

/**
 * Cleaned, in one line, without spaces at its ends, of at most `max` characters. For names, reasons and
 * messages.
 */
export function oneLine(text: string, max: number): string {
  // Cleaning only ever shortens by much when there is much to remove; eight times the limit is plenty to
  // read.
  return clip(
    clean(text.slice(0, max * 8 + 64))
      .replace(/\s+/g, ' ')
      .trim(),
    max,
  );
}

/** The last `count` characters of an id, in one line, by which people can distinguish two of them. */
export function tailOf(id: string, count = 8): string {
  // What joined a character to the one before it is the first now, and joins nothing.
  return clean(
    Array.from(oneLine(id.slice(-400), 400))
      .slice(-count)
      .join(''),
  );
}

const plain = (character: string): string => character;

/**
 * The longest beginning of `text` whose escaped form has at most `max` characters (UTF-16 units, so never
 * more code points), with `…` where something was left out.
 */
export function clip(text: string, max: number, escape: (character: string) => string = plain): string {
  if (max <= 0) return '';
  // Most texts fit as they are.
  if (escape === plain && text.length <= max) return text;
  let made = '';
  let fitting = 0;
  let before = 0;
  for (const character of head(text, max)) {
    const point = character.codePointAt(0) ?? 0;
    // What joins is seen between two characters only: it would stay as one that nobody sees.
    if (!isMark(point) && !isTag(point) && !isJoiner(before) && made.length <= max - 1) fitting = made.length;
    before = point;
    made += escape(character);
    if (made.length > max) return `${made.slice(0, fitting)}…`;
  }
  return made;
}

/** No more than what could matter to a limit of `max`, without ending in half a pair. */
function head(text: string, max: number): string {
  return text.length > max + 2 ? text.slice(0, max + 2) : text;
}

/**
 * The three characters Slack decodes in mrkdwn and top-level text
 * (docs.slack.dev/messaging/formatting-message-text).
 */
export function slackCharacter(character: string): string {
  return character === '&' ? '&amp;' : character === '<' ? '&lt;' : character === '>' ? '&gt;' : character;
}

/** Text for mrkdwn and the top-level `text` of Slack: mentions and links in it stay letters. */
export function slackText(text: string, max: number): string {
  return clip(clean(text), max, slackCharacter);
}

const markdownSigns = new Set(Array.from('\\`*_[](){}#+-.!|>~'));

/**
 * Text for fields where Teams reads Markdown (TextBlock, Fact): no emphasis, list, link, quote or mention
 * comes of it.
 */
export function markdownCharacter(character: string): string {
  // Teams decodes entities but shows no HTML; an entity keeps `<at>` from being looked at as a mention.
  if (character === '<') return '&lt;';
  if (character === '&') return '&amp;';
  return markdownSigns.has(character) ? `\\${character}` : character;
}

export function markdownText(text: string, max: number): string {
  return clip(text, max, markdownCharacter);
}

export interface ExcerptLimits {
  readonly lines: number;
  readonly perLine: number;
  readonly total: number;
}

export interface Cut {
  readonly text: string;
  /** Lines shown, and lines there are as far as they were counted. */
  readonly lines: number;
  readonly of: number;
  /** Something was left out: lines, or the ends of long ones. */
  readonly cut: boolean;
}

/** Raw characters looked at for an excerpt: far more than is shown, far less than a device may send. */
const readAtMost = 262_144;

/** The first (or last) lines of a device's output, cleaned and clipped per line and in total. */
export function excerptOf(raw: string, limits: ExcerptLimits, from: 'start' | 'end' = 'start'): Cut {
  const partial = raw.length > readAtMost;
  const part = !partial ? raw : from === 'start' ? raw.slice(0, readAtMost) : raw.slice(-readAtMost);
  const all = trimBlank(clean(part).split('\n'));
  const wanted = from === 'start' ? all.slice(0, limits.lines) : all.slice(-limits.lines);
  const shown: string[] = [];
  let room = limits.total;
  let clipped = false;
  for (const line of from === 'start' ? wanted : [...wanted].reverse()) {
    const trimmed = line.trimEnd();
    if (room < Math.min(trimmed.length, 20)) break;
    const fitted = clip(trimmed, Math.min(limits.perLine, room));
    if (fitted !== trimmed) clipped = true;
    shown.push(fitted);
    room -= fitted.length + 1;
  }
  if (from === 'end') shown.reverse();
  const of = partial ? Math.max(all.length, shown.length + 1) : all.length;
  return {
    text: shown.join('\n'),
    lines: shown.length,
    of,
    cut: clipped || partial || shown.length < all.length,
  };
}

function trimBlank(lines: readonly string[]): readonly string[] {
  let first = 0;
  let last = lines.length;
  while (first < last && lines[first]?.trim() === '') first += 1;
  while (last > first && lines[last - 1]?.trim() === '') last -= 1;
  return lines.slice(first, last);
}

const secondMs = 1000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** Days since 1970-01-01 of an instant, also before it. */
function dayOf(ms: number): number {
  return Math.floor(ms / dayMs);
}

/** Proleptic Gregorian date of a day number (Howard Hinnant's civil_from_days). */
function civil(day: number): { readonly year: number; readonly month: number; readonly dayOfMonth: number } {
  const shifted = day + 719_468; // days from 0000-03-01, so that the leap day is the last of its year
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    dayOfMonth: dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1,
  };
}

const two = (n: number): string => String(n).padStart(2, '0');

function clock(ms: number): string {
  const inDay = ms - dayOf(ms) * dayMs;
  return `${two(Math.floor(inDay / hourMs))}:${two(Math.floor((inDay % hourMs) / minuteMs))} UTC`;
}

/** `2026-11-23 15:04 UTC`. */
export function stamp(ms: number): string {
  if (!Number.isFinite(ms)) return 'at a time not known';
  const { year, month, dayOfMonth } = civil(dayOf(ms));
  return `${String(year).padStart(4, '0')}-${two(month)}-${two(dayOfMonth)} ${clock(ms)}`;
}

/**
 * `15:04 UTC` on the same UTC day as `beside`, else with the date. `beside` is a time whose date the reader
 * already sees.
 */
export function timeOf(ms: number, beside: number): string {
  if (!Number.isFinite(ms)) return 'at a time not known';
  return dayOf(ms) === dayOf(beside) ? clock(ms) : stamp(ms);
}

/** `under 1 s`, `3 s`, `2 min 5 s`, `29 min`, `1 h 5 min`, `3 days`: rounded down, two units at most. */
export function duration(ms: number): string {
  if (!Number.isFinite(ms) || ms < secondMs) return 'under 1 s';
  if (ms < minuteMs) return `${Math.floor(ms / secondMs)} s`;
  // Seconds stop mattering when a thing takes ten minutes or more.
  if (ms < 10 * minuteMs)
    return pair(Math.floor(ms / minuteMs), 'min', Math.floor((ms % minuteMs) / secondMs), 's');
  if (ms < hourMs) return `${Math.floor(ms / minuteMs)} min`;
  if (ms < 2 * dayMs) return pair(Math.floor(ms / hourMs), 'h', Math.floor((ms % hourMs) / minuteMs), 'min');
  return pair(Math.floor(ms / dayMs), 'days', Math.floor((ms % dayMs) / hourMs), 'h');
}

function pair(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}

/** Sizes as analysts compare them: `0 bytes`, `640 bytes`, `51 MB`, `2.9 GB` (decimal units). */
export function size(bytes: number): string {
  if (!Number.isFinite(bytes) || bytes < 0) return 'size not known';
  if (bytes < 1000) return `${Math.floor(bytes)} ${bytes === 1 ? 'byte' : 'bytes'}`;
  let value = bytes;
  for (const unit of ['kB', 'MB', 'GB', 'TB']) {
    value /= 1000;
    // 999.5 would be printed as "1000"; it belongs to the next unit.
    if (value < 999.5) return `${value < 9.95 ? value.toFixed(1) : value.toFixed(0)} ${unit}`;
  }
  return `${value.toFixed(0)} TB`;
}
