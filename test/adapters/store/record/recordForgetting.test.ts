// Forgetting a person: the chain still verifies, and a restored file of keys does not undo it.
import { describe, expect, test } from '@jest/globals';
import type { Store } from '../../../../src/adapters/store/journal/requestStore.ts';
import { createMemoryDisk, memoryFolder } from '../../../support/store/memoryDisk.ts';
import { askedOf, auditOf, responder } from '../sample.ts';
import { copyOf, inFolder, open, written } from './keyedRecord.ts';

describe('forgetting', () => {
  const end = async (store: Store): Promise<void> => {
    await store.change('r1', () => ({ event: { type: 'withdrawn', by: responder } }));
  };

  test('leaves a chain that verifies, and a restored file of keys does not undo it', async () => {
    const disk = createMemoryDisk();
    const store = await open(disk);
    await store.add(askedOf('r1', { reason: 'for Marie' }));
    await end(store);
    await store.close();
    const keysBefore = disk.bytes(inFolder('people.keys')) ?? Buffer.alloc(0);
    const forgetting = await open(disk);
    await forgetting.forget(forgetting.personsNamed(responder.id), 'root at the machine');
    await forgetting.close();
    for (const restored of [false, true]) {
      if (restored) disk.overwrite(inFolder('people.keys'), keysBefore);
      const after = await open(disk);
      expect(after.get('r1')).toMatchObject({
        asked: { requester: { name: 'forgotten person' } },
        stage: { state: 'closed' },
        subject: { commands: askedOf('r1').subject.commands },
      });
      expect(JSON.stringify(after.get('r1'))).not.toMatch(/Responder|Marie|slack:U1/);
      expect(after.personsNamed(responder.id)).toEqual([]);
      expect(auditOf(disk, memoryFolder).wrong).toBeUndefined();
      await after.audited();
      expect(after.auditBreak()).toBeUndefined();
      await after.close();
    }
  });

  test('that died between its line and the file is finished by the next start', async () => {
    const disk = createMemoryDisk();
    const store = await open(disk);
    await store.add(askedOf('r1'));
    await end(store);
    const persons = store.personsNamed(responder.id);
    await store.note({ type: 'forgotten', people: persons, by: 'root' });
    const after = await open(disk.powerCut(() => 0));
    expect(after.personsNamed(responder.id)).toEqual([]);
  });

  test('a lost file of keys does not let anybody approve their own: the start refuses while a request is open', async () => {
    const disk = await written();
    disk.remove(inFolder('people.keys'));
    await expect(open(disk)).rejects.toThrow(
      /people\.keys is missing, and with it the keys? of persons? \(p_[0-9a-f]{16}|people\.keys is missing, and with it the key of/,
    );
    const accepted = await open(copyOf(disk), { withoutLost: true });
    expect(accepted.lost().length).toBeGreaterThan(0);
  });

  test('a line of that file which is no key is told', async () => {
    const disk = await written();
    disk.overwrite(
      inFolder('people.keys'),
      Buffer.concat([Buffer.from('null\n'), disk.bytes(inFolder('people.keys')) ?? Buffer.alloc(0)]),
    );
    await expect(open(disk)).rejects.toThrow(/people\.keys line 1 is no key of a person/);
  });

  test('a key that somebody changed in the file is told', async () => {
    const disk = await written();
    const [line = '', ...more] = (disk.bytes(inFolder('people.keys')) ?? Buffer.alloc(0))
      .toString('utf8')
      .split('\n');
    const person = JSON.parse(line) as { readonly p: string };
    disk.overwrite(
      inFolder('people.keys'),
      Buffer.from([line.replace(person.p, `p_${'0'.repeat(16)}`), ...more].join('\n')),
    );
    await expect(open(disk)).rejects.toThrow(/people\.keys line 1 holds a key of a person that was changed/);
  });
});
