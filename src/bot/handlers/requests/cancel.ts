// Cancelling a request, typed or pressed: it is withdrawn, or Defender is asked to stop its session.
import { rightSentence } from '../../../../cards/messages/rights.ts';
import { sessionOf, stageOf } from '../../../liveResponse/request/request.ts';
import { isInState } from '../../../liveResponse/request/session.ts';
import type { CancelAsked } from '../../../liveResponse/request/session.ts';
import { mayCancel } from '../../policy/decisions.ts';
import { refOf } from '../../policy/people/people.ts';
import type { Actor } from '../../policy/people/people.ts';
import type { Reply } from '../../ports.ts';
import { cancelAtDefender } from '../../workers/sessions/cancel.ts';
import type { CancelAnswer } from '../../workers/sessions/cancel.ts';
import { changeSession } from '../../workers/transition.ts';
import { byLastKnown, RefusalError, requestOf, unwrapOrThrow } from '../context.ts';
import type { HandlerContext } from '../context.ts';
import { because, stopped, withdraw } from './decisions.ts';

/**
 * Before it reached Defender a request is withdrawn; after that Defender is asked to stop it, and the card
 * shows what came of it.
 */
export async function cancel(
  bot: HandlerContext,
  actor: Actor,
  id: string,
  reason: string | undefined,
): Promise<Reply> {
  const request = requestOf(bot, id);
  const { state } = stageOf(request);
  if (state === 'awaitingApproval' || state === 'queued') return withdraw(bot, actor, id, reason);
  unwrapOrThrow(mayCancel(actor, request), id);
  const session = sessionOf(request);
  if (!isInState(session, ['running', 'unknown']) || session.stage.run === undefined)
    throw new Error(`${id} may be cancelled, but no action of it is known.`);
  const { actionId } = session.stage.run;
  const asked = (answered: Pick<CancelAsked, 'answer' | 'error'>, at: number): CancelAsked => ({
    by: refOf(actor.person),
    at,
    ...answered,
    ...because(reason),
    ...byLastKnown(actor),
  });
  // Written down first; of two people who press at once the second learns that the first already has.
  const changed = await bot.store.change(id, (current, now) => {
    const no = mayCancel(actor, current);
    return no === undefined
      ? { event: { type: 'cancelAsked', cancel: asked({ answer: 'sent' }, now) }, session: session.number }
      : { no };
  });
  if (!('request' in changed))
    throw new RefusalError(
      changed.no === 'unknownRequest' ? { refused: 'unknownRequest', id } : changed.no,
      id,
    );
  const answered = await cancelAtDefender(
    bot,
    actionId,
    `lr:${id} cancelled by ${actor.person.name}${reason === undefined ? '' : `: ${reason}`}`,
  );
  // The time stays that of the press: it is what the card compares with the end.
  await changeSession(
    bot.store,
    { request, session },
    ['running', 'finished', 'unknown'],
    (current, now) => ({
      type: 'cancelAsked',
      cancel: asked(answered, current.session.stage.run?.cancel?.at ?? now),
    }),
  );
  bot.loop.hurry();
  return stopped(actor, changed.request, answerSentence(id, answered));
}

function answerSentence(id: string, { answer, error }: CancelAnswer): string {
  const right = error === undefined ? undefined : rightSentence(error);
  const target = error?.target === undefined ? '' : ` Correlation id: ${error.target}.`;
  return `${right === undefined ? cancelSentence[answer].replace('{id}', id) : `${id} was not cancelled. ${right} Until then, cancel the action in the portal.`}${target}`;
}

const cancelSentence = {
  accepted:
    '{id}: Defender accepted the cancel. A command that already runs on the device may still finish; the card tells.',
  alreadyOver: '{id}: Defender says that it is already over. The card shows how it ended.',
  failed:
    '{id}: Defender did not confirm the cancel. Press Cancel again, or cancel the action in the portal.',
} as const;
