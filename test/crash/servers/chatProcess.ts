// What both fake chats of the crash test have in common as processes: a log file, deliveries that come late,
// twice or again, failures of calls, and the control port of the driver.
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { Delivered } from '../../../src/demo/slack/delivering.ts';
import type { Refusal, Refuse } from '../../../src/demo/refusal.ts';
import { between, randomFrom } from '../random.ts';
import type { Random } from '../random.ts';
import type { Deed, LogLine, Played, Room } from './chatControl.ts';

/** What somebody decides by; a card without any of these has come to its end. */
export const deciding = /^lr\.(approve|deny|withdraw|cancel|look|resend|drop)\./;

/** A chat repeats what it repeats at all this often. */
const repetitions = 3;

export class Tally {
  readonly #counts = new Map<string, number>();

  add(what: string): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1);
  }

  get all(): Played {
    return Object.fromEntries([...this.#counts].sort(([one], [other]) => one.localeCompare(other)));
  }
}

/** Of a hundred calls, how many fail how. */
const failures: readonly (readonly [share: number, refusal: Refusal])[] = [
  [2.5, { name: 'cut before the work', kind: 'cut' }],
  [2.5, { name: 'cut after the work', kind: 'cut', done: true }],
  [2, { name: 'answered 503', kind: 'answer', status: 503, body: '' }],
  [1, { name: 'answered 500 after the work', kind: 'answer', status: 500, body: '', done: true }],
  [
    2,
    {
      name: 'answered 429 with Retry-After',
      kind: 'answer',
      status: 429,
      headers: { 'retry-after': '1' },
      body: '{"ok":false,"error":"ratelimited"}',
    },
  ],
];

/** Ten calls in a hundred fail. */
export function failing(random: Random, tally: Tally): Refuse {
  return () => {
    let chance = random() * 100;
    const failure = failures.find(([share]) => (chance -= share) < 0)?.[1];
    if (failure !== undefined) tally.add(`call ${failure.name}`);
    tally.add(failure === undefined ? 'calls answered' : 'calls failed');
    return failure;
  };
}

/** A delivery that was begun, and how to make it once more. */
export interface Sending {
  readonly first: Promise<Delivered>;
  readonly again: () => Promise<Delivered>;
  /** The chat repeats it by itself until it is acknowledged. */
  readonly repeated: boolean;
}

export interface ChatSide {
  /** Undefined where it cannot be done any more: nobody can press what is not drawn. */
  send(deed: Deed): Sending | undefined;
  room(all: boolean): Room;
  target(url: string | undefined): void;
}

export class ChatProcess {
  readonly random: Random;
  readonly tally = new Tally();
  readonly #file: string;
  #unacknowledged: { readonly deed: Deed; readonly again: () => Promise<Delivered>; attempt: number }[] = [];

  /** From the arguments of the process: log file and seed. */
  constructor(file = process.argv[2] ?? '', seed = Number(process.argv[3] ?? 1)) {
    this.#file = file;
    this.random = randomFrom(seed);
  }

  log(line: LogLine): void {
    appendFileSync(this.#file, `${JSON.stringify(line)}\n`);
  }

  /** Serves the driver; the first line of stdout is JSON with the address of the control port and `more`. */
  async serve(side: ChatSide, more: object): Promise<void> {
    const control = createServer((request, response) => {
      this.#answer(side, request).then(
        (body) => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body)),
        (error: unknown) =>
          response.writeHead(409).end(error instanceof Error ? (error.stack ?? '') : String(error)),
      );
    });
    // A connection that is closed just as it is used again would look as if this process had died.
    control.keepAliveTimeout = 600_000;
    await new Promise<void>((resolve) => control.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(control.address() as AddressInfo).port}`;
    process.stdout.write(`${JSON.stringify({ ...more, control: url })}\n`);
  }

  async #answer(side: ChatSide, request: IncomingMessage): Promise<unknown> {
    switch (request.url) {
      case '/target': {
        const { url } = (await bodyOf(request)) as { readonly url: string | null };
        side.target(url ?? undefined);
        void this.#repeat();
        return {};
      }
      case '/deliver':
        return { acknowledged: await this.#deliver(side, (await bodyOf(request)) as Deed) };
      case '/room/open':
        return side.room(false);
      case '/room/all':
        return side.room(true);
      case '/played':
        return this.tally.all;
      default:
        throw new Error(`unknown: ${request.url ?? ''}`);
    }
  }

  /** Ten deliveries in a hundred come late, twice at once, or once more a while later. */
  async #deliver(side: ChatSide, deed: Deed): Promise<boolean> {
    const chance = this.random();
    if (chance < 0.04) {
      await pause(between(this.random, 200, 2_500));
      this.tally.add('delivery late');
    }
    const sending = side.send(deed);
    if (sending === undefined) return false;
    this.tally.add('deliveries');
    if (chance >= 0.04 && chance < 0.07) {
      this.tally.add('delivery doubled');
      void this.#once(deed, 1, sending.again());
    }
    const done = await this.#once(deed, 0, sending.first);
    if (chance >= 0.07 && chance < 0.1) void this.#later(deed, sending.again);
    if (!done.acknowledged && sending.repeated)
      this.#unacknowledged.push({ deed, again: sending.again, attempt: 0 });
    return done.acknowledged;
  }

  async #later(deed: Deed, again: () => Promise<Delivered>): Promise<void> {
    await pause(between(this.random, 300, 3_000));
    this.tally.add('delivery once more');
    await this.#once(deed, 1, again());
  }

  async #repeat(): Promise<void> {
    const due = this.#unacknowledged;
    this.#unacknowledged = [];
    for (const one of due) {
      one.attempt += 1;
      this.tally.add('delivery repeated');
      const done = await this.#once(one.deed, one.attempt, one.again());
      if (!done.acknowledged && one.attempt < repetitions) this.#unacknowledged.push(one);
    }
  }

  async #once(deed: Deed, attempt: number, delivery: Promise<Delivered>): Promise<Delivered> {
    const done = await outcome(delivery);
    const { acknowledged, body, ms, status } = done;
    this.log({
      type: 'delivery',
      at: Date.now(),
      attempt,
      deed,
      acknowledged,
      body,
      ms,
      ...(status === undefined ? {} : { status }),
    });
    return done;
  }
}

async function outcome(delivery: Promise<Delivered>): Promise<Delivered> {
  try {
    return await delivery;
  } catch (error) {
    // Nobody was there: the person sees that the app did not answer.
    return { acknowledged: false, body: error instanceof Error ? error.message : String(error), ms: 0 };
  }
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString('utf8'));
}
