// The network between one process and the servers: each call takes its time both ways, is given up at its
// time limit, and what a dead process asked for never comes back to it.
import { HttpError } from '../../../src/adapters/outbound/http.ts';
import type { HttpAnswer, HttpClient, HttpRequest } from '../../../src/adapters/outbound/http.ts';
import type { Chance } from '../core/chance.ts';
import { never } from '../core/process.ts';
import type { Process } from '../core/process.ts';
import type { Owner, Schedule } from '../core/schedule.ts';
import type { Said } from './defenderSide.ts';

/** One way, in milliseconds. */
const leg = [5, 250] as const;
/** A connection that cannot be made fails after so long. Milliseconds. */
const refusedAfter = [5, 4_000] as const;

export interface Servers {
  /** Whether this host cannot be reached now. */
  down(url: URL): boolean;
  receive(ask: HttpRequest, sentAt: number): Said;
  /** The caller knows what became of it: whether an answer came, whatever it says. */
  ended?(url: URL, answered: boolean): void;
}

export interface NetworkParts {
  readonly schedule: Schedule;
  readonly chance: Chance;
  readonly servers: Servers;
}

export class Network {
  readonly #parts: NetworkParts;
  readonly #wire: Owner = { name: 'the wire' };

  constructor(parts: NetworkParts) {
    this.#parts = parts;
  }

  /** The way out of one process. */
  clientOf(process: Process): HttpClient {
    return {
      send: (ask) => this.#send(ask, process),
      proxyFor: () => undefined,
      whyNotReached: () => Promise.resolve(undefined),
      close: () => Promise.resolve(),
    };
  }

  #send(ask: HttpRequest, process: Process): Promise<HttpAnswer> {
    if (!process.alive) return never();
    const { schedule, chance, servers } = this.#parts;
    const where = `${ask.method} ${ask.url.origin}`;
    const sentAt = schedule.elapsed();
    return new Promise((resolve, reject) => {
      const fail = (code: 'notSent' | 'ambiguous', why: string): void => {
        servers.ended?.(ask.url, false);
        reject(
          new HttpError(code, `${where}: ${why}`, {
            cause: Object.assign(new Error(why), { code: 'ECONNRESET' }),
          }),
        );
      };
      if (servers.down(ask.url)) {
        schedule.after(chance.between('refused', ...refusedAfter), process, () =>
          fail('notSent', 'could not connect'),
        );
        return;
      }
      const giveUp = schedule.after(ask.timeoutMs ?? 30_000, process, () => {
        servers.ended?.(ask.url, false);
        reject(new HttpError('ambiguous', `${where}: no whole answer in time`));
      });
      schedule.after(chance.between('there', ...leg), this.#wire, () => {
        const said = servers.receive(ask, sentAt);
        const back = chance.between('back', ...leg) + (said === 'broken' ? 0 : (said.delayMs ?? 0));
        schedule.after(back, process, () => {
          giveUp();
          if (said === 'broken') fail('ambiguous', 'the connection broke');
          else {
            servers.ended?.(ask.url, true);
            taken(ask, said, resolve, reject);
          }
        });
      });
    });
  }
}

function taken(
  ask: HttpRequest,
  { status, headers, body }: Exclude<Said, 'broken'>,
  resolve: (answer: HttpAnswer) => void,
  reject: (error: Error) => void,
): void {
  const bytes = Buffer.from(body);
  const cut = bytes.length > ask.maxBytes;
  if (cut && ask.cut !== true) {
    reject(new HttpError('tooLarge', `answer is larger than ${ask.maxBytes} bytes`, { status }));
    return;
  }
  resolve({ status, headers: new Map(Object.entries(headers)), bytes: bytes.subarray(0, ask.maxBytes), cut });
}
