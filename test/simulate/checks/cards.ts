// Checks of each card at the moment it arrives in a chat, and of all that stand at the end of a day.
import { statusText } from '../../../cards/messages/status.ts';
import type { ViewContext } from '../../../cards/view.ts';
import { isOpen } from '../../../src/liveResponse/request/request.ts';
import type { Request } from '../../../src/liveResponse/request/request.ts';
import { blobOrigin } from '../world/defenderSide.ts';
import type { Ledger } from './ledger.ts';

/** One card as it was drawn: what a person reads, and everything it holds. */
export interface Drawn {
  /** Which message in which chat. */
  readonly key: string;
  readonly place: string;
  readonly text: string;
  readonly json: string;
  /** It was under way when its process ended. */
  readonly late?: boolean;
}

/** A text that every script of a simulated day prints, so that it is found wherever it may not be. */
export const outputCanary = 'canary-output-7f3a';
/** A link may be seen dead for so long: its card has to wait its turn, and the chat may be down. Milliseconds. */
const linkLinger = 6 * 60_000;

const context: ViewContext = {
  now: 0,
  results: 'card',
  simulated: false,
  outputs: new Map(),
  urls: new Map(),
  command: '/lr',
};

interface Standing {
  readonly request: string;
  readonly revision: number;
  readonly drawn: Drawn;
}

export class CardChecks {
  readonly #ledger: Ledger;
  readonly #now: () => number;
  readonly #privateRequests: (request: Request) => boolean;
  readonly #standing = new Map<string, Standing>();
  /** By request and revision: how its status begins. */
  readonly #statuses = new Map<string, Map<number, Set<string>>>();

  /**
   * @param now true epoch milliseconds
   * @param isPrivate whether output and links of this request may be on no card
   */
  constructor(ledger: Ledger, now: () => number, isPrivate: (request: Request) => boolean) {
    this.#ledger = ledger;
    this.#now = now;
    this.#privateRequests = isPrivate;
  }

