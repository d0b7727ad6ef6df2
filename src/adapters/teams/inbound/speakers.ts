// Identity of the person who speaks or presses in Teams, and the place: as the bot knows accounts and places,
// with how far Teams vouches for the person now.
import { surfaceKey } from '../../../liveResponse/request/request.ts';
import { freshnessFor, identityUnread } from '../../../bot/commands/verbs.ts';
import { effectOf } from '../../../liveResponse/verbs.ts';
import type { AnyVerb } from '../../../liveResponse/verbs.ts';
import { ChatError } from '../../../bot/ports.ts';
import type { Account, Place } from '../../../bot/ports.ts';
import { explain } from '../../../bot/policy/refusals/refusal.ts';
import type { Log } from '../../../liveResponse/ports.ts';
import type { Inbound } from './activity.ts';
import { platformName, surface } from '../ids.ts';
import type { Conversations } from '../identity/conversations.ts';
import type { Roster } from '../identity/roster.ts';

export interface SpeakerParts {
  readonly roster: Roster;
  readonly conversations: Conversations;
  readonly log: Log;
  /** `/lr` */
  readonly command: string;
}

/**
 * `unread`: what is said when Teams cannot say who that is to the organisation: nothing may run on a
 * guess.
 */
export type SpeakerIn = (
  message: Inbound,
  verb: AnyVerb,
  pressed: boolean,
) => Promise<{ readonly account: Account; readonly place: Place } | { readonly unread: string }>;

export function createSpeakers({ roster, conversations, log, command }: SpeakerParts): SpeakerIn {
  return async (message, verb, pressed) => {
    const unread = explain(identityUnread('Teams', verb, pressed), command);
    try {
      const { trust, lastKnown } = await roster.trustOf(message, freshnessFor(verb));
      if (roster.homeTenant(message)) conversations.record(message, trust === 'external');
      const external =
        message.shared || trust === 'external' || (conversations.place(message.place)?.external ?? false);
      const account: Account = {
        surface,
        platform: platformName,
        // The policy keeps ids in lower case, as Entra compares them.
        id: speakerOf(message).toLowerCase(),
        trust,
        ...(lastKnown === undefined ? {} : { lastKnown }),
        ...(message.from.name === undefined ? {} : { name: message.from.name }),
        details: [
          ...message.tenants.map((tenant) => ['tenant', tenant] as const),
          ['place', surfaceKey(surface, message.place)],
        ],
      };
      if (trust === 'unknown' && effectOf(verb) !== 'stops') return { unread };
      return {
        account,
        place: { surface, id: message.place, direct: message.kind === 'personal', external },
      };
    } catch (error) {
      if (!(error instanceof ChatError)) throw error;
      log.warn('teamsRosterFailed', { code: error.code, error });
      // The place is known to be ours; without it even this could not be said.
      if (roster.homeTenant(message)) conversations.record(message, false);
      return { unread };
    }
  };
}

/** The Entra object id; anonymous people have Teams' own id only. */
export function speakerOf(message: Inbound): string {
  return message.from.objectId ?? message.from.id;
}
