// Measures of a tenant: what was seen of it, compared with what our code and the simulator assume, one line
// for each assumption.
import { listMeasures, cancelMeasures, timeMeasures } from './measures/times.ts';
import { lastSingle, seconds, sim, why } from './measures/finding.ts';
import type { Measure, Seen } from './measures/finding.ts';
import { linkMeasures } from './measures/links.ts';
import { resultMeasures } from './measures/results.ts';
import { serviceMeasures } from './measures/service.ts';
import { wordMeasures } from './measures/words.ts';

export function measuresOf(seen: Seen): readonly Measure[] {
  const last = lastSingle(seen);
  return [
    ...listMeasures(seen),
    ...timeMeasures(seen, last),
    ...wordMeasures(seen, last),
    ...linkMeasures(seen),
    ...resultMeasures(seen),
    ...serviceMeasures(seen),
    ...cancelMeasures(seen, last),
    {
      name: 'limit.sessions',
      assumption: 'So many sessions run at once',
      simulator: `${sim.maxSessions}`,
      ...why('it takes as many sessions as the limit; one device runs one'),
    },
    {
      name: 'limit.busy',
      assumption: 'A second POST for a busy device is refused',
      simulator: '400 ActiveRequestAlreadyExists',
      ...why('a second POST is a second submission, and the bot holds it back until the device is free'),
    },
    {
      name: 'limit.queue',
      assumption: 'So long a session waits for an offline device',
      simulator: seconds(sim.offlineQueueMs),
      ...why('it takes a device that stays offline for as long'),
    },
  ];
}
