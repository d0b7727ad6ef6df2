// The bot in one simulated process: the real store, client, chats, workers and handlers, put together as
// src/app does, on a simulated disk, network and clock, and without a server in front.
import { hash } from '../../../src/adapters/clock.ts';
import { customEndpoint } from '../../../src/adapters/defender/clouds.ts';
import type { HttpClient } from '../../../src/adapters/outbound/http.ts';
import type { Disk } from '../../../src/adapters/store/journal/disk.ts';
import { keysFrom } from '../../../src/adapters/store/journal/keys.ts';
import { openStore } from '../../../src/adapters/store/journal/requestStore.ts';
import type { Store } from '../../../src/adapters/store/journal/requestStore.ts';
import { openOutputStore } from '../../../src/adapters/store/outputStore.ts';
import type { SlackFetch } from '../../../src/adapters/slack/outbound/webApi.ts';
import { slackChat } from '../../../src/adapters/slack/platform.ts';
import { teamsChat } from '../../../src/adapters/teams/platform.ts';
import { openChats } from '../../../src/app/chats.ts';
import type { ChatOptions, Chats } from '../../../src/app/chats.ts';
import { openDefender } from '../../../src/app/defenderAccess.ts';
import { Health } from '../../../src/app/health.ts';
import type { DefenderAccess } from '../../../src/app/defenderAccess.ts';
import { PolicyReload } from '../../../src/app/policyReload.ts';
import { Shutdown } from '../../../src/app/shutdown.ts';
import { createBot } from '../../../src/bot/bot.ts';
import { startWithPolicy } from '../../../src/bot/handlers/policyChange.ts';
import { createCurrentPolicy } from '../../../src/bot/policy/places.ts';
import type { CurrentPolicy } from '../../../src/bot/policy/places.ts';
import type { Bot } from '../../../src/bot/ports.ts';
import { createLinkBox } from '../../../src/bot/workers/reads/keptOutput.ts';
import type { Workers } from '../../../src/bot/workers/workers.ts';
import type { Log, Random } from '../../../src/liveResponse/ports.ts';
import type { Express } from 'express';
import type { Receiver } from '@slack/bolt';
import { allowed } from '../checks/budgets.ts';
import type { Process } from '../core/process.ts';
import { defenderOrigin } from '../world/defenderSide.ts';
import { slackOrigin } from '../world/slackSide.ts';
import { serviceUrl, teamsTenant } from '../world/teamsSide.ts';
import { policyOf } from './policies.ts';
import type { VariantName } from './policies.ts';

/** Everything outside the process. */
export interface BotParts {
  readonly process: Process;
  readonly disk: Disk;
  readonly http: HttpClient;
  readonly slackFetch: SlackFetch;
  readonly slackReceiver: Receiver;
  /** Takes the route of Teams. */
  readonly port: Express;
  readonly random: Random;
  readonly log: Log;
  /** In [0, 1). */
  readonly jitter: () => number;
  /** The policy that the file holds now. */
  readonly policy: () => VariantName;
  /** Running sessions are read so often, in milliseconds. */
  readonly pollGap: number;
  /** Called as soon as the store is open, before anything else may change it. */
  readonly opened: (store: Store) => void;
}

export interface RunningBot {
  readonly store: Store;
  readonly loop: Workers;
  readonly chats: Chats;
  /** What /healthz and /readyz answer. */
  readonly health: Health;
  /** Everything down, as on SIGTERM. */
  stop(): Promise<void>;
}

export const dataDir = '/data';
export const keys = keysFrom([Buffer.alloc(32, 'simulation key ')]);
/** Looks at the policy file happen when it changes; see `changed` in the day. Milliseconds. */
const policyRests = 12 * 3_600_000;

/** What most of the rest is made of. */
interface Base {
  readonly store: Store;
  readonly access: DefenderAccess;
  readonly todays: CurrentPolicy;
  readonly sha256: string;
}

