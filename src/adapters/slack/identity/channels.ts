// Channels of Slack as the bot sees them (with the bot alone, shared with outsiders, writable), and which accounts
// belong to our organisation. What cannot be read counts as shared.
import type { Place, Trust } from '../../../bot/ports.ts';
import { RecentMap, SharedReadings } from '../../../liveResponse/pacing/sharedReadings.ts';
import type { Clock, Log } from '../../../liveResponse/ports.ts';
import { recordOf } from '../../../liveResponse/text/json.ts';
import { surface } from '../ids.ts';
import { peopleMemory } from '../limits.ts';
import { SlackFailure } from '../outbound/slackFailure.ts';
import type { Fields, WebApi } from '../outbound/webApi.ts';

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

/** How Slack says that the bot is not in a channel or conversation. */
const notThere = new Set(['channel_not_found', 'not_in_channel']);
/** Channels that something is remembered of; the oldest is forgotten first. */
const most = 2_000;

/** D: a conversation of two, the bot being one of them or not. */
export function isOfTwo(channel: string): boolean {
  return channel.startsWith('D');
}

export interface ChannelsParts {
  readonly api: Pick<WebApi, 'call'>;
  readonly clock: Pick<Clock, 'elapsed'>;
  readonly log: Log;
}

export class Channels {
  readonly #parts: ChannelsParts;
  /** Conversations of two with the bot; they stay so. */
  readonly #own = new RecentMap<string, true>(most);
  readonly #learned = new RecentMap<string, { readonly member: boolean; readonly at: number }>(most);
  readonly #infos: SharedReadings<string, Channel>;
  readonly #twos: SharedReadings<string, boolean>;

  constructor(parts: ChannelsParts) {
    this.#parts = parts;
    const memory = { clock: parts.clock, life: peopleMemory, most };
    this.#infos = new SharedReadings({ ...memory, read: (channel) => this.#readChannel(channel) });
    this.#twos = new SharedReadings({ ...memory, read: (channel) => this.#readTwo(channel) });
  }

  async get(id: string): Promise<Channel> {
    if (isOfTwo(id)) return this.#ofTwo(id).catch((error: unknown) => this.#unread(id, error, () => true));
    const channel = await this.#infos
      .get(id)
      .catch((error: unknown) => this.#unread(id, error, (word) => !notThere.has(word)));
    const news = this.#learned.get(id);
    return news === undefined || this.#parts.clock.elapsed() - news.at >= peopleMemory
      ? channel
      : { ...channel, member: news.member };
  }

  /** @throws SlackFailure when Slack does not say whether a conversation of two is with the bot */
  async place(id: string): Promise<Place> {
    const { external, direct } = await (isOfTwo(id) ? this.#ofTwo(id) : this.get(id));
    return { surface, id, direct, external };
  }

  /** The bot was let in, or was not there: by an event, or by what became of a message. */
  learn(id: string, member: boolean): void {
    if (!isOfTwo(id)) this.#learned.set(id, { member, at: this.#parts.clock.elapsed() });
    else if (member) this.#own.set(id, true);
  }

  /** Something about the channel changed; it is read again when it is needed. */
  forget(id: string): void {
    this.#infos.forget(id);
    this.#twos.forget(id);
  }

  async #ofTwo(id: string): Promise<Channel> {
    if (!this.#own.has(id) && (await this.#twos.get(id))) this.#own.set(id, true);
    // Two people who talk without the bot: it cannot be let in, and what it knows is not for both of them.
    return this.#own.has(id)
      ? { external: false, member: true, direct: true }
      : { external: true, member: false, direct: false };
  }

  /** What a channel counts as that Slack does not let us read. */
  #unread(channel: string, error: unknown, member: (word: string) => boolean): Channel {
    if (!(error instanceof SlackFailure)) throw error;
    this.#parts.log.warn('slackChannelNotRead', { channel, error: error.slackError });
    return { external: true, member: member(error.slackError), direct: false, unread: true };
  }

  async #readChannel(channel: string): Promise<Channel> {
    const info = await this.#infoOf(channel);
    const is = (flag: string): boolean => info[flag] === true;
    // In an organisation's own workspaces a channel is shared too, but with nobody from outside:
    // is_org_shared.
    const external =
      info['id'] !== channel ||
      is('is_ext_shared') ||
      is('is_pending_ext_shared') ||
      (is('is_shared') && !is('is_org_shared'));
    return { external, member: is('is_member'), direct: false };
  }

  /** Whether a conversation of two is one with the bot. */
  async #readTwo(channel: string): Promise<boolean> {
    try {
      const info = await this.#infoOf(channel);
      return info['id'] === channel && info['is_im'] !== false && info['is_member'] !== false;
    } catch (error) {
      if (!(error instanceof SlackFailure) || error.kind !== 'refused') throw error;
      return notThere.has(error.slackError) ? false : this.#isSeen(channel);
    }
  }

  /** A success that names no channel says nothing of this one: it must not be remembered as an answer. */
  async #infoOf(channel: string): Promise<Fields> {
    const answer = await this.#parts.api.call('conversations.info', { channel });
    const info = recordOf(answer['channel']);
    if (typeof info['id'] !== 'string')
      throw new SlackFailure('lost', 'conversations.info', 'unreadable_answer');
    return info;
  }

  /**
   * Without the scope im:read Slack says nothing about such a conversation, but still refuses the address of a
   * message in one it does not show us.
   */
  async #isSeen(channel: string): Promise<boolean> {
    try {
      await this.#parts.api.call('chat.getPermalink', { channel, message_ts: '1.000001' });
    } catch (error) {
      if (!(error instanceof SlackFailure) || error.kind !== 'refused') throw error;
      return !notThere.has(error.slackError);
    }
    return true;
  }
}

