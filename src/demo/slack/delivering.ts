// Deliveries of the fake Slack to the bot: signed over HTTP, or over the socket, with repetitions.
import { createHmac, randomUUID } from 'node:crypto';
import type { WebSocket } from 'ws';
import { tokens } from './server.ts';
import type { ApiServer } from './server.ts';
import { botUser, home } from './world.ts';
import type { Json, SlackWorld } from './world.ts';

/**
 * What became of one delivery. `acknowledged` is what Slack's three seconds ask for; otherwise the person
 * sees a warning.
 */
export interface Delivered {
  readonly acknowledged: boolean;
  readonly status?: number;
  readonly body: string;
  readonly ms: number;
}

export interface SignOptions {
  /** Seconds since 1970. */
  readonly timestamp?: number;
  readonly secret?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const ackDeadline = 3_000;

export class Deliverer {
  readonly #world: SlackWorld;
  readonly #api: ApiServer;
  #drop = false;
  #last: (() => Promise<Delivered>) | undefined;
  /** Where deliveries go over HTTP; while undefined they go over the socket. */
  target: string | undefined;

  constructor(world: SlackWorld, api: ApiServer) {
    this.#world = world;
    this.#api = api;
  }

  /** Signs and sends a body as Slack would. */
  async send(
    body: string,
    sign: SignOptions = {},
    contentType = 'application/x-www-form-urlencoded',
  ): Promise<Delivered> {
    if (this.target === undefined) throw new Error('no address to deliver to');
    const timestamp = String(sign.timestamp ?? Math.floor(this.#world.now() / 1000));
    const signature = `v0=${createHmac('sha256', sign.secret ?? tokens.signingSecret)
      .update(`v0:${timestamp}:${body}`)
      .digest('hex')}`;
    const began = performance.now();
    try {
      const answer = await fetch(this.target, {
        method: 'POST',
        headers: {
          'content-type': contentType,
          'x-slack-request-timestamp': timestamp,
          'x-slack-signature': signature,
          'user-agent': 'Slackbot 1.0 (+https://api.slack.com/robots)',
          ...sign.headers,
        },
        body,
        signal: AbortSignal.timeout(ackDeadline),
      });
      return {
        acknowledged: answer.status === 200,
        status: answer.status,
        body: await answer.text(),
        ms: performance.now() - began,
      };
    } catch (error) {
      return {
        acknowledged: false,
        body: error instanceof Error ? error.message : String(error),
        ms: performance.now() - began,
      };
    }
  }

  deliver(type: 'slash_commands' | 'interactive' | 'events_api', payload: Json): Promise<Delivered> {
    const again = (attempt: number): Promise<Delivered> =>
      this.target === undefined
        ? this.#overSocket(type, payload, attempt)
        : this.#overHttp(type, payload, attempt);
    let attempt = 0;
    this.#last = () => again((attempt += 1));
    return again(0);
  }

  /** Sends the last delivery once more, whatever is delivered meanwhile. */
  lastDelivery(): () => Promise<Delivered> {
    if (this.#last === undefined) throw new Error('nothing was delivered yet');
    return this.#last;
  }

  /** Cuts the socket right after the next delivery went out on it, before it can be acknowledged. */
  dropOnNextDelivery(): void {
    this.#drop = true;
  }

  #overHttp(type: string, payload: Json, attempt: number): Promise<Delivered> {
    // A repetition is signed again, a moment later.
    const retry =
      attempt === 0
        ? {}
        : {
            timestamp: Math.floor(this.#world.now() / 1000) + attempt,
            headers: { 'x-slack-retry-num': String(attempt), 'x-slack-retry-reason': 'http_timeout' },
          };
    if (type === 'events_api') return this.send(JSON.stringify(payload), retry, 'application/json');
    const fields =
      type === 'slash_commands'
        ? Object.entries(payload).map(([key, value]): [string, string] => [key, String(value)])
        : [['payload', JSON.stringify(payload)] as [string, string]];
    return this.send(new URLSearchParams(fields).toString(), retry);
  }

  async #overSocket(type: string, payload: Json, attempt: number): Promise<Delivered> {
    const socket = await this.#world.until<WebSocket>('a connected socket', () =>
      [...this.#api.sockets].at(-1),
    );
    const began = performance.now();
    const id = randomUUID();
    return new Promise((resolve) => {
      const done = (acknowledged: boolean, body: string): void => {
        clearTimeout(late);
        socket.off('message', onMessage);
        socket.off('close', onClose);
        resolve({ acknowledged, body, ms: performance.now() - began });
      };
      const late = setTimeout(() => {
        done(false, 'operation_timeout');
      }, ackDeadline);
      const onMessage = (data: Buffer): void => {
        const said = JSON.parse(data.toString('utf8')) as Json;
        if (said['envelope_id'] === id) done(true, JSON.stringify(said['payload'] ?? {}));
      };
      const onClose = (): void => {
        done(false, 'socket closed');
      };
      socket.on('message', onMessage);
      socket.on('close', onClose);
      socket.send(
        JSON.stringify({
          envelope_id: id,
          type,
          payload,
          accepts_response_payload: type !== 'events_api',
          ...(attempt === 0 ? {} : { retry_attempt: attempt, retry_reason: 'timeout' }),
        }),
        () => {
          if (!this.#drop) return;
          this.#drop = false;
          socket.terminate();
        },
      );
    });
  }
}

/** An event as Slack delivers it. */
export function envelopeOf(world: SlackWorld, event: Json): Json {
  return {
    token: 'x',
    team_id: home,
    api_app_id: 'A0APP',
    type: 'event_callback',
    event_id: `Ev${world.nextId()}`,
    event_time: Math.floor(world.now() / 1000),
    authorizations: [
      { enterprise_id: null, team_id: home, user_id: botUser, is_bot: true, is_enterprise_install: false },
    ],
    event,
  };
}
