// Rows 5.6 and 5.7, and the promise to cut off slow senders: both ports over raw sockets.
import { afterEach, describe, expect, test } from '@jest/globals';
import express from 'express';
import { request } from 'node:http';
import { createClock } from '../../../src/adapters/clock.ts';
import { portAfter, startAdmin } from '../../../src/adapters/http/admin.ts';
import type { ConnectionLimits, Listening } from '../../../src/adapters/http/listen.ts';
import { startHttp } from '../../../src/adapters/http/server.ts';
import type { Check } from '../../../src/adapters/http/server.ts';
import { rawSocket } from '../../support/programs/rawSocket.ts';
import type { RawSocket } from '../../support/programs/rawSocket.ts';
import { createLogBook } from '../../support/slack/slackHarness.ts';

const open: { stop(): Promise<void> }[] = [];
const sockets: RawSocket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.close();
  await Promise.all(open.splice(0).map((server) => server.stop()));
});

const frozen: Check = { name: 'submissions', ok: true, why: 'frozen by Avery Approver: odd approvals' };
const journal: Check = { name: 'journal', ok: false, blocks: true, why: 'disk full' };
const defender: Check = { name: 'defender', ok: false, why: 'Defender answered 503' };

interface Opened {
  readonly limits?: Partial<ConnectionLimits>;
  readonly checks?: readonly Check[];
  readonly metrics?: () => Promise<{ readonly type: string; readonly body: string }>;
}

async function publicPort({ limits, checks = [frozen] }: Opened = {}): Promise<
  Listening & { readonly log: ReturnType<typeof createLogBook> }
> {
  const log = createLogBook();
  const server = await startHttp({
    host: '127.0.0.1',
    port: 0,
    log,
    clock: createClock(),
    healthy: () => [],
    ready: () => checks,
    mount: [
      (app) => {
        app.post('/echo', express.text({ type: '*/*' }), (asked, response) => void response.send(asked.body));
        app.get('/breaks', () => {
          throw new Error('a bug');
        });
      },
    ],
    ...(limits === undefined ? {} : { limits }),
  });
  open.push(server);
  return { ...server, log };
}

async function adminPort({
  limits,
  checks = [frozen],
  metrics = () => Promise.resolve({ type: 'text/plain', body: 'lr_open_requests 1\n' }),
}: Opened = {}): Promise<Listening & { readonly log: ReturnType<typeof createLogBook> }> {
  const log = createLogBook();
  const server = await startAdmin({
    host: '127.0.0.1',
    port: 0,
    log,
    clock: createClock(),
    healthy: () => [],
    ready: () => checks,
    metrics,
    ...(limits === undefined ? {} : { limits }),
  });
  open.push(server);
  return { ...server, log };
}

/** With a Host header of the caller's choice, which fetch does not let anybody set. */
function asked(
  url: string,
  host: string,
  method = 'GET',
): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const call = request(url, { method, headers: { host } }, (answer) => {
      let text = '';
      answer.on('data', (bytes: Buffer) => (text += bytes.toString('utf8')));
      answer.on('end', () => {
        resolve({ status: answer.statusCode ?? 0, text });
      });
    });
    call.on('error', reject);
    call.end();
  });
}

describe('row 5.6: a stranger on the public port', () => {
  test.each([
    ['all is well', [frozen], 200, 'ready'],
    ['it is degraded', [frozen, defender], 200, 'ready'],
    ['it may take nothing', [frozen, defender, journal], 503, 'not ready'],
  ] as const)('is told in one word when %s', async (_how, checks, status, word) => {
    const server = await publicPort({ checks });
    const answer = await fetch(`${server.url}/readyz`);
    expect([answer.status, await answer.json()]).toEqual([status, { status: word }]);
  });

  test('gets no metrics, and is told which setting they are on', async () => {
    const server = await publicPort();
    const answer = await fetch(`${server.url}/metrics`);
    expect([answer.status, await answer.text()]).toEqual([404, expect.stringContaining('LR_ADMIN_PORT')]);
  });
});

