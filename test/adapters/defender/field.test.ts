// Defender as it was met in the field, over HTTP: a proxy in front of the simulator changes its answers.
// Field-faults rows 3.1 to 3.4, 3.7 and 3.12 as far as the client reads them; what cards say of it is in
// test/stories/defender/fieldReading.test.ts.
import { afterEach, describe, expect, test } from '@jest/globals';
import { deflateRawSync, deflateSync, gzipSync, brotliCompressSync } from 'node:zlib';
import { DefenderClient } from '../../../src/adapters/defender/client.ts';
import { customEndpoint } from '../../../src/adapters/defender/clouds.ts';
import { Http } from '../../../src/adapters/outbound/http.ts';
import { CallRates } from '../../../src/liveResponse/pacing/callRates.ts';
import { readTranscript } from '../../../src/liveResponse/results/transcript.ts';
import { countingTokens, json, ListLog, serve, StepClock } from '../../support/defender/defenderFakes.ts';
import { fieldError, fieldJson } from '../../support/defender/fieldProxy.ts';
import type { FieldAnswer, Json, NoAnswer } from '../../support/defender/fieldProxy.ts';
import {
  dump,
  failureOf,
  simulatedDefender,
  wholeSession,
} from '../../support/defender/simulatedDefender.ts';
import type { SimulatedDefender, SimulatedOptions } from '../../support/defender/simulatedDefender.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function open(options: SimulatedOptions = {}): Promise<SimulatedDefender> {
  const defender = await simulatedDefender({ proxied: true, ...options });
  closing.push(() => defender.close());
  return defender;
}

/** A session of the dump, and what the client reads of it when the list is as `change` makes it. */
async function readAs(change: (action: Json) => Json) {
  const { client, field, machine, clock } = await open();
  const { id } = await client.submit(machine('hosta.corp.example'), dump, 'lr:as');
  clock.pass(wholeSession);
  field.changeActions(change);
  const [action] = await client.actions([id]);
  if (action === undefined) throw new Error('the action is gone');
  return action;
}

/** The same, of the first command. */
const commandAs = (change: Json) =>
  readAs((action) => ({
    ...action,
    commands: (action['commands'] as Json[]).map((one, at) => (at === 0 ? { ...one, ...change } : one)),
  }));

const kiosks = ['kiosk.branch.example', 'kiosk.corp.example'];
const names = (found: { readonly devices: readonly { readonly name: string }[] }): readonly string[] =>
  found.devices.map(({ name }) => name).sort();

/**
 * The list of devices comes one item a page; `link` makes the next link from path and query of the next page,
 * `second` its answer.
 */
function inPages(
  { field }: SimulatedDefender,
  link: (path: string) => unknown,
  second?: () => FieldAnswer | NoAnswer,
): void {
  let rest: readonly unknown[] = [];
  field.answer(/fieldPage=1/, () => second?.() ?? fieldJson(200, { value: rest }));
  field.changeJson(/^GET \/api\/machines\?/, (answer, { line }) => {
    const items = Array.isArray(answer['value']) ? (answer['value'] as unknown[]) : [];
    if (items.length < 2) return answer;
    rest = items.slice(1);
    return {
      ...answer,
      value: items.slice(0, 1),
      '@odata.nextLink': link(`${encodeURI(line.slice('GET '.length))}&fieldPage=1`),
    };
  });
}

