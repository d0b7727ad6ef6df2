// The assistant as people run it: the built program in a folder of its own, with options alone or in a pseudo
// terminal (script of util-linux).
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../root.ts';

export const setupProgram = join(root, 'dist', 'src', 'cli', 'setup.js');
export const hasScript = spawnSync('script', ['--version']).status === 0;

export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export class SetupBench {
  readonly folder = mkdtempSync(join(tmpdir(), 'lr-setup-'));
  readonly home = mkdtempSync(join(tmpdir(), 'lr-home-'));
  readonly key = join(this.home, '.live-response-bot', 'journal.key');

  /** Only what the test names: no setting of the machine may leak in. */
  environment(more: Readonly<Record<string, string>> = {}): Record<string, string> {
    return { PATH: process.env['PATH'] ?? '', HOME: this.home, TERM: 'xterm', NO_COLOR: '1', ...more };
  }

  start(args: readonly string[], environment: Readonly<Record<string, string>> = {}): ChildProcess {
    return spawn(process.execPath, [setupProgram, ...args], {
      env: this.environment(environment),
      cwd: this.folder,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
  }

  async run(
    args: readonly string[],
    {
      environment = {},
      input = '',
    }: { readonly environment?: Readonly<Record<string, string>>; readonly input?: string } = {},
  ): Promise<Ran> {
    const child = this.start(args, environment);
    child.stdin?.end(input);
    const [out, err] = [child.stdout, child.stderr].map((stream) => {
      const chunks: Buffer[] = [];
      stream?.on('data', (chunk: Buffer) => chunks.push(chunk));
      return chunks;
    });
    const code = await new Promise<number | null>((done) => child.once('close', done));
    const text = (chunks: readonly Buffer[] | undefined): string =>
      Buffer.concat(chunks ?? []).toString('utf8');
    return { code, out: text(out), err: text(err) };
  }

  files(): readonly string[] {
    return readdirSync(this.folder).toSorted();
  }

  read(name: string): string {
    return readFileSync(join(this.folder, name), 'utf8');
  }

  close(): void {
    for (const folder of [this.folder, this.home]) rmSync(folder, { recursive: true, force: true });
  }
}

export interface Terminal {
  /** All that was on the screen, without the codes that move the cursor. */
  shown(): string;
  /** Types once these words are on the screen, after what was typed before. */
  answer(words: string, keys: string): Promise<void>;
  /** The lists of processes that were seen while it ran. */
  readonly ended: Promise<number | null>;
}

/** The doctor alone may take a while on a loaded machine. Milliseconds. */
const shownWithin = 40_000;

export const keys = { enter: '\r', down: '\u001b[B', interrupt: '\u0003' } as const;

/**
 * @param args of the assistant; none of them may hold a quote. The terminal echoes, as one of a person does:
 * script alone turns that off when it is fed by a pipe
 */
export function inTerminal(
  bench: SetupBench,
  args: readonly string[] = [],
  environment: Readonly<Record<string, string>> = {},
  columns = 200,
): Terminal {
  const child = spawn(
    'script',
    [
      '-qefc',
      `stty cols ${columns} rows 60 echo; exec ${process.execPath} ${setupProgram} ${args.join(' ')}`,
      '/dev/null',
    ],
    {
      env: bench.environment({ SHELL: '/bin/sh', ...environment }),
      cwd: bench.folder,
      stdio: ['pipe', 'pipe', 'pipe'],
    },
  );
  let raw = '';
  let from = 0;
  const plain = (text: string): string => text.replace(/\u001b\[[0-9;?]*[A-Za-z]/g, '').replace(/\r/g, '');
  const waiting = new Set<() => void>();
  child.stdout.on('data', (chunk: Buffer) => {
    raw += chunk.toString('utf8');
    for (const look of waiting) look();
  });
  const ended = new Promise<number | null>((done) => child.once('close', done));
  return {
    shown: () => plain(raw),
    ended,
    answer: (words, typed) =>
      new Promise((resolve, reject) => {
        const late = setTimeout(() => {
          reject(
            new Error(`"${words}" was not shown within ${shownWithin} ms:\n${plain(raw).slice(-2_000)}`),
          );
          child.kill('SIGKILL');
        }, shownWithin);
        const look = (): void => {
          const at = plain(raw).indexOf(words, from);
          if (at < 0) return;
          waiting.delete(look);
          clearTimeout(late);
          from = at + words.length;
          child.stdin.write(typed);
          resolve();
        };
        waiting.add(look);
        void ended.then((code) => {
          clearTimeout(late);
          reject(
            new Error(
              `it ended with ${String(code)} before "${words}" was shown:\n${plain(raw).slice(-2_000)}`,
            ),
          );
        });
        look();
      }),
  };
}
