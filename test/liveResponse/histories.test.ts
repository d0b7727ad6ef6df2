// Promises that every legal history of a request keeps: an event changes what it owns, nothing asked is lost
// The histories are random (test/support/histories.ts); the tables of this file are written by hand.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decodeLine, encodeLine, encodeUnkeyed } from '../../src/adapters/store/journal/line.ts';
import { noHead, openedEntry, sealedEvent } from '../../src/adapters/store/journal/line.ts';
import type { Head } from '../../src/adapters/store/journal/line.ts';
import { openPeople } from '../../src/adapters/store/journal/people.ts';
import { raisesRevision, moves, target } from '../../src/liveResponse/request/events.ts';
import type { Event, Fact, Move } from '../../src/liveResponse/request/events.ts';
import type { Request } from '../../src/liveResponse/request/request.ts';
import { sessionOf, stageOf } from '../../src/liveResponse/request/request.ts';
import { stateIn } from '../support/requests.ts';
import { after, begun, exampleEvents, legalHistories, statesOf, wholeAsked } from '../support/histories.ts';
import type { History, Step } from '../support/histories.ts';
import { asked, exampleMoves, start } from '../support/lifecycle.ts';
import { createMemoryDisk, memoryFolder } from '../support/store/memoryDisk.ts';
import { testKeys } from '../support/store/testKeys.ts';

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

/** A note about one of its parts belongs to that part. */
function ownedBy(event: Move | Fact): readonly string[] {
  if (event.type !== 'noted' || event.what === undefined) return changes[event.type];
  return event.what === 'found' ? ['found'] : ['parked'];
}

type Fields = Readonly<Record<string, unknown>>;

function fields(request: Request, without: readonly string[]): Fields {
  return Object.fromEntries(
    Object.entries(request).filter(([name, value]) => value !== undefined && !without.includes(name)),
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

const isOver = ({ state }: Request): boolean => state === 'finished' || state === 'closed';
const attemptsOf = (request: Request) => ('attempts' in request ? sessionOf(request).attempts : []);
const approvalOf = (request: Request) => ('approval' in request ? sessionOf(request).grant : undefined);

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
    expect([...reached.states].sort()).toEqual(Object.keys(moves).sort());
  });

  test('changes with each event the fields of that event alone (section 6, apply)', () => {
    always(({ event, before, next }) => {
      const may = [...ownedBy(event), ...(raisesRevision(event) ? ['revision', 'changedAt'] : [])];
      expect([event.type, fields(next, may)]).toEqual([event.type, fields(before, may)]);
    });
  });

  test('loses nothing of what was asked, whatever it was', () => {
    // Seen again while a person decides; what was approved is in the approval.
    const seenAgain = ['content', 'digest', 'fingerprint'];
    const names = Object.keys(wholeAsked).filter((name) => !seenAgain.includes(name));
    always(({ event, next }) => {
      const kept = fields(next, []);
      expect([event.type, ...names.map((name) => kept[name])]).toEqual([
        event.type,
        ...names.map((name) => (wholeAsked as unknown as Fields)[name]),
      ]);
      for (const name of ['digest', 'fingerprint']) expect(kept[name]).toMatch(/^[0-9a-f]{8,64}$/);
    });
  });

  test('only adds attempts, and takes an approval back only for another', () => {
    always(({ event, before, next }) => {
      const [earlier, later] = [attemptsOf(before), attemptsOf(next)];
      expect([event.type, later.slice(0, earlier.length)]).toEqual([event.type, earlier]);
      expect(later.length - earlier.length).toBe(event.type === 'claimed' ? 1 : 0);
      const given = approvalOf(before);
      if (given === undefined) expect(approvalOf(next) === undefined).toBe(event.type !== 'approved');
      else if (event.type === 'resent') expect(approvalOf(next)).toEqual(event.approval);
      else expect([event.type, approvalOf(next)]).toEqual([event.type, given]);
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
      if (isOver(before))
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

  test('can do at each point what the table of moves says, and comes where it says', () => {
    always(({ next: request, at }) => {
      for (const [type, event] of Object.entries(exampleMoves) as [Move['type'], Move][]) {
        const then = after(request, event, at);
        expect([stageOf(request).state, type, stateIn(then)]).toEqual([
          stageOf(request).state,
          type,
          target(stageOf(request).state, type),
        ]);
      }
    });
  });

  test('leaves nothing of an older state on a request that is over', () => {
    const ends = (['denied', 'expired', 'withdrawn', 'lapsed', 'refused', 'dropped'] as const).map(
      (type) => exampleMoves[type],
    );
    const known = new Set([
      ...Object.keys(begun({ asked: wholeAsked })),
      'ending',
      'endedAt',
      'attempts',
      'approval',
      'actionId',
      'again',
      'found',
      'redacted',
    ]);
    let seen = 0;
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...exampleEvents), { maxLength: 60 }), (events) => {
        let request: Request = begun({ asked: wholeAsked });
        for (const [step, event] of [...events, ...ends].entries())
          request = after(request, event, start + step) ?? request;
        if (stageOf(request).state !== 'closed') return;
        seen += 1;
        expect(Object.keys(request).filter((name) => !known.has(name))).toEqual([]);
      }),
      runs,
    );
    expect(seen).toBeGreaterThan(0);
  });
});

