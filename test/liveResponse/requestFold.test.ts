// What the fold of requests and sessions keeps and drops.
import { describe, expect, test } from '@jest/globals';
import { raisesRevision, sessionTransitions } from '../../src/liveResponse/request/events.ts';
import { IllegalTransition } from '../../src/liveResponse/request/fold.ts';
import type { Stage, State } from '../../src/liveResponse/request/request.ts';
import { isOpen, stageOf } from '../../src/liveResponse/request/request.ts';
import type { SessionState } from '../../src/liveResponse/request/session.ts';
import { asked, exampleMoves, fold, requestIn, start } from '../support/requests/lifecycle.ts';
import type { AnyEvent } from '../support/requests/requests.ts';
import { after, flat, newRequest, sessionIn } from '../support/requests/requests.ts';

const states: readonly State[] = ['awaitingApproval', ...(Object.keys(sessionTransitions) as SessionState[])];

const waiting = {
  type: 'waitingForDevice',
  waiting: { since: start, until: start + 3_600_000 },
} as const;

/** The stage that the card shows after these events. */
function stage(...events: readonly AnyEvent[]): Stage {
  return stageOf(fold(events));
}

describe('a session that waits for its device', () => {
  const sent = [exampleMoves.approved, exampleMoves.claimed, exampleMoves.submitted] as const;
  const woke = { type: 'sessionNotified', surface: 'console', place: 'p', what: 'woke' } as const;

  test('has woken with the first reading in which it has begun, and not again with the next', () => {
    const { action } = exampleMoves.submitted;
    const still = stage(...sent, waiting, { ...exampleMoves.progressed, action });
    expect(still).toMatchObject({ run: { waitingForDevice: { since: start, notified: [] } } });
    expect(still).not.toHaveProperty('run.waitingForDevice.wokeAt');
    expect(stage(...sent, waiting, exampleMoves.progressed, exampleMoves.progressed)).toMatchObject({
      run: { waitingForDevice: { wokeAt: start + 5000 } },
    });
  });

  test('is said to have woken once in each place, apart from the notice of its end', () => {
    const noticed = fold([...sent, waiting, exampleMoves.progressed, woke, exampleMoves.ended]);
    expect(noticed.notified).toEqual([]);
    expect(sessionIn(noticed, 'finished').stage.run.waitingForDevice?.notified).toEqual(['console:p']);
    expect(() => fold([...sent, woke])).toThrow(IllegalTransition);
  });

  test('no longer waits when it is lost sight of, and may wait again when it is found', () => {
    expect(stage(...sent, waiting, exampleMoves.overdue)).not.toHaveProperty('run.waitingForDevice');
    const { action } = exampleMoves.submitted;
    expect(
      stage(...sent, waiting, exampleMoves.overdue, { ...exampleMoves.found, action }, waiting),
    ).toMatchObject({ run: { waitingForDevice: { notified: [] } } });
  });
});

