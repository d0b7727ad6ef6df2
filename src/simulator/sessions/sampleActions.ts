// Sample actions that other tools left in the tenant: the list holds more than live response, and a client
// must not mistake it for its own.
import { guid } from '../seed.ts';
import type { Action, Device } from '../shapes.ts';

const hour = 3_600_000;
const samples = [
  {
    type: 'RunAntiVirusScan',
    scope: 'Full',
    device: 'hostb.corp.example',
    hoursAgo: 50,
    status: 'Succeeded',
    comment: 'Weekly scan after alert',
  },
  {
    type: 'Isolate',
    scope: 'Selective',
    device: 'kiosk.branch.example',
    hoursAgo: 26,
    status: 'Succeeded',
    comment: 'Isolated by the SOC',
  },
  {
    type: 'CollectInvestigationPackage',
    scope: null,
    device: 'hosta.corp.example',
    hoursAgo: 5,
    status: 'Failed',
    comment: 'Evidence',
  },
] as const;

/**
 * Ended actions of other types; their numbers are below 0, so that a session of the same millisecond counts
 * as newer.
 */
export function sampleActions(devices: readonly Device[], now: number): readonly Action[] {
  return samples.flatMap((sample, index): readonly Action[] => {
    const device = devices.find((candidate) => candidate.name === sample.device);
    if (device === undefined) return [];
    const createdAt = now - sample.hoursAgo * hour;
    return [
      {
        id: guid(`sample:${sample.type}`),
        seq: index - samples.length,
        type: sample.type,
        scope: sample.scope,
        machineId: device.id,
        computerDnsName: device.name,
        requestor: 'analyst@corp.example',
        comment: sample.comment,
        status: sample.status,
        createdAt,
        updatedAt: createdAt + 90_000,
        cancellation: null,
        commands: [],
        freesAt: createdAt + 90_000,
      },
    ];
  });
}
