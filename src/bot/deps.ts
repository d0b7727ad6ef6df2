// Dependencies of the bot, handed in once. No part of the bot uses anything else.
import type {
  Clock,
  DefenderApi,
  Hash,
  Log,
  OutputStore,
  Random,
  RequestStore,
} from '../liveResponse/ports.ts';
import type { CallRates } from '../liveResponse/pacing/callRates.ts';
import type { Policy } from './policy/policy.ts';
import type { Refusal } from './policy/refusals/refusal.ts';
import type { ChatPort, Groups, LastKnown } from './ports.ts';
import type { LinkBox } from './workers/reads/keptOutput.ts';
import type { SharedPlaces } from './workers/cards/closedPlaces.ts';
import type { RequestMemory } from './workers/requestMemory.ts';

export interface BotSettings {
  /** Entra tenant id, or `simulator`; part of every digest. */
  readonly tenant: string;
  readonly simulated: boolean;
  /** The chat command's name, with its slash. */
  readonly command: string;
  /**
   * How long Defender keeps an action for a device that is offline, in milliseconds, where somebody states
   * it: tenants differ.
   */
  readonly offlineQueue?: number;
  /** Live response sessions of ours at once; Defender's own limit is 25, or 50 for newer tenants. */
  readonly sessions: number;
  /** Milliseconds between readings while something runs. */
  readonly pollGap: number;
  /** The same while only offline devices are waited for. */
  readonly parkedGap: number;
  /** Milliseconds for which script output is kept. */
  readonly outputRetention: number;
}

export interface Deps {
  readonly store: RequestStore;
  readonly outputs: OutputStore;
  readonly defender: DefenderApi;
  readonly chats: readonly ChatPort[];
  readonly policy: Policy;
  readonly groups: Groups;
  /** Without it, what platforms last said is forgotten with the process. */
  readonly lastKnown?: LastKnown;
  /** Which places outsiders read. The bot makes its own. */
  readonly outsiders?: SharedPlaces;
  /** What workers remember of requests. The bot makes its own. */
  readonly memory?: RequestMemory;
  readonly callRates: CallRates;
  readonly links: LinkBox;
  readonly clock: Clock;
  readonly random: Random;
  readonly hash: Hash;
  readonly log: Log;
  /** For metrics: called once for each refusal, also where the journal leaves it out. */
  readonly onRefused?: (reason: Refusal['refused']) => void;
  readonly settings: BotSettings;
}
