// The bot's own identity in Slack: the token is checked with one call before anything else starts.
import { recordOf } from '../../liveResponse/text/json.ts';
import type { Clock, Log } from '../../liveResponse/ports.ts';
import { failureOf } from './outbound/slackFailure.ts';
import type { Fields, WebApi } from './outbound/webApi.ts';
import { requiredScopes } from './scopes.ts';
import { SlackStartError } from './startError.ts';

const defaultStartPauses = [1_000, 3_000, 6_000, 10_000] as const;

export interface Self {
  readonly team: string;
  /** Of Enterprise Grid. */
  readonly organisation?: string;
  readonly user: string;
  readonly botId: string;
}

export interface IdentityOptions {
  readonly apiUrl: string;
  readonly clock: Pick<Clock, 'sleep'>;
  readonly log: Log;
  /** Pauses between tries to reach Slack, in milliseconds; about twenty seconds by default. */
  readonly startPauses?: readonly number[] | undefined;
}

/**
 * Asks Slack whose token this is.
 * @throws SlackStartError
 */
export async function whoAmI(api: Pick<WebApi, 'call'>, options: IdentityOptions): Promise<Self> {
  const { apiUrl, clock, log, startPauses = defaultStartPauses } = options;
  for (let attempt = 0; ; attempt += 1) {
    try {
      return selfFrom(await api.call('auth.test', {}), log);
    } catch (error) {
      if (error instanceof SlackStartError) throw error;
      const failure = failureOf('auth.test', error);
      if (failure.kind === 'token' || failure.kind === 'refused') {
        throw new SlackStartError(
          `Slack does not accept SLACK_BOT_TOKEN: ${failure.slackError}. It is the "Bot User OAuth Token" (xoxb-...) under "OAuth & Permissions" of the app.`,
          error,
        );
      }
      const pause = startPauses[attempt];
      if (pause === undefined)
        throw new SlackStartError(
          `Slack cannot be reached at ${new URL(apiUrl).host}: ${failure.way ?? `${failure.slackError}. Check the network, and SLACK_API_URL if it is set`}.`,
          error,
          true,
        );
      log.warn('slackNotReached', {
        error: failure.slackError,
        againInMs: Math.max(pause, failure.retryAfterMs ?? 0),
      });
      await clock.sleep(Math.max(pause, failure.retryAfterMs ?? 0));
    }
  }
}

function selfFrom(answer: Fields, log: Log): Self {
  const { team_id: team, enterprise_id: organisation, user_id: user, bot_id: botId } = answer;
  if (typeof team !== 'string' || typeof user !== 'string' || typeof botId !== 'string') {
    throw new SlackStartError(
      'SLACK_BOT_TOKEN is not the token of a bot: Slack returned no bot id for it. Use the "Bot User OAuth Token" (xoxb-...).',
    );
  }
  const scopes = recordOf(answer['response_metadata'])['scopes'];
  if (Array.isArray(scopes)) {
    const missing = requiredScopes.filter((scope) => !scopes.includes(scope));
    if (missing.length > 0)
      log.warn('slackScopesMissing', {
        missing,
        todo: 'Add them under "OAuth & Permissions" and install the app again; manifest/slack holds the whole list.',
      });
  }
  return {
    team,
    user,
    botId,
    ...(typeof organisation === 'string' && organisation !== '' ? { organisation } : {}),
  };
}
