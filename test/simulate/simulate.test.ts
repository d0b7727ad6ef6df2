// The simulation itself: the same plan plays the same day, its checks find what they are there for, and a failing
// day gets smaller.
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { Request } from '../../src/liveResponse/request/request.ts';
import { requests } from '../support/requests/requests.ts';
import { allowed, BudgetChecks } from './checks/budgets.ts';
import { checkCancel } from './checks/cancels.ts';
import { CardChecks, outputCanary } from './checks/cards.ts';
import { DeedChecks } from './checks/deeds.ts';
import type { Deed } from './checks/deeds.ts';
import { Ledger } from './checks/ledger.ts';
import { lately } from './checks/posts.ts';
import { transitionNames } from './checks/transitions.ts';
import { Chance } from './core/chance.ts';
import { Process } from './core/process.ts';
import { Schedule } from './core/schedule.ts';
import { Weather } from './core/weather.ts';
import { playDay } from './life/day.ts';
import { loadModules } from './life/modules.ts';
import { faultNames } from './plan/faults.ts';
import { planOf } from './plan/plan.ts';
import type { Plan } from './plan/plan.ts';
import { cellLines, judgeCells } from './report/cells.ts';
import { shrink } from './report/shrink.ts';
import { blobOrigin } from './world/defenderSide.ts';

const nobody = { name: 'nobody' };

describe('a day', () => {
  beforeAll(loadModules);

  test('is the same again where the plan is the same, and keeps every promise', async () => {
    const plan = planOf(3, { hours: 8, asks: 5, faults: 12 });
    const [first, second] = [await playDay(plan), await playDay(plan)];
    expect(first.violations).toEqual([]);
    expect(second).toEqual(first);
    expect(first.counts.get('POSTs accepted')).toBeGreaterThan(0);
    expect((await playDay({ ...plan, moves: plan.moves.slice(0, -3) })).hash).not.toBe(first.hash);
  });

  test('has at least 20 requests asked for and 20 faults, of every kind in some seed', () => {
    const plans = Array.from({ length: 30 }, (_, index) => planOf(index + 1));
    for (const { moves, faults, length } of plans) {
      expect(length).toBeGreaterThanOrEqual(24 * 3_600_000);
      expect(
        moves.filter((move) => move.do === 'say' && move.mark !== undefined).length,
      ).toBeGreaterThanOrEqual(20);
      expect(faults.length).toBeGreaterThanOrEqual(20);
    }
    expect(new Set(plans.flatMap(({ faults }) => faults.map(({ kind }) => kind)))).toEqual(
      new Set(faultNames),
    );
  });
});

describe('chance', () => {
  test('depends on the seed, the name and how often that name was drawn from, and on nothing else', () => {
    const [one, other] = [new Chance(7), new Chance(7)];
    for (let count = 0; count < 5; count += 1) other.next('something else');
    const draws = Array.from({ length: 50 }, () => one.next('a'));
    expect(Array.from({ length: 50 }, () => other.next('a'))).toEqual(draws);
    expect(new Set(draws).size).toBe(50);
    expect(Array.from({ length: 50 }, () => new Chance(8).next('a'))).not.toEqual(draws);
  });

  test('is spread evenly', () => {
    const chance = new Chance(3);
    const sum = Array.from({ length: 10_000 }, () => chance.between('die', 1, 6)).reduce(
      (all, one) => all + one,
    );
    expect(sum / 10_000).toBeGreaterThan(3.4);
    expect(sum / 10_000).toBeLessThan(3.6);
  });
});

describe('time', () => {
  test('goes from one thing to the next, and cancelled things do not happen', async () => {
    const schedule = new Schedule(1_000, new Chance(1));
    const seen: string[] = [];
    const note = (what: string) => () => void seen.push(`${what} ${schedule.elapsed()}`);
    schedule.after(30, nobody, note('late'));
    schedule.after(10, nobody, note('soon'));
    schedule.after(20, nobody, note('never'))();
    await schedule.runUntil(25);
    expect(seen).toEqual(['soon 10']);
    await schedule.runUntil(100);
    expect(seen).toEqual(['soon 10', 'late 30']);
    expect(schedule.trueTime()).toBe(1_100);
  });

  test('of a process that is dead never comes, nor does an answer to it', async () => {
    const schedule = new Schedule(0, new Chance(1));
    const process = new Process('one', schedule, () => 0);
    const seen: string[] = [];
    void process.clock.sleep(10).then(() => seen.push('slept'));
    void process.later(10, () => seen.push('answered'));
    process.kill();
    void process.clock.sleep(10).then(() => seen.push('slept when dead'));
    await schedule.runUntil(1_000);
    expect(seen).toEqual([]);
  });

  test('stands still for one process, whose sleepers wake when it goes on', async () => {
    const schedule = new Schedule(0, new Chance(1));
    const process = new Process('one', schedule, () => 0);
    const seen: number[] = [];
    void process.clock.sleep(1_000).then(() => seen.push(schedule.elapsed()));
    schedule.standStill(60_000, process);
    await schedule.runUntil(120_000);
    expect(seen).toEqual([60_000]);
  });

  test('shows a program that does not come to rest', async () => {
    const schedule = new Schedule(0, new Chance(1));
    const spin = (): void => void schedule.after(0, { name: 'spinner' }, spin);
    spin();
    await expect(schedule.runUntil(1_000)).rejects.toThrow('spinner does not come to rest');
  });
});

