// A company's proxy: real CONNECT, with TLS inspection by an authority of its own or without, and every way
// in which such a proxy fails. It resolves no name: what a host leads to, it is told.
import { createServer } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectTls, createSecureContext, TLSSocket } from 'node:tls';
import type { Authority } from '../entra/selfSigned.ts';
import { freePort } from '../ports.ts';

/**
 * `refuse`: 403, as a filter does. `hang`: no answer. `die`: the tunnel stands and is then cut as soon as
 * anything comes through it.
 */
export type ProxyMood = 'open' | 'refuse' | 'hang' | 'die';

export interface Tunnel {
  readonly host: string;
  readonly port: number;
  readonly credentials: string | undefined;
}

export interface CompanyProxyOptions {
  /** The port on this machine where that host is played; undefined: nobody knows it. */
  readonly leadsTo: (host: string) => number | undefined;
  /** TLS inspection: with certificates of this authority; what is behind is believed by `behind`. */
  readonly inspects?: { readonly as: Authority; readonly behind: string };
  /** `user:password` that it wants. */
  readonly credentials?: string;
}

export class CompanyProxy {
  readonly #options: CompanyProxyOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** 0 takes a free one, the first time. */
  #port = 0;
  /** Each CONNECT in order. */
  readonly asked: Tunnel[] = [];
  /** Hosts that nobody plays. */
  readonly strangers = new Set<string>();
  /** Anything but a CONNECT: a client that sends a whole address instead. */
  readonly plain: string[] = [];
  mood: (host: string) => ProxyMood = () => 'open';
  /** What it wants to hear; may change while it runs. */
  credentials: string | undefined;

  constructor(options: CompanyProxyOptions) {
    this.#options = options;
    this.credentials = options.credentials;
    this.#server = createServer((request, response) => {
      this.plain.push(`${request.method ?? ''} ${request.url ?? ''}`);
      response.writeHead(405, { 'content-length': '0' }).end();
    });
    this.#server.on('connection', (socket: Socket) => this.#keep(socket));
    this.#server.on('connect', (request: IncomingMessage, socket: Socket, head: Buffer) => {
      this.#tunnel(request, socket, head);
    });
  }

  async start(): Promise<void> {
    if (this.#port === 0) this.#port = await freePort();
    await new Promise<void>((resolve) => this.#server.listen(this.#port, '127.0.0.1', resolve));
  }

  get port(): number {
    return this.#port;
  }

  get url(): string {
    return `http://127.0.0.1:${String(this.port)}`;
  }

  get hosts(): readonly string[] {
    return [...new Set(this.asked.map(({ host }) => host))].sort();
  }

  /** Cuts what stands, and takes nothing more until it is started again, on the same port. */
  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#sockets.delete(socket));
  }

  #tunnel(request: IncomingMessage, client: Socket, head: Buffer): void {
    const target = URL.canParse(`tunnel://${request.url ?? ''}`)
      ? new URL(`tunnel://${request.url ?? ''}`)
      : undefined;
    const host = target?.hostname ?? '';
    const credentials = request.headers['proxy-authorization'];
    this.asked.push({ host, port: Number(target?.port), credentials });
    if (
      this.credentials !== undefined &&
      credentials !== `Basic ${Buffer.from(this.credentials).toString('base64')}`
    ) {
      client.end(
        'HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic realm="proxy"\r\ncontent-length: 0\r\n\r\n',
      );
      return;
    }
    const mood = this.mood(host);
    if (mood === 'hang') return;
    if (mood === 'refuse') {
      client.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n');
      return;
    }
    const port = this.#options.leadsTo(host);
    if (port === undefined) {
      this.strangers.add(host);
      client.end('HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n');
      return;
    }
    if (mood === 'die') {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      client.once('data', () => client.destroy());
      return;
    }
    const { inspects } = this.#options;
    const onward: Socket =
      inspects === undefined
        ? connect(port, '127.0.0.1')
        : connectTls({ port, host: '127.0.0.1', servername: host, ca: inspects.behind });
    this.#keep(onward);
    onward.on('error', () => client.destroy());
    onward.once(inspects === undefined ? 'connect' : 'secureConnect', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      if (inspects === undefined) {
        onward.write(head);
        onward.pipe(client).pipe(onward);
      } else this.#inspect(client, onward, createSecureContext(inspects.as.issue(host)));
    });
    client.on('close', () => onward.destroy());
  }

  #inspect(client: Socket, onward: Socket, secureContext: ReturnType<typeof createSecureContext>): void {
    const opened = new TLSSocket(client, { isServer: true, secureContext });
    this.#keep(opened);
    opened.on('error', () => onward.destroy());
    opened.pipe(onward).pipe(opened);
  }
}
