// Slack for the service: what its adapter is told of the store and the settings, and how its start-up errors
// become ours.
import { eventsPath } from './inbound/guard.ts';
import { startSlack } from './start.ts';
import { SlackStartError } from './startError.ts';
import type { Slack, SlackOptions } from './start.ts';
import type { Store } from '../store/journal/requestStore.ts';
import { ConfigError } from '../config/configError.ts';

/** `timeout` is given by tests only. */
export type SlackService = Pick<
  SlackOptions,
  'botToken' | 'signingSecret' | 'appToken' | 'apiUrl' | 'allowedTeams' | 'deafAfter' | 'timeout'
>;

/** Where its deliveries come in. */
export const slackPath = eventsPath;

export async function openSlack(
  settings: SlackService,
  store: Store,
  rest: Pick<
    SlackOptions,
    | 'command'
    | 'bot'
    | 'clock'
    | 'log'
    | 'dataDir'
    | 'disk'
    | 'lastKnown'
    | 'onDeaf'
    | 'dispatcher'
    | 'proxyFor'
  >,
): Promise<Slack> {
  const slack = await told(() =>
    startSlack({
      ...settings,
      ...rest,
      keys: store.keys(),
      // One try: whoever opens it tries again, while everything else works.
      startPauses: [],
      newestCard: (requestId, place) =>
        store
          .get(requestId)
          ?.cards.findLast(
            (card) =>
              card.surface === 'slack' &&
              card.place === place &&
              (card.ref !== undefined || card.dead === undefined),
          )?.ref,
    }),
  );
  return { ...slack, open: () => told(() => slack.open()) };
}

/** What only another setting can mend ends the program with the exit code that says so. */
async function told<T>(start: () => Promise<T>): Promise<T> {
  try {
    return await start();
  } catch (error) {
    if (error instanceof SlackStartError && !error.transient)
      throw new ConfigError(error.message, { cause: error });
    throw error;
  }
}
