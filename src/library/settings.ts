// Settings of `npm run library`, what it signs in with and where: the bot's tenant and cloud, and never the
// bot's own credential. Library.Manage lets its holder replace every script that is approved, so a person
// brings it for this one call.
import { Environment, readGuid } from '../adapters/config/environment.ts';
import { askForScope, readWhere } from '../adapters/config/defenderSettings.ts';
import type { Where } from '../adapters/config/defenderSettings.ts';
import { knownNames } from '../adapters/config/settings.ts';
import type { Endpoint } from '../adapters/defender/clouds.ts';
import type { Credentials } from '../adapters/entra/settings.ts';
import { parseJson, recordOf, textsOf } from '../liveResponse/text/json.ts';

export interface LibrarySettings {
  readonly endpoint: Endpoint;
  /** Of the state file: what was pushed into one tenant says nothing of another. */
  readonly tenant: string;
  readonly credentials: Credentials | 'none';
  /** The bot's own application, whose token should not have Library.Manage. Lower case. */
  readonly botClientId?: string;
}

export type Variables = Readonly<Record<string, string | undefined>>;

export type ReadLibrarySettings =
  | { readonly settings: LibrarySettings; readonly warnings: readonly string[] }
  | { readonly problems: readonly string[] };

/** `developer`: the person who is signed in on this machine ("az login"). Every problem at once. */
export function readLibrarySettings(variables: Variables, developer: boolean): ReadLibrarySettings {
  const env = new Environment(variables);
  const where = readWhere(env);
  const clientId = readGuid(env, 'LIBRARY_CLIENT_ID', 'an application id');
  const credentials = where === undefined ? undefined : credentialsFrom(env, where, clientId, developer);
  const botClientId = env.text('AZURE_CLIENT_ID')?.toLowerCase();
  for (const name of Object.keys(variables)) {
    // Only ours to judge: the others are the bot's, whose start says what is wrong with them.
    if (/^LIBRARY_/.test(name) && !knownNames.includes(name))
      env.warn(
        `${name} is not a setting and has no effect. The settings are LIBRARY_CLIENT_ID, LIBRARY_CLIENT_SECRET and LIBRARY_CLIENT_CERTIFICATE_PATH.`,
      );
  }
  if (env.problems.length > 0 || where === undefined || credentials === undefined)
    return { problems: env.problems };
  const { url: apiUrl, authority, scope } = where;
  return {
    settings: {
      endpoint: { apiUrl, authority, scope },
      tenant: credentials === 'none' ? 'simulator' : (tenantOf(credentials) ?? ''),
      credentials,
      ...(botClientId === undefined ? {} : { botClientId }),
    },
    warnings: env.warnings,
  };
}

function tenantOf(credentials: Credentials): string | undefined {
  return 'tenantId' in credentials ? credentials.tenantId : undefined;
}

const noCredential =
  'No credential is set for the library, and the bot’s own is not taken in its place: Library.Manage stays out of the bot. Set LIBRARY_CLIENT_ID and LIBRARY_CLIENT_SECRET (or LIBRARY_CLIENT_CERTIFICATE_PATH) of an app registration of its own, in the environment or in a file named by --credentials; or sign in with "az login" and add --developer. docs/library.md shows the steps.';

function credentialsFrom(
  env: Environment,
  where: Where,
  clientId: string | undefined,
  developer: boolean,
): Credentials | 'none' | undefined {
  const secret = env.secret('LIBRARY_CLIENT_SECRET');
  const path = env.text('LIBRARY_CLIENT_CERTIFICATE_PATH');
  const given = env.anyOf('LIBRARY_CLIENT_ID', 'LIBRARY_CLIENT_SECRET', 'LIBRARY_CLIENT_CERTIFICATE_PATH');
  if (!developer && !given && env.text('DEFENDER_AUTH')?.toLowerCase() === 'none') {
    if (where.loopback) return 'none';
    env.problem('DEFENDER_AUTH=none is for a Defender on 127.0.0.1 only. Remove it and give a credential.');
    return undefined;
  }
  const tenantId = readGuid(env, 'AZURE_TENANT_ID', 'a tenant id');
  if (env.text('AZURE_TENANT_ID') === undefined)
    env.problem(
      'AZURE_TENANT_ID is missing: the id of the Entra tenant whose library is meant, a GUID, as the bot has it.',
    );
  askForScope(env, where);
  if (developer) {
    if (secret !== undefined || path !== undefined)
      env.problem(
        '--developer is given, and LIBRARY_CLIENT_SECRET or LIBRARY_CLIENT_CERTIFICATE_PATH is set as well. Remove one: nobody could tell who uploads.',
      );
    return tenantId === undefined ? undefined : { kind: 'developer', tenantId };
  }
  if (!given) {
    env.problem(noCredential);
    return undefined;
  }
  if (env.text('LIBRARY_CLIENT_ID') === undefined)
    env.problem(
      'LIBRARY_CLIENT_ID is missing: the application (client) id of the app registration that has Library.Manage, a GUID.',
    );
  if (secret !== undefined && path !== undefined)
    env.problem('LIBRARY_CLIENT_SECRET and LIBRARY_CLIENT_CERTIFICATE_PATH are both set. Remove one.');
  if (secret === undefined && path === undefined)
    env.problem(
      'LIBRARY_CLIENT_ID is set without a credential. Set LIBRARY_CLIENT_SECRET or LIBRARY_CLIENT_CERTIFICATE_PATH as well.',
    );
  if (tenantId === undefined || clientId === undefined) return undefined;
  if (secret !== undefined) return { kind: 'secret', tenantId, clientId, secret };
  return path === undefined ? undefined : { kind: 'certificate', tenantId, clientId, path };
}

/**
 * What a token says of itself, as far as it is a JWT: whose it is, and what it may do. Only read; its
 * signature is for Defender to check.
 */
export function tokenSays(token: string): { readonly appId?: string; readonly manages?: boolean } {
  const payload = token.split('.')[1];
  if (payload === undefined) return {};
  const { appid, azp, roles, scp } = recordOf(
    parseJson(Buffer.from(payload, 'base64url').toString('utf8'))?.value,
  );
  const app = typeof appid === 'string' ? appid : typeof azp === 'string' ? azp : undefined;
  const held = [...textsOf(roles), ...(typeof scp === 'string' ? scp.split(' ') : [])];
  return {
    ...(app === undefined ? {} : { appId: app.toLowerCase() }),
    ...(roles === undefined && scp === undefined ? {} : { manages: held.includes('Library.Manage') }),
  };
}
