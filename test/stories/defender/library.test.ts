// `npm run library` as somebody runs it: the built program over HTTP against the simulator's library, with a
// proxy in between where an answer has to be lost, late or untrue. In none of them is a file replaced that
// somebody else changed, or uploaded twice.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { chmodSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { earlierShipped } from '../../../src/library/earlier.ts';
import { jwt } from '../../support/programs/doctorBench.ts';
import { libraryBench, policyText, sha } from '../../support/defender/libraryBench.ts';
import type { LibraryBench, Ran } from '../../support/defender/libraryBench.ts';
import { root } from '../../support/root.ts';

let bench: LibraryBench;
beforeEach(async () => {
  bench = await libraryBench();
  bench.write('policy.yaml', policyText());
  bench.write('scripts/hello.ps1', 'Write-Output "hello"\n');
});
afterEach(async () => {
  await bench.close();
});

const shipped = Object.fromEntries(
  readdirSync(join(root, 'manifest', 'defender'))
    .filter((name) => /\.(?:ps1|sh)$/.test(name))
    .map((name) => [name, sha(readFileSync(join(root, 'manifest', 'defender', name)))]),
);
const hello = sha('Write-Output "hello"\n');
const diff = (...words: readonly string[]): Promise<Ran> =>
  bench.run(['diff', '--scripts', 'scripts', ...words]);
const push = (...words: readonly string[]): Promise<Ran> =>
  bench.run(['push', '--scripts', 'scripts', '--yes', ...words]);
const uploads = (): number => bench.calls.filter((call) => call.startsWith('POST')).length;
const state = (): unknown => JSON.parse(readFileSync(join(bench.dir, 'library.lock.json'), 'utf8'));
const nothingNoted = { version: 1, tenants: {} };

