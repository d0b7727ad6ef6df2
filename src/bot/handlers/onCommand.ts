// Dispatcher of typed commands and pressed buttons. A button carries a verb, a request id, a revision and 64
// bits of the digest; what would run is read from the store.
import { formWords } from '../../../cards/press.ts';
import { inOrder } from '../../liveResponse/text/visible.ts';
import { rowOf } from '../../liveResponse/verbs.ts';
import { formattingRepair } from '../commands/formatting.ts';
import { parse } from '../commands/grammar.ts';
import type { Parsed } from '../commands/grammar.ts';
import { explainGrammar } from '../commands/grammarProblem.ts';
import { helpText, recipesText } from '../commands/help.ts';
import { textRefusal } from '../commands/verbs.ts';
import {
  isShort,
  mayDeny,
  mayDrop,
  mayFreeze,
  mayPrepareApproval,
  maySee,
  mayUnfreeze,
} from '../policy/decisions.ts';
import type { ApprovingPress } from '../policy/decisions.ts';
import { mayFind } from '../policy/needToKnow.ts';
import { actorOf, whoami } from '../policy/people/people.ts';
import type { Actor } from '../policy/people/people.ts';
import type { Refusal } from '../policy/refusals/refusal.ts';
import type { CommandIn, Explained, PressIn, Reply } from '../ports.ts';
import { refreshContent } from '../workers/reads/approvalDigest.ts';
import {
  authenticate,
  byLastKnown,
  byLastKnownSentence,
  handleErrors,
  RefusalError,
  requestFor,
  requestOf,
  rulesNow,
  sentence,
  unwrapOrThrow,
} from './context.ts';
import type { Caller, HandlerContext } from './context.ts';
import { freezeAll } from './freeze.ts';
import { after, botStatus, troubleNotice, troubleWords } from './queries/botStatus.ts';
import { approvingLine, cardOf, host, list, quota, statusOf } from './queries/queries.ts';
import { link, output } from './queries/results.ts';
import { scripts } from './queries/scripts.ts';
import { cancel } from './requests/cancel.ts';
import { createRequest } from './requests/createRequest.ts';
import { approve, deny, drop, lookAgain, resend, withdraw } from './requests/decisions.ts';
import { retry } from './requests/retry.ts';
import { noRequest, requestTyped } from './wrongKind.ts';

export async function onCommand(bot: HandlerContext, input: CommandIn): Promise<Reply> {
  let first = '';
  const reply = await handleErrors(
    bot,
    { account: input.account, place: input.place, said: input.text },
    async () => {
      const parsed = parse(input.text, bot.policy.recipes, bot.settings.command);
      return 'problem' in parsed
        ? replyOf(explainGrammar(parsed, bot.settings.command))
        : answer(bot, input, parsed, (words) => (first = words));
    },
  );
  return after(first, reply);
}

function replyOf({ text, block }: Explained): Reply {
  return sentence(text, block);
}

/**
 * `first` gets the words that precede the answer, even when the answer fails: somebody whose list could not
 * be read still learns of the freeze.
 */
async function answer(
  bot: HandlerContext,
  input: CommandIn,
  parsed: Parsed,
  first: (words: string) => void,
): Promise<Reply> {
  const { account, place } = input;
  const { command } = bot.settings;
  // What anybody may read, listed in the policy or not.
  if (parsed.verb === 'help') first(troubleNotice(bot, input));
  if (parsed.verb === 'help') return replyOf(helpText(parsed.topic, bot.policy.recipes, command));
  if (parsed.verb === 'whoami')
    return replyOf(whoami(account, place, await actorOf(bot.policy, account, bot.groups), bot.policy.people));
  const caller = await authenticate(bot, input, parsed.verb, false);
  // Answers that only show requests; they take any role and a listed place.
  if (rowOf(parsed.verb).may === 'see') {
    unwrapOrThrow(maySee(bot.policy, caller, place));
    first(troubleWords(bot));
  }
  if (parsed.verb === 'noId') throw noRequest(bot, caller, parsed.of, parsed.word);
  if ('id' in parsed) requestTyped(bot, caller, parsed.verb, { id: parsed.id, line: parsed.line });
  switch (parsed.verb) {
    case 'ask':
      return noting(await createRequest(bot, caller, { wanted: parsed, line: parsed.line }), parsed, command);
    case 'retry':
      return retry(bot, caller, parsed.id, parsed);
    case 'approve':
      return parsed.fingerprint === undefined
        ? prepareApproval(bot, caller, parsed.id)
        : approveTyped(bot, caller, parsed.id, {
            fingerprint: parsed.fingerprint,
            typed: true,
            ...(parsed.revision === undefined ? {} : { revision: parsed.revision }),
          });
    case 'deny':
      return deny(bot, caller, parsed.id, parsed.reason);
    case 'cancel':
      return cancel(bot, caller, parsed.id, parsed.reason);
    case 'link':
      return link(bot, caller, requestOf(bot, parsed.id), { index: parsed.index });
    case 'output':
      return output(bot, caller, requestOf(bot, parsed.id), parsed);
    case 'freeze':
      return freeze(bot, caller, parsed.why);
    case 'unfreeze':
      return unfreeze(bot, caller, input.cameIn);
    case 'status':
      return parsed.id === undefined
        ? botStatus(bot, caller)
        : statusOf(bot, caller, requestOf(bot, parsed.id));
    case 'list':
      return list(bot, caller, parsed.which);
    case 'recipes':
      return replyOf(recipesText(bot.policy.recipes, command));
    case 'host':
      return host(bot, caller, parsed.name);
    case 'scripts':
      return scripts(bot, parsed);
    case 'quota':
      return quota(bot);
  }
}

