// Older cards of a request, left standing where the answer to a post was lost: found by a press on them or by
// our own metadata, they say that they are superseded.
import type { Log } from '../../../liveResponse/ports.ts';
import type { CardRef } from '../../../liveResponse/request.ts';
import type { WriteRates } from './writeRates.ts';
import { addressOf } from './cardAddress.ts';
import type { CardAddress } from './cardAddress.ts';
import { failureOf, SlackFailure } from './slackFailure.ts';
import { literal, supersededCard } from './slackMessages.ts';
import type { WebApi } from './webApi.ts';
import { recordOf } from '../../../liveResponse/text/json.ts';

export interface StaleCards {
  /** Rewrites an older card; safe to repeat. @throws SlackFailure */
  rewrite(old: CardAddress, newest: CardAddress, requestId: string): Promise<void>;
  /** The same where it is no harm if it fails. */
  mark(old: CardAddress, newest: CardAddress, requestId: string): Promise<void>;
  /**
   * Looks through the channel's newest messages for other cards of this request. Returns at once; goes on
   * behind.
   */
  sweep(newest: CardRef, requestId: string): void;
  settled(): Promise<void>;
}

/**
 * The name of what our cards carry for ourselves: a request id and an intent, nothing that may not be read by
 * everybody.
 */
export const metadataType = 'live_response_card';

/** A lost post is looked for right after its successor: it stands among the newest messages. */
const historyLimit = 100;

export function createStaleCards(api: WebApi, budgets: WriteRates, log: Log): StaleCards {
  const flights = new Set<Promise<void>>();

  async function permalink(channel: string, ts: string): Promise<string | undefined> {
    try {
      const { permalink: link } = await api.call('chat.getPermalink', { channel, message_ts: ts });
      return typeof link === 'string' ? link : undefined;
    } catch (error) {
      log.info('slackNoPermalink', { error: failureOf('chat.getPermalink', error).slackError });
      return undefined;
    }
  }

  async function rewrite(old: CardAddress, newest: CardAddress, requestId: string): Promise<void> {
    const link = await permalink(newest.channel, newest.ts);
    if (!(await budgets.update(false))) throw new SlackFailure('unsent', 'chat.update', 'stopping');
    try {
      await api.call('chat.update', { ...old, ...supersededCard(requestId, link), ...literal, metadata: {} });
    } catch (error) {
      throw failureOf('chat.update', error);
    }
    log.info('slackCardSuperseded', { request: requestId });
  }

  async function mark(old: CardAddress, newest: CardAddress, requestId: string): Promise<void> {
    try {
      await rewrite(old, newest, requestId);
    } catch (error) {
      // The newer card is the true one whether or not the older can be rewritten; a press on the older says
      // so again.
      log.warn('slackCardNotSuperseded', {
        request: requestId,
        error: failureOf('chat.update', error).slackError,
      });
    }
  }

  async function look(newest: CardRef, requestId: string): Promise<void> {
    const { channel, ts } = addressOf(newest);
    try {
      // Needs channels:history (groups:history in private channels); without it only a press finds the older
      // card.
      const answer = await api.call('conversations.history', {
        channel,
        limit: historyLimit,
        include_all_metadata: true,
      });
      const messages = Array.isArray(answer['messages']) ? answer['messages'].map(recordOf) : [];
      for (const message of messages) {
        const metadata = recordOf(message['metadata']);
        if (
          metadata['event_type'] !== metadataType ||
          recordOf(metadata['event_payload'])['request'] !== requestId
        )
          continue;
        // Slack shows metadata of other apps too, and lets them write any name: only what we may change is
        // changed, and that is our own.
        if (typeof message['ts'] === 'string' && message['ts'] !== ts)
          await mark({ channel, ts: message['ts'] }, { channel, ts }, requestId);
      }
    } catch (error) {
      log.info('slackHistoryNotRead', {
        request: requestId,
        error: failureOf('conversations.history', error).slackError,
      });
    }
  }

  function follow(flight: Promise<void>): void {
    flights.add(flight);
    void flight.finally(() => flights.delete(flight));
  }

  return {
    rewrite,
    mark,
    sweep: (newest, requestId) => {
      follow(look(newest, requestId));
    },
    async settled() {
      while (flights.size > 0) await Promise.all(flights);
    },
  };
}
