import { afterEach, describe, expect, test } from '@jest/globals';
import type { ServerResponse } from 'node:http';
import { commercialScope, customEndpoint } from '../../../src/adapters/defender/clouds.ts';
import { DefenderClient, linkLifeMs } from '../../../src/adapters/defender/client.ts';
import { TokenError } from '../../../src/adapters/entra/tokenError.ts';
import type { TokenSource } from '../../../src/adapters/entra/credentials.ts';
import { Http } from '../../../src/adapters/outbound/http.ts';
import type { Command } from '../../../src/liveResponse/commands.ts';
import { CallRates } from '../../../src/liveResponse/pacing/callRates.ts';
import { DefenderError, errorAnswer } from '../../../src/liveResponse/ports.ts';
import {
  actionId,
  actionJson,
  countingTokens,
  json,
  ListLog,
  machineId,
  refuse,
  serve,
  StepClock,
} from '../../support/defender/defenderFakes.ts';
import type { Answer, Loopback } from '../../support/defender/defenderFakes.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

interface Bench {
  readonly client: DefenderClient;
  readonly api: Loopback;
  readonly clock: StepClock;
  readonly budgets: CallRates;
  readonly log: ListLog;
  readonly outcomes: string[];
  readonly renewals: () => number;
}

async function bench(
  answer: Answer,
  over: {
    readonly tokens?: TokenSource;
    readonly timeout?: number;
    readonly extra?: number;
    readonly dead?: boolean;
    readonly resultOrigins?: readonly string[];
  } = {},
): Promise<Bench> {
  const api = await serve(answer);
  const http = new Http();
  closing.push(
    () => http.close(),
    () => api.close(),
  );
  if (over.dead === true) await closing.pop()?.();
  const clock = new StepClock();
  const budgets = new CallRates();
  const log = new ListLog();
  const counting = countingTokens();
  const outcomes: string[] = [];
  const timeout = over.timeout ?? 5000;
  const client = new DefenderClient({
    http,
    tokens: over.tokens ?? counting,
    budgets,
    clock,
    log,
    endpoint: customEndpoint(`${api.origin}/`),
    resultOrigins: over.resultOrigins ?? [],
    timeouts: { get: timeout, post: timeout, extra: over.extra ?? timeout },
    observe: ({ kind, outcome }) => outcomes.push(`${kind} ${outcome}`),
  });
  return { client, api, clock, budgets, log, outcomes, renewals: counting.renewals };
}

async function failure(work: Promise<unknown>): Promise<DefenderError> {
  const error = await work.then(
    (value) => value,
    (one: unknown) => one,
  );
  if (!(error instanceof DefenderError))
    throw new Error(`expected a DefenderError, got ${JSON.stringify(error)}`);
  return error;
}

const dump: readonly Command[] = [
  { type: 'RunScript', scriptName: 'minidump.ps1', args: 'OfficeClickToRun' },
  { type: 'GetFile', path: 'C:\\windows\\TEMP\\OfficeClickToRun.dmp.zip' },
];
const comment = 'lr:abc:nonce Testing Live Response API';

