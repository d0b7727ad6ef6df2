// Finished and running sessions whose results are read, with a Defender that has a transcript and a file.
import { createResults } from '../../../../../src/bot/workers/sessions/results.ts';
import type { Turn } from '../../../../../src/bot/workers/worker.ts';
import type { ResultBytes } from '../../../../../src/liveResponse/ports.ts';
import { resultsOf, stageOf } from '../../../../../src/liveResponse/request/request.ts';
import type { Request } from '../../../../../src/liveResponse/request/request.ts';
import type { Results } from '../../../../../src/liveResponse/results/resultFacts.ts';
import type { FlatRequest } from '../../../../support/requests/requests.ts';
import { askedFor, createWorkerPorts, history, sent } from '../../../../support/apps/workerPorts.ts';
import type { PortsOptions, WorkerPorts } from '../../../../support/apps/workerPorts.ts';

export const minute = 60_000;
/** How long a new link lives. */
export const lifeOfLink = 30 * minute;

/** A request whose session has ended well, with a script and a file. */
export const ended = (change: Partial<FlatRequest> = {}): Request =>
  history(askedFor(change), ...sent, 'ended');

/** Another one, asked later, so that it comes first in the store. */
export const other = { id: 'lr-b', origin: 'b' };

export const bytesOf = (value: unknown): Uint8Array =>
  new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));

export const transcript: ResultBytes = {
  bytes: bytesOf({ script_name: 'minidump.ps1', exit_code: 0, script_output: 'done', script_errors: '' }),
  cut: false,
};
export const zip: ResultBytes = {
  bytes: Uint8Array.of(0x50, 0x4b, 3, 4),
  cut: true,
  size: 9_000,
  fileName: 'dump.zip',
};

/** Goes on so many times. */
export function turns(times: number): Turn {
  let left = times;
  return { goOn: () => (left -= 1) >= 0 };
}

export interface ResultTable extends WorkerPorts {
  readonly results: ReturnType<typeof createResults>;
  /** What each reading was asked for: the address, and what goes with it. */
  readonly reads: (readonly unknown[])[];
  /** What is known of the results of a request. */
  readonly kept: (id?: string) => Results;
  /** What was written, with whose it is. */
  readonly told: () => readonly string[];
  /** Calls for links and readings since the last look. */
  readonly called: () => readonly string[];
}

export function createResultTable(requests: readonly Request[], options: PortsOptions = {}): ResultTable {
  const ports = createWorkerPorts(requests, options);
  const reads: ResultTable['reads'] = [];
  ports.defender.link = (_action, index) =>
    Promise.resolve({ url: `https://results/${index}`, expiresAt: ports.clock.now() + lifeOfLink });
  ports.defender.read = (...asked) => {
    reads.push(asked);
    return Promise.resolve(asked[0].endsWith('/0') ? transcript : zip);
  };
  return {
    ...ports,
    results: createResults(ports.deps, ports.ages),
    reads,
    kept: (id) => resultsOf(stageOf(ports.now(id))),
    told: () => ports.store.written.map(({ id, event }) => `${id} ${event.type}`),
    called: () => ports.calls.splice(0),
  };
}
