// The aim of a simulated day: as soon as a request waits for the transition in question, a fault or a change is laid
// next to the moment at which that is due, and people do what leads to it.
import { hasBegun } from '../../../src/liveResponse/action.ts';
import type { Event } from '../../../src/liveResponse/request/events.ts';
import { requestTransitions, sessionTransitions } from '../../../src/liveResponse/request/events.ts';
import {
  lateSearchSchedule,
  maxSearchAttempts,
  parkedAfterMs,
} from '../../../src/liveResponse/pacing/callRates.ts';
import { sessionOf, stageOf } from '../../../src/liveResponse/request/request.ts';
import type { Request } from '../../../src/liveResponse/request/request.ts';
import { transitionNames } from '../checks/transitions.ts';
import type { Chance } from '../core/chance.ts';
import type { Owner, Schedule } from '../core/schedule.ts';
import { longestStale } from '../plan/aims.ts';
import type { Aim } from '../plan/aims.ts';
import { faultKinds } from '../plan/faults.ts';
import type { ChangeName, FaultKind, FaultName, PlannedFault } from '../plan/faults.ts';
import type { Move, Plan } from '../plan/plan.ts';
import type { PersonName } from './policies.ts';

export interface AimingParts {
  readonly schedule: Schedule;
  readonly chance: Chance;
  readonly move: (move: Move) => void;
  readonly strike: (fault: PlannedFault) => void;
  /** Whether the transition has met it on this day already. */
  readonly met: (kind: FaultName | ChangeName) => boolean;
}

const minute = 60_000;
/** A process that was killed runs again within a minute. Milliseconds. */
const upAgain = 62_000;
/** A device that is there takes a session up, and a reading shows it. Milliseconds. */
const begunWithin = 80_000;
/** As often is each kind laid. */
const times = 3;

/** Transitions that a press leads to: its verb, and who presses. */
const pressed: Readonly<Record<string, readonly [verb: string, who: readonly PersonName[]]>> = {
  approved: ['approve', ['ada', 'amy', 'sam']],
  denied: ['deny', ['ada', 'amy', 'sam']],
  withdrawn: ['withdraw', ['rae', 'rio', 'sam']],
  resubmitted: ['resend', ['ada', 'amy', 'sam']],
  abandoned: ['drop', ['ada', 'amy', 'sam']],
  cancelAsked: ['cancel', ['rae', 'rio', 'sam']],
};

/** Events after which it is looked whether a transition is due, where not after each transition but progress. */
const begins: Readonly<Record<string, (type: Event['type']) => boolean>> = {
  // Once for each approval: what is put off again lapses no later for that.
  lapsed: (type) => type === 'approved' || type === 'resubmitted',
  resubmitted: (type) => type === 'searched',
  overdue: (type) => type === 'submitted' || type === 'found' || type === 'progressed',
};
const usual = (type: Event['type']): boolean => transitionNames.has(type) && type !== 'progressed';

const ends: ReadonlySet<string> = new Set(['crash', 'killed', 'restart']);

export class Aiming {
  readonly #parts: AimingParts;
  readonly #aim: Aim;
  /** Elapsed milliseconds; later nothing goes wrong. */
  readonly #until: number;
  readonly #owner: Owner = { name: 'aim' };
  readonly #waiting: ReadonlySet<string>;
  #count = 0;

  constructor(aim: Aim, until: number, parts: AimingParts) {
    this.#aim = aim;
    this.#until = until - 30 * minute;
    this.#parts = parts;
    this.#waiting = statesBefore(aim.transition);
  }

