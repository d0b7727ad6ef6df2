// The public HTTP port: health, readiness in one word, and the routes of the chats. No error ever shows a
// message or a stack to the outside.
import express from 'express';
import type { Express, NextFunction, Request, Response } from 'express';
import type { Clock, Log } from '../../liveResponse/ports.ts';
import { RationedLog, ration } from '../rationedLog.ts';
import { listen } from './listen.ts';
import type { ConnectionLimits, Listening } from './listen.ts';

/** One thing that works or does not, with the reason in words an operator can act on. */
export interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly why?: string;
  /**
   * While it does not work, this process must take no deliveries. Any other failed check makes the process
   * degraded, and it keeps running.
   */
  readonly blocks?: boolean;
}

/** What both ports need. */
export interface PortOptions {
  readonly host: string;
  readonly port: number;
  readonly log: Log;
  /** The time of this machine. */
  readonly clock: Pick<Clock, 'elapsed'>;
  /** Whether the process should keep running: a failed check asks the supervisor for a restart. */
  readonly healthy: () => readonly Check[];
  /** Whether it can do its job now. */
  readonly ready: () => readonly Check[];
  readonly limits?: Partial<ConnectionLimits>;
}

export interface HttpOptions extends PortOptions {
  /** While the process is stopping it takes in nothing new; its state can still be asked for. */
  readonly draining?: () => boolean;
  /** Mounted in this order, before the final handlers; Slack's must come before any body parser. */
  readonly mount: readonly ((app: Express) => void)[];
}

/** A failure here is a bug of ours, and its stack is worth more than one line. */
const failuresShown = 5;
/** The answer in place of the metrics. */
const metricsElsewhere =
  'Metrics are not served on this port. They are on the admin port: see LR_ADMIN_HOST and LR_ADMIN_PORT.\n';

export async function startHttp(options: HttpOptions): Promise<Listening> {
  const app = bareApp();
  const failures = new RationedLog(options.log, options.clock, 'httpFailed', {
    ...ration,
    lines: failuresShown,
  });
  app.get('/healthz', (_request, response) => sendHealth(response, options.healthy()));
  // In one word: strangers can ask here, and the reasons name people, places and what Defender answered.
  app.get('/readyz', (_request, response) => {
    const blocked = standing(options.ready()) === 'not ready';
    response
      .status(blocked ? 503 : 200)
      .set('cache-control', 'no-store')
      .json({ status: blocked ? 'not ready' : 'ready' });
  });
  app.all(
    '/metrics',
    (_request, response) => void response.status(404).type('text/plain').send(metricsElsewhere),
  );
  app.use((_request: Request, response: Response, next: NextFunction) => {
    if (options.draining?.() === true)
      response
        .status(503)
        .set({ connection: 'close', 'retry-after': '10' })
        .type('text/plain')
        .send('Stopping\n');
    else next();
  });
  for (const mount of options.mount) mount(app);
  closeApp(app, (request, error) => failures.warn('failed', { path: request.path.slice(0, 200), error }));
  return await listen(app, { ...options, names: { host: 'HOST', port: 'PORT' } });
}

/** An app that shows neither what it is made of nor whether something has changed. */
export function bareApp(): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  return app;
}

/** The last handlers: for paths that nothing serves, and for errors. */
export function closeApp(app: Express, failed: (request: Request, error: unknown) => void): void {
  app.use(
    (_request: Request, response: Response) =>
      void response.status(404).type('text/plain').send('Not found\n'),
  );
  app.use((error: unknown, request: Request, response: Response, _next: NextFunction) => {
    const status = statusOf(error);
    if (status >= 500) failed(request, error);
    if (response.headersSent) response.destroy();
    else
      response
        .status(status)
        .type('text/plain')
        .send(status >= 500 ? 'Internal error\n' : 'Bad request\n');
  });
}

/** Whether nothing that is wrong keeps this process from taking deliveries. */
export function takesDeliveries(checks: readonly Check[]): boolean {
  return standing(checks) !== 'not ready';
}

export function sendHealth(response: Response, checks: readonly Check[]): void {
  const ok = checks.every((check) => check.ok);
  send(response, ok, ok ? 'alive' : 'broken', checks);
}

/** With every check and its reason. */
export function sendReadiness(response: Response, checks: readonly Check[]): void {
  const status = standing(checks);
  send(response, status !== 'not ready', status, checks);
}

/**
 * An answer of 503 takes deliveries away from this process, and with them everything that still works. So it
 * is given only when the process can do nothing with deliveries.
 */
function standing(checks: readonly Check[]): 'ready' | 'degraded' | 'not ready' {
  const wrong = checks.filter((check) => !check.ok);
  if (wrong.some((check) => check.blocks === true)) return 'not ready';
  return wrong.length > 0 ? 'degraded' : 'ready';
}

function send(response: Response, ok: boolean, status: string, checks: readonly Check[]): void {
  response
    .status(ok ? 200 : 503)
    .set('cache-control', 'no-store')
    .json({
      status,
      ...reasons(checks),
      checks: checks.map(({ name, ok: well, why }) => ({
        name,
        ok: well,
        ...(why === undefined ? {} : { why }),
      })),
    });
}

/** Why the state is not good, in one list. */
function reasons(checks: readonly Check[]): { readonly reasons?: readonly string[] } {
  const wrong = checks
    .filter((check) => !check.ok)
    .map(({ name, why }) => (why === undefined ? name : `${name}: ${why}`));
  return wrong.length === 0 ? {} : { reasons: wrong };
}

function statusOf(error: unknown): number {
  const status = typeof error === 'object' && error !== null && 'status' in error ? error.status : undefined;
  return typeof status === 'number' && status >= 400 && status < 600 ? status : 500;
}

/** A mount point for routes that come later than the server, and may go and come again. */
export class LateMount {
  #target: Express | undefined;

  /** @param path requests to it are answered 503 while nothing is mounted */
  constructor(app: Express, path: string) {
    app.use((request, response, next) => {
      if (this.#target !== undefined) {
        this.#target(request, response, next);
        return;
      }
      if (request.path === path)
        response.status(503).set('retry-after', '10').type('text/plain').send('Not connected yet\n');
      else next();
    });
  }

  /** Replaces what was mounted before. */
  mount(routes: (app: Express) => void): void {
    const made = bareApp();
    routes(made);
    this.#target = made;
  }

  unmount(): void {
    this.#target = undefined;
  }
}