describe('a next link', () => {
  test.each([
    ['names a regional host', (path: string) => `https://api-us3.securitycenter.microsoft.com${path}`],
    ['names a host without its scheme', (path: string) => `//api-eu.securitycenter.windows.com${path}`],
    ['names a user and a port', (path: string) => `http://user:secret@elsewhere.example:8443${path}`],
    ['is a path', (path: string) => path],
    ['is relative to the page', (path: string) => path.slice('/api/'.length)],
    ['is a query alone', (path: string) => path.slice(path.indexOf('?'))],
    [
      'has a version and other letters',
      (path: string) =>
        `https://us.api.security.microsoft.com${path.replace('/api/machines', '/API/v1.0/Machines')}`,
    ],
    ['leads through somebody’s gateway', (path: string) => `https://gateway.example/defender${path}`],
    [
      'leads to a host behind the API',
      (path: string) => `https://wdatpprd-weu3.example${path.slice('/api'.length)}`,
    ],
  ])('that %s is followed on our own origin', async (_how, link) => {
    const defender = await open();
    inPages(defender, link);
    const found = await defender.client.findMachines('kiosk');
    expect([names(found), found.whole]).toEqual([kiosks, true]);
    const second = defender.field.asked.filter(({ line }) => line.includes('fieldPage=1'));
    expect(second).toHaveLength(1);
    expect(second[0]?.headers.authorization).toMatch(/^Bearer /);
  });

  test('that names another server never brings our token there', async () => {
    const other = await serve((_ask, response) => json(response, 200, { value: [] }));
    closing.push(() => other.close());
    const defender = await open();
    inPages(defender, (path) => `${other.origin}${path}`);
    expect(names(await defender.client.findMachines('kiosk'))).toEqual(kiosks);
    expect(other.asked).toEqual([]);
  });

  test('stays below the path of our own gateway', async () => {
    const api = await serve((ask, response) => {
      const next = { '@odata.nextLink': 'https://api-us3.securitycenter.microsoft.com/api/machines?$skip=1' };
      json(response, 200, {
        value: [{ id: ask.path.includes('$skip') ? 'b'.repeat(40) : 'a'.repeat(40), computerDnsName: 'x' }],
        ...(ask.path.includes('$skip') ? {} : next),
      });
    });
    const http = new Http();
    closing.push(
      () => http.close(),
      () => api.close(),
    );
    const client = new DefenderClient({
      http,
      tokens: countingTokens(),
      budgets: new CallRates(),
      clock: new StepClock(),
      log: new ListLog(),
      endpoint: customEndpoint(`${api.origin}/defender`),
    });
    expect((await client.findMachines('x')).devices).toHaveLength(2);
    expect(
      api.asked
        .map(({ path }) => path.slice(0, path.indexOf('?')))
        .every((path) => path === '/defender/api/machines'),
    ).toBe(true);
  });

  test.each([
    ['has another scheme', () => 'ftp://elsewhere.example/api/machines?$skip=1'],
    ['is a script', () => 'javascript:fetch("/api/machines")'],
    ['is no address', () => 'https://[/api/machines'],
    ['is no text', () => ({ href: '/api/machines?$skip=1' })],
    ['leads to another collection', () => 'https://api-us3.securitycenter.microsoft.com/api/alerts?$skip=1'],
    [
      'leads to what would run something',
      () => '/api/machines/1e5bc9d7e413ddd7902c2932e418702b84d0cc07/runliveresponse',
    ],
    ['leads out of the collection', () => '/api/machines/../machineactions?$top=1'],
    ['is longer than any server takes', (path: string) => `${path}&x=${'y'.repeat(9_000)}`],
    ['leads to its own page', (path: string) => path.replace('&fieldPage=1', '')],
  ])('that %s is not followed; what was read counts, and is known to be a part', async (_how, link) => {
    const defender = await open();
    inPages(defender, link);
    const found = await defender.client.findMachines('kiosk');
    expect(found).toMatchObject({ devices: [{ name: expect.stringMatching(/^kiosk\./) }], whole: false });
    expect(defender.field.asked.every(({ line }) => /^GET \/api\/machines\?/.test(line))).toBe(true);
    expect(defender.log.lines.some(({ event }) => event === 'defender.partlyRead')).toBe(true);
  });

  test('that never ends, with other words each time and the same devices, is given up', async () => {
    const defender = await open();
    let count = 0;
    defender.field.changeJson(/^GET \/api\/machines\?/, (answer) => ({
      ...answer,
      '@odata.nextLink': `/api/machines?$filter=startswith(computerDnsName,'kiosk.')&fieldToken=${(count += 1)}`,
    }));
    defender.field.answer(/fieldToken=/, () => undefined);
    const found = await defender.client.findMachines('kiosk');
    expect([names(found), found.whole]).toEqual([kiosks, false]);
    expect(defender.field.asked.length).toBeLessThan(6);
  });

  test.each<[string, () => FieldAnswer | NoAnswer]>([
    ['400', () => fieldError(400, 'ODataError', 'The skip token is not valid')],
    ['401', () => fieldError(401, 'Unauthorized', 'expired')],
    ['403', () => fieldError(403, 'Forbidden', 'no')],
    ['404', () => fieldError(404, 'NotFound', 'no')],
    ['429', () => fieldError(429, 'TooManyRequests', 'later')],
    ['500', () => fieldJson(500, '')],
    [
      'a page of HTML',
      () => ({
        status: 502,
        headers: { 'content-type': 'text/html' },
        body: Buffer.from('<html>bad gateway</html>'),
      }),
    ],
    [
      'JSON that breaks off',
      () => ({
        status: 200,
        headers: { 'content-type': 'application/json' },
        body: Buffer.from('{"value":[{"id":'),
      }),
    ],
    ['something that is no collection', () => fieldJson(200, { value: { id: 'x' } })],
    ['the end of the connection', () => 'hangUp'],
    ['nothing at all', () => 'silence'],
  ])('whose page answers %s leaves what was read, known to be a part', async (_what, second) => {
    const defender = await open({ timeout: 150 });
    inPages(defender, (path) => path, second);
    const found = await defender.client.findMachines('kiosk');
    expect(found).toMatchObject({ devices: [{ name: expect.stringMatching(/^kiosk\./) }], whole: false });
  });

  test('is not followed once every wanted session is there', async () => {
    const { client, field, machine } = await open();
    const one = await client.submit(machine('hosta.corp.example'), dump, 'lr:one');
    const two = await client.submit(machine('kiosk.corp.example'), dump, 'lr:two');
    field.changeJson(/^GET \/api\/machineactions\?/, (answer) => ({
      ...answer,
      '@odata.nextLink': 'https://api-us3.securitycenter.microsoft.com/api/machineactions?$skip=2',
    }));
    expect((await client.actions([one.id, two.id])).map(({ id }) => id)).toEqual([one.id, two.id]);
    expect(field.asked.filter(({ line }) => line.startsWith('GET'))).toHaveLength(1);
  });

  test('that brings only a part of the sessions leaves the others to be read one by one', async () => {
    const { client, field, machine } = await open();
    const one = await client.submit(machine('hosta.corp.example'), dump, 'lr:one');
    const two = await client.submit(machine('kiosk.corp.example'), dump, 'lr:two');
    field.answer(/\$skip=/, () => fieldError(500, 'InternalServerError', ''));
    field.changeJson(/^GET \/api\/machineactions\?/, (answer) => ({
      ...answer,
      value: (answer['value'] as unknown[]).slice(0, 1),
      '@odata.nextLink': 'https://api-us3.securitycenter.microsoft.com/api/machineactions?$skip=1',
    }));
    expect((await client.actions([one.id, two.id])).map(({ id }) => id).sort()).toEqual(
      [one.id, two.id].sort(),
    );
  });

  test('of the library that cannot be followed leaves a part of it', async () => {
    const { client, field } = await open();
    const whole = await client.library();
    expect(whole.whole).toBe(true);
    field.changeJson(/^GET \/api\/libraryfiles/, (answer) => ({
      ...answer,
      value: (answer['value'] as unknown[]).slice(0, 1),
      '@odata.nextLink': 'https://api-us3.securitycenter.microsoft.com/api/libraryfiles?$skip=1',
    }));
    field.answer(/libraryfiles\?\$skip/, () => fieldError(400, 'ODataError', 'no'));
    expect(await client.library()).toEqual({ files: whole.files.slice(0, 1), whole: false });
  });
});

