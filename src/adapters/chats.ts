// The list of chats, one line each. Settings, policy, doctor and composition all use this list.
import type { ChatPlatform } from './chatPlatform.ts';
import { slackPlatform } from './slack/platform.ts';
import { teamsPlatform } from './teams/platform.ts';

/** In the order in which they are read, mounted and opened. */
export const chatPlatforms: readonly ChatPlatform[] = [
  slackPlatform, // before all others: its signatures are over raw bytes, which a body parser would consume
  teamsPlatform,
];

/** Any of them, for sentences: `Slack or Teams`. */
export const anyChat = chatPlatforms.map(({ name }) => name).join(' or ');
