// Teams opened for the service: what its adapter is given of the store and the settings.
import type { OpenChat, OpeningParts } from '../chatPlatform.ts';
import { newestCard } from '../newestCard.ts';
import { surface } from './ids.ts';
import { startTeams } from './teams.ts';
import type { TeamsOptions } from './teams.ts';

/** Beside the settings only tests give anything. */
export type TeamsService = Pick<
  TeamsOptions,
  'settings' | 'authority' | 'origins' | 'serviceUrl' | 'pressLimit' | 'timeout'
> &
  Partial<Pick<TeamsOptions, 'jitter'>>;

export async function openTeams(service: TeamsService, parts: OpeningParts): Promise<OpenChat> {
  const { store, http, command, bot, clock, log, dataDir, lastKnown, disk } = parts;
  const teams = await startTeams({
    ...service,
    folder: dataDir,
    http,
    keys: store.keys(),
    unkeyedFiles: store.tookOver(),
    ...(disk === undefined ? {} : { disk }),
    lastKnown,
    newestIntent: (requestId, place) => newestCard(store, surface, requestId, place)?.intent,
    log,
    command,
    clock,
    jitter: service.jitter ?? (() => Math.random()),
  });
  return {
    chat: teams.chat,
    keepers: teams.keepers,
    mount(app) {
      teams.mount(app, bot());
    },
    open: (url) => teams.selfTest(url),
    checks: () => teams.checks(),
    // What is under way ends with the server, which stops first.
    drain: () => Promise.resolve(),
    stop: () => teams.stop(),
  };
}