describe('the words of Defender', () => {
  test.each([
    ['SUCCEEDED', 'Succeeded'],
    ['succeeded', 'Succeeded'],
    ['Canceled', 'Cancelled'],
    ['CANCELLED', 'Cancelled'],
    ['Timeout', 'TimeOut'],
    ['Timed Out', 'TimeOut'],
    ['time_out', 'TimeOut'],
    ['FAILED', 'Failed'],
    ['pending', 'Pending'],
    ['In Progress', 'InProgress'],
    ['in_progress', 'InProgress'],
  ])('status %s means %s', async (word, meant) => {
    expect((await readAs((action) => ({ ...action, status: word }))).status).toBe(meant);
  });

  test.each(['Success', 'Completed', 'Done', 'Finished', 'Partially Succeeded', 'Quarantined'])(
    'status %s stays as it is: nobody knows it',
    async (word) => {
      expect((await readAs((action) => ({ ...action, status: word }))).status).toBe(word);
    },
  );

  test.each([
    ['COMPLETED', 'Completed'],
    ['failed', 'Failed'],
    ['Pending Resource', 'PendingResource'],
    ['in progress', 'Executing'],
    ['Succeeded', 'Succeeded'],
  ])('the command status %s means %s', async (word, meant) => {
    expect((await commandAs({ commandStatus: word })).progress[0]?.status).toBe(meant);
  });

  test.each(['liveresponse', 'LIVERESPONSE', 'Live Response'])(
    'a session of type %s is found by its tag',
    async (type) => {
      const { client, field, machine, clock } = await open();
      const before = clock.now();
      const { id } = await client.submit(machine('hosta.corp.example'), dump, 'lr:tag');
      field.changeActions((action) => ({ ...action, type }));
      const found = await client.recent(machine('hosta.corp.example'), before - 1_000);
      expect(found).toMatchObject({ actions: [{ id, type: 'LiveResponse' }], whole: true });
    },
  );

  test.each([
    ['in lower case', (type: string) => type.toLowerCase(), (key: string) => key.toLowerCase()],
    ['in upper case', (type: string) => type.toUpperCase(), (key: string) => key.toUpperCase()],
    [
      'in camel case',
      (type: string) => type.charAt(0).toLowerCase() + type.slice(1),
      (key: string) => key.charAt(0).toLowerCase() + key.slice(1),
    ],
  ])('commands %s are the ones that were sent', async (_how, typed, keyed) => {
    const action = await readAs((one) => ({
      ...one,
      commands: (
        one['commands'] as {
          readonly command: {
            readonly type: string;
            readonly params: readonly { readonly key: string; readonly value: string }[];
          };
        }[]
      ).map((entry) => ({
        ...entry,
        command: {
          type: typed(entry.command.type),
          params: entry.command.params.map(({ key, value }) => ({ key: keyed(key), value })),
        },
      })),
    }));
    expect(action.commands).toEqual(dump);
  });
});

