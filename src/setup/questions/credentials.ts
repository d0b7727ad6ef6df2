// Credentials of each part: the secrets that were not given are asked for, and the doctor looks at the part
// at once, so that what the platform refuses can be typed again.
import { resolve } from 'node:path';
import { checkFile, checkGuid, checkSecret, secretsFor, whereSecrets } from './answers.ts';
import type { ChatAnswers, SecretAnswer, SecretAnswers, TenantAnswers } from './answers.ts';
import type { Asker, Question } from './asker.ts';
import {
  certificateQuestion,
  clientIdQuestion,
  simulated,
  teamsIdQuestion,
  teamsTenantQuestion,
  tenantIdQuestion,
} from './interview.ts';
import { leftForLater } from '../left.ts';
import type { DoctorLine } from '../otherPrograms.ts';

/** Looks at one step with the answers so far; only what is wrong with it. */
export type Look = (area: 'slack' | 'teams' | 'defender', parts: Parts) => Promise<readonly DoctorLine[]>;

const areas = { SLACK: 'slack', Microsoft: 'teams', AZURE: 'defender' } as const;
const spoken = { slack: 'Slack', teams: 'Teams', defender: 'Defender' } as const;

/** What is known so far. */
export interface Parts {
  readonly chat: ChatAnswers;
  readonly tenant: TenantAnswers;
  readonly secrets: SecretAnswers;
}

/**
 * Asks for the secrets of one part that were not given, and has the part looked at; what is refused can be
 * typed again, ids included.
 */
export async function askCredential(
  part: keyof typeof areas,
  known: Parts,
  asker: Asker | undefined,
  look: Look | undefined,
): Promise<Parts> {
  if (asker === undefined || !isWanted(part, known)) return known;
  const needed = secretsFor(known.chat, known.tenant).filter((name) => name.startsWith(part));
  const area = areas[part];
  // Without its registration nobody has its secret.
  if (part === 'Microsoft' && known.chat.teamsId === undefined) return known;
  if (part === 'AZURE' && known.tenant.clientId === undefined && known.tenant.tenant !== 'managed-identity')
    return known;
  let parts = {
    ...known,
    secrets: await askSecrets(
      needed.filter((name) => !known.secrets.has(name)),
      known.secrets,
      asker,
    ),
  };
  while (look !== undefined && isComplete(part, parts, needed)) {
    const next = await lookAt(area, parts, asker, look);
    if (next === 'on') return parts;
    if (next === 'type') parts = await askAgain(part, parts, needed, asker);
  }
  return parts;
}

/** Has one part looked at, and asks what to do about what is wrong with it; `on` where nothing is. */
async function lookAt(
  area: (typeof areas)[keyof typeof areas],
  parts: Parts,
  asker: Asker,
  look: Look,
): Promise<'type' | 'look' | 'on'> {
  const lines = await asker.during(
    `The doctor looks at ${spoken[area]}`,
    () => look(area, parts),
    (found) => summary(spoken[area], found),
  );
  const red = lines.filter(({ verdict }) => verdict === 'FAIL');
  if (red.length === 0) return 'on';
  for (const { check, found, next } of red)
    asker.say(`FAIL ${check}: ${found}${next === undefined ? '' : `\n-> ${next}`}`);
  return asker.choose<'type' | 'look' | 'on'>(
    {
      ask: 'What next?',
      why: 'What stays as it is can be corrected later; the doctor says it again at the end.',
    },
    [
      { value: 'type', label: 'Type it again' },
      { value: 'look', label: 'Look again', hint: 'I have changed something elsewhere' },
      { value: 'on', label: 'Go on' },
    ],
    red.some(
      ({ check, found }) => check === `${area}.token` && !/cannot be reached|no token from/.test(found),
    )
      ? 'type'
      : 'look',
  );
}

function summary(name: string, lines: readonly DoctorLine[]): string {
  const count = (verdict: DoctorLine['verdict']): number =>
    lines.filter((line) => line.verdict === verdict).length;
  return count('FAIL') === 0 ? `${name}: ${count('ok')} checks ok.` : `${name}: ${count('FAIL')} to fix.`;
}

function isWanted(part: keyof typeof areas, { chat, tenant }: Parts): boolean {
  if (part === 'AZURE') return tenant.tenant !== 'simulator';
  return chat.chats.some((one) => one.startsWith(areas[part]));
}

/** Whether there is enough to look at: what is left for later would only be reported as missing. */
function isComplete(
  part: keyof typeof areas,
  { chat, tenant, secrets }: Parts,
  needed: readonly string[],
): boolean {
  if (needed.some((name) => !secrets.has(name))) return false;
  if (part === 'SLACK') return true;
  if (part === 'Microsoft') return chat.teamsId !== undefined && chat.teamsTenant !== undefined;
  // Without its chat the doctor refuses the settings and does not look at Defender at all.
  if (leftForLater({ chat, tenant: simulated, secrets }).length > 0) return false;
  if (tenant.tenantId === undefined || (tenant.tenant === 'certificate' && tenant.certificate === undefined))
    return false;
  return tenant.tenant === 'managed-identity' || tenant.clientId !== undefined;
}

async function askSecrets(
  names: readonly string[],
  known: SecretAnswers,
  asker: Asker,
  kept = false,
): Promise<SecretAnswers> {
  const secrets = new Map<string, SecretAnswer>(known);
  for (const name of names) {
    const value = await asker.secret(
      { ask: name, why: `${whereSecrets[name] ?? ''}. It is not shown.` },
      checkSecret(name),
      kept,
    );
    if (value !== undefined) secrets.set(name, { value });
  }
  return secrets;
}

/**
 * Everything of one part once more, with what was answered as the default: a wrong id is refused in the same
 * words as a wrong secret.
 */
async function askAgain(
  part: keyof typeof areas,
  { chat, tenant, secrets }: Parts,
  needed: readonly string[],
  asker: Asker,
): Promise<Parts> {
  const id = async (question: Question, was: string | undefined): Promise<string> =>
    (await asker.text(question, checkGuid, was)).toLowerCase();
  const again = { chat, tenant };
  if (part === 'Microsoft')
    again.chat = {
      ...chat,
      teamsId: await id(teamsIdQuestion, chat.teamsId),
      teamsTenant: await id(teamsTenantQuestion, chat.teamsTenant),
    };
  if (part === 'AZURE') {
    const tenantId = await id(tenantIdQuestion, tenant.tenantId);
    const clientId =
      tenant.clientId === undefined
        ? {}
        : { clientId: await id(clientIdQuestion(tenant.tenant), tenant.clientId) };
    const certificate =
      tenant.certificate === undefined
        ? {}
        : { certificate: resolve(await asker.text(certificateQuestion, checkFile, tenant.certificate)) };
    again.tenant = { ...tenant, tenantId, ...clientId, ...certificate };
  }
  return { ...again, secrets: await askSecrets(needed, secrets, asker, true) };
}
