// The policy as it is at this moment, for all who hold it: each reading of a part of it sees the newest file
// that was taken.
import type { Policy } from './policy.ts';

export interface CurrentPolicy {
  /** Changes under whoever keeps it; a value taken out of it does not. */
  readonly policy: Policy;
  /** The one in force as it stands. */
  now(): Policy;
  replace(next: Policy): void;
}

export function createCurrentPolicy(first: Policy): CurrentPolicy {
  let now = first;
  // Every part, so that the compiler asks for each new one.
  const policy: { readonly [Part in keyof Required<Policy>]: Policy[Part] } = {
    get people() {
      return now.people;
    },
    get roles() {
      return now.roles;
    },
    get recipes() {
      return now.recipes;
    },
    get raw() {
      return now.raw;
    },
    get devices() {
      return now.devices;
    },
    get tiers() {
      return now.tiers;
    },
    get places() {
      return now.places;
    },
    get results() {
      return now.results;
    },
    get freeze() {
      return now.freeze;
    },
  };
  return { policy, now: () => now, replace: (next) => void (now = next) };
}
