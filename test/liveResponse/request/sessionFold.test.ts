// What a session keeps and drops at each of its transitions.
import { describe, expect, test } from '@jest/globals';
import type { ErrorAnswer } from '../../../src/liveResponse/request/errorAnswer.ts';
import type { Request } from '../../../src/liveResponse/request/request.ts';
import { stageOf } from '../../../src/liveResponse/request/request.ts';
import { noResults } from '../../../src/liveResponse/request/session.ts';
import { actionId, actionWith, asked, exampleMoves, fold, start } from '../../support/requests/lifecycle.ts';
import type { AnyEvent } from '../../support/requests/requests.ts';
import { after, grantOf, sessionIn } from '../../support/requests/requests.ts';

const { approved, claimed, submitted, lost, found, resubmitted, progressed, ended } = exampleMoves;
const { actionMissing, overdue, abandoned, lapsed } = exampleMoves;
const avery = approved.vote.by;
const runWithin = asked.asked.terms.runWithin;
const sent = [approved, claimed, submitted] as const;
const looking = [approved, claimed, lost] as const;
const error: ErrorAnswer = { call: 'submit', code: 'throttled', status: 429, target: 'a' };
const content = { at: start, files: [{ name: 'minidump.ps1', sha256: 'ab'.repeat(32) }] };

const now = start + 99_000;
/** The stage after all events, the last of which happened at `now`. */
function ending(events: readonly AnyEvent[], last: AnyEvent): Request {
  return after(fold(events), last, now);
}

describe('the grant of a session', () => {
  test('is the vote, with the contents that its card showed where it showed some', () => {
    const { vote } = approved;
    const granted = { number: 0, at: vote.at, digest: vote.digest };
    expect(grantOf(fold([approved]))).toStrictEqual({ ...granted, votes: [vote] });
    const seen = { ...vote, content };
    expect(grantOf(fold([{ ...approved, vote: seen }]))).toStrictEqual({
      ...granted,
      votes: [seen],
      content,
    });
  });

  test('is another one when the session is sent again', () => {
    const vote = { ...approved.vote, at: start + 50_000, digest: 'cd'.repeat(32) };
    const again = fold([...looking, { ...resubmitted, vote }]);
    expect(grantOf(again)).toStrictEqual({ number: 1, at: vote.at, digest: vote.digest, votes: [vote] });
    expect(stageOf(again)).toStrictEqual({ state: 'queued', runBefore: resubmitted.runBefore });
  });
});

describe('a session that goes back to the queue', () => {
  const deferred = { type: 'deferred', cause: 'throttled', notBefore: start + 60_000 } as const;
  const queued = {
    state: 'queued',
    runBefore: approved.vote.at + runWithin,
    notBefore: start + 60_000,
    waitsFor: 'throttled',
  };

  test('says why, until when, and how Defender refused where it did', () => {
    expect(stageOf(fold([approved, claimed, deferred]))).toStrictEqual(queued);
    expect(stageOf(fold([approved, claimed, { ...deferred, error }]))).toStrictEqual({ ...queued, error });
  });

  test('waits for what is said last, and is held by who is said last', () => {
    const waiting = { type: 'waiting', cause: 'deviceBusy' } as const;
    const blocker = { by: 'unseen' } as const;
    const again = { ...queued, waitsFor: 'deviceBusy' };
    const back = [approved, claimed, { ...deferred, error }] as const;
    expect(stageOf(fold([...back, { ...waiting, blocker }]))).toStrictEqual({ ...again, blocker });
    expect(stageOf(fold([...back, { ...waiting, error }]))).toStrictEqual({ ...again, error });
    expect(stageOf(fold([...back, { ...waiting, blocker, error }, waiting]))).toStrictEqual(again);
  });
});

describe('a session that is lost', () => {
  const unknown = { state: 'unknown', since: now, searches: 0 };
  const run = { actionId, results: noResults };

  test.each([
    ['the answer to its submission', [approved, claimed], lost, { cause: 'lost' }],
    ['an answer that says nothing', [approved, claimed], { ...lost, error }, { cause: 'lost', error }],
    ['an action that is gone', sent, actionMissing, { cause: 'actionMissing', run }],
    ['an action that never ends', sent, overdue, { cause: 'overdue', run }],
  ] as const)('says since when and how: %s', (_, before, last, how) => {
    expect(stageOf(ending(before, last))).toStrictEqual({ ...unknown, ...how });
  });

  test('counts how often it was looked for, and when last', () => {
    const searched = fold([...looking, { type: 'searched' }]);
    expect(stageOf(searched)).toMatchObject({ searches: 1, searchedAt: start + 4000 });
    expect(stageOf(after(searched, { type: 'searched' }, now))).toMatchObject({
      searches: 2,
      searchedAt: now,
    });
  });
});