describe('a submission', () => {
  test('is sent as the documents have it, byte for byte, and answered with the action', async () => {
    const { client, api, outcomes } = await bench((_ask, response) => json(response, 201, actionJson()));
    const action = await client.submit(machineId, dump, comment);
    const ask = api.asked[0];
    expect(ask).toMatchObject({ method: 'POST', path: `/api/machines/${machineId}/runliveresponse` });
    expect(ask?.headers).toMatchObject({
      authorization: 'Bearer token-1',
      'content-type': 'application/json',
    });
    expect(ask?.body).toBe(
      '{"Commands":[{"type":"RunScript","params":[{"key":"ScriptName","value":"minidump.ps1"},{"key":"Args","value":"OfficeClickToRun"}]},' +
        '{"type":"GetFile","params":[{"key":"Path","value":"C:\\\\windows\\\\TEMP\\\\OfficeClickToRun.dmp.zip"}]}],"Comment":"lr:abc:nonce Testing Live Response API"}',
    );
    expect(action).toMatchObject({ id: actionId, status: 'Pending', comment, machineId, commands: dump });
    expect(action.progress.map((one) => one.status)).toEqual(['Created', 'Created']);
    expect(outcomes).toEqual(['submit ok']);
  });

  test('leaves Args out when there are none, and takes a 200 for a 201', async () => {
    const { client, api } = await bench((_ask, response) => json(response, 200, actionJson()));
    await client.submit(
      machineId,
      [
        { type: 'PutFile', fileName: 'a.exe' },
        { type: 'RunScript', scriptName: 'a.ps1' },
      ],
      'x',
    );
    expect(api.asked[0]?.body).toBe(
      '{"Commands":[{"type":"PutFile","params":[{"key":"FileName","value":"a.exe"}]},{"type":"RunScript","params":[{"key":"ScriptName","value":"a.ps1"}]}],"Comment":"x"}',
    );
  });

  test('whose answer is lost after the action was created is ambiguous, and is not sent again', async () => {
    const { client, api } = await bench((_ask, response) => response.destroy());
    expect((await failure(client.submit(machineId, dump, comment))).code).toBe('ambiguous');
    expect(api.asked).toHaveLength(1);
  });

  test.each([
    ['a silent server', () => undefined],
    [
      'an HTML 502',
      (_ask, response) =>
        response.writeHead(502, { 'content-type': 'text/html' }).end('<html>Bad gateway</html>'),
    ],
    ['a 500', (_ask, response) => refuse(response, 500, 'InternalServerError')],
    ['a 503 with Retry-After', (_ask, response) => refuse(response, 503, 'Busy', { 'retry-after': '1' })],
    ['a 408 of a gateway', (_ask, response) => response.writeHead(408).end()],
    ['truncated JSON', (_ask, response) => response.writeHead(201).end('{"id":"98')],
    [
      'a body that breaks off',
      (_ask, response) =>
        void response.writeHead(201, { 'content-length': '900' }).write('{"id":', () => response.destroy()),
    ],
    ['an answer without an id', (_ask, response) => json(response, 201, { status: 'Pending' })],
    ['a redirect', (_ask, response) => response.writeHead(302, { location: 'https://evil.example/' }).end()],
    [
      'a page of a proxy that opens TLS and keeps the answer back',
      (_ask, response) =>
        response.writeHead(403, { 'content-type': 'text/html' }).end('<html>Blocked by policy</html>'),
    ],
    [
      'such a page that asks for a password',
      (_ask, response) =>
        response.writeHead(407, { 'content-type': 'text/html' }).end('\n<!DOCTYPE html><p>Sign in</p>'),
    ],
  ] as readonly (readonly [string, Answer])[])(
    'answered by %s is ambiguous and sent once',
    async (name, answer) => {
      // Only silence needs the deadline; on a busy machine the other answers may take longer than a short
      // one.
      const { client, api } = await bench(answer, { timeout: name === 'a silent server' ? 1000 : 5000 });
      expect((await failure(client.submit(machineId, dump, comment))).code).toBe('ambiguous');
      expect(api.asked).toHaveLength(1);
    },
  );

  test('to a server that refuses the connection was certainly not sent', async () => {
    const { client } = await bench(() => undefined, { dead: true });
    expect((await failure(client.submit(machineId, dump, comment))).code).toBe('unavailable');
  });

  test.each([
    [400, 'ActiveRequestAlreadyExists', 'busy'],
    [400, 'OsPlatformNotSupported', 'refused'],
    [403, 'DisabledFeature', 'refused'],
    [404, 'ResourceNotFound', 'notFound'],
    [409, 'Conflict', 'refused'],
  ])('answered %i %s is %s, with code, message and target kept', async (status, apiCode, code) => {
    const { client, api } = await bench((_ask, response) => refuse(response, status, apiCode));
    const error = await failure(client.submit(machineId, dump, comment));
    expect([error.code, error.detail]).toEqual([
      code,
      { call: 'submit', status, apiCode, apiMessage: `message of ${apiCode}`, target: 'a6b1c2d3-target' },
    ]);
    expect(api.asked).toHaveLength(1);
  });

  test('refused by a body that breaks off is still refused: its status had arrived', async () => {
    const { client } = await bench(
      (_ask, response) =>
        void response
          .writeHead(400, { 'content-length': '900' })
          .write('{"error":', () => response.destroy()),
    );
    expect((await failure(client.submit(machineId, dump, comment))).code).toBe('refused');
  });

  test('answered 401 is tried once more with a new token, because nothing was run', async () => {
    const { client, api, renewals } = await bench((_ask, response, count) =>
      count === 1 ? refuse(response, 401, 'Unauthorized') : json(response, 201, actionJson()),
    );
    expect((await client.submit(machineId, dump, comment)).id).toBe(actionId);
    expect(api.asked.map((ask) => ask.headers.authorization)).toEqual(['Bearer token-1', 'Bearer token-2']);
    expect(renewals()).toBe(1);
  });

  test('answered 401 twice is unauthorized', async () => {
    const { client, api } = await bench((_ask, response) => refuse(response, 401, 'Unauthorized'));
    expect((await failure(client.submit(machineId, dump, comment))).code).toBe('unauthorized');
    expect(api.asked).toHaveLength(2);
  });

  test('over the limit of ten a minute is not sent, and says for how long', async () => {
    const { client, api, clock } = await bench((_ask, response) => json(response, 201, actionJson()));
    for (let n = 0; n < 10; n += 1) await client.submit(machineId, dump, comment);
    const error = await failure(client.submit(machineId, dump, comment));
    expect([error.code, error.detail.retryAfterMs]).toEqual(['paced', 61_000]);
    expect(api.asked).toHaveLength(10);
    clock.pass(59_500);
    await client.submit(machineId, dump, comment);
    expect(clock.slept).toEqual([1500]);
  });
});

