// Connectors of products against the simulator: what each asks for in its test of the connection and in its
// work with live response, in the spelling that its language's HTTP library gives a query, with a token of the
// audience it asks for and only the permissions it asks for. Written by us after reading what they send; none
// of their code is here.
import { gunzipSync, unzipSync } from 'fflate';
import { describe, expect, test } from '@jest/globals';
import { getFile, putFile, runScript } from '../defender.ts';
import type { ActionJson, ListJson, MachineJson } from '../defender.ts';
import { actionIn, stranger } from './stranger.ts';
import { ended, idOf, liveResponse, meets, microsoft, resultOf, strict, windows } from './strangersWork.ts';
import type { Link, Transcript } from './strangersWork.ts';

const second = 1_000;

describe('the stack connector of Kibana', () => {
  const options = {
    audience: 'https://securitycenter.onmicrosoft.com/windowsatpservice',
    roles: [...liveResponse, 'Machine.Isolate', 'Library.Manage'],
    headers: { accept: 'application/json, text/plain, */*', 'user-agent': 'Kibana' },
  };
  const script = (name: string): object => ({
    Comment: 'connector test',
    Commands: [runScript(name, '--noargs')],
  });

  test('passes its test, which asks for a device that does not exist and takes ResourceNotFound for a yes', async () => {
    const { client } = await meets(options);
    const bogus = '/api/machines/elastic-connector-test';
    for (const answer of [
      await client.send('GET', bogus),
      await client.post(`${bogus}/isolate`, { Comment: 'connector test', IsolationType: 'Full' }),
      await client.post(`${bogus}/unisolate`, { Comment: 'connector test' }),
      await client.post(`${bogus}/runliveresponse`, script('test')),
    ])
      expect([answer.status, answer.text.includes('ResourceNotFound')]).toEqual([404, true]);
    const actions = await client.get<ListJson<ActionJson>>('/api/machineactions?$count=true&$top=1');
    expect([actions.value.length, (actions['@odata.count'] ?? 0) >= 1]).toEqual([1, true]);
  });

  test('is refused its test where the permission to isolate is missing', async () => {
    const tenant = await strict();
    const client = stranger(tenant, { ...options, roles: liveResponse });
    const answer = await client.post('/api/machines/elastic-connector-test/isolate', {
      Comment: 'connector test',
      IsolationType: 'Full',
    });
    expect([
      answer.status,
      answer.text.includes('ResourceNotFound'),
      answer.text.includes('Machine.Isolate'),
    ]).toEqual([403, false, true]);
  });

  test('runs a script and follows several actions with one list', async () => {
    const { client, hosta } = await meets(options);
    // Its HTTP library writes a space as "+", and leaves "$", "(", ",", and quotes alone.
    const found = await client.get<ListJson<MachineJson>>(
      "/api/machines?$count=true&$top=20&$filter=computerDnsName+eq+'hosta.corp.example'+AND+healthStatus+eq+'Active'",
    );
    expect([found['@odata.count'], found.value[0]?.id]).toEqual([1, hosta]);
    const library = await client.get<ListJson<{ readonly fileName: string }>>('/api/libraryfiles');
    expect(library.value.map(({ fileName }) => fileName)).toContain('collect.ps1');
    const first = idOf(await client.post(`/api/machines/${hosta}/runliveresponse`, script('collect.ps1')));
    const again = await client.post(`/api/machines/${hosta}/runliveresponse`, script('collect.ps1'));
    expect([again.status, JSON.parse(again.text)]).toMatchObject([
      400,
      { error: { code: 'ActiveRequestAlreadyExists' } },
    ]);
    const isolation = idOf(
      await client.post(`/api/machines/${hosta}/isolate`, { Comment: 'out', IsolationType: 'Full' }),
    );
    const list = await client.poll<ListJson<ActionJson>>(
      `/api/machineactions?$count=true&$top=1000&$orderby=creationDateTimeUtc+desc&$filter=id+in+('${first}','${isolation}')`,
      15 * second,
      40,
      ({ value }) => value.every(ended),
    );
    expect(list.value.map(({ type, status }) => [type, status]).sort()).toEqual([
      ['Isolate', 'Succeeded'],
      ['LiveResponse', 'Succeeded'],
    ]);
    expect((JSON.parse((await resultOf(client, first)).text) as Transcript).exit_code).toBe(0);
  });
});

