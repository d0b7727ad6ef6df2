// What a request keeps of votes, cards, notices and redactions, and how the fold says that something cannot be.
import { describe, expect, test } from '@jest/globals';
import type { RequestFact } from '../../../src/liveResponse/request/events.ts';
import { IllegalTransition } from '../../../src/liveResponse/request/fold.ts';
import type { State } from '../../../src/liveResponse/request/request.ts';
import type { Approval } from '../../../src/liveResponse/request/vote.ts';
import { asked, exampleMoves, fold, requestIn, start } from '../../support/requests/lifecycle.ts';
import { after } from '../../support/requests/requests.ts';

const { approved, claimed, submitted, actionMissing, found, lost } = exampleMoves;
const avery = approved.vote.by;
const read = { at: start, files: [{ name: 'minidump.ps1', sha256: 'ab'.repeat(32) }] };
const seen = {
  type: 'contentSeen',
  content: { at: start + 1, files: [{ name: 'minidump.ps1', sha256: 'cd'.repeat(32) }] },
  digest: 'ef'.repeat(32),
  fingerprint: 'efefefef',
} as const;

describe('an event that cannot be', () => {
  test('is refused with the request, where it is and what was tried', () => {
    const attempt = () => after(requestIn('closed'), approved, start);
    expect(attempt).toThrow(IllegalTransition);
    expect(attempt).toThrow('request lr-7f3k2q: no transition "approved" from state "closed"');
    expect(attempt).toThrow(
      expect.objectContaining({ code: 'illegalTransition', name: 'IllegalTransition' }),
    );
  });

  test('names the state of the session, where it is one of a session', () => {
    expect(() => after(requestIn('running'), claimed, start)).toThrow(
      'request lr-7f3k2q: no transition "claimed" from state "running"',
    );
    expect(() => after(requestIn('awaitingApproval'), claimed, start)).toThrow(
      'request lr-7f3k2q: no transition "claimed" from state "awaitingApproval"',
    );
  });
});

describe('a request that ends without an approval', () => {
  const vote = { kind: 'deny', by: avery, at: start } as const;

  test.each([
    ['a plain denial', { type: 'denied', vote }, { kind: 'denied', by: avery }],
    [
      'a denial with its reason',
      { type: 'denied', vote: { ...vote, reason: 'wrong host' } },
      { kind: 'denied', by: avery, reason: 'wrong host' },
    ],
    [
      'a denial by somebody of whom the last word counted',
      { type: 'denied', vote: { ...vote, byLastKnown: true } },
      { kind: 'denied', by: avery, byLastKnown: true },
    ],
    ['time', { type: 'expired' }, { kind: 'expired' }],
    [
      'its requester',
      { type: 'withdrawn', by: asked.asked.requester, reason: 'solved' },
      { kind: 'withdrawn', by: asked.asked.requester, reason: 'solved' },
    ],
    [
      'a refusal',
      { type: 'refused', code: 'notFound', call: 'machines', status: 404 },
      { kind: 'refused', code: 'notFound', call: 'machines', status: 404 },
    ],
  ] as const)('says so: %s', (_, event, ending) => {
    const closed = after(requestIn('awaitingApproval'), event, start + 7);
    expect(closed.stage).toStrictEqual({ state: 'closed', endedAt: start + 7, ending });
    expect(closed.votes).toStrictEqual('vote' in event ? [event.vote] : []);
    expect(closed.sessions).toEqual([]);
  });
});

describe('the approved subject', () => {
  const sent = (vote: Approval) => fold([{ ...approved, vote }, claimed, lost, seen]);

  test('is what was seen last, as long as the session is looked for', () => {
    const looking = after(sent(approved.vote), { type: 'searched' }, start);
    expect(looking.subject).toStrictEqual({
      commands: asked.subject.commands,
      content: seen.content,
      digest: seen.digest,
      fingerprint: seen.fingerprint,
    });
  });

  test('is what the votes were given on, once the session is found', () => {
    const { commands, fingerprint } = asked.subject;
    const { digest } = approved.vote;
    expect(after(sent(approved.vote), found, start).subject).toStrictEqual({ commands, digest, fingerprint });
    expect(after(sent({ ...approved.vote, content: read }), found, start).subject).toStrictEqual({
      commands,
      content: read,
      digest,
      fingerprint,
    });
  });
});

describe('the cards of a request', () => {
  const ref = { surface: 'slack', place: 'C1', id: '1700000000.000100' };
  const cards: readonly RequestFact[] = [
    { type: 'cardPosting', surface: 'slack', place: 'C1', intent: 'a' },
    { type: 'cardPosting', surface: 'teams', place: 'T1', intent: 'b' },
    { type: 'cardPosted', intent: 'a', ref, shown: 1 },
  ];
  const first = { surface: 'slack', place: 'C1', intent: 'a', ref, shown: 1 };
  const second = { surface: 'teams', place: 'T1', intent: 'b', shown: 0 };
  const gone = { type: 'cardGone', intent: 'a', why: 'channel_not_found' } as const;

  test('are known before they are posted, and each by its own intent', () => {
    expect(fold(cards).cards).toStrictEqual([first, second]);
    expect(fold([...cards, { type: 'cardShown', intent: 'a', shown: 2 }]).cards).toStrictEqual([
      { ...first, shown: 2 },
      second,
    ]);
  });

  test('lose the one that is gone, and no other', () => {
    expect(fold([...cards, { ...gone, dead: false }]).cards).toStrictEqual([second]);
  });

  test('keep the one that was given up, and why, until it is drawn or posted again', () => {
    const given = [...cards, { ...gone, dead: true }];
    expect(fold(given).cards).toStrictEqual([{ ...first, dead: 'channel_not_found' }, second]);
    expect(fold([...given, { type: 'cardShown', intent: 'a', shown: 1 }]).cards).toStrictEqual([
      first,
      second,
    ]);
    expect(fold([...given, { type: 'cardPosted', intent: 'a', ref, shown: 3 }]).cards).toStrictEqual([
      { ...first, shown: 3 },
      second,
    ]);
  });
});

describe('the notices of the end', () => {
  test('are kept by surface and place, in their order', () => {
    const noticed = fold([
      { type: 'notified', surface: 'slack', place: 'C1' },
      { type: 'notified', surface: 'teams', place: 'T1' },
    ]);
    expect(noticed.notified).toEqual(['slack:C1', 'teams:T1']);
  });
});

describe('output and links', () => {
  const redacted = { type: 'redacted', cause: 'time' } as const;

  test.each(['unknown', 'running', 'finished'] as const)('leave the cards of a request: %s', (state) => {
    expect(after(requestIn(state), redacted, start + 9).redacted).toEqual({ at: start + 9, cause: 'time' });
  });

  test('leave the cards also where a session was lost sight of', () => {
    const missing = fold([approved, claimed, submitted, actionMissing]);
    expect(after(missing, redacted, start).redacted).toEqual({ at: start, cause: 'time' });
  });

  test.each(['awaitingApproval', 'queued', 'submitting', 'closed'] as const satisfies readonly State[])(
    'cannot leave where there are none: %s',
    (state) => {
      expect(() => after(requestIn(state), redacted, start)).toThrow(IllegalTransition);
    },
  );
});

describe('a request that was tried again', () => {
  test('says as which one', () => {
    const as = { id: 'lr-8g4m3r', by: avery, from: 1 };
    expect(after(requestIn('finished'), { type: 'retried', as }, start).retriedAs).toEqual(as);
  });
});
