// A live response request: one discriminated union with a member per state, and the one table of moves
// between them. State changes nowhere else than in `evolve`, which folds journal events; the same fold
// rebuilds everything after a restart.
import type { Action, Outcome } from './action.ts';
import type { Command } from './commands.ts';
import type { Content } from './request/content.ts';
import type { Blocker, ErrorAnswer } from './request/errorAnswer.ts';
import type { CallKind } from './pacing/callRates.ts';
import type { Panel } from './request/deviceContext.ts';
import type { PersonRef } from './request/person.ts';
import type { CollectedFile, Excerpt, LinkFact, Results, ResultTrouble } from './results/resultFacts.ts';
import type { CancelAsked, Continues, Parked, TriedAgain } from './sequel.ts';

/**
 * A device frozen by id when it was resolved; the rest is what the approver is shown. Times in epoch
 * milliseconds.
 */
export interface Device {
  readonly id: string;
  readonly name: string;
  readonly os: string;
  readonly health: string;
  readonly risk?: string;
  readonly exposure?: string;
  readonly group?: string;
  readonly tags: readonly string[];
  /** Last full report, roughly daily: not "last seen online". */
  readonly lastReportAt?: number;
  readonly ip?: string;
  /**
   * Defender's own word, such as Onboarded or CanBeOnboarded; absent where it gave none, and in requests made
   * before it was kept.
   */
  readonly onboarding?: string;
  /** Id of the record that this one was merged into. */
  readonly mergedInto?: string;
  /** Defender takes it for a possible duplicate of another record. */
  readonly duplicate?: true;
  /** Left out of Defender's own lists by somebody; it may still take sessions. */
  readonly excluded?: true;
}

/** Where one card of a request stands. `id` is whatever its chat needs to update it, as text. */
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
 * What the policy decided when the request was made; frozen so that a later edit of the file cannot loosen a
 * waiting request.
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
  /** Output and links stand on no card of it. */
  readonly results?: 'private';
  /**
   * Of each rule that limits it, the roles that find it besides the requester and the approvers. One must be
   * held of every list.
   */
  readonly visibility?: readonly (readonly string[])[];
}

/**
 * Output and links left the cards: `time`, by the policy's `redactAfter`; `place`, because one of its places
 * became private or shared with outsiders.
 */
export interface Redacted {
  readonly at: number;
  readonly cause: 'time' | 'place';
}

/**
 * Everything known from the start; only the contents of library files, and the digest over them, are seen
 * again while a person decides.
 */
export interface Asked {
  readonly id: string;
  /** Surface and delivery id: a repeated delivery is recognised by it. */
  readonly origin: string;
  /**
   * The same of a request that goes on from another one: its `origin` names that one, so that one request at
   * most goes on from each.
   */
  readonly delivery?: string;
  readonly at: number;
  readonly requester: PersonRef;
  /** `surface:account` the request came from. */
  readonly account: string;
  /** `surface:place` it was asked in. */
  readonly place: string;
  /**
   * That place is shared with outsiders or is a one-to-one chat: results are whispered there, whatever the
   * policy says.
   */
  readonly placeIsPrivate: boolean;
  /**
   * What the policy kept from people who need not know, when it was asked. A later policy can only keep more.
   * Absent: nothing.
   */
  readonly privacy?: Privacy;
  readonly tenant: string;
  readonly device: Device;
  /** What else was known of the device when it was asked for. Absent in requests made before it was kept. */
  readonly panel?: Panel;
  readonly commands: readonly Command[];
  /** What the requester typed, in one line, for title and history. */
  readonly title: string;
  readonly recipe?: string;
  /** Values of the recipe's arguments, by name. Absent in requests made before they were kept. */
  readonly recipeArgs?: Readonly<Record<string, string>>;
  /**
   * Over 0 where these commands are the recipe's from that index on, those before it having completed in an
   * earlier request.
   */
  readonly recipeFrom?: number;
  readonly reason?: string;
  readonly continues?: Continues;
  /**
   * The open request for the same that the requester was shown, and from which this one was asked separately,
   * for the reason given.
   */
  readonly apartFrom?: string;
  readonly terms: Terms;
  /**
   * What the cards show of the library files that the commands name. Absent where none is named, and in
   * requests made before it was kept.
   */
  readonly content?: Content;
  readonly digest: string;
  readonly fingerprint: string;
}

