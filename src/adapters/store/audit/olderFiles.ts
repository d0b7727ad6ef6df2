// The check of the older journal files in the background after a start, and what it found.
import type { Log } from '../../../liveResponse/ports.ts';
import { diskWords } from '../journal/disk.ts';
import type { AuditOptions } from './audit.ts';
import { auditSteps } from './audit.ts';

/** Begins when it is made, and lets the bot work in between. */
export class OlderFilesCheck {
  /** Resolves when the check has ended. Never rejects. */
  readonly done: Promise<void>;
  readonly #log: Log;
  #isDone = false;
  #isStopped = false;
  #broken: string | undefined;

  /** `options` is absent where there are no older files: the start has read the whole journal. */
  constructor(log: Log, options?: AuditOptions) {
    this.#log = log;
    this.done = (options === undefined ? yieldToEventLoop() : this.#check(options)).then(() => {
      this.#isDone = true;
    });
  }

  get isDone(): boolean {
    return this.#isDone;
  }

  /** What is wrong, in words; undefined while the check runs or when all is well. */
  get broken(): string | undefined {
    return this.#broken;
  }

  /** Ends the check at its next step. */
  stop(): void {
    this.#isStopped = true;
  }

  async #check(options: AuditOptions): Promise<void> {
    try {
      const report = await paced(auditSteps(options), () => this.#isStopped);
      if (report?.wrong === undefined) return;
      const { file, line, sentence } = report.wrong;
      this.#broken = sentence;
      this.#log.error('auditBreak', { file, line, wrong: sentence });
    } catch (error) {
      this.#broken = `The older journal files could not be checked: ${diskWords(error)}`;
      this.#log.error('auditFailed', { why: diskWords(error) });
    }
  }
}

export function yieldToEventLoop(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** Runs a check batch by batch, letting the bot work in between; undefined when it was stopped. */
async function paced<R>(steps: Generator<void, R>, stopped: () => boolean): Promise<R | undefined> {
  for (;;) {
    await yieldToEventLoop();
    if (stopped()) {
      steps.return(undefined as never);
      return undefined;
    }
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}
