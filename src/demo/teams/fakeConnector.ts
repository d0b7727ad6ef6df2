// Fake Teams connector over HTTP: keeps conversations and messages, enforces documented limits, and
// misbehaves on request.
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { play } from '../refusal.ts';
import type { Refuse } from '../refusal.ts';

export interface FakeMember {
  readonly id: string;
  readonly aadObjectId?: string;
  readonly name: string;
  readonly tenantId?: string;
  readonly userRole?: string;
  readonly userPrincipalName?: string;
}

export interface FakeMessage {
  readonly id: string;
  readonly conversation: string;
  /** As last drawn. */
  body: Readonly<Record<string, unknown>>;
  readonly history: Readonly<Record<string, unknown>>[];
  /** Seen by this member alone. */
  readonly to?: string;
}

export interface ConnectorAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export interface Fault {
  readonly method: 'POST' | 'PUT' | 'GET';
  /** Answered instead, before or after doing what was asked; `hang` and `drop` give no answer. */
  readonly answer: ConnectorAnswer | 'hang' | 'drop';
  readonly afterDoing?: boolean;
  /** How often; once by default. */
  times?: number;
  /** Only for paths holding this. */
  readonly path?: string;
}

export interface Call {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly at: number;
  readonly authorization: string | undefined;
  /** Asked for one member alone. */
  readonly targeted: boolean;
}

/** One bot in one thread (msteams-docs: bots/how-to/rate-limit.md). */
const sendLimits = [
  [7, 1_000],
  [8, 2_000],
  [60, 30_000],
  [1_800, 3_600_000],
] as const;
/** msteams-docs: includes/agent-message-size-limit.md; UTF-16 counts two bytes a character. */
const longestMessage = 100_000;

/** A call as it came in. */
export interface IncomingCall {
  readonly method: string;
  /** Decoded, without the prefix of the service URL. */
  readonly path: string;
  readonly url: URL;
  readonly text: string;
  readonly authorization: string | undefined;
}

export class FakeConnector {
  readonly #server: Server;
  readonly #conversations = new Map<string, { readonly members: readonly FakeMember[]; blocked?: boolean }>();
  readonly #sent = new Map<string, number[]>();
  readonly messages: FakeMessage[] = [];
  readonly calls: Call[] = [];
  readonly faults: Fault[] = [];
  /** Tells the time for the limits. */
  now: () => number = () => Date.now();
  /** The header every call must carry, if any. */
  authorization: string | undefined;
  /** Asked before all else at each call. */
  refuse: Refuse | undefined;
  /**
   * Whether messages to one member alone are offered; never between two alone, and to members only
   * (msteams-docs: agents-in-teams/targeted-messages.md).
   */
  targeted = true;
  #next = 1_700_000_000_000;
  readonly #watchers = new Set<() => void>();

