// What a reader fills in, where the guide leaves a gap: the stand-ins' own tokens and ids. A gap that is not
// listed here fails the run, so that a guide cannot ask for something of which nobody thought.
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { incidents } from '../support/slack/slackTestApp.ts';
import { people } from './cloud.ts';
import type { Cloud } from './cloud.ts';

export class NoStandIn extends Error {}

/** Values by setting, for `NAME=...` and `NAME=<...>`. */
export function valuesFor(cloud: Pick<Cloud, 'slack'>, folder: string): Readonly<Record<string, string>> {
  const key = join(folder, 'journal.key');
  writeFileSync(key, `${randomBytes(32).toString('base64')}\n`, { mode: 0o600 });
  return {
    SLACK_BOT_TOKEN: cloud.slack.tokens.bot,
    SLACK_APP_TOKEN: cloud.slack.tokens.app,
    SLACK_SIGNING_SECRET: cloud.slack.tokens.signingSecret,
    AZURE_TENANT_ID: people.tenant,
    AZURE_CLIENT_ID: people.defenderApp,
    AZURE_CLIENT_SECRET: people.secret,
    LR_JOURNAL_KEY_FILE: key,
    MicrosoftAppId: people.teamsApp,
    MicrosoftAppPassword: people.secret,
    MicrosoftAppTenantId: people.tenant,
    LIBRARY_CLIENT_ID: '77777777-7777-4888-8999-aaaaaaaaaaaa',
    LIBRARY_CLIENT_SECRET: people.secret,
  };
}

/** Words in a command that stand for the reader's own. */
const words: readonly (readonly [RegExp, string])[] = [
  [/<test device>/g, 'hosta'],
  [/--device (?:NAME|TESTPC)\b/g, '--device hosta'],
  [/<(?:your )?host>/g, 'bot.example.com'],
  // Ids of people and of a channel, where the reader has those of the own workspace.
  [/\bU0123ABCD\b/g, 'U0RILEY1'],
  [/\bU0456EFGH\b/g, 'U0AVERY1'],
  [/\bC0123456\b/g, incidents],
  // The data folder of the systemd unit.
  [/\/var\/lib\/live-response-bot\/data\b/g, './data'],
];

/** A gap that a reader fills in. */
const gap = /^(?:\.\.\.|…|<[^>]*>|REPLACE-ME.*)$/;

export function filled(name: string, value: string, values: Readonly<Record<string, string>>): string {
  const bare = value.replace(/^"(.*)"$/s, '$1');
  if (!gap.test(bare)) return bare;
  const found = values[name];
  if (found === undefined) throw new NoStandIn(`nobody plays what "${name}=${value}" leaves open`);
  return found;
}

/**
 * A command as its reader would type it.
 * @param ports those of this run in place of the default ones
 * @param variables of the terminal, each of which fills the gap of its name
 */
export function typed(
  command: string,
  values: Readonly<Record<string, string>>,
  ports: Readonly<Record<string, string>>,
  variables: ReadonlySet<string> = new Set(),
): string {
  let text = command.replace(
    /\b([A-Za-z_]\w*)=(\.\.\.|…|<[^>]*>)/g,
    (_all, name: string, value: string) => `${name}=${filled(name, value, values)}`,
  );
  for (const name of variables) text = text.replaceAll(`<${name}>`, `"$${name}"`);
  for (const [pattern, value] of words) text = text.replace(pattern, value);
  for (const [port, own] of Object.entries(ports))
    text = text.replace(new RegExp(`(?<=[:= ])${port}\\b`, 'g'), own);
  const left = /<[a-z][^<>|&;]*>|(?<=\s)(?:\.\.\.|…)(?=\s|$)/i.exec(text.replace(/<<-?\s*['"]?\w+/g, ''));
  if (left !== null) throw new NoStandIn(`nobody plays what "${left[0]}" leaves open`);
  return text;
}
