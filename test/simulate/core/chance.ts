// Randomness of a simulation: each draw depends on the seed, a name and how often that name was drawn from, so
// that taking one fault out of a plan moves no other draw.

/** In [0, 1). */
export type Draw = () => number;

function mixed(value: number): number {
  let x = value | 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

function hashOf(text: string): number {
  let x = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) x = Math.imul(x ^ text.charCodeAt(at), 0x01000193);
  return x >>> 0;
}

export class Chance {
  readonly #seed: number;
  readonly #drawn = new Map<string, number>();

  constructor(seed: number) {
    this.#seed = mixed(seed + 0x9e3779b9);
  }

  /** In [0, 1). */
  next(name: string): number {
    const count = (this.#drawn.get(name) ?? 0) + 1;
    this.#drawn.set(name, count);
    const first = mixed(this.#seed ^ hashOf(name));
    return mixed(Math.imul(first, 0x27d4eb2f) ^ Math.imul(count, 0x165667b1)) / 4_294_967_296;
  }

  /** Whether something with this probability happens. */
  happens(name: string, probability: number): boolean {
    return this.next(name) < probability;
  }

  /** A whole number, both ends possible. */
  between(name: string, from: number, to: number): number {
    return from + Math.floor(this.next(name) * (to - from + 1));
  }

  /** @throws where there is nothing to choose from */
  oneOf<T>(name: string, all: readonly T[]): T {
    const found = all[Math.floor(this.next(name) * all.length)];
    if (found === undefined) throw new Error(`nothing to choose from for ${name}`);
    return found;
  }

  hex(name: string, bytes: number): string {
    let text = '';
    while (text.length < bytes * 2)
      text += Math.floor(this.next(name) * 0x10000)
        .toString(16)
        .padStart(4, '0');
    return text.slice(0, bytes * 2);
  }
}
