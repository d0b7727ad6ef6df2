// The checklist of docs/simulator.md, items 30 to 34: the library, machines, host names and pages.
import { createHash } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { request } from 'undici';
import { defender, hello, json, minute, refusalOf } from '../defender.ts';
import type { ActionJson, Defender, ErrorJson, ListJson, MachineJson } from '../defender.ts';

const names = async (tenant: Defender, query: string): Promise<readonly string[]> =>
  (await tenant.get<ListJson<MachineJson>>(`/api/machines?${query}`)).value.map(
    (machine) => machine.computerDnsName,
  );

test('10.30 library files are listed, uploaded up to 20 MB, replaced only with OverrideIfExists, and deleted once', async () => {
  const tenant = await defender();
  const upload = (
    name: string,
    content: string | Uint8Array<ArrayBuffer>,
    parts: Readonly<Record<string, string>> = {},
  ): Promise<Response> => {
    const form = new FormData();
    form.set('file', new Blob([content]), name);
    for (const [key, value] of Object.entries(parts)) form.set(key, value);
    return tenant.fetch('/api/libraryfiles', { method: 'POST', body: form });
  };
  const uploaded = await json<object>(
    await upload('new.ps1', 'echo 1', { Description: 'New', ParametersDescription: '<x>' }),
  );
  expect(uploaded).toEqual({
    fileName: 'new.ps1',
    sha256: createHash('sha256').update('echo 1').digest('hex'),
    description: 'New',
    creationTime: expect.stringMatching(/Z$/),
    lastUpdatedTime: expect.stringMatching(/Z$/),
    createdBy: tenant.tenant.profile.requestor,
    hasParameters: true,
    parametersDescription: '<x>',
  });
  expect((await tenant.get<ListJson<object>>('/api/libraryfiles')).value).toContainEqual(uploaded);
  expect((await json<ErrorJson>(await upload('new.ps1', 'echo 2'), 400)).error.message).toMatch(
    /already exists/,
  );
  const replaced = await json<{ readonly sha256: string; readonly parametersDescription?: string }>(
    await upload('new.ps1', 'echo 2', { OverrideIfExists: 'true' }),
  );
  expect(replaced.sha256).toBe(createHash('sha256').update('echo 2').digest('hex'));
  expect(Object.keys(replaced)).not.toContain('parametersDescription');
  expect((await upload('big.zip', new Uint8Array(20 * 1024 ** 2))).status).toBe(200);
  expect((await upload('bigger.zip', new Uint8Array(20 * 1024 ** 2 + 1))).status).toBe(400);
  await tenant.set({ uploadMaxBytes: 3 });
  expect((await upload('small.ps1', 'four')).status).toBe(400);
  const remove = async (): Promise<number> =>
    (await tenant.fetch('/api/libraryfiles/new.ps1', { method: 'DELETE' })).status;
  expect([await remove(), await remove()]).toEqual([204, 404]);
});

test('10.31 machines by id, by name and by filter, tags included; no match is 200 or 404; names in lower case, two devices of one short name, a group number, no risk score, a report a day old', async () => {
  const tenant = await defender();
  const machine = await tenant.get<MachineJson>('/api/machines/hosta.corp.example');
  expect(machine).toMatchObject({
    computerDnsName: 'hosta.corp.example',
    rbacGroupId: 75,
    riskScore: null,
    healthStatus: 'Active',
  });
  expect(tenant.now() - Date.parse(machine.lastSeen)).toBeGreaterThan(20 * 60 * minute);
  expect((await tenant.get<MachineJson>(`/api/machines/${machine.id}`)).id).toBe(machine.id);
  expect(await refusalOf(await tenant.fetch('/api/machines/nosuch'))).toBe('404 ResourceNotFound');
  await json(
    await tenant.post('/simulator/devices/NEW1.Corp.Example', {
      add: true,
      tags: ["o'brien", 'pilot'],
      riskScore: 'High',
      exposureLevel: 'Medium',
    }),
  );
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ["computerDnsName eq 'hosta.corp.example'", ['hosta.corp.example']],
    ["computerDnsName eq 'HOSTA.corp.example'", []],
    ["startswith(computerDnsName,'kiosk.')", ['kiosk.corp.example', 'kiosk.branch.example']],
    [
      "computerDnsName eq 'new1.corp.example' or rbacGroupId eq 90",
      ['dc1.corp.example', 'new1.corp.example'],
    ],
    ["machineTags/any(tag: tag eq 'pilot')", ['hosta.corp.example', 'new1.corp.example']],
    ["machineTags/any(tag:tag eq 'o''brien')", ['new1.corp.example']],
    ["MachineTags/any(t : startswith(t,'no-')) and osPlatform eq 'WindowsServer2022'", ['dc1.corp.example']],
    ["machineTags/any(tag: tag eq 'pilot') and not (riskScore eq 'High')", ['hosta.corp.example']],
    ["riskScore eq 'High' and exposureLevel eq 'Medium' and version eq '23H2'", ['new1.corp.example']],
    ["aadDeviceId eq null and onboardingStatus eq 'Onboarded'", ['web1.corp.example']],
    [`lastIpAddress eq '${tenant.tenant.device('hostb.corp.example')?.ip ?? ''}'`, ['hostb.corp.example']],
  ];
  for (const [filter, wanted] of cases)
    expect([filter, await names(tenant, `$filter=${encodeURIComponent(filter)}`)]).toEqual([filter, wanted]);
  for (const filter of [
    "machineTags eq 'pilot'",
    "osBuild eq '1'",
    "machineTags/any(tag: computerDnsName eq 'x')",
    "machineTags/any(tag tag eq 'x')",
    "ipAddresses/any(ip: ip eq 'x')",
  ]) {
    expect([
      filter,
      await refusalOf(await tenant.fetch(`/api/machines?$filter=${encodeURIComponent(filter)}`)),
    ]).toEqual([filter, '400 ODataError']);
  }
  await tenant.set({ noMachineMatch: 'notFound', machineNames: 'anyCase', rbacGroupId: 'text' });
  expect(await refusalOf(await tenant.fetch("/api/machines?$filter=computerDnsName eq 'nosuch'"))).toBe(
    '404 ResourceNotFound',
  );
  expect(await names(tenant, "$filter=computerDnsName eq 'HOSTA.corp.example'")).toEqual([
    'hosta.corp.example',
  ]);
  expect((await tenant.get<MachineJson>('/api/machines/hosta.corp.example')).rbacGroupId).toBe('75');
});