describe('the admin port', () => {
  test.each([
    [3978, 3979],
    [65_535, 65_534],
    [0, 0],
  ])('after %i is %i', (open, port) => {
    expect(portAfter(open)).toBe(port);
  });

  test('says why, and holds the metrics', async () => {
    const server = await adminPort({ checks: [frozen, defender] });
    const answer = await fetch(`${server.url}/readyz`);
    expect([answer.status, await answer.json()]).toEqual([
      200,
      {
        status: 'degraded',
        reasons: ['defender: Defender answered 503'],
        checks: [frozen, { name: 'defender', ok: false, why: 'Defender answered 503' }],
      },
    ]);
    expect(await (await fetch(`${server.url}/metrics`)).text()).toContain('lr_open_requests 1');
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
  });

  test.each(['/readyz', '/metrics', '/healthz', '/nothing'])(
    'answers %s to no other name than this machine’s: a web page can point its own name here',
    async (path) => {
      const server = await adminPort();
      const { port } = server;
      for (const host of [
        `evil.example:${port}`,
        'evil.example',
        `127.0.0.1.evil.example:${port}`,
        `localhost.evil.example:${port}`,
        `192.0.2.1:${port}`,
      ]) {
        const { status, text } = await asked(`${server.url}${path}`, host);
        expect([host, status, text.includes('frozen')]).toEqual([host, 403, false]);
      }
      for (const host of [
        `127.0.0.1:${port}`,
        `localhost:${port}`,
        `LOCALHOST:${port}`,
        `[::1]:${port}`,
        'localhost:9000',
      ]) {
        expect([host, (await asked(`${server.url}${path}`, host)).status]).toEqual([
          host,
          path === '/nothing' ? 404 : 200,
        ]);
      }
    },
  );

  test.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])('takes no %s', async (method) => {
    const server = await adminPort();
    expect((await asked(`${server.url}/readyz`, '127.0.0.1', method)).status).toBe(405);
  });

  test('gives no stack away when the metrics fail, and says it in few lines', async () => {
    const server = await adminPort({ metrics: () => Promise.reject(new Error('the inner reason')) });
    for (let n = 0; n < 20; n += 1) {
      const answer = await fetch(`${server.url}/metrics`);
      expect([answer.status, await answer.text()]).toEqual([500, 'Internal error\n']);
    }
    expect(server.log.lines.length).toBeLessThan(3);
  });
});

const short: ConnectionLimits = {
  headers: 300,
  request: 600,
  idle: 300,
  silent: 900,
  lookedAtEvery: 50,
  connections: 512,
};

describe.each([
  ['the public port', publicPort, '/echo'],
  ['the admin port', adminPort, '/readyz'],
] as const)('on %s', (_name, start, path) => {
  async function socketTo(limits: Partial<ConnectionLimits> = short): Promise<RawSocket> {
    const server = await start({ limits });
    const socket = await rawSocket(server.url);
    sockets.push(socket);
    return socket;
  }

  test('anyone who connects and says nothing is cut', async () => {
    const socket = await socketTo();
    await socket.cut;
  });

  test('anyone who sends half a header, and more of it now and then, is cut', async () => {
    const socket = await socketTo();
    socket.write(`POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: `);
    const drip = setInterval(() => {
      socket.write('a');
    }, 20);
    await socket.cut;
    clearInterval(drip);
    expect(socket.said()).toMatch(/^HTTP\/1\.1 408 /);
  });

  test('anyone who sends a body that never ends is cut', async () => {
    const socket = await socketTo();
    socket.write(
      `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/plain\r\nContent-Length: 100000\r\n\r\n`,
    );
    const drip = setInterval(() => {
      socket.write('a');
    }, 20);
    await socket.cut;
    clearInterval(drip);
  });

  test('anyone who keeps a connection after an answer is cut', async () => {
    const socket = await socketTo();
    socket.write('GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
    await socket.hears(/alive/);
    await socket.cut;
  });

  test('anyone who opens many connections keeps nobody out: the oldest that asked for nothing makes room', async () => {
    const server = await start({
      limits: { ...short, headers: 60_000, request: 60_000, idle: 60_000, silent: 60_000, connections: 8 },
    });
    const held: RawSocket[] = [];
    for (let n = 0; n < 24; n += 1) {
      const socket = await rawSocket(server.url);
      socket.write(
        `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9\r\n${n % 2 === 0 ? '' : '\r\n1'}`,
      );
      sockets.push(socket);
      held.push(socket);
    }
    const visitor = await rawSocket(server.url);
    sockets.push(visitor);
    visitor.write('GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
    expect(await visitor.hears(/alive/)).toMatch(/^HTTP\/1\.1 200 /);
    await Promise.all(held.slice(0, 17).map((socket) => socket.cut));
    expect(held.slice(17).filter((socket) => socket.isCut())).toEqual([]);
  });
});

test('a fault of ours that strangers can cause again and again costs few lines of the log', async () => {
  const server = await publicPort();
  for (let n = 0; n < 50; n += 1) expect((await fetch(`${server.url}/breaks`)).status).toBe(500);
  for (let n = 0; n < 50; n += 1) expect((await fetch(`${server.url}/nothing-${n}`)).status).toBe(404);
  expect(server.log.lines).toHaveLength(5);
});
