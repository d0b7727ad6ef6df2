// Private replies in Slack: through the delivery's own address while it works, else as an ephemeral message,
// else as a direct message; and replies that are tried until they are delivered.
import type { SlackMessage } from '../../../../cards/renderers/blockTypes.ts';
import type { Reply } from '../../../bot/ports.ts';
import type { Clock, Log } from '../../../liveResponse/ports.ts';
import { failureOf, messageOf } from './slackFailure.ts';
import { responseUrlLife, responseUrlUses } from '../limits.ts';
import { literal, noUnfurl } from './slackMessages.ts';
import type { SlackFetch, WebApi } from './webApi.ts';
import { Answers } from '../../deliveries/answers.ts';
import { answerClass } from '../../outbound/answerClass.ts';
import type { AnswerClass, ObserveChatCall } from '../../outbound/answerClass.ts';

export interface Recipient {
  readonly channel: string;
  readonly user: string;
  /** The thread it was asked in. */
  readonly thread?: string;
  readonly address?: ResponseAddress;
}

/**
 * A response_url and how often it was used; made where a delivery came in, kept no longer than its answer
 * takes.
 */
export interface ResponseAddress {
  readonly url: string;
  readonly at: number;
  uses: number;
}

/**
 * The person cannot be reached in that channel: the bot or the person is not in it, or nobody may see
 * ephemeral messages there.
 */
const notThere = new Set([
  'user_not_in_channel',
  'not_in_channel',
  'channel_not_found',
  'is_archived',
  'restricted_action',
  'restricted_action_read_only_channel',
  'messages_tab_disabled',
]);

/**
 * Attempts that use the delivery's own address: with `answerPauses` after 0, 1, 7 and 30 seconds, and after
 * 12 minutes.
 */
const addressedAt: ReadonlySet<number> = new Set([0, 1, 3, 5, 12]);

export interface PrivateRepliesOptions {
  readonly api: Pick<WebApi, 'call'>;
  readonly clock: Pick<Clock, 'elapsed'>;
  readonly log: Log;
  readonly apiUrl: string;
  readonly fetch: SlackFetch;
  /** For metrics: called once for each use of a delivery's own address. */
  readonly observe?: ObserveChatCall | undefined;
}

export class PrivateReplies {
  readonly #parts: PrivateRepliesOptions;

  constructor(options: PrivateRepliesOptions) {
    this.#parts = options;
  }

  /**
   * `attempt` counts from 0: the few uses of the delivery's own address are spread over many attempts.
   * @throws SlackFailure
   */
  async send(recipient: Recipient, message: SlackMessage, attempt = 0): Promise<void> {
    if (
      recipient.address !== undefined &&
      addressedAt.has(attempt) &&
      (await this.#respond(recipient.address, message))
    )
      return;
    const { api } = this.#parts;
    const { channel, user, thread } = recipient;
    try {
      await api.call('chat.postEphemeral', {
        channel,
        user,
        ...message,
        ...literal,
        ...(thread === undefined ? {} : { thread_ts: thread }),
      });
    } catch (error) {
      const failure = failureOf('chat.postEphemeral', error);
      // After that every way is as good as another: said twice is better than not at all.
      if (attempt === 0 && !notThere.has(failure.slackError)) throw failure;
      await api.call('chat.postMessage', { channel: user, ...message, ...literal, ...noUnfurl });
    }
  }

  /** Whether Slack took the message through the delivery's own address. */
  async #respond(address: ResponseAddress, message: SlackMessage): Promise<boolean> {
    const { clock, log, apiUrl } = this.#parts;
    if (
      address.uses >= responseUrlUses ||
      clock.elapsed() - address.at > responseUrlLife ||
      !mayRespondTo(address.url, apiUrl)
    )
      return false;
    address.uses += 1;
    const began = clock.elapsed();
    try {
      // Called without its object: fetch refuses any other.
      const fetchNow = this.#parts.fetch;
      const answer = await fetchNow(address.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        // The card that was pressed stays: this is a message of its own, which one person alone sees.
        body: JSON.stringify({
          ...message,
          ...literal,
          ...noUnfurl,
          response_type: 'ephemeral',
          replace_original: false,
        }),
        redirect: 'error',
      });
      const taken = answer.ok && !saysNo(await beginningOf(answer));
      this.#seen(taken || !answer.ok ? answerClass(answer.status) : '4xx', began);
      if (taken) return true;
      log.info('slackResponseRefused', { status: answer.status });
    } catch (error) {
      this.#seen('lost', began);
      // Said twice is better than not at all: it is private and changes nothing.
      log.info('slackResponseFailed', { error: messageOf(error) });
    }
    return false;
  }

  #seen(answer: AnswerClass, began: number): void {
    const { clock, observe } = this.#parts;
    observe?.({ kind: 'private', answer, ms: clock.elapsed() - began });
  }
}

