// Decisions of the policy: who may do what to which request. Pure: every decision is a value, made inside the
// store's change on the very request that is then changed.
import { bindingDigits, bindingOf } from '../../liveResponse/commands.ts';
import { sessionOf, stageOf } from '../../liveResponse/request/request.ts';
import type { Request, Terms } from '../../liveResponse/request/request.ts';
import { isInState } from '../../liveResponse/request/session.ts';
import { maxSearchAttempts } from '../../liveResponse/pacing/callRates.ts';
import type { Freeze } from '../../liveResponse/ports.ts';
import { wasOver } from './refusals/endedStatus.ts';
import { isGroup } from './people/people.ts';
import type { Actor } from './people/people.ts';
import { mayUse } from './places.ts';
import type { Policy, Tier } from './policy.ts';
import type { Place } from '../ports.ts';
import type { Operation } from './refusals/aboutPeople.ts';
import type { Refusal } from './refusals/refusal.ts';
import { rendersAs } from './recipes/recipes.ts';
import { inScope } from './devices/scope.ts';
import type { SessionAsk } from './recipes/sessionAsk.ts';

/** What a decision is made by. */
export interface Rules {
  readonly policy: Policy;
  readonly freeze?: Freeze | undefined;
}

/** The same at one moment, in epoch milliseconds. */
export interface RulesAt extends Rules {
  readonly now: number;
}

/**
 * What an approving press or line carries: the revision that was looked at, and 64 bits of its digest.
 * Without the revision it is a short fingerprint, which approves nothing.
 */
export interface ApprovingPress {
  readonly fingerprint: string;
  readonly revision?: number;
  readonly typed?: true;
}

/** Undefined when the actor holds one of the roles. */
function needsRole(actor: Actor, need: readonly string[], deed: Operation): Refusal | undefined {
  if (need.some((role) => actor.roles.has(role))) return undefined;
  return { refused: 'missingRole', deed, need, unread: unreadFor(actor, need) };
}

function unreadFor(actor: Actor, roles: readonly string[]): readonly string[] {
  return [...new Set(actor.unread.filter(({ role }) => roles.includes(role)).map(({ group }) => group))];
}

function isRequester(actor: Actor, request: Request): boolean {
  // By person, never by account: two accounts of one human are one pair of eyes.
  // Two entries that became one since then are one human as well.
  return (
    actor.person.id === request.asked.requester.id || actor.person.accounts.includes(request.asked.account)
  );
}

function frozenBy(freeze: Freeze | undefined): Refusal | undefined {
  return freeze === undefined
    ? undefined
    : { refused: 'frozen', by: freeze.by, why: freeze.why, at: freeze.at };
}

/**
 * The tier of an ask, or why it is not allowed. Tiers are ordered strictest first, and a sequence takes that
 * of its strictest part.
 */
export function tierOf(policy: Policy, ask: SessionAsk): Tier | Refusal {
  const names: string[] = [];
  const rest = ask.kind === 'again' ? restAllowed(policy, ask) : undefined;
  if (rest !== undefined) {
    names.push(...rest);
  } else if (ask.kind === 'recipe') {
    const recipe = policy.recipes.get(ask.recipe);
    if (recipe === undefined) return { refused: 'unknownRecipe', recipe: ask.recipe };
    names.push(recipe.tier);
  } else {
    for (const { type } of ask.commands) {
      const tier = policy.raw[type];
      if (tier === undefined) return { refused: 'commandNotAllowed', command: type };
      names.push(tier);
    }
  }
  const tier = policy.tiers.find(({ name }) => names.includes(name));
  // The file's reader guarantees that every tier named is defined; a policy built otherwise must still fail
  // closed.
  return tier !== undefined && names.every((name) => policy.tiers.some((one) => one.name === name))
    ? tier
    : { refused: 'commandNotAllowed', command: ask.commands[0]?.type ?? 'RunScript' };
}

/**
 * The tiers that an ask made from an earlier request must keep while it is still what a recipe of today
 * makes: the recipe's own for the whole, and for a rest of it (after its earlier commands completed) those
 * of its commands outside recipes as well, where the policy names them. Undefined when it is no recipe's:
 * then each command must be allowed by itself.
 */
function restAllowed(
  policy: Policy,
  ask: Extract<SessionAsk, { readonly kind: 'again' }>,
): readonly string[] | undefined {
  const recipe = ask.recipe === undefined ? undefined : policy.recipes.get(ask.recipe.name);
  if (
    ask.recipe === undefined ||
    recipe === undefined ||
    !rendersAs(recipe, ask.recipe.args, ask.recipe.from, ask.commands)
  )
    return undefined;
  const alone = ask.recipe.from === 0 ? [] : ask.commands.flatMap(({ type }) => policy.raw[type] ?? []);
  return [recipe.tier, ...alone];
}

