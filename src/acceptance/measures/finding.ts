// Finding of one measure: what a tenant showed, compared with what our code assumes, and how it is written.
// Only words of Defender's vocabulary, names of fields, numbers and families of hosts may be in a cell;
// nothing of a tenant's own is.
import { defaultProfile } from '../../simulator/profile.ts';
import { statusOf, wordOf } from '../rawAction.ts';
import type { Answered, Observed, Probe, ProbeName } from '../observing.ts';
import type { Exchange } from '../tap.ts';

/** `unmeasured`: nothing could be said this time; `tenant` says why. */
export type Verdict = 'same' | 'differs' | 'unmeasured';

export interface Measure {
  readonly name: string;
  readonly assumption: string;
  /** What the simulator does by default, which is what our code was written for. */
  readonly simulator: string;
  readonly tenant: string;
  readonly verdict: Verdict;
}

export interface Seen extends Observed {
  readonly exchanges: readonly Exchange[];
  /** Our Comment, where this process sent it. */
  readonly comment?: string;
}

export type Finding = Pick<Measure, 'tenant' | 'verdict'>;

/** What the simulator does by default. */
export const sim = defaultProfile;

export const why = (text: string): Finding => ({
  tenant: `not measured: ${text}`,
  verdict: 'unmeasured',
});
export const judged = (same: boolean, tenant: string): Finding => ({
  tenant,
  verdict: same ? 'same' : 'differs',
});
export const noEnd = why('the session was not seen to its end');

export function lastSingle({ pairs }: Observed): unknown {
  return pairs.findLast((pair) => pair.single !== undefined)?.single;
}

export function isFinal(action: unknown): boolean {
  return ['succeeded', 'failed', 'timeout', 'cancelled', 'canceled'].includes(
    statusOf(action)?.toLowerCase() ?? '',
  );
}

export function probe(probes: readonly Probe[], name: ProbeName): Probe | undefined {
  return probes.find((one) => one.name === name);
}

export function answered(found: Answered | undefined): Finding {
  return found === undefined
    ? why('it was not asked for')
    : judged(found.ok, found.ok ? 'yes' : `no, ${codes([found])}`);
}

export function codes(tries: readonly Answered[]): string {
  return [
    ...new Set(
      tries.map((one) =>
        one.ok
          ? 'answered'
          : [one.status ?? '', one.code === undefined ? '' : codeWord(one.code)].join(' ').trim(),
      ),
    ),
  ].join(', ');
}

/** An error code is a word, or "429". */
function codeWord(code: string): string {
  return /^(?:[A-Za-z]{1,50}|\d{3})$/.test(code) ? code : '(no code)';
}

export function words(found: readonly (string | undefined)[]): readonly string[] {
  return [...new Set(found.flatMap((word) => (word === undefined ? [] : [wordOf(word)])))];
}

/** Durations are known to the gap between two looks, and a tenth. */
export function within(ms: number, [low, high]: readonly [number, number], gap: number): boolean {
  return ms >= low * 0.9 - gap && ms <= high * 1.1 + gap;
}

export function span([low, high]: readonly [number, number]): string {
  return low === high ? seconds(low) : `${seconds(low)} to ${seconds(high)}`;
}

export function seconds(ms: number): string {
  if (ms >= 2 * 3_600_000) return `${Math.round(ms / 3_600_000)} h`;
  return ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 1000)} s`;
}
