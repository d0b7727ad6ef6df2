// The checklist of docs/simulator.md, items 20 to 24: the list of machine actions, single ones, and cancel.
import { expect, test } from '@jest/globals';
import { request } from 'undici';
import { defender, dump, hello, json, minute, refusalOf, wholeSession } from '../defender.ts';
import type { ActionJson, Defender, ErrorJson, ListJson } from '../defender.ts';

const list = (tenant: Defender, query: string): Promise<ListJson<ActionJson>> =>
  tenant.get(`/api/machineactions?${query}`);

/** What the documentation names nowhere. */
const neverTaken = [
  "$filter=computerDnsName eq 'hosta'",
  "$filter=status like 'P'",
  '$top=10001',
  '$stop=2',
  "$filter=(status eq 'Pending'",
];

async function expectRefused(tenant: Defender, queries: readonly string[]): Promise<void> {
  for (const query of queries)
    expect([query, await refusalOf(await tenant.fetch(`/api/machineactions?${query}`))]).toEqual([
      query,
      '400 ODataError',
    ]);
}

test('10.20 the list takes every documented filter and option, newest first, commands included, however the query is encoded; the rest is ODataError', async () => {
  const tenant = await defender();
  // The first session must still be going on when the last one begins.
  await tenant.setDevice('hosta.corp.example', { stuck: true });
  const ids: string[] = [];
  for (const name of ['hosta', 'hostb', 'web1']) {
    ids.push((await tenant.start(`${name}.corp.example`, dump)).id);
    tenant.pass(minute);
  }
  const [first = '', second = '', third = ''] = ids;
  await tenant.post(`/api/machineactions/${second}/cancel`, { Comment: 'no' });
  const newest = [third, second, first];
  const live = "type eq 'LiveResponse'";
  const machineOf = tenant.tenant.device('hosta.corp.example')?.id ?? '';
  const cases: readonly (readonly [string, readonly string[]])[] = [
    [`$filter=${live}`, newest],
    [`$filter=TYPE eq 'LiveResponse' and MachineId eq '${machineOf}'`, [first]],
    [`$filter=${live} and machineId ne '${machineOf}'`, [third, second]],
    ["$filter=status eq 'Cancelled'", [second]],
    [`$filter=${live} and (status eq 'Pending' or status eq 'InProgress')`, [third, first]],
    [`$filter=id in ('${first}','${third}')&$top=50`, [third, first]],
    ["$filter=requestor eq '5d3b1f0a-6c2e-4b7a-9f0d-1e2a3b4c5d6e'", newest],
    ['$filter=creationDateTimeUtc gt 2026-03-04T10:00:30Z', [third, second]],
    [
      '$filter=creationDateTimeUtc ge 2026-03-04T10:01:00Z and creationDateTimeUtc lt 2026-03-04T10:02:00Z',
      [second],
    ],
    [
      '$filter=creationDateTimeUtc ge 2026-03-04T10:00:00Z and creationDateTimeUtc le 2026-03-04T10:01:00Z',
      [first],
    ],
    [`$filter=${live}&$orderby=creationDateTimeUtc asc&$skip=1&$top=1`, [second]],
  ];
  for (const [query, wanted] of cases) {
    for (const sent of [
      query,
      query.replaceAll(' ', '%20').replaceAll('$', '%24').replaceAll("'", '%27'),
      query.replaceAll(' ', '+'),
    ]) {
      expect([sent, (await list(tenant, sent)).value.map((action) => action.id)]).toEqual([sent, wanted]);
    }
  }
  const counted = await list(tenant, `$filter=${live}&$count=true&$top=1`);
  expect([counted['@odata.count'], counted.value[0]?.commands.length]).toEqual([3, 2]);
  await expectRefused(tenant, neverTaken);
  expect((await tenant.fetch('/api/machineactions?$top=10000')).status).toBe(200);
  await tenant.set({ odata: 'documented' });
  await expectRefused(tenant, [
    `$filter=id in ('${first}')`,
    '$orderby=creationDateTimeUtc desc',
    '$count=true',
    '$select=id',
  ]);
});

test('10.21 100 calls a minute and 1,500 an hour for each kind of call, then 429 with Retry-After', async () => {
  const tenant = await defender();
  // Not fetch: 1,500 of its answers take several seconds.
  const ask = async (path = '/api/machineactions?$top=1'): Promise<readonly [number, unknown, string]> => {
    const { statusCode, headers, body } = await request(`${tenant.url}${path}`);
    const text = await body.text();
    return [
      statusCode,
      headers['retry-after'],
      statusCode === 429 ? (JSON.parse(text) as ErrorJson).error.message : '',
    ];
  };
  for (let call = 0; call < 1_500; call += 1) {
    if (call > 0 && call % 100 === 0) {
      if (call === 100)
        expect(await ask()).toEqual([
          429,
          '60',
          'API calls quota exceeded! maximum allowed 100 per 00:01:00',
        ]);
      tenant.pass(minute);
    }
    expect((await ask())[0]).toBe(200);
  }
  tenant.pass(minute);
  expect(await ask()).toEqual([
    429,
    String(45 * 60),
    'API calls quota exceeded! maximum allowed 1500 per 01:00:00',
  ]);
  for (const path of [
    '/api/machineactions/none',
    '/api/machines/none',
    '/api/machineactions/none/GetLiveResponseResultDownloadLink(index=0)',
  ]) {
    expect((await ask(path))[0]).toBe(404);
    expect((await ask('/api/libraryfiles'))[0]).toBe(200);
  }
  tenant.pass(45 * minute);
  expect((await ask())[0]).toBe(200);
  await tenant.set({ limits: { list: [{ max: 1, perMs: minute }] }, refusedCallsCount: true });
  tenant.pass(59_000);
  expect((await ask())[0]).toBe(429);
  tenant.pass(59_000);
  expect((await ask())[0]).toBe(429);
});

