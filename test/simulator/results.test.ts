// Result links and what they lead to: transcripts in all their spellings, collected files, and the blob
// server's own rules.
import { gunzipSync, strFromU8, unzipSync } from 'fflate';
import { describe, expect, test } from '@jest/globals';
import {
  defender,
  dump,
  dumpPath,
  getFile,
  json,
  minute,
  putFile,
  refusalOf,
  runScript,
  wholeSession,
} from './defender.ts';
import type { Defender } from './defender.ts';
import { hostileLines } from '../../src/simulator/results/hostile.ts';
import type { ProfileChange, TranscriptMode } from '../../src/simulator/profile.ts';

async function finished(
  commands: readonly object[],
  profile: ProfileChange = {},
  device = 'hosta.corp.example',
): Promise<{ readonly tenant: Defender; readonly id: string }> {
  const tenant = await defender({ profile });
  const { id } = await tenant.start(device, commands);
  tenant.pass(wholeSession);
  return { tenant, id };
}
async function transcript(mode: TranscriptMode): Promise<string> {
  const { tenant, id } = await finished(dump, { transcript: mode });
  return (await fetch(await tenant.link(id, 0))).text();
}
interface Transcript {
  readonly script_name?: string;
  readonly name?: string;
  readonly exit_code: number;
  readonly script_output: string;
  readonly script_errors?: string;
  readonly script_error?: string;
}
const parsed = (text: string): Transcript => JSON.parse(text) as Transcript;
const started =
  /^Transcript started, output file is C:\\ProgramData\\Microsoft\\Windows Defender Advanced Threat Protection\\Temp\\PSScriptOutputs\\PSScript_Transcript_[0-9A-F-]{36}\.txt\n/;

describe('a result link', () => {
  test('looks like an Azure SAS, lives 30 minutes, and is new on each call', async () => {
    const { tenant, id } = await finished(dump);
    const first = await tenant.link(id, 0);
    expect(first).toMatch(
      /^http:\/\/127\.0\.0\.1:\d+\/investigation-actions-data\/[0-9a-f-]{36}\/CustomPlaybookCommandOutput\/[0-9a-f]{32}\?se=2026-03-04T10%3A35%3A00Z&sp=r&sv=2019-07-07&sr=b&sig=[^&]*\/[^&]*%3D$/,
    );
    expect(first.startsWith(tenant.blobUrl)).toBe(true);
    const second = await tenant.link(id, 0);
    expect(second).not.toBe(first);
    expect(await (await fetch(second)).text()).toBe(await (await fetch(first)).text());
  });

  test('is there for a completed command while the action is still in progress', async () => {
    const tenant = await defender({
      profile: { pendingMs: [1_000, 1_000], commandMs: [1_000, 1_000], getFileMs: [minute, minute] },
    });
    const { id } = await tenant.start('hosta.corp.example', dump);
    expect(await refusalOf(await tenant.linkAnswer(id, 0))).toBe('400 BadRequest');
    tenant.pass(2_000);
    expect((await tenant.linkAnswer(id, 0)).status).toBe(200);
    expect((await tenant.linkAnswer(id, 1)).status).toBe(400);
    tenant.tenant.change({ results: 'whenEnded' });
    expect((await tenant.linkAnswer(id, 0)).status).toBe(400);
    tenant.pass(wholeSession);
    expect((await tenant.linkAnswer(id, 0)).status).toBe(200);
  });

  test('can come some seconds after Completed', async () => {
    const tenant = await defender({
      profile: { pendingMs: [1_000, 1_000], commandMs: [1_000, 1_000], resultDelayMs: 4_000 },
    });
    const { id } = await tenant.start('hosta.corp.example', dump);
    tenant.pass(5_999);
    expect((await tenant.linkAnswer(id, 0)).status).toBe(400);
    tenant.pass(1);
    expect((await tenant.linkAnswer(id, 0)).status).toBe(200);
  });

  test('is refused for PutFile, an index out of range, a failed command and an unknown action', async () => {
    const { tenant, id } = await finished([putFile('triage.zip'), runScript('nosuch.ps1')]);
    expect(await refusalOf(await tenant.linkAnswer(id, 0))).toBe('400 BadRequest');
    expect(await refusalOf(await tenant.linkAnswer(id, 1))).toBe('400 BadRequest');
    expect(await refusalOf(await tenant.linkAnswer(id, 7))).toBe('400 BadRequest');
    expect(await refusalOf(await tenant.linkAnswer('none', 0))).toBe('404 ResourceNotFound');
  });
});

