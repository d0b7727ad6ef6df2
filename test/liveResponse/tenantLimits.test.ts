// What a session that never began shows of the tenant's queue, and what is news.
import { describe, expect, test } from '@jest/globals';
import { isNews, longQueueMs, queueShownBy, shortQueueMs } from '../../src/liveResponse/tenantLimits.ts';
import type { Learned } from '../../src/liveResponse/tenantLimits.ts';
import { action, progress, request, start } from '../cards/examples/exampleRequests.ts';
import { cancelled, ended, progressed, sent } from '../cards/examples/exampleSteps.ts';

describe('the length of the queue', () => {
  const none = [progress(0, 'Created'), progress(1, 'Created')];
  const times = { createdAt: start, updatedAt: start + shortQueueMs };
  const end = ended(action('TimeOut', none, times), 'timedOut', 122);

  test('is shown by a session that timed out without having begun', () => {
    expect(queueShownBy(request([...sent, end]))).toBe(shortQueueMs);
  });

  test.each([
    ['whose cancel was asked for here', [...sent, cancelled('accepted'), end]],
    [
      'that somebody cancelled elsewhere',
      [
        ...sent,
        ended(action('TimeOut', none, { ...times, cancelledBy: 'soc@corp.example' }), 'timedOut', 122),
      ],
    ],
    [
      'that had begun, though its last word leaves that out',
      [...sent, progressed(action('InProgress', none)), end],
    ],
  ] as const)('is not shown by one %s', (_name, steps) => {
    expect(queueShownBy(request(steps))).toBeUndefined();
  });
});

test('what an older session shows is no news next to what a newer one showed', () => {
  const shown = (ms: number, at: number): Learned => ({
    what: 'offlineQueue',
    tenant: 'corp',
    ms,
    how: 'timedOut',
    at,
  });
  expect(isNews([shown(shortQueueMs, start)], shown(longQueueMs, start - 1))).toBe(false);
  expect(isNews([shown(shortQueueMs, start)], shown(longQueueMs, start + 1))).toBe(true);
});
