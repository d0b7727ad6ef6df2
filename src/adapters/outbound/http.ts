// The HTTP client for all outgoing calls: limited in time and size, also where an answer is packed, without redirects
// or repeats. The error of a failed call says what is certain, above all whether the call left this machine, because
// callers use it to decide whether something may have run.
import type { Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw } from 'node:zlib';
import { Agent, DecoratorHandler, request as send } from 'undici';
import type { Dispatcher, ProxyAgent } from 'undici';
import { maxJsonDepth, parseJson } from '../../liveResponse/text/json.ts';
import { networkCodeOf } from '../clock.ts';
import { publicLookup } from './addresses.ts';
import type { Lookup } from './addresses.ts';
import { addressOf, goesDirect, proxyAgent } from './proxy.ts';
import type { Proxy } from './proxy.ts';
import { wayOutTrouble } from './wayOut.ts';
import type { WayOut } from './wayOut.ts';

export interface HttpSettings {
  /** Milliseconds for DNS, TCP and TLS together. */
  readonly connectTimeoutMs: number;
  /** Milliseconds for a whole call that sets no limit of its own. */
  readonly timeoutMs: number;
  /** Connections kept per origin. */
  readonly connections: number;
  /**
   * Milliseconds an idle connection is kept; shorter than any load balancer's own, so that we close first.
   */
  readonly keepAliveMs: number;
  /** Extra certificate authorities in PEM, for tests and inspecting proxies. */
  readonly ca?: string;
  /** Name resolution; the system's by default. */
  readonly lookup?: Lookup;
  /**
   * Used for every host that it does not exempt. The proxy then resolves names, so `public` cannot check the
   * address itself.
   */
  readonly proxy?: Proxy;
}

export const defaultHttpSettings: HttpSettings = {
  connectTimeoutMs: 5_000,
  timeoutMs: 30_000,
  connections: 8,
  keepAliveMs: 20_000,
};

/** Milliseconds for checking whether a host can be reached at all. */
const reachMs = 5_000;

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  /** UTF-8 text, or bytes as they are. */
  readonly body?: string | Uint8Array;
  /** Milliseconds from sending to the last byte read. */
  readonly timeoutMs?: number;
  /** The maximum number of body bytes; more is `tooLarge`, or `cut` when `cut` is set. */
  readonly maxBytes: number;
  readonly cut?: boolean;
  /**
   * Unpacks a packed answer, to `maxBytes` at most. Without it, a packed answer is an `encoded` error; with
   * `cut`, it is left as it is.
   */
  readonly unpack?: boolean;
  /**
   * `kept`: over a kept connection. `fresh`: over a new one, so that an idle connection that is closing
   * cannot leave it open whether a POST arrived. `public`: new, and only to addresses of the public internet.
   */
  readonly connection?: 'kept' | 'fresh' | 'public';
}

export interface HttpAnswer {
  readonly status: number;
  /** Lower-case names; the first of repeated headers. */
  readonly headers: ReadonlyMap<string, string>;
  readonly bytes: Uint8Array;
  /** There was more than `maxBytes`. */
  readonly cut: boolean;
}

/**
 * `notSent`: no byte of the request left (DNS, refused, TLS, connect time-out). `ambiguous`: it was sent, or
 * may have been, and no complete answer came. `tooLarge`, `encoded`: an answer came and was not accepted.
 * `private`: the name resolves to an address that is not public.
 */
export type HttpErrorCode = 'notSent' | 'ambiguous' | 'tooLarge' | 'encoded' | 'private';

export class HttpError extends Error {
  readonly code: HttpErrorCode;
  /** Status of the answer, where its head arrived. */
  readonly status: number | undefined;
  /** The part that a proxy or a certificate played in it, with the next step. */
  readonly wayOut: string | undefined;
  /** The same as a short code. */
  readonly wayCode: string | undefined;
  constructor(
    code: HttpErrorCode,
    message: string,
    options: { readonly cause?: unknown; readonly status?: number; readonly wayOut?: WayOut } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'HttpError';
    this.code = code;
    this.status = options.status;
    this.wayOut = options.wayOut?.words;
    this.wayCode = options.wayOut?.code;
  }
}

