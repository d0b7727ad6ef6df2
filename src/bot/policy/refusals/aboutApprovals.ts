// Refusals of an approval because of what was looked at, or because the policy of today is stricter.
import { refusalAdvice } from '../../../../cards/messages/advice.ts';
import { changeWords } from '../../../../cards/results.ts';
import type { ContentDrift } from '../../../liveResponse/request/content.ts';
import type { Sentences } from './words.ts';

export type ApprovalRefusal =
  | { readonly refused: 'staleCard'; readonly id: string; readonly typed?: true }
  /** The 8 digits that only people compare, typed, or on a card that an older version drew. */
  | { readonly refused: 'shortFingerprint'; readonly id: string; readonly typed?: true }
  | { readonly refused: 'wrongFingerprint'; readonly id: string }
  | { readonly refused: 'contentDeparted'; readonly id: string; readonly departure: ContentDrift }
  /**
   * Today's policy is stricter than the one it was asked under, and ended it. `code` and `detail` as on its
   * card.
   */
  | {
      readonly refused: 'policyStricter';
      readonly id: string;
      readonly deed: 'approve' | 'resend';
      readonly code: string;
      readonly detail?: string;
      readonly ended: boolean;
    }
  /** Whether the people may still do it could not be asked. */
  | {
      readonly refused: 'groupsUnread';
      readonly id: string;
      readonly deed: 'approve' | 'resend';
      readonly groups: readonly string[];
    };

export const approvalSentences: Sentences<ApprovalRefusal> = {
  staleCard: ({ typed, id }, command) => {
    if (typed === true)
      return `That line was made for an older state of ${id}, so nothing was approved. ${newLine(id, command)}`;
    return `That card showed an older state of ${id}, so the press was not taken. Look at the card as it is now and press again.`;
  },
  shortFingerprint: ({ typed, id }, command) =>
    typed === true
      ? `The 8 digits on the card of ${id} are for eyes only, so nothing was approved. ${newLine(id, command)}`
      : `That card of ${id} was drawn by an older version of the bot, so the press was not taken. It is drawn again now: look at it as it is then, and press again.`,
  wrongFingerprint: ({ id }, command) =>
    `The fingerprint is not that of ${id}, so nothing was approved. ${newLine(id, command)}`,
  contentDeparted: ({ departure }) => contentDriftSentence(departure),
  policyStricter: (refusal) =>
    `${refusal.deed === 'approve' ? 'Nothing was approved' : 'Nothing was sent again'}: today's policy does not let ${refusal.id} run. ${policyWords(refusal)}${refusal.ended ? ` ${refusal.id} has ended; its card says so too.` : ''}`,
  groupsUnread: ({ deed, groups, id }) =>
    `${deed === 'approve' ? 'Nothing was approved' : 'Nothing was sent again'} yet: the members of ${groups.join(' and ')} could not be read just now, so nobody can tell whether the people of ${id} still have their roles. Press again in a minute.`,
};

function newLine(id: string, command: string): string {
  return `"${command} approve ${id}" shows you the whole request as it is and the line to type.`;
}

function contentDriftSentence(departure: ContentDrift): string {
  switch (departure.why) {
    case 'changed':
      return `Nothing was approved, because the live response library is not what the card showed: ${departure.changes.map((change) => changeWords(change)).join('; ')}. Find out who changed it and why; the card now shows the content as it is.`;
    case 'nowRead':
      return 'Nothing was approved yet: the live response library could be read now, so the card shows the content of the scripts. Look at it and press again.';
    case 'noLongerRead':
      return 'Nothing was approved yet: the bot may no longer read the live response library (Library.Manage), so a changed script would not be noticed, and the card now says so. Look at it and press again.';
  }
}

function policyWords({ code, detail }: Extract<ApprovalRefusal, { refused: 'policyStricter' }>): string {
  const advice = refusalAdvice[code];
  return `${advice?.what ?? ''}${detail === undefined ? '' : ` (${detail})`} ${advice?.next ?? ''}`;
}
