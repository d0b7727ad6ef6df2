import { stateIn } from '../../support/requests/requests.ts';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Lock } from '../../../src/adapters/store/journal/lock.ts';
import { FolderInUse, lockFolder, lockHolder } from '../../../src/adapters/store/journal/lock.ts';
import { audit } from '../../../src/adapters/store/audit/audit.ts';
import { realDisk } from '../../../src/adapters/store/journal/disk.ts';
import { startForeignHolder } from '../../support/store/foreignHolder.ts';
import { killStoreProcesses, startStoreProcess } from '../../support/store/storeProcess.ts';
import { collectLog, openTestStore, temporaryFolder } from './sample.ts';

describe('real processes', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  beforeEach(() => {
    folder = temporaryFolder();
  });
  afterEach(() => {
    killStoreProcesses();
    folder.remove();
  });

  test('every acknowledged change survives kill -9, again and again', async () => {
    const acknowledged = new Map<string, string>();
    for (const lines of [40, 173, 301, 98]) {
      const worker = startStoreProcess(folder.path, 'work');
      await worker.told(lines);
      for (const line of await worker.kill()) {
        const [id = '', state = ''] = line.split(' ');
        if (state !== '') acknowledged.set(id, state);
      }
    }
    const order = ['awaitingApproval', 'queued', 'submitting'];
    const store = await openTestStore({ dir: folder.path });
    expect(acknowledged.size).toBeGreaterThan(100);
    for (const [id, state] of acknowledged)
      expect(order.indexOf(stateIn(store.get(id)) ?? '')).toBeGreaterThanOrEqual(order.indexOf(state));
    await store.audited();
    expect(store.auditBreak()).toBeUndefined();
    await store.close();
    expect(audit({ disk: realDisk, folder: folder.path }).wrong).toBeUndefined();
  });

  test('a second process is refused with a sentence that names the first, and gets in when that was killed', async () => {
    const holder = startStoreProcess(folder.path, 'hold');
    expect(await holder.told(1)).toEqual(['open']);
    await expect(openTestStore({ dir: folder.path })).rejects.toThrow(
      `is in use by another running bot (process ${holder.pid})`,
    );
    const second = startStoreProcess(folder.path, 'hold');
    expect((await second.told(1))[0]).toContain('is in use by another running bot');
    expect(await second.ended()).toBe(1);
    await holder.kill();
    const store = await openTestStore({ dir: folder.path });
    await store.close();
  });

  test('a frozen holder still holds the folder', async () => {
    const holder = startStoreProcess(folder.path, 'hold');
    await holder.told(1);
    holder.freeze();
    await expect(openTestStore({ dir: folder.path })).rejects.toThrow(FolderInUse);
    await holder.kill();
  });

  describe.each(['linux', 'darwin'] as const)('the lock of %s', (platform) => {
    const take = (path: string): Promise<Lock> => lockFolder(path, collectLog(), platform);

    test('is held once, and can be had again after its release', async () => {
      const first = await take(folder.path);
      await expect(take(folder.path)).rejects.toThrow(FolderInUse);
      await first.release();
      const second = await take(folder.path);
      await second.release();
    });

    test('is the same by any way to the folder, and not shared with another folder', async () => {
      mkdirSync(join(folder.path, 'a'));
      mkdirSync(join(folder.path, 'b'));
      const a = await take(join(folder.path, 'a'));
      await expect(take(join(folder.path, 'b', '..', 'a'))).rejects.toThrow(FolderInUse);
      const b = await take(join(folder.path, 'b'));
      await a.release();
      await b.release();
    });

    test('is never held twice when many ask at once', async () => {
      const results = await Promise.allSettled(Array.from({ length: 8 }, () => take(folder.path)));
      const held = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
      expect(held.length).toBeLessThanOrEqual(1);
      for (const lock of held) await lock.release();
      const after = await take(folder.path);
      await after.release();
    });

    test('works in a folder whose path is too long for a socket', async () => {
      const deep = join(folder.path, 'x'.repeat(120));
      mkdirSync(deep);
      const lock = await take(deep);
      await expect(take(deep)).rejects.toThrow(FolderInUse);
      await lock.release();
    });
  });

  describe('another user of the machine', () => {
    const says = ['nothing', 'pid', 'proof'] as const;

    test.each(says)(
      'whose process has the name of the folder first, and says %s, does not keep the bot out',
      async (what) => {
        const foreign = await startForeignHolder(folder.path, what);
        try {
          expect(await lockHolder(folder.path)).toBeUndefined();
          const log = collectLog();
          const lock = await lockFolder(folder.path, log);
          expect(log.lines.map(({ event }) => event)).toContain('lockNameHeldByAnother');
          expect(await lockHolder(folder.path)).toBe(String(process.pid));
          await expect(lockFolder(folder.path, collectLog())).rejects.toThrow(FolderInUse);
          const second = startStoreProcess(folder.path, 'hold');
          expect((await second.told(1))[0]).toContain('is in use by another running bot');
          await lock.release();
        } finally {
          await foreign.kill();
        }
      },
    );

    test('whose process holds a name keeps two bots that start at once apart no less', async () => {
      const foreign = await startForeignHolder(folder.path, 'pid');
      try {
        const results = await Promise.allSettled(
          Array.from({ length: 8 }, () => lockFolder(folder.path, collectLog())),
        );
        const held = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
        expect(held.length).toBeLessThanOrEqual(1);
        for (const lock of held) await lock.release();
      } finally {
        await foreign.kill();
      }
    });

    test.each(['linux', 'darwin'] as const)(
      'who has socket files of the name in the folder for temporary ones does not keep the bot out of a long path (%s)',
      async (platform) => {
        const deep = join(folder.path, 'x'.repeat(120));
        mkdirSync(deep);
        const foreign = await startForeignHolder(deep, 'pid');
        try {
          const lock = await lockFolder(deep, collectLog(), platform);
          await expect(lockFolder(deep, collectLog(), platform)).rejects.toThrow(FolderInUse);
          await lock.release();
          expect(foreign.file === undefined || existsSync(foreign.file)).toBe(true);
        } finally {
          await foreign.kill();
        }
      },
    );
  });

  test('dead socket files are removed, so that kills do not fill the folder', async () => {
    for (let round = 0; round < 2; round += 1) {
      const holder = startStoreProcess(folder.path, 'hold');
      await holder.told(1);
      await holder.kill();
    }
    expect(readdirSync(folder.path).filter((name) => name.endsWith('.sock'))).toHaveLength(1);
    const store = await openTestStore({ dir: folder.path });
    expect(readdirSync(folder.path).filter((name) => name.endsWith('.sock'))).toHaveLength(1);
    await store.close();
    expect(
      existsSync(folder.path) && readdirSync(folder.path).filter((name) => name.endsWith('.sock')),
    ).toHaveLength(0);
  });
});