describe('what holds a device', () => {
  test('is asked with one list call, for every type of action that has not ended, newest first', async () => {
    const { client, api } = await bench((_ask, response) =>
      json(response, 200, {
        value: [
          actionJson({
            id: 'older',
            machineId,
            status: 'InProgress',
            creationDateTimeUtc: '2026-01-02T03:00:00Z',
          }),
          actionJson({
            id: 'newer',
            machineId: machineId.toUpperCase(),
            type: 'RunAntiVirusScan',
            status: 'Pending',
            creationDateTimeUtc: '2026-01-02T03:01:00Z',
          }),
          actionJson({ id: 'ended', machineId, status: 'Succeeded' }),
          actionJson({ id: 'elsewhere', machineId: 'f'.repeat(40), status: 'Pending' }),
        ],
      }),
    );
    expect((await client.activeOn(machineId)).actions.map(({ id, type }) => [id, type])).toEqual([
      ['newer', 'RunAntiVirusScan'],
      ['older', 'LiveResponse'],
    ]);
    expect(api.asked.map((ask) => ask.path)).toEqual([
      `/api/machineactions?$filter=machineId eq '${machineId}' and (status eq 'Pending' or status eq 'InProgress')&$top=100`,
    ]);
  });

  test.each(['activeOn', 'machine', 'link', 'cancel', 'library', 'submit'] as const)(
    'refused to %s says which kind of call it was',
    async (method) => {
      const { client } = await bench((_ask, response) => refuse(response, 403, 'Forbidden'));
      const calls = {
        activeOn: ['list', () => client.activeOn(machineId)],
        machine: ['machines', () => client.machine(machineId)],
        link: ['link', () => client.link(actionId, 0)],
        cancel: ['cancel', () => client.cancel(actionId, 'x')],
        library: ['library', () => client.library()],
        submit: ['submit', () => client.submit(machineId, dump, comment)],
      } as const;
      const [kind, call] = calls[method];
      expect(errorAnswer(await failure(call()))).toEqual({
        call: kind,
        code: 'refused',
        status: 403,
        apiCode: 'Forbidden',
        message: 'message of Forbidden',
        target: 'a6b1c2d3-target',
      });
    },
  );

  test('is unknown where the sign-in itself is refused, and says for which call', async () => {
    const { client } = await bench(() => undefined, {
      tokens: { getToken: () => Promise.reject(new TokenError('refused', 'AADSTS7000215: wrong secret')) },
    });
    expect(await failure(client.activeOn(machineId))).toMatchObject({
      code: 'unauthorized',
      detail: { call: 'list' },
    });
  });
});

