// Today's policy against an earlier one: whether it would refuse what was asked for or approved then. A
// looser policy never helps, because the terms of a request are frozen; a stricter one always counts. Pure:
// judged again at every decision, after every change of the policy, and right before the POST.
import { sessionOf, splitSurfaceKey, stageOf } from '../../liveResponse/request/request.ts';
import { duration } from '../../../cards/clip.ts';
import type { PersonRef } from '../../liveResponse/request/vote.ts';
import type { Request } from '../../liveResponse/request/request.ts';
import { earlierAttempt } from '../../liveResponse/request/session.ts';
import type { SessionStage } from '../../liveResponse/request/session.ts';
import { tierOf } from './decisions.ts';
import { holdsRole, ownerOf } from './people/people.ts';
import type { GroupReading } from './people/people.ts';
import { mayUse } from './places.ts';
import type { Person, Policy, Tier } from './policy.ts';
import { rendersAs } from './recipes/recipes.ts';
import { judgeSystem } from './recipes/recipeSystems.ts';
import { explain } from './refusals/refusal.ts';
import { inScope } from './devices/scope.ts';

/** The rule of today that refuses; its words are in cards/advice. */
export type TodayCode =
  | 'requesterNotListed'
  | 'requesterRoleGone'
  | 'approverNotListed'
  | 'samePerson'
  | 'placeGone'
  | 'deviceOutOfScope'
  | 'recipeChanged'
  | 'otherSystem'
  | 'commandNotAllowed'
  | 'tierGone'
  | 'tierStricter'
  | 'reasonMissing'
  | 'expireAfterShorter'
  | 'runWithinShorter';

export interface TodayNo {
  readonly code: TodayCode;
  /** Which one, in a few words: a name, a tier, a time. */
  readonly detail?: string;
}

/**
 * `unread`: groups that would have to be read before anybody can tell. Undefined: nothing in today's policy
 * is against it.
 */
export type Judgement = { readonly no: TodayNo } | { readonly unread: readonly string[] } | undefined;

/** Who approves, or approved, and from which account. */
export interface Approver {
  readonly by: PersonRef;
  readonly account: string;
}

/** What the platforms said of the groups of both; without it only what the policy lists by name is known. */
export interface Readings {
  readonly requester?: GroupReading | undefined;
  readonly approver?: GroupReading | undefined;
}

/** The approver, where it is approved, and what was read of the people. */
interface KnownPeople {
  readonly approver?: Approver | undefined;
  readonly readings?: Readings;
}

/** The whole judgement: with the approver for what is approved, without for what waits for approval. */
export function judgeToday(
  policy: Policy,
  request: Request,
  now: number,
  { approver, readings = {} }: KnownPeople = {},
): Judgement {
  const asked = judgeRequest(policy, request, now, readings.requester);
  if (approver === undefined || (asked !== undefined && 'no' in asked)) return asked;
  const agreed = judgeApprover(policy, request, approver, readings.approver);
  if (agreed !== undefined && 'no' in agreed) return agreed;
  const late = tooLate(policy, request, now);
  if (late !== undefined) return late;
  const unread = [asked, agreed].flatMap((one) => (one !== undefined && 'unread' in one ? one.unread : []));
  return unread.length === 0 ? undefined : { unread: [...new Set(unread)] };
}

/**
 * Whether it could still be asked for: the person, the place, the device, the commands and their tier, the
 * time.
 */
export function judgeRequest(
  policy: Policy,
  request: Request,
  now: number,
  reading?: GroupReading,
): Judgement {
  const requester = stillListed(policy, { by: request.asked.requester, account: request.asked.account });
  if (requester === undefined) return no('requesterNotListed', request.asked.requester.name);
  const [surface, id] = splitSurfaceKey(request.asked.place);
  // Where a stored request was asked in private, that place is taken for a conversation with the bot alone:
  // it needs no entry of its own.
  if (mayUse(policy, { surface, id, direct: request.asked.placeIsPrivate, external: false }) !== undefined)
    return no('placeGone', request.asked.place);
  const outside = inScope(policy, request.targets[0].device);
  if (outside !== undefined) return no('deviceOutOfScope', explain(outside));
  const tier = tierToday(policy, request);
  if ('no' in tier) return tier;
  const system = systemToday(policy, request);
  if (system !== undefined) return system;
  const stricter = stricterTerms(policy, request, tier);
  if (stricter !== undefined) return stricter;
  if (
    stageOf(request).state === 'awaitingApproval' &&
    sooner(request, tier) &&
    now >= request.asked.at + tier.expireAfter
  )
    return no('expireAfterShorter', `tier ${tier.name}: ${duration(tier.expireAfter)}`);
  return roleOr(
    holdsRole(policy, requester, tier.request, reading),
    'requesterRoleGone',
    `${request.asked.requester.name} lacks the role ${tier.request}`,
  );
}

