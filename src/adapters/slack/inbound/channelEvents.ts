// Channel and membership events of Slack: the bot added or removed, a channel archived, unarchived, renamed
// or shared. What they say wins over what is remembered, and where a channel can be written to again the bot
// looks at once.
import type { Channels } from '../identity/channels.ts';
import { recordOf } from '../../../liveResponse/text/json.ts';

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
