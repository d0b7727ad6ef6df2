// The admin port: readiness with its reasons, and the metrics. It is for this machine alone unless configured
// otherwise, and it can only be read.
import type { NextFunction, Request, Response } from 'express';
import { RationedLog } from '../rationedLog.ts';
import { listen } from './listen.ts';
import type { Listening } from './listen.ts';
import { bareApp, closeApp, sendHealth, sendReadiness } from './server.ts';
import type { PortOptions } from './server.ts';

export interface AdminOptions extends PortOptions {
  /** Prometheus text. */
  readonly metrics: () => Promise<{ readonly type: string; readonly body: string }>;
}

/**
 * The default port: the one after the public port, so that two bots on one machine are kept apart by PORT
 * alone. A free port where the public one is free as well.
 */
export function portAfter(open: number): number {
  if (open === 0) return 0;
  return open === 65_535 ? 65_534 : open + 1;
}

/** Names by which this machine calls itself. */
const ownNames = ['127.0.0.1', 'localhost', '[::1]'];
const loopbackHosts: readonly string[] = ['127.0.0.1', '::1', 'localhost'];

export async function startAdmin(options: AdminOptions): Promise<Listening> {
  const app = bareApp();
  const refusals = new RationedLog(options.log, options.clock, 'adminRefused');
  const loopback = loopbackHosts.includes(options.host);
  app.use((request: Request, response: Response, next: NextFunction) => {
    response.set({
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'cross-origin-resource-policy': 'same-origin',
    });
    const refuse = (status: number, why: string, text: string): void => {
      refusals.warn(why, { status, why });
      response.status(status).type('text/plain').send(text);
    };
    // A web page can point its own host name at this machine, and would then read this port as its own.
    if (loopback && !ownNames.includes(hostName(request)))
      refuse(403, 'foreign host name', `This port answers to ${ownNames.join(', ')} only.\n`);
    else if (request.method !== 'GET' && request.method !== 'HEAD')
      refuse(405, 'not a reading', 'Use GET.\n');
    else next();
  });
  app.get('/healthz', (_request, response) => sendHealth(response, options.healthy()));
  app.get('/readyz', (_request, response) => sendReadiness(response, options.ready()));
  app.get('/metrics', (_request, response, next) => {
    options.metrics().then(({ type, body }) => response.type(type).send(body), next);
  });
  closeApp(app, (request, error) => refusals.warn('failed', { path: request.path.slice(0, 200), error }));
  return await listen(app, { ...options, names: { host: 'LR_ADMIN_HOST', port: 'LR_ADMIN_PORT' } });
}

/** Without the port: this one may be reached through a forwarded port. */
function hostName(request: Request): string {
  return (request.headers.host ?? '').toLowerCase().replace(/:\d+$/, '');
}
