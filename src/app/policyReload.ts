// Keeps the policy that is in force the one of its file: looked at every few seconds and whenever somebody
// asks by a signal, checked first, and left alone while it cannot be used.
import { findPolicy } from '../adapters/config/policySource.ts';
import type { FoundPolicy } from '../adapters/config/policySource.ts';
import { showProblems } from '../adapters/config/yamlFile.ts';
import type { FileProblem } from '../adapters/config/yamlFile.ts';
import type { Store } from '../adapters/store/journal/requestStore.ts';
import { TookTooLong, within } from '../adapters/clock.ts';
import { policyFileSaid, applyPolicy } from '../bot/handlers/policyChange.ts';
import type { Unwritten } from '../bot/handlers/policyChange.ts';
import type { Workers } from '../bot/workers/workers.ts';
import type { CurrentPolicy } from '../bot/policy/currentPolicy.ts';
import { StoreError } from '../liveResponse/ports.ts';
import type { Clock, GlobalEvent, Log } from '../liveResponse/ports.ts';

/** Milliseconds between two looks at the file. */
export const policyLookEvery = 5_000;
/**
 * A change is taken when it looks the same after this: an editor may be in the middle of writing it.
 * Milliseconds.
 */
export const policySettles = 1_000;
/** A file system that does not answer within this is looked at again later. Milliseconds. */
const readTimeout = 5_000;

export interface PolicyReload {
  /** One look; answers after how many milliseconds to come again. */
  look(): Promise<number>;
  /** The next look takes what it finds at once. */
  ask(): void;
  /** Why the file cannot be used; undefined while it can. */
  trouble(): string | undefined;
}

export interface PolicyReloadOptions {
  readonly file: string;
  readonly sha256: string;
  readonly todays: CurrentPolicy;
  readonly store: Store;
  readonly loop: () => Workers;
  /** Bounds a reading of the file. */
  readonly clock: Pick<Clock, 'sleep'>;
  readonly log: Log;
  /** How the file is read; by default from the disk. */
  readonly find?: (file: string) => Promise<FoundPolicy>;
  /** Called when another policy is in force, with what it allows and most likely should not. */
  readonly onChanged?: (warnings: readonly FileProblem[]) => void;
}

export function createPolicyReload({
  file,
  todays,
  store,
  loop,
  clock,
  log,
  onChanged,
  find: read = findPolicy,
  ...given
}: PolicyReloadOptions): PolicyReload {
  let { sha256 } = given;
  let asked = false;
  let seen: string | undefined;
  let broken: string | undefined;
  const unwritten: Unwritten[] = [];
  /** A read that is still under way, on a file system that does not answer. */
  let reading: Promise<FoundPolicy> | undefined;

  async function find(): Promise<FoundPolicy> {
    reading ??= read(file).finally(() => (reading = undefined));
    try {
      return await within(clock, readTimeout, file, reading);
    } catch (error) {
      if (!(error instanceof TookTooLong)) throw error;
      return { unread: 'the file system does not answer' };
    }
  }

  async function note(event: GlobalEvent): Promise<boolean> {
    try {
      await store.note(event);
      return true;
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      return false;
    }
  }

  async function isBroken(found: Exclude<FoundPolicy, { readonly policy: unknown }>): Promise<void> {
    const problems = 'problems' in found ? found.problems : [];
    const why =
      'unread' in found
        ? `it cannot be read (${found.unread}).`
        : `it has ${problems.length === 1 ? 'a mistake' : `${problems.length} mistakes`}, the first in line ${problems[0]?.line ?? 1}.`;
    if (why === broken) return;
    const first = broken === undefined;
    broken = why;
    log.error('policyNotTaken', {
      file,
      why: 'unread' in found ? found.unread : showProblems(file, problems),
    });
    await note({
      type: 'policyNotTaken',
      problems: problems.length,
      ...('sha256' in found ? { sha256: found.sha256 } : {}),
    });
    // Once for each time it breaks: an editor saves more than once.
    if (first) policyFileSaid({ loop: loop(), todays }, why);
  }

  /** Seen twice, unless somebody asked for it. */
  function hasSettled(key: string, bySignal: boolean): boolean {
    const settled = bySignal || seen === key;
    seen = key;
    return settled;
  }

  async function look(): Promise<number> {
    for (let [first] = unwritten; first !== undefined && (await note(first)); [first] = unwritten)
      unwritten.shift();
    const bySignal = asked;
    // Who asks while this look is under way is served by the next.
    asked = false;
    const found = await find();
    const key = 'unread' in found ? found.unread : found.sha256;
    if ('policy' in found && found.sha256 === sha256) {
      seen = key;
      if (broken !== undefined) {
        broken = undefined;
        log.info('policyFileWell', { sha256 });
        policyFileSaid({ loop: loop(), todays }, undefined);
      }
      return policyLookEvery;
    }
    if (!hasSettled(key, bySignal)) return policySettles;
    if (!('policy' in found)) {
      await isBroken(found);
      return policyLookEvery;
    }
    const left = await applyPolicy(
      { store, loop: loop(), log, todays },
      { policy: found.policy, sha256: found.sha256, before: sha256, how: bySignal ? 'signal' : 'file' },
    );
    if (left !== undefined) unwritten.push(left);
    ({ sha256 } = found);
    broken = undefined;
    onChanged?.(found.warnings);
    return policyLookEvery;
  }

  return {
    look,
    ask: () => void (asked = true),
    trouble: () =>
      broken === undefined
        ? undefined
        : `the file cannot be used, so the earlier policy stays in force: ${broken}`,
  };
}
