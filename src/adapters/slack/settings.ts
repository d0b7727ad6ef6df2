// Slack in the environment: a complete set of credentials, or problems that name what is missing.
import type { Secret } from '../secret.ts';
import { bare, readUrl } from '../config/environment.ts';
import type { Environment } from '../config/environment.ts';

export interface SlackSettings {
  readonly botToken: Secret;
  /** Socket Mode when there is an app token, HTTP with signed requests otherwise. */
  readonly intake:
    | { readonly kind: 'socket'; readonly appToken: Secret }
    | { readonly kind: 'http'; readonly signingSecret: Secret };
  /** Another API than Slack's own, for tests. */
  readonly apiUrl?: string;
  readonly command: string;
  /** Team or enterprise ids whose members count as members; empty: the bot's own team. */
  readonly allowedTeams: readonly string[];
  /** How long Socket Mode may be without a connection before the process ends, to be started again. */
  readonly deafAfterMs: number;
}

const credentialNames = ['SLACK_BOT_TOKEN', 'SLACK_SIGNING_SECRET', 'SLACK_APP_TOKEN'] as const;
const otherNames = ['SLACK_API_URL', 'SLACK_COMMAND', 'SLACK_ALLOWED_TEAMS', 'SLACK_DEAF_AFTER'] as const;

export const slackNames = {
  names: [...credentialNames, ...otherNames],
  secrets: ['SLACK_BOT_TOKEN', 'SLACK_APP_TOKEN', 'SLACK_SIGNING_SECRET'],
  meant: credentialNames,
} as const;

/** Milliseconds. */
const leastDeafAfter = 10_000;

/** Undefined when Slack is not set up, or wrongly: then `env` holds the problems. */
export function readSlack(env: Environment): SlackSettings | undefined {
  const apiUrl = readUrl(env, 'SLACK_API_URL');
  const command = env.text('SLACK_COMMAND') ?? '/lr';
  const allowedTeams = env.list('SLACK_ALLOWED_TEAMS');
  if (!/^\/[a-z0-9_-]{1,31}$/.test(command))
    env.problem(
      `SLACK_COMMAND is "${command}"; it must be a slash and at most 31 small letters, digits, "-" and "_".`,
    );
  for (const team of allowedTeams)
    if (!/^[TE][A-Z0-9]{4,20}$/.test(team))
      env.problem(
        `SLACK_ALLOWED_TEAMS holds "${team}"; team ids look like T0123ABCD, enterprise ids like E0123ABCD.`,
      );
  const deafAfterMs = env.duration('SLACK_DEAF_AFTER', '2m');
  // The SDK waits five seconds before it connects again after every loss, and Slack recycles connections all
  // day.
  if (deafAfterMs !== 0 && deafAfterMs < leastDeafAfter)
    env.problem(
      `SLACK_DEAF_AFTER is below ${leastDeafAfter / 1000}s: an ordinary reconnection takes most of that. Write 2m, or leave it out.`,
    );
  const botToken = env.secret('SLACK_BOT_TOKEN');
  const appToken = env.secret('SLACK_APP_TOKEN');
  const signingSecret = env.secret('SLACK_SIGNING_SECRET');
  if (botToken === undefined && appToken === undefined && signingSecret === undefined) {
    if (env.anyOf(...otherNames))
      env.warn(
        'Slack is not set up: SLACK_BOT_TOKEN is missing, so the other SLACK_ settings have no effect.',
      );
    return undefined;
  }
  if (botToken === undefined)
    env.problem(
      'SLACK_BOT_TOKEN is missing: "Bot User OAuth Token" on the app’s page "OAuth & Permissions", beginning with xoxb-.',
    );
  else if (!botToken.reveal().startsWith('xoxb-'))
    env.problem('SLACK_BOT_TOKEN does not begin with xoxb-; a user or app token does not work here.');
  if (appToken !== undefined && !appToken.reveal().startsWith('xapp-'))
    env.problem(
      'SLACK_APP_TOKEN does not begin with xapp-; it is made on the app’s page "Basic Information" with the scope connections:write.',
    );
  if (appToken === undefined && signingSecret === undefined) {
    env.problem(
      'Set SLACK_APP_TOKEN (Socket Mode) or SLACK_SIGNING_SECRET (HTTP); without one of them nothing from Slack can be received.',
    );
  }
  if (botToken === undefined) return undefined;
  const intake =
    appToken !== undefined
      ? ({ kind: 'socket', appToken } as const)
      : signingSecret !== undefined
        ? ({ kind: 'http', signingSecret } as const)
        : undefined;
  return intake === undefined
    ? undefined
    : {
        botToken,
        intake,
        command,
        allowedTeams,
        deafAfterMs,
        ...(apiUrl === undefined ? {} : { apiUrl: bare(apiUrl) }),
      };
}
