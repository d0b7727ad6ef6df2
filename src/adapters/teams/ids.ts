// Ids of Teams: accounts and places, as a policy writes them. Its people have groups in Entra, which is a
// directory of its own (adapters/entra/groupIds.ts).
import type { SurfaceIds } from '../chatPlatform.ts';
import { objectId } from '../entra/groupIds.ts';

export const surface = 'teams';
export const platformName = 'Teams';

export const teamsIds: SurfaceIds = {
  account: {
    pattern: objectId,
    most: 40,
    words: 'an Entra object id (a GUID); "whoami" prints it',
    foldsCase: true,
  },
  place: { pattern: /^[0-9]{1,3}:[\x21-\x7e]{8,200}$/, words: '"teams:19:...@thread.tacv2"' },
  notify: { pattern: objectId, words: 'a Teams member (teams:<object id>)' },
};
