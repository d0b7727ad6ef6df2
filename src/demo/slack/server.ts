// HTTP and WebSocket server of the fake Slack: tokens, rate tiers with Retry-After, response addresses,
// socket tickets, and faults on demand.
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { parse } from 'node:querystring';
import { WebSocketServer } from 'ws';
import type { WebSocket } from 'ws';
import { play } from '../refusal.ts';
import type { Refuse } from '../refusal.ts';
import { methods, SlackRefusal, text, tiers } from './methods.ts';
import type { Json, SlackWorld } from './world.ts';

export type Fault =
  /** Done, but the answer never arrives. */
  | { readonly kind: 'cutAfter' }
  /** Cut before anything happens. */
  | { readonly kind: 'cutBefore' }
  | { readonly kind: 'status'; readonly status: number }
  | { readonly kind: 'error'; readonly error: string }
  | { readonly kind: 'ratelimited'; readonly seconds: number | undefined }
  /** Answers with a web page, as proxies do. */
  | { readonly kind: 'page' }
  /**
   * Done, and the answer held back until then, with the connection open; `muted` counts those that still wait
   * for it.
   */
  | { readonly kind: 'mute'; readonly until: Promise<void> }
  /**
   * Waits for `go` before it is done; the answer goes out after it, if anybody is still there. `never`: it is
   * not done at all.
   */
  | { readonly kind: 'hold'; readonly go: Promise<void>; readonly never?: boolean };

/** `deaf` takes sockets and says nothing on any of them, not even a pong; `refused` takes none. */
export type SocketMood = 'open' | 'deaf' | 'refused';

export const tokens = {
  bot: 'xoxb-fake-bot',
  app: 'xapp-fake-app',
  signingSecret: 'fake-signing-secret',
} as const;

export class ApiServer {
  readonly #world: SlackWorld;
  readonly #server: Server;
  readonly #upgrades = new WebSocketServer({ noServer: true });
  readonly #faults = new Map<string, Fault[]>();
  /** Times of recent calls, by what is counted together. */
  readonly #used = new Map<string, number[]>();
  readonly #tickets = new Set<string>();
  readonly #sockets = new Set<WebSocket>();
  readonly #held: string[] = [];
  #muted = 0;
  #down = false;
  #mood: SocketMood = 'open';
  /**
   * Tokens that are accepted, which change when one is exchanged. A socket stays open when its token goes.
   */
  readonly accepted = { bot: new Set<string>([tokens.bot]), app: new Set<string>([tokens.app]) };
  /**
   * The addresses it names for sockets and for answers, in place of its own: Slack has hosts of their own for
   * both.
   */
  names: { readonly sockets: string; readonly answers: string } = { sockets: '', answers: '' };
  /** Asked before all else at each call. */
  refuse: Refuse | undefined;
  rates = true;
  #origin = '';

