// Slack as one value: its name, ids, groups and settings, and how it is opened and checked.
import type { ChatPlatform, ChosenChat, OpenChat, OpeningParts } from '../chatPlatform.ts';
import type { Secret } from '../secret.ts';
import { eventsPath, platformName, slackGroups, slackIds, surface } from './ids.ts';
import type { SlackService } from './open.ts';
import { readSlack, slackNames } from './settings.ts';
import type { SlackSettings } from './settings.ts';

export const slackPlatform: ChatPlatform = {
  surface,
  name: platformName,
  guide: 'docs/slack-setup.md',
  ids: slackIds,
  groups: slackGroups,
  settings: {
    ...slackNames,
    read(env) {
      const settings = readSlack(env);
      if (settings === undefined) return undefined;
      return {
        ...slackChat(slackServiceOf(settings), settings),
        described: `${platformName} (${settings.intake.kind === 'socket' ? 'Socket Mode' : 'HTTP'})`,
        command: settings.command,
        secrets: secretsOf(settings),
      };
    },
  },
};

/** What opens and what checks Slack is loaded only when it is called: Bolt takes most of a second to load. */
export function slackChat(service: SlackService, settings: object = service): ChosenChat {
  return {
    platform: slackPlatform,
    settings,
    described: platformName,
    secrets: [],
    latePath: eventsPath,
    async open(parts: OpeningParts): Promise<OpenChat> {
      const { openSlack } = await import('./open.ts');
      return openSlack(service, parts);
    },
    async examine(subject, caller, tell) {
      const { examineSlack } = await import('./checks.ts');
      await examineSlack({ slack: service, policy: subject.policy }, caller, tell);
    },
    async emails() {
      const { slackEmails } = await import('./checks.ts');
      return slackEmails(service);
    },
  };
}

/** What the settings ask the service to open. */
export function slackServiceOf({
  botToken,
  intake,
  apiUrl,
  allowedTeams,
  deafAfterMs,
}: SlackSettings): SlackService {
  return {
    botToken: botToken.reveal(),
    allowedTeams,
    deafAfter: deafAfterMs,
    ...(intake.kind === 'socket'
      ? { appToken: intake.appToken.reveal() }
      : { signingSecret: intake.signingSecret.reveal() }),
    ...(apiUrl === undefined ? {} : { apiUrl }),
  };
}

function secretsOf({ botToken, intake }: SlackSettings): readonly Secret[] {
  return [botToken, intake.kind === 'socket' ? intake.appToken : intake.signingSecret];
}
