// Notices of every call to Defender whether it worked: since when what can be read, and since when and why
// what cannot. Kept in memory alone; a start knows it again after the first few readings.
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
 * What only people and deeds ask for cannot be looked at again by itself: its failure is told for so long
 * after the last one. Milliseconds.
 */
const toldFor = 10 * 60_000;
const deeds: ReadonlySet<Sight> = new Set(['results', 'submit', 'cancel']);

/** Answers to this very question: Defender could be asked. */
const answers: ReadonlySet<string> = new Set(['notReady', 'gone', 'notFound', 'busy']);

export interface DefenderWatch {
  /** The same calls, noticed. */
  readonly defender: DefenderApi;
  /** A failure that lasts; undefined while it works, has just begun to fail, or was never tried. */
  outage(what: Sight): Outage | undefined;
  /** All of them, the longest first. */
  outages(): readonly (Outage & { readonly what: Sight })[];
  /** Since when every reading has worked, and when the last one did; undefined before the first. */
  readable(): { readonly since: number; readonly last: number } | undefined;
  /** Nobody asks for this any more, so that nothing would ever take an outage back. */
  forget(what: Sight): void;
  /** Called when an outage begins, ends or has another cause. */
  onChange(listener: (what: Sight) => void): void;
}

interface Failing {
  readonly since: number;
  readonly began: number;
  /** When it failed last, elapsed milliseconds. */
  readonly last: number;
  readonly failures: number;
  readonly outage: Outage;
  readonly lasting: boolean;
}

export function watchDefender(defender: DefenderApi, clock: Pick<Clock, 'now' | 'elapsed'>): DefenderWatch {
  const failing = new Map<Sight, Failing>();
  const listeners: ((what: Sight) => void)[] = [];
  let readable: { readonly since: number; readonly last: number } | undefined;

  const changed = (what: Sight): void => listeners.forEach((listener) => listener(what));

  function worked(what: Sight): void {
    const before = failing.get(what);
    failing.delete(what);
    const now = clock.now();
    readable = {
      since: readable === undefined || before?.lasting === true ? now : readable.since,
      last: now,
    };
    if (before?.lasting === true) changed(what);
  }

  function failed(
    what: Sight,
    error: unknown,
    from: { readonly now: number; readonly elapsed: number },
  ): void {
    const before = failing.get(what);
    const since = before?.since ?? from.now;
    const began = before?.began ?? from.elapsed;
    const failures = (before?.failures ?? 0) + 1;
    const lasting = failures >= lastingFailures || clock.elapsed() - began >= lastingMs;
    const detail = error instanceof Error ? error.message : String(error);
    const outage: Outage = {
      since,
      error: error instanceof DefenderError ? errorAnswer(error) : { code: 'unreadable' },
      detail,
    };
    failing.set(what, { since, began, last: clock.elapsed(), failures, outage, lasting });
    if (lasting && (before?.lasting !== true || causeOf(before.outage) !== causeOf(outage))) changed(what);
  }

  /** A right that is missing stays missing until somebody gives it. */
  function isTold(what: Sight, { lasting, last, outage }: Failing): boolean {
    return lasting && (!deeds.has(what) || outage.error.status === 403 || clock.elapsed() - last <= toldFor);
  }

  async function noticed<T>(what: Sight, call: () => Promise<T>): Promise<T> {
    const from = { now: clock.now(), elapsed: clock.elapsed() };
    try {
      const value = await call();
      worked(what);
      return value;
    } catch (error) {
      if (isAnswer(what, error)) worked(what);
      else failed(what, error, from);
      throw error;
    }
  }

  return {
    defender: {
      findMachines: (name) => noticed('machines', () => defender.findMachines(name)),
      lookUp: (name, alike, nameOfId) => noticed('machines', () => defender.lookUp(name, alike, nameOfId)),
      machine: (id) => noticed('machines', () => defender.machine(id)),
      machinesByPrefix: (names) => defender.machinesByPrefix(names),
      submit: (machineId, commands, comment) =>
        noticed('submit', () => defender.submit(machineId, commands, comment)),
      actions: (ids) => noticed('follow', () => defender.actions(ids)),
      recent: (machineId, since) => noticed('search', () => defender.recent(machineId, since)),
      history: (machineId) => defender.history(machineId),
      activeOn: (machineId) => defender.activeOn(machineId),
      cancel: (id, why) => noticed('cancel', () => defender.cancel(id, why)),
      link: (id, index) => noticed('results', () => defender.link(id, index)),
      read: (url, maxBytes, options) => noticed('results', () => defender.read(url, maxBytes, options)),
      library: () => noticed('library', () => defender.library()),
      reachable: () => noticed('search', () => defender.reachable()),
    },
    outage(what) {
      const known = failing.get(what);
      return known !== undefined && isTold(what, known) ? known.outage : undefined;
    },
    outages: () =>
      [...failing]
        .flatMap(([what, known]) => (isTold(what, known) ? [{ what, ...known.outage }] : []))
        .sort((a, b) => a.since - b.since),
    readable: () => readable,
    forget: (what) => void failing.delete(what),
    onChange: (listener) => void listeners.push(listener),
  };
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
