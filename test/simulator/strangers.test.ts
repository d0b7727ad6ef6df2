// Thirteen clients of the field against the simulator: what each asks for in its test of the connection and
// in its work with live response, in the spelling that its language's HTTP library gives a query, with a
// token of the audience it asks for and only the permissions it asks for. Written by us after reading what
// they send; none of their code is here.
import { gunzipSync, strFromU8, unzipSync } from 'fflate';
import { describe, expect, test } from '@jest/globals';
import { defender, getFile, putFile, runScript } from './defender.ts';
import type { ActionJson, Defender, ListJson, MachineJson } from './defender.ts';
import { actionIn, multipart, stranger } from './stranger.ts';
import type { Heard, Stranger, StrangerOptions } from './stranger.ts';

const second = 1_000;
const windows = 'https://api.securitycenter.windows.com';
const microsoft = 'https://api.securitycenter.microsoft.com';
const liveResponse = ['Machine.LiveResponse', 'Machine.ReadWrite.All'];

interface Link {
  readonly value: string;
}
interface Transcript {
  readonly script_name: string;
  readonly exit_code: number;
  readonly script_output: string;
  readonly script_errors: string;
}

const strict = (): Promise<Defender> => defender({ profile: { auth: 'token' } });
async function meets(
  options: StrangerOptions,
): Promise<{ readonly tenant: Defender; readonly client: Stranger; readonly hosta: string }> {
  const tenant = await strict();
  return {
    tenant,
    client: stranger(tenant, options),
    hosta: tenant.tenant.device('hosta.corp.example')?.id ?? '',
  };
}
const idOf = (answer: Heard): string => actionIn(answer, 201).id;
const resultOf = async (client: Stranger, id: string, index = 0): Promise<Heard> =>
  client.download(
    (await client.get<Link>(`/api/machineactions/${id}/GetLiveResponseResultDownloadLink(index=${index})`))
      .value,
  );
const ended = (action: ActionJson): boolean =>
  ['Succeeded', 'Failed', 'Cancelled', 'TimeOut'].includes(action.status);

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

describe('MDEAutomator', () => {
  const options = {
    audience: microsoft,
    roles: [...liveResponse, 'Library.Manage', 'Machine.Isolate', 'Machine.CollectForensics'],
    headers: { 'user-agent': 'Mozilla/5.0 (Windows NT; Windows NT 10.0; en-US) WindowsPowerShell/5.1' },
  };

  test('uploads a script written into a form by hand, runs it, and cancels what is left', async () => {
    const { tenant, client } = await meets(options);
    const form = multipart(
      {
        ParametersDescription: 'test',
        HasParameters: 'false',
        OverrideIfExists: 'true',
        Description: 'MDEAutomator',
      },
      { name: 'Active.ps1', content: 'Write-Output 1\r\n' },
    );
    expect((await client.send('POST', '/api/libraryfiles', form.headers, form.body)).status).toBe(200);
    // .NET escapes spaces only.
    const { value } = await client.get<ListJson<MachineJson>>(
      "/api/machines?$filter=onboardingStatus%20eq%20'Onboarded'%20and%20healthStatus%20eq%20'Active'",
    );
    const device = value.find(({ computerDnsName }) => computerDnsName === 'hostb.corp.example')?.id ?? '';
    const id = idOf(
      await client.post(`/api/machines/${device}/runliveresponse`, {
        Comment: 'MDEAutomator',
        Commands: [runScript('Active.ps1')],
      }),
    );
    expect((await client.poll<ActionJson>(`/api/machineactions/${id}`, 15 * second, 44, ended)).status).toBe(
      'Succeeded',
    );
    expect((await resultOf(client, id)).text).toContain('"exit_code": 0');
    const parked = idOf(
      await client.post(
        `/api/machines/${tenant.tenant.device('laptop7.corp.example')?.id ?? ''}/runliveresponse`,
        { Comment: 'MDEAutomator', Commands: [runScript('Active.ps1')] },
      ),
    );
    const since = new Date(tenant.now() - 90 * 24 * 3_600_000).toISOString().replace(/\.\d+Z$/, 'Z');
    const actions = await client.get<ListJson<ActionJson>>(
      `/api/machineactions?$filter=CreationDateTimeUtc%20ge%20${since}&$orderby=CreationDateTimeUtc%20desc`,
    );
    expect(actions.value.slice(0, 2).map((action) => action.id)).toEqual([parked, id]);
    for (const one of actions.value.filter(({ status }) => status === 'Pending'))
      expect(
        (await client.post(`/api/machineactions/${one.id}/cancel`, { Comment: 'MDEAutomator' })).status,
      ).toBe(200);
    expect((await client.get<ActionJson>(`/api/machineactions/${parked}`)).status).toBe('Cancelled');
  });

  test('isolates a device as one that Defender does not manage, and collects a package', async () => {
    const { client, hosta } = await meets(options);
    expect(
      actionIn(
        await client.post(`/api/machines/${hosta}/isolate`, {
          Comment: 'MDEAutomator',
          IsolationType: 'UnManagedDevice',
        }),
        201,
      ),
    ).toMatchObject({ scope: 'UnManagedDevice' });
    const id = idOf(
      await client.post(`/api/machines/${hosta}/collectInvestigationPackage`, { Comment: 'MDEAutomator' }),
    );
    await client.poll<ActionJson>(`/api/machineactions/${id}`, 15 * second, 44, ended);
    expect((await client.get<Link>(`/api/machineactions/${id}/getPackageUri`)).value).toMatch(/^http/);
  });
});

