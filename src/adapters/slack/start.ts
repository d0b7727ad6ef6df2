// Start of the Slack adapter: checks the token before anything else, then wires the parts and returns what the
// composition needs.
import { HTTPReceiver } from '@slack/bolt';
import type { Logger } from '@slack/bolt';
import type { Express } from 'express';
import type { Bot, ChatPort, Groups, LastKnown } from '../../bot/ports.ts';
import type { Clock, Keeper, Log } from '../../liveResponse/ports.ts';
import type { CardRef } from '../../liveResponse/request/request.ts';
import { Deliveries } from '../deliveries/deliveries.ts';
import type { Check } from '../http/server.ts';
import { random } from '../crypto.ts';
import { realDisk } from '../store/journal/disk.ts';
import type { Keys } from '../store/journal/keys.ts';
import type { Disk } from '../store/journal/disk.ts';
import { boltLogger } from './boltLog.ts';
import { createWriteRates } from './outbound/writeRates.ts';
import type { WriteRates } from './outbound/writeRates.ts';
import { addressOf } from './outbound/cardAddress.ts';
import { PendingReplies } from './outbound/privateReplies.ts';
import { createChannels, watched } from './identity/channels.ts';
import { eventsPath, publicApi } from './addresses.ts';
import { mountGuard } from './inbound/guard.ts';
import { failureOf, messageOf } from './outbound/slackFailure.ts';
import type { Channels } from './identity/channels.ts';
import { SlackChat } from './outbound/chat.ts';
import { createChannelEvents } from './inbound/channelEvents.ts';
import { Inbound } from './inbound/inbound.ts';
import { BoltProcessor, Intake } from './inbound/intake.ts';
import { createModals } from './inbound/modals.ts';
import { createPeople } from './identity/people.ts';
import { surface } from './ids.ts';
import type { People } from './identity/people.ts';
import { slackFetch } from './outbound/slackFetch.ts';
import type { SlackFetch } from './outbound/slackFetch.ts';
import { ReplayMemory } from './inbound/replayMemory.ts';
import { whoAmI } from './ownIdentity.ts';
import type { Self } from './ownIdentity.ts';
import { Shutdown } from './shutdown.ts';
import { SignedTime, SlackTime } from './slackTime.ts';
import { Socket } from './inbound/socket.ts';
import type { SocketDispatcher } from './inbound/socket.ts';
import { StaleCards } from './outbound/staleCards.ts';
import { checkSettings, SlackStartError } from './startError.ts';
import { clientOptions, SlackWebApi } from './outbound/webApi.ts';
import type { WebApi, WebApiOptions } from './outbound/webApi.ts';
import { PrivateReplies } from './outbound/replyPrivately.ts';

export interface SlackOptions {
  readonly botToken: string;
  /** Needed unless there is an app token. */
  readonly signingSecret?: string;
  /** Present: Socket Mode, and nothing is mounted. */
  readonly appToken?: string;
  /** `https://slack.com/api/` by default; GovSlack and tests have their own. */
  readonly apiUrl?: string;
  /** The slash command's name, `/lr`. */
  readonly command: string;
  /**
   * Workspaces (T...) and organisations (E...) whose people may be members. Empty: the token's own workspace.
   */
  readonly allowedTeams: readonly string[];
  /** Asked when the first delivery comes: the bot is made after its chats. */
  readonly bot: () => Bot;
  /** The newest card of a request in a channel, from the store; undefined where there is none. */
  readonly newestCard: (requestId: string, place: string) => CardRef | undefined;
  readonly clock: Clock;
  readonly log: Log;
  /** Where the memory of seen signatures and the deliveries are kept. */
  readonly dataDir: string;
  /** With which deliveries are authenticated. */
  readonly keys: Keys;
  /** What Slack last said of each account, for what only stops something while Slack cannot be asked. */
  readonly lastKnown?: LastKnown;
  /** Where deliveries are written, for tests; the machine's own by default. */
  readonly disk?: Disk;
  /** How long Socket Mode may be without a connection, in milliseconds; two minutes by default. */
  readonly deafAfter?: number;
  /** For each call to Slack, in milliseconds; ten seconds by default. */
  readonly timeout?: number;
  /** Called once when Socket Mode has been deaf for `deafAfter`: end the process with an error. */
  readonly onDeaf: (why: string) => void;
  /**
   * Tries to reach Slack at start, and the pauses between them, in milliseconds; about twenty seconds by
   * default.
   */
  readonly startPauses?: readonly number[];
  /** Another fetch, for tests. */
  readonly fetch?: SlackFetch;
  /** Connects the socket through a proxy; fetch takes the process’s own. */
  readonly dispatcher?: SocketDispatcher;
  /** The proxy by which a host is reached, without credentials; undefined where it is reached directly. */
  readonly proxyFor?: (hostname: string) => string | undefined;
  /** Socket Mode's patience in milliseconds, for tests. */
  readonly pingTimeout?: number;
}

