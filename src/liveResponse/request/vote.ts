// Votes of people on a request, and how a person is named in records.
import type { Content } from './content.ts';

/** A human listed in the policy, as he or she was when it happened. Compared by `id` alone. */
export interface PersonRef {
  readonly id: string;
  readonly name: string;
}

/** Who had something done: a person, or the policy by one of its settings. */
export type Asker = PersonRef | { readonly policy: 'cancelParkedAfter' };

/** One person's word on a request. */
export interface Vote {
  readonly kind: 'approve' | 'deny';
  readonly by: PersonRef;
  /** `surface:account`; absent in denials that version 0.1 wrote. */
  readonly account?: string;
  readonly at: number;
  /** The digest on the card that the person saw; absent in denials that version 0.1 wrote. */
  readonly digest?: string;
  /** The contents that card showed. */
  readonly content?: Content;
  readonly reason?: string;
  /** A platform could not be asked about the person, so what it last said counted. */
  readonly byLastKnown?: true;
}

/** An approving vote: submission compares its digest, and the contents where they were read, with what is about to run. */
export type Approval = Vote & { readonly kind: 'approve'; readonly account: string; readonly digest: string };
