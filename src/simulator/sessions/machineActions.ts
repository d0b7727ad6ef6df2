// The machineactions calls: one action, the list with OData, cancel, and how an action looks on the wire.
import { hresults, inHex } from './hresults.ts';
import { cancelled } from './lifecycle.ts';
import type { Profile } from '../profile.ts';
import { page } from '../calls/query.ts';
import type { Address } from '../calls/query.ts';
import type { Fields } from '../calls/filter.ts';
import { badRequest, missing, notFound } from '../calls/refused.ts';
import { stamp } from '../seed.ts';
import { isFinal } from '../shapes.ts';
import type { Action, CommandRun } from '../shapes.ts';
import type { Tenant } from '../tenant.ts';

type Json = Readonly<Record<string, unknown>>;

/** The fields the list page allows in $filter. */
const fieldsOf = ({ fractionDigits }: Profile): Fields<Action> =>
  new Map([
    ['id', { kind: 'text', of: (action) => action.id }],
    ['status', { kind: 'text', of: (action) => action.status }],
    ['machineid', { kind: 'text', of: (action) => action.machineId }],
    ['type', { kind: 'text', of: (action) => action.type }],
    ['requestor', { kind: 'text', of: (action) => action.requestor }],
    // Compared as printed: a client that asks for "since the creation time you gave me" must find that
    // action.
    [
      'creationdatetimeutc',
      { kind: 'time', of: (action) => stamp(action.createdAt, action.id, fractionDigits) },
    ],
  ]);

export function existingAction(tenant: Tenant, id: string): Action {
  const action = tenant.action(id);
  if (action === undefined) throw notFound(`Machine action ${id} was not found`);
  return action;
}

/** The fields of the documentation's sample of a 201. */
const inSample = new Set([
  'id',
  'type',
  'requestor',
  'requestorComment',
  'status',
  'machineId',
  'computerDnsName',
  'creationDateTimeUtc',
  'lastUpdateDateTimeUtc',
  'errorHResult',
  'commands',
]);

/** The answer about one action; faults that disfigure actions are met here. */
export function actionAnswer(
  tenant: Tenant,
  action: Action,
  place: 'run' | 'get' | 'cancel',
  context: string,
): Json {
  const wire = disfigured(tenant, place)(actionWire(action, tenant.profile));
  const shown =
    place === 'run' && tenant.profile.runBody === 'sample'
      ? Object.fromEntries(Object.entries(wire).filter(([key]) => inSample.has(key)))
      : wire;
  return { '@odata.context': `${context}#MachineActions/$entity`, ...shown };
}

/** GET /api/machineactions. */
export function listActions(tenant: Tenant, query: URLSearchParams, address: Address): Json {
  const now = tenant.now();
  const stale = tenant.faults.take('staleList', 'list');
  const reversed = tenant.faults.take('reverseList', 'list') !== undefined;
  const seen = tenant
    .actions()
    .filter((action) => stale === undefined || action.createdAt <= now - (stale.ms ?? 60_000));
  const disfigure = disfigured(tenant, 'list');
  const answer = page(
    {
      rows: seen,
      fields: fieldsOf(tenant.profile),
      wire: (action) => disfigure(actionWire(action, tenant.profile)),
    },
    query,
    tenant.profile,
    { ...address, entitySet: 'MachineActions' },
  );
  const { value } = answer;
  return reversed && Array.isArray(value)
    ? { ...answer, value: [...(value as readonly unknown[])].reverse() }
    : answer;
}

/** POST /api/machineactions/{id}/cancel. */
export function cancelAction(tenant: Tenant, id: string, body: unknown, requestor: string): Action {
  const action = existingAction(tenant, id);
  const comment: unknown =
    typeof body === 'object' && body !== null && 'Comment' in body ? body.Comment : undefined;
  const required = tenant.profile.comment === 'required';
  if (required && (typeof comment !== 'string' || comment === '')) throw missing('Comment');
  if (isFinal(action) && tenant.profile.cancelFinal === 'answered') return action;
  if (isFinal(action))
    throw badRequest(`Machine action ${action.id} could not be canceled: its status is ${action.status}.`);
  // A repeated cancel is no second one: clients repeat the call until they see Cancelled.
  if (action.cancellation !== null) return action;
  return tenant.keepAction(
    cancelled(
      action,
      { requestor, comment: typeof comment === 'string' ? comment : '' },
      tenant.now(),
      tenant.world,
    ),
  );
}

const wires = new WeakMap<Action, { readonly profile: Profile; readonly wire: Json }>();

/** As it was made before, where neither changed: records and settings are replaced, never changed in place. */
function actionWire(action: Action, profile: Profile): Json {
  const known = wires.get(action);
  if (known?.profile === profile) return known.wire;
  const wire = freshWire(action, profile);
  wires.set(action, { profile, wire });
  return wire;
}

