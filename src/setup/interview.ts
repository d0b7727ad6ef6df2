// The questions, in the order in which things are set up: chat, tenant, people. What was given is not asked
// for; without somebody to ask, it is left for later.
import { resolve } from 'node:path';
import { cloudNames } from '../adapters/defender/clouds.ts';
import {
  checkDeviceGroup,
  checkFile,
  checkGuid,
  checkHost,
  checkName,
  checkPersonId,
  checkPlace,
  checkSecret,
  checkSlackMember,
  secretsFor,
  whereSecrets,
  whyNoPair,
} from './answers.ts';
import type {
  teamsTypes,
  Chat,
  ChatAnswers,
  PersonAnswer,
  PolicyAnswers,
  SecretAnswer,
  SecretAnswers,
  Tenant,
  TenantAnswers,
} from './answers.ts';
import type { Asker, Question } from './asker.ts';
import type { DoctorLine } from './checking.ts';
import type { Given } from './flags.ts';
import { leftForLater } from './left.ts';

/** Looks at one step with the answers so far; only what is wrong with it. */
export type Look = (area: 'slack' | 'teams' | 'defender', parts: Parts) => Promise<readonly DoctorLine[]>;

export const simulated: TenantAnswers = { tenant: 'simulator' };

const teamsIdQuestion: Question = {
  ask: 'Application id of the bot',
  why: 'Azure portal, your Azure Bot, "Configuration", "Microsoft App ID"; in dev.teams.microsoft.com the id in the list of bots.',
};
const teamsTenantQuestion: Question = {
  ask: 'Tenant id of the bot',
  why: '"App Tenant ID" next to it; only members of this tenant may use the bot.',
};
const tenantIdQuestion: Question = {
  ask: 'Tenant id of Defender',
  why: 'entra.microsoft.com, "Overview", "Tenant ID".',
};
const clientIdQuestion = (tenant: Tenant): Question =>
  tenant === 'managed-identity'
    ? {
        ask: 'Client id of the managed identity',
        why: 'Only for a user-assigned one: Azure portal, "Managed Identities", "Client ID". Later: the machine’s own.',
      }
    : {
        ask: 'Application id for Defender',
        why: 'entra.microsoft.com, "App registrations", your app, "Application (client) ID". docs/defender-setup.md shows how to make one.',
      };
const certificateQuestion: Question = {
  ask: 'File with the certificate',
  why: 'PEM, with the certificate and its unencrypted private key, for the bot’s user alone to read.',
};

export async function askChat(given: Given, asker: Asker | undefined): Promise<ChatAnswers> {
  const chats = given.chat.chats ?? (asker === undefined ? [] : await askChats(asker));
  const teams = chats.includes('teams');
  const reached = teams || chats.includes('slack-http');
  const host =
    given.chat.host ??
    (reached
      ? await asker?.maybe(
          {
            ask: 'Public name of the bot',
            why: `Such as bot.example.com. ${teams ? 'Teams' : 'Slack'} sends to https://<this name>/${teams ? 'api/messages' : 'slack/events'}, and your proxy hands it to the bot (docs/reach.md).`,
          },
          checkHost,
        )
      : undefined);
  return {
    chats,
    ...(host === undefined ? {} : { host: host.toLowerCase() }),
    ...(teams ? await askTeams(given, asker) : {}),
  };
}

async function askChats(asker: Asker): Promise<readonly Chat[]> {
  const which = await asker.choose(
    { ask: 'Which chat?', why: 'People ask, approve and read results there.' },
    [
      { value: 'slack', label: 'Slack' },
      { value: 'teams', label: 'Microsoft Teams' },
      { value: 'both', label: 'Slack and Teams', hint: 'asked in one, approved in the other' },
      { value: 'none', label: 'None yet', hint: 'the local console, with a simulated tenant' },
    ],
    'slack',
  );
  if (which === 'none') return [];
  if (which === 'teams') return ['teams'];
  const way = await asker.choose(
    {
      ask: 'How does Slack reach the bot?',
      why: 'Socket Mode needs no inbound port and no certificate: right for most.',
    },
    [
      { value: 'slack-socket', label: 'Socket Mode', hint: 'the bot opens the connection' },
      { value: 'slack-http', label: 'HTTP', hint: 'Slack posts to a public address' },
    ],
    'slack-socket',
  );
  return which === 'both' ? [way, 'teams'] : [way];
}

