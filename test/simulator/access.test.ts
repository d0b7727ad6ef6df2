// Tokens, the library, and the simulator's own endpoints.
import { describe, expect, test } from '@jest/globals';
import { defender, hello, json, minute, refusalOf, wholeSession } from './defender.ts';
import type { Defender, ListJson } from './defender.ts';

describe('with tokens', () => {
  const token = (tenant: Defender, claims: object = {}): string => {
    const payload = {
      aud: 'https://api.securitycenter.microsoft.com',
      exp: tenant.now() / 1_000 + 3_599,
      appid: 'app-1',
      roles: ['Machine.LiveResponse', 'Machine.ReadWrite.All'],
      ...claims,
    };
    return `Bearer e30.${Buffer.from(JSON.stringify(payload)).toString('base64url')}.x`;
  };
  const answer = async (claims: object | undefined, path = '/api/machineactions'): Promise<string> => {
    const tenant = await defender({ profile: { auth: 'token' } });
    const response = await tenant.fetch(
      path,
      claims === undefined ? {} : { headers: { authorization: token(tenant, claims) } },
    );
    return response.ok ? String(response.status) : refusalOf(response);
  };

  test('a call needs one that is not expired', async () => {
    expect(await answer(undefined)).toBe('401 Unauthorized');
    expect(await answer({ exp: Date.parse('2026-03-04T10:00:00Z') / 1_000 })).toBe('401 Unauthorized');
    expect(await answer({})).toBe('200');
  });

  test('another audience is forbidden', async () => {
    expect(await answer({ aud: 'https://api.security.microsoft.com' })).toBe('403 Forbidden');
  });

  test.each([
    ['/api/machineactions', ['Machine.LiveResponse'], '403 Forbidden'],
    [
      '/api/machineactions/x/getliveresponseresultdownloadlink(index=0)',
      ['Machine.LiveResponse'],
      '403 Forbidden',
    ],
    ['/api/machines', ['Machine.Read.All'], '200'],
    ['/api/libraryfiles', ['Machine.ReadWrite.All'], '403 Forbidden'],
    ['/api/libraryfiles', ['Library.Manage'], '200'],
  ])('%s with the roles %j is answered %s', async (path, roles, wanted) => {
    expect(await answer({ roles }, path)).toBe(wanted);
  });

  test('the calling app is the requestor, and has its own rate windows', async () => {
    const tenant = await defender({
      profile: { auth: 'token', limits: { list: [{ max: 1, perMs: minute }] } },
    });
    const list = (app: string): Promise<Response> =>
      tenant.fetch('/api/machineactions', { headers: { authorization: token(tenant, { appid: app }) } });
    expect([
      (await list('app-1')).status,
      (await list('app-1')).status,
      (await list('app-2')).status,
    ]).toEqual([200, 429, 200]);
    const id = tenant.tenant.device('hosta.corp.example')?.id ?? '';
    await tenant.fetch(`/api/machines/${id}/runliveresponse`, {
      method: 'POST',
      headers: { authorization: token(tenant), 'content-type': 'application/json' },
      body: JSON.stringify({ Commands: hello, Comment: 'x' }),
    });
    expect(tenant.tenant.actions()[0]?.requestor).toBe('app-1');
  });
});

