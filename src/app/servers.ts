// HTTP servers of the running bot: the public one with its chats' routes, and the admin one with reasons in
// words and metrics.
import { portAfter, startAdmin } from '../adapters/http/admin.ts';
import type { Listening } from '../adapters/http/listen.ts';
import type { Metrics } from '../adapters/http/metrics.ts';
import { startHttp } from '../adapters/http/server.ts';
import type { Clock, Log } from '../liveResponse/ports.ts';
import type { Chats } from './chats.ts';
import { readFigures } from './figures.ts';
import type { FigureParts } from './figures.ts';
import type { Health } from './health.ts';
import type { ServiceOptions } from './options.ts';
import type { Shutdown } from './shutdown.ts';

export interface Servers {
  readonly server: Listening;
  /** Absent where it is off. */
  readonly admin?: Listening;
}

export interface ServerParts
  extends Pick<ServiceOptions, 'host' | 'port'>, Omit<FigureParts, 'chats' | 'health'> {
  /** Undefined: for this machine alone. */
  readonly admin: ServiceOptions['admin'] | undefined;
  readonly metrics: Metrics;
  readonly health: Health;
  readonly chats: Chats;
  /** The platforms', which is the machine's own. */
  readonly chatClock: Clock;
  readonly log: Log;
  /** While it is true nothing new is taken in. */
  readonly draining: () => boolean;
  readonly shutdown: Shutdown;
}

export async function openServers(parts: ServerParts): Promise<Servers> {
  const { host, port, admin: wanted, health, chats, draining, shutdown, metrics } = parts;
  const reported = {
    log: parts.log,
    clock: parts.chatClock,
    healthy: () => health.alive(),
    ready: () => health.ready(),
  };
  const admin =
    wanted === 'off'
      ? undefined
      : await startAdmin({
          host: wanted?.host ?? '127.0.0.1',
          port: wanted?.port ?? portAfter(port),
          ...reported,
          metrics: () => metrics.read(readFigures(parts)),
        });
  // Ends after the public one: how a stopping process is can be asked to the last.
  shutdown.onClose('admin server', 500, () => admin?.stop() ?? Promise.resolve());
  const server: Listening = await startHttp({
    host,
    port,
    ...reported,
    draining,
    mount: [(app) => chats.mount(app, () => server.port)],
  });
  shutdown.onClose('server', 3_500, () => server.stop());
  return { server, ...(admin === undefined ? {} : { admin }) };
}