test('10.32 findbyip answers devices that reported the address within 15 minutes of a time in the past 30 days, else 400', async () => {
  const tenant = await defender();
  const day = 24 * 60 * minute;
  const lastSeenAt = tenant.now() - 10 * day;
  await tenant.setDevice('laptop7.corp.example', { ip: '10.9.8.7', lastSeenAt });
  const by = async (at: number): Promise<string> => {
    const response = await tenant.fetch(
      `/api/machines/findbyip(ip='10.9.8.7',timestamp=${new Date(at).toISOString()})`,
    );
    return response.ok
      ? (await json<ListJson<MachineJson>>(response)).value.map((machine) => machine.computerDnsName).join()
      : refusalOf(response);
  };
  for (const offset of [-15 * minute, 0, 15 * minute])
    expect([offset, await by(lastSeenAt + offset)]).toEqual([offset, 'laptop7.corp.example']);
  for (const offset of [-15 * minute - 1, 15 * minute + 1])
    expect([offset, await by(lastSeenAt + offset)]).toEqual([offset, '']);
  expect(await by(tenant.now() - 30 * day)).toBe('');
  for (const at of [tenant.now() - 30 * day - 1_000, tenant.now() + 1_000])
    expect(await by(at)).toBe('400 BadRequest');
  expect(
    await refusalOf(await tenant.fetch("/api/machines/findbyip(ip='10.9.8.7',timestamp=yesterday)")),
  ).toBe('400 BadRequest');
  await tenant.set({ ipWindowMs: 60 * minute, ipDays: 5, noMachineMatch: 'notFound' });
  expect(await by(tenant.now())).toBe('404 ResourceNotFound');
  expect(await by(lastSeenAt)).toBe('400 BadRequest');
  await tenant.setDevice('laptop7.corp.example', { online: true });
  expect(await by(tenant.now() - 59 * minute)).toBe('laptop7.corp.example');
});

test('10.33 the same data is served under every host name, and @odata.context follows the host that was called', async () => {
  const tenant = await defender();
  await tenant.start('hosta.corp.example', hello);
  const hosts = [
    'api.security.microsoft.com',
    'eu.api.security.microsoft.com',
    'api.securitycenter.microsoft.com',
    'api-us.securitycenter.microsoft.com',
    'api-gcc.securitycenter.microsoft.us',
    'api-gov.securitycenter.microsoft.us',
  ];
  const page = async (host: string): Promise<ListJson<ActionJson>> => {
    const { body } = await request(`${tenant.url}/api/machineactions`, { headers: { host } });
    return (await body.json()) as ListJson<ActionJson>;
  };
  const [first] = await Promise.all(hosts.map(page));
  for (const host of hosts) {
    const answer = await page(host);
    expect(answer['@odata.context']).toBe(`http://${host}/api/$metadata#MachineActions`);
    expect(answer.value).toEqual(first?.value);
  }
  await tenant.set({ contextOrigin: 'https://api.securitycenter.windows.com' });
  expect((await page('api.security.microsoft.com'))['@odata.context']).toBe(
    'https://api.securitycenter.windows.com/api/$metadata#MachineActions',
  );
});

test('10.34 a collection larger than a page goes on at an absolute nextLink on the host that was called, relative by setting', async () => {
  const tenant = await defender({ extraDevices: 4 });
  const all = await names(tenant, '');
  await tenant.set({ pageSize: 4 });
  const found: string[] = [];
  const links: string[] = [];
  for (let next: string | undefined = `${tenant.url}/api/machines`; next !== undefined;) {
    const page: ListJson<MachineJson> = await tenant.get(next);
    expect(page.value.length).toBeLessThanOrEqual(4);
    found.push(...page.value.map((machine) => machine.computerDnsName));
    next = page['@odata.nextLink'];
    if (next !== undefined) links.push(next);
  }
  expect(found).toEqual(all);
  expect(links.map((link) => link.startsWith(`${tenant.url}/api/machines?`))).toEqual([true, true, true]);
  await tenant.set({ nextLink: 'relative' });
  expect((await tenant.get<ListJson<MachineJson>>('/api/machines'))['@odata.nextLink']).toMatch(
    /^\/api\/machines\?/,
  );
});
