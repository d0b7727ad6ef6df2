// Checks before Slack starts: the settings that need no call, and whose token it is, with one call.
import { recordOf } from '../../liveResponse/text/json.ts';
import type { Clock, Log } from '../../liveResponse/ports.ts';
import { failureOf } from './outbound/slackFailure.ts';
import type { Fields, WebApi } from './outbound/webApi.ts';
import { requiredScopes } from './ids.ts';
import { ConfigError } from '../config/environment.ts';

/** Slack is out of reach: a later start may succeed with the same settings. */
export class SlackUnreached extends Error {
  constructor(message: string, cause: unknown) {
    super(message, { cause });
    this.name = 'SlackUnreached';
  }
}

export interface CheckedSettings {
  readonly command: string;
  readonly appToken?: string;
  readonly signingSecret?: string;
  readonly allowedTeams: readonly string[];
}

/** Checks the settings without a call. @throws ConfigError */
export function checkSettings(options: CheckedSettings, apiUrl: string): void {
  if (!URL.canParse(apiUrl) || !['http:', 'https:'].includes(new URL(apiUrl).protocol))
    throw new ConfigError(`SLACK_API_URL is not a web address: ${apiUrl}`);
  const { protocol, hostname } = new URL(apiUrl);
  if (protocol === 'http:' && !['127.0.0.1', 'localhost', '[::1]'].includes(hostname))
    throw new ConfigError(
      'SLACK_API_URL must begin with https:// unless it is on this machine: the token travels to it.',
    );
  if (!/^\/[a-z0-9_-]{1,31}$/.test(options.command))
    throw new ConfigError(
      `SLACK_COMMAND must be a slash and up to 31 lower-case letters, digits, - or _: ${options.command}`,
    );
  if (options.appToken === undefined && (options.signingSecret ?? '') === '')
    throw new ConfigError(
      'Set SLACK_SIGNING_SECRET (Basic Information, App Credentials), or SLACK_APP_TOKEN for Socket Mode.',
    );
  if (options.appToken !== undefined && !options.appToken.startsWith('xapp-'))
    throw new ConfigError(
      'SLACK_APP_TOKEN must be an app-level token (xapp-...), made under "Basic Information", "App-Level Tokens".',
    );
  const odd = options.allowedTeams.find((team) => !/^[TE][A-Z0-9]{2,30}$/.test(team));
  if (odd !== undefined)
    throw new ConfigError(
      `SLACK_ALLOWED_TEAMS holds "${odd}", which is no workspace id (T...) or organisation id (E...).`,
    );
}

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
 * @throws ConfigError, SlackUnreached
 */
export async function whoAmI(api: Pick<WebApi, 'call'>, options: IdentityOptions): Promise<Self> {
  const { apiUrl, clock, log, startPauses = defaultStartPauses } = options;
  for (let attempt = 0; ; attempt += 1) {
    try {
      return selfFrom(await api.call('auth.test', {}), log);
    } catch (error) {
      if (error instanceof ConfigError) throw error;
      const failure = failureOf('auth.test', error);
      if (failure.kind === 'token' || failure.kind === 'refused') {
        throw new ConfigError(
          `Slack does not accept SLACK_BOT_TOKEN: ${failure.slackError}. It is the "Bot User OAuth Token" (xoxb-...) under "OAuth & Permissions" of the app.`,
          { cause: error },
        );
      }
      const pause = startPauses[attempt];
      if (pause === undefined)
        throw new SlackUnreached(
          `Slack cannot be reached at ${new URL(apiUrl).host}: ${failure.way ?? `${failure.slackError}. Check the network, and SLACK_API_URL if it is set`}.`,
          error,
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
    throw new ConfigError(
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
