// Puts the Slack adapter together: checks the token before anything else, and hands out what the composition
// needs.
import { HTTPReceiver } from '@slack/bolt';
import type { RequestListener } from 'node:http';
import type { Express } from 'express';
import type { Bot, ChatPort, Groups, LastKnown } from '../../bot/ports.ts';
import type { Clock, Keeper, Log } from '../../liveResponse/ports.ts';
import type { CardRef } from '../../liveResponse/request.ts';
import { Deliveries } from '../deliveries/deliveries.ts';
import type { Check } from '../http/server.ts';
import { random } from '../random.ts';
import { realDisk } from '../store/journal/disk.ts';
import type { Keys } from '../store/journal/keys.ts';
import type { Disk } from '../store/journal/disk.ts';
import { boltLogger } from './boltLog.ts';
import { createWriteRates } from './outbound/writeRates.ts';
import { addressOf } from './outbound/cardAddress.ts';
import { createPendingReplies } from './outbound/privateReplies.ts';
import { createChannels, watched } from './identity/channels.ts';
import { createChat } from './outbound/chat.ts';
import { eventsPath, publicApi } from './addresses.ts';
import { mountGuard } from './inbound/guard.ts';
import { failureOf, messageOf } from './outbound/slackFailure.ts';
import { createChannelEvents } from './inbound/channelEvents.ts';
import { createInbound } from './inbound/inbound.ts';
import { createIntake, BoltProcessor } from './inbound/intake.ts';
import type { Intake } from './inbound/intake.ts';
import { drainTime, timeAskedEvery } from './limits.ts';
import { createModals } from './inbound/modals.ts';
import { createPeople } from './identity/people.ts';
import { surface } from './ids.ts';
import { slackFetch } from './outbound/slackFetch.ts';
import type { SlackFetch } from './outbound/slackFetch.ts';
import { openReplayMemory } from './inbound/replayMemory.ts';
import { requiredScopes } from './scopes.ts';
import { createSlackTime } from './slackTime.ts';
import { createSocket } from './inbound/socket.ts';
import type { Socket, SocketDispatcher } from './inbound/socket.ts';
import { createStaleCards } from './outbound/staleCards.ts';
import { clientOptions, createWebApi } from './outbound/webApi.ts';
import type { Fields, WebApi } from './outbound/webApi.ts';
import { createPrivateReplies } from './outbound/replyPrivately.ts';
import { recordOf } from '../../liveResponse/text/json.ts';

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
  /** The newest card of a request in a channel, from the store; undefined where none stands. */
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
  /** Another way out, for tests. */
  readonly fetch?: SlackFetch;
  /** The way of the socket, through a proxy; fetch takes the process’s own. */
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
   * What is looked at again by itself: whether Slack answers, and the files of deliveries and of seen
   * requests.
   */
  readonly keepers: readonly Keeper[];
  /**
   * Takes nothing new and lets answers under way end, five seconds at most. Cards can still be drawn for as
   * long again.
   */
  drain(): Promise<void>;
  /** Closes the socket, and whoever waits to write gets no turn. Drains first if nobody did. */
  stop(): Promise<void>;
}

/**
 * A setting is wrong, or Slack does not know the token: the sentence tells which and where to find the right
 * one.
 */
export class SlackStartError extends Error {
  /** Slack was out of reach: a later start may succeed with the same settings. */
  readonly transient: boolean;
  constructor(message: string, cause?: unknown, transient = false) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'SlackStartError';
    this.transient = transient;
  }
}

const defaultStartPauses = [1_000, 3_000, 6_000, 10_000] as const;

