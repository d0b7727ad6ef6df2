// A bot as an operator has it: the built program with a key, an anchor file and a data folder, before a
// simulated tenant that outlives it.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Request, State } from '../../src/liveResponse/request/request.ts';
import { stageOf } from '../../src/liveResponse/request/request.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { createJournalWatch } from '../crash/journalWatch.ts';
import { addressIn, startProgram, stopped } from '../support/programs/program.ts';
import type { Program } from '../support/programs/program.ts';
import { manyPending } from '../support/requests/manyPending.ts';
import { root } from '../support/root.ts';
import { testKeyText } from '../support/store/testKeys.ts';
import { unhurried } from '../../src/demo/unhurried.ts';
import type { Ran } from './guide.ts';

/** Devices work this many times as fast as real ones: a session takes about a second. */
const usualSpeed = 200;
/** Where the programs of today are. */
const today = join(root, 'dist', 'src');
/** Generous: a loaded machine. Milliseconds. */
const patience = 45_000;

export class OperatedBot {
  readonly folder = mkdtempSync(join(tmpdir(), 'lr-operate-'));
  readonly data = join(this.folder, 'data');
  readonly keyFile = join(this.folder, 'journal.key');
  readonly backups = join(this.folder, 'backups');
  readonly policyFile = join(this.folder, 'policy.yaml');
  /** Settings over the usual ones; an empty value takes one out. */
  more: Readonly<Record<string, string>> = {};
  /** Where the programs are that `start` and `run` take. */
  programs = today;
  #simulator: Simulator | undefined;
  #program: Program | undefined;

  get simulator(): Simulator {
    if (this.#simulator === undefined) throw new Error('nothing is open');
    return this.#simulator;
  }

  get program(): Program {
    if (this.#program === undefined) throw new Error('no program runs');
    return this.#program;
  }

  /** Sessions that Defender was asked for. */
  get submissions(): number {
    return this.simulator.tenant.submissions.length;
  }

  /**
   * Sessions go on, as Defender tells it, until its faults are cleared: they outlive any exchange of the
   * program.
   */
  holdSessions(): void {
    this.simulator.tenant.faults.plant({ what: 'unknownStatus', value: 'InProgress', times: 'always' });
  }

  settings(): Readonly<Record<string, string>> {
    return {
      PORT: '0',
      LR_DATA_DIR: this.data,
      LR_LOG_LEVEL: 'error',
      LR_POLICY: this.policyFile,
      LR_POLL_MS: '100',
      LR_JOURNAL_KEY_FILE: this.keyFile,
      LR_ANCHOR_FILE: join(this.folder, 'anchors.ndjson'),
      LR_ANCHOR_EVERY_LINES: '1',
      DEFENDER_API_URL: this.simulator.url,
      DEFENDER_AUTH: 'none',
      ...this.more,
    };
  }

  /** The simulated tenant alone; `start` starts the bot. */
  async open({
    deviceSpeed = usualSpeed,
    policy = manyPending(readFileSync(join(root, 'policy.example.yaml'), 'utf8')),
  } = {}): Promise<void> {
    this.#simulator = await startSimulator({ deviceSpeed });
    writeFileSync(this.keyFile, `${testKeyText}\n`, { mode: 0o600 });
    writeFileSync(this.policyFile, unhurried(policy));
  }

  async start(): Promise<void> {
    this.#program = await startProgram(join(this.programs, 'main.js'), [], this.settings());
  }

  /** The programs of an earlier version from now on, or today's again. */
  take(programs = today): void {
    this.programs = programs;
  }

  /** Resolves with the exit code. */
  async stop(): Promise<number | null> {
    const code = await stopped(this.program);
    this.#program = undefined;
    return code;
  }

  /** As a machine that loses its power. */
  async kill(): Promise<void> {
    await this.program.kill('SIGKILL');
    this.#program = undefined;
  }

  /** Runs a program of ours to its end, with the bot's settings. @param name as in src/cli, or main */
  run(name: string, words: readonly string[] = [], more: Readonly<Record<string, string>> = {}): Ran {
    const file = name === 'main' ? 'main.js' : this.programs === today ? `cli/${name}.js` : `${name}Cli.js`;
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(this.programs, file), ...words], {
      cwd: root,
      encoding: 'utf8',
      timeout: patience,
      env: { PATH: process.env['PATH'] ?? '', LR_ENV_FILE: 'off', ...this.settings(), ...more },
    });
    return { code: status, out: `${stdout}${stderr}` };
  }

  async #post(what: string, body: unknown): Promise<Readonly<Record<string, unknown>>> {
    const response = await fetch(`${addressIn(this.program.firstLine)}/console/api/${what}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return (await response.json()) as Readonly<Record<string, unknown>>;
  }

  say(as: string, text: string): Promise<Readonly<Record<string, unknown>>> {
    return this.#post('commands', { as, place: 'incidents', text });
  }

  /** Resolves with the id of the new request. */
  async ask(text = 'dump hosta OfficeClickToRun'): Promise<string> {
    const { requestId, ...rest } = await this.say('responder1', text);
    if (typeof requestId !== 'string') throw new Error(`nothing was asked: ${JSON.stringify(rest)}`);
    return requestId;
  }

  /** A press of the newest card; `carried` where its button holds something else than today's. */
  async press(
    as: string,
    id: string,
    verb: string,
    carried?: string,
  ): Promise<Readonly<Record<string, unknown>>> {
    const { revision, subject } = this.request(id);
    const fingerprint = carried ?? subject.digest.slice(0, 16);
    return this.#post('presses', { as, place: 'incidents', request: id, verb, revision, fingerprint });
  }

  /** As the journal on disk tells it. */
  request(id: string): Request {
    const journal = createJournalWatch(this.data);
    journal.read();
    const found = journal.requests.get(id);
    if (found === undefined) throw new Error(`the journal has no request ${id}`);
    return found;
  }

  /** Resolves when the journal on disk shows the request in that state. */
  async reaches(id: string, state: State): Promise<void> {
    await this.until(`${id} ${state}`, () => stageOf(this.request(id)).state === state);
  }

  async until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
    const deadline = performance.now() + patience;
    while (!(await holds())) {
      if (performance.now() > deadline) throw new Error(`it never came to that: ${what}`);
      await pause(50);
    }
  }

  /** The answer of /readyz on the admin port. */
  async ready(): Promise<string> {
    return (await fetch(`${await this.program.adminUrl()}/readyz`)).text();
  }

  async close(): Promise<void> {
    await this.#program?.kill('SIGKILL');
    await this.#simulator?.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
