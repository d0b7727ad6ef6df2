// A request for two devices: an event of one session leaves the other alone, and the request is open, ended or
// redacted by both.
import { describe, expect, test } from '@jest/globals';
import type { SessionEvent } from '../../../src/liveResponse/request/events.ts';
import { apply, create, IllegalTransition } from '../../../src/liveResponse/request/fold.ts';
import { endedAt, isOpen, sessionOf } from '../../../src/liveResponse/request/request.ts';
import type { Request } from '../../../src/liveResponse/request/request.ts';
import { asked, exampleMoves, start } from '../../support/requests/lifecycle.ts';

const { approved, claimed, submitted, ended, lapsed, lost } = exampleMoves;
const second = { ...asked.targets[0].device, id: 'b'.repeat(40), name: 'hostb.corp.example' };
const forTwo = apply(
  create({ ...asked, targets: [...asked.targets, { device: second }] }),
  { event: approved },
  start,
);

/** After events of the sessions with these numbers, one second apart. */
function onTwo(...moves: readonly (readonly [session: number, event: SessionEvent])[]): Request {
  return moves.reduce<Request>(
    (request, [session, event], at) => apply(request, { event, session }, start + (at + 1) * 1000),
    forTwo,
  );
}

const statesOf = ({ sessions }: Request) => sessions.map(({ stage }) => stage.state);

describe('a request for two devices', () => {
  test('has a session of its own for each, in the order of the devices', () => {
    expect(forTwo.sessions.map(({ number, device }) => [number, device.name])).toEqual([
      [0, 'hosta.corp.example'],
      [1, 'hostb.corp.example'],
    ]);
    expect(sessionOf(forTwo)?.device.name).toBe('hosta.corp.example');
  });

  test('moves the session alone that an event names', () => {
    const request = onTwo([1, claimed], [1, submitted], [0, claimed]);
    expect(statesOf(request)).toEqual(['submitting', 'running']);
    expect(request.sessions.map(({ device }) => device.name)).toEqual([
      'hosta.corp.example',
      'hostb.corp.example',
    ]);
  });

  test('has no session beyond them', () => {
    expect(() => onTwo([2, claimed])).toThrow(IllegalTransition);
  });

  test('is open as long as one of them is', () => {
    expect(isOpen(forTwo)).toBe(true);
    expect(isOpen(onTwo([0, lapsed]))).toBe(true);
    expect(isOpen(onTwo([1, claimed], [1, submitted], [1, ended]))).toBe(true);
    expect(isOpen(onTwo([0, lapsed], [1, claimed], [1, submitted], [1, ended]))).toBe(false);
  });

  test('has ended when the last of them did', () => {
    expect(endedAt(onTwo([0, lapsed]))).toBeUndefined();
    expect(endedAt(onTwo([0, lapsed], [1, lapsed]))).toBe(start + 2000);
    expect(endedAt(onTwo([1, lapsed], [0, claimed], [0, submitted], [0, ended]))).toBe(start + 4000);
  });

  test('can be tried again when both have ended, and not before', () => {
    const retried = {
      event: { type: 'retried', as: { id: 'lr-8g4m3r', by: asked.asked.requester } },
    } as const;
    expect(() => apply(onTwo([0, lapsed]), retried, start)).toThrow(IllegalTransition);
    expect(() => apply(onTwo([1, lapsed]), retried, start)).toThrow(IllegalTransition);
    expect(apply(onTwo([0, lapsed], [1, lapsed]), retried, start).retriedAs?.id).toBe('lr-8g4m3r');
  });

  test('loses its output from the cards as soon as one of them may have some', () => {
    const redacted = { event: { type: 'redacted', cause: 'time' } } as const;
    expect(() => apply(forTwo, redacted, start)).toThrow(IllegalTransition);
    for (const moves of [
      [[1, claimed] as const, [1, submitted] as const],
      [[1, claimed] as const, [1, lost] as const],
    ])
      expect(apply(onTwo(...moves), redacted, start).redacted).toEqual({ at: start, cause: 'time' });
  });

  test('takes up what was seen of the library as long as one of them is looked for', () => {
    const contentSeen = {
      event: {
        type: 'contentSeen',
        content: { at: start, notRead: 'forbidden' },
        digest: 'cd'.repeat(32),
        fingerprint: 'cdcdcdcd',
      },
    } as const;
    expect(() => apply(forTwo, contentSeen, start)).toThrow(IllegalTransition);
    expect(apply(onTwo([1, claimed], [1, lost]), contentSeen, start).subject.fingerprint).toBe('cdcdcdcd');
  });
});
