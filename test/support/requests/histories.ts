// Random legal histories of a request, for property tests: every event, with random details
// The promises they keep are in test/liveResponse/histories.test.ts. Only this file calls the fold, so that a
// new model changes this file and keeps the promises.
import fc from 'fast-check';
import { create, IllegalTransition } from '../../../src/liveResponse/request/fold.ts';
import type { NewRequest, Request } from '../../../src/liveResponse/request/request.ts';
import type { RequestFact, SessionFact } from '../../../src/liveResponse/request/events.ts';
import { stageOf } from '../../../src/liveResponse/request/request.ts';
import { asked, exampleMoves, start } from './lifecycle.ts';
import type { AnyEvent } from './requests.ts';
import { after as applied, flat, newRequest } from './requests.ts';

const content = { at: start, files: [{ name: 'minidump.ps1', sha256: 'ab'.repeat(32) }] } as const;
const error = { call: 'submit', code: 'ActiveRequestAlreadyExists', status: 400, target: 't' } as const;
const by = { id: 'approver1', name: 'Avery Approver' };
const differs = [{ type: 'GetFile', path: 'C:\\x' }] as const;
const ref = { surface: 'console', place: 'p', id: '1' };

/** Everything optional is there, and a field that only a later version knows. */
export const wholeAsked: NewRequest = newRequest({
  ...flat(asked),
  context: { at: start },
  recipeArgs: { process: 'x' },
  recipeFrom: 1,
  reason: 'beacon',
  continues: { id: 'lr-4c2m8t', from: 1, before: asked.subject.commands.slice(0, 1), mayRepeat: [0] },
  content,
  ...{ fromALaterVersion: { kept: ['as', 'it', 'came'] } },
});

type Fact = RequestFact | SessionFact;

/** One plausible event of every fact. */
export const exampleFacts: { readonly [T in Fact['type']]: Extract<Fact, { readonly type: T }> } = {
  cardPosting: { type: 'cardPosting', surface: 'console', place: 'p', intent: 'a' },
  cardPosted: { type: 'cardPosted', intent: 'a', ref, shown: 1 },
  cardShown: { type: 'cardShown', intent: 'a', shown: 2 },
  cardGone: { type: 'cardGone', intent: 'a', why: 'gone', dead: false },
  notified: { type: 'notified', surface: 'console', place: 'p' },
  waiting: { type: 'waiting', cause: 'deviceBusy', blocker: { by: 'unseen' }, error },
  redacted: { type: 'redacted', cause: 'time' },
  contentSeen: {
    type: 'contentSeen',
    content: { at: start + 1, notRead: 'forbidden' },
    digest: 'cd'.repeat(32),
    fingerprint: 'cdcdcdcd',
  },
  searched: { type: 'searched' },
  excerptRead: {
    type: 'excerptRead',
    excerpt: { index: 0, at: start, length: 3, sha256: 'aa', errors: false, cut: false },
  },
  fileSeen: { type: 'fileSeen', file: { index: 1, at: start, format: 'zip' } },
  resultTrouble: { type: 'resultTrouble', trouble: { index: 0, at: start, code: 'notReady', tries: 1 } },
  linkMinted: { type: 'linkMinted', onCard: true, link: { index: 1, at: start, expiresAt: start + 1 } },
  linkRetired: { type: 'linkRetired', index: 1 },
  linkRefused: { type: 'linkRefused', trouble: { index: 1, at: start, code: 'notReady', tries: 1 } },
  cancelAsked: { type: 'cancelAsked', cancel: { by, at: start, answer: 'sent' } },
  waitingForDevice: { type: 'waitingForDevice', waiting: { since: start, until: start + 3_600_000 } },
  retried: { type: 'retried', as: { id: 'lr-8g4m3r', from: 1, by } },
  foundLate: { type: 'foundLate', action: exampleMoves.submitted.action },
  sessionNotified: { type: 'sessionNotified', surface: 'console', place: 'p', what: 'woke' },
  pressRefused: { type: 'pressRefused', by: 'x', verb: 'approve', reason: 'selfApproval' },
  resultViewed: { type: 'resultViewed', by, index: 0, what: 'output' },
};

