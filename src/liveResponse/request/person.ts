// Who did something, or had it done: people by their id in the policy, and the policy itself.

/** A human listed in the policy, as he or she was when it happened. Compared by `id` alone. */
export interface PersonRef {
  readonly id: string;
  readonly name: string;
}

/** Who had something done: a person, or the policy by one of its settings. */
export type Asker = PersonRef | { readonly policy: 'cancelParkedAfter' };
