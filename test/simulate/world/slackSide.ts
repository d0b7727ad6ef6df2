// Slack in a simulation: the fake workspace without a server. The bot's own client calls it through a fetch of
// ours, and deliveries go to the bot's receiver.
import type { App, Receiver, ReceiverEvent } from '@slack/bolt';
import { methods, SlackRefusal, text, tiers } from '../../../src/demo/slack/methods.ts';
import { FakePerson } from '../../../src/demo/slack/person.ts';
import type { Delivered } from '../../../src/demo/slack/delivering.ts';
import { SlackWorld } from '../../../src/demo/slack/world.ts';
import type { Json } from '../../../src/demo/slack/world.ts';
import type { SlackFetch } from '../../../src/adapters/slack/outbound/webApi.ts';
import type { Chance } from '../core/chance.ts';
import { never } from '../core/process.ts';
import type { Process } from '../core/process.ts';
import type { Owner, Schedule } from '../core/schedule.ts';
import type { Weather } from '../core/weather.ts';

export const slackOrigin = 'http://127.0.0.1:9003';
/** Slack waits so long for an acknowledgement, and delivers an event again after so long (docs.slack.dev/apis/events-api). Milliseconds. */
const ackWithin = 3_000;
const againAfter = [1_000, 60_000, 300_000] as const;
const leg = [5, 200] as const;
/** One call in so many takes seconds, so that a later one may arrive before it. */
const slowOne = 0.02;
const slowLeg = [1_000, 8_000] as const;
/** The client gives a call up after so long. Milliseconds. */
const callTimeout = 10_000;

const words = [
  'fatal_error',
  'internal_error',
  'service_unavailable',
  'ratelimited',
  'channel_not_found',
  'team_access_not_granted',
] as const;

/** What the checks want to know of a call that was done. */
export interface SlackDone {
  readonly method: string;
  readonly args: Json;
  readonly answer: Json;
  /** It was under way when its process ended. */
  readonly late: boolean;
}

/** The bot's end of the deliveries, in one process. */
interface Ear {
  readonly process: Process;
  readonly app: App;
}

export interface SlackParts {
  readonly schedule: Schedule;
  readonly chance: Chance;
  readonly weather: Weather;
  readonly done: (call: SlackDone) => void;
  /** The bot knows what became of a call of its: whether an answer came, whatever it says. */
  readonly ended?: (answered: boolean) => void;
  /** A delivery was acknowledged: Slack forgets it. */
  readonly acknowledged: (delivery: SlackDelivery, body: unknown) => void;
}

export interface SlackDelivery {
  readonly id: number;
  readonly type: 'slash_commands' | 'interactive' | 'events_api';
  readonly payload: Json;
  readonly at: number;
}

export class SlackSide {
  readonly world: SlackWorld;
  readonly #parts: SlackParts;
  readonly #wire: Owner = { name: 'Slack' };
  readonly #used = new Map<string, number[]>();
  #ear: Ear | undefined;
  #count = 0;

  constructor(parts: SlackParts) {
    this.#parts = parts;
    this.world = new SlackWorld(() => Math.floor(parts.schedule.trueTime()));
  }

  /** How many deliveries were sent so far: the number of the last. */
  get delivered(): number {
    return this.#count;
  }

