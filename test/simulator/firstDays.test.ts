// A tenant in its first days: the shipped scripts unsigned, regional hosts in the answers, profiles by name.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { gunzipSync, strFromU8 } from 'fflate';
import { describe, expect, test } from '@jest/globals';
import { namedProfiles } from '../../src/simulator/profiles.ts';
import { newFolder } from './newFolder.ts';
import { root } from '../support/root.ts';
import { defender, dump, getFile, json, minute, refusalOf, runScript, wholeSession } from './defender.ts';
import type { ListJson, MachineJson } from './defender.ts';
import { outcome, upload } from './wholeSessions.ts';

interface FileJson {
  readonly fileName: string;
  readonly sha256: string;
}
const signature = '\r\n# SIG # Begin signature block\r\n# MIIF\r\n# SIG # End signature block\r\n';
const shipped = readdirSync(join(root, 'manifest', 'defender')).filter((name) => /\.(?:ps1|sh)$/.test(name));

describe('the library', () => {
  test('holds every shipped script, byte by byte', async () => {
    const tenant = await defender();
    const { value } = await tenant.get<ListJson<FileJson>>('/api/libraryfiles');
    expect(shipped.length).toBeGreaterThan(1);
    for (const name of shipped) {
      const sha256 = createHash('sha256')
        .update(readFileSync(join(root, 'manifest', 'defender', name)))
        .digest('hex');
      expect([name, value.find(({ fileName }) => fileName === name)?.sha256]).toEqual([name, sha256]);
    }
  });

  test('of a state that an earlier version saved gets the real scripts in place of its stand-ins, and keeps what people uploaded', async () => {
    const dataDir = newFolder();
    const before = await defender({ dataDir });
    await upload(before, 'mine.ps1', 'Write-Output 1');
    await before.stop();
    const file = join(dataDir, 'simulator.json');
    const saved = JSON.parse(readFileSync(file, 'utf8')) as {
      library: { fileName: string; sha256: string; signed: boolean; requires?: string }[];
      devices: { oddFiles?: unknown; amsi?: unknown }[];
    };
    const standIn = createHash('sha256')
      .update('param([string]$Process)\nWrite-Output "dump of $Process"\n')
      .digest('hex');
    for (const one of saved.library) {
      if (one.fileName === 'minidump.ps1') Object.assign(one, { sha256: standIn, signed: true });
      delete one.requires;
    }
    for (const device of saved.devices) {
      delete device.oddFiles;
      delete device.amsi;
    }
    writeFileSync(file, JSON.stringify(saved));
    const after = await defender({ dataDir, profile: namedProfiles.fresh, at: before.now() });
    const names = after.tenant.library().map(({ fileName }) => fileName);
    expect(names).toContain('mine.ps1');
    expect((await outcome(after, dump)).commands[0]?.errors[0]).toMatch(/minidump\.ps1' is not signed/);
    expect(after.tenant.device('hosta.corp.example')).toMatchObject({ oddFiles: [], amsi: null });
  });
});

test('a script for Linux leaves its package where the recipe gets it', async () => {
  const tenant = await defender();
  await upload(tenant, 'collect.sh', '#!/bin/sh\n');
  const collected = '/var/tmp/lr-collect/collect.tar.gz';
  expect((await outcome(tenant, [getFile(collected)], 'web1.corp.example')).status).toBe('Failed');
  const { id, status } = await outcome(
    tenant,
    [runScript('collect.sh'), getFile(collected)],
    'web1.corp.example',
  );
  expect(status).toBe('Succeeded');
  const file = await fetch(await tenant.link(id, 1));
  expect(strFromU8(gunzipSync(gunzipSync(new Uint8Array(await file.arrayBuffer()))))).toContain(collected);
});

describe('a tenant in its first days', () => {
  test('fails the shipped scripts on the device, until somebody allows unsigned scripts', async () => {
    const tenant = await defender({ profile: namedProfiles.fresh });
    for (const name of shipped.filter((one) => one.endsWith('.ps1'))) {
      const failed = await outcome(tenant, [runScript(name, 'x'), getFile('C:\\Windows\\notepad.exe')]);
      expect(failed).toMatchObject({
        status: 'Failed',
        errorHResult: -2_146_762_496,
        troubleshootInfo: 'Command 0 (RunScript) failed with 0x800B0100.',
      });
      expect(failed.commands.map(({ commandStatus, errors }) => [commandStatus, errors.length])).toEqual([
        ['Failed', 1],
        ['Created', 0],
      ]);
    }
    await tenant.set({ unsignedScripts: 'run' });
    expect((await outcome(tenant, dump)).status).toBe('Succeeded');
  });

  test.each([
    ['with a signature block', `Write-Output 1${signature}`, 'Succeeded'],
    [
      'with one in UTF-16',
      new Uint8Array(Buffer.from(`\uFEFFWrite-Output 1${signature}`, 'utf16le')),
      'Succeeded',
    ],
    ['that only speaks of one in a sentence', 'Write-Output "see # SIG # Begin signature block"', 'Failed'],
    ['with nothing in it', '', 'Failed'],
  ])('reads from an uploaded script %s whether it is signed', async (_name, content, wanted) => {
    const tenant = await defender({ profile: namedProfiles.fresh });
    await upload(tenant, 'mine.ps1', content);
    expect((await outcome(tenant, [runScript('mine.ps1')])).status).toBe(wanted);
  });

  test('asks no signature of a shell script', async () => {
    const tenant = await defender({ profile: namedProfiles.fresh });
    expect((await outcome(tenant, [runScript('hello.sh')], 'web1.corp.example')).status).toBe('Succeeded');
  });

  test('takes fifty sessions, and waits two hours for a device that is away', async () => {
    const tenant = await defender({
      extraDevices: 51,
      profile: { ...namedProfiles.fresh, limits: { run: [] } },
    });
    for (let number = 1; number <= 50; number += 1)
      await tenant.start(`load${String(number).padStart(3, '0')}.corp.example`);
    expect((await tenant.run('load051.corp.example')).status).toBe(429);
    tenant.pass(wholeSession);
    const { id } = await tenant.start('laptop7.corp.example');
    tenant.pass(120 * minute - 1);
    expect((await tenant.action(id)).status).toBe('Pending');
    tenant.pass(1);
    expect(await tenant.action(id)).toMatchObject({
      status: 'TimeOut',
      errorHResult: -2_147_023_436,
      troubleshootInfo: expect.stringContaining('0x800705B4') as unknown,
    });
  });

  test.each(['skip', 'skiptoken'] as const)(
    'names its region’s host in context and next page, whose path and query lead on here (%s)',
    async (paging) => {
      const tenant = await defender({ profile: { ...namedProfiles.fresh, pageSize: 4, paging } });
      const names: string[] = [];
      for (
        let next: string | undefined = "/api/machines?$filter=healthStatus ne 'x'&$top=10&$count=true";
        next !== undefined;
      ) {
        const page: ListJson<MachineJson> = await tenant.get(next);
        expect([page['@odata.context'], page['@odata.count']]).toEqual([
          'https://api-us3.securitycenter.microsoft.com/api/$metadata#Machines',
          tenant.tenant.devices().length,
        ]);
        names.push(...page.value.map(({ computerDnsName }) => computerDnsName));
        const link: string | undefined = page['@odata.nextLink'];
        if (link !== undefined)
          expect([new URL(link).host, new URL(link).searchParams.has(`$${paging}`)]).toEqual([
            'api-us3.securitycenter.microsoft.com',
            true,
          ]);
        next = link === undefined ? undefined : new URL(link).pathname + new URL(link).search;
      }
      expect([names.length, new Set(names).size]).toEqual([10, 10]);
    },
  );

  test('refuses a token for a page that it did not give', async () => {
    const tenant = await defender();
    for (const token of ['x', 'bmV4dDo', '', Buffer.from('next:-1:').toString('base64')])
      expect([token, await refusalOf(await tenant.fetch(`/api/machines?$skiptoken=${token}`))]).toEqual([
        token,
        '400 ODataError',
      ]);
  });

  test('is chosen by name while the simulator runs, and left again', async () => {
    const tenant = await defender();
    await tenant.set({ transcript: 'huge' });
    await json(await tenant.post('/simulator/profile/fresh', {}));
    expect(tenant.tenant.profile).toMatchObject({ ...namedProfiles.fresh, transcript: 'transcript' });
    await json(await tenant.post('/simulator/profile/default', {}));
    expect(tenant.tenant.profile).toMatchObject({
      unsignedScripts: 'run',
      maxSessions: 25,
      contextOrigin: '',
    });
    expect(await refusalOf(await tenant.post('/simulator/profile/old', {}))).toBe('400 BadRequest');
  });

  test('is chosen by name on the command line, where a flag wins over the name, and JSON over both', async () => {
    const cli = fileURLToPath(new URL('../../src/cli/simulator.js', import.meta.url));
    const child = spawn(
      process.execPath,
      [
        cli,
        '--port',
        '0',
        '--sessions',
        '7',
        '--profile',
        'fresh',
        '--profile',
        '{"offlineQueueMs":5,"audience":["a","b"]}',
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const exited = once(child, 'exit');
    const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
    const { url } = JSON.parse(line) as { readonly url: string };
    expect(await (await fetch(`${url}/simulator/profile`)).json()).toMatchObject({
      unsignedScripts: 'fail',
      maxSessions: 7,
      offlineQueueMs: 5,
      audience: ['a', 'b'],
      contextOrigin: 'https://api-us3.securitycenter.microsoft.com',
    });
    child.kill('SIGTERM');
    expect(await exited).toEqual([0, null]);
  });

  test('is not chosen by a name that there is not', async () => {
    const cli = fileURLToPath(new URL('../../src/cli/simulator.js', import.meta.url));
    const child = spawn(process.execPath, [cli, '--profile', 'old'], { stdio: ['ignore', 'ignore', 'pipe'] });
    const exited = once(child, 'exit');
    const [line] = (await once(createInterface(child.stderr), 'line')) as [string];
    expect([line, await exited]).toEqual([
      '--profile old: there is no profile of that name; known are default, fresh, and settings as JSON',
      [1, null],
    ]);
  });
});
