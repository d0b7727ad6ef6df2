// Tenants by name: the default one, kept easy for demonstrations and slow where that is the stricter choice,
// and one as Defender makes them today.
import type { ProfileChange } from './profile.ts';

const hour = 3_600_000;

export const profileNames = ['default', 'fresh'] as const;
export type ProfileName = (typeof profileNames)[number];

/**
 * What each name changes of the default settings. `fresh` is a tenant in its first days: "Live response
 * unsigned script execution" is off until somebody turns it on (advanced-features), the limits are those of
 * the newest page (run-live-response: 50 sessions, 2 hours), and answers name the region's host, whatever
 * host was called (as recorded answers do).
 */
export const namedProfiles: Readonly<Record<ProfileName, ProfileChange>> = {
  default: {},
  fresh: {
    unsignedScripts: 'fail',
    maxSessions: 50,
    offlineQueueMs: 2 * hour,
    contextOrigin: 'https://api-us3.securitycenter.microsoft.com',
  },
};

/** The name, when it is one. */
export function profileNamed(text: string): ProfileName | undefined {
  return profileNames.find((name) => name === text);
}
