// The decisions people take on a request, typed or pressed: approve, deny, withdraw, and what to do with an
// unknown one.
import { afterRestore } from '../../../../cards/messages/waits.ts';
import type { Change } from '../../../liveResponse/request/events.ts';
import { sessionOf, stageOf } from '../../../liveResponse/request/request.ts';
import type { Request, RequestSession } from '../../../liveResponse/request/request.ts';
import type { Vote } from '../../../liveResponse/request/vote.ts';
import { earlierAttempt, isInState } from '../../../liveResponse/request/session.ts';
import { maxSearchAttempts } from '../../../liveResponse/pacing/callRates.ts';
import {
  byLastKnown,
  byLastKnownSentence,
  unwrapOrThrow,
  RefusalError,
  requestOf,
  rulesNow,
  sentence,
} from '../context.ts';
import type { HandlerContext } from '../context.ts';
import { mayApprove, mayDeny, mayDrop, mayResend, mayWithdraw } from '../../policy/decisions.ts';
import type { ApprovingPress } from '../../policy/decisions.ts';
import { actorNow, ownerOf, readGroups, refOf } from '../../policy/people/people.ts';
import type { Actor, GroupReading } from '../../policy/people/people.ts';
import type { Reply } from '../../ports.ts';
import { isRefusal } from '../../policy/refusals/refusal.ts';
import type { Refusal } from '../../policy/refusals/refusal.ts';
import { lostAt } from '../../policy/places.ts';
import { refreshContent } from '../../workers/reads/approvalDigest.ts';
import { approveRoles, judgeApprover, judgeRequest } from '../../policy/today.ts';

/**
 * Decides and writes in one change, so that of two people the first wins and the second learns of it. `who`
 * is the actor by the policy at that very moment: since he or she spoke, it may have been read again. @throws
 * Refused
 */
async function decide(
  bot: HandlerContext,
  actor: Actor,
  id: string,
  decision: (request: Request, now: number, who: Actor) => Refusal | Change,
): Promise<Request> {
  const changed = await bot.store.change(id, (request, now) => {
    const who = actorNow(bot.policy, actor);
    const result = isRefusal(who) ? who : decision(request, now, who);
    return isRefusal(result) ? { no: result } : result;
  });
  if ('request' in changed) return changed.request;
  throw new RefusalError(
    changed.no === 'unknownRequest' ? { refused: 'unknownRequest', id } : changed.no,
    id,
  );
}

/** The number of a request's only session: requests have one device, and sessions are numbered from 0. */
const onlySession = 0;

function done(request: Request, text: string): Reply {
  return { kind: 'asked', requestId: request.id, text, shown: true };
}

/** The card shows what was done, but not how well the person was known: the sentence adds that. */
export function stopped(actor: Actor, request: Request, text: string): Reply {
  return actor.lastKnown === undefined
    ? done(request, text)
    : sentence(`${text}${byLastKnownSentence(actor)}`);
}

export async function approve(
  bot: HandlerContext,
  actor: Actor,
  id: string,
  press: ApprovingPress,
): Promise<Reply> {
  // Refused before anything is read, and judged again on the request as it is when the approval is written.
  unwrapOrThrow(mayApprove(actor, requestOf(bot, id), press, rulesNow(bot)), id);
  const [requester] = await Promise.all([readRequester(bot, requestOf(bot, id)), confirmContent(bot, id)]);
  const request = await decide(bot, actor, id, (current, now, who) => {
    const no = mayApprove(who, current, press, { ...rulesNow(bot), now });
    if (no !== undefined) return no;
    const judged = judgeRequest(bot.policy, current, now, requester);
    // Ended, not only refused: what today's policy refuses must not wait for a looser one.
    if (judged !== undefined && 'no' in judged) return { event: { type: 'refused', ...judged.no } };
    if (judged !== undefined) return { refused: 'groupsUnread', id, deed: 'approve', groups: judged.unread };
    return (
      approverNo(bot, who, current, 'approve') ?? {
        event: { type: 'approved', vote: { kind: 'approve', ...voteOf(who, current, now) } },
      }
    );
  });
  const { stage } = request;
  if (stage.state === 'closed' && stage.ending.kind === 'refused') {
    const { code, detail } = stage.ending;
    throw new RefusalError(
      {
        refused: 'policyStricter',
        id,
        deed: 'approve',
        code,
        ...(detail === undefined ? {} : { detail }),
        ended: true,
      },
      id,
    );
  }
  return done(request, `Approved ${id}.`);
}

