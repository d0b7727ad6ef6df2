// The checklist of docs/simulator.md, items 25 to 29: result links, the blob server, transcripts and
// collected files.
import { gunzipSync, unzipSync } from 'fflate';
import { expect, test } from '@jest/globals';
import { request } from 'undici';
import { transcriptModes } from '../../../src/simulator/profile.ts';
import {
  defender,
  dump,
  dumpPath,
  minute,
  putFile,
  refusalOf,
  runScript,
  wholeSession,
} from '../defender.ts';
import type { Defender } from '../defender.ts';

async function finished(
  commands: readonly object[] = dump,
  device = 'hosta.corp.example',
): Promise<{ readonly tenant: Defender; readonly id: string }> {
  const tenant = await defender({ profile: { limits: { link: [] } } });
  const { id } = await tenant.start(device, commands);
  tenant.pass(wholeSession);
  return { tenant, id };
}

test('10.25 a completed RunScript or GetFile has a link with se, sp=r, sv, sr=b and a sig with "/" and %3D, new on each call, for 30 minutes', async () => {
  const { tenant, id } = await finished();
  for (const index of [0, 1]) {
    const answer = await tenant.get<{ readonly '@odata.context': string; readonly value: string }>(
      `/api/machineactions/${id}/GetLiveResponseResultDownloadLink(index=${index})`,
    );
    expect(answer['@odata.context']).toBe(`${tenant.url}/api/$metadata#Edm.String`);
    expect(Object.fromEntries(new URL(answer.value).searchParams)).toEqual({
      se: '2026-03-04T10:35:00Z',
      sp: 'r',
      sv: expect.stringMatching(/^\d{4}-\d\d-\d\d$/),
      sr: 'b',
      sig: expect.stringMatching(/\/.*=$/),
    });
    expect(answer.value).toMatch(/sig=[^&]*\/[^&]*%3D$/);
    expect(await tenant.link(id, index)).not.toBe(answer.value);
    expect((await fetch(answer.value)).status).toBe(200);
  }
  await tenant.set({ linkMs: 5 * minute });
  expect(new URL(await tenant.link(id, 0)).searchParams.get('se')).toBe('2026-03-04T10:10:00Z');
});

test('10.26 a command that is not completed, PutFile and a wrong index have no link: 400, or 404 by setting; some seconds later by setting', async () => {
  const tenant = await defender({
    profile: {
      pendingMs: [1_000, 1_000],
      commandMs: [1_000, 1_000],
      getFileMs: [minute, minute],
      settleMs: [40_000, 40_000],
    },
  });
  const { id } = await tenant.start('hosta.corp.example', [putFile('triage.zip'), ...dump]);
  const answers = async (): Promise<readonly string[]> =>
    Promise.all(
      [0, 1, 2, 9].map(async (index) => {
        const answer = await tenant.linkAnswer(id, index);
        return answer.ok ? '200' : refusalOf(answer);
      }),
    );
  expect(await answers()).toEqual(['400 BadRequest', '400 BadRequest', '400 BadRequest', '400 BadRequest']);
  await tenant.set({ resultDelayMs: 4_000 });
  tenant.pass(6_999);
  expect((await tenant.action(id)).commands.map((command) => command.commandStatus)).toEqual([
    'Completed',
    'Completed',
    'Created',
  ]);
  expect(await answers()).toEqual(['400 BadRequest', '400 BadRequest', '400 BadRequest', '400 BadRequest']);
  tenant.pass(1);
  expect(await answers()).toEqual(['400 BadRequest', '200', '400 BadRequest', '400 BadRequest']);
  await tenant.set({ results: 'whenEnded', notReadyStatus: 404 });
  expect(await answers()).toEqual([
    '404 ResourceNotFound',
    '404 ResourceNotFound',
    '404 ResourceNotFound',
    '404 ResourceNotFound',
  ]);
  tenant.pass(wholeSession);
  expect(await answers()).toEqual(['404 ResourceNotFound', '200', '200', '404 ResourceNotFound']);
});

test('10.27 the blob server is another one, answers an expired or forged link in the XML of Azure storage, and wants no bearer token', async () => {
  const { tenant, id } = await finished();
  const link = await tenant.link(id, 0);
  expect(new URL(link).origin).toBe(tenant.blobUrl);
  expect(tenant.blobUrl).not.toBe(tenant.url);
  expect((await fetch(`${tenant.blobUrl}/api/machineactions`)).status).toBe(403);
  expect((await fetch(link.replace('se=2026', 'se=2027'))).status).toBe(403);
  const headers = { authorization: 'Bearer secret' };
  expect((await fetch(link, { headers })).status).toBe(403);
  await tenant.set({ blobBearer: 'ignored' });
  expect((await fetch(link, { headers })).status).toBe(200);
  tenant.pass(30 * minute);
  const expired = await fetch(link);
  expect([
    expired.status,
    expired.headers.get('content-type'),
    expired.headers.get('x-ms-error-code'),
  ]).toEqual([403, 'application/xml', 'AuthenticationFailed']);
  expect(await expired.text()).toMatch(
    /^\uFEFF?<\?xml version="1.0" encoding="utf-8"\?><Error><Code>AuthenticationFailed<\/Code>/,
  );
  const { value } = await tenant.get<{
    readonly value: readonly { readonly status: number; readonly bearer: boolean; readonly path: string }[];
  }>('/simulator/downloads');
  expect(value.map(({ status, bearer }) => [status, bearer])).toEqual([
    [403, false],
    [403, false],
    [403, true],
    [200, true],
    [403, false],
  ]);
  expect(JSON.stringify(value)).not.toContain('sig');
});

