// One fault planted: whether the simulation, the crash test or the test suite notices it, by what, and after how
// long. What notices it has to be quiet without the fault.
import type { Copy, Instead } from '../guards/copy.ts';
import { controls, testedWith } from '../guards/trial.ts';
import type { Control } from '../guards/trial.ts';
import type { DayLine } from './daysChild.ts';
import { hashOf, planted } from './faults.ts';
import type { Fault, MethodOf } from './faults.ts';

export type Verdict =
  /** `by`: the broken promise or the failed test; `seconds`: until it was noticed. */
  | { readonly kind: 'caught'; readonly by: string; readonly seconds: number }
  | { readonly kind: 'survived' | 'stale' | 'invalid'; readonly words: string };

interface Trying {
  readonly copy: Copy;
  readonly instead: Instead;
}

/** All trials of a run, so that what is played without a fault is played once. */
export class Trials {
  readonly #known: ReadonlyMap<string, number>;
  readonly #control: Control;
  /** What days and crash tests break without a fault, by their arguments. */
  readonly #quiet = new Map<string, Promise<ReadonlyMap<string, string>>>();

  /** @param known by the hash of an entry: the day that is known to show the fault, which is played before all others */
  constructor(selected: readonly Fault[], known: ReadonlyMap<string, number>) {
    this.#known = known;
    this.#control = controls(selected.flatMap(({ caught }) => (caught.by === 'suite' ? [caught] : [])));
  }

  async of(fault: Fault, copy: Copy): Promise<Verdict> {
    const instead = planted(fault);
    if ('stale' in instead) return { kind: 'stale', words: instead.stale };
    const began = performance.now();
    const { caught } = fault;
    switch (caught.by) {
      case 'simulation':
        return this.#simulated(caught, this.#known.get(hashOf(fault)), { copy, instead });
      case 'crash':
        return this.#crashed(caught, { copy, instead });
      case 'suite': {
        const verdict = await testedWith(instead, caught, { copy, control: this.#control });
        return verdict.kind === 'found' ? { kind: 'caught', by: verdict.by, seconds: since(began) } : verdict;
      }
    }
  }

  /** Days are played one after the other until one breaks a promise that the fault was to break. */
  async #simulated(
    { breaks, seeds }: MethodOf<'simulation'>,
    knownSeed: number | undefined,
    { copy, instead }: Trying,
  ): Promise<Verdict> {
    const began = performance.now();
    const known = knownSeed === undefined ? [] : [[knownSeed, knownSeed] as const];
    const others = new Set<string>();
    for (const range of [...known, [1, seeds] as const]) {
      let found: { readonly seed: number; readonly promise: string } | undefined;
      const said = await playDays(copy, range, instead, ({ seed, broken }) => {
        if (broken === undefined) return false;
        others.add(broken.promise);
        if (breaks.includes(broken.promise)) found ??= { seed, promise: broken.promise };
        return found !== undefined;
      });
      if (found === undefined) {
        if (said !== '') others.add(said.slice(-300));
        continue;
      }
      const { seed, promise } = found;
      const seconds = since(began);
      const quiet = await this.#without(`seed ${seed}`, () => brokenOn(copy, seed));
      return quiet.has(promise)
        ? { kind: 'invalid', words: `seed ${seed} breaks "${promise}" without the fault already` }
        : { kind: 'caught', by: `\`${promise}\`, seed ${seed}`, seconds };
    }
    return {
      kind: 'survived',
      words: `no day of ${seeds} broke ${breaks.join(' or ')}${others.size === 0 ? '' : `, but: ${[...others].join(', ')}`}`,
    };
  }

  async #crashed({ breaks, kills, seed }: MethodOf<'crash'>, { copy, instead }: Trying): Promise<Verdict> {
    const args = ['--kills', String(kills), '--seed', String(seed)];
    const began = performance.now();
    const broken = await crashTest(copy, args, instead);
    const seconds = since(began);
    const kind = breaks.find((one) => broken.has(one));
    if (kind === undefined)
      return {
        kind: 'survived',
        words: `${kills} kills reported ${[...broken].map(([what, says]) => `${what}: ${says}`).join('; ')}`,
      };
    const quiet = await this.#without(args.join(' '), () => crashTest(copy, args, undefined));
    return quiet.has(kind)
      ? { kind: 'invalid', words: `the crash test reports "${kind}" without the fault already` }
      : { kind: 'caught', by: `${kind}: ${(broken.get(kind) ?? '').replace(/: \{.*$/s, '')}`, seconds };
  }

  #without(
    what: string,
    play: () => Promise<ReadonlyMap<string, string>>,
  ): Promise<ReadonlyMap<string, string>> {
    const known = this.#quiet.get(what) ?? play();
    this.#quiet.set(what, known);
    return known;
  }
}

function since(began: number): number {
  return (performance.now() - began) / 1_000;
}

/** Plays days until `take` says that one was enough. Resolves with what was written to stderr. */
function playDays(
  copy: Copy,
  [from, to]: readonly [number, number],
  instead: Instead | undefined,
  take: (line: DayLine) => boolean,
): Promise<string> {
  return copy.program({
    file: 'test/checker/daysChild.js',
    args: [from, to].map(String),
    instead,
    line: (text) => take(JSON.parse(text) as DayLine),
  });
}

async function brokenOn(copy: Copy, seed: number): Promise<ReadonlyMap<string, string>> {
  const broken = new Map<string, string>();
  await playDays(copy, [seed, seed], undefined, (line) => {
    if (line.broken !== undefined) broken.set(line.broken.promise, line.broken.says);
    return false;
  });
  return broken;
}

/** The first sentence of each kind of report of the crash test: a line that ends with a colon is its heading. */
async function crashTest(
  copy: Copy,
  args: readonly string[],
  instead: Instead | undefined,
): Promise<ReadonlyMap<string, string>> {
  const broken = new Map<string, string>();
  let heading: string | undefined;
  let last = '';
  const said = await copy.program({
    file: 'test/crash/run.js',
    args,
    instead,
    line: (text) => {
      last = text;
      const sentence = /^ {2}(\S.*)$/.exec(text)?.[1];
      if (sentence === undefined) heading = /^([a-z][a-z ]+):$/.exec(text)?.[1];
      else if (heading !== undefined && !broken.has(heading)) broken.set(heading, sentence);
      return false;
    },
  });
  if (broken.size === 0) broken.set('nothing', `${last} ${said.slice(-300)}`.trim());
  return broken;
}
