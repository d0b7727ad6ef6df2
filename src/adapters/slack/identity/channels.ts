// What a conversation is: with the bot alone, shared with outsiders, one the bot may post in. What cannot be
// read counts as shared, and what was just learned wins over what is remembered.
import type { Place } from '../../../bot/ports.ts';
import { SharedReadings } from '../../../liveResponse/pacing/sharedReadings.ts';
import type { Clock, Log } from '../../../liveResponse/ports.ts';
import { SlackFailure } from '../outbound/slackFailure.ts';
import { peopleMemory } from '../limits.ts';
import { surface } from '../ids.ts';
import type { Fields, WebApi } from '../outbound/webApi.ts';
import { recordOf } from '../../../liveResponse/text/json.ts';
import { RecentMap } from '../../../liveResponse/pacing/recentMap.ts';

export interface Channel {
  /** Shared with another organisation, about to be, or not readable: results are private there. */
  readonly external: boolean;
  /** False only where Slack says so: then a card cannot be posted until somebody invites the bot. */
  readonly member: boolean;
  /** A conversation of one person with the bot. */
  readonly direct: boolean;
  /** It could not be read, and is taken for shared until it can. */
  readonly unread?: true;
}

export interface Channels {
  get(id: string): Promise<Channel>;
  /** @throws SlackFailure when it cannot be told whether a conversation of two is with the bot */
  place(id: string): Promise<Place>;
  /** The bot was let in, or was not there: by an event, or by what became of a message. */
  learn(id: string, member: boolean): void;
  /** Something about the channel changed; it is read again when it is needed. */
  forget(id: string): void;
}

export function createChannels(api: WebApi, clock: Pick<Clock, 'elapsed'>, log: Log): Channels {
  /** Conversations of two with the bot; they stay so. */
  const own = new Set<string>();
  const learned = new RecentMap<string, { readonly member: boolean; readonly at: number }>(most);
  const memory = { clock, life: peopleMemory, most };
  const infos = new SharedReadings<string, Channel>({
    ...memory,
    read: async (channel) => {
      const info = await infoOf(channel);
      const is = (flag: string): boolean => info[flag] === true;
      // In an organisation's own workspaces a channel is shared too, but with nobody from outside:
      // is_org_shared.
      const external =
        info['id'] !== channel ||
        is('is_ext_shared') ||
        is('is_pending_ext_shared') ||
        (is('is_shared') && !is('is_org_shared'));
      return { external, member: is('is_member'), direct: false };
    },
  });
  const twos = new SharedReadings<string, boolean>({
    ...memory,
    read: async (channel) => {
      try {
        const info = await infoOf(channel);
        return info['id'] === channel && info['is_im'] !== false && info['is_member'] !== false;
      } catch (error) {
        if (!(error instanceof SlackFailure) || error.kind !== 'refused') throw error;
        return notThere.has(error.slackError) ? false : isSeen(channel);
      }
    },
  });

  /** A success that names no channel says nothing of this one: it must not be remembered as an answer. */
  async function infoOf(channel: string): Promise<Fields> {
    const info = recordOf((await api.call('conversations.info', { channel }))['channel']);
    if (typeof info['id'] !== 'string')
      throw new SlackFailure('lost', 'conversations.info', 'unreadable_answer');
    return info;
  }

  /**
   * Without the scope im:read Slack tells nothing of such a conversation, but still refuses the address of a
   * message in one it does not show us.
   */
  async function isSeen(channel: string): Promise<boolean> {
    try {
      await api.call('chat.getPermalink', { channel, message_ts: '1.000001' });
    } catch (error) {
      if (!(error instanceof SlackFailure) || error.kind !== 'refused') throw error;
      return !notThere.has(error.slackError);
    }
    return true;
  }

  async function ofTwo(id: string): Promise<Channel> {
    if (!own.has(id) && (await twos.get(id))) own.add(id);
    // Two people who talk without the bot: it cannot be let in, and what it knows is not for both of them.
    return own.has(id)
      ? { external: false, member: true, direct: true }
      : { external: true, member: false, direct: false };
  }

  async function ofMany(id: string): Promise<Channel> {
    try {
      return await infos.get(id);
    } catch (error) {
      if (!(error instanceof SlackFailure)) throw error;
      log.warn('slackChannelNotRead', { channel: id, error: error.slackError });
      return { external: true, member: !notThere.has(error.slackError), direct: false, unread: true };
    }
  }

  async function get(id: string): Promise<Channel> {
    if (isOfTwo(id)) {
      return ofTwo(id).catch((error: unknown) => {
        if (!(error instanceof SlackFailure)) throw error;
        log.warn('slackChannelNotRead', { channel: id, error: error.slackError });
        return { external: true, member: true, direct: false, unread: true };
      });
    }
    const channel = await ofMany(id);
    const news = learned.get(id);
    return news === undefined || clock.elapsed() - news.at >= peopleMemory
      ? channel
      : { ...channel, member: news.member };
  }

  return {
    get,
    async place(id) {
      const { external, direct } = await (isOfTwo(id) ? ofTwo(id) : get(id));
      return { surface, id, direct, external };
    },
    learn(id, member) {
      if (isOfTwo(id)) {
        if (member) own.add(id);
        return;
      }
      learned.set(id, { member, at: clock.elapsed() });
    },
    forget: (id) => {
      infos.forget(id);
      twos.forget(id);
    },
  };
}

/** Slack as it is, with an eye on what its answers tell of the bot's membership. */
export function watched(api: WebApi, channels: Pick<Channels, 'learn'>): WebApi {
  return {
    stalledFor: (method) => api.stalledFor(method),
    tokenTrouble: () => api.tokenTrouble(),
    unreached: () => api.unreached(),
    keeper: api.keeper,
    async call(method, args) {
      const answer = await api.call(method, args).catch((error: unknown) => {
        if (posting.has(method) && error instanceof SlackFailure && notThere.has(error.slackError))
          learnFrom(args, false);
        throw error;
      });
      // A message to a person tells which conversation is theirs with the bot.
      if (posting.has(method)) learnFrom(typeof answer['channel'] === 'string' ? answer : args, true);
      return answer;
    },
  };

  function learnFrom({ channel }: Fields, member: boolean): void {
    if (typeof channel === 'string' && /^[CDG]/.test(channel)) channels.learn(channel, member);
  }
}

const posting = new Set(['chat.postMessage', 'chat.postEphemeral']);
/** How Slack says that the bot is not in a channel or conversation. */
const notThere = new Set(['channel_not_found', 'not_in_channel']);
/** Channels that something is remembered of; the oldest is forgotten first. */
const most = 2_000;

/** D: a conversation of two, the bot being one of them or not. */
export function isOfTwo(channel: string): boolean {
  return channel.startsWith('D');
}
