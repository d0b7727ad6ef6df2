// Promises that every legal history of a request keeps: an event changes what it owns, nothing asked is lost.
// The histories are random (test/support/requests/histories.ts); the tables of this file are written by hand.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decodeLine, encodeLine, encodeUnkeyed } from '../../src/adapters/store/journal/line.ts';
import { noHead, openedEntry, sealedEvent } from '../../src/adapters/store/journal/line.ts';
import type { Entry, Head } from '../../src/adapters/store/journal/line.ts';
import { openPeople } from '../../src/adapters/store/journal/people.ts';
import { createProjection } from '../../src/adapters/store/projection.ts';
import {
  raisesRevision,
  requestTarget,
  requestTransitions,
  sessionTarget,
  sessionTransitions,
} from '../../src/liveResponse/request/events.ts';
import type { RequestTransition, SessionTransition } from '../../src/liveResponse/request/events.ts';
import type { NewRequest, Request } from '../../src/liveResponse/request/request.ts';
import { endedAt, isOpen, sessionOf, stageOf } from '../../src/liveResponse/request/request.ts';
import type { AnyEvent } from '../support/requests/requests.ts';
import { changeOf, stateIn } from '../support/requests/requests.ts';
import {
  after,
  begun,
  exampleEvents,
  legalHistories,
  statesOf,
  wholeAsked,
} from '../support/requests/histories.ts';
import type { History, Step } from '../support/requests/histories.ts';
import { asked, exampleMoves, start } from '../support/requests/lifecycle.ts';
import { olderEvent } from '../support/store/olderEvents.ts';
import { createMemoryDisk, memoryFolder } from '../support/store/memoryDisk.ts';
import { testKeys } from '../support/store/testKeys.ts';

const queued = ['runBefore', 'notBefore', 'waitsFor', 'blocker', 'error'];
const unknown = ['cause', 'since', 'searches', 'searchedAt', 'error'];
const seen = ['action', 'startedAt', 'waitingForDevice'];
const run = ['actionId', 'cancel', 'differs', 'results', ...seen];
const stage = (...names: readonly string[]): readonly string[] => [
  'session.stage.state',
  ...names.map((name) => `session.stage.${name}`),
];
const ofRun = (...names: readonly string[]): readonly string[] =>
  names.map((name) => `session.stage.run.${name}`);
const closing = ['stage', ...stage('ending', 'endedAt', 'actionId', ...queued, ...unknown), ...ofRun(...run)];

/**
 * Written by hand, not derived: the parts that each event may change, besides `revision` and `changedAt`.
 */
const changes: Readonly<Record<AnyEvent['type'], readonly string[]>> = {
  approved: [
    'stage',
    'votes',
    'session.number',
    'session.device',
    'session.grant',
    'session.attempts',
    ...stage('runBefore'),
  ],
  denied: ['stage', 'votes'],
  expired: ['stage'],
  withdrawn: closing,
  lapsed: closing,
  refused: closing,
  abandoned: closing,
  claimed: ['session.attempts', ...stage(...queued)],
  submitted: [...stage('deadline', 'strangeSince'), ...ofRun(...run)],
  deferred: stage(...queued),
  lost: stage(...unknown),
  // What was found is what was approved then.
  found: [
    ...stage(...unknown, 'deadline', 'strangeSince'),
    ...ofRun('actionId', 'differs', 'results', ...seen),
    'subject.content',
    'subject.digest',
    'subject.fingerprint',
  ],
  resubmitted: ['session.grant', ...stage(...unknown, 'runBefore'), ...ofRun(...run)],
  progressed: [...ofRun('action', 'waitingForDevice'), ...stage('deadline', 'strangeSince')],
  ended: [...stage('deadline', 'strangeSince', 'outcome', 'endedAt', 'opened'), ...ofRun('action')],
  actionMissing: [...stage(...unknown, 'deadline', 'strangeSince'), ...ofRun(...seen)],
  overdue: [...stage(...unknown, 'deadline', 'strangeSince'), ...ofRun(...seen)],
  cardPosting: ['cards'],
  cardPosted: ['cards'],
  cardShown: ['cards'],
  cardGone: ['cards'],
  notified: ['notified'],
  waiting: ['session.stage.waitsFor', 'session.stage.blocker', 'session.stage.error'],
  redacted: ['redacted'],
  contentSeen: ['subject.content', 'subject.digest', 'subject.fingerprint'],
  searched: ['session.stage.searches', 'session.stage.searchedAt'],
  excerptRead: ofRun('results'),
  fileSeen: ofRun('results'),
  resultTrouble: ofRun('results'),
  linkMinted: ofRun('results'),
  linkRetired: ofRun('results'),
  linkRefused: ofRun('results'),
  cancelAsked: ofRun('cancel'),
  waitingForDevice: ofRun('waitingForDevice'),
  sessionNotified: ['session.stage.found', ...ofRun('waitingForDevice')],
  retried: ['retriedAs'],
  foundLate: ['session.stage.found'],
  pressRefused: [],
  resultViewed: [],
};

