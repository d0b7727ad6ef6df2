// Differences between two policies, rule by rule, and whether each lets more happen or less: in words for the
// places where approvals are decided, and as facts without names of people for the journal.
import type { Person, Policy } from '../policy.ts';
import { change, differ } from './change.ts';
import type { Effect, PolicyChange } from './change.ts';
import { places, tiers } from './fieldChanges.ts';
import { raw, recipes } from './recipeChanges.ts';

/** `widens` also where both may be true: people look first at what is not certain to be only stricter. */
export function changesOf(before: Policy, after: Policy): readonly PolicyChange[] {
  return [
    ...people(before, after),
    ...roles(before, after),
    ...tiers(before, after),
    ...recipes(before, after),
    ...raw(before, after),
    ...scope(before, after),
    ...places(before, after),
    ...mayRoles('results readers', 'read results', before.results.read, after.results.read),
    ...mayRoles('freeze roles', 'freeze and unfreeze', before.freeze, after.freeze),
  ];
}

function people(before: Policy, after: Policy): readonly PolicyChange[] {
  const changes: PolicyChange[] = [];
  const known = new Map(before.people.map((person) => [person.id, person]));
  for (const person of after.people) {
    const old = known.get(person.id);
    if (old === undefined) changes.push(change('widens', 'person added', `${person.name} is listed`));
    else changes.push(...accounts(old, person));
  }
  for (const person of before.people)
    if (!after.people.some(({ id }) => id === person.id))
      changes.push(change('narrows', 'person removed', `${person.name} is no longer listed`));
  return changes;
}

function accounts(before: Person, after: Person): readonly PolicyChange[] {
  const { added, gone } = differ(before.accounts, after.accounts);
  return [
    ...added.map((account) =>
      change('widens', 'account added', `${after.name} may speak from another account, ${account}`),
    ),
    ...gone.map((account) =>
      change('narrows', 'account removed', `${after.name} may no longer speak from ${account}`),
    ),
  ];
}

function roles(before: Policy, after: Policy): readonly PolicyChange[] {
  const names = [...new Set([...before.roles.keys(), ...after.roles.keys()])];
  return names.flatMap((role) => {
    const { added, gone } = differ(before.roles.get(role) ?? [], after.roles.get(role) ?? []);
    return [
      ...added.map((member) =>
        change('widens', 'role member added', `${memberName(after, member)} has the role ${role}`, {
          name: role,
        }),
      ),
      ...gone.map((member) =>
        change(
          'narrows',
          'role member removed',
          `${memberName(before, member)} no longer has the role ${role}`,
          { name: role },
        ),
      ),
    ];
  });
}

function memberName(policy: Policy, member: string): string {
  return policy.people.find((person) => person.id === member)?.name ?? `the group ${member}`;
}

function scope(before: Policy, after: Policy): readonly PolicyChange[] {
  return (['allow', 'never'] as const).flatMap((side) =>
    (['groups', 'tags', 'names'] as const).flatMap((kind) => {
      const { added, gone } = differ(before.devices[side][kind], after.devices[side][kind]);
      const which = `devices ${side} ${kind}`;
      const one = kind.slice(0, -1);
      const said = (value: string): string =>
        value === '*'
          ? 'devices of every group'
          : `devices ${kind === 'groups' ? 'in' : 'with'} the ${one} ${value}`;
      return [
        ...added.map((value) =>
          change(
            side === 'allow' ? 'widens' : 'narrows',
            which,
            side === 'allow' ? `${said(value)} are allowed` : `${said(value)} are never touched`,
            { to: value },
          ),
        ),
        ...gone.map((value) =>
          change(
            side === 'allow' ? 'narrows' : 'widens',
            which,
            side === 'allow'
              ? `the ${one} ${value === '*' ? '* (every group)' : value} no longer makes a device allowed`
              : `${said(value)} are no longer kept out by that`,
            { from: value },
          ),
        ),
      ];
    }),
  );
}

function mayRoles(
  what: string,
  may: string,
  before: readonly string[],
  after: readonly string[],
): readonly PolicyChange[] {
  const { added, gone } = differ(before, after);
  return [
    ...added.map((role) => change('widens', what, `the role ${role} may ${may}`, { to: role })),
    ...gone.map((role) => change('narrows', what, `the role ${role} may no longer ${may}`, { from: role })),
  ];
}

/** Sentences of each kind that people get to read; the journal has them all. */
const most = 8;

/** What changed as people read it: what lets more happen first. */
export function changeWords(changes: readonly PolicyChange[]): string {
  const of = (effect: Effect, heading: string): readonly string[] => {
    const words = changes.filter(({ fact }) => fact.effect === effect).map((one) => one.words);
    const more = words.length > most ? `; and ${words.length - most} more` : '';
    return words.length === 0 ? [] : [`${heading}: ${words.slice(0, most).join('; ')}${more}.`];
  };
  const parts = [
    ...of('widens', 'It WIDENS'),
    ...of('narrows', 'It narrows'),
    ...of('changes', 'Other changes'),
  ];
  return parts.length === 0 ? 'Nothing changes in who may do what.' : parts.join(' ');
}
