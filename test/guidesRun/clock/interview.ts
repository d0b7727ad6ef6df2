// The questions of `setup` as they come in a terminal, and how somebody answers each. The machine types at
// once; what a person would take for the same keys is added up from a pace that the clock prints.
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';

/**
 * Seconds of the assumed person: to read a question and its explanation, to fetch what another window shows
 * and paste it, to type one character or press one key.
 */
export const pace = { reads: 4, pastes: 8, types: 0.3 } as const;

export interface Answer {
  /** What the question says, in the order in which they are asked. */
  readonly question: string;
  /** Typed before Enter; nothing takes what is offered. */
  readonly text: string;
  /** Copied from another window. */
  readonly pasted: boolean;
}

export const offered = (question: string): Answer => ({ question, text: '', pasted: false });
export const typed = (question: string, text: string): Answer => ({ question, text, pasted: false });
export const pasted = (question: string, text: string): Answer => ({ question, text, pasted: true });

const down = '\u001b[B';
/** Goes down in a list. */
export const chosen = (question: string, steps: number): Answer => ({
  question,
  text: down.repeat(steps),
  pasted: false,
});

/** Seconds that the assumed person takes. */
export function answering(answers: readonly Answer[]): number {
  return answers.reduce(
    (all, { text, pasted: copied }) =>
      all + pace.reads + pace.types + (copied ? pace.pastes : text.replaceAll(down, '.').length * pace.types),
    0,
  );
}

export interface Interview {
  readonly child: ChildProcess;
  /** The exit code, once every question was answered and the assistant has ended. */
  readonly ended: Promise<number | null>;
  readonly shown: () => string;
}

/**
 * In a pseudo terminal, by `script` of util-linux, in a process group of its own. No word may hold a quote.
 */
export function interview(
  words: readonly string[],
  answers: readonly Answer[],
  folder: string,
  environment: Readonly<Record<string, string>>,
): Interview {
  const line = words.map((word) => (/^[\w./:=@,-]+$/.test(word) ? word : `'${word}'`)).join(' ');
  const child = spawn('script', ['-qefc', `stty cols 200 rows 60; exec ${line}`, '/dev/null'], {
    cwd: folder,
    env: { ...environment, TERM: 'xterm', NO_COLOR: '1', SHELL: '/bin/sh' },
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });
  let raw = '';
  let from = 0;
  const left = [...answers];
  const shown = (): string => raw.replace(/\u001b\[[0-9;?]*[A-Za-z]/g, '').replace(/\r/g, '');
  const look = (): void => {
    const [next] = left;
    const at = next === undefined ? -1 : shown().indexOf(next.question, from);
    if (next === undefined || at < 0) return;
    from = at + next.question.length;
    left.shift();
    child.stdin.write(`${next.text}\r`);
  };
  child.stdout.on('data', (chunk: Buffer) => {
    raw += String(chunk);
    look();
  });
  child.stderr.on('data', (chunk: Buffer) => (raw += String(chunk)));
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      if (left.length === 0) resolve(code);
      else
        reject(
          new Error(
            `setup ended${code === null ? ' by a signal' : ` with ${code}`} and did not ask "${left[0]?.question ?? ''}", for which this waited:\n${shown().slice(-3_000)}`,
          ),
        );
    });
  });
  return { child, ended, shown };
}
