// The built program as a child process: started with settings alone, asked over HTTP, killed when a test says
// so.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { resolve as resolvePath } from 'node:path';
import { root } from '../root.ts';

export interface Program {
  readonly child: ChildProcess;
  /** The first line of stdout. */
  readonly firstLine: string;
  /** Everything written to stderr so far. */
  stderr(): string;
  /** Where reasons in words and metrics are; resolves once the program says so. */
  adminUrl(): Promise<string>;
  /** Resolves with the exit code, null after a signal. */
  readonly ended: Promise<number | null>;
  kill(signal: NodeJS.Signals): Promise<number | null>;
}

/**
 * Starts a file of dist, or of anywhere by its whole path, and resolves with its first line of stdout;
 * rejects with its stderr when it ends before that. `born` is given the process before it says anything.
 */
export function startProgram(
  file: string,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
  born: (child: ChildProcess) => void = () => undefined,
): Promise<Program> {
  const child = spawn(process.execPath, [resolvePath(root, 'dist', file), ...args], {
    // Only what the test names: no setting of the machine may leak in.
    env: { PATH: process.env['PATH'] ?? '', LR_ENV_FILE: 'off', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: root,
  });
  born(child);
  let out = '';
  let err = '';
  const ended = new Promise<number | null>((resolve) => {
    child.once('exit', (code) => {
      resolve(code);
    });
  });
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString('utf8')));
  return new Promise((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString('utf8');
      const line = /^(.*)\n/.exec(out)?.[1];
      if (line === undefined) return;
      resolve({
        child,
        firstLine: line,
        stderr: () => err,
        adminUrl: () =>
          new Promise((found) => {
            const look = (): void => {
              const said = /(http:\/\/\S+)\/readyz and /.exec(out)?.[1];
              if (said === undefined) return;
              child.stdout.off('data', look);
              found(said);
            };
            child.stdout.on('data', look);
            look();
          }),
        ended,
        kill(signal) {
          child.kill(signal);
          return ended;
        },
      });
    });
    void ended.then((code) => {
      reject(new Error(`${file} ended with ${String(code)} before its first line: ${err}`));
    });
  });
}

/** A program that was asked to stop ends within this, whatever hangs (docs/health.md). Milliseconds. */
export const stopsWithin = 20_500;

/** SIGTERM. Resolves with the exit code; rejects when the program still runs after the time it has. */
export async function stopped(program: Program): Promise<number | null> {
  let late: NodeJS.Timeout | undefined;
  const overdue = new Promise<never>((_resolve, reject) => {
    late = setTimeout(() => {
      program.child.kill('SIGKILL');
      reject(new Error(`it still ran ${stopsWithin} ms after SIGTERM: ${program.stderr()}`));
    }, stopsWithin);
  });
  try {
    return await Promise.race([program.kill('SIGTERM'), overdue]);
  } finally {
    clearTimeout(late);
  }
}

/** The address in a first line such as "live-response-bot console at http://127.0.0.1:3978/". */
export function addressIn(line: string): string {
  const found = /http:\/\/\S+?(?=\/?(?:\s|$))/.exec(line)?.[0];
  if (found === undefined) throw new Error(`no address in "${line}"`);
  return found;
}
