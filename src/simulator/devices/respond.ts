// Actions of responders on a machine besides live response: isolate it, take its package, scan it, restrict
// it. As far as other clients of the field need them to connect and to work: a body that is read strictly,
// an action that runs its course, and a machine that does nothing twice at once.
import { badRequest, invalidBody, missing, notFound, Refused } from '../calls/refused.ts';
import { isFinal } from '../shapes.ts';
import type { Action } from '../shapes.ts';
import type { Tenant } from '../tenant.ts';

/** One of these calls: the action it makes, and the key whose value becomes the action's scope. */
export interface Respond {
  readonly type: string;
  readonly scope?: { readonly key: string; readonly values: readonly string[] };
}

/** By the last part of the path, in the spelling of the pages. */
export const responds = {
  isolate: {
    type: 'Isolate',
    scope: { key: 'IsolationType', values: ['Full', 'Selective', 'UnManagedDevice'] },
  },
  unisolate: { type: 'Unisolate' },
  collectInvestigationPackage: { type: 'CollectInvestigationPackage' },
  runAntiVirusScan: { type: 'RunAntiVirusScan', scope: { key: 'ScanType', values: ['Quick', 'Full'] } },
  restrictCodeExecution: { type: 'RestrictCodeExecution' },
  unrestrictCodeExecution: { type: 'UnrestrictCodeExecution' },
} as const satisfies Readonly<Record<string, Respond>>;

/** POST /api/machines/{id}/isolate and the like; the action begins as Pending and advances with time. */
export function respond(
  tenant: Tenant,
  { type, scope }: Respond,
  machineId: string,
  { body, requestor }: { readonly body: unknown; readonly requestor: string },
): Action {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw invalidBody('The request body is no JSON object.');
  const given = new Map<string, unknown>(Object.entries(body));
  const comment = given.get('Comment');
  if (typeof comment !== 'string' || comment === '') throw missing('Comment');
  const value = scope === undefined ? null : given.get(scope.key);
  if (scope !== undefined && value === undefined) throw missing(scope.key);
  if (scope !== undefined && !(typeof value === 'string' && scope.values.includes(value)))
    throw new Refused(400, 'InvalidInput', `${scope.key} must be one of ${scope.values.join(', ')}.`);
  const now = tenant.now();
  const device = tenant.devices().find((one) => one.id === machineId.toLowerCase());
  if (device === undefined) throw notFound(`Machine ${machineId} was not found`);
  if (
    tenant
      .actions()
      .some((action) => action.machineId === device.id && action.type === type && !isFinal(action))
  ) {
    throw new Refused(400, 'ActiveRequestAlreadyExists', 'Action is already in progress');
  }
  return tenant.keepAction({
    id: tenant.newGuid(),
    seq: tenant.next(),
    type,
    scope: typeof value === 'string' ? value : null,
    machineId: device.id,
    computerDnsName: device.name,
    requestor,
    comment,
    status: 'Pending',
    createdAt: now,
    updatedAt: now,
    cancellation: null,
    commands: [],
    freesAt: null,
    byApi: true,
  });
}

/** The action whose package may be fetched; throws Refused. */
export function packageOf(tenant: Tenant, action: Action): Action {
  if (action.type !== 'CollectInvestigationPackage')
    throw badRequest(`Machine action ${action.id} is no collection of an investigation package.`);
  if (action.status !== 'Succeeded')
    throw tenant.profile.notReadyStatus === 404
      ? notFound('The package is not ready yet.')
      : badRequest('The package is not ready yet.');
  return action;
}
