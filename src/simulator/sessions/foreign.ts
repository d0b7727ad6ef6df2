// Actions that are not ours: what another application, the portal or an automation did or is doing in the
// same tenant.
import { checked, number, oneOf, orNull, text } from './checks.ts';
import type { Check } from './checks.ts';
import { freshRun } from './lifecycle.ts';
import { badRequest, notFound } from '../calls/refused.ts';
import { commandFrom } from './runLiveResponse.ts';
import type { Action, ActionStatus } from '../shapes.ts';
import { actionStatuses } from '../shapes.ts';
import type { Tenant } from '../tenant.ts';

const types = [
  'LiveResponse',
  'Isolate',
  'Unisolate',
  'RunAntiVirusScan',
  'CollectInvestigationPackage',
  'RestrictCodeExecution',
  'UnrestrictCodeExecution',
  'StopAndQuarantineFile',
  'Offboard',
  'RequestSample',
] as const;

export const foreignChecks: ReadonlyMap<string, Check> = new Map([
  ['device', text],
  ['type', oneOf(types)],
  ['requestor', text],
  ['comment', text],
  ['scope', orNull(text)],
  ['status', oneOf(actionStatuses)],
  ['createdAgoMs', number],
  ['commands', Array.isArray],
]);

const defaultCommands = [{ type: 'RunScript', params: [{ key: 'ScriptName', value: 'collect.ps1' }] }];
/** How long an action took that is planted as over. */
const tookMs = 90_000;

/**
 * Puts an action of somebody else into the list, and returns its record. Without `status` a LiveResponse
 * begins its life as Pending at the time it was created, holds its device and continues by itself; any other
 * type is over. It is no submission: nobody we watch has sent it.
 */
export function plantForeign(tenant: Tenant, json: unknown): Action {
  const given = checked(json, foreignChecks);
  const textOf = (key: string, fallback: string): string => {
    const value = given[key];
    return typeof value === 'string' ? value : fallback;
  };
  const device = tenant.device(textOf('device', ''));
  if (device === undefined) throw notFound(`No device named ${textOf('device', '')}.`);
  const type = types.find((one) => one === given['type']) ?? 'LiveResponse';
  const status =
    actionStatuses.find((one): one is ActionStatus => one === given['status']) ??
    (type === 'LiveResponse' ? 'Pending' : 'Succeeded');
  if (status === 'InProgress')
    throw badRequest('Plant it without a status and with "createdAgoMs": it comes to InProgress by itself.');
  const createdAt = tenant.now() - Number(given['createdAgoMs'] ?? (status === 'Pending' ? 0 : 10 * 60_000));
  const over = status !== 'Pending';
  const commands =
    type === 'LiveResponse' ? ((given['commands'] as readonly unknown[] | undefined) ?? defaultCommands) : [];
  return tenant.keepAction({
    id: tenant.newGuid(),
    seq: tenant.next(),
    type,
    scope: typeof given['scope'] === 'string' ? given['scope'] : null,
    machineId: device.id,
    computerDnsName: device.name,
    requestor: textOf('requestor', 'other-application@corp.example'),
    comment: textOf('comment', 'Not ours'),
    status,
    createdAt,
    updatedAt: over ? createdAt + tookMs : createdAt,
    cancellation: null,
    commands: commands.map((command) => ({
      ...freshRun(commandFrom(command)),
      ...(status === 'Succeeded'
        ? { status: 'Completed', startedAt: createdAt, endedAt: createdAt + tookMs }
        : {}),
    })),
    freesAt: over ? createdAt + tookMs : null,
  });
}