test('10.28 a transcript comes in every mode, for the tenant or one device', async () => {
  const { tenant, id } = await finished();
  const text = async (mode: string | undefined): Promise<string> => {
    if (mode !== undefined) await tenant.set({ transcript: mode });
    return (await fetch(await tenant.link(id, 0))).text();
  };
  const transcriptLine =
    /^Transcript started, output file is C:\\ProgramData\\.*PSScript_Transcript_[0-9A-F-]{36}\.txt\n/;
  const strict = (json: string): Readonly<Record<string, string>> =>
    JSON.parse(json) as Readonly<Record<string, string>>;
  const modes = new Map<string, (text: string) => void>([
    [
      'transcript',
      (body) => {
        expect(Object.keys(strict(body))).toEqual([
          'script_name',
          'exit_code',
          'script_output',
          'script_errors',
        ]);
        expect(strict(body)['script_output']).toMatch(transcriptLine);
        expect(strict(body)['script_output']).toMatch(/51 MB\n\u0000+$/);
      },
    ],
    ['clean', (body) => expect(strict(body)['script_output']).toBe(`${dumpPath}\n51 MB\n`)],
    [
      'seed',
      (body) => {
        expect(() => strict(body)).toThrow(/control character/);
        expect(body).toContain('"script_error"');
      },
    ],
    ['rawNuls', (body) => expect(body).toContain('\u0000\u0000"')],
    [
      'oldNames',
      (body) =>
        expect(Object.keys(strict(body))).toEqual(['name', 'exit_code', 'script_output', 'script_error']),
    ],
    ['bash', (body) => expect(strict(body)['script_output']).not.toMatch(/Transcript|\u0000/)],
    ['empty', (body) => expect(strict(body)['script_output']).toBe('')],
    ['huge', (body) => expect(strict(body)['script_output']?.length).toBeGreaterThan(5 * 1024 ** 2)],
    ['notJson', (body) => expect(() => strict(body)).toThrow(SyntaxError)],
    ['hostile', (body) => expect(strict(body)['script_output']).toContain('<!channel>')],
    ['hostileText', (body) => expect(body.startsWith('Attention <!channel>')).toBe(true)],
  ]);
  expect([...modes.keys()]).toEqual([...transcriptModes]);
  for (const [mode, check] of modes) check(await text(mode));
  await tenant.setDevice('hosta.corp.example', { transcript: 'empty' });
  expect(strict(await text('clean'))['script_output']).toBe('');
  const linux = await finished([runScript('hello.sh')], 'web1.corp.example');
  expect(strict(await (await fetch(await linux.tenant.link(linux.id, 0))).text())['script_output']).toBe(
    'Hello from Defender\n',
  );
  await tenant.setDevice('hosta.corp.example', {
    transcript: 'clean',
    scriptOutput: 'What somebody wants to see',
  });
  const other = await tenant.start('hosta.corp.example', dump);
  tenant.pass(wholeSession);
  expect(strict(await (await fetch(await tenant.link(other.id, 0))).text())['script_output']).toBe(
    'What somebody wants to see',
  );
});

test('10.29 a collected file is gzip under its name with .gz; by setting plain, empty, announced as 3 GB and broken off, or 500 MB that come', async () => {
  const { tenant, id } = await finished();
  const gzip = await fetch(await tenant.link(id, 1));
  expect(gzip.headers.get('content-disposition')).toBe('attachment; filename=OfficeClickToRun.dmp.zip.gz');
  expect(Object.keys(unzipSync(gunzipSync(new Uint8Array(await gzip.arrayBuffer()))))).toEqual([
    'OfficeClickToRun.dmp',
  ]);
  await tenant.set({ collected: 'plain' });
  const plain = await fetch(await tenant.link(id, 1));
  expect(plain.headers.get('content-disposition')).toBe('attachment; filename=OfficeClickToRun.dmp.zip');
  expect(Object.keys(unzipSync(new Uint8Array(await plain.arrayBuffer())))).toEqual(['OfficeClickToRun.dmp']);
  await tenant.setDevice('hosta.corp.example', { collected: 'empty' });
  expect((await (await fetch(await tenant.link(id, 1))).arrayBuffer()).byteLength).toBe(0);
  await tenant.setDevice('hosta.corp.example', { collected: 'hugeLength' });
  const claimed = await fetch(await tenant.link(id, 1));
  expect(claimed.headers.get('content-length')).toBe(String(3 * 1024 ** 3));
  await expect(claimed.arrayBuffer()).rejects.toThrow();
  await tenant.setDevice('hosta.corp.example', { collected: 'huge' });
  const { headers, body } = await request(await tenant.link(id, 1));
  expect(headers['content-length']).toBe(String(500 * 1024 ** 2));
  let read = 0;
  for await (const piece of body as AsyncIterable<Uint8Array>) read += piece.length;
  expect(read).toBe(500 * 1024 ** 2);
});
