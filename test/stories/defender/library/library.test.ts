// `npm run library` as somebody runs it: the built program over HTTP against the simulator's library, with a
// proxy in between where an answer has to be lost, late or untrue. In none of them is a file replaced that
// somebody else changed, or uploaded twice.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { earlierShipped } from '../../../../src/library/earlier.ts';
import { libraryBenchWithScript, policyText, sha } from '../../../support/defender/library/libraryBench.ts';
import type { LibraryBench } from '../../../support/defender/library/libraryBench.ts';
import { root } from '../../../support/root.ts';
import { diff, hello, push, shipped, state, uploads } from '../../../support/defender/library/libraryRuns.ts';

let bench: LibraryBench;
beforeEach(async () => {
  bench = await libraryBenchWithScript();
});
afterEach(async () => {
  await bench.close();
});

describe('what differs', () => {
  test('is shown, uploaded after a look, found again in the list, and is the same from then on', async () => {
    bench.put('theirs.ps1', 'x');
    const first = await diff(bench);
    expect(first.code).toBe(1);
    expect(first.out).toMatch(
      /^missing {3}hello\.ps1 {2}not in the library; here [0-9a-f]{12} .*for the recipe hello$/m,
    );
    expect(first.out).toMatch(/hello\.ps1 is not signed/);
    expect(first.out).toMatch(
      /Not ours .*\n {2}theirs\.ps1 {2}[0-9a-f]{12} {2}by someone@corp\.example, last changed \S+, described as "put there by hand"/,
    );
    expect(uploads(bench)).toBe(0);
    const pushed = await push(bench);
    expect([pushed.code, pushed.out]).toEqual([
      0,
      expect.stringContaining(`uploaded  hello.ps1  ${hello.slice(0, 12)}, as the list shows it`),
    ]);
    expect(bench.held()).toEqual({ ...shipped, 'hello.ps1': hello, 'theirs.ps1': sha('x') });
    expect(state(bench)).toMatchObject({
      version: 1,
      tenants: {
        simulator: { 'hello.ps1': { sha256: hello }, 'minidump.ps1': { sha256: shipped['minidump.ps1'] } },
      },
    });
    // Marked as the recipe uses it.
    expect(bench.simulator.tenant.library().find(({ fileName }) => fileName === 'hello.ps1')).toMatchObject({
      hasParameters: true,
      parametersDescription: 'whom',
    });
    const after = await diff(bench);
    expect([after.code, after.out.match(/^same /gm)?.length]).toEqual([0, Object.keys(shipped).length + 1]);
    expect(await push(bench)).toMatchObject({ code: 0 });
    expect(uploads(bench)).toBe(Object.keys(shipped).length + 1);
  });

  test('is replaced without a word more where the library has what was pushed from here, or what an earlier version shipped', async () => {
    expect((await push(bench)).code).toBe(0);
    bench.write('scripts/hello.ps1', 'Write-Output "hello again"\n');
    bench.write('scripts/minidump.ps1', '# a signed copy\n# SIG # Begin signature block\n');
    const seen = await diff(bench);
    expect(seen.out).toMatch(
      /^outdated {2}hello\.ps1 .*\n.*push replaces it: what is there was pushed from here/m,
    );
    expect(seen.out).toMatch(/^outdated {2}minidump\.ps1/m);
    expect(seen.out).not.toContain('minidump.ps1 is not signed');
    expect((await push(bench)).code).toBe(0);
    expect(bench.held()['hello.ps1']).toBe(sha('Write-Output "hello again"\n'));
    // Without the note of what was pushed, only what the program itself shipped is known.
    rmSync(join(bench.dir, 'library.lock.json'));
    const kept = bench.simulator.tenant.library().find(({ fileName }) => fileName === 'collect.ps1');
    if (kept === undefined) throw new Error('no collect.ps1');
    const old = earlierShipped['collect.ps1']?.find((one) => one !== shipped['collect.ps1']) ?? '';
    bench.simulator.tenant.keepFile({ ...kept, sha256: old });
    const without = await diff(bench, 'collect.ps1');
    expect(without.out).toMatch(
      /^outdated {2}collect\.ps1 .*\n.*shipped with this program or an earlier version/m,
    );
    expect((await push(bench, 'collect.ps1')).code).toBe(0);
    expect(bench.held()['collect.ps1']).toBe(shipped['collect.ps1']);
  });

  test('and was changed by somebody else is left alone, told with who and when, and replaced only where its very content is named', async () => {
    expect((await push(bench)).code).toBe(0);
    bench.put('hello.ps1', 'Remove-Item C:\\', 'mallory@corp.example');
    const theirs = sha('Remove-Item C:\\');
    const count = uploads(bench);
    const refused = await push(bench);
    expect(refused.code).toBe(1);
    expect(refused.out).toMatch(new RegExp(`^CHANGED {3}hello\\.ps1 {2}library ${theirs.slice(0, 12)}`, 'm'));
    expect(refused.out).toContain('was not pushed from here: by mallory@corp.example');
    expect(refused.out).toContain(`--replace hello.ps1 --if-sha ${theirs.slice(0, 12)}`);
    for (const words of [
      ['--replace', 'hello.ps1', '--if-sha', hello.slice(0, 12)],
      ['--replace', 'collect.ps1', '--if-sha', theirs],
    ])
      expect(await push(bench, ...words)).toMatchObject({ code: 1 });
    expect([uploads(bench), bench.held()['hello.ps1']]).toEqual([count, theirs]);
    expect(
      await push(bench, '--replace', 'HELLO.ps1', '--if-sha', theirs.slice(0, 12).toUpperCase()),
    ).toMatchObject({ code: 0 });
    expect([uploads(bench), bench.held()['hello.ps1']]).toEqual([count + 1, hello]);
  });
});

