// Every call to Defender as the watch notices it: under which name it counts, and which answers are no failures.
import { describe, expect, test } from '@jest/globals';
import { DefenderWatch } from '../../../../src/bot/workers/upkeep/defenderWatch.ts';
import type { Sight } from '../../../../src/bot/workers/upkeep/defenderWatch.ts';
import { DefenderError } from '../../../../src/liveResponse/ports.ts';
import type { DefenderApi } from '../../../../src/liveResponse/ports.ts';

const second = 1_000;

/** A Defender that answers each call with its name and arguments, or fails. */
function begin() {
  const state = { passed: 0, error: undefined as Error | undefined, changes: [] as Sight[] };
  const clock = { now: () => 1_000_000 + state.passed, elapsed: () => 7 * second + state.passed };
  const defender = new Proxy({} as DefenderApi, {
    get:
      (_target, name) =>
      (...values: readonly unknown[]): Promise<unknown> =>
        state.error === undefined ? Promise.resolve([name, ...values]) : Promise.reject(state.error),
  });
  const watch = new DefenderWatch(defender, clock);
  watch.onChange((what) => void state.changes.push(what));
  return {
    state,
    watch,
    calls: watch.defender as unknown as Record<string, (...values: unknown[]) => Promise<unknown>>,
  };
}

type Begun = ReturnType<typeof begin>;

async function fails({ state, calls }: Begun, name: string, error: Error, times = 3): Promise<void> {
  state.error = error;
  for (let n = 0; n < times; n += 1)
    await calls[name]?.().catch((thrown: unknown) => {
      expect(thrown).toBe(error);
    });
  state.error = undefined;
}

const down = new DefenderError('unavailable', 'down');

describe('a call', () => {
  test.each([
    ['findMachines', 'machines', ['hosta']],
    ['lookUp', 'machines', ['hosta', ['h'], 'name']],
    ['machine', 'machines', ['id']],
    ['machinesByPrefix', undefined, [['h']]],
    ['submit', 'submit', ['id', [], 'comment']],
    ['actions', 'follow', [['a']]],
    ['recent', 'search', ['id', 5]],
    ['history', undefined, ['id']],
    ['activeOn', undefined, ['id']],
    ['cancel', 'cancel', ['id', 'why']],
    ['link', 'results', ['id', 0]],
    ['read', 'results', ['url', 5, { unpack: true }]],
    ['library', 'library', []],
    ['reachable', 'search', []],
  ] as const)(
    '%s goes through as it is, and its failure counts as that of %s',
    async (name, what, values) => {
      const begun = begin();
      expect(await begun.calls[name]?.(...values)).toEqual([name, ...values]);
      await fails(begun, name, down);
      expect(begun.watch.outages().map((outage) => outage.what)).toEqual(what === undefined ? [] : [what]);
    },
  );

  test.each([
    ['notReady', true, true],
    ['gone', true, true],
    ['notFound', true, true],
    ['busy', true, true],
    ['refused', true, false],
    ['untrusted', true, false],
    ['ambiguous', true, false],
    ['unreadable', true, false],
    ['unavailable', false, false],
    ['throttled', false, false],
  ] as const)(
    'that is answered %s was answered for one deed: %s, and for a reading: %s',
    async (code, deed, reading) => {
      for (const [name, what, isAnswer] of [
        ['submit', 'submit', deed],
        ['cancel', 'cancel', deed],
        ['link', 'results', deed],
        ['actions', 'follow', reading],
      ] as const) {
        const begun = begin();
        await fails(begun, name, new DefenderError(code, 'planted', { status: 400 }));
        expect(begun.watch.outage(what) === undefined).toBe(isAnswer);
        expect(begun.watch.readable() === undefined).toBe(!isAnswer);
      }
    },
  );

  test.each(['submit', 'cancel', 'link'])('%s for which the right is missing is none', async (name) => {
    const begun = begin();
    await fails(begun, name, new DefenderError('refused', 'planted', { status: 403 }));
    expect(begun.watch.outages()).toHaveLength(1);
  });
});

describe('what fails', () => {
  test('by something else than Defender is told as unreadable, in its words', async () => {
    for (const [error, detail] of [
      [new Error('a bug'), 'a bug'],
      ['odd' as unknown as Error, 'odd'],
    ] as const) {
      const begun = begin();
      await fails(begun, 'actions', error);
      expect(begun.watch.outage('follow')).toEqual({
        since: 1_000_000,
        error: { code: 'unreadable' },
        detail,
      });
    }
  });

  test('lasts after half a minute, counted from its first failure', async () => {
    const begun = begin();
    await fails(begun, 'actions', down, 1);
    begun.state.passed = 30 * second - 1;
    await fails(begun, 'actions', down, 1);
    expect(begun.watch.outage('follow')).toBeUndefined();
    const exact = begin();
    await fails(exact, 'actions', down, 1);
    exact.state.passed = 30 * second;
    await fails(exact, 'actions', down, 1);
    expect(exact.watch.outage('follow')).toMatchObject({ since: 1_000_000 });
    expect(exact.state.changes).toEqual(['follow']);
  });

  test('and works before it lasted changes nothing, and is no interruption', async () => {
    const begun = begin();
    await begun.calls['actions']?.();
    await fails(begun, 'actions', down, 2);
    begun.state.passed = 5 * second;
    await begun.calls['actions']?.();
    expect([begun.state.changes, begun.watch.readable()]).toEqual([
      [],
      { since: 1_000_000, last: 1_000_000 + 5 * second },
    ]);
  });

  test.each(['submit', 'cancel', 'link'])(
    'of %s is told for ten minutes after its last failure',
    async (name) => {
      const begun = begin();
      await fails(begun, name, down);
      begun.state.passed = 600 * second;
      expect(begun.watch.outages()).toHaveLength(1);
      begun.state.passed = 600 * second + 1;
      expect(begun.watch.outages()).toHaveLength(0);
    },
  );

  test('for longest comes first, whatever failed last', async () => {
    const begun = begin();
    await fails(begun, 'library', down, 1);
    begun.state.passed = second;
    await fails(begun, 'actions', down);
    begun.state.passed = 2 * second;
    await fails(begun, 'reachable', down);
    await fails(begun, 'library', down);
    const again = new Set(begun.watch.outages().map(({ what }) => what));
    expect([...again]).toEqual(['library', 'follow', 'search']);
    // The one that began last by the wall clock is last, though it was noticed first.
    const turned = begin();
    turned.state.passed = 5 * second;
    await fails(turned, 'library', down);
    turned.state.passed = 0;
    await fails(turned, 'actions', down);
    expect(turned.watch.outages().map(({ what }) => what)).toEqual(['follow', 'library']);
  });
});
