// Slack's limits as this adapter keeps them, each with where it comes from; docs/limits.md names the test of
// each. Those of blocks are in cards/platformLimits.ts, next to the renderer that keeps them.

/**
 * docs.slack.dev/interactivity/implementing-slash-commands: later answers show the user "operation_timeout".
 * Milliseconds.
 */
export const ackDeadline = 3_000;

/**
 * docs.slack.dev/authentication/verifying-requests-from-slack. Bolt checks the past only; we refuse the
 * future too. Milliseconds.
 */
export const signatureSkew = 300_000;
/** From here on our clock is said to be wrong: a minute before requests are refused. Milliseconds. */
export const harmfulSkew = signatureSkew - 60_000;
/**
 * Slack is asked for its time no more often than this when a signed request was refused for its time.
 * Milliseconds.
 */
export const timeAskedEvery = 60_000;
/** A signature is remembered for as long as it could pass on either side of our clock. Milliseconds. */
export const signatureMemory = 2 * signatureSkew;
/**
 * Larger than any payload with a whole card in it (a message holds at most 50 blocks), far below Bolt's 4
 * MiB. Bytes.
 */
export const bodyLimit = 512 * 1024;

/**
 * docs.slack.dev/interactivity/handling-user-interaction: a response_url works five times within 30 minutes.
 */
export const responseUrlUses = 5;
export const responseUrlLife = 30 * 60_000;

/**
 * docs.slack.dev/interactivity/creating-modals: a trigger_id works once within three seconds. Milliseconds.
 */
export const triggerLife = 3_000;

/**
 * docs.slack.dev/apis/web-api/rate-limits: chat.postMessage takes about one message per second and channel.
 * Milliseconds.
 */
export const postGap = 1_000;
/**
 * chat.update is Tier 3, 50 and more a minute and workspace; five are left for cards that say they are
 * superseded.
 */
export const updatesPerMinute = 45;
/** Where Slack sends a 429 without saying for how long. Milliseconds. */
export const defaultRetryAfter = 30_000;
/**
 * A workspace may not ask us to wait longer than this in one go; then the call is tried, and may be refused, again.
 * Milliseconds.
 */
export const longestRetryAfter = 15 * 60_000;

/** Every call to Slack ends within this; the SDK's own default is never. Milliseconds. */
export const callTimeout = 10_000;
/** Calls under way at once. */
export const callsAtOnce = 20;
/**
 * After Slack refused the token, it is tried again once in this time: its own troubles answer invalid_auth
 * too. Milliseconds.
 */
export const tokenRetry = 60_000;

/**
 * Memberships, accounts and channels are remembered this long at most, where nothing is decided.
 * Milliseconds.
 */
export const peopleMemory = 60_000;
/** usergroups.users.list is Tier 2, 20 and more a minute, for all groups of a workspace. */
export const groupReadingsPerMinute = 20;
/** A reading that must wait longer for its turn is given up: a person waits for it. Milliseconds. */
export const groupTurnWait = 5_000;

/** docs.slack.dev/surfaces/modals */
export const modal = {
  title: 24,
  submit: 24,
  close: 24,
  metadata: 3_000,
  callbackId: 255,
  inputMax: 3_000,
} as const;

/** A private answer in characters; below the 9,000 that a card keeps, because its frame comes on top. */
export const answerCharacters = 6_000;
/** chat.update refuses longer top-level text, and notifications show less. Before escaping. */
export const topText = 300;

/**
 * Socket Mode: after this long without a connection it is reported as not ready. The SDK waits 5 s before it
 * connects again. Milliseconds.
 */
export const socketGrace = 15_000;
/**
 * After this long the process asks its supervisor for a restart; SLACK_DEAF_AFTER sets another time.
 * Milliseconds.
 */
export const socketDeaf = 120_000;
/**
 * The grace for a process that is restarted after `deafAfter`: an eighth of it, `socketGrace` at most, so
 * that the readiness check reports it before the restart.
 */
export function graceOf(deafAfter: number): number {
  return Math.min(socketGrace, deafAfter / 8);
}

/** How long stop() waits for answers under way. Milliseconds. */
export const drainTime = 5_000;
