// The report of the mutation run: survivors with their lines, and scores per file and part.
import type { Mutant } from './schemata/schemata.ts';
import type { Verdict } from './trials.ts';

export interface Tried {
  readonly mutant: Mutant;
  readonly verdict: Verdict;
}

export interface Score {
  readonly tried: number;
  readonly caught: number;
  readonly byTime: number;
}

export function isCaught({ kind }: Verdict): boolean {
  return kind === 'caught' || kind === 'caughtByTime';
}

export function scoreOf(tried: readonly Tried[]): Score {
  return {
    tried: tried.length,
    caught: tried.filter(({ verdict }) => isCaught(verdict)).length,
    byTime: tried.filter(({ verdict }) => verdict.kind === 'caughtByTime').length,
  };
}

/** Per cent; 100 where there was nothing to catch. */
export function percent({ tried, caught }: Score): number {
  return tried === 0 ? 100 : (caught / tried) * 100;
}

export function survivorLines(tried: readonly Tried[]): readonly string[] {
  return tried
    .filter(({ verdict }) => !isCaught(verdict))
    .map(({ mutant, verdict }) => {
      const { file, line, kind, within, original } = mutant;
      const where = `${file}:${line}${within === '' ? '' : ` (${within})`}`;
      const note = verdict.kind === 'unreached' ? ' [no test reaches it]' : '';
      return `  ${where} ${kind}: ${shortened(original)} -> ${shortened(mutant.mutant)}${note}`;
    });
}

/** For a screen; the list of equal mutants needs the whole text, which `--whole` prints. */
function shortened(text: string): string {
  return text.length <= longestText ? text : `${text.slice(0, longestText - 3)}...`;
}

const longestText = 160;

function rowOf(name: string, score: Score): string {
  const { tried, caught, byTime } = score;
  const survived = tried - caught;
  return `${percent(score).toFixed(1).padStart(6)} %  ${String(caught).padStart(5)} of ${String(tried).padStart(5)} caught, ${String(byTime).padStart(3)} by time, ${String(survived).padStart(4)} survived  ${name}`;
}

/** One line per file, then the sum. */
export function scoreLines(
  name: string,
  files: readonly string[],
  tried: readonly Tried[],
): readonly string[] {
  const rows = files.flatMap((file) => {
    const score = scoreOf(tried.filter(({ mutant }) => mutant.file === file));
    return score.tried === 0 ? [] : [rowOf(file, score)];
  });
  return [...rows, rowOf(`${name}, all files`, scoreOf(tried))];
}
