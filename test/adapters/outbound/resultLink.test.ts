// Result links: which are followed, what is read of them, and the names of their files.
import { describe, expect, test } from '@jest/globals';
import type { LookupAddress } from 'node:dns';
import { isPublicAddress, publicLookup } from '../../../src/adapters/outbound/addresses.ts';
import type { Lookup } from '../../../src/adapters/outbound/addresses.ts';
import {
  checkedLink,
  fileNameOf,
  readResult,
  resultHosts,
} from '../../../src/adapters/outbound/resultLink.ts';
import { DefenderError } from '../../../src/liveResponse/ports.ts';
import { serve } from '../../support/defender/defenderFakes.ts';
import { closeAfterEach, http, server } from './bench.ts';

closeAfterEach();

const only = (...origins: readonly string[]) => ({ hosts: resultHosts, origins });

async function codeOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (one: unknown) => one,
  );
  if (!(error instanceof DefenderError)) throw new Error(`expected a DefenderError, got ${String(error)}`);
  expect(`${error.message} ${String(error.detail.cause)}`).not.toContain('sig=');
  return error.code;
}

describe('a result link', () => {
  test('is followed only to the storage hosts of Azure over https, on port 443, without a user', () => {
    const good =
      'https://automatedirstrprdeus.blob.core.windows.net/investigation-actions-data/ID/x?se=2021-02-04T16%3A13%3A50Z&sig=a/b%3D';
    expect(checkedLink(good, only()).url.hostname).toBe('automatedirstrprdeus.blob.core.windows.net');
    expect(checkedLink('https://x.blob.core.usgovcloudapi.net/a', only()).configured).toBe(false);
    expect(checkedLink('https://x.blob.core.windows.net:443/a', only()).configured).toBe(false);
    const bad = [
      'http://x.blob.core.windows.net/a',
      'https://x.blob.core.windows.net:8443/a',
      'https://user@x.blob.core.windows.net/a',
      'https://user:pw@x.blob.core.windows.net/a',
      'https://x.blob.core.windows.net@evil.example/a',
      'https://x.blob.core.windows.net.evil.example/a',
      'https://xblob.core.windows.net/a',
      'https://.blob.core.windows.net/a',
      'https://blob.core.windows.net/a',
      'https://x.blob.core.windows.net./a',
      'https://core.windows.net/a',
      'https://127.0.0.1/a',
      'https://[::1]/a',
      'https://2130706433/a',
      'https://169.254.169.254/metadata',
      'file:///etc/passwd',
      'javascript:alert(1)',
      'not a link',
    ];
    for (const link of bad) expect(() => checkedLink(link, only())).toThrow(DefenderError);
  });

  test('is followed to the zone endpoints of Azure storage, and to hosts of the setting: endings below, whole names alone', () => {
    expect(checkedLink('https://stautoir.z01.blob.storage.azure.net/a', only()).configured).toBe(false);
    const rules = { hosts: [...resultHosts, '.results.corp.example', 'files.corp.example'], origins: [] };
    expect(checkedLink('https://a.results.corp.example/x', rules).configured).toBe(false);
    expect(checkedLink('https://files.corp.example/x', rules).configured).toBe(true);
    for (const link of [
      'https://results.corp.example/x',
      'https://a.files.corp.example/x',
      'https://evilfiles.corp.example/x',
      'https://files.corp.example:8443/x',
      'http://files.corp.example/x',
      'https://files.corp.example./x',
      'https://a.results.corp.example.evil.example/x',
      'https://z01.blob.storage.azure.net.evil.example/x',
    ]) {
      expect(() => checkedLink(link, rules)).toThrow(DefenderError);
    }
  });

  test('is followed to a configured origin and to no other port of the same host', () => {
    expect(checkedLink('http://127.0.0.1:4000/a', only('http://127.0.0.1:4000')).configured).toBe(true);
    expect(() => checkedLink('http://127.0.0.1:4001/a', only('http://127.0.0.1:4000'))).toThrow(
      DefenderError,
    );
    expect(() => checkedLink('http://user@127.0.0.1:4000/a', only('http://127.0.0.1:4000'))).toThrow(
      DefenderError,
    );
  });

  test('gives bytes, size and file name, and is asked without any credentials', async () => {
    const blob = await server((_ask, response) => {
      response.writeHead(200, {
        'content-length': '5',
        'content-disposition': 'attachment; filename="OfficeClickToRun.dmp.zip.gz"',
      });
      response.end('hello');
    });
    const result = await readResult(http(), `${blob.origin}/data/x?se=2026&sig=a/b%3D`, only(blob.origin), {
      maxBytes: 100,
    });
    expect(new TextDecoder().decode(result.bytes)).toBe('hello');
    expect(result).toMatchObject({ cut: false, size: 5, fileName: 'OfficeClickToRun.dmp.zip.gz' });
    expect(blob.asked[0]?.headers.authorization).toBeUndefined();
    expect(blob.asked[0]?.headers.cookie).toBeUndefined();
    expect(blob.asked[0]?.path).toBe('/data/x?se=2026&sig=a/b=');
  });

  test('is read only up to the limit', async () => {
    const blob = await server((_ask, response) => response.end('x'.repeat(100_000)));
    const result = await readResult(http(), `${blob.origin}/x`, only(blob.origin), { maxBytes: 16 });
    expect([result.bytes.length, result.cut]).toEqual([16, true]);
  });

  test('keeps packed bytes as they are, even where the storage calls them an encoding', async () => {
    const blob = await server((_ask, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(Buffer.from([0x1f, 0x8b, 8])),
    );
    expect((await readResult(http(), `${blob.origin}/x`, only(blob.origin), { maxBytes: 16 })).bytes).toEqual(
      new Uint8Array([0x1f, 0x8b, 8]),
    );
  });

  test.each([
    [302, 'untrusted'],
    [403, 'gone'],
    [404, 'gone'],
    [429, 'unavailable'],
    [503, 'unavailable'],
    [206, 'unreadable'],
    [400, 'unreadable'],
  ])('answered %i is %s', async (status, code) => {
    const blob = await server((_ask, response) =>
      response.writeHead(status, { location: 'https://evil.example/' }).end('<Error/>'),
    );
    expect(
      await codeOf(readResult(http(), `${blob.origin}/x?sig=secret`, only(blob.origin), { maxBytes: 100 })),
    ).toBe(code);
    expect(blob.asked).toHaveLength(1);
  });

  test('that cannot be reached is unavailable, and its secret is in no message', async () => {
    const blob = await serve((_ask, response) => response.end());
    await blob.close();
    expect(
      await codeOf(readResult(http(), `${blob.origin}/x?sig=secret`, only(blob.origin), { maxBytes: 100 })),
    ).toBe('unavailable');
  });

  test('whose name leads to a private address is not followed, even when a public one stands beside it', async () => {
    const blob = await server((_ask, response) => response.end('secret'));
    const answers: readonly (readonly LookupAddress[])[] = [
      [{ address: '127.0.0.1', family: 4 }],
      [
        { address: '20.60.1.1', family: 4 },
        { address: '10.0.0.4', family: 4 },
      ],
      [{ address: '::1', family: 6 }],
      [{ address: 'fd00::1', family: 6 }],
    ];
    for (const addresses of answers) {
      const client = http({ lookup: (_name, _options, callback) => callback(null, [...addresses]) });
      expect(
        await codeOf(
          readResult(client, 'https://x.blob.core.windows.net/x?sig=secret', only(), { maxBytes: 100 }),
        ),
      ).toBe('untrusted');
    }
    expect(blob.asked).toHaveLength(0);
  });

  test('whose name does not resolve is unavailable', async () => {
    const client = http({
      lookup: (_name, _options, callback) =>
        callback(Object.assign(new Error('no'), { code: 'ENOTFOUND' }), []),
    });
    expect(
      await codeOf(readResult(client, 'https://x.blob.core.windows.net/x', only(), { maxBytes: 100 })),
    ).toBe('unavailable');
  });
});

describe('an address', () => {
  test('counts as public only when the special registries do not name it', () => {
    for (const address of [
      '20.60.1.1',
      '8.8.8.8',
      '172.32.0.1',
      '100.128.0.1',
      '2603:1030::1',
      '64:ff9b::1414:101',
    ])
      expect([address, isPublicAddress(address)]).toEqual([address, true]);
    const special = [
      '0.0.0.0',
      '10.1.2.3',
      '100.64.0.1',
      '127.0.0.1',
      '169.254.169.254',
      '172.16.0.1',
      '172.31.255.255',
      '192.168.1.1',
      '198.18.0.1',
      '224.0.0.1',
      '255.255.255.255',
      '168.63.129.16',
    ];
    const special6 = [
      '::',
      '::1',
      '::ffff:10.0.0.1',
      '::ffff:8.8.8.8',
      'fe80::1',
      'fc00::1',
      'fd12::1',
      'ff02::1',
      '2001:db8::1',
      '2001::1',
      '2002:7f00:1::',
      '64:ff9b::7f00:1',
      '64:ff9b:1::1',
      'fec0::1',
    ];
    for (const address of [...special, ...special6, '', 'x', '127.1', '0x7f.1'])
      expect([address, isPublicAddress(address)]).toEqual([address, false]);
  });
});

describe('the file name of a Content-Disposition', () => {
  test('is read in every form', () => {
    expect(fileNameOf('attachment; filename=a.gz')).toBe('a.gz');
    expect(fileNameOf('attachment; filename="a \\"b\\".gz"; x=y')).toBe('a "b".gz');
    expect(fileNameOf("attachment; filename=a.gz; filename*=UTF-8''gr%C3%B6%C3%9Fe.gz")).toBe('größe.gz');
    expect(fileNameOf("attachment; filename=a.gz; filename*=UTF-8''%E0%A4%A")).toBe('a.gz');
    expect(fileNameOf('inline')).toBeUndefined();
    expect(fileNameOf('')).toBeUndefined();
  });
});

describe('a lookup of public addresses', () => {
  const both: LookupAddress[] = [
    { address: '20.60.1.1', family: 4 },
    { address: '2603:1030::1', family: 6 },
  ];
  const asked = (lookup: Lookup, all: boolean) =>
    new Promise<unknown>((resolve) =>
      lookup('x.blob.core.windows.net', { all }, (error, address, family) =>
        resolve(error ?? [address, family]),
      ),
    );

  test('answers in the form it was asked in', async () => {
    const lookup = publicLookup((_name, options, callback) => {
      expect(options.all).toBe(true);
      callback(null, both);
    });
    expect(await asked(lookup, true)).toEqual([both, undefined]);
    expect(await asked(lookup, false)).toEqual(['20.60.1.1', 4]);
  });

  test('judges a resolver that answers a single address, and one that answers none', async () => {
    expect(
      await asked(
        publicLookup((_name, _options, callback) => callback(null, '20.60.1.1', 4)),
        true,
      ),
    ).toEqual([[both[0]], undefined]);
    expect(
      await asked(
        publicLookup((_name, _options, callback) => callback(null, '10.0.0.1', 4)),
        false,
      ),
    ).toMatchObject({ code: 'EPRIVATE' });
    expect(
      await asked(
        publicLookup((_name, _options, callback) => callback(null, [])),
        true,
      ),
    ).toMatchObject({ code: 'ENOTFOUND' });
  });
});