test('the script as it is shipped, uploaded by somebody in the portal, is replaced by its signed copy', async () => {
  bench.put(
    'minidump.ps1',
    readFileSync(join(root, 'manifest', 'defender', 'minidump.ps1'), 'utf8'),
    'admin@corp.example',
  );
  bench.write('signed/minidump.ps1', '# ours\n# SIG # Begin signature block\n# x\n');
  const run = await bench.run(['push', 'minidump.ps1', '--scripts', 'signed', '--yes']);
  expect([run.code, run.out]).toEqual([
    0,
    expect.stringMatching(/^outdated {2}minidump\.ps1 .*\n.*shipped with this program/m),
  ]);
  expect(bench.held()['minidump.ps1']).toBe(sha('# ours\n# SIG # Begin signature block\n# x\n'));
});

test('the line that replaces what somebody else changed is for the files that were compared', async () => {
  bench.write('signed/minidump.ps1', '# ours\n# SIG # Begin signature block\n# x\n');
  bench.put('minidump.ps1', '# theirs', 'mallory@corp.example');
  const told = await bench.run(['diff', 'minidump.ps1', '--scripts', 'signed']);
  const line = /npm run library -- (push .+)$/m.exec(told.out)?.[1] ?? '';
  expect(line).toBe(`push --replace minidump.ps1 --if-sha ${sha('# theirs').slice(0, 12)} --scripts signed`);
  expect((await bench.run([...line.split(' '), 'minidump.ps1', '--yes'])).code).toBe(0);
  expect(bench.held()['minidump.ps1']).toBe(sha('# ours\n# SIG # Begin signature block\n# x\n'));
});

test('a signed copy that was pushed from here is not replaced by the unsigned one because somebody forgot --scripts', async () => {
  bench.write('signed/minidump.ps1', '# ours\n# SIG # Begin signature block\n# x\n');
  expect(await bench.run(['push', 'minidump.ps1', '--scripts', 'signed', '--yes'])).toMatchObject({
    code: 0,
  });
  const signed = bench.held()['minidump.ps1'] ?? '';
  const run = await bench.run(['push', 'minidump.ps1', '--yes']);
  expect([run.code, run.out, bench.held()['minidump.ps1']]).toEqual([
    1,
    expect.stringMatching(
      /^SIGNED {4}minidump\.ps1 [\s\S]*Give the folder of signed copies with --scripts[\s\S]*Nothing was uploaded/m,
    ),
    signed,
  ]);
  // A newer signed copy goes through, and so does the unsigned one where it is asked for by name.
  bench.write('signed/minidump.ps1', '# ours, newer\n# SIG # Begin signature block\n# y\n');
  expect(await bench.run(['push', 'minidump.ps1', '--scripts', 'signed', '--yes'])).toMatchObject({
    code: 0,
  });
  expect(
    await bench.run([
      'push',
      'minidump.ps1',
      '--yes',
      '--replace',
      'minidump.ps1',
      '--if-sha',
      (bench.held()['minidump.ps1'] ?? '').slice(0, 12),
    ]),
  ).toMatchObject({ code: 0 });
  expect(bench.held()['minidump.ps1']).toBe(shipped['minidump.ps1']);
});