describe('the blob server', () => {
  test('answers an expired link with 403 and the XML of Azure storage', async () => {
    const { tenant, id } = await finished(dump);
    const link = await tenant.link(id, 0);
    tenant.pass(30 * minute - 1_000);
    expect((await fetch(link)).status).toBe(200);
    tenant.pass(1_000);
    const response = await fetch(link);
    expect([response.status, response.headers.get('content-type')]).toEqual([403, 'application/xml']);
    expect(await response.text()).toMatch(
      /<Error><Code>AuthenticationFailed<\/Code>.*Signature not valid in the specified time frame/s,
    );
    expect((await fetch(await tenant.link(id, 0))).status).toBe(200);
  });

  test('refuses a request that brings a bearer token', async () => {
    const { tenant, id } = await finished(dump);
    const link = await tenant.link(id, 0);
    expect((await fetch(link, { headers: { authorization: 'Bearer secret' } })).status).toBe(403);
  });

  test('refuses a link that was tampered with', async () => {
    const { tenant, id } = await finished(dump);
    const link = await tenant.link(id, 0);
    expect((await fetch(link.replace('se=2026', 'se=2027'))).status).toBe(403);
    expect((await fetch(link.replace(/sig=../, 'sig=AA'))).status).toBe(403);
  });

  test('gives a part when a range is asked for', async () => {
    const { tenant, id } = await finished(dump);
    const link = await tenant.link(id, 0);
    const whole = await (await fetch(link)).text();
    const response = await fetch(link, { headers: { range: 'bytes=2-9' } });
    expect([response.status, response.headers.get('content-range')]).toEqual([
      206,
      `bytes 2-9/${whole.length}`,
    ]);
    expect(await response.text()).toBe(whole.slice(2, 10));
  });
});

