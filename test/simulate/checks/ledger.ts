// What a simulated day has to hold true, noted as it happens: violations, what was made durable, what was
// acknowledged, and which transitions met which faults.
import type { Event } from '../../../src/liveResponse/request/events.ts';
import type { Request } from '../../../src/liveResponse/request/request.ts';
import type { ChangeName, FaultName } from '../plan/faults.ts';
import { transitionNames } from './transitions.ts';

/** What was broken: each is a promise of the product. */
export type Promised =
  | 'lost'
  | 'twice'
  | 'unapproved'
  | 'altered'
  | 'expired'
  | 'frozen'
  | 'device'
  | 'cancel'
  | 'policy'
  | 'budget'
  | 'untrueCard'
  | 'olderCard'
  | 'unfinishedCard'
  | 'deadLink'
  | 'private'
  | 'secret'
  | 'journal'
  | 'stuck'
  | 'health'
  | 'bug';

export interface Violation {
  readonly promise: Promised;
  /** Elapsed milliseconds. */
  readonly at: number;
  readonly says: string;
}

export interface Durable {
  readonly request: Request;
  /** Elapsed milliseconds at which each of its events was made durable, newest last. */
  readonly events: readonly { readonly type: Event['type']; readonly at: number }[];
}

/** A day has more violations of one kind only where they are the same again and again. */
const mostOfOne = 5;

export class Ledger {
  readonly violations: Violation[] = [];
  /** Called at once for each of them. */
  onBroken: ((violation: Violation) => void) | undefined;
  readonly durable = new Map<string, Durable>();
  /** `transition fault` to how often they met. */
  readonly met = new Map<string, number>();
  readonly counts = new Map<string, number>();
  readonly #elapsed: () => number;
  readonly #around: () => ReadonlySet<FaultName | ChangeName>;

  constructor(elapsed: () => number, around: () => ReadonlySet<FaultName | ChangeName>) {
    this.#elapsed = elapsed;
    this.#around = around;
  }

  broken(promise: Promised, says: string): void {
    if (this.violations.filter((one) => one.promise === promise).length >= mostOfOne) return;
    const violation = { promise, at: this.#elapsed(), says };
    this.violations.push(violation);
    this.onBroken?.(violation);
  }

  count(what: string, by = 1): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + by);
  }

  /** A change of a request is on the disk. */
  changed(request: Request, event: Event): void {
    const before = this.durable.get(request.id)?.events ?? [];
    this.durable.set(request.id, {
      request,
      events: [...before, { type: event.type, at: this.#elapsed() }],
    });
    if (!transitionNames.has(event.type)) return;
    for (const fault of this.#around()) {
      const cell = `${event.type} ${fault}`;
      this.met.set(cell, (this.met.get(cell) ?? 0) + 1);
    }
    this.count(event.type);
  }

  /** A start found this request: what was written before a crash and never confirmed counts from now on. */
  found(request: Request): void {
    const known = this.durable.get(request.id);
    if (known?.request.revision === request.revision) return;
    const types = [
      ...(known === undefined ? (['asked'] as const) : []),
      ...unconfirmed(request, known?.request),
    ];
    this.durable.set(request.id, {
      request,
      events: [...(known?.events ?? []), ...types.map((type) => ({ type, at: this.#elapsed() }))],
    });
  }

  /** When an event of a request last became durable, in elapsed milliseconds. */
  lastOf(id: string, type: Event['type']): number | undefined {
    return this.durable.get(id)?.events.findLast((event) => event.type === type)?.at;
  }

  timesOf(id: string, type: Event['type']): number {
    return this.durable.get(id)?.events.filter((event) => event.type === type).length ?? 0;
  }
}

/** The transitions that a crash left unconfirmed, as far as the checks ask for them. */
function unconfirmed(request: Request, known: Request | undefined): readonly Event['type'][] {
  const grants = (one: Request | undefined): number => {
    const session = one?.sessions[0];
    return session === undefined ? 0 : session.grant.number + 1;
  };
  return Array.from({ length: grants(request) - grants(known) }, (_, index) =>
    grants(known) + index === 0 ? 'approved' : 'resubmitted',
  );
}