describe('the executor of Akto', () => {
  const options = {
    audience: microsoft,
    roles: [...liveResponse, 'Library.Manage'],
    headers: { 'content-type': 'application/json' },
  };

  test('lists devices, uploads, cancels the session in its way, runs, and strips what is no JSON from the output', async () => {
    const { tenant, client, hosta } = await meets(options);
    const devices = await client.get<ListJson<MachineJson>>(
      '/api/machines?$select=id,computerDnsName,osPlatform&$top=1000',
    );
    expect(Object.keys(devices.value[0] ?? {}).sort()).toEqual(['computerDnsName', 'id', 'osPlatform']);
    const form = multipart(
      { FileName: 'discover.ps1', OverrideIfExists: 'true' },
      { name: 'discover.ps1', content: 'Write-Output "{}"' },
    );
    expect((await client.send('POST', '/api/libraryfiles', form.headers, form.body)).status).toBe(200);
    const body = { Commands: [runScript('discover.ps1')], Comment: 'discovery' };
    const before = idOf(await client.post(`/api/machines/${hosta}/runliveresponse`, body));
    const refused = await client.post(`/api/machines/${hosta}/runliveresponse`, body);
    expect([
      refused.status,
      (JSON.parse(refused.text) as { readonly error: { readonly code: string } }).error.code,
    ]).toEqual([400, 'ActiveRequestAlreadyExists']);
    // Java's builder of addresses escapes "$" and quotes, and writes a space as "+".
    const active = await client.get<ListJson<ActionJson>>(
      `/api/machineactions?%24filter=machineId+eq+%27${hosta}%27+and+%28status+eq+%27Pending%27+or+status+eq+%27InProgress%27%29&%24orderby=creationDateTimeUtc+desc&%24top=1`,
    );
    expect(active.value.map(({ id }) => id)).toEqual([before]);
    expect(
      (await client.post(`/api/machineactions/${before}/cancel`, { Comment: 'Cancelled before retry' }))
        .status,
    ).toBe(200);
    tenant.pass(10 * second);
    const id = idOf(await client.post(`/api/machines/${hosta}/runliveresponse`, body));
    await client.poll<ActionJson>(`/api/machineactions/${id}`, 5 * second, 60, ended);
    const clean = (await resultOf(client, id)).text.replace(
      /[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F]/g,
      '',
    );
    expect((JSON.parse(clean) as Transcript).exit_code).toBe(0);
  });
});

