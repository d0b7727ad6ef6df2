// POST runliveresponse: reads the body as strictly as the service (keys are case-sensitive), and starts a
// session or refuses it.
import { freshRun } from './lifecycle.ts';
import type { Profile } from '../profile.ts';
import { badRequest, invalidBody, missing, notFound, Refused } from '../calls/refused.ts';
import { isFinal, paramOf } from '../shapes.ts';
import type { Action, Command, CommandType, Device, Param } from '../shapes.ts';
import type { Tenant } from '../tenant.ts';

const order: readonly CommandType[] = ['PutFile', 'RunScript', 'GetFile'];
const keys: Readonly<
  Record<CommandType, { readonly required: string; readonly optional: readonly string[] }>
> = {
  PutFile: { required: 'FileName', optional: [] },
  RunScript: { required: 'ScriptName', optional: ['Args'] },
  GetFile: { required: 'Path', optional: [] },
};
const forbidden = new Set(['DisabledFeature', 'DisallowedOperation']);

export interface Started {
  readonly action: Action;
  /** False when the answer is an action that was there already. */
  readonly created: boolean;
}

export function runLiveResponse(
  tenant: Tenant,
  machineId: string,
  body: unknown,
  requestor: string,
): Started {
  const { profile } = tenant;
  const { commands, comment } = bodyFrom(body, profile);
  const now = tenant.now();
  const device = tenant.devices().find((candidate) => candidate.id === machineId.toLowerCase());
  if (device === undefined) throw notFound(`Machine ${machineId} was not found`);
  checkDevice(device, machineId, profile);
  checkFiles(tenant, commands);
  const busy = busyWith(tenant, device, now);
  if (busy !== undefined && profile.secondSession === 'joined' && busy.createdAt + profile.joinWithinMs > now)
    return { action: busy, created: false };
  if (busy !== undefined || device.portalSession)
    throw new Refused(400, 'ActiveRequestAlreadyExists', 'Action is already in progress');
  checkSessions(tenant);
  const action: Action = {
    id: tenant.newGuid(),
    seq: tenant.next(),
    type: 'LiveResponse',
    scope: null,
    machineId: device.id,
    computerDnsName: device.name,
    requestor,
    comment,
    status: 'Pending',
    createdAt: now,
    updatedAt: now,
    cancellation: null,
    commands: commands.map(freshRun),
    freesAt: null,
  };
  tenant.keepSubmission(action);
  return { action, created: true };
}

/** Throws Refused where the device, or the settings of its tenant, take no session. */
function checkDevice(device: Device, machineId: string, profile: Profile): void {
  if (device.refusal !== null) {
    throw new Refused(
      forbidden.has(device.refusal) ? 403 : 400,
      device.refusal,
      `Live response is not possible on this machine: ${device.refusal}`,
    );
  }
  // No page documents what the API answers for a machine without a sensor.
  if (device.mergedIntoMachineId !== null) throw notFound(`Machine ${machineId} was not found`);
  if (device.onboardingStatus !== null && device.onboardingStatus.toLowerCase() !== 'onboarded')
    throw badRequest('Machine is not onboarded.');
  if (profile.liveResponse === 'off')
    throw new Refused(403, 'DisabledFeature', 'Live response is disabled for this organization.');
  // No page documents what the API answers then; the sentence is the portal's.
  if (device.noRemediation)
    throw new Refused(
      forbidden.has(profile.noRemediation) ? 403 : 400,
      profile.noRemediation,
      "Machine's protection level doesn't allow to launch a session on it",
    );
}

/** Throws Refused where a command names a file that the library does not hold. */
function checkFiles(tenant: Tenant, commands: readonly Command[]): void {
  if (tenant.profile.unknownFile !== 'refused') return;
  const missingFile = commands
    .map(libraryName)
    .find((name) => name !== undefined && tenant.world.libraryFile(name) === undefined);
  if (missingFile !== undefined) throw badRequest(`File '${missingFile}' was not found in the library.`);
}

