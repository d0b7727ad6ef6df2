// Change of the policy while the bot runs: journaled first, then applied to everything that waits or is
// decided, and announced in the approvals places of the old policy and the new, what lets more happen first.
import type { Workers } from '../workers/workers.ts';
import { StoreError } from '../../liveResponse/ports.ts';
import type { GlobalEvent, Log, RequestStore } from '../../liveResponse/ports.ts';
import { changesOf, changeWords } from '../policy/changes/policyChanges.ts';
import type { Policy } from '../policy/policy.ts';
import type { CurrentPolicy } from '../policy/places.ts';

export interface NextPolicy {
  readonly policy: Policy;
  readonly sha256: string;
  /** Of the policy that it replaces. */
  readonly before: string;
  readonly how: 'file' | 'signal';
}

interface Parts {
  readonly store: RequestStore;
  readonly loop: Workers;
  readonly log: Log;
  readonly todays: CurrentPolicy;
}

/**
 * A policy that is in force and that the journal could not take yet. Other entries do not wait for it; the bot
 * tries it again.
 */
export type Unwritten = Extract<GlobalEvent, { readonly type: 'policyChanged' }>;

/** Facts of one change in the journal; a completely different policy need not be journaled line by line. */
const mostFacts = 200;
const topic = 'policy';

/**
 * Answers what the journal could not take. The policy is in force in any case: what is stricter must not wait
 * for a disk.
 */
export async function applyPolicy(
  { store, loop, log, todays }: Parts,
  { policy, sha256, before, how }: NextPolicy,
): Promise<Unwritten | undefined> {
  const old = todays.now();
  const changes = changesOf(old, policy);
  const event = {
    type: 'policyChanged',
    sha256,
    before,
    how,
    ...(changes.length === 0 ? {} : { facts: changes.slice(0, mostFacts).map(({ fact }) => fact) }),
  } as const;
  let unwritten: Unwritten | undefined;
  try {
    await store.note(event);
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    log.error('policyChangeNotJournaled', { sha256, error });
    unwritten = event;
  }
  todays.replace(policy);
  log.warn('policyChanged', { sha256, before, how, changes: changes.length });
  loop.announcing.say({
    topic,
    places: [...approvalsOf(old), ...approvalsOf(policy)],
    text: `The policy ${how === 'signal' ? 'was read again' : 'file has changed'} and is in force now. ${changeWords(changes)}${changes.length === 0 ? '' : ' Open requests are judged by it at once; the card of each one that it ends says why.'}`,
    told: () => noteAnnounced(store, sha256),
    each: true,
  });
  loop.policyChanged();
  return unwritten;
}

/**
 * A start with another policy than the journal knows, or after a run that ended before it announced one. The
 * earlier file is not kept, so what changed cannot be compared.
 */
export async function startWithPolicy({ store, loop, todays }: Parts, sha256: string): Promise<void> {
  const last = store.lastPolicy();
  if (last !== undefined && last.sha256 !== sha256)
    await store.note({ type: 'policyChanged', sha256, before: last.sha256, how: 'start' });
  await store.note({ type: 'policyRead', sha256 });
  const known = last?.told ?? last?.sha256;
  if (known === sha256) return;
  // The very first start, and the first of a version that keeps it, is no change.
  if (known === undefined) return noteAnnounced(store, sha256);
  loop.announcing.say({
    topic,
    places: approvalsOf(todays.policy),
    text: `The bot has started with another policy than before (SHA-256 ${sha256.slice(0, 8)}…, was ${known.slice(0, 8)}…). Open requests are judged by it; the card of each one that it ends says why. The earlier file is not kept, so the bot cannot say what changed: ask an administrator to compare the two.`,
    told: () => noteAnnounced(store, sha256),
  });
}

/**
 * The file cannot be used: said once, and once more when it can again. `why` undefined: the file is
 * well, and the policy in force has not changed.
 */
export function policyFileSaid(
  { loop, todays }: Pick<Parts, 'loop' | 'todays'>,
  why: string | undefined,
): void {
  const words =
    why === undefined
      ? 'The policy file has no mistake any more. It says what is in force already, so nothing changes.'
      : `The policy file cannot be used, so the policy that was in force stays in force: ${why} An administrator fixes it (the log and the doctor name every mistake); it is taken as soon as it has none.`;
  loop.announcing.say({ topic: 'policy file', places: approvalsOf(todays.policy), text: words });
}

function approvalsOf(policy: Policy): readonly string[] {
  return policy.places.flatMap(({ place, approvals }) => (approvals ? [place] : []));
}

async function noteAnnounced(store: RequestStore, sha256: string): Promise<void> {
  await store.note({ type: 'policyTold', sha256 });
}