describe('Vlad', () => {
  const options = {
    audience: 'https://api-eu.securitycenter.microsoft.com',
    host: 'api-eu.securitycenter.microsoft.com',
    roles: [...liveResponse, 'Library.Manage'],
  };

  test('goes through pages on its region’s host, puts a file, cancels what waits, and takes the newest action for its own', async () => {
    const { tenant, client, hosta } = await meets(options);
    tenant.tenant.change({ pageSize: 4 });
    const names: string[] = [];
    for (let next: string | undefined = '/api/machines'; next !== undefined;) {
      const page: ListJson<MachineJson> = await client.get(next);
      names.push(...page.value.map(({ computerDnsName }) => computerDnsName));
      const link: string | undefined = page['@odata.nextLink'];
      if (link !== undefined) expect(new URL(link).host).toBe('api-eu.securitycenter.microsoft.com');
      next = link?.slice(new URL(link).origin.length);
    }
    expect([names.length, new Set(names).size]).toEqual([tenant.tenant.devices().length, names.length]);
    tenant.tenant.change({ pageSize: 10_000 });
    const form = multipart(
      { OverrideIfExists: 'true', Description: 'Vlad Uploaded Binary' },
      { name: 'tool.exe', content: 'MZ' },
    );
    expect((await client.send('POST', '/api/libraryfiles', form.headers, form.body)).status).toBe(200);
    const comment = 'Vlad Live Response Automations';
    const put = idOf(
      await client.post(`/api/machines/${hosta}/runliveresponse`, {
        Commands: [putFile('tool.exe')],
        Comment: comment,
      }),
    );
    const placed = await client.poll<ActionJson>(
      `/api/machineactions/${put}`,
      5 * second,
      120,
      ({ status }) => status === 'Succeeded',
    );
    expect(placed.commands[0]?.commandStatus).toBe('Completed');
    const waiting = idOf(
      await client.post(`/api/machines/${hosta}/runliveresponse`, {
        Commands: [runScript('hello.sh')],
        Comment: comment,
      }),
    );
    const pending = await client.get<ListJson<ActionJson>>(
      `/api/machineactions?$filter=machineId%20eq%20'${hosta}'%20and%20status%20eq%20'Pending'`,
    );
    expect(pending.value.map(({ id }) => id)).toEqual([waiting]);
    expect((await client.post(`/api/machineactions/${waiting}/cancel`, { Comment: comment })).status).toBe(
      200,
    );
    tenant.pass(10 * second);
    await client.post(`/api/machines/${hosta}/runliveresponse`, {
      Commands: [getFile('C:\\Windows\\notepad.exe')],
      Comment: comment,
    });
    const mine = await client.poll<ListJson<ActionJson>>(
      `/api/machineactions?$filter=machineId%20eq%20'${hosta}'`,
      5 * second,
      120,
      ({ value }) => value[0]?.status === 'Succeeded',
    );
    const newest = mine.value[0];
    expect(newest?.commands[0]?.index).toBe(0);
    expect(strFromU8(gunzipSync((await resultOf(client, newest?.id ?? '')).bytes))).toContain('notepad.exe');
    expect((await client.send('DELETE', '/api/libraryfiles/tool.exe')).status).toBe(204);
  });
});

describe('the connector of VMRay', () => {
  test('waits until a machine is free, fetches several files in one session, and cancels one that takes too long', async () => {
    const { tenant, client, hosta } = await meets({
      audience: `${microsoft}/`,
      roles: liveResponse,
      headers: { 'content-type': 'application/json', 'user-agent': 'VMRay' },
    });
    const over = ['Succeeded', 'Failed', 'TimeOut', 'Cancelled'];
    const free = (): Promise<ListJson<ActionJson>> =>
      client.poll(`/api/machineactions?$filter=machineId+eq+'${hosta}'`, 60 * second, 30, ({ value }) =>
        value.every(({ status }) => over.includes(status)),
      );
    await free();
    const files = ['C:\\Windows\\System32\\drivers\\etc\\hosts', 'C:\\Windows\\explorer.exe'];
    const id = idOf(
      await client.post(`/api/machines/${hosta}/runliveresponse`, {
        Commands: files.map((path) => getFile(path)),
        Comment: 'File Collection Job',
      }),
    );
    await free();
    for (const [index, path] of files.entries())
      expect(strFromU8(gunzipSync((await resultOf(client, id, index)).bytes))).toContain(path);
    await tenant.setDevice('hosta.corp.example', { stuck: true });
    const stuck = idOf(
      await client.post(`/api/machines/${hosta}/runliveresponse`, {
        Commands: [getFile(files[0] ?? '')],
        Comment: 'File Collection Job',
      }),
    );
    await expect(
      client.poll<ActionJson>(`/api/machineactions/${stuck}`, 60 * second, 10, ended),
    ).rejects.toThrow(/gave up/);
    expect(
      (await client.post(`/api/machineactions/${stuck}/cancel`, { Comment: 'Cancelled by timeout' })).status,
    ).toBe(200);
    expect((await client.poll<ActionJson>(`/api/machineactions/${stuck}`, 5 * second, 4, ended)).status).toBe(
      'Cancelled',
    );
  });
});

