// The policy: whether it is valid, and whether the people in it can do their work in the chats that are set
// up.
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { readPolicy } from '../adapters/config/policyFile.ts';
import { policyFileWarnings } from '../adapters/config/policySource.ts';
import { entraGroups } from '../adapters/entra/groupIds.ts';
import { isGroup } from '../bot/policy/people/people.ts';
import { splitSurfaceKey } from '../liveResponse/request/request.ts';
import type { Person, Policy, Tier } from '../bot/policy/policy.ts';
import { fail, ok, warn } from '../adapters/checks/line.ts';
import type { Tell } from '../adapters/checks/line.ts';

export interface PolicySubject {
  readonly file: string;
  /** Surfaces of the chats that are set up; undefined while the settings cannot be used. */
  readonly surfaces: readonly string[] | undefined;
  /** No device is real, or that is not known: what would be dangerous is only worth a word. */
  readonly simulated: boolean;
}

/** The policy, or undefined when it cannot be used. */
export function examinePolicy({ file, surfaces, simulated }: PolicySubject, tell: Tell): Policy | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    tell(
      fail(
        'policy.file',
        `${file} cannot be read (${error instanceof Error ? error.message : String(error)})`,
        'Copy policy.example.yaml to policy.yaml and adapt it, or let LR_POLICY name your file.',
      ),
    );
    return undefined;
  }
  const read = readPolicy(text);
  if ('problems' in read) {
    for (const { line, where, text: problem } of read.problems) {
      tell(
        fail(
          'policy.file',
          `${file}:${line}: ${where === '' ? '' : `${where}: `}${problem}`,
          `Change line ${line} of ${basename(file)}; policy.example.yaml explains every part.`,
        ),
      );
    }
    return undefined;
  }
  const { policy, warnings } = read;
  tell(
    ok(
      'policy.file',
      `${file}: ${counted(policy.people.length, 'person', 'people')}, ${counted(policy.recipes.size, 'recipe')} (${[...policy.recipes.keys()].join(', ') || 'none'}), ${counted(policy.tiers.length, 'tier')}, ${counted(policy.places.length, 'place')}`,
    ),
  );
  for (const { line, where, text: warning } of warnings)
    tell(warn('policy.people', `${file}:${line}: ${where}: ${warning}`, 'Change it, unless it is meant.'));
  if (surfaces !== undefined) {
    examinePlaces(policy, surfaces, tell);
    const told = new Set(warnings.map(({ where }) => where));
    for (const tier of policy.tiers)
      if (!told.has(`approval.${tier.name}.approve`)) examineTier(policy, tier, surfaces, tell);
  }
  examineRaw(policy, simulated, tell);
  return policy;
}

/** Who else could write it: the bot takes every change of the file by itself. */
export async function examinePolicyFile(file: string, tell: Tell): Promise<void> {
  const warnings = await policyFileWarnings(file);
  if (warnings.length === 0)
    tell(ok('policy.writable', 'only root and the bot’s own user can write the policy'));
  for (const warning of warnings)
    tell(
      warn(
        'policy.writable',
        warning,
        'Let only root and the bot’s user write it and its folder; the bot takes every change of it by itself.',
      ),
    );
}

function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** A chat with the policy of another one is connected and mute. */
function examinePlaces(policy: Policy, surfaces: readonly string[], tell: Tell): void {
  const there = policy.places.filter(({ place }) => surfaces.includes(surfaceOf(place)));
  const approvals = there.filter((place) => place.approvals);
  if (approvals.length === 0) {
    tell(
      fail(
        'policy.places',
        `no place with "approvals: true" is in a chat that is set up (${surfaces.join(', ')}), so nobody would see a request`,
        'Type "/lr whoami" in the channel and paste the line it prints under "places", with "approvals: true".',
      ),
    );
  } else {
    tell(ok('policy.places', `approvals are asked for in ${approvals.map(({ place }) => place).join(', ')}`));
  }
  const elsewhere = policy.places.filter((place) => !there.includes(place)).map(({ place }) => place);
  if (elsewhere.length > 0)
    tell(
      warn(
        'policy.places',
        `${elsewhere.join(', ')}: this chat is not set up, so nothing can be asked or shown there`,
        'Set the chat up, or take the place out of the policy.',
      ),
    );
}