/** @throws SlackStartError */
export async function startSlack(options: SlackOptions): Promise<Slack> {
  const apiUrl = withSlash(options.apiUrl ?? publicApi);
  const { clock, log } = options;
  checkSettings(options, apiUrl);
  const logger = boltLogger(log);
  const time = createSlackTime(clock, options.appToken === undefined);
  const way = slackFetch(
    options.fetch ?? fetch,
    options.timeout,
    (date) => time.heard(date),
    options.proxyFor,
  );
  const where = {
    apiUrl,
    logger,
    fetch: way,
    ...(options.timeout === undefined ? {} : { timeout: options.timeout }),
  };
  const plain = createWebApi({ token: options.botToken, clock, log, ...where });
  const self = await whoAmI(plain, options, apiUrl);

  const budgets = createWriteRates(clock, (method) => plain.stalledFor(method));
  const channels = createChannels(plain, clock, log);
  const api = watched(plain, channels);
  const people = createPeople(
    api,
    clock,
    log,
    options.allowedTeams.length === 0 ? [self.team] : options.allowedTeams,
    self.team,
    {
      sleep: (ms, signal) => clock.sleep(ms, signal),
      ...(self.organisation === undefined ? {} : { organisation: self.organisation }),
      ...(options.lastKnown === undefined ? {} : { lastKnown: options.lastKnown }),
    },
  );
  const privateReplies = createPrivateReplies(api, clock, log, apiUrl, way);
  const answers = createPendingReplies(privateReplies, clock, log);
  const staleCards = createStaleCards(api, budgets, log);
  const memory = options.appToken === undefined ? openReplayMemory(options.dataDir, clock, log) : undefined;
  const deliveries = await Deliveries.open({
    disk: options.disk ?? realDisk,
    folder: options.dataDir,
    name: 'slack-deliveries.ndjson',
    keys: options.keys,
    clock,
    log,
  });
  const socketProxy = options.proxyFor?.('wss-primary.slack.com');
  const socket: Socket | undefined =
    options.appToken === undefined
      ? undefined
      : createSocket({
          appToken: options.appToken,
          ...(socketProxy === undefined ? {} : { proxy: socketProxy }),
          ...(options.dispatcher === undefined ? {} : { dispatcher: options.dispatcher }),
          clock,
          onDeaf: options.onDeaf,
          log,
          ...where,
          ...(options.deafAfter === undefined ? {} : { deafAfter: options.deafAfter }),
          ...(options.pingTimeout === undefined ? {} : { pingTimeout: options.pingTimeout }),
        });
  const http = socket === undefined ? httpReceiver(options, log) : undefined;
  const receiver = socket?.receiver ?? http?.receiver;
  if (receiver === undefined) throw new SlackStartError('Slack has no way in.');

  const app = new BoltProcessor(
    {
      token: options.botToken,
      receiver,
      logger,
      // Without this the constructor asks Slack and nobody hears the answer.
      deferInitialization: true,
      // Known already: nothing is asked of Slack before an acknowledgement.
      tokenVerificationEnabled: false,
      botId: self.botId,
      botUserId: self.user,
      convoStore: false,
      clientOptions: clientOptions(where),
    },
    () => intake,
  );
  await app.init();

  let askedAt = -Infinity;
  /** What the clock is off by is known from an answer only, and there may have been none for hours. */
  function timeRefused(): void {
    time.refused();
    if (clock.elapsed() - askedAt < timeAskedEvery) return;
    askedAt = clock.elapsed();
    plain
      .call('auth.test', {})
      .catch((error: unknown) => log.info('slackTimeNotAsked', { error: messageOf(error) }));
  }

  let stopping = false;
  const closed = new AbortController();
  async function drain(): Promise<void> {
    stopping = true;
    socket?.quiet();
    answers.stop();
    // The socket stays open while answers are under way: their acknowledgements need it.
    const drained = new AbortController();
    await Promise.race([
      Promise.all([intake.settled(), staleCards.settled()]),
      clock.sleep(drainTime, drained.signal),
    ]);
    drained.abort();
    // The last states of the cards may still go out; what would have to wait longer for its turn is drawn
    // after the next start.
    void clock.sleep(drainTime, closed.signal).then(() => {
      budgets.stop();
    });
  }

  const inbound = createInbound({
    people,
    channels,
    answers,
    staleCards,
    modals: createModals(api, answers, log, options.command),
    bot: options.bot,
    clock,
    command: options.command,
    newestCard: (requestId, channel) => {
      const ref = options.newestCard(requestId, channel);
      return ref === undefined ? undefined : addressOf(ref);
    },
  });
  const heard = (channel: string): void => options.bot().heard(surface, channel);
  const intake: Intake = createIntake({
    deliveries,
    inbound,
    answers,
    heard,
    happened: createChannelEvents(channels, self.user, heard),
    clock,
    log,
    command: options.command,
    botUser: self.user,
  });
  log.info('slackReady', { team: self.team, bot: self.user, mode: socket === undefined ? 'http' : 'socket' });

  return {
    chat: createChat({ api, budgets, channels, privateReplies, staleCards, log, command: options.command }),
    groups: people,
    mount(server) {
      if (http === undefined || memory === undefined || options.signingSecret === undefined) return;
      mountGuard(server, {
        signingSecret: options.signingSecret,
        clock,
        log,
        memory,
        next: http.listener,
        stopping: () => stopping,
        time: { refused: timeRefused, taken: () => time.taken() },
      });
    },
    async open() {
      intake.resume(deliveries.left());
      try {
        await socket?.start();
      } catch (error) {
        const { kind, slackError, way } = failureOf('apps.connections.open', error);
        const told = way ?? (slackError === 'no_answer' ? messageOf(error) : slackError);
        if (kind !== 'token' && kind !== 'refused')
          throw new SlackStartError(
            `Slack cannot be connected to by Socket Mode: ${told}. Check that a WebSocket to Slack is let out of this network.`,
            error,
            true,
          );
        throw new SlackStartError(
          `Slack does not take SLACK_APP_TOKEN: ${messageOf(error)}. Make one under "Basic Information", "App-Level Tokens", with the scope connections:write.`,
          error,
        );
      }
    },
    checks() {
      const token = api.tokenTrouble();
      const reach = api.unreached();
      const replay = memory?.trouble();
      const unwritten = deliveries.trouble();
      return [
        reach === undefined ? { name: 'slack', ok: true } : { name: 'slack', ok: false, why: reach },
        token === undefined
          ? { name: 'slackToken', ok: true }
          : {
              name: 'slackToken',
              ok: false,
              why: `Slack does not accept SLACK_BOT_TOKEN any more: ${token}. Install the app again and set the new token.`,
            },
        ...(socket === undefined ? [] : [socket.check()]),
        time.check(),
        ...(unwritten === undefined
          ? []
          : [{ name: 'slackDeliveries', ok: false, blocks: true, why: unwritten }]),
        ...(replay === undefined
          ? []
          : [
              {
                name: 'slackReplayMemory',
                ok: false,
                why: `Seen requests cannot be written down: ${replay}`,
              },
            ]),
      ];
    },
    keepers: [api.keeper, deliveries, ...(memory === undefined ? [] : [memory])],
    drain,
    async stop() {
      if (!stopping) await drain();
      closed.abort();
      budgets.stop();
      await socket?.stop();
      await deliveries.close();
    },
  };
}

