// The checklist of docs/simulator.md, items 1 to 11: tokens, paths, errors, and starting a session.
import { expect, test } from '@jest/globals';
import { request } from 'undici';
import {
  bearer,
  defender,
  devicesNamed,
  dump,
  getFile,
  hello,
  json,
  minute,
  putFile,
  refusalOf,
  runScript,
  wholeSession,
} from '../defender.ts';
import type { ActionJson, Defender, ErrorJson, ListJson } from '../defender.ts';

const idOf = (tenant: Defender, name = 'hosta.corp.example'): string => tenant.tenant.device(name)?.id ?? '';
const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

test('10.1 a bearer token is required: none or an expired one is 401, another audience 403, a missing role of any endpoint 403', async () => {
  const tenant = await defender();
  expect((await tenant.fetch('/api/machineactions')).status).toBe(200);
  await tenant.set({ auth: 'token' });
  const ask = async (
    path: string,
    claims: object | undefined,
    method = 'GET',
    body = '{}',
  ): Promise<string> => {
    const headers = {
      ...(claims === undefined ? {} : bearer(tenant.now(), claims)),
      ...(method === 'POST' ? { 'content-type': 'application/json' } : {}),
    };
    const response = await tenant.fetch(path, { method, headers, ...(method === 'POST' ? { body } : {}) });
    return response.ok ? String(response.status) : refusalOf(response);
  };
  expect(await ask('/api/machineactions', undefined)).toBe('401 Unauthorized');
  expect(await ask('/api/machineactions', { exp: tenant.now() / 1_000 - 1 })).toBe('401 Unauthorized');
  expect(await ask('/api/machineactions', { aud: 'https://api.security.microsoft.com' })).toBe(
    '403 Forbidden',
  );
  const run = `/api/machines/${idOf(tenant)}/runliveresponse`;
  const calls: readonly (readonly [string, string, string])[] = [
    [run, 'Machine.LiveResponse', 'POST'],
    ['/api/machineactions', 'Machine.ReadWrite.All', 'GET'],
    ['/api/machineactions/none', 'Machine.ReadWrite.All', 'GET'],
    ['/api/machineactions/none/GetLiveResponseResultDownloadLink(index=0)', 'Machine.ReadWrite.All', 'GET'],
    ['/api/machineactions/none/cancel', 'Machine.LiveResponse', 'POST'],
    ['/api/machines', 'Machine.Read.All', 'GET'],
    ['/api/libraryfiles', 'Library.Manage', 'GET'],
  ];
  const all = [...new Set(calls.map(([, role]) => role))];
  for (const [path, role, method] of calls) {
    // Machines may be read with either role, and cancelled with that of any action; the others need exactly
    // theirs.
    const others = all.filter(
      (other) => other !== role && !(path === '/api/machines' && other === 'Machine.ReadWrite.All'),
    );
    expect([path, await ask(path, { roles: others }, method)]).toEqual([path, '403 Forbidden']);
    expect([path, await ask(path, { roles: [role] }, method)]).not.toEqual([path, '403 Forbidden']);
  }
  await tenant.set({
    roles: { list: ['Machine.Read.All'] },
    audience: 'https://api-gov.securitycenter.microsoft.us',
  });
  expect(
    await ask('/api/machineactions', {
      aud: 'https://api-gov.securitycenter.microsoft.us',
      roles: ['Machine.Read.All'],
    }),
  ).toBe('200');
});

test('10.2 paths are case-insensitive with an optional /v1.0, body keys are case-sensitive', async () => {
  const tenant = await defender({ profile: { limits: { run: [] } } });
  for (const path of ['/API/MachineActions', '/api/machineactions', '/Api/V1.0/machineActions/'])
    expect((await tenant.fetch(path)).status).toBe(200);
  const lower = { commands: hello, Comment: 'x' };
  const run = `/api/machines/${idOf(tenant)}/runliveresponse`;
  expect(await refusalOf(await tenant.post(run, lower))).toBe('400 MissingRequiredParameter');
  expect(await refusalOf(await tenant.post(run, { Commands: hello, comment: 'x' }))).toBe(
    '400 MissingRequiredParameter',
  );
  expect(
    await refusalOf(await tenant.post(run, { Commands: [{ Type: 'GetFile', params: [] }], Comment: 'x' })),
  ).toBe('400 InvalidRequestBody');
  await tenant.set({ wrongBodyKey: 'InvalidRequestBody', paths: 'exact' });
  expect(await refusalOf(await tenant.post(run, lower))).toBe('400 InvalidRequestBody');
  expect((await tenant.fetch('/api/MachineActions')).status).toBe(404);
  expect((await tenant.fetch('/api/v1.0/machineactions')).status).toBe(200);
});

