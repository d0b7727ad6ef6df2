// Context of every answer: who speaks, how a refusal becomes a sentence, and what the person reads after a
// bug or a broken journal.
import { missingRight } from '../../../cards/messages/rights.ts';
import { afterRestore } from '../../../cards/messages/waits.ts';
import { DefenderError, errorAnswer, StoreError } from '../../liveResponse/ports.ts';
import type { Request } from '../../liveResponse/request/request.ts';
import { stageOf, surfaceKey } from '../../liveResponse/request/request.ts';
import { foundLateOf } from '../../liveResponse/request/retry.ts';
import type { Deps } from '../deps.ts';
import type { RecentLibrary } from '../workers/reads/approvalDigest.ts';
import type { Workers } from '../workers/workers.ts';
import { freshnessFor, identityUnread } from '../commands/verbs.ts';
import type { AnyVerb } from '../../liveResponse/verbs.ts';
import type { RulesAt } from '../policy/decisions.ts';
import { actorOf } from '../policy/people/people.ts';
import { mayFind } from '../policy/needToKnow.ts';
import type { Actor } from '../policy/people/people.ts';
import { lostAt, mayUse } from '../policy/places.ts';
import type { CommandIn, Place, Reply } from '../ports.ts';
import { blockOf, explain, isRefusal } from '../policy/refusals/refusal.ts';
import type { Refusal } from '../policy/refusals/refusal.ts';
import type { RecentHistory } from './requests/deviceContext.ts';
import type { Refusals, Speaker } from './refusalJournal.ts';
import type { AskQueue } from './requests/askQueue.ts';

export interface HandlerContext extends Deps {
  readonly loop: Workers;
  readonly refusals: Refusals;
  /** The library as it was at most a minute ago, for people to look at; decisions read it again. */
  readonly recentLibrary: RecentLibrary;
  readonly recentHistory: RecentHistory;
  /** The queue of those who ask for a device. */
  readonly turns: AskQueue;
}

/**
 * A Refusal on its way out of an answer. Thrown inside the bot only, and turned into a sentence at its door.
 */
export class RefusalError extends Error {
  readonly refusal: Refusal;
  readonly requestId: string | undefined;
  /** The request as it is now, to be shown with the sentence. */
  readonly shown: ((text: string) => Promise<Reply>) | undefined;
  constructor(refusal: Refusal, requestId?: string, shown?: (text: string) => Promise<Reply>) {
    super(refusal.refused);
    this.name = 'Refused';
    this.refusal = refusal;
    this.requestId = requestId;
    this.shown = shown;
  }
}

export function sentence(text: string, block?: string): Reply {
  return block === undefined ? { kind: 'sentence', text } : { kind: 'sentence', text, block };
}

/** Who is speaking, where, and in which delivery of that chat. */
export interface Caller extends Actor {
  readonly place: Place;
  /** `surface:id`, the same when the chat delivers it again. */
  readonly delivery: string;
}

/**
 * Who is speaking, with the roles held at this moment, in a place where more than help and whoami works. The
 * verb says how freshly groups are read, whatever chat it comes from: nobody lets anything run on a role that
 * was just taken away. @throws Refused
 */
export async function authenticate(
  deps: Deps,
  { surface, account, place, deliveryId }: Pick<CommandIn, 'surface' | 'account' | 'place' | 'deliveryId'>,
  verb: AnyVerb,
  pressed: boolean,
): Promise<Caller> {
  const who = await actorOf(deps.policy, account, deps.groups, freshnessFor(verb));
  const actor = unwrapOrThrow<Actor>(
    'refused' in who && who.refused === 'identityUnread' ? identityUnread(who.platform, verb, pressed) : who,
  );
  unwrapOrThrow(mayUse(deps.policy, place));
  deps.outsiders?.heard(place);
  return { ...actor, place, delivery: surfaceKey(surface, deliveryId) };
}

/** What a decision at this moment is made by. */
export function rulesNow({ policy, clock, store }: Pick<Deps, 'policy' | 'clock' | 'store'>): RulesAt {
  return { policy, now: clock.now(), freeze: store.freeze() };
}

/** The sentence about a decision for which a platform could not be asked; empty when all were. */
export function byLastKnownSentence({ lastKnown }: Actor): string {
  return lastKnown === undefined
    ? ''
    : ` ${lastKnown.join(' and ')} could not be asked about you just now, so what was last known counted; the journal says so too.`;
}

