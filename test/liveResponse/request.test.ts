// The life of a request against a matrix written out by hand, and what the fold keeps and drops.
import { describe, expect, test } from '@jest/globals';
import { apply, IllegalTransition } from '../../src/liveResponse/request/fold.ts';
import { raisesRevision, target } from '../../src/liveResponse/request/events.ts';
import type { Fact, Move } from '../../src/liveResponse/request/events.ts';
import type { State } from '../../src/liveResponse/request/request.ts';
import { isOpen, stageOf } from '../../src/liveResponse/request/request.ts';
import { asked, exampleMoves, fold, requestIn, start } from '../support/lifecycle.ts';

const states: readonly State[] = [
  'awaitingApproval',
  'queued',
  'submitting',
  'unknown',
  'running',
  'finished',
  'over',
];

/**
 * Written by hand, not derived: a row per move, a column per state in the order above; `-` is "cannot
 * happen".
 */
const matrix: Readonly<Record<Move['type'], string>> = {
  //            awaiting  queued      submitting  unknown   running   finished over
  approved: '   queued    -           -           -         -         -        -',
  denied: '     over      -           -           -         -         -        -',
  expired: '    over      -           -           -         -         -        -',
  withdrawn: '  over      over        -           -         -         -        -',
  claimed: '    -         submitting  -           -         -         -        -',
  lapsed: '     -         over        -           -         -         -        -',
  submitted: '  -         -           running     -         -         -        -',
  deferred: '   -         -           queued      -         -         -        -',
  refused: '    over      over        over        -         -         -        -',
  lost: '       -         -           unknown     -         -         -        -',
  adopted: '    -         -           -           running   -         -        -',
  resent: '     -         -           -           queued    -         -        -',
  dropped: '    -         -           -           over      -         -        -',
  progressed: ' -         -           -           -         running   -        -',
  ended: '      -         -           -           -         finished  -        -',
  lostTrack: '  -         -           -           -         unknown   -        -',
  overdue: '    -         -           -           -         unknown   -        -',
};

const cells = Object.entries(matrix).flatMap(([move, row]) =>
  row
    .trim()
    .split(/\s+/)
    .map((to, at) => [move as Move['type'], states[at] ?? 'over', to] as const),
);

describe('the moves table', () => {
  test('has a cell for every state and move', () => {
    expect(cells).toHaveLength(states.length * Object.keys(exampleMoves).length);
  });

  test.each(cells)('%s from %s leads to %s', (move, from, to) => {
    expect(target(from, move) ?? '-').toBe(to);
  });

  test.each(cells)('folding %s into %s leads to %s', (move, from, to) => {
    const request = requestIn(from);
    if (to === '-') {
      expect(() => apply(request, exampleMoves[move], start)).toThrow(IllegalTransition);
      return;
    }
    const after = apply(request, exampleMoves[move], start + 5000);
    expect(stageOf(after).state).toBe(to);
    expect(after.revision).toBe(request.revision + 1);
    expect(after.changedAt).toBe(start + 5000);
  });
});

/** The same for the facts that belong to some states only: `x` where one can be written down. */
const factMatrix = {
  //             awaiting  queued  submitting  unknown  running  finished  over
  waiting: '     -         x       -           -        -        -         -',
  looked: '      -         -       -           x        -        -         -',
  cancelAsked: ' -         -       -           x        x        x         -',
  parked: '      -         -       -           -        x        -         -',
  triedAgain: '  -         -       -           -        -        x         x',
} as const;

const exampleFacts: { readonly [T in keyof typeof factMatrix]: Extract<Fact, { readonly type: T }> } = {
  waiting: { type: 'waiting', cause: 'slot' },
  looked: { type: 'searched' },
  cancelAsked: {
    type: 'cancelAsked',
    cancel: { by: { policy: 'cancelParkedAfter' }, at: start, answer: 'sent', tries: 1 },
  },
  parked: { type: 'waitingForDevice', parked: { since: start, until: start + 3_600_000 } },
  triedAgain: { type: 'retried', again: { id: 'lr-8g4m3r', from: 1, by: asked.asked.requester } },
};

