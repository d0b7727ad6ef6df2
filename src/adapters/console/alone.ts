// When the console may not start. It lets one human play several people, so it must never stand before
// anything real, nor beside a real chat.
import { anyChat } from '../chats.ts';

export interface Surroundings {
  /** What the HTTP server listens on. */
  readonly host: string;
  /** Defender is the embedded simulator, or one on this machine. */
  readonly localDefender: boolean;
  /** Names of the chats that are connected beside the console. */
  readonly chats: readonly string[];
}

const loopback = ['127.0.0.1', '::1', 'localhost'];

/** Why it may not, with the next step; undefined when it may. */
export function whyNoConsole({ host, localDefender, chats }: Surroundings): string | undefined {
  const because = 'the local console lets one human play several people';
  if (!localDefender)
    return `A real Defender is set up, and ${because}: it never runs with a real Defender. Set up ${anyChat}, or remove the DEFENDER_ and AZURE_ settings.`;
  if (chats.length > 0)
    return `${chats.join(' and ')} is set up, and ${because}: it never runs next to a real chat.`;
  if (!loopback.includes(host))
    return `HOST is ${host}, and ${because}: it is for this machine alone. Remove HOST, or set up ${anyChat}.`;
  return undefined;
}
