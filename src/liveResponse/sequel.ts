// What may come after a session was sent or a request has ended: waiting for an offline device, a cancel, and
// another request that goes on.
import type { Command } from './commands.ts';
import type { ErrorAnswer } from './request/errorAnswer.ts';
import type { Asker, PersonRef } from './request/person.ts';

export interface CancelAsked {
  readonly by: Asker;
  readonly at: number;
  readonly reason?: string;
  /** A platform could not be asked about the person, so what it last said counted. */
  readonly byLastKnown?: true;
  /**
   * What Defender answered to the cancel call. `noEffect`: some minutes after its answer the session still
   * goes on.
   */
  readonly answer: 'sent' | 'accepted' | 'alreadyOver' | 'failed' | 'noEffect';
  /** How it refused, where it did. */
  readonly error?: ErrorAnswer;
  /**
   * Calls so far, this one counted, of a cancel that the policy asked for: those are repeated, slowly and so
   * many times only.
   */
  readonly tries?: number;
}

/** A session that waits at Defender for a device that does not answer. Epoch milliseconds. */
export interface Parked {
  /** When Defender took the session. */
  readonly since: number;
  /** When Defender gives it up at the latest, as far as was known then: tenants differ. */
  readonly until: number;
  /** When the bot cancels it, by the policy's `cancelParkedAfter`. */
  readonly cancelAt?: number;
  /** When the device was first seen to have taken it up. */
  readonly wokeAt?: number;
  /** `surface:place` where a note told of that, so that none is told twice. */
  readonly noted: readonly string[];
}

/**
 * What a request goes on with, or repeats: the commands of an earlier one from an index on. Approved like any
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

/** The request that goes on with this one, once somebody asked for it. */
export interface TriedAgain {
  readonly id: string;
  readonly by: PersonRef;
  /** Absent where `id` goes on with an older request, of which this one was an attempt that never ran. */
  readonly from?: number;
}
