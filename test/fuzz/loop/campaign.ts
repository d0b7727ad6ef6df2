// The guided loop over one reader: inputs that reach new edges are kept and changed further; what fails is
// handed out once per fault.
import { performance } from 'node:perf_hooks';
import { Changes } from './changes.ts';
import { Dice, numberOf } from './dice.ts';
import { edgeCount } from './edges.ts';
import type { Edges } from './edges.ts';
import {
  failureOf,
  longestCase,
  memoryInUse,
  mostGrowth,
  pollution,
  prototypesAreClean,
  signatureOf,
} from './judging.ts';
import type { Failure, Verdict } from './judging.ts';
import type { Target } from './target.ts';

/** Measures a case in a process without counters. */
export interface Judge {
  judge(target: string, input: Buffer, repeated?: boolean): Promise<Verdict>;
}

export interface Found extends Failure {
  readonly input: Buffer;
}

export interface CampaignOptions {
  readonly target: Target;
  /** The same seed makes the same cases, however long each takes. */
  readonly repeatable: boolean;
  readonly seed: number;
  readonly edges: Edges;
  readonly judge: Judge;
}

/** With counters a case takes longer, never shorter; from here on it is measured without. Milliseconds. */
const suspicious = longestCase;
/** Cases between two looks at what stayed in memory. */
const batch = 512;
/** Inputs that are kept; then one that is kept takes the place of another. */
const corpusSize = 2_000;
/** Of the cases after which memory has grown, so many are looked at one by one; of a server a few, which take long. */
const mostSuspects = { computes: 16, waits: 2 } as const;
/** A reader that fails in so many ways is not looked at further. */
const mostFaults = 20;

export class Campaign {
  readonly #options: CampaignOptions;
  readonly #dice: Dice;
  readonly #changes: Changes;
  readonly #known = new Uint8Array(edgeCount);
  readonly #corpus: Buffer[];
  readonly #met = new Set<string>();
  readonly #found: Found[] = [];
  #recent: Buffer[] = [];
  #inUse = memoryInUse();
  cases = 0;
  largeCases = 0;
  /** The slowest case as the process without counters measured it, and the largest growth. */
  slowest = 0;
  growth = 0;
  /** Milliseconds spent in the loop. */
  spent = 0;

  constructor(options: CampaignOptions) {
    const { target, seed } = options;
    this.#options = options;
    this.#dice = new Dice((seed ^ numberOf(target.name)) >>> 0);
    this.#changes = new Changes(target.form, target.words, this.#dice);
    this.#corpus = [...target.seeds];
  }

  get target(): Target {
    return this.#options.target;
  }

  get found(): readonly Found[] {
    return this.#found;
  }

  /** What stays of one case, in memory or in every object, would be there in all others. */
  get isOver(): boolean {
    return (
      this.#found.length >= mostFaults ||
      this.#found.some(({ fault }) => fault === 'grew' || fault === 'polluted')
    );
  }

  /** Nothing is learnt from another slow case. */
  get isSlow(): boolean {
    return this.#met.has('slow');
  }

  get edges(): number {
    return this.#known.reduce((sum, buckets) => sum + (buckets === 0 ? 0 : 1), 0);
  }

  get corpus(): number {
    return this.#corpus.length;
  }

