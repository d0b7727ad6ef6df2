// Device names that an eye takes for each other: folded to one skeleton for comparing, and unfolded to the
// beginnings under which they can be looked for.
/**
 * Letters and digits drawn like a Latin letter, after Unicode's confusables (unicode.org/reports/tr39) as far
 * as they can stand in a device name. Lower case only: Defender keeps names so.
 */
const drawnLike: Readonly<Record<string, string>> = {
  a: 'аαɑ',
  b: '8ьβ',
  c: 'сϲ',
  d: 'ԁ',
  e: 'еҽ',
  g: 'ɡ',
  h: 'һ',
  j: 'ј',
  k: 'кκ',
  l: '1iіιıӏ|',
  n: 'пη',
  o: '0оο',
  p: 'рρ',
  q: 'ԛ',
  r: 'г',
  s: '5ѕ',
  t: 'тτ',
  u: 'υս',
  v: 'ѵν',
  w: 'ԝω',
  x: 'хχ',
  y: 'уγ',
  '-': '\u2010\u2011\u2012\u2013\u2212',
};

/** Pairs of letters that run together to another one. */
const digraphs: readonly (readonly [string, string])[] = [
  ['rn', 'm'],
  ['vv', 'w'],
];

const latin: ReadonlyMap<string, string> = new Map(
  Object.entries(drawnLike).flatMap(([letter, others]) =>
    Array.from(others, (other) => [other, letter] as const),
  ),
);

/**
 * Two labels with the same skeleton can be mistaken for each other. Compatibility forms and marks are folded
 * first.
 */
export function skeleton(label: string): string {
  const letters = Array.from(
    label.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase(),
    (character) => latin.get(character) ?? character,
  ).join('');
  return digraphs.reduce((text, [pair, one]) => text.replaceAll(pair, one), letters);
}

export function labelOf(name: string): string {
  return name.toLowerCase().split('.')[0] ?? name.toLowerCase();
}

/** Long beginnings are selective, but every letter of one is a letter that a look-alike may have changed. */
const longestPrefix = 10;
const shortestPrefix = 3;
/**
 * In one $filter: some services refuse an expression of more than 100 nodes, and each of these takes four.
 */
export const maxSearchPrefixes = 16;

/**
 * Beginnings under which devices are listed whose names may look like this one: its own; with all of one
 * letter exchanged (0 for o, rn for m); with a single letter exchanged. More exchanges than that in the first
 * letters are not looked for; behind them any number is.
 */
export function searchPrefixes(name: string): readonly string[] {
  const label = labelOf(name);
  const own = Array.from(label)
    .slice(0, Math.max(shortestPrefix, Math.min(longestPrefix, label.length - 1)))
    .join('');
  const found = new Set([own, plainOf(own)]);
  const ascii = asciiPairs.filter(([from]) => own.includes(from));
  for (const [from, to] of ascii) found.add(own.replaceAll(from, to));
  for (const [from, to] of ascii)
    for (const at of positionsOf(own, from)) found.add(own.slice(0, at) + to + own.slice(at + from.length));
  const letters = Array.from(own);
  for (const [at, letter] of letters.entries()) {
    const foreign = Array.from(drawnLike[letter] ?? '').find((other) => other > '\u007f');
    if (foreign !== undefined)
      found.add([...letters.slice(0, at), foreign, ...letters.slice(at + 1)].join(''));
  }
  return [...found].slice(0, maxSearchPrefixes);
}

/** With every foreign letter made Latin. */
function plainOf(text: string): string {
  return Array.from(text, (character) =>
    character > '\u007f' ? (latin.get(character) ?? character) : character,
  ).join('');
}

const asciiPairs: readonly (readonly [string, string])[] = [
  ['o', '0'],
  ['l', '1'],
  ['i', '1'],
  ['i', 'l'],
  ['l', 'i'],
  ['0', 'o'],
  ['1', 'l'],
  ['1', 'i'],
  ['rn', 'm'],
  ['m', 'rn'],
  ['vv', 'w'],
  ['w', 'vv'],
  ['s', '5'],
  ['5', 's'],
  ['b', '8'],
  ['8', 'b'],
];

function positionsOf(text: string, part: string): readonly number[] {
  const places: number[] = [];
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + 1)) places.push(at);
  return places;
}

interface Named {
  readonly id: string;
  readonly name: string;
}

export interface Alike extends Named {
  /** `same`: the same first label, in whatever domain. */
  readonly how: 'same' | 'alike';
}

/** Those among the devices found that can be taken for this one; the same name first. */
export function alikeTo(device: Named, found: readonly Named[]): readonly Alike[] {
  const label = labelOf(device.name);
  const wanted = skeleton(label);
  return found
    .filter(
      (other) =>
        other.id.toLowerCase() !== device.id.toLowerCase() && skeleton(labelOf(other.name)) === wanted,
    )
    .map((other): Alike => ({
      id: other.id,
      name: other.name,
      how: labelOf(other.name) === label ? 'same' : 'alike',
    }))
    .sort((a, b) => Number(a.how === 'alike') - Number(b.how === 'alike') || (a.name < b.name ? -1 : 1));
}