export interface Slack {
  readonly chat: ChatPort;
  readonly groups: Groups;
  /** Before any body parser. Does nothing in Socket Mode. */
  mount(app: Express): void;
  /**
   * Takes up what a crash left unanswered, and begins to take deliveries in Socket Mode; in HTTP mode they
   * come once the server listens.
   */
  open(): Promise<void>;
  /** For /readyz. */
  checks(): readonly Check[];
  /**
   * What is checked again by itself: whether Slack answers, and the files of deliveries and of seen
   * requests.
   */
  readonly keepers: readonly Keeper[];
  /**
   * Takes nothing new and lets answers under way end, five seconds at most. Cards can still be drawn for as
   * long again.
   */
  drain(): Promise<void>;
  /** Closes the socket, and what waits to write gets no turn. Drains first if nobody did. */
  stop(): Promise<void>;
}

/** How Slack is reached, by every client alike. */
type Connection = Pick<WebApiOptions, 'apiUrl' | 'logger' | 'fetch' | 'timeout'>;

/** @throws SlackStartError */
export async function startSlack(options: SlackOptions): Promise<Slack> {
  const { clock, log } = options;
  const apiUrl = withSlash(options.apiUrl ?? publicApi);
  checkSettings(options, apiUrl);
  const time = new SlackTime({ clock, signed: options.appToken === undefined });
  const connection = connectionOf(options, apiUrl, time);
  const plain = new SlackWebApi({ token: options.botToken, clock, log, ...connection });
  const self = await whoAmI(plain, { apiUrl, clock, log, startPauses: options.startPauses });

  const parts = partsOf(plain, { options, self, connection });
  const { api, channels, people, answers, staleCards, budgets, privateReplies } = parts;
  const deliveries = await Deliveries.open({
    disk: options.disk ?? realDisk,
    folder: options.dataDir,
    name: 'slack-deliveries.ndjson',
    keys: options.keys,
    clock,
    log,
  });
  const memory =
    options.appToken === undefined ? new ReplayMemory({ folder: options.dataDir, clock, log }) : undefined;
  const socket = socketOf(options, connection);
  const http = socket === undefined ? httpReceiver(options, connection.logger) : undefined;
  const receiver = socket?.receiver ?? http;
  if (receiver === undefined) throw new SlackStartError('Slack has no way in.');

  await startBolt({ options, self, connection, receiver }, () => intake);
  const intake = intakeOf(parts, { options, self, deliveries });
  const shutdown = new Shutdown({ socket, intake, answers, staleCards, budgets, deliveries, clock });
  log.info('slackReady', { team: self.team, bot: self.user, mode: socket === undefined ? 'http' : 'socket' });

  return {
    chat: new SlackChat({
      api,
      budgets,
      channels,
      privateReplies,
      staleCards,
      log,
      command: options.command,
    }),
    groups: people,
    mount(server) {
      if (http === undefined || memory === undefined || options.signingSecret === undefined) return;
      mountGuard(server, {
        signingSecret: options.signingSecret,
        clock,
        log,
        memory,
        next: http.requestListener,
        stopping: () => shutdown.begun,
        time: new SignedTime({ time, api: plain, clock, log }),
      });
    },
    async open() {
      intake.resume(deliveries.left());
      if (socket !== undefined) await connect(socket);
    },
    checks: () => checksOf({ api, socket, time, deliveries, memory }),
    keepers: [api.keeper, deliveries, ...(memory === undefined ? [] : [memory])],
    drain: () => shutdown.drain(),
    stop: () => shutdown.stop(),
  };
}

function connectionOf(options: SlackOptions, apiUrl: string, time: SlackTime): Connection {
  const { timeout, proxyFor } = options;
  return {
    apiUrl,
    logger: boltLogger(options.log),
    fetch: slackFetch(options.fetch ?? fetch, timeout, (date) => time.heard(date), proxyFor),
    ...(timeout === undefined ? {} : { timeout }),
  };
}

interface Parts {
  readonly api: WebApi;
  readonly budgets: WriteRates;
  readonly channels: Channels;
  readonly people: People;
  readonly privateReplies: PrivateReplies;
  readonly answers: PendingReplies;
  readonly staleCards: StaleCards;
}

interface Made {
  readonly options: SlackOptions;
  readonly self: Self;
  readonly connection: Connection;
}

/** What calls Slack. */
function partsOf(plain: WebApi, { options, self, connection }: Made): Parts {
  const { clock, log, allowedTeams, lastKnown } = options;
  const budgets = createWriteRates(clock, (method) => plain.stalledFor(method));
  const channels = createChannels(plain, clock, log);
  const api = watched(plain, channels);
  const people = createPeople(
    api,
    clock,
    log,
    allowedTeams.length === 0 ? [self.team] : allowedTeams,
    self.team,
    {
      sleep: (ms, signal) => clock.sleep(ms, signal),
      ...(self.organisation === undefined ? {} : { organisation: self.organisation }),
      ...(lastKnown === undefined ? {} : { lastKnown }),
    },
  );
  const { apiUrl, fetch } = connection;
  const privateReplies = new PrivateReplies({ api, clock, log, apiUrl, fetch });
  const answers = new PendingReplies({ privateReplies, clock, log });
  const staleCards = new StaleCards({ api, budgets, log });
  return { api, budgets, channels, people, privateReplies, answers, staleCards };
}

