// Random numbers that are the same for the same seed, so that a run which went wrong can be repeated.

export type Random = () => number;

/** mulberry32: numbers from 0 to below 1. */
export function randomFrom(start: number): Random {
  let a = start;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A whole number from `least` to below `most`. */
export function between(random: Random, least: number, most: number): number {
  return least + Math.floor(random() * (most - least));
}

export function oneOf<T>(random: Random, all: readonly T[]): T | undefined {
  return all[Math.floor(random() * all.length)];
}