describe('a device that is busy', () => {
  const inner = {
    error: {
      code: 'BadRequest',
      message: 'The request failed',
      target: 't',
      innererror: { code: 'x', innererror: { code: 'ActiveRequestAlreadyExists', message: 'in use' } },
    },
  };
  test.each<[string, FieldAnswer]>([
    ['the documented code', fieldError(400, 'ActiveRequestAlreadyExists', 'x')],
    ['that code in other letters', fieldError(400, 'activeRequestAlreadyExists', 'x')],
    ['that code with gaps', fieldError(400, 'Active_Request_Already_Exists', 'x')],
    ['the message alone', fieldError(400, 'BadRequest', 'Action is already in progress')],
    ['the message in other letters', fieldError(400, 'BadRequest', 'ACTION IS ALREADY IN PROGRESS.')],
    [
      'other words for it',
      fieldError(400, 'InvalidInput', 'Another live response session is already active on this device'),
    ],
    ['a code of an inner error', fieldJson(400, inner)],
    [
      'a message of a detail',
      fieldJson(400, {
        error: {
          code: 'BadRequest',
          message: 'Failed',
          details: [{ code: 'y', message: 'An active request for this machine already exists' }],
        },
      }),
    ],
    [
      'a body without an envelope, keys in capitals',
      fieldJson(400, { Code: 'BadRequest', Message: 'Action is already in progress' }),
    ],
    ['an error that is a text', fieldJson(400, { error: 'Action is already in progress' })],
    [
      'a body that is no JSON',
      {
        status: 400,
        headers: { 'content-type': 'text/plain' },
        body: Buffer.from('Action is already in progress'),
      },
    ],
    ['409', fieldError(409, 'Conflict', 'Action is already in progress')],
  ])('is told by %s', async (_how, answer) => {
    const { client, field, machine } = await open();
    field.answer(/runliveresponse$/i, () => answer);
    expect((await failureOf(client.submit(machine('hosta.corp.example'), dump, 'lr:busy'))).code).toBe(
      'busy',
    );
    expect(field.submissions()).toBe(1);
  });

  test.each<[string, FieldAnswer]>([
    ['a right that is missing', fieldError(403, 'Forbidden', 'Action is already in progress')],
    [
      'a device that cannot',
      fieldError(
        400,
        'OsPlatformNotSupported',
        'The action is not supported; nothing is already in progress',
      ),
    ],
    ['any other 400', fieldError(400, 'BadRequest', 'The file name already exists in the request')],
    ['any other 409', fieldError(409, 'Conflict', 'The machine was merged')],
  ])('is not taken from %s', async (_what, answer) => {
    const { client, field, machine } = await open();
    field.answer(/runliveresponse$/i, () => answer);
    expect((await failureOf(client.submit(machine('hosta.corp.example'), dump, 'lr:other'))).code).toBe(
      'refused',
    );
  });

  test('is nothing that a cancel is refused for', async () => {
    const { client, field, machine } = await open();
    const { id } = await client.submit(machine('hosta.corp.example'), dump, 'lr:x');
    field.answer(/\/cancel$/, () => fieldError(400, 'BadRequest', 'Action is already in progress'));
    expect((await failureOf(client.cancel(id, 'why'))).code).toBe('refused');
  });
});

