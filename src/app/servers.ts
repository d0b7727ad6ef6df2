// HTTP servers of the running bot: the public one with its chats' routes, and the admin one with reasons in
// words and metrics.
import { portAfter, startAdmin } from '../adapters/http/admin.ts';
import type { Listening } from '../adapters/http/listen.ts';
import { Metrics } from '../adapters/http/metrics.ts';
import { startHttp } from '../adapters/http/server.ts';
import type { Store } from '../adapters/store/journal/requestStore.ts';
import type { Clock, Log } from '../liveResponse/ports.ts';
import type { Chats } from './chats.ts';
import type { Health } from './health.ts';
import type { ServiceOptions } from './options.ts';
import type { Shutdown } from './shutdown.ts';

export interface Servers {
  readonly server: Listening;
  /** Absent where it is off. */
  readonly admin?: Listening;
}

export interface ServerParts extends Pick<ServiceOptions, 'host' | 'port'> {
  /** Undefined: for this machine alone. */
  readonly admin: ServiceOptions['admin'] | undefined;
  readonly store: Store;
  readonly health: Health;
  readonly chats: Chats;
  readonly clock: Clock;
  readonly log: Log;
  /** While it is true nothing new is taken in. */
  readonly draining: () => boolean;
  readonly shutdown: Shutdown;
}

export async function openServers(parts: ServerParts): Promise<Servers> {
  const { host, port, admin: wanted, store, health, chats, draining, shutdown } = parts;
  const metrics = new Metrics(store, () => health.gauges());
  store.subscribe((_request, event) => metrics.count(event.type));
  const reported = {
    log: parts.log,
    clock: parts.clock,
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
          metrics: () => metrics.read(),
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
