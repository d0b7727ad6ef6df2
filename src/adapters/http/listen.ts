// An HTTP server with limits on its connections: a client that does not send a whole request in time is cut
// off, and strangers who only hold connections open cannot keep others out.
import { createServer } from 'node:http';
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { codeOf } from '../clock.ts';

export interface Listening {
  readonly url: string;
  readonly port: number;
  /** Stops listening, lets answers under way end, and closes what is idle. */
  stop(): Promise<void>;
}

/** Milliseconds, but for `connections`. */
export interface ConnectionLimits {
  /** From the connection, or the request before it, to the end of the headers. */
  readonly headers: number;
  /** To the end of the body. */
  readonly request: number;
  /** Between two requests of one connection. */
  readonly idle: number;
  /** Without a byte in either direction while an answer is being sent: to a client that does not read it. */
  readonly silent: number;
  /** How often the times above are checked: a connection is cut at most so much later. */
  readonly lookedAtEvery: number;
  /** Connections at the same time. Beyond that, one that has not sent a whole request is cut to make room. */
  readonly connections: number;
}

/** Documented in docs/limits.md. */
export const connectionLimits: ConnectionLimits = {
  headers: 10_000,
  request: 15_000,
  idle: 5_000,
  silent: 60_000,
  lookedAtEvery: 1_000,
  connections: 512,
};

/** Connections still open this long after stop() are cut. Milliseconds. */
const closeGrace = 3_000;

export interface ListenOptions {
  readonly host: string;
  readonly port: number;
  readonly limits?: Partial<ConnectionLimits>;
  /** Names of the settings, for the message when it cannot listen. */
  readonly names: { readonly host: string; readonly port: string };
}

export async function listen(listener: RequestListener, options: ListenOptions): Promise<Listening> {
  const limits = { ...connectionLimits, ...options.limits };
  const server = createServer(
    {
      headersTimeout: limits.headers,
      requestTimeout: limits.request,
      keepAliveTimeout: limits.idle,
      connectionsCheckingInterval: limits.lookedAtEvery,
    },
    listener,
  );
  server.timeout = limits.silent;
  new HeldConnections(server, limits.connections);
  await new Promise<void>((resolve, reject) => {
    const failed = (error: Error): void => {
      reject(new Error(portProblem(error, options), { cause: error }));
    };
    server.once('error', failed);
    server.listen(options.port, options.host, () => {
      server.off('error', failed);
      resolve();
    });
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${options.host.includes(':') ? `[${options.host}]` : options.host}:${port}`,
    port,
    stop: () => close(server),
  };
}

/**
 * The connections of a server. A new one is never refused while another has sent no whole request: the oldest
 * of those is cut instead.
 */
class HeldConnections {
  readonly #most: number;
  /** In the order in which they last began to wait. */
  readonly #held = new Map<Socket, IncomingMessage | undefined>();

  constructor(server: Server, most: number) {
    this.#most = most;
    server.on('connection', (socket) => {
      this.#hold(socket);
    });
    server.on('request', (request, response) => {
      this.#busy(request, response);
    });
  }

  #hold(socket: Socket): void {
    this.#held.set(socket, undefined);
    socket.once('close', () => this.#held.delete(socket));
    if (this.#held.size <= this.#most) return;
    const [out = socket] = [...this.#held]
      .filter(([, request]) => request?.complete !== true)
      .map(([waiting]) => waiting);
    this.#held.delete(out);
    out.destroy();
  }

  #busy(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request;
    this.#held.delete(socket);
    this.#held.set(socket, request);
    response.once('close', () => {
      if (this.#held.get(socket) === request) this.#held.set(socket, undefined);
    });
  }
}

function portProblem(error: Error, { host, port, names }: ListenOptions): string {
  const code = codeOf(error);
  if (code === 'EADDRINUSE')
    return `Port ${port} on ${host} is in use. Stop the other program or set ${names.port} to a free one.`;
  if (code === 'EACCES')
    return `Port ${port} needs rights this process does not have. Set ${names.port} to one above 1024.`;
  if (code === 'EADDRNOTAVAIL')
    return `${host} is no address of this machine. Set ${names.host} to one (127.0.0.1, or 0.0.0.0 for all).`;
  return `Cannot listen on ${host}:${port}: ${error.message}`;
}

async function close(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const cut = setTimeout(() => server.closeAllConnections(), closeGrace);
  await closed;
  clearTimeout(cut);
}
