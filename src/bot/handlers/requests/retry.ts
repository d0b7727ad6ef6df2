// A new request made from an ended one, by its button or by `retry`: the commands from an index on, on the
// same device, asked for and approved like any other. Nothing of the old approval is carried over.
import { continuationNotes } from '../../../../cards/buttons.ts';
import type { Command } from '../../../liveResponse/commands.ts';
import { isOpen, stageOf } from '../../../liveResponse/request/request.ts';
import type { Asked, Request } from '../../../liveResponse/request/request.ts';
import { againFrom, continuationOf, mayHaveReached, stateOf } from '../../../liveResponse/request/retry.ts';
import { createRequest, askedBy } from './createRequest.ts';
import { unwrapOrThrow, RefusalError, requestFor, rulesNow, sentence } from '../context.ts';
import type { Caller, HandlerContext } from '../context.ts';
import { readBy } from '../../workers/reads/cardPlaces.ts';
import { mayRequest } from '../../policy/decisions.ts';
import { isPrivate, mayFind } from '../../policy/needToKnow.ts';
import { lostAt, placeKey } from '../../policy/places.ts';
import type { Place, Reply } from '../../ports.ts';
import { rendersAs } from '../../policy/recipes/recipes.ts';
import type { Recipe } from '../../policy/policy.ts';
import { originOfRetry } from '../../workers/requests/judging.ts';
import type { SessionAsk } from '../../policy/recipes/sessionAsk.ts';

export async function retry(
  bot: HandlerContext,
  caller: Caller,
  id: string,
  {
    index,
    reason,
    separate,
  }: {
    readonly index?: number | undefined;
    readonly reason?: string | undefined;
    readonly separate?: boolean | undefined;
  },
): Promise<Reply> {
  const repeated = askedBy(bot, caller.delivery);
  if (repeated !== undefined) return repeated;
  const old = requestFor(bot, caller, id);
  const lost = (one: Request): boolean => lostAt(one, bot.store) !== undefined;
  const start = againFrom(old, lost(old));
  if ('why' in start) {
    const { state } = stageOf(old);
    const open = state === 'closed' || state === 'finished' ? {} : { state };
    throw new RefusalError({ refused: 'notAgain', id, why: start.why, ...open }, id);
  }
  const from = index ?? start.from;
  // A press is data from outside: -1 or 0.5 would be read as another command than the one that was looked at.
  if (!Number.isInteger(from) || from < 0 || from >= old.subject.commands.length)
    throw new RefusalError({ refused: 'notAgain', id, why: 'noSuchIndex' }, id);
  const first = firstAsked(old);
  const given = reason ?? carriedReason(bot, old, caller.place, first);
  const wanted = askFor(bot, old, from, { title: titleFor(old, from, first), reason: given });
  // Before the answer names another request: somebody who may not ask learns nothing here.
  unwrapOrThrow(mayRequest(rulesNow(bot), caller, caller.place, wanted), id);
  const tries = triesAfter(bot, old);
  const last = tries.at(-1) ?? old;
  if (tries.some((one) => !mayFind(bot.policy, caller, one)))
    throw new RefusalError({ refused: 'notAgain', id, why: 'triedElsewhere' }, id);
  if (last !== old && isOpen(last)) return standing(bot, old, last);
  // Any of them, not only the newest: one in the middle may have run what this one would repeat.
  const reached = tries.findLast((one) => mayHaveReached(one, lost(one)));
  if (reached !== undefined) throw new RefusalError({ refused: 'goneOn', id, as: reached.id }, id);
  // At most one request continues each attempt: of two presses at once, the store takes the first.
  const line = `retry ${id} ${from}${reason === undefined ? '' : ` --reason "${reason}"`}`;
  const reply = await createRequest(bot, caller, {
    wanted: {
      ...wanted,
      reason: withMention(wanted.reason, old, from),
      ...(separate === true ? { separate } : {}),
    },
    line,
    from: {
      origin: originOfRetry(last.id),
      continues: continuationOf(old, from),
      first: { title: first.title, ...(given === undefined ? {} : { reason: given }) },
    },
  });
  const made = bot.store.get(reply.requestId);
  return made === undefined ? reply : { ...reply, text: [reply.text, ...continuationNotes(made)].join(' ') };
}