export interface Approval {
  readonly by: PersonRef;
  readonly account: string;
  readonly at: number;
  /** The digest the approver's card bore; submission compares it with what is about to run. */
  readonly digest: string;
  /**
   * The contents the approver's card showed; where they were read, submission compares them with the library.
   */
  readonly content?: Content;
}

/** One POST, or the intent of one. `tag` is what its Comment begins with. */
export interface Attempt {
  readonly nonce: string;
  readonly tag: string;
  readonly at: number;
  readonly by?: PersonRef;
}

/** Known in every state. */
interface Common extends Asked {
  readonly revision: number;
  readonly cards: readonly Card[];
  /** Where terminal notes were posted, so that none is posted twice. */
  readonly noted: readonly string[];
  readonly changedAt: number;
  /** Of a request that has ended. */
  readonly again?: TriedAgain;
  readonly redacted?: Redacted;
}

/** Known once it reached Defender (or may have). */
interface Sent {
  readonly approval: Approval;
  readonly attempts: readonly Attempt[];
}

export type WaitCause =
  | 'slot'
  | 'sessions'
  | 'deviceBusy'
  | 'throttled'
  | 'frozen'
  | 'library'
  | 'directory'
  | 'unavailable'
  | 'unauthorized';

export interface AwaitingApproval extends Common {
  readonly state: 'awaitingApproval';
}
export interface Queued extends Common {
  readonly state: 'queued';
  readonly approval: Approval;
  readonly attempts: readonly Attempt[];
  readonly runBefore: number;
  /** Not to be claimed before this time, after a 429 or a busy device. */
  readonly notBefore?: number;
  readonly waitsFor?: WaitCause;
  /** Of a busy device. */
  readonly blocker?: Blocker;
  /** How Defender refused, where that is why it waits. */
  readonly error?: ErrorAnswer;
}
export interface Submitting extends Common, Sent {
  readonly state: 'submitting';
}
export interface Unknown extends Common, Sent {
  readonly state: 'unknown';
  readonly cause: 'lost' | 'lostTrack' | 'overdue';
  readonly since: number;
  /** Searches for the tag among recent actions so far. */
  readonly looks: number;
  readonly lookedAt?: number;
  /** Known when we lost sight of an action we had. */
  readonly actionId?: string;
  /** What came instead of an answer that says whether it was started. */
  readonly error?: ErrorAnswer;
  readonly cancel?: CancelAsked;
  readonly differs?: readonly Command[];
  readonly results: Results;
}
export interface Running extends Common, Sent {
  readonly state: 'running';
  readonly startedAt: number;
  readonly actionId: string;
  readonly action: Action;
  /** Our own limit, in epoch milliseconds, after which it becomes unknown. */
  readonly deadline: number;
  readonly cancel?: CancelAsked;
  readonly parked?: Parked;
  /**
   * Since when Defender reports a status that the bot does not know; absent while it reports one that it
   * does.
   */
  readonly strangeSince?: number;
  /** What Defender says it runs, where an action found by our tag runs something else than was approved. */
  readonly differs?: readonly Command[];
  readonly results: Results;
}
export interface Finished extends Common, Sent {
  readonly state: 'finished';
  readonly outcome: Outcome;
  readonly endedAt: number;
  readonly startedAt: number;
  readonly actionId: string;
  readonly action: Action;
  /**
   * The device had taken the session up: a command without an end may have run. Absent in journals that did
   * not keep it.
   */
  readonly opened?: boolean;
  readonly cancel?: CancelAsked;
  readonly parked?: Parked;
  readonly differs?: readonly Command[];
  readonly results: Results;
}
export type Ending =
  | { readonly how: 'denied'; readonly by: PersonRef; readonly reason?: string; readonly byLastKnown?: true }
  | {
      readonly how: 'withdrawn';
      readonly by: PersonRef;
      readonly reason?: string;
      readonly byLastKnown?: true;
    }
  | { readonly how: 'expired' }
  | {
      readonly how: 'lapsed';
      readonly waitedFor?: WaitCause;
      readonly blocker?: Blocker;
      readonly error?: ErrorAnswer;
    }
  | {
      readonly how: 'refused';
      readonly code: string;
      readonly detail?: string;
      readonly target?: string;
      readonly call?: CallKind;
      readonly status?: number;
    }
  | { readonly how: 'dropped'; readonly by: PersonRef; readonly reason?: string };