type Fields = Readonly<Record<string, unknown>>;

/** The parts of a request by name, the session and what is in it one level deeper. */
function parts(request: Request, without: readonly string[]): Fields {
  const { subject, sessions, ...rest } = request;
  const { stage: sessionStage, ...session } = sessions[0] ?? { stage: undefined };
  const { run: runs, ...stageFields } = { run: undefined, ...sessionStage };
  const named = (prefix: string, fields: object): readonly (readonly [string, unknown])[] =>
    Object.entries(fields).map(([name, value]) => [`${prefix}${name}`, value] as const);
  return Object.fromEntries(
    [
      ...named('', rest),
      ...named('subject.', subject),
      ...named('session.', session),
      ...named('session.stage.', stageFields),
      ...named('session.stage.run.', runs ?? {}),
    ].filter(([name, value]) => value !== undefined && !without.includes(name)),
  );
}

/** Each step with the request before and after it. */
function turnsOf(history: History): readonly (Step & { readonly before: Request; readonly next: Request })[] {
  const states = statesOf(history);
  return history.steps.flatMap((step, index) => {
    const [before, next] = [states[index], states[index + 1]];
    return before === undefined || next === undefined ? [] : [{ ...step, before, next }];
  });
}

const runs = { numRuns: 150 };

/** Checks each step of many histories. */
function always(check: (turn: ReturnType<typeof turnsOf>[number]) => void, which: object = runs): void {
  fc.assert(
    fc.property(legalHistories, (history) => turnsOf(history).forEach(check)),
    which,
  );
}

const attemptsOf = (request: Request) => sessionOf(request)?.attempts ?? [];
const grantOf = (request: Request) => sessionOf(request)?.grant;

