// How a policy writes the accounts and places of the local console.
import type { SurfaceIds } from '../chatPlatform.ts';

export const surface = 'console';

/** Ids of people, and of the console's accounts and places. */
export const simpleId = /^[a-z0-9][a-z0-9._-]{0,63}$/;
export const simpleWords = 'small letters, digits, ".", "-" and "_"';

export const consoleIds: SurfaceIds = {
  account: { pattern: simpleId, most: 64, words: simpleWords },
  place: { pattern: simpleId, words: 'console:incidents' },
  notify: { pattern: simpleId, words: 'console:<name>' },
};