/**
 * Whether everybody who may ask finds somebody else who may approve, counting only accounts and groups of the
 * chats that are set up.
 */
function examineTier(
  policy: Policy,
  { name, request, approve }: Tier,
  surfaces: readonly string[],
  tell: Tell,
): void {
  const check = 'policy.approvers';
  const approvers = acting(policy, approve, surfaces);
  const requesters = acting(policy, request, surfaces);
  if (approvers.length === 0) {
    tell(
      warn(
        check,
        `tier ${name}: nobody with the role ${approve} has an account in ${surfaces.join(' or ')}, so nothing can be approved`,
        `Give somebody listed under "people" the role ${approve}, with an account of that chat ("/lr whoami" prints it).`,
      ),
    );
    return;
  }
  if (requesters.length === 0) {
    tell(
      warn(
        check,
        `tier ${name}: nobody with the role ${request} has an account in ${surfaces.join(' or ')}, so nothing can be asked for`,
        `Give somebody listed under "people" the role ${request}, with an account of that chat.`,
      ),
    );
    return;
  }
  const alone = requesters.filter(
    (member) => !isGroup(member) && approvers.every((approver) => approver === member),
  );
  for (const member of alone) {
    tell(
      warn(
        check,
        `tier ${name}: nobody can approve what ${nameOf(policy, member)} asks for, who is the only one with the role ${approve}`,
        `Give somebody else the role ${approve}.`,
      ),
    );
  }
  if (alone.length === 0)
    tell(
      ok(
        check,
        `tier ${name}: each person who may ask (${request}) has somebody else who may approve (${approve})`,
      ),
    );
}

/**
 * Members of a role who can act: people with an account in a chat that is set up, and groups, whose members
 * only their chat knows.
 */
function acting(policy: Policy, role: string, surfaces: readonly string[]): readonly string[] {
  return (policy.roles.get(role) ?? []).filter((member) => {
    // A group of the directory gives its role to people in every chat they write in.
    if (isGroup(member))
      return surfaceOf(member) === entraGroups.prefix || surfaces.includes(surfaceOf(member));
    return (
      policy.people
        .find((person) => person.id === member)
        ?.accounts.some((account) => surfaces.includes(surfaceOf(account))) === true
    );
  });
}

function nameOf(policy: Policy, id: string): string {
  const person: Person | undefined = policy.people.find((one) => one.id === id);
  return person === undefined ? id : `${person.name} (${id})`;
}

const rawWords = { RunScript: 'run', GetFile: 'get', PutFile: 'put' } as const;

/** Outside recipes the approver is the only one who thinks about what a line does. */
function examineRaw({ raw }: Policy, simulated: boolean, tell: Tell): void {
  const allowed = (['RunScript', 'GetFile', 'PutFile'] as const).flatMap((type) =>
    raw[type] === undefined ? [] : [`${rawWords[type]} (tier ${raw[type]})`],
  );
  if (allowed.length === 0) tell(ok('policy.raw', 'no commands outside recipes'));
  else if (simulated)
    tell(
      ok(
        'policy.raw',
        `commands outside recipes are on: ${allowed.join(', ')}; with a real Defender the doctor warns of them`,
      ),
    );
  else
    tell(
      warn(
        'policy.raw',
        `commands outside recipes are on: ${allowed.join(', ')}; any library script and any path can be asked for, and only the approver judges it`,
        'Take those you do not need out of "commands" in the policy; make recipes of what is asked for often.',
      ),
    );
}

function surfaceOf(key: string): string {
  return splitSurfaceKey(key)[0];
}