  constructor(world: SlackWorld) {
    this.#world = world;
    this.#server = createServer((request, response) => {
      this.#handle(request, response).catch((error: unknown) => {
        response.destroy();
        throw error;
      });
    });
    this.#server.on('upgrade', (request, socket, head) => {
      this.#upgrade(request, socket, head);
    });
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    const { port } = this.#server.address() as AddressInfo;
    this.#origin = `http://127.0.0.1:${port}`;
    this.names = { sockets: this.#origin.replace('http:', 'ws:'), answers: this.#origin };
  }

  get origin(): string {
    return this.#origin;
  }

  get sockets(): ReadonlySet<WebSocket> {
    return this.#sockets;
  }

  /** Calls that wait for their `go`, by method. */
  get held(): readonly string[] {
    return this.#held;
  }

  /** Callers that still wait for an answer which is held back. */
  get muted(): number {
    return this.#muted;
  }

  /** Nothing answers while down. */
  get down(): boolean {
    return this.#down;
  }

  set down(value: boolean) {
    this.#down = value;
    if (value) for (const socket of this.#sockets) socket.terminate();
  }

  get socketMood(): SocketMood {
    return this.#mood;
  }

  set socketMood(value: SocketMood) {
    this.#mood = value;
    if (value === 'deaf') for (const socket of this.#sockets) socket.pause();
    if (value === 'refused') for (const socket of this.#sockets) socket.terminate();
  }

  fault(method: string, fault: Fault, times = 1): void {
    const more = Array.from({ length: times }, () => fault);
    this.#faults.set(method, [...(this.#faults.get(method) ?? []), ...more]);
  }

  /** Forgets faults that have not happened yet. */
  clearFaults(): void {
    this.#faults.clear();
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.terminate();
    this.#upgrades.close();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const ticket = new URL(request.url ?? '/', 'http://fake').searchParams.get('ticket') ?? '';
    if (this.#down || this.#mood === 'refused' || !this.#tickets.delete(ticket)) {
      socket.destroy();
      return;
    }
    this.#upgrades.handleUpgrade(request, socket, head, (ws) => {
      this.#sockets.add(ws);
      ws.on('close', () => {
        this.#sockets.delete(ws);
        this.#world.changed();
      });
      if (this.#mood === 'deaf') ws.pause();
      else
        ws.send(
          JSON.stringify({
            type: 'hello',
            num_connections: this.#sockets.size,
            connection_info: { app_id: 'A0APP' },
          }),
        );
      this.#world.changed();
    });
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await read(request);
    if (this.#down) {
      request.socket.destroy();
      return;
    }
    const path = new URL(request.url ?? '/', this.#origin).pathname;
    const address = path.startsWith('/respond/') ? path.slice('/respond/'.length) : undefined;
    const method = address === undefined ? path.replace('/api/', '') : 'response_url';
    const refused = this.refuse?.({
      method,
      about:
        address === undefined ? aboutOf(parse(body)) : (this.#world.responseUrls.get(address)?.channel ?? ''),
    });
    if (refused !== undefined) {
      if (refused.done === true && address === undefined) this.#perform(method, { ...parse(body) }, request);
      this.#log(method, { ...parse(body) }, refused.name);
      this.#world.changed();
      play(refused, request, response);
      return;
    }
    if (address === undefined) await this.#call(method, body, request, response);
    else this.#respond(address, body, response);
  }

  async #call(
    method: string,
    body: string,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const fault = this.#faults.get(method)?.shift();
    if (fault?.kind === 'hold') await this.#hold(method, fault.go);
    if (fault?.kind === 'cutBefore' || (fault?.kind === 'hold' && fault.never === true)) {
      request.socket.destroy();
      return;
    }
    if (fault?.kind === 'status' || fault?.kind === 'page') {
      response
        .writeHead(fault.kind === 'status' ? fault.status : 200, { 'content-type': 'text/html' })
        .end('<html>Bad gateway</html>');
      return;
    }
    const args: Json = { ...parse(body) };
    const wait = fault?.kind === 'ratelimited' ? fault.seconds : this.#overRate(method, args);
    if (wait !== undefined || fault?.kind === 'ratelimited') {
      this.#log(method, args, 'ratelimited');
      tooMany(response, wait);
      return;
    }
    const answer =
      fault?.kind === 'error' ? refusal(new SlackRefusal(fault.error)) : this.#perform(method, args, request);
    this.#log(method, args, typeof answer['error'] === 'string' ? answer['error'] : undefined);
    this.#world.changed();
    if (fault?.kind === 'cutAfter') {
      request.socket.destroy();
      return;
    }
    if (fault?.kind === 'mute') await Promise.race([fault.until, this.#givenUp(response)]);
    if (response.destroyed) return;
    response
      .writeHead(200, {
        'content-type': 'application/json; charset=utf-8',
        'x-oauth-scopes': this.#world.scopes.join(','),
      })
      .end(JSON.stringify(answer));
  }

  /** Resolves when the caller hangs up. */
  async #givenUp(response: ServerResponse): Promise<void> {
    this.#muted += 1;
    await new Promise((resolve) => response.once('close', resolve));
    this.#muted -= 1;
    this.#world.changed();
  }

  async #hold(method: string, go: Promise<void>): Promise<void> {
    this.#held.push(method);
    this.#world.changed();
    await go;
    this.#held.splice(this.#held.indexOf(method), 1);
  }

  #log(method: string, args: Json, error: string | undefined): void {
    const at = this.#world.now();
    this.#world.calls.push({ method, args, at, ...(error === undefined ? {} : { error }) });
  }

  #perform(method: string, args: Json, request: IncomingMessage): Json {
    const bearer = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? text(args['token']);
    const wanted = method === 'apps.connections.open' ? this.accepted.app : this.accepted.bot;
    if (bearer === '') return refusal(new SlackRefusal('not_authed'));
    if (!wanted.has(bearer)) return refusal(new SlackRefusal('invalid_auth'));
    if (this.#world.revoked) return refusal(new SlackRefusal('token_revoked'));
    if (method === 'apps.connections.open') {
      const ticket = `t${this.#world.nextId()}`;
      this.#tickets.add(ticket);
      return { ok: true, url: `${this.names.sockets}/link?ticket=${ticket}` };
    }
    const known = methods[method];
    if (known === undefined) return refusal(new SlackRefusal('unknown_method'));
    try {
      return { ok: true, ...known(this.#world, args) };
    } catch (error) {
      if (error instanceof SlackRefusal) return refusal(error);
      throw error;
    }
  }

  /** Seconds to wait when one more call of this method would be too many. */
  #overRate(method: string, args: Json): number | undefined {
    if (!this.rates) return undefined;
    const now = this.#world.now();
    // One message a second and channel, with Slack's short bursts; everything else by tier and minute.
    const [key, most, window] =
      method === 'chat.postMessage'
        ? [`${method} ${text(args['channel'])}`, 3, 2_000]
        : [method, tiers[method] ?? 20, 60_000];
    const recent = (this.#used.get(key) ?? []).filter((at) => at > now - window);
    if (recent.length >= most) return Math.max(1, Math.ceil(((recent[0] ?? now) + window - now) / 1000));
    this.#used.set(key, [...recent, now]);
    return undefined;
  }

  #respond(id: string, body: string, response: ServerResponse): void {
    const address = this.#world.responseUrls.get(id);
    const why =
      address === undefined
        ? 'no_such_url'
        : this.#world.now() - address.at > 30 * 60_000
          ? 'expired_url'
          : address.uses >= 5
            ? 'used_url'
            : undefined;
    if (address === undefined || why !== undefined) {
      response
        .writeHead(404, { 'content-type': 'application/json' })
        .end(JSON.stringify({ ok: false, error: why }));
      return;
    }
    address.uses += 1;
    const args = JSON.parse(body) as Json;
    if (args['response_type'] !== 'ephemeral' || args['replace_original'] !== false)
      throw new Error('an answer to a response_url must be ephemeral and leave the card alone');
    this.#world.ephemerals.push({
      channel: address.channel,
      user: address.user,
      text: text(args['text']),
      blocks: (args['blocks'] ?? []) as readonly Json[],
      via: 'response_url',
      address: id,
      ts: this.#world.nextTs(),
      args,
    });
    this.#world.changed();
    response.writeHead(200).end('ok');
  }
}

export async function startApiServer(world: SlackWorld): Promise<ApiServer> {
  const server = new ApiServer(world);
  await server.listen();
  return server;
}

/** @param seconds what Retry-After says, if it is sent at all */
function tooMany(response: ServerResponse, seconds: number | undefined): void {
  response
    .writeHead(429, {
      'content-type': 'application/json',
      ...(seconds === undefined ? {} : { 'retry-after': String(seconds) }),
    })
    .end(JSON.stringify({ ok: false, error: 'ratelimited' }));
}

function refusal(error: SlackRefusal): Json {
  return { ok: false, error: error.message, ...error.more };
}

/** What a call is about: its conversation, else its person or group. */
function aboutOf(args: Json): string {
  return text(args['channel']) || text(args['user']) || text(args['usergroup']);
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
