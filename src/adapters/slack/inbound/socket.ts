// Socket Mode that comes back: reconnects without giving up, and a watchdog that says when the bot is deaf
// and asks for a restart.
import { SocketModeReceiver } from '@slack/bolt';
import type { Logger } from '@slack/bolt';
import { failureOf, messageOf } from '../outbound/slackFailure.ts';
import { readFrame } from './frames.ts';
import type { Check } from '../../http/server.ts';
import { random } from '../../random.ts';
import type { Clock, Log } from '../../../liveResponse/ports.ts';
import { callTimeout, graceOf, socketDeaf } from '../limits.ts';
import type { SlackFetch } from '../outbound/slackFetch.ts';

/** What the SDK connects its socket with. */
export type SocketDispatcher = NonNullable<ConstructorParameters<typeof SocketModeReceiver>[0]['dispatcher']>;

export interface SocketOptions {
  readonly appToken: string;
  readonly apiUrl: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly logger: Logger;
  readonly fetch: SlackFetch;
  /** Another way than the direct one. */
  readonly dispatcher?: SocketDispatcher;
  /** The proxy by which Slack's sockets are reached, where they are. */
  readonly proxy?: string;
  /** How long there may be no connection. Milliseconds; `socketDeaf` by default. */
  readonly deafAfter?: number;
  /** For each call that asks for a connection. Milliseconds; `callTimeout` by default. */
  readonly timeout?: number;
  /**
   * Called once when the socket has been gone that long after it was there: the process should end with an
   * error.
   */
  readonly onDeaf: (why: string) => void;
  /** How long the SDK waits for a pong, and before it connects again. Milliseconds; 5,000 by default. */
  readonly pingTimeout?: number;
}

export interface Socket {
  readonly receiver: SocketModeReceiver;
  /**
   * Connects; rejects when Slack does not take the app token, and when no connection comes about in
   * `deafAfter`.
   */
  start(): Promise<void>;
  check(): Check;
  /** What comes from now on is not taken: unacknowledged, Slack gives it to whoever connects next. */
  quiet(): void;
  /** Resolves when the connection is closed. */
  stop(): Promise<void>;
}

const mostBetweenLooks = 5_000;
/** A close that is not answered is cut after this. Milliseconds. */
const closeTime = 3_000;

