// Composition of the running bot: opens its parts in order and closes them in the reverse order. Nothing is
// decided here.
import { createClock, hash, random } from '../adapters/clock.ts';
import type { ScaledClock } from '../adapters/clock.ts';
import { ConfigError } from '../adapters/config/environment.ts';
import { policyFileWarnings } from '../adapters/config/policySource.ts';
import { Metrics } from '../adapters/http/metrics.ts';
import { createLog } from '../adapters/log.ts';
import { Http } from '../adapters/outbound/http.ts';
import type { HttpClient } from '../adapters/outbound/http.ts';
import { journalSize, measuredDisk } from '../adapters/store/measuredDisk.ts';
import { createFreezeWatch, openOutputStore } from '../adapters/store/outputStore.ts';
import type { Anchoring } from '../adapters/store/journal/anchors.ts';
import { realDisk } from '../adapters/store/journal/disk.ts';
import type { Disk } from '../adapters/store/journal/disk.ts';
import type { Store } from '../adapters/store/journal/requestStore.ts';
import { createBot } from '../bot/bot.ts';
import { startWithPolicy } from '../bot/handlers/policyChange.ts';
import { createCurrentPolicy } from '../bot/policy/places.ts';
import type { CurrentPolicy } from '../bot/policy/places.ts';
import type { Policy } from '../bot/policy/policy.ts';
import type { Bot } from '../bot/ports.ts';
import { createLinkBox } from '../bot/workers/reads/keptOutput.ts';
import type { Workers } from '../bot/workers/workers.ts';
import type { Clock, Log } from '../liveResponse/ports.ts';
import type { Simulator } from '../simulator/simulator.ts';
import { openChats, whyNoChats } from './chats.ts';
import type { Chats } from './chats.ts';
import { clocksFor, openDefender } from './defenderAccess.ts';
import type { Clocks, DefenderAccess } from './defenderAccess.ts';
import { Health } from './health.ts';
import { openAnchoring, openRecord } from './openRecord.ts';
import { botSettings } from './options.ts';
import type { ServiceOptions } from './options.ts';
import { loadPolicy, PlacesCheck, PolicyReload, tellWarnings } from './policyReload.ts';
import type { UsablePolicy } from './policyReload.ts';
import { openServers } from './servers.ts';
import type { Servers } from './servers.ts';
import { Shutdown } from './shutdown.ts';
import { createSimulatorControls } from './simulatorControls.ts';

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
   * Reads the policy again now, as SIGHUP asks for. The result is journaled, announced in the approvals
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

export const version = '0.1.0';

export async function startService(options: ServiceOptions): Promise<Service> {
  const { host, defender, logLevel, secrets, policyFile, onWarning } = options;
  const no = whyNoChats(options, {
    host,
    localDefender: defender.kind === 'simulator' || defender.loopback,
  });
  if (no !== undefined) throw new ConfigError(no);
  const log = createLog({ level: logLevel, secrets });
  const policy = await loadPolicy(policyFile);
  // The console lets one human play everybody, so nobody gains anything by writing its policy.
  for (const warning of options.console ? [] : await policyFileWarnings(policyFile)) {
    log.warn('policyFileWritable', { warning });
    onWarning?.(`warning: ${warning}.`);
  }
  const shutdown = new Shutdown(log);
  try {
    return await new Composition(options, { policy, log, shutdown }).start();
  } catch (error) {
    try {
      await shutdown.all();
    } catch (failed) {
      // What kept it from starting is what has to be fixed; often the same keeps its parts from being closed.
      log.error('notAllClosed', { error: failed });
    }
    throw error;
  }
}

type ComposedBot = ReturnType<typeof createBot>;

/** The parts that most others are made of. */
interface Base {
  readonly store: Store;
  readonly http: HttpClient;
  readonly access: DefenderAccess;
}

/** The bot with the chats in front of it and the part that keeps its policy. */
interface Running extends Base {
  readonly chats: Chats;
  readonly bot: ComposedBot;
  readonly reload: PolicyReload;
}

/** One start: opens each part, and notes with the shutdown how it is closed. */
class Composition {
  readonly #options: ServiceOptions;
  readonly #file: UsablePolicy;
  readonly #todays: CurrentPolicy;
  readonly #log: Log;
  readonly #shutdown: Shutdown;
  readonly #disk: Disk;
  readonly #clocks: Clocks;
  readonly #places: PlacesCheck;
  readonly #metrics: Metrics;
  #phase: 'starting' | 'running' | 'stopping' = 'starting';

