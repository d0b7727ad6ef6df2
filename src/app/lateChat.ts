// Late chat: one that may be out of reach when the bot starts, or later for so long that it has to be
// connected again from the beginning. The bot knows it all the time, its cards wait, and the other chats work
// meanwhile.
import type { Express } from 'express';
import type { OpenChat } from '../adapters/chatPlatform.ts';
import type { Unanswered } from '../adapters/deliveries/deliveries.ts';
import type { Check } from '../adapters/http/server.ts';
import { LateMount } from '../adapters/http/server.ts';
import { ChatError } from '../bot/ports.ts';
import type { ChatPort, Groups } from '../bot/ports.ts';
import type { Clock, Keeper, Log } from '../liveResponse/ports.ts';
import { ConfigError } from '../adapters/config/environment.ts';

/** Pauses before the next try to connect; the last repeats. Milliseconds. */
const pauses = [2_000, 5_000, 10_000, 20_000, 40_000, 60_000] as const;

/** How long the other chats wait for one that is slow to connect at the start. Milliseconds. */
const openPatience = 5_000;

export interface LateOptions {
  /** The chat's name as people know it. */
  readonly name: string;
  readonly surface: string;
  /** The path of its deliveries. */
  readonly path: string;
  /** Makes and checks the chat's parts; throws ConfigError for what only another setting can put right. */
  readonly start: () => Promise<OpenChat>;
  /**
   * No other chat is set up: then what only another setting can put right ends the start, and a chat that is
   * gone for good ends the process.
   */
  readonly alone: boolean;
  /** Called when it is connected later than at the start, or again. */
  readonly onConnected: () => void;
  readonly clock: Clock;
  readonly log: Log;
}

/** A chat as the composition knows it, whether it was opened at the start or is connected later. */
export interface StandingChat {
  readonly port: ChatPort;
  readonly groups: Groups | undefined;
  keepers(): readonly Keeper[];
  mount(app: Express): void;
  open(url: string): Promise<void>;
  checks(): readonly Check[];
  unanswered(): Unanswered;
  drain(): Promise<void>;
  stop(): Promise<void>;
}

export class LateChat implements StandingChat {
  readonly port: ChatPort;
  readonly groups: Groups;
  readonly #options: LateOptions;
  readonly #stopped = new AbortController();
  #current: OpenChat | undefined;
  #place: LateMount | undefined;
  /** Where the shared port listens, once it does. */
  #address = '';
  #why = 'it is being connected';
  #trying: Promise<void> | undefined;