test('10.3 every error has code, message and a new target; a mode without body, and a 500 with an empty message', async () => {
  const tenant = await defender();
  const errors = await Promise.all(
    ['/api/machineactions/none', '/api/machines/none', '/api/machineactions?$top=x', '/api/nothing'].map(
      async (path) => ((await (await tenant.fetch(path)).json()) as ErrorJson).error,
    ),
  );
  for (const error of errors)
    expect(error).toEqual({
      code: expect.stringMatching(/^[A-Z]\w+$/),
      message: expect.stringMatching(/./),
      target: expect.stringMatching(guid),
    });
  expect(new Set(errors.map((error) => error.target)).size).toBe(4);
  await tenant.plant({ what: 'status', on: 'list', status: 500 });
  expect((await json<ErrorJson>(await tenant.fetch('/api/machineactions'), 500)).error).toMatchObject({
    code: 'InternalServerError',
    message: '',
  });
  await tenant.set({ errorBody: 'none' });
  const bare = await tenant.fetch('/api/machineactions/none');
  expect([bare.status, await bare.text()]).toEqual([404, '']);
});

test('10.4 a session is answered 201 with the whole entity: Pending, commands Created without times and errors; 200 and the short sample by setting', async () => {
  const tenant = await defender();
  const action = await tenant.start('hosta.corp.example', dump);
  expect(action).toMatchObject({
    type: 'LiveResponse',
    status: 'Pending',
    errorHResult: 0,
    machineId: idOf(tenant),
    title: null,
    scope: null,
    externalId: null,
    cancellationRequestor: null,
  });
  expect(action.id).toMatch(guid);
  expect(action.commands).toEqual(
    dump.map((command, index) => ({
      index,
      startTime: null,
      endTime: null,
      commandStatus: 'Created',
      errors: [],
      command,
    })),
  );
  await tenant.set({ runStatus: 200, runBody: 'sample' });
  const legacy = await json<ActionJson>(await tenant.run('hostb.corp.example', dump), 200);
  expect(Object.keys(legacy)).not.toContain('requestSource');
  expect(legacy.commands).toHaveLength(2);
});

test('10.5 requestor is the application: its id by default, its name by setting; requestSource is PublicApi', async () => {
  const tenant = await defender({ profile: { auth: 'token' } });
  const run = async (name: string): Promise<ActionJson> =>
    json(
      await tenant.fetch(`/api/machines/${idOf(tenant, name)}/runliveresponse`, {
        method: 'POST',
        headers: {
          ...bearer(tenant.now(), {
            appid: '5e0f6f0a-1111-4222-8333-444455556666',
            app_displayname: 'LR bot',
          }),
          'content-type': 'application/json',
        },
        body: JSON.stringify({ Commands: hello, Comment: 'x' }),
      }),
      201,
    );
  expect(await run('hosta.corp.example')).toMatchObject({
    requestor: '5e0f6f0a-1111-4222-8333-444455556666',
    requestSource: 'PublicApi',
  });
  await tenant.set({ requestorIs: 'appName', requestSource: 'Portal' });
  expect(await run('hostb.corp.example')).toMatchObject({ requestor: 'LR bot', requestSource: 'Portal' });
  await tenant.set({ auth: 'none', requestorIs: 'appId', requestor: 'somebody' });
  expect((await tenant.start('web1.corp.example')).requestor).toBe('somebody');
});

test('10.6 more than 10 submissions in 60 seconds are 429 with Retry-After, in both body shapes, counted per application', async () => {
  const tenant = await defender({ extraDevices: 12 });
  const [eleventh = '', ...names] = devicesNamed(11);
  for (const name of names) await tenant.start(name);
  const quota = await tenant.run(eleventh);
  expect(quota.headers.get('retry-after')).toBe('60');
  expect((await json<ErrorJson>(quota, 429)).error).toMatchObject({
    code: '429',
    message: 'API calls quota exceeded! maximum allowed 10 per 00:01:00',
  });
  await tenant.set({ throttleBody: 'code', retryAfter: false });
  const coded = await tenant.run(eleventh);
  expect(coded.headers.get('retry-after')).toBeNull();
  expect(await refusalOf(coded)).toBe('429 TooManyRequests');
  await tenant.set({ auth: 'token' });
  const other = await tenant.fetch(`/api/machines/${idOf(tenant, eleventh)}/runliveresponse`, {
    method: 'POST',
    headers: { ...bearer(tenant.now(), { appid: 'another' }), 'content-type': 'application/json' },
    body: JSON.stringify({ Commands: hello, Comment: 'x' }),
  });
  expect(other.status).toBe(201);
  await tenant.set({ auth: 'none' });
  tenant.pass(minute);
  await tenant.start('load012.corp.example');
});

test.each([
  [25, {}],
  [50, { maxSessions: 50 }],
])('10.7 one session more than %i at once is 429, with and without Retry-After', async (cap, setting) => {
  const tenant = await defender({ extraDevices: cap + 1, profile: { limits: { run: [] } } });
  await tenant.set(setting);
  const names = devicesNamed(cap + 1);
  for (const name of names.slice(0, cap)) await tenant.start(name);
  const refused = await tenant.run(names[cap] ?? '');
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, null]);
  await tenant.set({ sessionCapRetryAfter: true });
  expect((await tenant.run(names[cap] ?? '')).headers.get('retry-after')).toBe('30');
  tenant.pass(wholeSession);
  await tenant.start(names[cap] ?? '');
});