/**
 * Characters that are read; Slack answers with fewer, and the beginning of anything longer shows what it is.
 */
const longestLook = 1_024;

/** The SDK's own type of an answer names no body, which every fetch has. */
async function beginningOf(answer: object): Promise<string> {
  const { body } = answer as Partial<Pick<Response, 'body'>>;
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    // Leaving the loop ends the reading, and with it the connection.
    if (text.length >= longestLook) break;
  }
  return text;
}

/**
 * Slack answers `ok` or `{"ok":true}`; a word of refusal may come with 200, and so may the page of a proxy,
 * which is not Slack.
 */
function saysNo(body: string): boolean {
  return /^\s*</.test(body) || /^\s*\{\s*"ok"\s*:\s*false\b/.test(body);
}

/**
 * Slack's own hosts, and the one in our settings. The payload is signed; this is a second
 * protection.
 */
export function mayRespondTo(url: string, apiUrl: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname, origin, username, password } = new URL(url);
  if (username !== '' || password !== '') return false;
  if (origin === new URL(apiUrl).origin) return true;
  return (
    protocol === 'https:' && ['slack.com', 'slack-gov.com'].some((host) => hostname.endsWith(`.${host}`))
  );
}

/** Somebody who waits for an answer. */
export interface Asker extends Recipient {
  /** By the clock that does not jump. */
  readonly since: number;
  /** Said before the answer to something that was asked long ago. */
  readonly preface?: string;
  /** When it came in, epoch milliseconds, where an earlier process left it. */
  readonly cameIn?: number;
  /** To be called right before the bot is given it: from then on it may have been done. */
  readonly begin: () => void;
  /** To be called with the reply right before it is said; that follows once this resolves. */
  readonly ending: (reply: Reply) => Promise<void>;
}

export interface PendingRepliesOptions {
  readonly privateReplies: Pick<PrivateReplies, 'send'>;
  readonly clock: Pick<Clock, 'elapsed' | 'sleep'>;
  readonly log: Log;
}

export class PendingReplies {
  readonly #privateReplies: Pick<PrivateReplies, 'send'>;
  readonly #answers: Answers;

  constructor({ privateReplies, clock, log }: PendingRepliesOptions) {
    this.#privateReplies = privateReplies;
    this.#answers = new Answers({ chat: 'slack', clock, log });
  }

  /**
   * Resolves when the person has the reply, or cannot get it any more: that is logged.
   * @throws Stopping
   */
  bring(asker: Asker, message: SlackMessage): Promise<void> {
    return this.#answers.bring({
      since: asker.since,
      who: { user: asker.user, channel: asker.channel },
      say: (attempt) => this.#privateReplies.send(asker, message, attempt),
      failure(error) {
        const { method, slackError, retryAfterMs } = failureOf('chat.postEphemeral', error);
        return { retryAfterMs, why: { method, error: slackError } };
      },
    });
  }

  /** Replies that wait for another try are left to the next start. */
  stop(): void {
    this.#answers.stop();
  }
}
