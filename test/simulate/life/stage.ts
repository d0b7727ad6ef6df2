// Everything around the bot in a simulated day, and what changes in it: the servers, the people, the checks.
import { Chance } from '../core/chance.ts';
import { Schedule } from '../core/schedule.ts';
import { Weather } from '../core/weather.ts';
import { BudgetChecks } from '../checks/budgets.ts';
import { CardChecks } from '../checks/cards.ts';
import { DeedChecks } from '../checks/deeds.ts';
import { HealthChecks } from '../checks/health.ts';
import { Ledger } from '../checks/ledger.ts';
import { PostChecks } from '../checks/posts.ts';
import type { Since, World } from '../checks/posts.ts';
import type { Event } from '../../../src/liveResponse/request/events.ts';
import type { Request } from '../../../src/liveResponse/request/request.ts';
import { changeNames } from '../plan/faults.ts';
import type { ChangeName } from '../plan/faults.ts';
import type { Plan } from '../plan/plan.ts';
import { blobOrigin, DefenderSide, defenderOrigin } from '../world/defenderSide.ts';
import { DiskSide } from '../world/diskSide.ts';
import { Network } from '../world/network.ts';
import { SlackSide } from '../world/slackSide.ts';
import type { SlackDone } from '../world/slackSide.ts';
import { TeamsSide, teamsOrigin } from '../world/teamsSide.ts';
import type { TeamsDone } from '../world/teamsSide.ts';
import { Actors } from './actors.ts';
import { groupMembers, people, slackRoom } from './policies.ts';
import type { PersonName, VariantName } from './policies.ts';

/** 2026-11-23 03:00 UTC: the hour this product is for. */
const start = Date.UTC(2026, 10, 23, 3, 0, 0);

/** Milliseconds. */
const quietFor = 4 * 60_000;
/** What was acknowledged is still being done then. Milliseconds. */
const momentAfter = [0, 300] as const;

export interface ChatCalls {
  readonly slack: (call: SlackDone) => void;
  readonly teams: (call: TeamsDone) => void;
}

export class Stage implements World {
  readonly chance: Chance;
  readonly schedule: Schedule;
  readonly weather: Weather;
  readonly ledger: Ledger;
  readonly deeds: DeedChecks;
  readonly cards: CardChecks;
  readonly posts: PostChecks;
  readonly budgets: BudgetChecks;
  readonly health: HealthChecks;
  readonly defender: DefenderSide;
  readonly slack: SlackSide;
  readonly teams: TeamsSide;
  readonly network: Network;
  readonly disk: DiskSide;
  readonly actors: Actors;
  readonly policies: Since<VariantName>[] = [{ at: 0, what: 'usual' }];
  readonly members: Since<ReadonlySet<PersonName>>[] = [{ at: 0, what: new Set(groupMembers) }];
  readonly library: Since<ReadonlyMap<string, string>>[] = [];
  /** By how much the machine's clock differs from the true time, in milliseconds. */
  clockOff = 0;
  /** By how much the machine's clock was off at most. Milliseconds. */
  mostClockOff = 0;
  clockSetAt = -Infinity;
  readonly pollGap: number;
  /** Devices that somebody sent away. */
  readonly #away = new Set<string>();
  /** Whether submissions are frozen by what is on the disk. */
  frozen: () => boolean = () => false;
  /** Called with each change of a request that is on the disk. */
  noticed: (request: Request, event: Event) => void = () => undefined;

  /** What happens right after the next acknowledgement. */
  #next: (() => void) | undefined;

