// The audit of a journal: whatever was changed, cut or put elsewhere in its files is found, and named.
import { beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { spawnSync } from 'node:child_process';
import { createHmac, hash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AuditReport } from '../../../../src/adapters/store/audit/audit.ts';
import { audit, auditSteps } from '../../../../src/adapters/store/audit/audit.ts';
import { noHead } from '../../../../src/adapters/store/journal/line.ts';
import type { MemoryDisk } from '../../../support/store/memoryDisk.ts';
import { createMemoryDisk, memoryFolder } from '../../../support/store/memoryDisk.ts';
import {
  approved,
  askedOf,
  auditOf,
  lineAfter,
  noon,
  openTestStore,
  peopleIn,
  snapshotIn,
  temporaryFolder,
} from '../sample.ts';
import { testKeys } from '../../../support/store/testKeys.ts';
import { linesIn, middle, newest, oldest, path, written } from './auditedFiles.ts';

function check(disk: MemoryDisk): AuditReport {
  return auditOf(disk, memoryFolder);
}

describe('the audit', () => {
  let files: ReadonlyMap<string, Buffer>;
  beforeAll(async () => {
    const disk = await written();
    files = new Map(
      disk.list(memoryFolder).map((name) => [path(name), disk.bytes(path(name)) ?? Buffer.alloc(0)]),
    );
  });
  const fresh = (): MemoryDisk => createMemoryDisk(files);
  const rewrite = (disk: MemoryDisk, file: string, lines: readonly string[]): MemoryDisk => {
    disk.overwrite(file, Buffer.from(lines.map((line) => `${line}\n`).join('')));
    return disk;
  };

  test('finds nothing wrong in what the store wrote', () => {
    expect(check(fresh())).toMatchObject({ lines: 18, files: 3, beingWritten: false });
    expect(check(fresh()).wrong).toBeUndefined();
  });

  test('finds any changed byte in any file', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(oldest, middle, newest),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (file, where, flip) => {
          const disk = fresh();
          const bytes = Buffer.from(disk.bytes(file) ?? []);
          const at = where % bytes.length;
          bytes[at] = (bytes[at] ?? 0) ^ flip;
          disk.overwrite(file, bytes);
          const report = check(disk);
          // The very last newline gone looks like a line being written: then the head is one line earlier,
          // which an anchor shows.
          if (file === newest && at === bytes.length - 1)
            expect(report).toMatchObject({ lines: 17, beingWritten: true });
          else expect(report.wrong).toBeDefined();
        },
      ),
      { numRuns: 300 },
    );
  });

  test.each([
    [
      'a removed line',
      (lines: readonly string[]) => lines.toSpliced(2, 1),
      3,
      'lines were removed, inserted or moved',
    ],
    [
      'two lines in the wrong order',
      (lines: readonly string[]) => [...lines.slice(0, 2), lines[3] ?? '', lines[2] ?? '', ...lines.slice(4)],
      3,
      'lines were removed, inserted or moved',
    ],
    [
      'a line twice',
      (lines: readonly string[]) => lines.toSpliced(2, 0, lines[1] ?? ''),
      3,
      'lines were removed, inserted or moved',
    ],
    [
      'a line that is not JSON',
      (lines: readonly string[]) => lines.toSpliced(2, 0, 'hello'),
      3,
      'is not JSON',
    ],
    [
      'an edited line',
      (lines: readonly string[]) =>
        lines.with(2, (lines[2] ?? '').replace('queued', 'over').replace('"at":', '"at": ')),
      3,
      'was changed after it was written',
    ],
  ])('names file and line of %s', (_what, tamper, line, words) => {
    const disk = fresh();
    rewrite(disk, middle, tamper(linesIn(disk, middle)));
    const { wrong } = check(disk);
    expect(wrong).toMatchObject({ file: 'journal-000000007.ndjson', line });
    expect(wrong?.sentence).toContain(words);
  });

  test('finds a line that was edited and given a hash as version 0.1 made it, at that line', () => {
    const disk = fresh();
    const lines = linesIn(disk, middle);
    const open = (lines[2] ?? '').replace('lr:r1a', 'lr:r1x').slice(0, -75);
    rewrite(disk, middle, lines.with(2, `${open},"hash":"${hash('sha256', open, 'hex')}"}`));
    expect(check(disk).wrong).toMatchObject({ file: 'journal-000000007.ndjson', line: 3 });
    expect(check(disk).wrong?.sentence).toContain('not written with the key');
  });

  test('finds a whole file that is missing, the first one too', () => {
    for (const file of [oldest, middle]) {
      const disk = fresh();
      disk.remove(file);
      expect(check(disk).wrong?.sentence).toMatch(/journal-0000000(01|07)\.ndjson is missing/);
    }
  });

  test('finds lines cut off the end by the snapshot, and all others by an anchor', () => {
    const disk = fresh();
    disk.remove(newest);
    rewrite(disk, middle, linesIn(disk, middle).slice(0, -1));
    expect(check(disk).wrong?.sentence).toContain('but the snapshot knows 12');
    const whole = check(fresh());
    const cut = fresh();
    rewrite(cut, newest, linesIn(cut, newest).slice(0, -1));
    expect(audit({ disk: cut, folder: memoryFolder, keys: testKeys }).wrong).toBeUndefined();
    expect(
      audit({ disk: cut, folder: memoryFolder, keys: testKeys, anchors: [whole.head] }).wrong?.sentence,
    ).toContain('but the anchor knows 18');
    expect(
      audit({
        disk: fresh(),
        folder: memoryFolder,
        keys: testKeys,
        anchors: [{ seq: 9, hash: 'f'.repeat(64) }],
      }).wrong,
    ).toMatchObject({ line: 3 });
    expect(
      audit({ disk: fresh(), folder: memoryFolder, keys: testKeys, anchors: [whole.head] }).wrong,
    ).toBeUndefined();
  });

  test('finds a chain that is whole but tells what cannot have happened', () => {
    const disk = createMemoryDisk();
    const people = peopleIn(disk, memoryFolder);
    const asked = lineAfter(
      noHead,
      { at: noon, request: 'r1', event: { type: 'asked', request: askedOf('r1') } },
      people,
    );
    const lost = lineAfter(asked.head, { at: noon, request: 'r1', event: { type: 'lost' } }, people);
    rewrite(disk, oldest, [asked.text, lost.text]);
    expect(check(disk).wrong).toMatchObject({ line: 2 });
    expect(check(disk).wrong?.sentence).toContain('no transition "lost" from state "awaitingApproval"');
  });

  type Sealed = Readonly<Record<string, unknown>> & {
    readonly head: object;
    readonly requests: readonly { readonly id: string }[];
  };

  /** The snapshot with other content, and a code that fits, as only somebody with the key can make one. */
  function resealed(disk: MemoryDisk, change: (snapshot: Sealed) => object): MemoryDisk {
    const {
      key,
      hmac: _sum,
      ...snapshot
    } = JSON.parse((disk.bytes(path('snapshot.json')) ?? Buffer.alloc(0)).toString('utf8')) as Sealed;
    const body = JSON.stringify(change(snapshot)).slice(0, -1);
    const code = createHmac('sha256', testKeys.current.files).update(`snapshot\0${body}`).digest('hex');
    disk.overwrite(path('snapshot.json'), Buffer.from(`${body},"key":"${String(key)}","hmac":"${code}"}`));
    return disk;
  }

  test.each<readonly [string, (snapshot: Sealed) => object, RegExp | undefined]>([
    ['nothing else', (snapshot) => snapshot, undefined],
    [
      'another journal',
      (snapshot) => ({ ...snapshot, head: { ...snapshot.head, hash: 'f'.repeat(64) } }),
      /^journal-000000007\.ndjson line 6 has another hash than the snapshot says/,
    ],
    [
      'one open request less',
      (snapshot) => ({ ...snapshot, requests: snapshot.requests.slice(1) }),
      /^snapshot\.json lacks request r\d[ab], which is still open/,
    ],
    [
      'a freeze',
      (snapshot) => ({
        ...snapshot,
        global: { words: { freeze: { by: 'nobody', why: 'none', at: noon } }, boxes: [] },
      }),
      /^snapshot\.json holds another freeze/,
    ],
  ])('finds a snapshot that tells of %s, sealed as it may be', (_what, change, words) => {
    const { wrong } = check(resealed(fresh(), change));
    if (words === undefined) expect(wrong).toBeUndefined();
    else expect(wrong?.sentence).toMatch(words);
  });

  test('finds a line without its end before another file, and takes an empty file for one that was only begun', () => {
    const cut = fresh();
    cut.overwrite(middle, (cut.bytes(middle) ?? Buffer.alloc(0)).subarray(0, -1));
    // Without a snapshot the line is missed only by the file after it.
    expect(audit({ disk: cut, folder: memoryFolder, keys: testKeys }).wrong?.sentence).toMatch(
      /^journal-000000007\.ndjson line 6 has no end/,
    );
    const begun = fresh();
    begun.overwrite(path('journal-000000019.ndjson'), Buffer.alloc(0));
    expect(check(begun)).toMatchObject({ lines: 18, files: 3 });
    expect(check(begun).wrong).toBeUndefined();
  });

  test('reads on in a file that is begun while it reads, and stops at the snapshot where only what is older is asked for', () => {
    const disk = fresh();
    const last = disk.bytes(newest) ?? Buffer.alloc(0);
    disk.remove(newest);
    const steps = auditSteps({ disk, folder: memoryFolder, keys: testKeys });
    steps.next();
    disk.overwrite(newest, last);
    let step = steps.next();
    while (step.done !== true) step = steps.next();
    expect(step.value).toMatchObject({ lines: 18, files: 3 });
    const snapshot = snapshotIn(disk, memoryFolder);
    if (snapshot === undefined) throw new Error('no snapshot');
    expect(
      audit({
        disk,
        folder: memoryFolder,
        keys: testKeys,
        people: peopleIn(disk, memoryFolder),
        snapshot,
        onlyOlder: true,
      }),
    ).toMatchObject({ lines: 12, files: 2 });
  });

  test('takes a last line without its end for one being written', () => {
    const disk = fresh();
    disk.overwrite(
      newest,
      Buffer.concat([disk.bytes(newest) ?? Buffer.alloc(0), Buffer.from('{"seq":19,"pre')]),
    );
    expect(check(disk)).toMatchObject({ lines: 18, beingWritten: true });
    expect(check(disk).wrong).toBeUndefined();
  });
});

