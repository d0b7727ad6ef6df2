// Need to know: who finds a request, how much of its results its cards show, and where its reasons may
// appear: by the place it was asked in, all places of its cards, and its tier. The strictest holds, of the
// policy when it was asked and of today's.
import type { Privacy, Request } from '../../liveResponse/request/request.ts';
import type { Actor } from './people/people.ts';
import { placeKey, ruleOf } from './places.ts';
import type { NeedToKnow, PlaceRule, Policy, Tier } from './policy.ts';
import type { Place } from '../ports.ts';

/** Whether outsiders read along in a place (`surface:id`), as far as its chat has said. */
export type ReadByOutsiders = (key: string) => boolean;

type AskedFor = Pick<Request, 'asked' | 'redacted'>;

/** The rules of every place that gets a card: where it was asked, and each approvals place. */
function rulesOf(policy: Policy, place: string): readonly PlaceRule[] {
  return policy.places.filter((rule) => rule.approvals || rule.place === place);
}

function tierNow(policy: Policy, { asked }: AskedFor): Tier | undefined {
  return policy.tiers.find(({ name }) => name === asked.terms.tier);
}

/** What is frozen with a request when it is asked: a later edit of the file cannot loosen it. */
export function privacyOf(policy: Policy, place: Place, tier: Tier): { readonly privacy?: Privacy } {
  const key = placeKey(place);
  const visibility = lists(ruleOf(policy, key), tier);
  const results = rulesOf(policy, key).some((rule) => rule.results === 'private');
  const privacy: Privacy = {
    ...(results ? { results: 'private' } : {}),
    ...(visibility.length === 0 ? {} : { visibility }),
  };
  return Object.keys(privacy).length === 0 ? {} : { privacy };
}

function lists(...rules: readonly (NeedToKnow | undefined)[]): readonly (readonly string[])[] {
  return rules.flatMap((rule) => (rule?.visibility === undefined ? [] : [rule.visibility]));
}

/** The roles named by each rule that limits who finds it. */
function limitsOf(policy: Policy, request: AskedFor): readonly (readonly string[])[] {
  return [
    ...(request.asked.privacy?.visibility ?? []),
    ...lists(ruleOf(policy, request.asked.place), tierNow(policy, request)),
  ];
}

export function isRestricted(policy: Policy, request: AskedFor): boolean {
  return limitsOf(policy, request).length > 0;
}

function isAsker(actor: Pick<Actor, 'person'>, request: AskedFor): boolean {
  return actor.person.id === request.asked.requester.id;
}

function approves(policy: Policy, actor: Pick<Actor, 'roles'>, request: AskedFor): boolean {
  const now = tierNow(policy, request)?.approve;
  return actor.roles.has(request.asked.terms.approveRole) || (now !== undefined && actor.roles.has(now));
}

/**
 * Whether somebody finds this request at all: in lists, by its id, by its card. The requester and the
 * approvers of its tier always do.
 */
export function mayFind(policy: Policy, actor: Pick<Actor, 'person' | 'roles'>, request: AskedFor): boolean {
  return (
    isAsker(actor, request) ||
    approves(policy, actor, request) ||
    limitsOf(policy, request).every((roles) => roles.some((role) => actor.roles.has(role)))
  );
}

/** How much of its results every card of it shows: as much as the strictest of its places allows. */
export function resultsOf(policy: Policy, request: AskedFor, outsiders: ReadByOutsiders): 'card' | 'private' {
  if (
    request.asked.placeIsPrivate ||
    request.asked.privacy?.results === 'private' ||
    request.redacted !== undefined
  )
    return 'private';
  const rules = rulesOf(policy, request.asked.place);
  // A place that the policy no longer names shows nothing.
  if (!rules.some((rule) => rule.place === request.asked.place) || outsiders(request.asked.place))
    return 'private';
  return rules.every((rule) => rule.results === 'card' && !outsiders(rule.place)) ? 'card' : 'private';
}

/** Milliseconds after the end after which results leave its cards; undefined: never. The shortest counts. */
export function redactAfterOf(policy: Policy, request: AskedFor): number | undefined {
  const limits = [tierNow(policy, request), ...rulesOf(policy, request.asked.place)].flatMap(
    (rule) => rule?.redactAfter ?? [],
  );
  return limits.length === 0 ? undefined : Math.min(...limits);
}

/** Whether its reasons are hidden from some: not everybody finds it, or results are private where it was asked. */
export function isPrivate(policy: Policy, request: AskedFor, outsiders: ReadByOutsiders): boolean {
  const asked = ruleOf(policy, request.asked.place);
  return (
    isRestricted(policy, request) ||
    request.asked.placeIsPrivate ||
    asked === undefined ||
    asked.results === 'private' ||
    outsiders(request.asked.place)
  );
}

/** Whether it is more private now than when it was asked: its cards may still show too much. */
export function becamePrivate(policy: Policy, request: AskedFor, outsiders: ReadByOutsiders): boolean {
  const { privacy } = request.asked;
  if (request.asked.placeIsPrivate || !isPrivate(policy, request, outsiders)) return false;
  const then = new Set((privacy?.visibility ?? []).map((roles) => JSON.stringify(roles)));
  if (
    privacy === undefined ||
    lists(ruleOf(policy, request.asked.place), tierNow(policy, request)).some(
      (roles) => !then.has(JSON.stringify(roles)),
    )
  )
    return true;
  if (then.size > 0) return false;
  // Results were private. Reasons were not, if only an approvals place made the results private.
  return (
    ruleOf(policy, request.asked.place)?.results !== 'private' ||
    policy.places.some(
      (rule) => rule.approvals && rule.place !== request.asked.place && rule.results === 'private',
    )
  );
}

/**
 * Whether the card of a request may show its reasons in a place. Who reads along there follows from that
 * place's own `visibility`: its readers must all be among those who find the request.
 */
export function reasonMayStand(
  policy: Policy,
  request: AskedFor,
  key: string,
  outsiders: ReadByOutsiders,
): boolean {
  if (!isPrivate(policy, request, outsiders)) return true;
  const asked = key === request.asked.place;
  if (asked && request.asked.placeIsPrivate && ruleOf(policy, key) === undefined) return true;
  const limits = limitsOf(policy, request);
  if (limits.length === 0) return asked;
  const readers = ruleOf(policy, key)?.visibility;
  return (
    readers !== undefined &&
    !outsiders(key) &&
    limits.every((roles) => readers.every((role) => roles.includes(role)))
  );
}

/** Whether the reasons of a request may be shown privately to somebody who speaks in `key`. */
export function reasonMayBeTold(
  policy: Policy,
  actor: Pick<Actor, 'person' | 'roles'>,
  request: AskedFor,
  { key, outsiders }: { readonly key: string; readonly outsiders: ReadByOutsiders },
): boolean {
  if (isAsker(actor, request) || approves(policy, actor, request)) return true;
  return (
    (isRestricted(policy, request) && mayFind(policy, actor, request)) ||
    reasonMayStand(policy, request, key, outsiders)
  );
}
