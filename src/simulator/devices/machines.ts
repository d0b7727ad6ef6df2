// The machines calls: one by id or name, the filtered list, and find by IP.
import type { Field, Fields, ListField } from '../calls/filter.ts';
import type { Profile } from '../profile.ts';
import { page } from '../calls/query.ts';
import type { Address } from '../calls/query.ts';
import { badRequest, notFound } from '../calls/refused.ts';
import { guid, stamp, ticksOf } from '../seed.ts';
import type { Device } from '../shapes.ts';
import type { Tenant } from '../tenant.ts';

type Json = Readonly<Record<string, unknown>>;

const day = 24 * 3_600_000;

/** The fields the page allows in $filter. */
const fieldsOf = ({ fractionDigits, machineNames }: Profile): Fields<Device> =>
  new Map<string, Field<Device> | ListField<Device>>([
    ['id', { kind: 'text', of: (device) => device.id }],
    ['computerdnsname', { kind: 'text', of: (device) => device.name, anyCase: machineNames === 'anyCase' }],
    ['osplatform', { kind: 'text', of: (device) => device.osPlatform }],
    ['version', { kind: 'text', of: versionOf }],
    ['healthstatus', { kind: 'text', of: (device) => device.healthStatus }],
    ['lastipaddress', { kind: 'text', of: (device) => device.ip }],
    ['lastseen', { kind: 'time', of: (device) => stamp(device.lastSeenAt, device.id, fractionDigits) }],
    ['rbacgroupid', { kind: 'number', of: (device) => device.groupId }],
    ['aaddeviceid', { kind: 'text', of: aadDeviceIdOf }],
    ['machinetags', { kind: 'texts', of: (device) => device.tags }],
    ['onboardingstatus', { kind: 'text', of: (device) => device.onboardingStatus }],
    ['riskscore', { kind: 'text', of: (device) => device.riskScore }],
    ['exposurelevel', { kind: 'text', of: (device) => device.exposureLevel }],
    ['devicevalue', { kind: 'text', of: () => 'Normal' }],
  ]);

/**
 * GET /api/machines/{id or name}. Of several machines with that short name the first is returned, as a client
 * that trusts names deserves.
 */
export function oneMachine(tenant: Tenant, idOrName: string, context: string): Json {
  const device =
    tenant.device(idOrName) ??
    tenant.devices().find((candidate) => candidate.name.split('.')[0] === idOrName.toLowerCase());
  if (device === undefined) throw notFound(`Machine ${idOrName} was not found`);
  return { '@odata.context': `${context}#Machines/$entity`, ...machineWire(device, tenant.profile) };
}

/** GET /api/machines. */
export function listMachines(tenant: Tenant, query: URLSearchParams, address: Address): Json {
  const { profile } = tenant;
  const answer = page(
    { rows: tenant.devices(), fields: fieldsOf(profile), wire: (device) => machineWire(device, profile) },
    query,
    profile,
    { ...address, entitySet: 'Machines' },
  );
  if (
    Array.isArray(answer['value']) &&
    answer['value'].length === 0 &&
    tenant.profile.noMachineMatch === 'notFound'
  )
    throw notFound('No recent machines were found');
  return answer;
}

/**
 * GET /api/machines/findbyip(ip='...',timestamp=...): the devices that reported this address within the
 * window around that time. An online device has reported all along since it came online; one that is away
 * only at its last report.
 */
export function machinesByIp(tenant: Tenant, ip: string, timestamp: string, context: string): Json {
  const { profile } = tenant;
  const now = tenant.now();
  const ticks = ticksOf(timestamp);
  if (ticks === undefined) throw badRequest(`'${timestamp}' is no timestamp.`);
  const at = Number(ticks / 10_000n);
  if (at < now - profile.ipDays * day || at > now)
    throw badRequest(`The timestamp must be within the past ${profile.ipDays} days.`);
  const near = (from: number, to: number): boolean =>
    at >= from - profile.ipWindowMs && at <= to + profile.ipWindowMs;
  const found = tenant
    .devices()
    .filter(
      (device) =>
        device.ip === ip &&
        (near(device.lastSeenAt, device.lastSeenAt) ||
          (device.onlineSince !== null && near(device.onlineSince, now))),
    );
  if (found.length === 0 && profile.noMachineMatch === 'notFound') throw notFound('No machine was found');
  return {
    '@odata.context': `${context}#Machines`,
    value: found.map((device) => machineWire(device, profile)),
  };
}

const versionOf = (device: Device): string => (device.os === 'linux' ? '22.04' : '23H2');
const aadDeviceIdOf = (device: Device): string | null =>
  device.os === 'windows' ? guid(`aad:${device.id}`) : null;

function machineWire(device: Device, { fractionDigits, rbacGroupId }: Profile): Json {
  const mac = device.id.slice(0, 12).toUpperCase();
  return {
    id: device.id,
    mergedIntoMachineId: device.mergedIntoMachineId,
    isPotentialDuplication: device.isPotentialDuplication,
    isExcluded: device.isExcluded,
    exclusionReason: device.isExcluded ? 'Duplicate' : null,
    computerDnsName: device.name,
    firstSeen: stamp(device.lastSeenAt - 200 * day, device.id, fractionDigits),
    lastSeen: stamp(device.lastSeenAt, device.id, fractionDigits),
    osPlatform: device.osPlatform,
    osVersion: null,
    osProcessor: 'x64',
    version: versionOf(device),
    lastIpAddress: device.ip,
    lastExternalIpAddress: '203.0.113.17',
    agentVersion: device.os === 'linux' ? '30.124082.4.0' : '10.8760.26100.1742',
    osBuild: device.os === 'linux' ? null : 22_631,
    healthStatus: device.healthStatus,
    deviceValue: 'Normal',
    rbacGroupId: rbacGroupId === 'text' ? String(device.groupId) : device.groupId,
    rbacGroupName: device.group,
    riskScore: device.riskScore,
    exposureLevel: device.exposureLevel,
    isAadJoined: device.os === 'windows',
    aadDeviceId: aadDeviceIdOf(device),
    machineTags: device.tags,
    defenderAvStatus: 'Updated',
    ...(device.onboardingStatus === null ? {} : { onboardingStatus: device.onboardingStatus }),
    osArchitecture: '64-bit',
    managedBy: device.os === 'windows' ? 'Intune' : 'MicrosoftDefenderForEndpoint',
    managedByStatus: 'Success',
    ipAddresses: [{ ipAddress: device.ip, macAddress: mac, type: 'Ethernet', operationalStatus: 'Up' }],
    vmMetadata: null,
  };
}