describe('npm run audit', () => {
  const cli = fileURLToPath(new URL('../../../../src/cli/audit.js', import.meta.url));
  const run = (
    ...given: readonly string[]
  ): { readonly status: number | null; readonly stdout: string; readonly stderr: string } =>
    spawnSync(process.execPath, [cli, ...given], {
      encoding: 'utf8',
      env: {
        PATH: process.env['PATH'] ?? '',
        LR_ENV_FILE: 'off',
        LR_JOURNAL_KEY: Buffer.alloc(32, 'test key ').toString('base64'),
      },
    });

  test('verifies, prints the anchor, tells a history, and names what is wrong', async () => {
    const folder = temporaryFolder();
    const store = await openTestStore({ dir: folder.path });
    await store.add(askedOf('r1', { title: 'evil \u202e\u0007 name' }));
    await store.change('r1', () => ({ event: approved }));
    // Beside the running store, lock and all.
    const good = run('verify', '--data', folder.path);
    expect(good).toMatchObject({ status: 0 });
    expect(good.stdout).toMatch(/^2 lines checked in 1 files\nhead 2:[0-9a-f]{64}\nok\n$/);
    const anchor = run('head', '--data', folder.path).stdout.trim();
    expect(anchor).toMatch(/^2:[0-9a-f]{64}$/);
    const shown = run('show', 'r1', '--data', folder.path);
    expect(shown.stdout).toMatch(/#1 {2}asked.*\n.*#2 {2}approved.*vote\.by\.id="approver1"/);
    expect(shown.stdout).not.toMatch(/[\u202e\u0007]/);
    await store.close();
    expect(run('verify', '--data', folder.path, '--anchor', anchor).status).toBe(0);
    writeFileSync(join(folder.path, 'journal-000000001.ndjson'), '{"seq":1}\n');
    const bad = run('verify', '--data', folder.path);
    expect(bad.status).toBe(1);
    expect(bad.stdout).toContain('BROKEN: journal-000000001.ndjson line 1 lacks a field');
    expect(run('show', 'nobody', '--data', folder.path).status).toBe(1);
    expect(run('verify', '--data', join(folder.path, 'nowhere')).status).toBe(1);
    expect(run('nonsense').status).toBe(2);
    folder.remove();
  });
});
