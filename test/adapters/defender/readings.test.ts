// Readings of many actions: list calls, single calls, and what is answered from the last reading.
import { afterEach, describe, expect, test } from '@jest/globals';
import { DefenderClient } from '../../../src/adapters/defender/client.ts';
import { customEndpoint } from '../../../src/adapters/defender/clouds.ts';
import { listRestMs } from '../../../src/adapters/defender/readings.ts';
import { Http } from '../../../src/adapters/outbound/http.ts';
import { CallRates } from '../../../src/liveResponse/pacing/callRates.ts';
import { DefenderError } from '../../../src/liveResponse/ports.ts';
import {
  actionJson,
  countingTokens,
  json,
  ListLog,
  machineId,
  refuse,
  serve,
  StepClock,
} from '../../support/defender/defenderFakes.ts';
import type { Answer } from '../../support/defender/defenderFakes.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function bench(answer: Answer) {
  const api = await serve(answer);
  const http = new Http();
  closing.push(
    () => http.close(),
    () => api.close(),
  );
  const clock = new StepClock();
  const budgets = new CallRates();
  const log = new ListLog();
  const client = new DefenderClient({
    http,
    tokens: countingTokens(),
    budgets,
    clock,
    log,
    endpoint: customEndpoint(api.origin),
  });
  const lists = () => api.asked.filter((ask) => ask.path.includes('$filter')).length;
  const singles = () => api.asked.length - lists();
  return { client, api, clock, budgets, log, lists, singles };
}

const guid = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const ids = (count: number) => Array.from({ length: count }, (_one, n) => guid(n));
/** Ids named in a path, list or single. */
const named = (path: string) => path.match(/[0-9a-f]{8}-[0-9a-f-]{27}/g) ?? [];
const page = (found: readonly string[], over: Readonly<Record<string, unknown>> = {}) => ({
  value: found.map((id) => actionJson({ id, ...over })),
});

