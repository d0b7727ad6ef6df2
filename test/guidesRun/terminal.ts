// The reader’s terminal: commands are run in it as the page has them typed, and end in their time.
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from './page.ts';
import { tail } from './output.ts';
import { alive, answering, signal } from './processes.ts';

/** Milliseconds that one command may take: `npm ci` with a cold cache, a build on a loaded machine. */
export const longest = 240_000;
/** A line that only sets variables of the terminal. */
export const assignment = /^(\w+)=(?:\$\(.*\)|"[^"]*"|[^\s;&|]*)$/s;

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly all: string;
}

/** The reader's terminal: what a line sets, and the folder it changes to, stay for the next ones. */
export class Terminal {
  readonly #state: string;
  readonly #folder: string;
  readonly #environment: () => Readonly<Record<string, string>>;

  constructor(state: string, folder: string, environment: () => Readonly<Record<string, string>>) {
    this.#state = state;
    this.#folder = folder;
    this.#environment = environment;
  }

  start(
    text: string,
    extra: Readonly<Record<string, string>>,
    how: Pick<Command, 'script' | 'answers' | 'asRoot'> = {},
  ): ChildProcess {
    // Variables that a line sets stay for the next ones, as in the reader's terminal.
    const env = join(this.#state, 'env.sh');
    const cwd = join(this.#state, 'cwd');
    if (!existsSync(env)) writeFileSync(env, '');
    const at = existsSync(cwd) ? readFileSync(cwd, 'utf8').trim() : this.#folder;
    const name = how.script === true ? undefined : assignment.exec(text)?.[1];
    const kept = name === undefined ? text : `set -a\n${text}\ndeclare -p ${name} >> ${env}`;
    const settings = { ...this.#environment(), ...extra };
    if (how.script === true) {
      // As it is pasted into a shell of its own: what it sets, and that it ends at an error, is its own.
      const script = join(this.#state, 'block.sh');
      writeFileSync(script, `${text}\n`);
      return this.#spawned('bash', ['-c', `. ${env}; exec sh ${script}`], at, settings);
    }
    const script = `set -eo pipefail; . ${env}; trap 'code=$?; pwd > ${cwd}; exit $code' EXIT\n${kept}`;
    if (how.answers !== undefined)
      return this.#spawned('script', ['-qefc', `stty cols 200 rows 60; ${text}`, '/dev/null'], at, {
        ...settings,
        SHELL: '/bin/bash',
        TERM: 'xterm',
      });
    if (how.asRoot === true)
      return this.#spawned(
        'unshare',
        ['-m', 'bash', '-c', `${ownSystemFolders(this.#state)}\n${script}`],
        at,
        settings,
      );
    return this.#spawned('bash', ['-c', script], at, settings);
  }

  #spawned(
    program: string,
    args: readonly string[],
    cwd: string,
    env: Readonly<Record<string, string>>,
  ): ChildProcess {
    const child = spawn(program, args, {
      cwd,
      env,
      stdio: [program === 'script' ? 'pipe' : 'ignore', 'pipe', 'pipe'],
      detached: true,
    });
    alive.add(child);
    child.once('close', () => alive.delete(child));
    return child;
  }

  async ran(
    text: string,
    extra: Readonly<Record<string, string>>,
    how: Pick<Command, 'script' | 'answers' | 'asRoot'>,
  ): Promise<Ended> {
    const child = this.start(text, extra, how);
    let out = '';
    let all = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      out += String(chunk);
      all += String(chunk);
    });
    child.stderr?.on('data', (chunk: Buffer) => (all += String(chunk)));
    const typing = how.answers === undefined ? undefined : answering(child, how.answers, () => out);
    const timer = setTimeout(() => {
      signal(child, 'SIGKILL');
    }, longest);
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('close', resolve);
      child.once('error', reject);
    });
    clearTimeout(timer);
    clearInterval(typing);
    if (child.signalCode === 'SIGKILL')
      throw new Failed(`it did not end within ${longest / 1000} s:\n${tail(all)}`);
    return { code, out, all };
  }
}

export class Failed extends Error {}

/**
 * Lines of shell that put copies in place of the folders of this machine, for one process and its children.
 */
function ownSystemFolders(state: string): string {
  const own = join(state, 'machine');
  if (!existsSync(own)) {
    mkdirSync(join(own, 'opt'), { recursive: true });
    const done = spawnSync('cp', ['-a', '/etc', own], { encoding: 'utf8' });
    if (done.status !== 0) throw new Error(`cp -a /etc: ${done.stderr}`);
  }
  return ['opt', 'etc'].map((name) => `mount --bind ${join(own, name)} /${name}`).join('\n');
}
