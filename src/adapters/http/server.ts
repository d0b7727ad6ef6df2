// The one HTTP port: health, metrics and whatever the chats mount. No error ever shows a message or a stack to the outside.
import express from 'express';
import type { Express, NextFunction, Request, Response } from 'express';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Log } from '../../liveResponse/ports.ts';

/** One thing that is well or not, with the reason in words an operator can act on. */
export interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly why?: string;
  /** While it is not well, this process must take no deliveries. Everything else that is not well makes it degraded, and it goes on. */
  readonly blocks?: boolean;
}

export interface HttpOptions {
  readonly host: string;
  readonly port: number;
  readonly log: Log;
  /** Whether the process should be left running: false asks the supervisor for a restart. */
  readonly healthy: () => readonly Check[];
  /** Whether it can do its job now. */
  readonly ready: () => readonly Check[];
  /** Nothing new is taken in while the process ends; how it is can still be asked. */
  readonly draining?: () => boolean;
  /** Prometheus text. */
  readonly metrics: () => Promise<{ readonly type: string; readonly body: string }>;
  /** Mounted in this order, before the final handlers; Slack's must come before any body parser. */
  readonly mount: readonly ((app: Express) => void)[];
}

export interface HttpServer {
  readonly url: string;
  readonly port: number;
  /** Stops listening, lets answers under way end, and closes what is idle. */
  stop(): Promise<void>;
}

/** A request must have arrived whole within this; slow senders cannot hold sockets. Milliseconds. */
const requestTimeout = 15_000;
const headersTimeout = 10_000;
/** Connections still open this long after stop() are cut. Milliseconds. */
const closeGrace = 3_000;

export async function startHttp(options: HttpOptions): Promise<HttpServer> {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.get('/healthz', (_request, response) => sendHealth(response, options.healthy()));
  app.get('/readyz', (_request, response) => sendReadiness(response, options.ready()));
  app.get('/metrics', (_request, response, next) => {
    options.metrics().then(({ type, body }) => response.type(type).send(body), next);
  });
  app.use((_request: Request, response: Response, next: NextFunction) => {
    if (options.draining?.() === true) response.status(503).set({ connection: 'close', 'retry-after': '10' }).type('text/plain').send('Stopping\n');
    else next();
  });
  for (const mount of options.mount) mount(app);
  app.use((_request: Request, response: Response) => void response.status(404).type('text/plain').send('Not found\n'));
  app.use((error: unknown, request: Request, response: Response, _next: NextFunction) => {
    const status = statusOf(error);
    if (status >= 500) options.log.error('httpFailed', { path: request.path, error });
    if (response.headersSent) response.destroy();
    else response.status(status).type('text/plain').send(status >= 500 ? 'Internal error\n' : 'Bad request\n');
  });

  const server = await new Promise<Server>((resolve, reject) => {
    const listening = app.listen(options.port, options.host, (error?: Error) => {
      if (error === undefined) resolve(listening);
      else reject(new Error(portProblem(error, options), { cause: error }));
    });
    listening.requestTimeout = requestTimeout;
    listening.headersTimeout = headersTimeout;
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://${options.host.includes(':') ? `[${options.host}]` : options.host}:${port}`, port, stop: () => close(server) };
}

function sendHealth(response: Response, checks: readonly Check[]): void {
  const ok = checks.every((check) => check.ok);
  send(response, ok, ok ? 'alive' : 'broken', checks);
}

/** 503 takes deliveries away from this process, and with them what still works: only where it can do nothing with them. */
function sendReadiness(response: Response, checks: readonly Check[]): void {
  const wrong = checks.filter((check) => !check.ok);
  const blocked = wrong.some((check) => check.blocks === true);
  send(response, !blocked, blocked ? 'not ready' : wrong.length > 0 ? 'degraded' : 'ready', checks);
}

function send(response: Response, ok: boolean, status: string, checks: readonly Check[]): void {
  response
    .status(ok ? 200 : 503)
    .set('cache-control', 'no-store')
    .json({ status, ...reasons(checks), checks: checks.map(({ name, ok: well, why }) => ({ name, ok: well, ...(why === undefined ? {} : { why }) })) });
}

/** Why it is not all well, in one list. */
function reasons(checks: readonly Check[]): { readonly reasons?: readonly string[] } {
  const wrong = checks.filter((check) => !check.ok).map(({ name, why }) => (why === undefined ? name : `${name}: ${why}`));
  return wrong.length === 0 ? {} : { reasons: wrong };
}

function statusOf(error: unknown): number {
  const status = typeof error === 'object' && error !== null && 'status' in error ? error.status : undefined;
  return typeof status === 'number' && status >= 400 && status < 600 ? status : 500;
}

function portProblem(error: Error, options: HttpOptions): string {
  const code = 'code' in error ? error.code : undefined;
  if (code === 'EADDRINUSE') return `Port ${options.port} on ${options.host} is in use. Stop the other program or set PORT to a free one.`;
  if (code === 'EACCES') return `Port ${options.port} needs rights this process does not have. Set PORT to one above 1024.`;
  return `Cannot listen on ${options.host}:${options.port}: ${error.message}`;
}

async function close(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const cut = setTimeout(() => server.closeAllConnections(), closeGrace);
  await closed;
  clearTimeout(cut);
}
