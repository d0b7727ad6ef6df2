// One simulated day: the plan is played, every promise is checked as it goes, and what came of it is answered.
import { audit } from '../../../src/adapters/store/audit/audit.ts';
import { isOpen, stageOf } from '../../../src/liveResponse/request/request.ts';
import { createHash } from 'node:crypto';
import type { Violation } from '../checks/ledger.ts';
import { outputCanary } from '../checks/cards.ts';
import type { Owner } from '../core/schedule.ts';
import { scriptsTake } from '../plan/aims.ts';
import { calm } from '../plan/plan.ts';
import type { Move, Plan } from '../plan/plan.ts';
import type { PlannedFault } from '../plan/faults.ts';
import { Aiming } from './aiming.ts';
import { dataDir, keys } from './bot.ts';
import { Machine } from './machine.ts';
import { approverGroup, groupMembers, people, slackIncidents, slackRoom } from './policies.ts';
import { Stage } from './stage.ts';
import { Witness } from './witness.ts';

export interface Outcome {
  readonly seed: number;
  readonly violations: readonly Violation[];
  /** `transition fault` to how often they met. */
  readonly met: ReadonlyMap<string, number>;
  readonly counts: ReadonlyMap<string, number>;
  readonly steps: number;
  /** Of what everybody saw: the same for the same plan, whenever and wherever it is played. */
  readonly hash: string;
}

export interface DayOptions {
  /** Takes each line of the log. */
  readonly logLine?: (line: string) => void;
  /** Called for each broken promise as soon as it is. */
  readonly broken?: (violation: Violation) => void;
}

export async function playDay(plan: Plan, options: DayOptions = {}): Promise<Outcome> {
  return await new Day(plan, options).play();
}

class Day {
  readonly #plan: Plan;
  readonly #stage: Stage;
  readonly #witness: Witness;
  readonly #machine: Machine;
  readonly #owner: Owner = { name: 'plan' };
  readonly #lines: string[] = [];

