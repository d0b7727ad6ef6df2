// Planted faults: each one as a client meets it, and what the tenant did all the same.
import { describe, expect, test } from '@jest/globals';
import { defender, dump, hello, json, refusalOf, wholeSession } from './defender.ts';
import type { ActionJson, Defender, ListJson } from './defender.ts';

const list = (tenant: Defender): Promise<ListJson<ActionJson>> => tenant.get('/api/machineactions');

describe('the connection', () => {
  test('loses the answer after the action was created, as often as planted', async () => {
    const tenant = await defender();
    tenant.tenant.faults.plant({ what: 'loseAnswer', on: 'run', times: 2 });
    await expect(tenant.run('hosta.corp.example', hello, 'lr:1')).rejects.toThrow();
    await expect(tenant.run('hostb.corp.example', hello, 'lr:2')).rejects.toThrow();
    await tenant.start('web1.corp.example', hello, 'lr:3');
    expect(tenant.tenant.submissions.map(({ comment }) => comment)).toEqual(['lr:1', 'lr:2', 'lr:3']);
    expect((await list(tenant)).value.slice(0, 3).map((action) => action.requestorComment)).toEqual([
      'lr:3',
      'lr:2',
      'lr:1',
    ]);
  });

  test('keeps a planted loss for a POST that is accepted', async () => {
    const tenant = await defender();
    tenant.tenant.faults.plant({ what: 'loseAnswer', on: 'run' });
    expect((await tenant.run('srv-portal.corp.example')).status).toBe(400);
    await expect(tenant.run('hosta.corp.example')).rejects.toThrow();
  });

  test('loses answers by chance', async () => {
    const rolls = [0.9, 0.1];
    const tenant = await defender({ random: () => rolls.shift() ?? 0.9 });
    tenant.tenant.faults.plant({ what: 'loseAnswer', on: 'run', probability: 0.5, times: 'always' });
    await tenant.start('hosta.corp.example');
    await expect(tenant.run('hostb.corp.example')).rejects.toThrow();
    await tenant.start('web1.corp.example');
  });

  test('is reset before any work', async () => {
    const tenant = await defender();
    tenant.tenant.faults.plant({ what: 'reset', on: 'run' });
    await expect(tenant.run('hosta.corp.example')).rejects.toThrow();
    expect(tenant.tenant.submissions).toEqual([]);
  });

  test('delays an answer, and lets the simulator stop in the middle of it', async () => {
    const tenant = await defender();
    tenant.tenant.faults.plant({ what: 'delay', on: 'list', ms: 30 });
    const before = performance.now();
    await list(tenant);
    expect(performance.now() - before).toBeGreaterThanOrEqual(25);
    tenant.tenant.faults.plant({ what: 'delay', on: 'list', ms: 3_600_000 });
    const waiting = expect(tenant.fetch('/api/machineactions')).rejects.toThrow();
    await tenant.fetch('/api/machines');
    await tenant.stop();
    await waiting;
  });

  test('sends a body in two parts', async () => {
    const tenant = await defender();
    tenant.tenant.faults.plant({ what: 'slowBody', on: 'list', ms: 20 });
    expect((await list(tenant)).value).not.toEqual([]);
  });
});

describe('the answer', () => {
  test.each([
    [500, 'application/json'],
    [502, 'text/html'],
    [503, 'application/json'],
  ])('is %d with %s as often as planted', async (status, type) => {
    const tenant = await defender();
    tenant.tenant.faults.plant({ what: 'status', on: 'list', status, times: 2 });
    const answers = [
      await tenant.fetch('/api/machineactions'),
      await tenant.fetch('/api/machineactions'),
      await tenant.fetch('/api/machineactions'),
    ];
    expect(answers.map((answer) => answer.status)).toEqual([status, status, 200]);
    expect(answers[0]?.headers.get('content-type')).toBe(type);
  });

  test('is 429 with and without Retry-After', async () => {
    const tenant = await defender();
    tenant.tenant.faults.plant({ what: 'throttle', on: 'run', retryAfter: 7 });
    tenant.tenant.faults.plant({ what: 'throttle', on: 'run' });
    expect((await tenant.run('hosta.corp.example')).headers.get('retry-after')).toBe('7');
    const second = await tenant.run('hosta.corp.example');
    expect([second.status, second.headers.get('retry-after')]).toEqual([429, null]);
    await tenant.start('hosta.corp.example');
  });

  test('is 401 once', async () => {
    const tenant = await defender();
    tenant.tenant.faults.plant({ what: 'unauthorized' });
    expect(await refusalOf(await tenant.fetch('/api/machines'))).toBe('401 Unauthorized');
    expect((await tenant.fetch('/api/machines')).status).toBe(200);
  });

  test('is JSON cut in half', async () => {
    const tenant = await defender();
    tenant.tenant.faults.plant({ what: 'truncate', on: 'list' });
    await expect((await tenant.fetch('/api/machineactions')).json()).rejects.toThrow(/JSON/);
  });

  test('is a refusal without a body', async () => {
    const tenant = await defender();
    tenant.tenant.faults.plant({ what: 'bareError' });
    const refused = await tenant.fetch('/api/machineactions/none');
    expect([refused.status, await refused.text()]).toEqual([404, '']);
  });

  test('is 204, or 200 with nothing in it', async () => {
    const tenant = await defender();
    tenant.tenant.faults.plant({ what: 'noContent', on: 'run' });
    expect((await tenant.run('hosta.corp.example')).status).toBe(204);
    tenant.tenant.faults.plant({ what: 'emptyBody', on: 'run' });
    const empty = await tenant.run('hostb.corp.example');
    expect([empty.status, await empty.text()]).toEqual([200, '']);
    expect(tenant.tenant.submissions).toHaveLength(2);
  });
});

