// Handle of one worker thread: limits each test in time, starts the thread again when it hangs or dies.
import { Worker } from 'node:worker_threads';
import type { Answer, Began, Question, Setup } from './messages.ts';

/** Milliseconds for each test, by index; -1 is the loading of the file. */
export type Limits = (test: number) => number;

export type Reply =
  | Answer
  | { readonly kind: 'timedOut'; readonly test: number }
  | { readonly kind: 'died'; readonly why: string };

/** Megabytes: a mutant that collects without end is stopped before the machine has no memory left. */
const largestHeap = 1_500;
/** Fresh loads leave their modules behind; a thread that had so many is replaced. */
const mostFreshLoads = 60;

export class WorkerThread {
  readonly #setup: Setup;
  #worker: Worker | undefined;
  #freshLoads = 0;

  constructor(setup: Setup) {
    this.#setup = setup;
  }

  async ask(question: Question, limits: Limits): Promise<Reply> {
    if (question.kind === 'survey' || question.tests === 'all') {
      this.#freshLoads += 1;
      if (this.#freshLoads > mostFreshLoads) await this.close();
    }
    const worker = (this.#worker ??= this.#start());
    const reply = await answerOf(worker, question, limits);
    if (reply.kind === 'timedOut' || reply.kind === 'died') await this.close();
    return reply;
  }

  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    this.#freshLoads = 0;
    await worker?.terminate();
  }

  #forget(worker: Worker): void {
    if (this.#worker === worker) this.#worker = undefined;
  }

  #start(): Worker {
    const worker = new Worker(new URL('./worker.js', import.meta.url), {
      workerData: this.#setup,
      execArgv: ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'],
      stdout: true,
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: largestHeap },
    });
    // What mutants print is of no interest, but must be read.
    worker.stdout.resume();
    worker.stderr.resume();
    // What a test leaves running may still fail between two questions: the next needs another thread.
    worker.on('error', () => this.#forget(worker));
    worker.on('exit', () => this.#forget(worker));
    return worker;
  }
}

function answerOf(worker: Worker, question: Question, limits: Limits): Promise<Reply> {
  return new Promise((resolve) => {
    let timer: NodeJS.Timeout | undefined;
    const end = (reply: Reply): void => {
      clearTimeout(timer);
      worker.off('message', heard).off('error', failed).off('exit', ended);
      resolve(reply);
    };
    const heard = (message: Answer | Began): void => {
      if (message.kind !== 'began') {
        end(message);
        return;
      }
      clearTimeout(timer);
      timer = setTimeout(() => end({ kind: 'timedOut', test: message.test }), limits(message.test));
    };
    const failed = (error: unknown): void =>
      end({ kind: 'died', why: error instanceof Error ? error.message : String(error) });
    const ended = (): void => end({ kind: 'died', why: 'the thread ended' });
    worker.on('message', heard).on('error', failed).on('exit', ended);
    worker.postMessage(question);
  });
}
