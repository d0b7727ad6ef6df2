// Which faults there are at a moment, and whether they strike what happens just then.
import { afterwards, faultKinds } from '../plan/faults.ts';
import type { ChangeName, FaultName, PlannedFault } from '../plan/faults.ts';
import type { Chance } from './chance.ts';
import type { Schedule } from './schedule.ts';

export class Weather {
  readonly #faults: PlannedFault[];
  readonly #schedule: Pick<Schedule, 'elapsed'>;
  readonly #chance: Chance;
  readonly #last = new Map<FaultName | ChangeName, number>();

  constructor(faults: readonly PlannedFault[], schedule: Pick<Schedule, 'elapsed'>, chance: Chance) {
    this.#faults = faults.filter(({ ms }) => ms > 0);
    this.#schedule = schedule;
    this.#chance = chance;
  }

  /** From now on there is one more, which lasts. */
  lay(fault: PlannedFault): void {
    this.#faults.push(fault);
  }

  lasts(kind: FaultName): boolean {
    return this.#lasting(kind, undefined) !== undefined;
  }

  #lasting(kind: FaultName, name: string | undefined): PlannedFault | undefined {
    const now = this.#schedule.elapsed();
    return this.#faults.find(
      (fault) =>
        fault.kind === kind &&
        fault.at <= now &&
        now < fault.at + fault.ms &&
        (fault.only === undefined || fault.only === name),
    );
  }

  /** Whether this call, delivery or press meets a fault of that kind. */
  strikes(kind: FaultName, name: string): boolean {
    const fault = this.#lasting(kind, name);
    if (fault === undefined) return false;
    if (!this.#chance.happens(`${kind} ${name}`, fault.often ?? faultKinds[kind].often)) return false;
    this.happened(kind);
    return true;
  }

  /** By how much the fault that lasts changes what it strikes, where its plan says that. */
  by(kind: FaultName, name: string): number | undefined {
    return this.#lasting(kind, name)?.by;
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
      if (fault.only === undefined && fault.at <= now && now < fault.at + fault.ms + afterwards)
        all.add(fault.kind);
    for (const [kind, at] of this.#last) if (now - at <= afterwards) all.add(kind);
    return all;
  }
}
