// The words of forms that ask for a text with a press: on a card, and in a form of its own.
import type { TextLabel } from '../../src/liveResponse/verbs.ts';
import type { ViewContext } from '../view.ts';

/** Above the field on a card, which many people read. */
export function labelOnCard(label: TextLabel, reasons: ViewContext['reasons']): string {
  switch (label) {
    case 'whyDenied':
      return reasons === 'private'
        ? 'Reason, told to the requester and the approvers'
        : 'Reason, shown to everybody on the card';
  }
}

/** In a form that opens after the press. @param title the request's title, in one line */
export function formWords(
  label: TextLabel,
  title: string,
): { readonly action: string; readonly label: string } {
  switch (label) {
    case 'whyDenied':
      return { action: 'Deny', label: `Why is "${title}" denied? The requester reads this.` };
  }
}