describe('a 429', () => {
  test.each([
    ['429', '17', 17_000],
    ['TooManyRequests', '17', 17_000],
    ['429', undefined, 60_000],
    ['TooManyRequests', '0', 1000],
    ['TooManyRequests', '999999', 3_600_000],
    ['429', 'soon', 60_000],
  ])(
    'with code %s and Retry-After %s holds that kind of call back for %i ms',
    async (apiCode, header, ms) => {
      const { client, api, budgets, clock } = await bench((_ask, response) =>
        refuse(response, 429, apiCode, header === undefined ? {} : { 'retry-after': header }),
      );
      const error = await failure(client.submit(machineId, dump, comment));
      expect([error.code, error.detail.retryAfterMs, error.detail.apiCode]).toEqual([
        'throttled',
        ms,
        apiCode,
      ]);
      expect(budgets.waitFor('submit', clock.now())).toBe(ms);
      expect(budgets.waitFor('list', clock.now())).toBe(0);
      expect(api.asked).toHaveLength(1);
    },
  );

  test('to a GET is not repeated', async () => {
    const { client, api } = await bench((_ask, response) =>
      refuse(response, 429, '429', { 'retry-after': '1' }),
    );
    expect((await failure(client.machine(machineId))).code).toBe('throttled');
    expect(api.asked).toHaveLength(1);
  });
});

describe('a GET', () => {
  const device = { id: machineId, computerDnsName: 'hosta', osPlatform: 'Windows11', healthStatus: 'Active' };

  test.each([
    ['a reset', (response) => response.destroy()],
    ['an HTML 502', (response) => response.writeHead(502).end('<html/>')],
    ['a 503', (response) => refuse(response, 503, 'Busy', { 'retry-after': '2' })],
  ] as readonly (readonly [string, (response: ServerResponse) => unknown])[])(
    'is repeated once after %s, and the repeat is counted',
    async (_name, first) => {
      const { client, api, budgets, clock } = await bench((_ask, response, count) =>
        count === 1 ? void first(response) : json(response, 200, device),
      );
      expect((await client.machine(machineId)).name).toBe('hosta');
      expect(api.asked).toHaveLength(2);
      expect(budgets.left('machines', clock.now())[0]?.left).toBe(98);
    },
  );

  test('is repeated once and no more', async () => {
    const { client, api } = await bench((_ask, response) => refuse(response, 500, 'InternalServerError'));
    expect((await failure(client.machine(machineId))).code).toBe('unavailable');
    expect(api.asked).toHaveLength(2);
  });

  test('is not repeated earlier than the server asks', async () => {
    const { client, api } = await bench((_ask, response) =>
      refuse(response, 503, 'Busy', { 'retry-after': '30' }),
    );
    const error = await failure(client.machine(machineId));
    expect([error.code, error.detail.retryAfterMs]).toEqual(['unavailable', 30_000]);
    expect(api.asked).toHaveLength(1);
  });

  test('is not repeated without room in the budget', async () => {
    const { client, api, budgets, clock } = await bench((_ask, response) => response.destroy());
    for (let n = 0; n < 99; n += 1) budgets.take('machines', clock.now());
    expect((await failure(client.machine(machineId))).code).toBe('unavailable');
    expect(api.asked).toHaveLength(1);
  });

  test('of something that is not JSON is unreadable', async () => {
    const { client, api } = await bench((_ask, response) =>
      response.writeHead(200).end('<html>sign in</html>'),
    );
    expect((await failure(client.machine(machineId))).code).toBe('unreadable');
    expect(api.asked).toHaveLength(1);
  });

  test('renews an expired token once for many calls', async () => {
    const { client, renewals } = await bench((ask, response) =>
      ask.headers.authorization === 'Bearer token-1'
        ? refuse(response, 401, 'Unauthorized')
        : json(response, 200, device),
    );
    await Promise.all([1, 2, 3, 4].map(() => client.machine(machineId)));
    expect(renewals()).toBe(1);
  });

  test('without any token, because there is none to be had, is not sent', async () => {
    const refused: TokenSource = {
      getToken: () =>
        Promise.reject(
          new TokenError('refused', 'the client secret has expired [AADSTS7000222]', 'AADSTS7000222'),
        ),
    };
    const first = await bench((_ask, response) => json(response, 200, device), { tokens: refused });
    const error = await failure(first.client.machine(machineId));
    expect([error.code, error.message]).toEqual([
      'unauthorized',
      'the client secret has expired [AADSTS7000222]',
    ]);
    expect(first.api.asked).toHaveLength(0);
    const away: TokenSource = {
      getToken: () => Promise.reject(new TokenError('unreachable', 'Entra ID cannot be reached')),
    };
    const second = await bench((_ask, response) => json(response, 200, device), { tokens: away });
    expect((await failure(second.client.submit(machineId, dump, comment))).code).toBe('unavailable');
    expect(second.api.asked).toHaveLength(0);
  });

  test('asks for a token of the legacy resource', async () => {
    const scopes: string[] = [];
    const tokens: TokenSource = {
      getToken: (scope) => {
        scopes.push(scope);
        return Promise.resolve(undefined);
      },
    };
    const { client, api } = await bench((_ask, response) => json(response, 200, device), { tokens });
    await client.machine(machineId);
    expect(scopes).toEqual([commercialScope]);
    expect(api.asked[0]?.headers.authorization).toBeUndefined();
  });

  test('keeps tokens and links out of every error and log line', async () => {
    const { client, log } = await bench((_ask, response) => refuse(response, 403, 'Forbidden'));
    const error = await failure(client.link(actionId, 0));
    expect(JSON.stringify([error, error.message, error.stack, error.detail, log.lines])).not.toContain(
      'token-',
    );
  });
});

