// The doctor under test: as the built program with nothing but settings, or in this process where a token has
// to be of our own making.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createClock } from '../../../src/adapters/clock.ts';
import type { TokenSource } from '../../../src/adapters/entra/credentials.ts';
import { Http } from '../../../src/adapters/outbound/http.ts';
import { Secret } from '../../../src/adapters/secret.ts';
import { examine } from '../../../src/doctor/examine.ts';
import type { Examination } from '../../../src/doctor/examine.ts';
import type { Line } from '../../../src/adapters/checks/line.ts';
import { showLine } from '../../../src/doctor/report.ts';
import { secretsIn } from '../../../src/doctor/settings.ts';
import { rights } from '../../../src/liveResponse/codes/permissions.ts';
import { json, refuse } from '../defender/defenderFakes.ts';
import type { Answer } from '../defender/defenderFakes.ts';
import { root } from '../root.ts';
import { testKeyText } from '../store/testKeys.ts';

export type Variables = Readonly<Record<string, string>>;

export interface Examined {
  readonly lines: readonly Line[];
  /** `FAIL` and `warn` lines as "check: found". */
  readonly red: readonly string[];
  readonly yellow: readonly string[];
  /** All that a person sees. */
  readonly text: string;
}

/** What a real Defender asks for; a simulated one has its own key. */
function recordOf(variables: Variables): Variables {
  return variables['AZURE_TENANT_ID'] === undefined
    ? {}
    : { LR_JOURNAL_KEY: testKeyText, LR_ANCHOR_URL: 'https://anchors.example/' };
}

function sorted(lines: readonly Line[], text: string): Examined {
  const those = (verdict: Line['verdict']): readonly string[] =>
    lines.filter((line) => line.verdict === verdict).map(({ check, found }) => `${check}: ${found}`);
  return { lines, red: those('FAIL'), yellow: those('warn'), text };
}

export interface ProgramRun extends Examined {
  readonly code: number | null;
  readonly stderr: string;
}

/**
 * Runs dist/src/cli/doctor.js with these settings alone, twice the same report: as JSON for the test, and its
 * text as it was printed.
 */
export async function runDoctor(
  variables: Variables,
  args: readonly string[] = ['--json'],
): Promise<ProgramRun> {
  // Only what the test names: no setting of the machine may leak in.
  const child = spawn(process.execPath, [join(root, 'dist', 'src', 'cli', 'doctor.js'), ...args], {
    env: { PATH: process.env['PATH'] ?? '', LR_ENV_FILE: 'off', ...recordOf(variables), ...variables },
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString('utf8')));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  const lines = args.includes('--json')
    ? text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Line)
        .filter((line) => line.check !== 'summary')
    : [];
  return { ...sorted(lines, text), code, stderr };
}

/** The same examination in this process. */
export async function examined(variables: Variables, parts: Partial<Examination> = {}): Promise<Examined> {
  const http = new Http();
  const lines: Line[] = [];
  try {
    await examine(
      {
        variables: { ...recordOf(variables), ...variables },
        http,
        clock: createClock(),
        offline: false,
        probe: true,
        ...parts,
      },
      (line) => lines.push(line),
    );
  } finally {
    await http.close();
  }
  const style = { json: false, colours: false, secrets: secretsIn(variables) };
  return sorted(lines, lines.map((line) => showLine(line, style)).join(''));
}

export const tenantId = '11111111-2222-4333-8444-555555555555';
export const clientId = '66666666-7777-4888-8999-aaaaaaaaaaaa';
export const clientSecret = 'canary-client-secret';
/** Each of the permissions that the bot uses, and no other. */
export const allRoles: readonly string[] = [
  'Machine.LiveResponse',
  'Machine.ReadWrite.All',
  'Machine.Read.All',
  'Library.Manage',
];
if (Object.values(rights).some(({ anyOf }) => !anyOf.some((role) => allRoles.includes(role))))
  throw new Error('a right without a role here');

/** A token that the simulator takes: unsigned, marked so that it is found wherever it leaks. */
export function jwt(claims: Readonly<Record<string, unknown>> = {}): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const all = {
    aud: 'https://api.securitycenter.microsoft.com',
    tid: tenantId,
    appid: clientId,
    roles: allRoles,
    exp: Math.floor(Date.now() / 1000) + 3_599,
    ...claims,
  };
  return `${part({ alg: 'none' })}.${part(all)}.canarysignature`;
}

export function tokenSource(value: string): () => TokenSource {
  return () => ({
    getToken: () => Promise.resolve({ value: new Secret(value), expiresAt: Date.now() + 3_599_000 }),
  });
}

export const noSuchDevice = 'f'.repeat(40);

/** A Defender that answers as it should, whatever the token. */
export const healthy: Answer = (ask, response) => {
  if (ask.path.includes(noSuchDevice)) refuse(response, 404, 'ResourceNotFound');
  else if (ask.path.startsWith('/api/libraryfiles'))
    json(response, 200, {
      value: ['minidump.ps1', 'collect.ps1', 'collect.sh'].map((fileName) => ({ fileName, sha256: '00' })),
    });
  else json(response, 200, { value: [{ id: 'a'.repeat(40) }] });
};
