// The world of a long simulated life: both chats, Defender, network and disk of the simulation without its checks,
// whose records grow with what they judge. It forgets what is older than a few hours, so that what grows is the bot's.
import { createLog } from '../../../src/adapters/log.ts';
import { Tenant } from '../../../src/simulator/tenant.ts';
import { DeedChecks } from '../../simulate/checks/deeds.ts';
import { Ledger } from '../../simulate/checks/ledger.ts';
import { Chance } from '../../simulate/core/chance.ts';
import { Process } from '../../simulate/core/process.ts';
import { Schedule } from '../../simulate/core/schedule.ts';
import { Weather } from '../../simulate/core/weather.ts';
import { Actors } from '../../simulate/life/actors.ts';
import { dataDir, startBot } from '../../simulate/life/bot.ts';
import type { RunningBot } from '../../simulate/life/bot.ts';
import {
  approverGroup,
  groupMembers,
  people,
  slackIncidents,
  slackRoom,
} from '../../simulate/life/policies.ts';
import type { PlannedFault } from '../../simulate/plan/faults.ts';
import { blobOrigin, DefenderSide, defenderOrigin } from '../../simulate/world/defenderSide.ts';
import { DiskSide } from '../../simulate/world/diskSide.ts';
import { Network } from '../../simulate/world/network.ts';
import { SlackSide } from '../../simulate/world/slackSide.ts';
import { TeamsSide, teamsOrigin } from '../../simulate/world/teamsSide.ts';
import type { MemoryDisk } from '../../support/store/memoryDisk.ts';

/** 2026-11-23 03:00 UTC. */
const start = Date.UTC(2026, 10, 23, 3, 0, 0);
/** What is older is forgotten by the world; people press on cards of this age at most. Milliseconds. */
export const remembered = 6 * 3_600_000;

export class LongWorld {
  readonly chance: Chance;
  readonly schedule: Schedule;
  readonly weather: Weather;
  readonly defender: DefenderSide;
  readonly slack: SlackSide;
  readonly teams: TeamsSide;
  readonly process: Process;
  readonly disk: MemoryDisk;
  /** Lines of the log that say that a program is wrong. */
  readonly bugs: string[] = [];
  readonly #network: Network;
  readonly #seen = new WeakMap<object, number>();
  #actors: Actors;

