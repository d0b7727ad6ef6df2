// Shutdown of the Slack adapter: answers under way may end, then the last states of cards may go out.
import type { Clock } from '../../liveResponse/ports.ts';
import type { Deliveries } from '../deliveries/deliveries.ts';
import type { Intake } from './inbound/intake.ts';
import type { Socket } from './inbound/socket.ts';
import { drainTime } from './limits.ts';
import type { PendingReplies } from './outbound/privateReplies.ts';
import type { StaleCards } from './outbound/staleCards.ts';
import type { WriteRates } from './outbound/writeRates.ts';

export interface ShutdownParts {
  /** In Socket Mode. */
  readonly socket: Socket | undefined;
  readonly intake: Pick<Intake, 'settled'>;
  readonly answers: Pick<PendingReplies, 'stop'>;
  readonly staleCards: Pick<StaleCards, 'settled'>;
  readonly budgets: Pick<WriteRates, 'stop'>;
  readonly deliveries: Pick<Deliveries, 'close'>;
  readonly clock: Pick<Clock, 'sleep'>;
}

export class Shutdown {
  readonly #parts: ShutdownParts;
  readonly #closed = new AbortController();
  #begun = false;

  constructor(parts: ShutdownParts) {
    this.#parts = parts;
  }

  /** Whether nothing new is taken any more. */
  get begun(): boolean {
    return this.#begun;
  }

  /** Takes nothing new and waits for answers under way, `drainTime` at most. */
  async drain(): Promise<void> {
    const { socket, intake, answers, staleCards, budgets, clock } = this.#parts;
    this.#begun = true;
    socket?.quiet();
    answers.stop();
    // The socket stays open while answers are under way: their acknowledgements need it.
    const drained = new AbortController();
    await Promise.race([
      Promise.all([intake.settled(), staleCards.settled()]),
      clock.sleep(drainTime, drained.signal),
    ]);
    drained.abort();
    // The last states of the cards may still go out; what would have to wait longer for its turn is drawn
    // after the next start.
    void clock.sleep(drainTime, this.#closed.signal).then(() => {
      budgets.stop();
    });
  }

  /** Drains first if that was not done, then closes the socket and the file of deliveries. */
  async stop(): Promise<void> {
    const { socket, budgets, deliveries } = this.#parts;
    if (!this.#begun) await this.drain();
    this.#closed.abort();
    budgets.stop();
    await socket?.stop();
    await deliveries.close();
  }
}
