// All workers over ports in memory, with the callbacks that they gave away; for the tests of how they are wired.
import type { SharedPlaces } from '../../../src/bot/workers/cards/closedPlaces.ts';
import { DefenderWatch } from '../../../src/bot/workers/upkeep/defenderWatch.ts';
import { RequestMemory } from '../../../src/bot/workers/requestMemory.ts';
import { Workers } from '../../../src/bot/workers/workers.ts';
import type { Subscribe, WorkersParts } from '../../../src/bot/workers/workers.ts';
import type { Request } from '../../../src/liveResponse/request/request.ts';
import { createWorkerPorts } from '../../support/apps/workerPorts.ts';
import type { PortsOptions } from '../../support/apps/workerPorts.ts';

export function opened(
  requests: readonly Request[] = [],
  parts: WorkersParts = {},
  options: Pick<PortsOptions, 'policy'> = {},
) {
  const ports = createWorkerPorts(requests, { chats: [], ...options });
  Object.assign(ports.defender, {
    reachable: () => Promise.resolve(),
    recent: () => Promise.resolve({ actions: [], whole: true }),
    actions: () => Promise.resolve([]),
  });
  const watch = new DefenderWatch(ports.deps.defender, ports.clock);
  const on: { changed: Parameters<Subscribe>[0]; shared: () => void } = {
    changed: () => undefined,
    shared: () => undefined,
  };
  const outsiders: SharedPlaces = {
    known: () => 'no',
    ask: () => Promise.resolve('no'),
    askSoon: () => undefined,
    heard: () => undefined,
    onShared: (listener) => void (on.shared = listener),
  };
  const memory = new RequestMemory();
  const deps = { ...ports.deps, defender: watch.defender, outsiders, memory, watch };
  const workers = new Workers(deps, (listener) => void (on.changed = listener), parts);
  return { ...ports, watch, workers, on };
}
export type House = ReturnType<typeof opened>;

/** Which workers ended a pass at this very moment. */
export function ranNow({ workers, clock }: House): readonly string[] {
  return workers.workers().flatMap(({ name, lastRun }) => (lastRun === clock.now() ? [name] : []));
}

/** Notes the calls of these methods instead of doing what they do. */
export function faked(house: House): string[] {
  const calls: string[] = [];
  const { workers } = house;
  const note = (part: object, name: string, ...methods: readonly string[]): void => {
    for (const method of methods)
      Object.assign(part, {
        [method]: (...given: readonly unknown[]) => {
          const said = given.filter((one) => typeof one === 'string').map((one) => ` ${one}`);
          calls.push(`${name}.${method}${said.join('')}`);
          return Promise.resolve(undefined);
        },
      });
  };
  note(workers.submission, 'submission', 'pass', 'settled', 'drain');
  note(workers.reconciliation, 'reconciliation', 'pass');
  note(workers.following, 'following', 'pass');
  note(workers.parked, 'parked', 'pass');
  note(workers.results, 'results', 'pass', 'touch', 'recovered');
  note(workers.exposure, 'exposure', 'pass', 'touch', 'recheck');
  note(workers.announcing, 'announcing', 'pass', 'settled');
  note(workers.cardSync, 'cards', 'pass', 'idle', 'markDirty', 'redraw');
  note(workers.outlook, 'outlook', 'pass');
  note(workers.clockWatch, 'clock', 'pass');
  return calls;
}
