// The doctor’s check of Entra groups that give roles: Microsoft Graph is asked as the bot asks it at each
// decision, with more patience.
import { EntraGroups } from './groups.ts';
import { entraGroups, knownBy } from './groupIds.ts';
import type { TokenSource } from './credentials.ts';
import { TokenError } from './tokenError.ts';
import type { Policy } from '../../bot/policy/policy.ts';
import { idsOn } from '../../liveResponse/request/request.ts';
import type { Log } from '../../liveResponse/ports.ts';
import { callTimeoutMs } from '../checks/call.ts';
import type { Caller } from '../checks/call.ts';
import { fail, ok, warn } from '../checks/line.ts';
import type { Tell } from '../checks/line.ts';

export interface GroupsSubject {
  readonly policy: Policy;
  /** Undefined when no credential is set up. */
  readonly tokens: TokenSource | undefined;
  /** Origin of Graph. */
  readonly graph: string;
}

const check = 'graph.group';
const silent: Log = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** Groups named by roles, without repeats. */
export function entraGroupsOf(policy: Policy): readonly string[] {
  const members = [...policy.roles.values()].flat();
  return [...new Set(members.filter((member) => idsOn(entraGroups.prefix, [member]).length > 0))];
}

export async function examineEntraGroups(
  { policy, tokens, graph }: GroupsSubject,
  { http, clock, timeoutMs = callTimeoutMs }: Caller,
  tell: Tell,
): Promise<void> {
  const named = entraGroupsOf(policy);
  if (tokens === undefined) {
    for (const group of named)
      tell(
        fail(
          check,
          `${group} gives its role to nobody: there is no credential to read it with`,
          'Set AZURE_TENANT_ID, AZURE_CLIENT_ID and a credential (docs/teams-setup.md, "Roles from Entra groups").',
        ),
      );
    return;
  }
  const person = policy.people.find(({ accounts }) => idsOn(knownBy, accounts).length > 0);
  const groups = new EntraGroups({ http, tokens, clock, log: silent, graph, timeoutMs });
  for (const group of named) {
    if (person === undefined) {
      tell(
        warn(
          check,
          `${group} gives its role to nobody: nobody under "people" has a Teams account, by which Entra knows people`,
          'List people with their Entra object ids ("teams:").',
        ),
      );
      continue;
    }
    try {
      const member = await groups.includes(group, person);
      tell(ok(check, `${group} can be read (${person.name} is ${member ? '' : 'not '}in it)`));
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      tell(
        fail(
          check,
          `${group} cannot be read: ${why}`,
          error instanceof TokenError
            ? 'Check AZURE_TENANT_ID, AZURE_CLIENT_ID and the credential.'
            : 'Grant the application permissions User.Read.All and GroupMember.Read.All of Microsoft Graph with admin consent, and check the group’s object id.',
        ),
      );
    }
  }
}
