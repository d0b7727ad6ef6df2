// One live response session on one device: the grant under which it may run, every attempt to send it, and
// how far it is.
import type { Action, Outcome } from '../action.ts';
import type { Command } from '../commands.ts';
import type { Results } from '../results/resultFacts.ts';
import type { Content } from './content.ts';
import type { Blocker, ErrorAnswer } from './errorAnswer.ts';
import type { Asker, PersonRef } from './vote.ts';
import type { Device } from '../device/records.ts';
import type { CallKind } from '../pacing/callRates.ts';
import type { Approval } from './vote.ts';

/** What allows a session to be sent: votes on one digest. Sending it again takes a new grant. */
export interface Grant {
  /** 0 for the first; an attempt names the grant under which it was made. */
  readonly number: number;
  /** When the last vote it needed was given. Epoch milliseconds. */
  readonly at: number;
  readonly votes: readonly [Approval, ...Approval[]];
  /** Of the votes; submission compares it with what is about to run. */
  readonly digest: string;
  /** The contents on the cards of the votes; where they were read, submission compares them with the library. */
  readonly content?: Content;
}

/** One POST, or the intent of one. `tag` is what its Comment begins with. */
export interface Attempt {
  readonly nonce: string;
  readonly tag: string;
  readonly at: number;
  readonly by?: PersonRef;
}

/** An attempt as its session keeps it: with the number of the grant it was made under. */
export interface GrantedAttempt extends Attempt {
  readonly grant: number;
}

export interface CancelAsked {
  readonly by: Asker;
  readonly at: number;
  readonly reason?: string;
  /** A platform could not be asked about the person, so what it last said counted. */
  readonly byLastKnown?: true;
  /**
   * What Defender answered to the cancel call. `noEffect`: some minutes after its answer the session is still
   * running.
   */
  readonly answer: 'sent' | 'accepted' | 'alreadyOver' | 'failed' | 'noEffect';
  /** How it refused, where it did. */
  readonly error?: ErrorAnswer;
  /**
   * Calls so far, this one counted, of a cancel that the policy asked for: those are repeated, slowly and
   * only a few times.
   */
  readonly tries?: number;
}

