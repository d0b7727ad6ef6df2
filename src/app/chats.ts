// The chats in front of the bot: those that the options ask for, opened, mounted and closed as one. Which
// chats there are is listed in src/adapters/chats.ts; none is named here.
import type { Express } from 'express';
import { whyNoConsole } from '../adapters/console/guard.ts';
import { mountConsole } from '../adapters/console/api.ts';
import { ConsoleChat } from '../adapters/console/chat.ts';
import { placesOf } from '../adapters/console/people.ts';
import type { SimulatorControls } from '../adapters/console/simulatorControls.ts';
import type { Check } from '../adapters/http/server.ts';
import type { ChosenChat, OpenChat, OpeningParts } from '../adapters/chatPlatform.ts';
import { openEntraGroups } from '../adapters/entra/groups.ts';
import type { EntraService } from '../adapters/entra/groups.ts';
import { entraGroups } from '../adapters/entra/groupIds.ts';
import { LastKnownFile } from '../adapters/lastKnown.ts';
import type { HttpClient } from '../adapters/outbound/http.ts';
import type { Unanswered } from '../adapters/deliveries/deliveries.ts';
import type { ObserveChatCall } from '../adapters/outbound/answerClass.ts';
import type { Proxy } from '../adapters/outbound/proxy.ts';
import { random, within } from '../adapters/clock.ts';
import type { Disk } from '../adapters/store/journal/disk.ts';
import { history } from '../adapters/store/history.ts';
import type { Store } from '../adapters/store/journal/requestStore.ts';
import type { Policy } from '../bot/policy/policy.ts';
import type { Bot, ChatPort, Groups, LastKnown } from '../bot/ports.ts';
import { LateChat } from './lateChat.ts';
import type { StandingChat } from './lateChat.ts';
import type { Clock, Keeper, Log } from '../liveResponse/ports.ts';
import { splitSurfaceKey } from '../liveResponse/request/request.ts';

export interface ChatOptions {
  readonly console: boolean;
  /** The chats that are set up, in the order in which they are mounted and opened. */
  readonly platforms?: readonly ChosenChat[];
  /** To read Entra groups with. */
  readonly entra?: EntraService;
  /** Chats in addition to those of the settings: the demo's terminal. */
  readonly chats?: readonly ChatPort[];
}

export interface ChatParts {
  readonly dataDir: string;
  readonly disk: Disk;
  readonly command: string;
  readonly policy: Policy;
  readonly store: Store;
  /** The tenant's, which may run fast. */
  readonly clock: Clock;
  /** The platforms', which never does. */
  readonly chatClock: Clock;
  readonly log: Log;
  readonly http: HttpClient;
  readonly proxy?: Proxy;
  /** For metrics: called once for each call to a platform. */
  readonly observe?: (surface: string) => ObserveChatCall;
  /** The embedded simulator's switches, for the console. */
  readonly world?: SimulatorControls;
  /** Asked once the bot exists. */
  readonly bot: () => Bot;
  /** Called when the only chat can hear nothing any more. */
  readonly onBroken: (why: string) => void;
  /** Called when a chat connects that could not at the start, or was connected again. */
  readonly onConnected: (surface: string) => void;
}

/** Why the options' chats cannot be opened where they are asked for; undefined when they can. */
export function whyNoChats(
  options: ChatOptions,
  where: { readonly host: string; readonly localDefender: boolean },
): string | undefined {
  const others = [
    ...(options.platforms ?? []).map(({ platform }) => platform.name),
    ...(options.chats ?? []).map((chat) => chat.surface),
  ];
  return options.console ? whyNoConsole({ ...where, chats: others }) : undefined;
}

/** A platform with its chat, which is open or will be. */
interface Standing {
  readonly platform: ChosenChat['platform'];
  readonly chat: StandingChat;
}

export async function openChats(options: ChatOptions, parts: ChatParts): Promise<Chats> {
  const { policy, store, clock, chatClock, log, dataDir, disk, http } = parts;
  const local = options.console
    ? new ConsoleChat({
        clock,
        places: () => placesOf(policy).map((place) => place.id),
        askedAt: (id) => store.get(id)?.asked.at,
      })
    : undefined;
  const lastKnown = new LastKnownFile({ disk, folder: dataDir, keys: store.keys(), log });
  const standing = await openPlatforms(options.platforms ?? [], parts, lastKnown);
  const directories: readonly Directory[] = [
    ...standing.flatMap(({ platform, chat: { groups } }) =>
      platform.groups === undefined || groups === undefined ? [] : [{ ...platform.groups, groups }],
    ),
    ...(options.entra === undefined
      ? []
      : [{ ...entraGroups, groups: openEntraGroups(options.entra, http, chatClock, log) }]),
  ];
  return new Chats({
    standing,
    lastKnown,
    groups: combineGroups(directories, chatClock),
    others: options.chats ?? [],
    ...(local === undefined
      ? {}
      : { console: { chat: local, mount: (app, port) => mountLocal(app, local, parts, port) } }),
  });
}

export interface ChatState {
  readonly chat: string;
  readonly ok: boolean;
  readonly unanswered: Unanswered;
}

interface OpenedChats {
  readonly standing: readonly Standing[];
  readonly groups: Groups;
  readonly lastKnown: LastKnownFile;
  readonly others: readonly ChatPort[];
  readonly console?: {
    readonly chat: ChatPort;
    /** Answers what ends its streams. */
    readonly mount: (app: Express, port: () => number) => () => Promise<void>;
  };
}

