// Puts the parts together and takes them apart again. Composition only: nothing is decided here.
import { createClock, ScaledClock } from '../adapters/clock.ts';
import { findPolicy, policyFileWarnings } from '../adapters/config/policySource.ts';
import type { FoundPolicy } from '../adapters/config/policySource.ts';
import type { RecordSettings } from '../adapters/config/recordSettings.ts';
import { showProblems } from '../adapters/config/yamlFile.ts';
import type { FileProblem } from '../adapters/config/yamlFile.ts';
import { DefenderClient } from '../adapters/defender/client.ts';
import { customEndpoint } from '../adapters/defender/clouds.ts';
import type { Endpoint } from '../adapters/defender/clouds.ts';
import { EntraTokens, noCredentials } from '../adapters/entra/credentials.ts';
import type { TokenSource } from '../adapters/entra/credentials.ts';
import type { Credentials } from '../adapters/entra/settings.ts';
import { hash, random } from '../adapters/crypto.ts';
import { Metrics } from '../adapters/http/metrics.ts';
import { portAfter, startAdmin } from '../adapters/http/admin.ts';
import type { Listening } from '../adapters/http/listen.ts';
import { startHttp } from '../adapters/http/server.ts';
import { createLog } from '../adapters/log.ts';
import type { LogLevel } from '../adapters/log.ts';
import { Http } from '../adapters/outbound/http.ts';
import type { Proxy } from '../adapters/outbound/proxy.ts';
import { lastTime } from '../adapters/store/lastTime.ts';
import { createAnchoring } from '../adapters/store/journal/anchors.ts';
import { openOutputStore } from '../adapters/store/outputStore.ts';
import { realDisk } from '../adapters/store/journal/disk.ts';
import type { Disk } from '../adapters/store/journal/disk.ts';
import { createFreezeWatch } from '../adapters/store/freezeRequest.ts';
import type { Store } from '../adapters/store/journal/requestStore.ts';
import { startWithPolicy } from '../bot/handlers/policyChange.ts';
import { createBot } from '../bot/bot.ts';
import type { Workers } from '../bot/workers/workers.ts';
import type { Policy } from '../bot/policy/policy.ts';
import { createCurrentPolicy } from '../bot/policy/currentPolicy.ts';
import type { Bot } from '../bot/ports.ts';
import { createLinkBox } from '../bot/workers/sessions/linkBox.ts';
import { CallRates, elapsedOf, ratesOf } from '../liveResponse/pacing/callRates.ts';
import type { Clock, Log } from '../liveResponse/ports.ts';
import { openChats, whyNoChats } from './chats.ts';
import type { ChatOptions } from './chats.ts';
import type { Shutdown } from './shutdown.ts';
import { createShutdown } from './shutdown.ts';
import { createHealth } from './health.ts';
import { createPlacesLook } from './placesCheck.ts';
import { createPolicyReload } from './policyReload.ts';
import { openRecord } from './openRecord.ts';
import { anchorPlaces } from './recordOptions.ts';
import { createSimulatorControls } from './simulatorControls.ts';
import { ConfigError } from '../adapters/config/environment.ts';
import { namedProfiles } from '../simulator/profiles.ts';
import type { ProfileName } from '../simulator/profiles.ts';
import { startSimulator } from '../simulator/simulator.ts';
import type { Simulator } from '../simulator/simulator.ts';