/** Reports the moment a request is given to a connected socket: before it, nothing can have left. */
class Marking extends DecoratorHandler {
  readonly #mark: () => void;
  constructor(handler: Dispatcher.DispatchHandler, mark: () => void) {
    super(handler);
    this.#mark = mark;
  }
  onRequestStart(controller: Dispatcher.DispatchController, context: unknown): void {
    this.#mark();
    const base = DecoratorHandler.prototype as Dispatcher.DispatchHandler;
    base.onRequestStart?.call(this, controller, context);
  }
}

/** The way out as everything that calls the network sees it; a simulation has one of its own. */
export interface HttpClient {
  send(ask: HttpRequest): Promise<HttpAnswer>;
  proxyFor(hostname: string): string | undefined;
  whyNotReached(origin: string, only?: string): Promise<string | undefined>;
  close(): Promise<void>;
}

export class Http implements HttpClient {
  readonly #settings: HttpSettings;
  readonly #agents: Readonly<Record<'kept' | 'fresh' | 'public', Agent>>;
  readonly #proxied: Readonly<Record<'kept' | 'fresh', ProxyAgent>> | undefined;

  constructor(settings: Partial<HttpSettings> = {}) {
    this.#settings = { ...defaultHttpSettings, ...settings };
    const { connectTimeoutMs, connections, keepAliveMs, ca, lookup } = this.#settings;
    const agent = (pipelining: number, guarded: boolean) =>
      new Agent({
        connections,
        pipelining,
        keepAliveTimeout: keepAliveMs,
        keepAliveMaxTimeout: 60_000,
        connectTimeout: connectTimeoutMs,
        connect: {
          timeout: connectTimeoutMs,
          ...(ca === undefined ? {} : { ca }),
          // The check is made where the address is used, so that a name cannot give one answer to the check
          // and another to the connection.
          ...(guarded ? { lookup: publicLookup(lookup) } : lookup === undefined ? {} : { lookup }),
        },
      });
    const { proxy } = this.#settings;
    const through = (pipelining: number, way: Proxy) =>
      proxyAgent(way, { pipelining, connections, keepAliveMs, connectTimeoutMs, ca });
    this.#proxied = proxy === undefined ? undefined : { kept: through(1, proxy), fresh: through(0, proxy) };
    this.#agents = { kept: agent(1, false), fresh: agent(0, false), public: agent(0, true) };
  }

