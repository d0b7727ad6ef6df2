// Access to Defender: the simulator of this machine or a tenant, the client that calls it, its rates, and the
// clock that goes with it.
import { createClock, ScaledClock } from '../adapters/clock.ts';
import { DefenderClient } from '../adapters/defender/client.ts';
import { customEndpoint } from '../adapters/defender/clouds.ts';
import type { Endpoint } from '../adapters/defender/clouds.ts';
import { EntraTokens, noCredentials } from '../adapters/entra/credentials.ts';
import type { TokenSource } from '../adapters/entra/credentials.ts';
import type { Credentials } from '../adapters/entra/settings.ts';
import type { HttpClient } from '../adapters/outbound/http.ts';
import { CallCounts } from '../adapters/store/callCounts.ts';
import type { Disk } from '../adapters/store/journal/disk.ts';
import type { SeenCall } from '../adapters/outbound/answerClass.ts';
import { lastTime } from '../adapters/store/lastTime.ts';
import type { Store } from '../adapters/store/journal/requestStore.ts';
import {
  callKinds,
  CallRates,
  elapsedOf,
  ratesOf,
  safetyMarginMs,
} from '../liveResponse/pacing/callRates.ts';
import type { CallKind } from '../liveResponse/pacing/callRates.ts';
import type { Clock, Log } from '../liveResponse/ports.ts';
import { namedProfiles } from '../simulator/profiles.ts';
import type { ProfileName } from '../simulator/profiles.ts';
import { startSimulator } from '../simulator/simulator.ts';
import type { Simulator } from '../simulator/simulator.ts';
import type { Shutdown } from './shutdown.ts';

export type DefenderOptions =
  | { readonly kind: 'simulator'; readonly speed: number; readonly profile?: ProfileName }
  | {
      readonly kind: 'service';
      readonly tenant: string;
      readonly endpoint: Endpoint;
      readonly credentials: Credentials | 'none';
      readonly loopback: boolean;
      readonly unsignedAllowed?: boolean;
    };

export interface RateOptions {
  readonly submitsPerMinute: number;
  readonly callsPerMinute: number;
  readonly callsPerHour: number;
}

export interface Clocks {
  /** The tenant's, which may run fast. */
  readonly clock: Clock;
  /** Chats know the real time only, in their signatures and rates, however fast a simulated tenant runs. */
  readonly chatClock: Clock;
  /** The embedded simulator's clock, whose speed can be set. */
  readonly scaledClock?: ScaledClock;
}

/** @param given one clock for everything, for tests that move time */
export function clocksFor(
  defender: DefenderOptions,
  { disk, dataDir }: { readonly disk: Disk; readonly dataDir: string },
  given: Clock | undefined,
): Clocks {
  const chatClock = given ?? createClock();
  if (given !== undefined || defender.kind !== 'simulator') return { clock: chatClock, chatClock };
  // Never earlier than anything this data folder has seen, so that a story played at high speed continues after
  // a restart.
  const epoch = Math.max(createClock().now(), (lastTime(disk, dataDir) ?? 0) + 1);
  const scaledClock = new ScaledClock({ speed: defender.speed, epoch });
  return { clock: scaledClock, chatClock, scaledClock };
}

/** Where Defender is, before a client calls it. */
interface Upstream {
  readonly endpoint: Endpoint;
  readonly tokens: TokenSource;
  readonly loopback: boolean;
  readonly tenant: string;
  readonly simulated: boolean;
  readonly simulator?: Simulator;
}

export interface DefenderAccess extends Pick<Upstream, 'tenant' | 'simulated' | 'simulator'> {
  readonly client: DefenderClient;
  readonly callRates: CallRates;
  /** Stopped with the shutdown that was given. */
  readonly callCounts: CallCounts;
  readonly apiUrl: string;
}

export interface AccessParts {
  readonly dataDir: string;
  readonly disk: Disk;
  readonly rates: RateOptions;
  readonly resultHosts: readonly string[];
  readonly store: Store;
  readonly http: HttpClient;
  readonly clock: Clock;
  readonly log: Log;
  readonly shutdown: Shutdown;
  /** For metrics: called once for each call to Defender. */
  readonly observe: (call: SeenCall<CallKind>) => void;
}

export async function openDefender(defender: DefenderOptions, parts: AccessParts): Promise<DefenderAccess> {
  const { resultHosts, http, clock, log, observe } = parts;
  const upstream =
    defender.kind === 'simulator' ? await embeddedSimulator(defender, parts) : tenantOf(defender, http);
  const { endpoint, tokens, loopback, tenant, simulated, simulator } = upstream;
  const { callRates, callCounts } = ratesKept(parts);
  const client = new DefenderClient({
    http,
    budgets: callRates,
    clock,
    log,
    tokens,
    endpoint,
    resultsOnLoopback: loopback,
    resultHosts,
    observe,
  });
  return {
    client,
    callRates,
    callCounts,
    apiUrl: endpoint.apiUrl,
    tenant,
    simulated,
    ...(simulator === undefined ? {} : { simulator }),
  };
}

/** The rates, in which the calls of earlier processes in the last hour count too. */
function ratesKept(parts: AccessParts): Pick<DefenderAccess, 'callRates' | 'callCounts'> {
  const { dataDir, disk, rates, store, clock, log, shutdown } = parts;
  const callCounts = new CallCounts({
    disk,
    folder: dataDir,
    clock,
    log,
    callsPerMinute: rates.callsPerMinute,
  });
  shutdown.onClose('call counts', 1_000, () => callCounts.stop());
  const callRates = new CallRates(ratesOf(rates), safetyMarginMs, (kind) => {
    if (kind !== 'submit') callCounts.made(kind);
  });
  // The journal has every submission before it is sent, and the links that came, should the counts lack them.
  const hourAgo = clock.now() - 3_600_000;
  callRates.seed('submit', elapsedOf(store.submissionTimes(hourAgo), clock));
  callRates.seed('link', elapsedOf(store.linkTimes(Math.max(hourAgo, callCounts.until)), clock));
  for (const kind of callKinds) callRates.seed(kind, callCounts.times(kind));
  return { callRates, callCounts };
}

async function embeddedSimulator(
  { profile = 'default' }: Extract<DefenderOptions, { readonly kind: 'simulator' }>,
  { clock, dataDir, shutdown }: AccessParts,
): Promise<Upstream> {
  const simulator = await startSimulator({ clock, dataDir, profile: namedProfiles[profile] });
  shutdown.onClose('simulator', 1_000, () => simulator.stop());
  return {
    endpoint: customEndpoint(simulator.url),
    tokens: noCredentials(simulator.url),
    loopback: true,
    tenant: 'simulator',
    simulated: true,
    simulator,
  };
}

function tenantOf(
  { endpoint, credentials, tenant, loopback }: Extract<DefenderOptions, { readonly kind: 'service' }>,
  http: HttpClient,
): Upstream {
  return {
    endpoint,
    tokens:
      credentials === 'none'
        ? noCredentials(endpoint.apiUrl)
        : new EntraTokens({ credentials, authority: endpoint.authority, way: http }),
    loopback,
    tenant,
    // Without credentials it can only be a loopback address: a simulator somebody started.
    simulated: credentials === 'none',
  };
}
