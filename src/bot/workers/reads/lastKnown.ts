// Groups that remember what they last answered of each person, for the moments in which they cannot be asked.
import type { Groups, LastKnown } from '../../ports.ts';
import type { Person } from '../../policy/policy.ts';

/** By accounts, not by the policy's id: given to another human, an id keeps nothing of the one before. */
function question(group: string, person: Person): string {
  return `${group} ${[...person.accounts].sort().join(' ')}`;
}

/** @param memory kept over restarts; without it only this process remembers */
export function rememberingGroups(groups: Groups, memory: LastKnown = new Map<string, string>()): Groups {
  return {
    async includes(group, person, fresh, within) {
      const yes = await groups.includes(group, person, fresh, within);
      memory.set(question(group, person), yes ? 'yes' : 'no');
      return yes;
    },
    lastKnown(group, person) {
      const answer = memory.get(question(group, person));
      return answer === undefined ? undefined : answer === 'yes';
    },
    platformOf: (group) => groups.platformOf?.(group),
  };
}