describe('weather', () => {
  test('strikes only while a fault lasts, and counts as met for a minute longer', async () => {
    const chance = new Chance(1);
    const schedule = new Schedule(0, chance);
    const weather = new Weather([{ kind: 'chatDown', at: 1_000, ms: 10_000 }], schedule, chance);
    const struck = (): number =>
      Array.from({ length: 50 }, () => weather.strikes('chatDown', 'a call')).filter((one) => one).length;
    expect(struck()).toBe(0);
    await schedule.runUntil(5_000);
    expect(struck()).toBeGreaterThan(30);
    expect(weather.strikes('diskFull', 'a call')).toBe(false);
    await schedule.runUntil(60_000);
    expect(struck()).toBe(0);
    expect([...weather.around()]).toEqual(['chatDown']);
    await schedule.runUntil(80_000);
    expect([...weather.around()]).toEqual([]);
  });
});

describe('the checks', () => {
  let now = 0;
  const ledgerOf = (): Ledger =>
    new Ledger(
      () => now,
      () => new Set(['crash']),
    );
  const promises = (ledger: Ledger): readonly string[] => ledger.violations.map(({ promise }) => promise);

  function cardTable(isPrivate = false): {
    readonly ledger: Ledger;
    readonly cards: CardChecks;
    readonly finished: Request;
  } {
    const ledger = ledgerOf();
    const cards = new CardChecks(
      ledger,
      () => Date.UTC(2026, 10, 23),
      () => isPrivate,
    );
    const finished = { ...requests.finished, id: 'lr-00000a' };
    ledger.changed(finished, { type: 'ended' } as never);
    cards.changed(finished);
    return { ledger, cards, finished };
  }
  const card = (revision: number, text: string, more = '') => ({
    key: 'slack 1.1',
    place: 'C1',
    text,
    json: `[{"block_id":"lr.lr-00000a.${revision}.head"},"${more}"]`,
  });

  test('find a card that says what is not so, an older one over a newer, and one that nobody finished', () => {
    const { ledger, cards, finished } = cardTable();
    const { revision } = finished;
    cards.drawn(card(revision, 'Waiting for approval'));
    expect(promises(ledger)).toEqual(['untrueCard']);
    cards.drawn(card(revision - 1, 'Running'));
    expect(promises(ledger)).toEqual(['untrueCard', 'olderCard']);
    cards.drawn(card(revision + 1, 'Running'));
    expect(promises(ledger)).toEqual(['untrueCard', 'olderCard', 'untrueCard']);
    cards.end([{ ...finished, cards: [] }]);
    expect(promises(ledger).at(-1)).toBe('unfinishedCard');
  });

  test('find output and dead links where they may not be', () => {
    const { ledger, cards, finished } = cardTable(true);
    const text = 'Finished: succeeded';
    cards.drawn(card(finished.revision, `${text} ${outputCanary}`));
    cards.drawn(card(finished.revision, text, `${blobOrigin}/x?se=2026-11-23T00%3A10%3A00Z`));
    expect(promises(ledger)).toEqual(['private', 'private']);
    const open = cardTable();
    open.cards.drawn(card(open.finished.revision, text, `${blobOrigin}/x?se=2026-11-22T23%3A00%3A00Z`));
    expect(promises(open.ledger)).toEqual(['deadLink']);
  });

  test('find one call too many in a window, and none too few', () => {
    const ledger = ledgerOf();
    const budgets = new BudgetChecks(ledger);
    const arrival = (at: number) => ({ kind: 'run', sentAt: at, at, path: '', status: 201 }) as const;
    const most = allowed.submitsPerMinute;
    const arrivals = Array.from({ length: most + 1 }, (_, index) => arrival((index * 60_000) / most));
    budgets.look(arrivals);
    expect(promises(ledger)).toEqual([]);
    budgets.look([...arrivals, arrival(60_001)]);
    expect(promises(ledger)).toEqual(['budget']);
  });

  test('find an acknowledged deed of which nothing came, and take one word for one deed', () => {
    const deed = (more: Partial<Deed>): Deed => ({
      person: 'rae',
      at: 0,
      what: 'list',
      acknowledged: true,
      answered: false,
      ...more,
    });
    const found = (deeds: readonly Deed[], words: number): readonly string[] => {
      const ledger = ledgerOf();
      const checks = new DeedChecks(ledger, () => undefined);
      for (const one of deeds) checks.did(one);
      for (let count = 0; count < words; count += 1) checks.told('rae', 1_000, 'something');
      checks.end();
      return promises(ledger);
    };
    expect(found([deed({})], 0)).toEqual(['lost']);
    expect(found([deed({}), deed({})], 1)).toEqual(['lost']);
    expect(found([deed({}), deed({})], 2)).toEqual([]);
    expect(found([deed({ acknowledged: false }), deed({ answered: true })], 0)).toEqual([]);
    expect(found([deed({ at: 5_000 })], 1)).toEqual(['lost']);
  });

  test('know since when people were told of a freeze, and what somebody pressed for', () => {
    const checks = new DeedChecks(ledgerOf(), () => undefined);
    const deed = { person: 'sam', acknowledged: true, answered: true } as const;
    const told = 'Frozen: nothing more is sent to Defender until somebody unfreezes';
    const hour = 3_600_000;
    checks.told('sam', hour, told);
    checks.told('rae', hour + 5, told);
    expect(checks.frozenSince).toBe(hour);
    checks.did({ ...deed, at: 2 * hour, what: 'unfreeze' });
    expect(checks.frozenSince).toBeUndefined();
    // That unfreeze may be delivered after this freeze.
    checks.told('sam', 2 * hour + 60_000, told);
    expect(checks.frozenSince).toBeUndefined();
    checks.did({ ...deed, at: 0, what: 'approve', verb: 'approve', request: 'lr-00000a', digest: 'abc' });
    expect(checks.pressed('sam', 'lr-00000a', 'abc')).toBe(true);
    expect(checks.pressed('ada', 'lr-00000a', 'abc')).toBe(false);
    expect(checks.pressed('sam', 'lr-00000a', 'abd')).toBe(false);
  });

  test('find a cancel that is said to have arrived and did not', () => {
    const cancel = { by: { id: 'rae', name: 'Rae' }, at: 0, answer: 'accepted' } as const;
    const { running } = requests;
    const [session] = running.sessions;
    const action = session?.stage.state === 'running' ? session.stage.run.actionId : '';
    const arrival = {
      kind: 'cancel',
      sentAt: 0,
      at: 0,
      path: `/api/machineactions/${action}/cancel`,
    } as const;
    const broken = (...arrivals: Parameters<typeof checkCancel>[3]): readonly string[] => {
      const ledger = ledgerOf();
      checkCancel(ledger, { type: 'cancelAsked', cancel }, running, arrivals);
      return promises(ledger);
    };
    expect(broken({ ...arrival, status: 201 })).toEqual([]);
    expect(broken({ ...arrival, status: 429 })).toEqual(['cancel']);
    expect(broken({ ...arrival, status: 201, path: '/api/machineactions/another/cancel' })).toEqual([
      'cancel',
    ]);
  });

  test('count which transition met which fault, and know what held a while ago', () => {
    const ledger = ledgerOf();
    now = 5;
    ledger.changed({ ...requests.running, id: 'lr-00000b' }, { type: 'submitted' } as never);
    ledger.changed({ ...requests.running, id: 'lr-00000b' }, { type: 'searched' });
    expect([...ledger.met]).toEqual([['submitted crash', 1]]);
    expect(ledger.lastOf('lr-00000b', 'searched')).toBe(5);
    const history = [
      { at: 0, what: 'a' },
      { at: 10, what: 'b' },
      { at: 20, what: 'c' },
    ];
    expect(lately(history, 25, 10)).toEqual(['b', 'c']);
    expect(lately(history, 5, 10)).toEqual(['a']);
  });
});

