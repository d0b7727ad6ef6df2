// Starting sessions: what is accepted, what is refused, and the limits on it.
import { describe, expect, test } from '@jest/globals';
import {
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
} from './defender.ts';
import type { ActionJson, ErrorJson } from './defender.ts';

describe('runliveresponse', () => {
  test('answers 201 with a pending action whose commands are all created', async () => {
    const tenant = await defender();
    const action = await tenant.start('hosta.corp.example', dump, 'lr:1:abc first try');
    expect(action).toMatchObject({
      type: 'LiveResponse',
      status: 'Pending',
      requestorComment: 'lr:1:abc first try',
      requestSource: 'PublicApi',
      computerDnsName: 'hosta.corp.example',
      errorHResult: 0,
      requestor: '5d3b1f0a-6c2e-4b7a-9f0d-1e2a3b4c5d6e',
      cancellationComment: null,
      commands: [
        { index: 0, startTime: null, endTime: null, commandStatus: 'Created', errors: [], command: dump[0] },
        { index: 1, startTime: null, endTime: null, commandStatus: 'Created', errors: [], command: dump[1] },
      ],
    });
    expect(action.id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(action.creationDateTimeUtc).toMatch(/^2026-03-04T10:00:00\.12\d{0,5}Z$/);
    expect(action.lastUpdateDateTimeUtc).toBe(action.creationDateTimeUtc);
  });

  test('answers 200 in the legacy mode', async () => {
    const tenant = await defender({ profile: { runStatus: 200 } });
    expect((await tenant.run('hosta.corp.example')).status).toBe(200);
  });

  test('is found under any case of the path, with and without the version', async () => {
    const tenant = await defender();
    const id = tenant.tenant.device('hosta.corp.example')?.id ?? '';
    expect(
      (
        await tenant.post(`/API/Machines/${id.toUpperCase()}/RunLiveResponse`, {
          Commands: hello,
          Comment: 'x',
        })
      ).status,
    ).toBe(201);
    expect((await tenant.fetch('/api/v1.0/machineactions')).status).toBe(200);
    expect(await refusalOf(await tenant.fetch('/api/nothing'))).toBe('404 NotFound');
  });

  test.each([
    ['wrong case of Commands', { commands: hello, Comment: 'x' }, 'MissingRequiredParameter'],
    ['no Comment', { Commands: hello }, 'MissingRequiredParameter'],
    ['an empty Comment', { Commands: hello, Comment: '' }, 'MissingRequiredParameter'],
    ['no command', { Commands: [], Comment: 'x' }, 'MissingRequiredParameter'],
    [
      'an unknown command type',
      { Commands: [{ type: 'Reboot', params: [] }], Comment: 'x' },
      'InvalidRequestBody',
    ],
    [
      'an unknown key',
      { Commands: [{ type: 'GetFile', params: [{ key: 'path', value: 'x' }] }], Comment: 'x' },
      'InvalidRequestBody',
    ],
    [
      'a missing key',
      { Commands: [{ type: 'GetFile', params: [] }], Comment: 'x' },
      'MissingRequiredParameter',
    ],
    [
      'commands out of order',
      { Commands: [getFile('C:\\Windows\\a'), runScript('collect.ps1')], Comment: 'x' },
      'BadRequest',
    ],
  ])('refuses %s', async (_, body, code) => {
    const tenant = await defender();
    const id = tenant.tenant.device('hosta.corp.example')?.id ?? '';
    expect(await refusalOf(await tenant.post(`/api/machines/${id}/runliveresponse`, body))).toBe(
      `400 ${code}`,
    );
    expect(tenant.tenant.submissions).toEqual([]);
  });

  test('refuses a body that is no JSON', async () => {
    const tenant = await defender();
    const response = await tenant.fetch('/api/machines/x/runliveresponse', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"Commands"',
    });
    expect(await refusalOf(response)).toBe('400 InvalidRequestBody');
  });

  test('answers an unknown machine with 404 and the full error body', async () => {
    const tenant = await defender();
    const response = await tenant.run('123123123');
    const { error } = await json<ErrorJson>(response, 404);
    expect(error).toMatchObject({ code: 'ResourceNotFound', message: 'Machine 123123123 was not found' });
    expect(error.target).toMatch(/^[0-9a-f-]{36}$/);
  });

  test.each([
    ['OsPlatformNotSupported', 400],
    ['ClientVersionNotSupported', 400],
    ['DisabledFeature', 403],
    ['DisallowedOperation', 403],
  ] as const)('answers %s for a device that is set so', async (refusal, status) => {
    const tenant = await defender();
    tenant.tenant.changeDevice('hosta.corp.example', { refusal });
    expect(await refusalOf(await tenant.run('hosta.corp.example'))).toBe(`${status} ${refusal}`);
  });

  test('refuses a second session on a device until the first one is over', async () => {
    const tenant = await defender();
    await tenant.start('hosta.corp.example');
    const { error } = await json<ErrorJson>(await tenant.run('hosta.corp.example'), 400);
    expect(error).toMatchObject({
      code: 'ActiveRequestAlreadyExists',
      message: 'Action is already in progress',
    });
    tenant.pass(wholeSession);
    await tenant.start('hosta.corp.example');
  });

  test('joins a second session to the first one when it is set so, and counts it as no submission', async () => {
    const tenant = await defender({ profile: { secondSession: 'joined' } });
    const first = await tenant.start('hosta.corp.example', hello, 'mine');
    const second = await tenant.start('hosta.corp.example', hello, 'theirs');
    expect([second.id, second.requestorComment]).toEqual([first.id, 'mine']);
    expect(tenant.tenant.submissions).toHaveLength(1);
  });

  test('refuses a device that is busy with a portal session, which the list does not show', async () => {
    const tenant = await defender();
    expect(await refusalOf(await tenant.run('srv-portal.corp.example'))).toBe(
      '400 ActiveRequestAlreadyExists',
    );
    const { value } = await tenant.get<{ readonly value: readonly ActionJson[] }>(
      "/api/machineactions?$filter=type eq 'LiveResponse'",
    );
    expect(value).toEqual([]);
  });

  test('notes every accepted POST with machine, commands, comment, id and time', async () => {
    const tenant = await defender();
    const action = await tenant.start('hosta.corp.example', dump, 'tag');
    await tenant.run('hosta.corp.example', dump, 'refused');
    expect(tenant.tenant.submissions).toEqual([
      {
        at: tenant.now(),
        actionId: action.id,
        machineId: action.machineId,
        computerDnsName: 'hosta.corp.example',
        commands: dump,
        comment: 'tag',
      },
    ]);
  });
});

