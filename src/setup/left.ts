// Steps that are left to do, in order, each with where it is done or with the very command.
import type { ChatAnswers, SecretAnswers, TenantAnswers } from './questions/answers.ts';
import { secretsFor, whereSecrets } from './questions/answers.ts';
import type { DoctorLine } from './otherPrograms.ts';
import { shellWord } from '../adapters/ownCommands.ts';
import { commandFor } from './otherPrograms.ts';
import type { Step } from './layout.ts';

/** The app package for Teams that lies in the folder. */
export interface TeamsApp {
  readonly path: string;
  /** Whether it is of this bot's application. */
  readonly fits: boolean;
}

export interface LeftParts {
  readonly chat: ChatAnswers;
  readonly tenant: TenantAnswers;
  readonly secrets: SecretAnswers;
  /** Undefined when it is the one of the folder that the commands are typed in, and so need not be named. */
  readonly envFile: string | undefined;
  /** As they are shown. */
  readonly envPath: string;
  readonly policyPath: string;
  readonly slackManifest: string | undefined;
  /** Undefined where there is none, because the application id is missing. */
  readonly teamsApp: TeamsApp | undefined;
  /** The manifest still has the example's name in it. */
  readonly hostLater: boolean;
  /** Somebody’s or a channel’s id is not known yet. */
  readonly idsLater: boolean;
  /** What the doctor found; none when it was not asked. */
  readonly lines: readonly DoctorLine[];
  /** It found something broken. */
  readonly red: boolean;
}

export function leftToDo(parts: LeftParts): readonly Step[] {
  const { chat, tenant, envFile, policyPath, idsLater, red } = parts;
  const slack = chat.chats.some((one) => one.startsWith('slack'));
  const teams = chat.chats.includes('teams');
  const real = tenant.tenant !== 'simulator';
  const steps: Step[] = [
    ...(slack ? slackFirst(parts) : []),
    ...(teams ? teamsFirst(parts) : []),
    ...(real ? defenderFirst(parts) : []),
  ];
  if (red)
    steps.push({
      say: 'Fix what the doctor calls FAIL, and ask it again:',
      run: commandFor('doctor', envFile),
    });
  // What was empty it has not looked at: it took the bot for one without that chat, or on a simulated tenant.
  else if (leftForLater(parts).length > 0)
    steps.push({ say: 'Once all of that is filled in, ask the doctor:', run: commandFor('doctor', envFile) });
  if (real) steps.push(...defenderLater(parts));
  steps.push({ say: 'Start the bot:', run: commandFor('start', envFile) });
  if (chat.chats.some((one) => one !== 'slack-socket'))
    steps.push({
      say: `Put a proxy with TLS in front, which passes what comes for https://${chat.host ?? '<public name>'} on to the bot (docs/reach.md).`,
    });
  if (chat.chats.includes('slack-http'))
    steps.push({
      say: 'Once it runs: api.slack.com/apps, your app, "Event Subscriptions", have the address verified again.',
    });
  if (teams) steps.push(...teamsLater(parts));
  if (slack) steps.push({ say: 'In the Slack channel:', run: '/invite @live-response' });
  const whoami = [
    ...(slack ? ['"/lr whoami" in Slack'] : []),
    ...(teams ? ['"lr whoami" in Teams'] : []),
  ].join(' and ');
  if (idsLater && (slack || teams))
    steps.push({
      say: `Type ${whoami}, you and a colleague, and put what it prints where ${policyPath} says "LATER:". It counts some seconds later.`,
    });
  if (chat.chats.length === 0)
    steps.push({ say: 'Open http://127.0.0.1:3978/, ask as one person and approve as another.' });
  else
    steps.push({
      say: `${real ? 'Start Notepad on the test device, ask' : 'Ask'} for the first dump, and have a colleague press Approve:`,
      run: `${slack ? '/lr' : 'lr'} dump ${real ? '<test device> notepad' : 'hosta OfficeClickToRun'}`,
    });
  if (real)
    steps.push({
      say: 'Measure it once on a test device of your tenant:',
      run: commandFor('acceptance', envFile, '--device <test device> --watch'),
    });
  if (real)
    steps.push({
      say: 'Keep it running as a service (docs/systemd.md) or in a container (docs/containers.md), and keep it well (docs/operate.md).',
    });
  return steps;
}

/** Settings of what was chosen that are still empty; the bot does not do yet what was asked for. */
export function leftForLater({
  chat,
  tenant,
  secrets,
}: Pick<LeftParts, 'chat' | 'tenant' | 'secrets'>): readonly string[] {
  const secretNames = secretsFor(chat, tenant).filter((name) => !secrets.has(name));
  const teams = chat.chats.includes('teams')
    ? idsLeft({ MicrosoftAppId: chat.teamsId, MicrosoftAppTenantId: chat.teamsTenant })
    : [];
  return [
    ...secretNames,
    ...teams,
    ...(tenant.tenant === 'simulator'
      ? []
      : [...defenderIds(tenant), ...(lacksCertificate(tenant) ? ['AZURE_CLIENT_CERTIFICATE_PATH'] : [])]),
  ];
}

