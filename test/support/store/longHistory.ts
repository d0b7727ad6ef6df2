// A data folder as months of work leave it: finished requests with the texts of their results, written by the
// store itself.
import type { Action } from '../../../src/liveResponse/action.ts';
import { createClock } from '../../../src/adapters/clock.ts';
import { createLog } from '../../../src/adapters/log.ts';
import { openOutputStore } from '../../../src/adapters/store/outputStore.ts';
import { openStore } from '../../../src/adapters/store/journal/requestStore.ts';
import type { Store } from '../../../src/adapters/store/journal/requestStore.ts';
import type { OutputStore } from '../../../src/liveResponse/ports.ts';
import type { CardRef, Request } from '../../../src/liveResponse/request/request.ts';
import type { AnyEvent } from '../requests/requests.ts';
import { asked, changeOf, flat, newRequest } from '../requests/requests.ts';
import { quickDisk } from './quickDisk.ts';

export interface LongHistory {
  readonly requests: number;
  /** Where they were asked, `surface:place`. */
  readonly place: string;
  /** The newest of them, whose cards do not show the end yet. */
  readonly behind: number;
  /** Where the card of one of those stands. */
  readonly cardOf: (id: string) => CardRef;
}

const minute = 60_000;
/** Requests written side by side. */
const together = 100;

export function historyId(index: number): string {
  return `lr-h${String(index).padStart(5, '0')}`;
}

/** Fills `folder`; all of it happened within the last hour, so that every card still counts. */
export async function writeHistory(folder: string, history: LongHistory): Promise<void> {
  const real = createClock();
  const began = real.now() - 50 * minute;
  const span = 40 * minute;
  let now = began;
  const clock = { ...real, now: () => now };
  const store = await openStore({
    dir: folder,
    clock,
    log: createLog({ level: 'silent' }),
    disk: quickDisk,
    snapshotEvery: Infinity,
  });
  const outputs = openOutputStore({ dir: folder, clock });
  for (let from = 0; from < history.requests; from += together) {
    const batch = Array.from({ length: Math.min(together, history.requests - from) }, (_, at) => from + at);
    now = began + Math.floor((from / history.requests) * span);
    await Promise.all(batch.map((index) => writeOne({ store, outputs }, history, index, now)));
  }
  await store.close();
}

async function writeOne(
  { store, outputs }: { readonly store: Store; readonly outputs: OutputStore },
  history: LongHistory,
  index: number,
  at: number,
): Promise<void> {
  const id = historyId(index);
  const kept = await outputs.put(id, 0, `what the script of ${id} printed\n`);
  const terms = { ...asked.asked.terms, expiresAt: at + 30 * minute };
  await store.add(
    newRequest({
      ...flat(asked),
      id,
      origin: `${history.place}:${id}`,
      at,
      account: 'slack:U0RILEY1',
      place: history.place,
      terms,
    }),
  );
  const action: Action = {
    id: `old-${id}`,
    type: 'LiveResponse',
    status: 'Pending',
    machineId: asked.targets[0].device.id,
    requestor: 'bot',
    comment: `lr:${id}:n`,
    createdAt: at,
    updatedAt: at,
    progress: [],
  };
  const done: Action = {
    ...action,
    status: 'Succeeded',
    progress: [{ index: 0, status: 'Completed', startedAt: at, endedAt: at, errors: [] }],
  };
  const late = index >= history.requests - history.behind;
  const ref = late
    ? history.cardOf(id)
    : {
        surface: history.place.split(':')[0] ?? '',
        place: history.place.split(':')[1] ?? '',
        id: `1.${index}`,
      };
  const shown = (request: Request): number => (late ? 1 : request.revision);
  const events: readonly ((request: Request) => AnyEvent)[] = [
    () => ({ type: 'cardPosting', surface: ref.surface, place: ref.place, intent: `intent-${id}` }),
    () => ({ type: 'cardPosted', intent: `intent-${id}`, ref, shown: 1 }),
    () => ({
      type: 'approved',
      vote: {
        kind: 'approve',
        by: { id: 'approver1', name: 'Avery Approver' },
        account: 'slack:U0AVERY1',
        at,
        digest: asked.subject.digest,
      },
    }),
    () => ({ type: 'claimed', attempt: { nonce: 'n', tag: `lr:${id}:n`, at } }),
    () => ({ type: 'submitted', action, deadline: at + 60 * minute }),
    () => ({ type: 'ended', action: done, outcome: 'succeeded' }),
    () => ({
      type: 'excerptRead',
      excerpt: {
        index: 0,
        at,
        length: kept.length,
        sha256: kept.sha256,
        errors: false,
        cut: false,
        exitCode: 0,
      },
    }),
    (request) => ({ type: 'cardShown', intent: `intent-${id}`, shown: shown(request) }),
    () => ({ type: 'notified', surface: ref.surface, place: ref.place }),
  ];
  for (const next of events) {
    const changed = await store.change(id, (request) => changeOf(request, next(request)));
    if (!('request' in changed)) throw new Error(`${id} could not be written`);
  }
}