describe('the library', () => {
  interface FileJson {
    readonly fileName: string;
    readonly sha256: string;
    readonly description: string | null;
    readonly hasParameters: boolean;
    readonly parametersDescription?: string;
  }
  const files = async (tenant: Defender): Promise<readonly FileJson[]> =>
    (await tenant.get<ListJson<FileJson>>('/api/libraryfiles')).value;
  const upload = (
    tenant: Defender,
    name: string,
    parts: Readonly<Record<string, string>> = {},
  ): Promise<Response> => {
    const form = new FormData();
    form.set('file', new Blob(['Write-Output "new"']), name);
    for (const [key, value] of Object.entries(parts)) form.set(key, value);
    return tenant.fetch('/api/libraryfiles', { method: 'POST', body: form });
  };

  test('lists its files with hashes', async () => {
    const tenant = await defender();
    const all = await files(tenant);
    expect(all.map((file) => file.fileName)).toEqual([
      'minidump.ps1',
      'collect.ps1',
      'collect.sh',
      'exit3.ps1',
      'hello.sh',
      'triage.zip',
    ]);
    expect(all.every((file) => /^[0-9a-f]{64}$/.test(file.sha256))).toBe(true);
    expect(all[0]).toMatchObject({ hasParameters: true, parametersDescription: '<process>' });
    expect(Object.keys(all[1] ?? {})).not.toContain('parametersDescription');
  });

  test('takes an upload, after which the script runs', async () => {
    const tenant = await defender();
    const file = await json<FileJson>(
      await upload(tenant, 'new.ps1', { Description: 'New', ParametersDescription: '<x>' }),
    );
    expect(file).toMatchObject({ fileName: 'new.ps1', description: 'New', hasParameters: true });
    const { id } = await tenant.start('hosta.corp.example', [
      { type: 'RunScript', params: [{ key: 'ScriptName', value: 'new.ps1' }] },
    ]);
    tenant.pass(wholeSession);
    expect((await tenant.action(id)).status).toBe('Succeeded');
  });

  test('replaces a file only when told to, which changes its hash', async () => {
    const tenant = await defender();
    const before = (await files(tenant))[0]?.sha256;
    expect(await (await upload(tenant, 'minidump.ps1')).text()).toContain('already exists');
    await json(await upload(tenant, 'minidump.ps1', { OverrideIfExists: 'true' }));
    expect((await files(tenant))[0]?.sha256).not.toBe(before);
  });

  test('refuses names with spaces, files over 20 MB and bodies that are no form', async () => {
    const tenant = await defender();
    expect(await refusalOf(await upload(tenant, 'hello copy.sh'))).toBe('400 BadRequest');
    const form = new FormData();
    form.set('file', new Blob([new Uint8Array(20 * 1024 * 1024 + 1)]), 'big.zip');
    expect(await refusalOf(await tenant.fetch('/api/libraryfiles', { method: 'POST', body: form }))).toBe(
      '400 BadRequest',
    );
    expect(await refusalOf(await tenant.post('/api/libraryfiles', {}))).toBe('400 BadRequest');
  });

  test('deletes a file once', async () => {
    const tenant = await defender();
    const remove = (): Promise<Response> => tenant.fetch('/api/libraryfiles/hello.sh', { method: 'DELETE' });
    expect([(await remove()).status, (await remove()).status]).toEqual([204, 404]);
  });
});

describe('the endpoints of the simulator', () => {
  test('show what really ran', async () => {
    const tenant = await defender();
    const { id } = await tenant.start('hosta.corp.example', hello, 'lr:7');
    tenant.pass(wholeSession);
    const { value } = await tenant.get<{ readonly value: readonly object[] }>('/simulator/submissions');
    expect(value).toMatchObject([
      {
        actionId: id,
        comment: 'lr:7',
        commands: hello,
        computerDnsName: 'hosta.corp.example',
        status: 'Succeeded',
      },
    ]);
  });

  test('show, change and add devices', async () => {
    const tenant = await defender();
    await json(
      await tenant.post('/simulator/devices/laptop7.corp.example', { online: true, tags: ['awake'] }),
    );
    await json(await tenant.post('/simulator/devices/new1.corp.example', { add: true, group: 'Lab' }));
    const { value } = await tenant.get<{ readonly value: readonly { readonly name: string }[] }>(
      '/simulator/devices',
    );
    expect(value.find((device) => device.name === 'laptop7.corp.example')).toMatchObject({
      online: true,
      tags: ['awake'],
    });
    expect(value.find((device) => device.name === 'new1.corp.example')).toMatchObject({
      online: true,
      group: 'Lab',
    });
    expect(await refusalOf(await tenant.post('/simulator/devices/nosuch', { online: true }))).toBe(
      '404 ResourceNotFound',
    );
    expect(
      await refusalOf(await tenant.post('/simulator/devices/laptop7.corp.example', { online: 'yes' })),
    ).toBe('400 BadRequest');
    expect(await refusalOf(await tenant.post('/simulator/devices/laptop7.corp.example', { id: 'x' }))).toBe(
      '400 BadRequest',
    );
  });

  test('change the settings', async () => {
    const tenant = await defender();
    await json(
      await tenant.post('/simulator/profile', {
        secondSession: 'joined',
        limits: { run: [{ max: 1, perMs: minute }] },
      }),
    );
    expect(tenant.tenant.profile).toMatchObject({
      secondSession: 'joined',
      limits: { run: [{ max: 1, perMs: minute }] },
    });
    expect(tenant.tenant.profile.limits.list).toHaveLength(2);
    expect(await refusalOf(await tenant.post('/simulator/profile', { pendingMs: 5 }))).toBe('400 BadRequest');
    expect(await refusalOf(await tenant.post('/simulator/profile', { limits: { moon: [] } }))).toBe(
      '400 BadRequest',
    );
    expect(await refusalOf(await tenant.fetch('/simulator/nothing'))).toBe('404 NotFound');
  });

  test('count against no limit', async () => {
    const tenant = await defender({ profile: { limits: { list: [{ max: 0, perMs: minute }] } } });
    expect((await tenant.fetch('/simulator/devices')).status).toBe(200);
  });
});
