// The whole product behind the fake Slack, started by settings alone: simulator, journal, loop, and the
// adapter over real HTTP or WebSocket.
import { slackChat, slackServiceOf } from '../../../src/adapters/slack/platform.ts';
import type { SlackSettings } from '../../../src/adapters/slack/settings.ts';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSettings } from '../../../src/adapters/config/settings.ts';
import { optionsFrom } from '../../../src/app/options.ts';
import { startService } from '../../../src/app/compose.ts';
import type { Service } from '../../../src/app/compose.ts';
import type { Request } from '../../../src/liveResponse/request/request.ts';
import { unhurried } from '../../../src/demo/unhurried.ts';
import { read, startFakeSlack } from '../../../src/demo/slack/fakeSlack.ts';
import type { FakeSlack } from '../../../src/demo/slack/fakeSlack.ts';
import type { Person } from '../../../src/demo/slack/person.ts';
import type { SlackMessageKept } from '../../../src/demo/slack/world.ts';
import { seedWorkspace, incidents, privateRoom, slackPolicy } from '../../../src/demo/slack/workspace.ts';

export { seedWorkspace, incidents, privateRoom, slackPolicy };

export interface SlackTestApp {
  readonly slack: FakeSlack;
  service: Service;
  readonly riley: Person;
  readonly sam: Person;
  readonly avery: Person;
  readonly ola: Person;
  readonly dataDir: string;
  readonly broken: string[];
  /** The newest request. */
  request(): Request;
  /** The newest card in a channel. */
  card(channel?: string): SlackMessageKept;
  /** Resolves when the newest card in a channel reads like this. */
  shows(words: string | RegExp, channel?: string): Promise<SlackMessageKept>;
  told(person: Person, words: string | RegExp): Promise<string>;
  /** Types the dump and waits for its card. */
  asked(): Promise<SlackMessageKept>;
  restart(): Promise<void>;
  close(): Promise<void>;
}

export interface SlackTestAppOptions {
  readonly socket?: boolean;
  readonly speed?: number;
  readonly policy?: (text: string) => string;
  readonly settings?: Readonly<Record<string, string>>;
  /** Milliseconds for each call to Slack. */
  readonly timeout?: number;
}

export async function openSlackTestApp(options: SlackTestAppOptions = {}): Promise<SlackTestApp> {
  const slack = await startFakeSlack();
  seedWorkspace(slack);
  const dataDir = mkdtempSync(join(tmpdir(), 'lr-slack-house-'));
  const policyFile = join(dataDir, 'policy.yaml');
  writeFileSync(policyFile, (options.policy ?? unhurried)(slackPolicy()));
  const broken: string[] = [];

  async function start(): Promise<Service> {
    const settings = readSettings({
      SLACK_BOT_TOKEN: slack.tokens.bot,
      ...(options.socket === true
        ? { SLACK_APP_TOKEN: slack.tokens.app }
        : { SLACK_SIGNING_SECRET: slack.tokens.signingSecret }),
      SLACK_API_URL: slack.apiUrl,
      LR_DEFENDER: 'simulator',
      LR_SPEED: String(options.speed ?? 100),
      LR_POLICY: policyFile,
      LR_DATA_DIR: join(dataDir, 'data'),
      LR_LOG_LEVEL: 'silent',
      PORT: '0',
      ...options.settings,
    });
    if ('problems' in settings) throw new Error(settings.problems.join('\n'));
    const [chat] = settings.settings.chats;
    if (chat === undefined) throw new Error('Slack is not set up');
    const asked = slackServiceOf(chat.settings as SlackSettings);
    const { timeout } = options;
    const service = await startService({
      ...optionsFrom(settings.settings),
      ...(timeout === undefined ? {} : { platforms: [slackChat({ ...asked, timeout })] }),
      onBroken: (why) => void broken.push(why),
    });
    slack.target = options.socket === true ? undefined : `${service.url}/slack/events`;
    return service;
  }

  const app: SlackTestApp = {
    slack,
    service: await start(),
    riley: slack.person('U0RILEY1'),
    sam: slack.person('U0SAMMY1'),
    avery: slack.person('U0AVERY1'),
    ola: slack.person('U0OLLIE1'),
    dataDir,
    broken,
    request() {
      const newest = app.service.store.all().at(0);
      if (newest === undefined) throw new Error('there is no request');
      return newest;
    },
    card(channel = incidents) {
      const newest = slack.cards(channel).at(-1);
      if (newest === undefined) throw new Error(`there is no card in ${channel}`);
      return newest;
    },
    shows: (words, channel = incidents) =>
      slack.until(`a card with ${String(words)}`, () => {
        const newest = slack.cards(channel).at(-1);
        return newest !== undefined && reads(read(newest), words) ? newest : undefined;
      }),
    told: (person, words) =>
      slack.until(`${String(words)} told to ${person.id}`, () =>
        reads(person.told(), words) ? person.told() : undefined,
      ),
    async asked() {
      await app.riley.command(incidents, 'dump hosta OfficeClickToRun --reason "beacon at 02:40"');
      return app.shows('Waiting for approval');
    },
    async restart() {
      await app.service.stop();
      app.service = await start();
    },
    async close() {
      await app.service.stop();
      await slack.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
  return app;
}

function reads(text: string, words: string | RegExp): boolean {
  return typeof words === 'string' ? text.includes(words) : words.test(text);
}
