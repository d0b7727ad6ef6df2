// A copy of the package in which one guard at a time is missing: its own dist, everything else linked. The
// live dist is never touched.
import { spawn } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../support/root.ts';

export interface Outcome {
  /** Full names of the tests that passed and failed, with the words of those that failed. */
  readonly passed: readonly string[];
  readonly failed: readonly { readonly name: string; readonly words: string }[];
  /** Test files that could not be run at all, in words. */
  readonly broken: readonly string[];
}

export interface Copy {
  /**
   * Runs test files; with another text in place of one module while they run, only as far as the first test
   * that fails.
   */
  run(
    tests: readonly string[],
    testName: string | undefined,
    instead?: { readonly module: string; readonly text: string },
  ): Promise<Outcome>;
  close(): void;
}

/** Whatever is not run or is made anew. */
const leftOut = ['dist', 'data', 'coverage', '.git'];
/** Milliseconds after which a run of tests is given up. */
const longestRun = 300_000;
/** Milliseconds for one test: one that waits for what a missing guard never brings need not wait a minute. */
const testTimeout = 30_000;

interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages?: readonly string[];
    }[];
  }[];
}

export function openCopy(): Copy {
  const dir = mkdtempSync(join(tmpdir(), 'lr-guards-'));
  for (const name of readdirSync(root))
    if (!leftOut.includes(name)) symlinkSync(join(root, name), join(dir, name));
  cpSync(join(root, 'dist'), join(dir, 'dist'), { recursive: true });
  const report = join(dir, 'report.json');
  const first = join(dir, 'first.json');
  // A run that is ended leaves behind what its tests have put there.
  const temporary = join(dir, 'tmp');
  mkdirSync(temporary);
  // As the system's own folder for temporary files: tests start processes of another user, who puts sockets
  // there.
  chmodSync(dir, 0o755);
  chmodSync(temporary, 0o1777);
  const running = new Set<() => void>();

  async function jest(
    tests: readonly string[],
    testName: string | undefined,
    untilFirst: boolean,
  ): Promise<Outcome> {
    for (const file of [report, first]) rmSync(file, { force: true });
    const files = tests.map((test) => join(dir, 'dist', test.replace(/\.ts$/, '.js')));
    const args = [
      '--experimental-vm-modules',
      '--disable-warning=ExperimentalWarning',
      join(root, 'node_modules', 'jest', 'bin', 'jest.js'),
      '--runInBand',
      '--forceExit',
      '--silent',
      '--json',
      `--outputFile=${report}`,
      `--testTimeout=${testTimeout}`,
      ...(untilFirst ? [`--reporters=${join(dir, 'scripts', 'firstFailure.js')}`] : []),
      ...(testName === undefined ? [] : ['-t', testName]),
      '--runTestsByPath',
      ...files,
    ];
    const child = spawn(process.execPath, args, {
      cwd: dir,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, TMPDIR: temporary, LR_FIRST_FAILURE: first },
      detached: true,
    });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-4_000)));
    // The programs that tests have started go with it: all of them are of its group.
    const kill = (): void => killGroup(child.pid);
    running.add(kill);
    const limit = setTimeout(kill, longestRun);
    await new Promise((resolve) => child.on('close', resolve));
    clearTimeout(limit);
    running.delete(kill);
    kill();
    if (existsSync(first))
      return {
        passed: [],
        failed: [JSON.parse(readFileSync(first, 'utf8')) as Outcome['failed'][number]],
        broken: [],
      };
    return outcomeOf(report, said);
  }

  return {
    async run(tests, testName, instead) {
      if (instead === undefined) return jest(tests, testName, false);
      const path = join(dir, instead.module);
      const whole = readFileSync(path, 'utf8');
      writeFileSync(path, instead.text);
      try {
        return await jest(tests, testName, true);
      } finally {
        writeFileSync(path, whole);
      }
    },
    close() {
      for (const kill of running) kill();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if ((error as { readonly code?: unknown }).code !== 'ESRCH') throw error;
  }
}

function outcomeOf(report: string, said: string): Outcome {
  let read: Report;
  try {
    read = JSON.parse(readFileSync(report, 'utf8')) as Report;
  } catch (error) {
    return {
      passed: [],
      failed: [],
      broken: [
        `the runner left no report (${error instanceof Error ? error.message : String(error)}): ${said.slice(-400)}`,
      ],
    };
  }
  const tests = read.testResults.flatMap(({ assertionResults }) => assertionResults);
  return {
    passed: tests.filter(({ status }) => status === 'passed').map(({ fullName }) => fullName),
    failed: tests
      .filter(({ status }) => status === 'failed')
      .map(({ fullName, failureMessages = [] }) => ({ name: fullName, words: failureMessages.join('\n') })),
    // A file that cannot be imported has no tests and a message.
    broken: read.testResults
      .filter(({ assertionResults, message }) => assertionResults.length === 0 && message !== '')
      .map(({ message }) => message.slice(0, 600)),
  };
}
