// The fleet a new tenant starts with: one device for each thing that can be met in the field.
import { machineIdOf } from '../seed.ts';
import type { Device } from '../shapes.ts';

const day = 24 * 3_600_000;

/** A plain online Windows workstation of that name. */
export function ordinaryDevice(name: string, now: number, number = 100): Device {
  return {
    id: machineIdOf(name),
    name: name.toLowerCase(),
    os: 'windows',
    osPlatform: 'Windows11',
    groupId: 75,
    group: 'Workstations',
    tags: [],
    healthStatus: 'Active',
    onboardingStatus: 'Onboarded',
    mergedIntoMachineId: null,
    isPotentialDuplication: false,
    isExcluded: false,
    riskScore: null,
    exposureLevel: 'Low',
    ip: `10.1.${Math.floor(number / 250)}.${1 + (number % 250)}`,
    // The last full report is about a day old even on a device that is online: lastSeen cannot tell the two
    // apart.
    lastSeenAt: now - day + number * 1_000,
    onlineSince: now - 3 * day,
    wakesAfterMs: null,
    wakesAt: null,
    portalSession: false,
    broken: false,
    stuck: false,
    errorText: null,
    scriptMs: null,
    scriptOutput: null,
    refusal: null,
    noRemediation: false,
    transcript: null,
    collected: null,
    files: [],
    lockedFiles: [],
    oddFiles: [],
    amsi: null,
  };
}

const special: readonly (Partial<Device> & { readonly name: string })[] = [
  { name: 'hosta.corp.example', tags: ['pilot', 'floor-3'] },
  { name: 'hostb.corp.example', osPlatform: 'Windows10' },
  { name: 'laptop7.corp.example', healthStatus: 'Inactive', onlineSince: null },
  { name: 'laptop8.corp.example', onlineSince: null, wakesAfterMs: 20 * 60_000 },
  { name: 'web1.corp.example', os: 'linux', osPlatform: 'Linux', group: 'Servers', groupId: 81 },
  {
    name: 'srv-portal.corp.example',
    osPlatform: 'WindowsServer2022',
    group: 'Servers',
    groupId: 81,
    portalSession: true,
  },
  { name: 'kiosk.corp.example', tags: ['kiosk'] },
  { name: 'kiosk.branch.example', tags: ['kiosk'] },
  { name: 'broken1.corp.example', broken: true, healthStatus: 'ImpairedCommunication' },
  {
    name: 'dc1.corp.example',
    osPlatform: 'WindowsServer2022',
    group: 'Domain Controllers',
    groupId: 90,
    tags: ['no-lr'],
  },
  { name: 'slow1.corp.example', scriptMs: 11 * 60_000 },
];

/** The devices out of the box, followed by `extra` ordinary ones named load001.corp.example and so on. */
export function fleet(now: number, extra: number): readonly Device[] {
  const named = special.map((device, index) => ({
    ...ordinaryDevice(device.name, now, index + 10),
    ...device,
  }));
  const load = Array.from({ length: extra }, (_, index) =>
    ordinaryDevice(`load${String(index + 1).padStart(3, '0')}.corp.example`, now, index + 100),
  );
  return [...named, ...load];
}
