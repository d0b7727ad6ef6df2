// The policy file, read at the start and again when it changes or a signal asks for it: a file that cannot be used
// ends the start and changes nothing later. And the check that the bot can write in every place it names.
import { TookTooLong, within } from '../adapters/clock.ts';
import { ConfigError } from '../adapters/config/environment.ts';
import { readApart } from '../adapters/config/policyApart.ts';
import { findPolicy } from '../adapters/config/policySource.ts';
import type { FoundPolicy } from '../adapters/config/policySource.ts';
import { showProblems } from '../adapters/config/yamlFile.ts';
import type { FileProblem } from '../adapters/config/yamlFile.ts';
import type { Store } from '../adapters/store/journal/requestStore.ts';
import { applyPolicy, policyFileSaid } from '../bot/handlers/policyChange.ts';
import type { Unwritten } from '../bot/handlers/policyChange.ts';
import type { CurrentPolicy } from '../bot/policy/places.ts';
import type { Policy } from '../bot/policy/policy.ts';
import { ChatError } from '../bot/ports.ts';
import type { ChatPort } from '../bot/ports.ts';
import type { Workers } from '../bot/workers/workers.ts';
import { StoreError } from '../liveResponse/ports.ts';
import type { Clock, GlobalEvent, Log } from '../liveResponse/ports.ts';
import { splitSurfaceKey } from '../liveResponse/request/request.ts';

/** Milliseconds between two looks at the file. */
export const policyLookEvery = 5_000;
/**
 * A change is taken when it looks the same after this: an editor may be in the middle of writing it.
 * Milliseconds.
 */
export const policySettles = 1_000;
/** A file that is not read within this is looked at again later. Milliseconds. */
const readTimeout = 5_000;

/** At the start; a generated policy may hold very many. */
const warningsTold = 10;

export type UsablePolicy = Extract<FoundPolicy, { readonly policy: Policy }>;

/** The policy at the start, which is refused without one. @throws ConfigError */
export async function loadPolicy(file: string): Promise<UsablePolicy> {
  const found = await findPolicy(file);
  if ('unread' in found)
    throw new ConfigError(
      `The policy ${file} cannot be read (${found.unread}). Copy policy.example.yaml to policy.yaml and adapt it, or set LR_POLICY.`,
    );
  if ('problems' in found)
    throw new ConfigError(
      `The policy has ${found.problems.length === 1 ? 'a mistake' : `${found.problems.length} mistakes`}:\n${showProblems(file, found.problems)}`,
    );
  return found;
}

/**
 * Tells what the policy allows and most likely should not, such as one human listed twice. No decision
 * depends on it.
 */
export function tellWarnings(
  file: string,
  warnings: readonly FileProblem[],
  { log, warn }: { readonly log: Log; readonly warn: (sentence: string) => void },
): void {
  for (const { line, where } of warnings) log.warn('policyWarning', { line, where });
  for (const { line, where, text } of warnings.slice(0, warningsTold))
    warn(`warning: the policy ${file}, line ${line} (${where}): ${text}.`);
  if (warnings.length > warningsTold)
    warn(
      `warning: the policy ${file} has ${warnings.length - warningsTold} more warnings; the doctor lists them all.`,
    );
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
  /** How the file is read; by default from the disk, and its text in a thread of its own. */
  readonly find?: (file: string) => Promise<FoundPolicy>;
  /** Called when another policy is in force, with what it allows and most likely should not. */
  readonly onChanged?: (warnings: readonly FileProblem[]) => void;
}

/** A changed text is read while people wait for other answers. */
const findApart = (file: string): Promise<FoundPolicy> => findPolicy(file, readApart);

export class PolicyReload {
  readonly #options: PolicyReloadOptions;
  /** Of the file whose policy is in force. */
  #sha256: string;
  /** A signal asked for a look. */
  #asked = false;
  /** What the last look found. */
  #seen: string | undefined;
  /** Why the file cannot be used. */
  #broken: string | undefined;
  readonly #unwritten: Unwritten[] = [];
  /** A read that is still under way, on a file system that does not answer. */
  #reading: Promise<FoundPolicy> | undefined;

  constructor(options: PolicyReloadOptions) {
    this.#options = options;
    this.#sha256 = options.sha256;
  }

