// A proxy in front of the simulator, over real HTTP: passes every call on and lets a test change the answers,
// so that the bot meets what was seen in the field while the simulator behind stays as it is and knows what
// really ran.
import { createServer, request as ask } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Simulator } from '../../../../src/simulator/simulator.ts';

export interface FieldAsk {
  /** `GET /api/machines?$filter=…` with its escapes undone; calls to the blob server begin with `BLOB `. */
  readonly line: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface FieldAnswer {
  readonly status: number;
  /** Lower-case names. Lengths are set again. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** What takes the place of an answer: nothing ever, or a connection that ends. */
export type NoAnswer = 'silence' | 'hangUp';

/** Takes a change back. */
export type Undo = () => void;

export interface FieldProxy {
  /** What the client takes for Defender, and where the links of results lead. */
  readonly url: string;
  readonly blobUrl: string;
  /** Every call that arrived, in order. */
  readonly asked: readonly FieldAsk[];
  /** How many POST runliveresponse arrived. */
  submissions(): number;
  /**
   * Answers itself; the simulator never hears of the call. Undefined leaves the call to the rules set before.
   * The newest rule is asked first.
   */
  answer(on: RegExp, how: (ask: FieldAsk) => FieldAnswer | NoAnswer | undefined): Undo;
  /** Changes the simulator's answers, in the order in which the changes were set. */
  change(on: RegExp, how: (answer: FieldAnswer, ask: FieldAsk) => FieldAnswer | NoAnswer): Undo;
  /** The same of JSON bodies with a status below 300, entity or collection. */
  changeJson(on: RegExp, how: (value: Json, ask: FieldAsk) => unknown): Undo;
  /** The same of each machine action, alone or in a list. */
  changeActions(how: (action: Json) => Json): Undo;
  close(): Promise<void>;
}

export type Json = Readonly<Record<string, unknown>>;

interface Rule<How> {
  readonly on: RegExp;
  readonly how: How;
}

/** An answer with a JSON body. */
export function fieldJson(
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): FieldAnswer {
  return {
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: Buffer.from(JSON.stringify(value)),
  };
}

/** Defender's error shape. */
export function fieldError(status: number, code: string, message: string): FieldAnswer {
  return fieldJson(status, { error: { code, message, target: 'f1e1d000-0000-4000-8000-000000000001' } });
}

export async function startFieldProxy(simulator: Pick<Simulator, 'url' | 'blobUrl'>): Promise<FieldProxy> {
  const asked: FieldAsk[] = [];
  const answers: Rule<(ask: FieldAsk) => FieldAnswer | NoAnswer | undefined>[] = [];
  const changes: Rule<(answer: FieldAnswer, ask: FieldAsk) => FieldAnswer | NoAnswer>[] = [];
  const sockets = new Set<Socket>();

  async function pass(message: IncomingMessage, to: string, label: string): Promise<FieldAnswer | NoAnswer> {
    const path = message.url ?? '/';
    const body = await bytesOf(message);
    const call: FieldAsk = {
      line: `${label}${message.method ?? ''} ${undone(path)}`,
      headers: message.headers,
      body: body.toString('utf8'),
    };
    asked.push(call);
    for (const rule of [...answers].reverse()) {
      const own = rule.on.test(call.line) ? rule.how(call) : undefined;
      if (own !== undefined) return own;
    }
    let answer: FieldAnswer | NoAnswer = ours(await forwarded(message, new URL(path, to), body));
    for (const rule of changes)
      if (typeof answer !== 'string' && rule.on.test(call.line)) answer = rule.how(answer, call);
    return answer;
  }

  /** Addresses of the simulator become the proxy's, or nobody would come by again. */
  function ours(answer: FieldAnswer): FieldAnswer {
    if (answer.headers['content-type']?.includes('json') !== true) return answer;
    const text = Buffer.from(answer.body)
      .toString('utf8')
      .replaceAll(simulator.blobUrl, proxy.blobUrl)
      .replaceAll(simulator.url, proxy.url);
    return { ...answer, body: Buffer.from(text) };
  }

  async function listen(
    to: string,
    label: string,
  ): Promise<{ readonly server: Server; readonly url: string }> {
    const server = createServer((message, response) => {
      pass(message, to, label).then(
        (answer) => {
          say(response, answer);
        },
        () => {
          response.destroy();
        },
      );
    });
    server.on('connection', (socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
  }

  const api = await listen(simulator.url, '');
  const blobs = await listen(simulator.blobUrl, 'BLOB ');
  const proxy: FieldProxy = {
    url: api.url,
    blobUrl: blobs.url,
    asked,
    submissions: () => asked.filter(({ line }) => /^POST .*\/runliveresponse$/i.test(line)).length,
    answer: (on, how) => keep(answers, { on, how }),
    change: (on, how) => keep(changes, { on, how }),
    changeJson: (on, how) =>
      keep(changes, {
        on,
        how: (answer, call) =>
          answer.status < 300
            ? { ...answer, body: Buffer.from(JSON.stringify(how(jsonIn(answer), call))) }
            : answer,
      }),
    changeActions: (how) =>
      proxy.changeJson(/machineactions|runliveresponse$/i, (value) => {
        if (Array.isArray(value['value']))
          return { ...value, value: value['value'].map((one: unknown) => how(one as Json)) };
        return 'status' in value ? how(value) : value;
      }),
    async close() {
      for (const socket of sockets) socket.destroy();
      await Promise.all(
        [api.server, blobs.server].map((server) => new Promise((resolve) => server.close(resolve))),
      );
    },
  };
  return proxy;
}

function keep<T>(rules: T[], rule: T): Undo {
  rules.push(rule);
  return () => void rules.splice(rules.indexOf(rule), rules.includes(rule) ? 1 : 0);
}

/** The JSON object of an answer. */
function jsonIn(answer: FieldAnswer): Json {
  return JSON.parse(Buffer.from(answer.body).toString('utf8')) as Json;
}

async function bytesOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function undone(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    return path;
  }
}

/** One exchange with the simulator, on a connection of its own. */
async function forwarded(message: IncomingMessage, to: URL, body: Buffer): Promise<FieldAnswer> {
  const { host: _host, connection: _connection, ...headers } = message.headers;
  const incoming = await new Promise<IncomingMessage>((resolve, reject) => {
    const call = ask(to, { method: message.method, headers, agent: false }, resolve);
    call.on('error', reject);
    call.end(body);
  });
  const dropped = new Set(['content-length', 'transfer-encoding', 'connection', 'keep-alive']);
  const kept = Object.entries(incoming.headers).flatMap(([name, value]) =>
    dropped.has(name) || value === undefined
      ? []
      : [[name, Array.isArray(value) ? value.join(', ') : value] as const],
  );
  return {
    status: incoming.statusCode ?? 502,
    headers: Object.fromEntries(kept),
    body: await bytesOf(incoming),
  };
}

function say(response: ServerResponse, answer: FieldAnswer | NoAnswer): void {
  if (answer === 'silence') return;
  if (answer === 'hangUp') {
    response.destroy();
    return;
  }
  response.writeHead(answer.status, { ...answer.headers, 'content-length': String(answer.body.length) });
  response.end(answer.body);
}