describe('a transcript', () => {
  test('has the transcript line, the path and size of the dump, and trailing NULs', async () => {
    const text = await transcript('transcript');
    expect(text).toContain('\\u0000\\u0000\\u0000"');
    const { script_output: output, ...rest } = parsed(text);
    expect(rest).toEqual({ script_name: 'minidump.ps1', exit_code: 0, script_errors: '' });
    expect(output).toMatch(started);
    expect(output.replace(started, '')).toBe(`${dumpPath}\n51 MB\n\u0000\u0000\u0000`);
  });

  test('is clean JSON when set so', async () => {
    expect(parsed(await transcript('clean')).script_output).toBe(`${dumpPath}\n51 MB\n`);
  });

  test('is the sample of the documentation to the letter when set so: a raw newline inside the string', async () => {
    const text = await transcript('seed');
    expect(() => parsed(text)).toThrow(/control character/);
    expect(text).toMatch(
      /_Transcript_[0-9A-F-]{36}\.txt\nC:\\\\windows\\\\TEMP\\\\OfficeClickToRun\.dmp\.zip\\n51 MB\\n\\u0000\\u0000\\u0000",\n\s+"script_error": ""/,
    );
  });

  test('has raw NULs when set so', async () => {
    const text = await transcript('rawNuls');
    expect(() => parsed(text)).toThrow(SyntaxError);
    expect(text).toContain('51 MB\\n\u0000\u0000\u0000"');
  });

  test('uses the older names when set so', async () => {
    expect(parsed(await transcript('oldNames'))).toMatchObject({ name: 'minidump.ps1', script_error: '' });
  });

  test('is empty, huge or no JSON when set so', async () => {
    expect(parsed(await transcript('empty')).script_output).toBe('');
    expect(parsed(await transcript('huge')).script_output.length).toBeGreaterThan(5 * 1024 * 1024);
    const text = await transcript('notJson');
    expect(text.startsWith('minidump.ps1 ended with 0')).toBe(true);
  });

  test('attacks whoever shows it when set so: mentions, links, markup, controls, a long line, 5 MB', async () => {
    const { script_output: output, script_errors: errors } = parsed(await transcript('hostile'));
    for (const line of hostileLines) {
      expect(output).toContain(line);
      expect(errors).toContain(line);
    }
    const all = hostileLines.join('\n');
    for (const part of [
      '<!channel>',
      '<@U123>',
      '<at>x</at>',
      '<https://evil|',
      '](https://evil)',
      '```',
      '\u202E',
      '\u0000',
      '\u{1F525}\u{1F525}\u{1F525}',
      'x'.repeat(10_000),
    ])
      expect(all).toContain(part);
    expect(output.length).toBeGreaterThan(5 * 1024 * 1024);
    expect(output.endsWith(`${hostileLines.at(-1) ?? ''}\r\n\u0000\u0000\u0000`)).toBe(true);
    expect(await transcript('hostileText')).toMatch(/^Attention <!channel>/);
  });

  test('is hostile on one device when only that one is set so', async () => {
    const tenant = await defender();
    await json(await tenant.post('/simulator/devices/hosta.corp.example', { transcript: 'hostileText' }));
    const [mine, other] = [
      await tenant.start('hosta.corp.example', dump),
      await tenant.start('hostb.corp.example', dump),
    ];
    tenant.pass(wholeSession);
    expect(await (await fetch(await tenant.link(mine.id, 0))).text()).toContain('<!channel>');
    expect(await (await fetch(await tenant.link(other.id, 0))).text()).not.toContain('<!channel>');
  });

  test('of a Linux device has no transcript line', async () => {
    const { tenant, id } = await finished([runScript('hello.sh')], {}, 'web1.corp.example');
    expect(parsed(await (await fetch(await tenant.link(id, 0))).text())).toEqual({
      script_name: 'hello.sh',
      exit_code: 0,
      script_output: 'Hello from Defender\n',
      script_errors: '',
    });
  });

  test('tells exit code and errors of a script that failed', async () => {
    const { tenant, id } = await finished([runScript('exit3.ps1')]);
    const { exit_code: exitCode, script_errors: errors } = parsed(
      await (await fetch(await tenant.link(id, 0))).text(),
    );
    expect([exitCode, errors]).toEqual([3, 'exit3.ps1 : The script ended with exit code 3.\n']);
  });
});

describe('a collected file', () => {
  const collected = async (profile: ProfileChange, path = dumpPath): Promise<Response> => {
    const { tenant, id } = await finished(
      [runScript('minidump.ps1', 'OfficeClickToRun'), getFile(path)],
      profile,
    );
    return fetch(await tenant.link(id, 1));
  };

  test('is a gzip of a real zip that holds the dump', async () => {
    const response = await collected({});
    expect(response.headers.get('content-disposition')).toBe(
      'attachment; filename=OfficeClickToRun.dmp.zip.gz',
    );
    const files = unzipSync(gunzipSync(new Uint8Array(await response.arrayBuffer())));
    expect(Object.keys(files)).toEqual(['OfficeClickToRun.dmp']);
    expect(strFromU8(files['OfficeClickToRun.dmp'] ?? new Uint8Array())).toMatch(/^MDMP/);
  });

  test('is the gzipped file itself when it is no zip', async () => {
    const bytes = gunzipSync(
      new Uint8Array(await (await collected({}, 'C:\\Windows\\win.ini')).arrayBuffer()),
    );
    expect(strFromU8(bytes)).toContain('win.ini on hosta.corp.example');
  });

  test('arrives plain when set so', async () => {
    const response = await collected({ collected: 'plain' });
    expect(Object.keys(unzipSync(new Uint8Array(await response.arrayBuffer())))).toEqual([
      'OfficeClickToRun.dmp',
    ]);
  });

  test('has no byte when set so', async () => {
    expect((await (await collected({ collected: 'empty' })).arrayBuffer()).byteLength).toBe(0);
  });

  test('claims three gigabytes when set so, and breaks off', async () => {
    const response = await collected({ collected: 'hugeLength' });
    expect(response.headers.get('content-length')).toBe(String(3 * 1024 ** 3));
    await expect(response.arrayBuffer()).rejects.toThrow();
  });
});
