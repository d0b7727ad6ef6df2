// Sending of notices to one person, or to the people in one place: which cards cannot be drawn and which can
// again.
import { splitSurfaceKey, surfaceKey } from '../../../liveResponse/request/request.ts';
import type { CardRef, Request } from '../../../liveResponse/request/request.ts';
import type { Deps } from '../../deps.ts';
import { ChatError } from '../../ports.ts';
import type { ChatPort } from '../../ports.ts';
import type { CardPlace } from '../../policy/places.ts';
import { cardsIn } from './cardCalls.ts';
import { againText, elsewhereText, outageText, unseenText } from './outageWords.ts';
import type { Outage } from './outageWords.ts';

/** One request's card in one place that is not drawn, or is again. */
export interface Missing {
  readonly id: string;
  readonly outage: Outage;
  /** There is a card. */
  readonly posted: boolean;
  /** `recovering`: nothing prevents it any more, but it is not drawn yet. */
  readonly phase: 'broken' | 'recovering' | 'over';
}

/** Below this many cards each gets a note; more are named in one message. */
const notes = 2;

/** A place in a chat, and somebody's account there. */
interface Way {
  readonly surface: string;
  readonly place: string;
  readonly account: string;
}

export class OutageTelling {
  readonly #deps: Deps;
  readonly #chats: ReadonlyMap<string, ChatPort>;

  constructor(deps: Deps) {
    this.#deps = deps;
    this.#chats = new Map(deps.chats.map((chat) => [chat.surface, chat]));
  }

  /**
   * In the chat where it was asked; where that fails, or is what fails, through another account of that
   * person.
   */
  async person(request: Request, due: readonly Missing[]): Promise<void> {
    const text = this.#personText(due);
    const broken = new Set(
      due.flatMap(({ phase, outage }) =>
        phase === 'over' ? [] : [outage.wide ? outage.surface : outage.place],
      ),
    );
    const [surface, place] = splitSurfaceKey(request.asked.place);
    const ways: readonly Way[] = [
      { surface, place, account: splitSurfaceKey(request.asked.account)[1] },
      ...this.#otherAccounts(request, surface),
    ];
    const isBroken = (way: Way): boolean =>
      broken.has(way.surface) || broken.has(surfaceKey(way.surface, way.place));
    let last: unknown;
    for (const way of [...ways.filter((one) => !isBroken(one)), ...ways.filter(isBroken)]) {
      try {
        await this.#chats.get(way.surface)?.replyPrivately(way.place, way.account, text);
        return;
      } catch (error) {
        if (!(error instanceof ChatError)) throw error;
        this.#deps.log.info('outageNotTold', { request: request.id, surface: way.surface, code: error.code });
        last = error;
      }
    }
    throw last;
  }

  #otherAccounts(request: Request, asked: string): readonly Way[] {
    const { policy } = this.#deps;
    const accounts = policy.people.find((person) => person.id === request.asked.requester.id)?.accounts ?? [];
    return accounts.flatMap((full) => {
      const [surface, account] = splitSurfaceKey(full);
      if (surface === asked || !this.#chats.has(surface)) return [];
      const places = [
        ...request.cards.map((card) => surfaceKey(card.surface, card.place)),
        ...policy.places.map((rule) => rule.place),
      ];
      const place = places.map(splitSurfaceKey).find(([one]) => one === surface)?.[1];
      return [{ surface, place: place ?? account, account }];
    });
  }

  #personText(due: readonly Missing[]): string {
    const now = this.#deps.clock.now();
    const broken = due.filter((entry) => entry.phase !== 'over');
    const unseen = broken.filter(({ id, outage }) => this.#isApprovals(outage.place) && this.#isUnseen(id));
    const others = broken.filter((entry) => !unseen.includes(entry));
    const over = due.filter((entry) => entry.phase === 'over');
    return [
      ...(unseen.length === 0 ? [] : [unseenText(distinct(unseen), idsOf(unseen), now)]),
      ...grouped(others).map(([outage, ids, posted]) => outageText(outage, ids, posted, now)),
      ...grouped(over).map(([outage, ids]) => againText(outage.place, ids)),
    ].join('\n');
  }

  /** Whether no approver can have seen that it waits. */
  #isUnseen(id: string): boolean {
    const request = this.#deps.store.get(id);
    return (
      request?.stage.state === 'awaitingApproval' &&
      !request.cards.some(
        (card) =>
          card.ref !== undefined &&
          this.#chats.has(card.surface) &&
          this.#isApprovals(surfaceKey(card.surface, card.place)),
      )
    );
  }

  #isApprovals(key: string): boolean {
    return this.#deps.policy.places.some((rule) => rule.approvals && rule.place === key);
  }

  async place(place: CardPlace, due: readonly Missing[]): Promise<void> {
    const chat = this.#chats.get(place.surface);
    const now = this.#deps.clock.now();
    const textOf = (entries: readonly Missing[]): string =>
      [
        ...grouped(entries.filter((entry) => entry.phase !== 'over')).map(([outage, ids, posted]) =>
          elsewhereText(outage, ids, posted, now),
        ),
        ...grouped(entries.filter((entry) => entry.phase === 'over')).map(([outage, ids]) =>
          againText(outage.place, ids),
        ),
      ].join('\n');
    if (due.length > notes) {
      await chat?.announce(place.place, textOf(due));
      return;
    }
    for (const entry of due) {
      const ref = this.#refIn(entry.id, place);
      if (ref !== undefined) await chat?.note(ref, textOf([entry]), []);
    }
  }

  #refIn(id: string, place: CardPlace): CardRef | undefined {
    const request = this.#deps.store.get(id);
    return request === undefined ? undefined : cardsIn(request, place).at(-1)?.ref;
  }
}

function idsOf(entries: readonly Missing[]): readonly string[] {
  return [...new Set(entries.map((entry) => entry.id))].sort();
}

function distinct(entries: readonly Missing[]): readonly Outage[] {
  return [...new Map(entries.map((entry) => [entry.outage.place, entry.outage])).values()];
}

/** By outage, and by whether there is a card. */
function grouped(entries: readonly Missing[]): readonly (readonly [Outage, readonly string[], boolean])[] {
  const groups = new Map<string, Missing[]>();
  for (const entry of entries) {
    const key = `${entry.outage.place} ${String(entry.posted)}`;
    groups.set(key, [...(groups.get(key) ?? []), entry]);
  }
  return [...groups.values()].flatMap((group) =>
    group[0] === undefined ? [] : [[group[0].outage, idsOf(group), group[0].posted] as const],
  );
}