/**
 * Whether somebody may ask for this here. The device's scope is asked about once it is resolved: `inScope`.
 */
export function mayRequest(
  { policy, freeze }: Rules,
  actor: Actor,
  place: Place,
  ask: SessionAsk,
): { readonly tier: Tier } | Refusal {
  const elsewhere = mayUse(policy, place);
  if (elsewhere !== undefined) return elsewhere;
  const tier = tierOf(policy, ask);
  if ('refused' in tier) return tier;
  const refused = needsRole(actor, [tier.request], 'request') ?? frozenBy(freeze);
  if (refused !== undefined) return refused;
  if (tier.reason === 'required' && ask.reason === undefined)
    return { refused: 'reasonRequired', tier: tier.name };
  const others = (policy.roles.get(tier.approve) ?? []).some(
    (member) => isGroup(member) || member !== actor.person.id,
  );
  return others ? { tier } : { refused: 'nobodyCanApprove', role: tier.approve };
}

/** The terms a request is frozen under at `now`. */
export function termsOf(tier: Tier, now: number): Terms {
  return {
    tier: tier.name,
    approveRole: tier.approve,
    expiresAt: now + tier.expireAfter,
    runWithin: tier.runWithin,
    ...(tier.cancelParkedAfter === undefined ? {} : { cancelParkedAfter: tier.cancelParkedAfter }),
  };
}

/** Why a request that no longer awaits approval cannot be decided; undefined while it does. */
function decided(request: Request, actor: Actor, deed: 'approve' | 'deny'): Refusal | undefined {
  const stage = stageOf(request);
  if (stage.state === 'closed') return wasOver(request, stage);
  const session = sessionOf(request);
  if (!isInState(session, ['queued', 'submitting', 'unknown', 'running', 'finished'])) return undefined;
  const { grant } = session;
  const { by } = grant.votes[0];
  return {
    refused: 'alreadyApproved',
    id: request.id,
    by,
    at: grant.at,
    you: by.id === actor.person.id,
    deed,
    state: session.stage.state,
  };
}

function sameAsShown(request: Request, press: ApprovingPress): Refusal | undefined {
  const typed = press.typed === undefined ? {} : { typed: press.typed };
  if (isShort(press)) return { refused: 'shortFingerprint', id: request.id, ...typed };
  if (press.revision !== request.revision) return { refused: 'staleCard', id: request.id, ...typed };
  return press.fingerprint.toLowerCase() === bindingOf(request.subject.digest)
    ? undefined
    : { refused: 'wrongFingerprint', id: request.id };
}

/** A card of an older version, or a line with what a card shows: too few bits to decide by. */
export function isShort(press: ApprovingPress): boolean {
  return press.revision === undefined || press.fingerprint.length < bindingDigits;
}

/** Undefined when this press approves. The refusal that helps most comes first. */
export function mayApprove(
  actor: Actor,
  request: Request,
  press: ApprovingPress,
  { policy, now, freeze }: RulesAt,
): Refusal | undefined {
  const over = decided(request, actor, 'approve');
  if (over !== undefined) return over;
  if (now >= request.asked.terms.expiresAt)
    return { refused: 'expired', id: request.id, at: request.asked.terms.expiresAt };
  // Before the role: nobody approves their own request, administrators included.
  if (isRequester(actor, request)) return { refused: 'selfApproval', id: request.id, deed: 'approve' };
  return (
    needsRole(actor, [request.asked.terms.approveRole], 'approve') ??
    frozenBy(freeze) ??
    inScope(policy, request.targets[0].device) ??
    sameAsShown(request, press)
  );
}

/**
 * Whether a person may be shown the whole request with the line that approves it: everything but the code
 * must hold.
 */
export function mayPrepareApproval(actor: Actor, request: Request, rules: RulesAt): Refusal | undefined {
  return mayApprove(
    actor,
    request,
    { fingerprint: bindingOf(request.subject.digest), revision: request.revision },
    rules,
  );
}

export function mayDeny(actor: Actor, request: Request, now: number): Refusal | undefined {
  const over = decided(request, actor, 'deny');
  if (over !== undefined) return over;
  if (now >= request.asked.terms.expiresAt)
    return { refused: 'expired', id: request.id, at: request.asked.terms.expiresAt };
  if (isRequester(actor, request)) return { refused: 'ownRequest', id: request.id };
  return needsRole(actor, [request.asked.terms.approveRole], 'deny');
}

function requesterOrApprover(actor: Actor, request: Request, deed: Operation): Refusal | undefined {
  const role = request.asked.terms.approveRole;
  if (isRequester(actor, request) || actor.roles.has(role)) return undefined;
  return {
    refused: 'notYourRequest',
    id: request.id,
    deed,
    requester: request.asked.requester,
    role,
    unread: unreadFor(actor, [role]),
  };
}

