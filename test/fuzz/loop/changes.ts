// Changes of an input: bytes flipped, left out, doubled and spliced, words of a dictionary put in, lines moved;
// and, where the input is JSON, its parts exchanged.
import type { Dice } from './dice.ts';

/** Inputs do not grow beyond this by small changes; large ones are made on purpose. */
const longest = 8_192;

/** Text that readers stumble over. */
export const nasty: readonly string[] = [
  '\0',
  '\r\n',
  '\n',
  '\t',
  '"',
  "'",
  '\\',
  '<',
  '>',
  '&amp;',
  '%00',
  '%',
  '\u202e',
  '\u200b',
  '\u2028',
  '\ufeff',
  '\ufffd',
  '\ud800',
  '\u2014',
  '\u201c',
  '\u{1f469}\u200d\u{1f4bb}',
  'e\u0301\u0301\u0301\u0301\u0301\u0301',
  '\u05d0 1 \u05d1',
  '__proto__',
  'constructor',
  'toString',
  '-1',
  '0',
  '1e309',
  '9007199254740993',
  '0x80070005',
  'NaN',
  '2026-11-30T25:61:61Z',
  '0001-01-01T00:00:00Z',
  '{"a":',
  '[[[[',
  ']]]]',
  '${x}',
  '../',
  'C:\\',
];

const values: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1.5,
  2 ** 53,
  1e308,
  '',
  ' ',
  [],
  {},
  [[]],
  [null],
  { __proto__: null },
  ['a', 'a'],
  'x'.repeat(1_100),
];

type Change = (input: Buffer, dice: Dice) => Buffer;

function cut(input: Buffer, dice: Dice): readonly [number, number] {
  const from = dice.below(input.length + 1);
  const length = dice.once(4) ? dice.below(input.length - from + 1) : dice.below(8);
  return [from, Math.min(input.length, from + length)];
}

function between(input: Buffer, from: number, to: number, put: Buffer): Buffer {
  return Buffer.concat([input.subarray(0, from), put, input.subarray(to)]);
}

const onBytes: readonly Change[] = [
  (input, dice) => {
    const changed = Buffer.from(input);
    const at = dice.below(changed.length);
    if (changed.length > 0) changed[at] = (changed[at] ?? 0) ^ (1 << dice.below(8));
    return changed;
  },
  (input, dice) => {
    const changed = Buffer.from(input);
    if (changed.length > 0) changed[dice.below(changed.length)] = dice.below(256);
    return changed;
  },
  (input, dice) => between(input, ...cut(input, dice), Buffer.alloc(0)),
  (input, dice) => {
    const [from, to] = cut(input, dice);
    return between(input, to, to, input.subarray(from, to));
  },
  (input, dice) => {
    const [from, to] = cut(input, dice);
    const at = dice.below(input.length + 1);
    return between(input, at, at, input.subarray(from, to));
  },
  (input, dice) => {
    const [from] = cut(input, dice);
    const unit = input.subarray(from, from + 1 + dice.below(6));
    return between(input, from, from, Buffer.concat(Array.from({ length: 1 + dice.below(40) }, () => unit)));
  },
];

/** One line doubled, left out, moved or pushed in. */
function lineChange(input: Buffer, dice: Dice): Buffer {
  const lines = input.toString('latin1').split('\n');
  const at = dice.below(lines.length);
  const line = lines[at] ?? '';
  const to = dice.below(lines.length);
  switch (dice.below(4)) {
    case 0:
      lines.splice(to, 0, line);
      break;
    case 1:
      lines.splice(at, 1);
      break;
    case 2:
      lines[at] = `${' '.repeat(1 + dice.below(4))}${line}`;
      break;
    default:
      lines[at] = line.trimStart();
  }
  return Buffer.from(lines.join('\n'), 'latin1');
}

export class Changes {
  readonly #words: readonly string[];
  readonly #dice: Dice;
  readonly #form: 'text' | 'json';

  constructor(form: 'text' | 'json', words: readonly string[], dice: Dice) {
    this.#form = form;
    this.#words = [...words, ...nasty];
    this.#dice = dice;
  }