  /** What is known from the plan: when something is asked. */
  begin({ moves }: Pick<Plan, 'moves'>): void {
    if (this.#aim.transition !== 'asked') return;
    for (const move of moves)
      if (move.do === 'say' && move.mark !== undefined) this.#layNext(move.at - this.#now());
  }

  /** A change of a request is on the disk. */
  changed(request: Request, event: Event): void {
    const { transition } = this.#aim;
    if (!(begins[transition] ?? usual)(event.type)) return;
    const { state } = stageOf(request);
    if (transition === 'waitingForDevice' && event.type === 'approved') this.#sendAway(request);
    if (transition === 'foundLate' && state === 'unknown') this.#press('drop', ['ada', 'sam'], minute);
    const waits = transition === 'foundLate' ? event.type === 'abandoned' : this.#isDue(request);
    if (waits)
      this.#layNext(dueIn(request, transition) ?? this.#parts.chance.between('aim due', 1_000, minute));
  }

  /** It is in a state from which it may take it, and people may have it take it. */
  #isDue(request: Request): boolean {
    const stage = stageOf(request);
    if (this.#aim.transition !== 'resubmitted') return this.#waiting.has(stage.state);
    return stage.state === 'unknown' && stage.searches >= maxSearchAttempts;
  }

  #now(): number {
    return this.#parts.schedule.elapsed();
  }