const page = (...items: readonly unknown[]) => ({ '@odata.context': 'x', value: items });
const device = (name: string, id = machineId) => ({
  id,
  computerDnsName: name,
  osPlatform: 'Windows10',
  version: '22H2',
  healthStatus: 'Active',
  machineTags: ['a', 7],
  rbacGroupId: 12,
  rbacGroupName: 'Servers',
  riskScore: null,
  lastSeen: '2026-01-01T00:00:00.1234567Z',
});

describe('finding machines', () => {
  test('asks by exact name and by name and domain, in lower case, with quotes escaped', async () => {
    const { client, api } = await bench((_ask, response) => json(response, 200, page()));
    expect(await client.findMachines(" O'Brien ")).toEqual({ devices: [], whole: true });
    expect(api.asked.map((ask) => ask.path).sort()).toEqual([
      "/api/machines?$filter=computerDnsName eq 'o''brien'&$top=100",
      "/api/machines?$filter=startswith(computerDnsName,'o''brien.')&$top=100",
    ]);
  });

  test('answers every device the name could mean, each once', async () => {
    const { client } = await bench((ask, response) =>
      json(
        response,
        200,
        ask.path.includes(' eq ')
          ? page(device('hosta'))
          : page(device('hosta'), device('hosta.corp', 'b'.repeat(40))),
      ),
    );
    expect((await client.findMachines('hostA')).devices.map((one) => one.name)).toEqual([
      'hosta',
      'hosta.corp',
    ]);
  });

  test('reads what a card shows of a device and leaves out what is odd', async () => {
    const { client } = await bench((ask, response) =>
      json(response, 200, ask.path.includes(' eq ') ? page(device('hosta'), { no: 'id' }, null) : page()),
    );
    expect((await client.findMachines('hosta')).devices).toEqual([
      {
        id: machineId,
        name: 'hosta',
        os: 'Windows10 22H2',
        health: 'Active',
        group: 'Servers',
        tags: ['a'],
        lastReportAt: Date.UTC(2026, 0, 1, 0, 0, 0, 123),
      },
    ]);
  });

  test('takes 40 hex digits for an id', async () => {
    const { client, api } = await bench((ask, response) =>
      ask.path.endsWith(machineId)
        ? json(response, 200, device('hosta'))
        : refuse(response, 404, 'ResourceNotFound'),
    );
    expect((await client.findMachines(machineId.toUpperCase())).devices.map((one) => one.id)).toEqual([
      machineId,
    ]);
    expect(await client.findMachines('c'.repeat(40))).toEqual({ devices: [], whole: true });
    expect(api.asked.map((ask) => ask.path)).toEqual([
      `/api/machines/${machineId}`,
      `/api/machines/${'c'.repeat(40)}`,
    ]);
  });

  test('takes a 404 for no match', async () => {
    const { client } = await bench((_ask, response) => refuse(response, 404, 'NotFound'));
    expect(await client.findMachines('hosta')).toEqual({ devices: [], whole: true });
  });

  test('follows next links on its own host', async () => {
    const { client, api } = await bench((ask, response) => {
      if (!ask.path.includes(' eq ')) json(response, 200, page());
      else if (ask.path.includes('$skip')) json(response, 200, page(device('two', 'b'.repeat(40))));
      else
        json(response, 200, {
          ...page(device('one')),
          '@odata.nextLink': `http://${ask.headers.host ?? ''}/api/machines?$filter=x eq 'y'&$skip=1`,
        });
    });
    expect((await client.findMachines('x')).devices.map((one) => one.name)).toEqual(['one', 'two']);
    expect(api.asked).toHaveLength(3);
  });

  test('stops after a few pages of a list that never ends', async () => {
    const { client, api, log } = await bench((ask, response) =>
      json(response, 200, {
        ...page(device('one')),
        ...(ask.path.includes(' eq ') ? { '@odata.nextLink': `/api/machines?$filter=x eq 'y'` } : {}),
      }),
    );
    await client.findMachines('x');
    expect(api.asked.length).toBeLessThanOrEqual(6);
    expect(log.lines.some((line) => line.event === 'defender.partlyRead')).toBe(true);
  });

  test('never takes its token to another host: path and query of a next link count, on our own', async () => {
    const other = await serve((_ask, response) => json(response, 200, page()));
    closing.push(() => other.close());
    const { client } = await bench((ask, response) =>
      json(
        response,
        200,
        ask.path.includes('$skip')
          ? page(device('two', 'b'.repeat(40)))
          : { ...page(device('one')), '@odata.nextLink': `${other.origin}/api/machines?$skip=1` },
      ),
    );
    expect(await client.findMachines('x')).toMatchObject({
      devices: [{ name: 'one' }, { name: 'two' }],
      whole: true,
    });
    expect(other.asked).toHaveLength(0);
  });
});

