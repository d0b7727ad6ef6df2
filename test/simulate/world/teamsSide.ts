// Teams in a simulation: the fake connector without a server. The bot calls it through its own door and the
// simulated network, and its activities go through the bot's own route.
import type { Express } from 'express';
import { FakeConnector } from '../../../src/demo/teams/fakeConnector.ts';
import { memberOf } from '../../../src/demo/teams/stage.ts';
import type { Human } from '../../../src/demo/teams/stage.ts';
import type { HttpRequest } from '../../../src/adapters/outbound/http.ts';
import type { Chance } from '../core/chance.ts';
import type { Process } from '../core/process.ts';
import type { Owner, Schedule } from '../core/schedule.ts';
import type { Weather } from '../core/weather.ts';
import type { Said } from './defenderSide.ts';

export const teamsOrigin = 'http://127.0.0.1:9004';
export const serviceUrl = `${teamsOrigin}/teams/`;
export const teamsGroup = '19:group@thread.v2';
export const teamsChannel = '19:channel@thread.tacv2';
/** The tenant of everybody in the stage's workspace. */
export const teamsTenant = '22222222-2222-2222-2222-222222222222';
const appId = '11111111-1111-1111-1111-111111111111';

/** Teams waits so long for the answer to a press, and for the acknowledgement of a message. Milliseconds. */
const answerWithin = 15_000;
const leg = [5, 200] as const;

export type Activity = Readonly<Record<string, unknown>>;

export interface TeamsDelivery {
  readonly id: number;
  readonly human: Human;
  readonly activity: Activity;
  readonly at: number;
}

/** What a message was written or changed to. */
export interface TeamsDone {
  readonly method: string;
  readonly path: string;
  readonly conversation: string;
  readonly messageId: string | undefined;
  readonly body: Activity | undefined;
  /** The same as it was sent. */
  readonly json: string;
  readonly targeted: boolean;
}

export interface TeamsParts {
  readonly schedule: Schedule;
  readonly chance: Chance;
  readonly weather: Weather;
  readonly done: (call: TeamsDone) => void;
  readonly acknowledged: (delivery: TeamsDelivery, answer: unknown) => void;
}

type Handler = (request: object, response: object, next: (error?: unknown) => void) => void;

/** The bot's end of the deliveries, in one process. */
interface Ear {
  readonly process: Process;
  readonly handlers: readonly Handler[];
}

const bot = { id: `28:${appId}`, name: 'Live Response' } as const;

export class TeamsSide {
  readonly connector = new FakeConnector();
  readonly #parts: TeamsParts;
  readonly #wire: Owner = { name: 'Teams' };
  #ear: Ear | undefined;
  #count = 0;

  constructor(parts: TeamsParts, humans: readonly Human[]) {
    this.#parts = parts;
    this.connector.now = () => Math.floor(parts.schedule.trueTime());
    for (const place of [teamsGroup, teamsChannel])
      this.connector.install(
        place,
        humans.map((human) => memberOf(human)),
      );
    for (const human of humans) this.connector.install(`a:direct-${human.id}`, [memberOf(human)]);
  }

  /** How many deliveries were sent so far: the number of the last. */
  get delivered(): number {
    return this.#count;
  }

  /** As much of Express as the route of Teams needs: what it puts on the path of deliveries. */
  portOf(process: Process): Express {
    const handlers: Handler[] = [];
    this.#ear = { process, handlers };
    return {
      post: (_path: string, ...all: readonly Handler[]) => {
        // The last of each: the one before it reads a body from a socket, which there is none of.
        const last = all.at(-1);
        if (last !== undefined) handlers.push(last);
      },
      use: () => undefined,
    } as unknown as Express;
  }

  /** A call of the bot to the connector arrives. */
  receive(ask: HttpRequest): Said {
    const { weather, chance } = this.#parts;
    if (weather.strikes('chatThrottled', 'teams'))
      return {
        status: 429,
        headers: {
          'content-type': 'application/json',
          'retry-after': String(chance.between('teams retry', 1, 30)),
        },
        body: '{"error":{"code":"TooManyRequests"}}',
      };
    if (weather.strikes('chatRefused', 'teams'))
      return {
        status: chance.oneOf('teams status', [500, 502, 503, 403, 404, 412]),
        headers: { 'content-type': 'application/json' },
        body: '{"error":{"code":"ServiceError"}}',
      };
    const path = decodeURIComponent(ask.url.pathname.replace(/^\/teams/, ''));
    const written = String(ask.body ?? '');
    const answer = this.connector.answer({
      method: ask.method,
      path,
      url: ask.url,
      text: written,
      authorization: ask.headers?.['authorization'],
    });
    if (answer.status < 300 && ask.method !== 'GET') this.#written(ask, path, written, answer.body);
    if (weather.strikes('chatLost', 'teams')) return 'broken';
    return {
      status: answer.status,
      headers: { 'content-type': 'application/json', ...answer.headers },
      body: answer.body === undefined ? '' : JSON.stringify(answer.body),
    };
  }

