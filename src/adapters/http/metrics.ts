// Counters and gauges for Prometheus, fed by the journal's events and read from the store when asked.
import { Counter, Gauge, Registry } from 'prom-client';
import type { RequestStore } from '../../liveResponse/ports.ts';
import type { Event } from '../../liveResponse/request/events.ts';
import { stageOf } from '../../liveResponse/request/request.ts';

export interface Metrics {
  /** Counts one journaled event. */
  count(event: Event['type']): void;
  read(): Promise<{ readonly type: string; readonly body: string }>;
}

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

export function createMetrics(store: Pick<RequestStore, 'open'>, now: () => Gauges): Metrics {
  const registry = new Registry();
  const events = new Counter({
    name: 'lr_events_total',
    help: 'Journaled events by type.',
    labelNames: ['type'],
    registers: [registry],
  });
  new Gauge({
    name: 'lr_open_requests',
    help: 'Open requests by state.',
    labelNames: ['state'],
    registers: [registry],
    collect() {
      this.reset();
      for (const request of store.open()) this.inc({ state: stageOf(request).state });
    },
  });
  const single = (name: string, help: string, value: (gauges: Gauges) => number): void => {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(value(now()));
      },
    });
  };
  const labelled = (
    name: string,
    help: string,
    label: string,
    values: (gauges: Gauges) => readonly (readonly [name: string, ok: boolean])[],
  ): void => {
    new Gauge({
      name,
      help,
      labelNames: [label],
      registers: [registry],
      collect() {
        this.reset();
        for (const [of, ok] of values(now())) this.labels(of).set(ok ? 1 : 0);
      },
    });
  };
  single(
    'lr_cards_behind',
    'Requests whose cards do not show the newest state yet.',
    (gauges) => gauges.cardsBehind,
  );
  single('lr_places_closed', 'Places in which cards cannot be written now.', (gauges) => gauges.placesClosed);
  single('lr_defender_readable', '1 while Defender can be read.', (gauges) =>
    gauges.defenderReadable ? 1 : 0,
  );
  single('lr_journal_writable', '1 while the journal can be written.', (gauges) =>
    gauges.journalWritable ? 1 : 0,
  );
  single('lr_clock_jumps', 'Jumps of the machine’s clock since the start.', (gauges) => gauges.clockJumps);
  labelled('lr_chat_up', '1 while the chat is connected and answers.', 'chat', (gauges) =>
    gauges.chats.map(({ chat, ok }) => [chat, ok] as const),
  );
  labelled('lr_worker_alive', '1 while the worker runs; 0 asks for a restart.', 'worker', (gauges) =>
    gauges.workers.map(({ name, ok }) => [name, ok] as const),
  );
  return {
    count: (type) => events.inc({ type }),
    read: async () => ({ type: registry.contentType, body: await registry.metrics() }),
  };
}