  /** One to five small changes of it; `other` gives parts to splice in. */
  of(input: Buffer, other: Buffer): Buffer {
    const times = 1 + this.#dice.below(5);
    let changed = input;
    for (let time = 0; time < times; time += 1) changed = this.#once(changed, other);
    return changed.length > longest ? changed.subarray(0, longest) : changed;
  }

  #once(input: Buffer, other: Buffer): Buffer {
    const dice = this.#dice;
    // Most JSON with a byte changed is none any more: the parts of it are changed instead.
    if (this.#form === 'json' && !dice.once(6)) return this.#inJson(input, other);
    const kind = dice.below(10);
    if (kind < 3) {
      const [from, to] = cut(input, dice);
      return between(input, from, dice.once(2) ? from : to, Buffer.from(dice.pick(this.#words)));
    }
    if (kind === 3) {
      const [from, to] = cut(other, dice);
      const at = dice.below(input.length + 1);
      return between(input, at, dice.once(2) ? at : input.length, other.subarray(from, to));
    }
    if (kind === 4 && input.includes(0x0a)) return lineChange(input, dice);
    return dice.pick(onBytes)(input, dice);
  }

  #inJson(input: Buffer, other: Buffer): Buffer {
    const value = parsed(input);
    if (value === undefined) return dice2(onBytes, input, this.#dice);
    const donor = parsed(other)?.value;
    // In a list, where what is undefined is null.
    return Buffer.from(JSON.stringify([this.#exchanged(value.value, donor, 0)]).slice(1, -1));
  }

  /** A value with one part of it exchanged. */
  #exchanged(value: unknown, donor: unknown, depth: number): unknown {
    const dice = this.#dice;
    const isHere = depth > 8 || typeof value !== 'object' || value === null || dice.once(5);
    if (isHere) return this.#instead(value, donor);
    if (Array.isArray(value)) {
      const list = [...(value as readonly unknown[])];
      const at = dice.below(list.length);
      if (dice.once(6)) list.splice(at, 0, list[at]);
      else if (dice.once(8)) list.splice(at, 1);
      else list[at] = this.#exchanged(list[at], donor, depth + 1);
      return list;
    }
    const entries: [string, unknown][] = Object.entries(value);
    const at = dice.below(entries.length);
    const [name, one] = entries[at] ?? [dice.pick(this.#words), null];
    if (dice.once(8)) entries.splice(at, 1);
    else if (dice.once(8)) entries[at] = [dice.pick(this.#words), one];
    else if (dice.once(8)) entries.push([dice.pick(this.#words), this.#instead(one, donor)]);
    else entries[at] = [name, this.#exchanged(one, donor, depth + 1)];
    return Object.fromEntries(entries);
  }

  #instead(value: unknown, donor: unknown): unknown {
    const dice = this.#dice;
    switch (dice.below(6)) {
      case 0:
        return dice.pick(values);
      case 1:
        return dice.pick(this.#words);
      case 2:
        return this.#partOf(donor, 0);
      case 3:
        return [value, value];
      case 4:
        return { value };
      default:
        return this.#textLike(value);
    }
  }

  /** A text with a change in it; of anything else, what a careless sender would write. */
  #textLike(value: unknown): unknown {
    if (typeof value === 'number') return this.#dice.pick([value + 1, -value, String(value), value * 1e9]);
    if (typeof value !== 'string') return JSON.stringify(value);
    const [from, to] = cut(Buffer.from(value), this.#dice);
    const put = this.#dice.pick(this.#words);
    return `${value.slice(0, from)}${put}${value.slice(this.#dice.once(2) ? from : to)}`;
  }

  #partOf(value: unknown, depth: number): unknown {
    if (typeof value !== 'object' || value === null || depth > 5 || this.#dice.once(3)) return value;
    const parts: readonly unknown[] = Object.values(value);
    return parts.length === 0
      ? value
      : this.#partOf(this.#dice.pick(parts.map((one) => [one]))[0], depth + 1);
  }
}

function dice2(from: readonly Change[], input: Buffer, dice: Dice): Buffer {
  return dice.pick(from)(input, dice);
}

function parsed(input: Buffer): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(input.toString('utf8')) as unknown };
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
