// Row 2.15: all outgoing calls of this process go through the proxy of the environment, against a real
// CONNECT proxy on this machine.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { createServer as createTls } from 'node:https';
import { connect } from 'node:net';
import { join } from 'node:path';
import { readSettings } from '../../../src/adapters/config/settings.ts';
import { Http } from '../../../src/adapters/outbound/http.ts';
import { goesDirect, proxyFrom } from '../../../src/adapters/outbound/proxy.ts';
import type { Proxy } from '../../../src/adapters/outbound/proxy.ts';
import { secretsIn } from '../../../src/doctor/settings.ts';
import { root } from '../../support/root.ts';
import { selfSigned } from '../../support/entra/selfSigned.ts';

interface Connect {
  readonly host: string;
  readonly credentials: string | undefined;
}

let proxy: Server;
let url: string;
/** The port on this machine that a tunnel leads to; undefined refuses it. */
let leadsTo: number | undefined;
const connects: Connect[] = [];

beforeEach(async () => {
  connects.length = 0;
  leadsTo = undefined;
  proxy = createServer((_request, response) => void response.writeHead(405).end());
  proxy.on('connect', (request, socket, head) => {
    connects.push({ host: request.url ?? '', credentials: request.headers['proxy-authorization'] });
    socket.on('error', () => undefined);
    if (leadsTo === undefined) {
      socket.end('HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n');
      return;
    }
    const onward = connect(leadsTo, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      onward.write(head);
      onward.pipe(socket).pipe(onward);
    });
    onward.on('error', () => socket.destroy());
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  url = `http://user:p%40ss@127.0.0.1:${portOf(proxy)}`;
});
afterEach(async () => {
  proxy.closeAllConnections();
  await new Promise((resolve) => proxy.close(resolve));
});

function portOf(server: Pick<Server, 'address'>): number {
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('it does not listen');
  return address.port;
}

function proxied(variables: Readonly<Record<string, string>>): Proxy {
  const found = proxyFrom(variables);
  if (found === undefined || 'wrong' in found) throw new Error(JSON.stringify(found));
  return found;
}

function leave(way: string, variables: Readonly<Record<string, string>>): Promise<void> {
  return new Promise((resolve) => {
    const child = spawn(
      process.execPath,
      [join(root, 'dist', 'test', 'support', 'programs', 'proxyChild.js'), way],
      {
        env: { PATH: process.env['PATH'] ?? '', ...variables },
        stdio: 'ignore',
      },
    );
    child.once('close', () => {
      resolve();
    });
  });
}

describe('row 2.15: every way out', () => {
  test.each([
    ['http', 'api.proxied.example'],
    ['results', 'blob.proxied.example'],
    ['slack', 'slack.proxied.example'],
    ['slackSocket', 'socket.proxied.example'],
    ['entra', 'login.proxied.example'],
    ['teamsToken', 'login.microsoftonline.com'],
    ['teamsKeys', 'login.botframework.com'],
    ['teamsConnector', 'connector.proxied.example'],
    ['directToken', 'login.microsoftonline.com'],
    ['directKeys', 'login.botframework.com'],
    ['directConnector', 'connector.proxied.example'],
    ['directTokenGov', 'login.microsoftonline.us'],
    ['directKeysGov', 'login.botframework.azure.us'],
  ])('%s asks the proxy for %s, with its credentials', async (way, host) => {
    await leave(way, { HTTPS_PROXY: url });
    expect(connects[0]).toEqual({
      host: `${host}:443`,
      credentials: `Basic ${Buffer.from('user:p@ss').toString('base64')}`,
    });
    expect(new Set(connects.map((one) => one.host))).toEqual(new Set([`${host}:443`]));
  });

  test('this machine is never reached through it', async () => {
    await leave('direct', { https_proxy: url });
    expect(connects).toEqual([]);
  });

  test('an exchange through the tunnel is whole, and one the proxy refuses has sent nothing', async () => {
    const { key, cert } = selfSigned('proxied', 'api.proxied.example');
    const server = createTls({ key, cert }, (_request, response) => void response.end('through'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const http = new Http({ proxy: proxied({ HTTPS_PROXY: url }), ca: cert });
    try {
      leadsTo = portOf(server);
      const { status, bytes } = await http.send({
        method: 'POST',
        url: new URL('https://api.proxied.example/'),
        body: 'x',
        maxBytes: 100,
        connection: 'fresh',
      });
      expect([status, Buffer.from(bytes).toString(), connects[0]?.host]).toEqual([
        200,
        'through',
        'api.proxied.example:443',
      ]);
      leadsTo = undefined;
      await expect(
        http.send({
          method: 'POST',
          url: new URL('https://api.proxied.example/'),
          body: 'x',
          maxBytes: 100,
          connection: 'fresh',
        }),
      ).rejects.toMatchObject({ code: 'notSent' });
    } finally {
      await http.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });
});

describe('row 2.15: the variables', () => {
  test.each([
    [{}, undefined],
    [{ HTTPS_PROXY: '' }, undefined],
    [{ HTTP_PROXY: 'proxy.corp:8080' }, 'http://proxy.corp:8080'],
    [{ HTTP_PROXY: 'http://a:1', HTTPS_PROXY: 'http://b:2' }, 'http://b:2'],
    [{ HTTPS_PROXY: 'http://b:2', https_proxy: 'http://c:3' }, 'http://c:3'],
    [{ HTTPS_PROXY: 'http://u:secret@b:2/' }, 'http://b:2 (with credentials)'],
    [{ HTTPS_PROXY: 'http://b:2', NO_PROXY: '*' }, undefined],
    [{ HTTPS_PROXY: 'http://b:2', NO_PROXY: 'corp.example;*' }, undefined],
    [{ HTTPS_PROXY: '"http://b:2"' }, 'http://b:2'],
    [{ ALL_PROXY: 'http://d:4' }, 'http://d:4'],
    [{ ALL_PROXY: 'socks5://d:4', HTTPS_PROXY: 'http://b:2' }, 'http://b:2'],
    [
      { HTTPS_PROXY: 'http://b:2', NO_PROXY: 'corp.example,10.0.0.0/8,<local>' },
      'http://b:2 (NO_PROXY takes names and addresses: 10.0.0.0/8, <local> counts for nothing)',
    ],
  ] as const)('%j is %j', (variables, said) => {
    const found = proxyFrom(variables);
    expect(found === undefined || 'wrong' in found ? found : found.said).toBe(said);
  });

  test.each([
    'socks5://a:1',
    'http://',
    '::',
    'http//a:1',
    'http:/a:1',
    'http://CORP\\user:p@a:1',
    'http://u:p%ss@a:1',
    'http://u:%ff@a:1',
    'none',
    'DIRECT',
  ])('%j is refused at start with what to write', (value) => {
    expect(readSettings({ HTTPS_PROXY: value })).toMatchObject({
      problems: [expect.stringContaining('HTTPS_PROXY') as unknown],
    });
  });

  test('NO_PROXY holds for a host and all below it, and this machine is always among them', () => {
    const some = proxied({
      HTTPS_PROXY: 'http://a:1',
      no_proxy: 'corp.example, .internal;*.local:443 10.0.0.1 *dev.example fe80::1 [fe80::2]:80',
    });
    for (const host of [
      'corp.example',
      'a.corp.example',
      'dev.example',
      'fe80::1',
      '[fe80::2]',
      'x.internal',
      'y.local',
      '10.0.0.1',
      'localhost',
      '127.0.0.1',
      '127.1.2.3',
      '[::1]',
    ])
      expect([host, goesDirect(some, host)]).toEqual([host, true]);
    for (const host of ['notcorp.example', 'example', 'internal.net', '10.0.0.2'])
      expect([host, goesDirect(some, host)]).toEqual([host, false]);
  });

  test('its password is struck out of what the doctor prints', () => {
    expect(secretsIn({ HTTPS_PROXY: 'http://u:p%40ss@a:1' })).toContain('p@ss');
    expect(JSON.stringify(proxied({ HTTPS_PROXY: 'http://u:p%40ss@a:1' }))).not.toMatch(/p%40ss|p@ss/);
  });
});
