// Random legal histories: what an event does not change is after it as it was before, for every field there
// is and for one that nobody knows.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { begin, evolve, IllegalMove, raises } from '../../src/liveResponse/evolve.ts';
import type { Asked, Fact, Move, Request } from '../../src/liveResponse/request.ts';
import { asked, exampleMoves, start } from '../support/lifecycle.ts';

const content = { at: start, files: [{ name: 'minidump.ps1', sha256: 'ab'.repeat(32) }] } as const;
const error = { call: 'submit', code: 'ActiveRequestAlreadyExists', status: 400, target: 't' } as const;
const by = { id: 'approver1', name: 'Avery Approver' };
const differs = [{ type: 'GetFile', path: 'C:\\x' }] as const;
const ref = { surface: 'console', place: 'p', id: '1' };

/** Everything optional is there, and a field that only a later version knows. */
const all: Asked & { readonly fromALaterVersion: unknown } = {
  ...asked,
  panel: { at: start },
  recipeArgs: { process: 'x' },
  recipeFrom: 1,
  reason: 'beacon',
  continues: { id: 'lr-4c2m8t', from: 1, before: asked.commands.slice(0, 1), mayRepeat: [0] },
  content,
  fromALaterVersion: { kept: ['as', 'it', 'came'] },
};

const facts: { readonly [T in Fact['type']]: Extract<Fact, { readonly type: T }> } = {
  cardPosting: { type: 'cardPosting', surface: 'console', place: 'p', intent: 'a' },
  cardPosted: { type: 'cardPosted', intent: 'a', ref, shown: 1 },
  cardShown: { type: 'cardShown', intent: 'a', shown: 2 },
  cardGone: { type: 'cardGone', intent: 'a', why: 'gone', dead: false },
  noted: { type: 'noted', surface: 'console', place: 'p' },
  waiting: { type: 'waiting', cause: 'deviceBusy', blocker: { by: 'unseen' }, error },
  redacted: { type: 'redacted', cause: 'time' },
  contentSeen: {
    type: 'contentSeen',
    content: { at: start + 1, notRead: 'forbidden' },
    digest: 'cd'.repeat(32),
    fingerprint: 'cdcdcdcd',
  },
  looked: { type: 'looked' },
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
  parked: { type: 'parked', parked: { since: start, until: start + 3_600_000 } },
  triedAgain: { type: 'triedAgain', again: { id: 'lr-8g4m3r', from: 1, by } },
  foundAfterDrop: { type: 'foundAfterDrop', action: exampleMoves.submitted.action },
  pressRefused: { type: 'pressRefused', by: 'x', verb: 'approve', reason: 'selfApproval' },
  resultViewed: { type: 'resultViewed', by, index: 0, what: 'output' },
};

const events: readonly (Move | Fact)[] = [
  ...Object.values(exampleMoves),
  { ...exampleMoves.approved, approval: { ...exampleMoves.approved.approval, content } },
  { ...exampleMoves.submitted, differs },
  { ...exampleMoves.deferred, error },
  { ...exampleMoves.lost, error },
  ...Object.values(facts),
];

const waits = ['runBefore', 'notBefore', 'waitsFor', 'blocker', 'error'] as const;
const sight = ['cause', 'since', 'looks', 'lookedAt', 'error'] as const;
const device = ['action', 'deadline', 'startedAt', 'parked', 'strangeSince'] as const;
const end = [
  'ending',
  'endedAt',
  'attempts',
  ...waits,
  ...sight,
  'actionId',
  'cancel',
  'differs',
  'results',
] as const;

/**
 * Written by hand, not derived: the fields that each event may change, besides `revision` and `changedAt`.
 */