describe('a request', () => {
  test('keeps what was asked, byte for byte, in every state', () => {
    for (const state of states) expect(requestIn(state)).toMatchObject(asked);
  });

  test('takes up what was seen of the library while a person decides, and never afterwards', () => {
    const content = { at: start, files: [{ name: 'minidump.ps1', sha256: 'ab'.repeat(32) }] };
    const seen = {
      type: 'contentSeen',
      content,
      digest: 'cd'.repeat(32),
      fingerprint: 'cdcdcdcd',
    } as const;
    for (const state of states) {
      const before = requestIn(state);
      if (state !== 'awaitingApproval' && state !== 'unknown')
        expect(() => after(before, seen, start)).toThrow(IllegalTransition);
      else
        expect(after(before, seen, start)).toMatchObject({
          subject: { content, digest: seen.digest, fingerprint: seen.fingerprint },
          revision: before.revision + 1,
        });
    }
  });

  test('found at Defender has the digest under which it was sent, whatever the library held when it was searched for', () => {
    const seen = {
      type: 'contentSeen',
      content: { at: start, notRead: 'forbidden' },
      digest: 'cd'.repeat(32),
      fingerprint: 'cdcdcdcd',
    } as const;
    const found = fold([
      exampleMoves.approved,
      exampleMoves.claimed,
      exampleMoves.lost,
      seen,
      exampleMoves.found,
    ]);
    expect(stageOf(found).state).toBe('running');
    expect(found.subject).toEqual(asked.subject);
  });

  test('keeps what it continues, and which part of a recipe it is, to the end', () => {
    const from = newRequest({
      ...flat(asked),
      recipeArgs: { process: 'x' },
      recipeFrom: 1,
      continues: { id: 'lr-4c2m8t', from: 1, before: asked.subject.commands.slice(0, 1), mayRepeat: [0] },
    });
    expect(fold([exampleMoves.expired], from)).toMatchObject(from);
  });

  test('folds from a journal in which every cancel was a person’s', () => {
    const by = { id: 'responder1', name: 'Riley Responder' };
    expect(
      stage(exampleMoves.approved, exampleMoves.claimed, exampleMoves.submitted, {
        type: 'cancelAsked',
        cancel: { by, at: start, answer: 'accepted' },
      }),
    ).toMatchObject({ run: { cancel: { by } } });
  });

  test('is open until it is finished or closed', () => {
    expect(states.filter((state) => isOpen(requestIn(state)))).toEqual([
      'awaitingApproval',
      'queued',
      'submitting',
      'unknown',
      'running',
    ]);
  });

  test('must run within its time after the approval, also after it was deferred', () => {
    const { runBefore } = sessionIn(requestIn('queued'), 'queued').stage;
    expect(stage(exampleMoves.approved, exampleMoves.claimed, exampleMoves.deferred)).toMatchObject({
      state: 'queued',
      runBefore,
      waitsFor: 'deviceBusy',
    });
    expect(runBefore).toBe(exampleMoves.approved.vote.at + asked.asked.terms.runWithin);
  });

  test('keeps its results when it is lost track of and found again', () => {
    const excerpt = { index: 0, at: start, length: 3, sha256: 'aa', errors: false, cut: false };
    const { approved, claimed, submitted, actionMissing, found } = exampleMoves;
    expect(
      stage(approved, claimed, submitted, { type: 'excerptRead', excerpt }, actionMissing, found),
    ).toMatchObject({ state: 'running', run: { results: { excerpts: [excerpt] } } });
  });

  test('carries every attempt from queue to queue, so that any of their tags can be found later', () => {
    const again = fold([
      exampleMoves.approved,
      exampleMoves.claimed,
      exampleMoves.lost,
      exampleMoves.resubmitted,
      { ...exampleMoves.claimed, attempt: { ...exampleMoves.claimed.attempt, nonce: '2' } },
    ]);
    // Each names the grant under which it was made.
    expect(again.sessions[0]?.attempts).toMatchObject([
      { nonce: '0011223344556677', grant: 0 },
      { nonce: '2', grant: 1 },
    ]);
  });

  test('says what a lapsed request had waited for', () => {
    expect(
      stage(exampleMoves.approved, { type: 'waiting', cause: 'sessions' }, exampleMoves.lapsed),
    ).toMatchObject({ ending: { kind: 'lapsed', waitedFor: 'sessions' } });
  });

  test('says who held the device of a lapsed request, and how Defender refused', () => {
    const error = { call: 'submit', code: 'busy', status: 400, target: 'a' } as const;
    const blocker = { by: 'unseen' } as const;
    const held = [
      exampleMoves.approved,
      exampleMoves.claimed,
      { ...exampleMoves.deferred, error },
      { type: 'waiting', cause: 'deviceBusy', blocker, error },
    ] as const;
    expect(stage(...held, exampleMoves.lapsed)).toMatchObject({
      ending: { kind: 'lapsed', waitedFor: 'deviceBusy', blocker, error },
    });
    const claimed = stage(...held, exampleMoves.claimed);
    expect(claimed).not.toHaveProperty('blocker');
    expect(claimed).not.toHaveProperty('error');
    const other = stage(...held, { type: 'waiting', cause: 'sessions' });
    expect(other).not.toHaveProperty('blocker');
    expect(other).not.toHaveProperty('error');
  });

  test('keeps a cancel and what an action ran instead when it is lost track of and found again, and forgets them when it is sent again', () => {
    const cancel = { by: { id: 'approver1', name: 'Avery' }, at: start, answer: 'accepted' } as const;
    const differs = [{ type: 'GetFile', path: 'C:\\x' }] as const;
    const lost = [
      exampleMoves.approved,
      exampleMoves.claimed,
      { ...exampleMoves.submitted, differs },
      { type: 'cancelAsked', cancel },
      exampleMoves.actionMissing,
    ] as const;
    expect(stage(...lost, exampleMoves.found)).toMatchObject({ state: 'running', run: { cancel, differs } });
    expect(Object.keys(stage(...lost, exampleMoves.resubmitted)).sort()).toEqual(['runBefore', 'state']);
  });

  test('knows whether the device had taken a session up that ended', () => {
    const { action } = exampleMoves.submitted;
    const ended = {
      ...exampleMoves.ended,
      action: { ...action, status: 'Cancelled', progress: [] },
      outcome: 'cancelled',
    } as const;
    const pending = {
      ...exampleMoves.submitted,
      action: { ...action, status: 'Pending', progress: [] },
    } as const;
    const working = {
      ...exampleMoves.progressed,
      action: { ...action, status: 'InProgress', progress: [] },
    } as const;
    expect(stage(exampleMoves.approved, exampleMoves.claimed, pending, ended)).toMatchObject({
      opened: false,
    });
    expect(stage(exampleMoves.approved, exampleMoves.claimed, pending, working, ended)).toMatchObject({
      opened: true,
    });
  });

  test('forgets that a link was refused as soon as one is made, also one for a single person', () => {
    const trouble = { index: 1, at: start, code: 'notReady', tries: 1 };
    const refused = [
      exampleMoves.approved,
      exampleMoves.claimed,
      exampleMoves.submitted,
      { type: 'linkRefused', trouble },
    ] as const;
    expect(stage(...refused)).toMatchObject({ run: { results: { linkTroubles: [trouble] } } });
    const link = { index: 1, at: start, expiresAt: start + 1 };
    const made = fold([...refused, { type: 'linkMinted', onCard: false, link }]);
    expect(sessionIn(made, 'running').stage.run.results).not.toHaveProperty('linkTroubles');
  });

  test('never shows an older revision on a card than it has shown', () => {
    const ref = { surface: 'console', place: 'p', id: '1' };
    const request = fold([
      { type: 'cardPosting', surface: 'console', place: 'p', intent: 'a' },
      { type: 'cardPosted', intent: 'a', ref, shown: 1 },
      { type: 'cardShown', intent: 'a', shown: 5 },
      { type: 'cardShown', intent: 'a', shown: 2 },
    ]);
    expect(request.cards).toEqual([{ surface: 'console', place: 'p', intent: 'a', ref, shown: 5 }]);
  });

  test('is not drawn again for facts that no card shows', () => {
    expect(raisesRevision({ type: 'pressRefused', by: 'x', verb: 'approve', reason: 'selfApproval' })).toBe(
      false,
    );
    expect(
      raisesRevision({ type: 'linkMinted', onCard: false, link: { index: 1, at: 0, expiresAt: 1 } }),
    ).toBe(false);
    expect(
      raisesRevision({ type: 'linkMinted', onCard: true, link: { index: 1, at: 0, expiresAt: 1 } }),
    ).toBe(true);
  });
});
