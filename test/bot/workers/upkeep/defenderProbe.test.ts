// Looks at Defender while nothing runs: how often, what a look says, and what was told as failing looked at again.
import { describe, expect, test } from '@jest/globals';
import { DefenderProbe } from '../../../../src/bot/workers/upkeep/defenderProbe.ts';
import type { Sight } from '../../../../src/bot/workers/upkeep/defenderWatch.ts';
import type { Following } from '../../../../src/bot/workers/sessions/following.ts';
import { DefenderError } from '../../../../src/liveResponse/ports.ts';
import type { DefenderApi } from '../../../../src/liveResponse/ports.ts';
import type { Outage } from '../../../../src/liveResponse/request/errorAnswer.ts';
import { request, setTable } from '../cards/cardTable.ts';

const second = 1_000;
const minute = 60_000;

function begin(running = false) {
  const table = setTable({ stored: [request(running ? 'running' : 'queued', 'lr-1')] });
  const state = {
    error: undefined as Error | undefined,
    asked: [] as string[],
    failing: [] as (Outage & { readonly what: Sight })[],
    readAt: undefined as number | undefined,
    trouble: undefined as string | undefined,
  };
  const call = (name: string) => (): Promise<never> => {
    state.asked.push(name);
    return state.error === undefined ? Promise.resolve([] as never) : Promise.reject(state.error);
  };
  const probe = new DefenderProbe(
    {
      ...table.deps,
      defender: {
        reachable: call('reachable'),
        findMachines: (name: string) => call(`findMachines ${name}`)(),
        library: call('library'),
      } as unknown as DefenderApi,
      watch: { outages: () => state.failing },
    },
    { readAt: () => state.readAt, trouble: () => state.trouble } as unknown as Following,
  );
  /** One pass, after so long: when it comes again, and what it asked. */
  const passed = async (after = 0): Promise<readonly unknown[]> => {
    table.clock.passed += after;
    state.asked.splice(0);
    return [await probe.pass(), ...state.asked];
  };
  return { ...table, probe, state, passed };
}

const outage = (what: Sight, status?: number): Outage & { readonly what: Sight } => ({
  what,
  since: 0,
  error: status === undefined ? { code: 'unavailable' } : { code: 'refused', status },
  detail: 'down',
});

describe('while nothing runs', () => {
  test('Defender is read at once, and every five minutes, whoever wakes the worker in between', async () => {
    const { probe, passed, clock } = begin();
    expect(probe.defender()).toEqual({ readable: true, since: undefined });
    const first = clock.now();
    expect(await passed()).toEqual([5 * minute, 'reachable']);
    expect(await passed(minute)).toEqual([4 * minute]);
    expect(await passed(4 * minute)).toEqual([5 * minute, 'reachable']);
    // Since the first reading that worked.
    expect(probe.defender()).toEqual({ readable: true, since: first });
  });

  test('and every half minute while it cannot be read, told since the first failure with the newest reason', async () => {
    const { probe, passed, state, clock, logged } = begin();
    await passed();
    state.error = new DefenderError('unavailable', 'down', { target: 'api' });
    expect(await passed(5 * minute)).toEqual([30 * second, 'reachable']);
    const since = clock.now();
    expect(probe.defender()).toEqual({ readable: false, since, why: 'down' });
    expect(logged).toEqual([
      {
        level: 'warn',
        event: 'defenderNotReadable',
        fields: { code: 'unavailable', detail: 'down', target: 'api' },
      },
    ]);
    state.error = new DefenderError('unavailable', 'still down');
    await passed(30 * second);
    expect(probe.defender()).toEqual({ readable: false, since, why: 'still down' });
    state.error = undefined;
    expect(await passed(30 * second)).toEqual([5 * minute, 'reachable']);
    expect(probe.defender()).toEqual({ readable: true, since: clock.now() });
  });

  test('a right that is missing is told as such', async () => {
    const { probe, passed, state } = begin();
    state.error = new DefenderError('unauthorized', 'HTTP 403', { status: 403, call: 'list' });
    await passed();
    expect(probe.defender()).toMatchObject({
      readable: false,
      why: expect.not.stringMatching('^HTTP 403$') as unknown,
    });
  });

  test.each(['paced', 'throttled'] as const)('%s says nothing of Defender', async (code) => {
    const { probe, passed, state, logged } = begin();
    state.error = new DefenderError(code, code);
    expect(await passed()).toEqual([5 * minute, 'reachable']);
    expect([probe.defender(), logged]).toEqual([{ readable: true, since: undefined }, []]);
  });

  test('a bug is one', async () => {
    const { passed, state } = begin();
    state.error = new Error('a bug');
    await expect(passed()).rejects.toThrow('a bug');
  });
});

