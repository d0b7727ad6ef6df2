// Submissions over HTTP: what is sent, and what each answer means for whether the commands may have run.
import { describe, expect, test } from '@jest/globals';
import { actionId, actionJson, json, machineId, refuse } from '../../support/defender/defenderFakes.ts';
import type { Answer } from '../../support/defender/defenderFakes.ts';
import { dump, failureOf } from '../../support/defender/simulatedDefender.ts';
import { bench, closeAfterEach, comment } from './clientBench.ts';

closeAfterEach();

/** Answers that leave open whether the submission arrived. */
const noAnswers: readonly (readonly [string, Answer])[] = [
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
];

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
    expect(outcomes).toEqual(['submit 2xx']);
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
    expect((await failureOf(client.submit(machineId, dump, comment))).code).toBe('ambiguous');
    expect(api.asked).toHaveLength(1);
  });

  test.each(noAnswers)('answered by %s is ambiguous and sent once', async (name, answer) => {
    // Only silence needs the deadline; on a busy machine the other answers may take longer than a short
    // one.
    const { client, api } = await bench(answer, { timeout: name === 'a silent server' ? 1000 : 5000 });
    expect((await failureOf(client.submit(machineId, dump, comment))).code).toBe('ambiguous');
    expect(api.asked).toHaveLength(1);
  });

  test('to a server that refuses the connection was certainly not sent', async () => {
    const { client } = await bench(() => undefined, { dead: true });
    expect((await failureOf(client.submit(machineId, dump, comment))).code).toBe('unavailable');
  });

  test.each([
    [400, 'ActiveRequestAlreadyExists', 'busy'],
    [400, 'OsPlatformNotSupported', 'refused'],
    [403, 'DisabledFeature', 'refused'],
    [404, 'ResourceNotFound', 'notFound'],
    [409, 'Conflict', 'refused'],
  ])('answered %i %s is %s, with code, message and target kept', async (status, apiCode, code) => {
    const { client, api } = await bench((_ask, response) => refuse(response, status, apiCode));
    const error = await failureOf(client.submit(machineId, dump, comment));
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
    expect((await failureOf(client.submit(machineId, dump, comment))).code).toBe('refused');
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
    expect((await failureOf(client.submit(machineId, dump, comment))).code).toBe('unauthorized');
    expect(api.asked).toHaveLength(2);
  });

  test('over the limit of ten a minute is not sent, and says for how long', async () => {
    const { client, api, clock } = await bench((_ask, response) => json(response, 201, actionJson()));
    for (let n = 0; n < 10; n += 1) await client.submit(machineId, dump, comment);
    const error = await failureOf(client.submit(machineId, dump, comment));
    expect([error.code, error.detail.retryAfterMs]).toEqual(['paced', 61_000]);
    expect(api.asked).toHaveLength(10);
    clock.pass(59_500);
    await client.submit(machineId, dump, comment);
    expect(clock.slept).toEqual([1500]);
  });
});
