// The client of Defender's API over HTTP: actions, reads and their repeats, throttling, cancels, links,
// library.
import { describe, expect, test } from '@jest/globals';
import type { ServerResponse } from 'node:http';
import { commercialScope } from '../../../src/adapters/defender/clouds.ts';
import { linkLifeMs } from '../../../src/adapters/defender/client.ts';
import { TokenError } from '../../../src/adapters/entra/tokenError.ts';
import type { TokenSource } from '../../../src/adapters/entra/credentials.ts';
import { errorAnswer } from '../../../src/liveResponse/ports.ts';
import {
  actionId,
  actionJson,
  json,
  machineId,
  refuse,
  serve,
} from '../../support/defender/defenderFakes.ts';
import { dump, failureOf } from '../../support/defender/simulatedDefender.ts';
import { bench, closeAfterEach, closeLater, comment } from './clientBench.ts';

closeAfterEach();

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
      expect(errorAnswer(await failureOf(call()))).toEqual({
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
    expect(await failureOf(client.activeOn(machineId))).toMatchObject({
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
      const error = await failureOf(client.submit(machineId, dump, comment));
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
    expect((await failureOf(client.machine(machineId))).code).toBe('throttled');
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
    expect((await failureOf(client.machine(machineId))).code).toBe('unavailable');
    expect(api.asked).toHaveLength(2);
  });

  test('is not repeated earlier than the server asks', async () => {
    const { client, api } = await bench((_ask, response) =>
      refuse(response, 503, 'Busy', { 'retry-after': '30' }),
    );
    const error = await failureOf(client.machine(machineId));
    expect([error.code, error.detail.retryAfterMs]).toEqual(['unavailable', 30_000]);
    expect(api.asked).toHaveLength(1);
  });

  test('is not repeated without room in the budget', async () => {
    const { client, api, budgets, clock } = await bench((_ask, response) => response.destroy());
    for (let n = 0; n < 99; n += 1) budgets.take('machines', clock.now());
    expect((await failureOf(client.machine(machineId))).code).toBe('unavailable');
    expect(api.asked).toHaveLength(1);
  });

  test('of something that is not JSON is unreadable', async () => {
    const { client, api } = await bench((_ask, response) =>
      response.writeHead(200).end('<html>sign in</html>'),
    );
    expect((await failureOf(client.machine(machineId))).code).toBe('unreadable');
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
    const error = await failureOf(first.client.machine(machineId));
    expect([error.code, error.message]).toEqual([
      'unauthorized',
      'the client secret has expired [AADSTS7000222]',
    ]);
    expect(first.api.asked).toHaveLength(0);
    const away: TokenSource = {
      getToken: () => Promise.reject(new TokenError('unreachable', 'Entra ID cannot be reached')),
    };
    const second = await bench((_ask, response) => json(response, 200, device), { tokens: away });
    expect((await failureOf(second.client.submit(machineId, dump, comment))).code).toBe('unavailable');
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
    const error = await failureOf(client.link(actionId, 0));
    expect(JSON.stringify([error, error.message, error.stack, error.detail, log.lines])).not.toContain(
      'token-',
    );
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
      expect((await failureOf(client.cancel(actionId, 'why'))).code).toBe(code);
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

  test.each([
    ['sooner', '2026-01-02T03:34:04Z', Date.UTC(2026, 0, 2, 3, 34, 4)],
    ['later, since our clock is behind', '2026-01-02T03:34:06Z', Date.UTC(2026, 0, 2, 3, 34, 5)],
    ['far later', '2099-01-01T00:00:00Z', Date.UTC(2026, 0, 2, 3, 34, 5)],
  ])('that names an expiry %s lives half an hour from now at most', async (_when, expiry, lives) => {
    const { client, clock } = await bench((_ask, response) =>
      json(response, 200, {
        value: `https://x.blob.core.windows.net/a?se=${encodeURIComponent(expiry)}&sig=x`,
      }),
    );
    expect(clock.now()).toBe(Date.UTC(2026, 0, 2, 3, 4, 5));
    expect((await client.link(actionId, 0)).expiresAt).toBe(lives);
  });

  test.each([400, 404])('asked for too early (%i) is not ready', async (status) => {
    const { client } = await bench((_ask, response) => refuse(response, status, 'BadRequest'));
    const error = await failureOf(client.link(actionId, 0));
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
      expect((await failureOf(client.link(actionId, 0))).code).toBe('unreadable');
    const plain = await bench((_ask, response) =>
      json(response, 200, { value: 'http://x.blob.core.windows.net/a' }),
    );
    expect((await failureOf(plain.client.link(actionId, 0))).code).toBe('untrusted');
  });

  test('is read without our token, from a configured origin', async () => {
    const blob = await serve((_ask, response) => response.end('{"script_output":"ok"}'));
    closeLater(() => blob.close());
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
