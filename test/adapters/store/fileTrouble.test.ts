// Row 1.21: every refusal of a file at the start is named with its path, its code and the next step, by every
// program.
import { afterEach, describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileTrouble, whyItFailed } from '../../../src/adapters/store/fileTrouble.ts';
import { realDisk } from '../../../src/adapters/store/journal/disk.ts';
import { openStore } from '../../../src/adapters/store/journal/requestStore.ts';
import { createManualClock } from '../../support/manualClock.ts';
import { root } from '../../support/root.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});
function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), 'lr-trouble-'));
  folders.push(folder);
  return folder;
}

function refusal(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: refused`), { code, path });
}

describe('row 1.21: a refusal of the file system', () => {
  test.each(['EROFS', 'EACCES', 'EPERM', 'ENOSPC', 'EDQUOT', 'EIO', 'ENOTDIR', 'EMFILE', 'ENAMETOOLONG'])(
    '%s is told with its path, its code and what to do',
    (code) => {
      const sentence = fileTrouble(refusal(code, '/data/journal-000000000001.ndjson'));
      expect(sentence).toContain('/data/journal-000000000001.ndjson');
      expect(sentence).toContain(`(${code})`);
      expect(sentence).toMatch(/: .+\.$/);
    },
  );

  test('is found as the cause of another error, and what is none is told as it is', () => {
    expect(
      whyItFailed(new Error('The journal cannot be opened', { cause: refusal('EROFS', '/data') })),
    ).toContain('read-only (EROFS)');
    expect(whyItFailed(new Error('something else'))).toBe('something else');
  });

  test.each(['EROFS', 'EACCES', 'ENOSPC', 'EIO'])(
    '%s while the store is opened names the file and not a wrong reason',
    async (code) => {
      const folder = temporary();
      const disk = {
        ...realDisk,
        open: (path: string, mode: 'append' | 'new' | 'read') => {
          if (mode !== 'read') throw refusal(code, path);
          return realDisk.open(path, mode);
        },
      };
      const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
      const failed = await openStore({ dir: folder, clock: createManualClock(), log, disk }).then(
        async (store) => {
          await store.close();
          return 'it was opened';
        },
        (error: unknown) => whyItFailed(error),
      );
      expect(failed).toContain(`(${code})`);
      expect(failed).toContain(folder);
    },
  );

  test('a folder that takes none below it is told at once', () => {
    const folder = '/proc/self/lr-data';
    expect(() => {
      realDisk.makeFolder(folder);
    }).toThrow(expect.objectContaining({ path: folder }));
  });

  test('folders above it that are missing are made, and one that is there is left', () => {
    const folder = join(temporary(), 'a', 'b', 'c');
    realDisk.makeFolder(folder);
    realDisk.makeFolder(folder);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
  });

  test('what keeps the bot from starting is told, also when its parts cannot be closed for the same reason', () => {
    const place = join(temporary(), 'data');
    const ended = spawnSync(
      'bash',
      ['-c', `ulimit -f 0; exec "${process.execPath}" "${join(root, 'dist', 'src', 'main.js')}"`],
      {
        cwd: root,
        encoding: 'utf8',
        env: { PATH: process.env['PATH'] ?? '', LR_DATA_DIR: place, LR_LOG_LEVEL: 'silent', PORT: '0' },
        timeout: 50_000,
      },
    );
    expect(ended.status).toBe(1);
    expect(ended.stderr).toMatch(/cannot start: .*may not grow any more \(EFBIG\)/);
  });

  test.each([
    ['the bot', 'src/main.js', [], { LR_DEFENDER: 'simulator', PORT: '0' }],
    ['the audit', 'src/cli/audit.js', ['verify'], {}],
    ['the doctor', 'src/cli/doctor.js', ['--offline'], { LR_DEFENDER: 'simulator', PORT: '0' }],
  ] as const)('ends %s with the cause and without a stack', (_who, file, words, env) => {
    const place = join(temporary(), 'file');
    writeFileSync(place, 'no folder');
    const ended = spawnSync(process.execPath, [join(root, 'dist', file), ...words], {
      cwd: root,
      encoding: 'utf8',
      env: { PATH: process.env['PATH'] ?? '', LR_DATA_DIR: join(place, 'data'), ...env },
      timeout: 50_000,
    });
    expect(ended.status).not.toBe(0);
    expect(`${ended.stdout}${ended.stderr}`).toContain(place);
    expect(ended.stderr).not.toMatch(/^\s+at /m);
  });
});