export function createSocket(options: SocketOptions): Socket {
  const { clock, log, deafAfter = socketDeaf } = options;
  const grace = graceOf(deafAfter);
  const watchEvery = Math.min(mostBetweenLooks, grace);
  const receiver = new SocketModeReceiver({
    appToken: options.appToken,
    logger: options.logger,
    ...(options.dispatcher === undefined ? {} : { dispatcher: options.dispatcher }),
    // Made for this client alone: the SDK writes its own retry settings into the object it is given.
    installerOptions: {
      clientOptions: {
        slackApiUrl: options.apiUrl,
        timeout: options.timeout ?? callTimeout,
        // For ever: with a limit, the SDK takes the last failure for final and stays deaf.
        retryConfig: { forever: true, factor: 1.3, minTimeout: 500, maxTimeout: 10_000, randomize: true },
        fetch: options.fetch,
      },
    },
    ...(options.pingTimeout === undefined ? {} : { clientPingTimeout: options.pingTimeout }),
    processEventErrorHandler: ({ error }) => {
      log.error('bug', { reference: random.hex(3), where: 'slackEvent', error });
      return Promise.resolve(false);
    },
  });
  const { client } = receiver;
  const stopped = new AbortController();
  /** Since when there is no connection, in elapsed time; undefined while there is one. */
  let goneSince: number | undefined = clock.elapsed();
  let why = 'not connected yet';
  const isStopped = (): boolean => stopped.signal.aborted;

  const connected = (): void => {
    if (goneSince !== undefined) log.info('slackSocketConnected', { after: clock.elapsed() - goneSince });
    goneSince = undefined;
  };
  const lost = (reason: string): void => {
    if (isStopped()) return;
    if (goneSince === undefined) log.warn('slackSocketLost', { why: reason });
    goneSince ??= clock.elapsed();
    why = reason;
  };
  client.on('connected', connected);
  client.on('close', () => {
    lost('the connection was closed');
  });
  client.on('disconnected', () => {
    lost('the connection was closed');
  });
  client.on('error', (error: unknown) => {
    lost(messageOf(error));
  });

  // What the SDK's own listener throws ends the process, because nobody awaits it: it gets what it can take,
  // and nothing leaves here.
  const sdk = client.listeners('ws_message');
  client.removeAllListeners('ws_message');
  client.on('ws_message', (data: unknown, isBinary: unknown) => void received(data, isBinary === true));

  async function received(data: unknown, isBinary: boolean): Promise<void> {
    try {
      const { text, odd, disconnect } = readFrame(data, isBinary);
      if (odd !== undefined) log.warn('slackFrameIgnored', { why: odd, acknowledged: text !== undefined });
      if (disconnect !== undefined) log.info('slackSocketRecycled', { why: disconnect });
      if (text !== undefined)
        for (const listener of sdk)
          await (listener as (data: string, isBinary: boolean) => unknown)(text, false);
    } catch (error) {
      log.error('bug', { reference: random.hex(3), where: 'slackSocket', error });
    }
  }

  // The SDK starts again through this very method and nobody awaits it there: what it throws would end the
  // process without a word.
  const startOnce = client.start.bind(client);
  let first = true;
  client.start = async () => {
    if (first) {
      first = false;
      return startOnce();
    }
    return startOnce().catch((error: unknown) => {
      lost(whyNotAgain(error));
      if (!isStopped()) void again();
      return { ok: false };
    });
  };

  async function again(): Promise<void> {
    await clock.sleep(watchEvery, stopped.signal);
    if (!isStopped() && goneSince !== undefined) await client.start();
  }

  /**
   * Resolves with the sentence when nothing was heard for too long, with undefined when it was stopped
   * before.
   */
  async function watch(): Promise<string | undefined> {
    while (!isStopped()) {
      await clock.sleep(watchEvery, stopped.signal);
      const gone = goneFor();
      if (gone <= deafAfter || isStopped()) continue;
      log.error('slackSocketDeaf', { why, goneMs: gone });
      return `No connection to Slack for ${Math.round(gone / 1000)} s: ${why}`;
    }
    return undefined;
  }

  function goneFor(): number {
    return goneSince === undefined ? 0 : clock.elapsed() - goneSince;
  }

  return {
    receiver,
    async start() {
      const watching = watch();
      // A socket that Slack takes and never says hello on leaves the SDK waiting for ever: the watchdog looks
      // from the first moment.
      const first = await Promise.race([client.start().then(() => 'connected' as const), watching]);
      if (first !== 'connected') throw new Error(first ?? 'stopped before Slack was connected');
      void watching.then((deaf) => {
        if (deaf !== undefined) options.onDeaf(deaf);
      });
    },
    check() {
      const gone = goneFor();
      return gone <= grace
        ? { name: 'slackSocket', ok: true }
        : {
            name: 'slackSocket',
            ok: false,
            why: `No connection to Slack for ${Math.round(gone / 1000)} s: ${why}${options.proxy === undefined || why.includes('SLACK_APP_TOKEN') ? '' : `. The proxy ${options.proxy} must let WebSockets to wss-primary.slack.com and wss-backup.slack.com through (docs/reach.md)`}`,
          };
    },
    quiet() {
      client.removeAllListeners('slack_event');
    },
    async stop() {
      stopped.abort();
      const closing = client.disconnect().then(
        () => undefined,
        (error: unknown) => {
          log.info('slackSocketCloseFailed', { error: messageOf(error) });
        },
      );
      const cut = new AbortController();
      await Promise.race([closing, clock.sleep(closeTime, cut.signal)]);
      cut.abort();
    },
  };
}

/** A token that is refused stays refused: a person has to act, and is told where. */
function whyNotAgain(error: unknown): string {
  const { kind, slackError, way } = failureOf('apps.connections.open', error);
  if (way !== undefined) return way;
  return kind === 'token'
    ? `Slack does not accept SLACK_APP_TOKEN any more (${slackError}). Make one under "Basic Information", "App-Level Tokens", with the scope connections:write, set it and restart.`
    : `Slack does not let the bot connect again: ${messageOf(error)}`;
}
