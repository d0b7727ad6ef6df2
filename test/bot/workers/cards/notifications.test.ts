// What the note below a card says, and when there is one.
import { describe, expect, test } from '@jest/globals';
import { pendingNotification } from '../../../../src/bot/workers/cards/announcements.ts';
import type { Action } from '../../../../src/liveResponse/action.ts';
import type { Request } from '../../../../src/liveResponse/request/request.ts';
import { askedAt, runOf } from '../../../support/requests/requests.ts';
import { request, setTable } from './cardTable.ts';

const minute = 60_000;
const hour = 60 * minute;

describe('the note below a card', () => {
  const here = 'console:incidents';
  const note = (one: Request, place = here, restored: readonly number[] = []) => {
    const table = setTable();
    table.store.restored = restored;
    return pendingNotification(table.deps, one, place);
  };

  test('tells the end once in each place', () => {
    const ended = request('expired', 'lr-1');
    expect(note(ended)).toEqual({
      what: 'end',
      text: 'lr-1, Dump OfficeClickToRun on hosta.corp.example: Expired.',
    });
    expect(note({ ...ended, notified: [here] })).toBeUndefined();
    expect(note({ ...ended, notified: ['slack:C0SOC'] })).toBeDefined();
    expect(note(request('finished', 'lr-1'))?.text).toMatch(/: Finished/);
  });

  test('tells nothing while it goes on, nor what its requester did', () => {
    expect(note(request('awaitingApproval', 'lr-1'))).toBeUndefined();
    expect(note(request('running', 'lr-1'))).toBeUndefined();
    expect(note(request('withdrawn', 'lr-1'))).toBeUndefined();
    expect(note(request('withdrawn', 'lr-1', { requester: { id: 'other', name: 'Other' } }))?.what).toBe(
      'end',
    );
    expect(note(request('denied', 'lr-1'))?.text).toContain('Denied');
  });

  test('says whose no it was', () => {
    expect(note(request('refused', 'lr-1'))?.text).toMatch(/^lr-1, Dump .*: Refused by Defender\.$/);
  });

  test('says after a restore that nobody knows whether it ran', () => {
    const before = note(request('lapsed', 'lr-1'))?.text ?? '';
    const after = note(request('lapsed', 'lr-1'), here, [askedAt + minute])?.text ?? '';
    expect(after.startsWith(before)).toBe(true);
    expect(after.slice(before.length)).toMatch(/^ .*restored.*\.$/);
    // What is known to have finished is known.
    expect(note(request('finished', 'lr-1'), here, [askedAt + minute])?.text).toBe(
      note(request('finished', 'lr-1'))?.text,
    );
  });

  test('tells that the device woke while its session runs, once in each place', () => {
    const table = setTable({ stored: [request('running', 'lr-1')] });
    const waits = table.store.happened('lr-1', {
      type: 'waitingForDevice',
      waiting: { since: askedAt, until: askedAt + hour },
    });
    expect(note(waits)).toBeUndefined();
    const action: Action = {
      ...runOf(waits).action,
      status: 'InProgress',
      progress: [{ index: 0, status: 'InProgress', startedAt: askedAt + 2 * minute } as never],
    };
    const woke = table.store.happened('lr-1', { type: 'progressed', action, deadline: askedAt + hour });
    expect(note(woke)).toEqual({
      what: 'woke',
      session: 0,
      text: 'lr-1, Dump OfficeClickToRun on hosta.corp.example: the device woke after 2 min, and the session has started.',
    });
    const told = table.store.happened('lr-1', {
      type: 'sessionNotified',
      surface: 'console',
      place: 'incidents',
      what: 'woke',
    });
    expect(note(told)).toBeUndefined();
    expect(note(told, 'slack:C0SOC')?.what).toBe('woke');
  });

  test('tells what was found late once it has ended, and nothing of its having been given up', () => {
    const found = (status: Action['status'], place?: string): Request => {
      const table = setTable({ stored: [request('abandoned', 'lr-1')] });
      table.store.happened('lr-1', {
        type: 'foundLate',
        action: { ...runOf(request('running', 'lr-1')).action, status },
      });
      return place === undefined
        ? table.store.one('lr-1')
        : table.store.happened('lr-1', { type: 'sessionNotified', surface: 'console', place, what: 'found' });
    };
    expect(note(found('Pending'))).toBeUndefined();
    expect(note(found('Succeeded'))).toMatchObject({ what: 'found', session: 0 });
    expect(note(found('Succeeded'))?.text).toBe(
      'lr-1, Dump OfficeClickToRun on hosta.corp.example: Dropped, but at Defender: it ran and succeeded.',
    );
    expect(note(found('Succeeded', 'incidents'))).toBeUndefined();
    expect(note(request('abandoned', 'lr-1', { requester: { id: 'x', name: 'X' } }))?.what).toBe('end');
  });
});
