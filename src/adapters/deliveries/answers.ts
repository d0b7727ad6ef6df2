// Retries of private answers, with growing pauses, as long as the answer is still useful. Answers that are
// left when this process stops are left to the next start.
import type { Clock, Log } from '../../liveResponse/ports.ts';

/**
 * Milliseconds for which a private answer is tried: as long as a link in it works, and as long as Slack’s
 * response_url.
 */
export const answerWithin = 30 * 60_000;
/** Milliseconds before the next try of a private answer; the last pause is repeated. */
export const answerPauses = [1_000, 2_000, 4_000, 8_000, 15_000, 30_000, 60_000, 120_000] as const;

/** One answer to one person. */
export interface PrivateAnswer {
  /** When the question came, by the clock that does not jump. */
  readonly since: number;
  /** For the log line when the answer is given up. */
  readonly who: Readonly<Record<string, unknown>>;
  /** One try; `attempt` counts from 0. */
  say(attempt: number): Promise<void>;
  /**
   * What a failed try means, in words for the log. @throws the error itself where it is no failure of the
   * chat
   */
  failure(error: unknown): Failure;
}

export interface Failure {
  /** Milliseconds, where the chat named a pause. */
  readonly retryAfterMs?: number | undefined;
  readonly why: Readonly<Record<string, unknown>>;
}

/** The bot stops before the person could be answered. */
export class Stopping extends Error {
  constructor() {
    super('the bot stops');
    this.name = 'Stopping';
  }
}

export interface AnswersOptions {
  /** Begins the names of the log lines. */
  readonly chat: 'slack' | 'teams';
  readonly clock: Pick<Clock, 'elapsed' | 'sleep'>;
  readonly log: Log;
}

export class Answers {
  readonly #chat: string;
  readonly #clock: Pick<Clock, 'elapsed' | 'sleep'>;
  readonly #log: Log;
  readonly #stopped = new AbortController();

  constructor({ chat, clock, log }: AnswersOptions) {
    this.#chat = chat;
    this.#clock = clock;
    this.#log = log;
  }

  /**
   * Resolves when the person has the answer, or can no longer get it, which is logged.
   * @throws Stopping, and what `failure` throws
   */
  async bring(answer: PrivateAnswer): Promise<void> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        await answer.say(attempt);
        return;
      } catch (error) {
        const { why, retryAfterMs = 0 } = answer.failure(error);
        const pause = Math.max(answerPauses[attempt] ?? answerPauses.at(-1) ?? 0, retryAfterMs);
        if (this.#clock.elapsed() + pause - answer.since > answerWithin) {
          this.#log.error(`${this.#chat}NotTold`, { ...answer.who, attempts: attempt + 1, ...why });
          return;
        }
        this.#log.warn(`${this.#chat}AnswerLate`, { ...why, againInMs: pause });
        await this.#clock.sleep(pause, this.#stopped.signal);
        if (this.#stopped.signal.aborted) throw new Stopping();
      }
    }
  }

  /** No further try is made; one that has started may still finish. */
  stop(): void {
    this.#stopped.abort();
  }
}