  /**
   * One exchange, exactly one attempt. Redirects are answers like any other.
   * @throws HttpError
   */
  async send(ask: HttpRequest): Promise<HttpAnswer> {
    const timeoutMs = ask.timeoutMs ?? this.#settings.timeoutMs;
    const timer = new AbortController();
    const late = new Error(`no complete answer within ${timeoutMs} ms`);
    late.name = 'TimeoutError';
    let sent = false;
    const dispatcher = this.#way(ask).compose(
      (dispatch) => (options, handler) => dispatch(options, new Marking(handler, () => (sent = true))),
    );
    let stop: NodeJS.Timeout | undefined;
    // While connecting, undici acts on an abort only after it has connected; the race makes the deadline hold
    // there too.
    const deadline = new Promise<never>((_resolve, reject) => {
      stop = setTimeout(() => {
        reject(late);
        timer.abort(late);
      }, timeoutMs);
    });
    let status: number | undefined;
    const exchange = async (): Promise<HttpAnswer> => {
      const answer = await send(ask.url, {
        method: ask.method,
        dispatcher,
        signal: timer.signal,
        headersTimeout: timeoutMs,
        bodyTimeout: timeoutMs,
        headers: { ...ask.headers },
        ...(ask.body === undefined ? {} : { body: ask.body }),
      });
      status = answer.statusCode;
      const headers = flat(answer.headers);
      const { bytes, cut } = await take(answer.body, ask, headers);
      return { status, headers, bytes, cut };
    };
    const running = exchange();
    // After the deadline nothing awaits the loser of the race; its failure must not count as unhandled.
    running.catch(() => undefined);
    try {
      return await Promise.race([running, deadline]);
    } catch (cause) {
      throw toHttpError(cause, sent, ask, { status, proxy: this.proxyFor(ask.url.hostname) });
    } finally {
      clearTimeout(stop);
    }
  }

  /**
   * The address of the proxy through which that host is reached, without credentials; undefined where it is
   * reached directly.
   */
  proxyFor(hostname: string): string | undefined {
    const { proxy } = this.#settings;
    return proxy === undefined || goesDirect(proxy, hostname) ? undefined : addressOf(proxy);
  }

  /**
   * Why a host cannot be reached, found by one call without any credentials; undefined when anything there
   * answers. For clients that are not ours, whose errors do not distinguish a proxy’s answer from the host’s.
   * @param only the one code (`proxy_403`) that explains what the caller saw; any other is ignored
   */
  async whyNotReached(origin: string, only?: string): Promise<string | undefined> {
    const url = new URL('/', origin);
    try {
      await this.send({
        method: 'GET',
        url,
        connection: 'fresh',
        maxBytes: 1_024,
        cut: true,
        timeoutMs: reachMs,
      });
      return undefined;
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      if (only !== undefined && error.wayCode !== only) return undefined;
      return error.code === 'notSent' || error.code === 'ambiguous'
        ? (error.wayOut ?? error.message)
        : undefined;
    }
  }

  #way({ url, connection = 'kept' }: HttpRequest): Dispatcher {
    const { proxy } = this.#settings;
    if (this.#proxied === undefined || proxy === undefined || goesDirect(proxy, url.hostname))
      return this.#agents[connection];
    return this.#proxied[connection === 'kept' ? 'kept' : 'fresh'];
  }

  /** Ends kept connections; running calls are cut off. */
  async close(): Promise<void> {
    await Promise.all(
      [...Object.values(this.#agents), ...Object.values(this.#proxied ?? {})].map((agent) => agent.destroy()),
    );
  }
}

function toHttpError(
  cause: unknown,
  sent: boolean,
  ask: HttpRequest,
  { status, proxy }: { readonly status: number | undefined; readonly proxy: string | undefined },
): HttpError {
  if (cause instanceof HttpError)
    return status === undefined ? cause : new HttpError(cause.code, cause.message, { status });
  const code = networkCodeOf(cause);
  const where = `${ask.method} ${ask.url.origin}`;
  const wayOut = wayOutTrouble(cause, ask.url.hostname, sent ? undefined : proxy);
  const what =
    wayOut?.words ??
    ((cause instanceof Error ? cause.message : String(cause)) || code || 'connection failed');
  if (code === 'EPRIVATE') return new HttpError('private', what, { cause });
  const options = {
    cause,
    ...(status === undefined ? {} : { status }),
    ...(wayOut === undefined ? {} : { wayOut }),
  };
  return sent
    ? new HttpError('ambiguous', `${where}: no whole answer: ${what}`, options)
    : new HttpError('notSent', `${where}: could not connect: ${what}`, options);
}

function flat(headers: Readonly<Record<string, string | string[] | undefined>>): ReadonlyMap<string, string> {
  const one = new Map<string, string>();
  for (const [name, value] of Object.entries(headers)) {
    const first = Array.isArray(value) ? value[0] : value;
    if (first !== undefined) one.set(name.toLowerCase(), first);
  }
  return one;
}

/**
 * Reads a body as it arrives and stops the connection at the limit: what a server announces or sends beyond
 * it never reaches memory.
 */
async function take(
  body: Dispatcher.ResponseData['body'],
  ask: HttpRequest,
  headers: ReadonlyMap<string, string>,
): Promise<{ readonly bytes: Uint8Array; readonly cut: boolean }> {
  const encoding = headers.get('content-encoding') ?? 'identity';
  const packed = encoding.trim().toLowerCase() !== 'identity';
  if (packed && ask.cut !== true && ask.unpack !== true) {
    body.on('error', () => undefined).destroy();
    // We never offer an encoding, so this server is broken or hostile, and unpacking turns small answers into
    // large ones.
    throw new HttpError('encoded', `answer is encoded as ${encoding.slice(0, 40)}, which was not asked for`);
  }
  const taken = await takeBytes(body, ask);
  if (!packed || ask.unpack !== true || ask.cut === true) return taken;
  const unpacked = await unpack(taken.bytes, encoding, ask.maxBytes);
  if (unpacked === undefined)
    throw new HttpError(
      'encoded',
      `answer is encoded as ${encoding.slice(0, 40)}, which was not asked for and cannot be unpacked`,
    );
  if (unpacked.cut)
    throw new HttpError('tooLarge', `answer is larger than ${ask.maxBytes} bytes unpacked, or breaks off`);
  return unpacked;
}

async function takeBytes(
  body: Dispatcher.ResponseData['body'],
  ask: HttpRequest,
): Promise<{ readonly bytes: Uint8Array; readonly cut: boolean }> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    const room = ask.maxBytes - length;
    if (chunk.length > room) {
      body.on('error', () => undefined).destroy();
      if (ask.cut !== true) throw new HttpError('tooLarge', `answer is larger than ${ask.maxBytes} bytes`);
      chunks.push(chunk.subarray(0, room));
      return { bytes: join(chunks, ask.maxBytes), cut: true };
    }
    chunks.push(chunk);
    length += chunk.length;
  }
  return { bytes: join(chunks, length), cut: false };
}

