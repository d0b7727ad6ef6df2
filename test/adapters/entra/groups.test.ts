// Entra groups over HTTP: who is a member, and that every doubt is an error and never a role.
import { createServer } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { EntraGroups, groupsFor } from '../../../src/adapters/entra/groups.ts';
import { Secret } from '../../../src/adapters/secret.ts';
import { Http } from '../../../src/adapters/outbound/http.ts';
import type { Person } from '../../../src/bot/policy/policy.ts';

const approvers = '0e3c1d2e-0000-4000-8000-000000000001';
const account = '5f0c1d2e-0000-4000-8000-000000000002';
const person: Person = { id: 'approver1', name: 'Avery', accounts: ['slack:U1', `teams:${account}`] };

let server: Server;
let http: Http;
let now = 0;
const asked: { path: string; authorization: string | undefined; body: unknown }[] = [];
const answers: (readonly [number, unknown])[] = [];
const renewals: boolean[] = [];

beforeEach(async () => {
  now = 1_000;
  asked.length = answers.length = renewals.length = 0;
  http = new Http();
  server = createServer((request: IncomingMessage, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      asked.push({
        path: request.url ?? '',
        authorization: request.headers.authorization,
        body: JSON.parse(Buffer.concat(chunks).toString('utf8')),
      });
      const [status, body] = answers.shift() ?? [200, { value: [approvers] }];
      response
        .writeHead(status, { 'content-type': 'application/json' })
        .end(typeof body === 'string' ? body : JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  await http.close();
  server.closeAllConnections();
  await new Promise<void>((resolve) => server.close(() => resolve()));
});

function groups(): EntraGroups {
  const tokens = {
    getToken: (_scope: string, renew = false) => {
      renewals.push(renew);
      return Promise.resolve({ value: new Secret(renew ? 'new' : 'old'), expiresAt: 0 });
    },
  };
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  return new EntraGroups({
    http,
    tokens,
    clock: { now: () => now, elapsed: () => now, sleep: () => Promise.resolve() },
    log,
    graph: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  });
}
const ask = (one: EntraGroups, group = `entra:${approvers}`, who = person) => one.includes(group, who);

it('asks Graph for the object id of the Teams account, nested groups included', async () => {
  expect(await ask(groups())).toBe(true);
  expect(asked).toEqual([
    {
      path: `/v1.0/users/${account}/checkMemberGroups`,
      authorization: 'Bearer old',
      body: { groupIds: [approvers] },
    },
  ]);
});
it('takes another group, none, and a person unknown to the directory for no', async () => {
  answers.push([200, { value: [] }], [200, { value: ['0e3c1d2e-0000-4000-8000-00000000000f'] }], [404, {}]);
  for (let at = 0; at < 3; at += 1) expect(await ask(groups())).toBe(false);
});
it('gives nobody without a Teams account a role, without asking', async () => {
  expect(await ask(groups(), `entra:${approvers}`, { ...person, accounts: ['slack:U1'] })).toBe(false);
  expect(asked).toEqual([]);
});
it('asks again for a decision, whatever it remembers', async () => {
  const one = groups();
  expect(await ask(one)).toBe(true);
  answers.push([200, { value: [] }]);
  expect(await one.includes(`entra:${approvers}`, person, true)).toBe(false);
  // What it was told then is what is remembered now.
  expect(await ask(one)).toBe(false);
  expect(asked.length).toBe(2);
});
it('keeps an answer for a minute and no longer, so that a removed approver loses the role', async () => {
  const one = groups();
  await Promise.all([ask(one), ask(one)]);
  now += groupsFor - 1;
  await ask(one);
  expect(asked.length).toBe(1);
  now += 1;
  answers.push([200, { value: [] }]);
  expect(await ask(one)).toBe(false);
});
it('asks about all groups of a person at once, twenty to a call', async () => {
  const many = Array.from(
    { length: 23 },
    (_, at) => `0e3c1d2e-0000-4000-8000-${String(at + 1).padStart(12, '0')}`,
  );
  const one = groups();
  answers.push([200, { value: [many[1]] }], [200, { value: [many[22]] }]);
  const told = await Promise.all(many.map((group) => one.includes(`entra:${group}`, person, true)));
  expect(told.flatMap((yes, at) => (yes ? [at] : []))).toEqual([1, 22]);
  expect(asked.map(({ body }) => (body as { readonly groupIds: readonly string[] }).groupIds.length)).toEqual(
    [20, 3],
  );
});
it('shares one reading among those who press at the same moment, and lets a POST use it for half a minute', async () => {
  const one = groups();
  await Promise.all([1, 2, 3].map(() => one.includes(`entra:${approvers}`, person, true)));
  expect(asked.length).toBe(1);
  now += 30_000;
  await one.includes(`entra:${approvers}`, person, 30_000);
  expect(asked.length).toBe(1);
  now += 1;
  await one.includes(`entra:${approvers}`, person, 30_000);
  expect(asked.length).toBe(2);
});
it('gets a new token once when the old one is refused', async () => {
  answers.push([401, {}]);
  expect(await ask(groups())).toBe(true);
  expect([renewals, asked.map((one) => one.authorization)]).toEqual([
    [false, true],
    ['Bearer old', 'Bearer new'],
  ]);
});

describe('every doubt is an error, and is asked again next time', () => {
  it.each<readonly [string, readonly (readonly [number, unknown])[]]>([
    ['403', [[403, {}]]],
    [
      '401 twice',
      [
        [401, {}],
        [401, {}],
      ],
    ],
    ['429', [[429, {}]]],
    ['500', [[500, {}]]],
    ['no JSON', [[200, '<html>']]],
    ['JSON without a list', [[200, {}]]],
    ['a redirect', [[302, {}]]],
  ])('%s', async (_what, given) => {
    const one = groups();
    answers.push(...given);
    await expect(ask(one)).rejects.toThrow();
    expect(await ask(one)).toBe(true);
  });
  it.each(['slack:S1', 'entra:', 'entra:approvers', `entra:${approvers}/../x`])(
    '%s is no Entra group',
    async (group) => {
      await expect(ask(groups(), group)).rejects.toThrow(/not an Entra group/);
      expect(asked).toEqual([]);
    },
  );
  it('an account that is no object id', async () => {
    await expect(
      ask(groups(), `entra:${approvers}`, { ...person, accounts: ['teams:../me'] }),
    ).rejects.toThrow(/object id/);
    expect(asked).toEqual([]);
  });
});
