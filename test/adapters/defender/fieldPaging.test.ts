// Next links as they were met in the field: which are followed, always on our own origin, and what counts of
// a collection that was read only in part.
import { describe, expect, test } from '@jest/globals';
import { DefenderClient } from '../../../src/adapters/defender/client.ts';
import { customEndpoint } from '../../../src/adapters/defender/clouds.ts';
import { Http } from '../../../src/adapters/outbound/http.ts';
import { CallRates } from '../../../src/liveResponse/pacing/callRates.ts';
import { countingTokens, json, ListLog, serve, StepClock } from '../../support/defender/defenderFakes.ts';
import { fieldError, fieldJson } from '../../support/defender/field/fieldProxy.ts';
import type { FieldAnswer, NoAnswer } from '../../support/defender/field/fieldProxy.ts';
import { dump } from '../../support/defender/simulatedDefender.ts';
import type { SimulatedDefender } from '../../support/defender/simulatedDefender.ts';
import { closeAfterEach, closeLater } from './clientBench.ts';
import { open } from './fieldBench.ts';

closeAfterEach();

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

const followed: readonly (readonly [string, (path: string) => unknown])[] = [
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
];

const notFollowed: readonly (readonly [string, (path: string) => unknown])[] = [
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
];

const brokenPages: readonly (readonly [string, () => FieldAnswer | NoAnswer])[] = [
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
];

describe('a next link', () => {
  test.each(followed)('that %s is followed on our own origin', async (_how, link) => {
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
    closeLater(() => other.close());
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
    closeLater(() => http.close());
    closeLater(() => api.close());
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

  test.each(notFollowed)(
    'that %s is not followed; what was read counts, and is known to be a part',
    async (_how, link) => {
      const defender = await open();
      inPages(defender, link);
      const found = await defender.client.findMachines('kiosk');
      expect(found).toMatchObject({ devices: [{ name: expect.stringMatching(/^kiosk\./) }], whole: false });
      expect(defender.field.asked.every(({ line }) => /^GET \/api\/machines\?/.test(line))).toBe(true);
      expect(defender.log.lines.some(({ event }) => event === 'defender.partlyRead')).toBe(true);
    },
  );

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

  test.each(brokenPages)(
    'whose page answers %s leaves what was read, known to be a part',
    async (what, second) => {
      // Only silence needs a short deadline; on a busy machine the other answers may take longer than one.
      const defender = await open({ timeout: what === 'nothing at all' ? 1_000 : 5_000 });
      inPages(defender, (path) => path, second);
      const found = await defender.client.findMachines('kiosk');
      expect(found).toMatchObject({ devices: [{ name: expect.stringMatching(/^kiosk\./) }], whole: false });
    },
  );

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
