// The life of a request and of its sessions against tables written out by hand, and what the fold keeps and drops.
import { describe, expect, test } from '@jest/globals';
import { requestTarget, sessionTarget } from '../../src/liveResponse/request/events.ts';
import type {
  RequestFact,
  RequestTransition,
  SessionFact,
  SessionTransition,
} from '../../src/liveResponse/request/events.ts';
import { IllegalTransition } from '../../src/liveResponse/request/fold.ts';
import type { RequestStage, Stage, State } from '../../src/liveResponse/request/request.ts';
import { stageOf } from '../../src/liveResponse/request/request.ts';
import type { SessionState } from '../../src/liveResponse/request/session.ts';
import { asked, exampleMoves, fold, requestIn, start } from '../support/requests/lifecycle.ts';
import type { AnyEvent } from '../support/requests/requests.ts';
import { after } from '../support/requests/requests.ts';

const requestStates: readonly RequestStage['state'][] = ['awaitingApproval', 'approved', 'closed'];
const sessionStates: readonly SessionState[] = [
  'queued',
  'submitting',
  'unknown',
  'running',
  'finished',
  'closed',
];
/** As a card shows them, in the order of the columns below; the last one closed before it was approved. */
const states: readonly State[] = ['awaitingApproval', ...sessionStates];

/**
 * Written by hand, not derived: a row per transition, a column per state in the order above; `-` is "cannot
 * happen".
 */
const requestMatrix: Readonly<Record<RequestTransition['type'], string>> = {
  //           awaiting   approved  closed
  approved: '  approved   -         -',
  denied: '    closed     -         -',
  expired: '   closed     -         -',
  withdrawn: ' closed     -         -',
  refused: '   closed     -         -',
};
const sessionMatrix: Readonly<Record<SessionTransition['type'], string>> = {
  //               queued      submitting  unknown   running   finished  closed
  withdrawn: '     closed      -           -         -         -         -',
  claimed: '       submitting  -           -         -         -         -',
  lapsed: '        closed      -           -         -         -         -',
  submitted: '     -           running     -         -         -         -',
  deferred: '      -           queued      -         -         -         -',
  refused: '       closed      closed      -         -         -         -',
  lost: '          -           unknown     -         -         -         -',
  found: '         -           -           running   -         -         -',
  resubmitted: '   -           -           queued    -         -         -',
  abandoned: '     -           -           closed    -         -         -',
  progressed: '    -           -           -         running   -         -',
  ended: '         -           -           -         finished  -         -',
  actionMissing: ' -           -           -         unknown   -         -',
  overdue: '       -           -           -         unknown   -         -',
};

function cellsOf<Row extends string, Column extends string>(
  matrix: Readonly<Record<Row, string>>,
  columns: readonly Column[],
): readonly (readonly [row: Row, column: Column, cell: string])[] {
  return (Object.entries(matrix) as [Row, string][]).flatMap(([row, cells]) => {
    const words = cells.trim().split(/\s+/);
    expect(words).toHaveLength(columns.length);
    return columns.map((column, at) => [row, column, words[at] ?? ''] as const);
  });
}

/** A session that was closed after its approval. */
const closedSession = fold([exampleMoves.approved, exampleMoves.lapsed]);
const inSession = (state: SessionState) => (state === 'closed' ? closedSession : requestIn(state));

describe('the table of transitions of a request', () => {
  const cells = cellsOf(requestMatrix, requestStates);
  test.each(cells)('%s from %s leads to %s', (event, from, to) => {
    expect(requestTarget(from, event) ?? '-').toBe(to);
  });

  test.each(cells.filter(([, from]) => from !== 'approved'))(
    'folding %s into %s leads to %s',
    (event, from, to) => {
      const request = requestIn(from === 'closed' ? 'closed' : 'awaitingApproval');
      if (to === '-') {
        expect(() => after(request, exampleMoves[event], start)).toThrow(IllegalTransition);
        return;
      }
      const next = after(request, exampleMoves[event], start + 5000);
      expect(next.stage.state).toBe(to);
      expect(next.revision).toBe(request.revision + 1);
      expect(next.changedAt).toBe(start + 5000);
    },
  );
});

describe('the table of transitions of a session', () => {
  const cells = cellsOf(sessionMatrix, sessionStates);
  test.each(cells)('%s from %s leads to %s', (event, from, to) => {
    expect(sessionTarget(from, event) ?? '-').toBe(to);
  });

  test.each(cells)('folding %s into %s leads to %s', (event, from, to) => {
    const request = inSession(from);
    if (to === '-') {
      expect(() => after(request, exampleMoves[event], start)).toThrow(IllegalTransition);
      return;
    }
    const next = after(request, exampleMoves[event], start + 5000);
    expect(next.sessions[0]?.stage.state).toBe(to);
    expect(next.stage.state).toBe('approved');
    expect(next.revision).toBe(request.revision + 1);
    expect(next.changedAt).toBe(start + 5000);
  });

  test('has no row for a request that nobody approved', () => {
    for (const event of Object.keys(sessionMatrix) as SessionTransition['type'][])
      if (!(event in requestMatrix))
        for (const state of ['awaitingApproval', 'closed'] as const)
          expect(() => after(requestIn(state), exampleMoves[event], start)).toThrow(IllegalTransition);
  });
});

/** The same for the facts that belong to some states only: `x` where one can be recorded. */
const factMatrix = {
  //                  awaiting  queued  submitting  unknown  running  finished  closed
  waiting: '          -         x       -           -        -        -         -',
  searched: '         -         -       -           x        -        -         -',
  cancelAsked: '      -         -       -           -        x        x         -',
  waitingForDevice: ' -         -       -           -        x        -         -',
  retried: '          -         -       -           -        -        x         x',
} as const;

type ExampleFact = Extract<RequestFact | SessionFact, { readonly type: keyof typeof factMatrix }>;
const exampleFacts: {
  readonly [T in ExampleFact['type']]: Extract<ExampleFact, { readonly type: T }>;
} = {
  waiting: { type: 'waiting', cause: 'slot' },
  searched: { type: 'searched' },
  cancelAsked: {
    type: 'cancelAsked',
    cancel: { by: { policy: 'cancelParkedAfter' }, at: start, answer: 'sent', tries: 1 },
  },
  waitingForDevice: { type: 'waitingForDevice', waiting: { since: start, until: start + 3_600_000 } },
  retried: { type: 'retried', as: { id: 'lr-8g4m3r', from: 1, by: asked.asked.requester } },
};

describe('the facts', () => {
  test.each(cellsOf(factMatrix, states))('folding %s into %s: %s', (fact, from, may) => {
    for (const request of from === 'closed' ? [requestIn(from), closedSession] : [requestIn(from)]) {
      if (may === '-') {
        expect(() => after(request, exampleFacts[fact], start)).toThrow(IllegalTransition);
        continue;
      }
      const next = after(request, exampleFacts[fact], start + 5000);
      expect(stageOf(next).state).toBe(from);
      expect(next.revision).toBe(request.revision + 1);
    }
  });

  test('let a cancel be asked for also while nobody knows where a session is that Defender had taken', () => {
    const { approved, claimed, submitted, overdue } = exampleMoves;
    expect(stage(approved, claimed, submitted, overdue, exampleFacts.cancelAsked)).toMatchObject({
      state: 'unknown',
      run: { cancel: exampleFacts.cancelAsked.cancel },
    });
  });
});

/** The stage that the card shows after these events. */
function stage(...events: readonly AnyEvent[]): Stage {
  return stageOf(fold(events));
}
