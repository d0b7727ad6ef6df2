// Ids of Microsoft Entra groups, as a policy writes them. Entra is not a chat: it is a directory that knows
// people by their Teams accounts, and gives them roles in every chat they write in.
import type { GroupKind } from '../chatPlatform.ts';

/** The surface by whose accounts Entra knows people. */
export const knownBy = 'teams';

/** Of people and groups. */
export const objectId = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export const entraGroups: GroupKind = {
  prefix: 'entra',
  name: 'Microsoft Entra',
  pattern: objectId,
  words: 'an Entra group as "entra:<object id>"',
  foldsCase: true,
};