test('10.22 one action by its id, 404 ResourceNotFound for an unknown one', async () => {
  const tenant = await defender();
  const { id } = await tenant.start('hosta.corp.example', hello, 'this one');
  expect(await tenant.action(id.toUpperCase())).toMatchObject({ id, requestorComment: 'this one' });
  expect(
    (
      await json<ErrorJson>(
        await tenant.fetch('/api/machineactions/11111111-2222-4333-8444-555555555555'),
        404,
      )
    ).error,
  ).toMatchObject({
    code: 'ResourceNotFound',
    message: 'Machine action 11111111-2222-4333-8444-555555555555 was not found',
  });
});

test('10.23 actions of other types stand in the same list, with commands empty, or absent by setting; more can be planted', async () => {
  const tenant = await defender();
  const others = async (): Promise<readonly ActionJson[]> =>
    (await list(tenant, "$filter=type ne 'LiveResponse'")).value;
  expect((await others()).map((action) => [action.type, action.commands])).toEqual([
    ['CollectInvestigationPackage', []],
    ['Isolate', []],
    ['RunAntiVirusScan', []],
  ]);
  await json(
    await tenant.post('/simulator/actions', {
      device: 'hosta.corp.example',
      type: 'Isolate',
      requestor: 'analyst@corp.example',
      scope: 'Full',
      createdAgoMs: 120_000,
    }),
    201,
  );
  expect((await others())[0]).toMatchObject({
    type: 'Isolate',
    computerDnsName: 'hosta.corp.example',
    status: 'Succeeded',
    requestor: 'analyst@corp.example',
    scope: 'Full',
  });
  await tenant.set({ otherCommands: 'absent' });
  for (const action of await others()) expect(Object.keys(action)).not.toContain('commands');
  await tenant.start('hosta.corp.example');
  expect(
    await refusalOf(
      await tenant.post('/simulator/actions', { device: 'hosta.corp.example', type: 'Reboot' }),
    ),
  ).toBe('400 BadRequest');
  expect(await refusalOf(await tenant.post('/simulator/actions', { device: 'nosuch' }))).toBe(
    '404 ResourceNotFound',
  );
});

test('10.24 cancel answers 200 with the same action: at once when Pending, within ten seconds or too late when InProgress, 400 when over; the device frees later', async () => {
  const tenant = await defender({
    profile: {
      pendingMs: [60_000, 60_000],
      commandMs: [60_000, 60_000],
      settleMs: [40_000, 40_000],
      cancelMs: [10_000, 10_000],
      releaseMs: [10_000, 10_000],
    },
  });
  const cancel = (id: string, body: object = { Comment: 'enough' }): Promise<Response> =>
    tenant.post(`/api/machineactions/${id}/cancel`, body);
  const pending = await tenant.start('hosta.corp.example');
  expect(await refusalOf(await cancel(pending.id, {}))).toBe('400 MissingRequiredParameter');
  expect(await json<ActionJson>(await cancel(pending.id))).toMatchObject({
    id: pending.id,
    status: 'Cancelled',
    cancellationRequestor: pending.requestor,
    cancellationComment: 'enough',
    cancellationDateTimeUtc: expect.stringMatching(/^2026-03-04T10:00/),
  });
  tenant.pass(9_999);
  expect(await refusalOf(await tenant.run('hosta.corp.example'))).toBe('400 ActiveRequestAlreadyExists');
  tenant.pass(1);
  const working = await tenant.start('hosta.corp.example');
  tenant.pass(90_000);
  expect((await json<ActionJson>(await cancel(working.id))).status).toBe('InProgress');
  tenant.pass(9_999);
  expect((await tenant.action(working.id)).status).toBe('InProgress');
  tenant.pass(1);
  expect((await tenant.action(working.id)).status).toBe('Cancelled');
  expect(await refusalOf(await cancel(working.id))).toBe('400 BadRequest');
  const ending = await tenant.start('hostb.corp.example');
  tenant.pass(155_000);
  expect((await json<ActionJson>(await cancel(ending.id))).status).toBe('InProgress');
  tenant.pass(wholeSession);
  expect(await tenant.action(ending.id)).toMatchObject({
    status: 'Succeeded',
    cancellationComment: 'enough',
  });
  expect(await refusalOf(await cancel('none'))).toBe('404 ResourceNotFound');
  await tenant.set({ cancelFinal: 'answered' });
  expect((await json<ActionJson>(await cancel(ending.id))).status).toBe('Succeeded');
});
