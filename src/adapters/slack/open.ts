// Slack opened for the service: the settings and the token are checked before anything else, then the parts
// are put together.
import { HTTPReceiver } from '@slack/bolt';
import type { Logger, Receiver } from '@slack/bolt';
import type { Bot, LastKnown } from '../../bot/ports.ts';
import type { Clock, Log } from '../../liveResponse/ports.ts';
import type { CardRef } from '../../liveResponse/request/request.ts';
import type { OpeningParts } from '../chatPlatform.ts';
import { Deliveries } from '../deliveries/deliveries.ts';
import { newestCard } from '../lastKnown.ts';
import type { ObserveChatCall } from '../outbound/answerClass.ts';
import { proxyDispatcher } from '../outbound/proxy.ts';
import { random } from '../clock.ts';
import { realDisk } from '../store/journal/disk.ts';
import type { Disk } from '../store/journal/disk.ts';
import type { Keys } from '../store/journal/keys.ts';
import { Channels, createChannelEvents, watched } from './identity/channels.ts';
import { People } from './identity/people.ts';
import { eventsPath, publicApi, surface } from './ids.ts';
import { ReplayMemory, SlackTime } from './inbound/guard.ts';
import { Inbound } from './inbound/inbound.ts';
import { BoltProcessor, Intake } from './inbound/intake.ts';
import { Modals } from './inbound/modals.ts';
import { Socket } from './inbound/socket.ts';
import type { SocketDispatcher } from './inbound/socket.ts';
import { SlackChat } from './outbound/chat.ts';
import { PendingReplies, PrivateReplies } from './outbound/privateReplies.ts';
import { messageOf } from './outbound/slackFailure.ts';
import { StaleCards } from './outbound/staleCards.ts';
import { boltLogger, clientOptions, slackFetch, SlackWebApi, WriteRates } from './outbound/webApi.ts';
import type { Connection, SlackFetch, WebApi } from './outbound/webApi.ts';
import { Slack } from './slack.ts';
import type { WayIn } from './slack.ts';
import { checkSettings, whoAmI } from './startChecks.ts';
import type { Self } from './startChecks.ts';

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
  /** Called when the first delivery comes: the bot is made after its chats. */
  readonly bot: () => Bot;
  /** The newest card of a request in a channel, from the store; undefined where there is none. */
  readonly newestCard: (requestId: string, place: string) => CardRef | undefined;
  readonly clock: Clock;
  readonly log: Log;
  /** Where the memory of seen signatures and the deliveries are kept. */
  readonly dataDir: string;
  /** Authenticate the deliveries that are written down. */
  readonly keys: Keys;
  /** What Slack last said of each account, for what only stops something while Slack cannot be asked. */
  readonly lastKnown?: LastKnown;
  /** Where the data folder is, for tests; the machine's own by default. */
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
  /** For metrics. */
  readonly observe?: ObserveChatCall | undefined;
  /** Another fetch, for tests. */
  readonly fetch?: SlackFetch;
  /** Hands in verified deliveries, for tests without a server. */
  readonly receiver?: Receiver;
  /** Connects the socket through a proxy; fetch takes the process’s own. */
  readonly dispatcher?: SocketDispatcher;
  /** The proxy by which a host is reached, without credentials; undefined where it is reached directly. */
  readonly proxyFor?: (hostname: string) => string | undefined;
  /** Socket Mode's patience in milliseconds, for tests. */
  readonly pingTimeout?: number;
}

/** `timeout`, `fetch` and `receiver` are given by tests only. */
export type SlackService = Pick<
  SlackOptions,
  | 'botToken'
  | 'signingSecret'
  | 'appToken'
  | 'apiUrl'
  | 'allowedTeams'
  | 'deafAfter'
  | 'timeout'
  | 'fetch'
  | 'receiver'
>;

/** Slack opened for the service. @throws ConfigError, SlackUnreached */
export function openSlack(service: SlackService, parts: OpeningParts): Promise<Slack> {
  const { store, proxy, http, command, bot, clock, log, dataDir, lastKnown, onDeaf, disk, observe } = parts;
  return startSlack({
    ...service,
    command,
    bot,
    clock,
    log,
    dataDir,
    lastKnown,
    onDeaf,
    disk,
    observe,
    ...(proxy === undefined
      ? {}
      : { dispatcher: proxyDispatcher(proxy), proxyFor: (hostname) => http.proxyFor(hostname) }),
    keys: store.keys(),
    // One try: the caller tries again, while everything else works.
    startPauses: [],
    newestCard: (requestId, place) => newestCard(store, surface, requestId, place)?.ref,
  });
}

