// GET /api/alerts: what other clients of the field test their connection with. Two alerts that never change;
// live response needs none of them.
import type { Fields } from '../calls/filter.ts';
import { page } from '../calls/query.ts';
import type { Address } from '../calls/query.ts';
import { guid, stamp } from '../seed.ts';
import type { Device } from '../shapes.ts';
import type { Tenant } from '../tenant.ts';

const hour = 3_600_000;
interface Alert {
  readonly id: string;
  readonly title: string;
  readonly category: string;
  readonly severity: string;
  readonly status: string;
  readonly at: number;
  readonly device: Device;
}

const samples = [
  {
    title: 'Suspicious use of an administration tool',
    category: 'Execution',
    severity: 'Medium',
    status: 'New',
    hoursAgo: 6,
  },
  {
    title: 'An unusual sign-in from this device',
    category: 'CredentialAccess',
    severity: 'Low',
    status: 'Resolved',
    hoursAgo: 30,
  },
] as const;

/** One for each of the first devices, some hours before its last report. */
function alertsOf(devices: readonly Device[]): readonly Alert[] {
  return samples.flatMap(({ hoursAgo, ...sample }, index): readonly Alert[] => {
    const device = devices[index];
    return device === undefined
      ? []
      : [
          {
            ...sample,
            id: `da${guid(`alert:${index}`).replaceAll('-', '').slice(0, 18)}_${index + 1}`,
            device,
            at: device.lastSeenAt - hoursAgo * hour,
          },
        ];
  });
}

/** The fields the page allows in $filter, as far as these alerts have them. */
const fieldsOf = (tenant: Tenant): Fields<Alert> =>
  new Map([
    ['id', { kind: 'text', of: (alert) => alert.id }],
    ['status', { kind: 'text', of: (alert) => alert.status }],
    ['severity', { kind: 'text', of: (alert) => alert.severity }],
    ['category', { kind: 'text', of: (alert) => alert.category }],
    ['alertcreationtime', { kind: 'time', of: (alert) => timeOf(tenant, alert) }],
    ['lastupdatetime', { kind: 'time', of: (alert) => timeOf(tenant, alert) }],
    ['lasteventtime', { kind: 'time', of: (alert) => timeOf(tenant, alert) }],
  ]);

const timeOf = (tenant: Tenant, alert: Alert): string =>
  stamp(alert.at, alert.id, tenant.profile.fractionDigits);

export function listAlerts(
  tenant: Tenant,
  query: URLSearchParams,
  address: Address,
): Readonly<Record<string, unknown>> {
  return page(
    {
      rows: alertsOf(tenant.devices()),
      fields: fieldsOf(tenant),
      wire: (alert) => alertWire(tenant, alert),
      options: ['$expand'],
    },
    query,
    tenant.profile,
    { ...address, entitySet: 'Alerts' },
  );
}

function alertWire(tenant: Tenant, alert: Alert): Readonly<Record<string, unknown>> {
  const at = timeOf(tenant, alert);
  return {
    id: alert.id,
    incidentId: 1,
    investigationId: null,
    assignedTo: null,
    severity: alert.severity,
    status: alert.status,
    classification: null,
    determination: null,
    investigationState: 'UnsupportedAlertType',
    detectionSource: 'WindowsDefenderAtp',
    category: alert.category,
    threatFamilyName: null,
    title: alert.title,
    description: alert.title,
    alertCreationTime: at,
    firstEventTime: at,
    lastEventTime: at,
    lastUpdateTime: at,
    resolvedTime: alert.status === 'Resolved' ? at : null,
    machineId: alert.device.id,
    computerDnsName: alert.device.name,
    rbacGroupName: alert.device.group,
    comments: [],
    evidence: [],
  };
}
