// Time of a simulation: what is due happens in order, and everything that follows from it comes to rest before
// the next. Nothing in it waits for real time.
import type { Chance } from './chance.ts';

/** Whose doing something is: when a process dies, what it was about to do does not happen. */
export interface Owner {
  readonly name: string;
}

/** Cancels what has not happened yet. */
export type Cancel = () => void;

interface Due {
  at: number;
  readonly tie: number;
  readonly owner: Owner;
  readonly run: () => void;
  /** Looks every so many milliseconds whether it is to happen. */
  readonly every: number;
  readonly sees: (() => boolean) | undefined;
  cancelled: boolean;
  /** Cancels it where it was moved to a later time. */
  movedTo?: Cancel;
}

/** Steps for each turn of the event loop. */
const stepsInTurn = 64;

/** A program that does more in a second spins. */
const mostInSecond = 900;

export class Schedule {
  readonly #chance: Chance;
  readonly #heap: Due[] = [];
  #elapsed = 0;
  readonly #wall: number;
  #steps = 0;
  #second = 0;
  #inSecond = 0;

  constructor(start: number, chance: Chance) {
    this.#wall = start;
    this.#chance = chance;
  }

  /** Milliseconds since the start; never runs backwards. */
  elapsed(): number {
    return this.#elapsed;
  }

  /** Epoch milliseconds by a clock that nobody sets: the servers'. */
  trueTime(): number {
    return this.#wall + this.#elapsed;
  }

  steps(): number {
    return this.#steps;
  }

  /** In so many milliseconds; what is due at the same time happens in an order that the seed chooses. */
  after(ms: number, owner: Owner, run: () => void): Cancel {
    return this.#add(ms, owner, run);
  }

  /** At the first of its looks, `every` so many milliseconds, at which it sees something. A look is no step. */
  when(every: number, owner: Owner, sees: () => boolean, run: () => void): Cancel {
    return this.#add(every, owner, run, sees);
  }

  #add(ms: number, owner: Owner, run: () => void, sees?: () => boolean): Cancel {
    const due: Due = {
      at: this.#elapsed + Math.max(0, ms),
      tie: this.#chance.next('tie'),
      owner,
      run,
      every: ms,
      sees,
      cancelled: false,
    };
    this.#push(due);
    return () => {
      due.cancelled = true;
      due.movedTo?.();
    };
  }

  /** How much of this owner's is still to come. */
  waiting(owner: Owner): number {
    return this.#heap.reduce((count, due) => count + (due.owner === owner && !due.cancelled ? 1 : 0), 0);
  }

  /** Nothing of this owner happens any more. */
  drop(owner: Owner): void {
    for (const due of this.#heap) if (due.owner === owner) due.cancelled = true;
  }

  /** This owner does nothing for so long: what was due meanwhile is due when it goes on. */
  standStill(ms: number, owner: Owner): void {
    const until = this.#elapsed + ms;
    const held = this.#heap.filter((due) => due.owner === owner && !due.cancelled && due.at < until);
    for (const due of held) {
      due.cancelled = true;
      const moved = this.#add(ms, owner, due.run, due.sees);
      due.movedTo = moved;
    }
  }

  /**
   * Lets everything happen that is due until then (elapsed milliseconds). `rested` is called after each step, when
   * all that follows from it has come to rest.
   */
  async runUntil(end: number, rested: () => void = () => undefined): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      let over = false;
      const step = (): void => {
        if (over) return;
        try {
          if (this.#steps > 0) rested();
          over = !this.#step(end);
        } catch (error) {
          over = true;
          reject(error instanceof Error ? error : new Error(String(error)));
          return;
        }
        if (over) resolve();
      };
      // Between two of them everything comes to rest that follows from the first: Node runs what was promised after
      // each. Several are asked for at once, because a turn of the event loop costs more than most steps.
      const turn = (): void => {
        for (let count = 0; count < stepsInTurn; count += 1) setImmediate(step);
        setImmediate(() => {
          if (!over) turn();
        });
      };
      turn();
    });
    this.#elapsed = Math.max(this.#elapsed, end);
  }

  /** Lets the next thing happen that is due until then; false when there is none. */
  #step(end: number): boolean {
    for (;;) {
      const next = this.#heap[0];
      if (next === undefined || next.at > end) return false;
      this.#pop();
      if (next.cancelled) continue;
      if (next.sees !== undefined && !this.#seen(next, next.sees)) continue;
      this.#countSteps(next);
      this.#elapsed = Math.max(this.#elapsed, next.at);
      this.#steps += 1;
      next.run();
      return true;
    }
  }

  /** Whether this look sees something; otherwise there is a next one. */
  #seen(look: Due, sees: () => boolean): boolean {
    this.#elapsed = Math.max(this.#elapsed, look.at);
    if (sees()) return true;
    look.at = this.#elapsed + look.every;
    this.#push(look);
    return false;
  }

  #countSteps(next: Due): void {
    const second = Math.floor(next.at / 1_000);
    this.#inSecond = second === this.#second ? this.#inSecond + 1 : 0;
    this.#second = second;
    if (this.#inSecond > mostInSecond)
      throw new Error(`${next.owner.name} does not come to rest: ${mostInSecond} steps within a second`);
  }

  #before(one: Due, other: Due): boolean {
    return one.at < other.at || (one.at === other.at && one.tie < other.tie);
  }

  #push(due: Due): void {
    const heap = this.#heap;
    let at = heap.push(due) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = heap[above];
      if (parent === undefined || !this.#before(due, parent)) break;
      heap[at] = parent;
      at = above;
    }
    heap[at] = due;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      const [one, other] = [heap[left], heap[left + 1]];
      if (one === undefined) break;
      const [child, index] =
        other !== undefined && this.#before(other, one) ? [other, left + 1] : [one, left];
      if (!this.#before(child, last)) break;
      heap[at] = child;
      at = index;
    }
    heap[at] = last;
  }
}