describe('the report', () => {
  test('names every combination that was not met, and every one that is wrongly listed', () => {
    const met = new Map([
      ['asked crash', 1],
      ['asked killed', 2],
    ]);
    const { missing, wronglyListed } = judgeCells(met, {
      'asked killed': 'a reason',
      '* restart': 'a reason',
    });
    expect(wronglyListed).toEqual(['asked killed']);
    expect(missing).toContain('approved crash');
    expect(missing).not.toContain('asked crash');
    expect(missing.some((cell) => cell.endsWith(' restart'))).toBe(false);
    expect(cellLines(met).find((line) => line.startsWith('killed'))).toMatch(/^killed +2( +0)+$/);
    expect(transitionNames.has('submitted')).toBe(true);
  });

  test('makes a failing day smaller, as long as it fails', async () => {
    const plan = planOf(1);
    const needed = plan.moves[40];
    const breaks = (smaller: Plan): Promise<{ at: number } | undefined> =>
      Promise.resolve(
        needed !== undefined && smaller.moves.includes(needed) && smaller.faults.length >= 2
          ? { at: needed.at }
          : undefined,
      );
    const shrunk = await shrink(plan, breaks, 1_000);
    expect(shrunk.plan.moves).toEqual([needed]);
    expect(shrunk.plan.faults).toHaveLength(2);
    expect(shrunk.plan.length).toBeLessThan(plan.length);
    expect((await shrink(plan, breaks, 3)).tries).toBe(3);
  });
});
