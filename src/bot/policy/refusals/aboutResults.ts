// Refusals of a result: there is none, or not for this command, or Defender does not hand it out.
import type { ErrorAnswer } from '../../../liveResponse/request/errorAnswer.ts';
import { correlation } from './words.ts';
import type { Sentences } from './words.ts';

export type ResultRefusal =
  | {
      readonly refused: 'noResult';
      readonly id: string;
      readonly why:
        | 'notYet'
        | 'notSent'
        | 'notKnown'
        | 'neverRan'
        | 'noSuchIndex'
        | 'noFile'
        | 'noOutput'
        | 'failed'
        | 'forgotten'
        | 'notHandedOut'
        | 'elsewhere';
      readonly index?: number;
      readonly error?: ErrorAnswer;
    }
  | { readonly refused: 'noSuchPage'; readonly id: string; readonly pages: number };

export const resultSentences: Sentences<ResultRefusal> = {
  noResult: noResultSentence,
  noSuchPage: ({ id, pages }) =>
    `That output of ${id} has ${pages === 1 ? 'one page' : `${pages} pages`}; the first is 1.`,
};

function noResultSentence(
  { id, why, index, error }: Extract<ResultRefusal, { refused: 'noResult' }>,
  command: string,
): string {
  const which = index === undefined ? id : `command ${index} of ${id}`;
  const first = index === undefined ? id : capital(which);
  switch (why) {
    case 'notYet':
      return `There is no result of ${which} yet. Its card is kept up to date; try again when the command has completed.`;
    case 'notSent':
      return `${first} has not been sent to Defender yet, so it has no result. "${command} status ${id}" shows what it is waiting for.`;
    case 'notKnown':
      return `It is not known yet whether ${which} ran, so there is no result. "${command} status ${id}" shows what is being done to find out.`;
    case 'neverRan':
      return `${first} never ran, so it has no result.`;
    case 'noSuchIndex':
      return `${id} has no command ${index ?? ''}. The first is 0; "${command} status ${id}" lists them.`;
    case 'noFile':
      return `${first} collects no file. If it ran a script, "${command} output ${id}" shows what that printed.`;
    case 'noOutput':
      return `${first} prints nothing, because only a script does. "${command} link ${id}" gives a download link of a file that was collected.`;
    case 'failed':
      return `${first} failed, and Defender keeps no result of it. The card shows the error.`;
    case 'forgotten':
      return `The output of ${which} was kept for its retention time and is gone. "${command} link ${id}" may still fetch it from Defender.`;
    case 'elsewhere':
      return `Defender’s link to the result of ${which} leads outside the allowed download hosts${error?.message === undefined ? '' : ` (${error.message})`}, so nobody is given it. Get the result in the portal’s Action center. If that host is right for your tenant, an administrator adds it with LR_RESULT_HOSTS.`;
    case 'notHandedOut':
      return `Defender does not hand out the result of ${which} now${error?.message === undefined ? '' : ` (“${error.message}”)`}. Right after the end it may take a minute, so try again; if that lasts, get it in the portal’s Action center.${correlation(error?.target)}`;
  }
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
