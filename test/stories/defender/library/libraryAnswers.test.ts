// Answers of the library that are lost, late or untrue, and what lies between diff and push: nothing is
// uploaded twice or over a change of somebody else.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { libraryBenchWithScript, sha } from '../../../support/defender/library/libraryBench.ts';
import type { LibraryBench } from '../../../support/defender/library/libraryBench.ts';
import {
  diff,
  hello,
  nothingNoted,
  push,
  state,
  uploads,
} from '../../../support/defender/library/libraryRuns.ts';

let bench: LibraryBench;
beforeEach(async () => {
  bench = await libraryBenchWithScript();
});
afterEach(async () => {
  await bench.close();
});

describe('between diff and push', () => {
  test('a file that somebody changed after it was shown is not replaced', async () => {
    expect((await push(bench, 'hello.ps1')).code).toBe(0);
    bench.write('scripts/hello.ps1', 'Write-Output "two"\n');
    const first = bench.calls.length;
    bench.change = ({ method }) => {
      // The list for the comparison is through; before the look right ahead of the upload somebody is
      // quicker.
      if (method === 'GET' && bench.calls.length === first + 2) bench.put('hello.ps1', 'quicker');
      return false;
    };
    const run = await push(bench, 'hello.ps1');
    expect([run.code, run.out]).toEqual([
      1,
      expect.stringContaining(
        'CHANGED   hello.ps1  was not uploaded: somebody changed the library since it was compared',
      ),
    ]);
    expect([uploads(bench), bench.held()['hello.ps1']]).toEqual([1, sha('quicker')]);
  });

  test('a file that appears at the very moment of a first upload is not overwritten: Defender itself is told not to', async () => {
    bench.change = ({ method }) => {
      if (method === 'POST') bench.put('hello.ps1', 'quicker');
      return false;
    };
    const run = await push(bench, 'hello.ps1');
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
    expect(uploads(bench)).toBe(0);
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
    const run = await push(bench, 'hello.ps1');
    expect([run.code, run.out]).toEqual([
      0,
      expect.stringMatching(
        /uploaded {2}hello\.ps1 .*the answer was lost .* and the list shows that it arrived/,
      ),
    ]);
    expect([uploads(bench), bench.held()['hello.ps1']]).toEqual([1, hello]);
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
    const run = await push(bench, 'hello.ps1');
    expect([run.code, run.out]).toEqual([
      1,
      expect.stringMatching(
        /LOST {6}hello\.ps1 {2}no answer came .* but no file of that name\. It is not sent again by itself/,
      ),
    ]);
    expect([uploads(bench), state(bench)]).toEqual([1, nothingNoted]);
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
    const run = await push(bench, 'hello.ps1');
    expect([run.code, run.out]).toEqual([
      1,
      expect.stringMatching(
        /WRONG {5}hello\.ps1 {2}was uploaded, and the library does not show what was sent .* by gateway.*nobody should approve/,
      ),
    ]);
    expect(state(bench)).toEqual(nothingNoted);
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
    expect(await push(bench, 'hello.ps1')).toMatchObject({
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
    const run = await push(bench, 'hello.ps1');
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
    expect(await diff(bench)).toMatchObject({ code: 3, out: expect.stringContaining('asks to wait 3600 s') });
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
    expect(await push(bench)).toMatchObject({ code: 3 });
    expect(uploads(bench)).toBe(0);
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
    expect(await diff(bench, 'hello.ps1')).toMatchObject({
      code: 1,
      out: expect.stringContaining('CHANGED   hello.ps1'),
    });
    expect(bench.calls).toEqual(['GET /api/libraryfiles', 'GET /api/libraryfiles?$skip=1']);
  });
});