function httpReceiver(
  options: SlackOptions,
  log: Log,
): { readonly receiver: HTTPReceiver; readonly listener: RequestListener } {
  const receiver = new HTTPReceiver({
    signingSecret: options.signingSecret ?? '',
    endpoints: [eventsPath],
    logger: boltLogger(log),
    processEventErrorHandler: ({ error, response }) => {
      log.error('bug', { reference: random.hex(3), where: 'slackEvent', error });
      if (!response.headersSent) response.writeHead(500).end();
      return Promise.resolve(false);
    },
  });
  return { receiver, listener: receiver.requestListener };
}

interface Self {
  readonly team: string;
  /** Of Enterprise Grid. */
  readonly organisation?: string;
  readonly user: string;
  readonly botId: string;
}

/** @throws SlackStartError */
async function whoAmI(
  api: WebApi,
  { clock, log, startPauses = defaultStartPauses }: SlackOptions,
  apiUrl: string,
): Promise<Self> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return selfFrom(await api.call('auth.test', {}), log);
    } catch (error) {
      if (error instanceof SlackStartError) throw error;
      const failure = failureOf('auth.test', error);
      if (failure.kind === 'token' || failure.kind === 'refused') {
        throw new SlackStartError(
          `Slack does not accept SLACK_BOT_TOKEN: ${failure.slackError}. It is the "Bot User OAuth Token" (xoxb-...) under "OAuth & Permissions" of the app.`,
          error,
        );
      }
      const pause = startPauses[attempt];
      if (pause === undefined)
        throw new SlackStartError(
          `Slack cannot be reached at ${new URL(apiUrl).host}: ${failure.way ?? `${failure.slackError}. Check the network, and SLACK_API_URL if it is set`}.`,
          error,
          true,
        );
      log.warn('slackNotReached', {
        error: failure.slackError,
        againInMs: Math.max(pause, failure.retryAfterMs ?? 0),
      });
      await clock.sleep(Math.max(pause, failure.retryAfterMs ?? 0));
    }
  }
}

