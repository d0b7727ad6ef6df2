// The HTTP client: limits in time and size, and what a failed call says about whether it was sent.
import { describe, expect, test } from '@jest/globals';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { HttpError, jsonOf, retryAfterMs } from '../../../src/adapters/outbound/http.ts';
import type { HttpRequest } from '../../../src/adapters/outbound/http.ts';
import { json, serve } from '../../support/defender/defenderFakes.ts';
import { closeAfterEach, closeLater, http, server } from './bench.ts';

closeAfterEach();

/** A TCP server that speaks whatever it likes; answers its origin and how many connections it saw. */
async function rawServer(
  connected: (socket: Socket) => void,
): Promise<{ readonly origin: string; readonly count: () => number }> {
  let count = 0;
  const sockets: Socket[] = [];
  const one = createServer((socket) => {
    count += 1;
    sockets.push(socket);
    socket.on('error', () => undefined);
    connected(socket);
  });
  await new Promise<void>((resolve) => one.listen(0, '127.0.0.1', resolve));
  closeLater(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => one.close(resolve));
  });
  return { origin: `http://127.0.0.1:${(one.address() as AddressInfo).port}`, count: () => count };
}

const ask = (origin: string, over: Partial<HttpRequest> = {}): HttpRequest => ({
  method: 'GET',
  url: new URL('/x', origin),
  maxBytes: 1000,
  ...over,
});

async function failure(work: Promise<unknown>): Promise<HttpError> {
  const error = await work.then(
    () => undefined,
    (one: unknown) => one,
  );
  if (!(error instanceof HttpError)) throw new Error(`expected an HttpError, got ${String(error)}`);
  return error;
}

