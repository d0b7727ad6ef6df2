// Socket Mode connection of Slack: reconnects without giving up, with a watchdog that asks for a restart when
// the bot has been without a connection for too long. The SDK gets only those frames that it can take.
import { SocketModeReceiver } from '@slack/bolt';
import { failureOf, messageOf } from '../outbound/slackFailure.ts';
import type { Check } from '../../http/server.ts';
import { random } from '../../clock.ts';
import type { Clock, Log } from '../../../liveResponse/ports.ts';
import { callTimeout, graceOf, socketDeaf, bodyLimit } from '../limits.ts';
import type { Connection } from '../outbound/webApi.ts';
import { parseJson, recordOf } from '../../../liveResponse/text/json.ts';

/** What the SDK connects its socket with. */
export type SocketDispatcher = NonNullable<ConstructorParameters<typeof SocketModeReceiver>[0]['dispatcher']>;

export interface SocketOptions extends Connection {
  readonly appToken: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Another way than the direct one. */
  readonly dispatcher?: SocketDispatcher | undefined;
  /** The proxy by which Slack's sockets are reached, where they are. */
  readonly proxy?: string | undefined;
  /** How long there may be no connection. Milliseconds; `socketDeaf` by default. */
  readonly deafAfter?: number | undefined;
  /**
   * Called once when the socket has been gone that long after it was there: the process should end with an
   * error.
   */
  readonly onDeaf: (why: string) => void;
  /** How long the SDK waits for a pong, and before it connects again. Milliseconds; 5,000 by default. */
  readonly pingTimeout?: number | undefined;
}

const mostBetweenLooks = 5_000;
/** A close that is not answered is cut after this. Milliseconds. */
const closeTime = 3_000;

export class Socket {
  readonly receiver: SocketModeReceiver;
  readonly #options: SocketOptions;
  readonly #clock: Clock;
  readonly #log: Log;
  /** Milliseconds without a connection: `#deafAfter` ends the process, `#grace` shows in the check. */
  readonly #deafAfter: number;
  readonly #grace: number;
  readonly #watchEvery: number;
  readonly #stopped = new AbortController();
  /** Since when there is no connection, in elapsed time; undefined while there is one. */
  #goneSince: number | undefined;
  #why = 'not connected yet';

  constructor(options: SocketOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#deafAfter = options.deafAfter ?? socketDeaf;
    this.#grace = graceOf(this.#deafAfter);
    this.#watchEvery = Math.min(mostBetweenLooks, this.#grace);
    this.#goneSince = options.clock.elapsed();
    this.receiver = receiverFor(options);
    this.#listen();
    this.#guardFrames();
    this.#guardRestarts();
  }

  /**
   * Connects; rejects when Slack does not take the app token, and when no connection comes about in
   * `deafAfter`.
   */
  async start(): Promise<void> {
    const watching = this.#watch();
    // A socket that Slack takes and never says hello on leaves the SDK waiting forever: the watchdog looks
    // from the first moment.
    const started = this.receiver.client.start().then(() => 'connected' as const);
    const first = await Promise.race([started, watching]);
    if (first !== 'connected') throw new Error(first ?? 'stopped before Slack was connected');
    void watching.then((deaf) => {
      if (deaf !== undefined) this.#options.onDeaf(deaf);
    });
  }

