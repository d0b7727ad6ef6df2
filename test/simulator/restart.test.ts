// The state on disk: a restarted simulator is the same tenant, and the command line starts and stops one.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { defender, dump, hello, wholeSession } from './defender.ts';

let dataDir = '';
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'simulator-'));
});
afterEach(() => {
  rmSync(dataDir, { recursive: true, force: true });
});

describe('a restarted simulator', () => {
  test('goes on with the same actions, machines and submissions', async () => {
    const before = await defender({ dataDir });
    const { id } = await before.start('hosta.corp.example', dump, 'lr:1');
    before.tenant.changeDevice('laptop7.corp.example', { online: true });
    await before.stop();
    const after = await defender({ dataDir, at: before.now() + wholeSession });
    expect(await after.action(id)).toMatchObject({ id, status: 'Succeeded', requestorComment: 'lr:1' });
    expect(after.tenant.submissions).toEqual(before.tenant.submissions);
    expect(after.tenant.device('laptop7.corp.example')?.onlineSince).toBe(before.now());
    expect((await after.start('hostb.corp.example')).id).not.toBe(id);
  });

  test('has every accepted POST even when it was killed right after the answer', async () => {
    const killed = await defender({ dataDir });
    killed.tenant.faults.plant({ what: 'loseAnswer', on: 'run' });
    await expect(killed.run('hosta.corp.example', hello, 'lost')).rejects.toThrow();
    // Not stopped: the file is what a kill leaves.
    const after = await defender({ dataDir });
    expect(after.tenant.submissions.map(({ comment }) => comment)).toEqual(['lost']);
    expect(readdirSync(dataDir)).toEqual(['simulator.json']);
  });

  test('keeps the rate windows', async () => {
    const profile = { limits: { run: [{ max: 2, perMs: 60_000 }] } };
    const before = await defender({ dataDir, profile });
    await before.start('hosta.corp.example');
    await before.start('hostb.corp.example');
    const after = await defender({ dataDir, profile, at: before.now() + 59_000 });
    const refused = await after.run('web1.corp.example');
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1']);
  });

  test('accepts the links it gave before', async () => {
    const before = await defender({ dataDir });
    const { id } = await before.start('hosta.corp.example', dump);
    before.pass(wholeSession);
    const link = await before.link(id, 0);
    await before.stop();
    const after = await defender({ dataDir, at: before.now() });
    expect((await fetch(link.replace(before.blobUrl, after.blobUrl))).status).toBe(200);
    const stranger = await defender({ at: before.now() });
    expect((await fetch(link.replace(before.blobUrl, stranger.blobUrl))).status).toBe(403);
  });

  test('refuses a state file it does not understand', async () => {
    writeFileSync(join(dataDir, 'simulator.json'), '{"version":99}');
    await expect(defender({ dataDir })).rejects.toThrow(/was not written by this version/);
  });
});

test('the command line prints its addresses as JSON, serves, and stops on SIGTERM', async () => {
  const cli = fileURLToPath(new URL('../../src/cli/simulator.js', import.meta.url));
  const child = spawn(
    process.execPath,
    [cli, '--port', '0', '--speed', '20', '--data', dataDir, '--devices', '2'],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const exited = once(child, 'exit');
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  const { url, blobUrl } = JSON.parse(line) as { readonly url: string; readonly blobUrl: string };
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect(blobUrl).not.toBe(url);
  expect(await (await fetch(`${url}/api/machines/load002.corp.example`)).json()).toMatchObject({
    computerDnsName: 'load002.corp.example',
  });
  child.kill('SIGTERM');
  expect(await exited).toEqual([0, null]);
  expect(readdirSync(dataDir)).toEqual(['simulator.json']);
});

test('the command line says what is wrong with its options', async () => {
  const cli = fileURLToPath(new URL('../../src/cli/simulator.js', import.meta.url));
  const child = spawn(process.execPath, [cli, '--speed', 'fast'], { stdio: ['ignore', 'ignore', 'pipe'] });
  const exited = once(child, 'exit');
  const [line] = (await once(createInterface(child.stderr), 'line')) as [string];
  expect(line).toBe('--speed fast: a number is needed.');
  expect(await exited).toEqual([1, null]);
});