const factCells = Object.entries(factMatrix).flatMap(([fact, row]) =>
  row
    .trim()
    .split(/\s+/)
    .map((may, at) => [fact as keyof typeof factMatrix, states[at] ?? 'over', may] as const),
);

describe('the facts', () => {
  test('have a cell for every state', () => {
    expect(factCells).toHaveLength(states.length * Object.keys(exampleFacts).length);
  });

  test.each(factCells)('folding %s into %s: %s', (fact, from, may) => {
    const request = requestIn(from);
    if (may === '-') {
      expect(() => apply(request, exampleFacts[fact], start)).toThrow(IllegalTransition);
      return;
    }
    const after = apply(request, exampleFacts[fact], start + 5000);
    expect(stageOf(after).state).toBe(from);
    expect(after.revision).toBe(request.revision + 1);
  });
});

describe('a parked device', () => {
  const sent = [exampleMoves.approved, exampleMoves.claimed, exampleMoves.submitted] as const;
  const parked = exampleFacts.parked;

  test('has woken with the first reading in which it has begun, and not again with the next', () => {
    const still = fold([
      ...sent,
      parked,
      { ...exampleMoves.progressed, action: exampleMoves.submitted.action },
    ]);
    expect(still).toMatchObject({ parked: { since: start, noted: [] } });
    expect(still).not.toHaveProperty('parked.wokeAt');
    const woke = fold([...sent, parked, exampleMoves.progressed, exampleMoves.progressed]);
    expect(woke).toMatchObject({ parked: { wokeAt: start + 5000 } });
  });

  test('is told to have woken once in each place, apart from the note at the end', () => {
    const told = fold([
      ...sent,
      parked,
      exampleMoves.progressed,
      { type: 'notified', surface: 'console', place: 'p', what: 'woke' },
      exampleMoves.ended,
    ]);
    expect(told).toMatchObject({ state: 'finished', noted: [], parked: { noted: ['console:p'] } });
    expect(() => fold([...sent, { type: 'notified', surface: 'console', place: 'p', what: 'woke' }])).toThrow(
      IllegalTransition,
    );
  });

  test('is forgotten when the session is lost sight of, and may be parked again when it is found', () => {
    expect(fold([...sent, parked, exampleMoves.overdue])).not.toHaveProperty('parked');
    expect(
      fold([
        ...sent,
        parked,
        exampleMoves.overdue,
        { ...exampleMoves.adopted, action: exampleMoves.submitted.action },
        parked,
      ]),
    ).toMatchObject({ parked: { noted: [] } });
  });
});