async function askTeams({ chat, more }: Given, asker: Asker | undefined): Promise<Partial<ChatAnswers>> {
  const teamsType =
    chat.teamsType ??
    (await asker?.choose<(typeof teamsTypes)[number]>(
      {
        ask: 'How is the bot registered in Azure?',
        why: 'Azure portal, your Azure Bot, "Configuration", "Bot Type". None yet? docs/teams-setup.md, step 1, also without a subscription.',
      },
      [
        { value: 'SingleTenant', label: 'Single tenant', hint: 'with a client secret' },
        {
          value: 'UserAssignedMSI',
          label: 'User-assigned managed identity',
          hint: 'no secret; the bot runs on Azure',
        },
      ],
      'SingleTenant',
    )) ??
    'SingleTenant';
  const teamsId = chat.teamsId ?? (await asker?.maybe(teamsIdQuestion, checkGuid));
  const teamsTenant = chat.teamsTenant ?? (await asker?.maybe(teamsTenantQuestion, checkGuid));
  const teamsCertificate = more['MicrosoftAppCertificatePath'];
  return {
    teamsType,
    ...(teamsCertificate === undefined ? {} : { teamsCertificate }),
    ...(teamsId === undefined ? {} : { teamsId: teamsId.toLowerCase() }),
    ...(teamsTenant === undefined ? {} : { teamsTenant: teamsTenant.toLowerCase() }),
  };
}

export async function askTenant(
  given: Given,
  { chats }: ChatAnswers,
  asker: Asker | undefined,
): Promise<TenantAnswers> {
  // The local console lets one human play everybody, so nothing real stands behind it.
  const tenant: Tenant =
    given.tenant.tenant ??
    (asker === undefined || chats.length === 0
      ? 'simulator'
      : await asker.choose(
          {
            ask: 'Which Defender?',
            why: 'With the simulated tenant everything can be tried without touching a device; every card then says so.',
          },
          [
            { value: 'simulator', label: 'The simulated tenant', hint: 'to try it first' },
            { value: 'certificate', label: 'Defender, with a certificate', hint: 'better than a secret' },
            { value: 'secret', label: 'Defender, with a client secret' },
            {
              value: 'managed-identity',
              label: 'Defender, with a managed identity',
              hint: 'the bot runs on Azure',
            },
            { value: 'workload-identity', label: 'Defender, with a workload identity', hint: 'Kubernetes' },
          ],
          'simulator',
        ));
  if (tenant === 'simulator') return simulated;
  const tenantId = given.tenant.tenantId ?? (await asker?.maybe(tenantIdQuestion, checkGuid));
  const clientId = given.tenant.clientId ?? (await asker?.maybe(clientIdQuestion(tenant), checkGuid));
  const certificate =
    tenant === 'certificate'
      ? (given.tenant.certificate ?? (await asker?.maybe(certificateQuestion, checkFile)))
      : undefined;
  const cloud =
    given.tenant.cloud ??
    (await asker?.choose(
      { ask: 'Which cloud?', why: 'Regions and government clouds have hosts of their own.' },
      cloudNames.map((value) => ({
        value,
        label: value,
        ...(cloudHints[value] === undefined ? {} : { hint: cloudHints[value] }),
      })),
      'commercial',
    ));
  return {
    tenant,
    ...(tenantId === undefined ? {} : { tenantId: tenantId.toLowerCase() }),
    ...(clientId === undefined ? {} : { clientId: clientId.toLowerCase() }),
    ...(certificate === undefined ? {} : { certificate: resolve(certificate) }),
    ...(cloud === undefined ? {} : { cloud }),
  };
}

const cloudHints: Readonly<Partial<Record<(typeof cloudNames)[number], string>>> = {
  commercial: 'most tenants',
  gcc: 'US government',
  'gcc-high': 'US government',
  dod: 'US government',
};

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
    const current = parts;
    const lines = await asker.during(
      `The doctor looks at ${spoken[area]}`,
      () => look(area, current),
      (found) => summary(spoken[area], found),
    );
    const red = lines.filter(({ verdict }) => verdict === 'FAIL');
    if (red.length === 0) return parts;
    for (const { check, found, next } of red)
      asker.say(`FAIL ${check}: ${found}${next === undefined ? '' : `\n-> ${next}`}`);
    const next = await asker.choose(
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
    if (next === 'on') return parts;
    if (next === 'type') parts = await askAgain(part, parts, needed, asker);
  }
  return parts;
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

/** Whether there is enough to look at: what is left for later would only be told as missing. */
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

/**
 * Two entries that a person replaces: the policy must name somebody who asks and somebody else who approves.
 */
const later: readonly PersonAnswer[] = [
  { id: 'requester1', name: 'Requester, to be named', asks: true, approves: false },
  { id: 'approver1', name: 'Approver, to be named', asks: false, approves: true },
];

