// Audiences of tokens as they are met in the field, over real HTTP: which are well, which are worth a look,
// and which is the trap. What is not known to be refused never keeps the doctor from making the calls, which
// tell more.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  clientId,
  clientSecret,
  examined,
  healthy,
  jwt,
  tenantId,
  tokenSource,
} from '../support/programs/doctorBench.ts';
import type { Examined, Variables } from '../support/programs/doctorBench.ts';
import { refuse, serve } from '../support/defender/defenderFakes.ts';
import type { Answer, Loopback } from '../support/defender/defenderFakes.ts';

let dir: string;
const servers: Loopback[] = [];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'lr-audience-'));
});
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
  rmSync(dir, { recursive: true, force: true });
});

async function withAudience(
  aud: unknown,
  more: Variables = {},
  answer: Answer = healthy,
): Promise<{ readonly found: Examined; readonly line: Examined['lines'][number]; readonly asked: number }> {
  const server = await serve(answer);
  servers.push(server);
  const settings = {
    PORT: '0',
    LR_DATA_DIR: dir,
    DEFENDER_API_URL: server.origin,
    DEFENDER_SCOPE: 'https://api.securitycenter.microsoft.com/.default',
    AZURE_TENANT_ID: tenantId,
    AZURE_CLIENT_ID: clientId,
    AZURE_CLIENT_SECRET: clientSecret,
    ...more,
  };
  const found = await examined(settings, { tokensOf: tokenSource(jwt({ aud })), probe: false });
  const line = found.lines.find(({ check }) => check === 'defender.audience');
  if (line === undefined) throw new Error(found.text);
  return { found, line, asked: server.asked.length };
}

const ended = (found: Examined): string | undefined =>
  found.lines.find(({ check }) => check === 'defender.actions')?.verdict;

describe('an audience that the field uses is worth a look at most, and every further check is made:', () => {
  test.each([
    ['https://api.securitycenter.windows.com', 'warn'],
    ['https://securitycenter.onmicrosoft.com/windowsatpservice', 'warn'],
    ['https://api.securitycenter.windows.com/', 'warn'],
    ['HTTPS://SecurityCenter.onmicrosoft.com/WindowsATPService/', 'warn'],
    ['https://API.SecurityCenter.Microsoft.com', 'warn'],
    ['https://api.securitycenter.microsoft.com/', 'ok'],
    ['fc780465-2017-40d4-a0c5-307022471b92', 'ok'],
    ['api://FC780465-2017-40D4-A0C5-307022471B92', 'ok'],
    ['spn:fc780465-2017-40d4-a0c5-307022471b92', 'ok'],
    ['https://api-gcc.securitycenter.microsoft.us', 'warn'],
    ['https://api-gov.securitycenter.microsoft.us/', 'warn'],
    [['https://api.securitycenter.microsoft.com', 'https://other.example'], 'ok'],
    [undefined, 'warn'],
  ])('%j is %s', async (aud, verdict) => {
    const { found, line } = await withAudience(aud);
    expect(line.verdict).toBe(verdict);
    expect(found.red).toEqual([]);
    expect(ended(found)).toBe('ok');
  });

  test('in a US government cloud its own host is right, without a word', async () => {
    const { line } = await withAudience('https://api-gov.securitycenter.microsoft.us', {
      DEFENDER_SCOPE: 'https://api-gov.securitycenter.microsoft.us/.default',
    });
    expect(line).toMatchObject({ verdict: 'ok' });
  });
});

describe('an audience of another API stops the doctor, with the API’s name:', () => {
  test.each([
    ['https://api.security.microsoft.com', /Microsoft 365 Defender/],
    ['https://API.security.microsoft.com/', /Microsoft 365 Defender/],
    ['https://eu.api.security.microsoft.com', /Microsoft 365 Defender/],
    ['8ee8fdad-f234-4243-8f3b-15c294843740', /Microsoft 365 Defender/],
    ['https://graph.microsoft.com/', /Microsoft Graph/],
    ['00000003-0000-0000-c000-000000000000', /Microsoft Graph/],
    ['https://management.core.windows.net/', /Azure Resource Manager/],
  ])('%s', async (aud, name) => {
    const { line, asked } = await withAudience(aud);
    expect(line).toMatchObject({
      verdict: 'FAIL',
      found: expect.stringMatching(name),
      next: expect.stringContaining('Remove DEFENDER_SCOPE'),
    });
    // The host alone.
    expect(asked).toBe(1);
  });
});

describe('an audience that nobody has told of', () => {
  test.each([
    'https://api-apac.securitycenter.microsoft.com',
    'https://defender.corp.example',
    '12345678-1234-1234-1234-123456789012',
  ])('%s: says what is known, and goes on', async (aud) => {
    const { found, line } = await withAudience(aud);
    expect(line).toMatchObject({
      verdict: 'warn',
      found: expect.stringMatching(
        /nobody has told whether Defender takes it\. Known are https:\/\/api\.securitycenter\.microsoft\.com and/,
      ),
      next: expect.stringContaining(`DEFENDER_AUDIENCES=${aud}`),
    });
    expect(ended(found)).toBe('ok');
  });

  test('that Defender refuses is red by the call, with the way back in the warning', async () => {
    const { found, line } = await withAudience('https://defender.corp.example', {}, (_ask, response) =>
      refuse(response, 403, 'Forbidden'),
    );
    expect(line).toMatchObject({
      verdict: 'warn',
      next: expect.stringMatching(/If a line below answers 401 or 403: Remove DEFENDER_SCOPE/),
    });
    expect(found.red.some((one) => one.startsWith('defender.machines: Defender answers 403'))).toBe(true);
  });
});

describe('DEFENDER_AUDIENCES', () => {
  test.each([
    ['https://defender.corp.example', 'https://defender.corp.example'],
    [
      'https://api.securitycenter.windows.com/',
      'https://other.example, https://api.securitycenter.windows.com',
    ],
    ['12345678-1234-1234-1234-123456789012', 'api://12345678-1234-1234-1234-123456789012/.default'],
  ])('states that %s is right: %s', async (aud, stated) => {
    const { line } = await withAudience(aud, { DEFENDER_AUDIENCES: stated });
    expect(line).toMatchObject({
      verdict: 'ok',
      found: expect.stringContaining('which DEFENDER_AUDIENCES states'),
    });
  });
});
