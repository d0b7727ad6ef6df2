// Shared parts of everything that looks on: the product's client for readings alone, at a rate of its own,
// and the device by its name.
import { noCredentials, EntraTokens } from '../adapters/entra/credentials.ts';
import { Calls } from '../adapters/defender/calls.ts';
import { quoted } from '../adapters/defender/readings.ts';
import { readDevice } from '../adapters/defender/wire.ts';
import { createLog } from '../adapters/log.ts';
import type { Settings } from '../adapters/config/settings.ts';
import { resultHosts } from '../adapters/outbound/resultLink.ts';
import { field } from '../liveResponse/text/json.ts';
import { CallRates, ratesOf } from '../liveResponse/pacing/callRates.ts';
import type { Clock } from '../liveResponse/ports.ts';
import type { Device } from '../liveResponse/device/records.ts';
import { optionsFrom } from '../app/options.ts';
import type { Looking } from './observing.ts';
import type { TappedHttp } from './tap.ts';

/**
 * Of what the tenant lets the application read: a bot that polls every 2.4 s takes a quarter of it a minute,
 * and all of it an hour.
 */
const share = 0.4;
/** Milliseconds between two looks; never more often than the bot itself may be set to look. */
const longestGap = 2_000;

interface Way {
  readonly http: TappedHttp;
  readonly apiUrl: string;
  readonly clock: Clock;
  readonly stop: AbortSignal;
  readonly patience: number;
  readonly print: (text: string) => void;
}

export function lookingWith(
  settings: Settings,
  { http, apiUrl, clock, stop, patience, print }: Way,
): Omit<Looking, 'device'> {
  const { defender, pacing } = settings;
  const options = optionsFrom(settings);
  const service = options.defender.kind === 'service' ? options.defender : undefined;
  const part = (limit: number): number => Math.max(1, Math.floor(limit * share));
  const calls = new Calls({
    http,
    tokens:
      service === undefined || service.credentials === 'none'
        ? noCredentials(apiUrl)
        : new EntraTokens({
            credentials: service.credentials,
            authority: service.endpoint.authority,
            way: http,
          }),
    budgets: new CallRates(
      ratesOf({
        submitsPerMinute: 1,
        callsPerMinute: part(pacing.callsPerMinute),
        callsPerHour: part(pacing.callsPerHour),
      }),
    ),
    clock,
    log: createLog({ level: 'error', secrets: options.secrets }),
    endpoint: { apiUrl, authority: service?.endpoint.authority ?? '', scope: service?.endpoint.scope ?? '' },
  });
  return {
    calls,
    http,
    rules: {
      hosts: [...resultHosts, ...settings.resultHosts],
      origins: [],
      loopback: defender.kind === 'simulator' || defender.loopback,
    },
    clock,
    gap: Math.min(longestGap, pacing.pollMs),
    patience,
    stop,
    tell: print,
  };
}

/** Devices of that name, of that name with a domain behind it, or of that id. @throws DefenderError */
export async function devicesOf(calls: Calls, name: string): Promise<readonly Device[]> {
  const wanted = name.toLowerCase();
  const filters = /^[0-9a-f]{40}$/.test(wanted)
    ? [`id eq ${quoted(wanted)}`]
    : [`computerDnsName eq ${quoted(wanted)}`, `startswith(computerDnsName,${quoted(`${wanted}.`)})`];
  const found: Device[] = [];
  for (const filter of filters) {
    const items = field(
      await calls.get('machines', `/api/machines?$filter=${encodeURIComponent(filter)}&$top=20`),
      'value',
    );
    found.push(
      ...(Array.isArray(items) ? items : []).map(readDevice).filter((device) => device !== undefined),
    );
  }
  return [...new Map(found.map((device) => [device.id, device])).values()];
}