export interface ServiceOptions extends ChatOptions {
  readonly host: string;
  readonly port: number;
  /**
   * Where reasons in words and metrics are; absent: for this machine alone. Without a port: on the one after
   * `port`.
   */
  readonly admin?: { readonly host: string; readonly port?: number } | 'off';
  readonly dataDir: string;
  readonly policyFile: string;
  /**
   * Key and anchors of the journal; absent: a key in the data folder and none. Only console and simulator may
   * go without.
   */
  readonly record?: RecordSettings;
  readonly command: string;
  readonly logLevel: LogLevel;
  /** Secrets to be struck out of the log as a second net. */
  readonly secrets: readonly string[];
  readonly defender:
    | { readonly kind: 'simulator'; readonly speed: number; readonly profile?: ProfileName }
    | {
        readonly kind: 'service';
        readonly tenant: string;
        readonly endpoint: Endpoint;
        readonly credentials: Credentials | 'none';
        readonly loopback: boolean;
        readonly unsignedAllowed?: boolean;
      };
  /** Called when the process can do its work no longer and should be started again. */
  readonly onBroken?: (why: string) => void;
  /**
   * Told once for each place of the policy that the bot cannot write in, and of who else could write the
   * policy.
   */
  readonly onWarning?: (sentence: string) => void;
  readonly rates: {
    readonly submitsPerMinute: number;
    readonly callsPerMinute: number;
    readonly callsPerHour: number;
  };
  readonly sessions: number;
  /** Milliseconds. */
  readonly pollGap: number;
  readonly parkedGap: number;
  /** Stated by LR_OFFLINE_QUEUE; absent: learned. */
  readonly offlineQueue?: number;
  readonly outputRetention: number;
  /**
   * Hosts besides those of Azure storage whose result links are read and handed out: endings that begin with
   * a dot, and whole names.
   */
  readonly resultHosts?: readonly string[];
  /** The way out; absent: directly. The clients that are not ours are told by `useProxy`. */
  readonly proxy?: Proxy;
  /** Where journal, snapshot and deliveries are written, for tests; the machine's own by default. */
  readonly disk?: Disk;
  /**
   * The way to the network, for a program that looks on (src/acceptance); closed with the service. Absent:
   * one of its own.
   */
  readonly http?: Http;
  /**
   * One clock for everything, chats included, for tests that move time; by default the machine's own, and a
   * faster one for a simulated tenant.
   */
  readonly clock?: Clock;
}

export interface Service {
  readonly url: string;
  /** Reasons in words and metrics; absent where it is off. */
  readonly adminUrl?: string;
  readonly bot: Bot;
  readonly loop: Workers;
  readonly store: Store;
  /** Today's: it changes when the file does. */
  readonly policy: Policy;
  /**
   * Reads the policy again now, as SIGHUP asks for. What comes of it is journaled, told in the approvals
   * places, and in /readyz.
   */
  readAgain(): void;
  readonly clock: Clock;
  readonly simulator?: Simulator;
  /** The embedded simulator's clock, whose speed can be set. */
  readonly scaledClock?: ScaledClock;
  /**
   * Takes nothing new up, lets a POST under way end, shows the last state on the cards, and closes
   * everything.
   */
  stop(): Promise<void>;
}

/** At the start; a generated policy may hold very many. */
const warningsTold = 10;

export const version = '0.1.0';

