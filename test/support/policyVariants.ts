// The small policy with one thing changed, for tests of what another policy changes.
import type { Policy, Tier } from '../../src/bot/policy/policy.ts';
import { dump, policy } from './policy.ts';

export const withTier = (name: string, change: Partial<Tier>, of: Policy = policy): Policy => ({
  ...of,
  tiers: of.tiers.map((one) => (one.name === name ? { ...one, ...change } : one)),
});
export const withRoles = (change: Readonly<Record<string, readonly string[]>>): Policy => ({
  ...policy,
  roles: new Map([...policy.roles, ...Object.entries(change)]),
});
export const withRecipe = (change: Partial<typeof dump>): Policy => ({
  ...policy,
  recipes: new Map([['dump', { ...dump, ...change }]]),
});

/** Nobody's roles hang on a group. */
export const groupless: Policy = withRoles({ responder: ['responder1'], approver: ['approver1'] });
