// The whole product without a process: real store on a real disk, real client over real HTTP, the simulator
// behind it, a chat that remembers, and a clock that moves only when a story says so.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { plainText } from '../../../cards/renderers/plainText.ts';
import type { Verb } from '../../../cards/view.ts';
import { readPolicy } from '../../../src/adapters/config/policyFile.ts';
import { DefenderClient } from '../../../src/adapters/defender/client.ts';
import { customEndpoint } from '../../../src/adapters/defender/clouds.ts';
import { noCredentials } from '../../../src/adapters/entra/credentials.ts';
import { hash, random } from '../../../src/adapters/clock.ts';
import { createLog } from '../../../src/adapters/log.ts';
import { Http } from '../../../src/adapters/outbound/http.ts';
import type { Disk } from '../../../src/adapters/store/journal/disk.ts';
import { openOutputStore } from '../../../src/adapters/store/outputStore.ts';
import { openStore } from '../../../src/adapters/store/journal/requestStore.ts';
import type { Store } from '../../../src/adapters/store/journal/requestStore.ts';
import { applyPolicy } from '../../../src/bot/handlers/policyChange.ts';
import { createBot } from '../../../src/bot/bot.ts';
import type { BotSettings } from '../../../src/bot/deps.ts';
import { createLinkBox } from '../../../src/bot/workers/reads/keptOutput.ts';
import type { Policy } from '../../../src/bot/policy/policy.ts';
import { createCurrentPolicy } from '../../../src/bot/policy/places.ts';
import type { CurrentPolicy } from '../../../src/bot/policy/places.ts';
import type { Account, Bot, Groups, Reply } from '../../../src/bot/ports.ts';
import type { Workers } from '../../../src/bot/workers/workers.ts';
import { bindingOf } from '../../../src/liveResponse/commands.ts';
import { CallRates, defaultRates, elapsedOf } from '../../../src/liveResponse/pacing/callRates.ts';
import type { CallKind, Rates } from '../../../src/liveResponse/pacing/callRates.ts';
import type { Clock } from '../../../src/liveResponse/ports.ts';
import type { Request, State } from '../../../src/liveResponse/request/request.ts';
import { stageOf } from '../../../src/liveResponse/request/request.ts';
import { startSimulator } from '../../../src/simulator/simulator.ts';
import type { Simulator, SimulatorOptions } from '../../../src/simulator/simulator.ts';
import { startFieldProxy } from '../defender/field/fieldProxy.ts';
import type { FieldProxy } from '../defender/field/fieldProxy.ts';
import { root } from '../root.ts';
import type { ShownCard, StoryChat } from './storyChat.ts';
import { createStoryChat } from './storyChat.ts';

/**
 * A clock whose sleepers wake by themselves, each taking its time with it: right where nothing but the
 * client's short pauses sleeps.
 */
export interface StoryClock extends Clock {
  move(ms: number): void;
}

/** 2026-11-23 03:00 UTC: the hour this product is for. */
export const storyStart = Date.UTC(2026, 10, 23, 3, 0, 0);

export function createStoryClock(from = storyStart): StoryClock {
  let wall = from;
  let elapsed = 0;
  return {
    now: () => wall + elapsed,
    elapsed: () => elapsed,
    // Time never runs backwards: what does is somebody setting the clock.
    move: (ms) => {
      if (ms < 0) wall += ms;
      else elapsed += ms;
    },
    sleep: (ms) =>
      new Promise((resolve) => {
        setImmediate(() => {
          elapsed += ms;
          resolve();
        });
      }),
  };
}

export interface TestAppOptions {
  readonly policy?: (text: string) => string;
  readonly simulator?: SimulatorOptions;
  readonly settings?: Partial<BotSettings>;
  readonly chats?: readonly StoryChat[];
  readonly groups?: Groups;
  readonly logLines?: string[];
  readonly disk?: Disk;
  /** By default one whose sleepers wake by themselves, for stories that drive the passes by hand. */
  readonly clock?: StoryClock;
  /** Where results may be read besides the simulator. */
  readonly resultOrigins?: readonly string[];
  /** As LR_RESULT_HOSTS adds them. */
  readonly resultHosts?: readonly string[];
  readonly rates?: Rates;
  /** As a running service does. */
  readonly keepLibrary?: boolean;
  /** A proxy stands in front of the simulator and can change its answers. */
  readonly field?: boolean;
}

