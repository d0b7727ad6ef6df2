// Private answers that arrive: tried again with growing pauses while they are still worth saying, and left
// for the next start when this process stops.
import type { Clock, Log } from '../../liveResponse/ports.ts';

/**
 * How long a private answer is tried for: as long as a link in it works, and as Slack's response_url.
 * Milliseconds.
 */
export const answerWithin = 30 * 60_000;
/** Pauses before the next try of a private answer; the last one from then on. Milliseconds. */
export const answerPauses = [1_000, 2_000, 4_000, 8_000, 15_000, 30_000, 60_000, 120_000] as const;

/** One answer to one person. */
export interface Telling {
  /** When the question came, by the clock that does not jump. */
  readonly since: number;
  /** For the log line of an answer that was given up. */
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

export interface Answers {
  /**
   * Resolves when the person was told, or cannot be told any more: that is logged. @throws Stopping, and what
   * `failure` throws
   */
  bring(telling: Telling): Promise<void>;
  /** Nobody waits for another try any longer; a try under way may still end. */
  stop(): void;
}

/** The bot stops before the person could be told. */
export class Stopping extends Error {
  constructor() {
    super('the bot stops');
    this.name = 'Stopping';
  }
}

/** `chat` begins the names of its log lines. */
export function createAnswers(
  chat: 'slack' | 'teams',
  clock: Pick<Clock, 'elapsed' | 'sleep'>,
  log: Log,
): Answers {
  const stopped = new AbortController();

  return {
    async bring(telling) {
      for (let attempt = 0; ; attempt += 1) {
        try {
          await telling.say(attempt);
          return;
        } catch (error) {
          const { why, retryAfterMs = 0 } = telling.failure(error);
          const pause = Math.max(answerPauses[attempt] ?? answerPauses.at(-1) ?? 0, retryAfterMs);
          if (clock.elapsed() + pause - telling.since > answerWithin) {
            log.error(`${chat}NotTold`, { ...telling.who, attempts: attempt + 1, ...why });
            return;
          }
          log.warn(`${chat}AnswerLate`, { ...why, againInMs: pause });
          await clock.sleep(pause, stopped.signal);
          if (stopped.signal.aborted) throw new Stopping();
        }
      }
    },
    stop: () => stopped.abort(),
  };
}