  person(id: string): FakePerson {
    return new FakePerson(id, {
      world: this.world,
      api: { names: { sockets: '', answers: slackOrigin } },
      deliverer: { deliver: (type, payload) => this.#deliver(type, payload) },
    });
  }

  /** What the process that listens now was started with. */
  receiverOf(process: Process): Receiver {
    return {
      init: (app) => {
        this.#ear = { process, app };
      },
      start: () => Promise.resolve(),
      stop: () => Promise.resolve(),
    };
  }

  /** Where events of the workspace go, such as a channel that was archived. */
  event(event: Json): void {
    void this.#deliver('events_api', {
      type: 'event_callback',
      team_id: 'T0HOME',
      event_id: `Ev${this.world.nextId()}`,
      authorizations: [{ team_id: 'T0HOME', user_id: 'U0BOT', is_bot: true }],
      event,
    });
  }

  fetchOf(process: Process): SlackFetch {
    const { schedule, chance, weather, ended } = this.#parts;
    return (url, init) => {
      if (!process.alive) return never();
      const target = new URL(url instanceof Request ? url.url : String(url));
      const body = textOf(init?.body);
      return new Promise((resolve, reject) => {
        const fail = (code: string): void => {
          ended?.(false);
          reject(Object.assign(new Error(`fetch failed: ${code}`), { code }));
        };
        if (weather.strikes('chatDown', 'slack')) {
          schedule.after(chance.between('slack refused', 5, 4_000), process, () => fail('ECONNREFUSED'));
          return;
        }
        const giveUp = schedule.after(callTimeout, process, () => fail('ETIMEDOUT'));
        const [least, most] = chance.happens('slack slow', slowOne) ? slowLeg : leg;
        schedule.after(chance.between('slack there', least, most), this.#wire, () => {
          const answer = this.#receive(target, body, !process.alive);
          if (weather.strikes('chatLost', 'slack')) return;
          schedule.after(chance.between('slack back', ...leg), process, () => {
            giveUp();
            ended?.(true);
            resolve(answered(target.href, answer));
          });
        });
      });
    };
  }

  #receive(url: URL, body: string, late: boolean): Answered {
    const { weather, chance } = this.#parts;
    if (url.pathname.startsWith('/respond/'))
      return this.#respond(url.pathname.slice('/respond/'.length), body, late);
    const method = url.pathname.replace('/api/', '');
    const args: Json = Object.fromEntries(new URLSearchParams(body));
    if (weather.strikes('chatThrottled', 'slack')) return tooMany(chance.between('slack retry', 1, 60));
    const wait = this.#overRate(method, args);
    if (wait !== undefined) return tooMany(wait);
    if (weather.strikes('chatRefused', 'slack'))
      return chance.happens('slack 503', 0.3)
        ? { status: 503, headers: {}, body: '<html>unavailable</html>' }
        : json({ ok: false, error: chance.oneOf('slack word', words) });
    const known = methods[method];
    if (known === undefined) return json({ ok: false, error: 'unknown_method' });
    try {
      const answer = { ok: true, ...known(this.world, args) };
      this.#parts.done({ method, args, answer, late });
      return json(answer);
    } catch (error) {
      if (error instanceof SlackRefusal) return json({ ok: false, error: error.message, ...error.more });
      throw error;
    }
  }

  #respond(id: string, body: string, late: boolean): Answered {
    const address = this.world.responseUrls.get(id);
    if (address === undefined || this.world.now() - address.at > 30 * 60_000 || address.uses >= 5)
      return { status: 404, headers: {}, body: JSON.stringify({ ok: false, error: 'expired_url' }) };
    address.uses += 1;
    const args = JSON.parse(body) as Json;
    this.world.ephemerals.push({
      channel: address.channel,
      user: address.user,
      text: text(args['text']),
      blocks: (args['blocks'] ?? []) as readonly Json[],
      via: 'response_url',
      address: id,
      ts: this.world.nextTs(),
      args,
    });
    this.#parts.done({
      method: 'response_url',
      args: { ...args, user: address.user, channel: address.channel },
      answer: {},
      late,
    });
    return { status: 200, headers: {}, body: 'ok' };
  }

  #overRate(method: string, args: Json): number | undefined {
    const now = this.world.now();
    const [key, most, window] =
      method === 'chat.postMessage'
        ? [`${method} ${text(args['channel'])}`, 3, 2_000]
        : [method, tiers[method] ?? 20, 60_000];
    const recent = (this.#used.get(key) ?? []).filter((at) => at > now - window);
    if (recent.length >= most) return Math.max(1, Math.ceil(((recent[0] ?? now) + window - now) / 1000));
    this.#used.set(key, [...recent, now]);
    return undefined;
  }

  /** Sends it on its way, late, twice or again where the weather says so. */
  #deliver(type: SlackDelivery['type'], payload: Json): Promise<Delivered> {
    const { schedule, chance, weather } = this.#parts;
    this.#count += 1;
    const delivery: SlackDelivery = { id: this.#count, type, payload, at: schedule.elapsed() };
    const late = weather.strikes('lateDeliveries', 'slack')
      ? chance.between('slack late', 5_000, 360_000)
      : 0;
    const copies = weather.strikes('doubledDeliveries', 'slack') ? chance.between('slack copies', 2, 3) : 1;
    for (let copy = 0; copy < copies; copy += 1)
      schedule.after(
        late + chance.between('slack delivery', ...leg) + copy * chance.between('slack copy', 0, 2_000),
        this.#wire,
        () => this.#attempt(delivery, 0),
      );
    return Promise.resolve({ acknowledged: true, body: '', ms: 0 });
  }

  #attempt(delivery: SlackDelivery, attempt: number): void {
    const { schedule, chance, weather } = this.#parts;
    const ear = this.#ear;
    let acknowledged = false;
    const again = (): void => {
      const pause = againAfter[attempt];
      // A slash command or a press is not delivered again: the person sees that nothing came of it.
      if (acknowledged || delivery.type !== 'events_api' || pause === undefined) return;
      schedule.after(pause, this.#wire, () => this.#attempt(delivery, attempt + 1));
    };
    if (ear === undefined || !ear.process.alive || weather.strikes('chatDown', 'slack in')) {
      again();
      return;
    }
    schedule.after(ackWithin, this.#wire, again);
    const began = schedule.elapsed();
    const event: ReceiverEvent = {
      body: { ...delivery.payload },
      ack: (body?: unknown) => {
        if (weather.strikes('lostAcks', 'slack')) return Promise.reject(new Error('the connection broke'));
        const arrives = chance.between('slack ack', ...leg);
        schedule.after(arrives, this.#wire, () => {
          if (acknowledged || schedule.elapsed() - began > ackWithin) return;
          acknowledged = true;
          this.#parts.acknowledged(delivery, body);
        });
        return Promise.resolve();
      },
      ...(attempt === 0 ? {} : { retryNum: attempt, retryReason: 'http_timeout' }),
    };
    void ear.app.processEvent(event);
  }
}

interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

function json(body: Json): Answered {
  return {
    status: 200,
    headers: { 'content-type': 'application/json; charset=utf-8' },
    body: JSON.stringify(body),
  };
}

function tooMany(seconds: number): Answered {
  return {
    status: 429,
    headers: { 'content-type': 'application/json', 'retry-after': String(seconds) },
    body: JSON.stringify({ ok: false, error: 'ratelimited' }),
  };
}

/** As much of an answer as the client reads, without a stream, which would take turns of its own. */
function answered(url: string, { status, headers, body }: Answered): Response {
  // As much of it as is read; the real one checks each name.
  const given = {
    get: (name: string) => headers[name] ?? null,
    entries: () => Object.entries(headers),
  };
  async function* pieces(): AsyncGenerator<Uint8Array> {
    yield await Promise.resolve(new TextEncoder().encode(body));
  }
  return {
    ok: status >= 200 && status < 300,
    status,
    statusText: '',
    url,
    headers: given,
    body: pieces(),
    text: () => Promise.resolve(body),
    json: () => Promise.resolve(JSON.parse(body) as unknown),
    arrayBuffer: () => Promise.resolve(new TextEncoder().encode(body).buffer),
  } as unknown as Response;
}

/** What the client sends: form fields, or JSON. */
function textOf(body: unknown): string {
  if (typeof body === 'string') return body;
  return body instanceof URLSearchParams ? body.toString() : '';
}