describe('the sample of Sigma', () => {
  test('puts, runs and gets in one session, then asks for the last result until it is there', async () => {
    const { tenant, client, hosta } = await meets({
      audience: 'fc780465-2017-40d4-a0c5-307022471b92',
      roles: liveResponse,
    });
    // The docs spell this path with "API".
    const id = idOf(
      await client.post(`/API/machines/${hosta}/runliveresponse`, {
        Commands: [
          putFile('triage.zip'),
          runScript('collect.ps1'),
          getFile('C:\\windows\\TEMP\\collect.zip'),
        ],
        Comment: 'Testing Live Response API',
      }),
    );
    let answer: Heard | undefined;
    for (let attempt = 0; answer?.status !== 200 && attempt < 100; attempt += 1) {
      answer = await client.send(
        'GET',
        `/api/machineactions/${id}/GetLiveResponseResultDownloadLink(index=2)`,
      );
      if (answer.status !== 200) {
        expect([
          answer.status,
          (JSON.parse(answer.text) as { readonly error: { readonly message: string } }).error.message,
        ]).toEqual([400, 'The result of the command is not ready yet.']);
        tenant.pass(3 * second);
      }
    }
    const file = await client.download((JSON.parse(answer?.text ?? '{}') as Link).value);
    expect(Object.keys(unzipSync(gunzipSync(file.bytes)))).toEqual(['collect']);
  });
});

describe('the connector of ANY.RUN', () => {
  test('waits for other actions, runs a script with one long argument, and fetches a file', async () => {
    const { client, hosta } = await meets({
      audience: `${windows}/`,
      roles: [...liveResponse, 'Library.Manage', 'Alert.ReadWrite.All'],
      headers: { 'content-type': 'application/json' },
    });
    const idle = await client.get<ListJson<ActionJson>>(
      `/api/machineactions?$filter=machineId+eq+'${hosta}'`,
    );
    expect(idle.value.every(ended)).toBe(true);
    const form = multipart(
      { HasParameters: 'true', OverrideIfExists: 'true', Description: 'description' },
      { name: 'upload.ps1', content: 'param($payload)' },
    );
    expect((await client.send('POST', '/api/libraryfiles', form.headers, form.body)).status).toBe(200);
    const args = `-payload v1.${Buffer.from('?sv=2024-11-04&sig=a/b+c%3D'.repeat(20)).toString('base64url')}`;
    const script = idOf(
      await client.post(`/api/machines/${hosta}/runliveresponse`, {
        Commands: [runScript('upload.ps1', args)],
        Comment: 'submit alerted evidences',
      }),
    );
    expect(
      (await client.poll<ActionJson>(`/api/machineactions/${script}`, 5 * second, 60, ended)).status,
    ).toBe('Succeeded');
    const file = idOf(
      await client.post(`/api/machines/${hosta}/runliveresponse`, {
        Commands: [getFile('C:\\Windows\\win.ini')],
        Comment: 'submit alerted evidences',
      }),
    );
    await client.poll<ActionJson>(`/api/machineactions/${file}`, 5 * second, 60, ended);
    expect((await resultOf(client, file)).status).toBe(200);
  });
});

describe('the module PSMDATP', () => {
  test('finds a device by its name, collects a package, and lists its actions over the regional host with a filter that lacks a blank', async () => {
    const { client, hosta } = await meets({
      audience: windows,
      host: 'api-us.securitycenter.windows.com',
      roles: ['Machine.ReadWrite.All', 'Machine.CollectForensics', 'Machine.Isolate'],
      headers: { accept: 'application/json', 'content-type': 'application/json' },
    });
    const found = await client.get<ListJson<MachineJson>>(
      "/api/machines?$filter=ComputerDNSName%20eq%20'hosta.corp.example'",
    );
    expect(found.value.map(({ id }) => id)).toEqual([hosta]);
    expect((await client.get<MachineJson>(`/api/machines/${hosta}`)).computerDnsName).toBe(
      'hosta.corp.example',
    );
    const id = idOf(
      await client.post(`/api/machines/${hosta}/collectInvestigationPackage`, {
        Comment: 'submitted by automation',
      }),
    );
    const listed = await client.get<ListJson<ActionJson>>(
      `/api/machineactions/?$filter=machineId+eq+'${hosta}'and%20type+eq+'CollectInvestigationPackage'`,
    );
    expect(listed.value.map((one) => [one.id, one.type])).toContainEqual([id, 'CollectInvestigationPackage']);
    await client.poll<ActionJson>(`/api/machineactions/${id}`, 5 * second, 200, ended);
    const link = await client.get<Link>(`/api/machineactions/${id}/getPackageUri`);
    expect(unzipSync((await client.download(link.value)).bytes)).not.toEqual({});
  });
});

