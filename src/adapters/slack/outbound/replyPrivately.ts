// Brings an answer to one person alone: through the delivery's own address while it works, else as an
// ephemeral message, else in a conversation of two.
import type { SlackMessage } from '../../../../cards/renderers/blockTypes.ts';
import type { Clock, Log } from '../../../liveResponse/ports.ts';
import { failureOf, messageOf } from './slackFailure.ts';
import { responseUrlLife, responseUrlUses } from '../limits.ts';
import { literal, noUnfurl } from './slackMessages.ts';
import type { SlackFetch } from './slackFetch.ts';
import type { WebApi } from './webApi.ts';

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

export interface PrivateReplies {
  /**
   * `attempt` counts from 0: the few uses of the delivery's own address are spread over many attempts.
   * @throws SlackFailure
   */
  send(recipient: Recipient, message: SlackMessage, attempt?: number): Promise<void>;
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

export function createPrivateReplies(
  api: WebApi,
  clock: Pick<Clock, 'elapsed'>,
  log: Log,
  apiUrl: string,
  fetchNow: SlackFetch,
): PrivateReplies {
  async function respond(address: ResponseAddress, message: SlackMessage): Promise<boolean> {
    if (
      address.uses >= responseUrlUses ||
      clock.elapsed() - address.at > responseUrlLife ||
      !mayRespondTo(address.url, apiUrl)
    )
      return false;
    address.uses += 1;
    try {
      const answer = await fetchNow(address.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        // The card that was pressed stays: this is a message of its own, for one pair of eyes.
        body: JSON.stringify({
          ...message,
          ...literal,
          ...noUnfurl,
          response_type: 'ephemeral',
          replace_original: false,
        }),
        redirect: 'error',
      });
      if (answer.ok && !saysNo(await beginningOf(answer))) return true;
      log.info('slackResponseRefused', { status: answer.status });
    } catch (error) {
      // Said twice is better than not at all: it is private and changes nothing.
      log.info('slackResponseFailed', { error: messageOf(error) });
    }
    return false;
  }

  return {
    async send(recipient, message, attempt = 0) {
      if (
        recipient.address !== undefined &&
        addressedAt.has(attempt) &&
        (await respond(recipient.address, message))
      )
        return;
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
    },
  };
}

/**
 * Characters that are looked at; Slack answers with fewer, and of anything longer its beginning tells what it
 * is.
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
 * Slack's own hosts, and the one we were told to talk to. The payload is signed; this is the second bolt on
 * that door.
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
