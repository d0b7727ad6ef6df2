// Outages on a test's own table: what is not drawn, and what was said of it to whom.
import { OutageNotices } from '../../../../../src/bot/workers/cards/outageNotices.ts';
import type { Affected } from '../../../../../src/bot/workers/cards/outageNotices.ts';
import type { Request } from '../../../../../src/liveResponse/request/request.ts';
import { askedAt } from '../../../../support/requests/requests.ts';
import { request, setTable, standing } from '../cardTable.ts';
import type { Table } from '../cardTable.ts';

export const second = 1_000;
export const since = askedAt;
export const incidents = 'console:incidents';
export const soc = 'console:soc-private';

export interface Told extends Table {
  readonly notices: OutageNotices;
  readonly again: () => number;
}

export function begin(stored: readonly Request[], options: Parameters<typeof setTable>[0] = {}): Told {
  const table = setTable({ ...options, stored });
  let asks = 0;
  return { ...table, notices: new OutageNotices(table.deps, () => void (asks += 1)), again: () => asks };
}

/** Where a card of a request is not drawn. */
export const broken = (
  { store }: Table,
  id: string,
  where = incidents,
  more: Partial<Pick<Affected, 'why' | 'wide' | 'since'>> = {},
): Affected => {
  const [surface = '', place = ''] = where.split(':');
  return {
    request: store.one(id),
    place: { surface, place, results: 'card' },
    since,
    why: 'no_way.',
    wide: false,
    ...more,
  };
};

/** What was said to whom in this pass. */
export async function seen(
  table: Told,
  affected: readonly Affected[],
  after = 0,
): Promise<readonly string[]> {
  table.clock.passed += after;
  const before = table.chats.map(({ said }) => said.length);
  table.notices.see(affected);
  await table.notices.settled();
  return table.chats.flatMap((chat, index) =>
    chat.said.slice(before[index]).map(({ to, text }) => `${chat.surface} ${to}: ${text}`),
  );
}

/** Asked in a second place; its cards stand in both unless told otherwise. */
export const asked = (id: string, cards = [standing(`${id}-a`, 1), standing(`${id}-b`, 2, soc)]): Request =>
  request('queued', id, { place: soc, account: 'console:riley' }, { cards });
