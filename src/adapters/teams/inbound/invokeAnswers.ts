// Bodies of answers to invokes. The HTTP status is always 200 and so is the code inside: a refusal is a
// message to the person, while any other code makes Teams say that the app does not work (adaptivecards.io:
// universal action model).
import { adaptiveCard } from '../../../../cards/renderers/adaptiveCard.ts';
import { clean, clip } from '../../../../cards/clip.ts';
import type { Reply } from '../../../bot/ports.ts';

export interface InvokeAnswer {
  readonly statusCode: 200;
  readonly type: 'application/vnd.microsoft.activity.message' | 'application/vnd.microsoft.card.adaptive';
  readonly value: string | object;
}

/** Shown below the card in one small line. */
const longestToast = 400;

export function toast(text: string): InvokeAnswer {
  return {
    statusCode: 200,
    type: 'application/vnd.microsoft.activity.message',
    value: clip(clean(text), longestToast),
  };
}

export interface PressAnswer {
  readonly answer: InvokeAnswer;
  /** Does not fit into the answer and is to be said to the person alone. */
  readonly also?: Reply;
}

export function pressAnswer(reply: Reply): PressAnswer {
  switch (reply.kind) {
    case 'nothing':
      return { answer: toast('Done. This card follows in a moment.') };
    case 'asked':
      return { answer: toast(reply.text) };
    case 'card':
      return {
        answer: {
          statusCode: 200,
          type: 'application/vnd.microsoft.card.adaptive',
          value: adaptiveCard(reply.view),
        },
      };
    case 'sentence':
      if (reply.block === undefined && reply.link === undefined && reply.text.length <= longestToast)
        return { answer: toast(reply.text) };
      return { answer: toast('I am sending you the answer privately.'), also: reply };
    case 'form':
      return { answer: toast('I am sending you a form for this.'), also: reply };
  }
}
