// Teams opened for the service: everything its adapter needs comes in, and a chat for the bot, a mount for
// the HTTP server and checks go out.
import type { Express } from 'express';
import type { Bot, ChatPort, LastKnown } from '../../bot/ports.ts';
import type { Clock, Keeper, Log } from '../../liveResponse/ports.ts';
import type { TeamsSettings } from './settings.ts';
import { Deliveries } from '../deliveries/deliveries.ts';
import type { Unanswered } from '../deliveries/deliveries.ts';
import type { Check } from '../http/server.ts';
import type { HttpClient } from '../outbound/http.ts';
import type { ObserveChatCall } from '../outbound/answerClass.ts';
import { realDisk } from '../store/journal/disk.ts';
import type { Keys } from '../store/journal/keys.ts';
import type { Disk } from '../store/journal/disk.ts';
import { ConnectorRates } from './outbound/connectorRates.ts';
import { ConversationLines } from './outbound/conversationLines.ts';
import { TeamsChat } from './outbound/chat.ts';
import { Connector } from './outbound/connector.ts';
import { mountInboundRoute } from './inbound/inboundRoute.ts';
import { openDoor } from './doors.ts';
import { defaultServiceUrl, isConnector, isLoopbackHost } from './inbound/hosts.ts';
import type { TeamsAuthority, TeamsDoor } from './protocol.ts';
import { Conversations } from './identity/conversations.ts';
import { SelfTest } from './inbound/selfTest.ts';
import { Threads } from './identity/threads.ts';
import { ActivityHandler } from './inbound/activityHandler.ts';
import { Roster } from './identity/roster.ts';
import type { OpenChat, OpeningParts } from '../chatPlatform.ts';
import { newestCard } from '../lastKnown.ts';
import { surface } from './ids.ts';

export interface TeamsOptions {
  readonly settings: TeamsSettings;
  /** Folder for conversation references and deliveries; it exists. */
  readonly folder: string;
  /** The way out for the door without botbuilder. */
  readonly http: HttpClient;
  /** Authenticate the references and the deliveries that are written down. */
  readonly keys: Keys;
  /** The folder was just taken over from version 0.1, which wrote references without a key. */
  readonly unkeyedFiles?: boolean;
  readonly clock: Clock;
  readonly log: Log;
  /** The chat command with its slash, `/lr`. */
  readonly command: string;
  /** A number in [0, 1), so that repeats of several bots do not fall together. */
  readonly jitter: () => number;
  /** Tests only: who issues tokens. */
  readonly authority?: TeamsAuthority;
  /** Tests only: origins of connectors next to Microsoft's. */
  readonly origins?: readonly string[];
  /** What Teams last said of each person, for what only stops something while Teams cannot be asked. */
  readonly lastKnown?: LastKnown;
  /** Where to post when no message of a place has come in yet; the cloud's own by default. */
  readonly serviceUrl?: string;
  /**
   * The intent of the newest card of a request in a place, from the store; undefined where there is none.
   */
  readonly newestIntent?: (requestId: string, place: string) => string | undefined;
  /** Where the data folder is, for tests; the machine's own by default. */
  readonly disk?: Disk;
  /** Milliseconds in which a press is answered, for tests. */
  readonly pressLimit?: number;
  /** For each call to Teams, in milliseconds; ten seconds by default. */
  readonly timeout?: number;
  /** For metrics. */
  readonly observe?: ObserveChatCall | undefined;
}

export interface Teams {
  readonly chat: ChatPort;
  /** Adds POST /api/messages. Messages a crash left unanswered are taken up now. */
  mount(app: Express, bot: Bot): void;
  /** To be called once the HTTP server listens; /readyz is not ready before. */
  selfTest(url: string): Promise<void>;
  checks(): readonly Check[];
  unanswered(): Unanswered;
  /** What is tried again by itself while it is in trouble: the self test and the files. */
  readonly keepers: readonly Keeper[];
  /**
   * Answers that wait for another try are left to the next start. Resolves when what is under way has ended;
   * the HTTP server is stopped before.
   */
  stop(): Promise<void>;
}

/**
 * How long a failure to reach Teams is reported; without new calls nothing would ever take it back.
 * Milliseconds.
 */
const troubleFor = 300_000;

/** @throws when tokens would not be checked, or the data folder cannot be written */
export async function startTeams(options: TeamsOptions): Promise<Teams> {
  const { settings, folder, clock, log, command, origins = [] } = options;
  const way = await openDoor(settings, {
    http: options.http,
    clock,
    log,
    ...(options.authority === undefined ? {} : { authority: options.authority }),
  });
  const kept = { disk: options.disk ?? realDisk, folder, keys: options.keys, log };
  const conversations = new Conversations({ ...kept, unkeyed: options.unkeyedFiles === true });
  const deliveries = await Deliveries.open({ ...kept, name: 'teams-deliveries.ndjson', clock });
  const budgets = new ConnectorRates(clock);
  const lines = new ConversationLines(clock, budgets);
  const connector = new Connector({
    door: way,
    budgets,
    clock,
    log,
    jitter: options.jitter,
    observe: options.observe,
    ...(options.timeout === undefined ? {} : { timeout: options.timeout }),
  });
  const threads = new Threads(clock);
  const roster = new Roster({
    connector,
    clock,
    tenants: settings.allowedTenants,
    log,
    ...(options.lastKnown === undefined ? {} : { lastKnown: options.lastKnown }),
  });
  const serviceUrl =
    options.serviceUrl ??
    (settings.devNoAuth ? 'http://127.0.0.1:56150/_connector/' : defaultServiceUrl[settings.cloud]);
  const chat = new TeamsChat({ connector, lines, conversations, threads, clock, log, serviceUrl, command });
  // Without authentication anybody could name a server to be called, so only this machine is.
  const allowed = (url: string): boolean => (settings.devNoAuth ? isLocal(url) : isConnector(url, origins));

  const selfTest = new SelfTest({ appId: way.appId, issuer: way.issuer, log });
  return new OpenedTeams({
    options,
    way,
    allowed,
    conversations,
    deliveries,
    connector,
    lines,
    threads,
    roster,
    chat,
    selfTest,
  });
}

