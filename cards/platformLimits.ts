// The documented limits of Slack and Teams that cards must keep, and our own budgets below them, each with
// where it comes from.
import { maxReason } from '../src/liveResponse/verbs.ts';

/** Slack Block Kit. Characters are counted as UTF-16 units, which is never less than Slack counts. */
export const slack = {
  /** docs.slack.dev/reference/block-kit/blocks */
  blocks: 50,
  /** docs.slack.dev/reference/block-kit/blocks/header-block, plain_text only */
  header: 150,
  /** docs.slack.dev/reference/block-kit/blocks/section-block */
  section: 3000,
  fields: 10,
  field: 2000,
  /** docs.slack.dev/reference/block-kit/blocks/context-block */
  contextElements: 10,
  /** docs.slack.dev/reference/block-kit/blocks/actions-block */
  actionsElements: 25,
  /** docs.slack.dev/reference/block-kit/composition-objects/text-object */
  text: 3000,
  /** docs.slack.dev/reference/block-kit/block-elements/button-element */
  buttonText: 75,
  buttonValue: 2000,
  buttonUrl: 3000,
  accessibilityLabel: 75,
  actionId: 255,
  blockId: 255,
  /** docs.slack.dev/reference/block-kit/composition-objects/confirmation-dialog-object */
  confirmTitle: 100,
  confirmText: 300,
  confirmButton: 30,
  /** chat.update refuses longer top-level text (msg_too_long). */
  topText: 4000,
  /**
   * Not documented: messages of 11,300 to 13,300 characters over all strings are refused
   * (slackapi/bolt-js#2509, #2867).
   */
  totalStrings: 9000,
} as const;

/** Adaptive Cards in Teams. */
export const teams = {
  /**
   * learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/cards-reference: bot-sent cards
   */
  version: '1.5',
  /**
   * learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/cards-format: further actions go
   * to the overflow menu
   */
  primaryActions: 6,
  /** The oldest documented limit of a whole message, in UTF-8 bytes. */
  messageBytes: 28 * 1024,
  /** Our budget for the card in it. */
  cardBytes: 24 * 1024,
} as const;

/** Our own bounds of a CardView, so that every renderer fits. */
export const view = {
  title: 150,
  fallback: 300,
  name: 120,
  factValue: 400,
  /** A person's whole reason, and what a retry adds to it: which request it continues. */
  reason: maxReason + 50,
  errorText: 400,
  /** Links together: a longer set is offered as buttons only. */
  linkCharacters: 3000,
  excerptLines: 12,
  excerptLine: 200,
  /** All excerpts of a card together. */
  excerptTotal: 2400,
} as const;
