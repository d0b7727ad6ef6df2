// Questions of the assistant, in the order in which things are set up: chat, tenant, people. What was given
// is not asked for; where nobody can be asked, it is left for later.
import { resolve } from 'node:path';
import { cloudNames } from '../../adapters/defender/clouds.ts';
import {
  checkDeviceGroup,
  checkFile,
  checkGuid,
  checkHost,
  checkName,
  checkPersonId,
  checkPlace,
  checkSlackMember,
  whyNoPair,
} from './answers.ts';
import type {
  teamsTypes,
  Chat,
  ChatAnswers,
  PersonAnswer,
  PolicyAnswers,
  Tenant,
  TenantAnswers,
} from './answers.ts';
import type { Asker, Question } from './asker.ts';
import type { Given } from './flags.ts';

export const simulated: TenantAnswers = { tenant: 'simulator' };

export const teamsIdQuestion: Question = {
  ask: 'Application id of the bot',
  why: 'Azure portal, your Azure Bot, "Configuration", "Microsoft App ID"; in dev.teams.microsoft.com the id in the list of bots.',
};
export const teamsTenantQuestion: Question = {
  ask: 'Tenant id of the bot',
  why: '"App Tenant ID" next to it; only members of this tenant may use the bot.',
};
export const tenantIdQuestion: Question = {
  ask: 'Tenant id of Defender',
  why: 'entra.microsoft.com, "Overview", "Tenant ID".',
};
export const clientIdQuestion = (tenant: Tenant): Question =>
  tenant === 'managed-identity'
    ? {
        ask: 'Client id of the managed identity',
        why: 'Only for a user-assigned one: Azure portal, "Managed Identities", "Client ID". Later: the machine’s own.',
      }
    : {
        ask: 'Application id for Defender',
        why: 'entra.microsoft.com, "App registrations", your app, "Application (client) ID". docs/defender-setup.md shows how to make one.',
      };
export const certificateQuestion: Question = {
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
  // The local console lets one human play everybody, so nothing real is behind it.
  const tenant: Tenant =
    given.tenant.tenant ??
    (asker === undefined || chats.length === 0 ? 'simulator' : await chooseTenant(asker));
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

function chooseTenant(asker: Asker): Promise<Tenant> {
  return asker.choose<Tenant>(
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
  );
}

const cloudHints: Readonly<Partial<Record<(typeof cloudNames)[number], string>>> = {
  commercial: 'most tenants',
  gcc: 'US government',
  'gcc-high': 'US government',
  dod: 'US government',
};

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
