// A process of its own that judges cases: its modules carry no counters, so that its times are the readers' own.
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { judge, judgeRepeated } from './judging.ts';
import type { Verdict } from './judging.ts';
import { targetNamed } from '../targets.ts';

interface Question {
  readonly target: string;
  readonly input: Uint8Array;
  readonly repeated: boolean;
}

/** So long a case may take before the process that runs it is given up. Milliseconds. */
const patience = 20_000;

export class JudgeProcess {
  #child: ChildProcess | undefined;

  /** What the other process measures. A case that ends it, or never ends, is a failure. */
  async judge(target: string, input: Buffer, repeated = false): Promise<Verdict> {
    const child = (this.#child ??= fork(fileURLToPath(import.meta.url), ['judge'], {
      serialization: 'advanced',
      execArgv: [],
    }));
    const stop = new AbortController();
    const timer = setTimeout(() => child.kill('SIGKILL'), patience);
    const answered = once(child, 'message', { signal: stop.signal }).then(([said]) => said as Verdict);
    const ended = once(child, 'exit', { signal: stop.signal }).then((): Verdict => {
      this.#child = undefined;
      const why = `the process ended, or was stopped after ${patience / 1000} s`;
      return { failure: { fault: 'slow', why }, ms: patience, growth: 0 };
    });
    child.send({ target, input, repeated } satisfies Question);
    try {
      return await Promise.race([answered, ended]);
    } finally {
      clearTimeout(timer);
      stop.abort();
      await Promise.allSettled([answered, ended]);
    }
  }

  close(): void {
    this.#child?.kill();
    this.#child = undefined;
  }
}

async function answer({ target, input, repeated }: Question): Promise<void> {
  const found = await targetNamed(target);
  const bytes = Buffer.from(input.buffer, input.byteOffset, input.byteLength);
  process.send?.(await (repeated ? judgeRepeated(found, bytes) : judge(found, bytes)));
}

if (process.argv[1] === fileURLToPath(import.meta.url) && process.argv[2] === 'judge') {
  process.on('message', (question: Question) => void answer(question));
  process.on('disconnect', () => process.exit(0));
}
