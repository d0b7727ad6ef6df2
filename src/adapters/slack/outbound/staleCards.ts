// Stale cards in Slack: older cards of a request, left behind where the answer to a post was lost. A press on
// them or our own metadata finds them, and they are rewritten to say that they are superseded.
import type { Log } from '../../../liveResponse/ports.ts';
import type { CardRef } from '../../../liveResponse/request/request.ts';
import type { WebApi, WriteRates } from './webApi.ts';
import { addressOf } from '../ids.ts';
import type { CardAddress } from '../ids.ts';
import { failureOf, SlackFailure } from './slackFailure.ts';
import { literal, supersededCard } from './slackMessages.ts';
import { recordOf } from '../../../liveResponse/text/json.ts';

/**
 * The name of what our cards carry for ourselves: a request id and an intent, nothing that may not be read by
 * everybody.
 */
export const metadataType = 'live_response_card';

/** A lost post is searched for right after its successor: it is among the newest messages. */
const historyLimit = 100;

export interface StaleCardsOptions {
  readonly api: Pick<WebApi, 'call'>;
  readonly budgets: Pick<WriteRates, 'update'>;
  readonly log: Log;
}

export class StaleCards {
  readonly #parts: StaleCardsOptions;
  readonly #sweeps = new Set<Promise<void>>();
  /** Older cards that are being rewritten, by where they are. */
  readonly #marking = new Map<string, Promise<void>>();

  constructor(options: StaleCardsOptions) {
    this.#parts = options;
  }

  /** Rewrites an older card; safe to repeat. @throws SlackFailure */
  async rewrite(old: CardAddress, newest: CardAddress, requestId: string): Promise<void> {
    const { api, budgets, log } = this.#parts;
    const link = await this.#permalink(newest.channel, newest.ts);
    if (!(await budgets.update(false))) throw new SlackFailure('unsent', 'chat.update', 'stopping');
    try {
      await api.call('chat.update', { ...old, ...supersededCard(requestId, link), ...literal, metadata: {} });
    } catch (error) {
      throw failureOf('chat.update', error);
    }
    log.info('slackCardSuperseded', { request: requestId });
  }

  /**
   * The same where it is no harm if it fails. One change however often the card is pressed meanwhile: Slack
   * takes few of them in a minute, and the cards of other requests wait for them.
   */
  mark(old: CardAddress, newest: CardAddress, requestId: string): Promise<void> {
    const key = `${old.channel} ${old.ts}`;
    const running = this.#marking.get(key);
    if (running !== undefined) return running;
    const work = this.#mark(old, newest, requestId).finally(() => this.#marking.delete(key));
    this.#marking.set(key, work);
    return work;
  }

  async #mark(old: CardAddress, newest: CardAddress, requestId: string): Promise<void> {
    try {
      await this.rewrite(old, newest, requestId);
    } catch (error) {
      // The newer card is the true one whether or not the older can be rewritten; a press on the older says
      // so again.
      this.#parts.log.warn('slackCardNotSuperseded', {
        request: requestId,
        error: failureOf('chat.update', error).slackError,
      });
    }
  }

  /**
   * Looks through the channel's newest messages for other cards of this request. Returns at once and works in
   * the background.
   */
  sweep(newest: CardRef, requestId: string): void {
    const sweep = this.#look(newest, requestId);
    this.#sweeps.add(sweep);
    void sweep.finally(() => this.#sweeps.delete(sweep));
  }

  /** Resolves when no sweep is under way. */
  async settled(): Promise<void> {
    while (this.#sweeps.size > 0) await Promise.all(this.#sweeps);
  }

  async #permalink(channel: string, ts: string): Promise<string | undefined> {
    try {
      const { permalink } = await this.#parts.api.call('chat.getPermalink', { channel, message_ts: ts });
      return typeof permalink === 'string' ? permalink : undefined;
    } catch (error) {
      this.#parts.log.info('slackNoPermalink', { error: failureOf('chat.getPermalink', error).slackError });
      return undefined;
    }
  }

  async #look(newest: CardRef, requestId: string): Promise<void> {
    const { channel, ts } = addressOf(newest);
    try {
      // Needs channels:history (groups:history in private channels); without it only a press finds the older
      // card.
      const answer = await this.#parts.api.call('conversations.history', {
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
          await this.mark({ channel, ts: message['ts'] }, { channel, ts }, requestId);
      }
    } catch (error) {
      this.#parts.log.info('slackHistoryNotRead', {
        request: requestId,
        error: failureOf('conversations.history', error).slackError,
      });
    }
  }
}