/** Every kind of event, and those that have more to tell in some cases. */
export const exampleEvents: readonly AnyEvent[] = [
  ...Object.values(exampleMoves),
  { ...exampleMoves.approved, vote: { ...exampleMoves.approved.vote, content } },
  { ...exampleMoves.submitted, differs },
  { ...exampleMoves.deferred, error },
  { ...exampleMoves.lost, error },
  ...Object.values(exampleFacts),
  { ...exampleFacts.sessionNotified, what: 'found' },
  { ...exampleFacts.cardGone, dead: true },
  { ...exampleFacts.linkMinted, onCard: false },
  { ...exampleFacts.foundLate, differs },
  { ...exampleMoves.found, differs },
];

export interface Step {
  readonly event: AnyEvent;
  /** Epoch milliseconds; never before the step before it. */
  readonly at: number;
}

export interface History {
  readonly asked: NewRequest;
  readonly steps: readonly Step[];
}

/** The request that begins with what was asked. */
export function begun(history: Pick<History, 'asked'>): Request {
  return create(history.asked);
}

/** The request after the event; undefined where the event cannot happen. */
export function after(request: Request, event: AnyEvent, at: number): Request | undefined {
  try {
    return applied(request, event, at);
  } catch (error) {
    if (error instanceof IllegalTransition) return undefined;
    throw error;
  }
}

/** Every state of the history, the first as it was asked. */
export function statesOf({ asked: first, steps }: History): readonly Request[] {
  const states: Request[] = [create(first)];
  for (const { event, at } of steps) states.push(applied(states.at(-1) ?? create(first), event, at));
  return states;
}

interface Choice {
  readonly kind: number;
  readonly detail: number;
  readonly later: number;
}

/** The same event about another command, card or attempt, so that two events of a kind meet. */
function detailed(event: AnyEvent, detail: number, at: number): AnyEvent {
  const index = detail % 3;
  const intent = `intent-${detail % 4}`;
  switch (event.type) {
    case 'cardPosting':
    case 'cardPosted':
    case 'cardShown':
    case 'cardGone':
      return { ...event, intent, ...('shown' in event ? { shown: detail % 9 } : {}) };
    case 'notified':
    case 'sessionNotified':
      return { ...event, place: `place-${index}` };
    case 'excerptRead':
      return { ...event, excerpt: { ...event.excerpt, index, at } };
    case 'fileSeen':
      return { ...event, file: { ...event.file, index, at } };
    case 'resultTrouble':
    case 'linkRefused':
      return { ...event, trouble: { ...event.trouble, index, at, tries: 1 + (detail % 5) } };
    case 'linkMinted':
      return { ...event, link: { ...event.link, index, at, expiresAt: at + 60_000 } };
    case 'linkRetired':
      return { ...event, index };
    case 'approved':
    case 'resubmitted':
      return { ...event, vote: { ...event.vote, at } };
    case 'claimed':
      return { ...event, attempt: { ...event.attempt, nonce: `nonce-${detail}`, at } };
    case 'waiting':
      return index === 0 ? { type: 'waiting', cause: 'slot' } : event;
    default:
      return event;
  }
}

/** A refusal ends most histories before they come far: seldom taken where nothing was sent yet. */
function isTaken(request: Request, { type }: AnyEvent, pick: Choice): boolean {
  const stage = stageOf(request);
  const early = stage.state === 'awaitingApproval' || stage.state === 'queued';
  return type !== 'refused' || !early || pick.detail % 7 === 0;
}

function historyOf(picks: readonly Choice[]): History {
  let request: Request = create(wholeAsked);
  let at = start;
  const steps: Step[] = [];
  for (const pick of picks) {
    at += pick.later;
    const can = exampleEvents
      .map((event) => detailed(event, pick.detail, at))
      .flatMap((event) => {
        const next = isTaken(request, event, pick) ? after(request, event, at) : undefined;
        return next === undefined ? [] : [{ event, next }];
      });
    const chosen = can[pick.kind % can.length];
    if (chosen === undefined) continue;
    steps.push({ event: chosen.event, at });
    request = chosen.next;
  }
  return { asked: wholeAsked, steps };
}

const picks = fc.record({
  kind: fc.nat({ max: 9_999 }),
  detail: fc.nat({ max: 999 }),
  later: fc.nat({ max: 120_000 }),
});

/** Histories of up to forty events, each of which could happen where it stands. */
export const legalHistories: fc.Arbitrary<History> = fc
  .array(picks, { minLength: 20, maxLength: 40 })
  .map(historyOf);
