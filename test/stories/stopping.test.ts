// Row 1.19: a stop is bounded whatever hangs, nothing is lost by it, and how the process is can be asked
// until it is nearly over.
import { stageOf } from '../../src/liveResponse/request/request.ts';
import { afterEach, describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Shutdown, within } from '../../src/app/shutdown.ts';
import { openTestApp } from '../support/apps/testApp.ts';
import { addressIn, startProgram, stopped } from '../support/programs/program.ts';
import type { Program } from '../support/programs/program.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** Takes every connection and never says a word. */
async function silentServer(): Promise<string> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  closers.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => {
      server.close(resolve);
    });
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function start(env: Readonly<Record<string, string>>): Promise<Program> {
  const dir = mkdtempSync(join(tmpdir(), 'lr-stop-'));
  closers.push(() => {
    rmSync(dir, { recursive: true, force: true });
    return Promise.resolve();
  });
  const program = await startProgram('src/main.js', [], {
    PORT: '0',
    LR_DATA_DIR: join(dir, 'data'),
    LR_LOG_LEVEL: 'error',
    ...env,
  });
  closers.push(() => program.kill('SIGKILL'));
  return program;
}

describe('row 1.19: SIGTERM while Defender hangs', () => {
  test('ends the process with 0 within 20 s; until then it is alive, takes nothing, and says that it stops', async () => {
    const program = await start({ DEFENDER_API_URL: await silentServer(), DEFENDER_AUTH: 'none' });
    const url = addressIn(program.firstLine);
    const asking = fetch(`${url}/console/api/commands`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ as: 'responder1', place: 'incidents', text: 'dump hosta OfficeClickToRun' }),
    }).then(
      (answer) => answer.status,
      () => 0,
    );
    const ended = stopped(program);
    let ready = await fetch(`${url}/readyz`);
    while (ready.status !== 503) ready = await fetch(`${url}/readyz`);
    expect(await ready.json()).toEqual({ status: 'not ready' });
    expect(await (await fetch(`${await program.adminUrl()}/readyz`)).json()).toMatchObject({
      status: 'not ready',
      reasons: expect.arrayContaining(['process: stopping']),
    });
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    expect((await fetch(`${url}/console/api/people`)).status).toBe(503);
    expect(await ended).toBe(0);
    await asking;
  });
});

describe('row 1.19: a stop', () => {
  test('waits for no part that hangs, and for the others still', async () => {
    const warned: unknown[] = [];
    const closing = new Shutdown({
      info: () => undefined,
      warn: (event, fields) => void warned.push([event, fields?.['what']]),
      error: () => undefined,
    });
    const closed: string[] = [];
    closing.onClose('first', 1_000, () => Promise.resolve(closed.push('first')));
    closing.onClose('hangs', 50, () => new Promise(() => undefined));
    closing.onClose('fails', 1_000, () => Promise.reject(new Error('broken')));
    await expect(closing.all()).rejects.toThrow('not everything could be closed');
    expect([closed, warned]).toEqual([['first'], [['closedTooSlowly', 'hangs']]]);
  });

  test('knows what ended in time from what did not', async () => {
    expect(await within(1_000, Promise.resolve())).toBe(true);
    expect(await within(10, new Promise(() => undefined))).toBe(false);
    await expect(within(1_000, Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  });

  test('ends the reading of results after the one under way; the rest is read by the next pass', async () => {
    const app = await openTestApp();
    closers.push(() => app.close());
    app.simulator.tenant.faults.plant({ what: 'notReady', times: 'always' });
    for (const name of ['hosta', 'hostb']) await app.say('responder1', `dump ${name} notepad`);
    for (const request of app.store.all()) await app.press('approver1', 'approve', { request });
    while (app.store.open().length > 0) await app.run(2_400);
    app.simulator.tenant.faults.clear();
    app.clock.move(15 * 60_000);
    const unread = (): number =>
      app.store.all().filter((request) => {
        const stage = stageOf(request);
        return stage.state === 'finished' && stage.run.results.excerpts.length === 0;
      }).length;
    expect(unread()).toBe(2);
    let left = 2;
    await app.loop.results.pass({ goOn: () => (left -= 1) >= 0 });
    expect(unread()).toBe(1);
    await app.loop.results.pass();
    expect(unread()).toBe(0);
  });
});
