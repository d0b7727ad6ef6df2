// Names of Slack: its addresses, the ids of accounts, places, groups and cards, and the scopes of the bot.
import type { GroupKind, SurfaceIds } from '../chatPlatform.ts';
import type { CardRef } from '../../liveResponse/request/request.ts';

/** Where Slack is called; GovSlack and tests have their own. */
export const publicApi = 'https://slack.com/api/';

/** Where Slack calls the bot over HTTP. */
export const eventsPath = '/slack/events';

export const surface = 'slack';
export const platformName = 'Slack';

const user = /^[UW][A-Z0-9]{4,20}$/;
const group = /^S[A-Z0-9]{4,20}$/;

/** As a policy writes them. */
export const slackIds: SurfaceIds = {
  account: { pattern: user, most: 40, words: 'a Slack member id such as U0123ABCD; "whoami" prints it' },
  place: { pattern: /^[CGD][A-Z0-9]{4,20}$/, words: 'slack:C0123456' },
  notify: {
    pattern: new RegExp(`${group.source}|${user.source}`),
    words: 'a Slack group or member (slack:S0614TZR7)',
  },
};

export const slackGroups: GroupKind = {
  prefix: surface,
  name: platformName,
  pattern: group,
  words: 'a Slack user group as "slack:S0614TZR7"',
};

/** A card's message: its time stamp, and the channel's own id where it is not the name of the place. */
export interface CardAddress {
  readonly channel: string;
  readonly ts: string;
}

export function addressOf(ref: CardRef): CardAddress {
  const [channel, ts] = ref.id.split('/');
  return ts === undefined || channel === undefined ? { channel: ref.place, ts: ref.id } : { channel, ts };
}

export function cardId(place: string, at: CardAddress): string {
  return at.channel === place ? at.ts : `${at.channel}/${at.ts}`;
}

/**
 * The bot scopes that the manifests ask for, and what stops working without each
 * (docs.slack.dev/reference/scopes). The start, the doctor and docs/slack-setup.md name them.
 */
export const scopes = {
  commands: 'nobody can type the slash command',
  'chat:write': 'no card can be posted or kept up to date',
  'users:read': 'guests, bots and deactivated accounts cannot be told from members, so everybody is refused',
  'usergroups:read': 'user groups of the policy give no role',
  'channels:read':
    'whether a public channel is shared with outsiders cannot be read, so results stay private there',
  'groups:read':
    'whether a private channel is shared with outsiders cannot be read, so results stay private there',
  'im:read': 'a conversation with the bot is told from one between two people in a roundabout way only',
  'app_mentions:read': 'the bot does not hear mentions in threads',
} as const satisfies Readonly<Record<string, string>>;

export type Scope = keyof typeof scopes;
export const requiredScopes = Object.keys(scopes) as readonly Scope[];
