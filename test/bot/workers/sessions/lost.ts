// A session whose answer was lost, and those who look for it, over ports in memory; for the tests next to it.
import { createReconciliation } from '../../../../src/bot/workers/sessions/reconciliation.ts';
import type { Action } from '../../../../src/liveResponse/action.ts';
import type { Request } from '../../../../src/liveResponse/request/request.ts';
import { actionWith, exampleMoves } from '../../../support/requests/lifecycle.ts';
import { askedFor, createWorkerPorts, history } from '../../../support/apps/workerPorts.ts';

export const lost = history(askedFor(), 'approved', 'claimed', 'lost');
/** Its action, with our tag. */
export const mine = (status = 'InProgress'): Action => ({
  ...actionWith(status),
  comment: `${exampleMoves.claimed.attempt.tag} | x`,
});

/** Defender shows no recent actions but those that a test puts there. */
export function opened(requests: readonly Request[], isPosting = (): boolean => false) {
  const ports = createWorkerPorts(requests);
  const reconciliation = createReconciliation(ports.deps, ports.ages, isPosting);
  const stage = () => ports.now().sessions[0]?.stage;
  const recent = (...actions: readonly Action[]): void => {
    ports.defender.recent = () => Promise.resolve({ actions, whole: true });
  };
  recent();
  return { ...ports, reconciliation, stage, recent };
}
