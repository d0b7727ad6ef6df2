// What seeds aim at: every combination comes up in a run, what it takes is laid next to the moment at which it is due,
// and people do what leads to it.
import { describe, expect, test } from '@jest/globals';
import type { Event } from '../../src/liveResponse/request/events.ts';
import { requests } from '../support/requests/requests.ts';
import { Chance } from './core/chance.ts';
import { Process } from './core/process.ts';
import { Schedule } from './core/schedule.ts';
import { Weather } from './core/weather.ts';
import { Aiming } from './life/aiming.ts';
import { aimOf, likelierFaults } from './plan/aims.ts';
import type { Aim } from './plan/aims.ts';
import type { PlannedFault } from './plan/faults.ts';
import { planOf } from './plan/plan.ts';
import type { Move } from './plan/plan.ts';
import { columns, judgedFrom, rows } from './report/cells.ts';

const hour = 3_600_000;

interface Aimed {
  readonly schedule: Schedule;
  readonly aiming: Aiming;
  readonly struck: PlannedFault[];
  readonly moves: Move[];
}

function aimed(aim: Aim, until = 20 * hour, met: Aim['kinds'] = []): Aimed {
  const chance = new Chance(1);
  const schedule = new Schedule(0, chance);
  const [struck, moves]: [PlannedFault[], Move[]] = [[], []];
  const aiming = new Aiming(aim, until, {
    schedule,
    chance,
    move: (move) => void moves.push(move),
    strike: (fault) => void struck.push(fault),
    met: (kind) => met.includes(kind),
  });
  return { schedule, aiming, struck, moves };
}

const aimedAt = (transition: string): number =>
  Array.from({ length: rows.length }, (_, index) => index + 1).find(
    (seed) => aimOf(seed).transition === transition,
  ) ?? 0;

const event = (type: Event['type']): Event => ({ type }) as Event;