describe('the list', () => {
  test('leaves out actions that are too young', async () => {
    const tenant = await defender();
    const { id } = await tenant.start('hosta.corp.example');
    tenant.tenant.faults.plant({ what: 'staleList', ms: 20_000, times: 2 });
    tenant.pass(19_000);
    expect((await list(tenant)).value.map((action) => action.id)).not.toContain(id);
    tenant.pass(1_000);
    expect((await list(tenant)).value.map((action) => action.id)).toContain(id);
  });

  test('comes in reversed order', async () => {
    const tenant = await defender();
    await tenant.start('hosta.corp.example');
    tenant.tenant.faults.plant({ what: 'reverseList' });
    expect((await list(tenant)).value.map((action) => action.type).at(-1)).toBe('LiveResponse');
  });

  test('shows a status nobody knows, extra fields and null start times', async () => {
    const tenant = await defender();
    const { id } = await tenant.start('hosta.corp.example', dump);
    tenant.pass(wholeSession);
    tenant.tenant.faults.plant({ what: 'unknownStatus', on: 'list', value: 'Paused' });
    tenant.tenant.faults.plant({ what: 'extraFields', on: 'list' });
    tenant.tenant.faults.plant({ what: 'nullStartTime', on: 'list' });
    const [action] = (await list(tenant)).value;
    expect(action).toMatchObject({
      id,
      status: 'Paused',
      telemetry: { hops: [1, 2, 3] },
      commands: [{ startTime: null, commandStatus: 'Completed' }, { startTime: null }],
    });
    expect(await tenant.action(id)).toMatchObject({ status: 'Succeeded' });
  });
});

describe('a link', () => {
  const finished = async (): Promise<{ readonly tenant: Defender; readonly id: string }> => {
    const tenant = await defender();
    const { id } = await tenant.start('hosta.corp.example', dump);
    tenant.pass(wholeSession);
    return { tenant, id };
  };

  test('is not ready as often as planted', async () => {
    const { tenant, id } = await finished();
    tenant.tenant.faults.plant({ what: 'notReady', times: 2 });
    const statuses = [
      await tenant.linkAnswer(id, 0),
      await tenant.linkAnswer(id, 0),
      await tenant.linkAnswer(id, 0),
    ].map((answer) => answer.status);
    expect(statuses).toEqual([400, 400, 200]);
  });

  test('names another host', async () => {
    const { tenant, id } = await finished();
    tenant.tenant.faults.plant({ what: 'linkHost', value: 'http://blob.elsewhere.example' });
    expect(await tenant.link(id, 0)).toMatch(
      /^http:\/\/blob\.elsewhere\.example\/investigation-actions-data\//,
    );
  });

  test('is redirected, refused or broken off by the blob server', async () => {
    const { tenant, id } = await finished();
    const link = await tenant.link(id, 0);
    tenant.tenant.faults.plant({ what: 'redirect', value: 'http://blob.elsewhere.example/' });
    const redirected = await fetch(link, { redirect: 'manual' });
    expect([redirected.status, redirected.headers.get('location')]).toEqual([
      302,
      'http://blob.elsewhere.example/',
    ]);
    tenant.tenant.faults.plant({ what: 'status', on: 'blob', status: 503 });
    expect((await fetch(link)).status).toBe(503);
    tenant.tenant.faults.plant({ what: 'truncate', on: 'blob' });
    await expect((await fetch(link)).text()).rejects.toThrow();
    tenant.tenant.faults.plant({ what: 'reset', on: 'blob' });
    await expect(fetch(link)).rejects.toThrow();
    expect((await fetch(link)).status).toBe(200);
  });
});

test('faults are planted, shown and cleared over HTTP', async () => {
  const tenant = await defender();
  const planted = await json<{ readonly value: readonly unknown[] }>(
    await tenant.post('/simulator/faults', [
      { what: 'loseAnswer', on: 'run', times: 3 },
      { what: 'delay', ms: 1 },
    ]),
    201,
  );
  expect(planted.value).toEqual([
    { what: 'loseAnswer', on: 'run', times: 3 },
    { what: 'delay', ms: 1 },
  ]);
  await tenant.fetch('/simulator/faults', { method: 'DELETE' });
  expect(await tenant.get('/simulator/faults')).toEqual({ value: [] });
});

test.each([
  { what: 'earthquake' },
  { what: 'delay', ms: 'long' },
  { what: 'reset', on: 'moon' },
  { what: 'reset', times: 0 },
])('the fault %j is refused', async (fault) => {
  const tenant = await defender();
  expect(await refusalOf(await tenant.post('/simulator/faults', fault))).toBe('400 BadRequest');
});