describe('reading actions', () => {
  test('takes one list call for up to fifty sessions', async () => {
    const { client, api } = await bench((ask, response) => json(response, 200, page(named(ask.path))));
    expect((await client.actions(ids(50))).map((one) => one.id)).toEqual(ids(50));
    expect(api.asked).toHaveLength(1);
    expect(
      api.asked[0]?.path.startsWith(`/api/machineactions?$filter=id in ('${guid(0)}','${guid(1)}',`),
    ).toBe(true);
    expect(api.asked[0]?.path.endsWith('&$top=50')).toBe(true);
    await client.actions(ids(51));
    expect(api.asked).toHaveLength(3);
  });

  test('asks nothing about nothing', async () => {
    const { client, api } = await bench((_ask, response) => json(response, 200, page([])));
    expect(await client.actions([])).toEqual([]);
    expect(api.asked).toHaveLength(0);
  });

  test('looks one by one for what a list leaves out, and takes a 404 for unknown', async () => {
    const { client, lists, singles } = await bench((ask, response) => {
      if (ask.path.includes('$filter')) json(response, 200, page([guid(0)]));
      else if (ask.path.includes(guid(1))) json(response, 200, actionJson({ id: guid(1) }));
      else refuse(response, 404, 'ResourceNotFound');
    });
    expect((await client.actions(ids(3))).map((one) => one.id)).toEqual([guid(0), guid(1)]);
    expect([lists(), singles()]).toEqual([1, 2]);
  });

  test('ignores what it did not ask for', async () => {
    const { client } = await bench((_ask, response) => json(response, 200, page([guid(0), guid(9)])));
    expect((await client.actions([guid(0)])).map((one) => one.id)).toEqual([guid(0)]);
  });

  test('goes without lists for ten minutes once one is refused', async () => {
    const { client, clock, log, lists, singles } = await bench((ask, response) =>
      ask.path.includes('$filter')
        ? refuse(response, 400, 'ODataError')
        : json(response, 200, actionJson({ id: named(ask.path)[0] })),
    );
    expect(await client.actions(ids(2))).toHaveLength(2);
    expect([lists(), singles()]).toEqual([1, 2]);
    await client.actions(ids(2));
    expect(lists()).toBe(1);
    clock.pass(listRestMs);
    await client.actions(ids(2));
    expect(lists()).toBe(2);
    expect(log.lines.filter((line) => line.event === 'defender.listRefused')).toHaveLength(2);
  });

  test('without lists, keeps 25 sessions fresh in turn and never runs out of budget', async () => {
    let seen = new Map<string, number>();
    const { client, clock, singles } = await bench((ask, response) => {
      if (ask.path.includes('$filter')) {
        refuse(response, 400, 'ODataError');
        return;
      }
      const id = named(ask.path)[0] ?? '';
      seen.set(id, (seen.get(id) ?? 0) + 1);
      json(response, 200, actionJson({ id }));
    });
    for (let poll = 0; poll < 400; poll += 1) {
      expect(await client.actions(ids(25))).toHaveLength(25);
      clock.pass(2400);
      if (poll === 199) seen = new Map();
    }
    expect(singles()).toBeLessThan(1500);
    expect(seen.size).toBe(25);
    expect(Math.max(...seen.values()) - Math.min(...seen.values())).toBeLessThanOrEqual(2);
  });

  test('does not call an action unknown only because there was no budget to look', async () => {
    const { client, budgets, clock } = await bench((ask, response) =>
      ask.path.includes('$filter')
        ? json(response, 200, page([]))
        : json(response, 200, actionJson({ id: guid(0) })),
    );
    budgets.backOff('get', clock.now() + 30_000);
    const error = await client.actions([guid(0)]).catch((one: unknown) => one);
    expect(error).toBeInstanceOf(DefenderError);
    expect((error as DefenderError).code).toBe('paced');
    clock.pass(30_000);
    expect(await client.actions([guid(0)])).toHaveLength(1);
    budgets.backOff('get', clock.now() + 30_000);
    expect(await client.actions([guid(0)])).toHaveLength(1);
  });

  test('survives words nobody has seen, odd times and missing fields, and warns of a word once', async () => {
    const strange = {
      id: guid(0),
      status: 'Quantum',
      surprise: { deep: [1] },
      lastUpdateTimeUtc: '2021-02-04T15:40:00.92Z',
      lastUpdateDateTimeUtc: null,
      creationDateTimeUtc: '2021-02-04T15:36:52',
      commands: [
        {
          index: 1,
          startTime: null,
          endTime: '2021-02-04T15:39:00.9316300Z',
          commandStatus: 'Completed',
          errors: ['a', { message: 'b' }, 7, ''],
          command: null,
        },
        { startTime: 'yesterday', commandStatus: 'PendingResource' },
      ],
    };
    const { client, log } = await bench((_ask, response) =>
      json(response, 200, { value: [strange, 'x', null, { id: 5 }] }),
    );
    const [action] = await client.actions([guid(0)]);
    await client.actions([guid(0)]);
    expect(action).toEqual({
      id: guid(0),
      type: 'Unknown',
      status: 'Quantum',
      machineId: '',
      requestor: '',
      comment: '',
      createdAt: Date.UTC(2021, 1, 4, 15, 36, 52),
      updatedAt: Date.UTC(2021, 1, 4, 15, 40, 0, 920),
      // The entry without an index stands second, and its place is taken.
      progress: [
        {
          index: 1,
          status: 'Completed',
          endedAt: Date.UTC(2021, 1, 4, 15, 39, 0, 931),
          errors: ['a', 'b', '7'],
        },
      ],
    });
    expect(log.lines.filter((line) => line.event === 'defender.unknownStatus')).toHaveLength(1);
  });
});

describe('recent actions of a device', () => {
  const since = Date.UTC(2021, 1, 4, 15, 0);
  const items = [
    actionJson({ id: guid(1), creationDateTimeUtc: '2021-02-04T15:10:00.12Z' }),
    actionJson({ id: guid(2), creationDateTimeUtc: '2021-02-04T15:20:00.1234567Z' }),
    actionJson({ id: guid(3), type: 'Isolate', commands: [] }),
    actionJson({ id: guid(4), machineId: 'b'.repeat(40) }),
    actionJson({ id: guid(5), creationDateTimeUtc: '2021-02-04T14:59:59.99Z' }),
  ];

  test('are asked for by device, time and type, and come newest first', async () => {
    const { client, api } = await bench((_ask, response) => json(response, 200, { value: items }));
    expect((await client.recent(machineId, since)).actions.map((one) => one.id)).toEqual([guid(2), guid(1)]);
    expect(api.asked[0]?.path).toBe(
      `/api/machineactions?$filter=machineId eq '${machineId}' and creationDateTimeUtc ge 2021-02-04T15:00:00.000Z and type eq 'LiveResponse'&$top=100&$orderby=creationDateTimeUtc desc`,
    );
  });

  test('are asked for again without an order where the service knows none', async () => {
    const { client, api } = await bench((ask, response) =>
      ask.path.includes('$orderby')
        ? refuse(response, 400, 'ODataError')
        : json(response, 200, { value: items }),
    );
    expect((await client.recent(machineId, since)).actions.map((one) => one.id)).toEqual([guid(2), guid(1)]);
    expect(api.asked).toHaveLength(2);
  });
});
