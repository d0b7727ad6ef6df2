// Sentences about a delivery that was not taken, came too late or is answered late, and which reply is the end of one.
import { timeOf } from '../../../cards/clip.ts';
import type { Reply } from '../../bot/ports.ts';
import { effectOf } from '../../liveResponse/verbs.ts';
import type { AnyVerb } from '../../liveResponse/verbs.ts';

export type DeliveryKind = 'command' | 'press' | 'form';

const again: Readonly<Record<DeliveryKind, string>> = {
  command: 'Type it again',
  press: 'Press again',
  form: 'Send it again',
};

export function notTakenSentence(kind: DeliveryKind): string {
  return `Your ${kind} was NOT taken: the bot could not write it down in time. Nothing was done, and nothing of it will be. ${again[kind]} in a minute; if it stays so, tell the people who run the bot that its disk is slow or full.`;
}

export const tooFastSentence =
  'That was a lot in one minute. Nothing more is taken from you for a moment; wait a little and press or type again.';

/**
 * `what` shows which delivery is meant, such as the line as it was typed. `begun`: the bot had started on it,
 * and nothing shows how far it came.
 */
export function tooLateSentence(
  kind: DeliveryKind,
  what: string,
  { at, begun }: { readonly at: number; readonly begun: boolean },
  now: number,
): string {
  const when = `Your ${kind} of ${timeOf(at, now)} (${what}) was not answered yet when the bot went down`;
  if (begun)
    return `${when}. Whether it was done is not known here: look at the card or the list of requests before you repeat it.`;
  return `${when}, and was not done. ${again[kind]} if it is still wanted.`;
}

/** Before the answer to something that came in before a restart. */
export function takenUpSentence(kind: DeliveryKind, at: number, now: number): string {
  return `Your ${kind} of ${timeOf(at, now)}, taken up after a restart of the bot:`;
}

/** Before an answer that may have been given already. */
export function decidedSentence(kind: DeliveryKind, at: number, now: number): string {
  return `The bot restarted while it answered your ${kind} of ${timeOf(at, now)}, so you may read this twice:`;
}

/**
 * The words of a reply after which nothing more is done, as they are kept (`answerWith`). Undefined where doing it
 * again brings the same about or only tells something newer. Links are secrets, and are never kept.
 */
export function endingIn(verb: AnyVerb, reply: Reply): string | undefined {
  return effectOf(verb) !== 'tells' && reply.kind === 'sentence' && reply.link === undefined
    ? reply.text
    : undefined;
}

/** The reply with `preface` before its words, where it has any. */
export function prefaced(reply: Reply, preface: string | undefined): Reply {
  return preface === undefined || !('text' in reply) ? reply : { ...reply, text: `${preface} ${reply.text}` };
}
