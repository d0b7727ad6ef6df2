// Slack for the service: what its adapter is told of the store and the settings, and how its start-up errors become ours.
import { createClock } from './adapters/clock.ts';
import { SlackStartError, startSlack } from './adapters/slack/start.ts';
import type { Slack, SlackOptions } from './adapters/slack/start.ts';
import type { Store } from './adapters/store/requestStore.ts';
import { SettingsError } from './settingsError.ts';

export type SlackService = Pick<SlackOptions, 'botToken' | 'signingSecret' | 'appToken' | 'apiUrl' | 'allowedTeams'>;

export async function openSlack(settings: SlackService, store: Store, rest: Pick<SlackOptions, 'command' | 'bot' | 'log' | 'dataDir' | 'onDeaf'>): Promise<Slack> {
  try {
    return await startSlack({
      ...settings,
      ...rest,
      // Slack's signatures and rates know the real time only, however fast a simulated tenant runs.
      clock: createClock(),
      newestCard: (requestId, place) => store.get(requestId)?.cards.findLast((card) => card.surface === 'slack' && card.place === place && card.dead === undefined)?.ref,
    });
  } catch (error) {
    if (error instanceof SlackStartError && !error.transient) throw new SettingsError(error.message, { cause: error });
    throw error;
  }
}