export interface TestApp {
  readonly clock: StoryClock;
  readonly simulator: Simulator;
  /** The proxy in front of the simulator, where the options ask for one. */
  readonly field: FieldProxy;
  readonly chat: StoryChat;
  readonly dir: string;
  /** Every exchange with Defender, by kind, in order. */
  readonly calls: CallKind[];
  store: Store;
  bot: Bot;
  loop: Workers;
  /** Today's. */
  readonly policy: Policy;
  readonly todays: CurrentPolicy;
  say(
    as: string,
    text: string,
    options?: {
      readonly place?: string;
      readonly deliveryId?: string;
      readonly surface?: string;
      readonly trust?: Account['trust'];
    },
  ): Promise<Reply>;
  press(
    as: string,
    verb: Verb,
    options?: {
      readonly request?: Request;
      readonly revision?: number;
      readonly fingerprint?: string;
      readonly index?: number;
      readonly input?: string;
      readonly place?: string;
      readonly surface?: string;
    },
  ): Promise<Reply>;
  /** Moves time on in polling steps, ticking at each. */
  run(ms: number): Promise<void>;
  /** Ticks and moves on until the newest request is in `state`; fails after two simulated hours. */
  until(state: State): Promise<Request>;
  /** The newest request. */
  newest(): Request;
  /** Newest card of the newest request in a place. */
  card(place?: string): ShownCard;
  /** Another policy comes into force while everything goes on, as when its file has changed. */
  changePolicy(policy: (text: string) => string): Promise<void>;
  /**
   * Ends the process's part without a goodbye and starts it again on the same folder, with other settings or
   * another policy if need be.
   */
  restart(changed?: Partial<BotSettings>, policy?: (text: string) => string): Promise<void>;
  close(): Promise<void>;
}

const step = 2_400;

export const examplePolicy = readFileSync(join(root, 'policy.example.yaml'), 'utf8');

export function policyFrom(text: string): Policy {
  const read = readPolicy(text);
  if ('problems' in read) throw new Error(JSON.stringify(read.problems));
  return read.policy;
}

/** A house may be copied as it is; only who uses what is not there is told. */
const noField: FieldProxy = new Proxy({} as FieldProxy, {
  get: () => {
    throw new Error('this house was opened without `field`');
  },
});

