// Requests in every state, made by the real fold, for decisions that look at states.
import type { Action } from '../../src/liveResponse/action.ts';
import { begin, evolve } from '../../src/liveResponse/evolve.ts';
import { searchSchedule } from '../../src/liveResponse/pacing/schedules.ts';
import type { Asked, Device, Fact, Move, Request } from '../../src/liveResponse/request.ts';

export const askedAt = 1_700_000_000_000;
const minute = 60_000;

export const hosta: Device = {
  id: 'a'.repeat(40),
  name: 'hosta.corp.example',
  os: 'Windows11',
  health: 'Active',
  group: 'Workstations',
  tags: ['pilot'],
};

export const asked: Asked = {
  id: 'lr-7f3k2q',
  origin: 'console:1',
  at: askedAt,
  requester: { id: 'responder1', name: 'Riley Responder' },
  account: 'console:riley',
  place: 'console:incidents',
  placeIsPrivate: false,
  tenant: 'simulator',
  device: hosta,
  commands: [{ type: 'RunScript', scriptName: 'minidump.ps1', args: 'OfficeClickToRun' }],
  title: 'dump OfficeClickToRun',
  recipe: 'dump',
  terms: { tier: 'high', approveRole: 'approver', expiresAt: askedAt + 30 * minute, runWithin: 30 * minute },
  digest: '1c9e04ab'.repeat(8),
  fingerprint: '1c9e04ab',
};

const action: Action = {
  id: 'act-1',
  type: 'LiveResponse',
  status: 'Pending',
  machineId: hosta.id,
  requestor: 'bot',
  comment: 'lr:lr-7f3k2q:n',
  createdAt: askedAt + 2 * minute,
  updatedAt: askedAt + 2 * minute,
  progress: [],
};

const avery = { id: 'approver1', name: 'Avery Approver' };
const approved: Move = {
  type: 'approved',
  approval: { by: avery, account: 'console:avery', at: askedAt + minute, digest: asked.digest },
};
const claimed: Move = {
  type: 'claimed',
  attempt: { nonce: 'n', tag: 'lr:lr-7f3k2q:n', at: askedAt + 2 * minute },
};
const submitted: Move = { type: 'submitted', action, deadline: askedAt + 60 * minute };

function after(...events: readonly (Move | Fact)[]): Request {
  return events.reduce<Request>(
    (request, event) => evolve(request, event, askedAt + 2 * minute),
    begin(asked),
  );
}

export const requests = {
  awaitingApproval: after(),
  queued: after(approved),
  submitting: after(approved, claimed),
  looking: after(approved, claimed, { type: 'lost' }, { type: 'looked' }),
  unknown: after(
    approved,
    claimed,
    { type: 'lost' },
    ...searchSchedule.map(() => ({ type: 'looked' }) as const),
  ),
  running: after(approved, claimed, submitted),
  cancelling: after(approved, claimed, submitted, {
    type: 'cancelAsked',
    cancel: { by: avery, at: askedAt + 2 * minute, answer: 'sent' },
  }),
  cancelFailed: after(approved, claimed, submitted, {
    type: 'cancelAsked',
    cancel: { by: avery, at: askedAt + 2 * minute, answer: 'failed' },
  }),
  finished: after(approved, claimed, submitted, {
    type: 'ended',
    action: { ...action, status: 'Succeeded' },
    outcome: 'succeeded',
  }),
  denied: after({ type: 'denied', by: avery }),
  withdrawn: after({ type: 'withdrawn', by: asked.requester }),
  expired: after({ type: 'expired' }),
  lapsed: after(approved, { type: 'lapsed' }),
  refused: after(approved, claimed, { type: 'refused', code: 'BadRequest' }),
  dropped: after(approved, claimed, { type: 'lost' }, { type: 'dropped', by: avery }),
} as const;
