// Teams for the service: what its adapter is told of the settings, and the groups of Entra that roles may name.
import { createClock } from './adapters/clock.ts';
import { EntraTokens } from './adapters/entra/credentials.ts';
import type { Credentials } from './adapters/entra/settings.ts';
import { EntraGroups, graphHosts } from './adapters/entra/groups.ts';
import type { Http } from './adapters/outbound/http.ts';
import type { Disk } from './adapters/store/disk.ts';
import type { Store } from './adapters/store/requestStore.ts';
import { startTeams } from './adapters/teams/teams.ts';
import type { Teams, TeamsOptions } from './adapters/teams/teams.ts';
import type { Groups } from './bot/ports.ts';
import type { Log } from './liveResponse/ports.ts';

/** Beside the settings only tests give anything. */
export type TeamsService = Pick<TeamsOptions, 'settings' | 'authority' | 'origins' | 'serviceUrl' | 'pressLimit'>;

export function openTeams(teams: TeamsService, store: Store, rest: { readonly command: string; readonly log: Log; readonly dataDir: string; readonly disk?: Disk }): Promise<Teams> {
  return startTeams({
    ...teams,
    folder: rest.dataDir,
    ...(rest.disk === undefined ? {} : { disk: rest.disk }),
    newestIntent: (requestId, place) => store.get(requestId)?.cards.findLast((card) => card.surface === 'teams' && card.place === place && card.dead === undefined)?.intent,
    log: rest.log,
    command: rest.command,
    // Teams' rates and time limits know the real time only, however fast a simulated tenant runs.
    clock: createClock(),
    jitter: () => Math.random(),
  });
}

export interface EntraService {
  readonly credentials: Credentials;
  /** Sign-in host. */
  readonly authority: string;
  /** Graph's origin, for tests; that of the sign-in host's cloud by default. */
  readonly graph?: string;
}

export function openEntraGroups({ credentials, authority, graph }: EntraService, http: Http, log: Log): Groups {
  const host = graph ?? (authority.endsWith('.us') ? graphHosts.usGov : graphHosts.public);
  return new EntraGroups({ http, tokens: new EntraTokens({ credentials, authority }), clock: createClock(), log, graph: host });
}