export async function askPolicy(
  given: Given,
  { chats }: ChatAnswers,
  { tenant }: TenantAnswers,
  asker: Asker | undefined,
): Promise<PolicyAnswers> {
  const people =
    given.people.length > 0 ? given.people : asker === undefined ? later : await askPeople(chats, asker);
  const places = [...given.places];
  if (places.length === 0 && asker !== undefined && chats.length > 0) {
    const place = await asker.maybe(
      {
        ask: 'Channel where approvals are asked for',
        why: `Such as ${chats.includes('teams') && chats.length === 1 ? 'teams:19:...@thread.tacv2' : 'slack:C0123456'}. "/lr whoami" typed there prints it, once the bot runs.`,
      },
      checkPlace,
    );
    if (place !== undefined) places.push(place);
  }
  const usual = tenant === 'simulator' ? 'Workstations' : 'Live response test';
  const devices =
    given.devices.length > 0
      ? given.devices
      : [
          asker === undefined || chats.length === 0
            ? usual
            : await asker.text(
                {
                  ask: 'Device group that may be reached',
                  why: 'As Defender names it. Begin with a group of one test device; more can be added in policy.yaml.',
                },
                checkDeviceGroup,
                usual,
              ),
        ];
  return { people, places, devices };
}

async function askPeople(chats: readonly Chat[], asker: Asker): Promise<readonly PersonAnswer[]> {
  asker.say(
    `People: at least one who asks, and another one who approves. Nobody approves their own request.${chats.length === 0 ? '' : '\nTheir ids in the chat can wait: "/lr whoami", typed there, prints them, and policy.yaml marks where they go.'}`,
  );
  const people: PersonAnswer[] = [];
  for (;;) {
    people.push(await askPerson(people, chats, asker));
    const wrong = whyNoPair(people);
    if (wrong !== undefined) {
      if (people.length > 1) asker.say(wrong);
      continue;
    }
    if (
      !(await asker.confirm(
        {
          ask: 'One more person?',
          why: 'More can be added in policy.yaml at any time; it counts some seconds later.',
        },
        false,
      ))
    )
      return people;
  }
}

async function askPerson(
  others: readonly PersonAnswer[],
  chats: readonly Chat[],
  asker: Asker,
): Promise<PersonAnswer> {
  const name = await asker.text(
    { ask: `Name of person ${others.length + 1}`, why: 'It stands on cards and in the journal.' },
    checkName,
  );
  const short = shortId(name);
  const usual = short !== '' && !others.some(({ id }) => id === short) ? short : `person${others.length + 1}`;
  const id = await asker.text(
    { ask: 'Short id', why: 'Roles name people by it.' },
    (text) =>
      checkPersonId(text) ??
      (others.some((one) => one.id === text.trim()) ? 'Somebody has that id already.' : undefined),
    usual,
  );
  const role = await asker.choose(
    { ask: `What may ${name} do?`, why: 'Who has both still cannot approve what they asked for themselves.' },
    [
      { value: 'asks', label: 'Ask' },
      { value: 'approves', label: 'Approve' },
      { value: 'both', label: 'Both' },
    ],
    others.some(({ asks }) => asks) ? 'approves' : 'asks',
  );
  // Nobody may be two people: they could approve their own request.
  const taken = (chat: 'slack' | 'teams', text: string): string | undefined => {
    const other = others.find((one) => one[chat]?.toLowerCase() === text.toLowerCase());
    return other === undefined ? undefined : `That is ${other.name}’s id.`;
  };
  const slack = chats.some((chat) => chat.startsWith('slack'))
    ? await asker.maybe(
        {
          ask: `Slack member id of ${name}`,
          why: 'In Slack: the profile, "...", "Copy member ID". Never a name.',
        },
        (text) => checkSlackMember(text) ?? taken('slack', text.trim()),
      )
    : undefined;
  const teams = chats.includes('teams')
    ? await asker.maybe(
        { ask: `Entra object id of ${name}`, why: 'entra.microsoft.com, "Users", the person, "Object ID".' },
        (text) => checkGuid(text) ?? taken('teams', text.trim()),
      )
    : undefined;
  return {
    id,
    name,
    asks: role !== 'approves',
    approves: role !== 'asks',
    ...(slack === undefined ? {} : { slack }),
    ...(teams === undefined ? {} : { teams }),
  };
}

/** Of the first word of a name, without its accents; empty where no letter of it is Latin. */
export function shortId(name: string): string {
  const latin = name
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase()
    .replaceAll('ß', 'ss')
    .replaceAll('ø', 'o')
    .replaceAll('ł', 'l')
    .replaceAll('æ', 'ae')
    .replaceAll('đ', 'd');
  return (latin.split(/[^a-z0-9]+/).find((word) => word !== '') ?? '').slice(0, 64);
}
