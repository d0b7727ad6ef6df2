// Start errors of Slack, and the checks of settings that need no call to Slack.
/**
 * A setting is wrong, or Slack does not know the token: the sentence tells which and where to find the right
 * one.
 */
export class SlackStartError extends Error {
  /** Slack was out of reach: a later start may succeed with the same settings. */
  readonly transient: boolean;
  constructor(message: string, cause?: unknown, transient = false) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'SlackStartError';
    this.transient = transient;
  }
}

/** The settings that can be checked without a call. */
export interface CheckedSettings {
  readonly command: string;
  readonly appToken?: string;
  readonly signingSecret?: string;
  readonly allowedTeams: readonly string[];
}

/** @throws SlackStartError */
export function checkSettings(options: CheckedSettings, apiUrl: string): void {
  if (!URL.canParse(apiUrl) || !['http:', 'https:'].includes(new URL(apiUrl).protocol))
    throw new SlackStartError(`SLACK_API_URL is not a web address: ${apiUrl}`);
  const { protocol, hostname } = new URL(apiUrl);
  if (protocol === 'http:' && !['127.0.0.1', 'localhost', '[::1]'].includes(hostname))
    throw new SlackStartError(
      'SLACK_API_URL must begin with https:// unless it is on this machine: the token travels to it.',
    );
  if (!/^\/[a-z0-9_-]{1,31}$/.test(options.command))
    throw new SlackStartError(
      `SLACK_COMMAND must be a slash and up to 31 lower-case letters, digits, - or _: ${options.command}`,
    );
  if (options.appToken === undefined && (options.signingSecret ?? '') === '')
    throw new SlackStartError(
      'Set SLACK_SIGNING_SECRET (Basic Information, App Credentials), or SLACK_APP_TOKEN for Socket Mode.',
    );
  if (options.appToken !== undefined && !options.appToken.startsWith('xapp-'))
    throw new SlackStartError(
      'SLACK_APP_TOKEN must be an app-level token (xapp-...), made under "Basic Information", "App-Level Tokens".',
    );
  const odd = options.allowedTeams.find((team) => !/^[TE][A-Z0-9]{2,30}$/.test(team));
  if (odd !== undefined)
    throw new SlackStartError(
      `SLACK_ALLOWED_TEAMS holds "${odd}", which is no workspace id (T...) or organisation id (E...).`,
    );
}