/** Throws Refused while the tenant runs as many sessions as it may. */
function checkSessions(tenant: Tenant): void {
  const { maxSessions, sessionCapRetryAfter } = tenant.profile;
  if (running(tenant) < maxSessions) return;
  throw tenant.tooMany(
    `Maximum number of concurrent live response sessions (${maxSessions}) reached`,
    sessionCapRetryAfter ? 30 : undefined,
  );
}

/** The file of the library a command needs. */
const libraryName = (command: Command): string | undefined =>
  paramOf(command, 'FileName') ?? paramOf(command, 'ScriptName');

/** The session that holds the device. A cancelled one holds it a few seconds longer than its status says. */
function busyWith(tenant: Tenant, device: Device, now: number): Action | undefined {
  return tenant
    .actions()
    .find(
      (action) =>
        action.machineId === device.id &&
        action.type === 'LiveResponse' &&
        (!isFinal(action) || (action.freesAt ?? 0) > now),
    );
}

function running(tenant: Tenant): number {
  const offline = new Set(
    tenant
      .devices()
      .filter((device) => device.onlineSince === null)
      .map((device) => device.id),
  );
  return tenant
    .actions()
    .filter(
      (action) =>
        action.type === 'LiveResponse' &&
        !isFinal(action) &&
        (tenant.profile.parkedCount || action.status !== 'Pending' || !offline.has(action.machineId)),
    ).length;
}

function bodyFrom(
  body: unknown,
  profile: Profile,
): { readonly commands: readonly Command[]; readonly comment: string } {
  const given = fieldsOf(body, 'The request body');
  const lacking = (name: string): Refused => {
    const misspelt = [...given.keys()].find(
      (key) => key !== name && key.toLowerCase() === name.toLowerCase(),
    );
    return misspelt !== undefined && profile.wrongBodyKey === 'InvalidRequestBody'
      ? invalidBody(`The key '${misspelt}' is not known.`)
      : missing(name);
  };
  const list = given.get('Commands');
  if (!Array.isArray(list) || list.length === 0) throw lacking('Commands');
  const comment = given.get('Comment') ?? (profile.comment === 'optional' ? '' : undefined);
  if (typeof comment !== 'string' || (comment === '' && profile.comment === 'required'))
    throw lacking('Comment');
  const commands = list.map(commandFrom);
  const places = commands.map((command) => order.indexOf(command.type));
  if (profile.wrongOrder === 'refused' && places.some((place, index) => place < (places[index - 1] ?? 0)))
    throw badRequest('Commands must be in the order PutFile, RunScript, GetFile.');
  return { commands, comment };
}

/** Reads one entry of `Commands`; throws Refused. */
export function commandFrom(json: unknown): Command {
  const given = fieldsOf(json, 'A command');
  const type = order.find((candidate) => candidate === given.get('type'));
  if (type === undefined) throw invalidBody('A command has a "type": PutFile, RunScript or GetFile.');
  const list = given.get('params');
  if (!Array.isArray(list)) throw invalidBody('A command has "params".');
  const params = list.map((param) => paramFrom(param, type));
  if (!params.some((param) => param.key === keys[type].required && param.value !== ''))
    throw missing(keys[type].required);
  return { type, params };
}

function paramFrom(json: unknown, type: CommandType): Param {
  const given = fieldsOf(json, 'A parameter');
  const key = given.get('key');
  const value = given.get('value');
  if (typeof key !== 'string' || typeof value !== 'string')
    throw invalidBody('A parameter has a "key" and a "value".');
  if (key !== keys[type].required && !keys[type].optional.includes(key))
    throw invalidBody(`The key '${key}' is not known for ${type}.`);
  return { key, value };
}

function fieldsOf(json: unknown, what: string): ReadonlyMap<string, unknown> {
  if (typeof json !== 'object' || json === null) throw invalidBody(`${what} is no JSON object.`);
  return new Map<string, unknown>(Object.entries(json));
}
