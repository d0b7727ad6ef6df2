// Removal of what people bring along when they type or paste a command: the chat's marks for code and
// emphasis, quotes around the whole line, a prompt, the command's own name, the bot's name. A mark goes only
// where it cannot be meant: a pair around a whole line or word that could hold no such character. The
// arguments of a script are never touched.
import { foreignWords, isCommandWord } from './forms.ts';
import { proseStart } from './text.ts';
import { holds, readChars } from '../policy/recipes/recipes.ts';
import type { Recipe } from '../policy/policy.ts';
import type { Line, Word } from './text.ts';

export const formattingRepair = 'formatting of the chat taken away';

export interface Known {
  readonly recipes: ReadonlyMap<string, Recipe>;
  /** The chat command's name without its slash, lower case. */
  readonly name: string;
}

/** Rounds of taking away: a quoted, fenced, bold command with a prompt has four wrappings. */
const rounds = 6;

/** The line without its wrapping. */
export function unwrapped(text: string, known: Known): string {
  let line = text;
  for (let round = 0; round < rounds; round += 1) {
    const inner = wrappers.map((unwrap) => unwrap(line.trim(), known)).find((one) => one !== undefined);
    if (inner === undefined) return line;
    line = inner;
  }
  return line;
}

const wrappers: readonly ((line: string, known: Known) => string | undefined)[] = [
  fenced,
  quoted,
  emphasised,
  prompted,
  mentioned,
  commanded,
  greeted,
];

/** Code of one line or several. */
function fenced(line: string, known: Known): string | undefined {
  const found = /^(`{3}|`)(?:[a-z]{1,12}\n)?([^`]+)\1[.,;:!?]?$/i.exec(line)?.[2];
  return found !== undefined && begins(found, known) ? found : undefined;
}

/** `"dump hosta x"`: a pair, and none of its kind within. */
function quoted(line: string, known: Known): string | undefined {
  const inner =
    /^["\u201C\u201D\u201E]([^"\u201C\u201D\u201E]+)["\u201C\u201D]$|^['\u2018\u2019\u201A]([^'\u2018\u2019\u201A]+)['\u2018\u2019]$|^\u00AB\s?([^\u00AB\u00BB]+?)\s?\u00BB$/.exec(
      line,
    );
  const found = inner?.[1] ?? inner?.[2] ?? inner?.[3];
  return found !== undefined && /\s/.test(found) && begins(found, known) ? found : undefined;
}

/**
 * Bold, italic, struck out: the sign before the verb can be nothing else, so the one at the end is its other
 * half.
 */
function emphasised(line: string, known: Known): string | undefined {
  const sign = /^(\*{1,3}|_{1,3}|~{1,2})[^\s*_~]/.exec(line)?.[1];
  if (sign === undefined || !line.endsWith(sign) || line.length <= 2 * sign.length) return undefined;
  const inner = line.slice(sign.length, -sign.length);
  const firstWord = /^\S+/.exec(inner)?.[0] ?? '';
  // `*dump* host*`: there the pair is around the word.
  return begins(inner, known) && !(firstWord.length < inner.length && firstWord.endsWith(sign))
    ? inner
    : undefined;
}

/** A quotation, a list, a shell's prompt. None of ours begins with a drive or an account. */
const prompts = [
  /^(?:>{1,3}|[$#%\u2022\u276F\u279C\u03BB*-]|\d{1,2}[.)])\s+([\s\S]+)$/,
  /^>{1,3}(\S[\s\S]*)$/,
  /^PS(?: [^>\n]{0,200})?>\s{0,4}(\S[\s\S]*)$/,
  /^[A-Za-z]:\\[^>\n]{0,200}>\s{0,4}(\S[\s\S]*)$/,
  /^\[?[\w.-]{1,64}@[\w.-]{1,64}[^$#%\n]{0,200}[$#%]\s+(\S[\s\S]*)$/,
];

function prompted(line: string, known: Known): string | undefined {
  const found = prompts.map((prompt) => prompt.exec(line)?.[1]).find((one) => one !== undefined);
  return found !== undefined && begins(found, known) ? found : undefined;
}

/** `@Live Response lr dump hosta x`: pasted, so that no chat has taken it for a mention. */
function mentioned(line: string, known: Known): string | undefined {
  if (!/^<?@/.test(line)) return undefined;
  const words = [...line.matchAll(/\S+/g)].slice(0, 6);
  const name = words.find((word, index) => index > 0 && isName(word[0], known));
  const verb = words.find((word, index) => index > 0 && isVerb(word[0], known));
  const from = name ?? verb;
  return from === undefined ? undefined : line.slice(from.index);
}

/** The command's own name again, or a slash before a verb. */
function commanded(line: string, known: Known): string | undefined {
  const first = /^\S+/.exec(line)?.[0] ?? '';
  // `/lr dump` host: the mark's other half comes later.
  const open = /^([`*_~]{1,3})[^`*_~]+$/.exec(first)?.[1] ?? '';
  if (isName(first, known) && !known.recipes.has(bare(first))) return open + line.slice(first.length).trim();
  return first.startsWith('/') && isVerb(first.slice(1), known) ? line.slice(1) : undefined;
}

/** `please dump hosta x`, `:wave: status`: as people speak to people. */
function greeted(line: string, known: Known): string | undefined {
  const found =
    /^(?:(?:please|pls|hi|hey|hello)\b[\s,:!.]{1,8}|(?::[a-z0-9_+-]{1,40}:|\p{Extended_Pictographic}[\ufe0f\u{1f3fb}-\u{1f3ff}]{0,2})\s{0,8})(\S[\s\S]*)$/iu.exec(
      line,
    )?.[1];
  return found !== undefined && !known.recipes.has(bare(/^\S+/.exec(line)?.[0] ?? '')) && begins(found, known)
    ? found
    : undefined;
}

/** Whether a text begins as a command does, in wrappings of its own or not. */
function begins(text: string, known: Known): boolean {
  const first = /^\S+/.exec(text.trim())?.[0] ?? '';
  return (
    isName(first, known) ||
    isVerb(first, known) ||
    (/^[`*_~"'>$#@\u201C\u2018\u00AB]./.test(first) && isVerb(bare(first), known))
  );
}