  constructor(
    options: ServiceOptions,
    parts: { readonly policy: UsablePolicy; readonly log: Log; readonly shutdown: Shutdown },
  ) {
    this.#options = options;
    this.#file = parts.policy;
    this.#todays = createCurrentPolicy(parts.policy.policy);
    this.#log = parts.log;
    this.#shutdown = parts.shutdown;
    const { disk = realDisk, dataDir } = options;
    this.#disk = disk;
    this.#clocks = clocksFor(options.defender, { disk, dataDir }, options.clock);
    this.#metrics = new Metrics({
      chats: (options.platforms ?? []).map(({ platform }) => platform.surface),
      clock: this.#clocks.clock,
    });
    this.#places = new PlacesCheck(this.#todays.policy, parts.log, (sentence) => this.#warn(sentence));
  }

  async start(): Promise<Service> {
    const running = await this.#openBot(await this.#openBase());
    const { store, bot, chats, access, http } = running;
    const anchoring = this.#anchoring(store, http);
    const health = this.#health(running, anchoring);
    await this.#journalStart(running, anchoring);
    await this.#watchFreezeRequests(bot);
    const servers = await this.#openServers(running, health);
    const { server, admin } = servers;
    this.#startWorkers(bot, chats);
    await chats.open(server.url);
    this.#phase = 'running';
    this.#lookAtPlaces(chats);
    this.#tellPolicyWarnings(this.#file);
    const { proxy } = this.#options;
    this.#log.info('started', {
      url: server.url,
      ...(admin === undefined ? {} : { admin: admin.url }),
      ...(proxy === undefined ? {} : { proxy: proxy.said }),
      defender: access.apiUrl,
      simulated: access.simulated,
      open: store.open().length,
    });
    return this.#service(running, servers);
  }

  #warn(sentence: string): void {
    this.#options.onWarning?.(sentence);
  }

  async #openBase(): Promise<Base> {
    const { dataDir, record, defender, rates, resultHosts = [], proxy } = this.#options;
    const { clock } = this.#clocks;
    const [log, shutdown, metrics] = [this.#log, this.#shutdown, this.#metrics];
    const store = await openRecord({
      dataDir,
      record,
      disk: measuredDisk(this.#disk, createClock(), metrics.writes),
      real: defender.kind === 'service' && defender.credentials !== 'none',
      clock,
      log,
      warn: (sentence) => this.#warn(sentence),
    });
    shutdown.onClose('store', 3_000, () => store.close());
    metrics.journalIs(journalSize(this.#disk, dataDir));
    store.subscribe((request, event) => metrics.changed(request, event));
    const http = this.#options.http ?? new Http(proxy === undefined ? {} : { proxy });
    shutdown.onClose('http', 1_000, () => http.close());
    const access = await openDefender(defender, {
      dataDir,
      disk: this.#disk,
      rates,
      resultHosts,
      store,
      http,
      clock,
      log,
      shutdown,
      observe: (call) => metrics.defenderCalled(call),
    });
    return { store, http, access };
  }

  async #openBot(base: Base): Promise<Running> {
    const { store, access } = base;
    const { dataDir, policyFile } = this.#options;
    const { clock, chatClock } = this.#clocks;
    const outputs = openOutputStore({ dir: dataDir, clock, disk: this.#disk });
    const chats = await this.#openChats(base, () => bot);
    const reload = new PolicyReload({
      file: policyFile,
      sha256: this.#file.sha256,
      todays: this.#todays,
      store,
      loop: () => bot.loop,
      // A file is read in the machine's own time, whatever clock the rest goes by.
      clock: createClock(),
      log: this.#log,
      onChanged: (warnings) => {
        this.#tellPolicyWarnings({ warnings });
        void this.#places.look(chats.ports);
      },
    });
    const bot = createBot(
      {
        store,
        outputs,
        defender: access.client,
        chats: chats.ports,
        policy: this.#todays.policy,
        groups: chats.groups,
        lastKnown: chats.lastKnown,
        callRates: access.callRates,
        links: createLinkBox(clock),
        clock,
        random,
        hash,
        log: this.#log,
        onRefused: (reason) => this.#metrics.refused(reason),
        settings: botSettings(this.#options, access),
      },
      (listener) => void store.subscribe((request, event) => listener(request.id, event.type)),
      { real: chatClock, keepers: () => chats.keepers(), policyLook: () => reload.look(), keepLibrary: true },
    );
    return { ...base, chats, bot, reload };
  }

  async #openChats({ store, http, access: { simulator } }: Base, bot: () => Bot): Promise<Chats> {
    const { dataDir, command, proxy, onBroken } = this.#options;
    const { clock, chatClock, scaledClock } = this.#clocks;
    const chats = await openChats(this.#options, {
      dataDir,
      disk: this.#disk,
      command,
      policy: this.#todays.policy,
      store,
      clock,
      chatClock,
      log: this.#log,
      http,
      bot,
      observe: (surface) => (call) => this.#metrics.chatCalled(surface, call),
      onBroken: (why) => onBroken?.(why),
      onConnected: (surface) =>
        void this.#places.look(chats.ports.filter((chat) => chat.surface === surface)),
      ...(proxy === undefined ? {} : { proxy }),
      ...(simulator === undefined || scaledClock === undefined
        ? {}
        : { world: createSimulatorControls(simulator.tenant, scaledClock) }),
    });
    this.#shutdown.onClose('chats', 4_000, () => chats.stop());
    return chats;
  }

  #anchoring(store: Store, http: HttpClient): Anchoring {
    const { record } = this.#options;
    const { chatClock } = this.#clocks;
    const anchoring = openAnchoring(record, { store, http, clock: chatClock, log: this.#log });
    this.#shutdown.onClose('anchors', 1_500, () => anchoring.stop());
    return anchoring;
  }

  #health({ store, bot, reload, chats }: Running, anchoring: Anchoring): Health {
    return new Health({
      store,
      loop: bot.loop,
      policy: this.#todays.policy,
      policyTrouble: () => reload.trouble(),
      chats,
      anchoring,
      clock: this.#clocks.clock,
      phase: () => this.#phase,
    });
  }

  async #journalStart({ store, bot }: Running, anchoring: Anchoring): Promise<void> {
    const log = this.#log;
    await store.note({ type: 'started', version });
    await startWithPolicy({ store, loop: bot.loop, log, todays: this.#todays }, this.#file.sha256);
    anchoring.start();
    this.#shutdown.onClose('journal note', 2_000, async () => {
      try {
        await store.note({ type: 'stopped' });
      } catch (error) {
        // A full disk must not keep the process from ending.
        log.error('stopNotJournaled', { error });
      }
    });
  }

  async #watchFreezeRequests(bot: ComposedBot): Promise<void> {
    const machine = createFreezeWatch({
      disk: this.#disk,
      folder: this.#options.dataDir,
      log: this.#log,
      freeze: (by, why) => bot.freeze(by, why),
    });
    // Before anything can be sent: a freeze asked for while the process was down, or as it died, holds from
    // the first moment.
    await machine.look();
    machine.start();
    this.#shutdown.onClose('freeze at the machine', 1_000, () => machine.stop());
  }

  #openServers({ store, chats, bot, access }: Running, health: Health): Promise<Servers> {
    const { host, port, admin } = this.#options;
    return openServers({
      host,
      port,
      admin,
      version,
      store,
      loop: bot.loop,
      callRates: access.callRates,
      health,
      chats,
      ...this.#clocks,
      log: this.#log,
      metrics: this.#metrics,
      journalBytes: () => this.#metrics.journalBytes,
      draining: () => this.#phase === 'stopping',
      shutdown: this.#shutdown,
    });
  }

  #startWorkers({ loop }: ComposedBot, chats: Chats): void {
    loop.start();
    this.#shutdown.onClose('last cards', 3_000, () => loop.lastCards());
    // Together: a chat that hangs must not shorten the time of a POST under way.
    this.#shutdown.onClose('work under way', 8_000, () => Promise.all([loop.stop(), chats.drain()]));
  }

  /** In the background: a slow chat must not hold up the start. */
  #lookAtPlaces(chats: Chats): void {
    this.#shutdown.onClose('look at places', 500, () => {
      this.#places.stop();
      return Promise.resolve();
    });
    void this.#places.look(chats.ports);
  }

  #tellPolicyWarnings({ warnings }: Pick<UsablePolicy, 'warnings'>): void {
    const warn = (sentence: string): void => this.#warn(sentence);
    tellWarnings(this.#options.policyFile, warnings, { log: this.#log, warn });
  }

  #service({ store, bot, reload, access: { simulator } }: Running, { server, admin }: Servers): Service {
    const { clock, scaledClock } = this.#clocks;
    return {
      url: server.url,
      ...(admin === undefined ? {} : { adminUrl: admin.url }),
      bot,
      loop: bot.loop,
      store,
      policy: this.#todays.policy,
      readAgain() {
        reload.ask();
        bot.loop.lookAtPolicy();
      },
      clock,
      ...(simulator === undefined ? {} : { simulator }),
      ...(scaledClock === undefined ? {} : { scaledClock }),
      stop: () => this.#stop(),
    };
  }

  async #stop(): Promise<void> {
    this.#phase = 'stopping';
    await this.#shutdown.all();
    this.#log.info('stopped');
  }
}
