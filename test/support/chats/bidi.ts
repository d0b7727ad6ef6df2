// In which order a line is drawn: Unicode's algorithm for bidirectional text (UAX #9) for one line without
// embeddings, in a paragraph that begins from the left. Enough of it to tell whether what a card shows stands
// in the order in which it runs.

type Kind = 'L' | 'R' | 'AL' | 'EN' | 'AN' | 'ES' | 'ET' | 'CS' | 'NSM' | 'WS' | 'ON';

function kindOf(character: string): Kind {
  const point = character.codePointAt(0) ?? 0;
  if (/\p{Mn}|\p{Me}/u.test(character)) return 'NSM';
  if ((point >= 0x0660 && point <= 0x0669) || (point >= 0x0600 && point <= 0x0605)) return 'AN';
  if ((point >= 0x30 && point <= 0x39) || (point >= 0x06f0 && point <= 0x06f9)) return 'EN';
  if ('+-'.includes(character)) return 'ES';
  if ('#$%'.includes(character)) return 'ET';
  if (',./:'.includes(character)) return 'CS';
  if (character === ' ') return 'WS';
  if (
    (point >= 0x0600 && point <= 0x07bf) ||
    (point >= 0x08a0 && point <= 0x08ff) ||
    (point >= 0xfb50 && point <= 0xfdff) ||
    (point >= 0xfe70 && point <= 0xfeff)
  )
    return 'AL';
  if (
    (point >= 0x0590 && point <= 0x08ff) ||
    (point >= 0xfb1d && point <= 0xfb4f) ||
    (point >= 0x10800 && point <= 0x10fff)
  )
    return 'R';
  return /\p{L}/u.test(character) ? 'L' : 'ON';
}

const closers: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' };

function strong(kind: Kind): 'L' | 'R' | undefined {
  return kind === 'L' ? 'L' : kind === 'R' || kind === 'AN' || kind === 'EN' ? 'R' : undefined;
}

/** W1 to W7. */
function weak(kinds: Kind[]): void {
  let last: Kind = 'L';
  for (const [at, kind] of kinds.entries())
    if (kind === 'NSM') kinds[at] = at === 0 ? 'L' : (kinds[at - 1] ?? 'L');
  for (const [at, kind] of kinds.entries()) {
    if (kind === 'L' || kind === 'R' || kind === 'AL') last = kind;
    else if (kind === 'EN' && last === 'AL') kinds[at] = 'AN';
  }
  for (const [at, kind] of kinds.entries()) if (kind === 'AL') kinds[at] = 'R';
  for (let at = 1; at < kinds.length - 1; at += 1) {
    const [before, kind, after] = [kinds[at - 1], kinds[at], kinds[at + 1]];
    if ((kind === 'ES' || kind === 'CS') && before === 'EN' && after === 'EN') kinds[at] = 'EN';
    else if (kind === 'CS' && before === 'AN' && after === 'AN') kinds[at] = 'AN';
  }
  for (let at = 0; at < kinds.length; at += 1) {
    if (kinds[at] !== 'ET') continue;
    let end = at;
    while (kinds[end] === 'ET') end += 1;
    const number = kinds[at - 1] === 'EN' || kinds[end] === 'EN';
    for (let one = at; one < end; one += 1) kinds[one] = number ? 'EN' : 'ON';
    at = end - 1;
  }
  last = 'L';
  for (const [at, kind] of kinds.entries()) {
    if (kind === 'ES' || kind === 'CS') kinds[at] = 'ON';
    if (kind === 'L' || kind === 'R') last = kind;
    else if (kind === 'EN' && last === 'L') kinds[at] = 'L';
  }
}

/** N0: a pair of brackets goes with what is inside, or with what is before it. */
function brackets(characters: readonly string[], kinds: Kind[]): void {
  const open: { readonly closer: string; readonly at: number }[] = [];
  const pairs: (readonly [number, number])[] = [];
  for (const [at, character] of characters.entries()) {
    if (kinds[at] !== 'ON') continue;
    const closer = closers[character];
    if (closer !== undefined) open.push({ closer, at });
    const match = open.findLastIndex((one) => one.closer === character);
    if (match < 0) continue;
    pairs.push([open[match]?.at ?? 0, at]);
    open.splice(match);
  }
  for (const [from, to] of pairs.toSorted(([a], [b]) => a - b)) {
    const inside = kinds.slice(from + 1, to).map(strong);
    const before =
      kinds
        .slice(0, from)
        .map(strong)
        .findLast((one) => one !== undefined) ?? 'L';
    const side = inside.includes('L') ? 'L' : inside.includes('R') ? before : undefined;
    if (side !== undefined) kinds[from] = kinds[to] = side;
  }
}

/** N1 and N2. */
function neutral(kinds: Kind[]): void {
  for (let at = 0; at < kinds.length; at += 1) {
    if (kinds[at] !== 'ON' && kinds[at] !== 'WS') continue;
    let end = at;
    while (kinds[end] === 'ON' || kinds[end] === 'WS') end += 1;
    const before = at === 0 ? 'L' : strong(kinds[at - 1] ?? 'L');
    const after = end === kinds.length ? 'L' : strong(kinds[end] ?? 'L');
    for (let one = at; one < end; one += 1) kinds[one] = before === 'R' && after === 'R' ? 'R' : 'L';
    at = end - 1;
  }
}

/** Indexes of the characters, from left to right as they are drawn. */
export function drawnOrder(characters: readonly string[]): readonly number[] {
  const kinds = characters.map(kindOf);
  weak(kinds);
  brackets(characters, kinds);
  neutral(kinds);
  const levels = kinds.map((kind) => (kind === 'R' ? 1 : kind === 'L' ? 0 : 2));
  const order = characters.map((_, at) => at);
  for (const level of [2, 1]) {
    for (let at = 0; at < order.length; at += 1) {
      let end = at;
      while (end < order.length && (levels[order[end] ?? 0] ?? 0) >= level) end += 1;
      if (end > at) {
        order.splice(at, end - at, ...order.slice(at, end).reverse());
        at = end - 1;
      }
    }
  }
  return order;
}

/** A line as an eye sees it from left to right. */
export function drawn(line: string): string {
  const characters = Array.from(line);
  return drawnOrder(characters)
    .map((at) => characters[at])
    .join('');
}
