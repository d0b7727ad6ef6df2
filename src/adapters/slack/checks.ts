// The doctor's checks of Slack: the bot token and its scopes, the app token's way to a socket, and the
// channels and groups that the policy names. Readings only; no message is posted and no socket opened.
import { requiredScopes, scopes, publicApi, platformName, slackGroups, surface } from './ids.ts';
import type { Policy } from '../../bot/policy/policy.ts';
import { idsOn } from '../../liveResponse/request/request.ts';
import { field, textOf } from '../../liveResponse/text/json.ts';
import type { SlackService } from './open.ts';
import { call, isAnswer } from '../checks/call.ts';
import type { Called, Caller, EmailDirectory } from '../checks/call.ts';
import { examineClock } from '../checks/clockSkew.ts';
import { fail, ok, skip, warn } from '../checks/line.ts';
import type { Tell } from '../checks/line.ts';

export interface SlackSubject {
  readonly slack: SlackService;
  readonly policy: Policy | undefined;
}

/**
 * Error words that say that the token itself is worth nothing (docs.slack.dev/reference/methods/auth.test).
 */
const tokenErrors = ['invalid_auth', 'not_authed', 'account_inactive', 'token_revoked', 'token_expired'];

/**
 * `fields` of an answer with `ok: true`, or Slack's error word; `silent` where nobody, or somebody else,
 * answered in its place.
 */
type Said =
  | { readonly fields: unknown; readonly answer: Pick<Called, 'headers' | 'at'> }
  | { readonly error: string; readonly silent: boolean };

export async function examineSlack(
  { slack, policy }: SlackSubject,
  caller: Caller,
  tell: Tell,
): Promise<void> {
  const api = (method: string, token: string, parameters: Readonly<Record<string, string>> = {}) =>
    ask(caller, `${(slack.apiUrl ?? publicApi).replace(/\/+$/, '')}/${method}`, token, parameters);
  const bot = await api('auth.test', slack.botToken);
  if ('error' in bot && bot.silent) {
    tell(
      fail(
        'slack.host',
        `${new URL(slack.apiUrl ?? publicApi).host} gives no answer: ${bot.error}`,
        'Let this machine reach Slack over https (proxy, firewall, DNS), and check SLACK_API_URL if it is set.',
      ),
    );
    for (const check of [
      'slack.token',
      'slack.scopes',
      slack.appToken === undefined ? 'slack.signing' : 'slack.socket',
    ])
      tell(skip(check, 'not looked at', 'Fix slack.host first.'));
    return;
  }
  if ('error' in bot) {
    const next = tokenErrors.includes(bot.error)
      ? 'Set SLACK_BOT_TOKEN to the "Bot User OAuth Token" (xoxb-...) under "OAuth & Permissions" of the app; install the app again if it was removed.'
      : 'Run the doctor again; if it stays so, look the word up at docs.slack.dev/reference/methods/auth.test.';
    tell(fail('slack.token', `Slack does not accept SLACK_BOT_TOKEN: ${bot.error}`, next));
    tell(skip('slack.scopes', 'not looked at', 'Fix slack.token first.'));
  } else if (typeof field(bot.fields, 'bot_id') !== 'string') {
    tell(
      fail(
        'slack.token',
        'SLACK_BOT_TOKEN is not the token of a bot',
        'Use the "Bot User OAuth Token" (xoxb-...) under "OAuth & Permissions".',
      ),
    );
    tell(skip('slack.scopes', 'not looked at', 'Fix slack.token first.'));
  } else {
    tell(
      ok(
        'slack.token',
        `accepted, as ${textOf(field(bot.fields, 'user'))} in the workspace ${textOf(field(bot.fields, 'team'))} (${textOf(field(bot.fields, 'team_id'))})`,
      ),
    );
    examineClock(bot.answer, platformName, tell, 'slack.clock');
    examineScopes(bot.answer.headers.get('x-oauth-scopes'), tell);
    for (const channel of idsOn(
      surface,
      (policy?.places ?? []).map(({ place }) => place),
    ))
      await examineChannel(channel, () => api('conversations.info', slack.botToken, { channel }), tell);
    for (const group of groupsOf(policy))
      await examineGroup(
        group,
        () => api('usergroups.users.list', slack.botToken, { usergroup: group }),
        tell,
      );
  }
  await examineIntake(slack, caller, (token) => api('apps.connections.open', token), tell);
}

async function ask(
  caller: Caller,
  url: string,
  token: string,
  parameters: Readonly<Record<string, string>>,
): Promise<Said> {
  const answer = await call(caller, {
    method: 'POST',
    url: new URL(url),
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(parameters).toString(),
  });
  if (!isAnswer(answer)) return { error: answer.why, silent: true };
  const fields = answer.body?.value;
  if (field(fields, 'ok') === true) return { fields, answer };
  const error = field(fields, 'error');
  return typeof error === 'string'
    ? { error: error.slice(0, 100), silent: false }
    : { error: `an answer (${answer.status}) that is not Slack’s`, silent: true };
}

function examineScopes(header: string | undefined, tell: Tell): void {
  const check = 'slack.scopes';
  if (header === undefined) {
    tell(
      warn(
        check,
        'Slack did not say which scopes the token has',
        'Compare them with manifest/slack under "OAuth & Permissions".',
      ),
    );
    return;
  }
  const held = header.split(',').map((scope) => scope.trim());
  const missing = requiredScopes.filter((scope) => !held.includes(scope));
  if (missing.length === 0) tell(ok(check, `all ${requiredScopes.length} of manifest/slack are granted`));
  else
    tell(
      fail(
        check,
        `missing: ${missing.map((scope) => `${scope} (${scopes[scope]})`).join('; ')}`,
        'Add them under "OAuth & Permissions", "Bot Token Scopes", and install the app again.',
      ),
    );
}

