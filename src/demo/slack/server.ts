// The fake's HTTP and WebSocket side: tokens, rate tiers with Retry-After, response addresses, socket
// tickets, and faults on demand.
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
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

export interface ApiServer {
  readonly origin: string;
  /**
   * Tokens that are accepted, which change when one is exchanged. A socket stays open when its token goes.
   */
  readonly accepted: { readonly bot: Set<string>; readonly app: Set<string> };
  /**
   * The addresses it names for sockets and for answers, in place of its own: Slack has hosts of their own for
   * both.
   */
  names: { readonly sockets: string; readonly answers: string };
  readonly sockets: ReadonlySet<WebSocket>;
  fault(method: string, fault: Fault, times?: number): void;
  /** Forgets faults that have not happened yet. */
  clearFaults(): void;
  /** Calls that wait for their `go`, by method. */
  readonly held: readonly string[];
  /** Callers that still wait for an answer which is held back. */
  readonly muted: number;
  /** Asked before all else at each call. */
  refuse: Refuse | undefined;
  /** Nothing answers while down. */
  down: boolean;
  socketMood: SocketMood;
  rates: boolean;
  close(): Promise<void>;
}

export async function startApiServer(world: SlackWorld): Promise<ApiServer> {
  const faults = new Map<string, Fault[]>();
  const used = new Map<string, number[]>();
  const tickets = new Set<string>();
  const sockets = new Set<WebSocket>();
  const held: string[] = [];
  const accepted = { bot: new Set<string>([tokens.bot]), app: new Set<string>([tokens.app]) };
  const state: {
    refuse: Refuse | undefined;
    down: boolean;
    rates: boolean;
    mood: SocketMood;
    muted: number;
  } = { refuse: undefined, muted: 0, down: false, rates: true, mood: 'open' };

  const server: Server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      response.destroy();
      throw error;
    });
  });
  const upgrades = new WebSocketServer({ noServer: true });
  server.on('upgrade', (request, socket, head) => {
    const ticket = new URL(request.url ?? '/', 'http://fake').searchParams.get('ticket') ?? '';
    if (state.down || state.mood === 'refused' || !tickets.delete(ticket)) {
      socket.destroy();
      return;
    }
    upgrades.handleUpgrade(request, socket, head, (ws) => {
      sockets.add(ws);
      ws.on('close', () => {
        sockets.delete(ws);
        world.changed();
      });
      if (state.mood === 'deaf') ws.pause();
      else
        ws.send(
          JSON.stringify({
            type: 'hello',
            num_connections: sockets.size,
            connection_info: { app_id: 'A0APP' },
          }),
        );
      world.changed();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const origin = `http://127.0.0.1:${port}`;

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await read(request);
    if (state.down) {
      request.socket.destroy();
      return;
    }
    const path = new URL(request.url ?? '/', origin).pathname;
    const address = path.startsWith('/respond/') ? path.slice('/respond/'.length) : undefined;
    const method = address === undefined ? path.replace('/api/', '') : 'response_url';
    const refused = state.refuse?.({
      method,
      about: address === undefined ? aboutOf(parse(body)) : (world.responseUrls.get(address)?.channel ?? ''),
    });
    if (refused !== undefined) {
      if (refused.done === true && address === undefined) perform(method, { ...parse(body) }, request);
      log(method, { ...parse(body) }, refused.name);
      world.changed();
      play(refused, request, response);
      return;
    }
    if (address !== undefined) {
      respond(address, body, response);
      return;
    }
    const fault = faults.get(method)?.shift();
    if (fault?.kind === 'hold') await holding(method, fault.go);
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
    const wait = fault?.kind === 'ratelimited' ? fault.seconds : overRate(method, args);
    if (wait !== undefined || fault?.kind === 'ratelimited') {
      log(method, args, 'ratelimited');
      response
        .writeHead(429, {
          'content-type': 'application/json',
          ...(wait === undefined ? {} : { 'retry-after': String(wait) }),
        })
        .end(JSON.stringify({ ok: false, error: 'ratelimited' }));
      return;
    }
    const answer =
      fault?.kind === 'error' ? refusal(new SlackRefusal(fault.error)) : perform(method, args, request);
    log(method, args, typeof answer['error'] === 'string' ? answer['error'] : undefined);
    world.changed();
    if (fault?.kind === 'cutAfter') {
      request.socket.destroy();
      return;
    }
    if (fault?.kind === 'mute') await Promise.race([fault.until, givenUp(response)]);
    if (response.destroyed) return;
    response
      .writeHead(200, {
        'content-type': 'application/json; charset=utf-8',
        'x-oauth-scopes': world.scopes.join(','),
      })
      .end(JSON.stringify(answer));
  }

  /** Resolves when the caller hangs up. */
  async function givenUp(response: ServerResponse): Promise<void> {
    state.muted += 1;
    await new Promise((resolve) => response.once('close', resolve));
    state.muted -= 1;
    world.changed();
  }

  async function holding(method: string, go: Promise<void>): Promise<void> {
    held.push(method);
    world.changed();
    await go;
    held.splice(held.indexOf(method), 1);
  }

  function log(method: string, args: Json, error: string | undefined): void {
    world.calls.push({ method, args, at: world.now(), ...(error === undefined ? {} : { error }) });
  }

  function perform(method: string, args: Json, request: IncomingMessage): Json {
    const bearer = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? text(args['token']);
    const wanted = method === 'apps.connections.open' ? accepted.app : accepted.bot;
    if (bearer === '') return refusal(new SlackRefusal('not_authed'));
    if (!wanted.has(bearer)) return refusal(new SlackRefusal('invalid_auth'));
    if (world.revoked) return refusal(new SlackRefusal('token_revoked'));
    if (method === 'apps.connections.open') {
      const ticket = `t${world.nextId()}`;
      tickets.add(ticket);
      return { ok: true, url: `${made.names.sockets}/link?ticket=${ticket}` };
    }
    const known = methods[method];
    if (known === undefined) return refusal(new SlackRefusal('unknown_method'));
    try {
      return { ok: true, ...known(world, args) };
    } catch (error) {
      if (error instanceof SlackRefusal) return refusal(error);
      throw error;
    }
  }

  /** Seconds to wait when one more call of this method would be too many. */
  function overRate(method: string, args: Json): number | undefined {
    if (!state.rates) return undefined;
    const now = world.now();
    // One message a second and channel, with Slack's short bursts; everything else by tier and minute.
    const [key, most, window] =
      method === 'chat.postMessage'
        ? [`${method} ${text(args['channel'])}`, 3, 2_000]
        : [method, tiers[method] ?? 20, 60_000];
    const recent = (used.get(key) ?? []).filter((at) => at > now - window);
    if (recent.length >= most) return Math.max(1, Math.ceil(((recent[0] ?? now) + window - now) / 1000));
    used.set(key, [...recent, now]);
    return undefined;
  }

  function respond(id: string, body: string, response: ServerResponse): void {
    const address = world.responseUrls.get(id);
    const why =
      address === undefined
        ? 'no_such_url'
        : world.now() - address.at > 30 * 60_000
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
    world.ephemerals.push({
      channel: address.channel,
      user: address.user,
      text: text(args['text']),
      blocks: (args['blocks'] ?? []) as readonly Json[],
      via: 'response_url',
      address: id,
      ts: world.nextTs(),
      args,
    });
    world.changed();
    response.writeHead(200).end('ok');
  }

  const made: ApiServer = {
    origin,
    accepted,
    names: { sockets: origin.replace('http:', 'ws:'), answers: origin },
    sockets,
    fault(method, fault, times = 1) {
      faults.set(method, [...(faults.get(method) ?? []), ...Array.from({ length: times }, () => fault)]);
    },
    clearFaults() {
      faults.clear();
    },
    held,
    get muted() {
      return state.muted;
    },
    get refuse() {
      return state.refuse;
    },
    set refuse(value: Refuse | undefined) {
      state.refuse = value;
    },
    get socketMood() {
      return state.mood;
    },
    set socketMood(value: SocketMood) {
      state.mood = value;
      if (value === 'deaf') for (const socket of sockets) socket.pause();
      if (value === 'refused') for (const socket of sockets) socket.terminate();
    },
    get down() {
      return state.down;
    },
    set down(value: boolean) {
      state.down = value;
      if (value) for (const socket of sockets) socket.terminate();
    },
    get rates() {
      return state.rates;
    },
    set rates(value: boolean) {
      state.rates = value;
    },
    async close() {
      for (const socket of sockets) socket.terminate();
      upgrades.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return made;
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