describe('while something runs', () => {
  test('each pass takes the word of those who follow it, and comes sooner while they have trouble', async () => {
    const { passed, state } = begin(true);
    state.readAt = 0;
    state.trouble = 'cannot be followed';
    expect(await passed()).toEqual([30 * second]);
  });

  test('the word of those who follow it counts, and nothing else is read', async () => {
    const { probe, passed, state, clock } = begin(true);
    state.readAt = 0;
    expect(await passed()).toEqual([5 * minute]);
    expect(probe.defender()).toEqual({ readable: true, since: clock.now() });
    state.trouble = 'cannot be followed';
    expect(probe.defender()).toEqual({ readable: false, since: clock.now(), why: 'cannot be followed' });
    expect(await passed()).toEqual([30 * second]);
  });

  test('Defender is read all the same before they have read it once', async () => {
    const { probe, passed, state } = begin(true);
    state.trouble = 'cannot be followed';
    expect(probe.defender()).toMatchObject({ readable: true });
    expect(await passed()).toEqual([5 * minute, 'reachable']);
  });

  test('and what they last said does not count once nothing runs any more', async () => {
    const { probe, state } = begin();
    state.readAt = 0;
    state.trouble = 'cannot be followed';
    expect(probe.defender()).toMatchObject({ readable: true });
    await Promise.resolve();
  });
});

describe('what is told as failing', () => {
  test('is looked at again after half a minute, and every half minute', async () => {
    const { passed, state } = begin();
    await passed(second);
    state.failing = [outage('machines'), outage('library'), outage('submit')];
    expect(await passed()).toEqual([30 * second, 'reachable']);
    expect(await passed(20 * second)).toEqual([10 * second]);
    expect(await passed(10 * second)).toEqual([30 * second, 'findMachines lr-outlook-probe', 'library']);
    state.failing = [outage('library')];
    expect(await passed(10 * second)).toEqual([20 * second]);
    state.failing = [];
    expect((await passed(10 * second))[0]).toBe(5 * minute - 50 * second);
    // What fails anew is looked at after half a minute again.
    state.failing = [outage('machines')];
    expect(await passed(second)).toEqual([30 * second, 'reachable']);
  });

  test('for want of a right is looked at every five minutes after the first time', async () => {
    const { passed, state } = begin();
    await passed();
    state.failing = [outage('library', 403)];
    await passed(second);
    expect((await passed(30 * second)).slice(1)).toEqual(['library']);
    expect(await passed(30 * second)).toEqual([5 * minute - 61 * second]);
    expect((await passed(4 * minute + 29 * second)).slice(1)).not.toContain('library');
    expect((await passed(second)).slice(1)).toContain('library');
  });

  test('and still does so is no news; a bug is', async () => {
    const { passed, state, logged } = begin();
    await passed();
    state.failing = [outage('library')];
    await passed();
    state.error = new DefenderError('unavailable', 'down');
    await passed(30 * second);
    expect(logged).toEqual([
      { level: 'info', event: 'defenderStillFailing', fields: { what: 'library', code: 'unavailable' } },
    ]);
    state.error = new Error('a bug');
    await expect(passed(30 * second)).rejects.toThrow('a bug');
  });

  test('has all of Defender looked at, at once and once: it may be the first sign that it is away', async () => {
    const { passed, state, probe } = begin();
    await passed();
    state.failing = [outage('library')];
    expect((await passed(minute)).slice(1)).toEqual(['reachable']);
    expect((await passed(second)).slice(1)).toEqual([]);
    // A right that is missing says nothing of the rest.
    state.failing = [outage('library'), outage('machines', 403)];
    expect((await passed(second)).slice(1)).toEqual([]);
    state.failing = [outage('library'), outage('cancel')];
    state.error = new DefenderError('unavailable', 'down');
    expect((await passed(second)).slice(1)).toEqual(['reachable']);
    expect(probe.defender()).toMatchObject({ readable: false, why: 'down' });
  });

  test('in a search is Defender as a whole: the same reading shows both', async () => {
    const { passed, state, probe } = begin();
    await passed();
    state.failing = [outage('search')];
    await passed(second);
    state.error = new DefenderError('unavailable', 'down');
    expect((await passed(30 * second)).slice(1)).toEqual(['reachable']);
    expect(probe.defender()).toMatchObject({ readable: false, why: 'down' });
  });

  test('is not looked at twice where it is all that is known of Defender', async () => {
    const { passed, state } = begin();
    state.error = new DefenderError('unavailable', 'down');
    state.failing = [outage('search')];
    await passed();
    expect(await passed(30 * second)).toEqual([30 * second, 'reachable']);
    expect(await passed(30 * second)).toEqual([30 * second, 'reachable']);
    state.error = undefined;
    await passed(30 * second);
    state.failing = [outage('search'), outage('library')];
    await passed(second);
    expect((await passed(30 * second)).slice(1).sort()).toEqual(['library', 'reachable']);
  });

  test('does not have the worker come at once, again and again, where its look was due and is left to that for all of Defender', async () => {
    const { passed, state } = begin();
    await passed();
    state.failing = [outage('search')];
    expect(await passed(second)).toEqual([30 * second, 'reachable']);
    state.error = new DefenderError('unavailable', 'down');
    expect(await passed(5 * minute)).toEqual([30 * second, 'reachable']);
    expect(await passed(second)).toEqual([29 * second]);
  });
});
