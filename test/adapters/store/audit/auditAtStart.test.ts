// What the start of the store makes of a journal that was damaged: which break stops it, and which is told.
import { describe, expect, test } from '@jest/globals';
import { JournalBroken } from '../../../../src/adapters/store/journal/journalBroken.ts';
import type { MemoryDisk } from '../../../support/store/memoryDisk.ts';
import { memoryFolder } from '../../../support/store/memoryDisk.ts';
import { collectLog, openTestStore } from '../sample.ts';
import { linesIn, middle, newest, oldest, path, written } from './auditedFiles.ts';

describe('the start', () => {
  const open = (disk: MemoryDisk): ReturnType<typeof openTestStore> =>
    openTestStore({ dir: memoryFolder, disk });

  test('refuses on a break after the snapshot, naming file and line', async () => {
    const disk = await written();
    const lines = linesIn(disk, newest);
    disk.overwrite(
      newest,
      Buffer.from(`${lines.with(3, (lines[3] ?? '').replace('r2b', 'r2x')).join('\n')}\n`),
    );
    await expect(open(disk)).rejects.toThrow(JournalBroken);
    await expect(open(disk)).rejects.toMatchObject({ file: 'journal-000000013.ndjson', line: 4 });
  });

  test('refuses a damaged last line that was acknowledged', async () => {
    const disk = await written();
    const bytes = Buffer.from(disk.bytes(newest) ?? []);
    bytes[bytes.length - 90] = (bytes[bytes.length - 90] ?? 0) ^ 1;
    disk.overwrite(newest, bytes);
    await expect(open(disk)).rejects.toMatchObject({ file: 'journal-000000013.ndjson', line: 6 });
  });

  test('goes on over an older break, and says so from the background', async () => {
    const disk = await written();
    const lines = linesIn(disk, oldest);
    disk.overwrite(oldest, Buffer.from(`${lines.toSpliced(1, 1).join('\n')}\n`));
    const store = await open(disk);
    expect(store.open()).toHaveLength(6);
    await store.audited();
    expect(store.auditBreak()).toContain('journal-000000001.ndjson line 2');
    expect(store.health()).toMatchObject({ audited: true, auditBreak: store.auditBreak() });
  });

  test('refuses when the file after the snapshot is missing', async () => {
    const disk = await written();
    disk.remove(newest);
    await expect(open(disk)).rejects.toThrow('journal-000000013.ndjson line 1 is missing');
  });

  test.each([
    ['torn', (bytes: Buffer) => bytes.subarray(0, bytes.length / 2)],
    ['empty', () => Buffer.alloc(0)],
    ['full of zeros', (bytes: Buffer) => Buffer.alloc(bytes.length)],
    ['of another shape', () => Buffer.from('[1]')],
    ['null', () => Buffer.from('null')],
    // Whole JSON of the right shape: nothing but its checksum tells.
    [
      'changed in one word',
      (bytes: Buffer) =>
        Buffer.from(
          bytes
            .toString('utf8')
            .replace('"submitting"', '"queued"')
            .replace(/"title":"/, '"title":"x'),
        ),
    ],
  ])(
    'reads the generation before when the snapshot is %s, and the whole journal when both are',
    async (_how, damage) => {
      const disk = await written();
      const before = (await open(await written())).all();
      for (const name of ['snapshot.json', 'snapshot.previous.json']) {
        const log = collectLog();
        disk.overwrite(path(name), damage(disk.bytes(path(name)) ?? Buffer.alloc(0)));
        const store = await openTestStore({ dir: memoryFolder, disk, log });
        expect(store.all()).toEqual(before);
        expect(log.lines.filter((line) => line.event === 'snapshotUnusable').length).toBeGreaterThan(0);
      }
    },
  );

  test('never begins again beside a snapshot whose journal is gone', async () => {
    const disk = await written();
    for (const file of [oldest, middle, newest]) disk.remove(file);
    await expect(open(disk)).rejects.toThrow('is missing');
    for (const name of ['snapshot.json', 'snapshot.previous.json'])
      disk.overwrite(path(name), Buffer.from('x'));
    await expect(open(disk)).rejects.toThrow('is missing');
  });
});