/**
 * Whether this person may approve it, or still may: by the role it was agreed under, and by the one that its
 * tier asks for today.
 */
export function judgeApprover(
  policy: Policy,
  request: Request,
  approver: Approver,
  reading?: GroupReading,
): Judgement {
  // Before the list: when two entries become one, the second is gone, and that alone would be the wrong reason.
  if (
    ownerOf(policy, approver.account) !== undefined &&
    ownerOf(policy, approver.account) === ownerOf(policy, request.asked.account)
  )
    return no('samePerson', `${request.asked.account} and ${approver.account}`);
  const person = stillListed(policy, approver);
  if (person === undefined) return no('approverNotListed', approver.by.name);
  const tier = tierToday(policy, request);
  if ('no' in tier) return tier;
  for (const role of new Set([request.asked.terms.approveRole, tier.approve])) {
    const held = roleOr(
      holdsRole(policy, person, role, reading),
      'approverNotListed',
      `${approver.by.name} lacks the role ${role}`,
    );
    if (held !== undefined) return held;
  }
  return undefined;
}

/**
 * The tier that today's policy gives to exactly these commands: as the recipe they were asked by, or each by
 * itself.
 */
export function tierToday(policy: Policy, request: Request): Tier | { readonly no: TodayNo } {
  const { asked, subject } = request;
  const { recipes, raw, tiers } = policy;
  const known = tiersFound.get(asked);
  if (
    known?.commands === subject.commands &&
    known.recipes === recipes &&
    known.raw === raw &&
    known.tiers === tiers
  )
    return known.tier;
  const tier = findTier(policy, request);
  tiersFound.set(asked, { commands: subject.commands, recipes, raw, tiers, tier });
  return tier;
}

/** What was found last, and of what: requests and the parts of a policy are replaced, and never changed. */
const tiersFound = new WeakMap<
  Request['asked'],
  Pick<Policy, 'recipes' | 'raw' | 'tiers'> &
    Pick<Request['subject'], 'commands'> & { readonly tier: ReturnType<typeof findTier> }
>();

function findTier(policy: Policy, request: Request): Tier | { readonly no: TodayNo } {
  const { recipe: name, recipeArgs, recipeFrom = 0 } = request.asked;
  const { commands } = request.subject;
  if (name === undefined) {
    const gone = commands.find(({ type }) => policy.raw[type] === undefined);
    if (gone !== undefined) return no('commandNotAllowed', gone.type);
  } else {
    const recipe = policy.recipes.get(name);
    if (recipe === undefined) return no('recipeChanged', `${name} is gone`);
    // Requests made before arguments were kept can only be compared where there are none.
    const compared = recipeArgs !== undefined || recipe.args.length === 0;
    if (compared && !rendersAs(recipe, recipeArgs ?? {}, recipeFrom, commands))
      return no('recipeChanged', name);
    if (!compared)
      return policy.tiers.find((tier) => tier.name === recipe.tier) ?? no('tierGone', recipe.tier);
  }
  const tier = tierOf(policy, {
    kind: 'again',
    host: request.targets[0].device.id,
    commands,
    title: request.asked.title,
    ...(name === undefined ? {} : { recipe: { name, args: recipeArgs ?? {}, from: recipeFrom } }),
  });
  return 'refused' in tier ? no('commandNotAllowed', commands[0]?.type) : tier;
}

/** Whether the recipe is for the system of the device, as it was last read. */
function systemToday(policy: Policy, { asked, targets }: Request): Judgement {
  const { recipe: name } = asked;
  const { device } = targets[0];
  const recipe = name === undefined ? undefined : policy.recipes.get(name);
  const verdict = recipe === undefined ? undefined : judgeSystem(policy, recipe, device);
  return verdict?.is === 'no'
    ? no('otherSystem', `${name ?? ''} is for ${verdict.systems}, the device runs ${device.os}`)
    : undefined;
}

/** Where today's tier asks for more than was agreed, and time alone does not decide. */
function stricterTerms(policy: Policy, request: Request, tier: Tier): Judgement {
  const agreed = policy.tiers.findIndex((one) => one.name === request.asked.terms.tier);
  if (agreed < 0) return no('tierGone', request.asked.terms.tier);
  // Strictest first.
  if (policy.tiers.indexOf(tier) < agreed)
    return no(
      'tierStricter',
      `tier ${tier.name} now, tier ${request.asked.terms.tier} when it was asked for`,
    );
  if (tier.reason === 'required' && request.asked.reason === undefined)
    return no('reasonMissing', `tier ${tier.name}`);
  return undefined;
}