  constructor(options: LateOptions) {
    this.#options = options;
    this.port = latePort(options, {
      connected: () => this.#current?.chat,
      need: () => this.#need().chat,
    });
    this.groups = { includes: async (...ask) => this.#groups().includes(...ask) };
  }

  keepers(): readonly Keeper[] {
    return this.#current?.keepers ?? [];
  }

  /** Makes the chat's parts, so that it can be written to: one try, like `open`. @throws ConfigError */
  prepare(): Promise<void> {
    return this.#orLater(async () => {
      this.#current = await this.#options.start();
    });
  }

  mount(app: Express): void {
    this.#place = new LateMount(app, this.#options.path);
    if (this.#current !== undefined) this.#mountRoutes(this.#current);
  }

  /**
   * Begins to listen; the shared port is up, at this address. Where it fails and may succeed later, the rest
   * happens in the background. @throws ConfigError
   */
  async open(url: string): Promise<void> {
    this.#address = url;
    const made = this.#current;
    const first = made === undefined ? Promise.resolve() : this.#orLater(() => this.#listen(made));
    const done = first.then(() => {
      if (this.#current === undefined) this.#connectInBackground();
    });
    const cut = new AbortController();
    await Promise.race([done, this.#options.clock.sleep(openPatience, cut.signal)]);
    cut.abort();
    done.catch((error: unknown) => {
      this.#noteFailure(error);
      this.#connectInBackground();
    });
  }

  /** What was connected is of no use any more: connects again from the beginning. */
  reconnect(why: string): void {
    const { surface, log } = this.#options;
    const before = this.#current;
    if (before === undefined || this.#stopped.signal.aborted) return;
    this.#current = undefined;
    this.#place?.unmount();
    this.#why = why;
    log.warn('chatReconnects', { chat: surface, why });
    void before.stop().then(
      () => this.#connectInBackground(),
      (error: unknown) => {
        log.warn('chatNotClosed', { chat: surface, error });
        this.#connectInBackground();
      },
    );
  }

  checks(): readonly Check[] {
    if (this.#current !== undefined) return this.#current.checks();
    const { name, surface, alone } = this.#options;
    return [
      {
        name: surface,
        ok: false,
        ...(alone ? { blocks: true } : {}),
        why: `${name} is not connected: ${this.#why} It is tried again by itself.`,
      },
    ];
  }

  unanswered(): Unanswered {
    return this.#current?.unanswered?.() ?? { count: 0 };
  }

  async drain(): Promise<void> {
    await this.#current?.drain();
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#trying;
    await this.#current?.stop();
  }

  #need(): OpenChat {
    if (this.#current === undefined)
      throw new ChatError('unavailable', `${this.#options.name} is not connected: ${this.#why}`);
    return this.#current;
  }

  #groups(): Groups {
    const { groups } = this.#need();
    if (groups === undefined) throw new Error(`${this.#options.name} has no groups`);
    return groups;
  }

  async #connect(): Promise<void> {
    const made = await this.#options.start();
    this.#mountRoutes(made);
    await this.#listen(made);
    // Stopping waits for this, and closes it then.
    this.#current = made;
    this.#options.onConnected();
  }

  #mountRoutes(made: OpenChat): void {
    this.#place?.mount((app) => {
      made.mount(app);
    });
  }

  async #listen(made: OpenChat): Promise<void> {
    try {
      await made.open(this.#address);
    } catch (error) {
      this.#place?.unmount();
      await made.stop();
      throw error;
    }
  }

  /**
   * A lone chat with a wrong setting ends the start: nothing else would work meanwhile, and the person who
   * starts the bot has to put the setting right.
   */
  async #orLater(step: () => Promise<void>): Promise<void> {
    try {
      await step();
    } catch (error) {
      this.#current = undefined;
      if (this.#options.alone && error instanceof ConfigError) throw error;
      this.#noteFailure(error);
    }
  }

  async #connectAgain(): Promise<void> {
    const { clock, log, surface } = this.#options;
    for (let attempt = 0; this.#current === undefined && !this.#isStopped(); attempt += 1) {
      await clock.sleep(pauses[Math.min(attempt, pauses.length - 1)] ?? pauses[0], this.#stopped.signal);
      try {
        if (this.#isStopped()) return;
        await this.#connect();
        log.info('chatConnected', { chat: surface });
      } catch (error) {
        this.#noteFailure(error);
      }
    }
  }

  #isStopped(): boolean {
    return this.#stopped.signal.aborted;
  }

  #noteFailure(error: unknown): void {
    const { log, surface } = this.#options;
    this.#why = error instanceof Error ? error.message : String(error);
    log.warn('chatNotConnected', { chat: surface, why: this.#why });
  }

  #connectInBackground(): void {
    const { log, surface } = this.#options;
    this.#trying ??= this.#connectAgain()
      .catch((error: unknown) => log.error('chatGivenUp', { chat: surface, error }))
      .finally(() => (this.#trying = undefined));
  }
}

/**
 * Everything a chat can do, so that nothing of it gets lost on the way.
 * @param chat the chat behind it: `connected` while it is connected, `need` or a ChatError
 */
function latePort(
  { surface, name }: Pick<LateOptions, 'surface' | 'name'>,
  chat: { connected(): ChatPort | undefined; need(): ChatPort },
): Required<Omit<ChatPort, 'ephemeralMessages'>> {
  return {
    surface,
    name,
    // Before the intent to post is written down: what cannot be drawn leaves no line.
    acquireSlot: async (...ask) => chat.need().acquireSlot?.(...ask),
    // Not known while it is not connected: nothing is shown there that outsiders may not see.
    external: async (at) => (await chat.need().external?.(at)) ?? false,
    post: async (...ask) => chat.need().post(...ask),
    update: async (...ask) => chat.need().update(...ask),
    showsLess: (ref) => chat.connected()?.showsLess?.(ref) === true,
    supersede: async (...ask) => chat.need().supersede?.(...ask),
    note: async (...ask) => chat.need().note(...ask),
    announce: async (...ask) => chat.need().announce(...ask),
    probe: async (at) => chat.need().probe?.(at),
    replyPrivately: async (...ask) => chat.need().replyPrivately(...ask),
  };
}
