// Options of the service, and how they follow from the settings. Where the policy is when nobody named one is
// decided here too.
import { existsSync } from 'node:fs';
import type { Settings } from '../adapters/config/settings.ts';
import type { AzureSettings } from '../adapters/config/defenderSettings.ts';
import { clouds } from '../adapters/defender/clouds.ts';
import type { Endpoint } from '../adapters/defender/clouds.ts';
import type { Credentials } from '../adapters/entra/settings.ts';
import { packageFile } from '../adapters/packageFiles.ts';
import type { RecordSettings } from '../adapters/config/recordSettings.ts';
import type { LogLevel } from '../adapters/log.ts';
import type { HttpClient } from '../adapters/outbound/http.ts';
import type { Proxy } from '../adapters/outbound/proxy.ts';
import type { Disk } from '../adapters/store/journal/disk.ts';
import type { BotSettings } from '../bot/deps.ts';
import type { Clock } from '../liveResponse/ports.ts';
import type { ChatOptions } from './chats.ts';
import type { DefenderAccess, DefenderOptions, RateOptions } from './defenderAccess.ts';

export interface ServiceOptions extends ChatOptions {
  readonly host: string;
  readonly port: number;
  /**
   * Where reasons in words and metrics are; absent: for this machine alone. Without a port: on the one after
   * `port`.
   */
  readonly admin?: { readonly host: string; readonly port?: number } | 'off';
  readonly dataDir: string;
  readonly policyFile: string;
  /**
   * Key and anchors of the journal; absent: a key in the data folder and none. Only console and simulator may
   * go without.
   */
  readonly record?: RecordSettings;
  readonly command: string;
  readonly logLevel: LogLevel;
  /** Secrets that the log removes as a second net. */
  readonly secrets: readonly string[];
  readonly defender: DefenderOptions;
  /** Called when the process can do its work no longer and should be started again. */
  readonly onBroken?: (why: string) => void;
  /**
   * Called once for each place of the policy that the bot cannot write in, and for everybody else who could
   * write the policy.
   */
  readonly onWarning?: (sentence: string) => void;
  readonly rates: RateOptions;
  readonly sessions: number;
  /** Milliseconds. */
  readonly pollGap: number;
  readonly parkedGap: number;
  /** Stated by LR_OFFLINE_QUEUE; absent: learned. */
  readonly offlineQueue?: number;
  readonly outputRetention: number;
  /**
   * Hosts other than those of Azure storage whose result links are read and handed out: endings that begin
   * with a dot, and whole names.
   */
  readonly resultHosts?: readonly string[];
  /** The way out; absent: directly. `useProxy` sets it for the clients that are not ours. */
  readonly proxy?: Proxy;
  /** Where the data folder is, for tests; the machine's own by default. */
  readonly disk?: Disk;
  /**
   * The way to the network, for a program that looks on (src/acceptance); closed with the service. Absent:
   * one of its own.
   */
  readonly http?: HttpClient;
  /**
   * One clock for everything, chats included, for tests that move time; by default the machine's own, and a
   * faster one for a simulated tenant.
   */
  readonly clock?: Clock;
}

/** What of the options the bot itself goes by. */
export function botSettings(
  options: ServiceOptions,
  { tenant, simulated }: Pick<DefenderAccess, 'tenant' | 'simulated'>,
): BotSettings {
  const { command, offlineQueue, sessions, pollGap, parkedGap, outputRetention } = options;
  return {
    tenant,
    simulated,
    command,
    ...(offlineQueue === undefined ? {} : { offlineQueue }),
    sessions,
    pollGap,
    parkedGap,
    outputRetention,
  };
}

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
