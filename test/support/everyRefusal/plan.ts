// Which failure meets which call. All with all is thousands of stories; one of each kind meets each kind of call, and every other failure
// meets one call, in turn. EVERY_REFUSAL=all tells every story, EVERY_REFUSAL=<number> turns on which calls those others fall.
import type { Failure } from './failures.ts';
import type { Trouble } from './story.ts';

const wanted = process.env['EVERY_REFUSAL'] ?? '0';
const everything = wanted === 'all';
const turned = everything ? 0 : Number(wanted);

export interface Planned {
  readonly kind: string;
  readonly troubles: readonly Trouble[];
}

/** By kind of failure. `calls` are those of the undisturbed story. */
export function planned(failures: readonly Failure[], calls: readonly string[]): readonly Planned[] {
  const some = keyCalls(calls);
  const kinds = [...new Set(failures.map((failure) => failure.kind))];
  return kinds.map((kind) => {
    const [first, ...others] = failures.filter((failure) => failure.kind === kind);
    if (first === undefined) return { kind, troubles: [] };
    const at = (failure: Failure, where: readonly string[]): readonly Trouble[] => where.map((call) => ({ at: call, refusal: failure.refusal }));
    if (everything) return { kind, troubles: [first, ...others].flatMap((failure) => at(failure, calls)) };
    // Real time is spent on silence.
    const mine = kind.startsWith('silence') ? everyNth(some, 3) : some;
    return { kind, troubles: [...at(first, mine), ...others.flatMap((failure) => at(failure, [inTurn(calls, failures.indexOf(failure))]))] };
  });
}

/** Some of the calls, so that over the failures every one has its turn. */
export function fewOf(calls: readonly string[], count: number, offset: number): readonly string[] {
  if (everything) return calls;
  return Array.from({ length: count }, (_unused, index) => inTurn(calls, offset + Math.floor((index * calls.length) / count)));
}

function inTurn(calls: readonly string[], index: number): string {
  return calls[(index + turned) % calls.length] ?? '';
}

/** One of each method, of the place of approvals where there are two: the first, one in the middle and the last. */
function keyCalls(calls: readonly string[]): readonly string[] {
  const groups = new Map<string, string[]>();
  for (const call of calls) {
    const method = call.split(' ')[0] ?? '';
    groups.set(method, [...(groups.get(method) ?? []), call]);
  }
  return [...groups.values()].flatMap((group) => [...new Set([group[0], group[Math.floor(group.length / 2)], group.at(-1)])].flatMap((call) => (call === undefined ? [] : [call])));
}

function everyNth<T>(all: readonly T[], n: number): readonly T[] {
  return all.filter((_one, index) => index % n === n - 1);
}
