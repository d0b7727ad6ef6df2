// Cards kept by a CardSync on a test's own table: passes one by one, and the calls that each made.
import { CardSync } from '../../../../src/bot/workers/cards/cardSync.ts';
import type { Request } from '../../../../src/liveResponse/request/request.ts';
import { failure, request, setTable, standing, TableChat } from './cardTable.ts';
import type { Table } from './cardTable.ts';

export const second = 1_000;
export const minute = 60_000;

export interface Kept extends Table {
  readonly sync: CardSync;
  /** How often another pass was asked for. */
  readonly again: () => number;
}

export function begin(stored: readonly Request[], options: Parameters<typeof setTable>[0] = {}): Kept {
  const table = setTable({ ...options, stored });
  let asks = 0;
  const sync = new CardSync(table.deps, table.views, () => void (asks += 1));
  return { ...table, sync, again: () => asks };
}

/** One pass and all it started; answers after how many milliseconds it wants to come again, and the calls. */
export async function passed({ sync, clock, chats }: Kept, after = 0): Promise<readonly unknown[]> {
  clock.passed += after;
  const before = chats.map((chat) => chat.calls.length);
  const wait = await sync.pass();
  await sync.idle();
  return [wait, ...chats.flatMap((chat, index) => chat.calls.slice(before[index]))];
}

export const drawn = (id: string, state: Parameters<typeof request>[0] = 'queued', shown = 2): Request =>
  request(state, id, {}, { cards: [standing(`${id}-card`, shown)] });
/** Every place of the policy, with a second chat for those of Slack. */
export const bothChats = () => [new TableChat(), new TableChat('slack')];
export const refuse =
  (part: string, code: Parameters<typeof failure>[0], retry?: number) => (call: string) =>
    call.includes(part) ? failure(code, `${code}, really`, retry) : undefined;
