// Slack opened for the service: what its adapter is given of the store and the settings, and how its start-up
// errors become ours.
import type { OpenChat, OpeningParts } from '../chatPlatform.ts';
import { ConfigError } from '../config/environment.ts';
import { newestCard } from '../newestCard.ts';
import { proxyDispatcher } from '../outbound/proxy.ts';
import { surface } from './ids.ts';
import { startSlack } from './start.ts';
import { SlackStartError } from './startError.ts';
import type { SlackOptions } from './start.ts';

/** `timeout` is given by tests only. */
export type SlackService = Pick<
  SlackOptions,
  'botToken' | 'signingSecret' | 'appToken' | 'apiUrl' | 'allowedTeams' | 'deafAfter' | 'timeout'
>;

export async function openSlack(service: SlackService, parts: OpeningParts): Promise<OpenChat> {
  const { store, proxy, http, command, bot, clock, log, dataDir, lastKnown, onDeaf, disk } = parts;
  const slack = await asConfigError(() =>
    startSlack({
      ...service,
      command,
      bot,
      clock,
      log,
      dataDir,
      lastKnown,
      onDeaf,
      ...(disk === undefined ? {} : { disk }),
      ...(proxy === undefined
        ? {}
        : { dispatcher: proxyDispatcher(proxy), proxyFor: (hostname) => http.proxyFor(hostname) }),
      keys: store.keys(),
      // One try: the caller tries again, while everything else works.
      startPauses: [],
      newestCard: (requestId, place) => newestCard(store, surface, requestId, place)?.ref,
    }),
  );
  return { ...slack, open: () => asConfigError(() => slack.open()) };
}

/** What only another setting can cure ends the program with the exit code that says so. */
async function asConfigError<T>(start: () => Promise<T>): Promise<T> {
  try {
    return await start();
  } catch (error) {
    if (error instanceof SlackStartError && !error.transient)
      throw new ConfigError(error.message, { cause: error });
    throw error;
  }
}
