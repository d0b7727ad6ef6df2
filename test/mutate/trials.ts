// Tries one mutant: its tests, file by file, until the first that fails.
import type { SurveyedFile } from './baseline.ts';
import type { Question } from './threads/messages.ts';
import type { Mutant } from './schemata/schemata.ts';
import type { Limits, Reply, WorkerThread } from './threads/workerThread.ts';

export type Verdict =
  | { readonly kind: 'caught'; readonly by: string }
  | { readonly kind: 'caughtByTime'; readonly by: string }
  | { readonly kind: 'survived' }
  /** No test reaches it, so none was run. */
  | { readonly kind: 'unreached' };

/** A test with a mutant may take so long, in milliseconds, or so many times as long as without. */
const shortestLimit = 500;
const slowdown = 5;
/** A busy machine stretches tests too: what takes too long is tried again with so many times the limit. */
const secondChance = 4;
/** Loading compiles everything again, which a loaded machine stretches more. */
const shortestLoadLimit = 5_000;

function limitFor(ms: number): number {
  return Math.max(shortestLimit, slowdown * ms);
}

interface Attempt {
  readonly file: SurveyedFile;
  readonly tests: readonly number[] | 'all';
  readonly ms: number;
}

function attemptOn(file: SurveyedFile, { id }: Mutant): Attempt | undefined {
  const isStatic = file.atImport.has(id);
  const tests = isStatic ? file.tests : file.tests.filter(({ reached }) => reached.includes(id));
  if (tests.length === 0) return undefined;
  const ms = tests.reduce((sum, test) => sum + test.ms, isStatic ? file.loadMs : 0);
  const quickestFirst = tests.toSorted((a, b) => a.ms - b.ms).map(({ index }) => index);
  return { file, tests: isStatic ? 'all' : quickestFirst, ms };
}

/** Quickest first: most mutants are caught by any test that reaches them. */
function attemptsOn(mutant: Mutant, files: readonly SurveyedFile[]): readonly Attempt[] {
  return files.flatMap((file) => attemptOn(file, mutant) ?? []).toSorted((a, b) => a.ms - b.ms);
}

function limitsOf({ file, tests }: Attempt): Limits {
  const load = Math.max(shortestLoadLimit, slowdown * file.loadMs);
  const longest = limitFor(Math.max(...file.tests.map(({ ms }) => ms)));
  const byIndex = new Map(file.tests.map(({ index, ms }) => [index, limitFor(ms)]));
  return (test) => (test < 0 ? load : tests === 'all' ? longest : (byIndex.get(test) ?? longest));
}

async function replyTo(attempt: Attempt, { id }: Mutant, thread: WorkerThread): Promise<Reply> {
  const { file, tests } = attempt;
  const limits = limitsOf(attempt);
  const question: Question = { kind: 'trial', mutant: id, testFile: file.path, tests, leftOut: file.leftOut };
  const reply = await thread.ask(question, limits);
  return reply.kind === 'timedOut' ? thread.ask(question, (test) => secondChance * limits(test)) : reply;
}

export async function verdictOn(
  mutant: Mutant,
  files: readonly SurveyedFile[],
  thread: WorkerThread,
): Promise<Verdict> {
  const attempts = attemptsOn(mutant, files);
  if (attempts.length === 0) return { kind: 'unreached' };
  for (const attempt of attempts) {
    const { file } = attempt;
    const reply = await replyTo(attempt, mutant, thread);
    if (reply.kind === 'failed') return { kind: 'caught', by: `${file.file}: ${reply.test}` };
    if (reply.kind === 'died') return { kind: 'caught', by: `${file.file}: ${reply.why}` };
    if (reply.kind === 'timedOut') {
      const name = file.tests.find(({ index }) => index === reply.test)?.name ?? 'loading the file';
      return { kind: 'caughtByTime', by: `${file.file}: ${name}` };
    }
  }
  return { kind: 'survived' };
}
