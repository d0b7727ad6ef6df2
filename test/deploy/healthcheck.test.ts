// The image's health check, as a process against a real port: 0 only for a 200 of /healthz, and an end in any
// case.
import { afterEach, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { root } from '../support/root.ts';

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  server = undefined;
});

async function serve(listener: RequestListener): Promise<string> {
  const listening = createServer(listener);
  server = listening;
  await new Promise<void>((resolve) => {
    listening.listen(0, '127.0.0.1', resolve);
  });
  return String((listening.address() as AddressInfo).port);
}

function check(
  env: Readonly<Record<string, string>>,
): Promise<{ readonly code: number | null; readonly out: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [join(root, 'manifest', 'container', 'healthcheck.mjs')], {
      env: { PATH: '', ...env },
    });
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString('utf8')));
    child.stderr.on('data', (chunk: Buffer) => (out += chunk.toString('utf8')));
    child.once('close', (code) => {
      resolve({ code, out });
    });
  });
}

test('is well with a 200 of /healthz, whatever address the bot listens on', async () => {
  const asked: (string | undefined)[] = [];
  const PORT = await serve(({ url }, response) => {
    asked.push(url);
    response.end('{"status":"alive"}');
  });
  for (const HOST of ['0.0.0.0', '', '127.0.0.1', 'localhost'])
    expect(await check({ PORT, HOST })).toEqual({ code: 0, out: '/healthz 200\n' });
  expect(new Set(asked)).toEqual(new Set(['/healthz']));
});

test('is not well with a 503, and says why', async () => {
  const PORT = await serve((_request, response) => {
    response.writeHead(503).end('{"status":"broken","reasons":["worker cards: hangs"]}');
  });
  expect(await check({ PORT })).toEqual({
    code: 1,
    out: '/healthz 503: {"status":"broken","reasons":["worker cards: hangs"]}\n',
  });
});

test('is not well with a port that nobody listens on', async () => {
  const PORT = await serve(() => undefined);
  await new Promise((resolve) => server?.close(resolve));
  expect(await check({ PORT })).toEqual({
    code: 1,
    out: expect.stringMatching(/does not answer: .*ECONNREFUSED/) as unknown,
  });
});

test('is not well with a port that takes the question and never answers', async () => {
  const PORT = await serve(() => undefined);
  expect(await check({ PORT })).toEqual({
    code: 1,
    out: expect.stringContaining('does not answer within 4000 ms') as unknown,
  });
});

test('is not well with an answer that has no end', async () => {
  const PORT = await serve((_request, response) => {
    const more = (): void => {
      while (!response.destroyed && response.write('x'.repeat(16_384)));
    };
    response.on('drain', more);
    more();
  });
  expect(await check({ PORT })).toEqual({ code: 1, out: '/healthz answers with more than it may\n' });
});

test('is not well where the port cannot be known, and says what to change', async () => {
  expect(await check({ PORT: '0' })).toEqual({
    code: 1,
    out: expect.stringContaining('Give PORT a number from 1 to 65535') as unknown,
  });
});