  /** @param line takes what people do and are told */
  constructor(plan: Plan, calls: ChatCalls, line: (line: string) => void) {
    this.pollGap = plan.pollGap;
    const chance = (this.chance = new Chance(plan.seed));
    const schedule = (this.schedule = new Schedule(start, chance));
    const weather = (this.weather = new Weather(plan.faults, schedule, chance));
    const elapsed = (): number => schedule.elapsed();
    const ledger = (this.ledger = new Ledger(
      elapsed,
      () => new Set([...weather.around(), ...this.#unusual()]),
    ));
    this.deeds = new DeedChecks(ledger, line);
    this.cards = new CardChecks(ledger, () => schedule.trueTime(), isPrivate);
    this.posts = new PostChecks(ledger, this, elapsed);
    this.budgets = new BudgetChecks(ledger);
    const health = (this.health = new HealthChecks(ledger, elapsed, {
      troubled: () => weather.around().size > 0,
      clockIsRight: () => this.clockOff === 0,
    }));
    this.defender = new DefenderSide(schedule, weather, chance);
    this.slack = new SlackSide({
      schedule,
      chance,
      weather,
      done: calls.slack,
      ended: (answered) => health.called('slack', answered),
      acknowledged: ({ id }, body) => this.#acknowledged('slack', id, body),
    });
    this.teams = new TeamsSide(
      {
        schedule,
        chance,
        weather,
        done: calls.teams,
        acknowledged: ({ id }, body) => this.#acknowledged('teams', id, body),
      },
      Object.values(people).map(({ teams }) => teams),
    );
    this.network = new Network({
      schedule,
      chance,
      servers: {
        down: ({ origin }) =>
          origin === teamsOrigin
            ? weather.strikes('chatDown', 'teams')
            : weather.strikes('defenderDown', origin),
        receive: (ask, sentAt) =>
          ask.url.origin === defenderOrigin || ask.url.origin === blobOrigin
            ? this.defender.receive(ask, sentAt)
            : this.teams.receive(ask),
        ended: ({ origin }, answered) => {
          if (origin !== blobOrigin) health.called(origin === teamsOrigin ? 'teams' : 'defender', answered);
        },
      },
    });
    this.disk = new DiskSide({
      chance,
      weather,
      journaled: (written) => health.called('journal', written),
    });
    const { slack, teams, defender, deeds } = this;
    this.actors = new Actors({ schedule, chance, weather, slack, teams, defender, ledger, deeds });
    this.#noteLibrary();
  }

  get policy(): VariantName {
    return this.policies.at(-1)?.what ?? 'usual';
  }

  setPolicy(what: VariantName): void {
    this.policies.push({ at: this.schedule.elapsed(), what });
  }

  setMembers(members: readonly PersonName[]): void {
    this.members.push({ at: this.schedule.elapsed(), what: new Set(members) });
  }

  setDevice(name: string, online: boolean): void {
    if (online) this.#away.delete(name);
    else this.#away.add(name);
    this.defender.tenant.changeDevice(`${name}.corp.example`, { online });
  }

  /** Changes that hold now: they count for as long as they do. */
  #unusual(): readonly ChangeName[] {
    const members = this.members.at(-1)?.what;
    const holds: Readonly<Partial<Record<ChangeName, boolean>>> = {
      policyChange: this.policy !== 'usual',
      roleChange: groupMembers.some((name) => members?.has(name) !== true),
      freeze: this.frozen(),
      deviceChange: this.#away.size > 0,
    };
    return changeNames.filter((name) => holds[name] === true);
  }

  setClock(by: number): void {
    this.clockOff += by;
    this.mostClockOff = Math.max(this.mostClockOff, Math.abs(this.clockOff));
    this.clockSetAt = this.schedule.elapsed();
  }

  /** Somebody uploads another content of a script. */
  changeFile(name: string): void {
    const { tenant } = this.defender;
    const file = tenant.library().find(({ fileName }) => fileName === name);
    if (file === undefined) throw new Error(`the library has no ${name}`);
    tenant.keepFile({
      ...file,
      sha256: this.chance.hex('content', 32),
      updatedAt: Math.floor(this.schedule.trueTime()),
    });
    this.#noteLibrary();
  }

  #noteLibrary(): void {
    const files = this.defender.tenant
      .library()
      .map(({ fileName, sha256 }) => [fileName.toLowerCase(), sha256] as const);
    this.library.push({ at: this.schedule.elapsed(), what: new Map(files) });
  }

  /** A moment after the bot has acknowledged something next, or after some minutes in which nobody does anything. */
  afterNextAcknowledgement(run: () => void): void {
    const { schedule, chance } = this;
    const people = { name: 'plan' };
    const late = schedule.after(quietFor, people, () => this.#next?.());
    this.#next = () => {
      late();
      this.#next = undefined;
      schedule.after(chance.between('moment after', ...momentAfter), people, run);
    };
  }

  #acknowledged(surface: 'slack' | 'teams', delivery: number, body: unknown): void {
    this.#next?.();
    const deed = this.actors.deedOf(surface, delivery);
    if (deed === undefined) return;
    deed.acknowledged = true;
    deed.answered ||= body !== undefined && body !== '';
  }
}

function isPrivate({ asked }: Request): boolean {
  return asked.place === `slack:${slackRoom}`;
}
