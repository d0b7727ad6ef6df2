// The policy as a type: who may do what, where and to which device; default deny. Pure decisions over a
// validated policy; the file is read by adapters/config.
import type { Command } from '../../liveResponse/commands.ts';
import type { System } from '../../liveResponse/device/records.ts';

/**
 * A human, listed in the policy. Accounts are `surface:account id`; e-mail and display names are never
 * identity.
 */
export interface Person {
  readonly id: string;
  readonly name: string;
  readonly accounts: readonly string[];
}

/** A person's id, or a group of a platform as `prefix:group id`. */
export type RoleMember = string;

export interface RecipeArgument {
  readonly name: string;
  /**
   * Allowed characters as a list of single characters and ranges such as `A-Z`; never a regular expression.
   */
  readonly chars: string;
  readonly max: number;
}

export interface Recipe {
  readonly name: string;
  readonly usage: string;
  readonly description?: string;
  /** A line that parses, for help and corrections. */
  readonly example?: string;
  readonly args: readonly RecipeArgument[];
  /** Commands whose texts hold `{argument}` places. */
  readonly commands: readonly Command[];
  /** The operating systems it is for, in the order of `systems`; absent: every one. */
  readonly systems?: readonly System[];
  readonly tier: string;
}

/** What a place or a tier keeps from people who need not know. */
export interface NeedToKnow {
  /** Roles that find such requests as well as the requester and the approvers; absent: everybody with a role. */
  readonly visibility?: readonly string[];
  /** Milliseconds after the end after which output and links leave the cards; absent: they stay. */
  readonly redactAfter?: number;
}

export interface Tier extends NeedToKnow {
  readonly name: string;
  readonly request: string;
  readonly approve: string;
  /** Milliseconds. */
  readonly expireAfter: number;
  /** Milliseconds. */
  readonly runWithin: number;
  readonly reason: 'optional' | 'required';
  /**
   * Milliseconds at Defender, with nothing started, after which a session for an offline device is cancelled;
   * absent: never.
   */
  readonly cancelParkedAfter?: number;
  /** Requests that may wait at once, of one person and for one device; absent: `defaultPending`. */
  readonly pending?: { readonly person: number; readonly device: number };
}

export interface DeviceScope {
  /**
   * Any of these must match; the group `'*'` means every device. Empty: no device at all. Compared without
   * case. A name without a dot means in `never` every device whose first label it is, in `allow` a device of
   * exactly that name.
   */
  readonly allow: {
    readonly groups: readonly string[];
    readonly tags: readonly string[];
    readonly names: readonly string[];
  };
  readonly never: {
    readonly groups: readonly string[];
    readonly tags: readonly string[];
    readonly names: readonly string[];
  };
}

export interface PlaceRule extends NeedToKnow {
  /** `surface:place id` */
  readonly place: string;
  /** Approval cards of every request are posted here. */
  readonly approvals: boolean;
  /** Whom to mention on a new approval card. */
  readonly notify?: string;
  readonly results: 'card' | 'private';
}

export interface Policy {
  readonly people: readonly Person[];
  readonly roles: ReadonlyMap<string, readonly RoleMember[]>;
  readonly recipes: ReadonlyMap<string, Recipe>;
  /** Tier of each raw command kind; absent means refused. */
  readonly raw: Readonly<Partial<Record<Command['type'], string>>>;
  readonly devices: DeviceScope;
  /** Strictest first: a sequence takes its strictest part's tier. */
  readonly tiers: readonly Tier[];
  readonly places: readonly PlaceRule[];
  readonly results: { readonly read: readonly string[] };
  /** Roles that may freeze and unfreeze. */
  readonly freeze: readonly string[];
}
