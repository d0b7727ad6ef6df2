// What a conversation is: with the bot alone, shared with outsiders, one the bot may post in. What cannot be read counts as shared.
import type { Place } from '../../bot/ports.ts';
import type { Clock, Log } from '../../liveResponse/ports.ts';
import { asRecord, SlackFailure } from './errors.ts';
import { peopleMemory } from './limits.ts';
import { createMemo } from './memo.ts';
import { surface } from './people.ts';
import type { WebApi } from './webApi.ts';

export interface Channel {
  /** Shared with another organisation, about to be, or not readable: results are private there. */
  readonly external: boolean;
  /** False only where Slack says so: then a card cannot be posted until somebody invites the bot. */
  readonly member: boolean;
  /** It could not be read, and is taken for shared until it can. */
  readonly unread?: true;
}

export interface Channels {
  get(id: string): Promise<Channel>;
  place(id: string): Promise<Place>;
}

export function createChannels(api: WebApi, clock: Pick<Clock, 'now'>, log: Log): Channels {
  const infos = createMemo(clock, peopleMemory, async (channel): Promise<Channel> => {
    const info = asRecord((await api.call('conversations.info', { channel }))['channel']);
    const is = (flag: string): boolean => info[flag] === true;
    // In an organisation's own workspaces a channel is shared too, but with nobody from outside: is_org_shared.
    const external = info['id'] !== channel || is('is_ext_shared') || is('is_pending_ext_shared') || (is('is_shared') && !is('is_org_shared'));
    return { external, member: is('is_member') };
  });

  async function get(id: string): Promise<Channel> {
    // Nobody but the bot and that one person; reading it would need a scope of its own.
    if (isDirect(id)) return { external: false, member: true };
    try {
      return await infos.get(id);
    } catch (error) {
      if (!(error instanceof SlackFailure)) throw error;
      log.warn('slackChannelNotRead', { channel: id, error: error.slackError });
      return { external: true, member: !notThere.has(error.slackError), unread: true };
    }
  }

  return {
    get,
    async place(id) {
      const { external } = await get(id);
      return { surface, id, direct: isDirect(id), external };
    },
  };
}

/** How Slack says that the bot is not in a private channel. */
const notThere = new Set(['channel_not_found', 'not_in_channel']);

/** D: a conversation of two. What else may be one-to-one has no id that says so. */
export function isDirect(channel: string): boolean {
  return channel.startsWith('D');
}