const posting = new Set(['chat.postMessage', 'chat.postEphemeral']);

/** The same client; what its answers say about the bot's membership is learned. */
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
      // The answer to a message to a person names their conversation with the bot.
      if (posting.has(method)) learnFrom(typeof answer['channel'] === 'string' ? answer : args, true);
      return answer;
    },
  };

  function learnFrom({ channel }: Fields, member: boolean): void {
    if (typeof channel === 'string' && /^[CDG]/.test(channel)) channels.learn(channel, member);
  }
}

/** Every event the bot listens to next to `app_mention`; the manifests ask for exactly these. */
export const channelEvents = [
  'app_home_opened',
  'channel_archive',
  'channel_left',
  'channel_rename',
  'channel_shared',
  'channel_unarchive',
  'channel_unshared',
  'group_archive',
  'group_left',
  'group_rename',
  'group_unarchive',
  'member_joined_channel',
  'member_left_channel',
] as const;

/**
 * What events say about channels: the bot added or removed, a channel archived, unarchived, renamed or
 * shared. Where a channel can be written to again, `heard` lets the bot look at once.
 */
export function createChannelEvents(
  channels: Pick<Channels, 'learn' | 'forget'>,
  botUser: string,
  heard: (channel: string) => void,
): (event: unknown) => void {
  return (event) => {
    const fields = recordOf(event);
    const channel =
      typeof fields['channel'] === 'string' ? fields['channel'] : recordOf(fields['channel'])['id'];
    if (typeof channel !== 'string' || channel === '') return;
    channels.forget(channel);
    const us = fields['user'] === botUser;
    switch (fields['type']) {
      case 'member_joined_channel':
        if (!us) return;
        channels.learn(channel, true);
        break;
      case 'member_left_channel':
        if (us) channels.learn(channel, false);
        return;
      case 'channel_left':
      case 'group_left':
        channels.learn(channel, false);
        return;
      case 'channel_archive':
      case 'group_archive':
        return;
      case 'app_home_opened':
        // Somebody looks at the conversation with the bot: it is one.
        channels.learn(channel, true);
        break;
    }
    heard(channel);
  };
}

export type Verdict = Exclude<Trust, 'unknown'>;

/** Where an account belongs, as users.info says: workspaces (T...) and the organisation (E...). */
export interface Organisations {
  readonly teams: readonly string[];
  readonly organisation?: string;
}

export interface OurTeams {
  /** From the settings: workspaces and organisations. */
  readonly allowed: readonly string[];
  /** The workspace the app is installed in, and its organisation. */
  readonly home: string;
  readonly organisation?: string | undefined;
}

/** More than this are not kept: an account of a very large organisation. */
const mostTeams = 100;

export function homesOf(told: Fields): Organisations {
  const member = recordOf(told['enterprise_user']);
  const listed: readonly unknown[] = Array.isArray(member['teams']) ? member['teams'] : [];
  const teams = [told['team_id'] ?? recordOf(told['profile'])['team'], ...listed].filter(isId);
  // An app installed for the whole organisation gets the organisation in place of a workspace.
  const organisation = [member['enterprise_id'], told['enterprise_id'], told['team_id']].find(
    (one): one is string => isId(one) && one.startsWith('E'),
  );
  return {
    teams: [...new Set(teams)].slice(0, mostTeams),
    ...(organisation === undefined ? {} : { organisation }),
  };
}

function isId(value: unknown): value is string {
  return typeof value === 'string' && /^[TE][A-Z0-9]{1,30}$/.test(value);
}

/**
 * An organisation that is allowed allows its workspaces; that of our own workspace is known without
 * users.info saying it.
 */
function isMember(
  { teams, organisation }: Organisations,
  { allowed, home, organisation: ourOrganisation }: OurTeams,
): boolean {
  if (organisation !== undefined && allowed.includes(organisation)) return true;
  if (teams.some((team) => allowed.includes(team))) return true;
  return ourOrganisation !== undefined && allowed.includes(ourOrganisation) && teams.includes(home);
}

/**
 * Whether nothing in a payload names somebody else's workspace: a click out of another organisation's side of
 * a shared channel does. Each entry is an id, or `T.../E...`: a workspace with the organisation that the
 * payload says it is of.
 */
export function isOurs(
  payloadTeams: readonly string[],
  { teams, organisation }: Organisations,
  { allowed, home, organisation: ourOrganisation }: OurTeams,
): boolean {
  const known = new Set([
    ...allowed,
    home,
    ...teams,
    ...[organisation, ourOrganisation].flatMap((one) => one ?? []),
  ]);
  return payloadTeams.every((entry) => entry.split('/').some((id) => known.has(id)));
}

/** Default deny: `member` is left over when nothing speaks against it and the workspace is one of ours. */
export function trustOf(
  user: string,
  told: Fields,
  payloadTeams: readonly string[],
  ours: OurTeams,
): Verdict {
  const is = (flag: string): boolean => told[flag] === true;
  // In a workspace of Enterprise Grid a person may have an older id of that workspace as well
  // as the organisation's.
  if (told['id'] !== user && recordOf(told['enterprise_user'])['id'] !== user) return 'anonymous';
  if (is('deleted')) return 'deactivated';
  if (is('is_bot') || is('is_workflow_bot') || is('is_connector_bot') || user === 'USLACKBOT') return 'bot';
  if (is('is_stranger')) return 'external';
  if (is('is_restricted') || is('is_ultra_restricted') || is('is_invited_user')) return 'guest';
  const homes = homesOf(told);
  return isMember(homes, ours) && isOurs(payloadTeams, homes, ours) ? 'member' : 'foreignTenant';
}
