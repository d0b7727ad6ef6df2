// The built program as a process of its own with Teams as its chat, before a connector and a simulated tenant
// that outlive it. Tokens are not checked: without Microsoft's own nobody could be let in.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Request, State } from '../../../src/liveResponse/request/request.ts';
import { stateIn } from '../requests/requests.ts';
import { startSimulator } from '../../../src/simulator/simulator.ts';
import type { Simulator } from '../../../src/simulator/simulator.ts';
import { createJournalWatch } from '../../crash/journalWatch.ts';
import { addressIn, startProgram, stopped } from '../programs/program.ts';
import type { Program } from '../programs/program.ts';
import { tenant } from './teamsHarness.ts';
import { teamsDoor } from './teamsDoor.ts';
import { TeamsTestApp, teamsPolicy } from './teamsTestApp.ts';
import { unhurried } from '../../../src/demo/unhurried.ts';

/** Devices work this many times as fast as real ones: a session takes about a second. */
const deviceSpeed = 200;

/** `open` starts what stands around the process, and the process. */
export class TeamsProgram extends TeamsTestApp {
  #simulator: Simulator | undefined;
  readonly #journal = createJournalWatch(join(this.folder, 'data'));
  #program: Program | undefined;
  /** Which program `run` starts; an earlier one by its whole path. */
  file = 'src/main.js';
  /** The example policy that its people and places are put into; today's when left out. */
  policyExample: string | undefined;
  /** Settings over the usual ones. */
  settings: Readonly<Record<string, string>> = {};

  get simulator(): Simulator {
    if (this.#simulator === undefined) throw new Error('nothing is open');
    return this.#simulator;
  }

  /** Again after `end`, as a restart. */
  override async run(): Promise<void> {
    this.connector.authorization = undefined;
    this.#simulator ??= await startSimulator({ deviceSpeed });
    const policy = join(this.folder, 'policy.yaml');
    writeFileSync(policy, teamsPolicy(unhurried, this.policyExample));
    this.#program = await startProgram(this.file, [], {
      LR_TEAMS_DEV_NO_AUTH: '1',
      LR_TEAMS_DOOR: teamsDoor(),
      TEAMS_ALLOWED_TENANTS: tenant,
      DEFENDER_API_URL: this.simulator.url,
      DEFENDER_AUTH: 'none',
      LR_POLICY: policy,
      LR_DATA_DIR: join(this.folder, 'data'),
      LR_POLL_MS: '100',
      PORT: '0',
      ...this.settings,
    });
    this.url = addressIn(this.#program.firstLine);
  }

  /** SIGTERM. Resolves with the exit code; rejects when it still runs after the time it has. */
  async end(): Promise<number | null> {
    if (this.#program === undefined) throw new Error('no program runs');
    return stopped(this.#program);
  }

  override async deliver(
    ...[activity, options]: Parameters<TeamsTestApp['deliver']>
  ): ReturnType<TeamsTestApp['deliver']> {
    return super.deliver(activity, { ...options, header0: null });
  }

  /** kill -9. */
  async kill(): Promise<void> {
    await this.#program?.kill('SIGKILL');
  }

  /** The answer of /readyz on the admin port. */
  async ready(): Promise<string> {
    if (this.#program === undefined) throw new Error('no program runs');
    return (await fetch(`${await this.#program.adminUrl()}/readyz`)).text();
  }

  /** All requests as the journal on disk tells them, oldest first. */
  requests(): readonly Request[] {
    this.#journal.read();
    return [...this.#journal.requests.values()];
  }

  /** Resolves when the journal on disk shows the newest request in that state. */
  async reaches(state: State, ms = 15_000): Promise<void> {
    const deadline = performance.now() + ms;
    while (stateIn(this.requests().at(-1)) !== state) {
      if (performance.now() > deadline)
        throw new Error(`never ${state}: ${stateIn(this.requests().at(-1)) ?? 'there is no request'}`);
      await pause(25);
    }
  }

  override async close(): Promise<void> {
    await this.#program?.kill('SIGKILL');
    await this.#simulator?.stop();
    await this.connector.stop();
    await this.keys.stop();
    this.tidy();
  }
}
