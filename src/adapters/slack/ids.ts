// How Slack names accounts, places and groups, and how a policy writes them.
import type { GroupKind, SurfaceIds } from '../chatPlatform.ts';

export const surface = 'slack';
export const platformName = 'Slack';

const user = /^[UW][A-Z0-9]{4,20}$/;
const group = /^S[A-Z0-9]{4,20}$/;

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
