// A copy of the package in which one text at a time is another: a guard is missing, or a fault is planted. It
// has its own dist, everything else is linked; the live dist is never touched.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
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
import { createInterface } from 'node:readline';
import { root } from '../support/root.ts';

export interface Outcome {
  /** Full names of the tests that passed and failed, with the words of those that failed. */
  readonly passed: readonly string[];
  readonly failed: readonly { readonly name: string; readonly words: string }[];
  /** Test files that could not be run at all, in words. */
  readonly broken: readonly string[];
}

/** Another text in place of one module, by its path from the package root. */
export interface Instead {
  readonly module: string;
  readonly text: string;
}

/** A program of the build, as it is run in the copy. */
export interface Run {
  /** From the root of the build. */
  readonly file: string;
  readonly args: readonly string[];
  readonly instead: Instead | undefined;
  /** Takes each line that it prints, and answers whether that was enough: then it is ended. */
  readonly line: (text: string) => boolean;
}

export interface Copy {
  /**
   * Runs test files; with another text in place of one module while they run, only as far as the first test
   * that fails.
   */
  run(tests: readonly string[], testName: string | undefined, instead?: Instead): Promise<Outcome>;
  /** Runs a program. Resolves with the end of what it wrote to stderr; rejects where it does not end in half an hour. */
  program(run: Run): Promise<string>;
  close(): void;
}

/** Whatever is not run or is made anew. */
const leftOut = ['dist', 'data', 'coverage', '.git'];
/** Milliseconds after which a run of tests is given up, and of another program. */
const longestRun = 300_000;
const longestProgram = 1_800_000;
/** Milliseconds for one test: one that waits for what a missing guard never brings need not wait a minute. */
const testTimeout = 30_000;

interface Start {
  /** Added to the environment. */
  readonly more?: Readonly<Record<string, string>>;
  /** Milliseconds. */
  readonly limit: number;
  readonly started?: (child: ChildProcess, kill: () => void) => void;
}

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

  /** Resolves with what it said on stderr once it has ended, and all that it started with it. */
  async function ended(
    args: readonly string[],
    { more = {}, limit, started = () => undefined }: Start,
  ): Promise<{ readonly said: string; readonly late: boolean }> {
    const child = spawn(process.execPath, args, {
      cwd: dir,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, TMPDIR: temporary, ...more },
      detached: true,
    });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-4_000)));
    // The programs that it has started go with it: all of them are of its group.
    const kill = (): void => killGroup(child.pid);
    running.add(kill);
    let late = false;
    const end = setTimeout(() => {
      late = true;
      kill();
    }, limit);
    started(child, kill);
    child.stdout.resume();
    await new Promise((resolve) => child.on('close', resolve));
    clearTimeout(end);
    running.delete(kill);
    kill();
    return { said, late };
  }

  async function changed<T>(instead: Instead | undefined, work: () => Promise<T>): Promise<T> {
    if (instead === undefined) return await work();
    const path = join(dir, instead.module);
    const whole = readFileSync(path, 'utf8');
    writeFileSync(path, instead.text);
    try {
      return await work();
    } finally {
      writeFileSync(path, whole);
    }
  }

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
    const { said } = await ended(args, { more: { LR_FIRST_FAILURE: first }, limit: longestRun });
    if (existsSync(first))
      return {
        passed: [],
        failed: [JSON.parse(readFileSync(first, 'utf8')) as Outcome['failed'][number]],
        broken: [],
      };
    return outcomeOf(report, said);
  }

  return {
    run: (tests, testName, instead) => changed(instead, () => jest(tests, testName, instead !== undefined)),
    program: ({ file, args, instead, line }) =>
      changed(instead, async () => {
        // A program that makes many short-lived objects has room for them, as in `npm run simulate`.
        const command = ['--max-semi-space-size=64', join(dir, 'dist', file), ...args];
        const { said, late } = await ended(command, {
          limit: longestProgram,
          started: ({ stdout }, kill) => {
            if (stdout === null) return;
            createInterface({ input: stdout }).on('line', (text) => {
              if (line(text)) kill();
            });
          },
        });
        if (late) throw new Error(`${file} did not end within ${longestProgram / 60_000} minutes`);
        return said;
      }),
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