  /** One look; answers after how many milliseconds to come again. */
  async look(): Promise<number> {
    for (
      let [first] = this.#unwritten;
      first !== undefined && (await this.#note(first));
      [first] = this.#unwritten
    )
      this.#unwritten.shift();
    const bySignal = this.#asked;
    // A signal that comes while this look is under way is served by the next.
    this.#asked = false;
    const found = await this.#find();
    const key = 'unread' in found ? found.unread : found.sha256;
    if ('policy' in found && found.sha256 === this.#sha256) {
      this.#seen = key;
      if (this.#broken !== undefined) {
        this.#broken = undefined;
        this.#options.log.info('policyFileWell', { sha256: this.#sha256 });
        this.#tell(undefined);
      }
      return policyLookEvery;
    }
    if (!this.#hasSettled(key, bySignal)) return policySettles;
    if (!('policy' in found)) {
      await this.#takeNotice(found);
      return policyLookEvery;
    }
    const { store, log, todays, loop, onChanged } = this.#options;
    const left = await applyPolicy(
      { store, loop: loop(), log, todays },
      { policy: found.policy, sha256: found.sha256, before: this.#sha256, how: bySignal ? 'signal' : 'file' },
    );
    if (left !== undefined) this.#unwritten.push(left);
    this.#sha256 = found.sha256;
    this.#broken = undefined;
    onChanged?.(found.warnings);
    return policyLookEvery;
  }

  /** The next look takes what it finds at once. */
  ask(): void {
    this.#asked = true;
  }

  /** Why the file cannot be used; undefined while it can. */
  trouble(): string | undefined {
    return this.#broken === undefined
      ? undefined
      : `the file cannot be used, so the earlier policy stays in force: ${this.#broken}`;
  }

  async #find(): Promise<FoundPolicy> {
    const { clock, file } = this.#options;
    this.#reading ??= (this.#options.find ?? findApart)(file).finally(() => (this.#reading = undefined));
    try {
      return await within(clock, readTimeout, file, this.#reading);
    } catch (error) {
      if (!(error instanceof TookTooLong)) throw error;
      return { unread: 'the file system does not answer, or it is too long to be read at once' };
    }
  }

  async #note(event: GlobalEvent): Promise<boolean> {
    try {
      await this.#options.store.note(event);
      return true;
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      return false;
    }
  }

  async #takeNotice(found: Exclude<FoundPolicy, { readonly policy: unknown }>): Promise<void> {
    const problems = 'problems' in found ? found.problems : [];
    const why =
      'unread' in found
        ? `it cannot be read (${found.unread}).`
        : `it has ${problems.length === 1 ? 'a mistake' : `${problems.length} mistakes`}, the first in line ${problems[0]?.line ?? 1}.`;
    if (why === this.#broken) return;
    const first = this.#broken === undefined;
    this.#broken = why;
    const { file, log } = this.#options;
    log.error('policyNotTaken', {
      file,
      why: 'unread' in found ? found.unread : showProblems(file, problems),
    });
    await this.#note({
      type: 'policyNotTaken',
      problems: problems.length,
      ...('sha256' in found ? { sha256: found.sha256 } : {}),
    });
    // Once for each time it breaks: an editor saves more than once.
    if (first) this.#tell(why);
  }

  /** Seen twice, unless a signal asked for it. */
  #hasSettled(key: string, bySignal: boolean): boolean {
    const settled = bySignal || this.#seen === key;
    this.#seen = key;
    return settled;
  }

  #tell(why: string | undefined): void {
    const { loop, todays } = this.#options;
    policyFileSaid({ loop: loop(), todays }, why);
  }
}

export interface Unreached {
  readonly place: string;
  readonly approvals: boolean;
  readonly why: string;
}

/**
 * One cheap reading for each place whose chat can tell, one after the other. Never rejects: what could not be
 * asked is logged as that.
 */
export async function unreachedPlaces(
  policy: Pick<Policy, 'places'>,
  chats: readonly ChatPort[],
  log: Log,
  stopped: AbortSignal,
): Promise<readonly Unreached[]> {
  const unreached: Unreached[] = [];
  for (const { place, approvals } of policy.places) {
    const [surface, id] = splitSurfaceKey(place);
    const chat = chats.find((one) => one.surface === surface);
    if (chat?.probe === undefined) continue;
    if (stopped.aborted) break;
    try {
      await chat.probe(id);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      if (error instanceof ChatError && error.code === 'closed') unreached.push({ place, approvals, why });
      log.warn(
        error instanceof ChatError && error.code === 'closed' ? 'placeNotReached' : 'placeNotLookedAt',
        { place, approvals, why },
      );
    }
  }
  return unreached;
}

export class PlacesCheck {
  readonly #policy: Pick<Policy, 'places'>;
  readonly #log: Log;
  readonly #warn: (sentence: string) => void;
  readonly #stopped = new AbortController();
  readonly #warned = new Set<string>();

  constructor(policy: Pick<Policy, 'places'>, log: Log, warn: (sentence: string) => void) {
    this.#policy = policy;
    this.#log = log;
    this.#warn = warn;
  }

  /**
   * Looks at the places of these chats and warns of each that the bot cannot write in, once. Never rejects.
   */
  async look(chats: readonly ChatPort[]): Promise<void> {
    for (const one of await unreachedPlaces(this.#policy, chats, this.#log, this.#stopped.signal)) {
      if (!this.#warned.has(one.place)) this.#warn(unreachedSentence(one));
      this.#warned.add(one.place);
    }
  }

  stop(): void {
    this.#stopped.abort();
  }
}

/** For the person who starts the bot. */
export function unreachedSentence({ place, approvals, why }: Unreached): string {
  return `warning: the bot cannot write in ${place} (${why})${approvals ? '; nobody there sees a request that waits for approval' : ''}.`;
}
