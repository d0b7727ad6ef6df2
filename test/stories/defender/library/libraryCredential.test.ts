// The credential of `npm run library`: never the bot’s, and told where it lacks a right.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { jwt } from '../../../support/programs/doctorBench.ts';
import { libraryBenchWithScript } from '../../../support/defender/library/libraryBench.ts';
import type { LibraryBench } from '../../../support/defender/library/libraryBench.ts';
import { hello, nothingNoted, push, state } from '../../../support/defender/library/libraryRuns.ts';

let bench: LibraryBench;
beforeEach(async () => {
  bench = await libraryBenchWithScript();
});
afterEach(async () => {
  await bench.close();
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
    expect([bench.held(), state(bench)]).toEqual([{}, nothingNoted]);
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
    expect(state(bench)).toMatchObject({
      tenants: { '11111111-2222-4333-8444-555555555555': { 'hello.ps1': { sha256: hello } } },
    });
    // What was pushed into one tenant says nothing of another.
    bench.write('scripts/hello.ps1', 'new');
    bench.simulator.tenant.change({ auth: 'none' });
    expect(await push(bench, 'hello.ps1')).toMatchObject({
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
