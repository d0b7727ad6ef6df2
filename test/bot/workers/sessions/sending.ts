// A submission over ports in memory, whose Defender takes what it is sent; for the tests next to it.
import { createSubmission } from '../../../../src/bot/workers/sessions/submission.ts';
import { DefenderError } from '../../../../src/liveResponse/ports.ts';
import type { Request } from '../../../../src/liveResponse/request/request.ts';
import type { AnyEvent } from '../../../support/requests/requests.ts';
import { actionWith, asked } from '../../../support/requests/lifecycle.ts';
import { askedFor, createWorkerPorts, history } from '../../../support/apps/workerPorts.ts';
import type { PortsOptions } from '../../../support/apps/workerPorts.ts';

export const { device } = asked.targets[0];
export const queued = history(askedFor(), 'approved');
export const other = (id: string, ...events: readonly (AnyEvent | AnyEvent['type'])[]): Request =>
  history(askedFor({ id, origin: id, device: { ...device, id: `device of ${id}` } }), ...events);

/** Defender takes whatever it is sent, as an action with its comment. */
export function opened(requests: readonly Request[], options: PortsOptions = {}) {
  const ports = createWorkerPorts(requests, options);
  const { defender, deps, ages, store } = ports;
  const rounds: number[] = [];
  const learned: unknown[] = [];
  const comments: string[] = [];
  defender.machine = (id) => Promise.resolve({ ...device, id });
  defender.submit = (machineId, _commands, comment) => {
    comments.push(comment);
    return Promise.resolve({ ...actionWith('Pending'), machineId, comment, id: `action ${comments.length}` });
  };
  const submission = createSubmission(deps, ages, () => void rounds.push(store.written.length), {
    oneMore: (...what) => void learned.push(what),
  });
  const run = async (): Promise<number | undefined> => {
    const wait = await submission.pass();
    await submission.settled();
    return wait;
  };
  const stage = (id?: string) => ports.now(id).sessions[0]?.stage;
  return { ...ports, submission, run, rounds, learned, comments, stage };
}

export const says = (code: ConstructorParameters<typeof DefenderError>[0], detail = {}): Promise<never> =>
  Promise.reject(new DefenderError(code, 'why', detail));
