// A live response request: what was asked, for which devices, who agreed, and the sessions that run for it.
// Its parts are nested, so that an event replaces one part and cannot lose a field of another. With it the keys of
// accounts, places and groups: the surface they belong to and their id on it, as one text.
import type { Command } from '../commands.ts';
import type { Device } from '../device/records.ts';
import type { Results } from '../results/resultFacts.ts';
import type { Content, DeviceContext } from './content.ts';
import { noResults } from './session.ts';
import type { Refusal, Session, SessionIn, SessionStage, SessionState } from './session.ts';
import type { PersonRef, Vote } from './vote.ts';

/** Where one card of a request is. `id` is whatever its chat needs to update it, as text. */
export interface CardRef {
  readonly surface: string;
  readonly place: string;
  readonly id: string;
}

/** A card as the journal knows it. */
export interface Card {
  readonly place: string;
  readonly surface: string;
  /**
   * Stored before posting, so that a crash in between is seen; also what marks the newest of two cards in one
   * place.
   */
  readonly intent: string;
  readonly ref?: CardRef;
  /** Revision the card last showed; 0 before it was posted. */
  readonly shown: number;
  /**
   * Why an older version gave this card up. Nothing is given up any more: it is tried again, and drawn it
   * loses this.
   */
  readonly dead?: string;
}

/**
 * What the policy decided when the request was made; kept as it was, so that a later edit of the file cannot
 * loosen a waiting request.
 */
export interface Terms {
  readonly tier: string;
  readonly approveRole: string;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
  /** Milliseconds after approval in which the submission must have happened. */
  readonly runWithin: number;
  /**
   * Milliseconds at Defender, with nothing started, after which the bot cancels the session; absent: never.
   */
  readonly cancelParkedAfter?: number;
}

export interface Privacy {
  /** Output and links are shown on none of its cards. */
  readonly results?: 'private';
  /**
   * One list for each rule that limits it: the roles that find the request besides the requester and the
   * approvers. A person needs a role of every list.
   */
  readonly visibility?: readonly (readonly string[])[];
}

/**
 * Output and links were removed from the cards: `time`, by the policy's `redactAfter`; `place`, because one of its places
 * became private or shared with outsiders.
 */
export interface Redacted {
  readonly at: number;
  readonly cause: 'time' | 'place';
}

/**
 * The earlier request whose commands, from an index on, this one continues or repeats. Approved like any
 * other.
 */
export interface Continues {
  readonly id: string;
  /** Index in the earlier request of the first command of this one. */
  readonly from: number;
  /**
   * Commands of the earlier request that are left out here because they ran there: what they left behind is
   * taken to be there still.
   */
  readonly before: readonly Command[];
  /** Indexes of this request whose commands have run in the earlier one, or may have. */
  readonly mayRepeat: readonly number[];
}

/** The request that continues this one, once somebody asked for it. */
export interface RetriedAs {
  readonly id: string;
  readonly by: PersonRef;
  /** Absent where `id` continues an older request, of which this one was an attempt that never ran. */
  readonly from?: number;
}

/** What a person asked for, and under which terms. No event changes it. */
export interface Asked {
  readonly at: number;
  readonly requester: PersonRef;
  /** `surface:account` the request came from. */
  readonly account: string;
  /** `surface:place` it was asked in. */
  readonly place: string;
  /**
   * That place is shared with outsiders or is a one-to-one chat: results are sent privately there, whatever
   * the policy says.
   */
  readonly placeIsPrivate: boolean;
  /**
   * What the policy kept from people who need not know, when it was asked. A later policy can only keep more.
   * Absent: nothing.
   */
  readonly privacy?: Privacy;
  readonly tenant: string;
  /** What the requester typed, in one line, for title and history. */
  readonly title: string;
  readonly recipe?: string;
  /** Values of the recipe's arguments, by name. Absent in requests made before they were kept. */
  readonly recipeArgs?: Readonly<Record<string, string>>;
  /**
   * The index in the recipe of the first of these commands, where those before it completed in an earlier
   * request. Absent: 0.
   */
  readonly recipeFrom?: number;
  readonly reason?: string;
  /**
   * Title and reason as the person gave them, where the request was made from an earlier one: its own title
   * and reason mention that one. Absent in others, and in requests made before it was kept.
   */
  readonly first?: { readonly title: string; readonly reason?: string };
  readonly continues?: Continues;
  /**
   * The open twin that the requester was shown and did not want to follow: this one was asked separately, for
   * the reason given.
   */
  readonly apartFrom?: string;
  readonly terms: Terms;
}

/** One device of a request, and what else was known of it when it was asked for. */
export interface Target {
  readonly device: Device;
  /** Absent in requests made before it was kept. */
  readonly context?: DeviceContext;
}

