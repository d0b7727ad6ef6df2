// Each kind of credential through the real @azure/identity, over real TLS, against a token endpoint that
// accepts only the right proof.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clouds } from '../../../src/adapters/defender/clouds.ts';
import { startFakeEntra } from '../../support/entra/fakeEntra.ts';
import type { FakeEntra } from '../../support/entra/fakeEntra.ts';
import { startProgram } from '../../support/programs/program.ts';
import { selfSigned } from '../../support/entra/selfSigned.ts';

const dir = mkdtempSync(join(tmpdir(), 'lr-entra-'));
const tls = selfSigned('fake Entra');
const certificate = selfSigned('live-response-bot');
const tenantId = '5f0c1d2e-0000-4000-8000-000000000000';
const clientId = '5f0c1d2e-0000-4000-8000-000000000001';
const scope = clouds.commercial.scope;
const resource = 'https://api.securitycenter.microsoft.com';
const file = (name: string, text: string) => {
  writeFileSync(join(dir, name), text, { mode: 0o600 });
  return join(dir, name);
};
let entra: FakeEntra;

beforeAll(async () => {
  entra = await startFakeEntra(tls, {
    tenant: tenantId,
    clientId,
    secret: 'canary-secret',
    certificate,
    assertion: 'canary-assertion',
  });
});
afterAll(async () => {
  await entra.close();
  rmSync(dir, { recursive: true, force: true });
});

async function ask(
  credentials: object,
  env: Readonly<Record<string, string>> = {},
  askedScope = scope,
): Promise<Readonly<Record<string, unknown>>> {
  const program = await startProgram(
    'test/support/entra/tokenChild.js',
    [JSON.stringify({ authority: entra.authority, scope: askedScope, credentials })],
    {
      NODE_EXTRA_CA_CERTS: file('ca.pem', tls.cert),
      HOME: dir,
      ...env,
    },
  );
  await program.kill('SIGKILL');
  return JSON.parse(program.firstLine) as Readonly<Record<string, unknown>>;
}

describe('a token', () => {
  test.each([
    ['a secret', 'secret', () => ({ kind: 'secret', tenantId, clientId, secret: 'canary-secret' })],
    [
      'a certificate',
      'certificate',
      () => ({
        kind: 'certificate',
        tenantId,
        clientId,
        path: file('app.pem', certificate.cert + certificate.key),
      }),
    ],
    [
      'a workload identity',
      'workload',
      () => ({
        kind: 'workloadIdentity',
        tenantId,
        clientId,
        tokenFile: file('assertion', 'canary-assertion'),
      }),
    ],
  ])(
    'comes by %s, is kept, and renewed past the cache when one was refused',
    async (_name, by, credentials) => {
      const before = entra.issued.length;
      const { tokens } = await ask(credentials());
      const first = `token-${String(before + 1)}-${by}`;
      const second = `token-${String(before + 2)}-${by}`;
      expect(tokens).toEqual([first, first, second, second]);
      expect(entra.issued.slice(before).every((one) => one.scope.split(' ').includes(scope))).toBe(true);
    },
  );

  test('comes by a managed identity, is kept, and renewed past the cache of the whole process', async () => {
    const before = entra.issued.length;
    const { tokens } = await ask(
      { kind: 'managedIdentity' },
      { IDENTITY_ENDPOINT: entra.identityEndpoint, IDENTITY_HEADER: entra.identityHeader },
    );
    const first = `token-${String(before + 1)}-identity`;
    const second = `token-${String(before + 2)}-identity`;
    expect(tokens).toEqual([first, first, second, second]);
    expect(entra.issued.slice(before)).toEqual([
      { by: 'identity', scope: resource },
      { by: 'identity', scope: resource },
    ]);
  });

  test('comes by whoever is signed in on this machine', async () => {
    // As `az account get-access-token` prints it (learn.microsoft.com/cli/azure/account).
    const az = file(
      'az',
      `#!/bin/sh\necho '{"accessToken":"token-of-a-developer","expires_on":${String(Math.floor(Date.now() / 1000) + 3600)},"expiresOn":"2099-01-01 00:00:00.000000","tokenType":"Bearer"}'\n`,
    );
    chmodSync(az, 0o700);
    const { tokens } = await ask({ kind: 'developer' }, { PATH: `${dir}:${process.env['PATH'] ?? ''}` });
    expect(tokens).toEqual(Array.from({ length: 4 }, () => 'token-of-a-developer'));
  });

  test.each([
    [
      'a wrong secret',
      () => ({ kind: 'secret', tenantId, clientId, secret: 'canary-wrong' }),
      {},
      /client secret is wrong/,
    ],
    [
      'a certificate that is not registered',
      () => {
        const other = selfSigned('other');
        return { kind: 'certificate', tenantId, clientId, path: file('other.pem', other.cert + other.key) };
      },
      {},
      /\[AADSTS7000215\]/,
    ],
    [
      'a managed identity that is not there',
      () => ({ kind: 'managedIdentity' }),
      { IDENTITY_ENDPOINT: 'http://127.0.0.1:9/none', IDENTITY_HEADER: 'x' },
      /identity is assigned/,
    ],
    ['nobody signed in', () => ({ kind: 'developer' }), { PATH: '/nowhere' }, /az login/],
  ])('does not come by %s, which is said without anything secret', async (_name, credentials, env, words) => {
    const told = await ask(credentials(), env);
    expect(told['message']).toMatch(words);
    expect(JSON.stringify(told)).not.toContain('canary');
  });
});