  /** Lays the next kind, so that it is there when the transition is due in so many milliseconds. */
  #layNext(due: number): void {
    const { schedule, chance } = this.#parts;
    const left = this.#aim.kinds.filter((one) => !this.#parts.met(one));
    const kinds = left.length === 0 ? this.#aim.kinds : left;
    const kind = kinds[this.#count % kinds.length];
    if (
      kind === undefined ||
      this.#count >= this.#aim.kinds.length * times ||
      this.#now() + due > this.#until
    )
      return;
    this.#count += 1;
    const before = ends.has(kind)
      ? chance.between('aim before an end', upAgain, upAgain + 40_000)
      : chance.between('aim before', 1_000, 50_000);
    const after = Math.max(0, due - before);
    schedule.after(after, this.#owner, () => this.#lay(kind));
    this.#help(kind, after + (ends.has(kind) ? upAgain : 1_000));
  }

  /** People and the machine do what leads to the transition, from then on. */
  #help(kind: FaultName | ChangeName, after: number): void {
    const { schedule, chance, move, strike } = this.#parts;
    const { transition } = this.#aim;
    const press = pressed[transition];
    if (press !== undefined) this.#press(...press, after);
    if (transition === 'refused') {
      const to = chance.oneOf('aimed policy', ['fewerResponders', 'lessDevices', 'otherRecipe'] as const);
      schedule.after(after, this.#owner, () => move({ at: this.#now(), do: 'policy', to }));
      schedule.after(after + 4 * minute, this.#owner, () =>
        move({ at: this.#now(), do: 'policy', to: 'usual' }),
      );
    }
    if (transition === 'overdue')
      // Also where no process runs: the next one finds that it is late.
      for (const [later, by] of [
        [0, 3 * 60 * minute],
        [15 * minute, -3 * 60 * minute],
      ] as const)
        schedule.after(after - (ends.has(kind) ? upAgain - 1_000 : 0) + later, this.#owner, () =>
          strike({ kind: 'clockSet', at: this.#now(), ms: 0, by }),
        );
  }

  /** Until the button is there. */
  #press(verb: string, who: readonly PersonName[], after: number): void {
    const { schedule, chance, move } = this.#parts;
    for (let count = 0; count < 5; count += 1)
      schedule.after(after + count * chance.between('aimed press', 5_000, 25_000), this.#owner, () =>
        move({
          at: this.#now(),
          do: 'press',
          surface: chance.happens('aimed surface', 0.5) ? 'slack' : 'teams',
          who: chance.oneOf('aimed presser', who),
          verb,
          pick: 0.999,
        }),
      );
  }

  #lay(kind: FaultName | ChangeName): void {
    if (kind in faultKinds) this.#fault(kind as FaultName);
    else this.#change(kind as ChangeName);
  }

  #fault(kind: FaultName): void {
    const { chance, strike } = this.#parts;
    const { minutes }: FaultKind = faultKinds[kind];
    // What stops people or the journal is short, or half of it gets through: it is to be met, and not to hold off.
    const [least, most] = kind === 'diskFull' ? ([1, 2] as const) : ([4, 12] as const);
    strike({
      kind,
      at: this.#now(),
      ms: minutes === undefined ? 0 : chance.between('aimed fault', least, most) * minute,
      ...(kind === 'chatDown' || kind === 'diskFull' ? { often: 0.5 } : {}),
      ...(kind === 'clockSet' ? { by: chance.between('aimed clock', -20 * minute, 20 * minute) } : {}),
      ...(kind === 'suspended' ? { by: chance.between('aimed still', 20_000, 3 * minute) } : {}),
    });
  }

  #change(kind: ChangeName): void {
    const { schedule, chance, move } = this.#parts;
    const later = chance.between('aimed change', 2, 6) * minute;
    const first = (one: Move): void => move({ ...one, at: this.#now() });
    const then = (one: Move): void => void schedule.after(later, this.#owner, () => first(one));
    const said = { at: 0, do: 'say', surface: 'slack', who: 'sam', room: 'open' } as const;
    switch (kind) {
      case 'freeze':
        first({ ...said, line: 'freeze something is wrong' });
        then({ ...said, line: 'unfreeze' });
        then({ ...said, surface: 'teams', line: 'unfreeze' });
        this.#help(kind, later + 2_000);
        return;
      case 'policyChange':
        first({
          at: 0,
          do: 'policy',
          to: chance.oneOf('aimed variant', ['fewerApprovers', 'hidden'] as const),
        });
        then({ at: 0, do: 'policy', to: 'usual' });
        return;
      case 'roleChange':
        first({ at: 0, do: 'group', members: ['ada'] });
        then({ at: 0, do: 'group', members: ['amy', 'ada'] });
        return;
      case 'contentChange':
        first({
          at: 0,
          do: 'content',
          file: chance.oneOf('aimed file', ['minidump.ps1', 'collect.ps1'] as const),
        });
        return;
      case 'deviceChange':
        first({ at: 0, do: 'device', name: 'slow1', online: false });
        then({ at: 0, do: 'device', name: 'slow1', online: true });
    }
  }

  #sendAway({ targets }: Request): void {
    const { schedule, move } = this.#parts;
    const [name = ''] = targets[0].device.name.split('.');
    move({ at: this.#now(), do: 'device', name, online: false });
    schedule.after(25 * minute, this.#owner, () =>
      move({ at: this.#now(), do: 'device', name, online: true }),
    );
  }
}

/** The states from which a request may take it. */
function statesBefore(transition: string): ReadonlySet<string> {
  if (transition === 'cancelAsked' || transition === 'waitingForDevice') return new Set(['running']);
  const tables: readonly Readonly<Record<string, object>>[] = [requestTransitions, sessionTransitions];
  return new Set(
    tables.flatMap((table) =>
      Object.entries(table).flatMap(([state, row]) => (Object.hasOwn(row, transition) ? [state] : [])),
    ),
  );
}

/** In how many milliseconds, where that is known as soon as a request waits for it. */
function dueIn(request: Request, transition: string): number | undefined {
  const { asked } = request;
  if (transition === 'expired') return asked.terms.expiresAt - asked.at;
  if (transition === 'lapsed') return sessionOf(request) === undefined ? undefined : asked.terms.runWithin;
  // A list that leaves out what is young shows it by the search after that.
  if (transition === 'foundLate') return lateSearchSchedule.find((ms) => ms > longestStale);
  // Before its work has begun, a session is given days.
  if (transition === 'overdue' && !stateHasBegun(request)) return begunWithin;
  return transition === 'waitingForDevice' ? parkedAfterMs : undefined;
}

function stateHasBegun(request: Request): boolean {
  const stage = stageOf(request);
  return stage.state === 'running' && hasBegun(stage.run.action);
}
