// The lines in which cards and notes of one conversation of Teams wait for their turn, so that answers to
// people, who wait for them, always find room.
import { WaitingLine } from '../../outbound/waitingLine.ts';
import type { Urgency } from '../../../bot/ports.ts';
import { SlidingWindow } from '../../../liveResponse/pacing/slidingWindow.ts';
import type { Rate } from '../../../liveResponse/pacing/slidingWindow.ts';
import type { Clock } from '../../../liveResponse/ports.ts';
import type { ConnectorRates } from './connectorRates.ts';

/**
 * What cards and notes may take of one conversation's `sendLimits`: what is left over is for private answers,
 * which wait in no line.
 */
export const lineLimits: readonly Rate[] = [
  { limit: 5, ms: 1_000 },
  { limit: 6, ms: 2_000 },
  { limit: 50, ms: 30_000 },
  { limit: 1_600, ms: 3_600_000 },
];

/** Lines kept before those of quiet conversations are forgotten. */
const mostKept = 1_000;

interface Line {
  readonly window: SlidingWindow;
  readonly line: WaitingLine;
}

export class ConversationLines {
  readonly #clock: Clock;
  readonly #budgets: Pick<ConnectorRates, 'wait'>;
  readonly #lines = new Map<string, Line>();
  readonly #stopped = new AbortController();

  /** @param budgets of all calls to a conversation: answers, and a pause that Teams asked for, count too */
  constructor(clock: Clock, budgets: Pick<ConnectorRates, 'wait'>) {
    this.#clock = clock;
    this.#budgets = budgets;
  }

  /** Resolves when one more may be sent there; false when stopped meanwhile. */
  turn(conversation: string, urgent: Urgency): Promise<boolean> {
    return this.#line(conversation).line.turn(urgent);
  }

  /** Nobody waits any longer. */
  stop(): void {
    this.#stopped.abort();
  }

  #line(conversation: string): Line {
    const known = this.#lines.get(conversation);
    if (known !== undefined) return known;
    if (this.#lines.size >= mostKept) this.#forget();
    const window = new SlidingWindow(lineLimits);
    const pace = {
      wait: (now: number): number =>
        Math.ceil(Math.max(window.wait(now), this.#budgets.wait('send', conversation))),
      took: (now: number): void => {
        window.add(now);
      },
    };
    const made = { window, line: new WaitingLine(this.#clock, pace, this.#stopped.signal) };
    this.#lines.set(conversation, made);
    return made;
  }

  #forget(): void {
    const now = this.#clock.elapsed();
    for (const [key, { window, line }] of this.#lines)
      if (line.length === 0 && window.isIdle(now)) this.#lines.delete(key);
  }
}