/**
 * What the platforms say now of who asked, read after the press; undefined where the policy no longer lists
 * the account.
 */
async function readRequester(bot: HandlerContext, { asked }: Request): Promise<GroupReading | undefined> {
  const person = ownerOf(bot.policy, asked.account);
  return person === undefined ? undefined : (await readGroups(bot.policy, person, bot.groups, 'now')).reading;
}

/**
 * Why somebody who may approve by what was agreed may not by the policy of today: the request is left for
 * those who may.
 */
function approverNo(
  bot: HandlerContext,
  who: Actor,
  request: Request,
  deed: 'approve' | 'resend',
): Refusal | undefined {
  const judged = judgeApprover(
    bot.policy,
    request,
    { by: refOf(who.person), account: who.account },
    who.read,
  );
  if (judged === undefined) return undefined;
  if ('unread' in judged)
    return { refused: 'missingRole', deed, need: approveRoles(bot.policy, request), unread: judged.unread };
  return judged.no.code === 'samePerson'
    ? { refused: 'selfApproval', id: request.id, deed }
    : { refused: 'missingRole', deed, need: approveRoles(bot.policy, request), unread: [], all: true };
}

/**
 * Lets an approval pass only if the card still shows the content of the scripts as the library has it; else
 * the card is drawn again. @throws Refused
 */
async function confirmContent(bot: HandlerContext, id: string): Promise<void> {
  const { departed } = await refreshContent(bot, requestOf(bot, id));
  if (departed !== undefined)
    throw new RefusalError({ refused: 'contentDeparted', id, departure: departed }, id);
}

/** By whom, and on exactly what the cards show at this moment. */
function voteOf(
  actor: Actor,
  { subject: { digest, content } }: Request,
  at: number,
): Omit<Vote, 'kind' | 'account' | 'digest'> & { readonly account: string; readonly digest: string } {
  return {
    by: refOf(actor.person),
    account: actor.account,
    at,
    digest,
    ...(content === undefined ? {} : { content }),
  };
}

export async function deny(
  bot: HandlerContext,
  actor: Actor,
  id: string,
  reason: string | undefined,
): Promise<Reply> {
  const request = await decide(
    bot,
    actor,
    id,
    (current, now, who) =>
      mayDeny(who, current, now) ?? {
        event: {
          type: 'denied',
          vote: {
            kind: 'deny',
            ...voteOf(who, current, now),
            ...because(reason),
            ...byLastKnown(actor),
          },
        },
      },
  );
  return stopped(actor, request, `Denied ${id}.`);
}

export async function withdraw(
  bot: HandlerContext,
  actor: Actor,
  id: string,
  reason: string | undefined,
): Promise<Reply> {
  const request = await decide(bot, actor, id, (current, _now, who) => {
    const no = mayWithdraw(who, current);
    if (no !== undefined) return no;
    const event = {
      type: 'withdrawn',
      by: refOf(who.person),
      ...because(reason),
      ...byLastKnown(actor),
    } as const;
    return current.stage.state === 'approved' ? { event, session: onlySession } : { event };
  });
  const restoredAt = lostAt(request, bot.store);
  if (restoredAt !== undefined)
    return stopped(actor, request, `Withdrew ${id}. ${afterRestore(request, restoredAt)}`);
  const session = sessionOf(request);
  return stopped(
    actor,
    request,
    earlierAttempt(session) === undefined
      ? `Withdrew ${id}. ${session !== undefined && session.attempts.length > 0 ? 'Nothing was run.' : 'Nothing was sent to Defender.'}`
      : `Withdrew ${id}. It was not sent again, but the first attempt may have run: the bot looks for it on and corrects the card if it turns up; check the device in the portal.`,
  );
}

