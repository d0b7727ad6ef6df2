// Readers that are wrong on purpose: one throws behind three nested words, one is quadratic, one keeps what it
// reads, one writes into what all objects inherit.
import { bytesOf, filled, valueOf } from '../loop/target.ts';
import type { Target } from '../loop/target.ts';

const bare = { words: [], most: 65_536, large: () => filled(65_536, 'ab') } as const;

/** Throws for a text that nobody meets by chance: each word is looked for only behind the one before it. */
function readNested(text: string): number {
  const open = text.indexOf('[[');
  if (open < 0) return 0;
  const inner = text.slice(open + 2);
  if (!inner.startsWith('on')) return 1;
  if (!inner.startsWith('on:')) return 2;
  if (!inner.startsWith('on:(')) return 3;
  if (inner.slice(4, 8).includes(')')) throw new RangeError('the planted fault');
  return 4;
}

export const plantedThrow: Target = {
  ...bare,
  name: 'plantedThrow',
  form: 'text',
  seeds: bytesOf('a [b] c'),
  words: ['[[', 'on', ':', '(', ')'],
  run: (input) => readNested(input.toString('latin1')),
};

export const plantedQuadratic: Target = {
  ...bare,
  name: 'plantedQuadratic',
  form: 'text',
  seeds: bytesOf('<a> b'),
  large: () => filled(20_000, '<'),
  run: (input) => /<[^>]*>$/.test(input.toString('latin1')),
};

const kept: Buffer[] = [];

export const plantedLeak: Target = {
  ...bare,
  name: 'plantedLeak',
  form: 'text',
  seeds: bytesOf('keep this'),
  run: (input) => {
    if (input.includes('keep')) kept.push(Buffer.alloc(400_000, input));
    return kept.length;
  },
};

/** Copies fields as a careless merge does. */
function merge(into: Record<string, unknown>, from: object): void {
  for (const [name, value] of Object.entries(from) as [string, unknown][]) {
    const there = into[name];
    if (typeof value === 'object' && value !== null && typeof there === 'object' && there !== null)
      merge(there as Record<string, unknown>, value);
    else into[name] = value;
  }
}

export const plantedPollution: Target = {
  ...bare,
  name: 'plantedPollution',
  form: 'json',
  seeds: bytesOf('{"a":{"b":1}}'),
  run: (input) => {
    const value = valueOf(input)?.value;
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) merge({}, value);
    return undefined;
  },
};
