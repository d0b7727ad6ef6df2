// Sentences about a delivery that was not accepted, that came too late to be done, or whose answer is late.
import { timeOf } from '../../../cards/time.ts';
import type { Reply } from '../../bot/ports.ts';

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

/** The reply with `preface` before its words, where it has any. */
export function prefaced(reply: Reply, preface: string | undefined): Reply {
  return preface === undefined || !('text' in reply) ? reply : { ...reply, text: `${preface} ${reply.text}` };
}
