// Harness of the Slack adapter alone: the fake Slack, a scripted bot, an HTTP server, and everything that is
// logged.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClock } from '../../../src/adapters/clock.ts';
import { startHttp } from '../../../src/adapters/http/server.ts';
import type { Listening } from '../../../src/adapters/http/listen.ts';
import { startSlack } from '../../../src/adapters/slack/open.ts';
import type { Slack } from '../../../src/adapters/slack/slack.ts';
import type { SlackOptions } from '../../../src/adapters/slack/open.ts';
import type { CommandIn, PressIn, Reply } from '../../../src/bot/ports.ts';
import type { Clock, Log } from '../../../src/liveResponse/ports.ts';
import type { CardRef } from '../../../src/liveResponse/request/request.ts';
import { slackValue } from '../../../cards/press.ts';
import { startFakeSlack } from '../../../src/demo/slack/fakeSlack.ts';
import type { FakeSlack } from '../../../src/demo/slack/fakeSlack.ts';
import type { SlackMessageKept } from '../../../src/demo/slack/world.ts';
import { testKeys } from '../store/testKeys.ts';

export const sentence = (text: string): Reply => ({ kind: 'sentence', text });

/** Pauses a hundred times as short. */
export const hasty: Clock = {
  ...createClock(),
  elapsed: () => performance.now() * 100,
  sleep: (ms, signal) => createClock().sleep(ms / 100, signal),
};

export interface LogLine {
  readonly level: 'info' | 'warn' | 'error';
  readonly event: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export function createLogBook(): Log & { readonly lines: LogLine[]; text(): string } {
  const lines: LogLine[] = [];
  const at =
    (level: LogLine['level']) =>
    (event: string, fields: Readonly<Record<string, unknown>> = {}) =>
      void lines.push({ level, event, fields });
  return {
    lines,
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    text: () =>
      JSON.stringify(lines, (_key, value: unknown) =>
        value instanceof Error ? { message: value.message, cause: value.cause } : value,
      ),
  };
}

export interface SlackHarness {
  readonly slack: FakeSlack;
  readonly adapter: Slack;
  readonly commands: CommandIn[];
  readonly presses: PressIn[];
  /** Places something came from, in order. */
  readonly heard: string[];
  /** What the bot answers; may be replaced at any time. */
  answer: (input: CommandIn | PressIn) => Reply | Promise<Reply>;
  /** The newest card as the store would know it, by request id. */
  readonly newest: Map<string, CardRef>;
  readonly log: ReturnType<typeof createLogBook>;
  readonly deaf: string[];
  readonly dataDir: string;
  readonly http: Listening;
  /** A message in C1 with these blocks, as if the bot had posted it. */
  place(blocks: SlackMessageKept['blocks']): SlackMessageKept;
  /** The same with one button of ours. */
  cardWith(verb: string, requestId?: string, index?: number): SlackMessageKept;
  /** Resolves with all that one person was told, once these words are in it. */
  toldTo(user: string, words: string): Promise<string>;
  /** The adapter once more on the same folder, as after a restart; `meanwhile` while there is none. */
  restart(meanwhile?: () => void): Promise<void>;
  close(): Promise<void>;
}

export interface RoomOptions extends Partial<SlackOptions> {
  readonly socket?: boolean;
}

export async function openSlackHarness(options: RoomOptions = {}): Promise<SlackHarness> {
  const { socket = false, ...given } = options;
  const slack = await startFakeSlack();
  slack.world.user('U1', { name: 'Riley' });
  slack.world.user('U2', { name: 'Avery' });
  slack.world.channel('C1', { members: ['U1', 'U2', 'U0BOT'] });
  const dataDir = mkdtempSync(join(tmpdir(), 'lr-slack-'));
  const log = createLogBook();
  const commands: CommandIn[] = [];
  const presses: PressIn[] = [];
  const heard: string[] = [];
  const newest = new Map<string, CardRef>();
  const deaf: string[] = [];
  let answer: SlackHarness['answer'] = () => ({ kind: 'nothing' });

  async function open(): Promise<{ readonly adapter: Slack; readonly http: Listening }> {
    const adapter = await startSlack({
      botToken: slack.tokens.bot,
      ...(socket ? { appToken: slack.tokens.app } : { signingSecret: slack.tokens.signingSecret }),
      apiUrl: slack.apiUrl,
      keys: testKeys,
      command: '/lr',
      allowedTeams: [],
      bot: () => ({
        command: async (input) => {
          commands.push(input);
          slack.world.changed();
          return answer(input);
        },
        press: async (input) => {
          presses.push(input);
          slack.world.changed();
          return answer(input);
        },
        heard: (at, place) => {
          heard.push(`${at}:${place}`);
          slack.world.changed();
        },
      }),
      newestCard: (request) => newest.get(request),
      clock: createClock(),
      log,
      dataDir,
      onDeaf: (why) => void deaf.push(why),
      ...given,
    });
    const http = await startHttp({
      host: '127.0.0.1',
      port: 0,
      log,
      healthy: () => [],
      ready: () => adapter.checks(),
      clock: createClock(),
      mount: [(app) => adapter.mount(app)],
    });
    await adapter.open();
    slack.target = socket ? undefined : `${http.url}/slack/events`;
    return { adapter, http };
  }

  let parts = await open();
  async function shut(): Promise<void> {
    await parts.adapter.stop();
    await parts.http.stop();
  }
  return {
    slack,
    get adapter() {
      return parts.adapter;
    },
    get http() {
      return parts.http;
    },
    get answer() {
      return answer;
    },
    set answer(next: SlackHarness['answer']) {
      answer = next;
    },
    commands,
    presses,
    heard,
    newest,
    log,
    deaf,
    dataDir,
    place: (blocks) => place(slack, blocks),
    cardWith: (verb, requestId = 'lr-abc123', index) => place(slack, [buttonOf(verb, requestId, index)]),
    toldTo: (user, words) =>
      slack.until(`"${words}" told to ${user}`, () => {
        const said = slack.person(user).told();
        return said.includes(words) ? said : undefined;
      }),
    async restart(meanwhile = () => undefined) {
      await shut();
      meanwhile();
      parts = await open();
    },
    async close() {
      await shut();
      await slack.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

function place(slack: FakeSlack, blocks: SlackMessageKept['blocks']): SlackMessageKept {
  const message: SlackMessageKept = {
    channel: 'C1',
    ts: slack.world.nextTs(),
    at: Date.now(),
    by: 'U0BOT',
    broadcast: false,
    text: 'card',
    blocks,
    history: [],
    args: {},
    deleted: false,
  };
  slack.world.messages.push(message);
  return message;
}

function buttonOf(verb: string, requestId: string, index?: number): SlackMessageKept['blocks'][number] {
  const value = slackValue(
    { requestId, revision: 3, fingerprint: 'f00d' } as never,
    { ...(index === undefined ? {} : { index }) } as never,
  );
  return {
    type: 'actions',
    elements: [
      { type: 'button', text: { type: 'plain_text', text: verb }, action_id: `lr.${verb}.v1`, value },
    ],
  };
}
