// Duplicate people: one human listed as two could approve what they asked for themselves. Names are never
// identity, so what is found here is only a warning: to the person who starts the bot, to the doctor, and to
// the person.
import { skeleton } from '../../../liveResponse/device/confusables.ts';
import type { Person } from '../policy.ts';

/** `same` but for case, accents, order and punctuation; `near`: a letter apart, an initial, a name more. */
export type Likeness = 'same' | 'near';

export interface SameHuman {
  readonly one: Person;
  readonly other: Person;
  readonly how: Likeness;
}

/** Every pair of entries whose names could be one human's, in the order of the file. */
export function sameHumans(people: readonly Person[]): readonly SameHuman[] {
  const read = people.map((person) => ({ person, words: wordsOf(person.name) }));
  return read.flatMap((one, at) =>
    read.slice(at + 1).flatMap((other) => {
      const how = likeness(one.words, other.words);
      return how === undefined ? [] : [{ one: one.person, other: other.person, how }];
    }),
  );
}

export function likeNames(one: string, other: string): Likeness | undefined {
  return likeness(wordsOf(one), wordsOf(other));
}

/** For the person who maintains the policy. */
export function sameHumanSentence({ one, other, how }: SameHuman): string {
  return `${one.name} (${one.id}) and ${other.name} (${other.id}) have ${how === 'same' ? 'the same name' : 'nearly the same name'}. If they are one human, that human can approve what they asked for themselves: make it one entry with all accounts. If they are two, add to the names what tells them apart`;
}

/** For the person who asks who they are; undefined where nobody has a similar name. */
export function namesakes(people: readonly Person[], person: Person): string | undefined {
  const others = sameHumans(people).flatMap(({ one, other }) =>
    one.id === person.id ? [other] : other.id === person.id ? [one] : [],
  );
  if (others.length === 0) return undefined;
  return `The policy also lists ${others.map(({ id, name }) => `${name} (${id})`).join(', ')}. If that is you too, tell the people who keep the policy: one human must be one entry.`;
}

const titles: ReadonlySet<string> = new Set([
  'dr',
  'prof',
  'mr',
  'mrs',
  'ms',
  'mx',
  'jr',
  'sr',
  'ii',
  'iii',
  'phd',
  'msc',
  'ing',
]);

/** Letters that no accent makes of another, as they are written where there are none. */
const plainLetters: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  ł: 'l',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  ı: 'i',
};

/**
 * What distinguishes people: lower case, without accents, punctuation, titles and text in brackets; in one
 * order.
 */
function wordsOf(name: string): readonly string[] {
  const plain = name
    .replaceAll(/\([^)]*\)|\[[^\]]*\]/g, ' ')
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[ßæœøłđðþı]/g, (letter) => plainLetters[letter] ?? letter)
    .replaceAll(/['’ʼ`´]/g, '');
  const words = plain.split(/[^\p{L}\p{N}]+/u).filter((word) => word !== '');
  const told = words.filter((word) => !titles.has(word));
  return (told.length === 0 ? words : told).toSorted();
}

function likeness(one: readonly string[], other: readonly string[]): Likeness | undefined {
  if (one.length === 0) return undefined;
  if (one.join('') === other.join('')) return 'same';
  const [fewer, more] = one.length <= other.length ? [one, other] : [other, one];
  const rest = [...more];
  /** Words of the shorter name that are not in the longer one. */
  const odd = fewer.filter((word) => !take(rest, (there) => there === word));
  // A name of one word must be similar as a whole, or each Smith would be every Smith.
  if (odd.length === 0) return fewer.length >= 2 ? 'near' : undefined;
  if (fewer.length !== more.length)
    return odd.every((word) => fewer.length >= 2 && take(rest, (there) => isInitial(word, there)))
      ? 'near'
      : undefined;
  // First what is counted: for most pairs it decides, and a thousand people are half a million pairs.
  return odd.length <= Math.max(1, fewer.length - 1) &&
    odd.every((word) => take(rest, (there) => alike(word, there, fewer.length)))
    ? 'near'
    : undefined;
}

/** Takes the first that fits out of the list. */
function take(words: string[], fits: (word: string) => boolean): boolean {
  const at = words.findIndex(fits);
  if (at >= 0) words.splice(at, 1);
  return at >= 0;
}

function isInitial(one: string, other: string): boolean {
  return (
    (one.length === 1 || other.length === 1) &&
    one.charAt(0) === other.charAt(0) &&
    /\p{L}/u.test(one.charAt(0))
  );
}

/** One letter apart, drawn alike, or the umlaut written out; a name of one word must be longer for that. */
function alike(one: string, other: string, words: number): boolean {
  if (words >= 2 && isInitial(one, other)) return true;
  if (skeleton(one) === skeleton(other) && !/\d/.test(one + other)) return true;
  if (writtenOut(one) === writtenOut(other)) return true;
  return Math.min(one.length, other.length) >= (words >= 2 ? 3 : 5) && oneSlip(one, other);
}

/** Müller and Mueller. */
function writtenOut(word: string): string {
  return word.replaceAll(/([aou])e/g, '$1');
}

/**
 * One letter replaced, left out, added or swapped with its neighbour. Numbers distinguish people on purpose.
 */
function oneSlip(one: string, other: string): boolean {
  if (/\d/.test(one + other) || Math.abs(one.length - other.length) > 1) return false;
  let start = 0;
  while (start < one.length && one.charAt(start) === other.charAt(start)) start += 1;
  let end = 0;
  while (
    end < Math.min(one.length, other.length) - start &&
    one.charAt(one.length - 1 - end) === other.charAt(other.length - 1 - end)
  )
    end += 1;
  const [left, right] = [one.slice(start, one.length - end), other.slice(start, other.length - end)];
  if (left.length <= 1 && right.length <= 1) return true;
  return (
    left.length === 2 &&
    right.length === 2 &&
    left.charAt(0) === right.charAt(1) &&
    left.charAt(1) === right.charAt(0)
  );
}