/** In Socket Mode. */
function socketOf(options: SlackOptions, connection: Connection): Socket | undefined {
  const { appToken, dispatcher, clock, onDeaf, log, deafAfter, pingTimeout } = options;
  if (appToken === undefined) return undefined;
  const proxy = options.proxyFor?.('wss-primary.slack.com');
  return new Socket({
    appToken,
    ...(proxy === undefined ? {} : { proxy }),
    ...(dispatcher === undefined ? {} : { dispatcher }),
    clock,
    onDeaf,
    log,
    ...connection,
    ...(deafAfter === undefined ? {} : { deafAfter }),
    ...(pingTimeout === undefined ? {} : { pingTimeout }),
  });
}

function httpReceiver({ signingSecret, log }: SlackOptions, logger: Logger): HTTPReceiver {
  return new HTTPReceiver({
    signingSecret: signingSecret ?? '',
    endpoints: [eventsPath],
    logger,
    processEventErrorHandler: ({ error, response }) => {
      log.error('bug', { reference: random.hex(3), where: 'slackEvent', error });
      if (!response.headersSent) response.writeHead(500).end();
      return Promise.resolve(false);
    },
  });
}

async function startBolt(
  { options, self, connection, receiver }: Made & { readonly receiver: HTTPReceiver | Socket['receiver'] },
  intake: () => Intake,
): Promise<void> {
  const app = new BoltProcessor(
    {
      token: options.botToken,
      receiver,
      logger: connection.logger,
      // Without this the constructor asks Slack and nobody hears the answer.
      deferInitialization: true,
      // Known already: nothing is asked of Slack before an acknowledgement.
      tokenVerificationEnabled: false,
      botId: self.botId,
      botUserId: self.user,
      convoStore: false,
      clientOptions: clientOptions(connection),
    },
    intake,
  );
  await app.init();
}

function intakeOf(
  { people, channels, answers, staleCards, api }: Parts,
  { options, self, deliveries }: Omit<Made, 'connection'> & { readonly deliveries: Deliveries },
): Intake {
  const { bot, clock, log, command } = options;
  const inbound = new Inbound({
    people,
    channels,
    answers,
    staleCards,
    modals: createModals(api, answers, log, command),
    bot,
    clock,
    command,
    newestCard: (requestId, channel) => {
      const ref = options.newestCard(requestId, channel);
      return ref === undefined ? undefined : addressOf(ref);
    },
  });
  const heard = (channel: string): void => bot().heard(surface, channel);
  return new Intake({
    deliveries,
    inbound,
    answers,
    heard,
    happened: createChannelEvents(channels, self.user, heard),
    clock,
    log,
    command,
    botUser: self.user,
  });
}

/** @throws SlackStartError */
async function connect(socket: Socket): Promise<void> {
  try {
    await socket.start();
  } catch (error) {
    const { kind, slackError, way } = failureOf('apps.connections.open', error);
    const why = way ?? (slackError === 'no_answer' ? messageOf(error) : slackError);
    if (kind !== 'token' && kind !== 'refused')
      throw new SlackStartError(
        `Slack cannot be connected to by Socket Mode: ${why}. Check that a WebSocket to Slack is let out of this network.`,
        error,
        true,
      );
    throw new SlackStartError(
      `Slack does not take SLACK_APP_TOKEN: ${messageOf(error)}. Make one under "Basic Information", "App-Level Tokens", with the scope connections:write.`,
      error,
    );
  }
}

interface Checked {
  readonly api: WebApi;
  readonly socket: Socket | undefined;
  readonly time: SlackTime;
  readonly deliveries: Deliveries;
  readonly memory: ReplayMemory | undefined;
}

function checksOf({ api, socket, time, deliveries, memory }: Checked): readonly Check[] {
  const token = api.tokenTrouble();
  const unwritten = deliveries.trouble();
  const replay = memory?.trouble();
  return [
    checkOf('slack', api.unreached()),
    checkOf(
      'slackToken',
      token === undefined
        ? undefined
        : `Slack does not accept SLACK_BOT_TOKEN any more: ${token}. Install the app again and set the new token.`,
    ),
    ...(socket === undefined ? [] : [socket.check()]),
    time.check(),
    ...(unwritten === undefined ? [] : [{ ...checkOf('slackDeliveries', unwritten), blocks: true }]),
    ...(replay === undefined
      ? []
      : [checkOf('slackReplayMemory', `Seen requests cannot be written down: ${replay}`)]),
  ];
}

function checkOf(name: string, why: string | undefined): Check {
  return why === undefined ? { name, ok: true } : { name, ok: false, why };
}

function withSlash(url: string): string {
  return url.endsWith('/') ? url : `${url}/`;
}