describe('outbound HTTP', () => {
  test('sends method, headers and body once, and answers status, headers and bytes', async () => {
    const api = await server((_ask, response) => json(response, 201, { ok: true }, { 'x-one': '1' }));
    const answer = await http().send(
      ask(api.origin, {
        method: 'POST',
        body: '{"ä":1}',
        headers: { 'content-type': 'application/json' },
        connection: 'fresh',
      }),
    );
    expect(answer.status).toBe(201);
    expect(answer.headers.get('x-one')).toBe('1');
    expect(jsonOf(answer)).toEqual({ value: { ok: true } });
    expect(api.asked).toHaveLength(1);
    expect(api.asked[0]).toMatchObject({ method: 'POST', path: '/x', body: '{"ä":1}' });
    expect(api.asked[0]?.headers['accept-encoding']).toBeUndefined();
    expect(api.asked[0]?.headers.connection).toBe('close');
  });

  test('says of a refused connection, an unknown name and a failed handshake that nothing was sent', async () => {
    const gone = await serve((_ask, response) => response.end());
    await gone.close();
    const plain = await server((_ask, response) => response.end());
    const client = http({
      lookup: (name, _options, callback) =>
        callback(Object.assign(new Error(`no ${name}`), { code: 'ENOTFOUND' }), []),
    });
    expect((await failure(client.send(ask(gone.origin)))).code).toBe('notSent');
    expect((await failure(client.send(ask('http://nowhere.invalid')))).code).toBe('notSent');
    expect((await failure(client.send(ask(plain.origin.replace('http:', 'https:'))))).code).toBe('notSent');
    expect(plain.asked).toHaveLength(0);
  });

  test('says of a connection that is never made within the deadline that nothing was sent', async () => {
    // The name is never resolved, so that connecting hangs.
    const client = http({ lookup: () => undefined });
    const error = await failure(
      client.send(ask('http://slow.invalid', { method: 'POST', body: 'x', timeoutMs: 60 })),
    );
    expect(error.code).toBe('notSent');
    expect(error.message).toContain('60 ms');
  });

  test('says of a connection reset after the request that its fate is open', async () => {
    const api = await server((_ask, response) => response.destroy());
    const error = await failure(http().send(ask(api.origin, { method: 'POST', body: 'x' })));
    expect(error.code).toBe('ambiguous');
    expect(api.asked).toHaveLength(1);
  });

  test('says of a silent server that the fate of the request is open, and gives up at the deadline', async () => {
    const api = await server(() => undefined);
    const began = performance.now();
    expect(
      (await failure(http().send(ask(api.origin, { method: 'POST', body: 'x', timeoutMs: 80 })))).code,
    ).toBe('ambiguous');
    expect(performance.now() - began).toBeLessThan(2000);
  });

  test('holds a body that only drips to the same deadline, and tells the status it saw', async () => {
    const api = await server((_ask, response) => {
      response.writeHead(200);
      const timer = setInterval(() => response.write('.'), 10);
      response.on('close', () => clearInterval(timer));
    });
    const error = await failure(http().send(ask(api.origin, { timeoutMs: 120, maxBytes: 1_000_000 })));
    expect([error.code, error.status]).toEqual(['ambiguous', 200]);
  });

  test('never repeats a POST, not even when a kept connection dies under it', async () => {
    const raw = await rawServer((socket) => {
      let seen = 0;
      socket.on('data', () => {
        seen += 1;
        if (seen === 1) socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
        else socket.destroy();
      });
    });
    const client = http({ connections: 1 });
    expect((await client.send(ask(raw.origin))).status).toBe(200);
    expect(
      (await failure(client.send(ask(raw.origin, { method: 'POST', body: 'x', connection: 'kept' })))).code,
    ).toBe('ambiguous');
    expect(raw.count()).toBe(1);
  });

  test('makes a new connection for every fresh request', async () => {
    const raw = await rawServer((socket) =>
      socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')),
    );
    const client = http({ connections: 1 });
    await client.send(ask(raw.origin, { connection: 'fresh' }));
    await client.send(ask(raw.origin, { connection: 'fresh' }));
    expect(raw.count()).toBe(2);
    await client.send(ask(raw.origin));
    await client.send(ask(raw.origin));
    expect(raw.count()).toBe(3);
  });

  test('does not follow a redirect', async () => {
    const other = await server((_ask, response) => response.end('there'));
    const api = await server((_ask, response) => response.writeHead(302, { location: other.origin }).end());
    expect((await http().send(ask(api.origin))).status).toBe(302);
    expect(other.asked).toHaveLength(0);
  });

  test('refuses an answer that is too large, and one with a truncated body', async () => {
    const large = await server((_ask, response) => response.end('x'.repeat(1001)));
    expect((await failure(http().send(ask(large.origin)))).code).toBe('tooLarge');
    const short = await rawServer((socket) =>
      socket.on('data', () => socket.end('HTTP/1.1 400 Bad\r\ncontent-length: 50\r\n\r\n{"err')),
    );
    const error = await failure(http().send(ask(short.origin)));
    expect([error.code, error.status]).toEqual(['ambiguous', 400]);
  });

  test('refuses an encoding it did not ask for instead of unpacking it', async () => {
    const bomb = gzipSync(Buffer.alloc(5_000_000));
    const api = await server((_ask, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb),
    );
    expect((await failure(http().send(ask(api.origin, { maxBytes: 1_000_000 })))).code).toBe('encoded');
  });

  test('stops reading at the limit and leaves 500 MB unread, with little memory', async () => {
    const megabyte = Buffer.alloc(1024 * 1024, 120);
    let written = 0;
    const api = await server((_ask, response) => {
      response.writeHead(200, { 'content-length': String(500 * megabyte.length) });
      const more = () => {
        while (!response.destroyed && written < 500) {
          written += 1;
          if (!response.write(megabyte)) {
            response.once('drain', more);
            return;
          }
        }
      };
      more();
    });
    const before = process.memoryUsage();
    const answer = await http().send(ask(api.origin, { maxBytes: 8 * megabyte.length, cut: true }));
    const after = process.memoryUsage();
    expect(answer.cut).toBe(true);
    expect(answer.bytes.length).toBe(8 * megabyte.length);
    expect(written).toBeLessThan(100);
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(100 * megabyte.length);
  });

  test('takes JSON only within a depth that does not hurt', async () => {
    const api = await server((_ask, response) => response.end(`${'['.repeat(1000)}${']'.repeat(1000)}`));
    const answer = await http().send(ask(api.origin, { maxBytes: 10_000 }));
    expect(jsonOf(answer)).toBeUndefined();
    expect(jsonOf(answer, 2000)).toBeDefined();
  });

  test('reads Retry-After in seconds and as a date, and leaves nonsense aside', async () => {
    const now = Date.UTC(2026, 0, 1);
    const values = [
      '12',
      '0.5',
      'Thu, 01 Jan 2026 00:00:30 GMT',
      'soon',
      '-4',
      'Thu, 01 Jan 2020 00:00:00 GMT',
    ];
    const api = await server((_ask, response, count) =>
      response.writeHead(429, { 'retry-after': values[count - 1] ?? '' }).end(),
    );
    const read: unknown[] = [];
    while (read.length < values.length) read.push(retryAfterMs(await http().send(ask(api.origin)), now));
    expect(read).toEqual([12_000, 500, 30_000, undefined, undefined, undefined]);
  });
});
