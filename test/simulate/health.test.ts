// What the simulation makes of the bot's word about its own health: an outage that is not told is found, and so is one
// that is told for hours after it was over.
import { describe, expect, test } from '@jest/globals';
import type { Check } from '../../src/adapters/http/server.ts';
import { HealthChecks } from './checks/health.ts';
import type { Outside } from './checks/health.ts';
import { Ledger } from './checks/ledger.ts';

const minute = 60_000;
const well = (name: string): Check => ({ name, ok: true });
const ill = (name: string, why = 'so it is'): Check => ({ name, ok: false, why });

interface Judged {
  readonly checks: HealthChecks;
  readonly ledger: Ledger;
  readonly around: { troubled: boolean; clockIsRight: boolean };
  ready: readonly Check[];
  alive: readonly Check[];
  /** So many minutes pass, in each of which these calls fail or are answered. */
  pass(minutes: number, calls?: Partial<Record<Outside, boolean>>): void;
}

function judged(): Judged {
  let now = 0;
  const ledger = new Ledger(
    () => now,
    () => new Set(),
  );
  const around = { troubled: false, clockIsRight: true };
  const checks = new HealthChecks(ledger, () => now, {
    troubled: () => around.troubled,
    clockIsRight: () => around.clockIsRight,
  });
  const made: Judged = {
    checks,
    ledger,
    around,
    ready: [],
    alive: [],
    pass(minutes, calls = {}) {
      for (let step = 0; step < minutes * 2; step += 1) {
        now += minute / 2;
        for (const [what, answered] of Object.entries(calls)) checks.called(what as Outside, answered);
        checks.look();
      }
    },
  };
  checks.runs({ ready: () => made.ready, alive: () => made.alive });
  return made;
}

const broken = ({ ledger }: Judged): readonly string[] => ledger.violations.map(({ says }) => says);

describe('an outage', () => {
  test.each([
    ['defender', 'defender'],
    ['defender', 'following'],
    ['slack', 'slack'],
    ['teams', 'teams connector'],
    ['journal', 'journal'],
  ] as const)('of %s has to be told, and is by the check %s', (what, check) => {
    const silent = judged();
    silent.around.troubled = true;
    silent.pass(8, { [what]: false });
    expect(broken(silent)[0]).toMatch(new RegExp(`^${what} has not answered \\d+ times in \\d+ min`));
    const told = judged();
    told.around.troubled = true;
    told.ready = [ill(check)];
    told.pass(8, { [what]: false });
    expect(broken(told)).toEqual([]);
    expect(told.ledger.counts.get(`health asked while ${what} is out`)).toBeGreaterThan(0);
  });

  test('is none where an answer came in between, or the process is new or stood still', () => {
    for (const between of [
      (one: Judged) => one.checks.called('slack', true),
      (one: Judged) => one.checks.runs({ ready: () => [], alive: () => [] }),
      (one: Judged) => one.checks.standsStill(minute),
    ]) {
      const one = judged();
      one.around.troubled = true;
      for (let times = 0; times < 5; times += 1) {
        one.pass(2, { slack: false });
        between(one);
      }
      expect(broken(one)).toEqual([]);
    }
  });
});

describe('an hour after the last fault', () => {
  test('nothing may be said to be wrong, and before nothing is judged', () => {
    const one = judged();
    one.ready = [well('journal'), ill('cards', 'some behind')];
    one.around.troubled = true;
    one.pass(180);
    expect(broken(one)).toEqual([]);
    one.around.troubled = false;
    one.pass(58);
    expect(broken(one)).toEqual([]);
    one.pass(4);
    expect(broken(one)[0]).toBe('cards is said not to be well, an hour after the last fault: some behind');
  });

  test('a clock that is still wrong may be told, and the worker whose looks are left out', () => {
    const one = judged();
    one.around.clockIsRight = false;
    one.ready = [ill('slackClock'), ill('workers', 'clock: it does not wake up')];
    one.alive = [ill('worker clock', 'it does not wake up')];
    one.pass(120);
    expect(broken(one)).toEqual([]);
    one.around.clockIsRight = true;
    one.pass(2);
    expect(broken(one)[0]).toContain('slackClock');
  });
});

test('no worker of a process may ever be said to hang', () => {
  const one = judged();
  one.around.troubled = true;
  one.alive = [well('worker cards'), ill('worker results', 'a pass has hung for 6 minutes')];
  one.pass(2);
  expect(broken(one)[0]).toBe('worker results: a pass has hung for 6 minutes');
});
