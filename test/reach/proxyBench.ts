// nginx and Caddy as they come from Debian, started with the very files of manifest/proxy: only ports,
// certificate, folders and the times of slow callers are exchanged for the test's own.
import { spawn, spawnSync } from 'node:child_process';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage, Server, ServerResponse } from 'node:http';
import { request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { freePort } from '../support/ports.ts';
import { root } from '../support/root.ts';
import { selfSigned } from '../support/entra/selfSigned.ts';

export type ProxyName = 'nginx' | 'caddy';
export const host = 'bot.example.com';
const manifests = join(root, 'manifest', 'proxy');

/** Whether the machine has it. */
export function installed(name: ProxyName): boolean {
  return spawnSync(name, [name === 'nginx' ? '-v' : 'version'], { env: pathWithSbin() }).error === undefined;
}

function pathWithSbin(): Record<string, string> {
  return { PATH: `${process.env['PATH'] ?? ''}:/usr/sbin`, HOME: '/nonexistent' };
}

export interface Answer {
  readonly status: number;
  readonly body: string;
}

export interface Sent {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string | number>>;
  readonly body?: string | Buffer;
}

export interface Proxy {
  /**
   * Stands on all that is sent from now on: what an earlier test has left on the way does not count in a
   * later one.
   */
  mark: string;
  /**
   * As the chats' own servers see it, without TLS for clients that cannot be told its certificate: plain HTTP
   * here, TLS to the proxy.
   */
  edge(): Promise<{ readonly url: string; stop(): Promise<void> }>;
  /** Over TLS with the proxy's certificate checked; rejects when the connection is cut without an answer. */
  send(sent: Sent): Promise<Answer>;
  /**
   * Writes the bytes as they are; resolves with everything that came until the proxy ended the connection.
   * `end`: we end our side first.
   */
  raw(text: string, end?: boolean): Promise<string>;
  stop(): Promise<void>;
}

/** `upstream`: the port of the bot. */
export async function startProxy(name: ProxyName, upstream: number): Promise<Proxy> {
  const folder = mkdtempSync(join(tmpdir(), `lr-${name}-`));
  const { cert, key } = selfSigned('the proxy', host);
  const [certFile, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  writeFileSync(certFile, cert);
  writeFileSync(keyFile, key, { mode: 0o600 });
  // Neither program can tell which port it took by itself.
  const port = await freePort();
  const words =
    name === 'nginx'
      ? nginxWords({ folder, certFile, keyFile, port, upstream })
      : caddyWords({ folder, certFile, keyFile, port, upstream });
  const child = spawn(name, words, {
    env: { ...pathWithSbin(), XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (said += chunk.toString('utf8')));
  const end = new Promise<void>((resolve) => {
    child.once('close', () => {
      resolve();
    });
  });

  const raw = (text: string, endFirst = true): Promise<string> =>
    new Promise((resolve) => {
      let heard = '';
      const socket = connect({ host: '127.0.0.1', port, servername: host, ca: cert });
      socket.on('data', (chunk: Buffer) => (heard += chunk.toString('latin1')));
      socket.on('error', () => socket.destroy());
      socket.once('close', () => {
        resolve(heard);
      });
      socket.once('secureConnect', () => {
        const marked = text.replace(
          `\r\nHost: ${host}\r\n`,
          `\r\nHost: ${host}\r\nX-Mark: ${proxy.mark}\r\n`,
        );
        if (endFirst) socket.end(marked);
        else socket.write(marked);
      });
    });

  const send = ({ method = 'POST', path, headers = {}, body }: Sent): Promise<Answer> =>
    new Promise((resolve, reject) => {
      let answered = false;
      const call = request(
        {
          host: '127.0.0.1',
          port,
          servername: host,
          ca: cert,
          agent: false,
          method,
          path,
          headers: {
            host,
            'x-mark': proxy.mark,
            ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }),
            ...headers,
          },
        },
        (response) => {
          answered = true;
          let text = '';
          response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
          response.on('close', () => {
            resolve({ status: response.statusCode ?? 0, body: text });
          });
        },
      );
      // A refused body may still be on its way when the answer is there.
      call.on('error', (error) => {
        if (!answered) reject(error);
      });
      call.end(body);
    });

  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await end;
    rmSync(folder, { recursive: true, force: true });
  };

  const edge = async (): Promise<{ readonly url: string; stop(): Promise<void> }> => {
    const server = createServer((incoming, response) => {
      const call = request(
        {
          host: '127.0.0.1',
          port,
          servername: host,
          ca: cert,
          agent: false,
          method: incoming.method,
          path: incoming.url,
          headers: { ...incoming.headers, host },
        },
        (answer) => {
          response.writeHead(answer.statusCode ?? 0, answer.headers);
          answer.pipe(response);
        },
      );
      call.on('error', () => response.destroy());
      incoming.pipe(call);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return {
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      stop: async () => {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      },
    };
  };

  const proxy: Proxy = { mark: 'start', edge, send, raw, stop };
  const deadline = performance.now() + 30_000;
  for (;;) {
    const up = await send({ method: 'GET', path: '/up' }).then(
      () => true,
      () => false,
    );
    if (up) break;
    if (child.exitCode !== null || performance.now() > deadline) {
      await stop();
      throw new Error(`${name} did not start: ${said}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return proxy;
}

interface Own {
  readonly folder: string;
  readonly certFile: string;
  readonly keyFile: string;
  readonly port: number;
  readonly upstream: number;
}

/** Each pattern must be there, or the test would try another file than the one people copy. */
function exchanged(text: string, pairs: readonly (readonly [RegExp, string])[]): string {
  return pairs.reduce((so, [pattern, by]) => {
    if (!pattern.test(so)) throw new Error(`manifest/proxy has no ${String(pattern)}`);
    return so.replace(pattern, by);
  }, text);
}

function nginxWords({ folder, certFile, keyFile, port, upstream }: Own): readonly string[] {
  const included = join(folder, 'live-response-bot-proxy.conf');
  writeFileSync(included, readFileSync(join(manifests, 'live-response-bot-proxy.conf'), 'utf8'));
  const conf = exchanged(readFileSync(join(manifests, 'nginx.conf'), 'utf8'), [
    [/listen 443/g, `listen 127.0.0.1:${port}`],
    [/\/etc\/nginx\/tls\/bot\.example\.com\.pem/g, certFile],
    [/\/etc\/nginx\/tls\/bot\.example\.com\.key/g, keyFile],
    [/\/etc\/nginx\/live-response-bot-proxy\.conf/g, included],
    [/\/(?:run|var\/log\/nginx|var\/lib\/nginx)\//g, `${folder}/`],
    [/127\.0\.0\.1:3978/g, `127.0.0.1:${upstream}`],
    [/client_(header|body)_timeout 10s/g, 'client_$1_timeout 1s'],
  ]);
  const file = join(folder, 'nginx.conf');
  writeFileSync(file, conf);
  return ['-p', folder, '-c', file, '-e', join(folder, 'error.log'), '-g', 'daemon off; master_process off;'];
}

function caddyWords({ folder, certFile, keyFile, port, upstream }: Own): readonly string[] {
  mkdirSync(join(folder, 'caddy'), { recursive: true });
  const conf = exchanged(readFileSync(join(manifests, 'Caddyfile'), 'utf8'), [
    [/^bot\.example\.com \{$/m, `https://${host}:${port} {\n\tbind 127.0.0.1\n\ttls ${certFile} ${keyFile}`],
    [/^\tadmin off$/m, '\tadmin off\n\tauto_https disable_redirects\n\tskip_install_trust'],
    [/127\.0\.0\.1:3978/g, `127.0.0.1:${upstream}`],
    [/read_(header|body) 10s/g, 'read_$1 1s'],
  ]);
  const file = join(folder, 'Caddyfile');
  writeFileSync(file, conf);
  return ['run', '--adapter', 'caddyfile', '--config', file];
}

export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** In the bot's place: remembers each request that came whole. */
export class Upstream {
  /** Requests that began, whole or not. */
  began = 0;
  /** Others do not count. Undefined: all count. */
  mark: string | undefined;
  readonly seen: Seen[] = [];
  answer: (response: ServerResponse) => void = (response) => void response.end('taken');
  #server: Server | undefined;
  port = 0;

  async start(port = 0): Promise<void> {
    const server = createServer((incoming, response) => void this.#take(incoming, response));
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    this.port = (server.address() as AddressInfo).port;
  }

  async #take(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    if (this.mark !== undefined && incoming.headers['x-mark'] !== this.mark) return;
    this.began += 1;
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    const whole = await new Promise<boolean>((resolve) => {
      incoming.once('close', () => {
        resolve(incoming.complete);
      });
      incoming.once('end', () => {
        resolve(true);
      });
      incoming.on('error', () => undefined);
    });
    if (!whole) return;
    this.seen.push({
      method: incoming.method ?? '',
      url: incoming.url ?? '',
      headers: incoming.headers,
      body: Buffer.concat(chunks),
    });
    this.answer(response);
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    server?.closeAllConnections();
    if (server !== undefined) await new Promise((resolve) => server.close(resolve));
  }
}