export async function openTestApp(options: TestAppOptions = {}): Promise<TestApp> {
  const dir = mkdtempSync(join(tmpdir(), 'lr-story-'));
  const clock = options.clock ?? createStoryClock();
  const chats = options.chats ?? [createStoryChat()];
  const chat = chats[0] ?? createStoryChat();
  // Before anything listens: a policy that does not load must not leave a server behind.
  const todays = createCurrentPolicy(policyFrom((options.policy ?? ((text: string) => text))(examplePolicy)));
  const { policy } = todays;
  const simulator = await startSimulator({ clock, ...options.simulator });
  const field = options.field === true ? await startFieldProxy(simulator) : undefined;
  const defenderUrl = field?.url ?? simulator.url;
  const log = createLog({ level: 'info', write: (line) => void options.logLines?.push(line) });
  const http = new Http();
  const settings: BotSettings = {
    tenant: 'simulator',
    simulated: true,
    command: '/lr',
    sessions: 25,
    pollGap: 2_400,
    parkedGap: 30_000,
    outputRetention: 30 * 24 * 3_600_000,
    ...options.settings,
  };
  let deliveries = 0;
  const calls: CallKind[] = [];

  async function openParts(
    changed: Partial<BotSettings> = {},
  ): Promise<{ store: Store; bot: Bot; loop: Workers }> {
    const store = await openStore({
      dir,
      clock,
      log,
      ...(options.disk === undefined ? {} : { disk: options.disk }),
    });
    const outputs = openOutputStore({ dir, clock });
    const budgets = new CallRates(options.rates ?? defaultRates);
    budgets.seed('submit', elapsedOf(store.submissionTimes(clock.now() - 3_600_000), clock));
    const defender = new DefenderClient({
      http,
      tokens: noCredentials(defenderUrl),
      budgets,
      clock,
      log,
      endpoint: customEndpoint(defenderUrl),
      resultOrigins: [
        simulator.blobUrl,
        ...(field === undefined ? [] : [field.blobUrl]),
        ...(options.resultOrigins ?? []),
      ],
      resultHosts: options.resultHosts ?? [],
      observe: ({ kind }) => void calls.push(kind),
    });
    const bot = createBot(
      {
        store,
        outputs,
        defender,
        chats,
        policy,
        groups: options.groups ?? { includes: () => Promise.resolve(false) },
        callRates: budgets,
        links: createLinkBox(clock),
        clock,
        random,
        hash,
        log,
        settings: { ...settings, ...changed },
      },
      (listener) => void store.subscribe((request, event) => listener(request.id, event.type)),
      { keepLibrary: options.keepLibrary === true },
    );
    return { store, bot, loop: bot.loop };
  }

  const app: TestApp = {
    clock,
    simulator,
    field: field ?? noField,
    chat,
    dir,
    calls,
    policy,
    todays,
    ...(await openParts()),
    say(as, text, { place = 'incidents', deliveryId, surface = 'console', trust = 'member' } = {}) {
      deliveries += 1;
      return app.bot.command({
        surface,
        account: { surface, id: as, trust },
        place: { surface, id: place, direct: false, external: false },
        text,
        deliveryId: deliveryId ?? `d${deliveries}`,
      });
    },
    press(
      as,
      verb,
      {
        request = app.newest(),
        revision,
        fingerprint,
        index,
        input,
        place = 'incidents',
        surface = 'console',
      } = {},
    ) {
      deliveries += 1;
      return app.bot.press({
        surface,
        account: { surface, id: as, trust: 'member' },
        place: { surface, id: place, direct: false, external: false },
        verb,
        requestId: request.id,
        revision: revision ?? request.revision,
        fingerprint: fingerprint ?? bindingOf(request.subject.digest),
        deliveryId: `p${deliveries}`,
        ...(index === undefined ? {} : { index }),
        ...(input === undefined ? {} : { input }),
      });
    },
    async run(ms) {
      const end = clock.now() + ms;
      while (clock.now() < end) {
        clock.move(Math.min(step, end - clock.now()));
        await app.loop.tick();
      }
    },
    async until(state: State) {
      const end = clock.now() + 2 * 3_600_000;
      while (clock.now() < end) {
        await app.loop.tick();
        const request = app.newest();
        if (stageOf(request).state === state) return request;
        clock.move(step);
      }
      throw new Error(`never became ${state}; it is ${stageOf(app.newest()).state}`);
    },
    newest() {
      const request = app.store.all().at(0);
      if (request === undefined) throw new Error('there is no request');
      return request;
    },
    card(place = 'incidents') {
      const request = app.newest();
      const card = [...chat.cards.values()].findLast(
        (one) => one.place === place && one.view.requestId === request.id,
      );
      if (card === undefined) throw new Error(`no card in ${place}`);
      return card;
    },
    async changePolicy(other) {
      const next = other(examplePolicy);
      await applyPolicy(
        { store: app.store, loop: app.loop, log, todays },
        { policy: policyFrom(next), sha256: hash.sha256(next), before: '0'.repeat(64), how: 'file' },
      );
    },
    async restart(changed, otherPolicy) {
      await app.store.close();
      if (otherPolicy !== undefined) todays.replace(policyFrom(otherPolicy(examplePolicy)));
      Object.assign(app, await openParts(changed));
    },
    async close() {
      await app.store.close();
      await http.close();
      await field?.close();
      await simulator.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
  return app;
}

/** What a reply says, whatever its kind. */
export function textOf(reply: Reply): string {
  switch (reply.kind) {
    case 'nothing':
      return '';
    case 'form':
      return reply.form.title;
    case 'asked':
      return reply.text;
    case 'sentence':
      return [reply.text, reply.block].filter((part) => part !== undefined).join('\n');
    case 'card':
      return `${reply.text}\n${plainText(reply.view)}`;
  }
}

/**
 * A house in which this was asked and approved, and nothing of it sent yet. `arrange` plants what is to go
 * wrong.
 */
export async function approvedHouse(
  command: string,
  options: TestAppOptions = {},
  arrange: (app: TestApp) => void = () => undefined,
): Promise<TestApp> {
  const app = await openTestApp(options);
  arrange(app);
  await app.say('responder1', command);
  await app.loop.tick();
  await app.press('approver1', 'approve');
  return app;
}