/** The requests that continued this one, each from the one before, the newest last. */
function triesAfter(bot: HandlerContext, old: Request): readonly Request[] {
  const tries: Request[] = [];
  for (
    let next = bot.store.byOrigin(originOfRetry(old.id));
    next !== undefined;
    next = bot.store.byOrigin(originOfRetry(next.id))
  )
    tries.push(next);
  return tries;
}

function standing(bot: HandlerContext, old: Request, open: Request): Reply {
  const from =
    open.asked.continues === undefined || open.asked.continues.from === 0
      ? ''
      : `, from index ${open.asked.continues.from}`;
  return sentence(
    `${old.id} is being tried again already as ${open.id}${from}, asked by ${open.asked.requester.name}: ${bot.loop.views.words(open).status}. "${bot.settings.command} status ${open.id}" shows its card.`,
  );
}

/** A private reason is not carried to another place, where others read it. */
function carriedReason(
  bot: HandlerContext,
  old: Request,
  place: Place,
  first: FirstAsked,
): string | undefined {
  return placeKey(place) !== old.asked.place && isPrivate(bot.policy, old, readBy(bot))
    ? undefined
    : first.reason;
}

function askFor(
  bot: HandlerContext,
  old: Request,
  from: number,
  { title, reason }: { readonly title: string; readonly reason: string | undefined },
): SessionAsk {
  const commands = old.subject.commands.slice(from);
  const recipe = recipeRest(old, from, bot.policy.recipes, commands);
  return {
    kind: 'again',
    // By id, so that a device which took over the name never gets the commands.
    host: old.targets[0].device.id,
    commands,
    title,
    ...(recipe === undefined ? {} : { recipe }),
    ...(reason === undefined ? {} : { reason }),
  };
}

/**
 * The recipe whose rest these commands still are. Undefined where a command before them did not complete: a
 * recipe may check first and act then, and nobody planned for it to act without its check.
 */
function recipeRest(
  old: Request,
  from: number,
  recipes: ReadonlyMap<string, Recipe>,
  commands: readonly Command[],
): Extract<SessionAsk, { kind: 'again' }>['recipe'] {
  const recipe = old.asked.recipe === undefined ? undefined : recipes.get(old.asked.recipe);
  if (recipe === undefined || old.asked.recipeArgs === undefined) return undefined;
  const all = Array.from({ length: from }, (_, index) => stateOf(old, index) === 'completed').every(Boolean);
  const at = (old.asked.recipeFrom ?? 0) + from;
  return all && rendersAs(recipe, old.asked.recipeArgs, at, commands)
    ? { name: recipe.name, args: old.asked.recipeArgs, from: at }
    : undefined;
}

/** Title and reason as a person gave them, before a request made from an earlier one mentioned that one. */
type FirstAsked = NonNullable<Asked['first']>;

function firstAsked({ asked }: Request): FirstAsked {
  if (asked.first !== undefined) return asked.first;
  if (asked.continues !== undefined) return firstAskedByMentions(asked);
  return { title: asked.title, ...(asked.reason === undefined ? {} : { reason: asked.reason }) };
}

const reasonMention = / ?\((?:continues lr-[0-9a-z]+ from index \d+|repeats lr-[0-9a-z]+)\)$/;
const titleMention = /, from index \d+ of lr-[0-9a-z]+$/;

/** Of a request made before `first` was kept: its title and reason without what mentions the earlier one. */
function firstAskedByMentions({ title, reason }: Asked): FirstAsked {
  const said = reason?.replace(reasonMention, '').trim();
  return {
    title: title.replace(titleMention, ''),
    ...(said === undefined || said === '' ? {} : { reason: said }),
  };
}

/** The reason goes into Defender's own comment, where it is the only trace of the earlier request. */
function withMention(reason: string | undefined, old: Request, from: number): string {
  const said = from === 0 ? `(repeats ${old.id})` : `(continues ${old.id} from index ${from})`;
  return reason === undefined ? said : `${reason} ${said}`;
}

const maxTitle = 120;

/** Repeated as a whole, a request keeps its title; a rest of one says of which, and of that one only. */
function titleFor(old: Request, from: number, first: FirstAsked): string {
  if (from === 0) return firstCharacters(old.asked.title, maxTitle);
  const tail = `, from index ${from} of ${old.id}`;
  return `${firstCharacters(first.title, maxTitle - tail.length)}${tail}`;
}

function firstCharacters(text: string, count: number): string {
  return Array.from(text).slice(0, count).join('');
}