/** What is approved: the commands, the contents of the library files they name, and the digest over them. */
export interface Subject {
  readonly commands: readonly Command[];
  /**
   * What the cards show of the library files that the commands name. Absent where none is named, and in
   * requests made before it was kept.
   */
  readonly content?: Content;
  readonly digest: string;
  readonly fingerprint: string;
}

/** A request as it is made; everything else is folded from events. */
export interface NewRequest {
  readonly id: string;
  /** Surface and delivery id: a repeated delivery is recognised by it. */
  readonly origin: string;
  /**
   * The same of a request that continues another one: its `origin` names that one, so that each is continued
   * by one request at most.
   */
  readonly delivery?: string;
  readonly asked: Asked;
  readonly targets: readonly [Target, ...Target[]];
  readonly subject: Subject;
}

/** How a request ended that was never approved. */
export type RequestEnding =
  | { readonly kind: 'denied'; readonly by: PersonRef; readonly reason?: string; readonly byLastKnown?: true }
  | {
      readonly kind: 'withdrawn';
      readonly by: PersonRef;
      readonly reason?: string;
      readonly byLastKnown?: true;
    }
  | { readonly kind: 'expired' }
  | Refusal;

/** What people decided about a request. */
export type RequestStage =
  | { readonly state: 'awaitingApproval' }
  | { readonly state: 'approved'; readonly at: number }
  | { readonly state: 'closed'; readonly ending: RequestEnding; readonly endedAt: number };

export interface Request extends NewRequest {
  readonly stage: RequestStage;
  /** Every vote that was given, oldest first. */
  readonly votes: readonly Vote[];
  /** One per device, from the approval on. */
  readonly sessions: readonly Session[];
  readonly revision: number;
  readonly changedAt: number;
  readonly cards: readonly Card[];
  /** Where notices of the end were posted, so that none is posted twice. */
  readonly notified: readonly string[];
  /** The request that continues this one, which has ended. */
  readonly retriedAs?: RetriedAs;
  readonly redacted?: Redacted;
}

/** Where a request is: what people decided, or once they have approved, how far its session is. */
export type Stage = Exclude<RequestStage, { readonly state: 'approved' }> | SessionStage;

/** The stage that the card of a request with one device shows. */
export function stageOf(request: Request): Stage {
  const { stage } = request;
  if (stage.state !== 'approved') return stage;
  const session = request.sessions[0];
  if (session === undefined) throw new Error(`request ${request.id} is approved and has no session`);
  return session.stage;
}

export type State = Stage['state'];

export type StageIn<S extends State> = Extract<Stage, { readonly state: S }>;

/** Whether anything of it may still happen by itself or by a person's decision. */
export function isOpen(request: Request): boolean {
  return request.stage.state === 'approved'
    ? request.sessions.some(({ stage }) => stage.state !== 'finished' && stage.state !== 'closed')
    : request.stage.state === 'awaitingApproval';
}

/** When the last of it ended; undefined while it is open. Epoch milliseconds. */
export function endedAt(request: Request): number | undefined {
  if (request.stage.state === 'closed') return request.stage.endedAt;
  if (isOpen(request)) return undefined;
  return Math.max(...request.sessions.map(({ stage }) => ('endedAt' in stage ? stage.endedAt : 0)));
}

/** The session of a request with one device; undefined until it is approved. */
export function sessionOf(request: Request): Session | undefined {
  return request.sessions[0];
}

/** A session together with the request it belongs to. */
export interface RequestSession<S extends SessionState = SessionState> {
  readonly request: Request;
  readonly session: SessionIn<S>;
}

/** What is known of the results of a session; nothing before Defender took it. */
export function resultsOf(stage: Stage): Results {
  switch (stage.state) {
    case 'running':
    case 'finished':
      return stage.run.results;
    case 'unknown':
      return stage.run?.results ?? noResults;
    default:
      return noResults;
  }
}

/**
 * `surface:id`, as the policy, the journal and the cards name an account, a place or a group. Ids may hold
 * colons themselves; surfaces hold none.
 */
export function surfaceKey(surface: string, id: string): string {
  return `${surface}:${id}`;
}

/** The surface and the id of a `surface:id` key; the surface is empty where the key holds no colon. */
export function splitSurfaceKey(key: string): readonly [surface: string, id: string] {
  const colon = key.indexOf(':');
  return colon < 0 ? ['', key] : [key.slice(0, colon), key.slice(colon + 1)];
}

/** The ids of those keys that belong to one surface. */
export function idsOn(surface: string, keys: readonly string[]): readonly string[] {
  const prefix = surfaceKey(surface, '');
  return keys.flatMap((key) => (key.startsWith(prefix) ? [key.slice(prefix.length)] : []));
}
