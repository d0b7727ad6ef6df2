// Refusals and outages of Defender as they are kept with a request, and what holds a device that is busy, so
// that the card can show it and support can be asked.
import type { CallKind } from '../pacing/callRates.ts';

/** How Defender said no, kept with what it stopped: on the card for people, and for Microsoft's support. */
export interface ErrorAnswer {
  /** Which kind of call it was; absent of the storage behind a link, which is no call of the API. */
  readonly call?: CallKind;
  /** Our own word for it, a `DefenderErrorCode`. */
  readonly code: string;
  readonly status?: number;
  /** `error.code`, `error.message` and `error.target` of the body; the last is the correlation id. */
  readonly apiCode?: string;
  readonly message?: string;
  readonly target?: string;
}

/**
 * Calls of one kind that have failed for a while: since when (epoch milliseconds), and how the last of them
 * failed.
 */
export interface Outage {
  readonly since: number;
  readonly error: ErrorAnswer;
  /** The failure in words, for what no code names. */
  readonly detail: string;
}

/**
 * What holds a device that is busy, as far as anybody can tell: another request of this bot (`undecided`: it
 * waits for a person), an action the API shows, nothing that the API shows, or it could not be looked up.
 */
export type Blocker =
  | { readonly by: 'request'; readonly id: string; readonly undecided: boolean }
  | {
      readonly by: 'action';
      readonly id: string;
      readonly type: string;
      readonly app: string;
      readonly since?: number;
      readonly comment?: string;
    }
  | { readonly by: 'unseen' }
  | { readonly by: 'notRead'; readonly error?: ErrorAnswer };
