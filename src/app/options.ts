// From settings to what the service is made of. Where the policy is when nobody named one is decided here
// too.
import { existsSync } from 'node:fs';
import type { Settings } from '../adapters/config/settings.ts';
import type { AzureSettings } from '../adapters/config/defenderSettings.ts';
import { clouds } from '../adapters/defender/clouds.ts';
import type { Endpoint } from '../adapters/defender/clouds.ts';
import type { Credentials } from '../adapters/entra/settings.ts';
import { packageFile } from '../adapters/packageFiles.ts';
import type { ServiceOptions } from './compose.ts';

export function optionsFrom(settings: Settings): ServiceOptions {
  const { http, dataDir, defender, pacing } = settings;
  return {
    host: http.host,
    port: http.port,
    admin: settings.admin,
    dataDir,
    policyFile: policyFile(settings),
    record: settings.record,
    command: settings.chats.find(({ command }) => command !== undefined)?.command ?? '/lr',
    logLevel: settings.logLevel,
    secrets: secretsOf(settings),
    defender:
      defender.kind === 'simulator'
        ? { kind: 'simulator', speed: defender.speed, profile: defender.profile }
        : {
            kind: 'service',
            tenant: defender.tenant,
            endpoint: { apiUrl: defender.url, ...signIn(defender) },
            credentials: defender.auth.kind === 'none' ? 'none' : credentialsOf(defender.auth.azure),
            loopback: defender.loopback,
            unsignedAllowed: defender.unsignedAllowed,
          },
    console: settings.console,
    platforms: settings.chats,
    ...(settings.azure === undefined
      ? {}
      : { entra: { credentials: credentialsOf(settings.azure), authority: settings.azure.authority } }),
    rates: {
      submitsPerMinute: pacing.submitsPerMinute,
      callsPerMinute: pacing.callsPerMinute,
      callsPerHour: pacing.callsPerHour,
    },
    sessions: pacing.sessions,
    pollGap: pacing.pollMs,
    parkedGap: pacing.parkedPollMs,
    ...(pacing.offlineQueueMs === undefined ? {} : { offlineQueue: pacing.offlineQueueMs }),
    outputRetention: settings.retentionMs,
    resultHosts: settings.resultHosts,
    ...(settings.proxy === undefined ? {} : { proxy: settings.proxy }),
  };
}

type Tenant = Extract<Settings['defender'], { readonly kind: 'tenant' }>;

function signIn({ auth }: Tenant): Pick<Endpoint, 'authority' | 'scope'> {
  // Without credentials nobody signs in anywhere; the names only have to be there.
  return auth.kind === 'none'
    ? { authority: clouds.commercial.authority, scope: clouds.commercial.scope }
    : { authority: auth.azure.authority, scope: auth.scope };
}

function credentialsOf({ tenantId, credential }: AzureSettings): Credentials {
  // A managed identity is of the machine's own tenant.
  return credential.kind === 'managedIdentity' ? credential : { tenantId, ...credential };
}

/** The console works at once, with the example; a real chat needs a policy that somebody wrote. */
function policyFile({ console: local, policyFile: named }: Settings): string {
  return local && named === './policy.yaml' && !existsSync(named)
    ? packageFile('policy.example.yaml')
    : named;
}

/** Known secrets, for the log's second net. */
function secretsOf({ azure, chats, proxy, record }: Settings): readonly string[] {
  const secrets = [
    azure?.credential.kind === 'secret' ? azure.credential.secret : undefined,
    ...chats.flatMap(({ secrets: known }) => known),
    proxy?.password,
    record.key?.kind === 'text' ? record.key.secret : undefined,
  ];
  return secrets.flatMap((secret) => (secret === undefined ? [] : [secret.reveal()]));
}
