// What another policy changes, rule by rule, and whether each change lets more happen or less. Told in words
// where approvals are decided, and kept in the journal as facts without names of people.
import { duration } from '../../../cards/clip.ts';
import type { PolicyFact } from '../../liveResponse/ports.ts';
import { commandLine } from '../../liveResponse/commands.ts';
import { defaultPending } from './places.ts';
import type { NeedToKnow, Person, PlaceRule, Policy, Recipe, Tier } from './policy.ts';
import { holds, readChars } from './recipes/recipes.ts';
import { systemsOf } from './recipes/recipeSystems.ts';

export type Effect = PolicyFact['effect'];

export interface PolicyChange {
  readonly fact: PolicyFact;
  /** One sentence, without its full stop. */
  readonly words: string;
}

/** `widens` also where both may be so: what is not known to be only stricter is looked at first. */
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

const rawWords = { RunScript: 'run', GetFile: 'get', PutFile: 'put' } as const;

function change(
  effect: Effect,
  what: string,
  words: string,
  more: Omit<PolicyFact, 'effect' | 'what'> = {},
): PolicyChange {
  return { fact: { effect, what, ...more }, words };
}

/** What is in one list and not in the other. */
function differ<T>(
  before: readonly T[],
  after: readonly T[],
): { readonly added: readonly T[]; readonly gone: readonly T[] } {
  return {
    added: after.filter((one) => !before.includes(one)),
    gone: before.filter((one) => !after.includes(one)),
  };
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

/**
 * How a change of one field of a tier or a place reads; `loosens` answers whether the second value lets more
 * happen.
 */
interface Field<Of> {
  readonly field: string;
  readonly of: (one: Of, policy: Policy) => string | number | boolean | undefined;
  /** Undefined where it says nothing about who may do what. */
  readonly loosens: (
    before: Of,
    after: Of,
    policies: { readonly before: Policy; readonly after: Policy },
  ) => boolean | undefined;
  readonly shown?: (value: string | number | boolean | undefined) => string;
}

const time = (value: string | number | boolean | undefined): string =>
  typeof value === 'number' ? duration(value) : 'not set';

/** A role with other members than the old one: looser unless all of them had the old one too. */
function roleLoosens(field: 'request' | 'approve'): Field<Tier>['loosens'] {
  return (from, to, { before, after }) => {
    const had = before.roles.get(from[field]) ?? [];
    return (after.roles.get(to[field]) ?? []).some((member) => !had.includes(member));
  };
}

/** Who finds requests, in one line; not set: everybody who has a role. */
function viewersOf({ visibility }: NeedToKnow): string | undefined {
  return visibility === undefined
    ? undefined
    : `for ${['requester', 'approvers', ...visibility].filter((one, at, all) => all.indexOf(one) === at).join(', ')} only`;
}

/** What tiers and places say of who need not know. */
const needFields: readonly Field<NeedToKnow>[] = [
  {
    field: 'visibility',
    of: viewersOf,
    loosens: (from, to) =>
      to.visibility === undefined ||
      (from.visibility !== undefined &&
        to.visibility.some((role) => from.visibility?.includes(role) !== true)),
  },
  {
    field: 'redactAfter',
    of: ({ redactAfter }) => redactAfter,
    loosens: (from, to) => (to.redactAfter ?? Infinity) > (from.redactAfter ?? Infinity),
    shown: time,
  },
];

/** Every field of a tier that says who may do what; another one is another line here. */
const tierFields: readonly Field<Tier>[] = [
  { field: 'request', of: (tier) => tier.request, loosens: roleLoosens('request') },
  { field: 'approve', of: (tier) => tier.approve, loosens: roleLoosens('approve') },
  {
    field: 'expireAfter',
    of: (tier) => tier.expireAfter,
    loosens: (from, to) => to.expireAfter > from.expireAfter,
    shown: time,
  },
  {
    field: 'runWithin',
    of: (tier) => tier.runWithin,
    loosens: (from, to) => to.runWithin > from.runWithin,
    shown: time,
  },
  { field: 'reason', of: (tier) => tier.reason, loosens: (_from, to) => to.reason === 'optional' },
  {
    field: 'cancelParkedAfter',
    of: (tier) => tier.cancelParkedAfter,
    loosens: (from, to) => (to.cancelParkedAfter ?? Infinity) > (from.cancelParkedAfter ?? Infinity),
    shown: time,
  },
  {
    field: 'pending of one person',
    of: ({ pending = defaultPending }) => pending.person,
    loosens: ({ pending: from = defaultPending }, { pending: to = defaultPending }) =>
      to.person > from.person,
  },
  {
    field: 'pending for one device',
    of: ({ pending = defaultPending }) => pending.device,
    loosens: ({ pending: from = defaultPending }, { pending: to = defaultPending }) =>
      to.device > from.device,
  },
  ...needFields,
];

/** The same for places. */
const placeFields: readonly Field<PlaceRule>[] = [
  { field: 'approvals', of: (place) => place.approvals, loosens: (_from, to) => to.approvals },
  { field: 'results', of: (place) => place.results, loosens: (_from, to) => to.results === 'card' },
  { field: 'notify', of: (place) => place.notify, loosens: () => undefined },
  ...needFields,
];

function fieldChanges<Of>(
  what: string,
  name: string,
  fields: readonly Field<Of>[],
  from: Of,
  to: Of,
  policies: { readonly before: Policy; readonly after: Policy },
): readonly PolicyChange[] {
  return fields.flatMap(({ field, of, loosens, shown = String }) => {
    const [old, now] = [of(from, policies.before), of(to, policies.after)];
    if (old === now) return [];
    const looser = loosens(from, to, policies);
    const effect = looser === undefined ? 'changes' : looser ? 'widens' : 'narrows';
    // Whom to mention is an account, and those are no facts for the journal.
    const facts =
      field === 'notify'
        ? {}
        : { ...(old === undefined ? {} : { from: old }), ...(now === undefined ? {} : { to: now }) };
    return [
      change(
        effect,
        `${what} field`,
        `${what} ${name}: ${field} is ${now === undefined ? 'not set' : shown(now)}, was ${old === undefined ? 'not set' : shown(old)}`,
        { name, field, ...facts },
      ),
    ];
  });
}

function tiers(before: Policy, after: Policy): readonly PolicyChange[] {
  const names = (policy: Policy): readonly string[] => policy.tiers.map(({ name }) => name);
  const { added, gone } = differ(names(before), names(after));
  const common = (policy: Policy): string =>
    names(policy)
      .filter((name) => !added.includes(name) && !gone.includes(name))
      .join(', ');
  return [
    ...added.map((name) => change('changes', 'tier added', `there is a tier ${name}`, { name })),
    ...gone.map((name) =>
      change('narrows', 'tier removed', `the tier ${name} is gone; requests that were asked for in it end`, {
        name,
      }),
    ),
    ...(common(before) === common(after)
      ? []
      : [
          change(
            'widens',
            'tier order',
            `the tiers, strictest first, are ${common(after)}; they were ${common(before)}`,
          ),
        ]),
    ...after.tiers.flatMap((to) => {
      const from = before.tiers.find(({ name }) => name === to.name);
      return from === undefined ? [] : fieldChanges('tier', to.name, tierFields, from, to, { before, after });
    }),
  ];
}

/** Strictest first in the new policy; a tier that is gone there cannot be compared. */
function tierEffect(after: Policy, from: string, to: string): Effect {
  const [old, now] = [from, to].map((wanted) => after.tiers.findIndex(({ name }) => name === wanted));
  return old === undefined || now === undefined || old < 0 || now > old ? 'widens' : 'narrows';
}

function recipes(before: Policy, after: Policy): readonly PolicyChange[] {
  const { added, gone } = differ([...before.recipes.keys()], [...after.recipes.keys()]);
  return [
    ...added.map((name) =>
      change(
        'widens',
        'recipe added',
        `there is a recipe ${name}, in tier ${after.recipes.get(name)?.tier ?? 'none'}`,
        { name },
      ),
    ),
    ...gone.map((name) => change('narrows', 'recipe removed', `the recipe ${name} is gone`, { name })),
    ...[...after.recipes.values()].flatMap((to) => {
      const from = before.recipes.get(to.name);
      return from === undefined ? [] : recipe(from, to, after);
    }),
  ];
}

function recipe(from: Recipe, to: Recipe, after: Policy): readonly PolicyChange[] {
  const { name } = to;
  const lines = (one: Recipe): string => one.commands.map(commandLine).join('; ');
  return [
    ...(from.tier === to.tier
      ? []
      : [
          change(
            tierEffect(after, from.tier, to.tier),
            'recipe tier',
            `the recipe ${name} is in tier ${to.tier}, was in ${from.tier}`,
            { name, from: from.tier, to: to.tier },
          ),
        ]),
    ...(lines(from) === lines(to)
      ? []
      : [
          change('widens', 'recipe commands', `the recipe ${name} runs other commands: ${lines(to)}`, {
            name,
          }),
        ]),
    ...systemChanges(from, to),
    ...argumentChanges(from, to),
  ];
}

/** For a system more is looser; what is for another one may run there for the first time. */
function systemChanges(from: Recipe, to: Recipe): readonly PolicyChange[] {
  const every = 'every system';
  const [was, is] = [systemsOf(from) ?? every, systemsOf(to) ?? every];
  if (was === is) return [];
  const looser =
    to.systems === undefined ||
    (from.systems !== undefined && to.systems.some((one) => from.systems?.includes(one) !== true));
  return [
    change(
      looser ? 'widens' : 'narrows',
      'recipe systems',
      `the recipe ${to.name} is for ${is}, was for ${was}`,
      { name: to.name, from: was, to: is },
    ),
  ];
}

function argumentChanges(from: Recipe, to: Recipe): readonly PolicyChange[] {
  const names = (one: Recipe): string => one.args.map((argument) => argument.name).join(' ');
  if (names(from) !== names(to))
    return [
      change(
        'widens',
        'recipe arguments',
        `the recipe ${to.name} takes other arguments: ${names(to) === '' ? 'none' : names(to)}`,
        { name: to.name },
      ),
    ];
  return to.args.flatMap((argument, at) => {
    const old = from.args[at];
    if (old === undefined || (old.chars === argument.chars && old.max === argument.max)) return [];
    const looser = argument.max > old.max || !within(argument.chars, old.chars);
    return [
      change(
        looser ? 'widens' : 'narrows',
        'recipe argument',
        `the recipe ${to.name} takes ${looser ? 'more' : 'less'} as ${argument.name}: at most ${argument.max} of ${argument.chars}, was ${old.max} of ${old.chars}`,
        { name: to.name, field: argument.name },
      ),
    ];
  });
}

/** Whether every character of one list is in the other. */
function within(inner: string, outer: string): boolean {
  const ranges = readChars(outer) ?? [];
  return (readChars(inner) ?? []).every(([first, last]) =>
    Array.from({ length: last - first + 1 }, (_, at) => String.fromCodePoint(first + at)).every((one) =>
      holds(ranges, one),
    ),
  );
}

function raw(before: Policy, after: Policy): readonly PolicyChange[] {
  return (['RunScript', 'GetFile', 'PutFile'] as const).flatMap((type) => {
    const [from, to] = [before.raw[type], after.raw[type]];
    const name = rawWords[type];
    if (from === to) return [];
    if (from === undefined)
      return [
        change('widens', 'command added', `${name} is allowed outside recipes, in tier ${to ?? ''}`, {
          name,
        }),
      ];
    if (to === undefined)
      return [change('narrows', 'command removed', `${name} is no longer allowed outside recipes`, { name })];
    return [
      change(
        tierEffect(after, from, to),
        'command tier',
        `${name} outside recipes is in tier ${to}, was in ${from}`,
        { name, from, to },
      ),
    ];
  });
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

function places(before: Policy, after: Policy): readonly PolicyChange[] {
  return [
    ...after.places.flatMap((to) => {
      const from = before.places.find(({ place }) => place === to.place);
      if (from !== undefined)
        return fieldChanges('place', to.place, placeFields, from, to, { before, after });
      return [
        change(
          'widens',
          'place added',
          `requests are taken in ${to.place}${to.approvals ? ', which gets approval cards' : ''}${to.results === 'card' ? ', with results on the card' : ''}`,
          { name: to.place },
        ),
      ];
    }),
    ...before.places
      .filter(({ place }) => !after.places.some((one) => one.place === place))
      .map(({ place }) =>
        change('narrows', 'place removed', `requests are no longer taken in ${place}`, { name: place }),
      ),
  ];
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

/** Sentences told of each kind; the journal has them all. */
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
