// What Defender answers: machine actions, devices, library files, links, pages, and refusals, through the very
// client that the bot uses.
import { CallRates } from '../../../src/liveResponse/pacing/callRates.ts';
import { DefenderError } from '../../../src/liveResponse/ports.ts';
import { Secret } from '../../../src/adapters/secret.ts';
import { DefenderClient } from '../../../src/adapters/defender/client.ts';
import { codeOf } from '../../../src/adapters/defender/refusals.ts';
import {
  nextPage,
  readAction,
  readDevice,
  readError,
  readLibraryFile,
  readLink,
  readPage,
} from '../../../src/adapters/defender/wire.ts';
import { HttpError } from '../../../src/adapters/outbound/http.ts';
import type { Http, HttpAnswer } from '../../../src/adapters/outbound/http.ts';
import { stepStates } from '../../../src/liveResponse/action.ts';
import { familyOf, misfits, unfitness } from '../../../src/liveResponse/device/records.ts';
import { parseJson } from '../../../src/liveResponse/text/json.ts';
import type { Dice } from '../loop/dice.ts';
import { check, filled, jsonOf } from '../loop/target.ts';
import type { Target } from '../loop/target.ts';

/** Part of a signature in links; nothing that people read may hold it. */
const signature = 'sIgNaTuRe0123';
const link = `https://x.blob.core.windows.net/a/b?sv=1&se=2026-11-30T12:00:00Z&sig=${signature}`;
/** Defender's answers are read up to here. Bytes. */
const longestAnswer = 4 * 1024 * 1024;

const action = {
  id: '988cc94e-7a8f-4b28-ab65-54970c5d5018',
  type: 'LiveResponse',
  status: 'Failed',
  machineId: '1e5bc9d7e413ddd7902c2932e418702b84d0cc07',
  requestor: 'app',
  requestorComment: 'lr:lr-7f3k2q:0011223344556677',
  creationDateTimeUtc: '2026-11-23T03:00:00.1234567Z',
  lastUpdateDateTimeUtc: '0001-01-01T00:00:00Z',
  errorHResult: -2147024891,
  troubleshootInfo: `see ${link}`,
  commands: [
    {
      index: 0,
      startTime: '2026-11-23T03:00:00Z',
      endTime: null,
      commandStatus: 'Failed',
      errors: [`at ${link}`, { code: 'E', message: 'Bearer abc.def', innererror: { message: 'x' } }],
      command: {
        type: 'RunScript',
        params: [
          { key: 'ScriptName', value: 'a.ps1' },
          { key: 'Args', value: '-x' },
        ],
      },
    },
    {
      index: 1,
      commandStatus: 'Created',
      errors: [],
      command: { type: 'GetFile', params: [{ key: 'Path', value: 'C:\\x' }] },
    },
  ],
};
const machine = {
  id: '1e5bc9d7e413ddd7902c2932e418702b84d0cc07',
  computerDnsName: 'hosta.corp.example',
  osPlatform: 'Windows11',
  version: '22H2',
  healthStatus: 'Active',
  onboardingStatus: 'Onboarded',
  machineTags: ['a'],
  lastSeen: '2026-11-23T03:00:00Z',
  rbacGroupName: 'Workstations',
  isPotentialDuplication: 'True',
  mergedIntoMachineId: null,
};
const error = {
  error: {
    code: 'ActiveRequestAlreadyExists',
    message: `Action is already in progress ${link}`,
    target: 't',
    innererror: { code: 'X', details: [{ message: 'y' }] },
  },
};

const answers: readonly unknown[] = [
  action,
  machine,
  {
    value: [action, { ...action, id: 'b', status: 'Cancelled' }],
    '@odata.nextLink': 'https://api-us3.securitycenter.microsoft.com/api/machineactions?$skip=1',
  },
  { value: [machine], '@odata.nextLink': '/api/machines?$skip=10000' },
  { value: [{ fileName: 'a.ps1', sha256: 'ab', description: 'd', lastUpdatedTime: '2026-11-23' }] },
  { value: link },
  error,
  { code: 'TooManyRequests', message: 'Rate limit', error: 'busy' },
];

const words: readonly string[] = [
  'id',
  'value',
  'error',
  'errors',
  'innererror',
  'details',
  'message',
  'code',
  'commands',
  'params',
  'key',
  'nextLink',
  'Succeeded',
  'Canceled',
  'Timeout',
  link,
  '?sig=',
  'Bearer ',
  'already in progress',
  'index',
  '0x80070005',
];

/** Nothing for people holds a signature or is without bounds. */
function checkInert(texts: readonly (string | undefined)[]): void {
  for (const text of texts) {
    check((text?.length ?? 0) <= 1_100, 'an error text is without bounds');
    check(
      text === undefined || !new RegExp(`(?<!\\w)sig=${signature}`).test(text),
      'an error text holds the signature of a link',
    );
  }
}

function readEach(value: unknown): unknown {
  const acted = readAction(value);
  if (acted !== undefined) {
    checkInert([acted.troubleshoot, ...acted.progress.flatMap(({ errors }) => errors)]);
    const indexes = acted.progress.map(({ index }) => index);
    check(new Set(indexes).size === indexes.length, 'two entries have one index');
    check(
      acted.progress.every(({ index }) => Number.isInteger(index) && index >= 0),
      'an index is no index',
    );
    stepStates(acted, acted.commands?.length ?? 2);
  }
  const device = readDevice(value);
  if (device !== undefined) {
    familyOf(device.os);
    unfitness(device);
    misfits(device.os, acted?.commands ?? []);
  }
  const said = readError(value);
  checkInert([said.apiMessage, said.apiCode, said.target]);
  for (const kind of ['submit', 'get'] as const) codeOf(kind, 400, said);
  const page = readPage(value);
  const api = new URL('https://api.security.microsoft.com');
  const next = page.next === undefined ? undefined : nextPage(page.next, new URL('/api/machines', api), api);
  check(next === undefined || next.origin === api.origin, 'a next link leads to another origin');
  const given = readLink(value);
  check(given === undefined || /^https?:/i.test(given.url.trim()), 'a link is no web address');
  return [acted, device, said, page, given, readLibraryFile(value)];
}

