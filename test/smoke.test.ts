// The built program, started as people start it: what Jest resolves and Node does not would be found here.
import { stateIn } from './support/requests/requests.ts';
import { afterEach, describe, expect, test } from '@jest/globals';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createJournalWatch } from './crash/journalWatch.ts';
import { addressIn, startProgram } from './support/programs/program.ts';
import type { Program } from './support/programs/program.ts';

let program: Program | undefined;
const dir = mkdtempSync(join(tmpdir(), 'lr-smoke-'));
afterEach(async () => {
  await program?.kill('SIGKILL');
  program = undefined;
  rmSync(dir, { recursive: true, force: true });
});

/**
 * From the start of the process to ready: 2 s, in processor time, because the wall clock tells how busy the
 * machine is. Milliseconds.
 */
const readyWithin = 2000;

/**
 * What a process has used of the processors so far; undefined where the system does not say. Ticks of a
 * hundredth of a second (proc(5)).
 */
function processorTime(pid: number | undefined): number | undefined {
  const file = `/proc/${pid ?? 0}/stat`;
  if (!existsSync(file)) return undefined;
  const fields = readFileSync(file, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

describe('the built program', () => {
  test('is ready within 2 s of processor time without any setting, and stops cleanly on SIGTERM', async () => {
    const began = performance.now();
    program = await startProgram('src/main.js', [], { PORT: '0', LR_DATA_DIR: dir, LR_LOG_LEVEL: 'error' });
    const ready = await fetch(`${addressIn(program.firstLine)}/readyz`);
    expect(processorTime(program.child.pid) ?? performance.now() - began).toBeLessThan(readyWithin);
    expect(await ready.json()).toEqual({ status: 'ready' });
    const url = addressIn(program.firstLine);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    expect(await (await fetch(`${await program.adminUrl()}/metrics`)).text()).toContain('lr_events_total');
    const unknown = await fetch(`${url}/nothing-here`);
    expect([unknown.status, await unknown.text()]).toEqual([404, 'Not found\n']);
    expect(await program.kill('SIGTERM')).toBe(0);
  });

  test('plays a request through its JSON API', async () => {
    program = await startProgram('src/main.js', [], { PORT: '0', LR_DATA_DIR: dir, LR_LOG_LEVEL: 'error' });
    const url = addressIn(program.firstLine);
    const asked = await fetch(`${url}/console/api/commands`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ as: 'responder1', place: 'incidents', text: 'dump hosta OfficeClickToRun' }),
    });
    expect(await asked.json()).toMatchObject({ kind: 'asked' });
  });

  test('lets a submission under way end before it stops, so that a restart never has to guess', async () => {
    const simulator = await startProgram('src/cli/simulator.js', ['--port', '0', '--latency', '700']);
    try {
      const { url: api } = JSON.parse(simulator.firstLine) as { readonly url: string };
      program = await startProgram('src/main.js', [], {
        PORT: '0',
        LR_DATA_DIR: dir,
        LR_LOG_LEVEL: 'error',
        DEFENDER_API_URL: api,
        DEFENDER_AUTH: 'none',
      });
      const url = addressIn(program.firstLine);
      const post = async (what: string, body: unknown) =>
        (
          await fetch(`${url}/console/api/${what}`, {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify(body),
          })
        ).json() as Promise<{ readonly requestId: string }>;
      const { requestId } = await post('commands', {
        as: 'responder1',
        place: 'incidents',
        text: 'dump hosta OfficeClickToRun',
      });
      const journal = createJournalWatch(dir);
      journal.read();
      const request = journal.requests.get(requestId);
      await post('presses', {
        as: 'approver1',
        place: 'incidents',
        request: requestId,
        verb: 'approve',
        revision: request?.revision,
        fingerprint: request?.subject.digest.slice(0, 16),
      });
      while (stateIn(journal.requests.get(requestId)) !== 'submitting') {
        await new Promise((resolve) => setImmediate(resolve));
        journal.read();
      }
      expect(await program.kill('SIGTERM')).toBe(0);
      journal.read();
      expect(stateIn(journal.requests.get(requestId))).toBe('running');
    } finally {
      await simulator.kill('SIGKILL');
    }
  });

  test.each([
    ['a console that others could reach', { HOST: '0.0.0.0' }, /HOST is 0\.0\.0\.0/],
    [
      'the console before a real Defender',
      {
        AZURE_TENANT_ID: '5f0c1d2e-0000-4000-8000-000000000000',
        AZURE_CLIENT_ID: '5f0c1d2e-0000-4000-8000-000000000001',
        AZURE_CLIENT_SECRET: 'not-a-secret',
      },
      /never runs with a real Defender/,
    ],
    ['a policy that is not there', { LR_POLICY: '/nowhere/policy.yaml' }, /policy .*cannot be read/],
    [
      'half a set of Slack settings',
      { SLACK_BOT_TOKEN: 'xoxb-1', LR_DEFENDER: 'simulator' },
      /SLACK_APP_TOKEN/,
    ],
  ])('refuses to start with %s, and says why', async (_name, env: Record<string, string>, words) => {
    await expect(startProgram('src/main.js', [], { PORT: '0', LR_DATA_DIR: dir, ...env })).rejects.toThrow(
      words,
    );
  });
});
