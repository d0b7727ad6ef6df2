// The simulator's own endpoints below /simulator, for tests in another process: what really ran, which devices there are, and planting faults.
import { jsonOf, ok } from './api.ts';
import type { Answer, ApiRequest } from './api.ts';
import { faultFrom } from './faults.ts';
import { defaultProfile, kinds, transcriptModes } from './profile.ts';
import type { ProfileChange } from './profile.ts';
import { badRequest, Refused } from './refused.ts';
import { refusalCodes } from './shapes.ts';
import type { Device } from './shapes.ts';
import type { DeviceChange, Tenant } from './tenant.ts';

/** Answers a request below /simulator; throws Refused. None of them counts against a limit or needs a token. */
export function control(tenant: Tenant, request: ApiRequest): Answer {
  const [, , topic = '', name = '', ...rest] = request.path.split('/');
  const call = rest.length > 0 ? '' : `${request.method} ${topic}${name === '' ? '' : '/name'}`;
  switch (call) {
    case 'GET submissions': return ok({ value: tenant.submissions.map((submission) => ({ ...submission, status: tenant.action(submission.actionId)?.status })) });
    case 'GET devices': return ok({ value: tenant.devices().map(shown) });
    case 'POST devices/name': return ok(shown(changeOrAdd(tenant, name, jsonOf(request))));
    case 'GET faults': return ok({ value: tenant.faults.planted() });
    case 'POST faults': return ok({ value: plant(tenant, jsonOf(request)) }, 201);
    case 'DELETE faults':
      tenant.faults.clear();
      return ok({ value: [] });
    case 'GET profile': return ok(tenant.profile);
    case 'POST profile':
      tenant.change(profileFrom(jsonOf(request)));
      return ok(tenant.profile);
    default: throw new Refused(404, 'NotFound', 'GET submissions, GET devices, POST devices/{name}, GET POST DELETE faults, GET POST profile.');
  }
}

const shown = (device: Device): object => ({ ...device, online: device.onlineSince !== null });

/** One fault or an array of them. */
function plant(tenant: Tenant, json: unknown): unknown {
  const faults = (Array.isArray(json) ? json : [json]).map((one) => {
    const fault = faultFrom(one);
    if (typeof fault === 'string') throw badRequest(fault);
    return fault;
  });
  faults.forEach((fault) => tenant.faults.plant(fault));
  return tenant.faults.planted();
}

type Check = (value: unknown) => boolean;
const flag: Check = (value) => typeof value === 'boolean';
const text: Check = (value) => typeof value === 'string';
const number: Check = (value) => typeof value === 'number';
const texts: Check = (value) => Array.isArray(value) && value.every(text);
const orNull = (check: Check): Check => (value) => value === null || check(value);
const oneOf = (values: readonly unknown[]): Check => (value) => values.includes(value);

const deviceChecks: ReadonlyMap<string, Check> = new Map<keyof DeviceChange, Check>([
  ['online', flag], ['os', oneOf(['windows', 'linux'])], ['osPlatform', text], ['groupId', number], ['group', text], ['tags', texts], ['healthStatus', text],
  ['ip', text], ['lastSeenAt', number], ['wakesAfterMs', orNull(number)], ['portalSession', flag], ['broken', flag], ['stuck', flag], ['scriptMs', orNull(number)],
  ['refusal', orNull(oneOf(refusalCodes))], ['transcript', orNull(oneOf(transcriptModes))], ['files', texts],
]);

/** `{"add": true}` makes a new device of that name first. */
function changeOrAdd(tenant: Tenant, name: string, json: unknown): Device {
  const given = entries(json);
  const add = given.some(([key, value]) => key === 'add' && value === true);
  const change: DeviceChange = Object.fromEntries(given.filter(([key]) => key !== 'add').map(([key, value]) => {
    if (deviceChecks.get(key)?.(value) !== true) throw badRequest(`"${key}" cannot be set to that; known are ${[...deviceChecks.keys()].join(', ')}.`);
    return [key, value];
  }));
  return add && tenant.device(name) === undefined ? tenant.addDevice(name, change) : tenant.changeDevice(name, change);
}

/** A profile change whose values have the types of the defaults. */
function profileFrom(json: unknown): ProfileChange {
  const defaults = new Map<string, unknown>(Object.entries(defaultProfile));
  return Object.fromEntries(entries(json).map(([key, value]) => {
    const standard = defaults.get(key);
    const fits = key === 'limits' ? areLimits(value) : Array.isArray(standard) ? Array.isArray(value) && value.length === 2 && value.every(number) : typeof value === typeof standard;
    if (standard === undefined || !fits) throw badRequest(`"${key}" cannot be set to that; known are ${[...defaults.keys()].join(', ')}.`);
    return [key, value];
  }));
}

function areLimits(json: unknown): boolean {
  return entries(json).every(([key, list]) => kinds.some((kind) => kind === key) && Array.isArray(list)
    && list.every((limit: unknown) => entries(limit).every(([name, value]) => ['max', 'perMs'].includes(name) && typeof value === 'number')));
}

function entries(json: unknown): [string, unknown][] {
  if (typeof json !== 'object' || json === null) throw badRequest('The body is no JSON object.');
  return Object.entries(json);
}