  changed(request: Request): void {
    const revisions = this.#statuses.get(request.id) ?? new Map<number, Set<string>>();
    this.#statuses.set(request.id, revisions);
    const statuses = revisions.get(request.revision) ?? new Set();
    revisions.set(request.revision, statuses.add(beginning(request, this.#now())));
  }

  /** A card arrived. Notes below cards and what took the place of an older card are none. */
  drawn(card: Drawn): void {
    const ledger = this.#ledger;
    const id = requestIn(card.json) ?? this.#standing.get(card.key)?.request;
    if (id === undefined) {
      ledger.count('cards without a request');
      return;
    }
    ledger.count('cards drawn');
    const durable = ledger.durable.get(id);
    if (durable === undefined) {
      ledger.broken('untrueCard', `a card of ${id}, of which nothing is stored`);
      return;
    }
    const { request } = durable;
    const revision = revisionIn(card.json, id);
    const before = this.#standing.get(card.key);
    // Nobody can call back what a killed process had sent: the next change of the card is drawn over it.
    if (card.late === true && revision !== undefined && revision < (before?.revision ?? 0)) {
      ledger.count('older cards of a killed process');
      return;
    }
    if (revision !== undefined) this.#checkRevision(card, request, revision, before?.revision);
    this.#standing.set(card.key, { request: id, revision: revision ?? before?.revision ?? 0, drawn: card });
    this.#checkPrivate(card, request);
    for (const expiry of expiriesIn(card.json))
      if (expiry < this.#now() - linkLinger)
        ledger.broken(
          'deadLink',
          `${id}: drawn with a link that ended ${Math.round((this.#now() - expiry) / 1000)} s ago`,
        );
  }

  /** A message is no card any more: deleted, or superseded by a newer one. */
  gone(key: string): void {
    this.#standing.delete(key);
  }

  #checkRevision(card: Drawn, request: Request, revision: number, before: number | undefined): void {
    const { id } = request;
    if (revision > request.revision)
      this.#ledger.broken(
        'untrueCard',
        `${id}: a card shows revision ${revision}, and ${request.revision} is stored`,
      );
    if (before !== undefined && revision < before)
      this.#ledger.broken('olderCard', `${id}: revision ${revision} was drawn over ${before}`);
    const statuses = [...(this.#statuses.get(id)?.get(revision) ?? [])];
    if (statuses.length > 0 && !statuses.some((status) => card.text.includes(status)))
      this.#ledger.broken(
        'untrueCard',
        `${id}: revision ${revision} is "${statuses.join('" or "')}", its card says: ${card.text.slice(0, 200).replaceAll('\n', ' / ')}`,
      );
  }

  #checkPrivate({ text, json }: Drawn, request: Request): void {
    if (!this.#privateRequests(request)) return;
    if (text.includes(outputCanary) || json.includes(blobOrigin))
      this.#ledger.broken(
        'private',
        `${request.id}: output or a link on a card, though its results are private`,
      );
  }

  /**
   * When nothing has gone wrong for a while: every card that the bot knows says how its request ended, and no dead
   * link is left. A card whose post was never answered is known to nobody but the chat: a press on it says so.
   */
  end(requests: readonly Request[]): void {
    const known = new Map(requests.flatMap(knownCards));
    for (const request of requests) this.#checkEnd(request, known);
    for (const [key, { request, drawn }] of this.#standing)
      for (const expiry of known.has(key) ? expiriesIn(drawn.json) : [])
        if (expiry < this.#now() - linkLinger)
          this.#ledger.broken(
            'deadLink',
            `${request}: a card shows a link that ended ${Math.round((this.#now() - expiry) / 60_000)} min ago`,
          );
  }

  #checkEnd(request: Request, known: ReadonlyMap<string, string>): void {
    const mine = [...this.#standing].filter(([, card]) => card.request === request.id);
    const judged = mine.filter(([key]) => known.has(key));
    this.#ledger.count('cards that nobody knows', mine.length - judged.length);
    if (judged.length === 0) this.#ledger.broken('unfinishedCard', `${request.id} has no card`);
    if (isOpen(request)) return;
    const status = beginning(request, this.#now());
    for (const [key, { drawn }] of judged)
      if (!drawn.text.includes(status))
        this.#ledger.broken(
          'unfinishedCard',
          `${request.id} is "${status}", and a card says: ${firstWords(drawn.text)} [${key}]`,
        );
  }
}

/** Each card that the bot knows, by the key of its message. */
function knownCards({ id, cards }: Request): readonly (readonly [string, string])[] {
  return cards.flatMap(({ ref }) =>
    ref === undefined ? [] : [[`${ref.surface} ${ref.id.split('/').at(-1) ?? ''}`, id] as const],
  );
}

function firstWords(text: string): string {
  return text.slice(0, 160).replaceAll('\n', ' / ');
}

/** The status without what is added to it for the moment: a freeze, an outage. */
function beginning(request: Request, now: number): string {
  return statusText(request, { ...context, now }).status.split(',')[0] ?? '';
}

/** Of which request it is; the text of a card may name others. */
function requestIn(json: string): string | undefined {
  const found = /"lr\.(lr-[0-9a-z]+)\.\d+\.|"requestId":"(lr-[0-9a-z]+)"/.exec(json);
  return found?.[1] ?? found?.[2];
}

/** Slack's block ids and the data of buttons carry the revision that was drawn. */
function revisionIn(json: string, id: string): number | undefined {
  const found = new RegExp(`lr\\.${id}\\.(\\d+)\\.|"requestId":"${id}","revision":(\\d+)`).exec(json);
  const text = found?.[1] ?? found?.[2];
  return text === undefined ? undefined : Number(text);
}

/** When each link in it ends, epoch milliseconds. */
function expiriesIn(json: string): readonly number[] {
  return [...json.matchAll(/[?&]se=([^&"\\]+)/g)].map(([, se = '']) => Date.parse(decodeURIComponent(se)));
}
