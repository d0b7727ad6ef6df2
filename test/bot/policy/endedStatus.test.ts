// How a request that has ended reads to somebody who still wants something of it.
import { describe, expect, test } from '@jest/globals';
import { endingWords, wasOver } from '../../../src/bot/policy/refusals/endedStatus.ts';
import type { Refusal } from '../../../src/bot/policy/refusals/refusal.ts';
import { stageOf } from '../../../src/liveResponse/request/request.ts';
import type { Request, StageIn } from '../../../src/liveResponse/request/request.ts';
import { after, askedAt, requests } from '../../support/requests/requests.ts';

function closed(request: Request): StageIn<'closed'> {
  const stage = stageOf(request);
  if (stage.state !== 'closed') throw new Error(`${request.id} is ${stage.state}`);
  return stage;
}

function over(request: Request): Refusal {
  return wasOver(request, closed(request));
}

const stopped = (code: string): Request => after(requests.submitting, { type: 'refused', code }, askedAt);

describe('an ending reads', () => {
  test.each<readonly [Request, string]>([
    [requests.denied, 'denied by Avery Approver'],
    [requests.withdrawn, 'withdrawn by Riley Responder'],
    [requests.expired, 'expired without an approval'],
    [requests.lapsed, 'lapsed, because it could not be sent in time after its approval'],
    [requests.refused, 'refused by Defender'],
    [requests.abandoned, 'dropped while nobody knew whether it ran, by Avery Approver'],
  ])('%#: %s', (request, words) => {
    expect(endingWords(closed(request).ending)).toBe(words);
  });

  test.each([
    'otherTenant',
    'scriptChanged',
    'digestMismatch',
    'deviceMerged',
    'deviceNotOnboarded',
    'deviceUnsupported',
  ])('as the bot’s own no, where it was stopped for %s', (code) => {
    expect(endingWords(closed(stopped(code)).ending)).toBe('refused by the bot before it was sent');
  });

  test.each(['requesterRoleGone', 'deviceOutOfScope', 'tierStricter', 'runWithinShorter'])(
    'as the policy’s no, where it was stopped for %s',
    (code) => {
      expect(endingWords(closed(stopped(code)).ending)).toBe('refused by today’s policy');
    },
  );
});

describe('who comes too late is told', () => {
  test('that it can be asked for again, where nothing of it can have run', () => {
    expect(over(requests.expired)).toStrictEqual({
      refused: 'alreadyOver',
      id: 'lr-7f3k2q',
      how: 'expired without an approval',
      at: askedAt + 2 * 60_000,
      retry: true,
    });
    expect(over(stopped('deviceOutOfScope'))).toHaveProperty('retry', true);
  });

  test.each([requests.denied, requests.withdrawn, requests.abandoned, stopped('otherTenant')])(
    'not to ask again with one word, where a person or the bot was against it or it may have run: %#',
    (request) => {
      expect(Object.keys(over(request))).toEqual(['refused', 'id', 'how', 'at']);
    },
  );

  test('that Defender showed it after all', () => {
    const action = {
      id: 'act-1',
      type: 'LiveResponse',
      status: 'Succeeded',
      machineId: 'a'.repeat(40),
      requestor: 'bot',
      comment: 'lr:lr-7f3k2q:n',
      createdAt: askedAt,
      progress: [],
    } as const;
    expect(over(after(requests.abandoned, { type: 'foundLate', action }, askedAt))).toMatchObject({
      how: 'dropped while nobody knew whether it ran, by Avery Approver (seen at Defender since)',
    });
  });
});
