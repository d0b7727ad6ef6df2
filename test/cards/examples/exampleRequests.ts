// Requests for the examples of cards: what was asked, and the events that lead to a state.
import type { ViewContext } from '../../../cards/view.ts';
import type { Action, CommandProgress } from '../../../src/liveResponse/action.ts';
import type { Command } from '../../../src/liveResponse/commands.ts';
import type { Freeze } from '../../../src/liveResponse/ports.ts';
import type { Content, DeviceContext } from '../../../src/liveResponse/request/content.ts';
import { create } from '../../../src/liveResponse/request/fold.ts';
import type { PersonRef, Approval } from '../../../src/liveResponse/request/vote.ts';
import type { NewRequest, Request } from '../../../src/liveResponse/request/request.ts';
import type { Attempt } from '../../../src/liveResponse/request/session.ts';
import type { LeftOut } from '../../../src/liveResponse/device/records.ts';
import { offlineQueueOf } from '../../../src/liveResponse/tenantLimits.ts';
import type { AnyEvent, FlatRequest } from '../../support/requests/requests.ts';
import { after, newRequest } from '../../support/requests/requests.ts';

export const start = Date.UTC(2026, 10, 23, 14, 2, 5);
export const minute = 60_000;

export const responder = { id: 'responder1', name: 'Rita Responder' };
export const approver = { id: 'approver1', name: 'Ada Approver' };
export const other = { id: 'approver2', name: 'Omar Other' };
const actionId = '5382f7ea-7557-4ab7-9782-d50480024a4e';

export const dump: readonly Command[] = [
  { type: 'RunScript', scriptName: 'minidump.ps1', args: 'OfficeClickToRun' },
  { type: 'GetFile', path: 'C:\\windows\\TEMP\\OfficeClickToRun.dmp.zip' },
];

/** What the library held when the dump was asked for. */
export const content: Content = {
  at: start,
  files: [
    { name: 'minidump.ps1', sha256: `3f2a91c0${'5b'.repeat(28)}`, updatedAt: start - 32 * 24 * 60 * minute },
  ],
};

/** What was known of the device beside its record: nothing that is worth a line on the card. */
export const quiet: DeviceContext = {
  at: start,
  isolation: { state: 'notIsolated' },
  sessions: [],
  alike: { devices: [], more: 0, whole: true },
};
export const eventful: DeviceContext = {
  at: start,
  isolation: { state: 'isolated', since: start - 22 * minute, pending: 'release' },
  sessions: [
    {
      at: start - 41 * minute,
      status: 'Succeeded',
      what: 'RunScript collect.ps1 and 1 more',
      by: 'Omar Other',
      requestId: 'lr-2m8x4d',
    },
    {
      at: start - 3 * 60 * minute,
      status: 'Failed',
      what: 'GetFile C:\\Windows\\TEMP\\x.zip',
      by: '5d3b1f0a-6c2e-4b7a-9f0d-1e2a3b4c5d6e',
    },
  ],
  alike: {
    devices: [
      { id: `${'0'.repeat(32)}5be07a11`, name: 'hosta.branch.example', how: 'same' },
      { id: `${'0'.repeat(32)}9c41d2e8`, name: 'h0sta.corp.example', how: 'alike' },
    ],
    more: 1,
    whole: true,
  },
};
/** Records that cannot take a session: two of the very name, one of another domain. */
export const leftOut: readonly LeftOut[] = [
  { id: `${'0'.repeat(32)}36a2403e`, name: 'hosta.corp.example', unfit: { why: 'notOnboarded' } },
  {
    id: `${'0'.repeat(32)}c572232b`,
    name: 'hosta.corp.example',
    unfit: { why: 'merged', into: '1e5bc9d7e413ddd7902c2932e418702b84d0cc07' },
  },
  { id: `${'0'.repeat(32)}72626886`, name: 'hosta.branch.example', unfit: { why: 'unsupported' } },
];
export const queueUnknown = offlineQueueOf('', []);
export const unread: DeviceContext = { at: start, alike: { devices: [], more: 0, whole: false } };

export function asked(over: Partial<FlatRequest> = {}): NewRequest {
  return newRequest({
    id: 'lr-7k3f9q',
    origin: 'slack:Ev0PV52K21',
    at: start,
    requester: responder,
    account: 'slack:U0123ABCD',
    place: 'slack:C0123456',
    placeIsPrivate: false,
    tenant: 'corp',
    device: {
      id: '1e5bc9d7e413ddd7902c2932e418702b84d0cc07',
      name: 'hosta.corp.example',
      os: 'Windows 11 24H2',
      health: 'Active',
      risk: 'High',
      exposure: 'Medium',
      group: 'Workstations',
      tags: ['finance', 'vip'],
      lastReportAt: start - 6 * 60 * minute,
      ip: '10.20.30.40',
    },
    context: quiet,
    commands: dump,
    title: 'dump hosta OfficeClickToRun',
    recipe: 'dump',
    reason: 'Beacon to 203.0.113.7 seen at 13:40, INC-4711',
    content,
    terms: { tier: 'high', approveRole: 'approver', expiresAt: start + 30 * minute, runWithin: 30 * minute },
    digest: '9f2c41d7aa00bb11cc22dd33ee44ff5566778899aabbccddeeff001122334455',
    fingerprint: '9f2c41d7',
    ...over,
  });
}

export function approval(at: number, by = approver): Approval {
  return { kind: 'approve', by, account: 'slack:U0999WXYZ', at, digest: asked().subject.digest, content };
}

export function denied(by: PersonRef, minutes: number, reason?: string): Step {
  const { kind: _kind, ...vote } = approval(start + minutes * minute, by);
  return [
    { type: 'denied', vote: { kind: 'deny', ...vote, ...(reason === undefined ? {} : { reason }) } },
    minutes,
  ];
}

export function attempt(nonce: string, at: number): Attempt {
  return { nonce, tag: `lr:lr-7k3f9q:${nonce}`, at };
}

export function progress(
  index: number,
  status: string,
  more: Partial<CommandProgress> = {},
): CommandProgress {
  return { index, status, errors: [], ...more };
}

export function action(status: string, rows: readonly CommandProgress[], more: Partial<Action> = {}): Action {
  return {
    id: actionId,
    type: 'LiveResponse',
    status,
    machineId: asked().targets[0].device.id,
    requestor: 'live-response-bot',
    comment: 'lr:lr-7k3f9q:a1 Rita Responder, approved by Ada Approver',
    createdAt: start + 2 * minute,
    updatedAt: start + 3 * minute,
    progress: rows,
    ...more,
  };
}

export type Step = readonly [event: AnyEvent, minutes: number];

export function request(steps: readonly Step[], over: Partial<FlatRequest> = {}): Request {
  return steps.reduce<Request>(
    (now, [event, minutes]) => after(now, event, start + minutes * minute),
    create(asked(over)),
  );
}

/** A freeze as a card is told of it. */
export function freeze(why: string): Freeze {
  return { by: 'Omar Other', why, at: start + minute };
}

export function context(over: Partial<ViewContext> = {}): ViewContext {
  return {
    now: start + 7 * minute,
    results: 'card',
    simulated: false,
    outputs: new Map(),
    urls: new Map(),
    command: '/lr',
    ...over,
  };
}

export interface Example {
  readonly name: string;
  readonly request: Request;
  readonly context: ViewContext;
}

export function example(
  name: string,
  steps: readonly Step[],
  over: Partial<ViewContext> = {},
  about: Partial<FlatRequest> = {},
): Example {
  return { name, request: request(steps, about), context: context(over) };
}
