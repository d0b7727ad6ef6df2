// The words of forms that ask for a text with a press: on a card, and in a form of its own.
import type { TextLabel } from '../../src/liveResponse/verbs.ts';
import type { ViewContext } from '../view.ts';

interface AskedText {
  /** Above the field on a card, which many people read. */
  readonly onCard: (reasons: ViewContext['reasons']) => string;
  /** Of a form that opens after the press: its title and button, and what is asked of a request. */
  readonly action: string;
  readonly inForm: (title: string) => string;
}

const texts: Readonly<Record<TextLabel, AskedText>> = {
  whyDenied: {
    onCard: (reasons) =>
      reasons === 'private'
        ? 'Reason, told to the requester and the approvers'
        : 'Reason, shown to everybody on the card',
    action: 'Deny',
    inForm: (title) => `Why is "${title}" denied? The requester reads this.`,
  },
};

export function labelOnCard(label: TextLabel, reasons: ViewContext['reasons']): string {
  return texts[label].onCard(reasons);
}

/** @param title the request's title, in one line */
export function formWords(
  label: TextLabel,
  title: string,
): { readonly action: string; readonly label: string } {
  const { action, inForm } = texts[label];
  return { action, label: inForm(title) };
}
