// Requests for tests: made from flat fields, changed by events that find their own session, and one in every
// state for decisions that look at states.
import type { Change, RequestEvent, SessionEvent } from '../../../src/liveResponse/request/events.ts';
import { isRequestEventType, isSessionEventType } from '../../../src/liveResponse/request/events.ts';
import { apply, create } from '../../../src/liveResponse/request/fold.ts';
import type { Action, Outcome } from '../../../src/liveResponse/action.ts';
import { searchSchedule } from '../../../src/liveResponse/pacing/callRates.ts';
import type {
  Asked,
  NewRequest,
  Request,
  State,
  Subject,
  Target,
} from '../../../src/liveResponse/request/request.ts';
import type { Device } from '../../../src/liveResponse/device/records.ts';
import { stageOf } from '../../../src/liveResponse/request/request.ts';
import type {
  Grant,
  Run,
  Session,
  SessionIn,
  SessionState,
} from '../../../src/liveResponse/request/session.ts';
import { isInState } from '../../../src/liveResponse/request/session.ts';

/** What a test says of a new request with one device, without saying which part of it each field is in. */
export type FlatRequest = Omit<NewRequest, 'asked' | 'targets' | 'subject'> & Asked & Subject & Target;

export function newRequest(flat: FlatRequest): NewRequest {
  const { id, origin, delivery, device, context, commands, content, digest, fingerprint, ...asked } = flat;
  return {
    id,
    origin,
    ...(delivery === undefined ? {} : { delivery }),
    asked,
    targets: [{ device, ...(context === undefined ? {} : { context }) }],
    subject: { commands, ...(content === undefined ? {} : { content }), digest, fingerprint },
  };
}

/** The same fields again, to make another request from. */
export function flat({ id, origin, delivery, asked, targets, subject }: NewRequest): FlatRequest {
  return {
    id,
    origin,
    ...(delivery === undefined ? {} : { delivery }),
    ...asked,
    ...targets[0],
    ...subject,
  };
}

export type AnyEvent = RequestEvent | SessionEvent;

/** The change that an event makes of a request with one device: its own, or that of its session. */
export function changeOf(request: Request, event: AnyEvent): Change {
  const ofSession =
    isSessionEventType(event.type) && (!isRequestEventType(event.type) || request.stage.state === 'approved');
  return (ofSession ? { event, session: 0 } : { event }) as Change;
}

/** @throws IllegalTransition */
export function after(request: Request, event: AnyEvent, at: number): Request {
  return apply(request, changeOf(request, event), at);
}

/** The state that the card of a request shows; undefined where there is no request. */
export function stateIn(request: Request | undefined): State | undefined {
  return request === undefined ? undefined : stageOf(request).state;
}

/** The session of a request that has to be in this state. */
export function sessionIn<S extends SessionState>(request: Request | undefined, state: S): SessionIn<S> {
  const session: Session | undefined = request?.sessions[0];
  if (!isInState(session, [state]))
    throw new Error(
      `the session of ${request?.id ?? 'no request'} is ${session?.stage.state ?? 'not there'}, not ${state}`,
    );
  return session;
}

/** What Defender says of a session that is running or finished. */
export function runOf(request: Request | undefined): Run {
  const stage = request?.sessions[0]?.stage;
  if (stage?.state !== 'running' && stage?.state !== 'finished')
    throw new Error(`the session is ${stage?.state ?? 'not there'}, neither running nor finished`);
  return stage.run;
}

export function outcomeOf(request: Request | undefined): Outcome {
  return sessionIn(request, 'finished').stage.outcome;
}

export function grantOf(request: Request | undefined): Grant {
  const session = request?.sessions[0];
  if (session === undefined) throw new Error('nobody has approved it');
  return session.grant;
}

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

export const asked: NewRequest = newRequest({
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
});

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
const vote = {
  kind: 'approve',
  by: avery,
  account: 'console:avery',
  at: askedAt + minute,
  digest: asked.subject.digest,
} as const;
const approved: AnyEvent = { type: 'approved', vote };
const claimed: AnyEvent = {
  type: 'claimed',
  attempt: { nonce: 'n', tag: 'lr:lr-7f3k2q:n', at: askedAt + 2 * minute },
};
const submitted: AnyEvent = { type: 'submitted', action, deadline: askedAt + 60 * minute };

function story(...events: readonly AnyEvent[]): Request {
  return events.reduce<Request>(
    (request, event) => after(request, event, askedAt + 2 * minute),
    create(asked),
  );
}

export const requests = {
  awaitingApproval: story(),
  queued: story(approved),
  submitting: story(approved, claimed),
  looking: story(approved, claimed, { type: 'lost' }, { type: 'searched' }),
  unknown: story(
    approved,
    claimed,
    { type: 'lost' },
    ...searchSchedule.map(() => ({ type: 'searched' }) as const),
  ),
  running: story(approved, claimed, submitted),
  cancelling: story(approved, claimed, submitted, {
    type: 'cancelAsked',
    cancel: { by: avery, at: askedAt + 2 * minute, answer: 'sent' },
  }),
  cancelFailed: story(approved, claimed, submitted, {
    type: 'cancelAsked',
    cancel: { by: avery, at: askedAt + 2 * minute, answer: 'failed' },
  }),
  finished: story(approved, claimed, submitted, {
    type: 'ended',
    action: { ...action, status: 'Succeeded' },
    outcome: 'succeeded',
  }),
  denied: story({ type: 'denied', vote: { ...vote, kind: 'deny' } }),
  withdrawn: story({ type: 'withdrawn', by: asked.asked.requester }),
  expired: story({ type: 'expired' }),
  lapsed: story(approved, { type: 'lapsed' }),
  refused: story(approved, claimed, { type: 'refused', code: 'BadRequest' }),
  abandoned: story(approved, claimed, { type: 'lost' }, { type: 'abandoned', by: avery }),
} as const;