  /** All seeds, each once. */
  async begin(): Promise<void> {
    for (const seed of this.#options.target.seeds) await this.#try(seed);
  }

  /** Cases until so many have run, or so many milliseconds are over, whichever is first. */
  async run({ cases, ms }: { readonly cases: number; readonly ms: number }): Promise<void> {
    // What other readers have left since the last turn is none of this one's.
    this.#inUse = memoryInUse();
    const begun = performance.now();
    const until = begun + ms;
    for (let count = 0; count < cases && !this.isOver; count += 1) {
      if ((count & 15) === 0 && performance.now() > until) break;
      await this.#try(this.#next());
    }
    await this.#lookAtMemory();
    this.spent += performance.now() - begun;
  }

  /**
   * One input as large as its door lets in, measured by the other process. A server that keeps a little of each
   * request is seen only where it gets many.
   */
  async large(): Promise<void> {
    if (this.isSlow) return;
    const { target, judge } = this.#options;
    const whole = target.large(this.#dice);
    const input = whole.subarray(0, target.most);
    const verdict = await judge.judge(target.name, input, target.waits === true && this.largeCases % 8 === 0);
    this.cases += 1;
    this.largeCases += 1;
    this.#measured(verdict, input);
  }

  #measured({ failure, ms, growth }: Verdict, input: Buffer): void {
    this.slowest = Math.max(this.slowest, ms);
    this.growth = Math.max(this.growth, growth);
    if (failure !== undefined) this.#keep(failure, input);
  }

  #next(): Buffer {
    const { generate } = this.#options.target;
    if (generate !== undefined && this.#dice.once(4)) {
      const made = generate(this.#dice);
      return this.#dice.once(2) ? made : this.#changes.of(made, this.#one());
    }
    return this.#changes.of(this.#one(), this.#one());
  }

  /** One that is kept, the newer ones more often. */
  #one(): Buffer {
    const count = this.#corpus.length;
    const from = this.#dice.once(2) ? Math.max(0, count - 50) : 0;
    return this.#corpus[from + this.#dice.below(count - from)] ?? Buffer.alloc(0);
  }

  async #try(input: Buffer): Promise<void> {
    const { target, edges } = this.#options;
    edges.clear();
    const begun = performance.now();
    const { user } = process.cpuUsage();
    let inOneGo = true;
    try {
      const made = target.run(input);
      inOneGo = !(made instanceof Promise);
      if (!inOneGo) await made;
    } catch (error) {
      this.#keep(failureOf(error), input);
    }
    const ms = performance.now() - begun;
    this.cases += 1;
    const name = pollution();
    if (name !== undefined) this.#keep({ fault: 'polluted', why: `every object has "${name}" now` }, input);
    // Beside one that waits, others leave their edges as well, once these and once those.
    const isNew = edges.learnInto(this.#known);
    if (isNew && (inOneGo || !this.#options.repeatable)) this.#learn(input);
    // Of the processor's time: on a busy machine every case takes long.
    const own = Math.min(ms, process.cpuUsage().user / 1_000 - user / 1_000);
    if (own > suspicious && target.waits !== true && !this.isSlow)
      this.#measured(await this.#options.judge.judge(target.name, input), input);
    this.#recent.push(input);
    if (this.#recent.length >= batch) await this.#lookAtMemory();
  }

  #learn(input: Buffer): void {
    if (this.#corpus.length < corpusSize) this.#corpus.push(input);
    else this.#corpus[this.#dice.below(corpusSize)] = input;
  }

  /** Whether the last cases left something, and which of them did. */
  async #lookAtMemory(): Promise<void> {
    const recent = this.#recent;
    this.#recent = [];
    if (!prototypesAreClean())
      this.#keep({ fault: 'polluted', why: 'a hidden name' }, recent[0] ?? Buffer.alloc(0));
    const { heapUsed, external } = process.memoryUsage();
    if (heapUsed + external - this.#inUse < mostGrowth) return;
    const inUse = memoryInUse();
    const grown = inUse - this.#inUse;
    this.#inUse = inUse;
    if (grown < mostGrowth / 2) return;
    const { target, judge } = this.#options;
    const suspects = mostSuspects[target.waits === true ? 'waits' : 'computes'];
    for (const input of recent.slice(0, suspects)) {
      const verdict = await judge.judge(target.name, input, true);
      if (verdict.failure === undefined) continue;
      this.#measured(verdict, input);
      return;
    }
  }

  #keep(failure: Failure, input: Buffer): void {
    const { fault } = failure;
    const signature = fault === 'threw' || fault === 'wrong' ? signatureOf(failure) : fault;
    if (this.#met.has(signature)) return;
    this.#met.add(signature);
    this.#found.push({ ...failure, input: Buffer.from(input) });
  }
}
