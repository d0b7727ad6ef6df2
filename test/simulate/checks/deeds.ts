// What people did, and what came of it: whatever a chat had acknowledged must have led to a change or to words for
// the person who did it.
import type { Event } from '../../../src/liveResponse/request/events.ts';
import type { PersonName } from '../life/policies.ts';
import type { Ledger } from './ledger.ts';

export interface Deed {
  readonly person: PersonName;
  /** Elapsed milliseconds. */
  readonly at: number;
  readonly what: string;
  /** Of a command that asks: the word in its reason. */
  readonly mark?: string;
  /** Of a press or a form. */
  readonly verb?: string;
  readonly request?: string;
  /** The digest that the card showed, as its buttons carry it. */
  readonly digest?: string;
  acknowledged: boolean;
  /** The acknowledgement itself held words. */
  answered: boolean;
}

/** An answer is tried again for so long (answers.ts), and a process may be down meanwhile. Milliseconds. */
const answeredWithin = 40 * 60_000;

/** An unfreeze that was typed so long before a freeze may be delivered after it. Milliseconds. */
const deliveredWithin = 15 * 60_000;

/** What a press leads to where it is not refused. */
const effects: Readonly<Record<string, readonly Event['type'][]>> = {
  approve: ['approved', 'resubmitted', 'contentSeen'],
  deny: ['denied'],
  withdraw: ['withdrawn'],
  cancel: ['cancelAsked', 'withdrawn'],
  // It is looked for once more before it is sent again.
  resend: ['resubmitted', 'found', 'searched'],
  drop: ['abandoned'],
  look: ['searched', 'found'],
  again: ['retried'],
  link: ['linkMinted', 'linkRefused', 'resultViewed'],
  output: ['resultViewed'],
};
/** Whose answer is the card itself, drawn again or not. */
const silent: ReadonlySet<string> = new Set(['refresh', 'look']);

export class DeedChecks {
  readonly #ledger: Ledger;
  readonly #told: { readonly person: PersonName; readonly at: number }[] = [];
  readonly #deeds: Deed[] = [];
  /** Somebody was told that submissions are frozen, and nobody has asked for the end of that. Elapsed milliseconds. */
  #frozenSince: number | undefined;
  #unfreezeAt = -Infinity;
  readonly #line: (line: string) => void;

  /** @param line takes a line about each deed and each word, for anyone who follows a day */
  constructor(ledger: Ledger, line: (line: string) => void) {
    this.#ledger = ledger;
    this.#line = line;
  }

  did(deed: Deed): void {
    this.#deeds.push(deed);
    if (deed.what === 'unfreeze') {
      this.#unfreezeAt = deed.at;
      this.#frozenSince = undefined;
    }
    this.#line(`${seconds(deed.at)} ${deed.person} did: ${deed.what}\n`);
  }

  /** Something reached this person alone. */
  told(person: PersonName, at: number, words: string): void {
    this.#told.push({ person, at });
    if (words.includes('Frozen: nothing more is sent') && this.#unfreezeAt < at - deliveredWithin)
      this.#frozenSince ??= at;
    this.#line(`${seconds(at)} ${person} was told: ${words.slice(0, 400).replaceAll('\n', ' / ')}\n`);
  }

  /** Since when people know that submissions are frozen. Elapsed milliseconds. */
  get frozenSince(): number | undefined {
    return this.#frozenSince;
  }

  /** Whether this person pressed to have exactly this sent. */
  pressed(person: string, request: string, digest: string): boolean {
    return this.#deeds.some(
      (deed) =>
        deed.person === person &&
        deed.request === request &&
        deed.digest === digest &&
        (deed.verb === 'approve' || deed.verb === 'resend'),
    );
  }

  end(): void {
    this.#ledger.count('deeds', this.#deeds.length);
    // One word of the bot answers one deed: the oldest that nothing else came of.
    const told = [...this.#told];
    for (const deed of this.#deeds) {
      if (!deed.acknowledged) continue;
      this.#ledger.count('deeds acknowledged');
      if (deed.answered || silent.has(deed.verb ?? '') || this.#tookEffect(deed)) continue;
      const word = told.findIndex(
        ({ person, at }) => person === deed.person && at >= deed.at && at <= deed.at + answeredWithin,
      );
      if (word === -1)
        this.#ledger.broken(
          'lost',
          `${deed.what} of ${deed.person} after ${Math.round(deed.at / 1000)} s was acknowledged, and nothing came of it`,
        );
      else told.splice(word, 1);
    }
  }

  #tookEffect({ mark, verb, request, at, person }: Deed): boolean {
    if (mark !== undefined)
      return [...this.#ledger.durable.values()].some(
        ({ request: { asked } }) =>
          asked.reason?.includes(mark) === true || asked.first?.reason?.includes(mark) === true,
      );
    if (verb === undefined || request === undefined) return false;
    // What is asked for again may continue an older request than the one that was pressed.
    if (verb === 'again')
      return [...this.#ledger.durable.values()].some(
        ({ request: { asked }, events }) =>
          asked.requester.id === person &&
          (events[0]?.at ?? 0) >= at &&
          (events[0]?.at ?? 0) <= at + answeredWithin,
      );
    const wanted = effects[verb] ?? [];
    const events = this.#ledger.durable.get(request)?.events ?? [];
    return events.some((event) => wanted.includes(event.type) && event.at >= at - 1);
  }
}

function seconds(ms: number): string {
  return (ms / 1_000).toFixed(1);
}