export async function startBot(parts: BotParts): Promise<RunningBot> {
  const { log } = parts;
  const base = await openBase(parts);
  const { store, todays, sha256 } = base;
  const chats = await openBotChats(parts, base, () => bot);
  const reload = new PolicyReload({
    file: 'policy.yaml',
    sha256,
    todays,
    store,
    loop: () => bot.loop,
    clock: parts.process.clock,
    log,
    find: () => Promise.resolve(policyOf(parts.policy())),
  });
  const bot = botOf(parts, base, chats, reload);
  await store.note({ type: 'started', version: 'simulated' });
  await startWithPolicy({ store, loop: bot.loop, log, todays }, sha256);
  chats.mount(parts.port, () => 0);
  bot.loop.start();
  await chats.open('');
  return {
    store,
    loop: bot.loop,
    chats,
    health: new Health({
      store,
      loop: bot.loop,
      policy: todays.policy,
      policyTrouble: () => reload.trouble(),
      chats,
      // The head of the journal is noted nowhere else in a simulated day.
      anchoring: { trouble: () => undefined },
      clock: parts.process.clock,
      phase: () => 'running',
    }),
    async stop() {
      await Promise.all([bot.loop.stop(), chats.drain()]);
      await bot.loop.lastCards();
      await store
        .note({ type: 'stopped' })
        .catch((error: unknown) => log.error('stopNotJournaled', { error }));
      await chats.stop();
      await base.access.callCounts.stop();
      await store.close();
    },
  };
}

async function openBase(parts: BotParts): Promise<Base> {
  const { process, disk, http, log } = parts;
  const { clock } = process;
  const store = await openStore({ dir: dataDir, clock, log, disk, keys });
  parts.opened(store);
  const access = await openDefender(
    {
      kind: 'service',
      tenant: 'simulated-tenant',
      endpoint: customEndpoint(defenderOrigin),
      credentials: 'none',
      loopback: true,
    },
    {
      dataDir,
      disk,
      rates: allowed,
      resultHosts: [],
      store,
      http,
      clock,
      log,
      shutdown: new Shutdown(log),
      observe: () => undefined,
    },
  );
  const file = policyOf(parts.policy());
  return { store, access, todays: createCurrentPolicy(file.policy), sha256: file.sha256 };
}

function openBotChats(parts: BotParts, { store, todays }: Base, bot: () => Bot): Promise<Chats> {
  const { process, disk, http, log } = parts;
  const { clock } = process;
  return openChats(
    { console: false, platforms: platforms(parts) },
    {
      dataDir,
      disk,
      command: '/lr',
      policy: todays.policy,
      store,
      clock,
      chatClock: clock,
      log,
      http,
      bot,
      onBroken: (why) => {
        throw new Error(`the process was to end: ${why}`);
      },
      onConnected: () => undefined,
    },
  );
}

function botOf(
  { process, disk, random, log, policy, pollGap }: BotParts,
  { store, access, todays }: Base,
  chats: Chats,
  reload: PolicyReload,
): ReturnType<typeof createBot> {
  const { clock, watched } = process;
  return createBot(
    {
      store,
      outputs: openOutputStore({ dir: dataDir, clock, disk }),
      defender: access.client,
      chats: chats.ports,
      policy: todays.policy,
      groups: chats.groups,
      lastKnown: chats.lastKnown,
      callRates: access.callRates,
      links: createLinkBox(clock),
      clock,
      random,
      hash,
      log,
      settings: {
        tenant: access.tenant,
        simulated: false,
        command: '/lr',
        sessions: 25,
        pollGap,
        parkedGap: Math.max(30_000, 4 * pollGap),
        outputRetention: 30 * 24 * 3_600_000,
      },
    },
    (listener) => void store.subscribe((request, event) => listener(request.id, event.type)),
    {
      real: watched,
      keepers: () => {
        const all = [store, ...chats.keepers()];
        const troubled = (): boolean => all.some((keeper) => keeper.trouble() !== undefined);
        if (!troubled()) process.sawNothing(troubled);
        return chats.keepers();
      },
      // A file that did not change is read every few seconds by the real one, and nothing comes of it.
      policyLook: async () => {
        const isInForce = (): boolean => policyOf(policy()).sha256 === store.lastPolicy()?.sha256;
        if (isInForce()) return policyRests;
        const ms = await reload.look();
        return isInForce() ? policyRests : ms;
      },
      keepLibrary: true,
    },
  );
}

function platforms({ slackFetch, slackReceiver, jitter }: BotParts): NonNullable<ChatOptions['platforms']> {
  return [
    slackChat({
      botToken: 'xoxb-simulated',
      signingSecret: 'simulated signing secret',
      apiUrl: `${slackOrigin}/api/`,
      allowedTeams: [],
      fetch: slackFetch,
      receiver: slackReceiver,
    }),
    teamsChat({
      settings: {
        type: 'MultiTenant',
        cloud: 'public',
        allowedTenants: [teamsTenant],
        devNoAuth: true,
        door: 'direct',
      },
      serviceUrl,
      jitter,
    }),
  ];
}