test('10.8 a second session on a device is 400 ActiveRequestAlreadyExists; by setting it is answered with the first one for a while', async () => {
  const tenant = await defender();
  const first = await tenant.start('laptop7.corp.example', hello, 'first');
  expect((await json<ErrorJson>(await tenant.run('laptop7.corp.example'), 400)).error).toMatchObject({
    code: 'ActiveRequestAlreadyExists',
    message: 'Action is already in progress',
  });
  await tenant.set({ secondSession: 'joined', joinWithinMs: 5_000 });
  tenant.pass(4_999);
  expect(await tenant.start('laptop7.corp.example', hello, 'second')).toMatchObject({
    id: first.id,
    requestorComment: 'first',
  });
  tenant.pass(1);
  expect(await refusalOf(await tenant.run('laptop7.corp.example'))).toBe('400 ActiveRequestAlreadyExists');
  expect(tenant.tenant.submissions).toHaveLength(1);
});

test('10.9 an unknown machine is 404; a device may answer each documented refusal, and one whose group has no remediation level is refused', async () => {
  const tenant = await defender({ profile: { limits: { run: [] } } });
  expect((await json<ErrorJson>(await tenant.run('0123456789'), 404)).error).toMatchObject({
    code: 'ResourceNotFound',
    message: 'Machine 0123456789 was not found',
  });
  for (const [refusal, status] of [
    ['OsPlatformNotSupported', 400],
    ['ClientVersionNotSupported', 400],
    ['DisabledFeature', 403],
    ['DisallowedOperation', 403],
  ] as const) {
    await tenant.setDevice('hosta.corp.example', { refusal });
    expect(await refusalOf(await tenant.run('hosta.corp.example'))).toBe(`${status} ${refusal}`);
  }
  await tenant.setDevice('hosta.corp.example', { refusal: null });
  await tenant.setDevice('kiosk.corp.example', { noRemediation: true });
  expect((await json<ErrorJson>(await tenant.run('kiosk.corp.example'), 403)).error).toMatchObject({
    code: 'DisallowedOperation',
    message: expect.stringMatching(/protection level/),
  });
  await tenant.set({ noRemediation: 'BadRequest' });
  expect(await refusalOf(await tenant.run('kiosk.corp.example'))).toBe('400 BadRequest');
  await tenant.set({ liveResponse: 'off' });
  expect(await refusalOf(await tenant.run('hosta.corp.example'))).toBe('403 DisabledFeature');
  await tenant.set({ liveResponse: 'on' });
  await tenant.start('hosta.corp.example');
});

test('10.10 no Comment or no Commands is 400, wrong order is 400, an unknown library file is accepted and its command fails; each by setting', async () => {
  const tenant = await defender({ profile: { limits: { run: [] } } });
  const run = (body: object): Promise<Response> =>
    tenant.post(`/api/machines/${idOf(tenant)}/runliveresponse`, body);
  const wrongOrder = { Commands: [getFile('C:\\Windows\\win.ini'), runScript('collect.ps1')], Comment: 'x' };
  expect(await refusalOf(await run({ Commands: hello }))).toBe('400 MissingRequiredParameter');
  expect(await refusalOf(await run({ Commands: hello, Comment: '' }))).toBe('400 MissingRequiredParameter');
  expect(await refusalOf(await run({ Commands: [], Comment: 'x' }))).toBe('400 MissingRequiredParameter');
  expect(await refusalOf(await run(wrongOrder))).toBe('400 BadRequest');
  const strange = [
    await tenant.start('hosta.corp.example', [runScript('nosuch.ps1')]),
    await tenant.start('hostb.corp.example', [putFile('nosuch.zip')]),
  ];
  tenant.pass(wholeSession);
  for (const { id } of strange)
    expect((await tenant.action(id)).commands[0]).toMatchObject({
      commandStatus: 'Failed',
      errors: [expect.stringMatching(/nosuch\..* was not found in the library/)],
    });
  await tenant.set({ unknownFile: 'refused', comment: 'optional', wrongOrder: 'accepted' });
  expect(await refusalOf(await run({ Commands: [runScript('nosuch.ps1')], Comment: 'x' }))).toBe(
    '400 BadRequest',
  );
  expect((await run({ ...wrongOrder, Comment: undefined })).status).toBe(201);
});

test('10.11 an answer is lost after the action was created, which is found again by its comment', async () => {
  const tenant = await defender();
  await tenant.plant({ what: 'loseAnswer', on: 'run' });
  await expect(
    request(`${tenant.url}/api/machines/${idOf(tenant)}/runliveresponse`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ Commands: hello, Comment: 'lr:7f3k2q:n1 lost' }),
    }),
  ).rejects.toThrow(/socket|reset|ECONNRESET/i);
  const { value } = await tenant.get<ListJson<ActionJson>>(
    `/api/machineactions?$filter=machineId eq '${idOf(tenant)}' and type eq 'LiveResponse'`,
  );
  expect(value).toMatchObject([{ status: 'Pending', requestorComment: 'lr:7f3k2q:n1 lost' }]);
  expect((await tenant.run('hosta.corp.example')).status).toBe(400);
});
