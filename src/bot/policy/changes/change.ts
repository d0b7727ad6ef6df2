// One difference between two policies: what it is, whether more may happen, and how people read it.
import type { PolicyFact } from '../../../liveResponse/ports.ts';

export type Effect = PolicyFact['effect'];

export interface PolicyChange {
  readonly fact: PolicyFact;
  /** One sentence, without its full stop. */
  readonly words: string;
}

export function change(
  effect: Effect,
  what: string,
  words: string,
  more: Omit<PolicyFact, 'effect' | 'what'> = {},
): PolicyChange {
  return { fact: { effect, what, ...more }, words };
}

/** What is in one list and not in the other. */
export function differ<T>(
  before: readonly T[],
  after: readonly T[],
): { readonly added: readonly T[]; readonly gone: readonly T[] } {
  return {
    added: after.filter((one) => !before.includes(one)),
    gone: before.filter((one) => !after.includes(one)),
  };
}
