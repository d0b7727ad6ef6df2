// Every answer of the simulator against the published description of the service, over whole stories.
import { describe, expect, test } from '@jest/globals';
import { bearer, defender, dump, getFile, hello, json, putFile, runScript } from '../defender.ts';
import type { ActionJson, Defender, ListJson, MachineJson } from '../defender.ts';
import { faultsOf, schemaFor, schemaNames } from './schemas.ts';
import type { SchemaName } from './schemas.ts';

interface Watched {
  readonly tenant: Defender;
  readonly seen: Map<SchemaName, unknown[]>;
  readonly call: (
    method: string,
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ) => Promise<unknown>;
}

/** Calls whose answers are all validated. */
async function watched(options: Parameters<typeof defender>[0] = {}): Promise<Watched> {
  const tenant = await defender({ ...options, profile: { limits: { run: [] }, ...options.profile } });
  const seen = new Map<SchemaName, unknown[]>();
  return {
    tenant,
    seen,
    call: async (method, path, body, headers = {}) => {
      const isForm = body instanceof FormData;
      const init = body === undefined ? {} : { body: isForm ? body : JSON.stringify(body) };
      const response = await tenant.fetch(path, {
        method,
        ...init,
        headers: {
          ...(body === undefined || isForm ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
      });
      const schema = schemaFor(method, new URL(response.url).pathname, response.status);
      const text = await response.text();
      if (schema === undefined) return undefined;
      expect(response.headers.get('content-type')).toMatch(/^application\/json/);
      const answer: unknown = JSON.parse(text);
      expect([method, path, response.status, faultsOf(schema, answer)]).toEqual([
        method,
        path,
        response.status,
        [],
      ]);
      seen.set(schema, [...(seen.get(schema) ?? []), answer]);
      return answer;
    },
  };
}

async function story({ tenant, call }: Watched): Promise<void> {
  const find = async (name: string): Promise<string> => {
    const page = (await call(
      'GET',
      `/api/machines?$filter=computerDnsName eq '${name}'&$count=true`,
    )) as ListJson<MachineJson>;
    return page.value[0]?.id ?? '';
  };
  const [hosta, laptop, web] = [
    await find('hosta.corp.example'),
    await find('laptop7.corp.example'),
    await find('web1.corp.example'),
  ];
  await call('GET', '/api/machines');
  await call('GET', '/api/machines/dc1.corp.example');
  await call(
    'GET',
    `/api/machines/findbyip(ip='10.1.0.11',timestamp=${new Date(tenant.now()).toISOString()})`,
  );
  const run = async (machine: string, commands: readonly object[]): Promise<string> =>
    (
      (await call('POST', `/api/machines/${machine}/runliveresponse`, {
        Commands: commands,
        Comment: 'lr:1',
      })) as ActionJson
    ).id;
  const working = await run(hosta, [putFile('triage.zip'), ...dump]);
  const parked = await run(laptop, hello);
  const failing = await run(web, [runScript('nosuch.sh'), getFile('/var/log/syslog')]);
  for (let seconds = 0; seconds < 240; seconds += 10) {
    await call('GET', `/api/machineactions/${working}`);
    await call('GET', `/api/machineactions?$filter=id in ('${working}','${parked}','${failing}')`);
    tenant.pass(10_000);
  }
  await call('GET', `/api/machineactions/${failing}`);
  await call('POST', `/api/machineactions/${parked}/cancel`, { Comment: 'no longer needed' });
  for (const index of [1, 2])
    await call('GET', `/api/machineactions/${working}/GetLiveResponseResultDownloadLink(index=${index})`);
  await call('GET', '/api/machineactions?$top=2&$count=true');
  for (const [path, body] of [
    ['isolate', { Comment: 'x', IsolationType: 'Full' }],
    ['runAntiVirusScan', { Comment: 'x', ScanType: 'Full' }],
  ] as const)
    await call('POST', `/api/machines/${web}/${path}`, body);
  const { id: collecting } = (await call('POST', `/api/machines/${web}/collectInvestigationPackage`, {
    Comment: 'x',
  })) as ActionJson;
  await call('GET', `/api/machineactions/${collecting}/getPackageUri`);
  tenant.pass(240_000);
  await call('GET', `/api/machineactions/${collecting}/getPackageUri`);
  await call('GET', '/api/alerts?$top=1&$expand=evidence');
  await call('GET', '/api/libraryfiles');
  const form = new FormData();
  form.set('file', new Blob(['echo 1']), 'new.ps1');
  await call('POST', '/api/libraryfiles', form);
  await call('DELETE', '/api/libraryfiles/new.ps1');
  await errors({ tenant, call }, working, hosta);
}

/** One refusal of each kind. */
async function errors(
  { tenant, call }: Pick<Watched, 'tenant' | 'call'>,
  over: string,
  hosta: string,
): Promise<void> {
  await call('POST', `/api/machines/${hosta}/runliveresponse`, { commands: [] });
  await call('POST', '/api/machines/none/runliveresponse', { Commands: hello, Comment: 'x' });
  await call('POST', `/api/machines/${hosta}/runliveresponse`, {
    Commands: [getFile('x'), putFile('y')],
    Comment: 'x',
  });
  await tenant.setDevice('hosta.corp.example', { portalSession: true });
  await call('POST', `/api/machines/${hosta}/runliveresponse`, { Commands: hello, Comment: 'x' });
  await call('POST', `/api/machineactions/${over}/cancel`, { Comment: 'too late' });
  await call('GET', `/api/machineactions/${over}/GetLiveResponseResultDownloadLink(index=9)`);
  for (const path of [
    '/api/machineactions/none',
    '/api/machines/none',
    '/api/machineactions?$filter=x',
    '/api/nothing',
    '/api/libraryfiles/none',
  ])
    await call('GET', path);
  await call('POST', '/api/libraryfiles', new FormData());
  await tenant.plant(
    { what: 'status', status: 500 },
    { what: 'unauthorized', on: 'get' },
    { what: 'throttle', on: 'link' },
  );
  await call('GET', '/api/machines');
  await call('GET', `/api/machineactions/${over}`);
  await call('GET', `/api/machineactions/${over}/GetLiveResponseResultDownloadLink(index=0)`);
  await tenant.set({ auth: 'token' });
  await call('GET', '/api/machines', undefined, bearer(tenant.now(), { roles: [] }));
  await tenant.set({ auth: 'none' });
}

describe('the answers of the simulator', () => {
  test.each([
    ['by default', {}],
    [
      'in the older shapes',
      {
        runStatus: 200,
        runBody: 'sample',
        commandStates: 'connector',
        rbacGroupId: 'text',
        otherCommands: 'absent',
        throttleBody: 'code',
        startTimes: 'none',
        offlineEnd: 'Failed',
      },
    ],
    [
      'of a page of two',
      {
        pageSize: 2,
        nextLink: 'relative',
        nonZeroExit: 'failed',
        noMachineMatch: 'notFound',
        afterFailure: 'failed',
        contextOrigin: 'https://api-eu.securitycenter.microsoft.com',
      },
    ],
  ] as const)('validate through a whole story %s', async (_, profile) => {
    const all = await watched({ profile });
    await story(all);
    expect([...all.seen.keys()].sort()).toEqual([...schemaNames].sort());
    const codes = new Set(
      (all.seen.get('error') ?? []).map(
        (answer) => (answer as { readonly error: { readonly code: string } }).error.code,
      ),
    );
    expect(codes.size).toBeGreaterThanOrEqual(8);
    const statuses = new Set((all.seen.get('action') ?? []).map((answer) => (answer as ActionJson).status));
    expect([...statuses].sort()).toEqual(['Cancelled', 'Failed', 'InProgress', 'Pending', 'Succeeded']);
  });

  test('do not validate when they are deliberately wrong', async () => {
    const { tenant } = await watched();
    const { id } = await tenant.start('hosta.corp.example', dump);
    const action = async (): Promise<unknown> => json(await tenant.fetch(`/api/machineactions/${id}`));
    expect(faultsOf('action', await action())).toEqual([]);
    for (const [fault, said] of [
      [{ what: 'unknownStatus' }, '/status must be equal to one of the allowed values'],
      [
        { what: 'unknownCommandStatus' },
        '/commands/0/commandStatus must be equal to one of the allowed values',
      ],
      [{ what: 'extraFields' }, ' must NOT have additional properties'],
      [{ what: 'noComment' }, '/requestorComment must be string'],
    ] as const) {
      await tenant.plant(fault);
      expect(faultsOf('action', await action())).toContain(said);
    }
  });

  test('do not validate when any field they must have is missing or of another type', async () => {
    const all = await watched();
    await story(all);
    for (const [schema, [answer]] of all.seen) {
      for (const field of Object.keys(answer as object)) {
        const wrong = { ...(answer as object), [field]: { wrong: true } };
        expect([schema, field, faultsOf(schema, wrong).length > 0 || field === 'vmMetadata']).toEqual([
          schema,
          field,
          true,
        ]);
        const { [field]: _gone, ...rest } = answer as Record<string, unknown>;
        const optional =
          ['@odata.count', '@odata.nextLink', 'parametersDescription', 'commands'].includes(field) ||
          schema === 'run';
        expect([schema, field, faultsOf(schema, rest).length > 0 || optional]).toEqual([schema, field, true]);
      }
    }
  });

  test('are validated by the path that was asked', () => {
    expect(() => schemaFor('GET', '/api/somewhere', 200)).toThrow(/no schema/);
    expect(schemaFor('GET', '/api/somewhere', 404)).toBe('error');
  });
});