describe('a session that Defender took', () => {
  test('begins with nothing but its action', () => {
    const differs = [{ type: 'GetFile', path: 'C:\\x' }] as const;
    const { action, deadline } = submitted;
    const run = { results: noResults, startedAt: now, actionId, action };
    expect(stageOf(ending([approved, claimed], submitted))).toStrictEqual({
      state: 'running',
      run,
      deadline,
    });
    expect(stageOf(ending([approved, claimed], { ...submitted, differs }))).toStrictEqual({
      state: 'running',
      run: { ...run, differs },
      deadline,
    });
  });

  test('has a new deadline with every reading', () => {
    expect(stageOf(fold([...sent, progressed]))).toMatchObject({
      deadline: progressed.deadline,
      run: { action: progressed.action },
    });
  });

  test('knows since when its status is one that nobody knows', () => {
    const strange = { ...progressed, action: actionWith('Verifying') };
    const first = fold([...sent, strange]);
    expect(stageOf(first)).toMatchObject({ strangeSince: start + 4000 });
    expect(stageOf(after(first, strange, now))).toMatchObject({ strangeSince: start + 4000 });
    const known = after(first, progressed, now);
    expect(stageOf(known)).not.toHaveProperty('strangeSince');
    expect(stageOf(after(known, strange, now))).toMatchObject({ strangeSince: now });
    expect(stageOf(ending(looking, { ...found, action: actionWith('Verifying') }))).toMatchObject({
      strangeSince: now,
    });
    expect(stageOf(ending([approved, claimed], submitted))).not.toHaveProperty('strangeSince');
  });
});

describe('a session that has ended', () => {
  const cancelled = { ...ended, action: actionWith('Cancelled', []), outcome: 'cancelled' } as const;
  const pending = actionWith('Pending', [['Created']]);

  test('keeps what was known of its run, and its last reading', () => {
    expect(stageOf(ending([...sent, progressed], ended))).toStrictEqual({
      state: 'finished',
      run: { results: noResults, startedAt: start + 3000, actionId, action: ended.action },
      outcome: 'succeeded',
      endedAt: now,
      opened: true,
    });
  });

  test.each([
    ['a reading that says nothing else than Pending', pending, cancelled, false],
    ['a start of a command', actionWith('Pending', [['Created', start]]), cancelled, true],
    ['a status that nobody knows', actionWith('Verifying', []), cancelled, true],
    ['a status of work', actionWith('InProgress', []), cancelled, true],
    [
      'a command that its last reading shows',
      pending,
      { ...cancelled, action: actionWith('Cancelled', [['Failed']]) },
      true,
    ],
  ] as const)('was opened on the device or not, by %s', (_, before, last, opened) => {
    expect(stageOf(fold([...sent, { ...progressed, action: before }, last]))).toMatchObject({ opened });
  });
});

describe('a session that is closed', () => {
  const closed = { state: 'closed', endedAt: now };

  test.each([
    [
      'by its requester',
      [approved],
      { type: 'withdrawn', by: avery, reason: 'solved', byLastKnown: true },
      { kind: 'withdrawn', by: avery, reason: 'solved', byLastKnown: true },
    ],
    [
      'by Defender',
      [approved, claimed],
      { type: 'refused', code: 'DisabledFeature', status: 400 },
      { kind: 'refused', code: 'DisabledFeature', status: 400 },
    ],
    ['by somebody who gave it up', looking, abandoned, { kind: 'abandoned', by: avery }],
    ['by time', [approved], lapsed, { kind: 'lapsed' }],
    [
      'by time, having waited',
      [approved, { type: 'waiting', cause: 'frozen' }],
      lapsed,
      { kind: 'lapsed', waitedFor: 'frozen' },
    ],
    [
      'by time, a device having been busy',
      [approved, { type: 'waiting', cause: 'deviceBusy', blocker: { by: 'unseen' } }],
      lapsed,
      { kind: 'lapsed', waitedFor: 'deviceBusy', blocker: { by: 'unseen' } },
    ],
    [
      'by time, Defender having refused',
      [approved, { type: 'waiting', cause: 'throttled', error }],
      lapsed,
      { kind: 'lapsed', waitedFor: 'throttled', error },
    ],
  ] as const)('says how: %s', (_, before, last, how) => {
    expect(stageOf(ending(before, last))).toStrictEqual({ ...closed, ending: how });
  });

  test('names its action where that had been seen before it was lost sight of', () => {
    expect(sessionIn(ending([...sent, overdue], abandoned), 'closed').stage).toStrictEqual({
      ...closed,
      ending: { kind: 'abandoned', by: avery },
      actionId,
    });
    const again = [...sent, overdue, resubmitted] as const;
    expect(stageOf(ending(again, lapsed))).not.toHaveProperty('actionId');
  });
});