const idsLeft = (ids: Readonly<Record<string, string | undefined>>): readonly string[] =>
  Object.keys(ids).filter((name) => ids[name] === undefined);

/** A managed identity of the machine itself has no id of its own. */
const defenderIds = ({ tenant, tenantId, clientId }: TenantAnswers): readonly string[] =>
  idsLeft({
    AZURE_TENANT_ID: tenantId,
    ...(tenant === 'managed-identity' ? {} : { AZURE_CLIENT_ID: clientId }),
  });

const lacksCertificate = ({ tenant, certificate }: TenantAnswers): boolean =>
  tenant === 'certificate' && certificate === undefined;

function missing({ chat, tenant, secrets, envPath }: LeftParts, beginning: string): readonly Step[] {
  return secretsFor(chat, tenant)
    .filter((name) => name.startsWith(beginning) && !secrets.has(name))
    .map((name) => ({ say: `Put ${name} into ${envPath}: ${whereSecrets[name] ?? ''}.` }));
}

function slackFirst(parts: LeftParts): readonly Step[] {
  const { slackManifest, hostLater } = parts;
  const secrets = missing(parts, 'SLACK_');
  const replace: readonly Step[] = hostLater
    ? [
        {
          say: `Replace REPLACE-ME.example in ${slackManifest ?? 'the manifest'} by the public name of the bot.`,
        },
      ]
    : [];
  const make: readonly Step[] =
    slackManifest !== undefined && secrets.length > 0
      ? [
          {
            say: `Make the Slack app: api.slack.com/apps, "Create New App", "From a manifest", paste what is in ${slackManifest}, "Install to Workspace".`,
          },
        ]
      : [];
  return [...replace, ...make, ...secrets];
}

function teamsFirst(parts: LeftParts): readonly Step[] {
  const { chat, envPath } = parts;
  const names = idsLeft({ MicrosoftAppId: chat.teamsId, MicrosoftAppTenantId: chat.teamsTenant });
  const register: readonly Step[] =
    names.length === 0
      ? []
      : [
          {
            say: `Register the bot in Azure (docs/teams-setup.md, step 1), and put ${names.join(' and ')} into ${envPath}.`,
          },
        ];
  return [...register, ...missing(parts, 'Microsoft')];
}

function teamsLater({ chat, envFile, envPath, teamsApp }: LeftParts): readonly Step[] {
  const make =
    envFile === undefined
      ? commandFor('teams-package', undefined)
      : commandFor('teams-package', undefined, `--env ${shellWord(envPath)}`);
  const app: Step =
    teamsApp?.fits === true
      ? {
          say: `Upload ${teamsApp.path} to Teams: Apps, "Manage your apps", "Upload an app". Add it to a team and to yourself.`,
        }
      : teamsApp === undefined
        ? { say: 'Make the Teams app, once MicrosoftAppId is set, and upload it to Teams:', run: make }
        : {
            say: `${teamsApp.path} is not of this application. Make one that is, and upload it to Teams:`,
            run: make,
          };
  return [
    {
      say: `In the bot’s registration, set the messaging endpoint to https://${chat.host ?? '<public name>'}/api/messages`,
    },
    app,
  ];
}

function defenderFirst(parts: LeftParts): readonly Step[] {
  const { tenant, envPath } = parts;
  const names = defenderIds(tenant);
  const register: readonly Step[] =
    names.length === 0
      ? []
      : [
          {
            say: `Register an app for Defender (docs/defender-setup.md, steps 1 to 3), and put ${names.join(' and ')} into ${envPath}.`,
          },
        ];
  const certificate: readonly Step[] = lacksCertificate(tenant)
    ? [
        {
          say: `Put AZURE_CLIENT_CERTIFICATE_PATH into ${envPath}: a PEM file with the certificate and its key.`,
        },
      ]
    : [];
  return [...register, ...certificate, ...missing(parts, 'AZURE_')];
}

function defenderLater(parts: LeftParts): readonly Step[] {
  const { envFile, lines } = parts;
  const scripts = lines.filter(({ check }) => check === 'defender.scripts');
  // With anything left empty the doctor may have looked at a simulated tenant's library, in which the scripts
  // always are.
  const inPlace =
    leftForLater(parts).length === 0 &&
    scripts.length > 0 &&
    scripts.every(({ verdict }) => verdict === 'ok');
  return [
    // Always: a probe for a device that does not exist may be answered "not found" before the switch is
    // looked at.
    {
      say: 'Make sure that live response is on: security.microsoft.com, Settings, Endpoints, Advanced features.',
    },
    ...(inPlace
      ? []
      : [
          {
            say: 'Put the scripts into Defender’s library (docs/library.md):',
            run: commandFor('library', envFile, 'push'),
          },
        ]),
  ];
}
