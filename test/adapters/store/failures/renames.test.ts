// Files that are replaced by another one under their name: a power cut that keeps the new name without what was
// written, or what was written without the name, leaves the old file or the new one, whole.
import { describe, expect, test } from '@jest/globals';
import { dropFreezeRequest, pendingFreeze } from '../../../../src/adapters/store/outputStore.ts';
import { createMemoryDisk, memoryFolder } from '../../../support/store/memoryDisk.ts';
import type { Left, MemoryDisk } from '../../../support/store/memoryDisk.ts';
import { askedOf, picture, seeded } from '../sample.ts';
import { copied, deliveriesFile, filledFolder, openParts, openRecordOn, signatures } from './dataFolder.ts';

const none = (): number => 0;
const all = (n: number): number => n - 1;

const cuts: readonly (readonly [name: string, left: (seed: number) => Left, seeds: number])[] = [
  ['names without what was written', () => ({ names: all, bytes: none }), 1],
  ['what was written without its names', () => ({ names: none, bytes: all }), 1],
  ['any of both', seeded, 40],
];

describe.each(cuts)('a power cut that leaves %s', (_name, left, seeds) => {
  async function each(disk: MemoryDisk, look: (found: MemoryDisk) => Promise<void>): Promise<void> {
    for (let seed = 0; seed < seeds; seed += 1) await look(disk.powerCut(left(seed)));
  }

  test('gives back the state of the snapshot, and the keys of persons, whatever was being written', async () => {
    const disk = copied(await filledFolder());
    const store = await openRecordOn(disk);
    const before = picture(store);
    await store.close();
    await each(disk, async (found) => expect(picture(await openRecordOn(found))).toEqual(before));
    const again = await openRecordOn(disk);
    // The file of keys is written whole: a person in it has more than one line.
    await again.add({
      ...askedOf('r5'),
      asked: { ...askedOf('r5').asked, requester: { id: 'x', name: 'X' } },
    });
    await each(disk, async (found) => expect(picture(await openRecordOn(found))).toEqual(picture(again)));
  });

  test('gives back a folder that was only begun, with its key', async () => {
    const disk = createMemoryDisk();
    const store = await openRecordOn(disk);
    await store.add(askedOf('r1'));
    await each(disk, async (found) => expect(picture(await openRecordOn(found))).toEqual(picture(store)));
  });

  test('gives back the old or the new answer, way and text, and never half of one', async () => {
    const disk = copied(await filledFolder());
    const { known, conversations, outputs } = await openParts(disk);
    known.set('slack U1', 'deactivated');
    await known.settled();
    conversations.recordDirect('o1', 'd1');
    await conversations.settled();
    await outputs.put('r1', 0, 'another text');
    await each(disk, async (found) => {
      const parts = await openParts(found);
      expect(['member', 'deactivated']).toContain(parts.known.get('slack U1'));
      expect(parts.known.get('slack U2')).toBe('guest');
      expect([undefined, 'd1']).toContain(parts.conversations.person('o1')?.direct);
      expect(parts.conversations.place('p1')?.bot).toBe('28:1');
      expect(['what the script printed', 'another text']).toContain(await parts.outputs.get('r1', 0));
    });
  });

  test('gives back every delivery that was acknowledged, also in a file that was just written again', async () => {
    const disk = copied(await filledFolder());
    const { deliveries } = await openParts(disk);
    const look = async (found: MemoryDisk): Promise<void> => {
      const keys = (await openParts(found)).deliveries.left().now.map(({ key }) => key);
      expect(keys).toEqual(expect.arrayContaining(['d2', 'd3']));
    };
    await each(disk, look);
    expect(await deliveries.keep('d4', { text: 'lr help' })).toBe('first');
    await each(disk, async (found) => {
      await look(found);
      expect(found.bytes(`${memoryFolder}/${deliveriesFile}`)?.includes('"d4"')).toBe(true);
    });
  });

  test('gives back a freeze that was asked for at the machine', async () => {
    const disk = createMemoryDisk();
    dropFreezeRequest(disk, memoryFolder, 'somebody at the machine', 'exercise');
    await each(disk, (found) => {
      expect(pendingFreeze(found, memoryFolder)).toMatchObject({ why: 'exercise' });
      return Promise.resolve();
    });
  });

  test('may forget Slack’s signatures, which outlive the process and not the machine', async () => {
    const disk = copied(await filledFolder());
    await openParts(disk);
    await each(disk, async (found) => {
      const { replay } = await openParts(found);
      const fresh = signatures.filter((signature) => replay.admit(signature));
      expect(fresh.length).toBeLessThanOrEqual(3);
      expect(signatures.filter((signature) => replay.admit(signature))).toEqual([]);
    });
  });
});
