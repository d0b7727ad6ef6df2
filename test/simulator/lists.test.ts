// The two collections, machine actions and machines, with the OData the service understands.
import { describe, expect, test } from '@jest/globals';
import { request } from 'undici';
import { defender, hello, minute, refusalOf, wholeSession } from './defender.ts';
import type { ActionJson, Defender, ListJson, MachineJson } from './defender.ts';

async function withSessions(
  options: Parameters<typeof defender>[0] = {},
): Promise<{ readonly tenant: Defender; readonly ids: readonly string[] }> {
  const tenant = await defender(options);
  const ids: string[] = [];
  for (const name of ['hosta', 'hostb', 'web1']) {
    ids.push((await tenant.start(`${name}.corp.example`, hello)).id);
    tenant.pass(minute);
  }
  return { tenant, ids };
}
const list = (tenant: Defender, query: string): Promise<ListJson<ActionJson>> =>
  tenant.get(`/api/machineactions?${query}`);
const idsOf = async (tenant: Defender, query: string): Promise<readonly string[]> =>
  (await list(tenant, query)).value.map((action) => action.id);
const machines = async (tenant: Defender, query: string): Promise<readonly string[]> =>
  (await tenant.get<ListJson<MachineJson>>(`/api/machines?${query}`)).value.map(
    (machine) => machine.computerDnsName,
  );

describe('the list of machine actions', () => {
  test('is newest first and holds the actions of other tools too', async () => {
    const { tenant, ids } = await withSessions();
    const { value } = await list(tenant, '');
    expect(value.slice(0, 3).map((action) => action.id)).toEqual([...ids].reverse());
    expect(value.slice(3).map((action) => action.type)).toEqual([
      'CollectInvestigationPackage',
      'Isolate',
      'RunAntiVirusScan',
    ]);
    expect(value[0]?.commands).toHaveLength(1);
  });

  test('covers several sessions with one call', async () => {
    const { tenant, ids } = await withSessions();
    tenant.pass(wholeSession);
    const { value } = await list(tenant, `$filter=id in ('${ids[0] ?? ''}', '${ids[2] ?? ''}')&$top=50`);
    expect(value.map((action) => [action.id, action.status])).toEqual([
      [ids[2], 'Succeeded'],
      [ids[0], 'Succeeded'],
    ]);
  });

  test.each([
    ["$filter=type eq 'LiveResponse' and machineId ne 'x'", [2, 1, 0]],
    ["$filter=Type eq 'LiveResponse' and (STATUS eq 'Pending' or status eq 'InProgress')", [2, 1]],
    ["$filter=not (status eq 'Succeeded') and type eq 'LiveResponse'", [2, 1]],
    ['%24filter=type+eq+%27LiveResponse%27&$orderby=creationDateTimeUtc%20asc', [0, 1, 2]],
    ['$filter=CreationDateTimeUtc ge 2026-03-04T10:01:00Z', [2, 1]],
    [
      '$filter=creationDateTimeUtc gt 2026-03-04T10:00:00.999Z and creationDateTimeUtc lt 2026-03-04T10:02:00Z',
      [1],
    ],
    ["$filter=requestor eq '5d3b1f0a-6c2e-4b7a-9f0d-1e2a3b4c5d6e'&$skip=1&$top=1", [1]],
  ])('answers %s', async (query, wanted) => {
    const { tenant, ids } = await withSessions();
    // By now the first session is over, the others are not.
    tenant.tenant.changeDevice('hostb.corp.example', { stuck: true });
    tenant.pass(30_000);
    tenant.tenant.changeDevice('web1.corp.example', { stuck: true });
    tenant.pass(minute);
    expect(await idsOf(tenant, query)).toEqual(wanted.map((index) => ids[index]));
  });

  test('finds an action by the creation time it printed', async () => {
    const { tenant, ids } = await withSessions();
    for (const id of ids) {
      const { creationDateTimeUtc } = await tenant.action(id);
      expect(
        await idsOf(tenant, `$filter=creationDateTimeUtc ge ${creationDateTimeUtc} and id eq '${id}'`),
      ).toEqual([id]);
    }
  });

  test.each([
    "$filter=computerDnsName eq 'hosta'",
    '$filter=status eq Pending',
    "$filter=status eq 'Pending",
    '$filter=status',
    "$filter=(status eq 'Pending'",
    "$filter=creationDateTimeUtc ge '2026-01-01'",
    '$top=10001',
    '$top=-1',
    '$stop=2',
    '$orderby=colour',
    "$filter=status like 'P'",
  ])('refuses %s with ODataError', async (query) => {
    const tenant = await defender();
    expect(await refusalOf(await tenant.fetch(`/api/machineactions?${query}`))).toBe('400 ODataError');
  });

  test('links to the next page on the host that was called, and counts', async () => {
    const { tenant, ids } = await withSessions({ profile: { pageSize: 2 } });
    const first = await list(tenant, "$filter=type eq 'LiveResponse'&$count=true");
    expect([first['@odata.count'], first.value.length]).toEqual([3, 2]);
    expect(first['@odata.context']).toBe(`${tenant.url}/api/$metadata#MachineActions`);
    const next = first['@odata.nextLink'] ?? '';
    expect(next.startsWith(`${tenant.url}/api/machineactions?`)).toBe(true);
    const second = await tenant.get<ListJson<ActionJson>>(next);
    expect(second.value.map((action) => action.id)).toEqual([ids[0]]);
    expect(second['@odata.nextLink']).toBeUndefined();
  });

  test('names the host that was called in context and next page', async () => {
    const { tenant } = await withSessions({ profile: { pageSize: 2 } });
    const { body } = await request(`${tenant.url}/api/v1.0/machineactions`, {
      headers: { host: 'api-eu.securitycenter.microsoft.com' },
    });
    const page = (await body.json()) as ListJson<ActionJson>;
    expect(page['@odata.context']).toBe(
      'http://api-eu.securitycenter.microsoft.com/api/$metadata#MachineActions',
    );
    expect(page['@odata.nextLink']).toBe(
      'http://api-eu.securitycenter.microsoft.com/api/v1.0/machineactions?%24skip=2',
    );
  });

  test('has no next page when $top was all that was asked for', async () => {
    const { tenant } = await withSessions();
    expect((await list(tenant, '$top=2'))['@odata.nextLink']).toBeUndefined();
  });

  test('shows only the selected fields', async () => {
    const { tenant } = await withSessions();
    expect(Object.keys((await list(tenant, '$select=id,status&$top=1')).value[0] ?? {})).toEqual([
      'id',
      'status',
    ]);
  });

  test('answers one unknown action with 404', async () => {
    const tenant = await defender();
    expect(
      await refusalOf(await tenant.fetch('/api/machineactions/00000000-0000-0000-0000-000000000000')),
    ).toBe('404 ResourceNotFound');
  });
});