describe('the limits on sessions', () => {
  test('refuse the eleventh POST within any 60 seconds', async () => {
    const tenant = await defender({ extraDevices: 12 });
    const names = devicesNamed(12);
    for (const name of names.slice(0, 5)) await tenant.start(name);
    tenant.pass(59_000);
    for (const name of names.slice(5, 10)) await tenant.start(name);
    const refused = await tenant.run(names[10] ?? '');
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(await json<ErrorJson>(refused, 429)).toMatchObject({
      error: { code: '429', message: 'API calls quota exceeded! maximum allowed 10 per 00:01:00' },
    });
    tenant.pass(999);
    expect((await tenant.run(names[10] ?? '')).status).toBe(429);
    tenant.pass(1);
    await tenant.start(names[10] ?? '');
  });

  test('say TooManyRequests in the documented shape', async () => {
    const tenant = await defender({
      profile: { throttleBody: 'code', limits: { run: [{ max: 0, perMs: minute }] } },
    });
    expect(await refusalOf(await tenant.run('hosta.corp.example'))).toBe('429 TooManyRequests');
  });

  test('keep a client throttled that goes on asking, when refused calls count', async () => {
    const tenant = await defender({
      profile: { refusedCallsCount: true, limits: { run: [{ max: 1, perMs: minute }] } },
    });
    await tenant.start('hosta.corp.example');
    for (let times = 0; times < 3; times += 1) {
      tenant.pass(45_000);
      expect((await tenant.run('hostb.corp.example')).status).toBe(429);
    }
    tenant.pass(minute);
    await tenant.start('hostb.corp.example');
  });

  test('allow 25 running sessions and refuse the next with 429', async () => {
    const tenant = await defender({ extraDevices: 26, profile: { limits: { run: [] } } });
    const names = devicesNamed(26);
    for (const name of names.slice(0, 25)) await tenant.start(name);
    const refused = await tenant.run(names[25] ?? '');
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, null]);
    tenant.tenant.change({ sessionCapRetryAfter: true });
    expect((await tenant.run(names[25] ?? '')).headers.get('retry-after')).toBe('30');
    tenant.pass(wholeSession);
    await tenant.start(names[25] ?? '');
  });

  test('count sessions that wait for an offline device only when set so', async () => {
    const tenant = await defender({ profile: { maxSessions: 1 } });
    await tenant.start('laptop7.corp.example');
    await tenant.start('hosta.corp.example');
    const strict = await defender({ profile: { maxSessions: 1, parkedCount: true } });
    await strict.start('laptop7.corp.example');
    expect((await strict.run('hosta.corp.example')).status).toBe(429);
  });

  test.each([
    ['list', '/api/machineactions?$top=1', 200],
    ['get', '/api/machineactions/none', 404],
    ['machines', '/api/machines/hosta.corp.example', 200],
    ['link', '/api/machineactions/none/GetLiveResponseResultDownloadLink(index=0)', 404],
  ])('allow 100 %s calls a minute', async (_, path, status) => {
    const tenant = await defender();
    for (let call = 0; call < 100; call += 1) expect((await tenant.fetch(path)).status).toBe(status);
    expect((await tenant.fetch(path)).status).toBe(429);
    tenant.pass(minute);
    expect((await tenant.fetch(path)).status).toBe(status);
  });

  test('allow 1,500 list calls an hour', async () => {
    const tenant = await defender();
    for (let call = 0; call < 1_500; call += 1) {
      if (call % 100 === 0) tenant.pass(minute);
      tenant.tenant.throttle('list', tenant.tenant.profile.requestor);
    }
    tenant.pass(minute);
    const refused = await tenant.fetch('/api/machineactions?$top=1');
    expect(await refused.json()).toMatchObject({
      error: { message: 'API calls quota exceeded! maximum allowed 1500 per 01:00:00' },
    });
    expect(Number(refused.headers.get('retry-after'))).toBe(45 * 60);
  });
});

test('PutFile leaves the file on the device', async () => {
  const tenant = await defender();
  await tenant.start('hosta.corp.example', [putFile('triage.zip')]);
  tenant.pass(wholeSession);
  expect(tenant.tenant.device('hosta.corp.example')?.files).toEqual([expect.stringMatching(/triage\.zip$/)]);
});
