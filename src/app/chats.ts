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
import type { Http } from '../adapters/outbound/http.ts';
import type { Proxy } from '../adapters/outbound/proxy.ts';
import { random } from '../adapters/crypto.ts';
import { realDisk } from '../adapters/store/journal/disk.ts';
import type { Disk } from '../adapters/store/journal/disk.ts';
import { history } from '../adapters/store/history.ts';
import type { Store } from '../adapters/store/journal/requestStore.ts';
import type { Policy } from '../bot/policy/policy.ts';
import type { Bot, ChatPort, Groups, LastKnown } from '../bot/ports.ts';
import { combineGroups } from './groupDirectories.ts';
import type { Directory } from './groupDirectories.ts';
import { createLateChat } from './lateChat.ts';
import type { LateChat } from './lateChat.ts';
import type { Clock, Keeper, Log } from '../liveResponse/ports.ts';

export interface ChatOptions {
  readonly console: boolean;
  /** The chats that are set up, in the order in which they are mounted and opened. */
  readonly platforms?: readonly ChosenChat[];
  /** To read Entra groups with. */
  readonly entra?: EntraService;
  /** Chats beside those of the settings: the demo's terminal. */
  readonly chats?: readonly ChatPort[];
}

export interface ChatParts {
  readonly dataDir: string;
  /** Where deliveries are written, for tests; the machine's own by default. */
  readonly disk?: Disk;
  readonly command: string;
  readonly policy: Policy;
  readonly store: Store;
  /** The tenant's, which may run fast. */
  readonly clock: Clock;
  /** The platforms', which never does. */
  readonly chatClock: Clock;
  readonly log: Log;
  readonly http: Http;
  readonly proxy?: Proxy;
  /** The embedded simulator's switches, for the console. */
  readonly world?: SimulatorControls;
  /** Asked once the bot exists. */
  readonly bot: () => Bot;
  /** Called when the only chat can hear nothing any more. */
  readonly onBroken: (why: string) => void;
  /** Called when a chat connects that could not at the start, or was connected again. */
  readonly onConnected: (surface: string) => void;
}

export interface Chats {
  readonly ports: readonly ChatPort[];
  readonly groups: Groups;
  readonly lastKnown: LastKnown;
  /** Puts the chats' routes on the shared port, which is known only once it listens. */
  mount(app: Express, port: () => number): void;
  /** Begins to listen; the shared port is up. */
  open(url: string): Promise<void>;
  checks(): readonly Check[];
  /** Each chat platform, and whether it is connected and answers. */
  states(): readonly { readonly chat: string; readonly ok: boolean }[];
  /** What is tried again by itself while it is in trouble. */
  keepers(): readonly Keeper[];
  /** Takes nothing new in, and ends what would hold the stopping server open. */
  drain(): Promise<void>;
  stop(): Promise<void>;
}

/** Why the options' chats cannot stand where they are asked to; undefined when they can. */
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

/** A chat that was opened, or will be. */
interface Standing {
  readonly platform: ChosenChat['platform'];
  readonly port: ChatPort;
  readonly groups: Groups | undefined;
  keepers(): readonly Keeper[];
  mount(app: Express): void;
  open(url: string): Promise<void>;
  checks(): readonly Check[];
  drain(): Promise<void>;
  stop(): Promise<void>;
}

export async function openChats(options: ChatOptions, parts: ChatParts): Promise<Chats> {
  const { policy, store, clock, chatClock, log, dataDir } = parts;
  const local = options.console
    ? new ConsoleChat({
        clock,
        places: () => placesOf(policy).map((place) => place.id),
        askedAt: (id) => store.get(id)?.asked.at,
      })
    : undefined;
  const lastKnown = await LastKnownFile.open(dataDir, store.keys(), log);
  const standing = await openPlatforms(options.platforms ?? [], parts, lastKnown);
  const directories: readonly Directory[] = [
    ...standing.flatMap(({ platform, groups }) =>
      platform.groups === undefined || groups === undefined ? [] : [{ ...platform.groups, groups }],
    ),
    ...(options.entra === undefined
      ? []
      : [{ ...entraGroups, groups: openEntraGroups(options.entra, parts.http, chatClock, log) }]),
  ];
  const streams: (() => Promise<void>)[] = [];

  return {
    ports: [
      ...(local === undefined ? [] : [local]),
      ...standing.map(({ port }) => port),
      ...(options.chats ?? []),
    ],
    groups: combineGroups(directories, chatClock),
    lastKnown,
    mount(app, port) {
      for (const chat of standing) chat.mount(app);
      if (local !== undefined) streams.push(mountLocal(app, local, parts, port));
    },
    async open(url) {
      for (const chat of standing) await chat.open(url);
    },
    checks: () => standing.flatMap((chat) => chat.checks()),
    states: () => standing.map((chat) => stateOf(chat.platform.surface, chat.checks())),
    keepers: () => standing.flatMap((chat) => chat.keepers()),
    async drain() {
      // A stream of events is an answer that never ends by itself.
      await Promise.all(streams.map((end) => end()));
      for (const chat of standing) await chat.drain();
    },
    async stop() {
      for (const chat of standing) await chat.stop();
      await lastKnown.settled();
    },
  };
}

function mountLocal(
  app: Express,
  chat: ConsoleChat,
  parts: ChatParts,
  port: () => number,
): () => Promise<void> {
  const { policy, store, clock, command, dataDir, world } = parts;
  return mountConsole(app, {
    chat,
    bot: parts.bot(),
    policy,
    store,
    journal: (id) => history(realDisk, dataDir, id, store.opener()),
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
      standing.some((other) => other.platform !== one.platform && other.checks().every((check) => check.ok));
    const opening = openingParts(parts, lastKnown);
    if (one.latePath === undefined) {
      const opened = await one.open({ ...opening, onDeaf: parts.onBroken });
      standing.push(standingOf(one, opened));
      continue;
    }
    const late: LateChat = createLateChat({
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
    standing.push({ platform: one.platform, ...late });
  }
  return standing;
}

function openingParts(parts: ChatParts, lastKnown: LastKnown): Omit<OpeningParts, 'onDeaf'> {
  const { command, store, chatClock, log, dataDir, bot, http, proxy, disk } = parts;
  return {
    command,
    store,
    clock: chatClock,
    log,
    dataDir,
    bot,
    http,
    lastKnown,
    ...(proxy === undefined ? {} : { proxy }),
    ...(disk === undefined ? {} : { disk }),
  };
}

function standingOf({ platform }: ChosenChat, opened: OpenChat): Standing {
  const { chat, groups, keepers, ...rest } = opened;
  return { platform, port: chat, groups, keepers: () => keepers, ...rest };
}

function stateOf(chat: string, checks: readonly Check[]): { readonly chat: string; readonly ok: boolean } {
  return { chat, ok: checks.every((check) => check.ok) };
}
