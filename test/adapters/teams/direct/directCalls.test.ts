// Calls of the door without botbuilder at the wire: where they go, over which connections, and what of an
// answer is read.
import { createServer } from 'node:http';
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeEach, afterEach, describe, expect, it } from '@jest/globals';
import { TokenError } from '../../../../src/adapters/entra/tokenError.ts';
import { Http } from '../../../../src/adapters/outbound/http.ts';
import { createClock } from '../../../../src/adapters/clock.ts';
import { DirectCalls } from '../../../../src/adapters/teams/direct/directCalls.ts';
import { CallError } from '../../../../src/adapters/teams/protocol.ts';
import type { Calls, Fault } from '../../../../src/adapters/teams/protocol.ts';

const http = new Http();
afterAll(() => http.close());

const taken: {
  readonly method: string;
  readonly url: string;
  readonly authorization: string | undefined;
  readonly body: string;
}[] = [];
let sockets: number;
let answer: (response: ServerResponse) => void;
let server: Server;
let serviceUrl: string;

beforeEach(async () => {
  taken.length = 0;
  sockets = 0;
  answer = (response) =>
    void response.writeHead(200, { 'content-type': 'application/json' }).end('{"id":"1"}');
  const listener: RequestListener = (request, response) => void take(request, response);
  server = createServer(listener).on('connection', () => (sockets += 1));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  serviceUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/teams/`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
  let body = '';
  for await (const chunk of request) body += String(chunk);
  taken.push({
    method: request.method ?? '',
    url: request.url ?? '',
    authorization: request.headers.authorization,
    body,
  });
  answer(response);
}

const options = { timeout: 2_000 };
const calls = (token?: (renew: boolean) => Promise<string>, at = serviceUrl): Calls =>
  new DirectCalls(at, { http, clock: createClock(), token });

async function fault(work: Promise<unknown>): Promise<Fault> {
  try {
    await work;
  } catch (error) {
    if (error instanceof CallError) return error.fault;
    throw error;
  }
  throw new Error('nothing failed');
}

describe('a call', () => {
  it.each([['/teams/'], ['/teams']])(
    'goes below the service URL %s, with its ids kept apart from the path',
    async (path) => {
      const to = calls(undefined, new URL(path, serviceUrl).href);
      await to.send('19:a/../b@thread.tacv2;messageid=17', { text: 'x' }, options);
      await to.send('19:g', {}, { ...options, targeted: true });
      await to.update('19:g', 'f:1?x#y', {}, options);
      await to.open({ isGroup: false }, options);
      await to.member('19:g', '29:ana', options);
      await to.firstMember('19:g', options);
      expect(taken.map(({ method, url }) => `${method} ${url}`)).toEqual([
        'POST /teams/v3/conversations/19%3Aa%2F..%2Fb%40thread.tacv2%3Bmessageid%3D17/activities',
        'POST /teams/v3/conversations/19%3Ag/activities?isTargetedActivity=true',
        'PUT /teams/v3/conversations/19%3Ag/activities/f%3A1%3Fx%23y',
        'POST /teams/v3/conversations',
        'GET /teams/v3/conversations/19%3Ag/members/29%3Aana',
        'GET /teams/v3/conversations/19%3Ag/pagedmembers?pageSize=1',
      ]);
      expect(taken[0]?.body).toBe('{"text":"x"}');
      expect(taken.every((one) => one.authorization === undefined)).toBe(true);
    },
  );

  it.each([['..'], ['.'], ['']])('for the id "%s" would go elsewhere, and goes nowhere', async (id) => {
    expect((await fault(calls().send(id, {}, options))).kind).toBe('impossible');
    expect((await fault(calls().update('19:g', id, {}, options))).kind).toBe('impossible');
    expect(taken).toEqual([]);
  });

  it('that posts has a connection of its own', async () => {
    for (let n = 0; n < 3; n += 1) await calls().send('19:g', {}, options);
    expect(sockets).toBe(3);
  });

  it('that cannot be signed is not sent, and says by which code', async () => {
    expect(
      await fault(
        calls(() => Promise.reject(new TokenError('refused', 'words', 'AADSTS7000215'))).send(
          '19:g',
          {},
          options,
        ),
      ),
    ).toEqual({ kind: 'noToken', why: 'AADSTS7000215' });
    expect(taken).toEqual([]);
  });

  it('whose token does not come in its own time is given up, and not sent when it comes after all', async () => {
    let give: (token: string) => void = () => undefined;
    const late = new Promise<string>((resolve) => (give = resolve));
    expect(await fault(calls(() => late).send('19:g', {}, { timeout: 100 }))).toEqual({
      kind: 'notSent',
      code: 'Entra ID did not answer in time',
    });
    give('t');
    await calls(() => late).firstMember('19:g', options);
    expect(taken.map((one) => one.method)).toEqual(['GET']);
  });

  it('after a 401 asks for a new token, and no other does', async () => {
    const asked: boolean[] = [];
    const to = calls((renew) => {
      asked.push(renew);
      return Promise.resolve(`t${asked.length}`);
    });
    const well = answer;
    answer = (response) => void response.writeHead(401).end();
    expect(await fault(to.send('19:g', {}, options))).toEqual({ kind: 'answered', status: 401 });
    answer = well;
    await to.send('19:g', {}, options);
    await to.send('19:g', {}, options);
    expect(asked).toEqual([false, true, false]);
    expect(taken.map((one) => one.authorization)).toEqual(['Bearer t1', 'Bearer t2', 'Bearer t3']);
  });
});

describe('an answer', () => {
  it.each<readonly [string, (response: ServerResponse) => void, Fault]>([
    [
      'with the word of Teams and a pause',
      (response) =>
        void response.writeHead(429, { 'retry-after': '7' }).end('{"error":{"code":"TooManyRequests"}}'),
      { kind: 'answered', status: 429, code: 'TooManyRequests', retryAfter: '7' },
    ],
    [
      'that is no JSON',
      (response) => void response.writeHead(502).end('<html>'),
      { kind: 'answered', status: 502 },
    ],
    [
      'whose word is no text',
      (response) => void response.writeHead(403).end('{"error":{"code":{}}}'),
      { kind: 'answered', status: 403 },
    ],
    [
      'that leads elsewhere',
      (response) => void response.writeHead(307, { location: '/elsewhere' }).end(),
      { kind: 'answered', status: 307 },
    ],
    [
      'longer than any',
      (response) => void response.writeHead(200).end(`{"id":"${'x'.repeat(400_000)}"}`),
      { kind: 'answered', status: 200 },
    ],
    [
      'packed although nobody asked for it',
      (response) => void response.writeHead(201, { 'content-encoding': 'gzip' }).end('x'),
      { kind: 'answered', status: 201 },
    ],
    ['cut off', (response) => void response.socket?.destroy(), { kind: 'broken', code: 'UND_ERR_SOCKET' }],
    ['that never comes', () => undefined, { kind: 'late' }],
  ])('%s is told as what it is', async (_what, plant, expected) => {
    answer = plant;
    expect(await fault(calls().send('19:g', {}, { timeout: 300 }))).toEqual(expected);
    expect(taken).toHaveLength(1);
  });

  it('of nobody was not sent', async () => {
    expect(await fault(calls(undefined, 'http://127.0.0.1:1/').send('19:g', {}, options))).toEqual({
      kind: 'notSent',
      code: 'ECONNREFUSED',
    });
  });
});
