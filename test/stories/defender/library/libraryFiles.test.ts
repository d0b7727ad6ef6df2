// The files that `npm run library` uploads: their sizes, names and line ends.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { readFileSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { libraryBenchWithScript, policyText, sha } from '../../../support/defender/library/libraryBench.ts';
import type { LibraryBench } from '../../../support/defender/library/libraryBench.ts';
import { root } from '../../../support/root.ts';
import { diff, push, shipped, uploads } from '../../../support/defender/library/libraryRuns.ts';

let bench: LibraryBench;
beforeEach(async () => {
  bench = await libraryBenchWithScript();
});
afterEach(async () => {
  await bench.close();
});

describe('files', () => {
  test.each<readonly [string, (path: string) => string, RegExp]>([
    [
      'of more than 20 MB',
      (path) => (truncateSync(path, 20 * 1024 * 1024 + 1), path),
      /unusable {2}hello\.ps1 .*20 MB .*at most/,
    ],
    ['that are empty', () => bench.write('scripts/hello.ps1', ''), /unusable {2}hello\.ps1 .*is empty/],
    [
      'that are no UTF-8',
      () => bench.write('scripts/hello.ps1', Buffer.from('Wr\xfcte', 'latin1')),
      /unusable {2}hello\.ps1 .*is no UTF-8 text/,
    ],
    [
      'that differ only by case from another',
      () => bench.write('scripts/Hello.PS1', 'x'),
      /unusable {2}hello\.ps1 .*which the library does not tell apart/,
    ],
  ])('%s are told and never uploaded', async (_name, change, said) => {
    change(join(bench.dir, 'scripts', 'hello.ps1'));
    const run = await push(bench, 'hello.ps1');
    expect([run.code, run.out]).toEqual([1, expect.stringMatching(said)]);
    expect(uploads(bench)).toBe(0);
  });

  test('of the largest size go through byte for byte, whatever stands in them', async () => {
    bench.write(
      'policy.yaml',
      policyText(
        '  tools:\n    usage: tools <host>\n    description: Puts the tools there.\n    commands:\n      - { PutFile: tools.zip }\n    tier: standard\n',
      ),
    );
    const bytes = Buffer.alloc(20 * 1024 * 1024, '\r\n--boundary\r\n\xff\x00');
    bench.write('scripts/tools.zip', bytes);
    expect(await push(bench, 'tools.zip')).toMatchObject({ code: 0 });
    expect(bench.held()).toEqual({ 'tools.zip': sha(bytes) });
  });

  test('of a recipe that lie nowhere, of the library alone, of no recipe, and of a wrong name are each told as what they are', async () => {
    rmSync(join(bench.dir, 'scripts', 'hello.ps1'));
    bench.write('scripts/hello copy.ps1', 'x');
    expect(await diff(bench, 'hello.ps1')).toMatchObject({
      code: 1,
      out: expect.stringMatching(
        /^NOWHERE {3}hello\.ps1 {2}neither in the library nor here, for the recipe hello$/m,
      ),
    });
    bench.put('hello.ps1', 'theirs');
    expect(await diff(bench, 'hello.ps1')).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^no copy {3}hello\.ps1 {2}only in the library/m),
    });
    expect((await diff(bench, 'hello.ps1')).out).toContain(
      'hello copy.ps1 is neither a shipped script nor in a recipe',
    );
    expect(await diff(bench, 'nothing.ps1')).toMatchObject({
      code: 2,
      out: expect.stringContaining('nothing.ps1 is neither a shipped script nor a file that a recipe names'),
    });
    expect(await diff(bench, '--policy', 'none')).toMatchObject({
      code: 1,
      out: expect.stringMatching(/Not ours .*\n {2}hello\.ps1/),
    });
  });

  test('in another letter case are one file, and two spellings at once are not touched', async () => {
    bench.put('HELLO.PS1', 'Write-Output "hello"\n');
    expect(await diff(bench, 'Hello.ps1')).toMatchObject({
      code: 0,
      out: expect.stringContaining('spelt HELLO.PS1 there'),
    });
    expect((await push(bench, 'hello.ps1')).code).toBe(0);
    bench.write('scripts/hello.ps1', 'two');
    expect(await push(bench, 'hello.ps1')).toMatchObject({ code: 0 });
    // Under the spelling that is there: no second file.
    expect(bench.held()).toEqual({ 'HELLO.PS1': sha('two') });
    bench.change = ({ method, response }) => {
      const one = (fileName: string) => ({ fileName, sha256: sha(fileName), createdBy: 'x' });
      if (method === 'GET')
        response
          .writeHead(200, { 'content-type': 'application/json' })
          .end(JSON.stringify({ value: [one('hello.ps1'), one('HELLO.PS1')] }));
      return method === 'GET';
    };
    const count = uploads(bench);
    expect(await push(bench, 'hello.ps1')).toMatchObject({
      code: 1,
      out: expect.stringMatching(/^DOUBLED {3}hello\.ps1/m),
    });
    expect(uploads(bench)).toBe(count);
  });

  test('and descriptions of strangers cannot move the cursor', async () => {
    bench.put('evil\u001b[2J\u202e.ps1', 'x', 'a\nsame      minidump.ps1');
    const run = await diff(bench);
    expect(run.out).toContain('evil\\u001b[2J\\u202e.ps1');
    expect(run.out).not.toMatch(/^same {6}minidump\.ps1$/m);
  });
});