/**
 * What Defender showed of a request after it was over: an attempt whose answer had been lost had arrived
 * after all.
 */
export interface FoundLate {
  /** When it was first seen. */
  readonly at: number;
  readonly action: Action;
  readonly differs?: readonly Command[];
  /** `surface:place` where a note told of its end, so that none is told twice. */
  readonly noted: readonly string[];
}
export interface Over extends Common {
  readonly state: 'over';
  readonly ending: Ending;
  readonly endedAt: number;
  readonly approval?: Approval;
  readonly attempts: readonly Attempt[];
  /** Known where it was given up after its action had been seen. */
  readonly actionId?: string;
  readonly found?: FoundLate;
}

export type Request = AwaitingApproval | Queued | Submitting | Unknown | Running | Finished | Over;
export type State = Request['state'];
export type InState<S extends State> = Extract<Request, { readonly state: S }>;

/** Moves change the state. */
export type Move =
  | { readonly type: 'approved'; readonly approval: Approval }
  /** `byLastKnown`: a platform could not be asked about the person, so what it last said counted. */
  | { readonly type: 'denied'; readonly by: PersonRef; readonly reason?: string; readonly byLastKnown?: true }
  | { readonly type: 'expired' }
  | {
      readonly type: 'withdrawn';
      readonly by: PersonRef;
      readonly reason?: string;
      readonly byLastKnown?: true;
    }
  | { readonly type: 'claimed'; readonly attempt: Attempt }
  | { readonly type: 'lapsed' }
  | {
      readonly type: 'submitted';
      readonly action: Action;
      readonly deadline: number;
      readonly differs?: readonly Command[];
    }
  | {
      readonly type: 'deferred';
      readonly cause: WaitCause;
      readonly notBefore: number;
      readonly error?: ErrorAnswer;
    }
  | {
      readonly type: 'refused';
      readonly code: string;
      readonly detail?: string;
      readonly target?: string;
      readonly call?: CallKind;
      readonly status?: number;
    }
  | { readonly type: 'lost'; readonly error?: ErrorAnswer }
  | {
      readonly type: 'adopted';
      readonly action: Action;
      readonly deadline: number;
      readonly differs?: readonly Command[];
    }
  | { readonly type: 'resent'; readonly approval: Approval; readonly runBefore: number }
  | { readonly type: 'dropped'; readonly by: PersonRef; readonly reason?: string }
  | { readonly type: 'progressed'; readonly action: Action; readonly deadline: number }
  | { readonly type: 'ended'; readonly action: Action; readonly outcome: Outcome }
  | { readonly type: 'lostTrack' }
  | { readonly type: 'overdue' };

/**
 * Facts are journaled but leave the state as it is; those marked with a star on the right raise the revision.
 */
