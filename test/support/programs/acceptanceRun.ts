// `npm run acceptance` as people run it: the built program with settings alone, lines typed to it, what it
// prints waited for.
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../root.ts';

export interface AcceptanceRun {
  /** Types a line. */
  type(line: string): void;
  /** Nobody is at the terminal any more. */
  leave(): void;
  /**
   * Resolves with the match once it was printed, which it may have been already; rejects when the program
   * ends without it.
   */
  seen(pattern: RegExp): Promise<RegExpExecArray>;
  signal(name: NodeJS.Signals): void;
  /** Everything printed, to both. */
  text(): string;
  readonly ended: Promise<number | null>;
}

export function startAcceptance(
  words: readonly string[],
  env: Readonly<Record<string, string>>,
): AcceptanceRun {
  const child = spawn(process.execPath, [join(root, 'dist', 'src', 'cli', 'acceptance.js'), ...words], {
    env: { PATH: process.env['PATH'] ?? '', LR_ENV_FILE: 'off', ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
    cwd: root,
  });
  let text = '';
  const watchers = new Set<() => void>();
  const take = (chunk: Buffer): void => {
    text += chunk.toString('utf8');
    for (const watch of watchers) watch();
  };
  child.stdout.on('data', take);
  child.stderr.on('data', take);
  // It may have ended: then its exit code tells, not a broken pipe.
  child.stdin.on('error', () => undefined);
  const ended = new Promise<number | null>((resolve) => {
    child.once('close', (code) => {
      resolve(code);
      for (const watch of watchers) watch();
    });
  });
  let over = false;
  void ended.then(() => (over = true));
  return {
    type: (line) => void child.stdin.write(`${line}\n`),
    leave: () => void child.stdin.end(),
    seen: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = pattern.exec(text);
          if (found === null && !over) return;
          watchers.delete(look);
          if (found !== null) resolve(found);
          else reject(new Error(`never printed: ${String(pattern)}\n${text}`));
        };
        watchers.add(look);
        void ended.then(look);
        look();
      }),
    signal: (name) => void child.kill(name),
    text: () => text,
    ended,
  };
}

/** The one fixture of a folder: its name, its text, and it as JSON. */
export function fixtureIn(folder: string): {
  readonly file: string;
  readonly text: string;
  readonly json: Fixture;
} {
  const found = readdirSync(folder).filter((name) => /^acceptance-.*\.json$/.test(name));
  const [name] = found;
  if (name === undefined || found.length > 1) throw new Error(`fixtures: ${found.join(', ')}`);
  const text = readFileSync(join(folder, name), 'utf8');
  return { file: join(folder, name), text, json: JSON.parse(text) as Fixture };
}

export interface Fixture {
  readonly mainJob: { readonly ok: boolean; readonly how: string };
  readonly simulated: boolean;
  readonly measures: readonly {
    readonly name: string;
    readonly simulator: string;
    readonly tenant: string;
    readonly verdict: 'same' | 'differs' | 'unmeasured';
  }[];
  readonly states: readonly unknown[];
  readonly links: readonly unknown[];
  readonly results: readonly unknown[];
  readonly exchanges: readonly {
    readonly from: string;
    readonly url: string;
    readonly status: number;
    readonly body?: unknown;
  }[];
}