/** The asker learns how the line was read, where the chat's formatting was around it. */
function noting(
  reply: Extract<Reply, { readonly kind: 'asked' }>,
  { repaired, line }: Parsed,
  command: string,
): Reply {
  if (!repaired.includes(formattingRepair)) return reply;
  const read = `Read without the chat’s formatting: ${command} ${line}`;
  return { ...reply, note: reply.note === undefined ? read : `${read} - ${reply.note}` };
}

/** Where the code does not fit the request as it is now, the answer shows the request. */
async function approveTyped(
  bot: HandlerContext,
  caller: Caller,
  id: string,
  press: ApprovingPress,
): Promise<Reply> {
  try {
    return await approve(bot, caller, id, press);
  } catch (error) {
    if (!(error instanceof RefusalError) || !otherThanShown.has(error.refusal.refused)) throw error;
    throw new RefusalError(error.refusal, id, (text) => cardOf(bot, caller, requestOf(bot, id), text));
  }
}

const otherThanShown: ReadonlySet<string> = new Set<Refusal['refused']>([
  'shortFingerprint',
  'staleCard',
  'wrongFingerprint',
]);

/** A line without the code does not prove that somebody read what would run: show it all, and the exact line. */
async function prepareApproval(bot: HandlerContext, caller: Caller, id: string): Promise<Reply> {
  const before = requestOf(bot, id);
  unwrapOrThrow(mayPrepareApproval(caller, before, rulesNow(bot)), id);
  const { request } = await refreshContent(bot, before);
  return cardOf(
    bot,
    caller,
    request,
    `Read what will run. To approve it, type exactly: ${approvingLine(bot, request)}`,
  );
}

async function freeze(bot: HandlerContext, actor: Actor, why: string): Promise<Reply> {
  unwrapOrThrow(mayFreeze(bot.policy, actor, bot.store.freeze()));
  const { queued, leaving: all } = await freezeAll(bot, actor.person.name, why, byLastKnown(actor));
  const leaving = all.filter((id) => mayFind(bot.policy, actor, requestOf(bot, id)));
  const tooLate =
    leaving.length === 0
      ? ''
      : ` Too late for ${leaving.join(', ')}, which ${leaving.length === 1 ? 'is' : 'are'} being sent at this moment.`;
  return sentence(
    `Frozen: nothing more is sent to Defender until somebody who may unfreeze types ${bot.settings.command} unfreeze. ${queued === 0 ? 'No approved request waits' : `${queued} approved ${queued === 1 ? 'request waits' : 'requests wait'}`}; what already runs goes on. It is announced where approvals are decided.${tooLate}${byLastKnownSentence(actor)}`,
  );
}

async function unfreeze(bot: HandlerContext, actor: Actor, cameIn: number | undefined): Promise<Reply> {
  unwrapOrThrow(mayUnfreeze(bot.policy, actor, bot.store.freeze(), cameIn));
  bot.loop.announcing.releasedBy(actor.person.name);
  await bot.store.note({ type: 'unfrozen', by: actor.person.name });
  bot.loop.refreshOpenCards();
  return sentence(
    'Unfrozen: requests can be asked for and approved again, and approved ones go on. It is announced where approvals are decided.',
  );
}

export function onPress(bot: HandlerContext, input: PressIn): Promise<Reply> {
  return handleErrors(
    bot,
    { account: input.account, place: input.place, said: `press ${input.verb}` },
    async () => {
      const caller = await authenticate(bot, input, input.verb, true);
      const request = requestFor(bot, caller, input.requestId);
      const { id } = request;
      const seen = { fingerprint: input.fingerprint, revision: input.revision };
      unwrapOrThrow(textRefusal(input.verb, input.input), id);
      // What only stops something is taken from any card; a card of an older version is drawn again.
      if (isShort(seen)) bot.loop.cardSync.redraw(id);
      switch (input.verb) {
        case 'approve':
          return approve(bot, caller, id, seen);
        case 'deny': {
          if (input.input !== undefined) return deny(bot, caller, id, input.input);
          // Refused before a reason is asked for, and checked again when it comes.
          unwrapOrThrow(mayDeny(caller, request, bot.clock.now()), id);
          return askedFor(input, inOrder(request.asked.title));
        }
        case 'withdraw':
          return withdraw(bot, caller, id, input.input);
        case 'cancel':
          return cancel(bot, caller, id, input.input);
        case 'link':
          return link(bot, caller, request, { index: input.index, pressed: true });
        case 'output':
          return output(bot, caller, request, { index: input.index });
        case 'look':
          unwrapOrThrow(maySee(bot.policy, caller, caller.place), id);
          return lookAgain(bot, id);
        case 'resend':
          return resend(bot, caller, id, seen);
        case 'drop':
          if (isShort(seen))
            throw new RefusalError(mayDrop(caller, request) ?? { refused: 'shortFingerprint', id }, id);
          return drop(bot, caller, id, input.input);
        case 'again':
          return retry(bot, caller, id, { index: input.index });
        case 'refresh':
          unwrapOrThrow(maySee(bot.policy, caller, caller.place), id);
          bot.loop.cardSync.markDirty(id);
          bot.loop.hurry();
          return statusOf(bot, caller, request);
      }
    },
  );
}

/** The form that asks for the text of a verb, as the table of verbs has it. */
function askedFor({ verb, requestId, revision, fingerprint }: PressIn, title: string): Reply {
  const text = rowOf(verb).text;
  if (text?.label === undefined) throw new Error(`No form asks for a text of ${verb}.`);
  const { action, label } = formWords(text.label, title);
  return {
    kind: 'form',
    form: {
      verb,
      requestId,
      revision,
      fingerprint,
      title: `${action} ${requestId}`,
      label,
      optional: !text.needed,
      max: text.max,
      submit: action,
    },
  };
}
