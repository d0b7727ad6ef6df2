// The freeze itself, for anyone who asks for it: a person in a chat, or somebody at the machine.
import { stageOf } from '../../liveResponse/request/request.ts';
import type { Freeze, GlobalEvent } from '../../liveResponse/ports.ts';
import type { HandlerContext } from './context.ts';

export interface Frozen {
  /** Approved requests that wait for the end of the freeze. */
  readonly queued: number;
  /** Ids of those that are being sent at this moment. */
  readonly leaving: readonly string[];
}

/** Durable when it resolves. @throws StoreError */
export async function freezeAll(
  bot: HandlerContext,
  by: string,
  why: string,
  how: Pick<Extract<GlobalEvent, { type: 'frozen' }>, 'byLastKnown'> = {},
): Promise<Frozen> {
  await bot.store.note({ type: 'frozen', by, why, ...how });
  bot.loop.refreshOpenCards();
  return {
    queued: bot.store.open().filter((request) => stageOf(request).state === 'queued').length,
    leaving: bot.store
      .open()
      .filter((request) => stageOf(request).state === 'submitting')
      .map((request) => request.id),
  };
}

/**
 * At the machine: anyone who may write the data folder may stop everything. Answers the freeze that was in force
 * before, which stays.
 */
export async function freezeAtMachine(
  bot: HandlerContext,
  by: string,
  why: string,
): Promise<Freeze | undefined> {
  const before = bot.store.freeze();
  if (before === undefined) await freezeAll(bot, by, why);
  return before;
}
