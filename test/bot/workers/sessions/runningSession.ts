// A session that runs, how far it has come, and a person's cancel of it; for the tests of those who follow it.
import type { CancelAsked } from '../../../../src/liveResponse/request/session.ts';
import { actionWith, asked } from '../../../support/requests/lifecycle.ts';
import { askedFor, history, portsStart, sent } from '../../../support/apps/workerPorts.ts';

export const minute = 60_000;
export const running = history(askedFor(), ...sent);
export const progress = actionWith('InProgress', [['Executing', portsStart]]);

/** A person's cancel, with what Defender said to it. */
export const cancelAsked = (answer: CancelAsked['answer'], at = portsStart) =>
  ({ type: 'cancelAsked', cancel: { by: asked.asked.requester, at, answer } }) as const;
