// How far Teams vouches for whoever speaks. The token says only that Teams sent the message; who the person is to the organisation stands
// in the roster.
import type { Trust } from '../../bot/ports.ts';
import type { Clock } from '../../liveResponse/ports.ts';
import type { Inbound } from './activity.ts';
import type { Connector, Member } from './connector.ts';

/** How long an answer of the roster holds. Short, because somebody may leave the organisation. Milliseconds. */
export const rosterFor = 300_000;
/** A press must be answered in a few seconds, so the roster has less. Milliseconds. */
const rosterTimeout = 3_000;
const mostKept = 10_000;

export interface TrustOptions {
  readonly connector: Connector;
  readonly clock: Clock;
  /** Entra tenant ids; empty (only without authentication) means any. */
  readonly tenants: readonly string[];
}

export class Roster {
  readonly #options: TrustOptions;
  readonly #known = new Map<string, { readonly trust: Trust; readonly until: number }>();

  constructor(options: TrustOptions) {
    this.#options = options;
  }

  /** Whether the conversation belongs to an allowed organisation; its two statements about that must agree. */
  homeTenant(message: Pick<Inbound, 'tenants'>): boolean {
    const { tenants } = this.#options;
    const [tenant, ...more] = message.tenants;
    return tenant !== undefined && more.length === 0 && (tenants.length === 0 || tenants.includes(tenant));
  }

  /** @throws ChatError when the roster cannot be asked: nobody is taken for a member on a guess */
  async trustOf(message: Inbound): Promise<Trust> {
    const { id, objectId, role } = message.from;
    if (id.startsWith('28:') || role === 'bot' || role === 'skill') return 'bot';
    // Anonymous participants of meetings carry the organiser's tenant but no object id.
    if (objectId === undefined) return 'anonymous';
    if (!this.homeTenant(message)) return 'foreignTenant';
    const now = this.#options.clock.now();
    const key = `${message.tenants.join()} ${objectId} ${id}`;
    const known = this.#known.get(key);
    if (known !== undefined && known.until > now) return known.trust;
    const trust = this.#judge(await this.#lookUp(message), objectId);
    this.#known.delete(key);
    this.#known.set(key, { trust, until: now + rosterFor });
    const [oldest] = this.#known.keys();
    if (this.#known.size > mostKept && oldest !== undefined) this.#known.delete(oldest);
    return trust;
  }

  /** Standard channels are asked through their team; shared ones have members of their own. */
  #lookUp(message: Inbound): Promise<Member | undefined> {
    const conversation = message.kind === 'channel' && message.teamId !== undefined && !message.shared ? message.teamId : message.place;
    return this.#options.connector.member({ serviceUrl: message.serviceUrl, conversation }, message.from.id, rosterTimeout);
  }

  #judge(member: Member | undefined, objectId: string): Trust {
    // Not on the roster, or somebody else than the message says.
    if (member === undefined || (member.objectId !== undefined && member.objectId !== objectId)) return 'external';
    const { tenants } = this.#options;
    if (member.role === 'anonymous') return 'anonymous';
    if (member.tenantId !== undefined && tenants.length > 0 && !tenants.includes(member.tenantId)) return 'external';
    if (member.role === 'guest' || (member.principalName?.toUpperCase().includes('#EXT#') ?? false)) return 'guest';
    return 'member';
  }
}
