// Sandboxes, responders and playbooks against the simulator, as strangers.test.ts has connectors of products.
import { gunzipSync, strFromU8 } from 'fflate';
import { describe, expect, test } from '@jest/globals';
import { getFile, runScript } from '../defender.ts';
import type { ActionJson, ListJson, MachineJson } from '../defender.ts';
import { actionIn, multipart } from './stranger.ts';
import { ended, idOf, liveResponse, meets, microsoft, resultOf, windows } from './strangersWork.ts';

const second = 1_000;

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
