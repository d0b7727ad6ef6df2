// Makes a failing plan smaller while it still breaks the same promise: fewer faults, fewer moves, a shorter day.
import type { Violation } from '../checks/ledger.ts';
import type { Plan } from '../plan/plan.ts';

export interface Shrunk {
  readonly plan: Plan;
  readonly tries: number;
}

/** Plays a plan and answers the first violation of the promise in question, if it is broken. */
export type Breaks = (plan: Plan) => Promise<Pick<Violation, 'at'> | undefined>;

/** @param mostTries days that may be played */
export async function shrink(plan: Plan, breaks: Breaks, mostTries = 120): Promise<Shrunk> {
  const shrinker = new Shrinker(plan, breaks, mostTries);
  await shrinker.run();
  return { plan: shrinker.best, tries: shrinker.tries };
}

/** Of the day that is left after the promise was broken: what was found is often seen a moment later. Milliseconds. */
const afterwards = 60_000;

class Shrinker {
  best: Plan;
  tries = 0;
  readonly #breaks: Breaks;
  readonly #most: number;

  constructor(plan: Plan, breaks: Breaks, most: number) {
    this.best = plan;
    this.#breaks = breaks;
    this.#most = most;
  }

  async run(): Promise<void> {
    await this.#cutEnd();
    await this.#withoutAim();
    await this.#without('faults');
    await this.#without('moves');
    await this.#without('faults');
  }

  async #stillBreaks(plan: Plan): Promise<boolean> {
    if (this.tries >= this.#most) return false;
    this.tries += 1;
    if ((await this.#breaks(plan)) === undefined) return false;
    this.best = plan;
    return true;
  }

  /** What comes after the first time it was broken is not needed for it. */
  async #cutEnd(): Promise<void> {
    const first = await this.#breaks(this.best);
    if (first === undefined || first.at >= this.best.length) return;
    const length = first.at + afterwards;
    const { moves, faults } = this.best;
    await this.#stillBreaks({
      ...this.best,
      length,
      moves: moves.filter(({ at }) => at <= length),
      faults: faults.filter(({ at }) => at <= length),
    });
  }

  /** What is aimed at is laid by what happens, and not by the lists that are cut. */
  async #withoutAim(): Promise<void> {
    const { aim, ...rest } = this.best;
    if (aim !== undefined) await this.#stillBreaks(rest);
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
