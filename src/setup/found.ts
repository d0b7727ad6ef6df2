// Answers that an existing `.env` holds about chat and tenant, so that a second run continues from it instead
// of asking again.
import { secretNames, smallFile } from '../adapters/config/secretFiles.ts';
import { mostBytes, readDotEnv, settingsIn, settingsText } from '../adapters/config/dotEnv.ts';
import { teamsTypes } from './questions/answers.ts';
import type { Chat, ChatAnswers, SecretAnswer, SecretAnswers, TenantAnswers } from './questions/answers.ts';
import { envHead } from './envText.ts';
import { NotWritten } from './writing.ts';

export interface Found {
  readonly chat: ChatAnswers;
  readonly tenant: TenantAnswers;
  /** Those that are set, so that the assistant can name what is missing. */
  readonly secrets: SecretAnswers;
  readonly keyFile: string | undefined;
}

/**
 * @param file a `.env` that is there @throws NotWritten when it cannot be read: no answer could get into it
 */
export function foundIn(file: string): Found {
  const variables: Record<string, string | undefined> = { LR_ENV_FILE: file };
  const { said, wrong = '' } = readDotEnv(variables);
  if (said === undefined)
    throw new NotWritten(
      `${wrong.replace(/ [^.]*LR_ENV_FILE.*$/, '')} Nothing is written over it: move it away, or name another folder with --folder.`,
    );
  const text = (name: string): string | undefined => variables[name]?.trim();
  // A line that the assistant left empty tells what was chosen; in a copy of .env.example every line is
  // there.
  const read = smallFile(file, mostBytes);
  const content = 'wrong' in read ? '' : (settingsText(read.bytes) ?? '');
  const named = content.startsWith(envHead) ? Object.keys(settingsIn(content).set) : [];
  const has = (...names: readonly string[]): boolean =>
    names.some(
      (name) => (text(name) ?? '') !== '' || (text(`${name}_FILE`) ?? '') !== '' || named.includes(name),
    );
  const chats: Chat[] = [];
  if (has('SLACK_APP_TOKEN')) chats.push('slack-socket');
  else if (has('SLACK_BOT_TOKEN', 'SLACK_SIGNING_SECRET')) chats.push('slack-http');
  if (has('MicrosoftAppId', 'MicrosoftAppType')) chats.push('teams');
  const secrets = new Map<string, SecretAnswer>();
  for (const name of secretNames) {
    const path = text(`${name}_FILE`);
    const value = text(name);
    if (path !== undefined && path !== '') secrets.set(name, { file: path });
    else if (value !== undefined && value !== '') secrets.set(name, { value });
  }
  const fields = (names: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
    Object.fromEntries(
      Object.entries(names).flatMap(([field, name]) =>
        text(name) === undefined ? [] : [[field, text(name) ?? '']],
      ),
    );
  // No setting holds it: the head of a part does, for people and for this.
  const host = content.startsWith(envHead)
    ? /^# .* messaging endpoint is https:\/\/([a-z0-9.-]+)\/api\/messages$/m.exec(content)?.[1]
    : undefined;
  const teamsType = teamsTypes.find((type) => type === text('MicrosoftAppType'));
  return {
    chat: {
      chats,
      ...fields({
        teamsId: 'MicrosoftAppId',
        teamsTenant: 'MicrosoftAppTenantId',
        teamsCertificate: 'MicrosoftAppCertificatePath',
      }),
      ...(teamsType === undefined ? {} : { teamsType }),
      ...(host === undefined ? {} : { host }),
    },
    tenant: {
      tenant: tenantOf(text, has),
      ...fields({
        tenantId: 'AZURE_TENANT_ID',
        clientId: 'AZURE_CLIENT_ID',
        certificate: 'AZURE_CLIENT_CERTIFICATE_PATH',
      }),
    },
    secrets,
    keyFile: text('LR_JOURNAL_KEY_FILE') === '' ? undefined : text('LR_JOURNAL_KEY_FILE'),
  };
}

function tenantOf(
  text: (name: string) => string | undefined,
  has: (...names: readonly string[]) => boolean,
): TenantAnswers['tenant'] {
  if (text('LR_DEFENDER') === 'simulator' || !has('AZURE_TENANT_ID')) return 'simulator';
  const auth = text('DEFENDER_AUTH');
  if (auth === 'managed-identity' || auth === 'workload-identity') return auth;
  return has('AZURE_CLIENT_CERTIFICATE_PATH') ? 'certificate' : 'secret';
}
