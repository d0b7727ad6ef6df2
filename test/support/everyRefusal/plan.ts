// Which failure meets which call. All with all is thousands of stories; one of each kind meets each kind of call, and every other failure
// meets one call, in turn. EVERY_REFUSAL=all tells every story, EVERY_REFUSAL=<number> turns on which calls those others fall.
import type { Failure } from './failures.ts';
import type { Trouble } from './story.ts';

const wanted = process.env['EVERY_REFUSAL'] ?? '0';
const everything = wanted === 'all';
const turned = everything ? 0 : Number(wanted);

/** Kinds of failures, in their order. */
export function kindsOf(failures: readonly Failure[]): readonly string[] {
  return [...new Set(failures.map((failure) => failure.kind))];
}

/** The stories of one kind of failure. `calls` are those of the undisturbed story. */
export function planned(kind: string, failures: readonly Failure[], calls: readonly string[]): readonly Trouble[] {
  const [first, ...others] = failures.filter((failure) => failure.kind === kind);
  if (first === undefined) return [];
  const at = (failure: Failure, where: readonly string[]): readonly Trouble[] => where.filter((call) => !isStatement(failure, call)).map((call) => ({ at: call, refusal: failure.refusal }));
  if (everything) return [first, ...others].flatMap((failure) => at(failure, calls));
  const some = keyCalls(calls);
  // Real time is spent on silence.
  const mine = kind.startsWith('silence') ? everyNth(some, 3) : some;
  // What a proxy says instead of the platform is told by its status alone: one in four of these.
  const told = others.filter(({ refusal }) => !/with (a page|nothing)/.test(refusal.name) || (failures.findIndex((failure) => failure.refusal === refusal) + turned) % 4 === 0);
  return [...at(first, mine), ...told.flatMap((failure) => at(failure, [inTurn(calls, failures.indexOf(failure))]))];
}

/** That somebody is no member is an answer and no failure: the place counts as shared from then on. */
function isStatement(failure: Failure, call: string): boolean {
  return call.startsWith('GET ') && failure.refusal.name.includes('MemberNotFound');
}

/** One story for every other kind, the calls in turn. */
export function oneOfEach(failures: readonly Failure[], calls: readonly string[]): readonly Trouble[] {
  return kindsOf(failures).flatMap((kind, index) => {
    const first = failures.find((failure) => failure.kind === kind);
    return first === undefined || (!everything && (index + turned) % 2 === 1) ? [] : fewOf(calls, 1, index).map((call) => ({ at: call, refusal: first.refusal }));
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

/** Of each method one in the middle and the last. */
function keyCalls(calls: readonly string[]): readonly string[] {
  const groups = new Map<string, string[]>();
  for (const call of calls) {
    const method = call.split(' ')[0] ?? '';
    groups.set(method, [...(groups.get(method) ?? []), call]);
  }
  return [...groups.values()].flatMap((group) => [...new Set([group[Math.floor(group.length / 2)], group.at(-1)])].flatMap((call) => (call === undefined ? [] : [call])));
}

function everyNth<T>(all: readonly T[], n: number): readonly T[] {
  return all.filter((_one, index) => index % n === n - 1);
}
