// One Teams adapter on a real HTTP server, a fake connector behind it, keys of our own, and people who speak
// to it.
import type { Bot, CommandIn, PressIn, Reply } from '../../../src/bot/ports.ts';
import { Secret } from '../../../src/adapters/secret.ts';
import { startHttp } from '../../../src/adapters/http/server.ts';
import { Http } from '../../../src/adapters/outbound/http.ts';
import { startTeams } from '../../../src/adapters/teams/open.ts';
import type { Teams, TeamsOptions } from '../../../src/adapters/teams/open.ts';
import type { Clock, Log } from '../../../src/liveResponse/ports.ts';
import { createClock } from '../../../src/adapters/clock.ts';
import { teamsDoor } from './teamsDoor.ts';
import {
  ana,
  appId,
  ben,
  bot,
  channel,
  directOf,
  group,
  memberOf,
  team,
  TeamsStage,
  tenant,
} from '../../../src/demo/teams/stage.ts';
import type { Human } from '../../../src/demo/teams/stage.ts';
import { testKeys } from '../store/testKeys.ts';

export { ana, appId, ben, bot, channel, directOf, group, memberOf, team, tenant };
export type { Human };

/** A Bot that answers from a script and remembers what it was asked. */
export class ScriptedBot implements Bot {
  readonly commands: CommandIn[] = [];
  readonly presses: PressIn[] = [];
  onCommand: (input: CommandIn) => Promise<Reply> = () =>
    Promise.resolve({ kind: 'sentence', text: 'heard' });
  onPress: (input: PressIn) => Promise<Reply> = () => Promise.resolve({ kind: 'nothing' });
  command(input: CommandIn): Promise<Reply> {
    this.commands.push(input);
    return this.onCommand(input);
  }
  press(input: PressIn): Promise<Reply> {
    this.presses.push(input);
    return this.onPress(input);
  }
  readonly heardIn: string[] = [];
  heard(surface: string, place: string): void {
    this.heardIn.push(`${surface}:${place}`);
  }
}

export const silent: Log = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** Keeps what was logged, for tests that look at it. */
export function keepingLog(): Log & { readonly lines: string[] } {
  const lines: string[] = [];
  const keep = (event: string, fields?: Readonly<Record<string, unknown>>): void =>
    void lines.push(
      `${event} ${JSON.stringify(fields ?? {}, (_key, value: unknown) => (value instanceof Error ? `${value.name}: ${value.message}` : value))}`,
    );
  return { lines, info: keep, warn: keep, error: keep };
}

/** Sleeps take no time and move the clock on. */
export function leapingClock(): Clock {
  let ahead = 0;
  return {
    now: () => Date.now() + ahead,
    elapsed: () => performance.now() + ahead,
    sleep: (ms) => {
      ahead += ms;
      // Answers on their way arrive meanwhile.
      return new Promise((resolve) => setImmediate(resolve));
    },
  };
}

export class TeamsHarness extends TeamsStage {
  readonly bot: ScriptedBot = new ScriptedBot();
  readonly http = new Http();
  teams!: Teams;
  #stopHttp: () => Promise<void> = () => Promise.resolve();

  async start(more: Partial<TeamsOptions> = {}, served: Bot = this.bot): Promise<void> {
    await this.seedWorkspace();
    await this.boot(more, served);
  }

  /** The adapter alone: again after `halt`, as a restart. */
  async boot(more: Partial<TeamsOptions> = {}, served: Bot = this.bot): Promise<void> {
    const { clock } = more;
    // botbuilder knows the time of the machine only.
    if (clock !== undefined && teamsDoor() === 'direct') this.keys.now = () => clock.now();
    this.teams = await startTeams({
      settings: {
        type: 'SingleTenant',
        appId,
        tenantId: tenant,
        password: new Secret('x'),
        cloud: 'public',
        allowedTenants: [tenant],
        devNoAuth: false,
        door: teamsDoor(),
      },
      folder: this.folder,
      http: this.http,
      keys: testKeys,
      clock: createClock(),
      log: silent,
      command: '/lr',
      jitter: () => 0,
      authority: this.authority(),
      origins: [this.connector.origin],
      serviceUrl: this.connector.serviceUrl,
      ...more,
    });
    const http = await startHttp({
      host: '127.0.0.1',
      port: 0,
      log: silent,
      healthy: () => [],
      ready: () => this.teams.checks(),
      clock: createClock(),
      mount: [(app) => this.teams.mount(app, served)],
    });
    this.url = http.url;
    this.#stopHttp = () => http.stop();
  }

  async halt(): Promise<void> {
    await this.#stopHttp();
    await this.teams.stop();
  }

  async stop(): Promise<void> {
    await this.halt();
    await this.connector.stop();
    await this.keys.stop();
    await this.http.close();
    this.tidy();
  }
}

/** A started harness and its clock, on which sleeps take no time. */
export async function startLeaping(): Promise<{ readonly bench: TeamsHarness; readonly clock: Clock }> {
  const clock = leapingClock();
  const bench = new TeamsHarness();
  bench.connector.now = () => clock.now();
  await bench.start({ clock });
  return { bench, clock };
}
