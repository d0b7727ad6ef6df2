// Refusals because of the bot and Defender themselves: frozen, or something that cannot be reached.
import { stamp } from '../../../../cards/clip.ts';
import { frozenSentence } from '../../../../cards/messages/outage.ts';
import { rightSentence } from '../../../../cards/messages/rights.ts';
import type { ErrorAnswer } from '../../../liveResponse/request/errorAnswer.ts';
import { correlation } from './words.ts';
import type { Sentences } from './words.ts';

export type ServiceRefusal =
  | { readonly refused: 'frozen'; readonly by: string; readonly why: string; readonly at: number }
  | { readonly refused: 'alreadyFrozen'; readonly by: string; readonly why: string; readonly at: number }
  | { readonly refused: 'notFrozen' }
  /** The release was asked for before the freeze that is in force. */
  | { readonly refused: 'frozenSince'; readonly by: string; readonly why: string; readonly at: number }
  | { readonly refused: 'storeUnavailable' }
  /** `since`: it has been so for a while, in epoch milliseconds. */
  | { readonly refused: 'defenderUnavailable'; readonly detail: string; readonly since?: number }
  | { readonly refused: 'noRight'; readonly error: ErrorAnswer };

export const serviceSentences: Sentences<ServiceRefusal> = {
  frozen: frozenSentence,
  alreadyFrozen: (refusal, command) => `Nothing was changed. ${frozenSentence(refusal, command)}`,
  notFrozen: ({}, command) => `Nothing is frozen. "${command} freeze <why>" stops all submissions.`,
  frozenSince: (refusal, command) =>
    `Nothing was released: this came in before the freeze that is in force now. ${frozenSentence(refusal, command)}`,
  storeUnavailable: () =>
    'The journal cannot be written just now, so nothing was done and nothing will be sent. Tell the people who run this bot; /readyz on its admin port says why.',
  defenderUnavailable: ({ detail, since }) =>
    `Defender could not be asked, so nothing was done: ${detail}.${since === undefined ? '' : ` It has been so since ${stamp(since)}.`} Try again in a minute.`,
  noRight: ({ error }) =>
    `${rightSentence(error) ?? 'Defender does not let the bot in.'}${correlation(error.target)}`,
};
