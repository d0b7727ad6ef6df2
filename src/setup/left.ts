// What is left to do, in order, each with where it is done or with the very command.
import type { ChatAnswers, SecretAnswers, TenantAnswers } from './answers.ts';
import { secretsFor, whereSecrets } from './answers.ts';
import type { DoctorLine } from './checking.ts';
import { commandFor } from './commandLine.ts';

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
  /** Undefined when it is not the folder's own, and so need not be named. */
  readonly envFile: string | undefined;
  readonly envPath: string;
  readonly policyPath: string;
  readonly slackManifest: string | undefined;
  /** The manifest still has the example's name in it. */
  readonly hostLater: boolean;
  /** Somebody’s or a channel’s id is not known yet. */
  readonly idsLater: boolean;
  /** Undefined where there is none, for want of the application id. */
  readonly teamsApp: TeamsApp | undefined;
  /** What the doctor found; none when it was not asked. */
  readonly lines: readonly DoctorLine[];
  /** It found something broken. */
  readonly red: boolean;
}

export function leftToDo(parts: LeftParts): readonly string[] {
  const { chat, tenant, secrets, envFile, envPath, policyPath, slackManifest, teamsApp, hostLater, idsLater, lines, red } = parts;
  const slack = chat.chats.some((one) => one.startsWith('slack'));
  const teams = chat.chats.includes('teams');
  const missing = secretsFor(chat, tenant).filter((name) => !secrets.has(name));
  const steps: string[] = [];
  if (slack && slackManifest !== undefined && missing.some((name) => name.startsWith('SLACK_'))) steps.push(`Make the Slack app: api.slack.com/apps, "Create New App", "From a manifest", and paste ${slackManifest}. Then "Install to Workspace".`);
  if (hostLater) steps.push(`Replace REPLACE-ME.example in ${slackManifest ?? 'the manifest'} by the public name of the bot.`);
  for (const name of missing) steps.push(`Put ${name} into ${envPath}: ${whereSecrets[name] ?? ''}.`);
  if (teams && chat.teamsId === undefined) steps.push(`Register the bot in Azure (docs/teams-setup.md, step 1), and put MicrosoftAppId and MicrosoftAppTenantId into ${envPath}.`);
  if (tenant.tenant !== 'simulator') {
    if (tenant.tenantId === undefined || (tenant.clientId === undefined && tenant.tenant !== 'managed-identity')) steps.push(`Register an app for Defender (docs/defender-setup.md, steps 1 to 3), and put AZURE_TENANT_ID and AZURE_CLIENT_ID into ${envPath}.`);
    if (tenant.tenant === 'certificate' && tenant.certificate === undefined) steps.push(`Put AZURE_CLIENT_CERTIFICATE_PATH into ${envPath}: a PEM file with the certificate and its key.`);
  }
  if (red) steps.push(`Fix what the doctor calls FAIL, and ask it again: ${commandFor('doctor', envFile)}`);
  const isOk = (check: string): boolean => lines.some((line) => line.check === check && line.verdict === 'ok') && !lines.some((line) => line.check === check && line.verdict !== 'ok');
  if (tenant.tenant !== 'simulator') {
    // Always: a probe for a device that does not exist may be answered "not found" before the switch is looked at.
    steps.push('Make sure that live response is on: security.microsoft.com, Settings, Endpoints, Advanced features.');
    if (!isOk('defender.scripts')) steps.push(`Put the scripts into Defender’s library: ${commandFor('library', envFile, 'push')} (docs/library.md).`);
  }
  steps.push(`Start the bot: ${commandFor('start', envFile)}`);
  if (chat.chats.includes('slack-http')) steps.push('Once it runs: api.slack.com/apps, your app, "Event Subscriptions", have the address verified again.');
  if (teams) {
    steps.push(`Set the messaging endpoint of the bot’s registration to https://${chat.host ?? '<public name>'}/api/messages.`);
    const make = envFile === undefined ? commandFor('teams-package', undefined) : commandFor('teams-package', undefined, `--env ${envPath}`);
    if (teamsApp?.fits === true) steps.push(`Upload ${teamsApp.path} to Teams: Apps, "Manage your apps", "Upload an app". Add it to a team and to yourself.`);
    else if (teamsApp !== undefined) steps.push(`${teamsApp.path} is not of this application. Make one that is, and upload it to Teams: ${make}`);
    else steps.push(`Make the Teams app, once MicrosoftAppId is set, and upload it to Teams: ${make}`);
  }
  if (slack) steps.push('In the Slack channel: /invite @live-response');
  if (idsLater && (slack || teams)) steps.push(`Type "${slack ? '/lr whoami' : 'lr whoami'}" in the chat, you and a colleague, and put what it prints where ${policyPath} says "LATER:". Some seconds later it counts.`);
  if (chat.chats.length === 0) steps.push('Open http://127.0.0.1:3978/, ask as one person and approve as another.');
  else steps.push(`Ask for the first dump: ${slack ? '/lr' : 'lr'} dump ${tenant.tenant === 'simulator' ? 'hosta OfficeClickToRun' : '<test device> notepad'}; a colleague presses Approve.`);
  if (tenant.tenant !== 'simulator') steps.push(`Measure the first dump in your tenant: ${commandFor('acceptance', envFile, '--device <test device> --watch')}`);
  return steps;
}