function selfFrom(answer: Fields, log: Log): Self {
  const { team_id: team, enterprise_id: organisation, user_id: user, bot_id: botId } = answer;
  if (typeof team !== 'string' || typeof user !== 'string' || typeof botId !== 'string') {
    throw new SlackStartError(
      'SLACK_BOT_TOKEN is not the token of a bot: Slack told no bot id for it. Use the "Bot User OAuth Token" (xoxb-...).',
    );
  }
  const scopes = recordOf(answer['response_metadata'])['scopes'];
  if (Array.isArray(scopes)) {
    const missing = requiredScopes.filter((scope) => !scopes.includes(scope));
    if (missing.length > 0)
      log.warn('slackScopesMissing', {
        missing,
        todo: 'Add them under "OAuth & Permissions" and install the app again; manifest/slack holds the whole list.',
      });
  }
  return {
    team,
    user,
    botId,
    ...(typeof organisation === 'string' && organisation !== '' ? { organisation } : {}),
  };
}

/** @throws SlackStartError */
function checkSettings(options: SlackOptions, apiUrl: string): void {
  if (!URL.canParse(apiUrl) || !['http:', 'https:'].includes(new URL(apiUrl).protocol))
    throw new SlackStartError(`SLACK_API_URL is not a web address: ${apiUrl}`);
  const { protocol, hostname } = new URL(apiUrl);
  if (protocol === 'http:' && !['127.0.0.1', 'localhost', '[::1]'].includes(hostname))
    throw new SlackStartError(
      'SLACK_API_URL must begin with https:// unless it is on this machine: the token travels to it.',
    );
  if (!/^\/[a-z0-9_-]{1,31}$/.test(options.command))
    throw new SlackStartError(
      `SLACK_COMMAND must be a slash and up to 31 lower-case letters, digits, - or _: ${options.command}`,
    );
  if (options.appToken === undefined && (options.signingSecret ?? '') === '')
    throw new SlackStartError(
      'Set SLACK_SIGNING_SECRET (Basic Information, App Credentials), or SLACK_APP_TOKEN for Socket Mode.',
    );
  if (options.appToken !== undefined && !options.appToken.startsWith('xapp-'))
    throw new SlackStartError(
      'SLACK_APP_TOKEN must be an app-level token (xapp-...), made under "Basic Information", "App-Level Tokens".',
    );
  const odd = options.allowedTeams.find((team) => !/^[TE][A-Z0-9]{2,30}$/.test(team));
  if (odd !== undefined)
    throw new SlackStartError(
      `SLACK_ALLOWED_TEAMS holds "${odd}", which is no workspace id (T...) or organisation id (E...).`,
    );
}

function withSlash(url: string): string {
  return url.endsWith('/') ? url : `${url}/`;
}
