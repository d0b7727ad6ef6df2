// The real client against the real simulator: result links and what they lead to, among them everything a
// link must not lead to.
import { afterEach, describe, expect, test } from '@jest/globals';
import type { LookupAddress } from 'node:dns';
import { readTranscript } from '../../../src/liveResponse/results/transcript.ts';
import { serve } from '../../support/defender/defenderFakes.ts';
import { failureOf, simulatedDefender } from '../../support/defender/simulatedDefender.ts';
import type { SimulatedDefender, SimulatedOptions } from '../../support/defender/simulatedDefender.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});
async function bench(options: SimulatedOptions = {}): Promise<SimulatedDefender & { readonly id: string }> {
  const one = await simulatedDefender(options);
  closing.push(() => one.close());
  return { ...one, id: await one.finished() };
}
const cap = 1024 * 1024;

/** Polls until something is so; a server notes what it sent a moment after the client turned away. */
async function eventually(what: () => boolean): Promise<void> {
  const deadline = performance.now() + 5_000;
  while (!what()) {
    if (performance.now() > deadline) throw new Error('It has not come to pass within five seconds.');
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('a transcript', () => {
  test('with a raw newline inside its string is read, without its first line', async () => {
    const { client, id } = await bench({ profile: { transcript: 'seed' } });
    const { bytes, cut } = await client.read((await client.link(id, 0)).url, cap);
    expect(() => {
      JSON.parse(new TextDecoder().decode(bytes));
    }).toThrow(/control character/);
    expect(readTranscript(bytes, cut)).toMatchObject({
      scriptName: 'minidump.ps1',
      exitCode: 0,
      output: 'C:\\windows\\TEMP\\OfficeClickToRun.dmp.zip\n51 MB',
      errors: '',
      note: 'mended',
    });
  });

  test.each(['transcript', 'clean', 'rawNuls', 'oldNames', 'bash'] as const)(
    'in the mode %s says the same',
    async (transcript) => {
      const { client, id } = await bench({ profile: { transcript } });
      const { bytes } = await client.read((await client.link(id, 0)).url, cap);
      expect(readTranscript(bytes)).toMatchObject({
        exitCode: 0,
        output: 'C:\\windows\\TEMP\\OfficeClickToRun.dmp.zip\n51 MB',
      });
    },
  );

  test.each(['hostile', 'hostileText'] as const)(
    'that attacks its reader (%s) is read up to the cap and keeps no NUL',
    async (transcript) => {
      const { client, id } = await bench({ profile: { transcript } });
      const { bytes, cut } = await client.read((await client.link(id, 0)).url, cap);
      expect([bytes.length, cut]).toEqual([cap, true]);
      const { output, note } = readTranscript(bytes, cut);
      expect(note).toBe('cut');
      expect(output).toContain('<!channel>');
      expect(output).not.toContain('\u0000');
    },
  );
});

describe('a link', () => {
  test('that is not ready is told apart, and had later', async () => {
    const { client, id, plant } = await bench();
    await plant({ what: 'notReady', times: 2 });
    for (let times = 0; times < 2; times += 1) {
      const { code, detail } = await failureOf(client.link(id, 0));
      expect([code, detail.status, detail.apiCode]).toEqual(['notReady', 400, 'BadRequest']);
    }
    const { url, expiresAt } = await client.link(id, 0);
    expect(new URL(url).searchParams.get('se')).toBe(new Date(expiresAt).toISOString().replace('.000', ''));
  });

  test('that is dead at the blob server is gone, and a new one works', async () => {
    const { client, id, clock, plant, simulator } = await bench();
    const { url, expiresAt } = await client.link(id, 1);
    clock.pass(expiresAt - clock.now());
    expect((await failureOf(client.read(url, cap))).code).toBe('gone');
    const fresh = (await client.link(id, 1)).url;
    await plant({ what: 'status', on: 'blob', status: 404 });
    expect((await failureOf(client.read(fresh, cap))).code).toBe('gone');
    expect((await client.read(fresh, cap)).fileName).toBe('OfficeClickToRun.dmp.zip.gz');
    await eventually(() => simulator.tenant.downloads.length === 3);
    expect(simulator.tenant.downloads.map(({ status, bearer }) => [status, bearer])).toEqual([
      [403, false],
      [404, false],
      [200, false],
    ]);
  });

  test('to a server that is away, slow or broken is unavailable, and says nothing of the link', async () => {
    const { client, id, plant } = await bench();
    const { url } = await client.link(id, 1);
    await plant(
      { what: 'reset', on: 'blob' },
      { what: 'status', on: 'blob', status: 503 },
      { what: 'truncate', on: 'blob' },
    );
    for (let times = 0; times < 3; times += 1) {
      const error = await failureOf(client.read(url, cap));
      expect(error.code).toBe('unavailable');
      expect(`${error.message} ${error.stack ?? ''} ${String(error.detail.cause)}`).not.toContain('sig=');
    }
  });

  test('that redirects is not followed', async () => {
    const elsewhere = await serve((_ask, response) => response.end('secret'));
    closing.push(() => elsewhere.close());
    const { client, id, plant } = await bench();
    await plant({ what: 'redirect', on: 'blob', value: `${elsewhere.origin}/` });
    expect((await failureOf(client.read((await client.link(id, 0)).url, cap))).code).toBe('untrusted');
    expect(elsewhere.asked).toEqual([]);
  });

  test('to a host outside the allow-list is not followed, whatever its scheme', async () => {
    const stranger = await serve((_ask, response) => response.end('secret'));
    closing.push(() => stranger.close());
    const { client, id, plant } = await bench();
    await plant({ what: 'linkHost', value: stranger.origin });
    expect((await failureOf(client.link(id, 0))).code).toBe('untrusted');
    for (const host of [
      'https://evil.example',
      'https://x.blob.core.windows.net.evil.example',
      'https://x.blob.core.windows.net:8443',
      'https://user@x.blob.core.windows.net',
      'https://169.254.169.254',
    ]) {
      await plant({ what: 'linkHost', value: host });
      const error = await failureOf(client.link(id, 0).then(({ url }) => client.read(url, cap)));
      expect([host, ['untrusted', 'unreadable'].includes(error.code)]).toEqual([host, true]);
    }
    expect(stranger.asked).toEqual([]);
  });

  test.each(['127.0.0.1', '10.1.2.3', '169.254.169.254', '192.168.1.1', '::1', 'fd00::1'])(
    'whose allowed host leads to the private address %s is not followed',
    async (address) => {
      const asked: string[] = [];
      const addresses: LookupAddress[] = [{ address, family: address.includes(':') ? 6 : 4 }];
      const { client, id, plant } = await bench({
        http: {
          lookup: (hostname, options, callback) => {
            asked.push(hostname);
            if (options.all === true) callback(null, addresses);
            else callback(null, address, addresses[0]?.family);
          },
        },
      });
      await plant({ what: 'linkHost', value: 'https://stolen.blob.core.windows.net' });
      const error = await failureOf(client.read((await client.link(id, 0)).url, cap));
      expect([error.code, asked]).toEqual(['untrusted', ['stolen.blob.core.windows.net']]);
    },
  );

  test('on this machine is not followed when this machine is not where results may be', async () => {
    const { client, id, simulator } = await bench({ strangers: true });
    expect((await failureOf(client.link(id, 0))).code).toBe('untrusted');
    expect(simulator.tenant.downloads).toEqual([]);
  });
});

describe('a collected file', () => {
  test('of 500 MB is read to the cap only, leaves the rest unsent, and takes no memory', async () => {
    const { client, id, simulator } = await bench({ profile: { collected: 'huge' } });
    const { url } = await client.link(id, 1);
    const before = process.memoryUsage();
    const { bytes, cut, size } = await client.read(url, cap);
    const after = process.memoryUsage();
    expect([bytes.length, cut, size]).toEqual([cap, true, 500 * cap]);
    await eventually(() => simulator.tenant.downloads.length === 1);
    // What left the server beyond the cap lay in the buffers of the connection.
    expect(simulator.tenant.downloads[0]?.bytes).toBeLessThan(50 * cap);
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(50 * cap);
  });

  test('announced as 3 GB is read to the cap, or unavailable when it breaks off before', async () => {
    const { client, id } = await bench({ profile: { collected: 'hugeLength' } });
    const { bytes, cut, size } = await client.read((await client.link(id, 1)).url, 16);
    expect([bytes.length, cut, size]).toEqual([16, true, 3 * 1024 ** 3]);
    expect((await failureOf(client.read((await client.link(id, 1)).url, cap))).code).toBe('unavailable');
  });
});
