// A pressed button. It carries a verb, a request id, a revision and 64 bits of the digest; what would run is
// read from the store.
import { inOrder } from '../../liveResponse/text/visible.ts';
import { retry } from './requests/retry.ts';
import { handleErrors, unwrapOrThrow, RefusalError, requestFor, authenticate } from './context.ts';
import type { HandlerContext } from './context.ts';
import { approve, cancel, deny, drop, lookAgain, resend, withdraw } from './requests/decisions.ts';
import { isShort, mayDeny, mayDrop, maySee } from '../policy/decisions.ts';
import type { Form, PressIn, Reply } from '../ports.ts';
import { statusOf } from './queries/queries.ts';
import { link, output } from './queries/results.ts';

/** Longest reason of a denial; the chats' inputs take more, a card should not. Characters. */
const maxReason = 500;

export function onPress(bot: HandlerContext, input: PressIn): Promise<Reply> {
  return handleErrors(
    bot,
    { account: input.account, place: input.place, said: `press ${input.verb}` },
    async () => {
      const actor = await authenticate(bot, input, input.verb, true);
      const request = requestFor(bot, actor, input.requestId);
      const { id } = request;
      const seen = { fingerprint: input.fingerprint, revision: input.revision };
      // What only stops something is taken from any card; a card of an older version is drawn again.
      if (isShort(seen)) bot.loop.cardSync.redraw(id);
      switch (input.verb) {
        case 'approve':
          return approve(bot, actor, id, seen);
        case 'deny': {
          if (input.input !== undefined) return deny(bot, actor, id, input.input);
          // Refused before a reason is asked for, and checked again when it comes.
          unwrapOrThrow(mayDeny(actor, request, bot.clock.now()), id);
          return { kind: 'form', form: denyForm(input, inOrder(request.title)) };
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

function denyForm(input: PressIn, title: string): Form {
  return {
    verb: 'deny',
    requestId: input.requestId,
    revision: input.revision,
    fingerprint: input.fingerprint,
    title: `Deny ${input.requestId}`,
    label: `Why is "${title}" denied? The requester reads this.`,
    optional: true,
    max: maxReason,
    submit: 'Deny',
  };
}
