// The baseline of the mutation run: how long each test takes without a mutant, and which mutants it reaches.
import type { SurveyedTest } from './threads/messages.ts';
import { eachOnThreads } from './threads/threads.ts';
import type { WorkerThread } from './threads/workerThread.ts';

/** Milliseconds for one test, or for loading one file, when nothing is known of it. */
const longestTest = 60_000;

export interface TestFile {
  /** The source, from the root. */
  readonly file: string;
  readonly path: string;
}

export interface SurveyedFile extends TestFile {
  readonly loadMs: number;
  /** Mutants that are reached while the file is loaded. */
  readonly atImport: ReadonlySet<number>;
  readonly tests: readonly (SurveyedTest & { readonly index: number })[];
  /** Names of tests that are not used: they fail without any mutant, or take too long. */
  readonly leftOut: readonly string[];
}

export interface Baseline {
  readonly files: readonly SurveyedFile[];
  /** Files and tests that fail without any mutant, in words. */
  readonly skipped: readonly string[];
}

export async function baselineOf(
  testFiles: readonly TestFile[],
  tooSlow: readonly string[],
  threads: readonly WorkerThread[],
): Promise<Baseline> {
  const files: SurveyedFile[] = [];
  const skipped: string[] = [];
  await eachOnThreads(testFiles, threads, async (testFile, thread) => {
    const reply = await thread.ask({ kind: 'survey', testFile: testFile.path, tooSlow }, () => longestTest);
    if (reply.kind !== 'surveyed') {
      skipped.push(`${testFile.file}: ${'why' in reply ? reply.why : 'it takes too long'}`);
      return;
    }
    const tests = reply.tests.map((test, index) => ({ ...test, index }));
    for (const { name, failure } of tests)
      if (failure !== undefined) skipped.push(`${testFile.file}: ${name}: ${failure}`);
    const isUsed = ({ failure, isTooSlow }: SurveyedTest): boolean =>
      failure === undefined && isTooSlow === undefined;
    files.push({
      ...testFile,
      loadMs: reply.loadMs,
      atImport: new Set(reply.atImport),
      tests: tests.filter(isUsed),
      leftOut: tests.filter((test) => !isUsed(test)).map(({ name }) => name),
    });
  });
  return { files: files.toSorted((a, b) => a.file.localeCompare(b.file)), skipped };
}
