// The e-mail address that Slack knows for a member, for the doctor's comparison of people.
import { field } from '../../liveResponse/text/json.ts';
import { call, isAnswer } from '../checks/call.ts';
import type { EmailDirectory } from '../checks/call.ts';
import { publicApi } from './addresses.ts';
import { platformName, surface } from './ids.ts';
import type { SlackService } from './open.ts';

const emailScope = 'users:read.email';

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