describe('what differs', () => {
  test('is shown, uploaded after a look, found again in the list, and is the same from then on', async () => {
    bench.put('theirs.ps1', 'x');
    const first = await diff();
    expect(first.code).toBe(1);
    expect(first.out).toMatch(
      /^missing {3}hello\.ps1 {2}not in the library; here [0-9a-f]{12} .*for the recipe hello$/m,
    );
    expect(first.out).toMatch(/hello\.ps1 is not signed/);
    expect(first.out).toMatch(
      /Not ours .*\n {2}theirs\.ps1 {2}[0-9a-f]{12} {2}by someone@corp\.example, last changed \S+, described as "put there by hand"/,
    );
    expect(uploads()).toBe(0);
    const pushed = await push();
    expect([pushed.code, pushed.out]).toEqual([
      0,
      expect.stringContaining(`uploaded  hello.ps1  ${hello.slice(0, 12)}, as the list shows it`),
    ]);
    expect(bench.held()).toEqual({ ...shipped, 'hello.ps1': hello, 'theirs.ps1': sha('x') });
    expect(state()).toMatchObject({
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
    const after = await diff();
    expect([after.code, after.out.match(/^same /gm)?.length]).toEqual([0, Object.keys(shipped).length + 1]);
    expect(await push()).toMatchObject({ code: 0 });
    expect(uploads()).toBe(Object.keys(shipped).length + 1);
  });

  test('is replaced without a word more where the library has what was pushed from here, or what an earlier version shipped', async () => {
    expect((await push()).code).toBe(0);
    bench.write('scripts/hello.ps1', 'Write-Output "hello again"\n');
    bench.write('scripts/minidump.ps1', '# a signed copy\n# SIG # Begin signature block\n');
    const seen = await diff();
    expect(seen.out).toMatch(
      /^outdated {2}hello\.ps1 .*\n.*push replaces it: what is there was pushed from here/m,
    );
    expect(seen.out).toMatch(/^outdated {2}minidump\.ps1/m);
    expect(seen.out).not.toContain('minidump.ps1 is not signed');
    expect((await push()).code).toBe(0);
    expect(bench.held()['hello.ps1']).toBe(sha('Write-Output "hello again"\n'));
    // Without the note of what was pushed, only what the program itself shipped is known.
    rmSync(join(bench.dir, 'library.lock.json'));
    const kept = bench.simulator.tenant.library().find(({ fileName }) => fileName === 'collect.ps1');
    if (kept === undefined) throw new Error('no collect.ps1');
    const old = earlierShipped['collect.ps1']?.find((one) => one !== shipped['collect.ps1']) ?? '';
    bench.simulator.tenant.keepFile({ ...kept, sha256: old });
    const without = await diff('collect.ps1');
    expect(without.out).toMatch(
      /^outdated {2}collect\.ps1 .*\n.*shipped with this program or an earlier version/m,
    );
    expect((await push('collect.ps1')).code).toBe(0);
    expect(bench.held()['collect.ps1']).toBe(shipped['collect.ps1']);
  });

  test('and was changed by somebody else is left alone, told with who and when, and replaced only where its very content is named', async () => {
    expect((await push()).code).toBe(0);
    bench.put('hello.ps1', 'Remove-Item C:\\', 'mallory@corp.example');
    const theirs = sha('Remove-Item C:\\');
    const count = uploads();
    const refused = await push();
    expect(refused.code).toBe(1);
    expect(refused.out).toMatch(new RegExp(`^CHANGED {3}hello\\.ps1 {2}library ${theirs.slice(0, 12)}`, 'm'));
    expect(refused.out).toContain('was not pushed from here: by mallory@corp.example');
    expect(refused.out).toContain(`--replace hello.ps1 --if-sha ${theirs.slice(0, 12)}`);
    for (const words of [
      ['--replace', 'hello.ps1', '--if-sha', hello.slice(0, 12)],
      ['--replace', 'collect.ps1', '--if-sha', theirs],
    ])
      expect(await push(...words)).toMatchObject({ code: 1 });
    expect([uploads(), bench.held()['hello.ps1']]).toEqual([count, theirs]);
    expect(await push('--replace', 'HELLO.ps1', '--if-sha', theirs.slice(0, 12).toUpperCase())).toMatchObject(
      { code: 0 },
    );
    expect([uploads(), bench.held()['hello.ps1']]).toEqual([count + 1, hello]);
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

describe('between diff and push', () => {
  test('a file that somebody changed after it was shown is not replaced', async () => {
    expect((await push('hello.ps1')).code).toBe(0);
    bench.write('scripts/hello.ps1', 'Write-Output "two"\n');
    const first = bench.calls.length;
    bench.change = ({ method }) => {
      // The list for the comparison is through; before the look right ahead of the upload somebody is
      // quicker.
      if (method === 'GET' && bench.calls.length === first + 2) bench.put('hello.ps1', 'quicker');
      return false;
    };
    const run = await push('hello.ps1');
    expect([run.code, run.out]).toEqual([
      1,
      expect.stringContaining(
        'CHANGED   hello.ps1  was not uploaded: somebody changed the library since it was compared',
      ),
    ]);
    expect([uploads(), bench.held()['hello.ps1']]).toEqual([1, sha('quicker')]);
  });

  test('a file that appears at the very moment of a first upload is not overwritten: Defender itself is told not to', async () => {
    bench.change = ({ method }) => {
      if (method === 'POST') bench.put('hello.ps1', 'quicker');
      return false;
    };
    const run = await push('hello.ps1');
    expect([run.code, run.out]).toEqual([
      1,
      expect.stringContaining('somebody else put a file of that name there at this very moment'),
    ]);
    expect(bench.held()['hello.ps1']).toBe(sha('quicker'));
  });

  test('nobody is asked for nothing: without an answer, and with any other than yes, nothing is uploaded', async () => {
    for (const typed of ['', 'y\n', 'no\n']) {
      const run = await bench.run(['push', '--scripts', 'scripts'], { typed });
      expect([run.code, run.out]).toEqual([1, expect.stringContaining('Nothing was uploaded')]);
    }
    expect(uploads()).toBe(0);
    expect(await bench.run(['push', 'hello.ps1', '--scripts', 'scripts'], { typed: 'Yes\n' })).toMatchObject({
      code: 0,
    });
    expect(bench.held()).toEqual({ 'hello.ps1': hello });
  });
});

describe('an answer', () => {
  test('that is lost is looked for in the list, and the file never sent a second time', async () => {
    bench.change = async ({ method, asked, response }) => {
      if (method !== 'POST') return false;
      await asked();
      response.destroy();
      return true;
    };
    const run = await push('hello.ps1');
    expect([run.code, run.out]).toEqual([
      0,
      expect.stringMatching(
        /uploaded {2}hello\.ps1 .*the answer was lost .* and the list shows that it arrived/,
      ),
    ]);
    expect([uploads(), bench.held()['hello.ps1']]).toEqual([1, hello]);
  });

  test.each<readonly [string, number | undefined]>([
    ['that never comes and arrived nowhere', undefined],
    ['of a gateway that gave up', 504],
    ['of a server in trouble', 500],
  ])('%s is told as lost, and the file is not sent again', async (_name, status) => {
    bench.change = ({ method, response }) => {
      if (method !== 'POST') return false;
      if (status === undefined) response.destroy();
      else response.writeHead(status, { 'content-type': 'text/html' }).end('<h1>no</h1>');
      return true;
    };
    const run = await push('hello.ps1');
    expect([run.code, run.out]).toEqual([
      1,
      expect.stringMatching(
        /LOST {6}hello\.ps1 {2}no answer came .* but no file of that name\. It is not sent again by itself/,
      ),
    ]);
    expect([uploads(), state()]).toEqual([1, nothingNoted]);
  });

  test('that praises an upload of which the list shows something else is not believed', async () => {
    bench.change = async ({ method, response }) => {
      if (method !== 'POST') return false;
      bench.put('hello.ps1', 'something else', 'gateway');
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify({ fileName: 'hello.ps1', sha256: hello }));
      return Promise.resolve(true);
    };
    const run = await push('hello.ps1');
    expect([run.code, run.out]).toEqual([
      1,
      expect.stringMatching(
        /WRONG {5}hello\.ps1 {2}was uploaded, and the library does not show what was sent .* by gateway.*nobody should approve/,
      ),
    ]);
    expect(state()).toEqual(nothingNoted);
  });

  test('that another content was taken is not believed either, though the list shows ours', async () => {
    bench.change = async ({ method, response, asked }) => {
      if (method !== 'POST') return false;
      await asked();
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify({ fileName: 'hello.ps1', sha256: sha('another') }));
      return true;
    };
    expect(await push('hello.ps1')).toMatchObject({
      code: 1,
      out: expect.stringContaining('Defender answered that it took'),
    });
  });

  test('429 is waited for as long as it says, the list read again, and the file sent once more, because nothing was taken', async () => {
    bench.change = ({ method, nth, response }) => {
      if (nth > 0) return false;
      response
        .writeHead(429, { 'retry-after': '1', 'content-type': 'application/json' })
        .end(JSON.stringify({ error: { code: 'TooManyRequests', message: `${method} later` } }));
      return true;
    };
    const run = await push('hello.ps1');
    expect([run.code, run.out.match(/asks to wait 1 s/g)?.length]).toEqual([0, 2]);
    expect(bench.calls.map((call) => call.split(' ')[0])).toEqual([
      'GET',
      'GET',
      'GET',
      'POST',
      'GET',
      'POST',
      'GET',
    ]);
    expect(bench.held()).toEqual({ 'hello.ps1': hello });
  });

  test('429 for longer than anybody waits ends the program, with when to come back', async () => {
    bench.change = ({ response }) => {
      response.writeHead(429, { 'retry-after': '3600' }).end();
      return true;
    };
    expect(await diff()).toMatchObject({ code: 3, out: expect.stringContaining('asks to wait 3600 s') });
    expect(bench.calls).toHaveLength(1);
  });

  test.each<readonly [string, string]>([
    ['that is no list', '{"value":{}}'],
    ['that is no JSON', '<html>sign in</html>'],
    ['with an entry without a name', '{"value":[{"sha256":"00"}]}'],
    ['that goes on for ever', '{"value":[],"@odata.nextLink":"/api/libraryfiles"}'],
  ])('%s compares nothing: what it leaves out could be somebody’s file', async (_name, text) => {
    bench.change = ({ method, response }) => {
      if (method === 'GET') response.writeHead(200, { 'content-type': 'application/json' }).end(text);
      return method === 'GET';
    };
    expect(await push()).toMatchObject({ code: 3 });
    expect(uploads()).toBe(0);
  });

  test('in pages is followed by path and query on our own origin, whatever host it names, and the token stays there', async () => {
    bench.put('hello.ps1', 'theirs');
    bench.change = async ({ method, path, response, asked }) => {
      if (method !== 'GET' || path !== '/api/libraryfiles') return false;
      const { value } = JSON.parse((await asked()).text) as { readonly value: readonly unknown[] };
      expect(value).toHaveLength(1);
      response.writeHead(200, { 'content-type': 'application/json' }).end(
        JSON.stringify({
          value: [],
          '@odata.nextLink': 'https://api-us3.securitycenter.example/api/libraryfiles?$skip=1',
        }),
      );
      return true;
    };
    expect(await diff('hello.ps1')).toMatchObject({
      code: 1,
      out: expect.stringContaining('CHANGED   hello.ps1'),
    });
    expect(bench.calls).toEqual(['GET /api/libraryfiles', 'GET /api/libraryfiles?$skip=1']);
  });
});

describe('the credential', () => {
  test('is never the bot’s: with that alone nothing is asked, and the sentence says what to set', async () => {
    const bot = {
      DEFENDER_AUTH: 'auto',
      AZURE_TENANT_ID: '11111111-2222-4333-8444-555555555555',
      AZURE_CLIENT_ID: '66666666-7777-4888-8999-aaaaaaaaaaaa',
      AZURE_CLIENT_SECRET: 'canary-secret',
      DEFENDER_SCOPE: 'https://x/.default',
    };
    const run = await bench.run(['diff'], { env: bot });
    expect([run.code, run.out]).toEqual([
      2,
      expect.stringMatching(
        /No credential is set for the library, and the bot’s own is not taken.*LIBRARY_CLIENT_ID.*--developer/,
      ),
    ]);
    expect(run.out).not.toContain('canary-secret');
    expect(bench.calls).toEqual([]);
  });

  test('without Library.Manage is told with what it lacks, before and during a push, and nothing is uploaded', async () => {
    bench.simulator.tenant.change({ auth: 'token' });
    const poor = await bench.run(['push', '--developer', '--yes'], {
      env: bench.az({ roles: ['Machine.Read.All'] }),
    });
    expect([poor.code, poor.out]).toEqual([3, expect.stringMatching(/403.*needs Library\.Manage/)]);
    bench.change = ({ method, response }) => {
      if (method === 'POST')
        response
          .writeHead(403, { 'content-type': 'application/json' })
          .end('{"error":{"code":"Forbidden","message":"no"}}');
      return method === 'POST';
    };
    const lost = await bench.run(['push', 'minidump.ps1', '--developer', '--yes'], { env: bench.az() });
    expect([lost.code, lost.out]).toEqual([3, expect.stringMatching(/403.*needs Library\.Manage/)]);
    expect([bench.held(), state()]).toEqual([{}, nothingNoted]);
  });

  test('of whoever is signed in here uploads under the tenant’s name in the state, and is nowhere printed', async () => {
    bench.simulator.tenant.change({ auth: 'token' });
    const run = await bench.run(['push', 'hello.ps1', '--scripts', 'scripts', '--developer', '--yes'], {
      env: bench.az(),
    });
    expect([run.code, bench.held()]).toEqual([0, { 'hello.ps1': hello }]);
    expect(run.out).not.toContain('canarysignature');
    expect(
      bench.headers.every(({ authorization }) => authorization?.endsWith('canarysignature') === true),
    ).toBe(true);
    expect(state()).toMatchObject({
      tenants: { '11111111-2222-4333-8444-555555555555': { 'hello.ps1': { sha256: hello } } },
    });
    // What was pushed into one tenant says nothing of another.
    bench.write('scripts/hello.ps1', 'new');
    bench.simulator.tenant.change({ auth: 'none' });
    expect(await push('hello.ps1')).toMatchObject({
      code: 1,
      out: expect.stringContaining('CHANGED   hello.ps1'),
    });
  });

  test('that is the bot’s own application is told as a warning', async () => {
    const { AZURE_TENANT_ID: tid = '' } = bench.az();
    const run = await bench.run(['diff', '--developer'], {
      env: {
        ...bench.az({ appid: '66666666-7777-4888-8999-AAAAAAAAAAAA' }),
        AZURE_CLIENT_ID: '66666666-7777-4888-8999-aaaaaaaaaaaa',
      },
    });
    expect([run.code, run.out]).toEqual([
      1,
      expect.stringMatching(/bot’s own application .* has Library\.Manage/),
    ]);
    expect(jwt({ tid })).not.toBe('');
    const other = await bench.run(['diff', '--developer'], {
      env: {
        ...bench.az({ appid: '00000000-7777-4888-8999-aaaaaaaaaaaa' }),
        AZURE_CLIENT_ID: '66666666-7777-4888-8999-aaaaaaaaaaaa',
      },
    });
    expect(other.out).not.toContain('own application');
  });

  test('may stand in a file of its own, and half of one, or two at once, is refused', async () => {
    const env = {
      DEFENDER_AUTH: 'auto',
      AZURE_TENANT_ID: '11111111-2222-4333-8444-555555555555',
      DEFENDER_SCOPE: 'https://x/.default',
    };
    const half = bench.write(
      'half.env',
      'LIBRARY_CLIENT_ID=66666666-7777-4888-8999-aaaaaaaaaaaa\nLIBRARY_CLIENT_SECERT=x\n',
    );
    expect(await bench.run(['diff', '--credentials', half], { env })).toMatchObject({
      code: 2,
      out: expect.stringContaining('Set LIBRARY_CLIENT_SECRET or LIBRARY_CLIENT_CERTIFICATE_PATH as well'),
    });
    // Of that file nothing else counts.
    const whole = bench.write(
      'whole.env',
      'LIBRARY_CLIENT_ID=66666666-7777-4888-8999-aaaaaaaaaaaa\nLIBRARY_CLIENT_CERTIFICATE_PATH=nowhere.pem\nAZURE_TENANT_ID=of-another\nLR_POLICY=gone.yaml\n',
    );
    expect(await bench.run(['diff', '--credentials', whole], { env })).toMatchObject({
      code: 3,
      out: expect.stringContaining('check LIBRARY_CLIENT_CERTIFICATE_PATH'),
    });
    expect(await bench.run(['diff', '--credentials', whole, '--developer'], { env })).toMatchObject({
      code: 2,
      out: expect.stringContaining('nobody could tell who uploads'),
    });
    expect(await bench.run(['diff', '--credentials', 'gone.env'], { env })).toMatchObject({
      code: 2,
      out: expect.stringContaining('cannot be read'),
    });
    expect(bench.calls).toEqual([]);
  });
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
    const run = await push('hello.ps1');
    expect([run.code, run.out]).toEqual([1, expect.stringMatching(said)]);
    expect(uploads()).toBe(0);
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
    expect(await push('tools.zip')).toMatchObject({ code: 0 });
    expect(bench.held()).toEqual({ 'tools.zip': sha(bytes) });
  });

  test('of a recipe that lie nowhere, of the library alone, of no recipe, and of a wrong name are each told as what they are', async () => {
    rmSync(join(bench.dir, 'scripts', 'hello.ps1'));
    bench.write('scripts/hello copy.ps1', 'x');
    expect(await diff('hello.ps1')).toMatchObject({
      code: 1,
      out: expect.stringMatching(
        /^NOWHERE {3}hello\.ps1 {2}neither in the library nor here, for the recipe hello$/m,
      ),
    });
    bench.put('hello.ps1', 'theirs');
    expect(await diff('hello.ps1')).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^no copy {3}hello\.ps1 {2}only in the library/m),
    });
    expect((await diff('hello.ps1')).out).toContain(
      'hello copy.ps1 is neither a shipped script nor in a recipe',
    );
    expect(await diff('nothing.ps1')).toMatchObject({
      code: 2,
      out: expect.stringContaining('nothing.ps1 is neither a shipped script nor a file that a recipe names'),
    });
    expect(await diff('--policy', 'none')).toMatchObject({
      code: 1,
      out: expect.stringMatching(/Not ours .*\n {2}hello\.ps1/),
    });
  });

  test('in another letter case are one file, and two spellings at once are not touched', async () => {
    bench.put('HELLO.PS1', 'Write-Output "hello"\n');
    expect(await diff('Hello.ps1')).toMatchObject({
      code: 0,
      out: expect.stringContaining('spelt HELLO.PS1 there'),
    });
    expect((await push('hello.ps1')).code).toBe(0);
    bench.write('scripts/hello.ps1', 'two');
    expect(await push('hello.ps1')).toMatchObject({ code: 0 });
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
    const count = uploads();
    expect(await push('hello.ps1')).toMatchObject({
      code: 1,
      out: expect.stringMatching(/^DOUBLED {3}hello\.ps1/m),
    });
    expect(uploads()).toBe(count);
  });

  test('and descriptions of strangers cannot move the cursor', async () => {
    bench.put('evil\u001b[2J\u202e.ps1', 'x', 'a\nsame      minidump.ps1');
    const run = await diff();
    expect(run.out).toContain('evil\\u001b[2J\\u202e.ps1');
    expect(run.out).not.toMatch(/^same {6}minidump\.ps1$/m);
  });
});

