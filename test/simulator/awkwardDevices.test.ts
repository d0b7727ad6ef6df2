// What devices keep from live response: files that cannot be fetched, an antivirus that blocks, an old
// PowerShell, and the numbers a failed session has.
import { describe, expect, test } from '@jest/globals';
import { newFolder } from './newFolder.ts';
import { defender, dump, getFile, refusalOf, runScript } from './defender.ts';
import type { ListJson } from './defender.ts';
import { outcome, upload } from './wholeSessions.ts';
import type { Failed } from './wholeSessions.ts';

describe('a device', () => {
  const path = 'C:\\Users\\Public\\evidence.bin';
  test.each([
    ['sparse', /is a sparse file/, -2_147_024_846],
    ['empty', /is empty/, -2_147_024_858],
    ['reparsePoint', /is a reparse point/, -2_147_022_976],
    ['cloudOnly', /not fully present locally/, -2_147_024_534],
    ['tooLarge', /exceeds the maximum size of 3 GB/, -2_147_024_673],
    ['directory', /is a directory/, -2_147_024_891],
  ] as const)(
    'gives no file of the kind %s away, in whatever case its name is written',
    async (kind, said, hresult) => {
      const tenant = await defender();
      await tenant.setDevice('hosta.corp.example', { oddFiles: [{ path, kind }] });
      const failed = await outcome(tenant, [getFile(path.toUpperCase())]);
      expect(failed).toMatchObject({
        status: 'Failed',
        errorHResult: hresult,
        troubleshootInfo: expect.stringMatching(
          /^Command 0 \(GetFile\) failed with 0x8007[0-9A-F]{4}\.$/,
        ) as unknown,
      });
      expect(failed.commands[0]?.errors[0]).toMatch(said);
      expect(await refusalOf(await tenant.linkAnswer(failed.id, 0))).toBe('400 BadRequest');
    },
  );

  test.each([
    ['hosta.corp.example', 'C:\\Windows\\System32'],
    ['hosta.corp.example', 'c:\\windows\\TEMP\\'],
    ['web1.corp.example', '/var/log/'],
  ])('%s gives no directory away: %s', async (device, folder) => {
    const tenant = await defender();
    expect((await outcome(tenant, [getFile(folder)], device)).commands[0]?.errors[0]).toMatch(
      /is a directory/,
    );
  });

  test('keeps its odd files and its antivirus over a restart', async () => {
    const dataDir = newFolder();
    const before = await defender({ dataDir });
    await before.setDevice('hosta.corp.example', { oddFiles: [{ path, kind: 'sparse' }], amsi: 'failed' });
    await before.stop();
    const after = await defender({ dataDir, at: before.now() });
    expect(after.tenant.device('hosta.corp.example')).toMatchObject({
      oddFiles: [{ path, kind: 'sparse' }],
      amsi: 'failed',
    });
  });

  test.each([
    { oddFiles: [{ path, kind: 'huge' }] },
    { oddFiles: [path] },
    { oddFiles: [{ kind: 'empty' }] },
    { amsi: true },
  ])('takes no setting that means nothing: %j', async (change) => {
    const tenant = await defender();
    expect(await refusalOf(await tenant.post('/simulator/devices/hosta.corp.example', change))).toBe(
      '400 BadRequest',
    );
  });

  test('whose antivirus blocks scripts says so in their errors, or fails the command', async () => {
    const tenant = await defender();
    await tenant.setDevice('hosta.corp.example', { amsi: 'output' });
    const completed = await outcome(tenant, dump);
    expect(completed.commands.map(({ commandStatus }) => commandStatus)).toEqual(['Completed', 'Failed']);
    const transcript = JSON.parse(await (await fetch(await tenant.link(completed.id, 0))).text()) as {
      readonly exit_code: number;
      readonly script_errors: string;
    };
    expect([transcript.exit_code, transcript.script_errors]).toEqual([
      1,
      expect.stringContaining('ScriptContainedMaliciousContent'),
    ]);
    await tenant.setDevice('hosta.corp.example', { amsi: 'failed' });
    const failed = await outcome(tenant, dump);
    expect([failed.errorHResult, failed.commands[0]?.errors[0]]).toEqual([
      -2_147_024_671,
      expect.stringMatching(/blocked by your antivirus software/),
    ]);
    // Nothing of the sort happens to what is no PowerShell.
    expect((await outcome(tenant, [runScript('hello.sh')])).status).toBe('Succeeded');
  });

  test('of Server 2012 R2 has PowerShell 4, which says why it runs no script that requires 5.1', async () => {
    const tenant = await defender();
    await upload(tenant, 'needs51.ps1', '\uFEFF#Requires -Version 5.1\r\nWrite-Output 1');
    await upload(tenant, 'needs4.ps1', '#requires -RunAsAdministrator -Version 4.0\nWrite-Output 1');
    await tenant.post('/simulator/devices/old1.corp.example', {
      add: true,
      osPlatform: 'WindowsServer2012R2',
    });
    const transcriptOf = async (
      name: string,
      device: string,
    ): Promise<{ readonly exit_code: number; readonly script_errors: string }> =>
      JSON.parse(
        await (
          await fetch(await tenant.link((await outcome(tenant, [runScript(name)], device)).id, 0))
        ).text(),
      ) as { readonly exit_code: number; readonly script_errors: string };
    expect(await transcriptOf('needs51.ps1', 'old1.corp.example')).toMatchObject({
      exit_code: 1,
      script_errors: expect.stringMatching(
        /"#requires" statement for Windows PowerShell 5\.1\..*currently running version of Windows PowerShell 4\.0/,
      ) as unknown,
    });
    expect((await transcriptOf('needs4.ps1', 'old1.corp.example')).exit_code).toBe(0);
    expect((await transcriptOf('needs51.ps1', 'hosta.corp.example')).exit_code).toBe(0);
  });

  test('whose session failed has a number and a sentence for it, unless the tenant is set to give none', async () => {
    const dataDir = newFolder();
    const tenant = await defender({ dataDir });
    const ask = (): Promise<Failed> => outcome(tenant, [getFile('C:\\Users\\Public\\nowhere.txt')]);
    const failed = await ask();
    expect(failed).toMatchObject({
      errorHResult: -2_147_024_894,
      troubleshootInfo: 'Command 0 (GetFile) failed with 0x80070002.',
    });
    expect(
      (await tenant.get<ListJson<Failed>>(`/api/machineactions?$filter=id eq '${failed.id}'`)).value[0],
    ).toMatchObject({ errorHResult: -2_147_024_894 });
    expect(await outcome(tenant, dump)).toMatchObject({
      status: 'Succeeded',
      errorHResult: 0,
      troubleshootInfo: null,
    });
    await tenant.set({ failureCodes: 'none' });
    expect(await ask()).toMatchObject({ status: 'Failed', errorHResult: 0, troubleshootInfo: null });
    await tenant.stop();
    const after = await defender({ dataDir, at: tenant.now() });
    expect(await after.action(failed.id)).toMatchObject({
      errorHResult: -2_147_024_894,
      troubleshootInfo: 'Command 0 (GetFile) failed with 0x80070002.',
    });
  });
});
