// The chats in front of the bot: which of them the options ask for, opened, mounted and closed as one.
import type { Express } from 'express';
import { whyNoConsole } from '../adapters/console/alone.ts';
import { mountConsole } from '../adapters/console/api.ts';
import { createConsoleChat } from '../adapters/console/chat.ts';
import { placesOf } from '../adapters/console/people.ts';
import type { SimulatorControls } from '../adapters/console/simulatorControls.ts';
import type { Check } from '../adapters/http/server.ts';
import { openLastKnown } from '../adapters/lastKnown.ts';
import type { Http } from '../adapters/outbound/http.ts';
import { proxyDispatcher } from '../adapters/outbound/proxy.ts';
import type { Proxy } from '../adapters/outbound/proxy.ts';
import { random } from '../adapters/random.ts';
import { realDisk } from '../adapters/store/journal/disk.ts';
import type { Disk } from '../adapters/store/journal/disk.ts';
import { history } from '../adapters/store/history.ts';
import type { Store } from '../adapters/store/journal/requestStore.ts';
import { within } from '../adapters/within.ts';
import type { Policy } from '../bot/policy/policy.ts';
import type { Bot, ChatPort, Groups, LastKnown } from '../bot/ports.ts';
import { createLateChat } from './lateChat.ts';
import type { LateChat } from './lateChat.ts';
import type { Clock, Keeper, Log } from '../liveResponse/ports.ts';
import type { SlackService } from '../adapters/slack/platform.ts';
import type { EntraService, TeamsService } from '../adapters/teams/platform.ts';

export interface ChatOptions {
  readonly console: boolean;
  readonly slack?: SlackService;
  readonly teams?: TeamsService;
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
    ...(options.slack === undefined ? [] : ['Slack']),
    ...(options.teams === undefined ? [] : ['Teams']),
    ...(options.chats ?? []).map((chat) => chat.surface),
  ];
  return options.console ? whyNoConsole({ ...where, chats: others }) : undefined;
}

// Bolt and botbuilder take most of a second to load, and hardly anybody needs both: each is loaded only where
// it is set up.
const importSlack = () => import('../adapters/slack/platform.ts');
const importTeams = () => import('../adapters/teams/platform.ts');

export async function openChats(options: ChatOptions, parts: ChatParts): Promise<Chats> {
  const { command, policy, store, clock, chatClock, log, dataDir, bot } = parts;
  const disk = parts.disk === undefined ? {} : { disk: parts.disk };
  const local = options.console
    ? createConsoleChat({
        clock,
        places: () => placesOf(policy).map((place) => place.id),
        askedAt: (id) => store.get(id)?.at,
      })
    : undefined;
  const lastKnown = await openLastKnown(dataDir, store.keys(), log);
  const slack =
    options.slack === undefined
      ? undefined
      : await lateSlack(
          options.slack,
          options,
          parts,
          lastKnown,
          () => teams !== undefined && teams.checks().every((check) => check.ok),
        );
  const teams =
    options.teams === undefined
      ? undefined
      : await (
          await importTeams()
        ).openTeams(options.teams, store, {
          command,
          clock: chatClock,
          log,
          dataDir,
          lastKnown,
          http: parts.http,
          ...disk,
        });
  const entra =
    options.entra === undefined
      ? undefined
      : (await importTeams()).openEntraGroups(options.entra, parts.http, chatClock, log);
  const streams: (() => Promise<void>)[] = [];

  return {
    ports: [
      ...(local === undefined ? [] : [local]),
      ...(slack === undefined ? [] : [slack.port]),
      ...(teams === undefined ? [] : [teams.chat]),
      ...(options.chats ?? []),
    ],
    groups: {
      includes(group, person, fresh, ms) {
        const reader = group.startsWith('entra:')
          ? entra
          : group.startsWith('slack:')
            ? slack?.groups
            : undefined;
        if (reader === undefined)
          return Promise.reject(new Error(`nothing is connected that could read the group ${group}`));
        const answer = reader.includes(group, person, fresh);
        return ms === undefined ? answer : within(chatClock, ms, group, answer);
      },
    },
    lastKnown,
    mount(app, port) {
      // Slack before any body parser: its signatures are over the raw bytes.
      slack?.mount(app);
      teams?.mount(app, bot());
      if (local === undefined) return;
      const { world } = parts;
      streams.push(
        mountConsole(app, {
          chat: local,
          bot: bot(),
          policy,
          store,
          journal: (id) => history(realDisk, dataDir, id, store.opener()),
          clock,
          random,
          command,
          port,
          ...(world === undefined ? {} : { world }),
        }),
      );
    },
    async open(url) {
      await slack?.open();
      await teams?.selfTest(url);
    },
    checks: () => [...(slack?.checks() ?? []), ...(teams?.checks() ?? [])],
    states: () => [
      ...(slack === undefined ? [] : [stateOf('slack', slack.checks())]),
      ...(teams === undefined ? [] : [stateOf('teams', teams.checks())]),
    ],
    keepers: () => [...(slack?.keepers() ?? []), ...(teams?.keepers ?? [])],
    async drain() {
      // A stream of events is an answer that never ends by itself.
      await Promise.all(streams.map((end) => end()));
      await slack?.drain();
    },
    async stop() {
      await slack?.stop();
      await teams?.stop();
      await lastKnown.settled();
    },
  };
}

/** @param others whether another chat works, so that this one's outage need not end the process */
async function lateSlack(
  settings: SlackService,
  options: ChatOptions,
  parts: ChatParts,
  lastKnown: LastKnown,
  others: () => boolean,
): Promise<LateChat> {
  const { command, store, chatClock, log, dataDir, bot, proxy } = parts;
  const room = await importSlack();
  const slack = createLateChat({
    name: 'Slack',
    surface: 'slack',
    path: room.slackPath,
    alone: options.teams === undefined,
    onConnected: () => parts.onConnected('slack'),
    clock: chatClock,
    log,
    start: () =>
      room.openSlack(settings, store, {
        command,
        bot,
        clock: chatClock,
        log,
        dataDir,
        lastKnown,
        ...(parts.disk === undefined ? {} : { disk: parts.disk }),
        ...(proxy === undefined
          ? {}
          : { dispatcher: proxyDispatcher(proxy), proxyFor: (hostname) => parts.http.proxyFor(hostname) }),
        onDeaf: (why) => {
          if (others()) slack.reconnect(why);
          else parts.onBroken(why);
        },
      }),
  });
  await slack.prepare();
  return slack;
}

function stateOf(chat: string, checks: readonly Check[]): { readonly chat: string; readonly ok: boolean } {
  return { chat, ok: checks.every((check) => check.ok) };
}