const changes: Readonly<Record<Move['type'] | Fact['type'], readonly string[]>> = {
  approved: ['state', 'approval', 'attempts', 'runBefore'],
  denied: ['state', ...end],
  expired: ['state', ...end],
  withdrawn: ['state', ...end],
  lapsed: ['state', ...end],
  refused: ['state', ...end],
  dropped: ['state', ...end],
  claimed: ['state', 'attempts', ...waits],
  submitted: ['state', ...device, 'actionId', 'differs', 'results'],
  deferred: ['state', ...waits],
  lost: ['state', ...sight, 'results'],
  // What was found is what was approved then.
  adopted: ['state', ...sight, ...device, 'actionId', 'differs', 'content', 'digest', 'fingerprint'],
  resent: ['state', ...sight, 'approval', 'runBefore', 'actionId', 'cancel', 'differs', 'results'],
  progressed: ['action', 'deadline', 'parked', 'strangeSince'],
  ended: ['state', 'action', 'deadline', 'strangeSince', 'outcome', 'endedAt', 'opened'],
  lostTrack: ['state', ...sight, ...device],
  overdue: ['state', ...sight, ...device],
  cardPosting: ['cards'],
  cardPosted: ['cards'],
  cardShown: ['cards'],
  cardGone: ['cards'],
  noted: ['noted'],
  waiting: ['waitsFor', 'blocker', 'error'],
  redacted: ['redacted'],
  contentSeen: ['content', 'digest', 'fingerprint'],
  looked: ['looks', 'lookedAt'],
  excerptRead: ['results'],
  fileSeen: ['results'],
  resultTrouble: ['results'],
  linkMinted: ['results'],
  linkRetired: ['results'],
  linkRefused: ['results'],
  cancelAsked: ['cancel'],
  parked: ['parked'],
  triedAgain: ['again'],
  foundAfterDrop: ['found'],
  pressRefused: [],
  resultViewed: [],
};

/** The request after the event; undefined where the event cannot happen. */
function after(request: Request, event: Move | Fact, at: number): Request | undefined {
  try {
    return evolve(request, event, at);
  } catch (error) {
    if (error instanceof IllegalMove) return undefined;
    throw error;
  }
}

function fields(request: Request, without: readonly string[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(request).filter(([name, value]) => value !== undefined && !without.includes(name)),
  );
}

/** What can happen next, and what comes of it. */
function nexts(request: Request, at: number): readonly (readonly [Move | Fact, Request])[] {
  return events.flatMap((event) => {
    const next = after(request, event, at);
    return next === undefined ? [] : [[event, next] as const];
  });
}

const histories = fc.array(fc.integer({ min: 0, max: 9_999 }), { minLength: 20, maxLength: 40 });

describe('a random legal history', () => {
  test('changes with each event the fields of that event alone (section 6, evolve)', () => {
    const reached = new Set<string>();
    fc.assert(
      fc.property(histories, (picks) => {
        let request: Request = begin(all);
        for (const [step, pick] of picks.entries()) {
          // What today's policy refuses ends most histories before they come far: seldom taken where nothing
          // was sent yet.
          const early = request.state === 'awaitingApproval' || request.state === 'queued';
          const can: readonly (readonly [Move | Fact, Request])[] = nexts(
            request,
            start + (step + 1) * 1000,
          ).filter(([{ type }]) => type !== 'refused' || !early || pick % 7 === 0);
          const [event, next]: readonly [Move | Fact, Request] = can[pick % can.length] ?? [
            facts.pressRefused,
            request,
          ];
          const may = [...changes[event.type], ...(raises(event) ? ['revision', 'changedAt'] : [])];
          expect([event.type, fields(next, may)]).toEqual([event.type, fields(request, may)]);
          reached.add(event.type);
          request = next;
        }
      }),
      { numRuns: 400 },
    );
    // Otherwise a history that never comes so far would prove nothing of what happens there.
    expect([...reached].sort()).toEqual(Object.keys(changes).sort());
  });

  test('leaves nothing of an older state on a request that is over', () => {
    const ends = (['denied', 'expired', 'withdrawn', 'lapsed', 'refused', 'dropped'] as const).map(
      (type) => exampleMoves[type],
    );
    const known = new Set([
      ...Object.keys(begin(all)),
      'ending',
      'endedAt',
      'attempts',
      'approval',
      'again',
      'found',
    ]);
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...events), { maxLength: 60 }), (history) => {
        let request: Request = begin(all);
        for (const [step, event] of [...history, ...ends].entries())
          request = after(request, event, start + step) ?? request;
        if (request.state === 'over')
          expect(Object.keys(request).filter((name) => !known.has(name))).toEqual([]);
      }),
    );
  });
});
