// Figures of the running bot, from parts that stand still: what waits and for how long, what is stale, and what they cost.
import { describe, expect, test } from '@jest/globals';
import { readFigures } from '../../../src/app/figures.ts';
import type { FigureParts } from '../../../src/app/figures.ts';
import type { Workers } from '../../../src/bot/workers/workers.ts';
import { CallRates } from '../../../src/liveResponse/pacing/callRates.ts';
import { create } from '../../../src/liveResponse/request/fold.ts';
import type { Request } from '../../../src/liveResponse/request/request.ts';
import { requestIn } from '../../support/requests/lifecycle.ts';
import { asked, requests } from '../../support/requests/requests.ts';
import { isLinear } from '../../support/linearTime.ts';

interface Parts {
  readonly open?: readonly Request[];
  readonly freshAt?: number;
  readonly now?: number;
  readonly workers?: ReturnType<Workers['workers']>;
}

const storeOf = (open: readonly Request[]): FigureParts['store'] => ({
  open: () => open,
  freeze: () => undefined,
  health: () => ({
    seq: 2_500,
    hash: '',
    requests: 0,
    open: 0,
    snapshotSeq: 2_000,
    snapshotAt: 7_000,
    linesSinceSnapshot: 0,
    key: '',
    audited: true,
  }),
});

const loopOf = ({ freshAt, workers = [] }: Parts): Workers =>
  ({
    names: () => ['cards', 'clock'],
    workers: () => workers,
    remembered: () => new Map([['twins by device', 2]]),
    cardSync: { behind: () => 3, behindFor: () => 4_000, closed: () => [] },
    following: { freshAt: () => freshAt },
    clockWatch: { jumps: () => 0 },
  }) as unknown as Workers;

function partsOf(given: Parts): FigureParts {
  const { open = [], now = asked.asked.at } = given;
  return {
    version: '0.1.0',
    store: storeOf(open),
    loop: loopOf(given),
    health: { ready: () => [] },
    chats: { states: () => [{ chat: 'slack', ok: true, unanswered: { count: 1, since: now - 9_000 } }] },
    callRates: new CallRates(),
    clock: { now: () => now, elapsed: () => 100_000, sleep: () => Promise.resolve() },
    chatClock: { now: () => now },
    journalBytes: () => 11,
  };
}

const minute = 60_000;
const terms = { ...asked.asked.terms, expiresAt: asked.asked.at + 20 * minute };
const waiting = create({ ...asked, asked: { ...asked.asked, terms } });

describe('what waits for approval', () => {
  test.each([
    [0, 0],
    [14, 0],
    [15, 1],
    [19, 1],
  ])('after %i of 20 minutes: %i near its end', (minutes, near) => {
    const figures = readFigures(partsOf({ open: [waiting], now: asked.asked.at + minutes * minute }));
    expect([figures.nearExpiry, figures.oldestWaitingSeconds]).toEqual([near, minutes * 60]);
    expect(figures.openRequests.get('awaitingApproval')).toBe(1);
    expect(figures.openRequests.get('running')).toBe(0);
  });

  test('is not near its end in that sense once somebody has voted', () => {
    const [vote] = requests.queued.votes;
    if (vote === undefined) throw new Error('nobody has voted');
    const voted = { ...waiting, votes: [vote] };
    expect(readFigures(partsOf({ open: [voted], now: asked.asked.at + 19 * minute })).nearExpiry).toBe(0);
  });
});

describe('staleness', () => {
  const running = requestIn('running');
  const startedAt = running.sessions.flatMap(({ stage }) =>
    stage.state === 'running' ? [stage.run.startedAt] : [],
  )[0];
  test('is that of the last reading with success', () => {
    expect(readFigures(partsOf({ open: [running], freshAt: 97_000 })).stalenessSeconds).toBe(3);
  });

  test('begins with the oldest session where this process has read nothing yet', () => {
    const now = (startedAt ?? 0) + 30_000;
    expect(readFigures(partsOf({ open: [running], now })).stalenessSeconds).toBe(30);
  });

  test('is nothing while nothing runs', () => {
    expect(readFigures(partsOf({ open: [waiting], freshAt: 1 })).stalenessSeconds).toBe(0);
  });
});

test('the rest comes as it is, in seconds; workers are there before they start', () => {
  const ran = { name: 'cards', purpose: 'draws', lastRun: 5_000, lastError: 'no', stuck: 'it has ended' };
  const figures = readFigures(partsOf({ workers: [ran] }));
  expect(figures.workers).toEqual([
    { name: 'cards', ok: false, failing: true, lastRun: 5 },
    { name: 'clock', ok: true, failing: false, lastRun: 0 },
  ]);
  expect(figures.journal).toEqual({ lines: 2_500, linesSinceSnapshot: 500, bytes: 11, snapshotAt: 7 });
  expect(figures.chats).toEqual([{ chat: 'slack', ok: true, unanswered: 1, oldestUnansweredSeconds: 9 }]);
  expect([figures.cardsBehind, figures.cardsBehindSeconds]).toEqual([3, 4]);
});

describe('one question', () => {
  const running = requestIn('running');
  const many = (size: number): readonly Request[] =>
    Array.from({ length: size }, (_, n) => (n % 2 === 0 ? waiting : running));

  test('costs no more than in proportion to what is open', () => {
    expect(isLinear((size) => partsOf({ open: many(size) }), readFigures)).toBe(true);
  }, 60_000);

  test('looks at what is open and asks the store for nothing else that grows', () => {
    const parts = partsOf({ open: many(10) });
    const asks: string[] = [];
    const store = new Proxy(parts.store, {
      get: (of, name: keyof FigureParts['store']) => (asks.push(name), of[name]),
    });
    readFigures({ ...parts, store });
    expect(asks.sort()).toEqual(['freeze', 'health', 'open']);
  });
});