test('a signed copy that an earlier version of this program noted as pushed, without a word of its signature, is protected as well once push has seen it', async () => {
  const signed = '# ours\n# SIG # Begin signature block\n# x\n';
  bench.write('signed/minidump.ps1', signed);
  expect(await bench.run(['push', 'minidump.ps1', '--scripts', 'signed', '--yes'])).toMatchObject({
    code: 0,
  });
  const path = join(bench.dir, 'library.lock.json');
  const noted = readFileSync(path, 'utf8');
  writeFileSync(path, noted.replace(/,\s*"signed": true/, ''));
  expect(noted).not.toBe(readFileSync(path, 'utf8'));
  expect(await bench.run(['push', 'minidump.ps1', '--scripts', 'signed', '--yes'])).toMatchObject({
    code: 0,
  });
  expect(await bench.run(['push', 'minidump.ps1', '--yes'])).toMatchObject({
    code: 1,
    out: expect.stringContaining('SIGNED    minidump.ps1'),
  });
  expect(bench.held()['minidump.ps1']).toBe(sha(signed));
});

describe('what was pushed', () => {
  test('and cannot be noted is not pushed', async () => {
    bench.write('library.lock.json', '{"version":1,"tenants":{}}');
    chmodSync(join(bench.dir, 'library.lock.json'), 0o400);
    const run = await push(bench, 'hello.ps1');
    expect([run.code, run.out]).toEqual([
      3,
      expect.stringMatching(/Nothing was uploaded: .*library\.lock\.json cannot be written.*--state FILE/),
    ]);
    expect(uploads(bench)).toBe(0);
    expect(await push(bench, 'hello.ps1', '--state', join(bench.dir, 'other.json'))).toMatchObject({
      code: 0,
    });
  });

  test.each<readonly [string, string]>([
    ['into a folder that is not there', 'gone/state.json'],
    ['onto a file system that takes no files', '/proc/state.json'],
    ['into a file where a folder belongs', 'policy.yaml/state.json'],
  ])('%s is not pushed', async (_name, path) => {
    const run = await push(bench, 'hello.ps1', '--state', path);
    expect([run.code, run.out]).toEqual([3, expect.stringContaining('state.json cannot be')]);
    expect(uploads(bench)).toBe(0);
  });

  test.each<readonly [string, string]>([
    ['no JSON', 'oops'],
    ['of another version', '{"version":2,"tenants":{}}'],
    ['without a hash', '{"version":1,"tenants":{"simulator":{"hello.ps1":{"at":"x"}}}}'],
    ['a list', '[]'],
  ])('in a file that is %s is not guessed', async (_name, text) => {
    bench.write('library.lock.json', text);
    expect(await push(bench)).toMatchObject({
      code: 3,
      out: expect.stringMatching(/library\.lock\.json .*(?:restore it, or remove it)/),
    });
    expect(bench.calls).toEqual([]);
  });
});

test.each<readonly [string, readonly string[], RegExp]>([
  ['nothing', [], /Say diff or push/],
  ['another word', ['upload'], /"upload" is neither diff nor push/],
  ['an option that is none', ['diff', '--force'], /--force/],
  ['a replace without its hash', ['push', '--replace', 'a.ps1'], /needs its --if-sha/],
  ['a hash that is too short', ['push', '--replace', 'a.ps1', '--if-sha', 'abc123'], /12 to 64 hex digits/],
  ['yes to a diff', ['diff', '--yes'], /diff changes nothing/],
  ['a folder that is not there', ['diff', '--scripts', 'nowhere'], /nowhere cannot be read/],
  ['a policy that is not there', ['diff', '--policy', 'gone.yaml'], /gone\.yaml cannot be read/],
])('called with %s it says so, exit code 2, and asks nothing', async (_name, words, said) => {
  const run = await bench.run(words);
  expect([run.code, run.out]).toEqual([2, expect.stringMatching(said)]);
  expect(bench.calls).toEqual([]);
});

test('a policy with a mistake compares nothing, and says where the mistake is', async () => {
  bench.write('policy.yaml', policyText().replace('approver: [b]', 'approver: [c]'));
  expect(await diff(bench)).toMatchObject({ code: 2, out: expect.stringMatching(/policy\.yaml:\d+: /) });
});

test('a library that cannot be reached is told, exit code 3', async () => {
  const run = await bench.run(['diff'], { env: { DEFENDER_API_URL: 'http://127.0.0.1:9' } });
  expect([run.code, run.out]).toEqual([3, expect.stringContaining('The library cannot be listed')]);
});

test.each([
  '{"version":1,"tenants":null}',
  '{"version":1,"tenants":[]}',
  '{"version":1,"tenants":{"simulator":["minidump.ps1"]}}',
  '{"version":1,"tenants":{"simulator":null}}',
])('a state file that holds %s is not written over as if it were empty', async (text) => {
  const path = bench.write('state.json', text);
  expect(await push(bench, '--state', path)).toMatchObject({
    code: 3,
    out: expect.stringContaining('holds no list of tenants and their files'),
  });
  expect([uploads(bench), readFileSync(path, 'utf8')]).toEqual([0, text]);
});
