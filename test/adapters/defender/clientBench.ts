// The bench of the client’s tests: the client over HTTP against a loopback server that answers as a test
// says.
import { afterEach } from '@jest/globals';
import { DefenderClient } from '../../../src/adapters/defender/client.ts';
import { customEndpoint } from '../../../src/adapters/defender/clouds.ts';
import type { TokenSource } from '../../../src/adapters/entra/credentials.ts';
import { Http } from '../../../src/adapters/outbound/http.ts';
import { CallRates } from '../../../src/liveResponse/pacing/callRates.ts';
import {
  countingTokens,
  ListLog,
  machineId,
  serve,
  StepClock,
} from '../../support/defender/defenderFakes.ts';
import type { Answer, Loopback } from '../../support/defender/defenderFakes.ts';

const closing: (() => Promise<void>)[] = [];

/** Closes what the tests of a file opened, after each of them; to be called once in the file. */
export function closeAfterEach(): void {
  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
  });
}

/** Closes something else after the current test. */
export function closeLater(close: () => Promise<void>): void {
  closing.push(close);
}

export interface Bench {
  readonly client: DefenderClient;
  readonly api: Loopback;
  readonly clock: StepClock;
  readonly budgets: CallRates;
  readonly log: ListLog;
  readonly outcomes: string[];
  readonly renewals: () => number;
}

export async function bench(
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
    observe: ({ kind, answer }) => outcomes.push(`${kind} ${answer}`),
  });
  return { client, api, clock, budgets, log, outcomes, renewals: counting.renewals };
}

export const comment = 'lr:abc:nonce Testing Live Response API';

export const page = (...items: readonly unknown[]) => ({ '@odata.context': 'x', value: items });
export const device = (name: string, id = machineId) => ({
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