describe('a request', () => {
  test('keeps what was asked, byte for byte, in every state', () => {
    for (const state of states) expect(requestIn(state)).toMatchObject(asked);
  });

  test('takes up what was seen of the library while a person decides, and never afterwards', () => {
    const content = { at: start, files: [{ name: 'minidump.ps1', sha256: 'ab'.repeat(32) }] };
    const seen: Fact = { type: 'contentSeen', content, digest: 'cd'.repeat(32), fingerprint: 'cdcdcdcd' };
    for (const state of states) {
      const before = requestIn(state);
      if (state !== 'awaitingApproval' && state !== 'unknown')
        expect(() => apply(before, seen, start)).toThrow(IllegalTransition);
      else
        expect(apply(before, seen, start)).toMatchObject({
          state,
          content,
          digest: seen.digest,
          fingerprint: seen.fingerprint,
          revision: before.revision + 1,
        });
    }
  });

  test('found at Defender bears the seal under which it was sent, whatever the library held when it was looked for', () => {
    const seen: Fact = {
      type: 'contentSeen',
      content: { at: start, notRead: 'forbidden' },
      digest: 'cd'.repeat(32),
      fingerprint: 'cdcdcdcd',
    };
    const found = fold([
      exampleMoves.approved,
      exampleMoves.claimed,
      exampleMoves.lost,
      seen,
      exampleMoves.adopted,
    ]);
    expect(found).toMatchObject({
      state: 'running',
      digest: asked.subject.digest,
      fingerprint: asked.subject.fingerprint,
    });
  });

  test('keeps what it continues, and which part of a recipe it is, to the end', () => {
    const from = {
      ...asked,
      recipeArgs: { process: 'x' },
      recipeFrom: 1,
      continues: { id: 'lr-4c2m8t', from: 1, before: asked.subject.commands.slice(0, 1), mayRepeat: [0] },
    };
    expect(fold([exampleMoves.expired], from)).toMatchObject(from);
  });

  test('folds from a journal in which every cancel was a person’s', () => {
    const by = { id: 'responder1', name: 'Riley Responder' };
    expect(
      fold([
        exampleMoves.approved,
        exampleMoves.claimed,
        exampleMoves.submitted,
        { type: 'cancelAsked', cancel: { by, at: start, answer: 'accepted' } },
      ]),
    ).toMatchObject({ cancel: { by } });
  });

  test('is open until it is finished or over', () => {
    expect(states.filter((state) => isOpen(requestIn(state)))).toEqual([
      'awaitingApproval',
      'queued',
      'submitting',
      'unknown',
      'running',
    ]);
  });

  test('must run within its time after the approval, also after it was deferred', () => {
    const queued = requestIn('queued');
    const stage = stageOf(queued);
    const deferred = fold([exampleMoves.approved, exampleMoves.claimed, exampleMoves.deferred]);
    expect(deferred).toMatchObject({ state: 'queued', runBefore: stage.runBefore, waitsFor: 'deviceBusy' });
    expect(stage.runBefore).toBe(exampleMoves.approved.approval.at + asked.asked.terms.runWithin);
  });

  test('keeps its results when it is lost track of and found again', () => {
    const excerpt = { index: 0, at: start, length: 3, sha256: 'aa', errors: false, cut: false };
    const found = fold([
      exampleMoves.approved,
      exampleMoves.claimed,
      exampleMoves.submitted,
      { type: 'excerptRead', excerpt },
      exampleMoves.lostTrack,
      exampleMoves.adopted,
    ]);
    expect(found).toMatchObject({ state: 'running', results: { excerpts: [excerpt] } });
  });

  test('carries every attempt from queue to queue, so that any of their tags can be found later', () => {
    const again = fold([
      exampleMoves.approved,
      exampleMoves.claimed,
      exampleMoves.lost,
      exampleMoves.resent,
      { ...exampleMoves.claimed, attempt: { ...exampleMoves.claimed.attempt, nonce: '2' } },
    ]);
    expect(again).toMatchObject({ attempts: [{ nonce: '0011223344556677' }, { nonce: '2' }] });
  });

  test('says what a lapsed request had waited for', () => {
    expect(
      fold([exampleMoves.approved, { type: 'waiting', cause: 'sessions' }, exampleMoves.lapsed]),
    ).toMatchObject({ ending: { how: 'lapsed', waitedFor: 'sessions' } });
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
    expect(fold([...held, exampleMoves.lapsed])).toMatchObject({
      ending: { how: 'lapsed', waitedFor: 'deviceBusy', blocker, error },
    });
    const claimed = fold([...held, exampleMoves.claimed]);
    expect(claimed).not.toHaveProperty('blocker');
    expect(claimed).not.toHaveProperty('error');
    const other = fold([...held, { type: 'waiting', cause: 'sessions' }]);
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
      exampleMoves.lostTrack,
    ] as const;
    expect(fold([...lost, exampleMoves.adopted])).toMatchObject({ state: 'running', cancel, differs });
    const again = fold([...lost, exampleMoves.resent]);
    for (const name of ['cancel', 'differs', 'error', 'actionId']) expect(again).not.toHaveProperty(name);
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
    expect(fold([exampleMoves.approved, exampleMoves.claimed, pending, ended])).toMatchObject({
      opened: false,
    });
    expect(fold([exampleMoves.approved, exampleMoves.claimed, pending, working, ended])).toMatchObject({
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
    expect(fold(refused)).toMatchObject({ results: { linkTroubles: [trouble] } });
    const made = fold([
      ...refused,
      { type: 'linkMinted', onCard: false, link: { index: 1, at: start, expiresAt: start + 1 } },
    ]);
    expect('results' in made && stageOf(made).run.results.linkTroubles).toBeUndefined();
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
