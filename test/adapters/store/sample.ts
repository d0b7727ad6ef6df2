// Requests, events and stores for the tests of the store.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GlobalEvent, Log } from '../../../src/liveResponse/ports.ts';
import type { Action } from '../../../src/liveResponse/action.ts';
import type { NewRequest, Request } from '../../../src/liveResponse/request/request.ts';
import type {
  Event,
  RequestFact,
  RequestTransition,
  SessionTransition,
} from '../../../src/liveResponse/request/events.ts';
import { stageOf } from '../../../src/liveResponse/request/request.ts';
import type { StoreOptions, Store } from '../../../src/adapters/store/journal/requestStore.ts';
import type { Disk } from '../../../src/adapters/store/journal/disk.ts';
import type { Keys } from '../../../src/adapters/store/journal/keys.ts';
import { openPeople } from '../../../src/adapters/store/journal/people.ts';
import type { People } from '../../../src/adapters/store/journal/people.ts';
import { openStore } from '../../../src/adapters/store/journal/requestStore.ts';
import { audit } from '../../../src/adapters/store/audit/audit.ts';
import type { AuditOptions, AuditReport } from '../../../src/adapters/store/audit/audit.ts';
import { encodeLine, sealedEvent } from '../../../src/adapters/store/journal/line.ts';
import type { Head } from '../../../src/adapters/store/journal/line.ts';
import { readSnapshot } from '../../../src/adapters/store/journal/snapshot.ts';
import type { Snapshot } from '../../../src/adapters/store/journal/snapshot.ts';
import { testKeys } from '../../support/store/testKeys.ts';
import { isRequestEventType, isSessionEventType } from '../../../src/liveResponse/request/events.ts';
import type { AnyEvent, FlatRequest } from '../../support/requests/requests.ts';
import { newRequest } from '../../support/requests/requests.ts';
import { olderAsked } from '../../support/store/olderEvents.ts';
import { createManualClock } from '../../support/manualClock.ts';

export const noon = Date.UTC(2026, 0, 5, 12, 0, 0);
export const responder = { id: 'responder1', name: 'First Responder' } as const;
export const approver = { id: 'approver1', name: 'Second Person' } as const;

export function askedOf(id: string, more: Partial<FlatRequest> = {}): NewRequest {
  return newRequest({
    id,
    origin: `slack:delivery-${id}`,
    at: noon,
    requester: responder,
    account: 'slack:U1',
    place: 'slack:C1',
    placeIsPrivate: false,
    tenant: 'contoso',
    device: { id: 'd'.repeat(40), name: 'host-a', os: 'Windows11', health: 'Active', tags: [] },
    commands: [
      { type: 'RunScript', scriptName: 'minidump.ps1', args: 'Grüße 世界' },
      { type: 'GetFile', path: 'C:\\windows\\TEMP\\x.zip' },
    ],
    title: 'dump host-a x',
    terms: { tier: 'high', approveRole: 'approver', expiresAt: noon + 1_800_000, runWithin: 1_800_000 },
    digest: 'a'.repeat(64),
    fingerprint: 'abcd-efgh',
    ...more,
  });
}

export function actionOf(id: string, status = 'Pending'): Action {
  return {
    id,
    type: 'LiveResponse',
    status,
    machineId: 'd'.repeat(40),
    requestor: 'app',
    comment: 'lr:x',
    createdAt: noon,
    updatedAt: noon,
    progress: [{ index: 0, status: 'Executing', errors: [] }],
  };
}

export const approved = {
  type: 'approved',
  vote: { kind: 'approve', by: approver, account: 'slack:U2', at: noon, digest: 'a'.repeat(64) },
} as const satisfies RequestTransition;

export const denied = {
  type: 'denied',
  vote: { kind: 'deny', by: approver, account: 'slack:U2', at: noon },
} as const satisfies RequestTransition;

export function claimed(nonce: string): SessionTransition {
  return { type: 'claimed', attempt: { nonce, tag: `lr:${nonce}`, at: noon } };
}

/**
 * An event that may follow in the state the request is in; `pick(n)` chooses 0..n-1. Undefined when the
 * request is over and done with.
 */
export function someEvent(request: Request, pick: (n: number) => number): AnyEvent {
  const nonce = `n${pick(1000)}`;
  const facts: readonly AnyEvent[] = [
    { type: 'pressRefused', by: 'slack:U3', verb: 'approve', reason: 'ownRequest' },
    { type: 'notified', surface: 'slack', place: `C${pick(9)}` },
    { type: 'cardPosting', surface: 'slack', place: 'C1', intent: nonce },
    ...request.cards.flatMap((card): readonly RequestFact[] => [
      {
        type: 'cardPosted',
        intent: card.intent,
        ref: { surface: 'slack', place: 'C1', id: `17.${pick(99)}` },
        shown: request.revision,
      },
      { type: 'cardGone', intent: card.intent, why: 'deleted', dead: pick(2) === 0 },
    ]),
  ];
  const options = [...facts, ...movesOf(request, nonce, pick)];
  const chosen =
    pick(4) === 0
      ? facts[pick(facts.length)]
      : options[options.length - 1 - pick(Math.max(1, options.length - facts.length))];
  return chosen ?? { type: 'resultViewed', by: responder, index: 0, what: 'output' };
}

