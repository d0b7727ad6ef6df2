// Checks of what the bot says about its own health (/healthz and /readyz), judged by what reached Defender, the chats
// and the disk, and by how long nothing has gone wrong.
import type { Check } from '../../../src/adapters/http/server.ts';
import type { Ledger } from './ledger.ts';

/** What the bot answers, as the server in front asks it. */
export interface Told {
  alive(): readonly Check[];
  ready(): readonly Check[];
}

/** Everything outside that a process reaches, and that may be out. */
export type Outside = 'defender' | 'slack' | 'teams' | 'journal';
const outsides: readonly Outside[] = ['defender', 'slack', 'teams', 'journal'];

const minute = 60_000;
/**
 * Out for so long, and asked so often meanwhile without an answer: it is said by then. Defender is looked at every five
 * minutes while nothing runs. Milliseconds.
 */
const outFor: Readonly<Record<Outside, number>> = {
  defender: 6 * minute,
  slack: 2.5 * minute,
  teams: 2.5 * minute,
  journal: minute,
};
const asked = 4;
/**
 * Teams is called where there is something to say alone, and a failure is told for five minutes: the newest one has to
 * be that young. Milliseconds.
 */
const freshWithin = 2 * minute;
/** Works for so long: nothing is said any more. A clock that was set is told for ten minutes. */
const wellFor = 60 * minute;
/** Between two looks. */
const every = minute;
/** What happens at one moment counts as trouble for a minute. */
const lookedEvery = minute / 2;

/** Which checks of the bot say it. */
const saidBy: Readonly<Record<Outside, readonly string[]>> = {
  defender: ['defender', 'following'],
  slack: ['slack', 'slackToken'],
  teams: ['teams connector'],
  journal: ['journal'],
};

export interface Around {
  /** Whether anything goes wrong now, or did a moment ago. */
  troubled(): boolean;
  /** Whether the machine's clock shows the time of the servers. */
  clockIsRight(): boolean;
}

interface Reached {
  /** Elapsed milliseconds of the first failure after the last answer. */
  failingSince: number | undefined;
  failures: number;
  lastFailure: number;
}

export class HealthChecks {
  readonly #ledger: Ledger;
  readonly #elapsed: () => number;
  readonly #around: Around;
  readonly #reached = new Map<Outside, Reached>();
  #bot: Told | undefined;
  #quietSince = 0;
  #looked = -Infinity;
  #asked = -Infinity;
  #notBefore = 0;

  constructor(ledger: Ledger, elapsed: () => number, around: Around) {
    this.#ledger = ledger;
    this.#elapsed = elapsed;
    this.#around = around;
  }

  /** Another process runs, or none: it knows nothing of what the one before it met. */
  runs(bot: Told | undefined): void {
    this.#bot = bot;
    this.#reached.clear();
    this.#quietSince = this.#elapsed();
  }

  /** It stands still, and answers nobody; what it says right after is not judged. */
  standsStill(ms: number): void {
    this.#notBefore = Math.max(this.#notBefore, this.#elapsed() + ms + minute);
    this.#reached.clear();
  }

  /** What became of a call, as its caller got to know it. */
  called(what: Outside, answered: boolean): void {
    const now = this.#elapsed();
    const known = this.#reached.get(what);
    if (answered) this.#reached.delete(what);
    else if (known === undefined)
      this.#reached.set(what, { failingSince: now, failures: 1, lastFailure: now });
    else {
      known.failures += 1;
      known.lastFailure = now;
    }
  }

  /** After each step; what nobody asks for in between costs nothing. */
  look(): void {
    const now = this.#elapsed();
    if (now - this.#looked < lookedEvery) return;
    this.#looked = now;
    if (this.#around.troubled()) this.#quietSince = now;
    if (now - this.#asked < every) return;
    this.#asked = now;
    if (this.#bot === undefined || now < this.#notBefore) return;
    const ready = this.#bot.ready();
    this.#ledger.count('health asked');
    this.#checkAlive(this.#bot.alive());
    for (const what of outsides) this.#checkOut(what, ready);
    if (now - this.#quietSince > wellFor) this.#checkWell(ready);
  }

  #checkAlive(alive: readonly Check[]): void {
    for (const { name, ok, why } of alive)
      if (!ok && name !== 'worker clock') this.#ledger.broken('health', `${name}: ${why ?? ''}`);
  }

  #checkOut(what: Outside, ready: readonly Check[]): void {
    const { failingSince, failures, lastFailure } = this.#reached.get(what) ?? never;
    const now = this.#elapsed();
    if (failingSince === undefined || failures < asked || now - failingSince < outFor[what]) return;
    if (now - lastFailure > freshWithin) return;
    this.#ledger.count(`health asked while ${what} is out`);
    if (ready.some(({ name, ok }) => saidBy[what].includes(name) && !ok)) return;
    this.#ledger.broken(
      'health',
      `${what} has not answered ${failures} times in ${Math.round((now - failingSince) / minute)} min, and all is said to be well`,
    );
  }

  #isExcused(name: string, why: string | undefined): boolean {
    return (name === 'slackClock' && !this.#around.clockIsRight()) || (name === 'workers' && why === leftOut);
  }

  #checkWell(ready: readonly Check[]): void {
    this.#ledger.count('health asked in quiet hours');
    for (const { name, ok, why } of ready)
      if (!ok && !this.#isExcused(name, why))
        this.#ledger.broken(
          'health',
          `${name} is said not to be well, an hour after the last fault: ${why ?? ''}`,
        );
  }
}

/** Looks of the clock's worker that would see nothing are left out in a simulated day, so that it seems not to wake up. */
const leftOut = 'clock: it does not wake up';

const never: Reached = { failingSince: undefined, failures: 0, lastFailure: 0 };