export async function startService(options: ServiceOptions): Promise<Service> {
  const no = whyNoChats(options, {
    host: options.host,
    localDefender: options.defender.kind === 'simulator' || options.defender.loopback,
  });
  if (no !== undefined) throw new ConfigError(no);
  const log = createLog({ level: options.logLevel, secrets: options.secrets });
  const warn = (sentence: string): void => options.onWarning?.(sentence);
  const { policy: first, sha256, warnings } = await loadPolicy(options.policyFile);
  const todays = createCurrentPolicy(first);
  const { policy } = todays;
  // The console lets one human play everybody, so nobody gains anything by writing its policy.
  for (const warning of options.console ? [] : await policyFileWarnings(options.policyFile)) {
    log.warn('policyFileWritable', { warning });
    options.onWarning?.(`warning: ${warning}.`);
  }
  const scaledClock =
    options.clock === undefined && options.defender.kind === 'simulator'
      ? simulatedClock(options.dataDir, options.defender.speed)
      : undefined;
  // Chats know the real time only, in their signatures and rates, however fast a simulated tenant runs.
  const chatClock = options.clock ?? createClock();
  const clock = scaledClock ?? chatClock;
  const closing = createShutdown(log);
  const { onClose: later } = closing;

  try {
    const { dataDir, record, defender: kind, disk } = options;
    const store = await openRecord({
      dataDir,
      record,
      disk,
      real: kind.kind === 'service' && kind.credentials !== 'none',
      clock,
      log,
      warn,
    });
    later('store', 3_000, () => store.close());
    const outputs = await openOutputStore({ dir: options.dataDir, clock });
    const http = options.http ?? new Http(options.proxy === undefined ? {} : { proxy: options.proxy });
    later('http', 1_000, () => http.close());
    const upstream = await openDefender(options, http, clock, closing);
    const budgets = new CallRates(ratesOf(options.rates));
    seed(budgets, store, clock);
    const defender = new DefenderClient({
      http,
      budgets,
      clock,
      log,
      tokens: upstream.tokens,
      endpoint: upstream.endpoint,
      resultsOnLoopback: upstream.loopback,
      resultHosts: options.resultHosts ?? [],
    });

    const places = createPlacesLook(policy, log, warn);
    const chats = await openChats(options, {
      dataDir: options.dataDir,
      ...(options.disk === undefined ? {} : { disk: options.disk }),
      command: options.command,
      policy,
      store,
      clock,
      chatClock,
      log,
      http,
      bot: () => bot,
      onBroken: (why) => options.onBroken?.(why),
      onConnected: (surface) => void places.look(chats.ports.filter((chat) => chat.surface === surface)),
      ...(options.proxy === undefined ? {} : { proxy: options.proxy }),
      ...(upstream.simulator === undefined || scaledClock === undefined
        ? {}
        : { world: createSimulatorControls(upstream.simulator.tenant, scaledClock) }),
    });
    later('chats', 4_000, () => chats.stop());
    const reload = createPolicyReload({
      file: options.policyFile,
      sha256,
      todays,
      store,
      loop: () => bot.loop,
      // A file is read in the machine's own time, whatever clock the rest goes by.
      clock: createClock(),
      log,
      onChanged: (found) => {
        tellWarnings(options.policyFile, found, log, warn);
        void places.look(chats.ports);
      },
    });
    const bot = createBot(
      {
        store,
        outputs,
        defender,
        chats: chats.ports,
        policy,
        groups: chats.groups,
        lastKnown: chats.lastKnown,
        callRates: budgets,
        links: createLinkBox(clock),
        clock,
        random,
        hash,
        log,
        settings: {
          tenant: upstream.tenant,
          simulated: upstream.simulated,
          command: options.command,
          ...(options.offlineQueue === undefined ? {} : { offlineQueue: options.offlineQueue }),
          sessions: options.sessions,
          pollGap: options.pollGap,
          parkedGap: options.parkedGap,
          outputRetention: options.outputRetention,
        },
      },
      (listener) => void store.subscribe((request, event) => listener(request.id, event.type)),
      { real: chatClock, keepers: () => chats.keepers(), policyLook: () => reload.look(), keepLibrary: true },
    );
    const anchoring = createAnchoring({
      places: options.record === undefined ? [] : anchorPlaces(options.record, http),
      head: () => store.head(),
      keys: store.keys(),
      clock: chatClock,
      log,
      everyLines: options.record?.everyLines ?? 1,
      everyMs: options.record?.everyMs ?? 1,
    });
    later('anchors', 1_500, () => anchoring.stop());
    const state: { phase: 'starting' | 'running' | 'stopping' } = { phase: 'starting' };
    const health = createHealth({
      store,
      loop: bot.loop,
      policy,
      policyTrouble: () => reload.trouble(),
      chats,
      anchors: anchoring,
      clock,
      phase: () => state.phase,
    });
    const metrics = new Metrics(store, () => health.gauges());
    store.subscribe((_request, event) => metrics.count(event.type));
    await store.note({ type: 'started', version });
    await startWithPolicy({ store, loop: bot.loop, log, todays }, sha256);
    anchoring.start();
    later('journal note', 2_000, () => noteStop(store, log));
    const machine = createFreezeWatch({
      disk: options.disk ?? realDisk,
      folder: options.dataDir,
      log,
      freeze: (by, why) => bot.freeze(by, why),
    });
    // Before anything can be sent: a freeze asked for while the process was down, or as it died, holds from
    // the first moment.
    await machine.look();
    machine.start();
    later('freeze at the machine', 1_000, () => machine.stop());
    const told = { log, clock: chatClock, healthy: () => health.alive(), ready: () => health.ready() };
    const admin =
      options.admin === 'off'
        ? undefined
        : await startAdmin({
            host: options.admin?.host ?? '127.0.0.1',
            port: options.admin?.port ?? portAfter(options.port),
            ...told,
            metrics: () => metrics.read(),
          });
    // Ends after the public one: how a stopping process is can be asked to the last.
    later('admin server', 500, () => admin?.stop() ?? Promise.resolve());
    const server: Listening = await startHttp({
      host: options.host,
      port: options.port,
      ...told,
      draining: () => state.phase === 'stopping',
      mount: [(app) => chats.mount(app, () => server.port)],
    });
    later('server', 3_500, () => server.stop());
    bot.loop.start();
    later('last cards', 3_000, () => bot.loop.lastCards());
    // Together: a chat that hangs must not shorten the time of a POST under way.
    later('work under way', 8_000, () => Promise.all([bot.loop.stop(), chats.drain()]));
    await chats.open(server.url);
    state.phase = 'running';
    // Behind: a slow chat must not hold up the start.
    later('look at places', 500, () => {
      places.stop();
      return Promise.resolve();
    });
    void places.look(chats.ports);
    tellWarnings(options.policyFile, warnings, log, warn);
    log.info('started', {
      url: server.url,
      ...(admin === undefined ? {} : { admin: admin.url }),
      ...(options.proxy === undefined ? {} : { proxy: options.proxy.said }),
      defender: upstream.endpoint.apiUrl,
      simulated: upstream.simulated,
      open: store.open().length,
    });
    return {
      url: server.url,
      ...(admin === undefined ? {} : { adminUrl: admin.url }),
      bot,
      loop: bot.loop,
      store,
      policy,
      readAgain() {
        reload.ask();
        bot.loop.lookAtPolicy();
      },
      clock,
      ...(upstream.simulator === undefined ? {} : { simulator: upstream.simulator }),
      ...(scaledClock === undefined ? {} : { scaledClock }),
      async stop() {
        state.phase = 'stopping';
        await closing.all();
        log.info('stopped');
      },
    };
  } catch (error) {
    try {
      await closing.all();
    } catch (failed) {
      // What kept it from starting is what has to be fixed; often the same keeps its parts from being closed.
      log.error('notAllClosed', { error: failed });
    }
    throw error;
  }
}

