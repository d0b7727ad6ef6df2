// Typed lines as Teams delivers them, read as commands: in a channel, and in the chat with the bot.
import { commandText } from '../../../src/adapters/teams/inbound/text.ts';
import type { Inbound } from '../../../src/adapters/teams/inbound/activity.ts';

type Message = Parameters<typeof commandText>[0];
export const bot: Inbound['bot'] = { id: '28:bot', name: 'Live Response' };
export const mention = { id: '28:bot', text: '<at>Live Response</at>' };

export function channel(
  text: string,
  mentions: Message['mentions'] = [mention],
  more: Partial<Message> = {},
): string | undefined {
  return commandText({ text, mentions, bot, kind: 'channel', targeted: false, ...more }, 'lr');
}
export function personal(text: string): string | undefined {
  return commandText({ text, mentions: [], bot, kind: 'personal', targeted: false }, 'lr');
}