  constructor() {
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get serviceUrl(): string {
    return `${this.origin}/teams/`;
  }

  /** The bot is installed here. */
  install(conversation: string, members: readonly FakeMember[]): void {
    this.#conversations.set(conversation, { members });
  }

  /** Blocked: known, and forbidden. Removed: not known any more. */
  block(conversation: string): void {
    const known = this.#conversations.get(conversation);
    if (known !== undefined) this.#conversations.set(conversation, { ...known, blocked: true });
  }

  remove(conversation: string): void {
    this.#conversations.delete(conversation);
  }

  /** Messages of a conversation and its threads, in order. */
  in(conversation: string): readonly FakeMessage[] {
    return this.messages.filter(
      (message) =>
        message.conversation === conversation || message.conversation.startsWith(`${conversation};`),
    );
  }

  delete(id: string): void {
    const at = this.messages.findIndex((message) => message.id === id);
    if (at >= 0) this.messages.splice(at, 1);
  }

  /** Resolves with the first true value of `look`, looked at after every call. */
  async until<T>(look: () => T | undefined, ms = 10_000): Promise<T> {
    const found = look();
    if (found !== undefined) return found;
    return new Promise<T>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#watchers.delete(watch);
        reject(
          new Error(
            `not seen within ${ms} ms; calls: ${this.calls.map((call) => `${call.method} ${call.path} ${call.status}`).join(', ')}`,
          ),
        );
      }, ms);
      const watch = (): void => {
        const value = look();
        if (value === undefined) return;
        clearTimeout(timer);
        this.#watchers.delete(watch);
        resolve(value);
      };
      this.#watchers.add(watch);
    });
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString('utf8');
    const method = request.method ?? '';
    const url = new URL(request.url ?? '/', 'http://fake');
    const { authorization } = request.headers;
    const path = decodeURIComponent(url.pathname.replace(/^\/teams/, ''));
    const log = (status: number): void => {
      this.calls.push({
        method,
        path,
        status,
        at: this.now(),
        authorization,
        targeted: url.searchParams.get('isTargetedActivity') === 'true',
      });
    };
    const refusal = this.refuse?.({ method, about: path.split('/')[3]?.split(';')[0] ?? 'a chat' });
    if (refusal !== undefined) {
      if (refusal.done === true) this.answer({ method, path, url, text, authorization });
      log(refusal.kind === 'answer' ? refusal.status : 0);
      play(refusal, request, response);
      this.#changed();
      return;
    }
    const fault = this.faults.find(
      (one) => one.method === method && (one.times ?? 1) > 0 && path.includes(one.path ?? ''),
    );
    if (fault !== undefined) {
      fault.times = (fault.times ?? 1) - 1;
      if (fault.afterDoing === true) this.answer({ method, path, url, text, authorization });
      if (fault.answer === 'hang') log(0);
      else if (fault.answer === 'drop') {
        log(0);
        request.socket.destroy();
      } else {
        log(fault.answer.status);
        send(response, fault.answer);
      }
      this.#changed();
      return;
    }
    const answer = this.answer({ method, path, url, text, authorization });
    log(answer.status);
    send(response, answer);
    this.#changed();
  }

  #changed(): void {
    for (const watch of [...this.#watchers]) watch();
  }

  /** Does what was asked and answers, without a server in between. */
  answer({ method, path, url, text, authorization }: IncomingCall): ConnectorAnswer {
    if (this.authorization !== undefined && authorization !== this.authorization)
      return failed(401, 'Unauthorized');
    if (method === 'POST' && path === '/v3/conversations') return this.#create(text);
    const [, , , conversation = '', kind, id] = path.split('/');
    const base = conversation.split(';')[0] ?? '';
    const known = this.#conversations.get(base);
    if (known === undefined) return failed(404, 'ConversationNotFound');
    if (known.blocked === true) return failed(403, 'MessageWritesBlocked');
    if (method === 'GET' && kind === 'pagedmembers')
      return { status: 200, body: { members: known.members.slice(0, 1) } };
    if (method === 'GET' && kind === 'members') {
      const member = known.members.find((one) => one.id === id || one.aadObjectId === id);
      return member === undefined
        ? failed(404, 'MemberNotFoundInConversation')
        : { status: 200, body: member };
    }
    if (kind !== 'activities') return failed(404, 'NotFound');
    if (text.length * 2 > longestMessage) return failed(413, 'MessageSizeTooBig');
    if (!this.#within(base)) return { ...failed(429, 'TooManyRequests'), headers: { 'retry-after': '1' } };
    const body = JSON.parse(text) as Readonly<Record<string, unknown>>;
    const targeted = url.searchParams.get('isTargetedActivity') === 'true';
    if (method === 'POST' && id === undefined) return this.#post(conversation, body, targeted);
    if (method === 'PUT') {
      const message = this.messages.find((one) => one.id === id && one.conversation.split(';')[0] === base);
      if (message === undefined) return failed(404, 'ActivityNotFoundInConversation');
      message.body = body;
      message.history.push(body);
      return { status: 200, body: { id } };
    }
    return failed(405, 'MethodNotAllowed');
  }

  #post(conversation: string, body: Readonly<Record<string, unknown>>, targeted: boolean): ConnectorAnswer {
    const recipient = body['recipient'] as { readonly id?: string } | undefined;
    const base = conversation.split(';')[0] ?? '';
    if (targeted && (!this.targeted || recipient?.id === undefined || base.startsWith('a:')))
      return failed(400, 'BadArgument');
    if (targeted && this.#conversations.get(base)?.members.some((one) => one.id === recipient?.id) !== true)
      return failed(404, 'MemberNotFoundInConversation');
    this.#next += 1;
    const id = String(this.#next);
    this.messages.push({
      id,
      conversation,
      body,
      history: [body],
      ...(targeted && recipient?.id !== undefined ? { to: recipient.id } : {}),
    });
    // Text next to a card becomes two messages, and the caller gets no id.
    const attachments = body['attachments'];
    const split = typeof body['text'] === 'string' && Array.isArray(attachments) && attachments.length > 0;
    return { status: 201, body: split ? {} : { id } };
  }

  #create(text: string): ConnectorAnswer {
    const { members } = JSON.parse(text) as { readonly members: readonly { readonly id: string }[] };
    const member = members[0]?.id ?? '';
    const id = `a:direct-${member}`;
    if (this.#conversations.get(id) === undefined) return failed(403, 'BotNotInstalledForUser');
    return { status: 201, body: { id } };
  }

  #within(conversation: string): boolean {
    const now = this.now();
    const times = (this.#sent.get(conversation) ?? []).filter((time) => time > now - 3_600_000);
    if (sendLimits.some(([count, ms]) => times.filter((time) => time > now - ms).length >= count))
      return false;
    this.#sent.set(conversation, [...times, now]);
    return true;
  }
}

function failed(status: number, code: string): ConnectorAnswer {
  return { status, body: { error: { code, message: `${code} (fake)` } } };
}

function send(response: ServerResponse, { status, headers = {}, body }: ConnectorAnswer): void {
  response
    .writeHead(status, { 'content-type': 'application/json', ...headers })
    .end(body === undefined ? '' : JSON.stringify(body));
}

/** The Adaptive Card of a message. */
export function cardOf(message: FakeMessage): Readonly<Record<string, unknown>> | undefined {
  const attachments = message.body['attachments'];
  const first: unknown = Array.isArray(attachments) ? attachments[0] : undefined;
  return typeof first === 'object' && first !== null && 'content' in first
    ? (first.content as Readonly<Record<string, unknown>>)
    : undefined;
}

/** All that a message says, flattened: its text, and every text of its card. */
export function wordsOf(message: FakeMessage): string {
  const words: string[] = [];
  const walk = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(walk);
    else if (typeof value === 'object' && value !== null)
      for (const [key, one] of Object.entries(value)) {
        if (typeof one === 'string' && (key === 'text' || key === 'title')) words.push(one);
        else if (key !== 'entities') walk(one);
      }
  };
  if (typeof message.body['text'] === 'string') words.push(message.body['text']);
  walk(message.body['attachments']);
  return words.join('\n').replaceAll('\u00a0', ' ');
}
