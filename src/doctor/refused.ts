// Refusals by Defender, explained to the person who sets the bot up: the status and code as found, and the
// grant, switch or way to fix it.
import { readError } from '../adapters/defender/wire.ts';
import type { CallKind } from '../liveResponse/pacing/callRates.ts';
import { rights } from '../liveResponse/codes/permissions.ts';
import type { Called } from '../adapters/checks/call.ts';
import { fail, warn } from '../adapters/checks/line.ts';
import type { Line } from '../adapters/checks/line.ts';

export function notDefender(check: string, { status }: Called): Line {
  return fail(
    check,
    `the answer (${status}) is not one of Defender’s`,
    'Something between here and Defender answers in its place: look at proxies, and at DEFENDER_API_URL.',
  );
}

/** A refusal in words, by its status and code. */
export function refused(check: string, kind: CallKind, { status, body, headers }: Called): Line {
  const { apiCode, target } = readError(body?.value);
  const said = `Defender answers ${status}${apiCode === undefined ? '' : ` ${apiCode}`}${target === undefined ? '' : ` (correlation id ${target})`}`;
  const [role] = rights[kind].anyOf;
  if (status === 401)
    return fail(
      check,
      `${said}: it does not take the token`,
      'Run the doctor again; if it stays so, compare the tenant and the cloud of the settings with those of the devices.',
    );
  if (apiCode === 'DisabledFeature')
    return fail(
      check,
      `${said}: the feature is off in this tenant`,
      'Turn live response on: security.microsoft.com, Settings, Endpoints, Advanced features.',
    );
  if (status === 403)
    return fail(
      check,
      `${said}, so the bot cannot ${rights[kind].neededTo}`,
      `Grant the application permission ${role} of WindowsDefenderATP with admin consent (manifest/defender/permissions.json).`,
    );
  if (status === 429) {
    const seconds = headers.get('retry-after');
    return warn(
      check,
      `${said}: too many calls, also by others who use this app registration`,
      `Run the doctor again${seconds === undefined ? ' in a minute' : ` in ${seconds} s`}; give the bot an app registration of its own.`,
    );
  }
  if (status >= 500)
    return fail(
      check,
      `${said}: trouble on Defender’s side`,
      'Run the doctor again in a few minutes; look at the service health of the tenant, and give support the correlation id.',
    );
  return fail(
    check,
    `${said}, which was not expected here`,
    'Check DEFENDER_API_URL; give support the correlation id.',
  );
}