/**
 * What the policy allows and most likely should not, such as one human listed twice: nothing is decided by
 * it.
 */
function tellWarnings(
  file: string,
  warnings: readonly FileProblem[],
  log: Log,
  warn: (sentence: string) => void,
): void {
  for (const { line, where } of warnings) log.warn('policyWarning', { line, where });
  for (const { line, where, text } of warnings.slice(0, warningsTold))
    warn(`warning: the policy ${file}, line ${line} (${where}): ${text}.`);
  if (warnings.length > warningsTold)
    warn(
      `warning: the policy ${file} has ${warnings.length - warningsTold} more warnings; the doctor lists them all.`,
    );
}

async function noteStop(store: Store, log: Log): Promise<void> {
  try {
    await store.note({ type: 'stopped' });
  } catch (error) {
    // A full disk must not keep the process from ending.
    log.error('stopNotJournaled', { error });
  }
}

async function loadPolicy(file: string): Promise<Extract<FoundPolicy, { readonly policy: Policy }>> {
  const found = await findPolicy(file);
  if ('unread' in found)
    throw new ConfigError(
      `The policy ${file} cannot be read (${found.unread}). Copy policy.example.yaml to policy.yaml and adapt it, or set LR_POLICY.`,
    );
  if ('problems' in found)
    throw new ConfigError(
      `The policy has ${found.problems.length === 1 ? 'a mistake' : `${found.problems.length} mistakes`}:\n${showProblems(file, found.problems)}`,
    );
  return found;
}

/**
 * Never earlier than anything this data folder has seen, so that a story told at high speed goes on after a
 * restart.
 */
function simulatedClock(dataDir: string, speed: number): ScaledClock {
  const now = createClock().now();
  return new ScaledClock({ speed, epoch: Math.max(now, (lastTime(dataDir) ?? 0) + 1) });
}

interface Upstream {
  readonly endpoint: Endpoint;
  readonly tokens: TokenSource;
  readonly loopback: boolean;
  readonly tenant: string;
  readonly simulated: boolean;
  readonly simulator?: Simulator;
}

async function openDefender(
  { defender, dataDir }: ServiceOptions,
  http: Http,
  clock: Clock,
  { onClose: later }: Shutdown,
): Promise<Upstream> {
  if (defender.kind === 'simulator') {
    const simulator = await startSimulator({
      clock,
      dataDir,
      profile: namedProfiles[defender.profile ?? 'default'],
    });
    later('simulator', 1_000, () => simulator.stop());
    return {
      endpoint: customEndpoint(simulator.url),
      tokens: noCredentials(simulator.url),
      loopback: true,
      tenant: 'simulator',
      simulated: true,
      simulator,
    };
  }
  const { endpoint, credentials, tenant, loopback } = defender;
  return {
    endpoint,
    tokens:
      credentials === 'none'
        ? noCredentials(endpoint.apiUrl)
        : new EntraTokens({ credentials, authority: endpoint.authority, way: http }),
    loopback,
    tenant,
    // Without credentials it can only be a loopback address: a simulator somebody started.
    simulated: credentials === 'none',
  };
}

/** What the journal knows of calls in the last hour counts after a restart too. */
function seed(budgets: CallRates, store: Store, clock: Clock): void {
  const hourAgo = clock.now() - 3_600_000;
  budgets.seed('submit', elapsedOf(store.submissionTimes(hourAgo), clock));
  budgets.seed('link', elapsedOf(store.linkTimes(hourAgo), clock));
}
