// What holds an approved session back, and who it is that holds its device.
import { describe, expect, test } from '@jest/globals';
import type { Action } from '../../../../src/liveResponse/action.ts';
import { blockerFrom } from '../../../../src/bot/workers/sessions/admission.ts';
import { after, requests, runOf, askedAt } from '../../../support/requests.ts';

const action: Action = runOf(requests.running).action;

describe('an action that stands in the way', () => {
  test('is named as the request it belongs to, also where that was given up and found late', () => {
    const found = after(requests.abandoned, { type: 'foundLate', action }, askedAt + 1);
    for (const ours of [requests.running, found])
      expect(blockerFrom({ all: () => [ours] }, { ...action, id: 'ACT-1' })).toEqual({
        by: 'request',
        id: ours.id,
        undecided: false,
      });
  });

  test('is named by itself where no request is known to have it', () => {
    const app = { by: 'action', id: 'act-1', type: 'LiveResponse', app: 'bot' };
    expect(blockerFrom({ all: () => [requests.abandoned] }, action)).toEqual({
      ...app,
      since: action.createdAt,
      comment: action.comment,
    });
    const { createdAt: _, ...undated } = action;
    expect(blockerFrom({ all: () => [] }, { ...undated, comment: '' })).toEqual(app);
  });
});
