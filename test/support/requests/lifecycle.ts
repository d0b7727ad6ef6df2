// Requests in every state, built by the real fold from real events, so that a test's example cannot be one
// that could never happen.
import type { Action } from '../../../src/liveResponse/action.ts';
import { digestText, fingerprintOf } from '../../../src/liveResponse/commands.ts';
import type { Command } from '../../../src/liveResponse/commands.ts';
import { create } from '../../../src/liveResponse/request/fold.ts';
import type { NewRequest, Request, State } from '../../../src/liveResponse/request/request.ts';
import type { RequestTransition, SessionTransition } from '../../../src/liveResponse/request/events.ts';
import { stageOf } from '../../../src/liveResponse/request/request.ts';
import { createHash } from 'node:crypto';
import type { AnyEvent } from './requests.ts';
import { after, newRequest } from './requests.ts';

/** 2026-11-23 03:00 UTC: the hour this product is for. */
export const start = Date.UTC(2026, 10, 23, 3, 0, 0);
const minute = 60_000;

export const dumpCommands: readonly Command[] = [
  { type: 'RunScript', scriptName: 'minidump.ps1', args: 'OfficeClickToRun' },
  { type: 'GetFile', path: 'C:\\windows\\TEMP\\OfficeClickToRun.dmp.zip' },
];

export const deviceId = '1e5bc9d7e413ddd7902c2932e418702b84d0cc07';
export const actionId = '988cc94e-7a8f-4b28-ab65-54970c5d5018';
const digest = createHash('sha256')
  .update(digestText('simulator', deviceId, dumpCommands))
  .digest('hex');

export const asked: NewRequest = newRequest({
  id: 'lr-7f3k2q',
  origin: 'console:delivery-1',
  at: start,
  requester: { id: 'responder1', name: 'Riley Responder' },
  account: 'console:riley',
  place: 'console:incidents',
  placeIsPrivate: false,
  tenant: 'simulator',
  device: {
    id: deviceId,
    name: 'hosta.corp.example',
    os: 'Windows 11',
    health: 'Active',
    risk: 'Medium',
    group: 'Workstations',
    tags: ['finance'],
    lastReportAt: start - 20 * 3_600_000,
  },
  commands: dumpCommands,
  title: 'dump OfficeClickToRun',
  recipe: 'dump',
  terms: { tier: 'high', approveRole: 'approver', expiresAt: start + 30 * minute, runWithin: 30 * minute },
  digest,
  fingerprint: fingerprintOf(digest),
});

export function actionWith(
  status: string,
  progress: readonly (readonly [string, number?, number?])[] = [['Created'], ['Created']],
): Action {
  return {
    id: actionId,
    type: 'LiveResponse',
    status,
    machineId: deviceId,
    requestor: 'app',
    comment: 'lr:lr-7f3k2q:0011223344556677 | requested by Riley Responder',
    createdAt: start + 2 * minute,
    updatedAt: start + 2 * minute,
    progress: progress.map(([commandStatus, startedAt, endedAt], index) => ({
      index,
      status: commandStatus,
      errors: [],
      ...(startedAt === undefined ? {} : { startedAt }),
      ...(endedAt === undefined ? {} : { endedAt }),
    })),
    commands: dumpCommands,
  };
}

const person = { id: 'approver1', name: 'Avery Approver' };
const vote = { kind: 'approve', by: person, account: 'console:avery', at: start + minute, digest } as const;

type Transition = RequestTransition | SessionTransition;

/** One plausible event of every transition. */
export const exampleMoves: {
  readonly [T in Transition['type']]: Extract<Transition, { readonly type: T }>;
} = {
  approved: { type: 'approved', vote },
  denied: {
    type: 'denied',
    vote: { kind: 'deny', by: person, account: 'console:avery', at: start + minute, reason: 'wrong host' },
  },
  expired: { type: 'expired' },
  withdrawn: { type: 'withdrawn', by: asked.asked.requester },
  claimed: {
    type: 'claimed',
    attempt: { nonce: '0011223344556677', tag: 'lr:lr-7f3k2q:0011223344556677', at: start + 2 * minute },
  },
  lapsed: { type: 'lapsed' },
  submitted: { type: 'submitted', action: actionWith('Pending'), deadline: start + 3 * 86_400_000 },
  deferred: { type: 'deferred', cause: 'deviceBusy', notBefore: start + 3 * minute },
  refused: {
    type: 'refused',
    code: 'DisabledFeature',
    detail: 'Live response is off',
    target: '6f8f0c3e-0000-4000-8000-000000000000',
  },
  lost: { type: 'lost' },
  found: { type: 'found', action: actionWith('InProgress'), deadline: start + 3 * 86_400_000 },
  resubmitted: { type: 'resubmitted', vote, runBefore: start + 60 * minute },
  abandoned: { type: 'abandoned', by: person },
  progressed: {
    type: 'progressed',
    action: actionWith('InProgress', [
      ['Completed', start, start + 3000],
      ['Executing', start + 3000],
    ]),
    deadline: start + 3_600_000,
  },
  ended: {
    type: 'ended',
    action: actionWith('Succeeded', [
      ['Completed', start, start + 3000],
      ['Completed', start + 3000, start + 9000],
    ]),
    outcome: 'succeeded',
  },
  actionMissing: { type: 'actionMissing' },
  overdue: { type: 'overdue' },
};

/** Folds events one second apart. */
export function fold(events: readonly AnyEvent[], from: NewRequest = asked): Request {
  return events.reduce<Request>(
    (request, event, at) => after(request, event, start + (at + 1) * 1000),
    create(from),
  );
}

const path: { readonly [S in State]: readonly (keyof typeof exampleMoves)[] } = {
  awaitingApproval: [],
  queued: ['approved'],
  submitting: ['approved', 'claimed'],
  unknown: ['approved', 'claimed', 'lost'],
  running: ['approved', 'claimed', 'submitted'],
  finished: ['approved', 'claimed', 'submitted', 'ended'],
  closed: ['denied'],
};

/** A request whose card shows this state. */
export function requestIn(state: State): Request {
  const request = fold(path[state].map((move) => exampleMoves[move]));
  const stage = stageOf(request);
  if (stage.state !== state) throw new Error(`the path to ${state} ends in ${stage.state}`);
  return request;
}
