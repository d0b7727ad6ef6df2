// What is counted of requests: decisions with their time, and how long the first card took that shows a change.
import { describe, expect, test } from '@jest/globals';
import { Metrics } from '../../../src/adapters/http/metrics.ts';
import { gauges } from '../../../src/adapters/http/figures.ts';
import type { Figures } from '../../../src/adapters/http/figures.ts';
import { answerClass } from '../../../src/adapters/outbound/answerClass.ts';
import type { Request } from '../../../src/liveResponse/request/request.ts';
import { create } from '../../../src/liveResponse/request/fold.ts';
import { after, asked, requests } from '../../support/requests/requests.ts';
import type { AnyEvent } from '../../support/requests/requests.ts';

const figures: Figures = {
  version: '1.2.3',
  checks: [{ name: 'journal', ok: false }],
  ready: false,
  openRequests: new Map([['queued', 2]]),
  requestsKept: 3,
  remembered: new Map([['twins by device', 1]]),
  oldestWaitingSeconds: 0,
  nearExpiry: 0,
  frozen: true,
  stalenessSeconds: 0,
  budgets: [],
  waits: [],
  cardsBehind: 0,
  cardsBehindSeconds: 0,
  placesClosed: 0,
  chats: [],
  workers: [],
  journal: { lines: 0, linesSinceSnapshot: 0, bytes: 0, snapshotAt: 0 },
  clockJumps: 2,
};

class Bench {
  now = 0;
  readonly metrics = new Metrics({ chats: ['slack'], clock: { elapsed: () => this.now } });
  #request: Request = create(asked);

  constructor() {
    this.metrics.changed(this.#request, { type: 'asked', request: asked });
  }

  happens(event: AnyEvent, seconds = 0): void {
    this.now += seconds * 1_000;
    this.#request = after(this.#request, event, asked.asked.at + this.now);
    this.metrics.changed(this.#request, event);
  }

  async series(name: string, more: Partial<Figures> = {}): Promise<number | undefined> {
    const { body } = await this.metrics.read({ ...figures, ...more });
    const line = body.split('\n').find((one) => one.startsWith(`${name} `));
    return line === undefined ? undefined : Number(line.slice(name.length + 1));
  }
}

const person = { id: 'approver1', name: 'Avery Approver' };

describe('a decision', () => {
  test.each([
    ['denied', { type: 'denied', vote: { by: person, account: 'console:x', at: 1, verdict: 'deny' } }],
    ['expired', { type: 'expired' }],
    ['withdrawn', { type: 'withdrawn', by: person }],
    ['refused', { type: 'refused', code: 'policy' }],
  ] as const)('%s is counted once, with the time since the question', async (decision, event) => {
    const bench = new Bench();
    bench.happens(event as unknown as AnyEvent, 42);
    expect(await bench.series(`lr_decision_seconds_sum{decision="${decision}"}`)).toBe(42);
    expect(await bench.series(`lr_decision_seconds_count{decision="${decision}"}`)).toBe(1);
    expect(await bench.series('lr_decision_seconds_count{decision="approved"}')).toBe(0);
    expect(await bench.series(`lr_events_total{type="${decision}"}`)).toBe(1);
  });
});

describe('the time of a card', () => {
  const card = { surface: 'console', place: 'incidents', intent: 'one' } as const;
  const ref = { surface: 'console', place: 'incidents', id: '1' } as const;

  test('goes from the first change that no card shows to the first card that shows the newest', async () => {
    const bench = new Bench();
    bench.happens({ type: 'cardPosting', ...card }, 1);
    bench.happens({ type: 'cardPosted', intent: 'one', ref, shown: 1 }, 1);
    expect(await bench.series('lr_card_lag_seconds_sum')).toBe(2);
    const [vote] = requests.queued.votes;
    bench.happens({ type: 'approved', vote } as AnyEvent, 10);
    // An older state is drawn meanwhile, which shows nothing of it.
    bench.happens({ type: 'cardShown', intent: 'one', shown: 1 }, 1);
    expect(await bench.series('lr_card_lag_seconds_count')).toBe(1);
    bench.happens({ type: 'withdrawn', by: person }, 2);
    bench.happens({ type: 'cardShown', intent: 'one', shown: 2 }, 1);
    expect(await bench.series('lr_card_lag_seconds_count')).toBe(1);
    bench.happens({ type: 'cardShown', intent: 'one', shown: 3 }, 1);
    expect([
      await bench.series('lr_card_lag_seconds_count'),
      await bench.series('lr_card_lag_seconds_sum'),
    ]).toEqual([2, 2 + 5]);
    // What was approved was decided: its session alone was withdrawn.
    expect(await bench.series('lr_decision_seconds_count{decision="approved"}')).toBe(1);
    expect(await bench.series('lr_decision_seconds_count{decision="withdrawn"}')).toBe(0);
    // Drawn again without a change: nobody waited for it.
    bench.happens({ type: 'cardShown', intent: 'one', shown: 3 }, 60);
    expect(await bench.series('lr_card_lag_seconds_count')).toBe(2);
  });
});

describe('gauges', () => {
  test('show what holds now, and nothing of what held before', async () => {
    const bench = new Bench();
    expect(await bench.series('lr_check_ok{check="journal"}')).toBe(0);
    expect(await bench.series('lr_journal_writable')).toBe(0);
    expect(await bench.series('lr_open_requests{state="queued"}')).toBe(2);
    expect(await bench.series('lr_clock_jumps_total')).toBe(2);
    expect(await bench.series('lr_clock_jumps_total', { clockJumps: 3 })).toBe(3);
    expect(await bench.series('lr_check_ok{check="journal"}', { checks: [] })).toBeUndefined();
    expect(await bench.series('lr_journal_writable', { checks: [] })).toBe(1);
    expect(await bench.series('lr_journal_verified', { checks: [{ name: 'audit', ok: true }] })).toBe(1);
    // The bot goes on, so the check is well; a monitor has to see it all the same.
    const broken = { name: 'audit', ok: true, why: 'journal-000000001.ndjson line 3 was changed' };
    expect(await bench.series('lr_journal_verified', { checks: [broken] })).toBe(0);
  });

  test('have names of their own, that say their unit where they have one', () => {
    const names = gauges.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((name) => /_total$|_(?:ms|minutes|kb)\b/.test(name))).toEqual([]);
  });
});

test.each([
  [200, '2xx'],
  [204, '2xx'],
  [302, '4xx'],
  [404, '4xx'],
  [429, '429'],
  [500, '5xx'],
  [503, '5xx'],
])('an answer %i is of the class %s', (status, expected) => {
  expect(answerClass(status)).toBe(expected);
});