  check(): Check {
    const gone = this.#goneFor();
    if (gone <= this.#grace) return { name: 'slackSocket', ok: true };
    const { proxy } = this.#options;
    const lead =
      proxy === undefined || this.#why.includes('SLACK_APP_TOKEN')
        ? ''
        : `. The proxy ${proxy} must let WebSockets to wss-primary.slack.com and wss-backup.slack.com through (docs/reach.md)`;
    return { name: 'slackSocket', ok: false, why: `${this.#noConnection(gone)}${lead}` };
  }

  /**
   * What comes from now on is not taken: because it is not acknowledged, Slack gives it to the process that
   * connects next.
   */
  quiet(): void {
    this.receiver.client.removeAllListeners('slack_event');
  }

  /** Resolves when the connection is closed. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    const closing = this.receiver.client.disconnect().then(
      () => undefined,
      (error: unknown) => {
        this.#log.info('slackSocketCloseFailed', { error: messageOf(error) });
      },
    );
    const cut = new AbortController();
    await Promise.race([closing, this.#clock.sleep(closeTime, cut.signal)]);
    cut.abort();
  }

  #listen(): void {
    const { client } = this.receiver;
    client.on('connected', () => {
      this.#connected();
    });
    client.on('close', () => {
      this.#lost('the connection was closed');
    });
    client.on('disconnected', () => {
      this.#lost('the connection was closed');
    });
    client.on('error', (error: unknown) => {
      this.#lost(messageOf(error));
    });
  }

  /**
   * What the SDK's own listener throws ends the process, because nobody awaits it: it gets what it can take,
   * and nothing leaves here.
   */
  #guardFrames(): void {
    const { client } = this.receiver;
    const sdk = client.listeners('ws_message') as readonly FrameListener[];
    client.removeAllListeners('ws_message');
    client.on('ws_message', (data: unknown, isBinary: unknown) => {
      void this.#receive(sdk, data, isBinary === true);
    });
  }

  async #receive(sdk: readonly FrameListener[], data: unknown, isBinary: boolean): Promise<void> {
    try {
      const { text, odd, disconnect } = readFrame(data, isBinary);
      if (odd !== undefined)
        this.#log.warn('slackFrameIgnored', { why: odd, acknowledged: text !== undefined });
      if (disconnect !== undefined) this.#log.info('slackSocketRecycled', { why: disconnect });
      if (text !== undefined) for (const listener of sdk) await listener(text, false);
    } catch (error) {
      this.#log.error('bug', { reference: random.hex(3), where: 'slackSocket', error });
    }
  }

  /**
   * The SDK starts again through its own `start` and nobody awaits it there: what it throws would end the
   * process without a word.
   */
  #guardRestarts(): void {
    const { client } = this.receiver;
    const startOnce = client.start.bind(client);
    let first = true;
    client.start = async () => {
      if (first) {
        first = false;
        return startOnce();
      }
      return startOnce().catch((error: unknown) => {
        this.#lost(whyNotAgain(error));
        if (!this.#isStopped()) void this.#again();
        return { ok: false };
      });
    };
  }

  async #again(): Promise<void> {
    await this.#clock.sleep(this.#watchEvery, this.#stopped.signal);
    if (!this.#isStopped() && this.#goneSince !== undefined) await this.receiver.client.start();
  }

  /** The sentence once there was no connection for too long; undefined when it was stopped before. */
  async #watch(): Promise<string | undefined> {
    while (!this.#isStopped()) {
      await this.#clock.sleep(this.#watchEvery, this.#stopped.signal);
      const gone = this.#goneFor();
      if (gone <= this.#deafAfter || this.#isStopped()) continue;
      this.#log.error('slackSocketDeaf', { why: this.#why, goneMs: gone });
      return this.#noConnection(gone);
    }
    return undefined;
  }

  #connected(): void {
    if (this.#goneSince !== undefined)
      this.#log.info('slackSocketConnected', { after: this.#clock.elapsed() - this.#goneSince });
    this.#goneSince = undefined;
  }

  #lost(reason: string): void {
    if (this.#isStopped()) return;
    if (this.#goneSince === undefined) this.#log.warn('slackSocketLost', { why: reason });
    this.#goneSince ??= this.#clock.elapsed();
    this.#why = reason;
  }

  #goneFor(): number {
    return this.#goneSince === undefined ? 0 : this.#clock.elapsed() - this.#goneSince;
  }

  #noConnection(gone: number): string {
    return `No connection to Slack for ${Math.round(gone / 1000)} s: ${this.#why}`;
  }

  #isStopped(): boolean {
    return this.#stopped.signal.aborted;
  }
}

