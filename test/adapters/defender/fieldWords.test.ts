// The words of Defender as they were met in the field: states, busy devices, failures and dates.
import { describe, expect, test } from '@jest/globals';
import { fieldError, fieldJson } from '../../support/defender/field/fieldProxy.ts';
import type { FieldAnswer } from '../../support/defender/field/fieldProxy.ts';
import { dump, failureOf } from '../../support/defender/simulatedDefender.ts';
import { closeAfterEach } from './clientBench.ts';
import { commandAs, open, readAs } from './fieldBench.ts';

closeAfterEach();

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

const inner = {
  error: {
    code: 'BadRequest',
    message: 'The request failed',
    target: 't',
    innererror: { code: 'x', innererror: { code: 'ActiveRequestAlreadyExists', message: 'in use' } },
  },
};

const busyAnswers: readonly (readonly [string, FieldAnswer])[] = [
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
];

describe('a device that is busy', () => {
  test.each(busyAnswers)('is told by %s', async (_how, answer) => {
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
    ['with what is left of a signed link', 'x&sv=1&SIG=SECRET&sr=b', 'x&sv=1&sig=…&sr=b'],
    [
      'with a signed link longer than any of ours',
      `https://acme.blob.core.windows.net/${'x'.repeat(400)}?sig=SECRET`,
      `https://acme.blob.core.windows.net/${'x'.repeat(400)}?sig=…`,
    ],
    ['with a word that only ends like one', 'config=C:\\x', 'config=C:\\x'],
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
