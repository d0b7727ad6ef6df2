// A simulator on a free port with a clock the test moves, and the calls of the API in short.
import { afterEach } from '@jest/globals';
import { startSimulator } from '../../src/simulator/simulator.ts';
import type { Simulator, SimulatorOptions } from '../../src/simulator/simulator.ts';

export interface CommandJson {
  readonly command: { readonly type: string };
  readonly index: number;
  readonly startTime: string | null;
  readonly endTime: string | null;
  readonly commandStatus: string;
  readonly errors: readonly string[];
}
export interface ActionJson {
  readonly id: string;
  readonly type: string;
  readonly status: string;
  readonly requestor: string;
  readonly requestorComment: string;
  readonly requestSource: string;
  readonly machineId: string;
  readonly computerDnsName: string;
  readonly creationDateTimeUtc: string;
  readonly lastUpdateDateTimeUtc: string;
  readonly cancellationComment: string | null;
  readonly cancellationDateTimeUtc: string | null;
  readonly errorHResult: number;
  readonly commands: readonly CommandJson[];
}
export interface MachineJson {
  readonly id: string;
  readonly computerDnsName: string;
  readonly rbacGroupId: number;
  readonly rbacGroupName: string;
  readonly machineTags: readonly string[];
  readonly riskScore: string | null;
  readonly lastSeen: string;
  readonly healthStatus: string;
  readonly osPlatform: string;
}
export interface ListJson<Item> {
  readonly value: readonly Item[];
  readonly '@odata.context': string;
  readonly '@odata.nextLink'?: string;
  readonly '@odata.count'?: number;
}
export interface ErrorJson {
  readonly error: { readonly code: string; readonly message: string; readonly target: string };
}

export const minute = 60_000;
export const startedAt = Date.parse('2026-03-04T10:00:00.123Z');
/** Long enough for a small session on an online device to end. */
export const wholeSession = 5 * minute;

export const runScript = (name: string, args?: string): object => ({
  type: 'RunScript',
  params: [{ key: 'ScriptName', value: name }, ...(args === undefined ? [] : [{ key: 'Args', value: args }])],
});
export const getFile = (path: string): object => ({
  type: 'GetFile',
  params: [{ key: 'Path', value: path }],
});
export const putFile = (name: string): object => ({
  type: 'PutFile',
  params: [{ key: 'FileName', value: name }],
});
export const dumpPath = 'C:\\windows\\TEMP\\OfficeClickToRun.dmp.zip';
export const dump = [runScript('minidump.ps1', 'OfficeClickToRun'), getFile(dumpPath)];
export const hello = [runScript('collect.ps1')];

export interface Defender extends Simulator {
  /** Moves the clock. */
  pass(ms: number): void;
  now(): number;
  fetch(path: string, init?: RequestInit): Promise<Response>;
  post(path: string, body: unknown): Promise<Response>;
  get<T>(path: string): Promise<T>;
  /** POST runliveresponse on the device of that name. */
  run(device: string, commands?: readonly object[], comment?: string): Promise<Response>;
  /** The same, when it must be accepted. */
  start(device: string, commands?: readonly object[], comment?: string): Promise<ActionJson>;
  action(id: string): Promise<ActionJson>;
  /** Settings, a device and faults, changed over HTTP as another process would. */
  set(profile: object): Promise<void>;
  setDevice(name: string, change: object): Promise<void>;
  plant(...faults: readonly object[]): Promise<void>;
  linkAnswer(id: string, index: number): Promise<Response>;
  link(id: string, index: number): Promise<string>;
}

const running: Simulator[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((simulator) => simulator.stop()));
});

/** Calls over HTTP, with whatever they are answered. */
function callsOf(simulator: Simulator): Pick<Defender, 'fetch' | 'post' | 'run' | 'linkAnswer'> {
  const call = (path: string, init?: RequestInit): Promise<Response> =>
    fetch(path.startsWith('http') ? path : simulator.url + path, init);
  const post = (path: string, body: unknown): Promise<Response> =>
    call(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  return {
    fetch: call,
    post,
    run: (device, commands = hello, comment = 'test') =>
      post(`/api/machines/${simulator.tenant.device(device)?.id ?? device}/runliveresponse`, {
        Commands: commands,
        Comment: comment,
      }),
    linkAnswer: (id, index) =>
      call(`/api/machineactions/${id}/GetLiveResponseResultDownloadLink(index=${index})`),
  };
}

export async function defender(options: SimulatorOptions & { readonly at?: number } = {}): Promise<Defender> {
  let now = options.at ?? startedAt;
  const simulator = await startSimulator({ clock: { now: () => now }, random: () => 0.5, ...options });
  running.push(simulator);
  const calls = callsOf(simulator);
  const { fetch: call, post, run, linkAnswer } = calls;
  return {
    ...simulator,
    pass: (ms) => {
      now += ms;
    },
    now: () => now,
    ...calls,
    get: async <T>(path: string) => json<T>(await call(path)),
    start: async (device, commands, comment) => json<ActionJson>(await run(device, commands, comment), 201),
    action: async (id) => json<ActionJson>(await call(`/api/machineactions/${id}`)),
    set: async (profile) => {
      await json(await post('/simulator/profile', profile));
    },
    setDevice: async (name, change) => {
      await json(await post(`/simulator/devices/${name}`, change));
    },
    plant: async (...faults) => {
      await json(await post('/simulator/faults', faults), 201);
    },
    link: async (id, index) => (await json<{ readonly value: string }>(await linkAnswer(id, index))).value,
  };
}

/** The body of an answer that must have that status. */
export async function json<T>(response: Response, status = 200): Promise<T> {
  const text = await response.text();
  if (response.status !== status) throw new Error(`${response.status} instead of ${status}: ${text}`);
  return JSON.parse(text) as T;
}

/** An Authorization header with a token as Entra issues it to an application; `claims` replace or add. */
export function bearer(now: number, claims: object = {}): { readonly authorization: string } {
  const payload = {
    aud: 'https://api.securitycenter.microsoft.com',
    exp: now / 1_000 + 3_599,
    appid: 'app-1',
    roles: ['Machine.LiveResponse', 'Machine.ReadWrite.All', 'Library.Manage'],
    ...claims,
  };
  return { authorization: `Bearer e30.${Buffer.from(JSON.stringify(payload)).toString('base64url')}.x` };
}

/** "429 TooManyRequests" of a refusal. */
export async function refusalOf(response: Response): Promise<string> {
  const { error } = JSON.parse(await response.text()) as ErrorJson;
  return `${response.status} ${error.code}`;
}

export const devicesNamed = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `load${String(index + 1).padStart(3, '0')}.corp.example`);
