// Counters and gauges for Prometheus, fed by the journal's events and read from the store when asked.
import { Counter, Gauge, Registry } from 'prom-client';
import type { RequestStore } from '../../liveResponse/ports.ts';
import type { Event } from '../../liveResponse/request.ts';

export interface Metrics {
  /** Counts one journaled event. */
  count(event: Event['type']): void;
  read(): Promise<{ readonly type: string; readonly body: string }>;
}

export function createMetrics(store: Pick<RequestStore, 'open'>, cardsBehind: () => number): Metrics {
  const registry = new Registry();
  const events = new Counter({ name: 'lr_events_total', help: 'Journaled events by type.', labelNames: ['type'], registers: [registry] });
  new Gauge({
    name: 'lr_open_requests',
    help: 'Open requests by state.',
    labelNames: ['state'],
    registers: [registry],
    collect() {
      this.reset();
      for (const request of store.open()) this.inc({ state: request.state });
    },
  });
  new Gauge({
    name: 'lr_cards_behind',
    help: 'Requests whose cards do not show the newest state yet.',
    registers: [registry],
    collect() {
      this.set(cardsBehind());
    },
  });
  return {
    count: (type) => events.inc({ type }),
    read: async () => ({ type: registry.contentType, body: await registry.metrics() }),
  };
}