describe('the responder of TheHive', () => {
  test('names a device by the id that Entra has for it where there is one, isolates, and takes a second request for done', async () => {
    const { tenant, client, hosta } = await meets({
      audience: windows,
      roles: ['Machine.ReadWrite.All', 'Machine.Isolate', 'Machine.Scan'],
      headers: {
        accept: 'application/json',
        'content-type': 'application/json',
        'user-agent': 'python-requests/2.32.3',
      },
    });
    const answer = await client.send('GET', "/api/machines?$filter=computerDnsName+eq+'hosta.corp.example'");
    const [machine] = (
      JSON.parse(answer.text) as ListJson<MachineJson & { readonly aadDeviceId: string | null }>
    ).value;
    expect([answer.bytes.length > 100, machine?.id]).toEqual([true, hosta]);
    const named = machine?.aadDeviceId ?? hosta;
    const body = { Comment: 'Isolation for case 7', IsolationType: 'Full' };
    const [unknown, known] = [
      await client.post(`/api/machines/${named}/isolate`, body),
      await client.post(`/api/machines/${hosta}/isolate`, body),
    ];
    // Whether Defender takes that id in a path is written nowhere: it is refused as any unknown one, and
    // nothing is started on another device.
    expect([unknown.status, known.status]).toEqual([404, 201]);
    const again = await client.post(`/api/machines/${hosta}/isolate`, body);
    expect([again.status, again.text.includes('ActiveRequestAlreadyExists')]).toEqual([400, true]);
    for (const call of ['restrictCodeExecution', 'unrestrictCodeExecution'])
      expect([
        call,
        (await client.post(`/api/machines/${hosta}/${call}`, { Comment: 'case 7' })).status,
      ]).toEqual([call, 403]);
    const anHourAgo = `${new Date(tenant.now() - 3_600 * second).toISOString().slice(0, 19)}Z`;
    expect(
      (
        await client.get<ListJson<MachineJson>>(
          `/api/machines/findbyip(ip='203.0.113.77',timestamp=${anHourAgo})`,
        )
      ).value,
    ).toEqual([]);
  });
});

describe('a playbook of Sentinel', () => {
  test('isolates by the managed identity of its Logic App, writes the status down, and asks until the action is over', async () => {
    const { client, hosta } = await meets({
      audience: microsoft,
      roles: ['Machine.Isolate', ...liveResponse],
      headers: {
        accept: 'application/json',
        'accept-language': 'en-US',
        'user-agent': 'azure-logic-apps/1.0 (workflow 0858; version 0858)',
        'x-ms-client-request-id': '00000000-0000-4000-8000-000000000001',
      },
    });
    const json = { 'content-type': 'application/json; charset=utf-8' };
    const isolated = actionIn(
      await client.send(
        'POST',
        `/api/machines/${encodeURIComponent(hosta)}/isolate`,
        json,
        JSON.stringify({
          Comment: 'Isolated from playbook for Microsoft Sentinel Incident:  42 - Ünïcode & "quotes" <b>',
          IsolationType: 'Full',
        }),
      ),
      201,
    );
    expect([isolated.status, isolated.requestorComment]).toEqual([
      'Pending',
      'Isolated from playbook for Microsoft Sentinel Incident:  42 - Ünïcode & "quotes" <b>',
    ]);
    const run = actionIn(
      await client.send(
        'POST',
        `/api/machines/${hosta}/runliveresponse`,
        json,
        JSON.stringify({ Commands: [runScript('hello.sh')], Comment: 'playbook' }),
      ),
      201,
    );
    expect(
      (await client.poll<ActionJson>(`/api/machineactions/${run.id}`, 60 * second, 60, ended)).type,
    ).toBe('LiveResponse');
    const released = actionIn(
      await client.send(
        'POST',
        `/api/machines/${hosta}/unisolate`,
        json,
        JSON.stringify({ Comment: 'Unisolated from playbook' }),
      ),
      201,
    );
    expect(
      (await client.poll<ActionJson>(`/api/machineactions/${released.id}`, 60 * second, 60, ended)).status,
    ).toBe('Succeeded');
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
