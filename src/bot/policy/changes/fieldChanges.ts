// Differences between the tiers and places of two policies, field by field.
import { duration } from '../../../../cards/clip.ts';
import { defaultPending } from '../places.ts';
import type { NeedToKnow, PlaceRule, Policy, Tier } from '../policy.ts';
import { change, differ } from './change.ts';
import type { PolicyChange } from './change.ts';

/**
 * How a change of one field of a tier or a place reads; `loosens` answers whether the second value lets more
 * happen.
 */
interface Field<Of> {
  readonly field: string;
  /** Undefined where it is not set. */
  readonly of: (one: Of) => Value | undefined;
  /** Undefined where it says nothing about who may do what. */
  readonly loosens: (before: Of, after: Of, policies: Policies) => boolean | undefined;
}

interface Policies {
  readonly before: Policy;
  readonly after: Policy;
}

/** What a field is set to, for the journal and in words. */
interface Value {
  readonly fact: string | number | boolean;
  readonly words: string;
}

function plain(fact: Value['fact'] | undefined): Value | undefined {
  return fact === undefined ? undefined : { fact, words: String(fact) };
}

function time(ms: number | undefined): Value | undefined {
  return ms === undefined ? undefined : { fact: ms, words: duration(ms) };
}

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

/** What tiers and places say about need to know. */
const needFields: readonly Field<NeedToKnow>[] = [
  {
    field: 'visibility',
    of: (rule) => plain(viewersOf(rule)),
    loosens: (from, to) =>
      to.visibility === undefined ||
      (from.visibility !== undefined &&
        to.visibility.some((role) => from.visibility?.includes(role) !== true)),
  },
  {
    field: 'redactAfter',
    of: ({ redactAfter }) => time(redactAfter),
    loosens: (from, to) => (to.redactAfter ?? Infinity) > (from.redactAfter ?? Infinity),
  },
];

/** Every field of a tier that says who may do what; another one is another line here. */
const tierFields: readonly Field<Tier>[] = [
  { field: 'request', of: (tier) => plain(tier.request), loosens: roleLoosens('request') },
  { field: 'approve', of: (tier) => plain(tier.approve), loosens: roleLoosens('approve') },
  {
    field: 'expireAfter',
    of: (tier) => time(tier.expireAfter),
    loosens: (from, to) => to.expireAfter > from.expireAfter,
  },
  {
    field: 'runWithin',
    of: (tier) => time(tier.runWithin),
    loosens: (from, to) => to.runWithin > from.runWithin,
  },
  { field: 'reason', of: (tier) => plain(tier.reason), loosens: (_from, to) => to.reason === 'optional' },
  {
    field: 'cancelParkedAfter',
    of: (tier) => time(tier.cancelParkedAfter),
    loosens: (from, to) => (to.cancelParkedAfter ?? Infinity) > (from.cancelParkedAfter ?? Infinity),
  },
  {
    field: 'pending of one person',
    of: ({ pending = defaultPending }) => plain(pending.person),
    loosens: ({ pending: from = defaultPending }, { pending: to = defaultPending }) =>
      to.person > from.person,
  },
  {
    field: 'pending for one device',
    of: ({ pending = defaultPending }) => plain(pending.device),
    loosens: ({ pending: from = defaultPending }, { pending: to = defaultPending }) =>
      to.device > from.device,
  },
  ...needFields,
];

/** The same for places. */
const placeFields: readonly Field<PlaceRule>[] = [
  { field: 'approvals', of: (place) => plain(place.approvals), loosens: (_from, to) => to.approvals },
  { field: 'results', of: (place) => plain(place.results), loosens: (_from, to) => to.results === 'card' },
  { field: 'notify', of: (place) => plain(place.notify), loosens: () => undefined },
  ...needFields,
];

function fieldChanges<Of>(
  {
    what,
    name,
    fields,
  }: { readonly what: string; readonly name: string; readonly fields: readonly Field<Of>[] },
  from: Of,
  to: Of,
  policies: Policies,
): readonly PolicyChange[] {
  return fields.flatMap(({ field, of, loosens }) => {
    const [old, now] = [of(from), of(to)];
    if (old?.fact === now?.fact) return [];
    const looser = loosens(from, to, policies);
    const effect = looser === undefined ? 'changes' : looser ? 'widens' : 'narrows';
    // Whom to mention is an account, and those are no facts for the journal.
    const facts =
      field === 'notify'
        ? {}
        : {
            ...(old === undefined ? {} : { from: old.fact }),
            ...(now === undefined ? {} : { to: now.fact }),
          };
    return [
      change(
        effect,
        `${what} field`,
        `${what} ${name}: ${field} is ${now?.words ?? 'not set'}, was ${old?.words ?? 'not set'}`,
        { name, field, ...facts },
      ),
    ];
  });
}

export function tiers(before: Policy, after: Policy): readonly PolicyChange[] {
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
      return from === undefined
        ? []
        : fieldChanges({ what: 'tier', name: to.name, fields: tierFields }, from, to, { before, after });
    }),
  ];
}

export function places(before: Policy, after: Policy): readonly PolicyChange[] {
  return [
    ...after.places.flatMap((to) => {
      const from = before.places.find(({ place }) => place === to.place);
      if (from !== undefined)
        return fieldChanges({ what: 'place', name: to.place, fields: placeFields }, from, to, {
          before,
          after,
        });
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