describe('looking a device up together with names like its own', () => {
  test('is one call', async () => {
    const { client, api } = await bench((_ask, response) =>
      json(response, 200, page(device('hosta.corp'), device('h0sta', 'b'.repeat(40)))),
    );
    const found = await client.lookUp(' HostA ', ['hosta', 'h0sta', "o'b"]);
    expect(found.devices.map((one) => one.name)).toEqual(['hosta.corp', 'h0sta']);
    expect(found.alike).toMatchObject({ whole: true });
    expect(api.asked.map((ask) => ask.path)).toEqual([
      "/api/machines?$filter=computerDnsName eq 'hosta' or startswith(computerDnsName,'hosta.') or startswith(computerDnsName,'hosta') or startswith(computerDnsName,'h0sta') or startswith(computerDnsName,'o''b')&$top=100",
    ]);
  });

  test('is one call for an id too where the name is known, and leaves the others open where the device has another name by now', async () => {
    const { client, api } = await bench((_ask, response) =>
      json(response, 200, page(device('hosta', machineId), device('h0sta', 'b'.repeat(40)))),
    );
    const found = await client.lookUp(machineId.toUpperCase(), ['hosta', 'h0sta'], 'hosta');
    expect(found).toEqual({
      devices: [expect.objectContaining({ id: machineId, name: 'hosta' })],
      whole: true,
      alike: { devices: [expect.anything(), expect.anything()], whole: true },
    });
    expect(api.asked.map((ask) => ask.path)).toEqual([
      `/api/machines?$filter=id eq '${machineId}' or startswith(computerDnsName,'hosta') or startswith(computerDnsName,'h0sta')&$top=100`,
    ]);
    expect(await client.lookUp(machineId, ['older'], 'older')).not.toHaveProperty('alike');
    expect(await client.lookUp('c'.repeat(40), ['hosta'], 'hosta')).toEqual({ devices: [], whole: true });
  });

  test('asks for the device alone where the page was full', async () => {
    const many = Array.from({ length: 100 }, (_, n) => device(`hosta${n}`, String(n).padStart(40, '0')));
    const { client, api } = await bench((ask, response) =>
      json(
        response,
        200,
        ask.path.includes(' or ')
          ? page(...many)
          : ask.path.includes(' eq ')
            ? page(device('hosta', 'b'.repeat(40)))
            : page(),
      ),
    );
    const found = await client.lookUp('hosta', ['hosta']);
    expect(found.devices.map((one) => one.name)).toEqual(['hosta']);
    expect([found.alike?.devices.length, found.alike?.whole, api.asked.length]).toEqual([100, false, 3]);
  });

  test('asks one by one for ten minutes where Defender does not take it together', async () => {
    const { client, api } = await bench((ask, response) =>
      ask.path.includes(' or ')
        ? refuse(response, 400, 'BadRequest')
        : json(response, 200, ask.path.includes(' eq ') ? page(device('hosta')) : page()),
    );
    for (let n = 0; n < 2; n += 1)
      expect(await client.lookUp('hosta', ['hosta'])).toEqual({
        devices: [expect.objectContaining({ name: 'hosta' })],
        whole: true,
      });
    expect(api.asked.filter((ask) => ask.path.includes(' or '))).toHaveLength(1);
  });

  test('takes 40 hex digits for an id, a 404 for no match, and tells any other failure', async () => {
    const { client } = await bench((ask, response) =>
      ask.path.endsWith(machineId)
        ? json(response, 200, device('hosta'))
        : refuse(response, ask.path.includes('gone') ? 404 : 403, 'x'),
    );
    expect((await client.lookUp(machineId, [])).devices).toHaveLength(1);
    expect(await client.lookUp('gone', [])).toEqual({
      devices: [],
      whole: true,
      alike: { devices: [], whole: true },
    });
    expect((await failure(client.lookUp('other', []))).code).toBe('refused');
  });
});