/** Before it is sent. Also while frozen and after expiry: taking back is always safe. */
export function mayWithdraw(actor: Actor, request: Request): Refusal | undefined {
  const stage = stageOf(request);
  if (stage.state === 'closed') return wasOver(request, stage);
  if (stage.state !== 'awaitingApproval' && stage.state !== 'queued')
    return { refused: 'tooLate', id: request.id, deed: 'withdraw', state: stage.state };
  return requesterOrApprover(actor, request, 'withdraw');
}

/** Once it runs; one cancel on its way is enough, one that failed may be repeated. */
export function mayCancel(actor: Actor, request: Request): Refusal | undefined {
  const stage = stageOf(request);
  if (stage.state === 'closed') return wasOver(request, stage);
  if (stage.state === 'awaitingApproval' || stage.state === 'queued')
    return { refused: 'tooEarly', id: request.id, deed: 'cancel', state: stage.state };
  // The bot lost it from sight but knows its action's id: Defender takes a cancel, and a second one too.
  if (stage.state === 'unknown' && stage.run !== undefined)
    return requesterOrApprover(actor, request, 'cancel');
  if (stage.state !== 'running')
    return { refused: 'tooLate', id: request.id, deed: 'cancel', state: stage.state };
  const refused = requesterOrApprover(actor, request, 'cancel');
  if (
    refused !== undefined ||
    stage.run.cancel === undefined ||
    stage.run.cancel.answer === 'failed' ||
    stage.run.cancel.answer === 'noEffect'
  )
    return refused;
  return { refused: 'alreadyCancelling', id: request.id, by: stage.run.cancel.by, at: stage.run.cancel.at };
}

/** Sending again what may have run already is a new approval, under the same rules. */
export function mayResend(
  actor: Actor,
  request: Request,
  press: ApprovingPress,
  { policy, freeze }: Rules,
): Refusal | undefined {
  const wrong = wasUnknown(request, 'resend');
  if (wrong !== undefined) return wrong;
  if (isRequester(actor, request)) return { refused: 'selfApproval', id: request.id, deed: 'resend' };
  return (
    needsRole(actor, [request.asked.terms.approveRole], 'resend') ??
    stillLooking(request) ??
    frozenBy(freeze) ??
    inScope(policy, request.targets[0].device) ??
    sameAsShown(request, press)
  );
}

/** A list lags behind what was created: until its last look the bot searches, and no person decides. */
function stillLooking(request: Request): Refusal | undefined {
  const stage = stageOf(request);
  if (stage.state !== 'unknown' || stage.searches >= maxSearchAttempts) return undefined;
  return { refused: 'stillLooking', id: request.id, looks: stage.searches, of: maxSearchAttempts };
}

/** Giving up the search for a lost answer. */
export function mayDrop(actor: Actor, request: Request): Refusal | undefined {
  return wasUnknown(request, 'drop') ?? requesterOrApprover(actor, request, 'drop');
}

function wasUnknown(request: Request, deed: 'resend' | 'drop'): Refusal | undefined {
  const stage = stageOf(request);
  switch (stage.state) {
    case 'unknown':
      return undefined;
    case 'closed':
      return wasOver(request, stage);
    case 'running':
    case 'finished':
      return { refused: 'tooLate', id: request.id, deed, state: stage.state };
    case 'awaitingApproval':
    case 'queued':
    case 'submitting':
      return { refused: 'tooEarly', id: request.id, deed, state: stage.state };
  }
}

/** Links, excerpts and output, given to one person. The requester needs the role as well. */
export function mayReadResults(policy: Policy, actor: Actor, place: Place): Refusal | undefined {
  return mayUse(policy, place) ?? needsRole(actor, policy.results.read, 'read results');
}

/** Status, lists, recipes, devices and quota: anybody who holds some role, in a listed place. */
export function maySee(policy: Policy, actor: Actor, place: Place): Refusal | undefined {
  return mayUse(policy, place) ?? needsRole(actor, [...policy.roles.keys()], 'see');
}

export function mayFreeze(policy: Policy, actor: Actor, freeze?: Freeze): Refusal | undefined {
  return (
    needsRole(actor, policy.freeze, 'freeze') ??
    (freeze === undefined
      ? undefined
      : { refused: 'alreadyFrozen', by: freeze.by, why: freeze.why, at: freeze.at })
  );
}

/**
 * `cameIn`: when it was asked for, where that is some time ago: nobody releases a freeze that they could not
 * have seen.
 */
export function mayUnfreeze(
  policy: Policy,
  actor: Actor,
  freeze?: Freeze,
  cameIn = Infinity,
): Refusal | undefined {
  const no = needsRole(actor, policy.freeze, 'unfreeze');
  if (no !== undefined) return no;
  if (freeze === undefined) return { refused: 'notFrozen' };
  return freeze.at > cameIn
    ? { refused: 'frozenSince', by: freeze.by, why: freeze.why, at: freeze.at }
    : undefined;
}
