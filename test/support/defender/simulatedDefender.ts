// The real client over HTTP against the real simulator, on one clock, with a sign-in that issues tokens as
// Entra ID does.
import { DefenderClient } from '../../../src/adapters/defender/client.ts';
import { customEndpoint } from '../../../src/adapters/defender/clouds.ts';
import type { TokenSource } from '../../../src/adapters/entra/credentials.ts';
import { Http } from '../../../src/adapters/outbound/http.ts';
import type { HttpSettings } from '../../../src/adapters/outbound/http.ts';
import { Secret } from '../../../src/adapters/secret.ts';
import type { Command } from '../../../src/liveResponse/commands.ts';
import { CallRates } from '../../../src/liveResponse/pacing/callRates.ts';
import { DefenderError } from '../../../src/liveResponse/ports.ts';
import type { Fault } from '../../../src/simulator/faults.ts';
import type { ProfileChange } from '../../../src/simulator/profile.ts';
import { startSimulator } from '../../../src/simulator/simulator.ts';
import type { Simulator } from '../../../src/simulator/simulator.ts';
import { ListLog, StepClock } from './defenderFakes.ts';
import { startFieldProxy } from './field/fieldProxy.ts';
import type { FieldProxy } from './field/fieldProxy.ts';

export const dump: readonly Command[] = [
  { type: 'RunScript', scriptName: 'minidump.ps1', args: 'OfficeClickToRun' },
  { type: 'GetFile', path: 'C:\\windows\\TEMP\\OfficeClickToRun.dmp.zip' },
];
/** Long enough for a small session on an online device to end. */
export const wholeSession = 5 * 60_000;

export interface SimulatedDefender {
  readonly client: DefenderClient;
  readonly simulator: Simulator;
  /** A proxy in front of the simulator; the client asks it where `proxied` was set. */
  readonly field: FieldProxy;
  readonly clock: StepClock;
  readonly log: ListLog;
  readonly budgets: CallRates;
  /** "submit ok", "list unavailable": one for each exchange. */
  readonly outcomes: readonly string[];
  readonly signIns: SignIns;
  /** Plants faults over HTTP, as another process would. */
  readonly plant: (...faults: readonly Fault[]) => Promise<void>;
  /** The id of the device of that name. */
  readonly machine: (name: string) => string;
  /** The dump, finished on hosta.corp.example: its action's id. */
  readonly finished: () => Promise<string>;
  readonly close: () => Promise<void>;
}

export interface SignIns extends TokenSource {
  /** Claims of the tokens issued from now on. */
  claims: object;
  /** How often a new token was asked for past the held one. */
  renewals: number;
}

/** `client` limits how long the client waits; the simulator waits for nobody. Milliseconds. */
export interface SimulatedOptions {
  readonly profile?: ProfileChange;
  readonly timeout?: number;
  readonly http?: Partial<HttpSettings>;
  readonly strangers?: boolean;
  readonly proxied?: boolean;
}

export async function simulatedDefender(options: SimulatedOptions = {}): Promise<SimulatedDefender> {
  const clock = new StepClock();
  const simulator = await startSimulator({
    clock,
    random: () => 0.5,
    extraDevices: 4,
    profile: options.profile ?? {},
  });
  const field = await startFieldProxy(simulator);
  const http = new Http(options.http ?? {});
  const log = new ListLog();
  const budgets = new CallRates();
  const outcomes: string[] = [];
  const signIns = tokensOf(clock);
  const timeout = options.timeout ?? 5_000;
  const client = new DefenderClient({
    http,
    tokens: signIns,
    budgets,
    clock,
    log,
    endpoint: customEndpoint(options.proxied === true ? field.url : simulator.url),
    timeouts: { get: timeout, post: timeout, extra: timeout },
    resultOrigins: options.strangers === true ? [] : [simulator.blobUrl, field.blobUrl],
    observe: ({ kind, answer }) => outcomes.push(`${kind} ${answer}`),
  });
  const machine = (name: string): string => simulator.tenant.device(name)?.id ?? '';
  return {
    client,
    simulator,
    field,
    clock,
    log,
    budgets,
    outcomes,
    signIns,
    machine,
    plant: async (...faults) => {
      const response = await fetch(`${simulator.url}/simulator/faults`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(faults),
      });
      if (response.status !== 201) throw new Error(await response.text());
    },
    finished: async () => {
      const { id } = await client.submit(machine('hosta.corp.example'), dump, 'lr:finished');
      clock.pass(wholeSession);
      return id;
    },
    close: async () => {
      await http.close();
      await field.close();
      await simulator.stop();
    },
  };
}

/**
 * Tokens with the claims of an application that has every role, unless told otherwise; one is held until a
 * renewal is asked for.
 */
function tokensOf(clock: StepClock): SignIns {
  let issued = 0;
  let held: string | undefined;
  const source: SignIns = {
    claims: {},
    renewals: 0,
    getToken: (_scope, renew = false) => {
      if (renew) source.renewals += 1;
      if (renew || held === undefined) {
        issued += 1;
        const claims = {
          aud: 'https://api.securitycenter.microsoft.com',
          exp: Math.floor(clock.now() / 1_000) + 3_599,
          appid: 'lr-bot',
          jti: String(issued),
          roles: ['Machine.LiveResponse', 'Machine.ReadWrite.All', 'Library.Manage'],
          ...source.claims,
        };
        held = `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.signature`;
      }
      return Promise.resolve({ value: new Secret(held), expiresAt: Number.MAX_SAFE_INTEGER });
    },
  };
  return source;
}

/** The DefenderError a call must fail with. */
export async function failureOf(work: Promise<unknown>): Promise<DefenderError> {
  const error = await work.then(
    (value) => value,
    (one: unknown) => one,
  );
  if (!(error instanceof DefenderError))
    throw new Error(`expected a DefenderError, got ${JSON.stringify(error)}`);
  return error;
}
