// Address of a card in Slack: the message's time stamp, and the channel's own id where it is not the place's
// name.
import type { CardRef } from '../../../liveResponse/request/request.ts';

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
