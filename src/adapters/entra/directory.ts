// Entra for the service: the groups that roles may name, read with the credentials of the settings.
import type { Groups } from '../../bot/ports.ts';
import type { Clock, Log } from '../../liveResponse/ports.ts';
import type { Http } from '../outbound/http.ts';
import { EntraTokens } from './credentials.ts';
import { EntraGroups, graphHosts } from './groups.ts';
import type { Credentials } from './settings.ts';

export interface EntraService {
  readonly credentials: Credentials;
  /** Sign-in host. */
  readonly authority: string;
  /** Graph's origin, for tests; that of the sign-in host's cloud by default. */
  readonly graph?: string;
}

/** Graph's origin in the cloud of a sign-in host; the public cloud's where there is none. */
export function graphOf(authority: string | undefined): string {
  return authority?.endsWith('.us') === true ? graphHosts.usGov : graphHosts.public;
}

export function openEntraGroups(
  { credentials, authority, graph }: EntraService,
  http: Http,
  clock: Clock,
  log: Log,
): Groups {
  return new EntraGroups({
    http,
    tokens: new EntraTokens({ credentials, authority, way: http }),
    clock,
    log,
    graph: graph ?? graphOf(authority),
  });
}