interface OpenedParts {
  readonly options: TeamsOptions;
  readonly way: TeamsDoor;
  /** Whether a connector at this address may be called. */
  readonly allowed: (url: string) => boolean;
  readonly conversations: Conversations;
  readonly deliveries: Deliveries;
  readonly connector: Connector;
  readonly lines: ConversationLines;
  readonly threads: Threads;
  readonly roster: Roster;
  readonly chat: TeamsChat;
  readonly selfTest: SelfTest;
}

class OpenedTeams implements Teams {
  readonly chat: ChatPort;
  readonly keepers: readonly Keeper[];
  readonly #parts: OpenedParts;
  #turns: ActivityHandler | undefined;

  constructor(parts: OpenedParts) {
    const { chat, selfTest, deliveries, conversations } = parts;
    this.chat = chat;
    this.keepers = [selfTest.keeper, deliveries, conversations];
    this.#parts = parts;
  }

  mount(app: Express, bot: Bot): void {
    const { options, way, allowed, conversations, deliveries, threads, roster, chat } = this.#parts;
    const { clock, log, command } = options;
    const made = new ActivityHandler({
      bot,
      chat,
      conversations,
      deliveries,
      threads,
      roster,
      clock,
      log,
      command,
      newestIntent: options.newestIntent ?? (() => undefined),
      ...(options.pressLimit === undefined ? {} : { pressLimit: options.pressLimit }),
    });
    this.#turns = made;
    mountInboundRoute(app, { door: way, allowed, clock, log }, (message) => made.turn(message));
    made.resume(deliveries.left());
  }

  selfTest(url: string): Promise<void> {
    return this.#parts.selfTest.run(url);
  }

  checks(): readonly Check[] {
    const { options, way, selfTest, connector, deliveries, conversations } = this.#parts;
    return [
      way.issuer === undefined
        ? {
            name: 'teams authentication',
            ok: true,
            why: 'off: LR_TEAMS_DEV_NO_AUTH, for development on this machine',
          }
        : { ...check('teams authentication', selfTest.failure), blocks: true },
      check('teams connector', connector.trouble(options.clock.elapsed() - troubleFor)),
      // What cannot be written down is not taken: nothing more should be sent here.
      { ...check('teams deliveries', deliveries.trouble()), blocks: true },
      check('teams conversations', conversations.trouble()),
      ...(way.trouble === undefined ? [] : [check('teams keys', way.trouble())]),
    ];
  }

  unanswered(): Unanswered {
    return this.#parts.deliveries.unanswered();
  }

  async stop(): Promise<void> {
    const { connector, lines, conversations, deliveries } = this.#parts;
    this.#turns?.stop();
    lines.stop();
    connector.stop();
    await this.#turns?.idle();
    await conversations.settled();
    await deliveries.close();
  }
}

function check(name: string, why: string | undefined): Check {
  return why === undefined ? { name, ok: true } : { name, ok: false, why };
}

function isLocal(url: string): boolean {
  return URL.canParse(url) && isLoopbackHost(new URL(url).hostname);
}

/** All but the settings is given by tests only. */
export type TeamsService = Pick<
  TeamsOptions,
  'settings' | 'authority' | 'origins' | 'serviceUrl' | 'pressLimit' | 'timeout'
> &
  Partial<Pick<TeamsOptions, 'jitter'>>;

export async function openTeams(service: TeamsService, parts: OpeningParts): Promise<OpenChat> {
  const { store, http, command, bot, clock, log, dataDir, lastKnown, disk, observe } = parts;
  const teams = await startTeams({
    ...service,
    folder: dataDir,
    http,
    keys: store.keys(),
    unkeyedFiles: store.tookOver(),
    disk,
    lastKnown,
    newestIntent: (requestId, place) => newestCard(store, surface, requestId, place)?.intent,
    log,
    command,
    clock,
    observe,
    jitter: service.jitter ?? (() => Math.random()),
  });
  return {
    chat: teams.chat,
    keepers: teams.keepers,
    mount(app) {
      teams.mount(app, bot());
    },
    open: (url) => teams.selfTest(url),
    checks: () => teams.checks(),
    unanswered: () => teams.unanswered(),
    // What is under way ends with the server, which stops first.
    drain: () => Promise.resolve(),
    stop: () => teams.stop(),
  };
}