describe('what git and editors make of a script', () => {
  test.each([
    ['as a checkout with Windows line ends has it', 'echo 1\necho 2\n', 'echo 1\r\necho 2\r\n'],
    ['the other way round', 'echo 1\r\necho 2\r\n', 'echo 1\necho 2\n'],
  ])(
    '%s: nobody is said to have changed what it does, and nothing is replaced',
    async (_name, there, here) => {
      bench.put('hello.ps1', there);
      bench.write('scripts/hello.ps1', here);
      expect(await push(bench, 'hello.ps1')).toMatchObject({
        code: 1,
        out: expect.stringContaining('It is the same text with other line ends'),
      });
      expect(uploads(bench)).toBe(0);
    },
  );

  test('another text with other line ends is somebody’s change', async () => {
    bench.put('hello.ps1', 'echo 1\necho 3\n');
    bench.write('scripts/hello.ps1', 'echo 1\r\necho 2\r\n');
    const ran = await diff(bench, 'hello.ps1');
    expect([ran.code, ran.out.includes('CHANGED   hello.ps1'), ran.out.includes('other line ends')]).toEqual([
      1,
      true,
      false,
    ]);
  });

  test('a shell script that lies in the library with Windows line ends does something else: it does not run', async () => {
    bench.put('collect.sh', '#!/bin/sh\r\necho 1\r\n');
    bench.write('scripts/collect.sh', '#!/bin/sh\necho 1\n');
    const ran = await diff(bench, 'collect.sh');
    expect([ran.code, ran.out.includes('CHANGED   collect.sh'), ran.out.includes('other line ends')]).toEqual(
      [1, true, false],
    );
    // The other way round it is here that it would not run.
    bench.put('collect.sh', '#!/bin/sh\necho 1\n');
    bench.write('scripts/collect.sh', '#!/bin/sh\r\necho 1\r\n');
    expect((await diff(bench, 'collect.sh')).out).toMatch(
      /same text with other line ends[^]*has Windows line ends/,
    );
  });

  test('a byte order mark before a shell script is told', async () => {
    bench.write('scripts/collect.sh', '\ufeff#!/bin/sh\necho 1\n');
    expect(await diff(bench, 'collect.sh')).toMatchObject({
      code: 1,
      out: expect.stringContaining('collect.sh begins with a byte order mark'),
    });
  });

  test('the shipped scripts have one line end wherever they are checked out', () => {
    const rules = readFileSync(join(root, '.gitattributes'), 'utf8').split('\n');
    expect(rules).toContain('manifest/defender/* text eol=lf');
    for (const name of Object.keys(shipped))
      expect([name, readFileSync(join(root, 'manifest', 'defender', name)).includes('\r')]).toEqual([
        name,
        false,
      ]);
  });
});