  constructor(plan: Plan, { logLine, broken }: DayOptions) {
    this.#plan = plan;
    this.#stage = new Stage(
      plan,
      { slack: (call) => this.#witness.slack(call), teams: (call) => this.#witness.teams(call) },
      (line) => logLine?.(line),
    );
    this.#stage.ledger.onBroken = broken;
    this.#witness = new Witness(this.#stage);
    this.#machine = new Machine(this.#stage, (line) => {
      this.#lines.push(line);
      logLine?.(line);
    });
  }

  async play(): Promise<Outcome> {
    const { schedule, ledger, defender, posts, budgets, health } = this.#stage;
    this.#furnish();
    this.#aim();
    for (const move of this.#plan.moves) schedule.after(move.at, this.#owner, () => this.#move(move));
    for (const fault of this.#plan.faults)
      if (fault.ms === 0) schedule.after(fault.at, this.#owner, () => this.#strike(fault));
    this.#machine.start('stop');
    try {
      await schedule.runUntil(this.#plan.length, () => {
        posts.taken(defender.tenant);
        budgets.look(defender.arrivals);
        health.look();
      });
    } catch (error) {
      ledger.broken('bug', error instanceof Error ? (error.stack ?? error.message) : String(error));
    }
    await this.#end();
    return {
      seed: this.#plan.seed,
      violations: ledger.violations,
      met: ledger.met,
      counts: ledger.counts,
      steps: schedule.steps(),
      hash: this.#hash(),
    };
  }

  #aim(): void {
    const { aim, length } = this.#plan;
    if (aim === undefined) return;
    const { schedule, chance, weather } = this.#stage;
    const aiming = new Aiming(aim, length - calm, {
      schedule,
      chance,
      move: (move) => this.#move(move),
      met: (kind) => this.#stage.ledger.met.has(`${aim.transition} ${kind}`),
      strike: (fault) => {
        if (fault.ms > 0) weather.lay(fault);
        else this.#strike(fault);
      },
    });
    this.#stage.noticed = (request, event) => aiming.changed(request, event);
    aiming.begin(this.#plan);
  }

  #furnish(): void {
    const { slack, defender } = this.#stage;
    const accounts = Object.values(people).map(({ slack: id }) => id);
    for (const { slack: id, name } of Object.values(people)) slack.world.user(id, { name });
    const members = [...accounts, 'U0BOT'];
    slack.world.channel(slackIncidents, { name: 'incidents', members });
    slack.world.channel(slackRoom, { name: 'soc-private', private: true, members });
    slack.world.groups.set(
      approverGroup,
      groupMembers.map((name) => people[name].slack),
    );
    const { aim } = this.#plan;
    const scriptMs = aim === undefined ? undefined : scriptsTake(aim);
    for (const { name } of defender.tenant.devices())
      defender.tenant.changeDevice(name, {
        scriptOutput: `${outputCanary} on ${name}`,
        ...(scriptMs === undefined ? {} : { scriptMs }),
      });
  }

  #move(move: Move): void {
    const { actors, weather, slack } = this.#stage;
    switch (move.do) {
      case 'say':
        // And for a minute after its end.
        if (move.line.startsWith('freeze') || (move.line === 'unfreeze' && this.#stage.frozen()))
          weather.happened('freeze');
        {
          actors.say(move);
          return;
        }
      case 'press': {
        actors.press(move);
        return;
      }
      case 'openLink': {
        actors.openLink(move);
        return;
      }
      case 'policy':
        weather.happened('policyChange');
        this.#stage.setPolicy(move.to);
        {
          this.#machine.policyChanged();
          return;
        }
      case 'group':
        weather.happened('roleChange');
        slack.world.groups.set(
          approverGroup,
          move.members.map((name) => people[name].slack),
        );
        {
          this.#stage.setMembers(move.members);
          return;
        }
      case 'content':
        weather.happened('contentChange');
        {
          this.#stage.changeFile(move.file);
          return;
        }
      case 'device':
        weather.happened('deviceChange');
        this.#stage.setDevice(move.name, move.online);
    }
  }

  #strike({ kind, by = 0 }: PlannedFault): void {
    const { weather, schedule } = this.#stage;
    weather.happened(kind);
    switch (kind) {
      case 'clockSet':
        this.#stage.setClock(by);
        {
          this.#machine.clockSet();
          return;
        }
      case 'suspended': {
        schedule.standStill(by, this.#machine.process);
        this.#stage.health.standsStill(by);
        schedule.after(by, this.#owner, () => weather.happened(kind));
        return;
      }
      case 'crash': {
        this.#die('powerCut');
        return;
      }
      case 'killed': {
        this.#die('kill');
        return;
      }
      case 'restart': {
        this.#machine.restart();
        return;
      }
      default:
        throw new Error(`${kind} lasts; it does not strike at a moment`);
    }
  }

  /** Most deaths come right after something was acknowledged, as in the crash test, or in the middle of a sync. */
  #die(how: 'kill' | 'powerCut'): void {
    const { chance, disk } = this.#stage;
    const die = (): void => this.#machine.crash(how);
    const when = chance.next('moment of death');
    if (when < 0.5) this.#stage.afterNextAcknowledgement(die);
    else if (when < 0.8) disk.duringNextSync(die);
    else die();
  }

  /** After hours without a fault: what is left is judged, and the record is verified from outside. */
  async #end(): Promise<void> {
    const { ledger, schedule, deeds, cards, disk, defender } = this.#stage;
    const { store } = this.#machine;
    if (store === undefined) {
      ledger.broken('stuck', 'no process runs at the end of the day');
      return;
    }
    const requests = store.all();
    ledger.count('requests', requests.length);
    ledger.count('POSTs accepted', defender.tenant.submissions.length);
    for (const request of requests) {
      const { state } = stageOf(request);
      if (isOpen(request) && state !== 'unknown')
        ledger.broken(
          'stuck',
          `${request.id} is still ${state}, ${calm / 3_600_000} hours after the last fault`,
        );
      if (state === 'unknown') ledger.count('left to a person');
    }
    deeds.end();
    cards.end(requests);
    const bugs = this.#lines.filter((line) => line.includes('"event":"bug"'));
    for (const line of bugs) ledger.broken('bug', line.trim());
    const secret = this.#lines.find((line) =>
      /sig=(?!\[redacted\])|xoxb-simulated|simulated signing secret/.test(line),
    );
    if (secret !== undefined) ledger.broken('secret', `in the log: ${secret}`);
    this.#machine.end();
    await schedule.runUntil(this.#plan.length + 1);
    const look = disk.look();
    for (const name of look.list(dataDir)) {
      const text = look.bytes(`${dataDir}/${name}`)?.toString('latin1') ?? '';
      if (/[?&]sig=|xoxb-simulated/.test(text)) ledger.broken('secret', `in the file ${name}`);
    }
    const report = audit({ disk: look, folder: dataDir, keys });
    if (report.wrong !== undefined)
      ledger.broken('journal', `${report.wrong.file}, line ${report.wrong.line}: ${report.wrong.sentence}`);
    ledger.count('journal lines', report.lines);
  }

  #hash(): string {
    const { ledger, slack, teams, defender } = this.#stage;
    const seen = {
      requests: [...ledger.durable].map(([id, { events, request }]) => [id, request.revision, events]),
      slack: slack.world.messages.map(({ channel, ts, history }) => [channel, ts, history]),
      teams: teams.connector.messages.map(({ id, history, body }) => [id, history.length, body]),
      submissions: defender.tenant.submissions,
      arrivals: defender.arrivals,
    };
    return createHash('sha256').update(JSON.stringify(seen)).digest('hex').slice(0, 16);
  }
}
