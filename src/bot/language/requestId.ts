// Request ids as people see and type them: `lr-7f3k2q`, with or without the prefix, in any case.

/** Crockford's base 32: no I, L, O or U, so that no two ids look alike. Ids are `lr-` and six of these. */
export const idAlphabet = '0123456789abcdefghjkmnpqrstvwxyz';

const shape = /^[0-9a-hjkmnp-tv-z]{4,10}$/;

/** The stored form of a typed id, or undefined when it cannot be one. A typed O is a zero, a typed I or L a one. */
export function normaliseId(text: string): string | undefined {
  const lower = text.toLowerCase();
  const bare = (lower.startsWith('lr-') ? lower.slice(3) : lower).replaceAll('o', '0').replaceAll('i', '1').replaceAll('l', '1');
  return shape.test(bare) ? `lr-${bare}` : undefined;
}

/** A new id from 30 bits of randomness, given as at least 8 hex digits. */
export function idFrom(hex: string): string {
  const bits = Number.parseInt(hex.slice(0, 8), 16);
  return `lr-${[0, 5, 10, 15, 20, 25].map((shift) => idAlphabet.charAt((bits >>> shift) & 31)).join('')}`;
}