describe('machines', () => {
  test('are found by id and by name, with the fields a card shows', async () => {
    const tenant = await defender();
    const machine = await tenant.get<MachineJson>('/api/machines/HOSTA.corp.example');
    expect(machine).toMatchObject({
      computerDnsName: 'hosta.corp.example',
      osPlatform: 'Windows11',
      healthStatus: 'Active',
      rbacGroupName: 'Workstations',
      riskScore: null,
      machineTags: ['pilot', 'floor-3'],
    });
    expect(machine.id).toMatch(/^[0-9a-f]{40}$/);
    expect(typeof machine.rbacGroupId).toBe('number');
    expect(tenant.now() - Date.parse(machine.lastSeen)).toBeGreaterThan(23 * 60 * minute);
    expect((await tenant.get<MachineJson>(`/api/machines/${machine.id}`)).computerDnsName).toBe(
      'hosta.corp.example',
    );
    expect(await refusalOf(await tenant.fetch('/api/machines/nosuch'))).toBe('404 ResourceNotFound');
  });

  test('are filtered by name, two of them sharing a short one', async () => {
    const tenant = await defender();
    expect(await machines(tenant, "$filter=computerDnsName eq 'hosta.corp.example'")).toEqual([
      'hosta.corp.example',
    ]);
    expect(await machines(tenant, "$filter=startswith(computerDnsName,'kiosk.')")).toEqual([
      'kiosk.corp.example',
      'kiosk.branch.example',
    ]);
    expect(
      await machines(tenant, "$filter=computerDnsName eq 'kiosk' or startswith(computerDnsName, 'kiosk.b')"),
    ).toEqual(['kiosk.branch.example']);
    expect(await machines(tenant, "$filter=computerDnsName eq 'o''brien'")).toEqual([]);
    expect(await machines(tenant, '$filter=rbacGroupId eq 90')).toEqual(['dc1.corp.example']);
  });

  test('store names in lower case and compare them exactly', async () => {
    const tenant = await defender();
    expect(await machines(tenant, "$filter=computerDnsName eq 'HOSTA.corp.example'")).toEqual([]);
    expect(tenant.tenant.addDevice('NEW.Corp.Example').name).toBe('new.corp.example');
  });

  test('answer 404 for no match when set so', async () => {
    const tenant = await defender({ profile: { noMachineMatch: 'notFound' } });
    expect(await refusalOf(await tenant.fetch("/api/machines?$filter=computerDnsName eq 'nosuch'"))).toBe(
      '404 ResourceNotFound',
    );
  });

  test('are the same in every new tenant, one for each thing met in the field', async () => {
    const tenant = await defender();
    const { value } = await tenant.get<ListJson<MachineJson>>('/api/machines');
    expect(value.map((machine) => machine.computerDnsName)).toEqual([
      'hosta.corp.example',
      'hostb.corp.example',
      'laptop7.corp.example',
      'laptop8.corp.example',
      'web1.corp.example',
      'srv-portal.corp.example',
      'kiosk.corp.example',
      'kiosk.branch.example',
      'broken1.corp.example',
      'dc1.corp.example',
      'slow1.corp.example',
    ]);
    expect(value.find((machine) => machine.computerDnsName.startsWith('dc1'))).toMatchObject({
      rbacGroupName: 'Domain Controllers',
      machineTags: ['no-lr'],
    });
    const other = await defender();
    expect((await other.get<ListJson<MachineJson>>('/api/machines')).value).toEqual(value);
  });

  test('are found by IP within the past 30 days', async () => {
    const tenant = await defender();
    const by = (timestamp: string): Promise<Response> =>
      tenant.fetch(
        `/api/machines/findbyip(ip='${tenant.tenant.device('hosta.corp.example')?.ip ?? ''}',timestamp=${timestamp})`,
      );
    expect(await (await by('2026-03-03T00:00:00Z')).json()).toMatchObject({
      value: [{ computerDnsName: 'hosta.corp.example' }],
    });
    expect(await refusalOf(await by('2026-01-01T00:00:00Z'))).toBe('400 BadRequest');
  });
});