/** The same for the journal. */
export function byLastKnown({ lastKnown }: Actor): { readonly byLastKnown?: true } {
  return lastKnown === undefined ? {} : { byLastKnown: true };
}

/** The request of this id. @throws Refused */
export function requestOf(deps: Deps, id: string): Request {
  const request = deps.store.get(id);
  if (request === undefined) throw new RefusalError({ refused: 'unknownRequest', id });
  return request;
}

/**
 * The same for somebody: what they may not find is answered like what does not exist, and only the journal
 * distinguishes the two. @throws Refused
 */
export function requestFor(deps: Deps, actor: Actor, id: string): Request {
  const request = deps.store.get(id);
  const groups = [...new Set(actor.unread.map(({ group }) => group))];
  const unread = groups.length === 0 ? {} : { unread: groups };
  if (request === undefined) throw new RefusalError({ refused: 'unknownRequest', id, ...unread });
  if (!mayFind(deps.policy, actor, request))
    throw new RefusalError({ refused: 'notVisible', id, ...unread }, id);
  return request;
}

/** The requests of a list that somebody finds. */
export function foundBy(
  deps: Pick<Deps, 'policy'>,
  actor: Actor,
  requests: readonly Request[],
): readonly Request[] {
  return requests.filter((request) => mayFind(deps.policy, actor, request));
}

/** The value, unless it is a refusal. @throws Refused */
export function unwrapOrThrow<T>(value: T | Refusal, requestId?: string): T {
  if (isRefusal(value)) throw new RefusalError(value, requestId);
  return value;
}

/**
 * Decisions look at the request alone. Here the refusals of all of them learn that the request may have run in
 * lines that a restore lost.
 */
function asFarAsKnown({ store }: Pick<Deps, 'store'>, refusal: Refusal): Refusal {
  if (refusal.refused !== 'alreadyOver' && refusal.refused !== 'expired') return refusal;
  const request = store.get(refusal.id);
  const restoredAt = request === undefined || wasFound(request) ? undefined : lostAt(request, store);
  return request === undefined || restoredAt === undefined
    ? refusal
    : { ...refusal, lost: afterRestore(request, restoredAt) };
}

function wasFound(request: Request): boolean {
  return foundLateOf(stageOf(request)) !== undefined;
}

/**
 * Runs an answer; whatever goes wrong becomes one clear private sentence, and every refusal a line in the
 * journal.
 */
export async function handleErrors(
  deps: HandlerContext,
  speaker: Speaker,
  answer: () => Promise<Reply>,
): Promise<Reply> {
  try {
    return await answer();
  } catch (error) {
    if (error instanceof RefusalError) {
      await deps.refusals.write(speaker, error.refusal, error.requestId);
      const refusal = asFarAsKnown(deps, error.refusal);
      if (error.shown !== undefined) return error.shown(explain(refusal, deps.settings.command));
      return sentence(explain(refusal, deps.settings.command), blockOf(refusal, deps.settings.command));
    }
    if (error instanceof StoreError) {
      deps.log.error('storeUnavailable', { error });
      return sentence(explain({ refused: 'storeUnavailable' }));
    }
    if (error instanceof DefenderError) {
      deps.log.warn('defenderFailed', {
        code: error.code,
        status: error.detail.status,
        apiCode: error.detail.apiCode,
        target: error.detail.target,
      });
      const said = errorAnswer(error);
      if (missingRight(said) !== undefined) return sentence(explain({ refused: 'noRight', error: said }));
      const target = error.detail.target === undefined ? '' : ` (correlation id ${error.detail.target})`;
      const outage = deps.loop.watch
        .outages()
        .find((one) => one.error.call === error.detail.call && one.error.code === error.code);
      return sentence(
        explain({
          refused: 'defenderUnavailable',
          detail: `${error.message}${target}`,
          ...(outage === undefined ? {} : { since: outage.since }),
        }),
      );
    }
    const reference = deps.random.hex(3);
    deps.log.error('bug', { reference, error, said: speaker.said });
    return sentence(
      `Something broke in the bot (reference ${reference}). Nothing was changed by this. Tell the people who run the bot the reference, and use the Defender portal if it is urgent.`,
    );
  }
}
