// Defender in a simulation: the simulator's tenant without a server. What reaches it, when, and what comes back
// is decided here.
import { callOf } from '../../../src/simulator/api.ts';
import type { Answer } from '../../../src/simulator/api.ts';
import { Refused } from '../../../src/simulator/calls/refused.ts';
import type { Kind } from '../../../src/simulator/profile.ts';
import { resultOf } from '../../../src/simulator/results/blobs.ts';
import { checkLink } from '../../../src/simulator/results/links.ts';
import { plantForeign } from '../../../src/simulator/sessions/foreign.ts';
import { Tenant } from '../../../src/simulator/tenant.ts';
import type { HttpRequest } from '../../../src/adapters/outbound/http.ts';
import type { Chance } from '../core/chance.ts';
import type { Owner, Schedule } from '../core/schedule.ts';
import type { Weather } from '../core/weather.ts';
import { longestStale } from '../plan/aims.ts';

export const defenderOrigin = 'http://127.0.0.1:9001';
export const blobOrigin = 'http://127.0.0.1:9002';

/** What a server says, or that it broke the connection. */
export type Said =
  | {
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: string | Uint8Array;
      readonly delayMs?: number;
    }
  | 'broken';

/** One call as the server saw it. Times in elapsed milliseconds. */
export interface Arrival {
  readonly kind: Kind | 'blob';
  readonly sentAt: number;
  readonly at: number;
  readonly path: string;
  readonly status: number;
}

const minute = 60_000;

const notFound: Answer = {
  status: 404,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ error: { code: 'ResourceNotFound', message: 'Machine action was not found' } }),
};

export class DefenderSide {
  readonly tenant: Tenant;
  readonly arrivals: Arrival[] = [];
  readonly #schedule: Schedule;
  readonly #weather: Weather;
  readonly #chance: Chance;
  readonly #others: Owner = { name: 'another application' };

  constructor(schedule: Schedule, weather: Weather, chance: Chance) {
    this.#schedule = schedule;
    this.#weather = weather;
    this.#chance = chance;
    this.tenant = new Tenant({
      clock: { now: () => Math.floor(schedule.trueTime()) },
      deviceSpeed: 1,
      // Quicker than the real one: each poll of a waiting session costs, and shows nothing new.
      profile: { offlineQueueMs: 4 * 60 * minute, pendingMs: [10_000, 50_000], settleMs: [4_000, 15_000] },
      random: () => chance.next('tenant'),
      extraDevices: 8,
      secret: chance.hex('tenant secret', 32),
      saved: undefined,
    });
    this.tenant.blobUrl = blobOrigin;
    this.#otherWorkLater();
  }