function large(dice: Dice): Buffer {
  const one = JSON.stringify(
    dice.pick([action, machine, error, { id: 'x' }, [], '', 0, { fileName: 'a', sha256: 'b' }]),
  );
  const [head, tail] = dice.pick([
    ['{"value":[', '0]}'],
    ['{"id":"x","commands":[', '0]}'],
    ['{"id":"x","troubleshootInfo":[', '0]}'],
    ['{"error":{"details":[', '0]}}'],
    ['[', '0]'],
  ] as const);
  if (dice.once(3))
    return filled(
      longestAnswer,
      dice.pick(['http://a', 'Bearer ', ' ', 'active ', '?', 'a']),
      '{"id":"x","errors":["',
      '"]}',
    );
  return filled(longestAnswer, `${one},`, head, tail);
}

export const defenderActions: Target = {
  name: 'defenderActions',
  form: 'json',
  seeds: jsonOf(...answers),
  words,
  most: longestAnswer,
  large,
  run: (input) => readEach(parseJson(input.toString('utf8'))?.value),
};

/** One answer to everything that is asked. */
class OneAnswer {
  readonly answer: HttpAnswer;

  constructor(answer: HttpAnswer) {
    this.answer = answer;
  }

  send(): Promise<HttpAnswer> {
    return this.answer.status === 0
      ? Promise.reject(new HttpError('ambiguous', 'it broke'))
      : Promise.resolve(this.answer);
  }
}

const asks: readonly ((client: DefenderClient) => Promise<unknown>)[] = [
  (client) => client.findMachines('hosta'),
  (client) => client.lookUp('hosta', ['h0sta']),
  (client) => client.machine(machine.id),
  (client) => client.submit(machine.id, [{ type: 'GetFile', path: 'C:\\x' }], 'lr:x'),
  (client) => client.actions([action.id, 'b']),
  (client) => client.recent(machine.id, 0),
  (client) => client.history(machine.id),
  (client) => client.activeOn(machine.id),
  (client) => client.cancel(action.id, 'why'),
  (client) => client.link(action.id, 0),
  (client) => client.library(),
  (client) => client.read(link, 1_000, { unpack: true }),
];

const statuses = [200, 200, 201, 204, 301, 400, 401, 403, 404, 408, 409, 429, 500, 502, 503, 0];
let elapsed = 0;

function clientFor(answer: HttpAnswer): DefenderClient {
  const quiet = (): void => undefined;
  return new DefenderClient({
    http: new OneAnswer(answer) as unknown as Http,
    tokens: {
      getToken: () => Promise.resolve({ value: new Secret('tokenSecret'), expiresAt: Infinity }),
    },
    budgets: new CallRates(),
    clock: {
      now: () => 1_764_000_000_000 + elapsed,
      elapsed: () => elapsed,
      sleep: (ms) => {
        elapsed += ms;
        return Promise.resolve();
      },
    },
    log: { info: quiet, warn: quiet, error: quiet },
    endpoint: { apiUrl: 'https://api.security.microsoft.com', scope: 's' } as never,
  });
}

/** The first bytes say what is asked, with which status it is answered, and whether it says when to ask again. */
async function askOnce(input: Buffer): Promise<unknown> {
  const [ask = 0, status = 0, header = 0] = input;
  const headers = new Map<string, string>([
    [
      'retry-after',
      ['', '5', '-1', '99999999999', 'Mon, 30 Nov 2026 12:00:00 GMT', 'soon'][header % 6] ?? '',
    ],
    ['content-encoding', ['', 'gzip', 'identity', 'br', 'x'][header % 5] ?? ''],
    ['content-disposition', input.subarray(3, 100).toString('latin1')],
  ]);
  const answer: HttpAnswer = {
    status: statuses[status % statuses.length] ?? 200,
    headers,
    bytes: input.subarray(3),
    cut: false,
  };
  try {
    return await asks[ask % asks.length]?.(clientFor(answer));
  } catch (failed) {
    if (!(failed instanceof DefenderError)) throw failed;
    checkInert([failed.message, failed.detail.apiMessage]);
    check(
      !`${failed.message}${JSON.stringify(failed.detail)}`.includes('tokenSecret'),
      'an error holds the token',
    );
    return failed.code;
  }
}

export const defenderRefusals: Target = {
  name: 'defenderRefusals',
  form: 'text',
  seeds: [...answers.entries()]
    .flatMap(([index, value]) => [
      Buffer.concat([Buffer.from([index, 0, 0]), Buffer.from(JSON.stringify(value))]),
      Buffer.concat([Buffer.from([index + 4, index + 5, index]), Buffer.from(JSON.stringify(value))]),
    ])
    .concat([
      Buffer.from('\x03\x0b\x01<html>busy'),
      Buffer.from('\x09\x00\x00{"value":"https://evil.example/x"}'),
    ]),
  words,
  most: longestAnswer,
  large: (dice) => Buffer.concat([Buffer.from([dice.below(12), dice.below(16), dice.below(6)]), large(dice)]),
  run: askOnce,
};