describe('a random legal history', () => {
  test('comes to every event and every state', () => {
    const reached = { events: new Set<string>(), states: new Set<string>() };
    always(
      ({ event, next }) => {
        reached.events.add(event.type);
        reached.states.add(stageOf(next).state);
        // Drawn the same each time: a rare event that is missing in one draw is no fault.
      },
      { numRuns: 400, seed: 13 },
    );
    // Otherwise a history that never comes so far would prove nothing of what happens there.
    expect([...reached.events].sort()).toEqual(Object.keys(changes).sort());
    expect([...reached.states].sort()).toEqual(
      ['awaitingApproval', ...Object.keys(sessionTransitions)].sort(),
    );
  });

  test('changes with each event the parts of that event alone', () => {
    always(({ event, before, next }) => {
      const may = [...changes[event.type], ...(raisesRevision(event) ? ['revision', 'changedAt'] : [])];
      expect([event.type, parts(next, may)]).toEqual([event.type, parts(before, may)]);
    });
  });

  test('loses nothing of what was asked, whatever it was', () => {
    const { commands } = wholeAsked.subject;
    always(({ event, next: { id, origin, asked: kept, targets, subject } }) => {
      expect([event.type, { id, origin, asked: kept, targets }]).toEqual([
        event.type,
        {
          id: wholeAsked.id,
          origin: wholeAsked.origin,
          asked: wholeAsked.asked,
          targets: wholeAsked.targets,
        },
      ]);
      // Digest and contents are seen again while a person decides; what was approved is in the grant.
      expect([event.type, subject.commands]).toEqual([event.type, commands]);
      for (const name of ['digest', 'fingerprint'] as const)
        expect(subject[name]).toMatch(/^[0-9a-f]{8,64}$/);
    });
  });

  test('only adds attempts, and replaces a grant only by the next one', () => {
    always(({ event, before, next }) => {
      const [earlier, later] = [attemptsOf(before), attemptsOf(next)];
      expect([event.type, later.slice(0, earlier.length)]).toEqual([event.type, earlier]);
      expect(later.length - earlier.length).toBe(event.type === 'claimed' ? 1 : 0);
      const given = grantOf(before);
      if (given === undefined) expect(grantOf(next) === undefined).toBe(event.type !== 'approved');
      else if (event.type === 'resubmitted')
        expect(grantOf(next)).toMatchObject({ number: given.number + 1, votes: [event.vote] });
      else expect([event.type, grantOf(next)]).toEqual([event.type, given]);
    });
  });

  test('never leaves its end, nor changes how it ended', () => {
    const endOf = (request: Request) => {
      const stage = stageOf(request);
      return stage.state === 'closed'
        ? [stage.ending, stage.endedAt]
        : stage.state === 'finished'
          ? [stage.outcome, stage.endedAt, stage.run.action]
          : [];
    };
    always(({ event, before, next }) => {
      if (!isOpen(before))
        expect([event.type, stageOf(next).state, endOf(next)]).toEqual([
          event.type,
          stageOf(before).state,
          endOf(before),
        ]);
    });
  });

  test('raises the revision by one where a card has to be drawn again, and never goes back', () => {
    always(({ event, at, before, next }) => {
      const raised = raisesRevision(event);
      expect([event.type, next.revision, next.changedAt]).toEqual([
        event.type,
        before.revision + (raised ? 1 : 0),
        raised ? at : before.changedAt,
      ]);
      expect(next.changedAt).toBeGreaterThanOrEqual(before.changedAt);
    });
  });

  test('can do at each point what the tables of transitions say, and comes where they say', () => {
    always(({ next: request, at }) => {
      for (const [type, event] of Object.entries(exampleMoves)) {
        const session = sessionOf(request);
        const to =
          session === undefined
            ? requestTarget(request.stage.state, type as RequestTransition['type'])
            : sessionTarget(session.stage.state, type as SessionTransition['type']);
        expect([stateIn(request), type, stateIn(after(request, event, at))]).toEqual([
          stateIn(request),
          type,
          to === 'approved' ? 'queued' : to,
        ]);
      }
    });
    expect(Object.keys(requestTransitions.approved)).toEqual([]);
  });

  test('says when it ended, and has no end while it is open', () => {
    always(({ next }) => {
      expect(endedAt(next) === undefined).toBe(isOpen(next));
    });
  });

  test('leaves nothing of an older stage on what is closed', () => {
    const ends = (['denied', 'expired', 'withdrawn', 'lapsed', 'refused', 'abandoned'] as const).map(
      (type) => exampleMoves[type],
    );
    const known = new Set(['state', 'ending', 'endedAt', 'actionId', 'found']);
    let closed = 0;
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...exampleEvents), { maxLength: 60 }), (events) => {
        let request: Request = begun({ asked: wholeAsked });
        for (const [step, event] of [...events, ...ends].entries())
          request = after(request, event, start + step) ?? request;
        const last = stageOf(request);
        if (last.state !== 'closed') return;
        closed += 1;
        expect(Object.keys(last).filter((name) => !known.has(name))).toEqual([]);
      }),
      runs,
    );
    expect(closed).toBeGreaterThan(0);
  });

  test('keeps a field of what was asked that one line adds, through every transition', () => {
    const added: NewRequest = { ...asked, asked: { ...asked.asked, ...{ ticket: 'INC-4711' } } };
    for (const { steps } of fc.sample(legalHistories, { numRuns: 50, seed: 7 }))
      for (const request of statesOf({ asked: added, steps: steps }))
        expect(request.asked).toHaveProperty('ticket', 'INC-4711');
  });
});