/** A session that waits at Defender for a device that does not answer. Epoch milliseconds. */
export interface WaitingForDevice {
  /** When Defender took the session. */
  readonly since: number;
  /** When Defender gives it up at the latest, as far as was known then: tenants differ. */
  readonly until: number;
  /** When the bot cancels it, by the policy's `cancelParkedAfter`. */
  readonly cancelAt?: number;
  /** When the device was first seen to have taken it up. */
  readonly wokeAt?: number;
  /** `surface:place` where a notice of that was posted, so that none is posted twice. */
  readonly notified: readonly string[];
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

/** What stays known of a session at Defender, also when we lose sight of it. */
export interface SeenRun {
  readonly actionId: string;
  readonly cancel?: CancelAsked;
  /** What Defender says it runs, where an action found by our tag runs something else than was approved. */
  readonly differs?: readonly Command[];
  readonly results: Results;
}

/** A session as Defender has it. */
export interface Run extends SeenRun {
  readonly action: Action;
  readonly startedAt: number;
  readonly waitingForDevice?: WaitingForDevice;
}

export interface Queued {
  readonly state: 'queued';
  readonly runBefore: number;
  /** Not to be claimed before this time, after a 429 or a busy device. */
  readonly notBefore?: number;
  readonly waitsFor?: WaitCause;
  /** What holds the device, while it is busy. */
  readonly blocker?: Blocker;
  /** How Defender refused, where that is why it waits. */
  readonly error?: ErrorAnswer;
}

/** The intent to POST is durable; whether the POST happened is known only in the next stage. */
export interface Submitting {
  readonly state: 'submitting';
}

/** Nobody knows whether it runs, or still runs, at Defender. */
export interface Unknown {
  readonly state: 'unknown';
  readonly cause: 'lost' | 'actionMissing' | 'overdue';
  readonly since: number;
  /** Searches for the tag among recent actions so far. */
  readonly searches: number;
  readonly searchedAt?: number;
  /** What came instead of an answer that says whether it was started. */
  readonly error?: ErrorAnswer;
  /** Absent where the answer to the submission was lost. */
  readonly run?: SeenRun;
}

export interface Running {
  readonly state: 'running';
  readonly run: Run;
  /** Our own limit, in epoch milliseconds, after which it becomes unknown. */
  readonly deadline: number;
  /**
   * Since when Defender reports a status that the bot does not know; absent while it reports one that it
   * does.
   */
  readonly strangeSince?: number;
}

export interface Finished {
  readonly state: 'finished';
  readonly run: Run;
  readonly outcome: Outcome;
  readonly endedAt: number;
  /**
   * The device had taken the session up: a command without an end may have run. Absent in journals that did
   * not keep it.
   */
  readonly opened?: boolean;
}

/** Why it was refused: by the policy, by a check of the bot, or by Defender. */
export interface Refusal {
  readonly kind: 'refused';
  readonly code: string;
  readonly detail?: string;
  readonly target?: string;
  readonly call?: CallKind;
  readonly status?: number;
}

/** How a session ended without Defender's word for its end. */
export type SessionEnding =
  | {
      readonly kind: 'withdrawn';
      readonly by: PersonRef;
      readonly reason?: string;
      readonly byLastKnown?: true;
    }
  | {
      readonly kind: 'lapsed';
      readonly waitedFor?: WaitCause;
      readonly blocker?: Blocker;
      readonly error?: ErrorAnswer;
    }
  | Refusal
  | { readonly kind: 'abandoned'; readonly by: PersonRef; readonly reason?: string };

/**
 * What Defender showed of a session after it was closed: an attempt whose answer had been lost had arrived
 * after all.
 */
export interface FoundLate {
  /** When it was first seen. */
  readonly at: number;
  readonly action: Action;
  readonly differs?: readonly Command[];
  /** `surface:place` where a notice of its end was posted, so that none is posted twice. */
  readonly notified: readonly string[];
}

export interface SessionClosed {
  readonly state: 'closed';
  readonly ending: SessionEnding;
  readonly endedAt: number;
  /** Known where it was given up after its action had been seen. */
  readonly actionId?: string;
  readonly found?: FoundLate;
}

export type SessionStage = Queued | Submitting | Unknown | Running | Finished | SessionClosed;
export type SessionState = SessionStage['state'];

export interface Session<Stage extends SessionStage = SessionStage> {
  /** Among the sessions of its request, from 0. */
  readonly number: number;
  readonly device: Device;
  readonly grant: Grant;
  readonly attempts: readonly GrantedAttempt[];
  readonly stage: Stage;
}

type StageIn = { readonly [S in SessionState]: Extract<SessionStage, { readonly state: S }> };

export type SessionIn<S extends SessionState> = Session<StageIn[S]>;

export const noResults: Results = { excerpts: [], files: [], links: [], troubles: [] };

/**
 * The first attempt made under an older grant than the present one: its answer was lost, so it may have run.
 * Attempts under the present grant that led back to the queue were answered by Defender, and ran nothing.
 */
export function earlierAttempt(session: Session | undefined): GrantedAttempt | undefined {
  return session?.attempts.find(({ grant }) => grant < session.grant.number);
}

/** Closed without anybody knowing whether an attempt of it ran: Defender may still show it. */
export function mayTurnUp(session: Session | undefined): session is SessionIn<'closed'> {
  return (
    session?.stage.state === 'closed' &&
    session.attempts.length > 0 &&
    (session.stage.ending.kind === 'abandoned' || earlierAttempt(session) !== undefined)
  );
}

/** Whether a session is in one of these states. */
export function isInState<S extends SessionState>(
  session: Session | undefined,
  states: readonly S[],
): session is SessionIn<S> {
  return session !== undefined && (states as readonly SessionState[]).includes(session.stage.state);
}
