// Choice of the connection to Teams by the settings. Only that one is loaded: botbuilder alone takes half a
// second.
import type { TeamsSettings } from './settings.ts';
import type { DoorParts, TeamsDoor } from './protocol.ts';

/**
 * @throws when tokens would not be checked although the settings ask for it, or the certificate cannot be
 * read
 */
export async function openDoor(settings: TeamsSettings, parts: DoorParts): Promise<TeamsDoor> {
  if (!settings.devNoAuth && (settings.appId === undefined || settings.appId === ''))
    throw new Error('MicrosoftAppId is missing: without it messages of anybody would be taken.');
  if (settings.door === 'direct')
    return (await import('./direct/directDoor.ts')).openDirectDoor(settings, parts);
  return (await import('./botbuilder/botbuilderDoor.ts')).openBotbuilderDoor(
    settings,
    parts.authority,
    undefined,
    parts.http,
  );
}
