// What was read of a chat's own settings, as the chat that is set up keeps it.
import type { Settings } from '../../../src/adapters/config/settings.ts';
import type { SlackSettings } from '../../../src/adapters/slack/settings.ts';
import type { TeamsSettings } from '../../../src/adapters/teams/settings.ts';

type Chosen = Pick<Settings, 'chats'>;

export function slackSettings(read: Chosen): SlackSettings | undefined {
  return settingsOf(read, 'slack') as SlackSettings | undefined;
}

export function teamsSettings(read: Chosen): TeamsSettings | undefined {
  return settingsOf(read, 'teams') as TeamsSettings | undefined;
}

function settingsOf({ chats }: Chosen, surface: string): object | undefined {
  return chats.find(({ platform }) => platform.surface === surface)?.settings;
}
