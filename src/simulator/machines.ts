// The machines calls: one by id or name, the filtered list, and find by IP.
import type { Field, Fields } from './filter.ts';
import { page } from './query.ts';
import { badRequest, notFound } from './refused.ts';
import { guid, stamp, ticksOf } from './seed.ts';
import type { Device } from './shapes.ts';
import type { Tenant } from './tenant.ts';

type Json = Readonly<Record<string, unknown>>;

const day = 24 * 3_600_000;

/** The fields the page allows in $filter, as far as the simulator knows them. */
const fields: Fields<Device> = new Map<string, Field<Device>>([
  ['id', { kind: 'text', of: (device) => device.id }],
  ['computerdnsname', { kind: 'text', of: (device) => device.name }],
  ['osplatform', { kind: 'text', of: (device) => device.osPlatform }],
  ['healthstatus', { kind: 'text', of: (device) => device.healthStatus }],
  ['lastipaddress', { kind: 'text', of: (device) => device.ip }],
  ['lastseen', { kind: 'time', of: (device) => stamp(device.lastSeenAt, device.id) }],
  ['rbacgroupid', { kind: 'number', of: (device) => device.groupId }],
  ['onboardingstatus', { kind: 'text', of: () => 'Onboarded' }],
  ['riskscore', { kind: 'text', of: () => null }],
  ['exposurelevel', { kind: 'text', of: () => 'Low' }],
  ['devicevalue', { kind: 'text', of: () => 'Normal' }],
]);

/** GET /api/machines/{id or name}. Of several machines with that short name the first is returned, as a client that trusts names deserves. */
export function oneMachine(tenant: Tenant, idOrName: string, context: string): Json {
  const device = tenant.device(idOrName) ?? tenant.devices().find((candidate) => candidate.name.split('.')[0] === idOrName.toLowerCase());
  if (device === undefined) throw notFound(`Machine ${idOrName} was not found`);
  return { '@odata.context': `${context}#Machines/$entity`, ...machineWire(device) };
}

/** GET /api/machines. */
export function listMachines(tenant: Tenant, query: URLSearchParams, address: string): Json {
  const answer = page({ rows: tenant.devices(), fields, wire: machineWire }, query, tenant.profile.pageSize, address, 'Machines');
  if (Array.isArray(answer['value']) && answer['value'].length === 0 && tenant.profile.noMachineMatch === 'notFound') throw notFound('No recent machines were found');
  return answer;
}

/** GET /api/machines/findbyip(ip='...',timestamp=...): 15 minutes either side are not simulated, the 30 days are. */
export function machinesByIp(tenant: Tenant, ip: string, timestamp: string, context: string): Json {
  const ticks = ticksOf(timestamp);
  if (ticks === undefined) throw badRequest(`'${timestamp}' is no timestamp.`);
  if (Number(ticks / 10_000n) < tenant.now() - 30 * day) throw badRequest('The timestamp must be within the past 30 days.');
  return { '@odata.context': `${context}#Machines`, value: tenant.devices().filter((device) => device.ip === ip).map(machineWire) };
}

function machineWire(device: Device): Json {
  const mac = device.id.slice(0, 12).toUpperCase();
  return {
    id: device.id,
    mergedIntoMachineId: null,
    isPotentialDuplication: false,
    isExcluded: false,
    exclusionReason: null,
    computerDnsName: device.name,
    firstSeen: stamp(device.lastSeenAt - 200 * day, device.id),
    lastSeen: stamp(device.lastSeenAt, device.id),
    osPlatform: device.osPlatform,
    osVersion: null,
    osProcessor: 'x64',
    version: device.os === 'linux' ? '22.04' : '23H2',
    lastIpAddress: device.ip,
    lastExternalIpAddress: '203.0.113.17',
    agentVersion: device.os === 'linux' ? '30.124082.4.0' : '10.8760.26100.1742',
    osBuild: device.os === 'linux' ? null : 22_631,
    healthStatus: device.healthStatus,
    deviceValue: 'Normal',
    rbacGroupId: device.groupId,
    rbacGroupName: device.group,
    riskScore: null,
    exposureLevel: 'Low',
    isAadJoined: device.os === 'windows',
    aadDeviceId: device.os === 'windows' ? guid(`aad:${device.id}`) : null,
    machineTags: device.tags,
    defenderAvStatus: 'Updated',
    onboardingStatus: 'Onboarded',
    osArchitecture: '64-bit',
    managedBy: device.os === 'windows' ? 'Intune' : 'MicrosoftDefenderForEndpoint',
    managedByStatus: 'Success',
    ipAddresses: [{ ipAddress: device.ip, macAddress: mac, type: 'Ethernet', operationalStatus: 'Up' }],
    vmMetadata: null,
  };
}
