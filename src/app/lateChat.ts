// A chat that may be out of reach when the bot starts, or later for so long that it has to be connected again
// from the beginning: the bot knows it all the time, its cards wait, and the other chats work meanwhile.
import type { Express } from 'express';
import type { OpenChat } from '../adapters/chatPlatform.ts';
import type { Check } from '../adapters/http/server.ts';
import { LateMount } from '../adapters/http/server.ts';
import { ChatError } from '../bot/ports.ts';
import type { ChatPort, Groups } from '../bot/ports.ts';
import type { Clock, Keeper, Log } from '../liveResponse/ports.ts';
import { ConfigError } from '../adapters/config/environment.ts';

/** Pauses before the next try to connect; the last repeats. Milliseconds. */
const pauses = [2_000, 5_000, 10_000, 20_000, 40_000, 60_000] as const;

/**
 * The other chats do not wait longer than this for one that is slow to connect at the start. Milliseconds.
 */
const openPatience = 5_000;

export interface LateOptions {
  /** The chat's name as people know it. */
  readonly name: string;
  readonly surface: string;
  /** The path of its deliveries. */
  readonly path: string;
  /** Makes and checks the chat's parts; throws ConfigError for what only another setting can cure. */
  readonly start: () => Promise<OpenChat>;
  /**
   * No other chat works without it: what only a setting cures ends the start, and a chat that is gone for
   * good ends the process.
   */
  readonly alone: boolean;
  /** Called when it is connected later than at the start, or again. */
  readonly onConnected: () => void;
  readonly clock: Clock;
  readonly log: Log;
}

export interface LateChat {
  readonly port: ChatPort;
  readonly groups: Groups;
  keepers(): readonly Keeper[];
  /** Makes the chat's parts, so that it can be written to: one try, like `open`. @throws ConfigError */
  prepare(): Promise<void>;
  mount(app: Express): void;
  /**
   * Begins to listen; the shared port is up, at this address. Where it fails and may succeed later, the rest
   * happens in the background. @throws ConfigError
   */
  open(url: string): Promise<void>;
  /** What was connected is of no use any more: connects again from the beginning. */
  reconnect(why: string): void;
  checks(): readonly Check[];
  drain(): Promise<void>;
  stop(): Promise<void>;
}

export function createLateChat(options: LateOptions): LateChat {
  const { name, surface, alone, clock, log } = options;
  const stopped = new AbortController();
  let current: OpenChat | undefined;
  let place: LateMount | undefined;
  /** Where the shared port listens, once it does. */
  let address = '';
  let why = 'it is being connected';
  let trying: Promise<void> | undefined;
  const isStopped = (): boolean => stopped.signal.aborted;

  function need(): OpenChat {
    if (current === undefined) throw new ChatError('unavailable', `${name} is not connected: ${why}`);
    return current;
  }

  async function connect(): Promise<void> {
    const made = await options.start();
    mountOf(made);
    await listen(made);
    // Stopping waits for this, and closes it then.
    current = made;
    options.onConnected();
  }

  function mountOf(made: OpenChat): void {
    place?.mount((app) => {
      made.mount(app);
    });
  }

  async function listen(made: OpenChat): Promise<void> {
    try {
      await made.open(address);
    } catch (error) {
      place?.unmount();
      await made.stop();
      throw error;
    }
  }

  /**
   * Nothing else would work meanwhile: whoever starts it has to put the setting right, and is told so at
   * once.
   */
  async function orLater(step: () => Promise<void>): Promise<void> {
    try {
      await step();
    } catch (error) {
      current = undefined;
      if (alone && error instanceof ConfigError) throw error;
      failed(error);
    }
  }

  async function again(): Promise<void> {
    for (let attempt = 0; current === undefined && !isStopped(); attempt += 1) {
      await clock.sleep(pauses[Math.min(attempt, pauses.length - 1)] ?? pauses[0], stopped.signal);
      try {
        if (isStopped()) return;
        await connect();
        log.info('chatConnected', { chat: surface });
      } catch (error) {
        failed(error);
      }
    }
  }

  function failed(error: unknown): void {
    why = error instanceof Error ? error.message : String(error);
    log.warn('chatNotConnected', { chat: surface, why });
  }

  function inBackground(): void {
    trying ??= again()
      .catch((error: unknown) => log.error('chatGivenUp', { chat: surface, error }))
      .finally(() => (trying = undefined));
  }

  function groupsOf({ groups }: OpenChat): Groups {
    if (groups === undefined) throw new Error(`${name} has no groups`);
    return groups;
  }

  /**
   * Everything a chat can do, so that nothing of it gets lost on the way; what a platform forgets is no
   * matter of this one.
   */
  const port: Required<Omit<ChatPort, 'ephemeralMessages'>> = {
    surface,
    name,
    // Before the intent to post is written down: what cannot be drawn leaves no line.
    acquireSlot: async (...ask) => need().chat.acquireSlot?.(...ask),
    // Not known while it is not connected: nothing is shown there that outsiders may not see.
    external: async (at) => (await need().chat.external?.(at)) ?? false,
    post: async (...ask) => need().chat.post(...ask),
    update: async (...ask) => need().chat.update(...ask),
    showsLess: (ref) => current?.chat.showsLess?.(ref) === true,
    supersede: async (...ask) => need().chat.supersede?.(...ask),
    note: async (...ask) => need().chat.note(...ask),
    announce: async (...ask) => need().chat.announce(...ask),
    probe: async (at) => need().chat.probe?.(at),
    replyPrivately: async (...ask) => need().chat.replyPrivately(...ask),
  };

  return {
    port,
    groups: { includes: async (...ask) => groupsOf(need()).includes(...ask) },
    keepers: () => current?.keepers ?? [],
    prepare: () =>
      orLater(async () => {
        current = await options.start();
      }),
    mount(app) {
      place = new LateMount(app, options.path);
      if (current !== undefined) mountOf(current);
    },
    async open(url) {
      address = url;
      const made = current;
      const first = made === undefined ? Promise.resolve() : orLater(() => listen(made));
      const done = first.then(() => {
        if (current === undefined) inBackground();
      });
      const cut = new AbortController();
      await Promise.race([done, clock.sleep(openPatience, cut.signal)]);
      cut.abort();
      done.catch((error: unknown) => {
        failed(error);
        inBackground();
      });
    },
    reconnect(reason) {
      const before = current;
      if (before === undefined || stopped.signal.aborted) return;
      current = undefined;
      place?.unmount();
      why = reason;
      log.warn('chatReconnects', { chat: surface, why });
      void before.stop().then(inBackground, (error: unknown) => {
        log.warn('chatNotClosed', { chat: surface, error });
        inBackground();
      });
    },
    checks() {
      if (current !== undefined) return current.checks();
      return [
        {
          name: surface,
          ok: false,
          ...(alone ? { blocks: true } : {}),
          why: `${name} is not connected: ${why} It is tried again by itself.`,
        },
      ];
    },
    async drain() {
      await current?.drain();
    },
    async stop() {
      stopped.abort();
      await trying;
      await current?.stop();
    },
  };
}
