// A freeze asked for at the machine: durable before it is believed, taken up once, and read from the journal
// as it stands last.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { realDisk } from '../../../src/adapters/store/journal/disk.ts';
import {
  createFreezeWatch,
  dropFreezeRequest,
  freezeInForce,
  pendingFreeze,
} from '../../../src/adapters/store/outputStore.ts';
import type { FreezeWatch } from '../../../src/adapters/store/outputStore.ts';
import { noHead } from '../../../src/adapters/store/journal/line.ts';
import type { MemoryDisk } from '../../support/store/memoryDisk.ts';
import { createMemoryDisk, memoryFolder } from '../../support/store/memoryDisk.ts';
import { collectLog, lineAfter, noon, peopleIn, temporaryFolder } from './sample.ts';

const file = join(memoryFolder, 'freeze-request.json');
const drop = (disk: MemoryDisk, why = 'odd approvals'): void =>
  dropFreezeRequest(disk, memoryFolder, 'root at the machine', why);

test('what was dropped is there after a power cut that loses all it may', () => {
  const disk = createMemoryDisk();
  drop(disk);
  expect(
    pendingFreeze(
      disk.powerCut(() => 0),
      memoryFolder,
    ),
  ).toMatchObject({ by: 'root at the machine', why: 'odd approvals' });
});

test('one that cannot be opened freezes all the same, and a long reason is cut', () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder.path, 'freeze-request.json'));
  expect(pendingFreeze(realDisk, folder.path)).toMatchObject({ by: 'somebody at the machine' });
  folder.remove();
  const disk = createMemoryDisk();
  disk.overwrite(file, Buffer.from(JSON.stringify({ id: 'a', by: 'b', why: 'x'.repeat(600) })));
  expect(pendingFreeze(disk, memoryFolder)?.why).toHaveLength(500);
});

describe('the running bot', () => {
  let disk: MemoryDisk;
  let log: ReturnType<typeof collectLog>;
  const frozen: string[] = [];
  let hold: Promise<void> | undefined;
  let watch: FreezeWatch;
  beforeEach(() => {
    disk = createMemoryDisk();
    log = collectLog();
    frozen.length = 0;
    hold = undefined;
    watch = createFreezeWatch({
      disk,
      folder: memoryFolder,
      log,
      freeze: async (_by, why) => {
        frozen.push(why);
        await hold;
      },
    });
  });
  afterEach(() => watch.stop());

  test('freezes once for each request, though it cannot remove it for a while, and says so once', async () => {
    drop(disk);
    disk.failWith((operation) => (operation === 'remove' ? { code: 'EACCES' } : undefined));
    for (let look = 0; look < 3; look += 1) await watch.look();
    expect(frozen).toEqual(['odd approvals']);
    expect(log.lines.filter(({ event }) => event === 'freezeNotTaken')).toHaveLength(1);
    disk.failWith(undefined);
    await watch.look();
    expect(pendingFreeze(disk, memoryFolder)).toBeUndefined();
    expect(frozen).toEqual(['odd approvals']);
    drop(disk, 'another');
    await watch.look();
    expect(frozen).toEqual(['odd approvals', 'another']);
  });

  test('looks once at a time, and stops only after the look under way', async () => {
    let go = (): void => undefined;
    hold = new Promise((resolve) => (go = resolve));
    drop(disk);
    const looks = Promise.all([watch.look(), watch.look()]);
    expect(frozen).toHaveLength(1);
    const stopped = watch.stop().then(() => pendingFreeze(disk, memoryFolder));
    go();
    expect(await stopped).toBeUndefined();
    await looks;
  });
});

test('in force is what the newest file tells last, and no line that is still being written', () => {
  const disk = createMemoryDisk();
  const people = peopleIn(disk, memoryFolder);
  const frozen = lineAfter(
    noHead,
    { at: noon, request: null, event: { type: 'frozen', by: 'Avery', why: 'odd approvals' } },
    people,
  );
  const unfrozen = lineAfter(
    frozen.head,
    { at: noon + 1, request: null, event: { type: 'unfrozen', by: 'Avery' } },
    people,
  );
  const first = join(memoryFolder, 'journal-000000001.ndjson');
  const second = join(memoryFolder, 'journal-000000002.ndjson');
  disk.overwrite(first, Buffer.from(`${frozen.text}\n`));
  expect(freezeInForce(disk, memoryFolder, people)).toEqual({ by: 'Avery', why: 'odd approvals', at: noon });
  disk.overwrite(second, Buffer.from(unfrozen.text));
  expect(freezeInForce(disk, memoryFolder, people)).toBeDefined();
  disk.overwrite(second, Buffer.from(`${unfrozen.text}\n`));
  expect(freezeInForce(disk, memoryFolder, people)).toBeUndefined();
});
