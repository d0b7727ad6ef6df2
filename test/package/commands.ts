// Commands as somebody runs them who has nothing but the package: in empty folders, with empty caches, without a
// registry.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Milliseconds for any one command on a loaded machine. */
const patience = 180_000;

export const work = mkdtempSync(join(tmpdir(), 'lr-package-test-'));
export const children = new Set<ChildProcess>();

export interface Ended {
  readonly out: string;
  readonly err: string;
  readonly code: number | null;
}

const made = { folders: 0 };
export function emptyFolder(): string {
  const folder = join(work, `empty-${(made.folders += 1)}`);
  mkdirSync(folder);
  return folder;
}

/** No settings of the machine's, no registry and nothing cached; NO_COLOR and the like stay out, too. */
export function bare(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '',
    HOME: emptyFolder(),
    npm_config_cache: emptyFolder(),
    npm_config_offline: 'true',
    npm_config_update_notifier: 'false',
    ...more,
  };
}

export function start(
  file: string,
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>>,
): { readonly child: ChildProcess; readonly ended: Promise<Ended>; said(): string } {
  const child = spawn(file, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  children.add(child);
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  const late = setTimeout(() => child.kill('SIGKILL'), patience);
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      clearTimeout(late);
      children.delete(child);
      resolve({ out, err, code });
    });
  });
  return { child, ended, said: () => out };
}

export const run = (
  file: string,
  args: readonly string[],
  cwd = emptyFolder(),
  env = bare(),
): Promise<Ended> => start(file, args, cwd, env).ended;
