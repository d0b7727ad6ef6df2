// Roster of Teams conversations: how far Teams vouches for the person who speaks. The token says only that
// Teams sent the message; the roster says who the person is to the organisation.
import { ChatError } from '../../../bot/ports.ts';
import type { Account, LastKnown, Trust } from '../../../bot/ports.ts';
import { stoppingWaits } from '../../../bot/policy/people/people.ts';
import type { Freshness } from '../../../bot/policy/people/people.ts';
import { SharedReadings } from '../../../liveResponse/pacing/sharedReadings.ts';
import type { Clock, Log } from '../../../liveResponse/ports.ts';
import { TookTooLong, within } from '../../clock.ts';
import type { Inbound } from '../inbound/activity.ts';
import type { Connector, Member } from '../outbound/connector.ts';

/** How long a yes of the roster holds where nothing is decided. Milliseconds. */
export const rosterFor = 60_000;
/** A press must be answered in a few seconds, so the roster has less. Milliseconds. */
const rosterTimeout = 3_000;
const mostKept = 10_000;

export interface TrustOptions {
  readonly connector: Connector;
  readonly clock: Clock;
  readonly log: Log;
  /** Entra tenant ids; empty (only without authentication) means any. */
  readonly tenants: readonly string[];
  /** What the roster last said, for what only stops something. */
  readonly lastKnown?: LastKnown;
}

export type Vouched = Pick<Account, 'trust' | 'lastKnown'>;
type Verdict = Exclude<Trust, 'unknown'>;

interface RosterQuestion {
  readonly key: string;
  readonly message: Inbound;
  readonly objectId: string;
}

export class Roster {
  readonly #options: TrustOptions;
  readonly #lastKnown: LastKnown;
  /**
   * By conversation: to be missing from one chat's roster says nothing of another. Only a yes is remembered, as
   * a no may be a yes a moment later.
   */
  readonly #verdicts: SharedReadings<RosterQuestion, Verdict>;

  constructor(options: TrustOptions) {
    this.#options = options;
    this.#lastKnown = options.lastKnown ?? new Map<string, string>();
    this.#verdicts = new SharedReadings({
      clock: options.clock,
      life: rosterFor,
      most: mostKept,
      read: ({ message, objectId }) => this.#judge(message, objectId),
      keep: (verdict) => verdict === 'member',
    });
  }

  /**
   * Whether the conversation belongs to an allowed organisation; its two statements about that must agree.
   */
  homeTenant(message: Pick<Inbound, 'tenants'>): boolean {
    const { tenants } = this.#options;
    const [tenant, ...more] = message.tenants;
    return tenant !== undefined && more.length === 0 && (tenants.length === 0 || tenants.includes(tenant));
  }

  /**
   * @throws ChatError when the roster cannot be asked, unless it is asked for a decision: nobody is taken for
   * a member on a guess
   */
  async trustOf(message: Inbound, how: Freshness): Promise<Vouched> {
    const { id, objectId, role } = message.from;
    if (id.startsWith('28:') || role === 'bot' || role === 'skill') return { trust: 'bot' };
    // Anonymous participants of meetings carry the organiser's tenant but no object id.
    if (objectId === undefined) return { trust: 'anonymous' };
    if (!this.homeTenant(message)) return { trust: 'foreignTenant' };
    const key = `${message.tenants.join()} ${objectId} ${id} ${conversationOf(message)}`;
    try {
      const reading = this.#verdicts.get({ key, message, objectId }, { recency: how !== 'remembered' });
      const trust = await (how === 'nowOrLast'
        ? within(this.#options.clock, stoppingWaits, 'the roster', reading)
        : reading);
      return { trust };
    } catch (error) {
      if (how === 'remembered' || !(error instanceof ChatError || error instanceof TookTooLong)) throw error;
      this.#options.log.warn('teamsRosterFailed', { error });
      return how === 'now' ? { trust: 'unknown' } : this.#lastSaid(objectId, conversationOf(message));
    }
  }

  async #judge(message: Inbound, objectId: string): Promise<Verdict> {
    const conversation = conversationOf(message);
    const member = await this.#options.connector.member(
      { serviceUrl: message.serviceUrl, conversation },
      message.from.id,
      rosterTimeout,
    );
    const trust = this.#verdict(member, objectId);
    // Missing is said of this conversation, everything else of the person; of somebody else nothing is
    // learned.
    this.#lastKnown.set(`teams ${objectId} ${conversation}`, member === undefined ? 'external' : 'here');
    if (member !== undefined && (member.objectId ?? objectId) === objectId)
      this.#lastKnown.set(`teams ${objectId}`, trust);
    return trust;
  }

  /** The worse of what was said here and anywhere; the policy decides where nothing was said. */
  #lastSaid(objectId: string, conversation: string): Vouched {
    const said = [
      this.#lastKnown.get(`teams ${objectId}`),
      this.#lastKnown.get(`teams ${objectId} ${conversation}`),
    ].filter((one) => one !== undefined);
    const no = said.find((one): one is Exclude<Verdict, 'member'> => nos.has(one));
    if (no !== undefined) return { trust: no, lastKnown: true };
    return said.includes('member') ? { trust: 'member', lastKnown: true } : { trust: 'unknown' };
  }

  #verdict(member: Member | undefined, objectId: string): Verdict {
    // Not on the roster, or somebody else than the message says.
    if (member === undefined || (member.objectId !== undefined && member.objectId !== objectId))
      return 'external';
    const { tenants } = this.#options;
    if (member.role === 'anonymous') return 'anonymous';
    if (member.tenantId !== undefined && tenants.length > 0 && !tenants.includes(member.tenantId))
      return 'external';
    if (member.role === 'guest' || (member.principalName?.toUpperCase().includes('#EXT#') ?? false))
      return 'guest';
    return 'member';
  }
}

const nos: ReadonlySet<string> = new Set<Verdict>(['guest', 'external', 'anonymous']);

/** Standard channels are asked through their team; shared ones have members of their own. */
function conversationOf(message: Inbound): string {
  return message.kind === 'channel' && message.teamId !== undefined && !message.shared
    ? message.teamId
    : message.place;
}