describe('cancelling', () => {
  test('sends the reason and answers the action as it is then', async () => {
    const { client, api } = await bench((_ask, response) =>
      json(
        response,
        200,
        actionJson({
          status: 'Cancelled',
          cancellationRequestor: 'app',
          cancellationComment: 'why',
          cancellationDateTimeUtc: '2021-02-04T15:36:52.78Z',
        }),
      ),
    );
    expect(await client.cancel(actionId, 'why')).toMatchObject({
      status: 'Cancelled',
      cancelledBy: 'app',
      cancelComment: 'why',
    });
    expect(api.asked[0]).toMatchObject({
      method: 'POST',
      path: `/api/machineactions/${actionId}/cancel`,
      body: '{"Comment":"why"}',
    });
  });

  test.each([
    [(response) => refuse(response, 400, 'BadRequest'), 'refused'],
    [(response) => refuse(response, 404, 'ResourceNotFound'), 'notFound'],
    [(response) => refuse(response, 500, 'InternalServerError'), 'unavailable'],
    [(response) => response.destroy(), 'unavailable'],
  ] as readonly (readonly [(response: ServerResponse) => unknown, string])[])(
    'is sent once whatever comes back (%#)',
    async (answer, code) => {
      const { client, api } = await bench((_ask, response) => void answer(response));
      expect((await failure(client.cancel(actionId, 'why'))).code).toBe(code);
      expect(api.asked).toHaveLength(1);
    },
  );
});

describe('a link', () => {
  const url =
    'https://x.blob.core.windows.net/a/b?se=2021-02-04T16%3A13%3A50Z&sp=r&sv=2019-07-07&sr=b&sig=1dYGe9rPvUl/OLX%3D';

  test('is given as it came, with the expiry it names', async () => {
    const { client, api } = await bench((_ask, response) =>
      json(response, 200, { '@odata.context': 'x#Edm.String', value: url }),
    );
    expect(await client.link(actionId, 1)).toEqual({ url, expiresAt: Date.UTC(2021, 1, 4, 16, 13, 50) });
    expect(api.asked[0]?.path).toBe(
      `/api/machineactions/${actionId}/GetLiveResponseResultDownloadLink(index=1)`,
    );
  });

  test('that names no expiry lives half an hour from now', async () => {
    const { client, clock } = await bench((_ask, response) =>
      json(response, 200, { value: 'https://x.blob.core.windows.net/a?sig=x' }),
    );
    expect((await client.link(actionId, 0)).expiresAt).toBe(clock.now() + linkLifeMs);
  });

  test.each([400, 404])('asked for too early (%i) is not ready', async (status) => {
    const { client } = await bench((_ask, response) => refuse(response, status, 'BadRequest'));
    const error = await failure(client.link(actionId, 0));
    expect([error.code, error.detail.apiCode, error.detail.target]).toEqual([
      'notReady',
      'BadRequest',
      'a6b1c2d3-target',
    ]);
  });

  test('that is no web address is not handed on', async () => {
    const values = [
      undefined,
      7,
      '',
      'nonsense',
      'javascript:alert(1)',
      'file:///etc/passwd',
      'https://user:pw@x.blob.core.windows.net/a',
    ];
    const { client } = await bench((_ask, response, count) =>
      json(response, 200, { value: values[count - 1] }),
    );
    for (let n = 0; n < values.length; n += 1)
      expect((await failure(client.link(actionId, 0))).code).toBe('unreadable');
    const plain = await bench((_ask, response) =>
      json(response, 200, { value: 'http://x.blob.core.windows.net/a' }),
    );
    expect((await failure(plain.client.link(actionId, 0))).code).toBe('untrusted');
  });

  test('is read without our token, from a configured origin', async () => {
    const blob = await serve((_ask, response) => response.end('{"script_output":"ok"}'));
    closing.push(() => blob.close());
    const { client, api } = await bench(
      (_ask, response) => json(response, 200, { value: `${blob.origin}/a?sig=x` }),
      { resultOrigins: [blob.origin] },
    );
    const link = await client.link(actionId, 0);
    expect(new TextDecoder().decode((await client.read(link.url, 1000)).bytes)).toBe(
      '{"script_output":"ok"}',
    );
    expect(blob.asked[0]?.headers.authorization).toBeUndefined();
    expect(api.asked).toHaveLength(1);
  });
});

