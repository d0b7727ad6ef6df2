// The check of the older journal files in the background after a start, and what it found.
import type { Log } from '../../../liveResponse/ports.ts';
import { diskWords } from '../journal/disk.ts';
import type { Disk } from '../journal/disk.ts';
import type { AuditOptions } from './audit.ts';
import { auditSteps } from './audit.ts';

/** Begins when it is made, and lets the bot work in between. */
export class OlderFilesCheck {
  /** Resolves when the check has ended. Never rejects. */
  readonly done: Promise<void>;
  readonly #log: Log;
  readonly #disk: Pick<Disk, 'letOthersWork'>;
  #isDone = false;
  #isStopped = false;
  #broken: string | undefined;

  /** `options` is absent where there are no older files: the start has read the whole journal. */
  constructor(log: Log, disk: Pick<Disk, 'letOthersWork'>, options?: AuditOptions) {
    this.#log = log;
    this.#disk = disk;
    this.done = (options === undefined ? disk.letOthersWork() : this.#check(options)).then(() => {
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
      const report = await this.#paced(auditSteps(options));
      if (report?.wrong === undefined) return;
      const { file, line, sentence } = report.wrong;
      this.#broken = sentence;
      this.#log.error('auditBreak', { file, line, wrong: sentence });
    } catch (error) {
      this.#broken = `The older journal files could not be checked: ${diskWords(error)}`;
      this.#log.error('auditFailed', { why: diskWords(error) });
    }
  }

  /** Batch by batch, letting the bot work in between; undefined when it was stopped. */
  async #paced<R>(steps: Generator<void, R>): Promise<R | undefined> {
    for (;;) {
      await this.#disk.letOthersWork();
      if (this.#isStopped) {
        steps.return(undefined as never);
        return undefined;
      }
      const step = steps.next();
      if (step.done === true) return step.value;
    }
  }
}