describe('the connector of Splunk SOAR', () => {
  const options = {
    audience: `${windows}/`,
    host: 'api.securitycenter.windows.com',
    roles: [...liveResponse, 'Machine.CollectForensics', 'Alert.Read.All'],
    headers: { accept: 'application/json', 'content-type': 'application/json' },
  };

  test('passes its test', async () => {
    const { client } = await meets(options);
    const { value, '@odata.context': context } =
      await client.get<ListJson<{ readonly id: string }>>('/api/alerts?%24top=1');
    expect([value.length, context]).toEqual([
      1,
      'http://api.securitycenter.windows.com/api/$metadata#Alerts',
    ]);
  });

  test('puts a file, runs a script, and fetches a file, whose name and packing it takes from the answer', async () => {
    const { client, hosta } = await meets(options);
    const run = async (command: object): Promise<string> => {
      const id = idOf(
        await client.post(`/api/machines/${hosta}/runliveresponse`, {
          Comment: 'from a playbook',
          Commands: [command],
        }),
      );
      const action = await client.poll<ActionJson>(
        `/api/machineactions/${id}`,
        5 * second,
        60,
        ({ status }) => status !== 'Pending' && status !== 'InProgress',
      );
      expect(action.status).toBe('Succeeded');
      return id;
    };
    await run(putFile('triage.zip'));
    const script = JSON.parse(
      (await resultOf(client, await run(runScript('minidump.ps1', 'OfficeClickToRun')))).text,
    ) as Transcript;
    expect(Object.keys(script)).toEqual(['script_name', 'exit_code', 'script_output', 'script_errors']);
    const file = await resultOf(client, await run(getFile('C:\\windows\\TEMP\\OfficeClickToRun.dmp.zip')));
    expect(String(file.headers['content-disposition'])).toMatch(/filename=OfficeClickToRun\.dmp\.zip\.gz$/);
    expect(Object.keys(unzipSync(gunzipSync(file.bytes)))).toEqual(['OfficeClickToRun.dmp']);
  });

  test('has an investigation package collected, and gets it with a link', async () => {
    const { client, hosta } = await meets(options);
    const id = idOf(
      await client.post(`/api/machines/${hosta}/collectInvestigationPackage`, { Comment: 'evidence' }),
    );
    expect((await client.send('GET', `/api/machineactions/${id}/getPackageUri`)).status).toBe(400);
    await client.poll<ActionJson>(`/api/machineactions/${id}`, 5 * second, 60, ended);
    const { value } = await client.get<Link>(`/api/machineactions/${id}/getPackageUri`);
    const file = await client.download(value);
    expect([file.status, file.headers['content-disposition'], Object.keys(unzipSync(file.bytes))]).toEqual([
      200,
      'attachment; filename=hosta.corp.example.zip',
      ['ForensicsCollectionSummary.txt'],
    ]);
  });
});

describe('the integration of XSOAR', () => {
  const options = {
    audience: microsoft,
    roles: [
      ...liveResponse,
      'Machine.Isolate',
      'Machine.Scan',
      'Machine.RestrictExecution',
      'Alert.ReadWrite.All',
    ],
  };

  test('passes its test, and looks machines up by several fields at once', async () => {
    const { client, hosta } = await meets(options);
    expect((await client.get<ListJson<object>>('/api/alerts?%24top=1')).value).toHaveLength(1);
    const filter = `computerDnsName+eq+%27hosta.corp.example%27+or+lastIpAddress+eq+%2710.1.0.99%27+or+id+eq+%27${hosta}%27`;
    expect(
      (await client.get<ListJson<MachineJson>>(`/api/machines?%24filter=${filter}`)).value.map(
        ({ id }) => id,
      ),
    ).toEqual([hosta]);
  });

  test('follows a command until it is Completed and the action is over, then reads the transcript', async () => {
    const { client, hosta } = await meets(options);
    const id = idOf(
      await client.post(`/api/machines/${hosta}/runliveresponse`, {
        Commands: [runScript('minidump.ps1', 'OfficeClickToRun')],
        Comment: 'war room',
      }),
    );
    await client.poll<ActionJson>(
      `/api/machineactions/${id}`,
      10 * second,
      60,
      ({ status, commands }) =>
        commands[0]?.commandStatus === 'Completed' && status !== 'InProgress' && status !== 'Pending',
    );
    expect((JSON.parse((await resultOf(client, id)).text) as Transcript).script_name).toBe('minidump.ps1');
  });

  test('isolates, scans, restricts, and undoes what can be undone', async () => {
    const { client, hosta } = await meets(options);
    const work: readonly (readonly [string, object, string, string | null])[] = [
      ['isolate', { Comment: 'x', IsolationType: 'Selective' }, 'Isolate', 'Selective'],
      ['unisolate', { Comment: 'x' }, 'Unisolate', null],
      ['runAntiVirusScan', { Comment: 'x', ScanType: 'Quick' }, 'RunAntiVirusScan', 'Quick'],
      ['restrictCodeExecution', { Comment: 'x' }, 'RestrictCodeExecution', null],
      ['unrestrictCodeExecution', { Comment: 'x' }, 'UnrestrictCodeExecution', null],
    ];
    for (const [call, body, type, scope] of work) {
      const action = actionIn(await client.post(`/api/machines/${hosta}/${call}`, body), 201);
      expect(action).toMatchObject({
        type,
        scope,
        status: 'Pending',
        requestor: 'stranger',
        requestSource: 'PublicApi',
        commands: [],
      });
      expect(
        (await client.poll<ActionJson>(`/api/machineactions/${action.id}`, 10 * second, 60, ended)).status,
      ).toBe('Succeeded');
    }
  });
});

