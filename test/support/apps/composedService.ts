// The composed service on a folder of its own with a simulated Defender, and a request that two people bring
// about there.
import { join } from 'node:path';
import type { Service } from '../../../src/app/compose.ts';
import type { ServiceOptions } from '../../../src/app/options.ts';
import { bindingOf } from '../../../src/liveResponse/commands.ts';

const hour = 3_600_000;

/** Options of a service whose data and policy lie in `dir`, and of no chat unless one is given. */
export function serviceOptions(dir: string, more: Partial<ServiceOptions> = {}): ServiceOptions {
  return {
    host: '127.0.0.1',
    port: 0,
    dataDir: dir,
    policyFile: join(dir, 'policy.yaml'),
    command: '/lr',
    logLevel: 'silent',
    secrets: [],
    console: false,
    defender: { kind: 'simulator', speed: 1 },
    rates: { submitsPerMinute: 10, callsPerMinute: 100, callsPerHour: 1500 },
    sessions: 25,
    pollGap: 2_400,
    parkedGap: 30_000,
    offlineQueue: 72 * hour,
    outputRetention: 720 * hour,
    ...more,
  };
}

export const place = { surface: 'console', id: 'incidents', direct: false, external: false } as const;
export const member = (id: string) => ({ surface: 'console', id, trust: 'member' }) as const;

/** Asked for by one person and approved by another: the id of the request. */
export async function askAndApprove(service: Service, text: string): Promise<string> {
  const asked = await service.bot.command({
    surface: 'console',
    account: member('responder1'),
    place,
    text,
    deliveryId: text,
  });
  if (asked.kind !== 'asked') throw new Error(JSON.stringify(asked));
  const request = service.store.get(asked.requestId);
  if (request === undefined) throw new Error(`${asked.requestId} is not stored`);
  await service.bot.press({
    surface: 'console',
    account: member('approver1'),
    place,
    verb: 'approve',
    requestId: asked.requestId,
    revision: request.revision,
    fingerprint: bindingOf(request.subject.digest),
    deliveryId: `${text} yes`,
  });
  return asked.requestId;
}
