// Prometheus metrics: counters of the journal's events, and gauges read from the store when they are asked
// for.
import { Counter, Gauge, Registry } from 'prom-client';
import type { RequestStore } from '../../liveResponse/ports.ts';
import type { Event } from '../../liveResponse/request/events.ts';
import { stageOf } from '../../liveResponse/request/request.ts';

/** How things are at this moment. */
export interface Gauges {
  readonly cardsBehind: number;
  readonly placesClosed: number;
  readonly defenderReadable: boolean;
  readonly journalWritable: boolean;
  readonly clockJumps: number;
  readonly chats: readonly { readonly chat: string; readonly ok: boolean }[];
  readonly workers: readonly { readonly name: string; readonly ok: boolean }[];
}

type Flags = readonly (readonly [name: string, ok: boolean])[];

export class Metrics {
  readonly #registry = new Registry();
  readonly #events: Counter<'type'>;
  readonly #now: () => Gauges;

  constructor(store: Pick<RequestStore, 'open'>, now: () => Gauges) {
    this.#now = now;
    const registers = [this.#registry];
    this.#events = new Counter({
      name: 'lr_events_total',
      help: 'Journaled events by type.',
      labelNames: ['type'],
      registers,
    });
    new Gauge({
      name: 'lr_open_requests',
      help: 'Open requests by state.',
      labelNames: ['state'],
      registers,
      collect() {
        this.reset();
        for (const request of store.open()) this.inc({ state: stageOf(request).state });
      },
    });
    this.#addGauges();
  }

  /** Counts one journaled event. */
  count(event: Event['type']): void {
    this.#events.inc({ type: event });
  }

  async read(): Promise<{ readonly type: string; readonly body: string }> {
    return { type: this.#registry.contentType, body: await this.#registry.metrics() };
  }

  #addGauges(): void {
    this.#single(
      'lr_cards_behind',
      'Requests whose cards do not show the newest state yet.',
      ({ cardsBehind }) => cardsBehind,
    );
    this.#single(
      'lr_places_closed',
      'Places in which cards cannot be written now.',
      ({ placesClosed }) => placesClosed,
    );
    this.#single('lr_defender_readable', '1 while Defender can be read.', ({ defenderReadable }) =>
      defenderReadable ? 1 : 0,
    );
    this.#single('lr_journal_writable', '1 while the journal can be written.', ({ journalWritable }) =>
      journalWritable ? 1 : 0,
    );
    this.#single(
      'lr_clock_jumps',
      'Jumps of the machine’s clock since the start.',
      ({ clockJumps }) => clockJumps,
    );
    this.#labelled('lr_chat_up', '1 while the chat is connected and answers.', 'chat', ({ chats }) =>
      chats.map(({ chat, ok }) => [chat, ok] as const),
    );
    this.#labelled('lr_worker_alive', '1 while the worker runs; 0 asks for a restart.', 'worker', (gauges) =>
      gauges.workers.map(({ name, ok }) => [name, ok] as const),
    );
  }

  #single(name: string, help: string, value: (gauges: Gauges) => number): void {
    const now = this.#now;
    new Gauge({
      name,
      help,
      registers: [this.#registry],
      collect() {
        this.set(value(now()));
      },
    });
  }

  #labelled(name: string, help: string, label: string, values: (gauges: Gauges) => Flags): void {
    const now = this.#now;
    new Gauge({
      name,
      help,
      labelNames: [label],
      registers: [this.#registry],
      collect() {
        this.reset();
        for (const [of, ok] of values(now())) this.labels(of).set(ok ? 1 : 0);
      },
    });
  }
}