type FrameListener = (data: string, isBinary: boolean) => unknown;

function receiverFor(options: SocketOptions): SocketModeReceiver {
  return new SocketModeReceiver({
    appToken: options.appToken,
    logger: options.logger,
    ...(options.dispatcher === undefined ? {} : { dispatcher: options.dispatcher }),
    // Made for this client alone: the SDK writes its own retry settings into the object it is given.
    installerOptions: {
      clientOptions: {
        slackApiUrl: options.apiUrl,
        timeout: options.timeout ?? callTimeout,
        // Forever: with a limit, the SDK takes the last failure for final and stays deaf.
        retryConfig: { forever: true, factor: 1.3, minTimeout: 500, maxTimeout: 10_000, randomize: true },
        fetch: options.fetch,
      },
    },
    ...(options.pingTimeout === undefined ? {} : { clientPingTimeout: options.pingTimeout }),
    processEventErrorHandler: ({ error }) => {
      options.log.error('bug', { reference: random.hex(3), where: 'slackEvent', error });
      return Promise.resolve(false);
    },
  });
}

/** A token that is refused stays refused: a person has to act, and reads where. */
function whyNotAgain(error: unknown): string {
  const { kind, slackError, way } = failureOf('apps.connections.open', error);
  if (way !== undefined) return way;
  return kind === 'token'
    ? `Slack does not accept SLACK_APP_TOKEN any more (${slackError}). Make one under "Basic Information", "App-Level Tokens", with the scope connections:write, set it and restart.`
    : `Slack does not let the bot connect again: ${messageOf(error)}`;
}

/** What one frame of the socket means; an envelope that nobody can read is still acknowledged. */
export interface Frame {
  /** For the SDK; undefined when there is nothing in it that it could use. */
  readonly text?: string;
  /** Why nothing, or nothing but an acknowledgement, comes of it. */
  readonly odd?: string;
  /** Why Slack ends this connection. */
  readonly disconnect?: string;
}

/**
 * The SDK reads `payload.event.type` without looking whether it is there, and calls its own listeners with a
 * type of any name, `close` and `error` among them. So every envelope reaches it as one kind, with an object
 * as its payload.
 */
export function readFrame(data: unknown, isBinary: boolean): Frame {
  if (isBinary || typeof data !== 'string') return { odd: 'binary' };
  if (data.length > bodyLimit) return { ...bare(idWithin(data)), odd: 'too large' };
  const read = parseJson(data);
  if (read === undefined) return { ...bare(idWithin(data)), odd: 'no JSON, or nested too deeply' };
  const frame = recordOf(read.value);
  const { type, envelope_id: id, payload, reason } = frame;
  if (type === 'hello') return { text: JSON.stringify({ type }) };
  if (type === 'disconnect')
    return {
      text: JSON.stringify({ type }),
      disconnect: typeof reason === 'string' ? reason.slice(0, 60) : 'no reason',
    };
  if (typeof id !== 'string' || id === '') return { odd: 'no envelope' };
  const body = recordOf(payload);
  if (Object.keys(body).length === 0) return { ...bare(id), odd: 'no payload' };
  return { text: envelope(id, body) };
}

function bare(id: string | undefined): Pick<Frame, 'text'> {
  return id === undefined ? {} : { text: envelope(id, {}) };
}

function envelope(id: string, payload: object): string {
  return JSON.stringify({ type: 'envelope', envelope_id: id, payload });
}

/**
 * The id of an envelope that cannot be read as a whole. Too long a text is looked through at both ends only.
 */
function idWithin(text: string): string | undefined {
  return /"envelope_id"\s{0,8}:\s{0,8}"([^"\\]{1,100})"/.exec(
    text.length > 2 * bodyLimit ? `${text.slice(0, bodyLimit)}\n${text.slice(-bodyLimit)}` : text,
  )?.[1];
}