function join(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const all = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}

/** The body as JSON, wrapped; undefined when it is not JSON, or nests deeper than `depth`. */
export function jsonOf(
  answer: HttpAnswer,
  depth: number = maxJsonDepth,
): { readonly value: unknown } | undefined {
  return parseJson(new TextDecoder().decode(answer.bytes), depth);
}

/**
 * Milliseconds of a Retry-After header, given in seconds or as a date; undefined when it is absent or
 * meaningless.
 */
export function retryAfterMs(answer: HttpAnswer, now: number): number | undefined {
  const text = answer.headers.get('retry-after')?.trim();
  if (text === undefined || text === '') return undefined;
  const ms = /^\d{1,9}(\.\d+)?$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return Number.isFinite(ms) && ms >= 0 ? ms : undefined;
}

/** `cut`: there was more than the limit, or the packed data ends too early. */
export interface Unpacked {
  readonly bytes: Uint8Array;
  readonly cut: boolean;
}

/**
 * Names of Content-Encoding (RFC 9110, section 8.4.1), and how each is undone; deflate is sent with and
 * without its wrapper.
 */
const ways: Readonly<Record<string, readonly (() => Transform)[]>> = {
  gzip: [createGunzip],
  'x-gzip': [createGunzip],
  deflate: [createInflate, createInflateRaw],
  br: [createBrotliDecompress],
};

/**
 * Bytes given to the unpacker at a time: data that unpacks a thousandfold produces no more than a few
 * megabytes before the limit is checked.
 */
const piece = 4 * 1024;

export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b && bytes[2] === 8;
}

/**
 * Undefined where the name is unknown, or nothing at all unpacks.
 * @param maxBytes of the result
 */
export async function unpack(
  bytes: Uint8Array,
  encoding: string,
  maxBytes: number,
): Promise<Unpacked | undefined> {
  for (const create of ways[encoding.trim().toLowerCase()] ?? []) {
    const found = await through(create(), bytes, maxBytes);
    if (found !== undefined) return found;
  }
  return undefined;
}

async function through(
  unpacker: Transform,
  packed: Uint8Array,
  maxBytes: number,
): Promise<Unpacked | undefined> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const failed: unknown[] = [];
  unpacker.on('error', (error) => void failed.push(error));
  const ended = new Promise<void>((resolve) => unpacker.once('close', resolve));
  unpacker.on('data', (chunk: Uint8Array) => {
    chunks.push(chunk);
    length += chunk.length;
    if (length > maxBytes) unpacker.destroy();
  });
  for (let at = 0; at < packed.length && !unpacker.destroyed; at += piece) {
    await new Promise<void>((resolve) => {
      unpacker.once('close', resolve);
      unpacker.write(packed.subarray(at, at + piece), () => {
        unpacker.off('close', resolve);
        resolve();
      });
    });
  }
  if (!unpacker.destroyed) unpacker.end();
  await ended;
  const broken = failed.length > 0;
  if (broken && length === 0) return undefined;
  return { bytes: Buffer.concat(chunks).subarray(0, maxBytes), cut: length > maxBytes || broken };
}
