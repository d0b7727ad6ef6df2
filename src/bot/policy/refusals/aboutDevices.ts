// Refusals because of the device: not found, ambiguous, of the wrong kind, or kept out by the policy.
import type { LeftOut } from '../../../liveResponse/device/records.ts';
import { ambiguousSentence, candidateList, unfitSentence } from '../devices/candidates.ts';
import type { Candidate } from '../devices/candidates.ts';
import { wrongSystemSentence } from '../recipes/recipeSystems.ts';
import type { WrongSystem } from '../recipes/recipeSystems.ts';
import type { Sentences } from './words.ts';

/** Why the policy keeps a device out. */
export type ScopeCause =
  | { readonly rule: 'never'; readonly by: 'group' | 'tag' | 'name'; readonly value: string }
  | { readonly rule: 'notAllowed'; readonly group?: string; readonly tags: readonly string[] };

export type DeviceRefusal =
  | {
      readonly refused: 'unknownDevice';
      readonly name: string;
      readonly meant?: 'recipe' | 'command' | 'file' | 'request';
    }
  | { readonly refused: 'requestAsDevice'; readonly id: string; readonly device: string }
  | {
      readonly refused: 'ambiguousDevice';
      readonly name: string;
      readonly candidates: readonly Candidate[];
      readonly leftOut?: readonly LeftOut[];
    }
  /**
   * No record of that name can take a session. `into`: the record that the only one was merged into, where it
   * could be read.
   */
  | {
      readonly refused: 'unfitDevice';
      readonly name: string;
      readonly records: readonly Candidate[];
      readonly into?: Candidate;
    }
  /**
   * The list of devices could be read only in part: whether the name fits one device alone, or none, nobody
   * knows.
   */
  | {
      readonly refused: 'devicesPartlyRead';
      readonly name: string;
      readonly candidates: readonly Candidate[];
    }
  /** The recipe is for other systems. `fits`: recipes for this one. */
  | WrongSystem
  | { readonly refused: 'outOfScope'; readonly device: string; readonly cause: ScopeCause };

export const deviceSentences: Sentences<DeviceRefusal> = {
  unknownDevice: (refusal, command) =>
    `Defender knows no device called ${refusal.name}. ${notADevice(refusal, command)}`,
  requestAsDevice: ({ id, device }, command) =>
    `${id} is a request, on the device ${device}, and no device. "${command} status ${id}" shows it, "${command} host ${device}" the device.`,
  ambiguousDevice: ambiguousSentence,
  unfitDevice: unfitSentence,
  devicesPartlyRead: ({ name, candidates }) =>
    `Defender’s list of devices could be read only in part, so nobody can tell which device ${name} means, and nothing was done. Ask again in a minute, or with the device’s id${candidates.length === 0 ? ' from the portal.' : `: ${candidateList(candidates)}`}`,
  wrongSystem: wrongSystemSentence,
  outOfScope: ({ device, cause }) =>
    `${device} is out of scope: ${scopeSentence(cause)} An administrator can change that under "devices" in the policy.`,
};

function notADevice(
  { name, meant }: Extract<DeviceRefusal, { refused: 'unknownDevice' }>,
  command: string,
): string {
  switch (meant) {
    case 'recipe':
      return `${name} is a recipe: the device comes after it. "${command} help ${name}" shows the whole line.`;
    case 'command':
      return `${name} is a command: "${command} help ${name}" shows the whole line.`;
    case 'file':
      return `If ${name} is the script or file, the device comes before it: "${command} run <host> ${name}". "${command} help run" tells more.`;
    case 'request':
      return `If ${name} is a request, "${command} status ${name}" shows it.`;
    default:
      return /^_.*_$/.test(name)
        ? `If the underscores are formatting of the chat, type ${name.slice(1, -1)}.`
        : 'Check the spelling, or give the full name or the 40-digit device id.';
  }
}

function scopeSentence(cause: ScopeCause): string {
  if (cause.rule === 'never')
    return `its ${cause.by} ${cause.value} is on the list of devices that are never touched.`;
  const tags = cause.tags.length === 0 ? 'none' : cause.tags.join(', ');
  return `neither its group (${cause.group ?? 'none'}) nor its tags (${tags}) nor its name is allowed.`;
}
