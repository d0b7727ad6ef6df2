// Open-source tools of responders against the simulator, as strangers.test.ts has connectors of products.
import { gunzipSync, strFromU8, unzipSync } from 'fflate';
import { describe, expect, test } from '@jest/globals';
import { getFile, putFile, runScript } from '../defender.ts';
import type { ActionJson, ListJson, MachineJson } from '../defender.ts';
import { actionIn, multipart } from './stranger.ts';
import type { Heard, Stranger } from './stranger.ts';
import { ended, idOf, liveResponse, meets, microsoft, resultOf, windows } from './strangersWork.ts';
import type { Link, Transcript } from './strangersWork.ts';

const second = 1_000;

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

/** The names of all machines, page by page; every link to a next page names this host. */
async function namesByPages(client: Stranger, host: string): Promise<readonly string[]> {
  const names: string[] = [];
  for (let next: string | undefined = '/api/machines'; next !== undefined;) {
    const page: ListJson<MachineJson> = await client.get(next);
    names.push(...page.value.map(({ computerDnsName }) => computerDnsName));
    const link: string | undefined = page['@odata.nextLink'];
    if (link !== undefined) expect(new URL(link).host).toBe(host);
    next = link?.slice(new URL(link).origin.length);
  }
  return names;
}

describe('Vlad', () => {
  const options = {
    audience: 'https://api-eu.securitycenter.microsoft.com',
    host: 'api-eu.securitycenter.microsoft.com',
    roles: [...liveResponse, 'Library.Manage'],
  };

  test('goes through pages on its region’s host, puts a file, cancels what waits, and takes the newest action for its own', async () => {
    const { tenant, client, hosta } = await meets(options);
    tenant.tenant.change({ pageSize: 4 });
    const names = await namesByPages(client, options.host);
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