  constructor(seed: number, faults: readonly PlannedFault[]) {
    const chance = (this.chance = new Chance(seed));
    const schedule = (this.schedule = new Schedule(start, chance));
    const weather = (this.weather = new Weather(faults, schedule, chance));
    this.defender = new DefenderSide(schedule, weather, chance);
    const quiet = { schedule, chance, weather, done: () => undefined, acknowledged: () => undefined };
    this.slack = new SlackSide(quiet);
    this.teams = new TeamsSide(
      quiet,
      Object.values(people).map(({ teams }) => teams),
    );
    this.#network = new Network({
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
      },
    });
    this.process = new Process('the bot', schedule, () => 0);
    this.disk = new DiskSide({ chance, weather }).diskFor(this.process, 'stop');
    this.#actors = this.#newActors();
    this.#furnish();
  }

  /** What people do, by what stands in the chats at that moment. */
  get actors(): Actors {
    return this.#actors;
  }

  /** The one process of this life. Resolves when it runs. */
  async startBot(): Promise<RunningBot> {
    const { chance, process, schedule } = this;
    const log = createLog({
      level: 'warn',
      write: (line) => {
        if (/"event":"(?:bug|passFailed|workerEnded)"/.test(line)) this.bugs.push(line.trim());
      },
    });
    let running: RunningBot | undefined;
    let failed: unknown;
    startBot({
      process,
      disk: this.disk,
      http: this.#network.clientOf(process),
      slackFetch: this.slack.fetchOf(process),
      slackReceiver: this.slack.receiverOf(process),
      port: this.teams.portOf(process),
      random: { hex: (bytes) => chance.hex('random', bytes) },
      jitter: () => chance.next('jitter'),
      log,
      policy: () => 'usual',
      pollGap: 20_000,
      opened: () => undefined,
    }).then(
      (bot) => (running = bot),
      (error: unknown) => (failed = error),
    );
    schedule.after(0, process, () => undefined);
    await schedule.runUntil(60_000);
    if (running === undefined) throw new Error('the bot did not start within a minute', { cause: failed });
    return running;
  }

  /** Sizes in bytes of all files of the data folder, by their path in it. */
  files(): Readonly<Record<string, number>> {
    const sizes: Record<string, number> = {};
    for (const folder of ['', 'outputs/'])
      for (const name of this.disk.list(`${dataDir}/${folder}`.replace(/\/$/, '')))
        sizes[`${folder}${name}`] = this.disk.bytes(`${dataDir}/${folder}${name}`)?.length ?? 0;
    return sizes;
  }

  /** Drops what nobody will look at again. */
  forget(): void {
    const since = this.schedule.trueTime() - remembered;
    const { world } = this.slack;
    keepOnly(world.messages, ({ at }) => at >= since);
    keepOnly(world.ephemerals, ({ ts }) => Number(ts) * 1_000 >= since);
    keepOnly(world.calls, ({ at }) => at >= since);
    for (const all of [world.triggers, world.responseUrls])
      for (const [id, { at }] of all) if (at < since) all.delete(id);
    world.views.clear();
    keepOnly(this.teams.connector.calls, ({ at }) => at >= since);
    const { messages } = this.teams.connector;
    // They carry no time of their own: it is when they were first seen here.
    const now = this.schedule.trueTime();
    for (const message of messages) if (!this.#seen.has(message)) this.#seen.set(message, now);
    keepOnly(messages, (message) => (this.#seen.get(message) ?? now) >= since);
    keepOnly(this.defender.arrivals, ({ at }) => at >= this.schedule.elapsed() - remembered);
    this.#forgetActions(since);
    // The files of outputs are never synced into their folder: the disk keeps each such change for a power cut.
    this.disk.syncFolder(`${dataDir}/outputs`);
    this.#actors = this.#newActors();
  }

  /** The tenant again, with the younger part of its actions. */
  #forgetActions(since: number): void {
    const { tenant } = this.defender;
    const saved = tenant.saved();
    const young = new Tenant({
      clock: { now: () => Math.floor(this.schedule.trueTime()) },
      deviceSpeed: 1,
      profile: tenant.profile,
      random: tenant.random,
      extraDevices: 0,
      saved: {
        ...saved,
        actions: saved.actions.filter(({ createdAt }) => createdAt >= since),
        submissions: saved.submissions.filter(({ at }) => at >= since),
      },
    });
    young.blobUrl = blobOrigin;
    Object.assign(this.defender, { tenant: young });
  }

  #newActors(): Actors {
    const { schedule, chance, weather, slack, teams, defender } = this;
    const ledger = new Ledger(
      () => schedule.elapsed(),
      () => new Set(),
    );
    const deeds = new DeedChecks(ledger, () => undefined);
    return new Actors({ schedule, chance, weather, slack, teams, defender, ledger, deeds });
  }

  #furnish(): void {
    const { world } = this.slack;
    const accounts = Object.values(people).map(({ slack: id }) => id);
    for (const { slack: id, name } of Object.values(people)) world.user(id, { name });
    const members = [...accounts, 'U0BOT'];
    world.channel(slackIncidents, { name: 'incidents', members });
    world.channel(slackRoom, { name: 'soc-private', private: true, members });
    world.groups.set(
      approverGroup,
      groupMembers.map((name) => people[name].slack),
    );
  }
}

function keepOnly<T>(all: T[], wanted: (one: T) => boolean): void {
  const left = all.filter(wanted);
  all.splice(0, all.length, ...left);
}