describe('what was pushed', () => {
  test('and cannot be noted is not pushed', async () => {
    bench.write('library.lock.json', '{"version":1,"tenants":{}}');
    chmodSync(join(bench.dir, 'library.lock.json'), 0o400);
    const run = await push('hello.ps1');
    expect([run.code, run.out]).toEqual([
      3,
      expect.stringMatching(/Nothing was uploaded: .*library\.lock\.json cannot be written.*--state FILE/),
    ]);
    expect(uploads()).toBe(0);
    expect(await push('hello.ps1', '--state', join(bench.dir, 'other.json'))).toMatchObject({ code: 0 });
  });

  test.each<readonly [string, string]>([
    ['into a folder that is not there', 'gone/state.json'],
    ['onto a file system that takes no files', '/proc/state.json'],
    ['into a file where a folder belongs', 'policy.yaml/state.json'],
  ])('%s is not pushed', async (_name, path) => {
    const run = await push('hello.ps1', '--state', path);
    expect([run.code, run.out]).toEqual([3, expect.stringContaining('state.json cannot be')]);
    expect(uploads()).toBe(0);
  });

  test.each<readonly [string, string]>([
    ['no JSON', 'oops'],
    ['of another version', '{"version":2,"tenants":{}}'],
    ['without a hash', '{"version":1,"tenants":{"simulator":{"hello.ps1":{"at":"x"}}}}'],
    ['a list', '[]'],
  ])('in a file that is %s is not guessed', async (_name, text) => {
    bench.write('library.lock.json', text);
    expect(await push()).toMatchObject({
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
  expect(await diff()).toMatchObject({ code: 2, out: expect.stringMatching(/policy\.yaml:\d+: /) });
});

test('a library that cannot be reached is told, exit code 3', async () => {
  const run = await bench.run(['diff'], { env: { DEFENDER_API_URL: 'http://127.0.0.1:9' } });
  expect([run.code, run.out]).toEqual([3, expect.stringContaining('The library cannot be listed')]);
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
      expect(await push('hello.ps1')).toMatchObject({
        code: 1,
        out: expect.stringContaining('It is the same text with other line ends'),
      });
      expect(uploads()).toBe(0);
    },
  );

  test('another text with other line ends is somebody’s change', async () => {
    bench.put('hello.ps1', 'echo 1\necho 3\n');
    bench.write('scripts/hello.ps1', 'echo 1\r\necho 2\r\n');
    const ran = await diff('hello.ps1');
    expect([ran.code, ran.out.includes('CHANGED   hello.ps1'), ran.out.includes('other line ends')]).toEqual([
      1,
      true,
      false,
    ]);
  });

  test('a shell script that lies in the library with Windows line ends does something else: it does not run', async () => {
    bench.put('collect.sh', '#!/bin/sh\r\necho 1\r\n');
    bench.write('scripts/collect.sh', '#!/bin/sh\necho 1\n');
    const ran = await diff('collect.sh');
    expect([ran.code, ran.out.includes('CHANGED   collect.sh'), ran.out.includes('other line ends')]).toEqual(
      [1, true, false],
    );
    // The other way round it is here that it would not run.
    bench.put('collect.sh', '#!/bin/sh\necho 1\n');
    bench.write('scripts/collect.sh', '#!/bin/sh\r\necho 1\r\n');
    expect((await diff('collect.sh')).out).toMatch(/same text with other line ends[^]*has Windows line ends/);
  });

  test('a byte order mark before a shell script is told', async () => {
    bench.write('scripts/collect.sh', '\ufeff#!/bin/sh\necho 1\n');
    expect(await diff('collect.sh')).toMatchObject({
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

test.each([
  '{"version":1,"tenants":null}',
  '{"version":1,"tenants":[]}',
  '{"version":1,"tenants":{"simulator":["minidump.ps1"]}}',
  '{"version":1,"tenants":{"simulator":null}}',
])('a state file that holds %s is not written over as if it were empty', async (text) => {
  const path = bench.write('state.json', text);
  expect(await push('--state', path)).toMatchObject({
    code: 3,
    out: expect.stringContaining('holds no list of tenants and their files'),
  });
  expect([uploads(), readFileSync(path, 'utf8')]).toEqual([0, text]);
});