function movesOf(request: Request, nonce: string, pick: (n: number) => number): readonly AnyEvent[] {
  const stage = stageOf(request);
  switch (stage.state) {
    case 'awaitingApproval':
      return [
        { type: 'expired' },
        { type: 'withdrawn', by: responder, reason: 'typo' },
        denied,
        approved,
        approved,
        approved,
      ];
    case 'queued':
      return [{ type: 'lapsed' }, { type: 'waiting', cause: 'sessions' }, claimed(nonce), claimed(nonce)];
    case 'submitting':
      return [
        { type: 'refused', code: 'notFound' },
        { type: 'deferred', cause: 'throttled', notBefore: noon + pick(100_000) },
        { type: 'lost' },
        { type: 'submitted', action: actionOf(nonce), deadline: noon + 1_000_000 },
      ];
    case 'unknown':
      return [
        { type: 'searched' },
        { type: 'resubmitted', vote: approved.vote, runBefore: noon + 5 },
        { type: 'abandoned', by: approver },
        { type: 'found', action: actionOf(nonce), deadline: noon + 9 },
      ];
    case 'running':
      return [
        { type: 'overdue' },
        { type: 'actionMissing' },
        {
          type: 'excerptRead',
          excerpt: { index: 0, at: noon, length: 5, sha256: 'e'.repeat(64), errors: false, cut: false },
        },
        { type: 'linkMinted', link: { index: 1, at: noon, expiresAt: noon + 60_000 }, onCard: pick(2) === 0 },
        {
          type: 'progressed',
          action: actionOf(stage.run.actionId, 'InProgress'),
          deadline: noon + 3_600_000,
        },
        { type: 'ended', action: actionOf(stage.run.actionId, 'Succeeded'), outcome: 'succeeded' },
      ];
    case 'finished':
      return [
        {
          type: 'linkMinted',
          link: { index: 1, at: noon, expiresAt: noon + 60_000, by: responder },
          onCard: true,
        },
        { type: 'linkRetired', index: 1 },
      ];
    case 'closed':
      return [];
  }
}

/** For tests in which nobody is forgotten and nothing is opened. */
export function peopleIn(disk: Disk, folder: string, keys: Keys = testKeys): People {
  return openPeople({ disk, folder, keys });
}

/** A line as the store writes it, into the folder whose people these are. */
export function lineAfter(
  head: Head,
  {
    at,
    request,
    event,
  }: { readonly at: number; readonly request: string | null; readonly event: Event | GlobalEvent },
  people: People,
): { readonly text: string; readonly head: Head } {
  const owner = event.type === 'asked' ? event.request.asked.requester.id : '';
  const sealed = sealedEvent(JSON.parse(JSON.stringify(event)), owner, head.seq + 1, people);
  const session = isSessionEventType(event.type) && !isRequestEventType(event.type) ? 0 : undefined;
  const line = encodeLine(head, { at, request, session, ...sealed }, testKeys);
  people.flush();
  return line;
}

export function snapshotIn(disk: Disk, folder: string, keys: Keys = testKeys): Snapshot | undefined {
  return readSnapshot({ disk, folder, log: collectLog(), keys, people: peopleIn(disk, folder, keys) });
}

/** The audit of a folder of `openTestStore`, its snapshot compared. */
export function auditOf(disk: Disk, folder: string, more: Partial<AuditOptions> = {}): AuditReport {
  const { keys = testKeys } = more;
  const snapshot = snapshotIn(disk, folder, keys);
  return audit({
    disk,
    folder,
    keys,
    people: peopleIn(disk, folder, keys),
    ...(snapshot === undefined ? {} : { snapshot }),
    ...more,
  });
}

export interface LogLine {
  readonly level: string;
  readonly event: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export function collectLog(): Log & { readonly lines: readonly LogLine[] } {
  const lines: LogLine[] = [];
  const at =
    (level: string) =>
    (event: string, fields: Readonly<Record<string, unknown>> = {}) => {
      lines.push({ level, event, fields });
    };
  return { lines, info: at('info'), warn: at('warn'), error: at('error') };
}

export function openTestStore(options: Partial<StoreOptions> & { readonly dir: string }): Promise<Store> {
  return openStore({ clock: createManualClock(noon), log: collectLog(), keys: testKeys, ...options });
}

export function temporaryFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'lr-store-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Everything of a store that a restart must bring back. */
export function picture(store: Store): unknown {
  return {
    all: store.all(),
    open: store.open(),
    freeze: store.freeze(),
    learned: store.learned(),
    submissions: store.submissionTimes(0),
    links: store.linkTimes(0),
  };
}

/** A small generator of the same numbers for the same seed. */
export function seeded(seed: number): (n: number) => number {
  let state = seed >>> 0;
  return (n) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
}

/** An `asked` as version 0.1 wrote it. */
export function unkeyedAsked(id: string): { readonly type: string } {
  return olderAsked(askedOf(id));
}

/** The approval likewise. */
export const unkeyedApproved = {
  type: 'approved',
  approval: { by: approver, account: 'slack:U2', at: noon, digest: 'a'.repeat(64) },
} as const;
