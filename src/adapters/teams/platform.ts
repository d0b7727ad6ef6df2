// Teams for the service: what its adapter is told of the settings, and the groups of Entra that roles may
// name.
import { EntraTokens } from '../entra/credentials.ts';
import type { Credentials } from '../entra/settings.ts';
import { EntraGroups, graphHosts } from '../entra/groups.ts';
import type { Http } from '../outbound/http.ts';
import type { Disk } from '../store/journal/disk.ts';
import type { Store } from '../store/journal/requestStore.ts';
import { startTeams } from './teams.ts';
import type { Teams, TeamsOptions } from './teams.ts';
import type { Groups, LastKnown } from '../../bot/ports.ts';
import type { Clock, Log } from '../../liveResponse/ports.ts';

/** Beside the settings only tests give anything. */
export type TeamsService = Pick<
  TeamsOptions,
  'settings' | 'authority' | 'origins' | 'serviceUrl' | 'pressLimit' | 'timeout'
> &
  Partial<Pick<TeamsOptions, 'jitter'>>;

export function openTeams(
  teams: TeamsService,
  store: Store,
  rest: {
    readonly command: string;
    readonly clock: Clock;
    readonly log: Log;
    readonly dataDir: string;
    readonly lastKnown: LastKnown;
    readonly http: Http;
    readonly disk?: Disk;
  },
): Promise<Teams> {
  return startTeams({
    ...teams,
    folder: rest.dataDir,
    http: rest.http,
    keys: store.keys(),
    unkeyedFiles: store.tookOver(),
    ...(rest.disk === undefined ? {} : { disk: rest.disk }),
    lastKnown: rest.lastKnown,
    newestIntent: (requestId, place) =>
      store
        .get(requestId)
        ?.cards.findLast(
          (card) =>
            card.surface === 'teams' &&
            card.place === place &&
            (card.ref !== undefined || card.dead === undefined),
        )?.intent,
    log: rest.log,
    command: rest.command,
    clock: rest.clock,
    jitter: teams.jitter ?? (() => Math.random()),
  });
}

export interface EntraService {
  readonly credentials: Credentials;
  /** Sign-in host. */
  readonly authority: string;
  /** Graph's origin, for tests; that of the sign-in host's cloud by default. */
  readonly graph?: string;
}

export function openEntraGroups(
  { credentials, authority, graph }: EntraService,
  http: Http,
  clock: Clock,
  log: Log,
): Groups {
  const host = graph ?? (authority.endsWith('.us') ? graphHosts.usGov : graphHosts.public);
  return new EntraGroups({
    http,
    tokens: new EntraTokens({ credentials, authority, way: http }),
    clock,
    log,
    graph: host,
  });
}
