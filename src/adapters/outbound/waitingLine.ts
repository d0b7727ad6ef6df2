// A line in which messages wait until the chat's own pace lets one more go: one after another, urgent ones first.
import type { Urgency } from '../../bot/ports.ts';
import type { Clock } from '../../liveResponse/ports.ts';

interface Waiting {
  readonly urgent: Urgency;
  readonly go: (turn: boolean) => void;
}

export interface Pace {
  /** Milliseconds until one more may go; 0 means now. `now` is elapsed time. */
  wait(now: number): number;
  /** One goes now. */
  took(now: number): void;
}

export class WaitingLine {
  readonly #clock: Pick<Clock, 'elapsed' | 'sleep'>;
  readonly #pace: Pace;
  readonly #stopped: AbortSignal;
  /** One entry for each message that waits: as many as there are cards and notes behind. */
  readonly #waiting: Waiting[] = [];
  #serving = false;

  /** @param stopped once aborted, nobody waits any longer */
  constructor(clock: Pick<Clock, 'elapsed' | 'sleep'>, pace: Pace, stopped: AbortSignal) {
    this.#clock = clock;
    this.#pace = pace;
    this.#stopped = stopped;
  }

  /** Resolves when it is the caller's turn; false when stopped meanwhile. Urgent ones overtake the others. */
  turn(urgent: Urgency): Promise<boolean> {
    if (this.#stopped.aborted) return Promise.resolve(false);
    return new Promise<boolean>((resolve) => {
      this.#waiting.push({ urgent, go: resolve });
      if (!this.#serving) void this.#serve();
    });
  }

  /** How many wait for their turn. */
  get length(): number {
    return this.#waiting.length;
  }

  async #serve(): Promise<void> {
    this.#serving = true;
    while (this.#waiting.length > 0 && !this.#stopped.aborted) {
      const now = this.#clock.elapsed();
      const wait = this.#pace.wait(now);
      if (wait > 0) {
        await this.#clock.sleep(wait, this.#stopped);
        continue;
      }
      const at = this.#waiting.findIndex(({ urgent }) => (typeof urgent === 'function' ? urgent() : urgent));
      const [next] = this.#waiting.splice(Math.max(0, at), 1);
      this.#pace.took(now);
      next?.go(true);
    }
    this.#serving = false;
    for (const one of this.#waiting.splice(0)) one.go(false);
  }
}