describe('an aim', () => {
  test('of some seed of a run that is judged is every transition with every kind of fault', () => {
    const aims = Array.from({ length: judgedFrom }, (_, index) => aimOf(index + 1));
    const cells = new Set(
      aims.flatMap(({ transition, kinds }) => kinds.map((kind) => `${transition} ${kind}`)),
    );
    expect(cells.size).toBe(rows.length * columns.length);
  });

  test('lays each kind shortly before the moment at which a waiting request expires', async () => {
    const { schedule, aiming, struck, moves } = aimed({
      transition: 'expired',
      kinds: ['clockSet', 'crash', 'roleChange'],
    });
    const { asked } = requests.awaitingApproval;
    const due = asked.terms.expiresAt - asked.at;
    for (let count = 0; count < 3; count += 1) aiming.changed(requests.awaitingApproval, event('asked'));
    await schedule.runUntil(due + hour);
    expect(struck.map(({ kind }) => kind).sort()).toEqual(['clockSet', 'crash']);
    for (const { at, kind } of struck) {
      expect(at).toBeLessThanOrEqual(due);
      // A process that was ended needs up to a minute until it runs again.
      expect(due - at).toBeLessThan(kind === 'crash' ? 110_000 : 60_000);
    }
    expect(moves).toEqual([
      expect.objectContaining({ do: 'group', members: ['ada'] }),
      expect.objectContaining({ do: 'group', members: ['amy', 'ada'] }),
    ]);
  });

  test('has people press what leads to it, and leaves requests alone that do not wait for it', async () => {
    const { schedule, aiming, struck, moves } = aimed({ transition: 'denied', kinds: ['restart'] });
    aiming.changed(requests.running, event('submitted'));
    await schedule.runUntil(hour);
    expect([struck, moves]).toEqual([[], []]);
    aiming.changed(requests.awaitingApproval, event('asked'));
    await schedule.runUntil(2 * hour);
    expect(struck).toHaveLength(1);
    expect(moves.length).toBeGreaterThan(0);
    for (const move of moves) expect(move).toMatchObject({ do: 'press', verb: 'deny' });
  });

  test('is due where a person may send again, and once a session has begun; each kind that was met waits', async () => {
    const resending = aimed({ transition: 'resubmitted', kinds: ['slowDisk'] });
    resending.aiming.changed(requests.unknown, event('lost'));
    await resending.schedule.runUntil(hour);
    expect(resending.struck).toEqual([]);
    const late = aimed({ transition: 'overdue', kinds: ['killed'] });
    late.aiming.changed(requests.running, event('submitted'));
    await late.schedule.runUntil(hour);
    // The clock is set while no process runs, and set back later.
    expect(late.struck.map(({ kind }) => kind)).toEqual(['killed', 'clockSet', 'clockSet']);
    expect(late.struck.map(({ by = 0 }) => Math.sign(by))).toEqual([0, 1, -1]);
    const over = aimed({ transition: 'denied', kinds: ['restart', 'slowDisk'] }, 20 * hour, ['restart']);
    for (let count = 0; count < 3; count += 1) over.aiming.changed(requests.awaitingApproval, event('asked'));
    await over.schedule.runUntil(hour);
    expect(new Set(over.struck.map(({ kind }) => kind))).toEqual(new Set(['slowDisk']));
  });

  test('lays nothing once the faults of the day are over, and no kind again and again', async () => {
    const over = aimed({ transition: 'denied', kinds: ['restart'] }, hour);
    await over.schedule.runUntil(hour);
    over.aiming.changed(requests.awaitingApproval, event('asked'));
    await over.schedule.runUntil(2 * hour);
    expect(over.struck).toEqual([]);
    const { schedule, aiming, struck } = aimed({ transition: 'denied', kinds: ['restart'] });
    for (let count = 0; count < 20; count += 1) aiming.changed(requests.awaitingApproval, event('asked'));
    await schedule.runUntil(hour);
    expect(struck).toHaveLength(3);
  });

  test('makes what is rare likelier by faults of single calls', () => {
    expect(likelierFaults({ transition: 'lost', kinds: [] }, hour)).toEqual([
      { kind: 'resetAfter', only: 'run', often: 0.5, at: 0, ms: hour },
    ]);
    expect(likelierFaults({ transition: 'asked', kinds: [] }, hour)).toEqual([]);
    const { faults } = planOf(aimedAt('lapsed'));
    expect(faults).toContainEqual(expect.objectContaining({ kind: 'throttled', only: 'run', at: 0 }));
    expect(planOf(aimedAt('asked')).faults.some(({ only }) => only !== undefined)).toBe(false);
  });
});

test('a fault of single calls strikes these alone, and counts only when it does', () => {
  const chance = new Chance(1);
  const weather = new Weather(
    [{ kind: 'resetAfter', at: 0, ms: hour, only: 'run', often: 1 }],
    new Schedule(0, chance),
    chance,
  );
  expect(weather.strikes('resetAfter', 'list')).toBe(false);
  expect([...weather.around()]).toEqual([]);
  expect(weather.strikes('resetAfter', 'run')).toBe(true);
  expect([...weather.around()]).toEqual(['resetAfter']);
  weather.lay({ kind: 'chatDown', at: 0, ms: hour });
  expect(weather.lasts('chatDown')).toBe(true);
});

test('a look that would see nothing is left out, but for one in a minute, and is no step', async () => {
  const schedule = new Schedule(0, new Chance(1));
  const process = new Process('one', schedule, () => 0);
  let trouble = false;
  const seen: number[] = [];
  const look = async (): Promise<void> => {
    process.sawNothing(() => trouble);
    await process.clock.sleep(5_000);
    seen.push(schedule.elapsed());
  };
  void look();
  await schedule.runUntil(58_000);
  expect([seen, schedule.steps()]).toEqual([[], 0]);
  await schedule.runUntil(61_000);
  expect(seen).toEqual([60_000]);
  void look();
  await schedule.runUntil(70_000);
  trouble = true;
  await schedule.runUntil(80_000);
  expect(seen).toEqual([60_000, 71_000]);
});