export type Fact =
  | {
      readonly type: 'cardPosting';
      readonly surface: string;
      readonly place: string;
      readonly intent: string;
    }
  | { readonly type: 'cardPosted'; readonly intent: string; readonly ref: CardRef; readonly shown: number }
  | { readonly type: 'cardShown'; readonly intent: string; readonly shown: number }
  | { readonly type: 'cardGone'; readonly intent: string; readonly why: string; readonly dead: boolean }
  /** `what` is absent for the note at the end. */
  | {
      readonly type: 'noted';
      readonly surface: string;
      readonly place: string;
      readonly what?: 'woke' | 'found';
    }
  | {
      readonly type: 'waiting';
      readonly cause: WaitCause;
      readonly blocker?: Blocker;
      readonly error?: ErrorAnswer;
    } // *
  | {
      readonly type: 'contentSeen';
      readonly content: Content;
      readonly digest: string;
      readonly fingerprint: string;
    } // *
  | { readonly type: 'looked' } // *
  | { readonly type: 'excerptRead'; readonly excerpt: Excerpt } // *
  | { readonly type: 'fileSeen'; readonly file: CollectedFile } // *
  | { readonly type: 'resultTrouble'; readonly trouble: ResultTrouble } // *
  | { readonly type: 'linkMinted'; readonly link: LinkFact; readonly onCard: boolean } // * when on the card
  | { readonly type: 'linkRetired'; readonly index: number } // *
  | { readonly type: 'linkRefused'; readonly trouble: ResultTrouble } // *
  /** Output and links leave the cards for good. */
  | { readonly type: 'redacted'; readonly cause: Redacted['cause'] } // *
  | { readonly type: 'cancelAsked'; readonly cancel: CancelAsked } // *
  | { readonly type: 'parked'; readonly parked: Pick<Parked, 'since' | 'until' | 'cancelAt'> } // *
  | { readonly type: 'triedAgain'; readonly again: TriedAgain } // *
  /** Of a request that is over: a lost attempt of it turned up at Defender, or went on there. */
  | { readonly type: 'foundAfterDrop'; readonly action: Action; readonly differs?: readonly Command[] } // *
  | { readonly type: 'pressRefused'; readonly by: string; readonly verb: string; readonly reason: string }
  | {
      readonly type: 'resultViewed';
      readonly by: PersonRef;
      readonly index: number;
      readonly what: 'output' | 'link';
    };

export type Event = { readonly type: 'asked'; readonly asked: Asked } | Move | Fact;

/** Target of each move, by state. What is not here cannot happen. */
export const moves = {
  awaitingApproval: {
    approved: 'queued',
    denied: 'over',
    expired: 'over',
    withdrawn: 'over',
    refused: 'over',
  },
  queued: { claimed: 'submitting', withdrawn: 'over', lapsed: 'over', refused: 'over' },
  submitting: { submitted: 'running', deferred: 'queued', refused: 'over', lost: 'unknown' },
  unknown: { adopted: 'running', resent: 'queued', dropped: 'over' },
  running: { progressed: 'running', ended: 'finished', lostTrack: 'unknown', overdue: 'unknown' },
  finished: {},
  over: {},
} as const satisfies Record<State, Partial<Record<Move['type'], State>>>;

/** The state after a move, or undefined when the table has no such move. */
export function target(state: State, event: Move['type']): State | undefined {
  const row: Partial<Record<Move['type'], State>> = moves[state];
  return row[event];
}

/**
 * The first attempt made under an older approval than the present one: its answer was lost, so it may have
 * run. Attempts under the present approval that led back to the queue were answered by Defender, and ran
 * nothing.
 */
export function earlierAttempt(request: Request): Attempt | undefined {
  if (!('attempts' in request) || request.approval === undefined) return undefined;
  const approvedAt = request.approval.at;
  return request.attempts.find((attempt) => attempt.at < approvedAt);
}

/** Over without anybody knowing whether an attempt of it ran: Defender may still show it. */
export function mayTurnUp(request: Request): request is Over {
  return (
    request.state === 'over' &&
    request.attempts.length > 0 &&
    (request.ending.how === 'dropped' || earlierAttempt(request) !== undefined)
  );
}

export function isOpen(request: Request): boolean {
  return request.state !== 'finished' && request.state !== 'over';
}