/** Folds lines read back from a journal. */
function folded(entries: readonly Entry[]): Request | undefined {
  const projection = createProjection();
  for (const entry of entries) projection.apply(entry, projection.preview(entry));
  return projection.get(asked.id);
}

/** What lines of a history hold: the request that was asked, then each event with the request before it. */
function linesOf(history: History): readonly {
  readonly at: number;
  readonly before?: Request;
  readonly event: AnyEvent | { readonly type: 'asked'; readonly request: NewRequest };
}[] {
  const states = statesOf(history);
  return [
    { at: history.asked.asked.at, event: { type: 'asked', request: history.asked } },
    ...history.steps.flatMap(({ event, at }, index) => {
      const before = states[index];
      return before === undefined ? [] : [{ at, before, event }];
    }),
  ];
}

/** A vote of a denial in an older line has no account of its own. */
function withoutDenials(request: Request | undefined): Request | undefined {
  return request === undefined
    ? undefined
    : { ...request, votes: request.votes.filter(({ kind }) => kind === 'approve') };
}

const bytesOf = (text: string): Buffer => Buffer.from(text);

function read(text: string, head: Head): { readonly entry: Entry; readonly head: Head } {
  const checked = decodeLine(bytesOf(text), head, testKeys);
  if ('wrong' in checked) throw new Error(checked.wrong);
  return checked;
}

describe('a random legal history, written to journal lines and read back,', () => {
  test('is the same with a key, where what is personal is sealed', () => {
    const disk = createMemoryDisk();
    const people = openPeople({ disk, folder: memoryFolder, keys: testKeys });
    fc.assert(
      fc.property(legalHistories, (history) => {
        let head: Head = noHead;
        const entries = linesOf(history).map(({ event, at, before }) => {
          const change = before === undefined || event.type === 'asked' ? { event } : changeOf(before, event);
          const sealed = sealedEvent(event, asked.asked.requester.id, head.seq + 1, people);
          const session = 'session' in change ? change.session : undefined;
          const line = encodeLine(head, { at, request: asked.id, session, ...sealed }, testKeys);
          expect(line.text).not.toContain(asked.asked.requester.name);
          const checked = decodeLine(bytesOf(line.text), head, testKeys);
          if ('wrong' in checked) throw new Error(checked.wrong);
          head = checked.head;
          return openedEntry(checked.entry, checked.boxes, people);
        });
        expect(entries.map(({ event }) => event)).toEqual(linesOf(history).map(({ event }) => event));
        expect(folded(entries)).toEqual(statesOf(history).at(-1));
      }),
      { numRuns: 30 },
    );
  });

  test('is the same in the words of the lines before format 3', () => {
    fc.assert(
      fc.property(legalHistories, (history) => {
        let head: Head = noHead;
        const entries = linesOf(history).map(({ event, at }) => {
          const checked = read(encodeUnkeyed(head, at, asked.id, olderEvent(event)).text, head);
          head = checked.head;
          return checked.entry;
        });
        expect(withoutDenials(folded(entries))).toEqual(withoutDenials(statesOf(history).at(-1)));
      }),
      { numRuns: 60 },
    );
  });
});
