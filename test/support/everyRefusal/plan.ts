// Which failure meets which call. All with all is thousands of stories, of which a selection is told. It
// holds for every selection that each kind of failure (what our adapters answer with the same code) meets
// each kind of call (its method) of both stories, and the last card of all; that half of the other failures
// of its kind meet one call each, in turn; and of those that a proxy says, which are told by their status
// alone, a quarter. EVERY_REFUSAL=<number> turns on which of them are told and at which calls,
// EVERY_REFUSAL=all tells all.
import type { Failure } from './failures.ts';
import type { Trouble } from './story.ts';

const wanted = process.env['EVERY_REFUSAL'] ?? '0';
const everything = wanted === 'all';
const turned = everything ? 0 : Number(wanted);

/** One half of the stories, where not all are told. */
export function halfOf<T>(all: readonly T[], half: 'even' | 'odd'): readonly T[] {
  return everything ? all : all.filter((_one, index) => (index % 2 === 0) === (half === 'even'));
}

/** Kinds of failures, in their order. */
export function kindsOf(failures: readonly Failure[]): readonly string[] {
  return [...new Set(failures.map((failure) => failure.kind))];
}

/** The stories of one kind of failure. `calls` are those of the undisturbed story. */
export function planned(
  kind: string,
  failures: readonly Failure[],
  calls: readonly string[],
): readonly Trouble[] {
  const [first, ...others] = failures.filter((failure) => failure.kind === kind);
  if (first === undefined) return [];
  if (everything) return [first, ...others].flatMap((failure) => troublesAt(failure, calls));
  const mine = oneOfEachMethod(calls, kindsOf(failures).indexOf(kind));
  const last = calls.findLast((call) => drawing.has(methodOf(call)));
  // Real time is spent on silence.
  const key = kind.startsWith('silence') || last === undefined ? mine : [...new Set([...mine, last])];
  const told = others.filter((failure, index) =>
    isProxys(failure) ? (failures.indexOf(failure) + turned) % 4 === 0 : (index + turned) % 2 === 0,
  );
  return [
    ...troublesAt(first, key),
    ...told.flatMap((failure) => troublesAt(failure, [inTurn(calls, failures.indexOf(failure))])),
  ];
}

/**
 * One story for every other kind, the calls in turn; and every kind at each method that only this story
 * calls.
 */
export function oneOfEach(
  failures: readonly Failure[],
  calls: readonly string[],
  elsewhere: readonly string[],
): readonly Trouble[] {
  const known = new Set(elsewhere.map(methodOf));
  const own = calls.filter((call) => !known.has(methodOf(call)));
  return kindsOf(failures).flatMap((kind, index) => {
    const first = failures.find((failure) => failure.kind === kind);
    if (first === undefined) return [];
    const some = (index + turned) % 2 === 1 ? [] : fewOf(calls, 1, index);
    return troublesAt(first, everything ? calls : [...new Set([...oneOfEachMethod(own, index), ...some])]);
  });
}

/** Some of the calls, so that over the failures every one has its turn. */
export function fewOf(calls: readonly string[], count: number, offset: number): readonly string[] {
  if (everything) return calls;
  return Array.from({ length: count }, (_unused, index) =>
    inTurn(calls, offset + Math.floor((index * calls.length) / count)),
  );
}

/** Methods by which a posted card is drawn again. */
const drawing: ReadonlySet<string> = new Set(['chat.update', 'PUT']);

function troublesAt(failure: Failure, calls: readonly string[]): readonly Trouble[] {
  return calls
    .filter((call) => !isStatement(failure, call))
    .map((call) => ({ at: call, refusal: failure.refusal }));
}

/** That somebody is no member is an answer and no failure: the place counts as shared from then on. */
function isStatement(failure: Failure, call: string): boolean {
  return call.startsWith('GET ') && failure.refusal.name.includes('MemberNotFound');
}

/** What a proxy says instead of the platform. */
function isProxys({ refusal }: Failure): boolean {
  return /with (a page|nothing)/.test(refusal.name);
}

function inTurn(calls: readonly string[], index: number): string {
  return calls[(index + turned) % calls.length] ?? '';
}

function methodOf(call: string): string {
  return call.split(' ')[0] ?? '';
}

function oneOfEachMethod(calls: readonly string[], index: number): readonly string[] {
  return [...new Set(calls.map(methodOf))].map((method) =>
    inTurn(
      calls.filter((call) => methodOf(call) === method),
      index,
    ),
  );
}