/** @throws ConfigError, SlackUnreached */
export async function startSlack(options: SlackOptions): Promise<Slack> {
  const { clock, log, observe } = options;
  const apiUrl = withSlash(options.apiUrl ?? publicApi);
  checkSettings(options, apiUrl);
  const time = new SlackTime({
    clock,
    signed: options.appToken === undefined,
    ask() {
      plain
        .call('auth.test', {})
        .catch((error: unknown) => log.info('slackTimeNotAsked', { error: messageOf(error) }));
    },
  });
  const connection = connectionOf(options, apiUrl, time);
  const plain = new SlackWebApi({ token: options.botToken, clock, log, observe, ...connection });
  const self = await whoAmI(plain, { apiUrl, clock, log, startPauses: options.startPauses });

  const outbound = outboundOf(plain, options, connection);
  const people = peopleOf(outbound.api, options, self);
  const deliveries = await Deliveries.open({
    disk: options.disk ?? realDisk,
    folder: options.dataDir,
    name: 'slack-deliveries.ndjson',
    keys: options.keys,
    clock,
    log,
  });
  const intake = intakeOf({ ...outbound, people, deliveries, self }, options);
  const wayIn = wayInOf(options, connection);
  await startBolt({ options, self, connection, receiver: wayIn.receiver }, intake);
  log.info('slackReady', { team: self.team, bot: self.user, mode: wayIn.kind });
  return new Slack({
    ...outbound,
    chat: new SlackChat({ ...outbound, log, command: options.command }),
    groups: people,
    wayIn,
    deliveries,
    intake,
    time,
    clock,
    log,
  });
}

function connectionOf(options: SlackOptions, apiUrl: string, time: SlackTime): Connection {
  const { timeout, proxyFor } = options;
  return {
    apiUrl,
    logger: boltLogger(options.log),
    fetch: slackFetch(options.fetch ?? fetch, timeout, (date) => time.heard(date), proxyFor),
    timeout,
  };
}

interface Outbound {
  readonly api: WebApi;
  readonly budgets: WriteRates;
  readonly channels: Channels;
  readonly privateReplies: PrivateReplies;
  readonly answers: PendingReplies;
  readonly staleCards: StaleCards;
}

/** What writes to Slack, and what it learns of channels while it does. */
function outboundOf(
  plain: WebApi,
  { clock, log, observe }: SlackOptions,
  { apiUrl, fetch }: Connection,
): Outbound {
  const budgets = new WriteRates(clock, (method) => plain.stalledFor(method));
  const channels = new Channels({ api: plain, clock, log });
  const api = watched(plain, channels);
  const privateReplies = new PrivateReplies({ api, clock, log, apiUrl, fetch, observe });
  const answers = new PendingReplies({ privateReplies, clock, log });
  const staleCards = new StaleCards({ api, budgets, log });
  return { api, budgets, channels, privateReplies, answers, staleCards };
}

function peopleOf(api: WebApi, options: SlackOptions, { team, organisation }: Self): People {
  const { clock, log, allowedTeams, lastKnown } = options;
  const allowed = allowedTeams.length === 0 ? [team] : allowedTeams;
  return new People({ api, clock, log, lastKnown, ours: { allowed, home: team, organisation } });
}

function wayInOf(options: SlackOptions, connection: Connection): WayIn {
  if (options.receiver !== undefined) return { kind: 'given', receiver: options.receiver };
  const { appToken, signingSecret = '', dataDir, clock, log, disk } = options;
  if (appToken === undefined)
    return {
      kind: 'http',
      receiver: httpReceiver(signingSecret, log, connection.logger),
      signingSecret,
      memory: new ReplayMemory({ folder: dataDir, clock, log, ...(disk === undefined ? {} : { disk }) }),
    };
  const { dispatcher, deafAfter, pingTimeout, onDeaf, proxyFor } = options;
  const proxy = proxyFor?.('wss-primary.slack.com');
  const socket = new Socket({
    ...connection,
    appToken,
    clock,
    log,
    onDeaf,
    deafAfter,
    pingTimeout,
    dispatcher,
    proxy,
  });
  return { kind: 'socket', socket, receiver: socket.receiver };
}

function httpReceiver(signingSecret: string, log: Log, logger: Logger): HTTPReceiver {
  return new HTTPReceiver({
    signingSecret,
    endpoints: [eventsPath],
    logger,
    processEventErrorHandler: ({ error, response }) => {
      log.error('bug', { reference: random.hex(3), where: 'slackEvent', error });
      if (!response.headersSent) response.writeHead(500).end();
      return Promise.resolve(false);
    },
  });
}

interface BoltParts {
  readonly options: SlackOptions;
  readonly self: Self;
  readonly connection: Connection;
  readonly receiver: WayIn['receiver'];
}

async function startBolt({ options, self, connection, receiver }: BoltParts, intake: Intake): Promise<void> {
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

interface IntakeSources extends Outbound {
  readonly people: People;
  readonly deliveries: Deliveries;
  readonly self: Self;
}

function intakeOf(sources: IntakeSources, options: SlackOptions): Intake {
  const { api, people, channels, answers, staleCards, deliveries, self } = sources;
  const { bot, clock, log, command } = options;
  const inbound = new Inbound({
    people,
    channels,
    answers,
    staleCards,
    modals: new Modals({ api, answers, log, command }),
    bot,
    clock,
    command,
    newestCard: options.newestCard,
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

function withSlash(url: string): string {
  return url.endsWith('/') ? url : `${url}/`;
}
