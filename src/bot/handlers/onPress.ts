// A pressed button. It carries a verb, a request id, a revision and 64 bits of the digest; what would run is
// read from the store.
import { formWords } from '../../../cards/messages/askedTexts.ts';
import { inOrder } from '../../liveResponse/text/visible.ts';
import { rowOf } from '../../liveResponse/verbs.ts';
import { retry } from './requests/retry.ts';
import { handleErrors, unwrapOrThrow, RefusalError, requestFor, authenticate } from './context.ts';
import type { HandlerContext } from './context.ts';
import { cancel } from './requests/cancel.ts';
import { approve, deny, drop, lookAgain, resend, withdraw } from './requests/decisions.ts';
import { isShort, mayDeny, mayDrop, maySee } from '../policy/decisions.ts';
import type { PressIn, Reply } from '../ports.ts';
import { textRefusal } from '../commands/verbs.ts';
import { statusOf } from './queries/queries.ts';
import { link, output } from './queries/results.ts';

export function onPress(bot: HandlerContext, input: PressIn): Promise<Reply> {
  return handleErrors(
    bot,
    { account: input.account, place: input.place, said: `press ${input.verb}` },
    async () => {
      const actor = await authenticate(bot, input, input.verb, true);
      const request = requestFor(bot, actor, input.requestId);
      const { id } = request;
      const seen = { fingerprint: input.fingerprint, revision: input.revision };
      unwrapOrThrow(textRefusal(input.verb, input.input), id);
      // What only stops something is taken from any card; a card of an older version is drawn again.
      if (isShort(seen)) bot.loop.cardSync.redraw(id);
      switch (input.verb) {
        case 'approve':
          return approve(bot, actor, id, seen);
        case 'deny': {
          if (input.input !== undefined) return deny(bot, actor, id, input.input);
          // Refused before a reason is asked for, and checked again when it comes.
          unwrapOrThrow(mayDeny(actor, request, bot.clock.now()), id);
          return askedFor(input, inOrder(request.asked.title));
        }
        case 'withdraw':
          return withdraw(bot, actor, id, input.input);
        case 'cancel':
          return cancel(bot, actor, id, input.input);
        case 'link':
          return link(bot, actor, request, input.index, input.place, true);
        case 'output':
          return output(bot, actor, request, input.index, input.place);
        case 'look':
          unwrapOrThrow(maySee(bot.policy, actor, input.place), id);
          return lookAgain(bot, id);
        case 'resend':
          return resend(bot, actor, id, seen);
        case 'drop':
          if (isShort(seen))
            throw new RefusalError(mayDrop(actor, request) ?? { refused: 'shortFingerprint', id }, id);
          return drop(bot, actor, id, input.input);
        case 'again':
          return retry(bot, actor, input, id, { index: input.index });
        case 'refresh':
          unwrapOrThrow(maySee(bot.policy, actor, input.place), id);
          bot.loop.cardSync.markDirty(id);
          bot.loop.hurry();
          return statusOf(bot, actor, request, input.place);
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