describe('what Defender says of a failure', () => {
  test.each<[string, unknown, readonly string[]]>([
    ['a list', ['one', 'two'], ['one', 'two']],
    ['a text', 'the file is in use', ['the file is in use']],
    ['an object', { code: 'E1', message: 'in use' }, ['E1: in use']],
    ['a list of objects', [{ message: 'in use' }, { errorText: 'twice' }], ['in use', 'errorText: twice']],
    [
      'nested',
      { error: { code: 'E1', message: 'outer', innererror: { message: 'inner' } } },
      ['error: E1: outer', 'error: inner'],
    ],
    ['by name', { Path: ['not found'], Reason: 'gone' }, ['Path: not found', 'Reason: gone']],
    [
      'a code among texts',
      ['failed', -2147024864],
      ['failed', '0x80070020 (the file is in use by another process)'],
    ],
    ['null', null, []],
    ['empty', ['', null, {}, []], []],
  ])('is read where `errors` is %s', async (_how, errors, told) => {
    expect((await commandAs({ commandStatus: 'Failed', errors })).progress[0]?.errors).toEqual(told);
  });

  test('is read from `error` in the singular as well', async () => {
    expect(
      (await commandAs({ commandStatus: 'Failed', errors: [], error: { code: 'E1', message: 'in use' } }))
        .progress[0]?.errors,
    ).toEqual(['E1: in use']);
  });

  test.each<[unknown, number | undefined]>([
    [-2147024891, 0x80070005],
    [2147942405, 0x80070005],
    ['0x80070005', 0x80070005],
    ['80070005', 0x80070005],
    ['-2147024891', 0x80070005],
    [0, undefined],
    ['0x0', undefined],
    [null, undefined],
    [Number.MAX_SAFE_INTEGER, undefined],
    [1.5, undefined],
  ])('has errorHResult %s as 32 bits', async (given, meant) => {
    expect((await readAs((action) => ({ ...action, status: 'Failed', errorHResult: given }))).hresult).toBe(
      meant,
    );
  });

  test.each<[string, unknown, string | undefined]>([
    ['a text', 'Sensor could not open the file', 'Sensor could not open the file'],
    [
      'an object',
      { step: 'copy', detail: { reason: 'sharing violation' } },
      'step: copy; detail: reason: sharing violation',
    ],
    ['a list', ['a', { message: 'b' }], 'a; b'],
    ['null', null, undefined],
    ['long', 'x'.repeat(5_000), 'x'.repeat(1_000)],
    [
      'with a signed link and a token',
      'see https://acme.blob.core.windows.net/x?sv=1&sig=SECRET or Bearer eyJSECRET',
      'see https://acme.blob.core.windows.net/x?… or Bearer …',
    ],
  ])('has troubleshootInfo that is %s', async (_how, given, told) => {
    expect(
      (await readAs((action) => ({ ...action, status: 'Failed', troubleshootInfo: given }))).troubleshoot,
    ).toBe(told);
  });
});

