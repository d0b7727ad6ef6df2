// The groups of all platforms as one: each is asked of the platform whose prefix it has.
import { within } from '../adapters/clock.ts';
import type { Groups } from '../bot/ports.ts';
import type { Clock } from '../liveResponse/ports.ts';
import { splitSurfaceKey } from '../liveResponse/request/surfaceKey.ts';

/** A platform that knows groups: by the prefix that the policy names them with, and as people know it. */
export interface Directory {
  readonly prefix: string;
  readonly name: string;
  readonly groups: Groups;
}

/** A group of no platform that is set up is refused, which fails closed. */
export function combineGroups(directories: readonly Directory[], clock: Clock): Groups {
  const directoryOf = (group: string): Directory | undefined =>
    directories.find(({ prefix }) => prefix === splitSurfaceKey(group)[0]);
  return {
    includes(group, person, fresh, ms) {
      const reader = directoryOf(group)?.groups;
      if (reader === undefined)
        return Promise.reject(new Error(`nothing is connected that could read the group ${group}`));
      const answer = reader.includes(group, person, fresh);
      return ms === undefined ? answer : within(clock, ms, group, answer);
    },
    platformOf: (group) => directoryOf(group)?.name,
  };
}
