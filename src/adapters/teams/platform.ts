// Teams as one value: its name, ids and settings, and how it is opened and checked.
import type { ChatPlatform, ChosenChat, OpenChat, OpeningParts } from '../chatPlatform.ts';
import { platformName, surface, teamsIds } from './ids.ts';
import type { TeamsService } from './open.ts';
import { readTeams, teamsNames } from './settings.ts';

export const teamsPlatform: ChatPlatform = {
  surface,
  name: platformName,
  guide: 'docs/teams-setup.md',
  ids: teamsIds,
  settings: {
    ...teamsNames,
    read(env, loopback) {
      const settings = readTeams(env, loopback);
      return settings === undefined ? undefined : teamsChat({ settings });
    },
  },
};

/** What opens Teams and what checks it is loaded where it is asked for. */
export function teamsChat(service: TeamsService): ChosenChat {
  const { settings } = service;
  return {
    platform: teamsPlatform,
    settings,
    described: platformName,
    secrets: settings.password === undefined ? [] : [settings.password],
    ...(settings.devNoAuth ? { trustsAnybody: 'LR_TEAMS_DEV_NO_AUTH' } : {}),
    async open(parts: OpeningParts): Promise<OpenChat> {
      const { openTeams } = await import('./open.ts');
      return openTeams(service, parts);
    },
    async examine(subject, caller, tell) {
      const { examineTeams } = await import('./checks.ts');
      await examineTeams({ ...subject, settings }, caller, tell);
    },
  };
}
