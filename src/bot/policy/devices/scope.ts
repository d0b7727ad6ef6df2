// Scope and choice of devices: which device a name means, and whether the policy allows it. Anything unclear
// is a refusal.
import { unfitness } from '../../../liveResponse/device/records.ts';
import type { LeftOut, Device } from '../../../liveResponse/device/records.ts';
import { candidateOf } from './candidates.ts';
import type { Policy } from '../policy.ts';
import type { Refusal } from '../refusals/refusal.ts';

/**
 * Those of the devices found that a typed name can mean: of exactly that name or id, or with a domain behind
 * it. Others only look alike.
 */
export function named(name: string, found: readonly Device[]): readonly Device[] {
  const wanted = name.trim().toLowerCase();
  return found.filter(
    (device) =>
      device.id.toLowerCase() === wanted ||
      device.name.toLowerCase() === wanted ||
      device.name.toLowerCase().startsWith(`${wanted}.`),
  );
}

export interface Chosen {
  readonly device: Device;
  /** Of the same name, and unable to take a session. */
  readonly leftOut: readonly LeftOut[];
}

/**
 * The one device among those found that a typed name can mean. Records that cannot take a session do not
 * count where another one can. "hosta" means a device of that bare name and one called "hosta.corp.example"
 * alike: of two, neither is ever chosen in silence.
 */
export function chooseDevice(name: string, found: readonly Device[]): Chosen | Refusal {
  const fitting = named(name, found);
  const live = fitting.filter((device) => unfitness(device) === undefined);
  const leftOut = fitting.flatMap((device): readonly LeftOut[] => {
    const unfit = unfitness(device);
    return unfit === undefined ? [] : [{ id: device.id, name: device.name, unfit }];
  });
  const [device, ...others] = live;
  if (device === undefined)
    return fitting.length === 0
      ? { refused: 'unknownDevice', name }
      : { refused: 'unfitDevice', name, records: fitting.map(candidateOf) };
  if (others.length === 0) return { device, leftOut };
  return { refused: 'ambiguousDevice', name, candidates: live.map(candidateOf), leftOut };
}

/**
 * Undefined when the device may be touched. Asked at the request, at the approval and right before the POST.
 */
export function inScope(policy: Policy, device: Device): Refusal | undefined {
  const { allow, never } = policy.devices;
  const names = namesOf(device);
  const forbidden =
    hit('group', never.groups, device.group === undefined ? [] : [device.group]) ??
    hit('tag', never.tags, device.tags) ??
    hit('name', never.names, names);
  if (forbidden !== undefined)
    return { refused: 'outOfScope', device: device.name, cause: { rule: 'never', ...forbidden } };
  const allowed =
    allow.groups.includes('*') ||
    (device.group !== undefined && has(allow.groups, device.group)) ||
    device.tags.some((tag) => has(allow.tags, tag)) ||
    has(allow.names, device.name);
  if (allowed) return undefined;
  return {
    refused: 'outOfScope',
    device: device.name,
    cause: {
      rule: 'notAllowed',
      tags: device.tags,
      ...(device.group === undefined ? {} : { group: device.group }),
    },
  };
}

/**
 * A forbidden short name keeps out every device of that name, whatever its domain: a list of "never" fails
 * closed.
 */
function namesOf(device: Device): readonly string[] {
  const [label] = device.name.split('.');
  return label === undefined ? [device.name] : [device.name, label];
}

function hit(
  by: 'group' | 'tag' | 'name',
  listed: readonly string[],
  held: readonly string[],
): { readonly by: typeof by; readonly value: string } | undefined {
  const value = held.find((one) => has(listed, one));
  return value === undefined ? undefined : { by, value };
}

function has(listed: readonly string[], value: string): boolean {
  const wanted = value.trim().toLowerCase();
  return listed.some((one) => one.trim().toLowerCase() === wanted);
}
