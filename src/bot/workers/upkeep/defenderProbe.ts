// Probe of Defender while nothing runs: looks now and then whether it can be read, because an outage is
// better known before the next approval, and its end before somebody believes that it lasts.
import { rightSentence } from '../../../../cards/messages/rights.ts';
import { DefenderError, errorAnswer } from '../../../liveResponse/ports.ts';
import type { Deps } from '../../deps.ts';
import type { DefenderWatch, Sight } from './defenderWatch.ts';
import type { Following } from '../sessions/following.ts';
import { sessionsIn } from '../transition.ts';

/**
 * Between two looks while all is well, and while it is not: twelve and 120 of 1,500 calls an hour.
 * Milliseconds.
 */
const lookEvery = 5 * 60_000;
const lookAgain = 30_000;

/** No device is called so; asking for it shows whether devices can be looked up at all. */
const nobodysName = 'lr-outlook-probe';

/** What is known of the way to Defender. */
export type DefenderView =
  | { readonly readable: true; readonly since: number | undefined }
  | { readonly readable: false; readonly since: number; readonly why: string };

type Needs = Pick<Deps, 'store' | 'defender' | 'clock' | 'log'> & {
  readonly watch: Pick<DefenderWatch, 'outages'>;
};

export class DefenderProbe {
  readonly #deps: Needs;
  readonly #following: Following;
  #known: DefenderView = { readable: true, since: undefined };
  /** In elapsed time. A worker wakes every minute at least, which is no reason to ask. */
  #due = -Infinity;
  /**
   * What is read only when somebody asks is asked for again by nobody, and would count as failing
   * permanently.
   */
  readonly #readings: Partial<Readonly<Record<Sight, () => Promise<unknown>>>>;
  /** What failed when it was last looked around: anything new is a reason to look at once. */
  #failed: ReadonlySet<Sight> = new Set();
  /** When each of them that fails is looked at again, elapsed milliseconds. */
  readonly #again = new Map<Sight, number>();

  constructor(deps: Needs, following: Following) {
    this.#deps = deps;
    this.#following = following;
    this.#readings = {
      search: () => this.#look(),
      machines: () => deps.defender.findMachines(nobodysName),
      library: () => deps.defender.library(),
    };
  }

  async pass(): Promise<number> {
    const wait = await this.#lookAround();
    return Math.max(0, Math.min(wait, await this.#lookAtFailing()));
  }

  /**
   * `since` is in epoch milliseconds: of the first reading, or of the first failure after the last one that
   * worked.
   */
  defender(): DefenderView {
    if (this.#runs() && this.#following.readAt() !== undefined) this.#learn(this.#following.trouble());
    return this.#known;
  }

  #learn(why: string | undefined): void {
    if (why === undefined)
      this.#known =
        this.#known.readable && this.#known.since !== undefined
          ? this.#known
          : { readable: true, since: this.#deps.clock.now() };
    else
      this.#known = {
        readable: false,
        since: this.#known.readable ? this.#deps.clock.now() : this.#known.since,
        why,
      };
  }

  /** Following reads all the time while something runs; its word is the newest. */
  #runs(): boolean {
    return sessionsIn(this.#deps.store.open(), ['running']).length > 0;
  }

  async #look(): Promise<void> {
    try {
      await this.#deps.defender.reachable();
      this.#learn(undefined);
    } catch (error) {
      if (!(error instanceof DefenderError)) throw error;
      // Our own budget says nothing of Defender, and a 429 comes from a Defender that answers.
      if (error.code === 'paced' || error.code === 'throttled') return;
      this.#learn(rightSentence(errorAnswer(error)) ?? error.message);
      this.#deps.log.warn('defenderNotReadable', {
        code: error.code,
        detail: error.message,
        target: error.detail.target,
      });
    }
  }

  /** What people or deeds could not have may be the first sign that Defender is away as a whole. */
  #hurried(): boolean {
    const failing = this.#deps.watch.outages().filter(({ error }) => error.code === 'unavailable');
    const isNew = failing.some(({ what }) => !this.#failed.has(what));
    this.#failed = new Set(failing.map(({ what }) => what));
    return isNew;
  }

  async #lookAround(): Promise<number> {
    if (this.#hurried()) this.#due = Math.min(this.#due, this.#deps.clock.elapsed());
    const followed = this.#runs() && this.#following.readAt() !== undefined;
    if (followed) this.#learn(this.#following.trouble());
    else if (this.#deps.clock.elapsed() >= this.#due) await this.#look();
    else return this.#due - this.#deps.clock.elapsed();
    const wait = this.#known.readable ? lookEvery : lookAgain;
    this.#due = this.#deps.clock.elapsed() + wait;
    return wait;
  }

  /** Looks again at what was last reported as failing. Answers after how many milliseconds to come again. */
  async #lookAtFailing(): Promise<number> {
    const failing = this.#deps.watch.outages();
    for (const what of this.#again.keys())
      if (!failing.some((outage) => outage.what === what)) this.#again.delete(what);
    for (const { what, error } of failing) {
      const read = this.#readings[what];
      // That one is looked at as long as it is all that is known of Defender.
      if (read === undefined || (what === 'search' && !this.#known.readable)) {
        // A look that was due and is not made would be due at once, again and again.
        this.#again.delete(what);
        continue;
      }
      const at = this.#again.get(what) ?? this.#deps.clock.elapsed() + lookAgain;
      // A right that is missing is given by a person: no need to hurry, and calls are scarce.
      this.#again.set(
        what,
        at > this.#deps.clock.elapsed()
          ? at
          : this.#deps.clock.elapsed() + (error.status === 403 ? lookEvery : lookAgain),
      );
      if (at > this.#deps.clock.elapsed()) continue;
      await read().catch((failed: unknown) => {
        if (!(failed instanceof DefenderError)) throw failed;
        this.#deps.log.info('defenderStillFailing', { what, code: failed.code });
      });
    }
    return Math.min(Infinity, ...this.#again.values()) - this.#deps.clock.elapsed();
  }
}
