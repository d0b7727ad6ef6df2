// From settings to what the service is made of. Where the policy is when nobody named one is decided here too.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Settings } from './adapters/config/settings.ts';
import type { Credentials } from './adapters/entra/credentials.ts';
import type { ServiceOptions } from './service.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

export function optionsFrom(settings: Settings): ServiceOptions {
  const { http, dataDir, defender, pacing } = settings;
  return {
    host: http.host,
    port: http.port,
    dataDir,
    policyFile: policyFile(settings),
    command: settings.slack?.command ?? '/lr',
    logLevel: settings.logLevel,
    secrets: [],
    defender:
      defender.kind === 'simulator'
        ? { kind: 'simulator', speed: defender.speed }
        : {
            kind: 'service',
            tenant: defender.tenant,
            endpoint: defender.endpoint,
            credentials: defender.credentials,
            loopback: defender.loopback,
          },
    console: settings.console,
    rates: { submitsPerMinute: pacing.submitsPerMinute, callsPerMinute: pacing.callsPerMinute, callsPerHour: pacing.callsPerHour },
    sessions: pacing.sessions,
    pollGap: pacing.pollMs,
    parkedGap: pacing.parkedPollMs,
    offlineQueue: pacing.offlineQueueMs,
    outputRetention: settings.retentionMs,
  };
}

/** The console works at once, with the example; a real chat needs a policy that somebody wrote. */
function policyFile({ console: local, policyFile: named }: Settings): string {
  return local && named === './policy.yaml' && !existsSync(named) ? join(root, 'policy.example.yaml') : named;
}