  /** A call arrives. */
  receive(ask: HttpRequest, sentAt: number): Said {
    const { url } = ask;
    if (url.origin === blobOrigin) return this.#blob(ask, sentAt);
    const call = callOf(
      {
        method: ask.method,
        path: decodeURIComponent(url.pathname),
        query: url.searchParams,
        origin: url.origin,
        authorization: ask.headers?.['authorization'],
        contentType: ask.headers?.['content-type'] ?? '',
        body: Buffer.from(ask.body ?? ''),
      },
      this.tenant.profile.paths,
    );
    if (call === undefined) return { status: 404, headers: {}, body: '' };
    const { kind } = call;
    const noted = (said: Said): Said => {
      const status = said === 'broken' ? 0 : said.status;
      this.arrivals.push({ kind, sentAt, at: this.#schedule.elapsed(), path: url.pathname, status });
      return said;
    };
    if (this.#weather.strikes('resetBefore', kind)) return noted('broken');
    if (this.#weather.strikes('throttled', kind)) return noted(this.#throttled(kind));
    if (kind === 'list' && this.#weather.strikes('staleList', kind)) this.#plantStale();
    const answer = this.#isYoung(kind, url) ? notFound : call.perform(this.tenant);
    const delayMs = this.#weather.strikes('slowAnswers', kind)
      ? this.#chance.between('slow answer', 5_000, 90_000)
      : 0;
    if (answer.status < 300 && this.#weather.strikes('resetAfter', kind)) return noted('broken');
    if (answer.status < 300 && this.#weather.strikes('acceptedThenFailed', kind))
      return noted({ ...this.#failed(), delayMs });
    return noted({ ...answer, delayMs });
  }

  #blob(ask: HttpRequest, sentAt: number): Said {
    const noted = (said: Said): Said => {
      this.arrivals.push({
        kind: 'blob',
        sentAt,
        at: this.#schedule.elapsed(),
        path: ask.url.pathname,
        status: said === 'broken' ? 0 : said.status,
      });
      return said;
    };
    if (this.#weather.strikes('resetBefore', 'blob')) return noted('broken');
    return noted(this.open(ask.url));
  }

  /** What lies behind a link, as anybody gets it who opens it. */
  open(url: URL): Exclude<Said, 'broken'> {
    const checked = checkLink(this.tenant, url.pathname, url.searchParams);
    if (checked.found !== 'result')
      return { status: checked.found === 'nothing' ? 404 : 403, headers: {}, body: '' };
    const blob = resultOf(this.tenant, checked.action, checked.index, checked.run);
    return {
      status: 200,
      headers: { 'content-type': 'application/octet-stream' },
      body: Buffer.concat([...blob.slice(0, blob.length)]),
    };
  }

  #throttled(kind: Kind): Answer {
    const planned = this.#weather.by('throttled', kind);
    const wait = planned !== undefined || this.#chance.happens('retry-after', 0.6);
    const drawn = (): number => this.#chance.between('retry-after', 1, 120);
    return {
      status: 429,
      headers: {
        'content-type': 'application/json',
        ...(wait ? { 'retry-after': String(planned === undefined ? drawn() : planned / 1_000) } : {}),
      },
      body: JSON.stringify({ error: { code: '429', message: 'API calls quota exceeded!' } }),
    };
  }

  #failed(): Answer {
    return this.#chance.happens('html', 0.5)
      ? { status: 502, headers: { 'content-type': 'text/html' }, body: '<html>Bad Gateway</html>' }
      : {
          status: 500,
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ error: { code: 'InternalServerError', message: '' } }),
        };
  }

  /** What a stale list leaves out, its own address may not know either. */
  #isYoung(kind: Kind, url: URL): boolean {
    if (kind !== 'get' || !this.#weather.strikes('staleList', kind)) return false;
    const age = this.#weather.by('staleList', kind) ?? this.#chance.between('stale', 10_000, longestStale);
    const action = this.tenant.action(url.pathname.split('/').at(-1) ?? '');
    return action !== undefined && action.createdAt > this.tenant.now() - age;
  }

  #plantStale(): void {
    const planned = this.#weather.by('staleList', 'list');
    if (planned === undefined && this.#chance.happens('order', 0.3))
      this.tenant.faults.plant({ what: 'reverseList', on: 'list' });
    else
      this.tenant.faults.plant({
        what: 'staleList',
        on: 'list',
        ms: planned ?? this.#chance.between('stale', 10_000, longestStale),
      });
  }

  #otherWorkLater(): void {
    this.#schedule.when(
      minute,
      this.#others,
      () => this.#weather.lasts('otherApplication'),
      () => this.#otherWork(),
    );
  }

  /** What another application does in a minute while it is at work. */
  #otherWork(): void {
    this.#otherWorkLater();
    this.#weather.happened('otherApplication');
    for (const [kind, most] of [
      ['run', 10],
      ['list', 100],
      ['machines', 60],
    ] as const)
      this.#use(kind, this.#chance.between(`other ${kind}`, 0, most));
    const device = this.#chance.oneOf('other device', this.tenant.devices());
    if (this.#chance.happens('other session', 0.5) && device.onlineSince !== null)
      plantForeign(this.tenant, { device: device.name, requestor: 'another application' });
  }

  #use(kind: Kind, calls: number): void {
    for (let count = 0; count < calls; count += 1) {
      try {
        this.tenant.throttle(kind, this.tenant.profile.requestor);
      } catch (error) {
        if (error instanceof Refused) return;
        throw error;
      }
    }
  }
}