export async function drop(
  bot: HandlerContext,
  actor: Actor,
  id: string,
  reason: string | undefined,
): Promise<Reply> {
  const before = bot.store.get(id);
  const stage = before === undefined ? undefined : stageOf(before);
  const request = await decide(
    bot,
    actor,
    id,
    (current, _now, who) =>
      mayDrop(who, current) ?? {
        event: { type: 'abandoned', by: refOf(who.person), ...because(reason) },
        session: onlySession,
      },
  );
  const early =
    stage?.state === 'unknown' && stage.searches < maxSearchAttempts
      ? ` It had been looked for ${stage.searches} of ${maxSearchAttempts} times only.`
      : '';
  return done(
    request,
    `Dropped ${id}.${early} If Defender did receive it, it may still run there: the bot looks for it for some hours more and corrects the card if it turns up. Check the device in the portal before asking again.`,
  );
}

/**
 * Sends an unknown request again. It may then run twice, so it takes an approver other than the requester,
 * and a last look.
 */
export async function resend(
  bot: HandlerContext,
  actor: Actor,
  id: string,
  press: ApprovingPress,
): Promise<Reply> {
  const before = requestOf(bot, id);
  unwrapOrThrow(mayResend(actor, before, press, rulesNow(bot)), id);
  const unknown = unknownSession(before);
  if (unknown !== undefined) {
    const seen = await bot.loop.reconciliation.look(unknown);
    if (seen === 'found')
      return done(
        before,
        `${id} was found at Defender after all, so it was not sent again. Its card follows it now.`,
      );
    if (seen === 'notEnded') return sentence(`${stillGoes(id)} It was not sent again.`);
    if (seen === 'notRead') return sentence(cannotLook(id));
  }
  const [requester] = await Promise.all([readRequester(bot, before), confirmContent(bot, id)]);
  const request = await decide(bot, actor, id, (current, now, who) => {
    // The look has raised the revision of the card that was pressed; everything else is judged on the request
    // as it is now.
    const refusal =
      mayResend(who, current, { ...press, revision: current.revision }, rulesNow(bot)) ??
      resendNo(bot, who, current, { now, requester });
    if (refusal !== undefined) return refusal;
    return {
      event: {
        type: 'resubmitted',
        vote: { kind: 'approve', ...voteOf(who, current, now) },
        runBefore: now + current.asked.terms.runWithin,
      },
      session: onlySession,
    };
  });
  return done(request, `${id} goes to Defender again.`);
}

function unknownSession(request: Request): RequestSession<'unknown'> | undefined {
  const session = sessionOf(request);
  return isInState(session, ['unknown']) ? { request, session } : undefined;
}

/** It may have run, so a refusal does not end it; it is only not sent again. */
function resendNo(
  bot: HandlerContext,
  who: Actor,
  request: Request,
  { now, requester }: { readonly now: number; readonly requester: GroupReading | undefined },
): Refusal | undefined {
  const { id } = request;
  const judged = judgeRequest(bot.policy, request, now, requester);
  if (judged !== undefined && 'no' in judged)
    return { refused: 'policyStricter', id, deed: 'resend', ...judged.no, ended: false };
  if (judged !== undefined) return { refused: 'groupsUnread', id, deed: 'resend', groups: judged.unread };
  return approverNo(bot, who, request, 'resend');
}

export async function lookAgain(bot: HandlerContext, id: string): Promise<Reply> {
  const request = requestOf(bot, id);
  const unknown = unknownSession(request);
  if (unknown === undefined) return sentence(`${id} need not be looked for: its card shows where it stands.`);
  switch (await bot.loop.reconciliation.look(unknown)) {
    case 'found':
      return done(request, `${id} was found at Defender. Its card follows it again.`);
    case 'notEnded':
      return sentence(stillGoes(id));
    case 'notSeen':
      return sentence(`Defender shows no action with the tag of ${id}.`);
    case 'notRead':
      return sentence(cannotLook(id));
  }
}

function cannotLook(id: string): string {
  return `Defender could not be read just now, so nobody can tell whether ${id} runs there. Nothing was sent. Try again in a minute.`;
}

function stillGoes(id: string): string {
  return `${id} is still going at Defender, past the time the bot gave it. If it should stop, cancel the action in the portal; then look again.`;
}

export function because(reason: string | undefined): { readonly reason?: string } {
  const text = reason?.trim();
  return text === undefined || text === '' ? {} : { reason: text };
}
