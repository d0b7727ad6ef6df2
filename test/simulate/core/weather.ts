// Which faults there are at a moment, and whether they strike what happens just then.
import { afterwards, faultKinds } from '../plan/faults.ts';
import type { ChangeName, FaultName, PlannedFault } from '../plan/faults.ts';
import type { Chance } from './chance.ts';
import type { Schedule } from './schedule.ts';

export class Weather {
  readonly #faults: readonly PlannedFault[];
  readonly #schedule: Pick<Schedule, 'elapsed'>;
  readonly #chance: Chance;
  readonly #last = new Map<FaultName | ChangeName, number>();

  constructor(faults: readonly PlannedFault[], schedule: Pick<Schedule, 'elapsed'>, chance: Chance) {
    this.#faults = faults.filter(({ ms }) => ms > 0);
    this.#schedule = schedule;
    this.#chance = chance;
  }

  lasts(kind: FaultName): boolean {
    const now = this.#schedule.elapsed();
    return this.#faults.some((fault) => fault.kind === kind && fault.at <= now && now < fault.at + fault.ms);
  }

  /** Whether this call, delivery or press meets a fault of that kind. */
  strikes(kind: FaultName, name: string): boolean {
    if (!this.lasts(kind)) return false;
    if (!this.#chance.happens(`${kind} ${name}`, faultKinds[kind].often)) return false;
    this.happened(kind);
    return true;
  }

  /** Notes what happens at one moment. */
  happened(kind: FaultName | ChangeName): void {
    this.#last.set(kind, this.#schedule.elapsed());
  }

  /** The faults that last, or struck in the last minute. */
  around(): ReadonlySet<FaultName | ChangeName> {
    const now = this.#schedule.elapsed();
    const all = new Set<FaultName | ChangeName>();
    for (const fault of this.#faults)
      if (fault.at <= now && now < fault.at + fault.ms + afterwards) all.add(fault.kind);
    for (const [kind, at] of this.#last) if (now - at <= afterwards) all.add(kind);
    return all;
  }
}
