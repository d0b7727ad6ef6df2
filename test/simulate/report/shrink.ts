// Makes a failing plan smaller while it still breaks the same promise: fewer faults, fewer moves, a shorter day.
import { playDay } from '../life/day.ts';
import type { Promised } from '../checks/ledger.ts';
import { calm } from '../plan/plan.ts';
import type { Plan } from '../plan/plan.ts';

export interface Shrunk {
  readonly plan: Plan;
  readonly tries: number;
}

/** @param mostTries days that may be played */
export async function shrink(plan: Plan, promise: Promised, mostTries = 120): Promise<Shrunk> {
  const shrinker = new Shrinker(plan, promise, mostTries);
  await shrinker.run();
  return { plan: shrinker.best, tries: shrinker.tries };
}

class Shrinker {
  best: Plan;
  tries = 0;
  readonly #promise: Promised;
  readonly #most: number;

  constructor(plan: Plan, promise: Promised, most: number) {
    this.best = plan;
    this.#promise = promise;
    this.#most = most;
  }

  async run(): Promise<void> {
    await this.#cutEnd();
    await this.#without('faults');
    await this.#without('moves');
    await this.#without('faults');
  }

  async #stillBreaks(plan: Plan): Promise<boolean> {
    if (this.tries >= this.#most) return false;
    this.tries += 1;
    const { violations } = await playDay(plan);
    if (!violations.some(({ promise }) => promise === this.#promise)) return false;
    this.best = plan;
    return true;
  }

  /** What comes after the first time it was broken is not needed for it. */
  async #cutEnd(): Promise<void> {
    const { violations } = await playDay(this.best);
    const first = violations.find(({ promise }) => promise === this.#promise);
    if (first === undefined || first.at >= this.best.length) return;
    const length = first.at + 60_000;
    const { moves, faults } = this.best;
    await this.#stillBreaks({
      ...this.best,
      length: Math.max(length, calm / 240),
      moves: moves.filter(({ at }) => at <= length),
      faults: faults.filter(({ at }) => at <= length),
    });
  }

  /** Halves first, then smaller and smaller pieces. */
  async #without(part: 'faults' | 'moves'): Promise<void> {
    for (let size = Math.ceil(this.best[part].length / 2); size >= 1; size = Math.floor(size / 2))
      for (let from = 0; from < this.best[part].length && this.tries < this.#most;) {
        const left = [...this.best[part].slice(0, from), ...this.best[part].slice(from + size)];
        if (!(await this.#stillBreaks({ ...this.best, [part]: left }))) from += size;
      }
  }
}