describe('a date that stands for none', () => {
  const none = [
    '0001-01-01T00:00:00Z',
    '0001-01-01T00:00:00',
    '1601-01-01T00:00:00Z',
    '1970-01-01T00:00:00Z',
    '9999-12-31T23:59:59.9999999Z',
    '1899-12-30T00:00:00+00:00',
    '/Date(-62135596800000)/',
  ];
  test.each(none)('%s counts as absent', async (date) => {
    const command = (await commandAs({ startTime: date })).progress[0];
    expect(command?.startedAt).toBeUndefined();
    expect(command?.endedAt).toBeDefined();
    const { client, field, machine } = await open();
    field.changeJson(/^GET \/api\/machines\//, (device) => ({ ...device, lastSeen: date }));
    expect((await client.machine(machine('hosta.corp.example'))).lastReportAt).toBeUndefined();
  });

  test('does not hide an action from the search for its tag', async () => {
    const { client, field, machine, clock } = await open();
    const { id } = await client.submit(machine('hosta.corp.example'), dump, 'lr:undated');
    field.changeActions((action) => ({
      ...action,
      creationDateTimeUtc: none[0],
      lastUpdateDateTimeUtc: none[0],
    }));
    expect(
      (await client.recent(machine('hosta.corp.example'), clock.now() - 60_000)).actions.map((one) => one.id),
    ).toEqual([id]);
  });

  test('is no expiry of a link', async () => {
    const { client, field, finished, clock } = await open();
    const id = await finished();
    field.changeJson(/GetLiveResponseResultDownloadLink/, (link) => ({
      ...link,
      value: String(link['value']).replace(/([?&]se=)[^&]*/, '$10001-01-01T00%3A00%3A00Z'),
    }));
    expect((await client.link(id, 1)).expiresAt).toBe(clock.now() + 30 * 60_000);
  });
});

/** What the client reads of a result that the storage answers like this. */
async function resultAs(
  answer: Partial<FieldAnswer>,
  options: { readonly unpack?: boolean } = { unpack: true },
  maxBytes = 100_000,
) {
  const { client, field, finished } = await open();
  const id = await finished();
  field.change(/^BLOB /, (whole) => ({ ...whole, ...answer }));
  const { url } = await client.link(id, 0);
  const result = await client.read(url, maxBytes, options);
  const asked = field.asked.find(({ line }) => line.startsWith('BLOB'));
  return { result, asked };
}

const spoken = '{"script_name":"a.ps1","exit_code":0,"script_output":"Größe: 5 €","script_errors":""}';

describe('a result that comes packed', () => {
  test('is asked for as it is, without our token', async () => {
    const { asked } = await resultAs({});
    expect(asked?.headers['accept-encoding']).toBe('identity');
    expect(asked?.headers.authorization).toBeUndefined();
  });

  test.each<[string, Uint8Array, Readonly<Record<string, string>>, string]>([
    ['gzip without a word of it', gzipSync(spoken), {}, 'gzip'],
    ['gzip, called so', gzipSync(spoken), { 'content-encoding': 'gzip' }, 'gzip'],
    ['gzip within gzip', gzipSync(gzipSync(spoken)), { 'content-encoding': 'gzip' }, 'gzip'],
    ['deflate', deflateSync(spoken), { 'content-encoding': 'deflate' }, 'deflate'],
    ['deflate without its wrapping', deflateRawSync(spoken), { 'content-encoding': 'Deflate' }, 'deflate'],
    ['brotli', brotliCompressSync(spoken), { 'content-encoding': 'br' }, 'br'],
  ])('as %s is unpacked, and known to have been packed', async (_how, body, headers, packed) => {
    const { result } = await resultAs({ body, headers });
    expect(new TextDecoder().decode(result.bytes)).toBe(spoken);
    expect(result).toMatchObject({ packed, cut: false });
  });

  test.each<[string, Uint8Array, Readonly<Record<string, string>>]>([
    ['only by its header', Buffer.from(spoken), { 'content-encoding': 'gzip' }],
    ['in a way nobody knows', Buffer.from(spoken), { 'content-encoding': 'zstd' }],
    ['in a broken way', Buffer.concat([gzipSync(spoken).subarray(0, 10), Buffer.alloc(9, 255)]), {}],
  ])('%s stays what it is', async (_how, body, headers) => {
    const { result } = await resultAs({ body, headers });
    expect(Buffer.from(result.bytes)).toEqual(Buffer.from(body));
    expect(result.packed).toBeUndefined();
  });

  test.each<[string, Uint8Array]>([
    ['once', gzipSync(Buffer.alloc(200_000_000))],
    ['twice', gzipSync(gzipSync(Buffer.alloc(200_000_000)))],
  ])('to burst, %s, is unpacked to the bound and no further', async (_how, body) => {
    const before = process.memoryUsage().arrayBuffers;
    const { result } = await resultAs({ body, headers: {} }, { unpack: true }, 1_000_000);
    expect([result.bytes.length, result.cut]).toEqual([1_000_000, true]);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(100_000_000);
  });

  test('and breaks off shows what was there, known to be cut', async () => {
    const lines = Array.from({ length: 3_000 }, (_, n) => `line ${n} ${(n * 7919) % 1009}`).join('\n');
    const whole = gzipSync(lines);
    const { result } = await resultAs({ body: whole.subarray(0, whole.length / 2), headers: {} });
    expect([
      result.cut,
      lines.startsWith(new TextDecoder().decode(result.bytes)),
      result.bytes.length > 100,
    ]).toEqual([true, true, true]);
  });

  test('stays packed where its first bytes are looked at, and tells how the storage calls it', async () => {
    const { result } = await resultAs(
      { body: gzipSync(spoken), headers: { 'content-encoding': 'gzip' } },
      {},
      16,
    );
    expect([result.bytes[0], result.bytes[1], result.encoding, result.packed]).toEqual([
      0x1f,
      0x8b,
      'gzip',
      undefined,
    ]);
  });
});

describe('an answer of the API that comes packed all the same', () => {
  test.each<[string, (body: Uint8Array) => Uint8Array]>([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ])('as %s is read, though it was asked for as it is', async (encoding, pack) => {
    const { client, field, machine } = await open();
    field.change(/./, (answer) => ({
      ...answer,
      headers: { ...answer.headers, 'content-encoding': encoding },
      body: pack(answer.body),
    }));
    const { id } = await client.submit(machine('hosta.corp.example'), dump, 'lr:packed');
    expect((await client.actions([id])).map((one) => one.id)).toEqual([id]);
    expect(field.asked.every(({ headers }) => headers['accept-encoding'] === 'identity')).toBe(true);
  });

  test('and unpacks beyond every bound is not read', async () => {
    const { client, field } = await open();
    field.answer(/^GET/, () => ({
      status: 200,
      headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
      body: gzipSync(Buffer.alloc(50_000_000, 32)),
    }));
    expect((await failureOf(client.library())).code).toBe('unreadable');
  });
});

/** The upper half of CP850, which no encoder here writes: the letters used below. */
const oem: Readonly<Record<string, number>> = {
  ä: 0x84,
  ö: 0x94,
  ü: 0x81,
  ß: 0xe1,
  Ä: 0x8e,
  Ö: 0x99,
  Ü: 0x9a,
  é: 0x82,
  è: 0x8a,
  à: 0x85,
  ç: 0x87,
  ñ: 0xa4,
  ó: 0xa2,
  í: 0xa1,
};
const cp850 = (text: string): Buffer => Buffer.from(Array.from(text, (one) => oem[one] ?? one.charCodeAt(0)));
const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');
const wide = (text: string, order: 'le' | 'be'): Buffer =>
  order === 'le' ? Buffer.from(text, 'utf16le') : Buffer.from(text, 'utf16le').swap16();
const written = (output: string): string =>
  JSON.stringify({ script_name: 'a.ps1', exit_code: 0, script_output: output, script_errors: '' });
const german = 'Zugriff verweigert: die Datei für Müller wird schon geöffnet';
const french = "L'accès est refusé: fichier déjà utilisé";
const spanish = 'No se encontró el archivo: operación y contraseña';

describe('a text', () => {
  test.each<[string, Uint8Array, string, object | undefined]>([
    ['in UTF-8', Buffer.from(written(german)), german, undefined],
    ['in UTF-8 behind a mark', Buffer.from(`\ufeff${written(german)}`), german, undefined],
    [
      'in UTF-16, little end first, behind a mark',
      wide(`\ufeff${written(german)}`, 'le'),
      german,
      { encoding: 'UTF-16' },
    ],
    [
      'in UTF-16, big end first, behind a mark',
      wide(`\ufeff${written(german)}`, 'be'),
      german,
      { encoding: 'UTF-16' },
    ],
    ['in UTF-16, little end first', wide(written(german), 'le'), german, { encoding: 'UTF-16' }],
    ['in UTF-16, big end first', wide(written(german), 'be'), german, { encoding: 'UTF-16' }],
    [
      'in UTF-16 and no JSON, Cyrillic',
      wide('Отказано в доступе: файл занят', 'le'),
      'Отказано в доступе: файл занят',
      { encoding: 'UTF-16' },
    ],
    [
      'in UTF-16 and no JSON, Japanese',
      wide('アクセスが拒否されました。 (5)', 'be'),
      'アクセスが拒否されました。 (5)',
      { encoding: 'UTF-16' },
    ],
    ['in Windows-1252, German', latin1(written(german)), german, { encoding: 'Windows-1252', guessed: true }],
    ['in Windows-1252, French', latin1(french), french, { encoding: 'Windows-1252', guessed: true }],
    [
      'in Windows-1252 with its own quotes and the euro',
      Buffer.concat([latin1('Größe: '), Buffer.from([0x84, 0x67, 0x75, 0x74, 0x93, 0x20, 0x35, 0x20, 0x80])]),
      'Größe: „gut“ 5 €',
      { encoding: 'Windows-1252', guessed: true },
    ],
    ['in CP850, German', cp850(german), german, { encoding: 'CP850', guessed: true }],
    ['in CP850, French', cp850(written(french)), french, { encoding: 'CP850', guessed: true }],
    ['in CP850, Spanish', cp850(spanish), spanish, { encoding: 'CP850', guessed: true }],
    [
      'in Windows-1251',
      Buffer.from([
        0xce, 0xf2, 0xea, 0xe0, 0xe7, 0xe0, 0xed, 0xee, 0x20, 0xe2, 0x20, 0xe4, 0xee, 0xf1, 0xf2, 0xf3, 0xef,
        0xe5,
      ]),
      'Отказано в доступе',
      { encoding: 'Windows-1251', guessed: true },
    ],
    [
      'in UTF-8 with a broken letter',
      Buffer.concat([Buffer.from(german), Buffer.from([0x20, 0xe4])]),
      `${german} \ufffd`,
      { lost: true },
    ],
    [
      'of no code page that is tried',
      latin1('Odmowa dost\u00eapu: plik jest u\u00bfywany, \u009ccie\u00bfka'),
      'Odmowa dost\ufffdpu: plik jest u\ufffdywany, \ufffdcie\ufffdka',
      { encoding: 'unknown', lost: true },
    ],
  ])('%s is read, and what is not certain is said', async (_how, body, output, letters) => {
    const { result } = await resultAs({ body, headers: {} });
    const transcript = readTranscript(result.bytes, result.cut);
    expect(transcript.output).toEqual(output);
    expect(transcript.letters).toEqual(letters);
  });

  test('in an old code page and packed is both unpacked and guessed', async () => {
    const { result } = await resultAs({ body: gzipSync(cp850(written(german))), headers: {} });
    expect([
      result.packed,
      readTranscript(result.bytes).letters,
      readTranscript(result.bytes).output,
    ]).toEqual(['gzip', { encoding: 'CP850', guessed: true }, german]);
  });

  test('that is none stays none, whatever code page could draw it', async () => {
    const noise = Buffer.from(Array.from({ length: 2_000 }, (_, at) => (at * 7919 + (at >> 3)) % 256));
    const { result } = await resultAs({ body: noise, headers: {} });
    expect(readTranscript(result.bytes).note).toBe('binary');
  });
});

describe('the name of a file', () => {
  test.each([
    ['quoted', 'attachment; filename="OfficeClickToRun.dmp.zip.gz"', 'OfficeClickToRun.dmp.zip.gz'],
    ['not quoted', 'attachment; filename=OfficeClickToRun.dmp.zip.gz', 'OfficeClickToRun.dmp.zip.gz'],
    ['not quoted, with spaces', 'attachment; filename=my dump file.zip; size=3', 'my dump file.zip'],
    ['percent-encoded', 'attachment; filename=my%20dump%C3%A4.zip', 'my dumpä.zip'],
    ['percent-encoded and quoted', 'attachment; filename="my%20dump.zip"', 'my dump.zip'],
    ['with a percent sign that encodes nothing', 'attachment; filename="100% done.txt"', '100% done.txt'],
    ['with a semicolon and quotes inside', 'attachment; filename="a;b \\"c\\".zip"; x=y', 'a;b "c".zip'],
    ['in both forms', "attachment; filename=plain.txt; filename*=UTF-8''na%C3%AFve.txt", 'naïve.txt'],
    ['in Latin-1', "attachment; filename*=iso-8859-1'de'Gr%F6%DFe.txt", 'Größe.txt'],
    ['in a broken extended form', "attachment; filename*=UTF-8''%E4%; filename=plain.txt", 'plain.txt'],
    [
      'in a character set nobody knows',
      'attachment; filename*=klingon\'\'x; filename="plain.txt"',
      'plain.txt',
    ],
    ['that is no longer closed', 'attachment; filename="half.zip', 'half.zip'],
    ['in other letters and gaps', 'ATTACHMENT;FileName = "x.zip"', 'x.zip'],
    ['of another parameter', 'attachment; x-filename=evil.exe; filename=good.zip', 'good.zip'],
  ])('%s is read', async (_how, header, name) => {
    const { result } = await resultAs({ headers: { 'content-disposition': header } });
    expect(result.fileName).toBe(name);
  });
});
