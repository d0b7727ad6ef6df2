// The built program as a process of its own, with the fake Slack and a simulated tenant, both of which
// outlive it: for stories of kill -9.
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createJournalWatch } from '../../crash/journalWatch.ts';
import type { Request, State } from '../../../src/liveResponse/request/request.ts';
import { stateIn } from '../requests/requests.ts';
import { startSimulator } from '../../../src/simulator/simulator.ts';
import type { Simulator } from '../../../src/simulator/simulator.ts';
import { addressIn, startProgram, stopped } from '../programs/program.ts';
import type { Program } from '../programs/program.ts';
import { unhurried } from '../../../src/demo/unhurried.ts';
import { read, startFakeSlack } from '../../../src/demo/slack/fakeSlack.ts';
import type { FakeSlack } from '../../../src/demo/slack/fakeSlack.ts';
import type { Person } from '../../../src/demo/slack/person.ts';
import { seedWorkspace, slackPolicy } from './slackTestApp.ts';
import type { SlackMessageKept } from '../../../src/demo/slack/world.ts';

export interface SlackProgramOptions {
  readonly socket?: boolean;
  readonly settings?: Readonly<Record<string, string>>;
  /** In place of the usual policy. */
  readonly policyText?: string;
  /** How many devices there are besides those of every simulated tenant. */
  readonly extraDevices?: number;
  /** Fills the data folder before the first start. */
  readonly prepare?: (folder: string, slack: FakeSlack) => Promise<void>;
}

/** Devices work this many times as fast as real ones: a session takes about a second. */
const deviceSpeed = 200;

interface SlackProgramParts {
  readonly folder: string;
  readonly slack: FakeSlack;
  readonly simulator: Simulator;
  /** What the program is started with, besides its door to Slack. */
  readonly settings: Readonly<Record<string, string>>;
  readonly socket: boolean;
}

export class SlackProgram {
  /** Contains the data folder, as `data`. */
  readonly folder: string;
  readonly slack: FakeSlack;
  readonly simulator: Simulator;
  readonly riley: Person;
  readonly avery: Person;
  readonly #parts: SlackProgramParts;
  readonly #journal: ReturnType<typeof createJournalWatch>;
  #running: Program | undefined;

  constructor(parts: SlackProgramParts) {
    const { folder, slack, simulator } = parts;
    this.#parts = parts;
    this.folder = folder;
    this.slack = slack;
    this.simulator = simulator;
    this.riley = slack.person('U0RILEY1');
    this.avery = slack.person('U0AVERY1');
    this.#journal = createJournalWatch(join(folder, 'data'));
  }

  /** The process; throws while there is none. */
  program(): Program {
    if (this.#running === undefined) throw new Error('no program runs');
    return this.#running;
  }

  url(): string {
    return addressIn(this.program().firstLine);
  }

  /**
   * Resolves when it listens and Slack is connected. `file` is another program than today's, by its whole
   * path.
   */
  async start(born?: (child: ChildProcess) => void, file = 'src/main.js'): Promise<void> {
    const { slack, simulator, folder, settings, socket } = this.#parts;
    this.#running = await startProgram(
      file,
      [],
      {
        SLACK_BOT_TOKEN: slack.tokens.bot,
        ...(socket
          ? { SLACK_APP_TOKEN: slack.tokens.app }
          : { SLACK_SIGNING_SECRET: slack.tokens.signingSecret }),
        SLACK_API_URL: slack.apiUrl,
        DEFENDER_API_URL: simulator.url,
        DEFENDER_AUTH: 'none',
        LR_POLICY: join(folder, 'policy.yaml'),
        LR_DATA_DIR: join(folder, 'data'),
        LR_LOG_LEVEL: 'info',
        LR_POLL_MS: '100',
        PORT: '0',
        ...settings,
      },
      born,
    );
    const listens = !socket && this.program().firstLine.includes('http');
    slack.target = listens ? `${this.url()}/slack/events` : undefined;
  }

  /** kill -9. */
  async kill(): Promise<void> {
    await this.program().kill('SIGKILL');
    this.#running = undefined;
  }

  /** SIGTERM. Resolves with the exit code; rejects when it still runs after the time it has. */
  async stop(): Promise<number | null> {
    const code = await stopped(this.program());
    this.#running = undefined;
    return code;
  }

  /** All requests as the journal on disk tells them, oldest first. */
  requests(): readonly Request[] {
    this.#journal.read();
    return [...this.#journal.requests.values()];
  }

  /** The newest request, as the journal on disk tells it. */
  request(): Request {
    const found = this.requests().at(-1);
    if (found === undefined) throw new Error('there is no request');
    return found;
  }

  /** Resolves when the journal on disk shows the request in that state. */
  async reaches(state: State): Promise<void> {
    await this.slack.until(`a request that is ${state}`, () =>
      stateIn(this.requests().at(-1)) === state ? true : undefined,
    );
  }

  /** Cards that claim to be the request's true one in a channel; threads are none. */
  live(channel: string): readonly SlackMessageKept[] {
    return this.slack.world
      .in(channel)
      .filter(
        (message) =>
          message.by === 'U0BOT' && message.thread === undefined && !read(message).includes('superseded'),
      );
  }

  /** Resolves when the newest card in the channel reads like this. */
  shows(words: RegExp, channel: string): Promise<SlackMessageKept> {
    return this.slack.until(`a card with ${String(words)} in ${channel}`, () => {
      const card = this.slack.cards(channel).at(-1);
      return card !== undefined && words.test(read(card)) ? card : undefined;
    });
  }

  /** Resolves when the program has nothing left to draw or to tell. */
  async drawn(): Promise<void> {
    let behind = 'not asked yet';
    const deadline = performance.now() + 15_000;
    while (behind !== '0 behind') {
      if (performance.now() > deadline) throw new Error(`cards are ${behind}`);
      await pause(25);
      const body = (await (await fetch(`${await this.program().adminUrl()}/readyz`)).json()) as {
        readonly checks: readonly { readonly name: string; readonly why?: string }[];
      };
      behind = body.checks.find(({ name }) => name === 'cards')?.why ?? 'not told';
    }
  }

  async close(): Promise<void> {
    await this.#running?.kill('SIGKILL');
    await this.simulator.stop();
    await this.slack.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Everything but the process itself, which `start` starts. */
export async function openSlackProgram({
  socket = false,
  settings = {},
  extraDevices = 0,
  policyText = slackPolicy(),
  prepare,
}: SlackProgramOptions = {}): Promise<SlackProgram> {
  const slack = await startFakeSlack();
  seedWorkspace(slack);
  slack.world.scopes = [...slack.world.scopes, 'channels:history', 'groups:history'];
  const simulator = await startSimulator({ deviceSpeed, extraDevices });
  const folder = mkdtempSync(join(tmpdir(), 'lr-slack-program-'));
  writeFileSync(join(folder, 'policy.yaml'), unhurried(policyText));
  await prepare?.(join(folder, 'data'), slack);
  return new SlackProgram({ folder, slack, simulator, settings, socket });
}