/** The events of a history, what was asked among them. */
function eventsOf({
  asked: first,
  steps,
}: History): readonly { readonly event: Event; readonly at: number }[] {
  return [{ event: { type: 'asked', asked: first }, at: first.asked.at }, ...steps];
}

/** Folds events read back from a journal. */
function folded(events: readonly { readonly event: Event; readonly at: number }[]): Request | undefined {
  const [first, ...rest] = events;
  if (first?.event.type !== 'asked') return undefined;
  const steps = rest.flatMap(({ event, at }) => (event.type === 'asked' ? [] : [{ event, at }]));
  return statesOf({ asked: first.event.asked, steps }).at(-1);
}

const bytesOf = (text: string): Buffer => Buffer.from(text);

describe('a random legal history, written to journal lines and read back,', () => {
  const equal = (history: History, read: readonly { readonly event: Event; readonly at: number }[]): void => {
    expect(read).toEqual(eventsOf(history));
    expect(folded(read)).toEqual(statesOf(history).at(-1));
  };

  test('is the same with a key, where what is personal is sealed', () => {
    const disk = createMemoryDisk();
    const people = openPeople({ disk, folder: memoryFolder, keys: testKeys });
    fc.assert(
      fc.property(legalHistories, (history) => {
        let head: Head = noHead;
        const read = eventsOf(history).map(({ event, at }) => {
          const sealed = sealedEvent(event, asked.asked.requester.id, head.seq + 1, people);
          const line = encodeLine(head, at, asked.id, sealed, testKeys);
          expect(line.text).not.toContain(asked.asked.requester.name);
          const checked = decodeLine(bytesOf(line.text), head, testKeys);
          if ('wrong' in checked) throw new Error(checked.wrong);
          head = checked.head;
          const entry = openedEntry(checked.entry, checked.boxes, people);
          return { event: entry.event as Event, at: entry.at };
        });
        equal(history, read);
      }),
      { numRuns: 30 },
    );
  });

  test('is the same in the lines of version 0.1', () => {
    fc.assert(
      fc.property(legalHistories, (history) => {
        let head: Head = noHead;
        const read = eventsOf(history).map(({ event, at }) => {
          const checked = decodeLine(bytesOf(encodeUnkeyed(head, at, asked.id, event).text), head, testKeys);
          if ('wrong' in checked) throw new Error(checked.wrong);
          head = checked.head;
          return { event: checked.entry.event as Event, at: checked.entry.at };
        });
        equal(history, read);
      }),
      { numRuns: 30 },
    );
  });
});
