// The built program as a process of its own before the fake Slack and a simulated tenant, both of which
// outlive it: for stories of kill -9.
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createJournalWatch } from '../../crash/journalWatch.ts';
import type { Request, State } from '../../../src/liveResponse/request/request.ts';
import { stateIn } from '../requests.ts';
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

export interface SlackProgram {
  /** Holds the data folder, as `data`. */
  readonly folder: string;
  readonly slack: FakeSlack;
  readonly simulator: Simulator;
  readonly riley: Person;
  readonly avery: Person;
  /** The process; throws while there is none. */
  program(): Program;
  url(): string;
  /**
   * Resolves when it listens and Slack is connected. `file` is another program than today's, by its whole
   * path.
   */
  start(born?: (child: ChildProcess) => void, file?: string): Promise<void>;
  /** kill -9. */
  kill(): Promise<void>;
  /** SIGTERM. Resolves with the exit code; rejects when it still runs after the time it has. */
  stop(): Promise<number | null>;
  /** All requests as the journal on disk tells them, oldest first. */
  requests(): readonly Request[];
  /** The newest request, as the journal on disk tells it. */
  request(): Request;
  /** Resolves when the journal on disk shows the request in that state. */
  reaches(state: State): Promise<void>;
  /** Cards that claim to be the request's true one in a channel; threads are none. */
  live(channel: string): readonly SlackMessageKept[];
  /** Resolves when the newest card in the channel reads like this. */
  shows(words: RegExp, channel: string): Promise<SlackMessageKept>;
  /** Resolves when the program has nothing left to draw or to tell. */
  drawn(): Promise<void>;
  close(): Promise<void>;
}

export interface SlackProgramOptions {
  readonly socket?: boolean;
  readonly settings?: Readonly<Record<string, string>>;
  /** In place of the usual policy. */
  readonly policyText?: string;
  /** How many devices there are beside those of every simulated tenant. */
  readonly extraDevices?: number;
  /** Fills the data folder before the first start. */
  readonly prepare?: (folder: string, slack: FakeSlack) => Promise<void>;
}

/** Devices work this many times as fast as real ones: a session takes about a second. */
const deviceSpeed = 200;

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
  const dir = mkdtempSync(join(tmpdir(), 'lr-slack-program-'));
  const policy = join(dir, 'policy.yaml');
  writeFileSync(policy, unhurried(policyText));
  await prepare?.(join(dir, 'data'), slack);
  const journal = createJournalWatch(join(dir, 'data'));
  let running: Program | undefined;

  function program(): Program {
    if (running === undefined) throw new Error('no program runs');
    return running;
  }
  const url = (): string => addressIn(program().firstLine);

  function newest(): Request | undefined {
    journal.read();
    return [...journal.requests.values()].at(-1);
  }

  return {
    folder: dir,
    slack,
    simulator,
    riley: slack.person('U0RILEY1'),
    avery: slack.person('U0AVERY1'),
    program,
    url,
    async start(born, file = 'src/main.js') {
      running = await startProgram(
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
          LR_POLICY: policy,
          LR_DATA_DIR: join(dir, 'data'),
          LR_LOG_LEVEL: 'info',
          LR_POLL_MS: '100',
          PORT: '0',
          ...settings,
        },
        born,
      );
      slack.target = socket || !program().firstLine.includes('http') ? undefined : `${url()}/slack/events`;
    },
    async kill() {
      await program().kill('SIGKILL');
      running = undefined;
    },
    async stop() {
      const code = await stopped(program());
      running = undefined;
      return code;
    },
    requests() {
      journal.read();
      return [...journal.requests.values()];
    },
    request() {
      const found = newest();
      if (found === undefined) throw new Error('there is no request');
      return found;
    },
    async reaches(state) {
      await slack.until(`a request that is ${state}`, () => (stateIn(newest()) === state ? true : undefined));
    },
    live: (channel) =>
      slack.world
        .in(channel)
        .filter(
          (message) =>
            message.by === 'U0BOT' && message.thread === undefined && !read(message).includes('superseded'),
        ),
    shows: (words, channel) =>
      slack.until(`a card with ${String(words)} in ${channel}`, () => {
        const card = slack.cards(channel).at(-1);
        return card !== undefined && words.test(read(card)) ? card : undefined;
      }),
    async drawn() {
      let behind = 'not asked yet';
      const deadline = performance.now() + 15_000;
      while (behind !== '0 behind') {
        if (performance.now() > deadline) throw new Error(`cards are ${behind}`);
        await pause(25);
        const body = (await (await fetch(`${await program().adminUrl()}/readyz`)).json()) as {
          readonly checks: readonly { readonly name: string; readonly why?: string }[];
        };
        behind = body.checks.find(({ name }) => name === 'cards')?.why ?? 'not told';
      }
    },
    async close() {
      await running?.kill('SIGKILL');
      await simulator.stop();
      await slack.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
