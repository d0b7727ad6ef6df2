// The text of `.env`: what was answered, each with where it is from, and an empty line with the way to it for
// what was left for later.
import { parseEnv } from 'node:util';
import { secretNames } from '../adapters/config/secretFiles.ts';
import { whereSecrets, secretsFor } from './questions/answers.ts';
import type { ChatAnswers, SecretAnswers, TenantAnswers } from './questions/answers.ts';

/** By which a later run knows its own file. */
export const envHead = '# Written by the setup of live-response-bot.';

export interface EnvParts {
  readonly chat: ChatAnswers;
  readonly tenant: TenantAnswers;
  readonly secrets: SecretAnswers;
  /** Undefined where the console makes its own. */
  readonly keyFile: string | undefined;
  /** As the start finds it from its own folder. */
  readonly policyFile: string;
  readonly dataDir: string;
  /** Settings that were given in a file and belong to none of the questions. */
  readonly more: Readonly<Record<string, string>>;
}

/**
 * @throws Error when a value cannot be written so that it is read as it is; the message names the setting
 * alone
 */
export function envText(parts: EnvParts): string {
  const { chat, tenant, keyFile, policyFile, dataDir, more } = parts;
  const lines: string[] = [
    `${envHead} Every other setting is explained in .env.example; what the environment says wins.`,
    '# It may hold secrets: for the bot’s user alone to read (mode 0600), and never in version control.',
    '',
  ];
  const set = (name: string, value: string): number => lines.push(lineOf(name, value));
  set('LR_POLICY', policyFile);
  set('LR_DATA_DIR', dataDir);
  if (keyFile !== undefined) {
    lines.push(
      '',
      '# The key that proves who wrote the journal. Keep a copy of it, apart from the backups of the data folder.',
    );
    set('LR_JOURNAL_KEY_FILE', keyFile);
  }
  const needed = secretsFor(chat, tenant);
  if (chat.chats.some((one) => one.startsWith('slack'))) {
    lines.push('', '# --- Slack (docs/slack-setup.md)');
    for (const name of needed.filter((one) => one.startsWith('SLACK_')))
      lines.push(...secretLines(name, parts.secrets));
  }
  if (chat.chats.includes('teams')) {
    lines.push(
      '',
      `# --- Teams (docs/teams-setup.md); its messaging endpoint is https://${chat.host ?? '<host>'}/api/messages`,
    );
    set('MicrosoftAppType', chat.teamsType ?? 'SingleTenant');
    lines.push(
      ...(chat.teamsId === undefined
        ? ['# Azure portal, your Azure Bot, "Configuration", "Microsoft App ID".', 'MicrosoftAppId=']
        : [lineOf('MicrosoftAppId', chat.teamsId)]),
    );
    lines.push(
      ...(chat.teamsTenant === undefined
        ? ['# Azure portal, your Azure Bot, "Configuration", "App Tenant ID".', 'MicrosoftAppTenantId=']
        : [lineOf('MicrosoftAppTenantId', chat.teamsTenant)]),
    );
    for (const name of needed.filter((one) => one.startsWith('Microsoft')))
      lines.push(...secretLines(name, parts.secrets));
  }
  lines.push('', '# --- Defender (docs/defender-setup.md)');
  if (tenant.tenant === 'simulator') {
    lines.push(
      '# A simulated tenant inside the bot; every card says so. For the real one take this line out and set AZURE_TENANT_ID, AZURE_CLIENT_ID and a credential.',
    );
    set('LR_DEFENDER', 'simulator');
  } else {
    lines.push(...tenantLines(tenant, parts.secrets));
  }
  const rest = Object.entries(more);
  if (rest.length > 0) lines.push('', '# --- Given in the file of settings');
  for (const [name, value] of rest) set(name, value);
  return `${lines.join('\n')}\n`;
}

function tenantLines(tenant: TenantAnswers, secrets: SecretAnswers): readonly string[] {
  const given = (name: string, value: string | undefined, where: string): readonly string[] =>
    value === undefined ? [`# ${where}.`, `${name}=`] : [lineOf(name, value)];
  return [
    ...given('AZURE_TENANT_ID', tenant.tenantId, 'entra.microsoft.com, "Overview", "Tenant ID"'),
    ...(tenant.tenant === 'managed-identity' && tenant.clientId === undefined
      ? ['# For a user-assigned identity: its client id.', 'AZURE_CLIENT_ID=']
      : given(
          'AZURE_CLIENT_ID',
          tenant.clientId,
          'entra.microsoft.com, "App registrations", your app, "Application (client) ID"',
        )),
    ...(tenant.tenant === 'secret' ? secretLines('AZURE_CLIENT_SECRET', secrets) : []),
    ...(tenant.tenant === 'certificate'
      ? given(
          'AZURE_CLIENT_CERTIFICATE_PATH',
          tenant.certificate,
          'A PEM file with the certificate and its private key, for the bot’s user alone',
        )
      : []),
    ...(tenant.tenant === 'managed-identity' || tenant.tenant === 'workload-identity'
      ? [lineOf('DEFENDER_AUTH', tenant.tenant)]
      : []),
    ...(tenant.cloud === undefined || tenant.cloud === 'commercial'
      ? []
      : [lineOf('DEFENDER_CLOUD', tenant.cloud)]),
  ];
}

function secretLines(name: string, secrets: SecretAnswers): readonly string[] {
  const secret = secrets.get(name);
  if (secret === undefined) return [`# ${whereSecrets[name] ?? name}.`, `${name}=`];
  return ['file' in secret ? lineOf(`${name}_FILE`, secret.file) : lineOf(name, secret.value)];
}

/** NAME=value, in the quotes that it needs. */
function lineOf(name: string, value: string): string {
  const forms = /^[\w./:@%+,~-]*$/.test(value) ? [value] : [`'${value}'`, `"${value}"`, `\`${value}\``];
  const line = forms.map((form) => `${name}=${form}`).find((one) => parseEnv(one)[name] === value);
  if (line === undefined || /[\r\n]/.test(value))
    throw new Error(
      `The value of ${name} cannot be written into .env as it is. ${secretNames.some((one) => one === name) ? `Put it into a file of its own and name that by ${name}_FILE` : 'Choose one without line ends'}.`,
    );
  return line;
}

/** What a dry run does not show: a secret, or an address that may hold a password or a token. */
const hidden: readonly string[] = [
  ...secretNames,
  'LR_JOURNAL_KEY',
  'HTTPS_PROXY',
  'HTTP_PROXY',
  'LR_ANCHOR_URL',
];

/**
 * The same with every secret hidden, for a dry run: by its name, since one value may be the beginning of
 * another one.
 */
export function hiddenEnvText(text: string): string {
  return text.replace(/^(\w+)=.+$/gm, (line, name: string) =>
    hidden.includes(name) ? `${name}=[secret]` : line,
  );
}