describe('what else is known of a device', () => {
  test('is one list of its newest actions of all types; whether there are older ones is told', async () => {
    const isolate = actionJson({
      id: 'iso',
      type: 'Isolate',
      creationDateTimeUtc: '2021-02-04T12:00:00Z',
      commands: [],
    });
    const { client, api } = await bench((_ask, response, count) =>
      json(response, 200, {
        value: [isolate, actionJson(), actionJson({ id: 'other', machineId: 'f'.repeat(40) })],
        ...(count === 2 ? { '@odata.nextLink': 'https://elsewhere.example/' } : {}),
      }),
    );
    const history = await client.history(machineId);
    expect(history.actions.map((one) => one.type)).toEqual(['LiveResponse', 'Isolate']);
    expect(history.whole).toBe(true);
    expect(await client.history(machineId)).toMatchObject({ whole: false });
    expect(api.asked).toHaveLength(2);
    expect(new URL(api.asked[0]?.path ?? '', 'http://x').searchParams.get('$filter')).toBe(
      `machineId eq '${machineId}'`,
    );
  });

  test('goes on without an order where the service refuses one', async () => {
    const { client, api } = await bench((ask, response) =>
      ask.path.includes('orderby')
        ? refuse(response, 400, 'ODataError')
        : json(response, 200, { value: [actionJson()] }),
    );
    expect((await client.history(machineId)).actions).toHaveLength(1);
    expect(api.asked).toHaveLength(2);
  });

  test('is one page of devices whose names begin alike, quotes doubled', async () => {
    const { client, api } = await bench((_ask, response) =>
      json(response, 200, {
        value: Array.from({ length: 100 }, (_, n) => ({
          id: String(n).padStart(40, '0'),
          computerDnsName: `host${n}`,
        })),
      }),
    );
    const found = await client.machinesByPrefix(["o'b", '0x']);
    expect([found.devices.length, found.whole, api.asked.length]).toEqual([100, false, 1]);
    expect(new URL(api.asked[0]?.path ?? '', 'http://x').searchParams.get('$filter')).toBe(
      "startswith(computerDnsName,'o''b') or startswith(computerDnsName,'0x')",
    );
  });

  test('is no device at all where the service answers 404 to an empty list', async () => {
    const { client } = await bench((_ask, response) => refuse(response, 404, 'ResourceNotFound'));
    expect(await client.machinesByPrefix(['x'])).toEqual({ devices: [], whole: true });
  });

  test('is waited for less long than what is needed', async () => {
    const { client } = await bench(() => undefined, { timeout: 60_000, extra: 50 });
    expect(
      await Promise.all(
        [client.history(machineId), client.machinesByPrefix(['x']), client.library()].map(
          async (work) => (await failure(work)).code,
        ),
      ),
    ).toEqual(['unavailable', 'unavailable', 'unavailable']);
  });
});

describe('the library', () => {
  test('is listed with names and hashes', async () => {
    const { client } = await bench((_ask, response) =>
      json(response, 200, {
        value: [
          {
            fileName: 'minidump.ps1',
            sha256: 'ab',
            description: null,
            lastUpdatedTime: '2026-01-01T00:00:00Z',
            hasParameters: true,
            parametersDescription: 'process',
          },
          { fileName: 'x' },
        ],
      }),
    );
    expect(await client.library()).toEqual({
      files: [{ name: 'minidump.ps1', sha256: 'ab', parameters: 'process', updatedAt: Date.UTC(2026, 0, 1) }],
      whole: true,
    });
  });
});
