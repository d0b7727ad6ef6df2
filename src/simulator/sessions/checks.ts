// Settings that come as JSON, from the control endpoints or the command line: read strictly, because a
// misspelt fault that never happens makes a test pass for nothing.
import { choices, collectedModes, defaultProfile, kinds, transcriptModes } from '../profile.ts';
import type { ProfileChange } from '../profile.ts';
import { badRequest } from '../calls/refused.ts';
import { amsiModes, oddFileKinds, refusalCodes } from '../shapes.ts';
import type { DeviceChange } from '../tenant.ts';

export type Check = (value: unknown) => boolean;
export const flag: Check = (value) => typeof value === 'boolean';
export const text: Check = (value) => typeof value === 'string';
export const number: Check = (value) => typeof value === 'number' && Number.isFinite(value);
export const texts: Check = (value) => Array.isArray(value) && value.every(text);
export const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);
export const oneOf =
  (values: readonly unknown[]): Check =>
  (value) =>
    values.includes(value);
const range: Check = (value) =>
  Array.isArray(value) && value.length === 2 && value.every(number) && Number(value[0]) <= Number(value[1]);
const oddFiles: Check = (value) =>
  Array.isArray(value) &&
  value.every(
    (file: unknown) =>
      typeof file === 'object' &&
      file !== null &&
      'path' in file &&
      text(file.path) &&
      'kind' in file &&
      oneOf(oddFileKinds)(file.kind),
  );
const byKind =
  (check: Check): Check =>
  (value) =>
    entries(value).every(([key, one]) => kinds.some((kind) => kind === key) && check(one));
const limits: Check = (value) =>
  Array.isArray(value) &&
  value.every((limit: unknown) =>
    ['max', 'perMs'].every((name) => entries(limit).some(([key, one]) => key === name && number(one))),
  );

export const deviceChecks: ReadonlyMap<string, Check> = new Map<keyof DeviceChange, Check>([
  ['online', flag],
  ['os', oneOf(['windows', 'linux'])],
  ['osPlatform', text],
  ['groupId', number],
  ['group', text],
  ['tags', texts],
  ['healthStatus', text],
  ['onboardingStatus', orNull(text)],
  ['mergedIntoMachineId', orNull(text)],
  ['isPotentialDuplication', flag],
  ['isExcluded', flag],
  ['riskScore', orNull(text)],
  ['exposureLevel', text],
  ['ip', text],
  ['lastSeenAt', number],
  ['wakesAfterMs', orNull(number)],
  ['portalSession', flag],
  ['broken', flag],
  ['stuck', flag],
  ['errorText', orNull(text)],
  ['scriptMs', orNull(number)],
  ['scriptOutput', orNull(text)],
  ['refusal', orNull(oneOf(refusalCodes))],
  ['noRemediation', flag],
  ['transcript', orNull(oneOf(transcriptModes))],
  ['collected', orNull(oneOf(collectedModes))],
  ['files', texts],
  ['lockedFiles', texts],
  ['oddFiles', oddFiles],
  ['amsi', orNull(oneOf(amsiModes))],
]);

const profileChecks: ReadonlyMap<string, Check> = new Map(
  Object.entries(defaultProfile).map(([key, standard]): [string, Check] => {
    const values = new Map<string, readonly unknown[]>(Object.entries(choices)).get(key);
    if (values !== undefined) return [key, oneOf(values)];
    if (key === 'limits') return [key, byKind(limits)];
    if (key === 'roles') return [key, byKind(texts)];
    if (key === 'audience') return [key, (value) => text(value) || texts(value)];
    if (Array.isArray(standard)) return [key, range];
    return [key, typeof standard === 'number' ? number : typeof standard === 'boolean' ? flag : text];
  }),
);

/** A profile change; throws Refused with the known names, or the known values, when it is none. */
export function profileFrom(json: unknown): ProfileChange {
  return checked(json, profileChecks);
}

/** A device change; throws Refused. */
export function deviceFrom(json: unknown): DeviceChange {
  return checked(json, deviceChecks);
}

/** The JSON object whose keys and values all pass. */
export function checked(
  json: unknown,
  checks: ReadonlyMap<string, Check>,
): Readonly<Record<string, unknown>> {
  const given = entries(json);
  for (const [key, value] of given) {
    if (checks.get(key)?.(value) === true) continue;
    const values = new Map<string, readonly unknown[]>(Object.entries(choices)).get(key);
    const known =
      checks === profileChecks && values !== undefined
        ? `it is one of ${values.join(', ')}`
        : `known are ${[...checks.keys()].join(', ')}`;
    throw badRequest(`"${key}" cannot be set to ${JSON.stringify(value)}; ${known}.`);
  }
  return Object.fromEntries(given);
}

export function entries(json: unknown): [string, unknown][] {
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw badRequest('A JSON object is needed.');
  return Object.entries(json);
}
