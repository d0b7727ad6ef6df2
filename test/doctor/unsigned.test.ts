// Whether the shipped scripts can run as they are: one true warning on a tenant in its first days, none where
// they are signed or allowed.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSimulator } from '../../src/simulator/simulator.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { namedProfiles } from '../../src/simulator/profiles.ts';
import { refuse, serve } from '../support/defender/defenderFakes.ts';
import type { Loopback } from '../support/defender/defenderFakes.ts';
import {
  allRoles,
  clientId,
  clientSecret,
  examined,
  jwt,
  runDoctor,
  tenantId,
  tokenSource,
} from '../support/programs/doctorBench.ts';
import type { Examined, Variables } from '../support/programs/doctorBench.ts';
import { root } from '../support/root.ts';

let dir: string;
let simulator: Simulator;
let server: Loopback | undefined;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'lr-unsigned-'));
  simulator = await startSimulator();
});
afterEach(async () => {
  await simulator.stop();
  await server?.close();
  server = undefined;
  rmSync(dir, { recursive: true, force: true });
});

const shipped = (name: string): string => readFileSync(join(root, 'manifest', 'defender', name), 'utf8');
const signature = '\r\n# SIG # Begin signature block\r\n# MIIF\r\n# SIG # End signature block\r\n';

async function upload(name: string, content: string): Promise<void> {
  const form = new FormData();
  form.set('file', new Blob([content]), name);
  form.set('OverrideIfExists', 'true');
  expect((await fetch(`${simulator.url}/api/libraryfiles`, { method: 'POST', body: form })).status).toBe(200);
}

/** A tenant that looks like a real one: behind a credential, and without the endpoints of the simulator. */
async function real(more: Variables = {}): Promise<Examined> {
  server ??= await serve(({ method, path, headers, body }, response) => {
    if (path.startsWith('/simulator')) {
      refuse(response, 404, 'NotFound');
      return;
    }
    void (async () => {
      const answer = await fetch(`${simulator.url}${path}`, {
        method,
        headers: { 'content-type': 'application/json', authorization: headers.authorization ?? '' },
        ...(body === '' ? {} : { body }),
      });
      response.writeHead(answer.status, { 'content-type': 'application/json' });
      response.end(await answer.text());
    })();
  });
  return examined(
    {
      PORT: '0',
      LR_DATA_DIR: dir,
      DEFENDER_API_URL: server.origin,
      DEFENDER_SCOPE: 'https://api.securitycenter.microsoft.com/.default',
      AZURE_TENANT_ID: tenantId,
      AZURE_CLIENT_ID: clientId,
      AZURE_CLIENT_SECRET: clientSecret,
      ...more,
    },
    { tokensOf: tokenSource(jwt()) },
  );
}
const said = ({ lines }: Examined): readonly string[] =>
  lines
    .filter(({ check }) => check === 'defender.unsigned')
    .map(({ verdict, found }) => `${verdict} ${found}`);

describe('the simulated tenant inside the bot', () => {
  const local = (more: Variables = {}): Variables => ({ PORT: '0', LR_DATA_DIR: dir, ...more });

  test('on profile fresh shows the one true warning about unsigned scripts, and no other', async () => {
    const run = await runDoctor(local({ LR_SIMULATOR_PROFILE: 'fresh' }));
    expect([run.code, run.red, run.yellow]).toEqual([
      0,
      [],
      [
        expect.stringMatching(
          /^defender\.unsigned: collect\.ps1, minidump\.ps1 are the unsigned scripts as shipped, and this simulated tenant has unsigned scripts off/,
        ),
      ],
    ]);
    const line = run.lines.find(({ verdict }) => verdict === 'warn');
    expect(line !== undefined && 'next' in line ? line.next : '').toMatch(
      /Sign them and upload them again .*or turn on "Live response unsigned script execution": security\.microsoft\.com, Settings, Endpoints, Advanced features/,
    );
    expect((await runDoctor(local({ LR_SIMULATOR_PROFILE: 'fresh' }), [])).text).toMatch(
      /\n\d+ ok, 1 warn, 0 FAIL, \d+ skip\n$/,
    );
  });

  test('by default shows none, and says why', async () => {
    const run = await runDoctor(local());
    expect([run.code, run.red, run.yellow]).toEqual([0, [], []]);
    expect(said(run)).toEqual([
      'ok collect.ps1, minidump.ps1 are the unsigned scripts as shipped, and unsigned scripts are allowed in this simulated tenant',
    ]);
  });
});