/** Whether today's tier would have let it be approved so late, or lets the approval be used so late. */
function tooLate(policy: Policy, request: Request, now: number): Judgement {
  const tier = tierToday(policy, request);
  const session = sessionOf(request);
  if ('no' in tier || session === undefined) return undefined;
  const { at } = session.grant;
  // Where today's time is no shorter, the approval lapses by its own.
  if (tier.runWithin < request.asked.terms.runWithin && now >= at + tier.runWithin)
    return no('runWithinShorter', `tier ${tier.name}: ${duration(tier.runWithin)}`);
  // Sending again is decided long after the request was made, whatever the tier says.
  if (
    earlierAttempt(session) === undefined &&
    sooner(request, tier) &&
    at >= request.asked.at + tier.expireAfter
  )
    return no('expireAfterShorter', `tier ${tier.name}: ${duration(tier.expireAfter)}`);
  return undefined;
}

/** Today's tier gives less time for an approval than was agreed. */
function sooner(request: Request, tier: Tier): boolean {
  return request.asked.at + tier.expireAfter < request.asked.terms.expiresAt;
}

/**
 * The time limits of a request as today's policy shortens them, in epoch milliseconds; its own where today's
 * are longer.
 */
export function limitsToday(
  policy: Policy,
  request: Request,
): { readonly expiresAt: number; readonly runBefore?: number; readonly cancelParkedAfter?: number } {
  const stage = stageOf(request);
  const approvedAt = sessionOf(request)?.grant.at;
  const tier = tierToday(policy, request);
  const own = request.asked.terms.expiresAt;
  const expiresAt = 'no' in tier ? own : Math.min(own, request.asked.at + tier.expireAfter);
  const parked = [
    request.asked.terms.cancelParkedAfter,
    'no' in tier ? undefined : tier.cancelParkedAfter,
  ].filter((ms) => ms !== undefined);
  return {
    expiresAt,
    ...(stage.state === 'queued'
      ? {
          runBefore:
            'no' in tier || approvedAt === undefined
              ? stage.runBefore
              : Math.min(stage.runBefore, approvedAt + tier.runWithin),
        }
      : {}),
    ...(parked.length === 0 ? {} : { cancelParkedAfter: Math.min(...parked) }),
  };
}

/** The roles an approver must hold all of: the one it was agreed under, and today's. */
export function approveRoles(policy: Policy, request: Request): readonly string[] {
  const tier = tierToday(policy, request);
  return [...new Set([request.asked.terms.approveRole, ...('no' in tier ? [] : [tier.approve])])];
}

/**
 * By id and by account: anyone who got another entry, or lost the account that spoke, is asked to speak again.
 */
function stillListed(policy: Policy, { by, account }: Approver): Person | undefined {
  const owner = ownerOf(policy, account);
  return owner?.id === by.id ? owner : undefined;
}

function roleOr(held: ReturnType<typeof holdsRole>, code: TodayCode, detail: string): Judgement {
  if (held === 'yes') return undefined;
  return held === 'no' ? no(code, detail) : held;
}

function no(code: TodayCode, detail?: string): { readonly no: TodayNo } {
  return { no: { code, ...(detail === undefined ? {} : { detail }) } };
}

/**
 * A request as its cards show it: with the limits and the roles of today where they are stricter than its
 * own.
 */
export function shownToday(policy: Policy, request: Request): Request {
  const stage = stageOf(request);
  if (stage.state === 'running') {
    const { waitingForDevice: waiting } = stage.run;
    const { cancelParkedAfter } = limitsToday(policy, request);
    if (waiting === undefined || cancelParkedAfter === undefined) return request;
    const cancelAt = waiting.since + cancelParkedAfter;
    return cancelAt < (waiting.cancelAt ?? Infinity)
      ? withStage(request, {
          ...stage,
          run: { ...stage.run, waitingForDevice: { ...waiting, cancelAt } },
        })
      : request;
  }
  if (stage.state !== 'awaitingApproval' && stage.state !== 'queued') return request;
  const { expiresAt, runBefore } = limitsToday(policy, request);
  const terms = {
    ...request.asked.terms,
    expiresAt,
    approveRole: approveRoles(policy, request).join(' and '),
  };
  const shown = { ...request, asked: { ...request.asked, terms } };
  return stage.state === 'queued'
    ? withStage(shown, { ...stage, runBefore: runBefore ?? stage.runBefore })
    : shown;
}

function withStage(request: Request, stage: SessionStage): Request {
  const [first, ...others] = request.sessions;
  return first === undefined ? request : { ...request, sessions: [{ ...first, stage }, ...others] };
}