function isName(word: string, { name }: Known): boolean {
  return bare(word) === name;
}

function isVerb(word: string, { recipes }: Known): boolean {
  const lower = bare(word);
  return isCommandWord(lower) || recipes.has(lower) || foreignWords.has(lower);
}

/** A word without slash, marks and what ends a sentence, lower case. */
function bare(word: string): string {
  return word
    .replace(/^[`*_~/]+/, '')
    .replace(/[`*_~.,;:!?]+$/, '')
    .toLowerCase();
}

/** The line's text without the marks around its words; the same text where there are none. */
export function unmarked(line: Line, recipes: ReadonlyMap<string, Recipe>): string {
  const { words, text } = line;
  const verb = words[0] === undefined ? '' : bare(words[0].raw);
  const end = proseStart(words);
  const cuts: (readonly [number, number])[] = [];
  for (let index = 0; index < end; index += 1) {
    const word = words[index];
    if (word === undefined) continue;
    const mark = /^(`{1,3}|\*{1,3}|_{1,3}|~{1,2})[^`*_~\s]/.exec(word.raw)?.[1];
    if (mark === undefined || !cannotHold(mark.charAt(0), index, { words, verb, recipes })) continue;
    const last = closing(words, index, end, mark);
    const closer = last === undefined ? undefined : words[last];
    if (last === undefined || closer === undefined) continue;
    const stop = closer.end - afterMark(closer.raw);
    cuts.push([word.start, word.start + mark.length], [stop - mark.length, stop]);
    index = last;
  }
  let out = '';
  let from = 0;
  for (const [start, stop] of cuts) {
    out += text.slice(from, start);
    from = stop;
  }
  return out + text.slice(from);
}

/** The word that ends with the mark: for code the next one that does, for emphasis the word itself. */
function closing(words: readonly Word[], from: number, end: number, mark: string): number | undefined {
  for (let at = from; at < end; at += 1) {
    const raw = words[at]?.raw ?? '';
    const whole = raw.slice(0, raw.length - afterMark(raw));
    const rest = at === from ? whole.slice(mark.length) : whole;
    if (rest.endsWith(mark) && rest.length > mark.length)
      return rest.slice(0, -mark.length).includes(mark) ? undefined : at;
    if (mark.charAt(0) !== '`' || rest.includes('`')) return undefined;
  }
  return undefined;
}

/** Characters after a closing mark that end a sentence. */
function afterMark(raw: string): number {
  return /[`*_~]([.,;:!?]+)$/.exec(raw)?.[1]?.length ?? 0;
}

interface Marked {
  readonly words: readonly Word[];
  readonly verb: string;
  readonly recipes: ReadonlyMap<string, Recipe>;
}

/** Whether the word at `index` can begin with this sign for no other reason than formatting. */
function cannotHold(sign: string, index: number, { words, verb, recipes }: Marked): boolean {
  if (index === 0) return true;
  const recipe = recipes.get(verb);
  if (index === 1)
    return (
      sign !== '_' || !(recipe !== undefined || ['run', 'get', 'put', 'on', 'host', 'scripts'].includes(verb))
    );
  if (recipe !== undefined) return !holds(readChars(recipe.args[index - 2]?.chars ?? '') ?? [], sign);
  switch (verb) {
    case 'run':
    case 'put':
      return index === 2 && sign !== '_';
    case 'get':
      return index === 2 && sign !== '~' && beginsPath(words[index]?.raw ?? '');
    case 'on':
      return inPart(words, index, sign);
    default:
      return true;
  }
}

/** In a sequence: the word after the device or a ";", and the name or path that follows it. */
function inPart(words: readonly Word[], index: number, sign: string): boolean {
  let start = index;
  while (start > 2 && words[start - 1]?.raw !== ';') start -= 1;
  if (index === start) return true;
  if (index !== start + 1) return false;
  return bare(words[start]?.raw ?? '') === 'get'
    ? sign !== '~' && beginsPath(words[index]?.raw ?? '')
    : sign !== '_';
}

/** A whole path behind its mark: with the mark it would be no path from a root. */
function beginsPath(raw: string): boolean {
  return /^[`*_]{1,3}"?(?:[A-Za-z]:[\\/]|\\\\|\/|%[A-Za-z]+%)/.test(raw);
}