  #written(ask: HttpRequest, path: string, written: string, answer: unknown): void {
    const [, , , conversation = '', , id] = path.split('/');
    const made = (answer as { readonly id?: string } | undefined)?.id;
    this.#parts.done({
      method: ask.method,
      path,
      conversation,
      messageId: id ?? made,
      body: written === '' ? undefined : (JSON.parse(written) as Activity),
      json: written,
      targeted: ask.url.searchParams.get('isTargetedActivity') === 'true',
    });
  }

  say(human: Human, place: string, said: string): void {
    this.#deliver(human, this.#message(human, place, said));
  }

  press(human: Human, place: string, messageId: string, data: unknown): void {
    this.#deliver(human, {
      ...this.#message(human, place, ''),
      text: undefined,
      textFormat: undefined,
      entities: undefined,
      type: 'invoke',
      name: 'adaptiveCard/action',
      replyToId: messageId,
      value: { action: { type: 'Action.Execute', verb: 'lr.approve.v1', data }, trigger: 'manual' },
    });
  }

  #message(human: Human, place: string, said: string): Activity {
    const kind = place.startsWith('a:') ? 'personal' : place.includes('tacv2') ? 'channel' : 'groupChat';
    return {
      type: 'message',
      id: `f:${this.#count + 1}`,
      timestamp: new Date(this.#parts.schedule.trueTime()).toISOString(),
      channelId: 'msteams',
      serviceUrl,
      from: { id: human.id, name: human.name, aadObjectId: human.objectId },
      conversation: {
        id: place,
        conversationType: kind,
        tenantId: teamsTenant,
        ...(kind === 'personal' ? {} : { isGroup: true }),
      },
      recipient: { ...bot },
      textFormat: 'plain',
      locale: 'en-US',
      text: kind === 'personal' ? said : `<at>${bot.name}</at> ${said}`,
      entities:
        kind === 'personal'
          ? []
          : [{ type: 'mention', mentioned: { id: bot.id, name: bot.name }, text: `<at>${bot.name}</at>` }],
      channelData: {
        tenant: { id: teamsTenant },
        ...(kind === 'channel' ? { team: { id: '19:team@thread.tacv2' }, channel: { id: place } } : {}),
      },
    };
  }

  #deliver(human: Human, activity: Activity): void {
    const { schedule, chance, weather } = this.#parts;
    this.#count += 1;
    const delivery: TeamsDelivery = { id: this.#count, human, activity, at: schedule.elapsed() };
    const late = weather.strikes('lateDeliveries', 'teams')
      ? chance.between('teams late', 5_000, 360_000)
      : 0;
    const copies = weather.strikes('doubledDeliveries', 'teams') ? chance.between('teams copies', 2, 3) : 1;
    for (let copy = 0; copy < copies; copy += 1)
      schedule.after(
        late + chance.between('teams delivery', ...leg) + copy * chance.between('teams copy', 0, 2_000),
        this.#wire,
        () => this.#attempt(delivery, 0),
      );
  }

  #attempt(delivery: TeamsDelivery, attempt: number): void {
    const { schedule, chance, weather } = this.#parts;
    const ear = this.#ear;
    if (ear === undefined || !ear.process.alive || weather.strikes('chatDown', 'teams in')) return;
    const began = schedule.elapsed();
    let told = false;
    const answer = (status: number, body: unknown): void => {
      if (weather.strikes('lostAcks', 'teams')) {
        // Teams repeats a message that was not acknowledged, once and soon; a press shows its person an error.
        if (attempt === 0 && delivery.activity['type'] === 'message')
          schedule.after(5_000, this.#wire, () => this.#attempt(delivery, 1));
        return;
      }
      schedule.after(chance.between('teams ack', ...leg), this.#wire, () => {
        if (told || status !== 200 || schedule.elapsed() - began > answerWithin) return;
        told = true;
        this.#parts.acknowledged(delivery, body);
      });
    };
    through(
      ear.handlers,
      { body: delivery.activity, headers: {}, socket: { remoteAddress: '127.0.0.1' } },
      answer,
    );
  }
}

/** Lets the handlers of a route have a request, one after the other, as Express does. */
function through(
  handlers: readonly Handler[],
  request: object,
  answer: (status: number, body: unknown) => void,
): void {
  let status = 200;
  const response = {
    status: (code: number) => {
      status = code;
      return response;
    },
    json: (body: unknown) => answer(status, body),
    end: () => answer(status, undefined),
  };
  const step = (at: number, error?: unknown): void => {
    if (error !== undefined) throw error instanceof Error ? error : new Error('a handler failed');
    handlers[at]?.(request, response, (failed) => step(at + 1, failed));
  };
  step(0);
}