function freshWire(action: Action, profile: Profile): Json {
  const { cancellation } = action;
  const failure = profile.failureCodes === 'given' ? failureOf(action) : undefined;
  const stampOf = (at: number): string => stamp(at, action.id, profile.fractionDigits);
  return {
    id: action.id,
    type: action.type,
    title: null,
    requestor: action.requestor,
    requestorComment: action.comment,
    status: action.status,
    machineId: action.machineId,
    computerDnsName: action.computerDnsName,
    creationDateTimeUtc: stampOf(action.createdAt),
    lastUpdateDateTimeUtc: stampOf(action.updatedAt),
    cancellationRequestor: cancellation?.requestor ?? null,
    cancellationComment: cancellation?.comment ?? null,
    cancellationDateTimeUtc: cancellation === null ? null : stampOf(cancellation.at),
    errorHResult: failure?.hresult ?? 0,
    scope: action.scope,
    externalId: null,
    requestSource: (action.byApi ?? action.type === 'LiveResponse') ? profile.requestSource : 'Portal',
    relatedFileInfo: null,
    ...(action.type !== 'LiveResponse' && profile.otherCommands === 'absent'
      ? {}
      : { commands: action.commands.map((run, index) => commandWire(action, run, index, profile)) }),
    troubleshootInfo: failure?.info ?? null,
  };
}

/**
 * Number and text of a session that failed by itself. No page says what they contain: the fields are in
 * samples of successes only, as 0 and null.
 */
function failureOf(action: Action): { readonly hresult: number; readonly info: string } | undefined {
  if (action.status === 'TimeOut')
    return {
      hresult: hresults.timeout,
      info: `The device did not respond in time (${inHex(hresults.timeout)}).`,
    };
  if (action.status !== 'Failed') return undefined;
  const index = action.commands.findIndex((run) => run.status === 'Failed');
  const run = action.commands[index];
  const hresult = run?.hresult ?? hresults.unspecified;
  return {
    hresult,
    info:
      run === undefined
        ? `The action failed with ${inHex(hresult)}.`
        : `Command ${index} (${run.command.type}) failed with ${inHex(hresult)}.`,
  };
}

function commandWire(action: Action, run: CommandRun, index: number, profile: Profile): Json {
  return {
    index,
    startTime:
      run.startedAt === null || hidesStart(run, profile)
        ? null
        : stamp(run.startedAt, action.id, profile.fractionDigits),
    endTime: run.endedAt === null ? null : stamp(run.endedAt, action.id, profile.fractionDigits),
    commandStatus: profile.commandStates === 'connector' ? connectorState(action, run, index) : run.status,
    errors: run.errors,
    command: run.command,
  };
}

/** Both published GetFile commands were Completed and had no start time. */
function hidesStart(run: CommandRun, { startTimes }: Profile): boolean {
  return (
    run.status === 'Completed' &&
    (startTimes === 'none' || (startTimes === 'notOfGetFile' && run.command.type === 'GetFile'))
  );
}

/** The states between Created and Completed that only the Power Platform connector's swagger names. */
function connectorState(action: Action, run: CommandRun, index: number): string {
  if (
    run.status !== 'Created' ||
    action.status !== 'InProgress' ||
    action.commands.some((other) => other.status === 'Failed')
  )
    return run.status;
  if (run.startedAt !== null) return 'Executing';
  return action.commands[index - 1]?.status === 'Created' && index > 1 ? 'Submitted' : 'PendingResource';
}

function disfigured(tenant: Tenant, place: 'run' | 'get' | 'cancel' | 'list'): (wire: Json) => Json {
  const unknown = tenant.faults.take('unknownStatus', place);
  const unknownCommand = tenant.faults.take('unknownCommandStatus', place);
  const extra = tenant.faults.take('extraFields', place);
  const noStart = tenant.faults.take('nullStartTime', place);
  const noComment = tenant.faults.take('noComment', place);
  return (wire) => ({
    ...wire,
    ...(unknown === undefined ? {} : { status: unknown.value ?? 'Suspended' }),
    ...(extra === undefined ? {} : { sessionRegion: 'weu', telemetry: { hops: [1, 2, 3] } }),
    ...(noStart === undefined && unknownCommand === undefined
      ? {}
      : {
          commands: ((wire['commands'] ?? []) as readonly Json[]).map((command) => ({
            ...command,
            ...(noStart === undefined ? {} : { startTime: null }),
            ...(unknownCommand === undefined ? {} : { commandStatus: unknownCommand.value ?? 'Hibernating' }),
          })),
        }),
    ...(noComment === undefined
      ? {}
      : {
          requestorComment: String(wire['requestorComment']).slice(0, Number(noComment.value ?? 0)) || null,
        }),
  });
}