export class Chats {
  readonly ports: readonly ChatPort[];
  readonly groups: Groups;
  readonly lastKnown: LastKnown;
  readonly #standing: readonly Standing[];
  readonly #settled: () => Promise<void>;
  readonly #console: OpenedChats['console'];
  /** Each ends the streams of events of one mounted console. */
  readonly #streams: (() => Promise<void>)[] = [];

  constructor({ standing, groups, lastKnown, others, console }: OpenedChats) {
    this.ports = [
      ...(console === undefined ? [] : [console.chat]),
      ...standing.map(({ chat }) => chat.port),
      ...others,
    ];
    this.groups = groups;
    this.lastKnown = lastKnown;
    this.#settled = () => lastKnown.settled();
    this.#standing = standing;
    this.#console = console;
  }

  /** Puts the chats' routes on the shared port, which is known only once it listens. */
  mount(app: Express, port: () => number): void {
    for (const { chat } of this.#standing) chat.mount(app);
    if (this.#console !== undefined) this.#streams.push(this.#console.mount(app, port));
  }

  /** Begins to listen; the shared port is up. */
  async open(url: string): Promise<void> {
    for (const { chat } of this.#standing) await chat.open(url);
  }

  checks(): readonly Check[] {
    return this.#standing.flatMap(({ chat }) => chat.checks());
  }

  /** Each chat platform: whether it is connected and answers, and who waits for an answer there. */
  states(): readonly ChatState[] {
    return this.#standing.map(({ platform, chat }) => ({
      chat: platform.surface,
      ok: chat.checks().every((check) => check.ok),
      unanswered: chat.unanswered(),
    }));
  }

  /** What is tried again by itself while it is in trouble. */
  keepers(): readonly Keeper[] {
    return this.#standing.flatMap(({ chat }) => chat.keepers());
  }

  /** Takes nothing new in, and ends what would hold the stopping server open. */
  async drain(): Promise<void> {
    // A stream of events is an answer that never ends by itself.
    await Promise.all(this.#streams.map((end) => end()));
    for (const { chat } of this.#standing) await chat.drain();
  }

  async stop(): Promise<void> {
    for (const { chat } of this.#standing) await chat.stop();
    await this.#settled();
  }
}

function mountLocal(
  app: Express,
  chat: ConsoleChat,
  parts: ChatParts,
  port: () => number,
): () => Promise<void> {
  const { policy, store, clock, command, dataDir, disk, world } = parts;
  return mountConsole(app, {
    chat,
    bot: parts.bot(),
    policy,
    store,
    journal: (id) => history(disk, dataDir, id, store.opener()),
    clock,
    random,
    command,
    port,
    ...(world === undefined ? {} : { world }),
  });
}

/** One after the other, in their order: what each needs of the data folder is read once. */
async function openPlatforms(
  chosen: readonly ChosenChat[],
  parts: ChatParts,
  lastKnown: LastKnown,
): Promise<readonly Standing[]> {
  const standing: Standing[] = [];
  for (const one of chosen) {
    // Whether another chat works, so that this one's outage need not end the process.
    const others = (): boolean =>
      standing.some(
        ({ platform, chat }) => platform !== one.platform && chat.checks().every((check) => check.ok),
      );
    const opening = openingParts(parts, lastKnown, one.platform.surface);
    if (one.latePath === undefined) {
      const opened = await one.open({ ...opening, onDeaf: parts.onBroken });
      standing.push({ platform: one.platform, chat: standingChat(opened) });
      continue;
    }
    const late: LateChat = new LateChat({
      name: one.platform.name,
      surface: one.platform.surface,
      path: one.latePath,
      alone: chosen.length === 1,
      onConnected: () => parts.onConnected(one.platform.surface),
      clock: parts.chatClock,
      log: parts.log,
      start: () =>
        one.open({
          ...opening,
          onDeaf: (why) => {
            if (others()) late.reconnect(why);
            else parts.onBroken(why);
          },
        }),
    });
    await late.prepare();
    standing.push({ platform: one.platform, chat: late });
  }
  return standing;
}

function openingParts(parts: ChatParts, lastKnown: LastKnown, surface: string): Omit<OpeningParts, 'onDeaf'> {
  const { command, store, chatClock, log, dataDir, bot, http, proxy, disk, observe } = parts;
  return {
    command,
    store,
    clock: chatClock,
    log,
    dataDir,
    bot,
    http,
    lastKnown,
    disk,
    ...(proxy === undefined ? {} : { proxy }),
    ...(observe === undefined ? {} : { observe: observe(surface) }),
  };
}

function standingChat(opened: OpenChat): StandingChat {
  const { chat, groups, keepers, ...rest } = opened;
  return {
    port: chat,
    groups,
    keepers: () => keepers,
    ...rest,
    unanswered: () => opened.unanswered?.() ?? { count: 0 },
  };
}

/** A platform that knows groups: by the prefix that the policy names them with, and as people know it. */
export interface Directory {
  readonly prefix: string;
  readonly name: string;
  readonly groups: Groups;
}

/**
 * The groups of all platforms as one: each is asked of the platform whose prefix it has. A group of no
 * platform that is set up is refused, which fails closed.
 */
export function combineGroups(directories: readonly Directory[], clock: Clock): Groups {
  const directoryOf = (group: string): Directory | undefined =>
    directories.find(({ prefix }) => prefix === splitSurfaceKey(group)[0]);
  return {
    includes(group, person, fresh, ms) {
      const reader = directoryOf(group)?.groups;
      if (reader === undefined)
        return Promise.reject(new Error(`nothing is connected that could read the group ${group}`));
      const answer = reader.includes(group, person, fresh);
      return ms === undefined ? answer : within(clock, ms, group, answer);
    },
    platformOf: (group) => directoryOf(group)?.name,
  };
}
