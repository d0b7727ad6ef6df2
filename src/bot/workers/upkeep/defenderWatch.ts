// Watch over the calls to Defender: what can be read and since when, what cannot and why. Kept in memory
// alone; a start knows it again after the first few readings.
import type { Outage } from '../../../liveResponse/request/errorAnswer.ts';
import { DefenderError, errorAnswer } from '../../../liveResponse/ports.ts';
import type { Clock, DefenderApi } from '../../../liveResponse/ports.ts';

/** What is asked for: each kind may fail by itself, for want of a right or of calls that are left. */
export type Sight = 'follow' | 'search' | 'machines' | 'library' | 'results' | 'submit' | 'cancel';

/** So many failures in a row ... */
const lastingFailures = 3;
/** ... or failing for so long is more than a hiccup. Milliseconds. */
const lastingMs = 30_000;

/**
 * What only people and deeds ask for cannot be looked at again by itself: its failure is shown for so long
 * after the last one. Milliseconds.
 */
const toldFor = 10 * 60_000;
const deeds: ReadonlySet<Sight> = new Set(['results', 'submit', 'cancel']);

/** Calls that only people and deeds ask for. */
type Deed = 'submit' | 'cancel' | 'link' | 'read';

/** Answers to this very question: Defender could be asked. */
const answers: ReadonlySet<string> = new Set(['notReady', 'gone', 'notFound', 'busy']);

interface Failing {
  readonly since: number;
  readonly began: number;
  /** When it failed last, elapsed milliseconds. */
  readonly last: number;
  readonly failures: number;
  readonly outage: Outage;
  readonly lasting: boolean;
}

/** When a call began. */
interface Began {
  readonly now: number;
  readonly elapsed: number;
}

export class DefenderWatch {
  readonly #clock: Pick<Clock, 'now' | 'elapsed'>;
  readonly #failing = new Map<Sight, Failing>();
  readonly #listeners: ((what: Sight) => void)[] = [];
  #readable: { readonly since: number; readonly last: number } | undefined;
  /** The same calls, noticed. */
  readonly defender: DefenderApi;

  constructor(defender: DefenderApi, clock: Pick<Clock, 'now' | 'elapsed'>) {
    this.#clock = clock;
    this.defender = { ...this.#readings(defender), ...this.#deeds(defender) };
  }

  /** A failure that lasts; undefined while it works, has just begun to fail, or was never tried. */
  outage(what: Sight): Outage | undefined {
    const known = this.#failing.get(what);
    return known !== undefined && this.#isTold(what, known) ? known.outage : undefined;
  }

  /** All of them, the longest first. */
  outages(): readonly (Outage & { readonly what: Sight })[] {
    return [...this.#failing]
      .flatMap(([what, known]) => (this.#isTold(what, known) ? [{ what, ...known.outage }] : []))
      .sort((a, b) => a.since - b.since);
  }

  /** Since when every reading has worked, and when the last one did; undefined before the first. */
  readable(): { readonly since: number; readonly last: number } | undefined {
    return this.#readable;
  }

  /** Nobody asks for this any more, so that nothing would ever take an outage back. */
  forget(what: Sight): void {
    this.#failing.delete(what);
  }

  /** Called when an outage begins, ends or has another cause. */
  onChange(listener: (what: Sight) => void): void {
    this.#listeners.push(listener);
  }

  #readings(defender: DefenderApi): Omit<DefenderApi, Deed> {
    return {
      findMachines: (name) => this.#noticed('machines', () => defender.findMachines(name)),
      lookUp: (name, alike, nameOfId) =>
        this.#noticed('machines', () => defender.lookUp(name, alike, nameOfId)),
      machine: (id) => this.#noticed('machines', () => defender.machine(id)),
      machinesByPrefix: (names) => defender.machinesByPrefix(names),
      actions: (ids) => this.#noticed('follow', () => defender.actions(ids)),
      recent: (machineId, since) => this.#noticed('search', () => defender.recent(machineId, since)),
      history: (machineId) => defender.history(machineId),
      activeOn: (machineId) => defender.activeOn(machineId),
      library: () => this.#noticed('library', () => defender.library()),
      reachable: () => this.#noticed('search', () => defender.reachable()),
    };
  }

  #deeds(defender: DefenderApi): Pick<DefenderApi, Deed> {
    return {
      submit: (machineId, commands, comment) =>
        this.#noticed('submit', () => defender.submit(machineId, commands, comment)),
      cancel: (id, why) => this.#noticed('cancel', () => defender.cancel(id, why)),
      link: (id, index) => this.#noticed('results', () => defender.link(id, index)),
      read: (url, maxBytes, options) => this.#noticed('results', () => defender.read(url, maxBytes, options)),
    };
  }

  #changed(what: Sight): void {
    for (const listener of this.#listeners) listener(what);
  }

  #worked(what: Sight): void {
    const before = this.#failing.get(what);
    this.#failing.delete(what);
    const now = this.#clock.now();
    this.#readable = {
      since: this.#readable === undefined || before?.lasting === true ? now : this.#readable.since,
      last: now,
    };
    if (before?.lasting === true) this.#changed(what);
  }

  #failed(what: Sight, error: unknown, from: Began): void {
    const before = this.#failing.get(what);
    const since = before?.since ?? from.now;
    const began = before?.began ?? from.elapsed;
    const failures = (before?.failures ?? 0) + 1;
    const lasting = failures >= lastingFailures || this.#clock.elapsed() - began >= lastingMs;
    const detail = error instanceof Error ? error.message : String(error);
    const outage: Outage = {
      since,
      error: error instanceof DefenderError ? errorAnswer(error) : { code: 'unreadable' },
      detail,
    };
    this.#failing.set(what, { since, began, last: this.#clock.elapsed(), failures, outage, lasting });
    if (lasting && (before?.lasting !== true || causeOf(before.outage) !== causeOf(outage)))
      this.#changed(what);
  }

  /** A right that is missing stays missing until somebody gives it. */
  #isTold(what: Sight, { lasting, last, outage }: Failing): boolean {
    return (
      lasting && (!deeds.has(what) || outage.error.status === 403 || this.#clock.elapsed() - last <= toldFor)
    );
  }

  async #noticed<T>(what: Sight, call: () => Promise<T>): Promise<T> {
    const from = { now: this.#clock.now(), elapsed: this.#clock.elapsed() };
    try {
      const value = await call();
      this.#worked(what);
      return value;
    } catch (error) {
      if (isAnswer(what, error)) this.#worked(what);
      else this.#failed(what, error, from);
      throw error;
    }
  }
}

/**
 * A refusal of one submission, cancel or result is about that one, and not about the way to Defender; a
 * missing right is about both.
 */
function isAnswer(what: Sight, error: unknown): boolean {
  if (!(error instanceof DefenderError)) return false;
  if (answers.has(error.code)) return true;
  const single = what === 'submit' || what === 'cancel' || what === 'results';
  return (
    single &&
    error.detail.status !== 403 &&
    ['refused', 'untrusted', 'ambiguous', 'unreadable'].includes(error.code)
  );
}

function causeOf({ error }: Outage): string {
  return [error.code, error.call, error.status, error.apiCode].join('|');
}
