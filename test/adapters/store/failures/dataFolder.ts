// A data folder with every kind of file in it, on a disk in memory: opened as the bot opens it, and filled by
// three lives of which the last one was not ended.
import { createHash } from 'node:crypto';
import { openRecord } from '../../../../src/app/openRecord.ts';
import { LastKnownFile } from '../../../../src/adapters/lastKnown.ts';
import { Deliveries } from '../../../../src/adapters/deliveries/deliveries.ts';
import { ReplayMemory } from '../../../../src/adapters/slack/inbound/guard.ts';
import { Conversations } from '../../../../src/adapters/teams/identity/conversations.ts';
import type { Inbound } from '../../../../src/adapters/teams/inbound/activity.ts';
import type { Store } from '../../../../src/adapters/store/journal/requestStore.ts';
import { openOutputStore } from '../../../../src/adapters/store/outputStore.ts';
import type { Clock, OutputStore } from '../../../../src/liveResponse/ports.ts';
import { createManualClock } from '../../../support/manualClock.ts';
import { createMemoryDisk, memoryFolder } from '../../../support/store/memoryDisk.ts';
import type { MemoryDisk } from '../../../support/store/memoryDisk.ts';
import { actionOf, approved, askedOf, claimed, collectLog, noon, picture } from '../sample.ts';
import type { LogLine } from '../sample.ts';

export const deliveriesFile = 'slack-deliveries.ndjson';
export const output = 'what the script printed';
export const signatures = ['1', '2', '3'].map((digit) => digit.repeat(64));

export interface Parts {
  readonly store: Store;
  readonly deliveries: Deliveries;
  readonly known: LastKnownFile;
  readonly conversations: Conversations;
  readonly outputs: OutputStore;
  readonly replay: ReplayMemory;
  readonly log: readonly LogLine[];
}

/** The record, with the key that lies in its folder. @throws what keeps the bot from starting */
export function openRecordOn(
  disk: MemoryDisk,
  clock: Clock = createManualClock(noon),
  log = collectLog(),
): Promise<Store> {
  const said: string[] = [];
  return openRecord({
    dataDir: memoryFolder,
    record: undefined,
    disk,
    real: false,
    clock,
    log,
    warn: (sentence) => void said.push(sentence),
  });
}

/** Everything, as a start opens it. */
export async function openParts(disk: MemoryDisk, clock: Clock = createManualClock(noon)): Promise<Parts> {
  const log = collectLog();
  const store = await openRecordOn(disk, clock, log);
  return { store, ...(await openBeside(disk, store, clock, log)), log: log.lines };
}

async function openBeside(
  disk: MemoryDisk,
  store: Store,
  clock: Clock,
  log: ReturnType<typeof collectLog>,
): Promise<Omit<Parts, 'store' | 'log'>> {
  const keys = store.keys();
  const place = { disk, folder: memoryFolder, keys, log };
  return {
    deliveries: await Deliveries.open({ ...place, name: deliveriesFile, clock }),
    known: new LastKnownFile(place),
    conversations: new Conversations({ ...place, unkeyed: store.tookOver() }),
    outputs: openOutputStore({ dir: memoryFolder, clock, disk }),
    replay: new ReplayMemory({ folder: memoryFolder, clock, log, disk }),
  };
}

const message: Inbound = {
  type: 'message',
  id: 'm1',
  text: 'lr help',
  serviceUrl: 'https://smba.trafficmanager.net/emea/',
  place: 'p1',
  kind: 'channel',
  tenants: ['t1'],
  shared: false,
  from: { id: '29:1', objectId: 'o1', name: 'Ada' },
  bot: { id: '28:1' },
  targeted: false,
  mentions: [],
};

/** What of the files beside the journal is there, of what `filledFolder` wrote. */
export function besides({ known, conversations }: Parts): readonly unknown[] {
  return [known.get('slack U1'), known.get('slack U2'), conversations.place('p1')?.serviceUrl];
}

/**
 * r1 ran and its output is kept; r2 is approved, r3 waits; three deliveries, of which one is answered and one
 * begun. Two snapshots, and lines behind the second that were never closed.
 */
export async function filledFolder(clock = createManualClock(noon)): Promise<MemoryDisk> {
  const disk = createMemoryDisk(new Map(), { clock });
  const first = await openParts(disk, clock);
  await first.store.add(askedOf('r1'));
  await first.store.change('r1', () => ({ event: approved }));
  await first.store.change('r1', () => ({ event: claimed('n1'), session: 0 }));
  await first.store.close();
  const second = await openParts(disk, clock);
  const sha256 = createHash('sha256').update(output).digest('hex');
  const excerpt = { index: 0, at: noon, length: output.length, sha256, errors: false, cut: false };
  const action = actionOf('a1');
  await second.store.change('r1', () => ({
    event: { type: 'submitted', action, deadline: noon + 1_000_000 },
    session: 0,
  }));
  await second.store.change('r1', () => ({ event: { type: 'excerptRead', excerpt }, session: 0 }));
  await second.outputs.put('r1', 0, output);
  await second.store.close();
  const third = await openParts(disk, clock);
  await third.store.add(askedOf('r2'));
  await third.store.change('r2', () => ({ event: approved }));
  await third.store.add(askedOf('r3'));
  await fillBeside(third);
  return disk;
}

async function fillBeside({ deliveries, known, conversations, replay }: Parts): Promise<void> {
  await deliveries.keep('d1', { text: 'lr help' });
  await deliveries.keep('d2', { text: 'lr queue' });
  deliveries.begin('d2');
  deliveries.done('d1');
  await deliveries.keep('d3', { text: 'lr approve r3' });
  known.set('slack U1', 'member');
  known.set('slack U2', 'guest');
  conversations.record(message, false);
  await Promise.all([known.settled(), conversations.settled()]);
  for (const signature of signatures) replay.admit(signature);
}

/** The same bytes on a disk of their own. */
export function copied(disk: MemoryDisk, without: readonly string[] = []): MemoryDisk {
  const folders = [memoryFolder, `${memoryFolder}/outputs`];
  const files = folders.flatMap((folder) =>
    disk
      .list(folder)
      .filter((name) => !without.includes(name))
      .map((name) => [`${folder}/${name}`, disk.bytes(`${folder}/${name}`) ?? Buffer.alloc(0)] as const),
  );
  return createMemoryDisk(new Map(files), { clock: createManualClock(noon) });
}

/** What a start makes of a disk: all that is in the store, or why it refuses. */
export async function started(
  disk: MemoryDisk,
  log = collectLog(),
): Promise<
  { readonly picture: unknown; readonly broken?: string | undefined } | { readonly refused: string }
> {
  try {
    const store = await openRecordOn(disk, createManualClock(noon), log);
    await store.audited();
    return { picture: picture(store), broken: store.auditBreak() };
  } catch (error) {
    return { refused: error instanceof Error ? error.message : String(error) };
  }
}
