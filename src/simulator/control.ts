// The simulator's own endpoints below /simulator, for tests in another process: what really ran and was
// downloaded, which devices there are, and planting faults.
import { jsonOf, ok } from './api.ts';
import type { Answer, ApiRequest } from './api.ts';
import { deviceFrom, entries, profileFrom } from './sessions/checks.ts';
import { faultFrom } from './faults.ts';
import { plantForeign } from './sessions/foreign.ts';
import { defaultProfile } from './profile.ts';
import type { ProfileChange } from './profile.ts';
import { namedProfiles, profileNamed, profileNames } from './profiles.ts';
import { badRequest, Refused } from './calls/refused.ts';
import type { Device } from './shapes.ts';
import type { Tenant } from './tenant.ts';

const known =
  'GET submissions, GET downloads, GET devices, POST devices/{name}, POST actions, GET POST DELETE faults, GET POST profile, POST profile/{name}.';

/**
 * Answers a request below /simulator; throws Refused. None of them counts against a limit or needs a token.
 */
export function control(tenant: Tenant, request: ApiRequest): Answer {
  const [, , topic = '', name = '', ...rest] = request.path.split('/');
  const call = rest.length > 0 ? '' : `${request.method} ${topic}${name === '' ? '' : '/name'}`;
  switch (call) {
    case 'GET submissions':
      return ok({
        value: tenant.submissions.map((submission) => ({
          ...submission,
          status: tenant.action(submission.actionId)?.status,
        })),
      });
    case 'GET downloads':
      return ok({ value: tenant.downloads });
    case 'GET devices':
      return ok({ value: tenant.devices().map(shown) });
    case 'POST devices/name':
      return ok(shown(changeOrAdd(tenant, name, jsonOf(request))));
    case 'POST actions':
      return ok(plantForeign(tenant, jsonOf(request)), 201);
    case 'GET faults':
      return ok({ value: tenant.faults.planted() });
    case 'POST faults':
      return ok({ value: plant(tenant, jsonOf(request)) }, 201);
    case 'DELETE faults':
      tenant.faults.clear();
      return ok({ value: [] });
    case 'GET profile':
      return ok(tenant.profile);
    case 'POST profile':
      tenant.change(profileFrom(jsonOf(request)));
      return ok(tenant.profile);
    case 'POST profile/name':
      tenant.change(changeNamed(name));
      return ok(tenant.profile);
    default:
      throw new Refused(404, 'NotFound', known);
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

/** What makes the tenant the one of that name, whatever it was before. */
function changeNamed(name: string): ProfileChange {
  const known = profileNamed(name);
  if (known === undefined)
    throw badRequest(`There is no profile ${name}; known are ${profileNames.join(', ')}.`);
  return { ...defaultProfile, ...namedProfiles[known] };
}

/**
 * `{"add": true}` makes a new device of that name first; `{"add": "record"}` one more record of it, though
 * there is one.
 */
function changeOrAdd(tenant: Tenant, name: string, json: unknown): Device {
  const given = entries(json);
  const add = given.find(([key, value]) => key === 'add' && (value === true || value === 'record'))?.[1];
  const change = deviceFrom(Object.fromEntries(given.filter(([key]) => key !== 'add')));
  if (add === 'record') return tenant.addRecord(name, change);
  return add === true && tenant.device(name) === undefined
    ? tenant.addDevice(name, change)
    : tenant.changeDevice(name, change);
}