describe('the plugin of Rapid7', () => {
  const options = {
    audience: windows,
    roles: [
      'Alert.Read.All',
      'Machine.Read.All',
      'Machine.ReadWrite.All',
      'Machine.Isolate',
      'Machine.Scan',
      'Machine.CollectForensics',
    ],
    headers: { 'content-type': 'application/json', accept: 'application/json' },
  };

  test('passes its test, and finds a machine in the first ten thousand', async () => {
    const { client, hosta } = await meets(options);
    expect((await client.get<ListJson<object>>('/api/alerts?$top=1')).value).toHaveLength(1);
    const { value } = await client.get<ListJson<MachineJson>>('/api/machines?%24top=10000');
    expect(value.find(({ computerDnsName }) => computerDnsName === 'hosta.corp.example')?.id).toBe(hosta);
  });

  test('takes the words of a second request for the first one’s progress', async () => {
    const { client, hosta } = await meets(options);
    for (const [call, body] of [
      ['isolate', { Comment: 'x', IsolationType: 'Full' }],
      ['runAntiVirusScan', { Comment: 'x', ScanType: 'Full' }],
      ['collectInvestigationPackage', { Comment: 'x' }],
    ] as const) {
      const id = idOf(await client.post(`/api/machines/${hosta}/${call}`, body));
      const again = await client.post(`/api/machines/${hosta}/${call}`, body);
      expect([call, again.status, again.text.includes('"message":"Action is already in progress"')]).toEqual([
        call,
        400,
        true,
      ]);
      expect(
        (await client.poll<ActionJson>(`/api/machineactions/${id}`, 10 * second, 60, ended)).status,
      ).toBe('Succeeded');
    }
  });
});

describe('what none of them gets', () => {
  test.each([
    'https://api.security.microsoft.com',
    'https://graph.microsoft.com',
    'https://api.securitycenter.microsoft.com.evil.example',
    '',
  ])('is let in with a token for %j', async (audience) => {
    const { client } = await meets({ audience, roles: [...liveResponse, 'Alert.Read.All'] });
    for (const target of ['/api/alerts?$top=1', '/api/machines?$top=1', '/api/machineactions?$top=1'])
      expect([target, (await client.send('GET', target)).status]).toEqual([target, 403]);
  });

  test.each([
    ['isolate', { Comment: 'x' }, '400 MissingRequiredParameter'],
    ['isolate', { Comment: 'x', IsolationType: 'full' }, '400 InvalidInput'],
    ['isolate', { comment: 'x', IsolationType: 'Full' }, '400 MissingRequiredParameter'],
    ['runAntiVirusScan', { Comment: 'x', ScanType: 'Deep' }, '400 InvalidInput'],
    ['collectInvestigationPackage', {}, '400 MissingRequiredParameter'],
    ['unisolate', [], '400 InvalidRequestBody'],
  ])('is %s with the body %j', async (call, body, wanted) => {
    const { client, hosta } = await meets({
      audience: microsoft,
      roles: ['Machine.Isolate', 'Machine.Scan', 'Machine.CollectForensics'],
    });
    const answer = await client.post(`/api/machines/${hosta}/${call}`, body);
    expect(
      `${answer.status} ${(JSON.parse(answer.text) as { readonly error: { readonly code: string } }).error.code}`,
    ).toBe(wanted);
  });
});