async function examineChannel(channel: string, info: () => Promise<Said>, tell: Tell): Promise<void> {
  const check = 'slack.place';
  if (channel.startsWith('D')) return;
  const said = await info();
  if ('error' in said) {
    if (said.error === 'missing_scope')
      tell(skip(check, `${channel} cannot be read`, 'Fix slack.scopes first.'));
    else if (said.error === 'channel_not_found')
      tell(
        fail(
          check,
          `${channel} is not there, or is a private channel without the bot`,
          'Invite the bot ("/invite @live-response"), or correct the id in the policy ("/lr whoami" prints it).',
        ),
      );
    else
      tell(
        fail(
          check,
          `${channel} cannot be read: ${said.error}`,
          'Run the doctor again; if it stays so, look the word up at docs.slack.dev/reference/methods/conversations.info.',
        ),
      );
    return;
  }
  const found = field(said.fields, 'channel');
  const name = `${channel}${textOf(field(found, 'name')) === '' ? '' : ` (#${textOf(field(found, 'name'))})`}`;
  if (field(found, 'is_archived') === true)
    tell(fail(check, `${name} is archived`, 'Unarchive it, or take it out of the policy.'));
  else if (field(found, 'is_member') === true) tell(ok(check, `the bot is in ${name}`));
  else
    tell(
      fail(
        check,
        `the bot is not in ${name}, so no card can stand there`,
        'Invite it: "/invite @live-response".',
      ),
    );
}

/** User groups that give roles. */
function groupsOf(policy: Policy | undefined): readonly string[] {
  const members = [...(policy?.roles.values() ?? [])].flat();
  return [...new Set(idsOn(slackGroups.prefix, members))];
}

async function examineGroup(group: string, members: () => Promise<Said>, tell: Tell): Promise<void> {
  const check = 'slack.group';
  const said = await members();
  if (!('error' in said)) {
    const users = field(said.fields, 'users');
    tell(
      ok(check, `the user group ${group} can be read (${Array.isArray(users) ? users.length : 0} members)`),
    );
  } else if (said.error === 'missing_scope')
    tell(skip(check, `the user group ${group} cannot be read`, 'Fix slack.scopes first.'));
  else
    tell(
      fail(
        check,
        `the user group ${group} cannot be read (${said.error}), so it gives its role to nobody`,
        'Correct its id in the policy, or enable the group again in Slack.',
      ),
    );
}

async function examineIntake(
  slack: SlackService,
  { http }: Caller,
  open: (appToken: string) => Promise<Said>,
  tell: Tell,
): Promise<void> {
  if (slack.appToken === undefined) {
    tell(
      skip(
        'slack.signing',
        'SLACK_SIGNING_SECRET cannot be tried from here',
        'Press "Verify" next to the request URL of the app: Slack then signs a request to the running bot.',
      ),
    );
    return;
  }
  const said = await open(slack.appToken);
  const address = 'error' in said ? '' : textOf(field(said.fields, 'url'));
  if (URL.canParse(address) && /^wss?:$/.test(new URL(address).protocol)) {
    const { host } = new URL(address);
    const why = await http.whyNotReached(address.startsWith('wss:') ? `https://${host}` : `http://${host}`);
    if (why === undefined)
      tell(
        ok(
          'slack.socket',
          'SLACK_APP_TOKEN gets an address for Socket Mode, and its host is reached (no socket was opened)',
        ),
      );
    else
      tell(
        fail(
          'slack.socket',
          `Slack’s host for Socket Mode, ${host}, gives no answer: ${why}`,
          'Let this machine reach it over https, WebSockets included (proxy, firewall, DNS; docs/reach.md lists the hosts).',
        ),
      );
  } else {
    tell(
      fail(
        'slack.socket',
        `SLACK_APP_TOKEN gets no address for Socket Mode: ${'error' in said ? said.error : 'the answer holds none'}`,
        'Make an app-level token under "Basic Information" with the scope connections:write, and turn Socket Mode on.',
      ),
    );
  }
}

const emailScope = 'users:read.email';

/** The e-mail address that Slack knows for a member, for the doctor's comparison of people. */
export function slackEmails({ apiUrl = publicApi, botToken }: SlackService): EmailDirectory {
  const url = new URL(`${apiUrl.replace(/\/+$/, '')}/users.info`);
  return {
    name: platformName,
    surface,
    async ask(id, caller) {
      const answer = await call(caller, {
        method: 'POST',
        url,
        headers: { authorization: `Bearer ${botToken}`, 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ user: id }).toString(),
      });
      if (!isAnswer(answer)) return { stopped: 'unanswered', why: answer.why, next: 'Fix slack.host first.' };
      const held = (answer.headers.get('x-oauth-scopes') ?? '').split(',').map((scope) => scope.trim());
      if (!held.includes(emailScope))
        return {
          stopped: 'notAllowed',
          why: `the token has no ${emailScope}`,
          next: 'Nothing, unless you want it: add that scope under "OAuth & Permissions" for the time of the examination.',
        };
      return { told: [field(field(field(answer.body?.value, 'user'), 'profile'), 'email')] };
    },
  };
}
