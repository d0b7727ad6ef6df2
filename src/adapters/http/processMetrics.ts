// Metrics of the process itself: processor time, memory, file handles, garbage collection and the delay of the event
// loop. One registry for the process, however many services run in it.
import { collectDefaultMetrics, Registry } from 'prom-client';

/** Gauges that end like counters; what they say is in the series by type, without the ending. */
const misnamed = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
] as const;

let made: Registry | undefined;

export function processMetrics(): Registry {
  if (made === undefined) {
    made = new Registry();
    collectDefaultMetrics({ register: made });
    for (const name of misnamed) made.removeSingleMetric(name);
  }
  return made;
}