describe('a simulator of another process', () => {
  const there = (): Variables => ({
    PORT: '0',
    LR_DATA_DIR: dir,
    DEFENDER_API_URL: simulator.url,
    DEFENDER_AUTH: 'none',
  });

  test('is asked how its switch stands', async () => {
    expect(said(await examined(there()))).toEqual([
      expect.stringMatching(/^ok .*allowed in this simulated tenant$/),
    ]);
    simulator.tenant.change(namedProfiles.fresh);
    const found = await examined(there());
    expect([found.red, found.yellow]).toEqual([[], [expect.stringMatching(/^defender\.unsigned: /)]]);
  });

  test.each([
    [
      'signed',
      () => upload('minidump.ps1', shipped('minidump.ps1') + signature),
      /^warn collect\.ps1 is the unsigned script as shipped/,
    ],
    [
      'changed by somebody',
      () => upload('collect.ps1', `${shipped('collect.ps1')}\n`),
      /^warn minidump\.ps1 is the unsigned script as shipped/,
    ],
    [
      'put there under a name of one’s own',
      () => upload('soc-dump.ps1', shipped('minidump.ps1')),
      /^warn collect\.ps1, minidump\.ps1, soc-dump\.ps1 are the unsigned scripts as shipped/,
    ],
  ])(
    'names a shipped script that was %s, or leaves it out, by its content',
    async (_name, change, wanted) => {
      simulator.tenant.change(namedProfiles.fresh);
      await change();
      expect(said(await examined(there()))).toEqual([expect.stringMatching(wanted)]);
    },
  );

  test('has nothing to warn of when all of them are signed', async () => {
    simulator.tenant.change(namedProfiles.fresh);
    for (const name of ['minidump.ps1', 'collect.ps1']) await upload(name, shipped(name) + signature);
    const found = await examined(there());
    expect([said(found), found.yellow]).toEqual([[], []]);
  });
});

describe('a tenant that is none of ours', () => {
  test('cannot be asked, so the warning says when the scripts run, and which setting takes it away', async () => {
    const found = await real();
    expect(said(found)).toEqual([
      'warn collect.ps1, minidump.ps1 are the unsigned scripts as shipped: they run only where unsigned script execution is on, and new tenants have it off',
    ]);
    expect(found.text).toContain('Where it is on, say so with DEFENDER_UNSIGNED_SCRIPTS=allowed.');
    expect(said(await real({ DEFENDER_UNSIGNED_SCRIPTS: 'allowed' }))).toEqual([
      'ok collect.ps1, minidump.ps1 are the unsigned scripts as shipped, and unsigned scripts are allowed (DEFENDER_UNSIGNED_SCRIPTS)',
    ]);
    expect(said(await real({ DEFENDER_UNSIGNED_SCRIPTS: 'unknown' }))).toHaveLength(1);
  });

  test('whose library may not be listed is not judged', async () => {
    simulator.tenant.change({ auth: 'token' });
    await real();
    const found = await examined(
      {
        PORT: '0',
        LR_DATA_DIR: dir,
        DEFENDER_API_URL: server?.origin ?? '',
        DEFENDER_SCOPE: 'https://api.securitycenter.microsoft.com/.default',
        AZURE_TENANT_ID: tenantId,
        AZURE_CLIENT_ID: clientId,
        AZURE_CLIENT_SECRET: clientSecret,
      },
      { tokensOf: tokenSource(jwt({ roles: allRoles.filter((role) => role !== 'Library.Manage') })) },
    );
    expect(said(found)).toEqual([]);
  });
});
