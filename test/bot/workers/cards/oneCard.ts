// The calls of one card of one request on a test's own table.
import { CardCalls, cardsIn } from '../../../../src/bot/workers/cards/cardCalls.ts';
import type { Spot } from '../../../../src/bot/workers/cards/cardCalls.ts';
import type { Card, Request } from '../../../../src/liveResponse/request/request.ts';
import { setTable } from './cardTable.ts';
import type { Table } from './cardTable.ts';

export const hour = 3_600_000;
export const always = (): boolean => true;
export const here = { surface: 'console', place: 'incidents' };

export interface Calls extends Table {
  readonly calls: CardCalls;
  readonly spot: Spot;
  /** What was told as drawn. */
  readonly told: string[];
}

export function begin(stored: Request, options: Parameters<typeof setTable>[0] = {}, place = here): Calls {
  const table = setTable({ ...options, stored: [stored] });
  const told: string[] = [];
  const calls = new CardCalls(table.deps, table.views, (one, where, intent, view) => {
    told.push(`${one.id} ${where.place} ${intent}: ${view.status}`);
  });
  return {
    ...table,
    calls,
    told,
    spot: { chat: table.chat, id: stored.id, place: { ...place, results: 'card' } },
  };
}

export const cardOf = ({ store, spot }: Calls): Card => {
  const card = cardsIn(store.one(spot.id), spot.place).at(-1);
  if (card === undefined) throw new Error('there is no card');
  return card;
};
